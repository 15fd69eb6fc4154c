//! Sessions that end because nobody is there, or because they are old.

use serde_json::json;

use crate::journey::journey_in;
use crate::vocabulary::Visitor;
use crate::world::Setup;

/// Nobody is signed in any more, for that reason, and nothing is kept.
async fn see_it_ended(visitor: &Visitor, code: &str) {
    visitor.see_error(code).await;
    visitor.see_signed_out().await;
    let kept = visitor.storage().await.session;
    assert!(!kept.contains("access_token"), "{kept}");
}

#[test]
fn work_in_one_tab_keeps_the_others_from_being_idle_and_idleness_ends_them_all() {
    let setup = Setup::configured(|config| {
        config["session"] = json!({ "idle_limit_seconds": 8 });
    });
    journey_in(setup, |visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let rests = visitor.this_tab().await;
        let limit = "return session().active_at + 8000;";
        let end = visitor.run(limit, vec![]).await;
        let works = visitor.open_tab().await;
        visitor.open_app().await;
        visitor.see_user("Alice Liddell").await;
        // Past the time at which the session would have ended.
        loop {
            visitor.press("call-api").await;
            let is_past = visitor
                .run("return Date.now() > arguments[0] + 500;", vec![end.clone()])
                .await;
            if is_past == json!(true) {
                break;
            }
        }
        for tab in [&works, &rests] {
            visitor.look_at(tab).await;
            visitor.see_user("Alice Liddell").await;
            visitor.do_not_see("auth-error").await;
        }

        for tab in [&rests, &works] {
            visitor.look_at(tab).await;
            see_it_ended(&visitor, "session_idle").await;
        }
    });
}

#[test]
fn a_session_ends_at_its_greatest_age_however_busy_the_user_is() {
    let setup = Setup::configured(|config| {
        config["session"] = json!({ "max_age_seconds": 6 });
    });
    journey_in(setup, |visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        visitor.press("refresh-now").await;
        visitor.see_renewals(1).await;
        see_it_ended(&visitor, "session_max_age").await;
        visitor.press("sign-in").await;
        visitor.see_user("Alice Liddell").await;
        visitor.do_not_see("auth-error").await;
    });
}

#[test]
fn a_warning_before_the_idle_limit_offers_to_stay_and_one_answer_is_for_all_tabs() {
    let setup = Setup::configured(|config| {
        config["session"] = json!({ "idle_limit_seconds": 16 });
    });
    journey_in(setup, |visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let first = visitor.this_tab().await;
        let second = visitor.open_tab().await;
        visitor.open_app().await;
        visitor.see_user("Alice Liddell").await;
        visitor.do_not_see("idle-warning").await;

        visitor.see("idle-warning").await;
        visitor.press("stay-signed-in").await;
        for tab in [&second, &first] {
            visitor.look_at(tab).await;
            visitor
                .until(
                    "no warning any more",
                    "return shown('idle-warning') ? null : true;",
                    vec![],
                )
                .await;
            visitor.see_user("Alice Liddell").await;
            visitor.do_not_see("auth-error").await;
        }
    });
}
