use super::*;

#[test]
fn an_id_is_lower_case_letters_digits_and_hyphens() {
    for good in ["a", "z", "0", "9", "-", "local-2"] {
        assert_eq!(
            accepted(provider_with("id", json!(good))).id().as_str(),
            good
        );
        assert!(ProviderId::parse(good).is_ok());
    }
    for bad in ["", "A", "a_b", "a b", "a.b", "é", "a\n", "`", "{", "/", ":"] {
        assert_provider_refused("id", json!(bad), "config_invalid_value", "id");
        assert!(ProviderId::parse(bad).is_err());
    }
}

#[test]
fn a_name_is_text_that_can_be_seen() {
    for good in ["A", "구글로 계속하기", " x "] {
        assert_eq!(accepted(provider_with("name", json!(good))).name(), good);
    }
    for bad in ["", "  ", "\u{3000}", "a\nb", "a\u{7}"] {
        assert_provider_refused("name", json!(bad), "config_invalid_value", "name");
    }
}

#[test]
fn an_issuer_is_a_secure_url_without_query_and_fragment() {
    // RFC 8414 2, Discovery 3
    for good in [
        "https://a",
        "https://a/",
        "https://a/b//c",
        "http://localhost:9000",
        "http://127.0.0.1/",
        "http://[::1]:9000",
    ] {
        assert_eq!(
            accepted(provider_with("issuer", json!(good)))
                .issuer()
                .as_str(),
            good
        );
    }
    for bad in [
        "",
        "a",
        "/",
        "ftp://a",
        "https://",
        "https://a?",
        "https://a/?x",
        "https://a#",
        "https://a/#x",
        "https://u@a/",
        "https://a/../b",
        " https://a",
        "https://a ",
    ] {
        assert_provider_refused("issuer", json!(bad), "config_invalid_value", "issuer");
    }
    for bad in ["http://a", "http://192.168.0.1", "http://localhost.example"] {
        assert_provider_refused("issuer", json!(bad), "config_insecure_url", "issuer");
    }
    let long = |len: usize| format!("https://a/{}", "x".repeat(len - 10));
    assert!(Issuer::parse(&long(Issuer::LIMIT)).is_ok());
    let error = Issuer::parse(&long(Issuer::LIMIT + 1)).unwrap_err();
    assert_eq!(
        fault_of(&error),
        ("config_invalid_value", "issuer".to_owned())
    );
}

#[test]
fn an_issuer_is_compared_as_it_was_written() {
    // RFC 8414 3.3: simple string comparison.
    let issuer = |text: &str| Issuer::parse(text).unwrap();
    assert_eq!(issuer("https://a/"), issuer("https://a/"));
    for other in ["https://a", "https://A/", "https://a:443/", "https://a//"] {
        assert_ne!(issuer("https://a/"), issuer(other));
    }
    assert_eq!(
        format!("{0} {0:?}", issuer("https://a/")),
        "https://a/ Issuer(https://a/)"
    );
}

#[test]
fn one_terminating_slash_is_left_out_of_the_discovery_url_alone() {
    // Discovery 4.1
    for (issuer, url) in [
        ("https://a", "https://a/.well-known/openid-configuration"),
        ("https://a/", "https://a/.well-known/openid-configuration"),
        (
            "https://a/b/",
            "https://a/b/.well-known/openid-configuration",
        ),
        (
            "https://a/b//",
            "https://a/b//.well-known/openid-configuration",
        ),
    ] {
        let parsed = Issuer::parse(issuer).unwrap();
        assert_eq!(
            (parsed.discovery_url().as_str(), parsed.as_str()),
            (url, issuer)
        );
    }
    assert_eq!(
        Issuer::parse("https://A:443/b").unwrap().origin(),
        "https://a"
    );
}

#[test]
fn a_client_id_is_printable_ascii() {
    // RFC 6749 appendix A.1
    for good in ["a", "~", "!", "a b", "my-app.example|7"] {
        assert_eq!(
            accepted(provider_with("client_id", json!(good)))
                .client_id()
                .as_str(),
            good
        );
        assert!(ClientId::parse(good).is_ok());
    }
    for bad in ["", " ", "a ", " a", "é", "a\u{7f}", "a\tb", "a\u{1f}"] {
        assert_provider_refused("client_id", json!(bad), "config_invalid_value", "client_id");
        assert!(ClientId::parse(bad).is_err());
    }
}

#[test]
fn the_scope_contains_openid() {
    for (text, scope) in [
        ("openid", "openid"),
        ("profile openid", "profile openid"),
        ("openid email openid email", "openid email"),
        (" openid   email ", "openid email"),
        (
            "openid !#[]~ https://api.example/x",
            "openid !#[]~ https://api.example/x",
        ),
    ] {
        assert_eq!(
            accepted(provider_with("scope", json!(text)))
                .scope()
                .as_str(),
            scope
        );
    }
    for bad in [
        "",
        " ",
        "openid \"",
        "openid a\\b",
        "openid\temail",
        "openid\nemail",
        "openid é",
        "openid \u{7f}",
    ] {
        assert_provider_refused("scope", json!(bad), "config_invalid_value", "scope");
    }
    for bad in ["profile", "OpenID", "openid2", "xopenid"] {
        assert_provider_refused("scope", json!(bad), "config_invalid_value", "scope");
        let error = parse(&block_of(provider_with("scope", json!(bad)))).unwrap_err();
        assert!(error.what_was_expected().contains("no ID token"), "{error}");
    }
}

#[test]
fn a_scope_has_at_most_256_tokens() {
    let tokens = |count: usize| {
        (0..count)
            .map(|n| n.to_string())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(Scope::parse(&tokens(256)).unwrap().iter().count(), 256);
    assert_eq!(Scope::parse(&tokens(257)), None);
    assert_eq!(Scope::parse(&"a ".repeat(10_000)).unwrap().to_string(), "a");
    let scope = Scope::parse("a b").unwrap();
    assert!(
        scope.contains("a")
            && scope.contains("b")
            && !scope.contains("a b")
            && !scope.contains("c")
    );
}

#[test]
fn a_resource_is_an_absolute_uri_without_fragment() {
    // RFC 8707 2
    for good in [
        "https://api.example/",
        "http://api.example",
        "urn:example:api",
        "a:b",
        "api+x-1.2://h?q=[1]",
        "tag:a,2026:%2F'()*;=!$&@~_",
    ] {
        assert_eq!(
            accepted(provider_with("resource", json!([good]))).resources()[0].as_str(),
            good
        );
    }
    for bad in [
        "",
        "api",
        "/api",
        "//api.example",
        ":x",
        "urn:",
        "1a:b",
        "-a:b",
        "a_b:c",
        "https://a/#",
        "https://a/#x",
        "a:b c",
        "a:é",
        "a:%",
        "a:%z1",
        "a:%1",
        "a:%1g",
        "a:\"",
        "a:<",
        "a:\\",
    ] {
        assert_provider_refused(
            "resource",
            json!(["urn:ok", bad]),
            "config_invalid_value",
            "resource[1]",
        );
    }
    let long = |len: usize| format!("urn:{}", "x".repeat(len - 4));
    assert!(Resource::parse(&long(Resource::LIMIT)).is_ok());
    assert!(Resource::parse(&long(Resource::LIMIT + 1)).is_err());
}

#[test]
fn repeated_resources_are_asked_for_once_and_32_are_the_most() {
    let provider = accepted(provider_with(
        "resource",
        json!(["urn:a", "urn:b", "urn:a"]),
    ));
    assert_eq!(provider.resources().len(), 2);
    let many = |count: usize| json!((0..count).map(|n| format!("urn:{n}")).collect::<Vec<_>>());
    assert_eq!(
        accepted(provider_with("resource", many(32)))
            .resources()
            .len(),
        32
    );
    assert_provider_refused("resource", many(33), "config_invalid_value", "resource");
}

#[test]
fn modes_are_the_documented_words() {
    assert_eq!(
        accepted(provider_with("dpop", json!("auto")))
            .dpop()
            .as_str(),
        "auto"
    );
    assert_eq!(
        accepted(provider_with("dpop", json!("off")))
            .dpop()
            .as_str(),
        "off"
    );
    assert_eq!(
        accepted(provider_with("par", json!("auto"))).par().as_str(),
        "auto"
    );
    assert_eq!(
        (DpopMode::Require.as_str(), ParMode::Require.as_str()),
        ("require", "require")
    );
    for bad in ["", "Auto", "on", "required"] {
        assert_provider_refused("dpop", json!(bad), "config_invalid_value", "dpop");
        assert_provider_refused("par", json!(bad), "config_invalid_value", "par");
    }
    assert_provider_refused("par", json!("off"), "config_invalid_value", "par");
}

#[test]
fn what_this_build_cannot_do_is_an_error_that_says_so() {
    assert_provider_refused("dpop", json!("require"), "config_unsupported", "dpop");
    assert_provider_refused("par", json!("require"), "config_unsupported", "par");
    let error = parse(&block_of(provider_with("dpop", json!("require")))).unwrap_err();
    assert!(
        error.what_was_expected().contains("bearer tokens"),
        "{error}"
    );
}

#[test]
fn a_parameter_that_the_client_sets_itself_is_reserved() {
    for name in [
        "response_type",
        "response_mode",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "code_verifier",
        "resource",
        "request",
        "request_uri",
        "registration",
        "dpop_jkt",
        "client_secret",
        "client_assertion",
        "client_assertion_type",
        "grant_type",
        "code",
        "access_token",
        "refresh_token",
        "id_token",
    ] {
        let key = format!("authorization_params.{name}");
        for spelling in [name.to_owned(), name.to_ascii_uppercase()] {
            assert_provider_refused(
                "authorization_params",
                json!({spelling: "x"}),
                "config_reserved_parameter",
                &key,
            );
        }
    }
    for name in [
        "claims",
        "audience",
        "access_type",
        "login_hint",
        "ui_locales",
        "display",
        "id_token_hint",
        "states",
    ] {
        let provider = accepted(provider_with("authorization_params", json!({name: "x"})));
        assert_eq!(provider.authorization_params().get(name), Some("x"));
    }
}

#[test]
fn typed_parameters_are_checked() {
    // Core 3.1.2.1
    let params = |name: &str, value: &str| AuthorizationParams::default().with(name, value);
    for (text, seconds) in [
        ("0", 0),
        ("300", 300),
        ("007", 7),
        ("18446744073709551615", u64::MAX),
    ] {
        assert_eq!(params("max_age", text).unwrap().max_age(), Some(seconds));
    }
    for bad in [
        "",
        "-1",
        "+1",
        "1.5",
        " 1",
        "1 ",
        "x",
        "18446744073709551616",
    ] {
        let error = params("max_age", bad).unwrap_err();
        assert_eq!(
            fault_of(&error),
            (
                "config_invalid_value",
                "authorization_params.max_age".to_owned()
            )
        );
        assert_provider_refused(
            "authorization_params",
            json!({"max_age": bad}),
            "config_invalid_value",
            "authorization_params.max_age",
        );
    }
    for name in ["prompt", "acr_values"] {
        for bad in ["", " "] {
            assert_provider_refused(
                "authorization_params",
                json!({name: bad}),
                "config_invalid_value",
                &format!("authorization_params.{name}"),
            );
        }
        assert_eq!(params(name, "none").unwrap().get(name), Some("none"));
        assert_eq!(
            params(name, "login consent").unwrap().get(name),
            Some("login consent")
        );
    }
    for bad in ["none login", "login none", "none none"] {
        assert!(params("prompt", bad).is_err(), "{bad}");
        assert!(params("acr_values", bad).is_ok(), "{bad}");
    }
    assert!(params("prompt", " none ").is_ok());
    assert!(params("login_hint", "").is_ok());
    assert_provider_refused(
        "authorization_params",
        json!({"": "x"}),
        "config_invalid_value",
        "authorization_params",
    );
}

#[test]
fn a_parameter_that_is_set_again_has_its_last_value() {
    let params = AuthorizationParams::default();
    let params = params
        .with("max_age", "5")
        .unwrap()
        .with("a", "1")
        .unwrap()
        .with("max_age", "6")
        .unwrap();
    assert_eq!(params.max_age(), Some(6));
    assert_eq!(
        params.iter().collect::<Vec<_>>(),
        [("max_age", "6"), ("a", "1")]
    );
    assert_eq!((params.prompt(), params.acr_values()), (None, None));
    let mut full = AuthorizationParams::default();
    for n in 0..AuthorizationParams::LIMIT {
        full = full.with(&format!("p{n}"), "x").unwrap();
    }
    assert_eq!(full.clone().with("p0", "y").unwrap().get("p0"), Some("y"));
    assert!(full.with("one-more", "x").is_err());
}
