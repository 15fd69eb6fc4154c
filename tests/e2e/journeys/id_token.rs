//! An ID token is believed only when all of it is right.

use demo_provider::{FaultAction, FaultSettings, Times};

use crate::journey::journey;

/// A provider that makes one such mistake leads to that error, and without it to a sign-in.
fn is_refused(code: &'static str, mistake: fn(&mut FaultSettings)) {
    journey(move |visitor| async move {
        let provider = &visitor.world().provider;
        provider.faults().set(mistake);
        visitor.open_app().await;
        visitor.press("sign-in").await;
        visitor.enter_password_of("alice").await;
        visitor.allow().await;
        visitor.see_error(code).await;
        visitor.do_not_see("user-name").await;
        visitor.do_not_see("api-result").await;
        assert!(
            provider.counters().api_requests.is_empty(),
            "no token was used"
        );

        provider.faults().reset();
        visitor.press("sign-in").await;
        visitor.see_user("Alice Liddell").await;
        visitor.do_not_see("auth-error").await;
    });
}

#[test]
fn an_id_token_with_another_nonce_is_refused() {
    is_refused("id_token_nonce", |faults| {
        faults.id_token_wrong_nonce = Times::Always
    });
}

#[test]
fn an_id_token_with_a_bad_signature_is_refused() {
    is_refused("id_token_signature", |faults| {
        faults.id_token_bad_signature = Times::Always
    });
}

#[test]
fn an_id_token_with_the_algorithm_none_is_refused() {
    is_refused("id_token_algorithm", |faults| {
        faults.id_token_alg_none = Times::Always
    });
}

#[test]
fn an_id_token_of_another_issuer_is_refused() {
    is_refused("id_token_issuer", |faults| {
        faults.id_token_wrong_iss = Times::Always
    });
}

#[test]
fn an_id_token_for_another_client_is_refused() {
    is_refused("id_token_audience", |faults| {
        faults.id_token_wrong_aud = Times::Always
    });
}

#[test]
fn an_expired_id_token_is_refused() {
    is_refused("id_token_expired", |faults| {
        faults.id_token_expired = Times::Always
    });
}

#[test]
fn an_id_token_that_belongs_to_another_access_token_is_refused() {
    is_refused("id_token_at_hash", |faults| {
        faults.id_token_wrong_at_hash = Times::Always
    });
}

#[test]
fn a_sign_in_moments_after_a_key_rotation_succeeds() {
    journey(|visitor| async move {
        let provider = &visitor.world().provider;
        visitor.arrive_signed_in_as("alice").await;
        provider.perform(FaultAction::RotateKeys).await.unwrap();
        // Same page, same tab: the keys that it knows are the old ones.
        visitor.sign_out().await;
        visitor.press("sign-in").await;
        visitor.enter_password_of("alice").await;
        visitor.see_user("Alice Liddell").await;
        visitor.see_api_result_containing("u-7f3a9c51-alice").await;
    });
}

#[test]
fn keys_that_rotate_while_the_user_signs_in_are_fetched_again() {
    journey(|visitor| async move {
        let provider = &visitor.world().provider;
        visitor.open_app().await;
        visitor.press("sign-in").await;
        visitor.see_password_asked().await;
        provider.perform(FaultAction::RotateKeys).await.unwrap();
        visitor.enter_password_of("alice").await;
        visitor.allow().await;
        visitor.see_user("Alice Liddell").await;
    });
}
