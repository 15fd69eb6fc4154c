//! What the tests of the ID token share: one that is in order, and a way to spoil it.

mod asked_for;
mod clock;
mod flow;
mod refresh;
mod restore;
mod sign_in;

use super::{Expectations, Occasion, PendingIdToken, UnverifiedIdToken, VerifiedIdToken};
use crate::jose::testing::{execute, key_members, token};
use crate::jose::{Jwks, SignatureAlgorithm, SignatureOutcome};
use crate::secret::{AccessToken, Nonce, RawIdToken};
use crate::{Error, ErrorCode, Timestamp};

const ISSUER: &str = "https://op.example/realms/a";
const CLIENT: &str = "spa";
const NONCE: &str = "canary-nonce-1";
const ACCESS_TOKEN: &str = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
/// When the token of these tests is issued, and when it arrives.
const IAT: i64 = 1_700_000_000;
const LIFETIME: i64 = 300;

fn now() -> Timestamp {
    Timestamp::from_seconds(IAT)
}

/// The claims of a token that is in order.
struct Claims(serde_json::Map<String, serde_json::Value>);

impl Claims {
    fn new() -> Self {
        let claims = serde_json::json!({
            "iss": ISSUER, "sub": "u1", "aud": CLIENT, "iat": IAT, "exp": IAT + LIFETIME,
            "nonce": NONCE,
        });
        Self(claims.as_object().unwrap().clone())
    }

    fn with(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// With a claim as JSON text.
    fn json(self, name: &str, text: &str) -> Self {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        self.with(name, value)
    }

    fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    fn text(&self) -> String {
        serde_json::Value::Object(self.0.clone()).to_string()
    }

    fn raw(&self) -> RawIdToken {
        raw(
            SignatureAlgorithm::Es256,
            r#"{"alg":"ES256","kid":"k"}"#,
            &self.text(),
        )
    }

    fn pending(&self) -> PendingIdToken {
        UnverifiedIdToken::parse(&self.raw())
            .unwrap()
            .candidates(&jwks(), None)
            .unwrap()
    }

    fn judge(&self, expected: &Expectations<'_>, at: Timestamp) -> Result<VerifiedIdToken, Error> {
        judge(&self.pending(), expected, at)
    }

    /// At sign-in, in the second of its issue.
    fn sign_in(&self) -> Result<VerifiedIdToken, Error> {
        self.sign_in_at(now())
    }

    fn sign_in_at(&self, at: Timestamp) -> Result<VerifiedIdToken, Error> {
        let nonce = Nonce::new(NONCE).unwrap();
        let occasion = Occasion::SignIn {
            nonce: &nonce,
            max_age: None,
            acr_values: None,
        };
        self.judge(&expectations(occasion), at)
    }

    fn refusal(&self) -> ErrorCode {
        self.sign_in().expect_err(&self.text()).code()
    }
}

fn raw(algorithm: SignatureAlgorithm, header: &str, payload: &str) -> RawIdToken {
    RawIdToken::new(&token(algorithm, header, payload)).unwrap()
}

/// One key of each kind, all of them named `k`.
fn jwks() -> Jwks {
    use SignatureAlgorithm::{EdDsa, Es256, Rs256};
    let keys = [Rs256, Es256, EdDsa].map(|a| format!(r#"{{"kid":"k",{}}}"#, key_members(a)));
    Jwks::from_json_text(&format!(r#"{{"keys":[{}]}}"#, keys.join(","))).unwrap()
}

fn expectations(occasion: Occasion<'_>) -> Expectations<'_> {
    Expectations {
        issuer: ISSUER,
        client_id: CLIENT,
        access_token: None,
        occasion,
    }
}

/// Does what the browser does: checks the signatures and hands in the answers.
fn judge(
    pending: &PendingIdToken,
    expected: &Expectations<'_>,
    at: Timestamp,
) -> Result<VerifiedIdToken, Error> {
    let outcomes: Vec<SignatureOutcome> = pending
        .requests()
        .iter()
        .map(|request| match execute(request) {
            true => SignatureOutcome::Valid,
            false => SignatureOutcome::Invalid,
        })
        .collect();
    pending.verify(&outcomes, expected, at)
}

fn access_token() -> AccessToken {
    AccessToken::new(ACCESS_TOKEN).unwrap()
}
