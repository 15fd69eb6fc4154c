//! `authorization_params`: what a deployer adds to the authorization request.

use super::fault::Fault;
use super::reader::join;
use crate::error::{Error, ErrorCode};

/// Parameters that the client sets itself, or that have no place in a browser's request.
const RESERVED: [&str; 23] = [
    "access_token",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "dpop_jkt",
    "grant_type",
    "id_token",
    "nonce",
    "redirect_uri",
    "refresh_token",
    "registration",
    "request",
    "request_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

/// Extra parameters of the authorization request (RFC 6749 3.1, Core 3.1.2.1), none of them one
/// that the client sets itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorizationParams {
    pairs: Vec<(String, String)>,
    max_age: Option<u64>,
}

impl AuthorizationParams {
    /// The most parameters that can be added.
    pub const LIMIT: usize = 64;

    /// The parameters with one more, or with another value for one that is there.
    ///
    /// ```
    /// use pkce_core::config::AuthorizationParams;
    /// let params = AuthorizationParams::default().with("max_age", "300")?;
    /// assert_eq!(params.max_age(), Some(300));
    /// assert!(params.with("state", "x").is_err());
    /// # Ok::<(), pkce_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `config_reserved_parameter`; `config_invalid_value` for an empty name, for `max_age` that is
    /// no whole number of seconds, for `prompt` or `acr_values` without a value, for `prompt` that
    /// joins `none` with others, and beyond [`AuthorizationParams::LIMIT`].
    pub fn with(self, name: &str, value: &str) -> Result<Self, Error> {
        self.with_at("authorization_params", name, value)
    }

    pub(super) fn with_at(mut self, path: &str, name: &str, value: &str) -> Result<Self, Error> {
        // Some servers read names without regard to case.
        if let Some(reserved) = RESERVED.iter().find(|own| own.eq_ignore_ascii_case(name)) {
            return Err(Fault::new(
                ErrorCode::ConfigReservedParameter,
                "parameters that the client does not set itself",
                *reserved,
            )
            .at(&join(path, reserved)));
        }
        match name {
            "" => {
                return Err(Fault::invalid("parameters with a name", "an empty name").at(path));
            }
            "max_age" => self.max_age = Some(seconds(value).map_err(|f| f.at(&join(path, name)))?),
            "acr_values" => words(value, false).map_err(|f| f.at(&join(path, name)))?,
            "prompt" => words(value, true).map_err(|f| f.at(&join(path, name)))?,
            _ => {}
        }
        let is_full = self.pairs.len() >= Self::LIMIT;
        match self.pairs.iter_mut().find(|(own, _)| own == name) {
            Some((_, own)) => value.clone_into(own),
            None if is_full => return Err(Fault::invalid("at most 64 parameters", "more").at(path)),
            None => self.pairs.push((name.to_owned(), value.to_owned())),
        }
        Ok(self)
    }

    /// Names and values, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value)
    }

    /// How old the user's authentication may be, in seconds (Core 3.1.2.1).
    #[must_use]
    pub const fn max_age(&self) -> Option<u64> {
        self.max_age
    }

    /// The authentication context classes asked for, in order of preference, separated by spaces
    /// (Core 3.1.2.1).
    #[must_use]
    pub fn acr_values(&self) -> Option<&str> {
        self.get("acr_values")
    }

    /// What the provider is to show, separated by spaces (Core 3.1.2.1).
    #[must_use]
    pub fn prompt(&self) -> Option<&str> {
        self.get("prompt")
    }
}

fn seconds(text: &str) -> Result<u64, Fault> {
    let is_number = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| is_number).ok_or_else(|| {
        Fault::invalid(
            "a whole number of seconds, as a string",
            format!("\"{text}\""),
        )
    })
}

fn words(text: &str, is_prompt: bool) -> Result<(), Fault> {
    let mut words = text.split(' ').filter(|word| !word.is_empty());
    if words.clone().next().is_none() {
        return Err(Fault::invalid(
            "one or more words separated by spaces",
            "an empty string",
        ));
    }
    if is_prompt && words.clone().count() > 1 && words.any(|word| word == "none") {
        return Err(Fault::invalid(
            "none by itself, or other values (Core 3.1.2.1)",
            format!("\"{text}\""),
        ));
    }
    Ok(())
}
