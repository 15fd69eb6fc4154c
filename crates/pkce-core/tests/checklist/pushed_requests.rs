//! Rule 6: pushed authorization requests (RFC 9126).

use crate::support::{
    CALLBACK, CLIENT, all, answer, builder, built, client, document, entropy, form, judge_metadata,
    metadata, now, only, params, refusal, response, url,
};
use pkce_core::authorization::{AuthorizationRequest, SignInOptions, Transaction};
use pkce_core::config::ParMode;
use pkce_core::http::{Exchange, Method, TransportFault};
use pkce_core::metadata::ProviderMetadata;
use pkce_core::par::{Delivery, PushedRequest, par_mode};
use pkce_core::{ErrorCode, Phase};
use serde_json::{Value, json};
use std::time::Duration;

const ENDPOINT: &str = "https://id.example/par?x=1";

fn prepared() -> (Transaction, AuthorizationRequest) {
    let client = built(
        builder()
            .resource("urn:a")
            .authorization_param("audience", "b"),
    )
    .unwrap();
    Transaction::prepare(
        &client,
        &metadata(),
        SignInOptions::default(),
        entropy(1),
        None,
        now(),
    )
    .unwrap()
}

fn judge(exchange: &Exchange) -> Result<PushedRequest, ErrorCode> {
    let (_, pending) = prepared().1.push(&url(ENDPOINT));
    pending.judge(exchange, now()).map_err(|error| {
        assert_eq!(error.phase(), Phase::Par);
        error.code()
    })
}

fn announcing(endpoint: Value, required: bool) -> ProviderMetadata {
    judge_metadata(&document(|document| {
        document["pushed_authorization_request_endpoint"] = endpoint;
        document["require_pushed_authorization_requests"] = json!(required);
    }))
    .unwrap()
}

/// RFC 9126 5: what is required and cannot be done is an error, never a request by redirect.
#[test]
fn there_is_no_silent_fall_back_to_a_redirect() {
    let good = || json!(ENDPOINT);
    let push = || Ok(Delivery::Push(url(ENDPOINT)));
    for (mode, metadata, expected) in [
        (ParMode::Auto, metadata(), Ok(Delivery::Redirect)),
        (ParMode::Auto, announcing(good(), true), push()),
        (ParMode::Require, announcing(good(), false), push()),
        (ParMode::Require, announcing(good(), true), push()),
        (
            ParMode::Require,
            metadata(),
            Err(ErrorCode::ConfigUnsupported),
        ),
        (
            ParMode::Require,
            announcing(json!("http://id.example/par"), false),
            Err(ErrorCode::ConfigUnsupported),
        ),
        (
            ParMode::Auto,
            announcing(json!(null), true),
            Err(ErrorCode::MetadataInvalid),
        ),
        (
            ParMode::Auto,
            announcing(json!("http://id.example/par"), true),
            Err(ErrorCode::MetadataInvalid),
        ),
        (
            ParMode::Require,
            announcing(json!(7), true),
            Err(ErrorCode::MetadataInvalid),
        ),
    ] {
        let judged = par_mode(mode, &metadata).map_err(|error| error.code());
        assert_eq!(judged, expected, "{mode:?}");
    }
    // The way by redirect refuses a provider that requires the other one.
    let refused = Transaction::begin(
        &client(),
        &announcing(good(), true),
        SignInOptions::default(),
        entropy(1),
        now(),
    );
    let refused = refused.map(drop).map_err(|error| error.code());
    assert_eq!(refused, Err(ErrorCode::ConfigUnsupported));
}

/// RFC 9126 2.1: all parameters of the request, in a POST of a public client.
#[test]
fn a_pushed_request_has_every_parameter_and_no_secret() {
    let (transaction, request) = prepared();
    let asked = params(prepared().1.into_url().expose());
    let (pushed, _) = request.push(&url(ENDPOINT));
    assert_eq!(form(&pushed), asked);
    assert_eq!(only(&asked, "state"), transaction.state().expose());
    assert_eq!(only(&asked, "redirect_uri"), CALLBACK);
    assert_eq!(all(&asked, "resource"), ["urn:a"]);
    for absent in ["client_secret", "request_uri", "request"] {
        assert!(all(&asked, absent).is_empty());
    }
    assert_eq!(pushed.url.as_str(), ENDPOINT);
    assert_eq!(pushed.method, Method::Post);
    assert!(!pushed.follow_redirects && pushed.authorization.is_none());
}

/// RFC 9126 2.2 and 4: then only `client_id` and `request_uri`, while the provider keeps it.
#[test]
fn the_user_brings_along_client_id_and_request_uri_alone() {
    let request_uri = "urn:ietf:params:oauth:request_uri:a+b/c=&d";
    let body = json!({"request_uri": request_uri, "expires_in": 60, "more": [1]});
    let pushed = judge(&answer(201, &body)).unwrap();
    assert_eq!(pushed.expires_at(), now() + Duration::from_secs(60));
    let last = pushed.expires_at() - Duration::from_millis(1);
    let leads = pushed.into_url(last).unwrap();
    let asked = params(leads.expose());
    assert!(
        leads
            .expose()
            .starts_with("https://id.example/authorize?client_id=spa&")
    );
    assert_eq!(only(&asked, "client_id"), CLIENT);
    assert_eq!(only(&asked, "request_uri"), request_uri);
    assert_eq!(asked.len(), 2);
    let pushed = judge(&answer(201, &body)).unwrap();
    let late = pushed.expires_at();
    let late = pushed.into_url(late).map(drop).map_err(|e| e.code());
    assert_eq!(late, Err(ErrorCode::InvalidRequestUri));
}

/// RFC 9126 2.2 and 2.3.
#[test]
fn only_a_201_with_a_request_uri_and_a_lifetime_is_a_pushed_request() {
    let good = |body: Value| judge(&answer(201, &body)).map(drop);
    for body in [
        json!({"request_uri": "urn:a", "expires_in": 1}),
        json!({"request_uri": "https://id.example/r?x=1", "expires_in": "90"}),
        json!({"request_uri": "urn:a", "expires_in": 1e300}),
    ] {
        assert_eq!(good(body.clone()), Ok(()), "{body}");
    }
    for body in [
        json!({}),
        json!({"request_uri": "urn:a"}),
        json!({"expires_in": 60}),
        json!({"request_uri": "", "expires_in": 60}),
        json!({"request_uri": "relative", "expires_in": 60}),
        json!({"request_uri": "urn:a#b", "expires_in": 60}),
        json!({"request_uri": "urn:a b", "expires_in": 60}),
        json!({"request_uri": format!("urn:{}", "a".repeat(2048)), "expires_in": 60}),
        json!({"request_uri": ["urn:a"], "expires_in": 60}),
        json!({"request_uri": "urn:a", "expires_in": 0}),
        json!({"request_uri": "urn:a", "expires_in": -1}),
        json!({"request_uri": "urn:a", "expires_in": null}),
    ] {
        assert_eq!(
            good(body.clone()),
            Err(ErrorCode::ParResponseInvalid),
            "{body}"
        );
    }
    let body = json!({"request_uri": "urn:a", "expires_in": 60});
    let text = body.to_string();
    for (exchange, expected) in [
        (answer(200, &body), ErrorCode::UnexpectedStatus),
        (answer(202, &body), ErrorCode::UnexpectedStatus),
        (answer(400, &body), ErrorCode::UnexpectedStatus),
        (refusal(400, "invalid_request"), ErrorCode::InvalidRequest),
        (refusal(401, "invalid_client"), ErrorCode::InvalidClient),
        (refusal(200, "invalid_scope"), ErrorCode::InvalidScope),
        (refusal(201, "invalid_scope"), ErrorCode::InvalidScope),
        (
            Ok(response(413, "text/html", "")),
            ErrorCode::UnexpectedStatus,
        ),
        (
            Ok(response(429, "text/html", "")),
            ErrorCode::ServiceUnavailable,
        ),
        (
            Ok(response(201, "text/html", &text)),
            ErrorCode::UnexpectedContentType,
        ),
        (
            Ok(response(201, "application/json", "[]")),
            ErrorCode::InvalidJson,
        ),
        (
            Err(TransportFault::Redirected),
            ErrorCode::UnexpectedRedirect,
        ),
        (Err(TransportFault::Timeout), ErrorCode::Timeout),
    ] {
        assert_eq!(judge(&exchange).map(drop), Err(expected));
    }
}
