//! What the status and the challenge of an API's answer ask for (RFC 6750 3, RFC 9470 3).

use super::www_authenticate::{self, Challenge};
use crate::authorization::AcrValues;
use crate::config::Scope;
use crate::error::{Error, ErrorCode, Phase};

/// Whether the request was sent with a token that had just been renewed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The first time.
    First,
    /// Again, after a renewal.
    AfterRefresh,
}

/// What to do with an API's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiVerdict {
    /// Hand it to the app.
    Pass,
    /// Renew the token once and send the request once more, if its body can be sent twice.
    RefreshAndRetry,
    /// Send the user through a new authorization with these parameters, then back (RFC 9470 4):
    /// [`SignInOptions::step_up`](crate::authorization::SignInOptions::step_up).
    /// Whoever comes back from one for the same request and gets this again must not go round.
    StepUp {
        /// The authentication context classes asked for, separated by spaces.
        acr_values: Option<String>,
        /// How old the authentication may be, in seconds.
        max_age: Option<u64>,
    },
    /// The token's scope does not suffice; a renewal would not change that.
    InsufficientScope {
        /// The scope that the API says is necessary.
        scope: Option<Scope>,
    },
    /// Report it; with `api_status` the answer itself is the app's to read.
    Failed(Error),
}

impl ApiVerdict {
    /// The error to show where nothing is done about the verdict: there is no refresh token, the
    /// body cannot be sent twice, or a step-up has been tried. `None` for [`ApiVerdict::Pass`].
    #[must_use]
    pub fn into_error(self) -> Option<Error> {
        match self {
            ApiVerdict::Pass => None,
            ApiVerdict::RefreshAndRetry => Some(unauthorized("status 401")),
            ApiVerdict::StepUp {
                acr_values,
                max_age,
            } => {
                let age = max_age.map(|seconds| format!("a sign-in at most {seconds} s ago"));
                let acr = acr_values.map(|values| format!("a sign-in of the kind {values}"));
                let came = match (acr, age) {
                    (Some(acr), Some(age)) => format!("the wish for {acr} and {age}"),
                    (Some(one), None) | (None, Some(one)) => format!("the wish for {one}"),
                    (None, None) => "the wish for another sign-in".to_owned(),
                };
                Some(
                    Error::new(ErrorCode::InsufficientUserAuthentication, Phase::Api)
                        .expected("an API that the user's sign-in is good enough for")
                        .came(came),
                )
            }
            ApiVerdict::InsufficientScope { scope } => Some(
                Error::new(ErrorCode::InsufficientScope, Phase::Api)
                    .expected("an access token with the scope that the API wants")
                    .came(
                        scope.map_or("a refusal that names none".to_owned(), |scope| {
                            format!("a refusal that names {scope}")
                        }),
                    ),
            ),
            ApiVerdict::Failed(error) => Some(error),
        }
    }
}

/// Judges the status of an API's answer and its `WWW-Authenticate`, which CORS may hide.
///
/// A 401 asks for one renewal and one retry, unless the challenge asks for something that a renewed
/// token does not give; the second 401 is an error.
#[must_use]
pub fn judge_status(status: u16, www_authenticate: Option<&str>, attempt: Attempt) -> ApiVerdict {
    match status {
        100..=299 | 304 => ApiVerdict::Pass,
        300..=399 => ApiVerdict::Failed(
            Error::new(ErrorCode::UnexpectedRedirect, Phase::Api)
                .expected("an answer from the configured address itself")
                .came(format!(
                    "status {status}, a redirect that is not followed with a token"
                )),
        ),
        401 | 403 => {
            let challenges = www_authenticate
                .map(www_authenticate::parse)
                .unwrap_or_default();
            judge_refusal(status, &challenges, attempt)
        }
        _ => failed_status(status),
    }
}

fn judge_refusal(status: u16, challenges: &[Challenge], attempt: Attempt) -> ApiVerdict {
    let ours = || challenges.iter().filter(|c| c.is("Bearer") || c.is("DPoP"));
    let with_error = |code: &str| ours().find(|c| c.param("error") == Some(code));
    if let Some(challenge) = with_error("insufficient_user_authentication") {
        return ApiVerdict::StepUp {
            acr_values: challenge.param("acr_values").and_then(acr_values),
            max_age: challenge.param("max_age").and_then(seconds),
        };
    }
    if let Some(challenge) = with_error("insufficient_scope") {
        return ApiVerdict::InsufficientScope {
            scope: challenge.param("scope").and_then(Scope::parse),
        };
    }
    if status != 401 {
        return failed_status(status);
    }
    // A renewed token does not mend the proof (RFC 9449 7.1).
    if with_error("invalid_dpop_proof").is_some() {
        return ApiVerdict::Failed(
            Error::new(ErrorCode::InvalidDpopProof, Phase::Api)
                .expected("an API that accepts the proof (its URL, and a time of its clock)")
                .came("status 401 with invalid_dpop_proof"),
        );
    }
    // No challenge that can be read may be one that CORS hides.
    let a_new_token_may_help =
        challenges.is_empty() || ours().any(|c| c.param("error") != Some("use_dpop_nonce"));
    match attempt {
        _ if !a_new_token_may_help => ApiVerdict::Failed(unauthorized(
            "status 401 with a challenge that a bearer token cannot meet",
        )),
        Attempt::First => ApiVerdict::RefreshAndRetry,
        Attempt::AfterRefresh => {
            ApiVerdict::Failed(unauthorized("status 401 also with a renewed token"))
        }
    }
}

fn unauthorized(came: &'static str) -> Error {
    Error::new(ErrorCode::ApiUnauthorized, Phase::Api)
        .expected("an API that accepts the access token (issuer, audience and expiry)")
        .came(came)
}

fn failed_status(status: u16) -> ApiVerdict {
    ApiVerdict::Failed(
        Error::new(ErrorCode::ApiStatus, Phase::Api)
            .expected("a status of success")
            .came(format!("status {status}")),
    )
}

/// Only what a request may carry: the challenge is foreign text.
fn acr_values(text: &str) -> Option<String> {
    AcrValues::parse(text).map(|values| values.as_str().to_owned())
}

fn seconds(text: &str) -> Option<u64> {
    text.parse()
        .ok()
        .filter(|_| text.bytes().all(|b| b.is_ascii_digit()))
}
