//! The authorization response (RFC 6749 4.1.2, RFC 9207), judged in one visible order:
//! repeated parameters, `state`, `iss`, and only then `error` or `code`.

use crate::authorization::Transaction;
use crate::encoding::form_parse;
use crate::error::{Error, ErrorCode, Phase};
use crate::provider_error;
use crate::secret::{AuthorizationCode, State};
use crate::sign_out;
use crate::time::Timestamp;
use crate::url::HttpUrl;

/// The longest query of a callback that is read, in octets.
pub const CALLBACK_LIMIT: usize = 16 * 1024;

/// What an authorization response may carry, in its right form or in a hostile one. These leave
/// the address bar; the app's own parameters stay.
const PARAMETERS: [&str; 13] = [
    "code",
    "state",
    "iss",
    "error",
    "error_description",
    "error_uri",
    "session_state",
    "access_token",
    "id_token",
    "refresh_token",
    "token_type",
    "expires_in",
    "response",
];

/// Those whose presence makes a page load at the redirect URI an authorization response.
const MARKS: [&str; 7] = [
    "code",
    "state",
    "iss",
    "error",
    "access_token",
    "id_token",
    "response",
];

/// The address of the page, as `location` tells it.
#[derive(Clone, Copy)]
pub struct PageAddress<'a> {
    /// `location.pathname`
    pub path: &'a str,
    /// `location.search`, with or without its `?`.
    pub query: &'a str,
    /// `location.hash`, with or without its `#`.
    pub fragment: &'a str,
}

impl std::fmt::Debug for PageAddress<'_> {
    /// Query and fragment may carry a code.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PageAddress({} [redacted])", self.path)
    }
}

impl<'a> PageAddress<'a> {
    fn query(self) -> &'a str {
        self.query.strip_prefix('?').unwrap_or(self.query)
    }

    fn fragment(self) -> &'a str {
        self.fragment.strip_prefix('#').unwrap_or(self.fragment)
    }

    /// Whether this page load is an authorization response for a client with this redirect URI.
    #[must_use]
    pub fn is_callback(self, redirect_uri: &HttpUrl) -> bool {
        self.path == redirect_uri.path()
            && (has_any(self.query(), &MARKS) || has_any(self.fragment(), &MARKS))
    }

    /// Whether only the `state` of a sign-out came back (RP-Initiated Logout 3) at this URI. A
    /// `state` of another form than ours is the app's own parameter.
    #[must_use]
    pub fn is_sign_out_return(self, post_logout_redirect_uri: &HttpUrl) -> bool {
        self.path == post_logout_redirect_uri.path()
            && self.query().len() <= CALLBACK_LIMIT
            && form_urlencoded::parse(self.query().as_bytes())
                .any(|(name, value)| name == "state" && sign_out::is_own_state(&value))
            && !has_any(self.query(), &["code", "error", "iss"])
            && !has_any(self.fragment(), &MARKS)
    }

    /// The address without what the protocol put there: path, the app's own query, the app's own
    /// fragment.
    #[must_use]
    pub fn cleaned(self) -> String {
        let mut cleaned = self.path.to_owned();
        // What is too long to be read is too long to be kept.
        let query = if self.query().len() > CALLBACK_LIMIT {
            ""
        } else {
            self.query()
        };
        let own: Vec<&str> = query
            .split('&')
            .filter(|part| !part.is_empty() && !has_any(part, &PARAMETERS))
            .collect();
        if !own.is_empty() {
            cleaned.push('?');
            cleaned.push_str(&own.join("&"));
        }
        let fragment = self.fragment();
        if !fragment.is_empty()
            && fragment.len() <= CALLBACK_LIMIT
            && !has_any(fragment, &PARAMETERS)
        {
            cleaned.push('#');
            cleaned.push_str(fragment);
        }
        cleaned
    }
}

/// Whether a form-encoded text has one of these parameters.
fn has_any(text: &str, names: &[&str]) -> bool {
    form_urlencoded::parse(text.as_bytes()).any(|(name, _)| names.contains(&&*name))
}

/// An authorization response as it came: nothing in it is believed before [`Callback::judge`].
#[derive(Debug)]
pub struct Callback {
    path: String,
    state: State,
    iss: Option<String>,
    code: Option<Unprinted>,
    error: Option<String>,
    error_description: Option<String>,
}

/// A value that must not be printed.
struct Unprinted(String);

impl std::fmt::Debug for Unprinted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A code that was judged good for its transaction; both are consumed by the token request.
#[derive(Debug)]
pub struct Grant {
    pub(crate) code: AuthorizationCode,
    pub(crate) transaction: Transaction,
}

impl Callback {
    /// Reads the response: no fragment, no repeated parameter, a `state`.
    ///
    /// # Errors
    /// `callback_too_large`, `callback_in_fragment`, `callback_repeated_parameter`,
    /// `state_missing`, `state_unknown` (a `state` that this client cannot have made).
    pub fn read(address: PageAddress<'_>) -> Result<Self, Error> {
        let query = address.query();
        if query.len() > CALLBACK_LIMIT || address.fragment().len() > CALLBACK_LIMIT {
            return Err(Error::new(ErrorCode::CallbackTooLarge, Phase::Callback)
                .expected("an answer of at most 16 KB")
                .came("a longer one"));
        }
        if has_any(address.fragment(), &MARKS) {
            return Err(Error::new(ErrorCode::CallbackInFragment, Phase::Callback)
                .expected("the answer in the query (response_mode=query)")
                .came("parameters in the fragment"));
        }
        let mut values: [Option<String>; PARAMETERS.len()] = Default::default();
        for (name, value) in form_parse(query) {
            let slot = PARAMETERS.iter().position(|known| *known == name);
            if let Some(slot) = slot.and_then(|index| values.get_mut(index)) {
                if slot.is_some() {
                    return Err(
                        Error::new(ErrorCode::CallbackRepeatedParameter, Phase::Callback)
                            .expected("each parameter once (RFC 6749 3.1)")
                            .came(format!("{name} more than once")),
                    );
                }
                *slot = Some(value);
            }
        }
        let [code, state, iss, error, error_description, ..] = values;
        let state = state.filter(|state| !state.is_empty()).ok_or_else(|| {
            Error::new(ErrorCode::StateMissing, Phase::Callback)
                .expected("the state of a sign-in that this tab began")
                .came("none")
        })?;
        let state = State::new(&state)
            .filter(|state| is_own_form(state.expose()))
            .ok_or_else(unknown_state)?;
        Ok(Self {
            path: address.path.to_owned(),
            state,
            iss,
            code: code.map(Unprinted),
            error,
            error_description,
        })
    }

    /// The `state`, under which the transaction is looked up.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Judges the response against its transaction, which it consumes.
    ///
    /// # Errors
    /// `state_unknown`, `state_expired`, `iss_mismatch`, `iss_missing`, `callback_invalid`, and the
    /// provider's own `error`.
    pub fn judge(self, transaction: Transaction, now: Timestamp) -> Result<Grant, Error> {
        if self.state.expose() != transaction.state.expose() {
            return Err(unknown_state());
        }
        if transaction.is_expired(now) {
            return Err(Error::new(ErrorCode::StateExpired, Phase::Callback)
                .expected("an answer within 10 minutes of the sign-in's start")
                .came("a later one"));
        }
        // RFC 9700 4.4.2: providers may have a redirect URI each, and none answers at another's.
        let asked = transaction.redirect_uri.path();
        if self.path != asked {
            return Err(Error::new(ErrorCode::CallbackInvalid, Phase::Callback)
                .expected(format!("the answer of this sign-in at {asked}"))
                .came(format!("one at {}", self.path)));
        }
        // RFC 9207 2.4
        let issuer = transaction.metadata.issuer().as_str();
        match &self.iss {
            Some(iss) if iss != issuer => {
                return Err(Error::new(ErrorCode::IssMismatch, Phase::Callback)
                    .expected(format!("iss {issuer}"))
                    .came(iss.clone()));
            }
            None if transaction
                .metadata
                .authorization_response_iss_parameter_supported() =>
            {
                return Err(Error::new(ErrorCode::IssMissing, Phase::Callback)
                    .expected(format!("iss {issuer}, as its metadata announces"))
                    .came("no iss"));
            }
            _ => {}
        }
        match (self.code, self.error) {
            (Some(code), None) => {
                let code = AuthorizationCode::new(&code.0).ok_or_else(|| {
                    Error::new(ErrorCode::CallbackInvalid, Phase::Callback)
                        .expected("a code of printable ASCII (RFC 6749 A.11)")
                        .came("an empty or unprintable one")
                })?;
                Ok(Grant { code, transaction })
            }
            (None, Some(error)) if !error.is_empty() => {
                Err(provider_error::error(&error, Phase::Callback)
                    .described(self.error_description.as_deref()))
            }
            (Some(_), Some(_)) => Err(Error::new(ErrorCode::CallbackInvalid, Phase::Callback)
                .expected("either code or error")
                .came("both")),
            (None, _) => Err(Error::new(ErrorCode::CallbackInvalid, Phase::Callback)
                .expected("either code or error")
                .came("neither")),
        }
    }
}

/// An error for a `state` that no transaction of this tab has.
#[must_use]
pub fn unknown_state() -> Error {
    Error::new(ErrorCode::StateUnknown, Phase::Callback)
        .expected("the state of a sign-in that this tab began")
        .came("another one")
}

/// An error for a `state` whose answer was used before.
#[must_use]
pub fn consumed_state() -> Error {
    Error::new(ErrorCode::StateConsumed, Phase::Callback)
        .expected("a fresh answer")
        .came("one that was used before")
}

/// Only what [`Transaction::begin`] makes is looked up: 43 characters of base64url.
fn is_own_form(state: &str) -> bool {
    state.len() == 43
        && state
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests;
