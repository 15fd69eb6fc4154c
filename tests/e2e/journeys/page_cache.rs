//! Pages that come back as they were left, from the back/forward cache, and find the world changed;
//! and pages that are loaded anew in the middle of something.

use crate::browser::Browser;
use crate::events::{refresh_asked, renewed};
use crate::journey::{journey, journey_in};
use crate::world::Setup;

#[test]
fn a_page_from_the_cache_renews_a_token_that_expired_meanwhile() {
    journey_in(Setup::tokens_that_live(6), |visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let provider = &visitor.world().provider;
        visitor.leave_the_app_for_a_while().await;
        visitor.until_the_stored_token_expired().await;
        let since = provider.feed().newest();
        visitor.return_from_the_page_cache().await;
        visitor
            .see_event(since, "a refresh on the return", renewed)
            .await;
        visitor.see_user("Alice Liddell").await;
        visitor.press("call-api").await;
        visitor.see_api_result_containing("u-7f3a9c51-alice").await;
        visitor.do_not_see("auth-error").await;

        let tab = visitor.this_tab().await;
        let renewals = visitor.halt_renewals_and_see_them_in(&[tab]).await;
        let counters = provider.counters();
        assert_eq!(counters.token_requests_of("refresh_token"), renewals);
        assert_eq!(counters.refresh_reuses, 0);
        assert_eq!(counters.api_answers(401), 0, "no expired token was used");
        visitor.let_renewals_through();
    });
}

#[test]
fn a_page_from_the_cache_takes_the_tokens_that_another_page_of_its_tab_got() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        visitor.leave_the_app_for_a_while().await;
        visitor.open("/notes").await;
        visitor.see_user("Alice Liddell").await;
        let provider = &visitor.world().provider;
        provider
            .perform(demo_provider::FaultAction::ExpireAccessTokens)
            .await
            .unwrap();
        let since = provider.feed().newest();
        visitor.reload().await;
        visitor
            .see_event(since, "a refresh by the second page", renewed)
            .await;
        visitor.until_stored_generation_is(1).await;
        visitor.return_from_the_page_cache().await;
        match Browser::chosen() {
            Browser::Chromium => {
                visitor.see_renewals(1).await;
                visitor.press("refresh-now").await;
                visitor.see_renewals(2).await;
            }
            // Firefox gives a page of the cache the session storage of the time when it was left,
            // in which only the old tokens are. They must not be spent.
            Browser::Firefox => {
                visitor.see_user("Alice Liddell").await;
                visitor.press("refresh-now").await;
                visitor.see_error("session_copy_stale").await;
            }
        }
        let counters = visitor.world().provider.counters();
        assert_eq!(counters.refresh_reuses, 0);
    });
}

#[test]
fn a_page_from_the_cache_learns_that_its_sign_in_was_ended_in_another_tab() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let away = visitor.this_tab().await;
        let other = visitor.copy_tab().await;
        visitor.see_user("Alice Liddell").await;
        visitor.look_at(&away).await;
        visitor.see_user("Alice Liddell").await;
        visitor.leave_the_app_for_a_while().await;
        visitor.look_at(&other).await;
        visitor.sign_out().await;

        visitor.look_at(&away).await;
        visitor.return_from_the_page_cache().await;
        visitor.see_error("session_ended_elsewhere").await;
        visitor.see_signed_out().await;
        let kept = visitor.storage().await;
        assert!(!kept.session.contains("refresh_token"), "{}", kept.session);
    });
}

#[test]
fn a_page_from_the_cache_learns_that_another_page_of_its_tab_signed_out() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        visitor.leave_the_app_for_a_while().await;
        visitor.open("/notes").await;
        visitor.see_user("Alice Liddell").await;
        visitor.sign_out().await;

        visitor.return_from_the_page_cache().await;
        visitor.see_signed_out().await;
        let kept = visitor.storage().await;
        assert!(!kept.session.contains("refresh_token"), "{}", kept.session);
    });
}

#[test]
fn a_stale_page_from_the_cache_asks_to_sign_in_rather_than_spend_an_old_token() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let away = visitor.this_tab().await;
        let other = visitor.copy_tab().await;
        visitor.see_user("Alice Liddell").await;
        visitor.look_at(&away).await;
        visitor.leave_the_app_for_a_while().await;
        visitor.look_at(&other).await;
        visitor.press("refresh-now").await;
        visitor.see_renewals(1).await;
        // With this tab the newest token goes.
        visitor.close_this_tab_and_look_at(&away).await;

        visitor.return_from_the_page_cache().await;
        visitor.see_user("Alice Liddell").await;
        visitor.press("refresh-now").await;
        visitor.see_error("session_copy_stale").await;
        let counters = visitor.world().provider.counters();
        assert_eq!(counters.token_requests_of("refresh_token"), 1);
        assert_eq!(counters.refresh_reuses, 0);
        visitor.press("sign-in").await;
        visitor.see_user("Alice Liddell").await;
        visitor.do_not_see("auth-error").await;
    });
}

#[test]
fn a_reload_in_mid_renewal_costs_no_session() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let provider = &visitor.world().provider;
        provider
            .faults()
            .set(|faults| faults.hold_token_requests = true);
        let since = provider.feed().newest();
        visitor.press("refresh-now").await;
        let given_up = visitor
            .see_event(since, "a refresh that nobody will wait for", refresh_asked)
            .await;
        visitor.reload().await;
        visitor
            .see_event(given_up.id, "the refresh of the new page", refresh_asked)
            .await;
        visitor.let_renewals_through();
        visitor.see_renewals(1).await;
        visitor.see_user("Alice Liddell").await;
        visitor.press("call-api").await;
        visitor.see_api_result_containing("u-7f3a9c51-alice").await;
        visitor.do_not_see("auth-error").await;
        assert_eq!(provider.counters().refresh_reuses, 0);
    });
}
