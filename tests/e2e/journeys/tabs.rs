//! Tabs of one sign-in: one of them renews, all have the tokens, and the end is everybody's.

use demo_provider::{Failure, Times};
use serde_json::Value;

use crate::events::{refresh_asked, renewed};
use crate::journey::{journey, journey_in};
use crate::vocabulary::{Tab, Visitor};
use crate::world::Setup;

/// Each of these tabs calls the API with the tokens that it has.
async fn call_the_api_in(visitor: &Visitor, tabs: &[Tab]) {
    for tab in tabs {
        visitor.look_at(tab).await;
        visitor.see_user("Alice Liddell").await;
        visitor.press("call-api").await;
        visitor.see_api_result_containing("u-7f3a9c51-alice").await;
        visitor.do_not_see("auth-error").await;
    }
}

/// As many requests as there were tokens to get, and none with a token that was spent.
fn every_refresh_token_was_sent_once(visitor: &Visitor, renewals: u64) {
    let counters = visitor.world().provider.counters();
    assert_eq!(counters.token_requests_of("refresh_token"), renewals);
    assert_eq!(counters.token_results("refresh_token", "ok"), renewals);
    assert_eq!(counters.refresh_reuses, 0);
}

/// Waits until the provider has renewed so many times since the event `since`.
async fn see_renewals_since(visitor: &Visitor, mut since: u64, count: usize) {
    for number in 1..=count {
        let what = format!("renewal {number} of {count} by itself");
        since = visitor.see_event(since, &what, renewed).await.id;
    }
}

#[test]
fn a_duplicated_tab_has_the_session_and_one_of_the_two_renews_for_both() {
    journey_in(Setup::tokens_that_live(4), |visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let first = visitor.this_tab().await;
        let copy = visitor.duplicate_tab().await;
        visitor.see_user("Alice Liddell").await;
        let tabs = [first, copy];
        see_renewals_since(&visitor, visitor.world().provider.feed().newest(), 3).await;

        let renewals = visitor.halt_renewals_and_see_them_in(&tabs).await;
        every_refresh_token_was_sent_once(&visitor, renewals);
        visitor.let_renewals_through();
        call_the_api_in(&visitor, &tabs).await;
        let counters = visitor.world().provider.counters();
        assert_eq!(counters.authorization_requests, 1);
        assert_eq!(counters.api_answers(401), 0);
    });
}

#[test]
fn ten_tabs_over_twenty_token_lifetimes_ask_as_often_as_there_are_tokens() {
    journey_in(Setup::tokens_that_live(3), |visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let mut tabs = vec![visitor.this_tab().await];
        while tabs.len() < 10 {
            tabs.push(visitor.duplicate_tab().await);
            visitor.see_user("Alice Liddell").await;
        }
        see_renewals_since(&visitor, visitor.world().provider.feed().newest(), 20).await;

        let renewals = visitor.halt_renewals_and_see_them_in(&tabs).await;
        assert!(renewals >= 20, "{renewals}");
        every_refresh_token_was_sent_once(&visitor, renewals);
        visitor.let_renewals_through();
        call_the_api_in(&visitor, &tabs).await;
        assert_eq!(visitor.world().provider.counters().refresh_reuses, 0);
    });
}

#[test]
fn a_renewal_asked_for_in_two_tabs_at_once_is_one_request() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let provider = &visitor.world().provider;
        let first = visitor.this_tab().await;
        let copy = visitor.duplicate_tab().await;
        visitor.see_user("Alice Liddell").await;

        provider
            .faults()
            .set(|faults| faults.hold_token_requests = true);
        let since = provider.feed().newest();
        visitor.press("refresh-now").await;
        visitor
            .see_event(since, "a refresh of one tab", refresh_asked)
            .await;
        visitor.look_at(&first).await;
        visitor.press("refresh-now").await;
        visitor.see_renewal_that_is("running").await;
        visitor
            .until(
                "the second renewal, in line behind the first",
                "return navigator.locks.query().then(({ pending }) => pending.length > 0 || null);",
                vec![],
            )
            .await;
        visitor.let_renewals_through();

        for tab in [&first, &copy] {
            visitor.look_at(tab).await;
            visitor.see_renewals(1).await;
            visitor.see_renewal_that_is("idle").await;
        }
        every_refresh_token_was_sent_once(&visitor, 1);
    });
}

#[test]
fn a_tab_that_slept_through_renewals_goes_on_with_the_newest_tokens() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let awake = visitor.this_tab().await;
        let asleep = visitor.copy_tab().await;
        visitor.see_user("Alice Liddell").await;
        visitor.put_this_tab_to_sleep().await;

        visitor.look_at(&awake).await;
        for count in 1..=2 {
            visitor.press("refresh-now").await;
            visitor.see_renewals(count).await;
        }
        visitor.look_at(&asleep).await;
        visitor.wake_this_tab().await;
        visitor.see_renewals(2).await;
        visitor.press("refresh-now").await;
        visitor.see_renewals(3).await;
        visitor.look_at(&awake).await;
        visitor.see_renewals(3).await;
        every_refresh_token_was_sent_once(&visitor, 3);
        call_the_api_in(&visitor, &[awake, asleep]).await;
    });
}

#[test]
fn a_tab_closed_in_mid_renewal_leaves_it_to_the_others() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let provider = &visitor.world().provider;
        let stays = visitor.this_tab().await;
        visitor.copy_tab().await;
        visitor.see_user("Alice Liddell").await;
        provider
            .faults()
            .set(|faults| faults.hold_token_requests = true);
        let since = provider.feed().newest();
        visitor.press("refresh-now").await;
        let given_up = visitor
            .see_event(since, "a refresh that nobody will wait for", refresh_asked)
            .await;
        visitor.close_this_tab_and_look_at(&stays).await;
        visitor.press("refresh-now").await;
        visitor
            .see_event(given_up.id, "a refresh of the other tab", refresh_asked)
            .await;
        visitor.let_renewals_through();
        visitor.see_renewals(1).await;
        assert_eq!(provider.counters().refresh_reuses, 0);
        call_the_api_in(&visitor, &[stays]).await;
    });
}

#[test]
fn a_refused_refresh_ends_the_session_in_every_tab_with_one_request() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let provider = &visitor.world().provider;
        let first = visitor.this_tab().await;
        let copy = visitor.duplicate_tab().await;
        visitor.see_user("Alice Liddell").await;
        provider
            .faults()
            .set(|faults| faults.refuse_refresh = Times::Always);
        visitor.press("refresh-now").await;
        for tab in [&copy, &first] {
            visitor.look_at(tab).await;
            visitor.see_error("session_refused").await;
            visitor.see_signed_out().await;
            no_secret_is_stored(&visitor).await;
        }
        assert_eq!(provider.counters().token_requests_of("refresh_token"), 1);
    });
}

#[test]
fn sign_out_reaches_every_tab_of_the_sign_in() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let first = visitor.this_tab().await;
        visitor.duplicate_tab().await;
        visitor.see_user("Alice Liddell").await;
        visitor.duplicate_tab().await;
        visitor.see_user("Alice Liddell").await;
        visitor.sign_out().await;

        for tab in visitor.tabs().await {
            visitor.look_at(&tab).await;
            visitor.see_signed_out().await;
            no_secret_is_stored(&visitor).await;
        }
        // Told calmly, once: after a reload it is an ordinary signed-out page.
        visitor.look_at(&first).await;
        visitor.see_error("session_ended_elsewhere").await;
        visitor.reload().await;
        visitor.see_signed_out().await;
        visitor.do_not_see("auth-error").await;
        let counters = visitor.world().provider.counters();
        assert_eq!(counters.token_requests_of("refresh_token"), 0);
        assert_eq!(counters.revocation_requests, 1);
    });
}

#[test]
fn an_answer_that_comes_after_sign_out_revives_no_tab() {
    journey(|visitor| async move {
        let provider = &visitor.world().provider;
        provider.faults().set(|faults| {
            // The page stays where it is, so that the answer finds it.
            let member = "end_session_endpoint".to_owned();
            faults.metadata.insert(member, Value::Null);
            // The provider does not know better than to answer with tokens.
            faults.revocation_failure = Some(Failure::status(503));
        });
        visitor.arrive_signed_in_as("alice").await;
        let asks = visitor.this_tab().await;
        let leaves = visitor.duplicate_tab().await;
        visitor.see_user("Alice Liddell").await;

        visitor.look_at(&asks).await;
        provider
            .faults()
            .set(|faults| faults.hold_token_requests = true);
        let since = provider.feed().newest();
        visitor.press("refresh-now").await;
        visitor.see_event(since, "a refresh", refresh_asked).await;
        visitor.look_at(&leaves).await;
        visitor.press("sign-out").await;
        visitor.see_signed_out().await;
        visitor.look_at(&asks).await;
        visitor.see_error("session_ended_elsewhere").await;

        visitor.let_renewals_through();
        visitor
            .until(
                "the late answer, in the page",
                "return noted('secrets').filter((note) => note.startsWith('refresh_token ')).length
                     >= 2 || null;",
                vec![],
            )
            .await;
        assert_eq!(provider.counters().token_results("refresh_token", "ok"), 1);
        for tab in [&asks, &leaves] {
            visitor.look_at(tab).await;
            visitor.see_signed_out().await;
            no_secret_is_stored(&visitor).await;
            visitor.reload().await;
            visitor.see_signed_out().await;
        }
    });
}

#[test]
fn sign_out_in_the_tab_that_waits_for_new_tokens_wins_over_them() {
    journey(|visitor| async move {
        let provider = &visitor.world().provider;
        provider.faults().set(|faults| {
            let member = "end_session_endpoint".to_owned();
            faults.metadata.insert(member, Value::Null);
            faults.revocation_failure = Some(Failure::status(503));
        });
        visitor.arrive_signed_in_as("alice").await;
        provider
            .faults()
            .set(|faults| faults.hold_token_requests = true);
        let since = provider.feed().newest();
        visitor.press("refresh-now").await;
        visitor.see_event(since, "a refresh", refresh_asked).await;
        visitor.press("sign-out").await;
        visitor.see_signed_out().await;
        visitor.let_renewals_through();
        visitor
            .until(
                "the late answer, in the page",
                "return noted('secrets').filter((note) => note.startsWith('refresh_token ')).length
                     >= 2 || null;",
                vec![],
            )
            .await;
        visitor.see_signed_out().await;
        visitor.do_not_see("auth-error").await;
        no_secret_is_stored(&visitor).await;
        visitor.reload().await;
        visitor.see_signed_out().await;
    });
}

async fn no_secret_is_stored(visitor: &Visitor) {
    let kept = visitor.storage().await;
    for secret in visitor.secrets().await {
        assert!(
            !kept.session.contains(&secret.value),
            "{} is kept",
            secret.name
        );
    }
}
