//! Rules 8 to 10: the provider's metadata and its keys' address; HttpUrl, on which they stand.

use crate::support::page::{Page, config};
use crate::support::{
    ISSUER, answer, begin, client, code, document, judge_metadata, response, url,
};
use pkce_core::ErrorCode;
use pkce_core::config::Issuer;
use pkce_core::http::{Exchange, Method, TransportFault};
use pkce_core::metadata::{ProviderMetadata, discovery_request};
use pkce_core::url::{HttpUrl, UrlFault};
use serde_json::{Value, json};

fn judge_for(configured: &str, document: &Value) -> Result<(), ErrorCode> {
    let issuer = Issuer::parse(configured).unwrap();
    code(ProviderMetadata::judge(&answer(200, document), &issuer))
}

/// Rule 8: RFC 8414 3.3, Discovery 4.3.
#[test]
fn the_issuer_is_compared_character_by_character() {
    for issuer in [
        "https://id.example",
        "https://id.example/",
        "https://id.example:443",
        "https://ID.example",
        "https://id.example/realms/a",
        "https://id.example/realms/a/",
        "https://id.example//a",
        "http://localhost:9000",
    ] {
        let document = document(|document| document["issuer"] = json!(issuer));
        assert_eq!(judge_for(issuer, &document), Ok(()), "{issuer}");
    }
    for (configured, came) in [
        ("https://id.example", "https://id.example/"),
        ("https://id.example/", "https://id.example"),
        ("https://id.example", "https://id.example:443"),
        ("https://id.example:443", "https://id.example"),
        ("https://id.example", "https://ID.example"),
        ("https://id.example", "http://id.example"),
        ("https://id.example/a", "https://id.example/A"),
        ("https://id.example/a", "https://id.example/%61"),
        ("https://id.example", "https://id.example.evil"),
        ("https://id.example", " https://id.example"),
        ("https://id.example", "https://id.example\u{0}"),
        ("https://id.example", ""),
        // Entra's template is no issuer (OpenID Discovery 4.3).
        ("https://id.example/common", "https://id.example/{tenantid}"),
    ] {
        let document = document(|document| document["issuer"] = json!(came));
        assert_eq!(
            judge_for(configured, &document),
            Err(ErrorCode::IssuerMismatch),
            "{configured} {came}"
        );
    }
    for came in [json!(null), json!(5), json!([ISSUER]), json!({})] {
        let document = document(|document| document["issuer"] = came.clone());
        assert_eq!(
            judge_for(ISSUER, &document),
            Err(ErrorCode::MetadataInvalid),
            "{came}"
        );
    }
}

/// Rule 8: Discovery 4.1. One terminating slash goes, to build the address and for nothing else.
#[test]
fn the_well_known_address_is_built_below_the_issuer() {
    for (issuer, address) in [
        (
            "https://id.example",
            "https://id.example/.well-known/openid-configuration",
        ),
        (
            "https://id.example/",
            "https://id.example/.well-known/openid-configuration",
        ),
        (
            "https://id.example/a/b",
            "https://id.example/a/b/.well-known/openid-configuration",
        ),
        (
            "https://id.example/a/",
            "https://id.example/a/.well-known/openid-configuration",
        ),
        (
            "https://id.example//",
            "https://id.example//.well-known/openid-configuration",
        ),
    ] {
        let issuer = Issuer::parse(issuer).unwrap();
        let request = discovery_request(&issuer);
        assert_eq!(request.url.as_str(), address);
        assert_eq!(request.method, Method::Get);
        assert!(request.authorization.is_none() && request.form.is_none());
    }
}

/// Rule 9: RFC 8414 2, Discovery 3, RFC 8252 8.3.
#[test]
fn an_issuer_is_https_or_loopback_without_query_and_fragment() {
    for good in [
        "https://id.example",
        "https://id.example:8443/a",
        "http://localhost",
        "http://localhost:9000/",
        "http://a.localhost:9000",
        "http://127.0.0.1:9000",
        "http://127.255.0.1",
        "http://[::1]:9000",
        "https://[2001:db8::1]",
    ] {
        assert!(Issuer::parse(good).is_ok(), "{good}");
    }
    for (bad, expected) in [
        ("http://id.example", ErrorCode::ConfigInsecureUrl),
        ("http://localhost.evil", ErrorCode::ConfigInsecureUrl),
        ("http://127.0.0.1.evil", ErrorCode::ConfigInsecureUrl),
        ("http://128.0.0.1", ErrorCode::ConfigInsecureUrl),
        ("http://0.0.0.0", ErrorCode::ConfigInsecureUrl),
        ("http://10.0.0.1", ErrorCode::ConfigInsecureUrl),
        ("http://[::]", ErrorCode::ConfigInsecureUrl),
        ("http://[fe80::1]", ErrorCode::ConfigInsecureUrl),
        ("http://[::ffff:127.0.0.1]", ErrorCode::ConfigInvalidValue),
        ("http://[::ffff:7f00:1]", ErrorCode::ConfigInvalidValue),
        ("http://localhost.", ErrorCode::ConfigInvalidValue),
        ("http://2130706433", ErrorCode::ConfigInvalidValue),
        ("http://0x7f000001", ErrorCode::ConfigInvalidValue),
        ("http://127.1", ErrorCode::ConfigInvalidValue),
        ("http://0177.0.0.1", ErrorCode::ConfigInvalidValue),
        (
            "http://localhost@evil.example",
            ErrorCode::ConfigInvalidValue,
        ),
        (
            "http://localhost\\.evil.example",
            ErrorCode::ConfigInvalidValue,
        ),
        (
            "http://localhost%00.evil.example",
            ErrorCode::ConfigInvalidValue,
        ),
        ("https://id.example?x", ErrorCode::ConfigInvalidValue),
        ("https://id.example/#", ErrorCode::ConfigInvalidValue),
        ("https://user:pw@id.example", ErrorCode::ConfigInvalidValue),
        ("https://id.example/a/..", ErrorCode::ConfigInvalidValue),
        ("HTTPS://id.example", ErrorCode::ConfigInvalidValue),
        ("ftp://id.example", ErrorCode::ConfigInvalidValue),
        ("id.example", ErrorCode::ConfigInvalidValue),
        ("", ErrorCode::ConfigInvalidValue),
    ] {
        assert_eq!(code(Issuer::parse(bad)), Err(expected), "{bad}");
    }
}

/// Rule 9: a browser writes an IPv4-mapped address in another way, so neither form is accepted.
#[test]
fn a_host_is_accepted_only_in_the_form_that_browsers_keep() {
    for good in [
        "https://[::1]",
        "https://[2001:DB8::1]",
        "https://127.0.0.1",
    ] {
        let ours = HttpUrl::parse(good).unwrap();
        let theirs = ::url::Url::parse(good).unwrap();
        assert_eq!(ours.host(), theirs.host_str().unwrap());
    }
    for bad in [
        "https://[::ffff:127.0.0.1]",
        "https://[::127.0.0.1]",
        "https://[0:0::1]",
        "https://[::01]",
        "https://[1::2:0:0:0:3]",
        "https://[::1%25eth0]",
        "https://[v1.a]",
        "https://[]",
    ] {
        assert_eq!(HttpUrl::parse(bad), Err(UrlFault::Host), "{bad}");
    }
}

/// Rule 9: RFC 6749 3.1 and 3.2, Discovery 3. What a sign-in needs has to be right.
#[test]
fn a_needed_endpoint_that_is_wrong_stops_the_sign_in() {
    let with = |name: &str, value: Value| {
        judge_metadata(&document(|document| document[name] = value)).map(drop)
    };
    for name in ["authorization_endpoint", "token_endpoint"] {
        for good in [
            "https://other.example/x",
            "https://id.example//x",
            "https://id.example/x?y=1",
            "https://id.example:444/x",
            "http://localhost:9000/x",
        ] {
            assert_eq!(with(name, json!(good)), Ok(()), "{name} {good}");
        }
        for bad in [
            json!(null),
            json!(""),
            json!(7),
            json!(["https://id.example/x"]),
            json!("/authorize"),
            json!("http://id.example/x"),
            json!("https://id.example/x#"),
            json!("https://user@id.example/x"),
            json!("https://id.example/a/../x"),
            json!("javascript:alert(1)"),
            json!("data:text/html,x"),
            json!("https://id.example/x\r\nX-Y: z"),
        ] {
            assert_eq!(
                with(name, bad.clone()),
                Err(ErrorCode::MetadataInvalid),
                "{name} {bad}"
            );
        }
    }
}

/// Rule 10: RFC 8414 2. What is optional and odd is as good as absent.
#[test]
fn odd_or_missing_metadata_does_not_stop_a_sign_in() {
    for name in [
        "jwks_uri",
        "userinfo_endpoint",
        "revocation_endpoint",
        "end_session_endpoint",
        "pushed_authorization_request_endpoint",
        "code_challenge_methods_supported",
        "grant_types_supported",
        "response_types_supported",
        "token_endpoint_auth_methods_supported",
        "id_token_signing_alg_values_supported",
        "dpop_signing_alg_values_supported",
        "require_pushed_authorization_requests",
        "authorization_response_iss_parameter_supported",
        "scopes_supported",
        "something_new",
    ] {
        for odd in [
            json!(null),
            json!(5),
            json!(""),
            json!([]),
            json!([null, 5]),
            json!({}),
            json!("http://id.example/insecure"),
            json!("not a url"),
            json!("true"),
            json!(["HS256", "none"]),
            json!(["client_secret_basic"]),
        ] {
            let metadata = judge_metadata(&document(|document| document[name] = odd.clone()));
            let metadata = metadata.unwrap_or_else(|code| panic!("{name} {odd}: {code}"));
            begin(&client(), &metadata);
            assert!(!metadata.authorization_response_iss_parameter_supported());
        }
    }
}

/// Rule 10, with the words of the standards in their right types.
#[test]
fn what_is_right_in_the_metadata_is_read() {
    let metadata = judge_metadata(&document(|document| {
        document["revocation_endpoint"] = json!("https://id.example/revoke");
        document["userinfo_endpoint"] = json!("https://id.example/userinfo");
        document["end_session_endpoint"] = json!("https://id.example/logout?x=1");
        document["authorization_response_iss_parameter_supported"] = json!(true);
        document["id_token_signing_alg_values_supported"] = json!(["RS256", 5, "EdDSA"]);
    }))
    .unwrap();
    let seen = |url: Option<&HttpUrl>| url.map(HttpUrl::as_str).map(str::to_owned);
    assert_eq!(
        seen(metadata.revocation_endpoint()).as_deref(),
        Some("https://id.example/revoke")
    );
    assert_eq!(
        seen(metadata.userinfo_endpoint()).as_deref(),
        Some("https://id.example/userinfo")
    );
    assert_eq!(
        seen(metadata.end_session_endpoint()).as_deref(),
        Some("https://id.example/logout?x=1")
    );
    assert!(metadata.authorization_response_iss_parameter_supported());
    assert_eq!(
        metadata.id_token_signing_alg_values_supported(),
        Some(&["RS256".to_owned(), "EdDSA".to_owned()][..])
    );
    assert_eq!(
        ProviderMetadata::restore(&metadata.to_json()),
        Some(metadata)
    );
}

/// Discovery 4.2, RFC 8259 4: the answer itself.
#[test]
fn a_discovery_answer_is_a_json_object_with_status_200() {
    let text = document(|_| ()).to_string();
    let issuer = Issuer::parse(ISSUER).unwrap();
    let judge = |exchange: Exchange| code(ProviderMetadata::judge(&exchange, &issuer));
    for content_type in ["application/json", "application/json;charset=UTF-8"] {
        assert_eq!(judge(Ok(response(200, content_type, &text))), Ok(()));
    }
    let repeated = text.replacen('{', r#"{"\u0069ssuer":"https://evil.example","#, 1);
    for (exchange, expected) in [
        (
            Ok(response(200, "text/html", &text)),
            ErrorCode::UnexpectedContentType,
        ),
        (
            Ok(response(200, "application/json", "[]")),
            ErrorCode::InvalidJson,
        ),
        (
            Ok(response(200, "application/json", "")),
            ErrorCode::InvalidJson,
        ),
        (
            Ok(response(200, "application/json", &text[..40])),
            ErrorCode::InvalidJson,
        ),
        (
            Ok(response(200, "application/json", &repeated)),
            ErrorCode::InvalidJson,
        ),
        (
            Ok(response(404, "application/json", &text)),
            ErrorCode::UnexpectedStatus,
        ),
        (
            Ok(response(503, "text/html", "")),
            ErrorCode::ServiceUnavailable,
        ),
        (
            Err(TransportFault::Network { online: true }),
            ErrorCode::NetworkError,
        ),
        (Err(TransportFault::Timeout), ErrorCode::Timeout),
        (Err(TransportFault::TooLarge), ErrorCode::ResponseTooLarge),
    ] {
        assert_eq!(judge(exchange), Err(expected));
    }
}

/// RFC 6454 4 and 6.2: what is one origin, and what is not.
#[test]
fn an_origin_is_scheme_host_and_port() {
    for (a, b) in [
        ("https://a.example", "https://A.example:443/x?y"),
        ("http://localhost", "http://LOCALHOST:80"),
        ("https://[2001:db8::1]", "https://[2001:DB8::1]:443/"),
    ] {
        assert!(url(a).same_origin(&url(b)), "{a} {b}");
        assert_eq!(url(a).origin(), url(b).origin());
    }
    for (a, b) in [
        ("https://a.example", "http://a.example:443"),
        ("https://a.example", "https://a.example:80"),
        ("https://a.example", "https://b.a.example"),
        ("http://localhost:1", "http://127.0.0.1:1"),
    ] {
        assert!(!url(a).same_origin(&url(b)), "{a} {b}");
        assert_ne!(url(a).origin(), url(b).origin());
    }
}

/// Rule 10: a refresh token that came is used, whatever `grant_types_supported` says.
#[test]
fn a_refresh_token_is_used_though_the_metadata_does_not_announce_it() {
    let by_hand = document(|document| {
        document["grant_types_supported"] = json!(["authorization_code"]);
        document["token_endpoint_auth_methods_supported"] = json!(["client_secret_basic"]);
        document["code_challenge_methods_supported"] = json!([]);
    });
    let mut page = Page::with(config(|config| {
        config["providers"][0]["metadata"] = by_hand
    }));
    page.sign_in();
    page.seconds(5);
    page.refresh();
    let tokens = page.tokens(1);
    page.reply("/token", answer(200, &tokens));
    assert_eq!(page.shown().generation, 1);
}
