//! The redacted feed: complete enough to follow a sign-in, and without a secret.

use super::provider::{Kind, error};
use super::world::{Fate, World};
use crate::http::{Purpose, TransportFault};
use crate::session::Event;
use crate::session::feed::Item;
use crate::time::Timestamp;

fn purposes(world: &World, tab: usize) -> Vec<Purpose> {
    let items = world.tabs[tab].feed.iter();
    items
        .filter_map(|item| match item {
            Item::Request { purpose, .. } => Some(*purpose),
            _ => None,
        })
        .collect()
}

#[test]
fn a_whole_session_can_be_followed_and_holds_no_secret() {
    // The world searches each item for every secret that it knows.
    let mut world = World::new();
    let tab = world.open("/");
    let url = world.go_to_provider(tab);
    assert_eq!(purposes(&world, tab), [Purpose::Discovery, Purpose::Jwks]);
    let leave = world.tabs[tab].feed.iter().find_map(|item| match item {
        Item::Leave { url, parameters } => Some((url.clone(), parameters.clone())),
        _ => None,
    });
    let (address, parameters) = leave.unwrap();
    assert_eq!(address, "https://id.example/authorize");
    let shown = |name: &str| {
        let found = parameters.iter().find(|parameter| parameter.name == name);
        found.unwrap().value.as_deref()
    };
    assert_eq!(shown("client_id"), Some("spa"));
    assert_eq!(shown("code_challenge_method"), Some("S256"));
    assert_eq!(shown("state"), None);
    assert_eq!(shown("nonce"), None);

    let callback = world.provider.authorize(&url);
    world.visit(tab, &callback);
    world.run(1000);
    assert_eq!(purposes(&world, tab), [Purpose::Token]);
    let Some(Item::Loaded { path, parameters }) = world.tabs[tab].feed.first().cloned() else {
        panic!("{:?}", world.tabs[tab].feed)
    };
    assert_eq!(path, "/callback");
    let names: Vec<_> = parameters.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["code", "state", "iss"]);
    assert_eq!(parameters[0].value, None);
    assert_eq!(parameters[2].value.as_deref(), Some("https://id.example"));

    let copy = world.duplicate(tab);
    world.tell(tab, Event::Refresh);
    world.want_token(tab, 10, None);
    world.run_secs(1);
    assert!(purposes(&world, tab).contains(&Purpose::Refresh));
    assert!(world.tabs[tab].feed.contains(&Item::Say("tokens")));
    assert!(world.tabs[copy].feed.contains(&Item::Hear("tokens")));
    assert!(
        world.tabs[tab]
            .feed
            .contains(&Item::Token { generation: 0 })
    );
    world.sign_out(tab);
    world.run(100);
    assert!(purposes(&world, tab).contains(&Purpose::Revocation));
    assert!(world.tabs[tab].feed.contains(&Item::Unshare("family")));
    assert!(matches!(
        world.tabs[copy].feed.last(),
        Some(Item::State { state: "ended", .. } | Item::Timer(_))
    ));
}

#[test]
fn answers_tell_their_status_and_the_standards_word() {
    let (mut world, tab) = World::signed_in();
    world.script(
        Kind::Refresh,
        [
            Fate::Lost(TransportFault::Network { online: false }),
            Fate::Instead(error(400, "invalid_grant")),
        ],
    );
    world.tell(tab, Event::Refresh);
    world.run_secs(5);
    let feed = &world.tabs[tab].feed;
    assert!(feed.iter().any(|item| matches!(
        item,
        Item::NoAnswer {
            fault: "offline",
            ..
        }
    )));
    let text: Vec<String> = feed
        .iter()
        .map(|item| item.to_json(Timestamp::from_millis(7)))
        .collect();
    let of_kind = |kind: &str| {
        let mark = format!("{{\"at\":7,\"kind\":\"{kind}\"");
        text.iter().rfind(|line| line.starts_with(&mark)).cloned()
    };
    let answer = of_kind("answer").unwrap();
    assert!(
        answer.ends_with(",\"status\":400,\"error\":\"invalid_grant\"}"),
        "{answer}"
    );
    let request = of_kind("request").unwrap();
    assert!(
        request.contains(
            "\"purpose\":\"refresh\",\"method\":\"POST\",\"url\":\"https://id.example/token\""
        ) && request.ends_with(
            "\"parameters\":{\"grant_type\":\"refresh_token\",\"refresh_token\":null,\"client_id\":\"spa\"}}"
        ),
        "{request}"
    );
    assert!(
        of_kind("state")
            .unwrap()
            .contains("\"state\":\"ended\",\"reason\":\"refresh_answer_lost\"")
    );
}

#[test]
fn a_word_of_the_providers_own_is_not_repeated() {
    let (mut world, tab) = World::signed_in();
    world.script(
        Kind::Refresh,
        [Fate::Instead(error(400, "a-word-of-its-own"))],
    );
    world.tell(tab, Event::Refresh);
    world.run_secs(1);
    let feed = format!("{:?}", world.tabs[tab].feed);
    assert!(!feed.contains("a-word-of-its-own"), "{feed}");
    assert!(
        feed.contains("status: 400, error: Some(ProviderError)"),
        "{feed}"
    );
}
