//! What a failed renewal means (protocol rule 26).

use super::provider::{Kind, error, html, json_answer};
use super::world::{ANSWER_LOST, Fate, OFFLINE, World};
use crate::error::ErrorCode;
use crate::http::{HttpResponse, TransportFault};
use crate::session::{Event, Renewal};
use serde_json::json;

/// A signed-in tab whose next renewal meets this fate.
fn renewing_into(fate: Fate) -> (World, usize) {
    let (mut world, tab) = World::signed_in();
    world.script(Kind::Refresh, [fate]);
    world.tell(tab, Event::Refresh);
    world.run(100);
    (world, tab)
}

fn status(status: u16) -> HttpResponse {
    HttpResponse {
        status,
        ..HttpResponse::default()
    }
}

fn kakao(code: &str) -> HttpResponse {
    json_answer(
        400,
        &json!({"error": "invalid_request", "error_code": code}),
    )
}

#[test]
fn a_final_refusal_ends_the_session_once_with_a_message() {
    for answer in [
        error(400, "invalid_grant"),
        error(401, "invalid_grant"),
        error(500, "invalid_grant"),
        // What real providers say of a dead refresh token
        error(400, "invalid_request"),
        error(400, "access_denied"),
        error(400, "interaction_required"),
        error(400, "of_its_own"),
        error(401, "invalid_token"),
        error(200, "bad_refresh_token"),
        status(400),
        status(403),
        status(404),
        status(410),
        html(400),
        html(403),
        json_answer(400, &json!({})),
        kakao("KOE322"),
        kakao("KOE320"),
    ] {
        let shown = format!("{answer:?}");
        let (mut world, tab) = renewing_into(Fate::Instead(answer));
        assert_eq!(world.end(tab), Some(ErrorCode::SessionRefused), "{shown}");
        assert_eq!(world.notice(tab), Some(ErrorCode::SessionRefused));
        assert!(!world.tabs[tab].storage.contains_key("t.session"));
        world.tell(tab, Event::DismissNotice);
        world.wake(tab, true);
        world.tell(tab, Event::Refresh);
        world.run_secs(3600);
        assert_eq!(world.count(Kind::Refresh), 1, "{shown}");
        assert_eq!(world.notice(tab), None, "told once");
        world.reload(tab);
        assert_eq!(world.notice(tab), None);
    }
}

#[test]
fn a_passing_failure_keeps_the_session_and_is_tried_again() {
    let portal = Fate::Instead(html(200));
    for (fate, code) in [
        (Fate::Instead(html(500)), ErrorCode::ServiceUnavailable),
        (Fate::Instead(html(502)), ErrorCode::ServiceUnavailable),
        (Fate::Instead(status(503)), ErrorCode::ServiceUnavailable),
        (Fate::Instead(status(408)), ErrorCode::ServiceUnavailable),
        (Fate::Instead(status(429)), ErrorCode::ServiceUnavailable),
        (
            Fate::Instead(error(429, "slow_down")),
            ErrorCode::ServiceUnavailable,
        ),
        (
            Fate::Instead(error(503, "invalid_request")),
            ErrorCode::ServiceUnavailable,
        ),
        (
            Fate::Instead(error(400, "temporarily_unavailable")),
            ErrorCode::TemporarilyUnavailable,
        ),
        (
            Fate::Instead(error(500, "server_error")),
            ErrorCode::ServerError,
        ),
        (
            Fate::Instead(kakao("KOE237")),
            ErrorCode::TemporarilyUnavailable,
        ),
        (Fate::Instead(kakao("KOE003")), ErrorCode::ServerError),
        (portal, ErrorCode::UnexpectedContentType),
        (Fate::Instead(status(204)), ErrorCode::UnexpectedStatus),
        (
            Fate::Instead(json_answer(200, &json!({}))),
            ErrorCode::TokenResponseInvalid,
        ),
        (
            Fate::Instead(json_answer(200, &json!([]))),
            ErrorCode::InvalidJson,
        ),
        (OFFLINE, ErrorCode::NetworkError),
        (Fate::Lost(TransportFault::Timeout), ErrorCode::Timeout),
        (
            Fate::Lost(TransportFault::TooLarge),
            ErrorCode::ResponseTooLarge,
        ),
    ] {
        let (mut world, tab) = renewing_into(fate);
        match world.renewal(tab) {
            Renewal::Retrying { error, at } => {
                assert_eq!(error.code(), code);
                assert!(at.as_millis() > world.now);
            }
            other => panic!("{code}: {other:?}"),
        }
        // The token is valid still, so nobody is bothered.
        assert_eq!(world.notice(tab), None, "{code}");
        world.run(2000);
        assert_eq!(world.session(tab).generation, 1, "{code}");
        assert_eq!(world.renewal(tab), Renewal::Idle);
    }
}

#[test]
fn a_configuration_error_stops_the_renewal_and_is_told() {
    let dpop = json!({"access_token": "canary", "token_type": "DPoP"});
    for (answer, code) in [
        (error(401, "invalid_client"), ErrorCode::InvalidClient),
        (
            error(400, "unauthorized_client"),
            ErrorCode::UnauthorizedClient,
        ),
        (error(400, "invalid_scope"), ErrorCode::InvalidScope),
        (error(400, "invalid_target"), ErrorCode::InvalidTarget),
        (
            error(400, "unsupported_grant_type"),
            ErrorCode::UnsupportedGrantType,
        ),
        (kakao("KOE010"), ErrorCode::InvalidClient),
        (kakao("KOE101"), ErrorCode::InvalidClient),
        (kakao("KOE303"), ErrorCode::UnauthorizedClient),
        (json_answer(200, &dpop), ErrorCode::TokenTypeUnsupported),
    ] {
        let (mut world, tab) = renewing_into(Fate::Instead(answer));
        assert!(matches!(world.renewal(tab), Renewal::Stopped { error } if error.code() == code));
        assert_eq!(world.notice(tab), Some(code));
        // The token at hand is good until it expires.
        let reader = world.want_token(tab, 30, None);
        assert!(world.token(tab, reader).unwrap().is_ok());
        world.wake(tab, true);
        world.run_secs(3600);
        assert_eq!(world.count(Kind::Refresh), 1, "{code}");
        assert!(world.is_signed_in(tab));
        let reader = world.want_token(tab, 0, None);
        assert_eq!(world.token(tab, reader), Some(Err(code)));
        // The user may try again once somebody mended it.
        world.tell(tab, Event::Refresh);
        world.run(100);
        assert_eq!(world.session(tab).generation, 1);
        assert_eq!(world.notice(tab), None);
    }
}

#[test]
fn a_redirect_is_an_error_and_the_token_is_not_sent_after_it() {
    // The hostile-inputs table
    let (mut world, tab) = renewing_into(Fate::Lost(TransportFault::Redirected));
    assert!(matches!(
        world.renewal(tab),
        Renewal::Stopped { error } if error.code() == ErrorCode::UnexpectedRedirect
    ));
    assert_eq!(world.notice(tab), Some(ErrorCode::UnexpectedRedirect));
    assert!(world.is_signed_in(tab));
    world.run_secs(3600);
    assert_eq!(world.count(Kind::Refresh), 1);
    // Behind another network it may work.
    world.wake(tab, true);
    world.run(100);
    assert_eq!(world.session(tab).generation, 1);
    assert_eq!(world.notice(tab), None);
}

#[test]
fn pauses_grow_with_jitter_up_to_a_minute() {
    let mut seen = std::collections::BTreeSet::new();
    for offset in 0..5 {
        let (mut world, tab) = World::signed_in();
        for _ in 0..offset {
            world.reload(tab);
        }
        world.default_fate = Fate::Instead(html(503));
        world.tell(tab, Event::Refresh);
        world.run_secs(600);
        let sent: Vec<i64> = world
            .sent
            .iter()
            .filter(|sent| sent.kind == Kind::Refresh)
            .map(|s| s.at)
            .collect();
        let pauses: Vec<i64> = sent.windows(2).map(|pair| pair[1] - pair[0] - 51).collect();
        for (index, pause) in pauses.iter().enumerate() {
            let base = (1000 << index.min(10)).min(60_000);
            assert!(
                (base * 3 / 4..=base * 5 / 4 + 1).contains(pause),
                "{index}: {pauses:?}"
            );
        }
        assert!((12..=18).contains(&pauses.len()), "{pauses:?}");
        seen.insert(pauses[5]);
        // A server in trouble does not end a session, however long it takes.
        world.run_secs(7200);
        assert!(matches!(
            world.renewal(tab),
            Renewal::Retrying { .. } | Renewal::Refreshing
        ));
        world.default_fate = Fate::Answered {
            there: 20,
            back: 30,
        };
        world.run_secs(90);
        assert_eq!(world.renewal(tab), Renewal::Idle);
        assert_eq!(world.notice(tab), None, "settled by the renewal");
    }
    assert!(seen.len() > 1, "no jitter: {seen:?}");
}

#[test]
fn the_server_is_given_the_time_that_it_asked_for() {
    // Retry-After, also when the page wakes
    let mut busy = html(503);
    busy.retry_after = Some("100".into());
    let (mut world, tab) = renewing_into(Fate::Instead(busy));
    for _ in 0..9 {
        world.run_secs(10);
        world.wake(tab, true);
    }
    assert_eq!(world.count(Kind::Refresh), 1);
    world.run_secs(11);
    assert_eq!(world.count(Kind::Refresh), 2);
    assert_eq!(world.session(tab).generation, 1);
}

#[test]
fn no_network_is_bounded_and_ends_in_an_offer_to_sign_in() {
    let (mut world, tab) = World::signed_in();
    world.default_fate = OFFLINE;
    world.run_secs(50);
    assert_eq!(world.notice(tab), None, "the token is valid still");
    world.run_secs(20);
    assert_eq!(
        world.notice(tab),
        Some(ErrorCode::NetworkError),
        "it expired"
    );
    // Told once, not with every try.
    world.tell(tab, Event::DismissNotice);
    let reader = world.want_token(tab, 0, None);
    world.run_secs(36);
    assert_eq!(world.token(tab, reader), Some(Err(ErrorCode::NetworkError)));
    assert_eq!(world.notice(tab), None);
    world.run_secs(600);
    assert_eq!(world.count(Kind::Refresh), 10);
    assert!(matches!(world.renewal(tab), Renewal::Stopped { .. }));
    assert_eq!(world.notice(tab), Some(ErrorCode::NetworkError));
    assert!(world.is_signed_in(tab), "the session stays");
    let timers = world.tabs[tab].timers_fired;
    world.run_secs(86_400);
    assert_eq!(world.count(Kind::Refresh), 10);
    assert_eq!(world.tabs[tab].timers_fired, timers);
    let reader = world.want_token(tab, 0, None);
    assert_eq!(world.token(tab, reader), Some(Err(ErrorCode::NetworkError)));
    assert_eq!(world.count(Kind::Refresh), 10);
}

#[test]
fn a_page_that_wakes_or_a_user_who_asks_resumes_what_had_stopped() {
    for by_hand in [false, true] {
        let (mut world, tab) = World::signed_in();
        world.default_fate = OFFLINE;
        world.run_secs(700);
        assert!(matches!(world.renewal(tab), Renewal::Stopped { .. }));
        world.default_fate = Fate::Answered {
            there: 20,
            back: 30,
        };
        if by_hand {
            world.tell(tab, Event::Refresh);
        } else {
            world.wake(tab, true);
        }
        world.run(100);
        assert_eq!(world.session(tab).generation, 1);
        assert_eq!(world.notice(tab), None);
    }
}

#[test]
fn many_failures_long_before_expiry_do_not_stop_the_renewal() {
    let mut world = World::new();
    world.provider.expires_in = Some(json!(36_000));
    let tab = world.open("/");
    world.sign_in(tab);
    world.default_fate = OFFLINE;
    world.tell(tab, Event::Refresh);
    world.run_secs(30_000);
    // Bounded, and the token that is there is used.
    assert_eq!(world.count(Kind::Refresh), 10);
    assert_eq!(world.notice(tab), None);
    let reader = world.want_token(tab, 0, None);
    assert!(world.token(tab, reader).unwrap().is_ok());
    world.default_fate = Fate::Answered {
        there: 20,
        back: 30,
    };
    world.run_secs(6100);
    assert_eq!(world.session(tab).generation, 1);
}

#[test]
fn many_failures_with_an_unknown_expiry_stop() {
    let mut world = World::new();
    world.provider.expires_in = None;
    let tab = world.open("/");
    world.sign_in(tab);
    world.default_fate = OFFLINE;
    world.tell(tab, Event::Refresh);
    world.run_secs(3600);
    assert_eq!(world.count(Kind::Refresh), 10);
    assert!(matches!(world.renewal(tab), Renewal::Stopped { .. }));
    assert_eq!(world.notice(tab), Some(ErrorCode::NetworkError));
}

// ---- an answer that is lost ----

#[test]
fn a_refusal_after_a_lost_answer_has_its_own_reason() {
    for fate in [ANSWER_LOST, Fate::AnswerLost(TransportFault::Timeout)] {
        let (mut world, tab) = renewing_into(fate);
        assert_eq!(world.stored_member(tab, "unanswered"), Some(json!(true)));
        world.run(2000);
        assert_eq!(world.end(tab), Some(ErrorCode::RefreshAnswerLost));
        let sent = world.refresh_tokens_sent();
        assert_eq!(sent.len(), 2);
        assert_eq!(sent[0], sent[1]);
    }
}

#[test]
fn the_doubt_outlives_answers_that_decide_nothing() {
    let (mut world, tab) = renewing_into(ANSWER_LOST);
    world.script(Kind::Refresh, [Fate::Instead(html(503)), OFFLINE]);
    world.run_secs(20);
    assert_eq!(world.end(tab), Some(ErrorCode::RefreshAnswerLost));
    assert_eq!(world.count(Kind::Refresh), 4);
}

#[test]
fn an_answer_that_came_leaves_no_doubt() {
    let (mut world, tab) = renewing_into(Fate::Instead(html(503)));
    assert_eq!(world.stored_member(tab, "unanswered"), Some(json!(false)));
    world.script(Kind::Refresh, [Fate::Instead(error(400, "invalid_grant"))]);
    world.run(2000);
    assert_eq!(world.end(tab), Some(ErrorCode::SessionRefused));
}

#[test]
fn a_provider_with_grace_survives_a_lost_answer() {
    let (mut world, tab) = World::signed_in();
    world.provider.has_grace = true;
    world.script(Kind::Refresh, [ANSWER_LOST]);
    world.tell(tab, Event::Refresh);
    world.run(2000);
    assert_eq!(world.session(tab).generation, 1);
    assert_eq!(world.stored_member(tab, "unanswered"), Some(json!(false)));
    assert_eq!(world.provider.reuses, 0);
}

#[test]
fn a_reload_in_mid_refresh_repeats_the_request_with_its_mark() {
    for is_crash in [false, true] {
        for is_local_denied in [false, true] {
            let (mut world, tab) = World::signed_in();
            world.is_local_denied = is_local_denied;
            world.tell(tab, Event::Refresh);
            world.run(30);
            assert_eq!(world.count(Kind::Refresh), 1);
            if is_crash {
                world.crash(tab);
            } else {
                world.reload(tab);
            }
            world.run_secs(5);
            if is_crash && is_local_denied {
                // Nobody can say that this is no copy of a tab that has newer ones.
                assert_eq!(world.end(tab), Some(ErrorCode::SessionCopyStale));
                assert_eq!(world.count(Kind::Refresh), 1);
            } else {
                assert_eq!(world.end(tab), Some(ErrorCode::RefreshAnswerLost));
                assert_eq!(world.count(Kind::Refresh), 2);
            }
        }
    }
}

#[test]
fn a_reload_before_the_request_arrived_costs_nothing() {
    let (mut world, tab) = World::signed_in();
    world.script(Kind::Refresh, [Fate::Lost(TransportFault::Timeout)]);
    world.tell(tab, Event::Refresh);
    world.run(30);
    world.reload(tab);
    world.run(100);
    assert_eq!(world.session(tab).generation, 1);
    let sent = world.refresh_tokens_sent();
    assert_eq!((sent.len(), sent[0] == sent[1]), (2, true));
}

#[test]
fn a_network_that_the_browser_says_is_off_is_told_from_a_server_in_trouble() {
    let offline = Fate::Lost(TransportFault::Network { online: false });
    let (mut world, tab) = renewing_into(offline);
    let Renewal::Offline { at } = world.renewal(tab) else {
        panic!("{:?}", world.renewal(tab))
    };
    assert!(at.as_millis() > world.now);
    assert_eq!(world.notice(tab), None);
    // The word of the browser is not waited for.
    world.run(2000);
    assert_eq!(world.session(tab).generation, 1);
    assert_eq!(world.renewal(tab), Renewal::Idle);

    // A renewal that is held back because the browser says so is no different.
    let due = world.tabs[tab].timer.unwrap();
    world.run(due - world.now - 1);
    world.wake(tab, false);
    assert!(matches!(world.renewal(tab), Renewal::Offline { .. }));
    world.wake(tab, true);
    world.run(200);
    assert_eq!(world.session(tab).generation, 2);
    assert_eq!(world.renewal(tab), Renewal::Idle);
}
