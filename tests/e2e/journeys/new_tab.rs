//! A new tab has the session of the open ones, where there is one to have.

use serde_json::json;

use crate::journey::{journey, journey_in};
use crate::vocabulary::Visitor;
use crate::world::{NOTE_OF_ALICE, Setup};

/// Nobody is signed in here, and nobody was asked at the provider.
async fn see_nobody_let_in(visitor: &Visitor) {
    visitor.open_app().await;
    visitor.see_signed_out().await;
    visitor.do_not_see("auth-error").await;
    visitor.do_not_see("api-result").await;
    let kept = visitor.storage().await.session;
    assert!(!kept.contains("access_token"), "{kept}");
}

#[test]
fn a_new_tab_joins_the_open_one_without_a_redirect() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let first = visitor.this_tab().await;
        let second = visitor.open_tab().await;
        visitor.open(&format!("/notes/{}", NOTE_OF_ALICE.id)).await;
        visitor.see_user("Alice Liddell").await;
        visitor.see_on_page(NOTE_OF_ALICE.text).await;
        visitor.open_app().await;
        visitor.see_api_result_containing("u-7f3a9c51-alice").await;

        // Of one family from now on: each renews for both.
        for (count, asks, hears) in [(1, &second, &first), (2, &first, &second)] {
            visitor.look_at(asks).await;
            visitor.press("refresh-now").await;
            visitor.see_renewals(count).await;
            visitor.look_at(hears).await;
            visitor.see_renewals(count).await;
        }
        let counters = visitor.world().provider.counters();
        assert_eq!(counters.authorization_requests, 1);
        assert_eq!(counters.token_requests_of("authorization_code"), 1);
        assert_eq!(counters.token_requests_of("refresh_token"), 2);
        assert_eq!(counters.refresh_reuses, 0);

        visitor.sign_out().await;
        visitor.look_at(&first).await;
        visitor.see_error("session_ended_elsewhere").await;
        visitor.see_signed_out().await;
    });
}

#[test]
fn a_tab_that_joined_goes_on_when_the_first_is_closed() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let first = visitor.this_tab().await;
        let second = visitor.open_tab().await;
        visitor.open_app().await;
        visitor.see_user("Alice Liddell").await;
        visitor.look_at(&first).await;
        visitor.close_this_tab_and_look_at(&second).await;
        visitor.press("refresh-now").await;
        visitor.see_renewals(1).await;
        visitor.reload().await;
        visitor.see_renewals(1).await;
        visitor.see_api_result_containing("u-7f3a9c51-alice").await;
        assert_eq!(visitor.world().provider.counters().refresh_reuses, 0);
    });
}

#[test]
fn a_new_tab_is_not_let_in_where_the_configuration_says_so() {
    let setup = Setup::configured(|config| {
        config["session"] = json!({ "share_across_tabs": false });
    });
    journey_in(setup, |visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let first = visitor.this_tab().await;
        visitor.open_tab().await;
        see_nobody_let_in(&visitor).await;
        visitor.look_at(&first).await;
        visitor.see_user("Alice Liddell").await;
        visitor.press("refresh-now").await;
        visitor.see_renewals(1).await;
    });
}

#[test]
fn a_new_tab_takes_no_side_where_two_users_are_signed_in() {
    let setup = Setup::configured(|config| {
        config["providers"][0]["authorization_params"] = json!({ "prompt": "login" });
    });
    journey_in(setup, |visitor| async move {
        visitor.open_app().await;
        let of_alice = visitor.this_tab().await;
        let of_bob = visitor.open_tab().await;
        visitor.open_app().await;
        for (tab, username, name) in [
            (&of_alice, "alice", "Alice Liddell"),
            (&of_bob, "bob", "Bob Mason"),
        ] {
            visitor.look_at(tab).await;
            visitor.sign_in_as(username).await;
            visitor.see_user(name).await;
        }
        let third = visitor.open_tab().await;
        see_nobody_let_in(&visitor).await;

        // A tab that had a user of its own takes nobody else's session either.
        visitor.look_at(&of_bob).await;
        visitor.sign_out().await;
        visitor.reload().await;
        visitor.see_signed_out().await;
        visitor.look_at(&of_alice).await;
        visitor.see_user("Alice Liddell").await;
        // With one user left there is no doubt any more.
        visitor.look_at(&third).await;
        visitor.reload().await;
        visitor.see_user("Alice Liddell").await;
    });
}

#[test]
fn a_new_tab_after_sign_out_finds_nobody() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        visitor.duplicate_tab().await;
        visitor.see_user("Alice Liddell").await;
        visitor.sign_out().await;
        visitor.open_tab().await;
        see_nobody_let_in(&visitor).await;
        let counters = visitor.world().provider.counters();
        assert_eq!(counters.authorization_requests, 1);
    });
}
