mod apis;
mod builder;
mod keys;
mod metadata;
mod presets;
mod redirects;
mod values;

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::time::Duration;

fn page() -> HttpUrl {
    HttpUrl::parse("http://localhost:8080/notes?x=1#y").unwrap()
}

/// A provider with the required keys and no others.
fn provider() -> Value {
    json!({"id": "local", "name": "Local demo", "issuer": "http://localhost:9000", "client_id": "demo-spa"})
}

/// [`provider`] with one more or another key.
fn provider_with(key: &str, value: Value) -> Value {
    let mut provider = provider();
    provider[key] = value;
    provider
}

fn block_of(provider: Value) -> Value {
    json!({"providers": [provider], "resource_api": "http://localhost:9001/api/me"})
}

fn block_with(key: &str, value: Value) -> Value {
    let mut block = block_of(provider());
    block[key] = value;
    block
}

fn parse(block: &Value) -> Result<PageConfig, Error> {
    PageConfig::parse(&block.to_string(), &page())
}

fn accepted(provider: Value) -> ProviderConfig {
    parse(&block_of(provider)).unwrap().providers()[0].clone()
}

/// Code and key of the error; the key is what stands before the colon.
fn fault_of(error: &Error) -> (&'static str, String) {
    let key = error
        .what_was_expected()
        .split(": ")
        .next()
        .unwrap()
        .to_owned();
    (error.code().as_str(), key)
}

#[track_caller]
fn assert_refused(block: &Value, code: &str, key: &str) {
    let error = parse(block).expect_err("the configuration is accepted");
    assert_eq!(fault_of(&error), (leak(code), key.to_owned()), "{error}");
    let phase = if code == "insecure_context" {
        Phase::Environment
    } else {
        Phase::Configuration
    };
    assert_eq!(error.phase(), phase);
    assert!(
        error.is_configuration() && !error.what_came().is_empty(),
        "{error}"
    );
}

fn leak(text: &str) -> &'static str {
    ErrorCode::ALL
        .iter()
        .map(|code| code.as_str())
        .find(|own| *own == text)
        .unwrap()
}

#[track_caller]
fn assert_provider_refused(key: &str, value: Value, code: &str, at: &str) {
    assert_refused(
        &block_of(provider_with(key, value)),
        code,
        &format!("providers[0].{at}"),
    );
}

// The contract's own example, word for word.
const EXAMPLE: &str = r#"
{
  "providers": [
    {
      "id": "local",
      "name": "Local demo",
      "issuer": "http://localhost:9000",
      "client_id": "demo-spa",
      "redirect_uri": "/callback",
      "post_logout_redirect_uri": "/",
      "scope": "openid profile email offline_access",
      "resource": ["http://localhost:9001/"],
      "userinfo": false,
      "dpop": "auto",
      "authorization_params": {},
      "metadata": null
    }
  ],
  "resource_api": "http://localhost:9001/api/me"
}
"#;

#[test]
fn the_documented_example_is_read() {
    let config = PageConfig::parse(EXAMPLE, &page()).unwrap();
    let [provider] = config.providers() else {
        panic!("one provider")
    };
    assert_eq!(provider.id().as_str(), "local");
    assert_eq!(provider.name(), "Local demo");
    assert_eq!(provider.issuer().as_str(), "http://localhost:9000");
    assert_eq!(provider.client_id().as_str(), "demo-spa");
    assert_eq!(
        provider.redirect_uri().as_str(),
        "http://localhost:8080/callback"
    );
    assert_eq!(
        provider.post_logout_redirect_uri().as_str(),
        "http://localhost:8080/"
    );
    assert_eq!(
        provider.scope().as_str(),
        "openid profile email offline_access"
    );
    assert_eq!(
        provider.resources(),
        [Resource::parse("http://localhost:9001/").unwrap()]
    );
    assert_eq!(
        (provider.userinfo(), provider.dpop()),
        (false, DpopMode::Auto)
    );
    assert_eq!(provider.par(), ParMode::Auto);
    assert_eq!(provider.authorization_params().iter().count(), 0);
    assert_eq!(provider.metadata(), None);
    assert_eq!(
        config.resource_api().as_str(),
        "http://localhost:9001/api/me"
    );
    assert_eq!(config.demo_controls(), None);
    assert_eq!(config.session(), &SessionOptions::default());
    assert_eq!(config.config().provider("local"), Some(provider));
    assert_eq!(config.config().provider("other"), None);
}

#[test]
fn what_is_left_out_has_the_documented_default() {
    let provider = accepted(provider());
    assert_eq!(
        provider.redirect_uri().as_str(),
        "http://localhost:8080/callback"
    );
    assert_eq!(
        provider.post_logout_redirect_uri().as_str(),
        "http://localhost:8080/"
    );
    assert_eq!(provider.scope().as_str(), "openid profile");
    assert!(provider.resources().is_empty());
    assert!(!provider.userinfo());
    assert_eq!(
        (provider.dpop(), provider.par()),
        (DpopMode::Auto, ParMode::Auto)
    );
    let session = SessionOptions::default();
    assert!(session.share_across_tabs());
    assert_eq!((session.idle_limit(), session.max_age()), (None, None));
}

#[test]
fn every_key_is_read() {
    let config = parse(&json!({
        "providers": [{
            "id": "a-1", "name": "A", "issuer": "https://id.example/realm/", "client_id": "c d",
            "redirect_uri": "http://localhost:8080/cb?tenant=7",
            "post_logout_redirect_uri": "https://www.example/bye",
            "scope": "openid email", "resource": ["urn:api:1", "https://api.example/"],
            "userinfo": true, "dpop": "off", "par": "auto",
            "authorization_params": {"prompt": "login", "max_age": "0", "acr_values": "a b", "claims": "{}"},
        }],
        "resource_api": "https://api.example/me?full=1",
        "apis": [{"url": "https://api.example/notes", "resource": "urn:notes", "scope": "notes:read"}],
        "session": {"share_across_tabs": false, "idle_limit_seconds": 900, "max_age_seconds": 86400},
        "demo_controls": "http://localhost:9000/control",
    }))
    .unwrap();
    let provider = &config.providers()[0];
    assert_eq!(provider.issuer().as_str(), "https://id.example/realm/");
    assert_eq!(provider.client_id().as_str(), "c d");
    assert_eq!(
        provider.redirect_uri().as_str(),
        "http://localhost:8080/cb?tenant=7"
    );
    assert_eq!(
        provider.post_logout_redirect_uri().as_str(),
        "https://www.example/bye"
    );
    assert_eq!(
        provider.scope().iter().collect::<Vec<_>>(),
        ["openid", "email"]
    );
    let resources: Vec<_> = provider.resources().iter().map(Resource::as_str).collect();
    assert_eq!(resources, ["urn:api:1", "https://api.example/"]);
    assert!(provider.userinfo());
    assert_eq!(provider.dpop(), DpopMode::Off);
    let params = provider.authorization_params();
    assert_eq!(
        (params.prompt(), params.max_age()),
        (Some("login"), Some(0))
    );
    assert_eq!(
        (params.acr_values(), params.get("claims")),
        (Some("a b"), Some("{}"))
    );
    let entries: Vec<_> = config
        .apis()
        .entries()
        .iter()
        .map(|e| e.url().as_str())
        .collect();
    assert_eq!(
        entries,
        ["https://api.example/notes", "https://api.example/me"]
    );
    let notes = &config.apis().entries()[0];
    assert_eq!(notes.resource().map(Resource::as_str), Some("urn:notes"));
    assert_eq!(notes.scope().map(Scope::as_str), Some("notes:read"));
    assert_eq!(
        config.resource_api().as_str(),
        "https://api.example/me?full=1"
    );
    assert!(!config.session().share_across_tabs());
    assert_eq!(
        config.session().idle_limit(),
        Some(Duration::from_secs(900))
    );
    assert_eq!(
        config.session().max_age(),
        Some(Duration::from_secs(86_400))
    );
    assert_eq!(
        config.demo_controls().map(HttpUrl::as_str),
        Some("http://localhost:9000/control")
    );
    assert_eq!(config.clone().into_config(), config.config().clone());
}

#[test]
fn a_page_without_a_block_says_which_element_it_needs() {
    let error = PageConfig::missing();
    assert_eq!(error.code(), ErrorCode::ConfigMissing);
    assert!(error.what_was_expected().contains("auth-config"));
}

#[test]
fn providers_are_one_to_32_with_ids_of_their_own() {
    let many = |count: usize| {
        let list: Vec<_> = (0..count)
            .map(|n| provider_with("id", json!(format!("p{n}"))))
            .collect();
        block_with("providers", json!(list))
    };
    assert_refused(&many(0), "config_invalid_value", "providers");
    assert!(parse(&many(1)).is_ok());
    assert_eq!(parse(&many(32)).unwrap().providers().len(), 32);
    assert_refused(&many(33), "config_invalid_value", "providers");

    let list = json!([provider_with("id", json!("a")), provider(), provider()]);
    assert_refused(
        &block_with("providers", list),
        "config_duplicate_id",
        "providers[2].id",
    );
    let second_is_wrong = json!([provider(), {"id": "b"}]);
    assert_refused(
        &block_with("providers", second_is_wrong),
        "config_missing_key",
        "providers[1].name",
    );
}

/// Any JSON of the shapes that a configuration has, right and wrong.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "(https?|urn)://[a-z.@:\\[\\]0-9]{0,9}(/[a-z.%#?]{0,5}){0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        let key = prop_oneof![
            Just("providers".to_owned()),
            Just("keys".to_owned()),
            Just("url".to_owned()),
            "[a-z_]{0,9}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..4)
                .prop_map(|members| members.into_iter().collect::<Value>()),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _ = PageConfig::parse(&text, &page());
    }

    #[test]
    fn no_value_under_a_known_key_makes_the_parser_panic(value in any_value()) {
        for key in ["providers", "resource_api", "apis", "session", "demo_controls"] {
            let _ = parse(&block_with(key, value.clone()));
        }
        for key in [
            "id", "name", "issuer", "client_id", "redirect_uri", "post_logout_redirect_uri", "scope",
            "resource", "userinfo", "dpop", "par", "authorization_params", "metadata",
        ] {
            let _ = parse(&block_of(provider_with(key, value.clone())));
        }
    }
}
