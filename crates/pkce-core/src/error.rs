//! One error type: a stable code, the phase it arose in, what was expected and what came.

use std::borrow::Cow;
use std::fmt;

/// What can be done about an error. Each [`ErrorCode`] has exactly one.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The same thing may work a moment later.
    Retry,
    /// The user has to sign in (again).
    SignIn,
    /// The deployer or the provider's administrator has to change something.
    Configure,
    /// Nothing of that kind helps; the message says what does.
    Other,
}

macro_rules! error_codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal, $remedy:ident;)+) => {
        /// The stable codes of [`Error`]. [`ErrorCode::as_str`] is what an app shows as `data-error`;
        /// `docs/errors.md` lists them with what can be done about each.
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $(#[doc = concat!("`", $text, "`: ")] $(#[doc = $doc])+ $variant,)+
        }

        impl ErrorCode {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant,)+];

            /// The stable snake_case text of the code.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$variant => $text,)+ }
            }

            /// What can be done about it.
            #[must_use]
            pub const fn remedy(self) -> Remedy {
                match self { $(ErrorCode::$variant => Remedy::$remedy,)+ }
            }

            /// What it means, in the words of this documentation: for lists of codes, not for users.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(ErrorCode::$variant => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

error_codes! {
    // Configuration
    /// The page has no configuration block.
    ConfigMissing = "config_missing", Configure;
    /// The configuration block is no JSON object, or has a repeated member.
    ConfigInvalidJson = "config_invalid_json", Configure;
    /// The configuration has a key that nothing reads.
    ConfigUnknownKey = "config_unknown_key", Configure;
    /// The configuration lacks a required key.
    ConfigMissingKey = "config_missing_key", Configure;
    /// A configuration value has the wrong JSON type.
    ConfigWrongType = "config_wrong_type", Configure;
    /// A configuration value is of the right type and yet impossible.
    ConfigInvalidValue = "config_invalid_value", Configure;
    /// A configured URL is not `https` and not loopback.
    ConfigInsecureUrl = "config_insecure_url", Configure;
    /// Two providers share one `id`.
    ConfigDuplicateId = "config_duplicate_id", Configure;
    /// A `client_secret` is configured: an app in a browser can keep no secret.
    ConfigClientSecret = "config_client_secret", Configure;
    /// `authorization_params` names a parameter that the client sets itself.
    ConfigReservedParameter = "config_reserved_parameter", Configure;
    /// The configuration asks for something that this build or provider cannot do.
    ConfigUnsupported = "config_unsupported", Configure;
    // Environment
    /// The page is no secure context, so there is no `crypto.subtle`.
    InsecureContext = "insecure_context", Configure;
    /// Session storage is blocked.
    StorageUnavailable = "storage_unavailable", Other;
    /// Session storage is full.
    StorageFull = "storage_full", Other;
    /// The page runs inside another site's frame.
    ForeignFrame = "foreign_frame", Other;
    // Transport and what every answer can be
    /// No answer: offline, a refused connection, or an answer that CORS hides.
    NetworkError = "network_error", Retry;
    /// No whole answer within the limit (30 s).
    Timeout = "timeout", Retry;
    /// The answer is larger than the limit (1 MB).
    ResponseTooLarge = "response_too_large", Other;
    /// A redirect where none is followed.
    UnexpectedRedirect = "unexpected_redirect", Configure;
    /// The server answered with a status that has no better code.
    UnexpectedStatus = "unexpected_status", Other;
    /// The server answered with 5xx or 429.
    ServiceUnavailable = "service_unavailable", Retry;
    /// The answer is not of a JSON content type.
    UnexpectedContentType = "unexpected_content_type", Other;
    /// The answer is no well-formed JSON object.
    InvalidJson = "invalid_json", Other;
    // Discovery and keys
    /// The metadata's `issuer` is not the configured one.
    IssuerMismatch = "issuer_mismatch", Configure;
    /// The metadata lacks a member or has a wrong one.
    MetadataInvalid = "metadata_invalid", Configure;
    /// The JWKS has no `keys` array.
    JwksInvalid = "jwks_invalid", Configure;
    // Authorization
    /// The answer to a pushed authorization request lacks a member or has a wrong one (RFC 9126 2.2).
    ParResponseInvalid = "par_response_invalid", Other;
    /// The pushed authorization request is too old, or was used before (RFC 9126 4).
    InvalidRequestUri = "invalid_request_uri", SignIn;
    // Callback
    /// Parameters of the answer came in the fragment.
    CallbackInFragment = "callback_in_fragment", SignIn;
    /// The answer is longer than any real one.
    CallbackTooLarge = "callback_too_large", SignIn;
    /// A parameter of the answer is repeated.
    CallbackRepeatedParameter = "callback_repeated_parameter", SignIn;
    /// The answer has both `code` and `error`, or neither, or an empty one.
    CallbackInvalid = "callback_invalid", SignIn;
    /// The answer has no `state`.
    StateMissing = "state_missing", SignIn;
    /// The `state` belongs to no sign-in of this tab.
    StateUnknown = "state_unknown", SignIn;
    /// The sign-in was begun too long ago.
    StateExpired = "state_expired", SignIn;
    /// The answer was used before (reload, back button, replay).
    StateConsumed = "state_consumed", SignIn;
    /// `iss` of the answer is not the issuer asked (mix-up).
    IssMismatch = "iss_mismatch", SignIn;
    /// `iss` is absent although the provider announces it.
    IssMissing = "iss_missing", SignIn;
    // RFC 6749 4.1.2.1 and 5.2, Core 3.1.2.6, RFC 8707 2: the provider's own codes
    /// The user or the provider refused.
    AccessDenied = "access_denied", SignIn;
    /// The provider wants the user to sign in.
    LoginRequired = "login_required", SignIn;
    /// The provider wants to show something to the user.
    InteractionRequired = "interaction_required", SignIn;
    /// The provider wants the user's consent.
    ConsentRequired = "consent_required", SignIn;
    /// The provider wants the user to choose an account.
    AccountSelectionRequired = "account_selection_required", SignIn;
    /// The provider cannot sign the user in as strongly or as freshly as asked (RFC 9470 5).
    UnmetAuthenticationRequirements = "unmet_authentication_requirements", SignIn;
    /// The provider says it is overloaded.
    TemporarilyUnavailable = "temporarily_unavailable", Retry;
    /// The provider says it failed.
    ServerError = "server_error", Retry;
    /// The provider calls the request malformed.
    InvalidRequest = "invalid_request", Configure;
    /// The provider does not know this client, or wants a secret from it.
    InvalidClient = "invalid_client", Configure;
    /// The client may not do this.
    UnauthorizedClient = "unauthorized_client", Configure;
    /// The provider does not do the code flow for this client.
    UnsupportedResponseType = "unsupported_response_type", Configure;
    /// The provider does not do this grant for this client.
    UnsupportedGrantType = "unsupported_grant_type", Configure;
    /// A requested scope is unknown or not allowed.
    InvalidScope = "invalid_scope", Configure;
    /// A requested resource is unknown or not allowed (RFC 8707).
    InvalidTarget = "invalid_target", Configure;
    /// The code is wrong, spent or expired.
    InvalidGrant = "invalid_grant", SignIn;
    /// The provider gave an error code of its own.
    ProviderError = "provider_error", SignIn;
    // Token response
    /// The token response lacks a member or has a wrong one.
    TokenResponseInvalid = "token_response_invalid", Other;
    /// `token_type` is neither Bearer nor one that was asked for.
    TokenTypeUnsupported = "token_type_unsupported", Configure;
    // DPoP (RFC 9449)
    /// The browser keeps no key to bind tokens to: IndexedDB or the key type is missing.
    DpopKeyUnavailable = "dpop_key_unavailable", Other;
    /// The browser could not sign a DPoP proof.
    DpopSigningFailed = "dpop_signing_failed", Other;
    /// The server refused a DPoP proof, mostly because a clock is wrong (RFC 9449 5, 7.1).
    InvalidDpopProof = "invalid_dpop_proof", Other;
    /// The server wants yet another nonce for a proof that had the newest one (RFC 9449 8, 9).
    UseDpopNonce = "use_dpop_nonce", Retry;
    /// The server wants a nonce that CORS hides from the page.
    DpopNonceHidden = "dpop_nonce_hidden", Configure;
    // ID token
    /// The token response has no ID token.
    IdTokenMissing = "id_token_missing", Configure;
    /// The ID token is no signed JWT in compact form.
    IdTokenMalformed = "id_token_malformed", Other;
    /// The ID token is signed with an algorithm that is not allowed.
    IdTokenAlgorithm = "id_token_algorithm", Configure;
    /// No key of the provider fits the ID token.
    IdTokenKeyUnknown = "id_token_key_unknown", Other;
    /// The signature of the ID token is wrong.
    IdTokenSignature = "id_token_signature", Other;
    /// The ID token is another issuer's.
    IdTokenIssuer = "id_token_issuer", Configure;
    /// The ID token is for another client.
    IdTokenAudience = "id_token_audience", Configure;
    /// The ID token's `sub` is missing, or another user's.
    IdTokenSubject = "id_token_subject", Other;
    /// The ID token's `nonce` is not the one of this sign-in.
    IdTokenNonce = "id_token_nonce", SignIn;
    /// The ID token has expired, or this device's clock is ahead.
    IdTokenExpired = "id_token_expired", Other;
    /// The ID token is from the future, or this device's clock is behind.
    IdTokenNotYetValid = "id_token_not_yet_valid", Other;
    /// `at_hash` does not fit the access token.
    IdTokenAccessTokenHash = "id_token_at_hash", Other;
    /// `auth_time` is missing or older than `max_age` allows.
    IdTokenAuthTime = "id_token_auth_time", SignIn;
    /// `acr` is not among those asked for.
    IdTokenAcr = "id_token_acr", SignIn;
    /// UserInfo is missing its `sub`, or is another user's.
    UserinfoSubject = "userinfo_subject", Other;
    // Session
    /// The session ran out and cannot be renewed.
    SessionExpired = "session_expired", SignIn;
    /// The provider refused to renew the session.
    SessionRefused = "session_refused", SignIn;
    /// The answer to a renewal was lost, and the provider refused the second try.
    RefreshAnswerLost = "refresh_answer_lost", SignIn;
    /// This tab's copy of the session is out of date.
    SessionCopyStale = "session_copy_stale", SignIn;
    /// The session was ended in another tab.
    SessionEndedElsewhere = "session_ended_elsewhere", SignIn;
    /// The session was idle for longer than allowed.
    SessionIdle = "session_idle", SignIn;
    /// The session reached its maximum age.
    SessionMaxAge = "session_max_age", SignIn;
    /// There is no signed-in user to do this for.
    NotSignedIn = "not_signed_in", SignIn;
    // API
    /// The URL is not on the allow-list: no token is sent there.
    ApiUrlNotAllowed = "api_url_not_allowed", Configure;
    /// The API refused the token (401), also after a renewal.
    ApiUnauthorized = "api_unauthorized", SignIn;
    /// The token's scope does not suffice (403 `insufficient_scope`).
    InsufficientScope = "insufficient_scope", Configure;
    /// The API wants a stronger or fresher sign-in (RFC 9470).
    InsufficientUserAuthentication = "insufficient_user_authentication", SignIn;
    /// The API answered with an error status.
    ApiStatus = "api_status", Other;
    /// The request was given up by the app.
    Aborted = "aborted", Retry;
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The part of the journey in which an error arose.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Reading the configuration.
    Configuration,
    /// Looking at the browser: secure context, storage, frames.
    Environment,
    /// Fetching the provider's metadata (RFC 8414, OpenID Connect Discovery).
    Discovery,
    /// Fetching the provider's keys (RFC 7517).
    Jwks,
    /// Building the authorization request (RFC 6749 4.1.1).
    Authorization,
    /// Pushing the authorization request (RFC 9126).
    Par,
    /// Judging the authorization response (RFC 6749 4.1.2, RFC 9207).
    Callback,
    /// Exchanging the code (RFC 6749 4.1.3).
    Token,
    /// Judging the ID token (Core 3.1.3.7).
    IdToken,
    /// Fetching UserInfo (Core 5.3).
    Userinfo,
    /// Renewing the tokens (RFC 6749 6).
    Refresh,
    /// Calling an API (RFC 6750).
    Api,
    /// Reading or writing the stored session.
    Storage,
    /// Signing out (RFC 7009, RP-Initiated Logout).
    SignOut,
}

/// What went wrong: [`code`](Error::code), [`phase`](Error::phase), what was
/// [`expected`](Error::expected) and what [`came`](Error::came).
///
/// An error never contains a token, a code, a verifier or a nonce.
///
/// ```
/// use pkce_core::{Error, ErrorCode, Phase};
/// let error = Error::new(ErrorCode::NetworkError, Phase::Refresh);
/// assert!(error.is_transient());
/// assert_eq!(error.code().as_str(), "network_error");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    code: ErrorCode,
    phase: Phase,
    expected: Cow<'static, str>,
    came: Cow<'static, str>,
    description: Option<Box<str>>,
    retry_after_ms: Option<u64>,
}

/// The longest piece of foreign text that an error quotes, in characters.
const QUOTE_LIMIT: usize = 200;

impl Error {
    /// An error with nothing but its code and phase.
    #[must_use]
    pub const fn new(code: ErrorCode, phase: Phase) -> Self {
        Self {
            code,
            phase,
            expected: Cow::Borrowed(""),
            came: Cow::Borrowed(""),
            description: None,
            retry_after_ms: None,
        }
    }

    /// Says what was expected.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<Cow<'static, str>>) -> Self {
        self.expected = expected.into();
        self
    }

    /// Says what came instead; foreign text is shortened and stripped of control characters.
    #[must_use]
    pub fn came(mut self, came: impl Into<Cow<'static, str>>) -> Self {
        let came = came.into();
        self.came = match came {
            Cow::Borrowed(text) => Cow::Borrowed(text),
            Cow::Owned(text) => Cow::Owned(quote(&text)),
        };
        self
    }

    /// Keeps the provider's `error_description`, shortened; it is text for people, never markup.
    #[must_use]
    pub fn described(mut self, description: Option<&str>) -> Self {
        self.description = description.map(|text| quote(text).into_boxed_str());
        self
    }

    /// Says how long the server asked to wait (`Retry-After`), in milliseconds.
    #[must_use]
    pub const fn retry_after_ms(mut self, wait: Option<u64>) -> Self {
        self.retry_after_ms = wait;
        self
    }

    /// The same error seen in another phase.
    #[must_use]
    pub const fn in_phase(mut self, phase: Phase) -> Self {
        self.phase = phase;
        self
    }

    /// The same circumstances under another code.
    #[must_use]
    pub const fn with_code(mut self, code: ErrorCode) -> Self {
        self.code = code;
        self
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        self.code
    }

    /// Where on the journey it happened.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// What was expected, in English; empty where the code says it all.
    #[must_use]
    pub fn what_was_expected(&self) -> &str {
        &self.expected
    }

    /// What came instead, in English; empty where nothing can be said.
    #[must_use]
    pub fn what_came(&self) -> &str {
        &self.came
    }

    /// The provider's own words (`error_description`), untrusted text.
    #[must_use]
    pub fn provider_description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// How long the server asked to wait, in milliseconds.
    #[must_use]
    pub const fn wait_ms(&self) -> Option<u64> {
        self.retry_after_ms
    }

    /// The same request may succeed later; nothing has to change.
    ///
    /// ```
    /// use pkce_core::{Error, ErrorCode, Phase};
    /// assert!(Error::new(ErrorCode::Timeout, Phase::Token).is_transient());
    /// assert!(!Error::new(ErrorCode::InvalidGrant, Phase::Token).is_transient());
    /// ```
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.code.remedy() == Remedy::Retry
    }

    /// Signing in (again) is the way on.
    ///
    /// ```
    /// use pkce_core::{Error, ErrorCode, Phase};
    /// assert!(Error::new(ErrorCode::SessionExpired, Phase::Refresh).needs_sign_in());
    /// assert!(!Error::new(ErrorCode::NetworkError, Phase::Refresh).needs_sign_in());
    /// ```
    #[must_use]
    pub fn needs_sign_in(&self) -> bool {
        self.code.remedy() == Remedy::SignIn
    }

    /// The deployer, or the provider's administrator, has to change something.
    ///
    /// ```
    /// use pkce_core::{Error, ErrorCode, Phase};
    /// assert!(Error::new(ErrorCode::InvalidClient, Phase::Token).is_configuration());
    /// assert!(!Error::new(ErrorCode::AccessDenied, Phase::Callback).is_configuration());
    /// ```
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        self.code.remedy() == Remedy::Configure
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_str())?;
        if !self.expected.is_empty() {
            write!(f, ": expected {}", self.expected)?;
        }
        if !self.came.is_empty() {
            write!(f, "; came {}", self.came)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Foreign text made fit for a message: no control characters, also none of those that turn the
/// direction of what follows, and a bounded length.
fn quote(text: &str) -> String {
    text.chars()
        .filter(|c| {
            !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        })
        .take(QUOTE_LIMIT)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_snake_case_and_unique() {
        let mut seen = std::collections::HashSet::new();
        for code in ErrorCode::ALL {
            let text = code.as_str();
            assert!(
                text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
                "{text}"
            );
            assert!(seen.insert(text), "{text} is used twice");
            assert!(code.meaning().ends_with('.'), "{text}: {}", code.meaning());
        }
    }

    #[test]
    fn foreign_text_is_shortened_and_loses_control_characters() {
        let error = Error::new(ErrorCode::ProviderError, Phase::Callback)
            .came(format!("a\r\nb{}", "x".repeat(10_000)))
            .described(Some("\u{7}<b>bold</b>"));
        assert!(error.what_came().starts_with("abx"));
        assert_eq!(error.what_came().chars().count(), QUOTE_LIMIT);
        assert_eq!(error.provider_description(), Some("<b>bold</b>"));
    }

    #[test]
    fn the_predicates_say_what_helps() {
        let tells = |code| {
            let error = Error::new(code, Phase::Token);
            (
                error.is_transient(),
                error.needs_sign_in(),
                error.is_configuration(),
            )
        };
        assert_eq!(tells(ErrorCode::NetworkError), (true, false, false));
        assert_eq!(tells(ErrorCode::AccessDenied), (false, true, false));
        assert_eq!(tells(ErrorCode::ConfigMissing), (false, false, true));
        assert_eq!(tells(ErrorCode::StorageFull), (false, false, false));
    }

    #[test]
    fn a_message_is_the_code_with_what_was_expected_and_what_came() {
        let error = Error::new(ErrorCode::IssMismatch, Phase::Callback);
        assert_eq!(ErrorCode::IssMismatch.to_string(), "iss_mismatch");
        assert_eq!(error.to_string(), "iss_mismatch");
        let expected = error.clone().expected("a");
        assert_eq!(expected.to_string(), "iss_mismatch: expected a");
        assert_eq!(
            expected.came("b").to_string(),
            "iss_mismatch: expected a; came b"
        );
        assert_eq!(error.came("b").to_string(), "iss_mismatch; came b");
    }

    #[test]
    fn the_predicates_exclude_one_another() {
        for code in ErrorCode::ALL {
            let error = Error::new(*code, Phase::Token);
            let truths = [
                error.is_transient(),
                error.needs_sign_in(),
                error.is_configuration(),
            ];
            assert!(truths.iter().filter(|t| **t).count() <= 1, "{code}");
        }
    }
}
