//! Tokens that are renewed without the user, and what happens when that does not work.

use demo_provider::{EventKind, Failure, Times};

use crate::events::{refresh_asked, refused, renewed};
use crate::journey::{journey, journey_in};
use crate::world::Setup;

#[test]
fn the_access_token_is_renewed_by_itself_before_it_expires() {
    journey_in(Setup::tokens_that_live(8), |visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let feed = visitor.world().provider.feed();
        let first = visitor
            .see_event(feed.newest(), "a refresh by itself", renewed)
            .await;
        // Not once by chance: the renewed token is renewed as well.
        visitor
            .see_event(first.id, "a second refresh by itself", renewed)
            .await;

        visitor.see_user("Alice Liddell").await;
        visitor.press("call-api").await;
        visitor.see_api_result_containing("u-7f3a9c51-alice").await;
        let counters = visitor.world().provider.counters();
        assert_eq!(
            counters.api_answers(401),
            0,
            "no token was used past its time"
        );
        assert_eq!(counters.refresh_reuses, 0);
    });
}

#[test]
fn the_refresh_button_renews_the_tokens_once() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let before = visitor.storage().await;
        let since = visitor.world().provider.feed().newest();
        visitor.press("refresh-now").await;
        visitor.see_event(since, "a refresh", renewed).await;
        visitor.until_storage_differs_from(&before).await;

        let counters = visitor.world().provider.counters();
        assert_eq!(counters.token_requests_of("refresh_token"), 1);
        visitor.press("call-api").await;
        visitor.see_api_result_containing("u-7f3a9c51-alice").await;
    });
}

#[test]
fn a_token_that_the_api_refuses_is_renewed_once_and_the_call_repeated() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let provider = &visitor.world().provider;
        provider
            .faults()
            .set(|faults| faults.api_unauthorized = Times::Next(1));
        let since = provider.feed().newest();
        visitor.press("call-api").await;
        visitor
            .see_event(since, "a refresh after the 401", renewed)
            .await;
        visitor
            .see_event(since, "the call again, answered", |event| {
                event.kind == EventKind::Issued && event.endpoint == "/api/me"
            })
            .await;
        visitor.see_api_result_containing("u-7f3a9c51-alice").await;
        assert_eq!(provider.counters().token_requests_of("refresh_token"), 1);
        assert_eq!(provider.counters().api_answers(401), 1);
    });
}

#[test]
fn a_provider_that_is_down_for_a_while_costs_no_session() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let provider = &visitor.world().provider;
        provider
            .faults()
            .set(|faults| faults.token_failure = Some(Failure::status(503).next(2)));
        let since = provider.feed().newest();
        visitor.press("refresh-now").await;
        visitor
            .see_event(since, "a refresh after the failures", renewed)
            .await;
        visitor.see_user("Alice Liddell").await;
        let counters = provider.counters();
        assert_eq!(counters.token_results("refresh_token", "fault_503"), 2);
        assert_eq!(counters.refresh_reuses, 0);
        visitor.do_not_see("sign-in").await;
    });
}

#[test]
fn a_provider_that_says_how_long_to_wait_is_asked_no_sooner() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let provider = &visitor.world().provider;
        provider.faults().set(|faults| {
            faults.token_failure = Some(Failure::status(503).next(1).retry_after(3));
        });
        let since = provider.feed().newest();
        visitor.press("refresh-now").await;
        visitor.see_renewal_that_is("retrying").await;
        // A page that wakes up, or hears that the network is back, knows no better.
        visitor
            .run(
                "dispatchEvent(new Event('online')); dispatchEvent(new Event('focus'));",
                vec![],
            )
            .await;
        let first = visitor.see_event(since, "the refresh", refresh_asked).await;
        let second = visitor
            .see_event(first.id, "the refresh again", refresh_asked)
            .await;
        assert!(
            second.at - first.at >= 3_000,
            "asked again after {} ms",
            second.at - first.at
        );
        visitor.see_renewals(1).await;
        visitor.do_not_see("auth-error").await;
        assert_eq!(provider.counters().token_requests_of("refresh_token"), 2);
    });
}

#[test]
fn a_lost_answer_ends_the_session_with_its_own_reason_and_signing_in_works_again() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let provider = &visitor.world().provider;
        // The browser keeps an answer without CORS headers from the page: to it, none came.
        provider
            .faults()
            .set(|faults| faults.token_without_cors = Times::Next(1));
        let since = provider.feed().newest();
        visitor.press("refresh-now").await;
        // The token was spent by the request whose answer never came.
        visitor
            .see_event(since, "the same token again, refused", refused)
            .await;
        visitor.see_error("refresh_answer_lost").await;
        visitor.do_not_see("user-name").await;
        visitor.press("sign-in").await;
        visitor.see_user("Alice Liddell").await;
    });
}

#[test]
fn a_connection_that_breaks_before_the_answer_ends_in_words_and_not_in_a_loop() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let provider = &visitor.world().provider;
        provider
            .faults()
            .set(|faults| faults.drop_token_answer = Times::Next(1));
        let since = provider.feed().newest();
        visitor.press("refresh-now").await;
        // A browser may repeat such a request by itself, and then the page sees only the refusal.
        visitor
            .see_event(since, "the same token again, refused", refused)
            .await;
        let code = visitor.see_any_error().await;
        assert!(
            ["refresh_answer_lost", "session_refused"].contains(&code.as_str()),
            "{code}"
        );
        visitor.see_signed_out().await;
        assert_eq!(provider.counters().refresh_reuses, 1);
    });
}

#[test]
fn a_lost_answer_costs_nothing_where_the_provider_takes_the_token_again() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let provider = &visitor.world().provider;
        provider.faults().set(|faults| {
            faults.keep_refresh_token = Times::Always;
            faults.drop_token_answer = Times::Next(1);
        });
        let since = provider.feed().newest();
        visitor.press("refresh-now").await;
        let lost = visitor
            .see_event(since, "the refresh whose answer is lost", renewed)
            .await;
        visitor
            .see_event(lost.id, "the same token again, accepted", renewed)
            .await;
        visitor.see_user("Alice Liddell").await;
        visitor.press("call-api").await;
        visitor.see_api_result_containing("u-7f3a9c51-alice").await;
        assert_eq!(provider.counters().refresh_reuses, 0);
    });
}

#[test]
fn without_a_refresh_token_the_session_ends_when_the_access_token_does() {
    journey_in(Setup::tokens_that_live(4), |visitor| async move {
        let provider = &visitor.world().provider;
        provider
            .faults()
            .set(|faults| faults.omit_refresh_token = Times::Always);
        visitor.arrive_signed_in_as("alice").await;
        visitor.do_not_see("refresh-now").await;
        visitor.see_error("session_expired").await;
        visitor.do_not_see("user-name").await;
        assert_eq!(provider.counters().token_requests_of("refresh_token"), 0);

        provider.faults().reset();
        visitor.press("sign-in").await;
        visitor.see_user("Alice Liddell").await;
    });
}
