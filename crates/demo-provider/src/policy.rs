//! What the provider offers and demands: set at start, and changed while it runs.
//!
//! Faults are what a provider must not do. This is what it may do or not, and the defaults offer
//! everything and demand nothing.

use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Whether the authorization server knows DPoP (RFC 9449).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DpopSupport {
    /// It takes proofs, and its metadata says so.
    #[default]
    Advertised,
    /// It takes proofs, and its metadata does not say so.
    Unadvertised,
    /// It knows nothing of DPoP: proofs are ignored, and every token is a bearer token.
    Off,
}

/// Which nonces a server wants in DPoP proofs (RFC 9449 8 and 9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DpopNonces {
    /// None.
    #[default]
    Off,
    /// One that this server gave out in the last five minutes; it gives a new one every 150 s.
    Required,
    /// The same, with a new nonce in every answer; see [`Policy::dpop_nonces_accepted`].
    Rotating,
}

impl std::str::FromStr for DpopSupport {
    type Err = PolicyError;

    fn from_str(name: &str) -> Result<Self, PolicyError> {
        [Self::Advertised, Self::Unadvertised, Self::Off]
            .into_iter()
            .find(|support| support.name() == name)
            .ok_or_else(|| PolicyError("say advertised, unadvertised or off".to_owned()))
    }
}

impl std::str::FromStr for DpopNonces {
    type Err = PolicyError;

    fn from_str(name: &str) -> Result<Self, PolicyError> {
        [Self::Off, Self::Required, Self::Rotating]
            .into_iter()
            .find(|nonces| nonces.name() == name)
            .ok_or_else(|| PolicyError("say off, required or rotating".to_owned()))
    }
}

impl DpopSupport {
    /// Its name in JSON and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Advertised => "advertised",
            Self::Unadvertised => "unadvertised",
            Self::Off => "off",
        }
    }
}

impl DpopNonces {
    /// Its name in JSON and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Required => "required",
            Self::Rotating => "rotating",
        }
    }
}

/// What the provider offers and demands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Pushed authorization requests (RFC 9126) are taken.
    pub par: bool,
    /// An authorization request must have been pushed, whichever client it comes from.
    pub require_par: bool,
    /// How long a pushed request waits for its user, in seconds (1 to 600).
    pub par_seconds: u64,
    /// Whether the authorization server knows DPoP.
    pub dpop: DpopSupport,
    /// The token endpoint refuses a request without a DPoP proof, whichever client it comes from.
    pub require_dpop: bool,
    /// The API refuses bearer tokens.
    pub api_requires_dpop: bool,
    /// Nonces at the authorization server's endpoints.
    pub issuer_nonces: DpopNonces,
    /// Nonces at the API.
    pub api_nonces: DpopNonces,
    /// How many of the newest nonces are taken (1 to 1000). With 1 and rotating nonces, of two
    /// requests at once one must be repeated.
    pub dpop_nonces_accepted: usize,
    /// How far a proof's `iat` may be from the server's clock, before or after, in seconds
    /// (1 to 3600).
    pub dpop_proof_seconds: u64,
    /// How long ago the user may have signed in for the vault to open, in seconds.
    pub vault_max_age_seconds: u64,
    /// The page that asks for a one-time code shows it too, for demos without a phone at hand.
    pub show_one_time_code: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            par: true,
            require_par: false,
            par_seconds: 90,
            dpop: DpopSupport::Advertised,
            require_dpop: false,
            api_requires_dpop: false,
            issuer_nonces: DpopNonces::Off,
            api_nonces: DpopNonces::Off,
            dpop_nonces_accepted: 8,
            dpop_proof_seconds: 60,
            vault_max_age_seconds: 300,
            show_one_time_code: false,
        }
    }
}

/// A policy that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this policy can't be used: {0}")]
pub struct PolicyError(String);

impl Policy {
    /// Checks what types cannot say.
    pub(crate) fn check(&self) -> Result<(), PolicyError> {
        let problem = if self.require_par && !self.par {
            "require_par needs par"
        } else if self.require_dpop && self.dpop == DpopSupport::Off {
            "require_dpop needs dpop"
        } else if !(1..=600).contains(&self.par_seconds) {
            "par_seconds is not 1 to 600"
        } else if !(1..=1_000).contains(&self.dpop_nonces_accepted) {
            "dpop_nonces_accepted is not 1 to 1000"
        } else if !(1..=3_600).contains(&self.dpop_proof_seconds) {
            "dpop_proof_seconds is not 1 to 3600"
        } else {
            return Ok(());
        };
        Err(PolicyError(problem.to_owned()))
    }
}

/// The policy of one running provider. Clones share it.
#[derive(Clone, Debug)]
pub struct Policies(Arc<Held>);

#[derive(Debug)]
struct Held {
    /// As it was at start, to come back to.
    initial: Policy,
    current: RwLock<Policy>,
}

impl Policies {
    pub(crate) fn new(initial: Policy) -> Self {
        let current = RwLock::new(initial.clone());
        Self(Arc::new(Held { initial, current }))
    }

    /// The policy as it stands.
    #[must_use]
    pub fn get(&self) -> Policy {
        let current = self.0.current.read();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes it, at once and for both servers.
    ///
    /// # Errors
    ///
    /// When the change makes no sense; then nothing is changed.
    pub fn set(&self, change: impl FnOnce(&mut Policy)) -> Result<Policy, PolicyError> {
        let mut current = self.0.current.write();
        let current = match &mut current {
            Ok(current) => &mut **current,
            Err(poisoned) => &mut **poisoned.get_mut(),
        };
        let mut policy = current.clone();
        change(&mut policy);
        policy.check()?;
        *current = policy.clone();
        Ok(policy)
    }

    /// Back to what it was at start.
    pub fn reset(&self) {
        let initial = self.0.initial.clone();
        let _ = self.set(|policy| *policy = initial);
    }

    /// Changes it by a JSON merge patch (RFC 7396): `null` restores what it was at start.
    ///
    /// # Errors
    ///
    /// When a member is unknown, or its value makes no sense; then nothing is changed.
    pub fn patch(&self, patch: &Map<String, Value>) -> Result<Policy, PolicyError> {
        let patched = self.patched(patch)?;
        self.set(|policy| *policy = patched)
    }

    /// What a patch would make of the policy, without making it so.
    pub(crate) fn patched(&self, patch: &Map<String, Value>) -> Result<Policy, PolicyError> {
        let fail = |error: serde_json::Error| PolicyError(error.to_string());
        let members = |policy: &Policy| serde_json::to_value(policy).map_err(fail);
        let initial = members(&self.0.initial)?;
        let mut patched = members(&self.get())?;
        if let Value::Object(patched) = &mut patched {
            for (name, value) in patch {
                let value = match value {
                    Value::Null => initial.get(name).unwrap_or(&Value::Null),
                    value => value,
                };
                patched.insert(name.clone(), value.clone());
            }
        }
        let policy: Policy = serde_json::from_value(patched).map_err(fail)?;
        policy.check()?;
        Ok(policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn patch(policies: &Policies, patch: Value) -> Result<Policy, PolicyError> {
        policies.patch(patch.as_object().unwrap())
    }

    #[test]
    fn a_patch_changes_what_it_names_and_null_restores_the_start() {
        let policies = Policies::new(Policy {
            par_seconds: 70,
            ..Policy::default()
        });
        let changed = patch(
            &policies,
            json!({"api_nonces": "rotating", "par_seconds": 5, "dpop": "unadvertised"}),
        );
        let changed = changed.unwrap();
        assert_eq!(changed, policies.get());
        assert_eq!(changed.api_nonces, DpopNonces::Rotating);
        assert_eq!(changed.issuer_nonces, DpopNonces::Off);
        assert_eq!(changed.dpop, DpopSupport::Unadvertised);
        let restored = patch(&policies, json!({"par_seconds": null})).unwrap();
        assert_eq!(restored.par_seconds, 70);
        policies.reset();
        assert_eq!(policies.get().api_nonces, DpopNonces::Off);
    }

    #[test]
    fn nonsense_changes_nothing() {
        let policies = Policies::new(Policy::default());
        for nonsense in [
            json!({"unheard_of": true}),
            json!({"unheard_of": null}),
            json!({"dpop": "perhaps"}),
            json!({"par_seconds": 0}),
            json!({"par_seconds": 601}),
            json!({"dpop_nonces_accepted": 0}),
            json!({"dpop_proof_seconds": 0}),
            json!({"par": false, "require_par": true}),
            json!({"dpop": "off", "require_dpop": true}),
        ] {
            assert!(patch(&policies, nonsense.clone()).is_err(), "{nonsense}");
        }
        assert_eq!(policies.get(), Policy::default());
    }

    #[test]
    fn names_are_the_ones_of_json() {
        for support in [
            DpopSupport::Advertised,
            DpopSupport::Unadvertised,
            DpopSupport::Off,
        ] {
            assert_eq!(json!(support), support.name());
            assert_eq!(support.name().parse(), Ok(support));
        }
        for nonces in [DpopNonces::Off, DpopNonces::Required, DpopNonces::Rotating] {
            assert_eq!(json!(nonces), nonces.name());
            assert_eq!(nonces.name().parse(), Ok(nonces));
        }
    }
}
