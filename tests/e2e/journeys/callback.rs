//! What comes back from the provider is checked before it is believed.

use demo_provider::Times;

use crate::journey::journey;
use crate::vocabulary::Visitor;

/// No code was sent to the token endpoint.
fn no_code_was_sent(visitor: &Visitor) {
    let counters = visitor.world().provider.counters();
    assert_eq!(counters.token_requests_of("authorization_code"), 0);
}

#[test]
fn a_callback_without_state_is_an_error_and_sends_no_code() {
    journey(|visitor| async move {
        visitor.open("/callback?code=injected-code").await;
        visitor.see_error("state_missing").await;
        visitor.see("sign-in").await;
        no_code_was_sent(&visitor);
    });
}

#[test]
fn a_callback_with_an_unknown_state_is_an_error_and_sends_no_code() {
    journey(|visitor| async move {
        visitor
            .open("/callback?code=injected-code&state=never-seen-by-this-tab")
            .await;
        visitor.see_error("state_unknown").await;
        no_code_was_sent(&visitor);
    });
}

#[test]
fn a_forged_callback_leaves_a_session_untouched() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let before = visitor.world().provider.counters();
        visitor
            .open("/callback?code=injected-code&state=never-seen-by-this-tab")
            .await;
        visitor.see_error("state_unknown").await;
        visitor.open_app().await;
        visitor.see_user("Alice Liddell").await;
        visitor.see_api_result_containing("u-7f3a9c51-alice").await;
        let after = visitor.world().provider.counters();
        assert_eq!(after.token_requests, before.token_requests);
    });
}

#[test]
fn the_address_bar_is_cleaned_of_a_callback_that_failed_too() {
    journey(|visitor| async move {
        visitor
            .open("/callback?code=injected-code&state=never-seen-by-this-tab&kept=1")
            .await;
        visitor.see_error("state_unknown").await;
        let address = visitor.address().await;
        assert!(
            !address.contains("code=") && !address.contains("state="),
            "{address}"
        );
        assert!(
            address.contains("kept=1"),
            "the app's own query stays: {address}"
        );
    });
}

#[test]
fn an_error_is_not_believed_before_its_state() {
    journey(|visitor| async move {
        visitor
            .open("/callback?error=access_denied&state=never-seen-by-this-tab")
            .await;
        visitor.see_error("state_unknown").await;
    });
}

#[test]
fn a_callback_of_another_issuer_is_an_error_and_sends_no_code() {
    journey(|visitor| async move {
        let provider = &visitor.world().provider;
        provider
            .faults()
            .set(|faults| faults.callback_wrong_iss = Times::Next(1));
        visitor.open_app().await;
        visitor.press("sign-in").await;
        visitor.enter_password_of("alice").await;
        visitor.allow().await;
        visitor.see_error("iss_mismatch").await;
        no_code_was_sent(&visitor);

        // The next attempt starts afresh and succeeds.
        visitor.press("sign-in").await;
        visitor.see_user("Alice Liddell").await;
    });
}

#[test]
fn a_callback_without_the_issuer_that_was_announced_is_an_error() {
    journey(|visitor| async move {
        let provider = &visitor.world().provider;
        provider
            .faults()
            .set(|faults| faults.callback_omit_iss = Times::Next(1));
        visitor.open_app().await;
        visitor.press("sign-in").await;
        visitor.enter_password_of("alice").await;
        visitor.allow().await;
        visitor.see_error("iss_missing").await;
        no_code_was_sent(&visitor);
    });
}

#[test]
fn code_and_error_together_are_an_error() {
    journey(|visitor| async move {
        let state = visitor.begin_sign_in_and_see_state().await;
        let issuer = visitor.world().provider.urls().issuer.clone();
        visitor
            .open(&format!(
                "/callback?code=a-code&error=access_denied&state={state}&iss={issuer}"
            ))
            .await;
        visitor.see_error("callback_invalid").await;
        no_code_was_sent(&visitor);
    });
}

#[test]
fn a_repeated_parameter_is_an_error() {
    journey(|visitor| async move {
        let state = visitor.begin_sign_in_and_see_state().await;
        let issuer = visitor.world().provider.urls().issuer.clone();
        visitor
            .open(&format!(
                "/callback?code=one&code=two&state={state}&iss={issuer}"
            ))
            .await;
        visitor.see_error("callback_repeated_parameter").await;
        no_code_was_sent(&visitor);
    });
}

#[test]
fn an_injected_code_is_refused_by_the_provider_and_sign_in_works_again() {
    journey(|visitor| async move {
        let state = visitor.begin_sign_in_and_see_state().await;
        let issuer = visitor.world().provider.urls().issuer.clone();
        visitor
            .open(&format!(
                "/callback?code=injected-code&state={state}&iss={issuer}"
            ))
            .await;
        visitor.see_error("invalid_grant").await;
        visitor.press("sign-in").await;
        visitor.enter_password_of("alice").await;
        visitor.allow().await;
        visitor.see_user("Alice Liddell").await;
    });
}

#[test]
fn markup_in_an_error_description_is_shown_as_text() {
    journey(|visitor| async move {
        let state = visitor.begin_sign_in_and_see_state().await;
        let issuer = visitor.world().provider.urls().issuer.clone();
        visitor
            .open(&format!(
                "/callback?error=server_error&error_description=%3Cimg%20src%3Dx%20\
                 onerror%3D%22document.title%3D'owned'%22%3E&state={state}&iss={issuer}"
            ))
            .await;
        visitor.see_error("server_error").await;
        let images = visitor.run(
            "return document.querySelectorAll('img[src=x]').length;",
            vec![],
        );
        assert_eq!(images.await, 0);
        let title = visitor.run("return document.title;", vec![]).await;
        assert_ne!(title, "owned");
    });
}

#[test]
fn a_used_callback_opened_again_leads_home_without_another_token_request() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let callback = visitor.callback_url().await;
        visitor.goto(&callback).await;
        visitor.see_user("Alice Liddell").await;
        visitor.see_address("/").await;
        visitor.do_not_see("auth-error").await;
        let counters = visitor.world().provider.counters();
        assert_eq!(counters.token_requests_of("authorization_code"), 1);
    });
}

#[test]
fn a_used_callback_opened_after_sign_out_asks_to_sign_in_again() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let callback = visitor.callback_url().await;
        visitor.sign_out().await;
        visitor.see_signed_out().await;
        visitor.goto(&callback).await;
        visitor.see_error("state_consumed").await;
        visitor.see("sign-in").await;
        let counters = visitor.world().provider.counters();
        assert_eq!(counters.token_requests_of("authorization_code"), 1);
    });
}

#[test]
fn the_back_button_after_sign_in_sends_no_code_again() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        // Past the provider's pages, back to where the sign-in began.
        for _ in 0..3 {
            visitor.go_back().await;
        }
        visitor.open_app().await;
        visitor.see_user("Alice Liddell").await;
        let counters = visitor.world().provider.counters();
        assert_eq!(counters.token_requests_of("authorization_code"), 1);
    });
}
