//! From the first page to the API's answer.

use serde_json::json;

use crate::journey::{journey, journey_in, journey_in_korean};
use crate::vocabulary::parameter;
use crate::world::{NOTE_OF_ALICE, NOTE_OF_BOB, Setup, free_port};

#[test]
fn signing_in_shows_the_user_and_the_answer_of_the_api() {
    journey(|visitor| async move {
        visitor.open_app().await;
        visitor.see_signed_out().await;
        visitor.press("sign-in").await;
        visitor.enter_password_of("alice").await;
        visitor.allow().await;

        visitor.see_user("Alice Liddell").await;
        visitor.see_api_result_containing("u-7f3a9c51-alice").await;
        visitor.see("sign-out").await;
        visitor.do_not_see("sign-in").await;
        visitor.do_not_see("auth-error").await;

        let counters = visitor.world().provider.counters();
        assert_eq!(counters.token_results("authorization_code", "ok"), 1);
        assert_eq!(counters.token_requests_of("authorization_code"), 1);
        assert_eq!(counters.api_answers(401), 0);
    });
}

#[test]
fn after_sign_in_the_address_bar_and_the_history_hold_neither_code_nor_state() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        visitor.see_address("/").await;
        let callback = visitor.callback_url().await;
        let state = parameter(&callback, "state");
        let places = visitor
            .run(
                "const entries = window.navigation?.entries().map((entry) => entry.url) ?? [];
                 return location.href + ' ' + entries.join(' ') + JSON.stringify(history.state);",
                vec![],
            )
            .await;
        let places = places.as_str().unwrap();
        assert!(!places.contains(&state), "the state is in {places}");
        assert!(!places.contains("code="), "a code is in {places}");
    });
}

#[test]
fn a_korean_browser_sees_korean() {
    journey_in_korean(|visitor| async move {
        visitor.open_app().await;
        visitor.see_signed_out().await;
        assert_eq!(visitor.document_language().await, "ko");
        assert!(
            visitor.page_text().await.contains("로그인"),
            "{}",
            visitor.page_text().await
        );

        visitor.press("sign-in").await;
        visitor.see_password_asked().await;
        assert_eq!(
            visitor.document_language().await,
            "ko",
            "the provider follows ui_locales"
        );
        visitor.enter_password_of("minji").await;
        visitor.allow().await;

        visitor.see_user("김민지").await;
        let sign_out = visitor.see("sign-out").await;
        assert!(sign_out.contains("로그아웃"), "{sign_out}");
    });
}

#[test]
fn an_english_browser_sees_english() {
    journey(|visitor| async move {
        visitor.open_app().await;
        visitor.see_signed_out().await;
        assert_eq!(visitor.document_language().await, "en");
        let text = visitor.page_text().await;
        assert!(text.contains("Sign in"), "{text}");
        assert!(!text.chars().any(is_hangul), "{text}");
    });
}

fn is_hangul(letter: char) -> bool {
    ('\u{ac00}'..='\u{d7a3}').contains(&letter)
}

#[test]
fn a_refused_consent_is_told_calmly_and_can_be_tried_again() {
    journey(|visitor| async move {
        visitor.open_app().await;
        visitor.press("sign-in").await;
        visitor.enter_password_of("alice").await;
        visitor.deny().await;

        visitor.see_error("access_denied").await;
        visitor.see("sign-in").await;
        assert_eq!(
            visitor
                .world()
                .provider
                .counters()
                .token_requests_of("authorization_code"),
            0
        );

        // The provider still knows who it is, and asks again whether the app may.
        visitor.press("sign-in").await;
        visitor.allow().await;
        visitor.see_user("Alice Liddell").await;
        visitor.do_not_see("auth-error").await;
    });
}

#[test]
fn a_wrong_password_is_told_by_the_provider_and_can_be_tried_again() {
    journey(|visitor| async move {
        visitor.open_app().await;
        visitor.press("sign-in").await;
        visitor.type_into("username", "alice").await;
        visitor.type_into("password", "not-her-password").await;
        visitor.press("login-submit").await;
        visitor.see("login-error").await;
        visitor.enter_password_of("alice").await;
        visitor.allow().await;
        visitor.see_user("Alice Liddell").await;
    });
}

#[test]
fn a_link_to_a_note_leads_through_sign_in_to_the_note() {
    journey(|visitor| async move {
        let path = format!("/notes/{}", NOTE_OF_ALICE.id);
        visitor.open(&path).await;
        visitor.press("sign-in").await;
        visitor.enter_password_of("alice").await;
        visitor.allow().await;
        visitor.see_on_page(NOTE_OF_ALICE.text).await;
        visitor.see_address(&path).await;
    });
}

#[test]
fn a_link_to_somebody_elses_note_shows_nothing_of_it() {
    journey(|visitor| async move {
        visitor.open(&format!("/notes/{}", NOTE_OF_BOB.id)).await;
        visitor.press("sign-in").await;
        visitor.enter_password_of("alice").await;
        visitor.allow().await;
        visitor.see_api_error("api_status").await;
        assert!(!visitor.page_text().await.contains(NOTE_OF_BOB.text));
        visitor.see_user("Alice Liddell").await;
    });
}

#[test]
fn a_client_registered_on_the_developers_page_can_sign_in() {
    journey(|visitor| async move {
        let port = free_port();
        let origin = format!("http://localhost:{port}");
        let client_id = visitor
            .register_app_on_the_developers_page("Another app", &origin)
            .await;
        let _app = visitor
            .world()
            .serve_another_app(port, move |config| {
                config["providers"][0]["client_id"] = json!(client_id);
            })
            .await;

        visitor.move_to_app(&origin);
        visitor.open_app().await;
        visitor.press("sign-in").await;
        visitor.enter_password_of("alice").await;
        visitor.see_on_page("Another app").await;
        visitor.allow().await;
        visitor.see_user("Alice Liddell").await;
        visitor.see_api_result_containing("u-7f3a9c51-alice").await;
    });
}

#[test]
fn two_providers_have_a_button_each_and_sign_in_with_their_own_users() {
    journey_in(
        Setup {
            two_providers: true,
            ..Setup::default()
        },
        |visitor| async move {
            visitor.open_app().await;
            visitor.see_signed_out().await;
            let other = visitor.world().other.as_ref().unwrap();
            visitor.press_sign_in_with("other").await;
            visitor.enter_password_of("bob").await;
            visitor.allow().await;
            visitor.see_user("Bob Mason").await;
            assert_eq!(
                other.counters().token_results("authorization_code", "ok"),
                1
            );
            assert_eq!(
                visitor.world().provider.counters().authorization_requests,
                0
            );
            visitor.sign_out().await;

            visitor.open_app().await;
            visitor.press_sign_in_with("local").await;
            visitor.enter_password_of("alice").await;
            visitor.allow().await;
            visitor.see_user("Alice Liddell").await;
            visitor.see_api_result_containing("u-7f3a9c51-alice").await;
        },
    );
}
