//! Rules 24 to 28: renewal, through the engine.

use crate::support::keys::{default_jwks, signed, token};
use crate::support::page::Page;
use crate::support::{CLIENT, ISSUER, NOW, all, answer, form, refusal, response};
use pkce_core::http::{Exchange, Method, TransportFault};
use pkce_core::jose::SignatureAlgorithm;
use pkce_core::session::{Event, Renewal};
use pkce_core::{Error, ErrorCode, Phase};
use serde_json::{Value, json};

const LOST: Exchange = Err(TransportFault::Network { online: true });

/// A signed-in page whose renewal waits for its answer.
fn renewing() -> Page {
    let mut page = Page::signed_in();
    page.seconds(5);
    page.refresh();
    assert_eq!(page.sent.len(), 1);
    page
}

/// What became of a renewal that got this answer.
#[derive(Debug, PartialEq)]
enum Became {
    /// Over, with this code.
    Over(ErrorCode),
    /// It goes on and tries again by itself.
    Retries,
    /// It goes on and waits for a change.
    Stopped(ErrorCode),
    Renewed,
}

fn became(exchange: Exchange) -> Became {
    let mut page = renewing();
    page.reply("/token", exchange);
    fate(&page)
}

fn fate(page: &Page) -> Became {
    if let Some(code) = page.ended() {
        assert!(!page.session.contains_key("t.session"));
        assert_eq!(page.notice(), Some(code));
        return Became::Over(code);
    }
    match page.shown().renewal {
        Renewal::Idle => Became::Renewed,
        Renewal::Retrying { at, .. } | Renewal::Offline { at } => {
            assert!(at.as_millis() > page.now);
            Became::Retries
        }
        Renewal::Stopped { error } => Became::Stopped(error.code()),
        other => panic!("still under way: {other:?}"),
    }
}

/// Rule 24: RFC 6749 6.
#[test]
fn the_refresh_request_names_the_client_and_carries_no_secret() {
    let mut page = renewing();
    let tokens = page.tokens(1);
    let request = page.reply("/token", answer(200, &tokens));
    let sent = form(&request);
    assert_eq!(request.method, Method::Post);
    assert_eq!(all(&sent, "grant_type"), ["refresh_token"]);
    assert_eq!(all(&sent, "refresh_token"), ["canary-rt-0"]);
    assert_eq!(all(&sent, "client_id"), [CLIENT]);
    assert!(all(&sent, "client_secret").is_empty());
    assert!(request.authorization.is_none() && !request.follow_redirects);
}

/// Rule 24: RFC 6749 6, RFC 9700 4.14.2.
#[test]
fn a_new_refresh_token_replaces_the_old_and_an_absent_one_keeps_it() {
    for (refresh_token, kept) in [
        (json!("canary-rt-1"), "canary-rt-1"),
        (json!(null), "canary-rt-0"),
        (json!(""), "canary-rt-0"),
    ] {
        let mut page = renewing();
        let mut tokens = page.tokens(1);
        tokens["refresh_token"] = refresh_token;
        page.reply("/token", answer(200, &tokens));
        assert_eq!(page.stored("refresh_token"), Some(json!(kept)));
        assert_eq!(page.stored("access_token"), Some(json!("canary-at-1")));
        assert_eq!(page.shown().generation, 1);
    }
}

/// Rule 24: one renewal at a time, whoever wants it.
#[test]
fn timer_wake_up_reader_and_user_share_one_renewal() {
    let mut page = Page::signed_in();
    page.seconds(58);
    let readers = [page.want_token(Some(0)), page.want_token(Some(0))];
    page.refresh();
    page.tell(Event::Woke {
        online: true,
        restored: false,
    });
    page.tell(Event::Timer);
    assert_eq!(page.sent.len(), 1);
    let tokens = page.tokens(1);
    page.reply("/token", answer(200, &tokens));
    assert!(
        readers
            .iter()
            .all(|id| page.tokens[id] == Ok("canary-at-1".to_owned()))
    );
}

/// Rule 24: while a renewal runs or hangs, a token that is still valid stays usable.
#[test]
fn a_valid_token_stays_usable_while_a_renewal_hangs() {
    let mut page = renewing();
    let reader = page.want_token(None);
    assert_eq!(
        page.tokens.get(&reader),
        Some(&Ok("canary-at-0".to_owned()))
    );
    page.seconds(30);
    page.reply("/token", Err(TransportFault::Timeout));
    let reader = page.want_token(None);
    assert_eq!(
        page.tokens.get(&reader),
        Some(&Ok("canary-at-0".to_owned()))
    );
}

/// Rule 25: Core 12.2. An ID token on refresh is optional, and judged when it is there.
#[test]
fn a_renewed_id_token_is_the_same_users() {
    let mut page = Page::new();
    page.sign_in();
    let nonce = {
        let text = page.stored("id_token").unwrap();
        let payload = text.as_str().unwrap().split('.').nth(1).unwrap().to_owned();
        let payload = pkce_core::encoding::base64url_decode(&payload).unwrap();
        let claims: Value = serde_json::from_slice(&payload).unwrap();
        claims["nonce"].clone()
    };
    let refused = |code| Became::Over(code);
    for (change, expected) in [
        (json!({}), Became::Renewed),
        (json!({"nonce": nonce}), Became::Renewed),
        (json!({"aud": [CLIENT]}), Became::Renewed),
        (
            json!({"aud": [CLIENT, "api"], "azp": CLIENT}),
            Became::Renewed,
        ),
        (json!({"auth_time": NOW}), Became::Renewed),
        (json!({"sub": "u2"}), refused(ErrorCode::IdTokenSubject)),
        (json!({"sub": "U1"}), refused(ErrorCode::IdTokenSubject)),
        (json!({"sub": null}), refused(ErrorCode::IdTokenSubject)),
        (
            json!({"iss": "https://id.example/"}),
            refused(ErrorCode::IdTokenIssuer),
        ),
        (json!({"aud": "api"}), refused(ErrorCode::IdTokenAudience)),
        (
            json!({"aud": [CLIENT, "api"]}),
            refused(ErrorCode::IdTokenAudience),
        ),
        (json!({"azp": "other"}), refused(ErrorCode::IdTokenAudience)),
        (
            json!({"nonce": "another"}),
            refused(ErrorCode::IdTokenNonce),
        ),
        (json!({"nonce": ""}), refused(ErrorCode::IdTokenNonce)),
        (json!({"nonce": null}), refused(ErrorCode::IdTokenNonce)),
        (
            json!({"exp": NOW - 400, "iat": NOW - 500}),
            refused(ErrorCode::IdTokenExpired),
        ),
        (
            json!({"iat": NOW + 500, "exp": NOW + 900}),
            refused(ErrorCode::IdTokenNotYetValid),
        ),
        // Older than that of sign-in by more than clocks differ.
        (
            json!({"iat": NOW - 61}),
            refused(ErrorCode::IdTokenMalformed),
        ),
        (json!({"iat": NOW - 60}), Became::Renewed),
        (
            json!({"at_hash": "x"}),
            refused(ErrorCode::IdTokenAccessTokenHash),
        ),
    ] {
        let mut page = renewing();
        let mut claims = page.claims(None);
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let mut tokens = page.tokens(1);
        tokens["id_token"] = json!(token(&claims));
        page.reply("/token", answer(200, &tokens));
        assert_eq!(fate(&page), expected, "{change}");
        if expected == Became::Renewed {
            // The identity stays that of sign-in.
            assert_eq!(page.shown().user.sub(), "u1");
        } else {
            assert!(
                !page.session.values().any(|text| text.contains("canary")),
                "{change}"
            );
        }
    }
}

/// Rule 25: an invalid signature ends the session, keys out of reach only withhold the token.
#[test]
fn a_renewed_token_whose_keys_are_out_of_reach_is_withheld() {
    let with_kid = |page: &Page, kid: &str| {
        let header = format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#);
        let mut tokens = page.tokens(1);
        let claims = page.claims(None).to_string();
        tokens["id_token"] = json!(signed(SignatureAlgorithm::EdDsa, &header, &claims));
        answer(200, &tokens)
    };
    let mut page = renewing();
    let exchange = with_kid(&page, "k2");
    page.reply("/token", exchange);
    page.reply("/jwks", LOST);
    assert_eq!(fate(&page), Became::Retries);
    // The new refresh token is safe, the new access token is not handed out.
    assert_eq!(page.stored("refresh_token"), Some(json!("canary-rt-1")));
    assert_eq!(page.stored("access_token"), Some(json!("canary-at-0")));
    let reader = page.want_token(None);
    assert_eq!(page.tokens[&reader], Ok("canary-at-0".to_owned()));
    page.seconds(3);
    let mut keys = default_jwks();
    keys["keys"][0]["kid"] = json!("k2");
    page.reply("/jwks", answer(200, &keys));
    assert_eq!(fate(&page), Became::Renewed);
    assert_eq!(page.stored("access_token"), Some(json!("canary-at-1")));

    let mut page = renewing();
    let exchange = with_kid(&page, "k3");
    page.reply("/token", exchange);
    page.reply("/jwks", answer(200, &default_jwks()));
    assert_eq!(fate(&page), Became::Over(ErrorCode::IdTokenKeyUnknown));
}

/// Rule 26: RFC 6749 5.2; the provider's word, then the status.
#[test]
fn a_failed_renewal_is_an_end_a_stop_or_another_try() {
    let over = || Became::Over(ErrorCode::SessionRefused);
    let koe = |status, code: &str| {
        answer(
            status,
            &json!({"error": "invalid_request", "error_code": code}),
        )
    };
    let html = |status| Ok(response(status, "text/html", "<h1>"));
    for (exchange, expected) in [
        // Final.
        (refusal(400, "invalid_grant"), over()),
        (refusal(401, "invalid_grant"), over()),
        (refusal(500, "invalid_grant"), over()),
        (refusal(200, "invalid_grant"), over()),
        (refusal(400, "invalid_request"), over()),
        (refusal(400, "invalid_token"), over()),
        (refusal(400, "access_denied"), over()),
        (refusal(400, "something_else"), over()),
        (refusal(403, "interaction_required"), over()),
        (html(400), over()),
        (html(401), over()),
        (html(403), over()),
        (html(404), over()),
        (html(451), over()),
        (answer(400, &json!({})), over()),
        (koe(400, "KOE320"), over()),
        (koe(400, "KOE322"), over()),
        (koe(500, "KOE322"), over()),
        // The configuration.
        (
            refusal(401, "invalid_client"),
            Became::Stopped(ErrorCode::InvalidClient),
        ),
        (
            refusal(400, "unauthorized_client"),
            Became::Stopped(ErrorCode::UnauthorizedClient),
        ),
        (
            refusal(400, "invalid_scope"),
            Became::Stopped(ErrorCode::InvalidScope),
        ),
        (
            refusal(400, "invalid_target"),
            Became::Stopped(ErrorCode::InvalidTarget),
        ),
        (
            refusal(400, "unsupported_grant_type"),
            Became::Stopped(ErrorCode::UnsupportedGrantType),
        ),
        (
            koe(401, "KOE101"),
            Became::Stopped(ErrorCode::InvalidClient),
        ),
        (
            koe(400, "KOE303"),
            Became::Stopped(ErrorCode::UnauthorizedClient),
        ),
        (
            koe(401, "KOE010"),
            Became::Stopped(ErrorCode::InvalidClient),
        ),
        (
            Err(TransportFault::Redirected),
            Became::Stopped(ErrorCode::UnexpectedRedirect),
        ),
        // Passing.
        (refusal(400, "temporarily_unavailable"), Became::Retries),
        (refusal(400, "server_error"), Became::Retries),
        (refusal(503, "invalid_request"), Became::Retries),
        (refusal(429, "too_many_requests"), Became::Retries),
        // Not a word of the token endpoint (RFC 6749 5.2): the status says more.
        (refusal(429, "access_denied"), Became::Retries),
        (refusal(503, "login_required"), Became::Retries),
        (refusal(500, "unsupported_response_type"), Became::Retries),
        (refusal(500, "invalid_token"), over()),
        (html(408), Became::Retries),
        (html(429), Became::Retries),
        (html(500), Became::Retries),
        (html(502), Became::Retries),
        (html(599), Became::Retries),
        (html(200), Became::Retries),
        (Ok(response(200, "application/json", "")), Became::Retries),
        (
            Ok(response(200, "application/json", "{\"access_")),
            Became::Retries,
        ),
        (Ok(response(200, "application/json", "[]")), Became::Retries),
        (koe(400, "KOE237"), Became::Retries),
        (koe(400, "KOE003"), Became::Retries),
        (LOST, Became::Retries),
        (
            Err(TransportFault::Network { online: false }),
            Became::Retries,
        ),
        (Err(TransportFault::Timeout), Became::Retries),
        (Err(TransportFault::TooLarge), Became::Retries),
    ] {
        let shown = format!("{exchange:?}");
        assert_eq!(became(exchange), expected, "{shown}");
    }
}

/// Rule 26: an end has one message, and says that signing in is the way on.
#[test]
fn a_refused_session_ends_once_with_a_way_on() {
    let mut page = renewing();
    let reader = page.want_token(Some(0));
    page.reply("/token", refusal(400, "invalid_grant"));
    assert_eq!(page.tokens[&reader], Err(ErrorCode::SessionRefused));
    let error = page.engine.notice().unwrap();
    assert!(error.needs_sign_in() && error.phase() == Phase::Refresh);
    page.tell(Event::DismissNotice);
    page.seconds(3600);
    page.tell(Event::Woke {
        online: true,
        restored: false,
    });
    assert!(page.sent.is_empty() && page.notice().is_none());
}

/// Rule 26: Retry-After is honoured, waking up or not.
#[test]
fn retry_after_is_waited_for() {
    let mut page = renewing();
    let mut exchange = response(429, "text/html", "");
    exchange.retry_after = Some("30".to_owned());
    page.reply("/token", Ok(exchange));
    page.seconds(29);
    page.tell(Event::Woke {
        online: true,
        restored: false,
    });
    assert!(page.sent.is_empty());
    page.seconds(2);
    assert_eq!(page.sent.len(), 1);
}

/// Rule 26: where no answer came, the token is sent again; a refusal then has its own reason.
#[test]
fn a_refusal_after_a_lost_answer_says_so() {
    let mut page = renewing();
    assert_eq!(page.stored("unanswered"), Some(json!(true)));
    page.reply("/token", LOST);
    page.seconds(3);
    page.reply("/token", refusal(400, "invalid_grant"));
    assert_eq!(page.ended(), Some(ErrorCode::RefreshAnswerLost));

    // A page that was reloaded while it waited knows it too.
    let mut page = renewing();
    page.tell(Event::Left);
    page.open("/");
    page.seconds(3);
    page.reply("/token", refusal(400, "invalid_grant"));
    assert_eq!(page.ended(), Some(ErrorCode::RefreshAnswerLost));
}

/// Rule 26: retries are bounded, and end in an offer rather than in a loop.
#[test]
fn a_network_that_stays_away_is_asked_less_and_less() {
    let mut page = renewing();
    page.reply("/token", LOST);
    let before = page.count;
    for _ in 0..600 {
        page.seconds(10);
        if !page.sent.is_empty() {
            page.reply("/token", LOST);
        }
    }
    assert!(
        page.count - before <= 12,
        "{} requests",
        page.count - before
    );
    assert!(
        page.notice()
            .is_some_and(|code| code == ErrorCode::NetworkError)
    );
    // A network that comes back is worth another try.
    page.tell(Event::Woke {
        online: true,
        restored: false,
    });
    let tokens = page.tokens(1);
    page.reply("/token", answer(200, &tokens));
    assert_eq!(fate(&page), Became::Renewed);
}

/// Rule 27: an offline flag delays a try by seconds and never forbids one.
#[test]
fn an_offline_flag_delays_and_never_forbids() {
    let mut page = Page::signed_in();
    page.seconds(30);
    page.now += 20_000;
    page.tell(Event::Woke {
        online: false,
        restored: false,
    });
    assert!(page.sent.is_empty());
    page.seconds(5);
    assert_eq!(page.sent.len(), 1);
}

/// Rule 28: a late answer never brings a session back.
#[test]
fn sign_out_wins_over_a_renewal_under_way() {
    let mut page = renewing();
    page.sign_out();
    let tokens = page.tokens(1);
    page.reply("/token", answer(200, &tokens));
    assert!(!page.is_signed_in());
    assert!(!page.session.contains_key("t.session"));
    assert!(
        !page
            .session
            .values()
            .chain(page.local.values())
            .any(|text| text.contains("canary"))
    );
    let reader = page.want_token(None);
    assert_eq!(page.tokens[&reader], Err(ErrorCode::NotSignedIn));
}

/// Rule 24: without a refresh token the session ends with its access token.
#[test]
fn without_a_refresh_token_the_session_ends_with_its_token() {
    let mut page = Page::new();
    page.sign_in_with(|body| body["refresh_token"] = json!(null));
    page.seconds(59);
    assert!(page.is_signed_in());
    page.seconds(2);
    assert_eq!(page.ended(), Some(ErrorCode::SessionExpired));
    assert!(page.engine.notice().is_some_and(Error::needs_sign_in));
    assert_eq!(ISSUER, "https://id.example");
}
