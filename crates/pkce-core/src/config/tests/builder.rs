use super::*;

#[test]
fn code_builds_what_json_says() {
    let built = ProviderConfig::builder("local", "http://localhost:9000", "demo-spa")
        .name("Local demo")
        .redirect_uri("/cb")
        .post_logout_redirect_uri("/bye")
        .scope("openid email")
        .resource("urn:a")
        .userinfo(true)
        .dpop(DpopMode::Off)
        .par(ParMode::Auto)
        .authorization_param("prompt", "login")
        .metadata(Json::parse(&metadata::by_hand().to_string()).unwrap())
        .build(&page())
        .unwrap();
    let mut json = provider();
    for (key, value) in [
        ("redirect_uri", json!("/cb")),
        ("post_logout_redirect_uri", json!("/bye")),
        ("scope", json!("openid email")),
        ("resource", json!(["urn:a"])),
        ("userinfo", json!(true)),
        ("dpop", json!("off")),
        ("par", json!("auto")),
        ("authorization_params", json!({"prompt": "login"})),
        ("metadata", metadata::by_hand()),
    ] {
        json[key] = value;
    }
    assert_eq!(built, accepted(json));
    let plain = ProviderConfig::builder("local", "https://a", "c")
        .build(&page())
        .unwrap();
    assert_eq!(plain.name(), "local");
}

#[test]
fn code_is_held_to_the_same_rules() {
    let builder = || ProviderConfig::builder("local", "https://a", "c");
    for (wrong, code, key) in [
        (
            ProviderConfig::builder("A", "https://a", "c"),
            "config_invalid_value",
            "id",
        ),
        (
            ProviderConfig::builder("a", "http://a", "c"),
            "config_insecure_url",
            "issuer",
        ),
        (
            ProviderConfig::builder("a", "https://a", ""),
            "config_invalid_value",
            "client_id",
        ),
        (builder().name(""), "config_invalid_value", "name"),
        (
            builder().redirect_uri("//evil"),
            "config_invalid_value",
            "redirect_uri",
        ),
        (builder().scope("email"), "config_invalid_value", "scope"),
        (
            builder().resource("x"),
            "config_invalid_value",
            "resource[0]",
        ),
        (
            builder().dpop(DpopMode::Require),
            "config_unsupported",
            "dpop",
        ),
        (builder().par(ParMode::Require), "config_unsupported", "par"),
        (
            builder().authorization_param("state", "x"),
            "config_reserved_parameter",
            "authorization_params.state",
        ),
        (
            builder().metadata(Json::Null),
            "config_wrong_type",
            "metadata",
        ),
    ] {
        assert_eq!(
            fault_of(&wrong.build(&page()).unwrap_err()),
            (code, key.to_owned())
        );
    }
    let provider = builder().build(&page()).unwrap();
    let config = Config::new(vec![provider.clone()]).unwrap();
    let config = config
        .with_api(ApiEntry::new("https://api.example/").unwrap())
        .unwrap();
    assert_eq!(config.apis().entries().len(), 1);
    let config = config.with_session(SessionOptions::default().with_share_across_tabs(false));
    assert!(!config.session().share_across_tabs());
    assert!(
        config
            .with_api(ApiEntry::new("https://api.example").unwrap())
            .is_err()
    );
    assert!(Config::new(Vec::new()).is_err());
    let twice = Config::new(vec![provider.clone(), provider]).unwrap_err();
    assert_eq!(
        fault_of(&twice),
        ("config_duplicate_id", "providers[1].id".to_owned())
    );
}
