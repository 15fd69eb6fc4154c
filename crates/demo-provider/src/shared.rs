//! What the servers of one provider have in common.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use crate::clock::Clock;
use crate::counters::Tally;
use crate::faults::Faults;
use crate::feed::Feed;
use crate::lock;
use crate::origin::Origins;
use crate::policy::Policies;

/// Where the servers of a provider are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Urls {
    /// The issuer identifier, such as `http://localhost:9000` (no slash at its end).
    pub issuer: String,
    /// The resource API's origin, such as `http://localhost:9001`. Its resource indicator
    /// (RFC 8707) is this with a slash at its end.
    pub api: String,
    /// The app's origin, such as `http://localhost:8080`: the one that is served, or the first one
    /// that was registered.
    pub app: String,
}

impl Urls {
    /// The resource API's resource indicator.
    #[must_use]
    pub fn api_resource(&self) -> String {
        format!("{}/", self.api)
    }

    /// The calendar's resource indicator: another resource at the same origin, with tokens of its
    /// own.
    #[must_use]
    pub fn calendar_resource(&self) -> String {
        format!("{}/calendar/", self.api)
    }
}

/// Tokens that a fault made expire before their time, by `jti`.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExpiredEarly(Arc<Mutex<HashSet<String>>>);

impl ExpiredEarly {
    pub(crate) fn add(&self, tokens: Vec<String>) {
        *lock(&self.0) = tokens.into_iter().collect();
    }

    pub(crate) fn contains(&self, token_id: &str) -> bool {
        lock(&self.0).contains(token_id)
    }
}

/// Handles that both servers hold.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) policy: Policies,
    pub(crate) feed: Feed,
    pub(crate) tally: Tally,
    pub(crate) origins: Origins,
    pub(crate) urls: Urls,
    pub(crate) expired_early: ExpiredEarly,
}
