//! A provider that can't be found, or is not who it should be.

use demo_provider::{Failure, Times};
use serde_json::json;

use crate::journey::{journey, journey_in};
use crate::world::{Setup, free_port};

#[test]
fn a_provider_whose_discovery_is_down_is_told_and_can_be_tried_again() {
    journey(|visitor| async move {
        let provider = &visitor.world().provider;
        provider
            .faults()
            .set(|faults| faults.discovery_failure = Some(Failure::status(503)));
        visitor.open_app().await;
        visitor.press("sign-in").await;
        visitor.see_error("service_unavailable").await;
        visitor.see_address("/").await;

        provider.faults().reset();
        visitor.press("sign-in").await;
        visitor.enter_password_of("alice").await;
        visitor.allow().await;
        visitor.see_user("Alice Liddell").await;
        visitor.do_not_see("auth-error").await;
    });
}

#[test]
fn metadata_of_another_issuer_is_discarded() {
    journey(|visitor| async move {
        let provider = &visitor.world().provider;
        provider
            .faults()
            .set(|faults| faults.discovery_wrong_issuer = Times::Always);
        visitor.open_app().await;
        visitor.press("sign-in").await;
        visitor.see_error("issuer_mismatch").await;
        assert_eq!(provider.counters().authorization_requests, 0);
    });
}

#[test]
fn a_provider_that_does_not_answer_is_told_as_a_matter_of_the_network() {
    let setup = Setup::configured(|config| {
        config["providers"][0]["issuer"] = json!(format!("http://localhost:{}", free_port()));
    });
    journey_in(setup, |visitor| async move {
        visitor.open_app().await;
        visitor.press("sign-in").await;
        visitor.see_error("network_error").await;
        visitor.see("sign-in").await;
    });
}
