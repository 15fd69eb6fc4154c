//! How surely a user is known: the levels that `acr` names (OpenID Connect Core 2, RFC 9470).

/// `acr` of a sign-in with a password.
pub const ACR_PASSWORD: &str = "urn:demo:acr:pwd";
/// `acr` of a sign-in with a password and a one-time code.
pub const ACR_SECOND_FACTOR: &str = "urn:demo:acr:2fa";

/// How surely a user is known; a greater one satisfies a smaller one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// By a password.
    #[default]
    Password,
    /// By a password and a one-time code.
    SecondFactor,
}

impl Level {
    pub(crate) const ALL: [Self; 2] = [Self::Password, Self::SecondFactor];

    /// Its name in `acr` and `acr_values`.
    pub(crate) fn acr(self) -> &'static str {
        match self {
            Self::Password => ACR_PASSWORD,
            Self::SecondFactor => ACR_SECOND_FACTOR,
        }
    }

    /// What was used to get there, for `amr` (RFC 8176 2).
    pub(crate) fn amr(self) -> &'static [&'static str] {
        match self {
            Self::Password => &["pwd"],
            Self::SecondFactor => &["pwd", "otp", "mfa"],
        }
    }

    pub(crate) fn named(acr: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.acr() == acr)
    }
}
