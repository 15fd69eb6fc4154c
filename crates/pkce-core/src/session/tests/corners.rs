//! Corners that the sentences elsewhere do not reach.

use super::provider::Kind;
use super::world::{Fate, OFFLINE, World, config_with};
use crate::authorization::{APP_STATE_LIMIT, SignInOptions};
use crate::error::ErrorCode;
use crate::json::Json;
use crate::session::record::FamilyRecord;
use crate::session::{Event, Renewal, SessionState, StorageKeys};
use serde_json::json;

const SLOWLY: Fate = Fate::Answered {
    there: 20,
    back: 9_000,
};

/// Discovery 3: what the metadata names, as far as it is ours, is all that may sign.
#[test]
fn an_algorithm_that_the_metadata_does_not_name_is_refused() {
    for (named, outcome) in [
        (json!(["RS256", "PS256"]), Some(ErrorCode::IdTokenAlgorithm)),
        (json!(["RS256", "ES256"]), None),
        // None of ours: odd metadata forbids nothing.
        (json!(["none", "ES512"]), None),
        (json!([]), None),
        (json!("RS256"), None),
    ] {
        let mut world = World::new();
        world.provider.metadata["id_token_signing_alg_values_supported"] = named.clone();
        let tab = world.open("/");
        let url = world.go_to_provider(tab);
        let callback = world.provider.authorize(&url);
        world.visit(tab, &callback);
        world.run(1000);
        assert_eq!(world.notice(tab), outcome, "{named}");
        assert_eq!(world.is_signed_in(tab), outcome.is_none(), "{named}");
    }
}

/// RFC 8414 2: `jwks_uri` is optional; an ID token cannot be checked without it.
#[test]
fn a_provider_without_keys_is_told_by_the_first_id_token() {
    let mut world = World::new();
    world.provider.metadata["jwks_uri"] = json!(null);
    let tab = world.open("/");
    let url = world.go_to_provider(tab);
    let callback = world.provider.authorize(&url);
    world.visit(tab, &callback);
    world.run(1000);
    assert_eq!(world.notice(tab), Some(ErrorCode::IdTokenKeyUnknown));
    assert!(!world.is_signed_in(tab));
    assert_eq!(world.count(Kind::Jwks), 0);
}

#[test]
fn a_value_of_the_app_that_is_too_long_fails_before_the_redirect() {
    for (length, fails) in [(APP_STATE_LIMIT, false), (APP_STATE_LIMIT + 1, true)] {
        let mut world = World::new();
        let tab = world.open("/");
        world.click_sign_in_with(
            tab,
            SignInOptions {
                app_state: Some("x".repeat(length)),
                ..SignInOptions::default()
            },
        );
        world.run(1000);
        assert_eq!(world.tabs[tab].left_for.is_none(), fails, "{length}");
        let code = fails.then_some(ErrorCode::ConfigInvalidValue);
        assert_eq!(world.notice(tab), code, "{length}");
        if fails {
            assert_eq!(world.state(tab), SessionState::SignedOut);
        }
    }
}

#[test]
fn a_clock_that_is_set_back_during_a_sign_in_does_not_stop_it() {
    for kind in [Kind::Discovery, Kind::Jwks, Kind::Code] {
        let mut world = World::new();
        let tab = world.open("/");
        world.script(kind, [SLOWLY]);
        world.click_sign_in(tab);
        world.run(1000);
        if kind != Kind::Code {
            world.now -= 3_000;
            world.wake(tab, true);
        }
        world.run_secs(15);
        let url = world.tabs[tab].left_for.clone().expect("a redirect");
        let callback = world.provider.authorize(&url);
        world.visit(tab, &callback);
        world.run(1000);
        if kind == Kind::Code {
            world.now -= 3_000;
            world.wake(tab, true);
        }
        world.run_secs(15);
        assert!(world.is_signed_in(tab), "{kind:?} {:?}", world.notice(tab));
    }
}

#[test]
fn a_clock_that_is_set_back_while_a_token_is_withheld_does_not_postpone_it() {
    let mut world = World::new();
    world.provider.id_token_on_refresh = true;
    let tab = world.open("/");
    world.sign_in(tab);
    world.provider.kid = "k2".into();
    world.script(Kind::Jwks, [OFFLINE]);
    world.tell(tab, Event::Refresh);
    world.run(200);
    assert!(matches!(world.renewal(tab), Renewal::Retrying { .. }));
    let before = world.session(tab).generation;
    // Within what two clocks may be apart, so that the ID token stays good.
    world.now -= 45_000;
    world.wake(tab, false);
    world.run_secs(5);
    assert_eq!(world.session(tab).generation, before + 1);
    assert_eq!(world.count(Kind::Refresh), 1);
    // And the new token lives for as long as it was given.
    let lifetime = world.session(tab).expires_at.expect("a lifetime");
    assert!(lifetime.as_millis() - world.now <= 60_000);
}

/// Core 5.3: UserInfo that one tab asked for is the other tabs' too.
#[test]
fn what_userinfo_told_one_tab_reaches_its_family() {
    let mut world = World::with_config(config_with(|config| {
        config["providers"][0]["userinfo"] = json!(true);
    }));
    let first = world.open("/");
    world.script(Kind::Userinfo, [SLOWLY, SLOWLY]);
    world.sign_in(first);
    let second = world.duplicate(first);
    world.run(500);
    let email = |world: &World, tab| match world.state(tab) {
        SessionState::SignedIn(signed_in) => signed_in
            .user
            .claim("email")
            .and_then(Json::as_str)
            .map(str::to_owned),
        other => panic!("{other:?}"),
    };
    assert_eq!(email(&world, second), None);
    world.run_secs(10);
    assert!(email(&world, first).is_some());
    world.tell(first, Event::Refresh);
    world.run(500);
    assert_eq!(email(&world, second), email(&world, first));
    assert_eq!(world.session(second).generation, 1);
}

#[test]
fn all_names_of_one_instance_start_alike_and_differ_from_anothers() {
    let names = |prefix| {
        let keys = StorageKeys::new(prefix);
        let names = [
            keys.session(),
            keys.left(),
            keys.transaction("s"),
            keys.provider("https://id.example"),
            keys.consumed(),
            keys.family("f"),
            keys.lock("l"),
            keys.channel(),
        ];
        assert!(keys.transaction("s").starts_with(&keys.transactions()));
        assert!(names.iter().all(|name| name.starts_with(keys.prefix())));
        names
    };
    let (one, other) = (names("a"), names("ab"));
    for (index, name) in one.iter().enumerate() {
        assert!(!one[..index].contains(name), "{name}");
        assert!(!other.contains(name), "{name}");
        assert!(!other.iter().any(|other| other.starts_with(name)), "{name}");
    }
}

#[test]
fn a_family_record_of_another_version_or_without_a_member_is_none() {
    let (world, _) = World::signed_in();
    let record = world.family_record().expect("a record");
    let parse = |record: &serde_json::Value| FamilyRecord::parse(&record.to_string());
    let read = parse(&record).expect("a good one");
    assert_eq!(FamilyRecord::parse(&read.to_json()), Some(read));
    let mut newer = record.clone();
    newer["v"] = json!(2);
    assert_eq!(parse(&newer), None);
    for name in ["v", "generation", "fingerprint", "unanswered", "at"] {
        let mut damaged = record.clone();
        damaged.as_object_mut().expect("an object").remove(name);
        assert_eq!(parse(&damaged), None, "{name}");
        damaged[name] = json!([]);
        assert_eq!(parse(&damaged), None, "{name}");
    }
    let mut negative = record;
    negative["generation"] = json!(-1);
    assert_eq!(parse(&negative), None);
}
