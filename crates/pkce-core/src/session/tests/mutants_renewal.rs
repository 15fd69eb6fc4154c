//! Answers that are for somebody else, and renewals that cannot be.

use super::provider::{Kind, error, json_answer};
use super::world::World;
use crate::error::ErrorCode;
use crate::jose::SignatureOutcome;
use crate::session::{Event, Renewal, Ticket};
use serde_json::json;

/// No request of this page.
const STRANGER: Ticket = Ticket(u64::MAX);

fn with_id_tokens() -> (World, usize) {
    let mut world = World::new();
    world.provider.id_token_on_refresh = true;
    let tab = world.open("/");
    world.sign_in(tab);
    (world, tab)
}

#[test]
fn an_answer_to_another_request_says_nothing_of_the_renewal() {
    let (mut world, tab) = World::signed_in();
    world.tell(tab, Event::Refresh);
    world.run(10);
    assert_eq!(world.count(Kind::Refresh), 1);
    let exchange = Ok(error(400, "invalid_grant"));
    world.tell(
        tab,
        Event::HttpDone {
            ticket: STRANGER,
            exchange,
        },
    );
    assert_eq!(world.renewal(tab), Renewal::Refreshing);
    world.run(100);
    assert_eq!(world.session(tab).generation, 1);
}

#[test]
fn an_answer_to_another_request_is_not_the_keys() {
    let (mut world, tab) = with_id_tokens();
    world.provider.kid = "k2".into();
    world.tell(tab, Event::Refresh);
    while world.count(Kind::Jwks) < 2 {
        world.run(1);
    }
    let exchange = Ok(json_answer(200, &json!({"keys": []})));
    world.tell(
        tab,
        Event::HttpDone {
            ticket: STRANGER,
            exchange,
        },
    );
    assert_eq!(world.renewal(tab), Renewal::Refreshing);
    world.run(200);
    assert_eq!(world.session(tab).generation, 1);
}

#[test]
fn a_signature_that_was_not_asked_about_vouches_for_nothing() {
    // RFC 8725 3.3: no ID token is believed on the word of another check.
    let (mut world, tab) = with_id_tokens();
    world.provider.signs_badly = true;
    world.tabs[tab].effects.clear();
    world.tell(tab, Event::Refresh);
    while !world.tabs[tab].effects.iter().any(|name| name == "Verify") {
        world.run(1);
    }
    world.tell(
        tab,
        Event::Verified {
            ticket: STRANGER,
            outcome: SignatureOutcome::Valid,
        },
    );
    assert_eq!(world.session(tab).generation, 0);
    world.run(1000);
    assert_eq!(world.end(tab), Some(ErrorCode::IdTokenSignature));
}

#[test]
fn without_a_refresh_token_no_clock_begins_a_renewal() {
    let mut world = World::new();
    world.provider.issues_refresh_token = false;
    let tab = world.open("/");
    world.sign_in(tab);
    world.run(1000);
    world.now -= 3_600_000;
    world.wake(tab, true);
    world.run(1);
    assert_eq!(world.renewal(tab), Renewal::Idle);
    assert!(!world.is_busy(tab));
    // Nor a page that finds it so.
    world.end_quietly(tab);
    world.now -= 3_600_000;
    world.load(tab, "/");
    world.run(100);
    assert_eq!(world.renewal(tab), Renewal::Idle);
    assert!(!world.is_busy(tab));
}
