//! Leaving.

use demo_provider::{EventKind, Failure};

use crate::journey::journey;

#[test]
fn sign_out_clears_revokes_and_ends_the_providers_session() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let secrets = visitor.secrets().await;
        let since = visitor.world().provider.feed().newest();
        visitor.sign_out().await;
        visitor
            .see_event(since, "a revocation", |event| event.endpoint == "/revoke")
            .await;
        visitor.see_signed_out().await;
        visitor.do_not_see("auth-error").await;
        visitor.see_address("/").await;

        // Storage is cleared before the page leaves for the provider, not when it is back.
        let issuer = &visitor.world().provider.urls().issuer;
        let taken_along = visitor.notes("taken_along").await;
        assert!(
            !taken_along.iter().any(|note| note.contains(issuer)),
            "{taken_along:?}"
        );

        let kept = visitor.storage().await;
        for secret in &secrets {
            assert!(
                !kept.session.contains(&secret.value),
                "{} is kept",
                secret.name
            );
            assert!(
                !kept.local.contains(&secret.value),
                "{} is kept",
                secret.name
            );
        }
        let counters = visitor.world().provider.counters();
        assert_eq!(counters.revocation_requests, 1);
        assert_eq!(counters.logout_requests, 1);

        // The provider has forgotten the user: it asks for the password again.
        visitor.press("sign-in").await;
        visitor.see_password_asked().await;
    });
}

#[test]
fn a_reload_after_sign_out_brings_nothing_back() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        visitor.sign_out().await;
        visitor.see_signed_out().await;
        visitor.reload().await;
        visitor.see_signed_out().await;
        visitor.go_back().await;
        visitor.open_app().await;
        visitor.see_signed_out().await;
    });
}

#[test]
fn storage_is_cleared_although_the_revocation_hangs() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let secrets = visitor.secrets().await;
        let provider = &visitor.world().provider;
        provider
            .faults()
            .set(|faults| faults.hold_revocation_requests = true);
        let since = provider.feed().newest();
        visitor.sign_out().await;
        visitor
            .see_event(since, "the end of the provider's session", |event| {
                event.endpoint == "/logout" && event.kind == EventKind::Received
            })
            .await;
        visitor.see_signed_out().await;
        let kept = visitor.storage().await;
        for secret in &secrets {
            assert!(
                !kept.session.contains(&secret.value),
                "{} is kept",
                secret.name
            );
        }
        provider.faults().reset();
    });
}

#[test]
fn a_revocation_that_fails_is_no_error_of_the_sign_out() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let provider = &visitor.world().provider;
        provider
            .faults()
            .set(|faults| faults.revocation_failure = Some(Failure::status(503)));
        visitor.sign_out().await;
        visitor.see_signed_out().await;
        visitor.do_not_see("auth-error").await;
    });
}
