//! Browsers that lack what tabs of one sign-in agree by, or deny it.

use crate::journey::journey_in;
use crate::vocabulary::{Tab, Visitor};
use crate::world::Setup;

const NO_LOCAL_STORAGE: &str = "Object.defineProperty(window, 'localStorage', {
    get() { throw new DOMException('denied on purpose', 'SecurityError'); } });";
const NO_BROADCAST_CHANNEL: &str = "delete window.BroadcastChannel;";
const NO_WEB_LOCKS: &str =
    "Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });";

fn lacking(what: &'static str) -> Setup {
    Setup {
        page_script: what,
        ..Setup::default()
    }
}

/// Somebody who is signed in, with a duplicated tab beside the first, which is looked at.
async fn arrive_with_two_tabs(visitor: &Visitor) -> (Tab, Tab) {
    visitor.arrive_signed_in_as("alice").await;
    let first = visitor.this_tab().await;
    let copy = visitor.duplicate_tab().await;
    visitor.see_user("Alice Liddell").await;
    visitor.look_at(&first).await;
    (first, copy)
}

/// Renews in one tab after the other; each has the other's tokens.
async fn renew_by_turns(visitor: &Visitor, first: &Tab, copy: &Tab) {
    for (count, asks, hears) in [(1, first, copy), (2, copy, first), (3, first, copy)] {
        visitor.look_at(asks).await;
        visitor.press("refresh-now").await;
        visitor.see_renewals(count).await;
        visitor.look_at(hears).await;
        visitor.see_renewals(count).await;
        visitor.do_not_see("auth-error").await;
    }
    let counters = visitor.world().provider.counters();
    assert_eq!(counters.token_requests_of("refresh_token"), 3);
    assert_eq!(counters.refresh_reuses, 0);
}

#[test]
fn without_local_storage_the_tabs_still_agree_on_one_refresh_token() {
    journey_in(lacking(NO_LOCAL_STORAGE), |visitor| async move {
        let (first, copy) = arrive_with_two_tabs(&visitor).await;
        renew_by_turns(&visitor, &first, &copy).await;
        visitor.look_at(&first).await;
        visitor.sign_out().await;
        visitor.look_at(&copy).await;
        visitor.see_error("session_ended_elsewhere").await;
        visitor.see_signed_out().await;
    });
}

#[test]
fn without_web_locks_the_tabs_hand_their_tokens_over_all_the_same() {
    journey_in(lacking(NO_WEB_LOCKS), |visitor| async move {
        let (first, copy) = arrive_with_two_tabs(&visitor).await;
        renew_by_turns(&visitor, &first, &copy).await;
    });
}

#[test]
fn without_broadcast_channel_a_stale_copy_asks_to_sign_in_and_spends_nothing() {
    journey_in(lacking(NO_BROADCAST_CHANNEL), |visitor| async move {
        let (first, copy) = arrive_with_two_tabs(&visitor).await;
        visitor.press("refresh-now").await;
        visitor.see_renewals(1).await;

        visitor.look_at(&copy).await;
        visitor.see_user("Alice Liddell").await;
        visitor.press("refresh-now").await;
        visitor.see_error("session_copy_stale").await;
        let provider = &visitor.world().provider;
        assert_eq!(provider.counters().token_requests_of("refresh_token"), 1);

        visitor.press("sign-in").await;
        visitor.see_user("Alice Liddell").await;
        for (tab, renewals) in [(&copy, 1), (&first, 2)] {
            visitor.look_at(tab).await;
            visitor.press("refresh-now").await;
            visitor.see_renewals(renewals).await;
            visitor.see_user("Alice Liddell").await;
        }
        assert_eq!(provider.counters().refresh_reuses, 0);
    });
}
