//! Which keys and algorithms the ID token of a session is checked with.

use super::provider::{Kind, json_answer};
use super::world::{Fate, World};
use crate::error::ErrorCode;
use serde_json::{Value, json};

fn signing_in(mut world: World) -> (World, usize) {
    let tab = world.open("/");
    let url = world.go_to_provider(tab);
    let callback = world.provider.authorize(&url);
    world.visit(tab, &callback);
    world.run(1000);
    (world, tab)
}

#[test]
fn an_algorithm_that_the_metadata_does_not_name_is_refused() {
    // Core 3.1.3.7 (7), Discovery 3. The model signs with ES256.
    let with_algorithms = |names: Value| {
        let mut world = World::new();
        world.provider.metadata["id_token_signing_alg_values_supported"] = names;
        signing_in(world)
    };
    for good in [json!(["ES256"]), json!(["HS256", "RS256", "ES256"])] {
        let (world, tab) = with_algorithms(good.clone());
        assert!(world.is_signed_in(tab), "{good}");
    }
    for bad in [json!(["RS256"]), json!(["HS256", "EdDSA"])] {
        let (world, tab) = with_algorithms(bad.clone());
        assert_eq!(
            world.notice(tab),
            Some(ErrorCode::IdTokenAlgorithm),
            "{bad}"
        );
    }
    // Metadata that names none that a browser can check does not stop a sign-in.
    for odd in [json!(["HS256"]), json!([])] {
        let (world, tab) = with_algorithms(odd.clone());
        assert!(world.is_signed_in(tab), "{odd}");
    }
}

#[test]
fn keys_without_a_name_are_tried_one_after_another_until_one_says_yes() {
    // RFC 7515 6, Core 10.1: without a kid every key that fits is a candidate.
    let wrong = |letter: &str| {
        let coordinate = letter.repeat(43);
        json!({"kty": "EC", "crv": "P-256", "x": coordinate, "y": coordinate, "use": "sig"})
    };
    for (place, checks) in [(0, 1), (1, 2), (2, 3)] {
        let mut world = World::new();
        world.provider.omits_kid = true;
        let mut keys = vec![wrong("A"), wrong("E")];
        keys.insert(place, world.provider.jwks()["keys"][0].clone());
        let set = json_answer(200, &json!({"keys": keys}));
        world.script(Kind::Jwks, [Fate::Instead(set.clone()), Fate::Instead(set)]);
        let (world, tab) = signing_in(world);
        assert!(world.is_signed_in(tab), "{:?}", world.notice(tab));
        let verified = world.tabs[tab]
            .effects
            .iter()
            .filter(|effect| *effect == "Verify")
            .count();
        assert_eq!(verified, checks);
    }
}
