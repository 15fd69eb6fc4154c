use crate::dpop::ProofAttempt::{First, WithNonce};
use crate::dpop::{
    DpopNonce, NonceStore, NonceVerdict, judge_provider_answer, judge_resource_answer,
};
use crate::error::{Error, ErrorCode, Phase};
use crate::http::{Body, HttpResponse};
use crate::url::HttpUrl;
use proptest::prelude::*;

fn nonce(text: &str) -> DpopNonce {
    DpopNonce::parse(text).unwrap()
}

fn url(text: &str) -> HttpUrl {
    HttpUrl::parse(text).unwrap()
}

fn failed(verdict: NonceVerdict) -> Error {
    match verdict {
        NonceVerdict::Failed(error) => error,
        other => panic!("{other:?}"),
    }
}

/// RFC 9449 8.1: `1*NQCHAR`.
#[test]
fn only_a_nonce_is_a_nonce() {
    let longest = "x".repeat(DpopNonce::LIMIT);
    for good in ["eyJ7S_zG.eyJH0-Z.HX4w-7v", "!", "#[]~", "a,b", &longest] {
        assert_eq!(DpopNonce::parse(good).unwrap().expose(), good);
    }
    let longer = "x".repeat(DpopNonce::LIMIT + 1);
    for bad in [
        "", " a", "a, b", "a\"b", "a\\b", "a\n", "\u{7f}", "é", &longer,
    ] {
        assert_eq!(DpopNonce::parse(bad), None, "{bad:?}");
    }
    assert_eq!(format!("{:?}", nonce("canary")), "DpopNonce([redacted])");
}

/// RFC 9449 8.2, protocol rule 33.
#[test]
fn each_origin_has_its_own_newest_nonce() {
    let mut store = NonceStore::default();
    let provider = url("https://id.example/token");
    let api = url("https://api.example/a");
    assert_eq!(store.nonce_for(&provider), None);
    store.learn(&provider, Some("one"));
    store.learn(&api, Some("other"));
    store.learn(&url("https://ID.example:443/userinfo?x"), Some("two"));
    assert_eq!(store.nonce_for(&provider), Some(&nonce("two")));
    assert_eq!(store.nonce_for(&api), Some(&nonce("other")));
    for elsewhere in [
        "http://localhost/",
        "https://id.example:8443/token",
        "https://x.id.example/token",
    ] {
        assert_eq!(store.nonce_for(&url(elsewhere)), None, "{elsewhere}");
    }
    // An answer without a usable nonce leaves the one before.
    for nothing in [None, Some(""), Some("two, three")] {
        store.learn(&provider, nothing);
        assert_eq!(store.nonce_for(&provider), Some(&nonce("two")));
    }
}

#[test]
fn the_store_is_bounded_and_forgets_who_was_heard_from_longest_ago() {
    let origin = |index: usize| url(&format!("https://a{index}.example/"));
    let mut store = NonceStore::default();
    for index in 0..NonceStore::LIMIT {
        store.learn(&origin(index), Some("n"));
    }
    assert!(store.nonce_for(&origin(0)).is_some());
    // Heard from again: it is the youngest now.
    store.learn(&origin(0), Some("again"));
    store.learn(&origin(NonceStore::LIMIT), Some("n"));
    assert_eq!(store.nonce_for(&origin(0)), Some(&nonce("again")));
    assert_eq!(store.nonce_for(&origin(1)), None);
    let kept = (0..=NonceStore::LIMIT).filter(|i| store.nonce_for(&origin(*i)).is_some());
    assert_eq!(kept.count(), NonceStore::LIMIT);
}

fn answer(status: u16, body: &str) -> HttpResponse {
    HttpResponse {
        status,
        content_type: Some("application/json".into()),
        body: Body(body.as_bytes().to_vec()),
        ..HttpResponse::default()
    }
}

const ASKS: &str = r#"{"error":"use_dpop_nonce","error_description":"x"}"#;

/// RFC 9449 8: 400 with `use_dpop_nonce` gets one retry.
#[test]
fn the_token_endpoint_may_ask_for_a_nonce_once() {
    let judge = |status, body, header, sent: Option<&DpopNonce>, attempt| {
        judge_provider_answer(&answer(status, body), header, sent, attempt, Phase::Token)
    };
    let (old, new) = (nonce("old"), nonce("new"));
    for status in [400, 401] {
        for sent in [None, Some(&old)] {
            assert_eq!(
                judge(status, ASKS, Some("new"), sent, First),
                NonceVerdict::Retry(new.clone())
            );
        }
    }
    // Never a loop: not a second time, and not with the nonce that was just refused.
    for (header, sent, attempt) in [
        ("new", Some(&old), WithNonce),
        ("newer", Some(&new), WithNonce),
        ("new", Some(&new), First),
    ] {
        let error = failed(judge(400, ASKS, Some(header), sent, attempt));
        assert_eq!(error.code(), ErrorCode::UseDpopNonce);
        assert_eq!(error.phase(), Phase::Token);
        assert!(error.is_transient());
    }
    for (status, body) in [
        (400, r#"{"error":"invalid_grant"}"#),
        (400, r#"{"error":["use_dpop_nonce"]}"#),
        (400, "use_dpop_nonce"),
        (200, ASKS),
        (403, ASKS),
        (503, ASKS),
    ] {
        assert_eq!(
            judge(status, body, Some("new"), None, First),
            NonceVerdict::NotAsked,
            "{status} {body}"
        );
    }
}

/// Protocol rule 33: a nonce that CORS hides is diagnosed as such.
#[test]
fn a_hidden_nonce_is_told_with_its_remedy() {
    let bearer = r#"DPoP error="use_dpop_nonce", error_description="x""#;
    for header in [None, Some(""), Some("a b")] {
        for attempt in [First, WithNonce] {
            for error in [
                failed(judge_provider_answer(
                    &answer(400, ASKS),
                    header,
                    None,
                    attempt,
                    Phase::Refresh,
                )),
                failed(judge_resource_answer(
                    401,
                    Some(bearer),
                    header,
                    None,
                    attempt,
                )),
            ] {
                assert_eq!(error.code(), ErrorCode::DpopNonceHidden);
                assert!(error.is_configuration());
                assert!(
                    error
                        .what_was_expected()
                        .contains("Access-Control-Expose-Headers: DPoP-Nonce"),
                    "{error}"
                );
            }
        }
    }
}

/// RFC 9449 9: the example's challenge, and what is none.
#[test]
fn a_resource_server_may_ask_for_a_nonce_once() {
    let asks = r#"DPoP error="use_dpop_nonce", error_description="Resource server requires nonce in DPoP proof""#;
    let among = format!("Bearer realm=\"x\", {}", asks.replace("DPoP", "dpop"));
    let new = "eyJ7S_zG.eyJH0-Z.HX4w-7v";
    for challenge in [asks, &among] {
        assert_eq!(
            judge_resource_answer(401, Some(challenge), Some(new), None, First),
            NonceVerdict::Retry(nonce(new))
        );
        let error = failed(judge_resource_answer(
            401,
            Some(challenge),
            Some(new),
            Some(&nonce("old")),
            WithNonce,
        ));
        assert_eq!(
            (error.code(), error.phase()),
            (ErrorCode::UseDpopNonce, Phase::Api)
        );
    }
    for (status, challenge) in [
        (401, "DPoP error=\"invalid_token\""),
        (401, "DPoP error=\"invalid_dpop_proof\""),
        (401, "Bearer error=\"use_dpop_nonce\""),
        (403, asks),
        (400, asks),
        (200, asks),
    ] {
        assert_eq!(
            judge_resource_answer(status, Some(challenge), Some(new), None, First),
            NonceVerdict::NotAsked,
            "{status} {challenge}"
        );
    }
}

#[test]
fn a_401_that_hides_its_challenge_and_shows_another_nonce_is_tried_once() {
    let sent = nonce("old");
    for hidden in [None, Some(""), Some(" , ")] {
        let judge =
            |header, attempt| judge_resource_answer(401, hidden, header, Some(&sent), attempt);
        assert_eq!(judge(Some("new"), First), NonceVerdict::Retry(nonce("new")));
        assert_eq!(judge(Some("new"), WithNonce), NonceVerdict::NotAsked);
        assert_eq!(judge(Some("old"), First), NonceVerdict::NotAsked);
        assert_eq!(judge(None, First), NonceVerdict::NotAsked);
    }
    assert_eq!(
        judge_resource_answer(200, None, Some("new"), Some(&sent), First),
        NonceVerdict::NotAsked
    );
}

/// RFC 9449 7.1: a proof that is refused is told as such; a renewed token would not mend it.
#[test]
fn a_refused_proof_renews_no_token() {
    use crate::api::{ApiVerdict, Attempt, judge_status};
    for attempt in [Attempt::First, Attempt::AfterRefresh] {
        let verdict = judge_status(401, Some("DPoP error=\"invalid_dpop_proof\""), attempt);
        let ApiVerdict::Failed(error) = verdict else {
            panic!("{verdict:?}");
        };
        assert_eq!(error.code(), ErrorCode::InvalidDpopProof);
        assert!(!error.is_transient() && !error.needs_sign_in());
    }
    let renew = judge_status(401, Some("DPoP error=\"invalid_token\""), Attempt::First);
    assert_eq!(renew, ApiVerdict::RefreshAndRetry);
}

proptest! {
    #[test]
    fn no_answer_is_retried_twice(
        status in 200..600_u16,
        challenge in proptest::option::of(any::<String>()),
        header in proptest::option::of("[ -~]{0,9}"),
        body in any::<String>(),
    ) {
        let header = header.as_deref();
        let verdict = judge_resource_answer(status, challenge.as_deref(), header, None, WithNonce);
        prop_assert!(!matches!(verdict, NonceVerdict::Retry(_)));
        let verdict = judge_provider_answer(&answer(status, &body), header, None, WithNonce, Phase::Token);
        prop_assert!(!matches!(verdict, NonceVerdict::Retry(_)));
    }
}
