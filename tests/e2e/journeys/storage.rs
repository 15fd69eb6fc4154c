//! Session storage that is damaged, old, full or blocked.

use crate::journey::{journey, journey_in};
use crate::vocabulary::Visitor;
use crate::world::Setup;

/// The stored session becomes what a script makes of its text, and the page is loaded anew.
async fn replace_stored_session(visitor: &Visitor, script: &str) {
    visitor.leave_the_app().await;
    visitor
        .run(
            &format!(
                "const name = Object.keys(sessionStorage).find((name) => name.endsWith('.session'));
                 const replace = (text) => {script};
                 sessionStorage.setItem(name, replace(sessionStorage.getItem(name)));"
            ),
            vec![],
        )
        .await;
    visitor.open_app().await;
}

/// It is gone: neither shown nor kept, without an error, and signing in works.
async fn see_it_discarded(visitor: &Visitor) {
    visitor.see_signed_out().await;
    visitor.do_not_see("auth-error").await;
    let kept = visitor.storage().await.session;
    assert!(!kept.contains("access_token"), "{kept}");
    assert!(!kept.contains(".session\""), "{kept}");
    visitor.press("sign-in").await;
    visitor.see_user("Alice Liddell").await;
    visitor.see_api_result_containing("u-7f3a9c51-alice").await;
}

#[test]
fn a_stored_session_that_is_damaged_is_discarded() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        for script in [
            "text.slice(0, text.length / 2)",
            "''",
            "'null'",
            "text.replace(/\"id_token\":\"[^\"]*\"/, '\"id_token\":\"a.b.c\"')",
        ] {
            replace_stored_session(&visitor, script).await;
            see_it_discarded(&visitor).await;
        }
    });
}

#[test]
fn a_stored_session_of_another_version_is_discarded() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        replace_stored_session(&visitor, "text.replace(/\"v\":\\d+/, '\"v\":0')").await;
        see_it_discarded(&visitor).await;
    });
}

#[test]
fn damaged_entries_beside_the_session_cost_nothing() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        visitor.leave_the_app().await;
        visitor
            .run(
                "for (const area of [sessionStorage, localStorage])
                     for (const name of Object.keys(area))
                         if (!name.startsWith('e2e.') && !name.endsWith('.session'))
                             area.setItem(name, '{\"v\":');",
                vec![],
            )
            .await;
        visitor.open_app().await;
        visitor.see_user("Alice Liddell").await;
        visitor.press("refresh-now").await;
        visitor.see_renewals(1).await;
        visitor.do_not_see("auth-error").await;
        visitor.sign_out().await;
        visitor.sign_in_again_as("alice").await;
        assert_eq!(visitor.world().provider.counters().refresh_reuses, 0);
    });
}

#[test]
fn full_storage_is_told_before_anybody_is_sent_to_the_provider() {
    journey(|visitor| async move {
        visitor.open_app().await;
        visitor.see_signed_out().await;
        visitor.fill_session_storage().await;
        visitor.press("sign-in").await;
        visitor.see_error("storage_full").await;
        visitor.see_address("/").await;
        // A page that finds it full from the start says so by itself.
        visitor.reload().await;
        visitor.see_error("storage_unavailable").await;
        let counters = visitor.world().provider.counters();
        assert_eq!(counters.authorization_requests, 0);

        visitor.empty_session_storage().await;
        visitor.reload().await;
        visitor.see_signed_out().await;
        visitor.do_not_see("auth-error").await;
        visitor.sign_in_as("alice").await;
    });
}

#[test]
fn storage_that_is_full_at_a_renewal_costs_no_session_on_this_page() {
    let setup = Setup {
        // As if another part of the app had used up the room, when it is told to.
        page_script: "const setItem = Storage.prototype.setItem;
                  Storage.prototype.setItem = function (name, value) {
                      if (window.e2eIsFull && this === sessionStorage)
                          throw new DOMException('full on purpose', 'QuotaExceededError');
                      setItem.call(this, name, value);
                  };",
        ..Setup::default()
    };
    journey_in(setup, |visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        visitor.run("window.e2eIsFull = true;", vec![]).await;
        visitor.press("refresh-now").await;
        visitor.see_error("storage_full").await;
        visitor.see_renewals(1).await;
        visitor.press("call-api").await;
        visitor.see_api_result_containing("u-7f3a9c51-alice").await;
        visitor.press("refresh-now").await;
        visitor.see_renewals(2).await;
        visitor.see_user("Alice Liddell").await;

        // What is stored must not be the tokens that were spent.
        visitor.reload().await;
        visitor.see_signed_out().await;
        let counters = visitor.world().provider.counters();
        assert_eq!(counters.token_requests_of("refresh_token"), 2);
        assert_eq!(counters.refresh_reuses, 0);
    });
}

#[test]
fn blocked_storage_is_told_and_nobody_is_sent_to_the_provider() {
    journey_in(Setup::with_site_data_blocked(), |visitor| async move {
        visitor.open_app().await;
        visitor.see_error("storage_unavailable").await;
        visitor.press("sign-in").await;
        visitor.see_error("storage_unavailable").await;
        visitor.see_address("/").await;
        let counters = visitor.world().provider.counters();
        assert_eq!(counters.authorization_requests, 0);
    });
}
