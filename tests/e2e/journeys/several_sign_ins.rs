//! Several sign-ins in one browser: each tab has the user that signed in there.

use serde_json::json;

use crate::events::code_sent;
use crate::journey::{journey, journey_in};
use crate::world::Setup;

#[test]
fn tabs_that_sign_in_at_once_succeed_each_by_itself() {
    journey(|visitor| async move {
        let provider = &visitor.world().provider;
        let mut tabs = vec![visitor.this_tab().await];
        while tabs.len() < 3 {
            tabs.push(visitor.open_tab().await);
        }
        for tab in &tabs {
            visitor.look_at(tab).await;
            visitor.open_app().await;
            visitor.press("sign-in").await;
            visitor.see_password_asked().await;
        }
        provider
            .faults()
            .set(|faults| faults.hold_token_requests = true);
        let mut since = provider.feed().newest();
        for (index, tab) in tabs.iter().enumerate() {
            visitor.look_at(tab).await;
            visitor.enter_password_of("alice").await;
            if index == 0 {
                visitor.allow().await;
            }
            since = visitor
                .see_event(since, "a code of this tab", code_sent)
                .await
                .id;
        }
        visitor.let_renewals_through();
        for tab in &tabs {
            visitor.look_at(tab).await;
            visitor.see_user("Alice Liddell").await;
            visitor.do_not_see("auth-error").await;
        }
        assert_eq!(
            provider
                .counters()
                .token_results("authorization_code", "ok"),
            3
        );
        // They are three sessions, none of which knows the others' tokens.
        for tab in &tabs {
            visitor.look_at(tab).await;
            visitor.see_renewals(0).await;
            visitor.press("refresh-now").await;
            visitor.see_renewals(1).await;
        }
        assert_eq!(provider.counters().token_requests_of("refresh_token"), 3);
        assert_eq!(provider.counters().refresh_reuses, 0);
    });
}

#[test]
fn another_user_in_another_tab_changes_nothing_for_this_one() {
    // The provider asks who it is each time, although it knows somebody already.
    let setup = Setup::configured(|config| {
        config["providers"][0]["authorization_params"] = json!({ "prompt": "login" });
    });
    journey_in(setup, |visitor| async move {
        let of_alice = visitor.this_tab().await;
        visitor.open_app().await;
        visitor.see_signed_out().await;
        let of_bob = visitor.open_tab().await;
        visitor.open_app().await;
        visitor.see_signed_out().await;

        visitor.look_at(&of_alice).await;
        visitor.sign_in_as("alice").await;
        visitor.see_user("Alice Liddell").await;
        visitor.look_at(&of_bob).await;
        visitor.sign_in_as("bob").await;
        visitor.see_user("Bob Mason").await;
        visitor.see_api_result_containing("bob").await;

        visitor.look_at(&of_alice).await;
        visitor.see_user("Alice Liddell").await;
        visitor.see_renewals(0).await;
        for (tab, name, sub) in [
            (&of_bob, "Bob Mason", "bob"),
            (&of_alice, "Alice Liddell", "alice"),
        ] {
            visitor.look_at(tab).await;
            visitor.press("refresh-now").await;
            visitor.see_renewals(1).await;
            visitor.press("call-api").await;
            visitor.see_user(name).await;
            visitor.see_api_result_containing(sub).await;
            visitor.reload().await;
            visitor.see_user(name).await;
            visitor.see_api_result_containing(sub).await;
        }

        visitor.look_at(&of_bob).await;
        visitor.sign_out().await;
        visitor.look_at(&of_alice).await;
        visitor.see_user("Alice Liddell").await;
        visitor.do_not_see("auth-error").await;
        visitor.reload().await;
        visitor.see_user("Alice Liddell").await;
        assert_eq!(visitor.world().provider.counters().refresh_reuses, 0);
    });
}

#[test]
fn a_tab_copied_in_mid_sign_in_does_not_send_the_code_again() {
    journey(|visitor| async move {
        let provider = &visitor.world().provider;
        visitor.begin_sign_in_and_see_state().await;
        let first = visitor.this_tab().await;
        let copy = visitor.duplicate_tab().await;

        visitor.look_at(&first).await;
        visitor.goto(&visitor.authorization_url().await).await;
        provider
            .faults()
            .set(|faults| faults.hold_token_requests = true);
        let since = provider.feed().newest();
        visitor.enter_password_of("alice").await;
        visitor.allow().await;
        visitor.see_event(since, "the code", code_sent).await;
        let callback = visitor.callback_url().await;
        // The copy knows the verifier too, and is there while the code is on its way.
        visitor.look_at(&copy).await;
        visitor.goto(&callback).await;
        visitor.let_renewals_through();

        visitor.look_at(&first).await;
        visitor.see_user("Alice Liddell").await;
        visitor.see_api_result_containing("u-7f3a9c51-alice").await;
        visitor.look_at(&copy).await;
        visitor.see_error("state_consumed").await;
        let counters = provider.counters();
        assert_eq!(counters.token_requests_of("authorization_code"), 1);
        assert_eq!(counters.token_results("authorization_code", "ok"), 1);
    });
}

#[test]
fn back_and_forward_after_sign_in_send_nothing_again() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        visitor.go_back().await;
        visitor.go_forward().await;
        visitor.see_address("/").await;
        visitor.see_user("Alice Liddell").await;
        visitor.see_api_result_containing("u-7f3a9c51-alice").await;
        visitor.do_not_see("auth-error").await;
        let counters = visitor.world().provider.counters();
        assert_eq!(counters.token_requests_of("authorization_code"), 1);
    });
}
