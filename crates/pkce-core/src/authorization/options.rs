//! What one sign-in asks for, and what an API's challenge makes of it (RFC 9470).

use crate::api::ApiVerdict;
use crate::return_to::ReturnTo;
use std::fmt;

/// The longest value that an app can hand to a sign-in, in octets.
pub const APP_STATE_LIMIT: usize = 16 * 1024;

/// What one sign-in adds to the provider's configuration, or asks in its place. Empty texts are as
/// good as absent.
#[derive(Clone, Default)]
pub struct SignInOptions {
    /// Where to go afterwards. Where absent: where a sign-in that just failed would have gone, or
    /// home.
    pub return_to: Option<ReturnTo>,
    /// A value of the app that comes back after sign-in, at most [`APP_STATE_LIMIT`] long.
    pub app_state: Option<String>,
    /// Languages for the provider's pages, most wanted first (BCP 47, separated by spaces).
    pub ui_locales: Option<String>,
    /// The account that the user is expected to use.
    pub login_hint: Option<String>,
    /// `login`, `consent`, `select_account`, `none`.
    pub prompt: Option<String>,
    /// How old the user's authentication may be, in seconds (Core 3.1.2.1). The ID token has to
    /// confirm it.
    pub max_age: Option<u64>,
    /// The authentication context classes of which the ID token has to name one (Core 3.1.2.1).
    pub acr_values: Option<AcrValues>,
}

impl fmt::Debug for SignInOptions {
    /// Without the values, which are the user's own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignInOptions([redacted])")
    }
}

impl SignInOptions {
    /// No `max_age` of a challenge asks for less than this says, in seconds: ten years.
    const MAX_AGE_LIMIT: u64 = 10 * 365 * 24 * 3600;

    /// The sign-in that an API's step-up challenge asks for (RFC 9470 4), to come back to
    /// `return_to`. A challenge that names neither `acr_values` nor `max_age` can only mean a
    /// fresh sign-in: `max_age=0`. `None` for any other verdict.
    ///
    /// Whoever comes back from such a sign-in for the same request and gets the challenge again
    /// must not go round.
    #[must_use]
    pub fn step_up(verdict: &ApiVerdict, return_to: ReturnTo) -> Option<Self> {
        let ApiVerdict::StepUp {
            acr_values,
            max_age,
        } = verdict
        else {
            return None;
        };
        let acr_values = acr_values.as_deref().and_then(AcrValues::parse);
        let max_age = match (max_age, &acr_values) {
            (None, None) => Some(0),
            (age, _) => age.map(|age| age.min(Self::MAX_AGE_LIMIT)),
        };
        Some(Self {
            return_to: Some(return_to),
            max_age,
            acr_values,
            ..Self::default()
        })
    }
}

/// Authentication context class references in order of preference (Core 2, `acr`): printable
/// ASCII, separated by single spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcrValues(Box<str>);

impl AcrValues {
    /// The longest text accepted, in octets.
    pub const LIMIT: usize = 512;

    /// Takes words that are separated by spaces; further spaces are left out. `None` for a text
    /// without a word, with other characters than printable ASCII, or over [`AcrValues::LIMIT`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let good = text.len() <= Self::LIMIT && text.bytes().all(|b| matches!(b, 0x20..=0x7e));
        let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
        (good && !words.is_empty()).then(|| Self(words.join(" ").into()))
    }

    /// The value of `acr_values`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests;
