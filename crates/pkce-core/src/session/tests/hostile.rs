//! Whatever comes in, in whatever order: no panic, no loop, no secret told.

use super::provider::{error, html, json_answer};
use super::world::World;
use crate::authorization::{Entropy, SignInOptions};
use crate::http::{Exchange, TransportFault};
use crate::jose::SignatureOutcome;
use crate::secret::SecretText;
use crate::session::{Event, Ticket};
use proptest::prelude::*;
use serde_json::json;
use std::time::Duration;

fn exchange() -> impl Strategy<Value = Exchange> {
    let tokens = json!({
        "access_token": "canary-x", "token_type": "Bearer", "refresh_token": "canary-y",
        "expires_in": 1, "id_token": "e30.e30.AAAA",
    });
    prop_oneof![
        Just(Ok(json_answer(200, &tokens))),
        Just(Ok(json_answer(200, &json!({"keys": []})))),
        Just(Ok(json_answer(200, &json!({})))),
        Just(Ok(error(400, "invalid_grant"))),
        Just(Ok(html(503))),
        Just(Err(TransportFault::Network { online: false })),
        Just(Err(TransportFault::Timeout)),
        Just(Err(TransportFault::Redirected)),
    ]
}

fn message() -> impl Strategy<Value = String> {
    let kinds = [
        "tokens", "ask", "here", "active", "over", "refused", "who", "present", "join", "?",
    ];
    (
        prop::sample::select(kinds.to_vec()),
        0..3_i64,
        any::<bool>(),
    )
        .prop_map(|(kind, number, flag)| {
            json!({
                "v": 1, "family": "FAMILY", "type": kind, "generation": number,
                "access_generation": number, "question": number, "sure": flag, "unanswered": flag, "sending": flag,
                "new": flag, "active_at": number, "code": "session_idle", "record": "RECORD",
                "at": number, "provider": "local",
            })
            .to_string()
        })
}

fn event() -> impl Strategy<Value = Event> {
    let ticket = (1..60_u64).prop_map(Ticket);
    let entropy = any::<[u8; 32]>().prop_map(|part| {
        // Verifier, state and nonce differ.
        let mut octets = [0; 96];
        for (index, octet) in octets.iter_mut().enumerate() {
            *octet = part[index % 32].wrapping_add(u8::try_from(index / 32).unwrap());
        }
        Entropy::new(octets)
    });
    prop_oneof![
        entropy.prop_map(|entropy| Event::SignIn {
            provider: "local".into(),
            options: SignInOptions::default(),
            entropy,
        }),
        Just(()).prop_map(|()| Event::SignOut { state: [1; 16] }),
        Just(()).prop_map(|()| Event::Refresh),
        Just(()).prop_map(|()| Event::DismissNotice),
        (any::<u64>(), 0..100_u64, prop::option::of(0..3_u64)).prop_map(|(id, min, refused)| {
            Event::TokenWanted {
                id,
                min_validity: Duration::from_secs(min),
                refused,
            }
        }),
        (ticket.clone(), exchange())
            .prop_map(|(ticket, exchange)| Event::HttpDone { ticket, exchange }),
        (ticket.clone(), any::<bool>()).prop_map(|(ticket, is_valid)| Event::Verified {
            ticket,
            outcome: if is_valid {
                SignatureOutcome::Valid
            } else {
                SignatureOutcome::Invalid
            },
        }),
        (ticket.clone(), prop::option::of(any::<String>()))
            .prop_map(|(ticket, shared)| Event::Locked { ticket, shared }),
        (ticket, any::<bool>()).prop_map(|(ticket, done)| Event::Stored { ticket, done }),
        Just(()).prop_map(|()| Event::Timer),
        (any::<bool>(), any::<bool>())
            .prop_map(|(online, restored)| Event::Woke { online, restored }),
        Just(()).prop_map(|()| Event::Left),
        any::<bool>().prop_map(|online| Event::Restored {
            stored: Vec::new(),
            online
        }),
        message().prop_map(|text| Event::Message(SecretText::new(text))),
        any::<String>().prop_map(|text| Event::Message(SecretText::new(text))),
        Just(()).prop_map(|()| Event::Activity),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_order_of_events_does_harm(
        events in prop::collection::vec((event(), -100_000..100_000_i64), 1..80),
    ) {
        let (mut world, tab) = World::signed_in();
        let family = world.stored_member(tab, "family").unwrap();
        let record = serde_json::to_string(&world.tabs[tab].storage["t.session"]).unwrap();
        for (event, pause) in events {
            world.now += pause;
            let event = match event {
                Event::Message(text) => Event::Message(SecretText::new(
                    text.expose()
                        .replace("FAMILY", family.as_str().unwrap())
                        .replace("\"RECORD\"", &record),
                )),
                // Each reader asks once.
                Event::TokenWanted { min_validity, refused, .. } => {
                    world.want_token(tab, min_validity.as_secs(), refused);
                    continue;
                }
                other => other,
            };
            world.tell(tab, event);
        }
        world.run_secs(100);
    }

    #[test]
    fn no_stored_text_does_harm(session in any::<String>(), other in any::<String>()) {
        let mut world = World::new();
        let tab = world.open_with(
            "/",
            [
                ("t.session".to_owned(), session),
                ("t.consumed".to_owned(), other.clone()),
                ("t.left".to_owned(), other.clone()),
                ("t.tx.x".to_owned(), other),
            ]
            .into(),
        );
        world.run(100);
        prop_assert!(!world.is_signed_in(tab));
    }

    #[test]
    fn no_address_does_harm(path in "/[a-z]{0,3}", query in any::<String>(), fragment in any::<String>()) {
        let mut world = World::new();
        world.open(&format!("{path}?{query}#{fragment}"));
        world.open(&format!("/callback?{query}#{fragment}"));
        world.run(100);
        prop_assert!(world.sent.is_empty());
    }
}
