//! How long what is known of a provider is believed.

use super::provider::Kind;
use super::world::World;
use serde_json::{Value, json};

/// What is asked of the provider before the redirect, where the stored entry was changed so.
fn asked_after(change: impl Fn(&mut Value, i64)) -> Vec<Kind> {
    let mut world = World::new();
    let tab = world.open("/");
    world.go_to_provider(tab);
    let now = world.now;
    let entry = world.tabs[tab]
        .storage
        .iter_mut()
        .find(|(key, _)| key.starts_with("t.provider."));
    let (_, text) = entry.unwrap();
    let mut json: Value = serde_json::from_str(text).unwrap();
    change(&mut json, now);
    *text = json.to_string();
    world.sent.clear();
    world.visit(tab, "/");
    world.go_to_provider(tab);
    world.kinds()
}

#[test]
fn metadata_and_keys_are_fetched_again_after_five_minutes() {
    for name in ["metadata_at", "jwks_at"] {
        let kind = match name {
            "metadata_at" => Kind::Discovery,
            _ => Kind::Jwks,
        };
        // Also where they come from a future that a clock set back has made.
        for (age, is_believed) in [
            (0, true),
            (299_999, true),
            (300_000, false),
            (-999, true),
            (-1000, false),
        ] {
            let asked = asked_after(|entry, now| entry[name] = json!(now - age));
            assert_eq!(!asked.contains(&kind), is_believed, "{name} {age}");
        }
    }
}

#[test]
fn an_entry_of_another_issuer_or_version_is_as_good_as_absent() {
    let all = [Kind::Discovery, Kind::Jwks];
    assert_eq!(asked_after(|_, _| ()), []);
    assert_eq!(asked_after(|entry, _| entry["v"] = json!(2)), all);
    assert_eq!(
        asked_after(|entry, _| entry["issuer"] = json!("https://other.example")),
        all
    );
    assert_eq!(
        asked_after(|entry, _| entry["metadata"]["issuer"] = json!("https://other.example")),
        [Kind::Discovery]
    );
}
