//! The network goes, and comes back.

use crate::journey::{journey, journey_in};
use crate::world::Setup;

#[test]
fn a_renewal_without_network_is_done_when_the_network_is_back() {
    journey(|visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let provider = &visitor.world().provider;
        visitor.go_offline().await;
        visitor.press("refresh-now").await;
        // First it waits for the network, then it tries whatever the browser says.
        visitor
            .see_renewal_that_is_one_of(&["offline", "retrying"])
            .await;
        visitor.see_user("Alice Liddell").await;
        visitor.do_not_see("auth-error").await;
        assert_eq!(provider.counters().token_requests_of("refresh_token"), 0);

        visitor.go_online().await;
        visitor.see_renewals(1).await;
        visitor.see_renewal_that_is("idle").await;
        visitor.press("call-api").await;
        visitor.see_api_result_containing("u-7f3a9c51-alice").await;
        let counters = provider.counters();
        assert_eq!(counters.token_requests_of("refresh_token"), 1);
        assert_eq!(counters.refresh_reuses, 0);
    });
}

#[test]
fn a_token_that_expires_offline_costs_no_session() {
    journey_in(Setup::tokens_that_live(5), |visitor| async move {
        visitor.arrive_signed_in_as("alice").await;
        let provider = &visitor.world().provider;
        visitor.go_offline().await;
        let before = provider.counters().token_requests_of("refresh_token");
        // Told once the tokens are of no use any more, and still signed in.
        visitor.see_error("network_error").await;
        visitor.see_user("Alice Liddell").await;

        visitor.go_online().await;
        visitor.see_renewals(before + 1).await;
        visitor.do_not_see("auth-error").await;
        visitor.press("call-api").await;
        visitor.see_api_result_containing("u-7f3a9c51-alice").await;
        let counters = provider.counters();
        assert_eq!(counters.refresh_reuses, 0);
        assert_eq!(counters.authorization_requests, 1);
        assert_eq!(counters.api_answers(401), 0);
    });
}
