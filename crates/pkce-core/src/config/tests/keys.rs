use super::*;

#[test]
fn a_text_that_is_no_json_object_is_refused_with_its_place() {
    for (text, came) in [
        ("", "a text that ends too soon, line 1 column 0"),
        (
            "{\"providers\": [",
            "a text that ends too soon, line 1 column 15",
        ),
        ("{\n  \"a\": 1,\n}", "a syntax error, line 3 column 1"),
        ("<!-- -->", "a syntax error, line 1 column 1"),
        ("[]", "an array"),
        ("null", "null"),
    ] {
        let error = PageConfig::parse(text, &page()).unwrap_err();
        assert_eq!(
            fault_of(&error),
            ("config_invalid_json", "the configuration".to_owned())
        );
        assert_eq!(error.what_came(), came, "{text}");
    }
    let twice = "{\n\"resource_api\": \"https://a/\",\n\"resource_api\": \"https://b/\"\n}";
    let error = PageConfig::parse(twice, &page()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConfigInvalidJson);
    assert!(
        error
            .what_came()
            .starts_with("a key that is there twice in one object, line 4")
    );
}

#[test]
fn the_text_may_be_64_kb_and_no_more() {
    let padded = |len: usize| format!("{EXAMPLE}{}", " ".repeat(len - EXAMPLE.len()));
    assert!(PageConfig::parse(&padded(TEXT_LIMIT), &page()).is_ok());
    let error = PageConfig::parse(&padded(TEXT_LIMIT + 1), &page()).unwrap_err();
    assert_eq!(
        fault_of(&error),
        ("config_invalid_value", "the configuration".to_owned())
    );
    assert_eq!(error.what_came(), "65537");
}

#[test]
fn a_missing_key_is_named() {
    for key in ["providers", "resource_api"] {
        let mut block = block_of(provider());
        block.as_object_mut().unwrap().remove(key);
        assert_refused(&block, "config_missing_key", key);
    }
    for key in ["id", "name", "issuer", "client_id"] {
        let mut provider = provider();
        provider.as_object_mut().unwrap().remove(key);
        assert_refused(
            &block_of(provider),
            "config_missing_key",
            &format!("providers[0].{key}"),
        );
    }
    assert_refused(
        &block_with("apis", json!([{"scope": "a"}])),
        "config_missing_key",
        "apis[0].url",
    );
    let error = parse(&json!({"resource_api": "https://a/"})).unwrap_err();
    assert_eq!(error.what_came(), "no key providers");
}

#[test]
fn an_unknown_key_is_named_and_the_nearest_known_one_suggested() {
    for (block, place, came, hint) in [
        (
            block_with("resource_apis", json!(1)),
            "the configuration",
            "\"resource_apis\"",
            "did you mean resource_api?",
        ),
        (
            block_with("debug", json!(1)),
            "the configuration",
            "\"debug\"",
            "one of the keys providers, resource_api, apis, session, demo_controls",
        ),
        (
            block_of(provider_with("clientId", json!("x"))),
            "providers[0]",
            "\"providers[0].clientId\"",
            "did you mean client_id?",
        ),
        (
            block_of(provider_with("redirect_url", json!("/x"))),
            "providers[0]",
            "\"providers[0].redirect_url\"",
            "did you mean redirect_uri?",
        ),
        (
            block_with("session", json!({"idle_limit": 1})),
            "session",
            "\"session.idle_limit\"",
            "one of the keys share_across_tabs",
        ),
        (
            block_with("session", json!({"max_age_second": 1})),
            "session",
            "\"session.max_age_second\"",
            "did you mean max_age_seconds?",
        ),
        (
            block_with("apis", json!([{"uri": "https://a/"}])),
            "apis[0]",
            "\"apis[0].uri\"",
            "did you mean url?",
        ),
    ] {
        assert_refused(&block, "config_unknown_key", place);
        let error = parse(&block).unwrap_err();
        assert_eq!(error.what_came(), format!("the unknown key {came}"));
        assert!(error.what_was_expected().contains(hint), "{error}");
    }
}

#[test]
fn a_client_secret_is_refused_wherever_it_stands_and_never_quoted() {
    // RFC 6749 2.1, RFC 10017 6.3.3.1
    let mut apis = block_with(
        "apis",
        json!([{"url": "https://a/", "client_secret": "canary"}]),
    );
    for (block, key) in [
        (
            block_of(provider_with("client_secret", json!("canary"))),
            "providers[0].client_secret",
        ),
        (
            block_of(provider_with("clientSecret", json!("canary"))),
            "providers[0].client_secret",
        ),
        (
            block_of(provider_with("client_secret", Value::Null)),
            "providers[0].client_secret",
        ),
        (
            block_with("client_secret", json!("canary")),
            "client_secret",
        ),
        (apis.take(), "apis[0].client_secret"),
    ] {
        assert_refused(&block, "config_client_secret", key);
        let error = parse(&block).unwrap_err();
        assert!(
            error.what_was_expected().contains("can keep no secret"),
            "{error}"
        );
        assert_eq!(error.what_came(), key);
    }
}

#[test]
fn a_value_of_the_wrong_type_is_named() {
    let not_strings = [json!(1), json!(true), Value::Null, json!([]), json!({})];
    for key in [
        "id",
        "name",
        "issuer",
        "client_id",
        "redirect_uri",
        "post_logout_redirect_uri",
        "scope",
        "dpop",
        "par",
    ] {
        for value in &not_strings {
            assert_provider_refused(key, value.clone(), "config_wrong_type", key);
        }
    }
    for key in ["resource_api", "demo_controls"] {
        for value in &not_strings {
            assert_refused(&block_with(key, value.clone()), "config_wrong_type", key);
        }
    }
    for value in [json!(1), json!("urn:a"), json!({}), Value::Null] {
        assert_provider_refused("resource", value.clone(), "config_wrong_type", "resource");
        assert_refused(
            &block_with("providers", value.clone()),
            "config_wrong_type",
            "providers",
        );
        assert_refused(&block_with("apis", value), "config_wrong_type", "apis");
    }
    for value in [json!(1), json!("x"), json!([]), json!(true)] {
        assert_provider_refused("metadata", value.clone(), "config_wrong_type", "metadata");
        assert_provider_refused(
            "authorization_params",
            value.clone(),
            "config_wrong_type",
            "authorization_params",
        );
        assert_refused(
            &block_with("session", value.clone()),
            "config_wrong_type",
            "session",
        );
        assert_refused(
            &block_with("providers", json!([value.clone()])),
            "config_wrong_type",
            "providers[0]",
        );
        assert_refused(
            &block_with("apis", json!([value])),
            "config_wrong_type",
            "apis[0]",
        );
    }
    assert_provider_refused(
        "authorization_params",
        Value::Null,
        "config_wrong_type",
        "authorization_params",
    );
    for value in [json!("true"), json!(1), Value::Null] {
        assert_provider_refused("userinfo", value.clone(), "config_wrong_type", "userinfo");
        assert_refused(
            &block_with("session", json!({"share_across_tabs": value})),
            "config_wrong_type",
            "session.share_across_tabs",
        );
    }
    assert_provider_refused(
        "resource",
        json!(["urn:a", 1]),
        "config_wrong_type",
        "resource[1]",
    );
    for key in ["idle_limit_seconds", "max_age_seconds"] {
        for value in [json!("60"), json!(1.5), json!(true)] {
            assert_refused(
                &block_with("session", json!({key: value})),
                "config_wrong_type",
                &format!("session.{key}"),
            );
        }
        assert!(parse(&block_with("session", json!({key: null}))).is_ok());
    }
    for key in ["url", "resource", "scope"] {
        let mut entry = json!({"url": "https://a/"});
        entry[key] = json!(1);
        assert_refused(
            &block_with("apis", json!([entry])),
            "config_wrong_type",
            &format!("apis[0].{key}"),
        );
    }
    let error = parse(&block_of(provider_with(
        "authorization_params",
        json!({"max_age": 300}),
    )))
    .unwrap_err();
    assert_eq!(error.what_came(), "a number under the name max_age");
}

#[test]
fn the_first_error_wins_keys_before_values() {
    let mut provider = provider_with("id", json!("NOT AN ID"));
    provider["issuer"] = json!(1);
    provider["scope"] = json!(1);
    assert_refused(
        &block_of(provider.clone()),
        "config_wrong_type",
        "providers[0].issuer",
    );
    provider["issuer"] = json!("http://insecure.example");
    provider["scope"] = json!("profile");
    assert_refused(
        &block_of(provider.clone()),
        "config_invalid_value",
        "providers[0].id",
    );
    provider["id"] = json!("ok");
    assert_refused(
        &block_of(provider.clone()),
        "config_insecure_url",
        "providers[0].issuer",
    );
    // Two texts of one content in another order say the same.
    let one = r#"{"providers": 1, "resource_api": 1}"#;
    let other = r#"{"resource_api": 1, "providers": 1}"#;
    assert_eq!(
        PageConfig::parse(one, &page()),
        PageConfig::parse(other, &page())
    );
}
