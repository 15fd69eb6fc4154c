//! How much UserInfo is stored with the session.

use super::world::{World, config_with};
use serde_json::json;

#[test]
fn userinfo_of_64_kilobytes_is_stored_and_more_is_not() {
    // Session storage has 5 MB for everything; what is not stored is gone after a reload.
    for (octets, is_stored) in [(65_536, true), (65_537, false)] {
        let mut world = World::with_config(config_with(|config| {
            config["providers"][0]["userinfo"] = json!(true)
        }));
        let rest = json!({"sub": "u1", "photo": ""}).to_string().len();
        world.provider.userinfo = json!({"sub": "u1", "photo": "x".repeat(octets - rest)});
        let tab = world.open("/");
        world.sign_in(tab);
        assert!(world.session(tab).user.claim("photo").is_some());
        assert_eq!(
            world.stored_member(tab, "userinfo").is_some(),
            is_stored,
            "{octets}"
        );
    }
}
