//! A configuration that is not right is told on the page, by its key, and nothing is offered.

use serde_json::{Value, json};

use crate::journey::journey_in;
use crate::world::{Configuration, Setup};

/// The page names `key` under the error `code`, and has no sign-in button.
fn is_told(code: &'static str, key: &'static str, mistake: fn(&mut Value)) {
    journey_in(Setup::configured(mistake), move |visitor| async move {
        visitor.open_app().await;
        let text = visitor.see_error(code).await;
        assert!(text.contains(key), "the message names `{key}`: {text}");
        visitor.do_not_see("sign-in").await;
        assert_eq!(visitor.world().provider.counters().discovery_requests, 0);
    });
}

#[test]
fn an_unknown_key_is_named() {
    is_told("config_unknown_key", "issuerr", |config| {
        config["providers"][0]["issuerr"] = json!("http://localhost");
    });
}

#[test]
fn a_missing_key_is_named() {
    is_told("config_missing_key", "client_id", |config| {
        config["providers"][0]
            .as_object_mut()
            .unwrap()
            .remove("client_id");
    });
}

#[test]
fn a_value_of_the_wrong_type_is_named() {
    is_told("config_wrong_type", "userinfo", |config| {
        config["providers"][0]["userinfo"] = json!("yes");
    });
}

#[test]
fn a_client_secret_is_refused_with_the_reason() {
    is_told("config_client_secret", "client_secret", |config| {
        config["providers"][0]["client_secret"] = json!("not-in-a-browser");
    });
}

#[test]
fn a_provider_without_tls_on_another_host_is_refused() {
    is_told("config_insecure_url", "issuer", |config| {
        config["providers"][0]["issuer"] = json!("http://id.example.com");
    });
}

#[test]
fn a_parameter_that_the_client_sets_itself_is_refused() {
    is_told("config_reserved_parameter", "code_challenge", |config| {
        config["providers"][0]["authorization_params"] = json!({ "code_challenge": "fixed" });
    });
}

#[test]
fn no_provider_at_all_is_told() {
    is_told("config_invalid_value", "providers", |config| {
        config["providers"] = json!([])
    });
}

#[test]
fn a_page_without_a_configuration_block_is_told() {
    let setup = Setup {
        configuration: Configuration::Missing,
        ..Setup::default()
    };
    journey_in(setup, |visitor| async move {
        visitor.open_app().await;
        visitor.see_error("config_missing").await;
        visitor.do_not_see("sign-in").await;
    });
}
