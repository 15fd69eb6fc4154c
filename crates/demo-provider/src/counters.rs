//! Counting what was asked and what was answered.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::lock;

/// A snapshot of what a provider has counted since it started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests at the token endpoint by grant type and result. The result is `ok` or the error
    /// code that was answered (`invalid_grant`, …, or `fault_503` for a knob's answer).
    pub token_requests: BTreeMap<(String, String), u64>,
    /// Used refresh tokens that came again, each of which revoked its family.
    pub refresh_reuses: u64,
    /// Requests at the authorization endpoint.
    pub authorization_requests: u64,
    /// Requests that were pushed (RFC 9126), or tried to be.
    pub par_requests: u64,
    /// Requests at the discovery documents.
    pub discovery_requests: u64,
    /// Requests at the JWKS, the resource API's own among them.
    pub jwks_requests: u64,
    /// Requests at UserInfo.
    pub userinfo_requests: u64,
    /// DPoP proofs that were found good, at both servers.
    pub dpop_proofs: u64,
    /// DPoP proofs that came a second time, each of which was refused.
    pub dpop_replays: u64,
    /// Requests that were sent back for a DPoP nonce, at both servers.
    pub dpop_nonce_challenges: u64,
    /// Requests at the API that were sent back for a stronger or fresher sign-in.
    pub step_up_challenges: u64,
    /// Requests at the revocation endpoint.
    pub revocation_requests: u64,
    /// Requests at the end-session endpoint.
    pub logout_requests: u64,
    /// Requests at the resource API by the status of the answer (CORS preflights are not counted).
    pub api_requests: BTreeMap<u16, u64>,
}

impl Counters {
    /// Token requests of a grant type that ended in `result` (`ok` or an error code).
    #[must_use]
    pub fn token_results(&self, grant_type: &str, result: &str) -> u64 {
        let key = (grant_type.to_owned(), result.to_owned());
        self.token_requests.get(&key).copied().unwrap_or(0)
    }

    /// All token requests of a grant type.
    #[must_use]
    pub fn token_requests_of(&self, grant_type: &str) -> u64 {
        let same_grant = self
            .token_requests
            .iter()
            .filter(|((grant, _), _)| grant == grant_type);
        same_grant.map(|(_, count)| count).sum()
    }

    /// Requests at the resource API that were answered with `status`.
    #[must_use]
    pub fn api_answers(&self, status: u16) -> u64 {
        self.api_requests.get(&status).copied().unwrap_or(0)
    }
}

/// The live counters, shared by both servers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(Arc<Mutex<Counters>>);

impl Tally {
    pub(crate) fn snapshot(&self) -> Counters {
        lock(&self.0).clone()
    }

    pub(crate) fn count(&self, counter: impl FnOnce(&mut Counters) -> &mut u64) {
        let mut counters = lock(&self.0);
        let value = counter(&mut counters);
        *value = value.saturating_add(1);
    }

    pub(crate) fn token_request(&self, grant_type: &str, result: &str) {
        let key = (grant_type.to_owned(), result.to_owned());
        self.count(|counters| counters.token_requests.entry(key).or_default());
    }
}
