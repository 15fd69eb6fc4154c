use super::*;

#[test]
fn addresses_of_apis_and_controls_are_secure() {
    for key in ["resource_api", "demo_controls"] {
        assert!(parse(&block_with(key, json!("https://api.example/x?y=1"))).is_ok());
        assert!(parse(&block_with(key, json!("http://127.0.0.1:9001/x"))).is_ok());
        assert_refused(
            &block_with(key, json!("http://api.example/x")),
            "config_insecure_url",
            key,
        );
        for bad in [
            "",
            "/api/me",
            "https://api.example/#x",
            "https://u@api.example/",
            "wss://api.example/",
        ] {
            assert_refused(&block_with(key, json!(bad)), "config_invalid_value", key);
        }
    }
    assert_refused(
        &block_with("resource_api", json!("https://a/x%2Fy")),
        "config_invalid_value",
        "resource_api",
    );
    let apis = |url: &str| block_with("apis", json!([{"url": "https://a/"}, {"url": url}]));
    assert!(parse(&apis("https://a/b")).is_ok());
    assert_refused(&apis("http://b/"), "config_insecure_url", "apis[1].url");
    for bad in [
        "https://a/b?x",
        "https://a/b?",
        "https://a/b#x",
        "https://a/b%2fc",
        "https://a/b%5Cc",
        "b",
    ] {
        assert_refused(&apis(bad), "config_invalid_value", "apis[1].url");
    }
    assert_refused(
        &block_with("apis", json!([{"url": "https://a/", "resource": "x"}])),
        "config_invalid_value",
        "apis[0].resource",
    );
    assert_refused(
        &block_with("apis", json!([{"url": "https://a/", "scope": ""}])),
        "config_invalid_value",
        "apis[0].scope",
    );
}

#[test]
fn apis_have_urls_of_their_own_and_may_say_more_about_the_resource_api() {
    for again in ["https://a/b", "https://A:443/b/"] {
        let apis = json!([{"url": "https://a/b"}, {"url": "https://a"}, {"url": again}]);
        assert_refused(
            &block_with("apis", apis),
            "config_invalid_value",
            "apis[2].url",
        );
    }
    let apis = json!([{"url": "http://localhost:9001/api/me", "scope": "me"}]);
    let config = parse(&block_with("apis", apis)).unwrap();
    let [entry] = config.apis().entries() else {
        panic!("one entry")
    };
    assert_eq!(entry.scope().map(Scope::as_str), Some("me"));
    let many = |count: usize| {
        let list: Vec<_> = (0..count)
            .map(|n| json!({"url": format!("https://a/{n}")}))
            .collect();
        block_with("apis", json!(list))
    };
    assert_eq!(parse(&many(64)).unwrap().apis().entries().len(), 65);
    assert_refused(&many(65), "config_invalid_value", "apis[64].url");
}

#[test]
fn limits_of_the_session_are_from_one_second_to_ten_years() {
    for key in ["idle_limit_seconds", "max_age_seconds"] {
        for good in [1, 315_360_000] {
            assert!(parse(&block_with("session", json!({key: good}))).is_ok());
        }
        for bad in [0, -1, i64::MIN, 315_360_001, i64::MAX] {
            assert_refused(
                &block_with("session", json!({key: bad})),
                "config_invalid_value",
                &format!("session.{key}"),
            );
        }
    }
    let options = SessionOptions::default().with_share_across_tabs(false);
    let options = options
        .with_idle_limit_seconds(60)
        .unwrap()
        .with_max_age_seconds(70)
        .unwrap();
    assert!(!options.share_across_tabs());
    assert_eq!(options.idle_limit(), Some(Duration::from_secs(60)));
    assert_eq!(options.max_age(), Some(Duration::from_secs(70)));
}
