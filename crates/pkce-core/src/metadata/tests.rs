use super::*;
use crate::http::{Body, HttpResponse, Method, TransportFault};
use proptest::prelude::*;
use serde_json::{Value, json};

fn issuer() -> Issuer {
    Issuer::parse("https://id.example/realm").unwrap()
}

fn document_text() -> Value {
    json!({
        "issuer": "https://id.example/realm",
        "authorization_endpoint": "https://id.example//authorize?realm=1",
        "token_endpoint": "https://token.example/token",
        "jwks_uri": "https://id.example/jwks",
        "userinfo_endpoint": "https://id.example/userinfo",
        "revocation_endpoint": "https://id.example/revoke",
        "end_session_endpoint": "https://id.example/logout",
        "pushed_authorization_request_endpoint": "https://id.example/par",
        "require_pushed_authorization_requests": true,
        "authorization_response_iss_parameter_supported": true,
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["plain"],
        "grant_types_supported": 7,
    })
}

fn read(document: &Value) -> Result<ProviderMetadata, Error> {
    ProviderMetadata::from_json(&Json::parse(&document.to_string()).unwrap(), &issuer())
}

fn read_with(key: &str, value: Value) -> Result<ProviderMetadata, Error> {
    let mut document = document_text();
    document[key] = value;
    read(&document)
}

fn read_without(key: &str) -> Result<ProviderMetadata, Error> {
    let mut document = document_text();
    document.as_object_mut().unwrap().remove(key);
    read(&document)
}

/// A way to one optional endpoint.
type Endpoint = fn(&ProviderMetadata) -> Option<&HttpUrl>;

const OPTIONAL: [(&str, Endpoint); 5] = [
    (JWKS, ProviderMetadata::jwks_uri),
    (USERINFO, ProviderMetadata::userinfo_endpoint),
    (REVOCATION, ProviderMetadata::revocation_endpoint),
    (END_SESSION, ProviderMetadata::end_session_endpoint),
    (PAR, ProviderMetadata::pushed_authorization_request_endpoint),
];

#[test]
fn the_document_is_asked_for_at_its_well_known_place() {
    // Discovery 4.1
    let request = discovery_request(&Issuer::parse("https://id.example/realm/").unwrap());
    assert_eq!(
        request.url.as_str(),
        "https://id.example/realm/.well-known/openid-configuration"
    );
    assert_eq!(request.method, Method::Get);
    assert!(request.authorization.is_none() && request.form.is_none());
}

#[test]
fn every_member_is_read() {
    let metadata = read(&document_text()).unwrap();
    assert_eq!(metadata.issuer(), &issuer());
    assert_eq!(
        metadata.authorization_endpoint().as_str(),
        "https://id.example//authorize?realm=1"
    );
    assert_eq!(
        metadata.token_endpoint().as_str(),
        "https://token.example/token"
    );
    for (name, get) in OPTIONAL {
        assert_eq!(
            get(&metadata).map(HttpUrl::as_str),
            document_text()[name].as_str(),
            "{name}"
        );
    }
    assert!(metadata.require_pushed_authorization_requests());
    assert!(metadata.authorization_response_iss_parameter_supported());
    assert_eq!(
        metadata.id_token_signing_alg_values_supported().unwrap(),
        ["RS256", "ES256"]
    );
    assert_eq!(
        metadata.dpop_signing_alg_values_supported().unwrap(),
        ["ES256"]
    );
    let request = metadata.jwks_request().unwrap();
    assert_eq!(
        (request.method, request.url.as_str()),
        (Method::Get, "https://id.example/jwks")
    );
}

#[test]
fn the_issuer_is_compared_character_for_character() {
    // RFC 8414 3.3, Discovery 4.3
    for (came, hint) in [
        ("https://id.example/realm/", "with a terminating slash"),
        ("http://id.example/realm", "one is http, the other https"),
        ("https://ID.example/realm", "upper and lower case"),
        ("https://id.example/realm?", ""),
        ("https://id.example/realm ", ""),
        ("https://evil.example/realm", ""),
        ("", ""),
    ] {
        let error = read_with("issuer", json!(came)).unwrap_err();
        assert_eq!(
            (error.code(), error.phase()),
            (ErrorCode::IssuerMismatch, Phase::Discovery)
        );
        let expected = error.what_was_expected();
        assert!(
            expected.starts_with("metadata of exactly https://id.example/realm"),
            "{error}"
        );
        assert!(expected.contains(hint), "{error}");
        assert_eq!(expected.contains(": "), !hint.is_empty(), "{error}");
        assert_eq!(error.what_came(), format!("metadata of {came}"));
    }
    let slashed = Issuer::parse("https://id.example/realm/").unwrap();
    let document = Json::parse(&document_text().to_string()).unwrap();
    let error = ProviderMetadata::from_json(&document, &slashed).unwrap_err();
    assert!(
        error
            .what_was_expected()
            .contains("without its terminating slash"),
        "{error}"
    );
}

#[test]
fn a_document_without_an_issuer_is_nobodys() {
    for (document, came) in [
        (read_without("issuer"), "none"),
        (read_with("issuer", json!(1)), "a number"),
        (read_with("issuer", Value::Null), "null"),
    ] {
        let error = document.unwrap_err();
        assert_eq!(
            (error.code(), error.what_came()),
            (ErrorCode::MetadataInvalid, came)
        );
    }
}

#[test]
fn required_endpoints_are_secure_urls_without_fragment() {
    // RFC 6749 3.1, 3.2
    for name in [AUTHORIZATION, TOKEN] {
        for (bad, came) in [
            (json!("http://id.example/x"), "an http URL"),
            (json!("https://id.example/x#"), "a URL with a fragment"),
            (
                json!("/x"),
                "something that does not start with https:// or http://",
            ),
            (
                json!("https://u@id.example/"),
                "a URL with user information before the host",
            ),
            (json!(7), "a number"),
            (Value::Null, "null"),
        ] {
            let error = read_with(name, bad).unwrap_err();
            assert_eq!(
                (error.code(), error.what_came()),
                (ErrorCode::MetadataInvalid, came)
            );
            assert_eq!(error.phase(), Phase::Discovery);
            assert!(error.what_was_expected().starts_with(name), "{error}");
        }
        assert_eq!(read_without(name).unwrap_err().what_came(), "none");
        assert!(read_with(name, json!("http://localhost:9000/x?y=1")).is_ok());
    }
}

#[test]
fn optional_endpoints_that_cannot_be_used_are_absent() {
    for (name, get) in OPTIONAL {
        for bad in [
            json!("http://id.example/x"),
            json!("https://id.example/x#y"),
            json!("x"),
            json!(1),
            Value::Null,
        ] {
            let metadata = read_with(name, bad).unwrap();
            assert_eq!(get(&metadata), None, "{name}");
            let others = OPTIONAL
                .iter()
                .filter(|(_, get)| get(&metadata).is_some())
                .count();
            assert_eq!(others, OPTIONAL.len() - 1, "{name}");
        }
        assert_eq!(get(&read_without(name).unwrap()), None, "{name}");
        assert!(get(&read_with(name, json!("http://127.0.0.1/x")).unwrap()).is_some());
    }
    assert!(read_without(JWKS).unwrap().jwks_request().is_none());
}

#[test]
fn odd_values_do_not_stop_a_sign_in() {
    for odd in [
        json!("true"),
        json!(1),
        json!([]),
        json!({}),
        Value::Null,
        json!(false),
    ] {
        assert!(
            !read_with(REQUIRE_PAR, odd.clone())
                .unwrap()
                .require_pushed_authorization_requests()
        );
        assert!(
            !read_with(ISS, odd)
                .unwrap()
                .authorization_response_iss_parameter_supported()
        );
    }
    for odd in [
        json!("ES256"),
        json!(1),
        json!([]),
        json!([1, null, "", {}]),
        Value::Null,
    ] {
        let metadata = read_with(ID_TOKEN_ALGS, odd.clone()).unwrap();
        assert_eq!(
            metadata.id_token_signing_alg_values_supported(),
            None,
            "{odd}"
        );
        let metadata = read_with(DPOP_ALGS, odd.clone()).unwrap();
        assert_eq!(metadata.dpop_signing_alg_values_supported(), None, "{odd}");
    }
    let mixed = read_with(ID_TOKEN_ALGS, json!([1, "ES256", null])).unwrap();
    assert_eq!(
        mixed.id_token_signing_alg_values_supported().unwrap(),
        ["ES256"]
    );
    let bare = json!({
        "issuer": "https://id.example/realm",
        "authorization_endpoint": "https://a",
        "token_endpoint": "https://b",
    });
    assert!(read(&bare).is_ok());
}

#[test]
fn lists_are_bounded() {
    let name = |len: usize| "x".repeat(len);
    let metadata = read_with(ID_TOKEN_ALGS, json!([name(64), name(65)])).unwrap();
    assert_eq!(
        metadata.id_token_signing_alg_values_supported().unwrap(),
        [name(64)]
    );
    let many: Vec<_> = (0..65).map(|n| n.to_string()).collect();
    let metadata = read_with(ID_TOKEN_ALGS, json!(many)).unwrap();
    assert_eq!(
        metadata
            .id_token_signing_alg_values_supported()
            .unwrap()
            .len(),
        64
    );
}

#[test]
fn an_answer_is_judged_whole() {
    let answer = |status: u16, body: &str| {
        Ok(HttpResponse {
            status,
            content_type: Some("application/json;charset=UTF-8".into()),
            retry_after: None,
            body: Body(body.as_bytes().to_vec()),
        })
    };
    let judge = |exchange| ProviderMetadata::judge(&exchange, &issuer());
    let text = document_text().to_string();
    assert_eq!(
        judge(answer(200, &text)).unwrap(),
        read(&document_text()).unwrap()
    );
    for (exchange, code) in [
        (answer(404, &text), ErrorCode::UnexpectedStatus),
        (answer(503, &text), ErrorCode::ServiceUnavailable),
        (answer(200, "<html>"), ErrorCode::InvalidJson),
        (answer(200, "{}"), ErrorCode::MetadataInvalid),
        (
            Err(TransportFault::Network { online: true }),
            ErrorCode::NetworkError,
        ),
    ] {
        let error = judge(exchange).unwrap_err();
        assert_eq!((error.code(), error.phase()), (code, Phase::Discovery));
    }
}

#[test]
fn a_snapshot_is_restored_with_the_checks_of_the_first_time() {
    let whole = read(&document_text()).unwrap();
    assert_eq!(
        ProviderMetadata::restore(&whole.to_json()),
        Some(whole.clone())
    );
    let bare = json!({"issuer": "https://id.example/realm", "authorization_endpoint": "https://a", "token_endpoint": "https://b"});
    let bare = read(&bare).unwrap();
    assert_eq!(ProviderMetadata::restore(&bare.to_json()), Some(bare));
    let snapshot = Json::parse(&whole.to_json()).unwrap();
    assert_eq!(
        ProviderMetadata::from_snapshot(&snapshot),
        Some(whole.clone())
    );
    for damaged in [
        "",
        "{}",
        "null",
        &whole
            .to_json()
            .replace("https://token.example", "http://token.example"),
        &whole
            .to_json()
            .replace("https://id.example/realm\"", "http://id.example/realm\""),
    ] {
        assert_eq!(ProviderMetadata::restore(damaged), None, "{damaged}");
    }
}

proptest! {
    #[test]
    fn no_document_makes_it_panic_and_every_snapshot_is_restored(
        endpoint in "(https?://)?[a-z.:@]{0,9}(/[a-z%.#?]{0,5}){0,2}",
        flag in any::<bool>(),
        list in prop::collection::vec("\\PC{0,9}", 0..5),
    ) {
        let mut document = document_text();
        for (name, _) in ENDPOINTS {
            document[*name] = json!(endpoint);
        }
        for name in FLAGS {
            document[*name] = json!(flag);
        }
        for name in LISTS {
            document[*name] = json!(list);
        }
        if let Ok(metadata) = read(&document) {
            prop_assert_eq!(ProviderMetadata::restore(&metadata.to_json()), Some(metadata));
        }
    }
}
