use super::*;
use crate::authorization::tests::{metadata, metadata_document, now};
use crate::http::{Body, TransportFault};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::time::Duration;

const URN: &str = "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c";

fn metadata_of(endpoint: Option<&str>, required: bool) -> ProviderMetadata {
    let mut document = metadata_document();
    if let Some(endpoint) = endpoint {
        document["pushed_authorization_request_endpoint"] = json!(endpoint);
    }
    document["require_pushed_authorization_requests"] = json!(required);
    ProviderMetadata::restore(&document.to_string()).unwrap()
}

/// RFC 9126 5, protocol rule 6: pushed where it is required, and no silent fall-back.
#[test]
fn a_request_is_pushed_where_anybody_requires_it() {
    let endpoint = "https://id.example/par";
    let push = Delivery::Push(HttpUrl::parse(endpoint).unwrap());
    let (auto, require) = (ParMode::Auto, ParMode::Require);
    let mode = |mode, endpoint, required| {
        par_mode(mode, &metadata_of(endpoint, required)).map_err(|error| error.code())
    };
    assert_eq!(mode(auto, None, false), Ok(Delivery::Redirect));
    assert_eq!(mode(auto, Some(endpoint), false), Ok(Delivery::Redirect));
    assert_eq!(mode(auto, Some(endpoint), true), Ok(push.clone()));
    assert_eq!(mode(require, Some(endpoint), false), Ok(push.clone()));
    assert_eq!(mode(require, Some(endpoint), true), Ok(push));
    for unusable in [None, Some("http://id.example/par"), Some("x")] {
        assert_eq!(mode(auto, unusable, true), Err(ErrorCode::MetadataInvalid));
        assert_eq!(
            mode(require, unusable, true),
            Err(ErrorCode::MetadataInvalid)
        );
        assert_eq!(
            mode(require, unusable, false),
            Err(ErrorCode::ConfigUnsupported)
        );
    }
}

fn pending() -> PendingPush {
    let endpoint = metadata().authorization_endpoint().clone();
    PendingPush::new(endpoint, "spa & co".to_owned())
}

fn answer(status: u16, body: &str) -> Exchange {
    Ok(HttpResponse {
        status,
        content_type: Some("application/json;charset=UTF-8".into()),
        body: Body(body.as_bytes().to_vec()),
        ..HttpResponse::default()
    })
}

fn judge(status: u16, body: &Value) -> Result<PushedRequest, Error> {
    pending().judge(&answer(status, &body.to_string()), now())
}

fn created() -> Value {
    json!({"request_uri": URN, "expires_in": 60, "unknown": [1]})
}

fn with(name: &str, value: Value) -> Value {
    let mut body = created();
    body[name] = value;
    body
}

/// RFC 9126 2.2 and 4: only `client_id` and `request_uri` go with the user.
#[test]
fn the_user_brings_along_a_reference_and_nothing_else() {
    let pushed = judge(201, &created()).unwrap();
    assert_eq!(pushed.expires_at(), now() + Duration::from_secs(60));
    let url = pushed.into_url(now()).unwrap();
    assert_eq!(
        url.expose(),
        "https://id.example/authorize?client_id=spa+%26+co&request_uri=urn%3Aietf%3Aparams%3Aoauth\
         %3Arequest_uri%3A6esc_11ACC5bwc014ltc14eY22c"
    );
}

#[test]
fn a_pushed_request_is_used_before_it_expires() {
    let at = |seconds| {
        let pushed = judge(201, &created()).unwrap();
        pushed
            .into_url(now() + Duration::from_millis(seconds))
            .map(|_| ())
            .map_err(|error| (error.code(), error.phase()))
    };
    assert_eq!(at(59_999), Ok(()));
    assert_eq!(at(60_000), Err((ErrorCode::InvalidRequestUri, Phase::Par)));
}

/// RFC 9126 2.2: `request_uri` and `expires_in` are both there.
#[test]
fn an_answer_says_where_the_request_is_and_for_how_long() {
    let longest = format!("urn:{}", "x".repeat(2044));
    for good in [URN, "https://id.example/r/1?x=1", &longest] {
        assert!(
            judge(201, &with("request_uri", json!(good))).is_ok(),
            "{good}"
        );
    }
    let longer = format!("{longest}x");
    for bad in [
        "", "x", "/r/1", "urn:", "urn:a b", "urn:a#b", "urn:a\n", "urn:é", &longer,
    ] {
        let error = judge(201, &with("request_uri", json!(bad))).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ParResponseInvalid, "{bad}");
        assert_eq!(error.phase(), Phase::Par);
    }
    for (good, seconds) in [(json!(1), 1), (json!("90"), 90), (json!(60.9), 60)] {
        let pushed = judge(201, &with("expires_in", good)).unwrap();
        assert_eq!(pushed.expires_at(), now() + Duration::from_secs(seconds));
    }
    for bad in [json!(0), json!(-1), json!(null), json!("soon"), json!([60])] {
        let error = judge(201, &with("expires_in", bad.clone())).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ParResponseInvalid, "{bad}");
    }
    for name in ["request_uri", "expires_in"] {
        let mut body = created();
        body.as_object_mut().unwrap().remove(name);
        let error = judge(201, &body).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ParResponseInvalid);
        assert_eq!(error.what_came(), format!("no {name}"));
    }
    // A reference is as good as a secret until it is used.
    let error = judge(201, &with("expires_in", json!([URN]))).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(URN));
    let pushed = judge(201, &created()).unwrap();
    assert_eq!(format!("{pushed:?}"), "PushedRequest([redacted])");
}

/// RFC 9126 2.3, protocol rule 26: the provider's code, else the status.
#[test]
fn a_refusal_keeps_the_providers_code() {
    let said = |code: &str| json!({"error": code, "error_description": "why"});
    for (status, body, expected) in [
        (400, said("invalid_request"), ErrorCode::InvalidRequest),
        (401, said("invalid_client"), ErrorCode::InvalidClient),
        (400, said("invalid_scope"), ErrorCode::InvalidScope),
        (400, said("use_dpop_nonce"), ErrorCode::UseDpopNonce),
        (400, said("odd"), ErrorCode::ProviderError),
        (200, said("invalid_request"), ErrorCode::InvalidRequest),
        (201, said("invalid_request"), ErrorCode::InvalidRequest),
        (
            401,
            json!({"error_code": "KOE101", "error": "x"}),
            ErrorCode::InvalidClient,
        ),
        (413, json!({}), ErrorCode::UnexpectedStatus),
        (404, json!({}), ErrorCode::UnexpectedStatus),
        (429, json!({}), ErrorCode::ServiceUnavailable),
        (503, said("invalid_request"), ErrorCode::ServiceUnavailable),
        // Other successes say nothing that RFC 9126 2.2 knows.
        (200, created(), ErrorCode::UnexpectedStatus),
        (204, created(), ErrorCode::UnexpectedStatus),
        (299, created(), ErrorCode::UnexpectedStatus),
    ] {
        let error = judge(status, &body).unwrap_err();
        assert_eq!(error.code(), expected, "{status} {body}");
        assert_eq!(error.phase(), Phase::Par);
    }
    assert_eq!(
        judge(400, &said("invalid_request"))
            .unwrap_err()
            .provider_description(),
        Some("why")
    );
    let error = judge(200, &created()).unwrap_err();
    assert_eq!(error.what_was_expected(), "status 201 (RFC 9126 2.2)");
    assert_eq!(error.what_came(), "status 200");
}

#[test]
fn what_is_no_answer_is_a_typed_error() {
    let code = |exchange: Exchange| pending().judge(&exchange, now()).unwrap_err().code();
    assert_eq!(code(Err(TransportFault::Timeout)), ErrorCode::Timeout);
    assert_eq!(
        code(Err(TransportFault::Redirected)),
        ErrorCode::UnexpectedRedirect
    );
    for body in ["", "[]", "{", "{\"a\":1,\"a\":2}"] {
        assert_eq!(code(answer(201, body)), ErrorCode::InvalidJson, "{body}");
    }
    let html = HttpResponse {
        status: 201,
        content_type: Some("text/html".into()),
        ..HttpResponse::default()
    };
    assert_eq!(code(Ok(html)), ErrorCode::UnexpectedContentType);
}

proptest! {
    #[test]
    fn no_answer_makes_the_judge_panic(status in 100..600_u16, body in any::<String>(), uri in any::<String>()) {
        let _ = pending().judge(&answer(status, &body), now());
        let judged = judge(201, &with("request_uri", json!(uri)));
        if let Ok(pushed) = judged {
            let url = pushed.into_url(now()).unwrap();
            let query = url.expose().split_once('?').unwrap().1;
            let pairs = crate::encoding::form_parse(query);
            prop_assert_eq!(pairs, vec![
                ("client_id".to_owned(), "spa & co".to_owned()),
                ("request_uri".to_owned(), uri),
            ]);
        }
    }
}
