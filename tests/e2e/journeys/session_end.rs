//! Sessions that the provider ends.

use demo_provider::{EventKind, FaultAction, Times};

use crate::journey::journey;
use crate::world::NOTE_OF_ALICE;

#[test]
fn a_refused_refresh_ends_the_session_once_with_words_and_a_way_back() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let provider = &visitor.world().provider;
        provider
            .faults()
            .set(|faults| faults.refuse_refresh = Times::Always);
        visitor.press("refresh-now").await;
        visitor.see_error("session_refused").await;
        visitor.do_not_see("user-name").await;
        visitor.do_not_see("api-result").await;
        // Final is final: the provider is not asked a second time.
        assert_eq!(provider.counters().token_requests_of("refresh_token"), 1);

        let kept = visitor.storage().await;
        for secret in visitor.secrets().await {
            assert!(
                !kept.session.contains(&secret.value),
                "{} is kept",
                secret.name
            );
        }

        // Told once: after a reload it is an ordinary signed-out page.
        visitor.reload().await;
        visitor.see_signed_out().await;
        visitor.do_not_see("auth-error").await;

        provider.faults().reset();
        visitor.press("sign-in").await;
        visitor.see_user("Alice Liddell").await;
        visitor.do_not_see("auth-error").await;
    });
}

#[test]
fn a_session_that_ends_keeps_the_place_where_the_user_was() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let provider = &visitor.world().provider;
        let place = format!("/notes/{}?view=plain#end", NOTE_OF_ALICE.id);
        visitor.open(&place).await;
        visitor.see_on_page(NOTE_OF_ALICE.text).await;
        provider
            .faults()
            .set(|faults| faults.refuse_refresh = Times::Always);
        provider
            .perform(FaultAction::ExpireAccessTokens)
            .await
            .unwrap();
        // The API turns the token down, and the provider the renewal.
        visitor.reload().await;
        visitor.see_error("session_refused").await;
        visitor.see_address(&place).await;
        assert!(!visitor.page_text().await.contains(NOTE_OF_ALICE.text));
        assert_eq!(provider.counters().token_requests_of("refresh_token"), 1);

        provider.faults().reset();
        visitor.press("sign-in").await;
        visitor.see_on_page(NOTE_OF_ALICE.text).await;
        visitor.see_address(&place).await;
        visitor.do_not_see("auth-error").await;
    });
}

#[test]
fn signing_in_again_right_from_the_message_works() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let provider = &visitor.world().provider;
        provider
            .perform(FaultAction::RevokeEverything)
            .await
            .unwrap();
        visitor.press("refresh-now").await;
        visitor.see_error("session_refused").await;
        visitor.press("sign-in").await;
        // The provider's own session ended as well.
        visitor.enter_password_of("alice").await;
        visitor.see_user("Alice Liddell").await;
        visitor.do_not_see("auth-error").await;
    });
}

#[test]
fn tokens_that_expired_early_are_renewed_for_the_next_call() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let provider = &visitor.world().provider;
        provider
            .perform(FaultAction::ExpireAccessTokens)
            .await
            .unwrap();
        let since = provider.feed().newest();
        visitor.press("call-api").await;
        visitor
            .see_event(since, "a refresh after a refused call", |event| {
                event.endpoint == "/token" && event.detail("what") == Some("refresh token")
            })
            .await;
        visitor
            .see_event(since, "the call again, answered", |event| {
                event.kind == EventKind::Issued && event.endpoint == "/api/me"
            })
            .await;
        visitor.see_api_result_containing("u-7f3a9c51-alice").await;
        visitor.see_user("Alice Liddell").await;
    });
}
