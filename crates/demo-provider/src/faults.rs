//! Knobs that make a running provider misbehave, from a test or from the demo's fault panel.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use tokio::sync::watch;

/// How often a fault strikes. In JSON: `false`, a number, or `true`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Times {
    /// Never.
    #[default]
    Never,
    /// The next so many times; then it is over.
    Next(u32),
    /// Until it is switched off.
    Always,
}

impl Times {
    /// Whether it strikes now, using up one of the next N.
    fn strike(&mut self) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::Next(left) => {
                let strikes = *left > 0;
                *self = match left.saturating_sub(1) {
                    0 => Self::Never,
                    left => Self::Next(left),
                };
                strikes
            }
        }
    }
}

impl Serialize for Times {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Never => serializer.serialize_bool(false),
            Self::Always => serializer.serialize_bool(true),
            Self::Next(times) => serializer.serialize_u32(*times),
        }
    }
}

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "false, true, or how many times")]
        enum Form {
            Switch(bool),
            Count(u32),
        }
        Ok(match Form::deserialize(deserializer)? {
            Form::Switch(false) | Form::Count(0) => Self::Never,
            Form::Switch(true) => Self::Always,
            Form::Count(times) => Self::Next(times),
        })
    }
}

/// What stands in the body of a failing endpoint's answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureBody {
    /// The JSON error of RFC 6749 5.2.
    #[default]
    OauthError,
    /// A web page, as a proxy in front of a dead server sends.
    Html,
    /// Nothing.
    Empty,
    /// JSON that ends in the middle.
    TruncatedJson,
}

/// An endpoint that fails before it looks at the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// The HTTP status, 400 to 599.
    pub status: u16,
    /// `Retry-After`, in seconds.
    #[serde(default)]
    pub retry_after_seconds: Option<u64>,
    /// The body of the answer.
    #[serde(default)]
    pub body: FailureBody,
    /// `error` of a JSON body; by the status when absent.
    #[serde(default)]
    pub error: Option<String>,
    /// How often.
    #[serde(default = "always")]
    pub times: Times,
}

fn always() -> Times {
    Times::Always
}

impl Failure {
    /// Fails with this status until it is switched off.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self {
            status,
            retry_after_seconds: None,
            body: FailureBody::OauthError,
            error: None,
            times: Times::Always,
        }
    }

    /// Only the next `times` requests.
    #[must_use]
    pub fn next(mut self, times: u32) -> Self {
        self.times = Times::Next(times);
        self
    }

    /// With a `Retry-After`.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: FailureBody) -> Self {
        self.body = body;
        self
    }
}

/// How `expires_in` is told in a token answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiresIn {
    /// A number of seconds, as it is.
    #[default]
    Honest,
    /// Left out.
    Omitted,
    /// The number as a string.
    Text,
    /// 0, though the token is valid.
    Zero,
    /// -1, though the token is valid.
    Negative,
    /// `null`.
    Null,
}

/// Every knob. The default is a provider that behaves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultSettings {
    /// The endpoint for pushed authorization requests fails.
    pub par_failure: Option<Failure>,
    /// The token endpoint waits this many milliseconds before it looks at a request.
    pub token_delay_ms: u64,
    /// The token endpoint holds every request until this is switched off.
    pub hold_token_requests: bool,
    /// The token endpoint fails.
    pub token_failure: Option<Failure>,
    /// The token endpoint does its work, then closes the connection: the answer is lost.
    pub drop_token_answer: Times,
    /// The token endpoint answers without CORS headers (its preflight still passes).
    pub token_without_cors: Times,
    /// The token endpoint answers with a redirect (307).
    pub redirect_token_request: Times,
    /// The token endpoint answers with a bearer token though a proof came.
    pub dpop_answer_bearer: Times,
    /// A proof is answered with `use_dpop_nonce` and a new nonce, whatever nonce it has, at the
    /// token endpoint and where requests are pushed.
    pub issuer_nonce_challenge: Times,
    /// The same at the API.
    pub api_nonce_challenge: Times,
    /// An answer with a `DPoP-Nonce` does not expose it through CORS, so that no page can read it.
    pub dpop_nonce_hidden: Times,
    /// How `expires_in` is told.
    pub expires_in: ExpiresIn,
    /// A refresh is refused with `invalid_grant`, and its family is revoked.
    pub refuse_refresh: Times,
    /// A refresh is answered without a new refresh token; the old one stays valid.
    pub keep_refresh_token: Times,
    /// A code is answered without a refresh token.
    pub omit_refresh_token: Times,
    /// A refresh is answered without an ID token.
    pub omit_id_token_on_refresh: Times,
    /// An authorization request is granted as if it had no `acr_values`.
    pub ignore_acr_values: Times,
    /// An authorization request is granted as if it had no `max_age`.
    pub ignore_max_age: Times,
    /// `iss` of the authorization response names another issuer.
    pub callback_wrong_iss: Times,
    /// The authorization response has no `iss`, though the metadata promises one.
    pub callback_omit_iss: Times,
    /// `iss` of the ID token names another issuer.
    pub id_token_wrong_iss: Times,
    /// `aud` of the ID token names another client.
    pub id_token_wrong_aud: Times,
    /// `nonce` of the ID token is another one.
    pub id_token_wrong_nonce: Times,
    /// `sub` of the ID token is another user.
    pub id_token_wrong_sub: Times,
    /// `at_hash` of the ID token belongs to another access token.
    pub id_token_wrong_at_hash: Times,
    /// The ID token has no `auth_time`.
    pub id_token_omit_auth_time: Times,
    /// The ID token is expired already.
    pub id_token_expired: Times,
    /// The ID token's signature does not verify.
    pub id_token_bad_signature: Times,
    /// The ID token has `alg: none` and no signature.
    pub id_token_alg_none: Times,
    /// Members of the discovery documents to replace; `null` takes one out.
    pub metadata: Map<String, Value>,
    /// Discovery names another issuer.
    pub discovery_wrong_issuer: Times,
    /// The discovery documents fail.
    pub discovery_failure: Option<Failure>,
    /// The JWKS fails.
    pub jwks_failure: Option<Failure>,
    /// UserInfo fails.
    pub userinfo_failure: Option<Failure>,
    /// UserInfo tells of another user.
    pub userinfo_wrong_sub: Times,
    /// The revocation endpoint fails.
    pub revocation_failure: Option<Failure>,
    /// The revocation endpoint holds every request until this is switched off.
    pub hold_revocation_requests: bool,
    /// The API waits this many milliseconds before it looks at a request.
    pub api_delay_ms: u64,
    /// The API holds every request until this is switched off.
    pub hold_api_requests: bool,
    /// The API answers 401 `invalid_token` to a good token.
    pub api_unauthorized: Times,
    /// The API answers 401 `insufficient_user_authentication` to a good token, however surely its
    /// user is known.
    pub api_step_up: Times,
    /// The API fails.
    pub api_failure: Option<Failure>,
    /// A challenge of the API is not exposed through CORS, so that no page can read it.
    pub api_challenge_hidden: Times,
    /// The API answers without CORS headers (its preflight still passes).
    pub api_without_cors: Times,
}

impl FaultSettings {
    /// Checks what types cannot say.
    fn check(&self) -> Result<(), FaultError> {
        let failures = [
            &self.par_failure,
            &self.token_failure,
            &self.discovery_failure,
            &self.jwks_failure,
            &self.userinfo_failure,
            &self.revocation_failure,
            &self.api_failure,
        ];
        for failure in failures.into_iter().flatten() {
            if !(400..=599).contains(&failure.status) {
                return Err(FaultError(format!(
                    "status {} is not 400 to 599",
                    failure.status
                )));
            }
        }
        Ok(())
    }
}

/// Fault settings that make no sense.
#[derive(Clone, Debug, thiserror::Error)]
#[error("these fault settings can't be used: {0}")]
pub struct FaultError(String);

/// The knobs of one running provider. Clones share them.
#[derive(Clone, Debug)]
pub struct Faults(Arc<watch::Sender<FaultSettings>>);

impl Faults {
    pub(crate) fn new(settings: FaultSettings) -> Self {
        Self(Arc::new(watch::channel(settings).0))
    }

    /// The settings as they stand; a `Next(n)` counts down as it strikes.
    #[must_use]
    pub fn get(&self) -> FaultSettings {
        self.0.borrow().clone()
    }

    /// Changes settings, at once and for both servers.
    pub fn set(&self, change: impl FnOnce(&mut FaultSettings)) {
        self.0.send_modify(change);
    }

    /// Back to a provider that behaves.
    pub fn reset(&self) {
        self.0.send_replace(FaultSettings::default());
    }

    /// Changes settings by a JSON merge patch (RFC 7396): `null` restores a member's default.
    ///
    /// # Errors
    ///
    /// When a member is unknown or its value is of the wrong type.
    pub fn patch(&self, patch: &Map<String, Value>) -> Result<FaultSettings, FaultError> {
        let current = serde_json::to_value(self.get()).map_err(|e| FaultError(e.to_string()))?;
        let mut members = match current {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        for (name, value) in patch {
            if value.is_null() {
                members.remove(name);
            } else {
                members.insert(name.clone(), value.clone());
            }
        }
        let settings: FaultSettings = serde_json::from_value(Value::Object(members))
            .map_err(|e| FaultError(e.to_string()))?;
        settings.check()?;
        self.0.send_replace(settings.clone());
        Ok(settings)
    }

    /// Whether a fault strikes now; a `Next(n)` is counted down.
    pub(crate) fn strikes(&self, knob: impl FnOnce(&mut FaultSettings) -> &mut Times) -> bool {
        let mut strikes = false;
        self.0.send_if_modified(|settings| {
            let times = knob(settings);
            let before = *times;
            strikes = times.strike();
            before != *times
        });
        strikes
    }

    /// The failure to answer with now, if one is set; a `Next(n)` is counted down.
    pub(crate) fn fails(
        &self,
        knob: impl FnOnce(&mut FaultSettings) -> &mut Option<Failure>,
    ) -> Option<Failure> {
        let mut failure = None;
        self.0.send_if_modified(|settings| {
            let slot = knob(settings);
            let Some(set) = slot else { return false };
            let before = set.times;
            if set.times.strike() {
                failure = Some(set.clone());
            }
            let after = set.times;
            if after == Times::Never {
                *slot = None;
            }
            before != after
        });
        failure
    }

    /// Sleeps as long as `delay` says, then waits while `held` says so.
    pub(crate) async fn pause(
        &self,
        delay: impl FnOnce(&FaultSettings) -> u64,
        held: impl Fn(&FaultSettings) -> bool,
    ) {
        let delay_ms = delay(&self.0.borrow());
        if delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        }
        let mut settings = self.0.subscribe();
        // The sender lives as long as `self`, so this ends only when the knob is released.
        let _ = settings.wait_for(|settings| !held(settings)).await;
    }
}

/// Something a fault panel does once, rather than a setting that lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultAction {
    /// New signing keys with new `kid`s; the old ones leave the JWKS at once.
    RotateKeys,
    /// Every access token issued so far is refused from now on, as if it had expired.
    ExpireAccessTokens,
    /// Every token and every provider session ends now.
    RevokeEverything,
    /// Nobody has set up one-time codes any more.
    ForgetOneTimeCodes,
    /// Every knob goes back to its default, and the policy to what it was at start.
    Reset,
}

impl FaultAction {
    /// Every action there is.
    pub const ALL: [Self; 5] = [
        Self::RotateKeys,
        Self::ExpireAccessTokens,
        Self::RevokeEverything,
        Self::ForgetOneTimeCodes,
        Self::Reset,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn patch(faults: &Faults, value: Value) -> Result<FaultSettings, FaultError> {
        match value {
            Value::Object(members) => faults.patch(&members),
            _ => panic!("a patch is an object"),
        }
    }

    #[test]
    fn a_fault_for_the_next_two_strikes_twice() {
        let faults = Faults::new(FaultSettings::default());
        faults.set(|f| f.refuse_refresh = Times::Next(2));
        let strikes: Vec<bool> = (0..4)
            .map(|_| faults.strikes(|f| &mut f.refuse_refresh))
            .collect();
        assert_eq!(strikes, [true, true, false, false]);
        assert_eq!(faults.get().refuse_refresh, Times::Never);
    }

    #[test]
    fn a_patch_changes_only_what_it_names() {
        let faults = Faults::new(FaultSettings::default());
        faults.set(|f| f.token_delay_ms = 5);
        let settings = patch(
            &faults,
            json!({"refuse_refresh": true, "token_failure": {"status": 503, "times": 1}}),
        )
        .unwrap();
        assert_eq!(settings.token_delay_ms, 5);
        assert_eq!(settings.refuse_refresh, Times::Always);
        assert_eq!(settings.token_failure, Some(Failure::status(503).next(1)));
        let settings = patch(&faults, json!({"token_failure": null})).unwrap();
        assert_eq!(settings.token_failure, None);
    }

    #[test]
    fn a_patch_with_an_unknown_or_ill_typed_member_changes_nothing() {
        let faults = Faults::new(FaultSettings::default());
        for refused in [
            json!({"no_such_knob": true}),
            json!({"refuse_refresh": "yes"}),
            json!({"token_failure": {"status": 200}}),
            json!({"token_delay_ms": -1}),
        ] {
            assert!(patch(&faults, refused.clone()).is_err(), "{refused}");
        }
        assert_eq!(faults.get(), FaultSettings::default());
    }
}
