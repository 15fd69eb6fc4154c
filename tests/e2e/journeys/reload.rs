//! A session outlives the page that began it, and no more than that.

use crate::journey::journey;

#[test]
fn a_reload_keeps_the_session() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let provider = &visitor.world().provider;
        let requests = provider.counters().token_requests_of("authorization_code");
        visitor.reload().await;
        visitor.see_user("Alice Liddell").await;
        visitor.see_api_result_containing("u-7f3a9c51-alice").await;
        assert_eq!(
            provider.counters().token_requests_of("authorization_code"),
            requests
        );
        assert_eq!(provider.counters().authorization_requests, 1);
    });
}

#[test]
fn a_session_can_be_renewed_after_a_reload() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        visitor.reload().await;
        visitor.see_user("Alice Liddell").await;
        let before = visitor.storage().await;
        visitor.press("refresh-now").await;
        visitor.until_storage_differs_from(&before).await;
        visitor.reload().await;
        visitor.see_user("Alice Liddell").await;
        let counters = visitor.world().provider.counters();
        assert!(counters.token_results("refresh_token", "ok") >= 1);
        assert_eq!(counters.refresh_reuses, 0);
    });
}
