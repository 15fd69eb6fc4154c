//! What journeys wait for at the provider.

use demo_provider::{EventKind, FeedEvent};

/// A refresh token arrived; nothing was done with it yet.
pub(crate) fn refresh_asked(event: &FeedEvent) -> bool {
    asked(event, "refresh_token")
}

/// A code arrived; nothing was done with it yet.
pub(crate) fn code_sent(event: &FeedEvent) -> bool {
    asked(event, "authorization_code")
}

fn asked(event: &FeedEvent, grant_type: &str) -> bool {
    event.kind == EventKind::Received
        && event.endpoint == "/token"
        && event.detail("grant_type") == Some(grant_type)
}

/// The provider took a refresh token, and answers with new tokens.
pub(crate) fn renewed(event: &FeedEvent) -> bool {
    event.kind == EventKind::Checked
        && event.endpoint == "/token"
        && event.detail("what") == Some("refresh token")
}

/// The provider turned a refresh token down.
pub(crate) fn refused(event: &FeedEvent) -> bool {
    event.kind == EventKind::Refused
        && event.endpoint == "/token"
        && event.detail("error") == Some("invalid_grant")
}
