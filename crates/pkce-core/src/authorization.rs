//! The authorization request (RFC 6749 4.1.1, RFC 7636 4.3, Core 3.1.2.1) and the transaction that
//! waits for its answer.

mod options;
mod request;

pub use options::{APP_STATE_LIMIT, AcrValues, SignInOptions};
pub use request::AuthorizationRequest;

use crate::config::{ProviderConfig, Resource, Scope};
use crate::dpop::Thumbprint;
use crate::encoding::{base64url, sha256};
use crate::error::{Error, ErrorCode, Phase};
use crate::id_token::{Expectations, Occasion};
use crate::json::{Json, ObjectWriter};
use crate::metadata::ProviderMetadata;
use crate::return_to::ReturnTo;
use crate::secret::{AccessToken, CodeVerifier, Nonce, SecretText, State};
use crate::time::Timestamp;
use std::fmt;
use std::time::Duration;

/// How long a sign-in may take before its `state` is worth nothing.
pub const TRANSACTION_LIFETIME: Duration = Duration::from_secs(600);

/// Fresh randomness for one sign-in: 32 octets each for verifier, state and nonce.
///
/// Take it from a cryptographic source (`crypto.getRandomValues`) and never use it twice.
pub struct Entropy([u8; 96]);

impl Entropy {
    /// Wraps octets from a cryptographic source.
    #[must_use]
    pub const fn new(octets: [u8; 96]) -> Self {
        Self(octets)
    }

    /// The three one-time values: 43 characters of base64url each (RFC 7636 4.1).
    fn split(self) -> Option<(CodeVerifier, State, Nonce)> {
        let mut values = self.0.chunks_exact(32).map(base64url);
        Some((
            CodeVerifier::new(&values.next()?)?,
            State::new(&values.next()?)?,
            Nonce::new(&values.next()?)?,
        ))
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy([redacted])")
    }
}

/// The `S256` code challenge of a verifier (RFC 7636 4.2).
///
/// ```
/// use pkce_core::{authorization::code_challenge, secret::CodeVerifier};
/// // The example of RFC 7636 appendix B.
/// let verifier = CodeVerifier::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
/// assert_eq!(
///     verifier.map(|v| code_challenge(&v)).as_deref(),
///     Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
/// );
/// ```
#[must_use]
pub fn code_challenge(verifier: &CodeVerifier) -> String {
    base64url(&sha256(verifier.expose().as_bytes()))
}

/// One sign-in under way: what its answer will be checked against. It is stored under its `state`,
/// consumed by the first answer (see [`crate::callback`]) and expires after
/// [`TRANSACTION_LIFETIME`].
///
/// There is no `Clone`: one sign-in has one transaction, and its callback takes it.
///
/// It is good for one answer:
///
/// ```
/// # use pkce_core::{Timestamp, authorization::Transaction, callback::Callback};
/// # fn once(transaction: Transaction, first: Callback, now: Timestamp) {
/// let grant = first.judge(transaction, now);
/// # }
/// ```
///
/// ```compile_fail,E0382
/// # use pkce_core::{Timestamp, authorization::Transaction, callback::Callback};
/// # fn twice(transaction: Transaction, first: Callback, second: Callback, now: Timestamp) {
/// let grant = first.judge(transaction, now);
/// let again = second.judge(transaction, now); // moved by the first
/// # }
/// ```
pub struct Transaction {
    pub(crate) provider: String,
    pub(crate) client_id: String,
    pub(crate) metadata: ProviderMetadata,
    pub(crate) redirect_uri: String,
    pub(crate) state: State,
    pub(crate) nonce: Nonce,
    pub(crate) verifier: CodeVerifier,
    pub(crate) scope: Scope,
    pub(crate) resource: Vec<Resource>,
    pub(crate) max_age: Option<u64>,
    pub(crate) acr_values: Option<String>,
    pub(crate) return_to: ReturnTo,
    pub(crate) app_state: Option<String>,
    pub(crate) binding: Option<Thumbprint>,
    pub(crate) created_at: Timestamp,
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transaction({} [redacted])", self.provider)
    }
}

impl Transaction {
    /// [`Transaction::prepare`] for a request of bearer tokens that goes by redirect: the
    /// transaction to store, and the URL to go to once it is stored.
    ///
    /// # Errors
    /// `config_unsupported` where the provider requires pushed authorization requests;
    /// `config_invalid_value` where the app's value is too long.
    pub fn begin(
        provider: &ProviderConfig,
        metadata: &ProviderMetadata,
        options: SignInOptions,
        entropy: Entropy,
        now: Timestamp,
    ) -> Result<(Self, SecretText), Error> {
        if metadata.require_pushed_authorization_requests() {
            return Err(Error::new(ErrorCode::ConfigUnsupported, Phase::Authorization)
                .expected("a provider that takes authorization requests by redirect")
                .came("require_pushed_authorization_requests (RFC 9126), which this version cannot do"));
        }
        let (transaction, request) =
            Self::prepare(provider, metadata, options, entropy, None, now)?;
        Ok((transaction, request.into_url()))
    }

    /// Builds the transaction to store, and the request that its answer will be to. How the
    /// request reaches the provider is told by [`par_mode`](crate::par::par_mode).
    ///
    /// `binding` is the key that the tokens are to be bound to; its thumbprint goes along as
    /// `dpop_jkt`, so that the code is bound too (RFC 9449 10).
    ///
    /// # Errors
    /// `config_invalid_value` where the app's value is too long.
    pub fn prepare(
        provider: &ProviderConfig,
        metadata: &ProviderMetadata,
        options: SignInOptions,
        entropy: Entropy,
        binding: Option<Thumbprint>,
        now: Timestamp,
    ) -> Result<(Self, AuthorizationRequest), Error> {
        if let Some(too_long) = options
            .app_state
            .as_ref()
            .filter(|s| s.len() > APP_STATE_LIMIT)
        {
            return Err(
                Error::new(ErrorCode::ConfigInvalidValue, Phase::Authorization)
                    .expected("a value of the app of at most 16 KB")
                    .came(format!("{} octets", too_long.len())),
            );
        }
        let (verifier, state, nonce) = entropy.split().ok_or_else(|| {
            // 32 octets always make 43 printable characters.
            Error::new(ErrorCode::ConfigUnsupported, Phase::Authorization)
        })?;
        let challenge = code_challenge(&verifier);
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", provider.client_id().as_str()),
            ("redirect_uri", provider.redirect_uri().as_str()),
            ("scope", provider.scope().as_str()),
            ("state", state.expose()),
            ("nonce", nonce.expose()),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        pairs.extend(
            provider
                .resources()
                .iter()
                .map(|resource| ("resource", resource.as_str())),
        );
        if let Some(thumbprint) = &binding {
            pairs.push(("dpop_jkt", thumbprint.as_str()));
        }
        // What this one sign-in asks for goes before what is configured for all.
        let max_age = options.max_age.map(|seconds| seconds.to_string());
        let acr_values = options.acr_values.as_ref().map(AcrValues::as_str);
        let asked: Vec<(&str, &str)> = [
            ("max_age", max_age.as_deref()),
            ("acr_values", acr_values),
            ("ui_locales", options.ui_locales.as_deref()),
            ("login_hint", options.login_hint.as_deref()),
            ("prompt", options.prompt.as_deref()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)))
        .collect();
        let configured = provider
            .authorization_params()
            .iter()
            .filter(|(name, _)| !asked.iter().any(|(taken, _)| taken == name));
        pairs.extend(asked.iter().copied().chain(configured));
        let request = AuthorizationRequest::new(
            metadata.authorization_endpoint(),
            provider.client_id().as_str(),
            pairs,
        );
        let params = provider.authorization_params();
        let transaction = Self {
            provider: provider.id().as_str().to_owned(),
            client_id: provider.client_id().as_str().to_owned(),
            metadata: metadata.clone(),
            redirect_uri: provider.redirect_uri().as_str().to_owned(),
            state,
            nonce,
            verifier,
            scope: provider.scope().clone(),
            resource: provider.resources().to_vec(),
            max_age: options.max_age.or(params.max_age()),
            acr_values: acr_values.or(params.acr_values()).map(str::to_owned),
            return_to: options.return_to.unwrap_or_else(ReturnTo::home),
            app_state: options.app_state,
            binding,
            created_at: now,
        };
        Ok((transaction, request))
    }

    /// The one-time `state` under which this is stored.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The key that the tokens of this sign-in are to be bound to.
    #[must_use]
    pub const fn binding(&self) -> Option<&Thumbprint> {
        self.binding.as_ref()
    }

    /// The provider as it was when the sign-in began.
    #[must_use]
    pub const fn metadata(&self) -> &ProviderMetadata {
        &self.metadata
    }

    /// The scope that was asked for: what an answer without a `scope` grants (RFC 6749 5.1).
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Where the user goes afterwards.
    #[must_use]
    pub const fn return_to(&self) -> &ReturnTo {
        &self.return_to
    }

    /// What the ID token that answers this sign-in has to say (Core 3.1.3.7): its issuer, this
    /// client, the one-time nonce, and the `max_age` and `acr_values` that were asked for.
    #[must_use]
    pub fn expectations<'a>(&'a self, access_token: &'a AccessToken) -> Expectations<'a> {
        Expectations {
            issuer: self.metadata.issuer().as_str(),
            client_id: &self.client_id,
            access_token: Some(access_token),
            occasion: Occasion::SignIn {
                nonce: &self.nonce,
                max_age: self.max_age,
                acr_values: self.acr_values.as_deref(),
            },
        }
    }

    /// Whether the answer comes too late. A clock that was set back does not keep it alive.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now.since(self.created_at) > TRANSACTION_LIFETIME
            || now.until(self.created_at) > TRANSACTION_LIFETIME
    }

    /// The text to store.
    #[must_use]
    pub fn to_json(&self) -> SecretText {
        SecretText::new(
            ObjectWriter::new()
                .integer("v", 1)
                .str("provider", &self.provider)
                .str("client_id", &self.client_id)
                .raw("metadata", &self.metadata.to_json())
                .str("redirect_uri", &self.redirect_uri)
                .str("state", self.state.expose())
                .str("nonce", self.nonce.expose())
                .str("verifier", self.verifier.expose())
                .str("scope", self.scope.as_str())
                .strs("resource", self.resource.iter().map(Resource::as_str))
                .opt_integer(
                    "max_age",
                    // Beyond 63 bits it is no less asked for.
                    self.max_age
                        .map(|age| i64::try_from(age).unwrap_or(i64::MAX)),
                )
                .opt_str("acr_values", self.acr_values.as_deref())
                .str("return_to", self.return_to.as_str())
                .opt_str("app_state", self.app_state.as_deref())
                .opt_str("dpop_jkt", self.binding.as_ref().map(Thumbprint::as_str))
                .integer("created_at", self.created_at.as_millis())
                .finish(),
        )
    }

    /// Reads a stored text back; `None` where it is damaged or of another version.
    #[must_use]
    pub fn from_json(text: &str, page_origin: &str) -> Option<Self> {
        let json = Json::parse(text)?;
        if json.get("v")?.as_integer()? != 1 {
            return None;
        }
        Some(Self {
            provider: json.str("provider")?.to_owned(),
            client_id: json.str("client_id")?.to_owned(),
            metadata: ProviderMetadata::from_snapshot(json.get("metadata")?)?,
            redirect_uri: json.str("redirect_uri")?.to_owned(),
            state: State::new(json.str("state")?)?,
            nonce: Nonce::new(json.str("nonce")?)?,
            verifier: CodeVerifier::new(json.str("verifier")?)?,
            scope: Scope::parse(json.str("scope")?)?,
            resource: resources(json.get("resource")?)?,
            max_age: json
                .get("max_age")
                .and_then(Json::as_integer)
                .and_then(|age| u64::try_from(age).ok()),
            acr_values: json.str("acr_values").map(str::to_owned),
            return_to: ReturnTo::parse(json.str("return_to")?, page_origin)?,
            app_state: json.str("app_state").map(str::to_owned),
            // A binding that cannot be read must not be forgotten.
            binding: match json.get("dpop_jkt") {
                None => None,
                Some(value) => Some(Thumbprint::parse(value.as_str()?)?),
            },
            created_at: Timestamp::from_millis(json.get("created_at")?.as_integer()?),
        })
    }
}

/// Resource indicators as they were stored.
pub(crate) fn resources(json: &Json) -> Option<Vec<Resource>> {
    json.items()?
        .iter()
        .map(|item| Resource::parse(item.as_str()?).ok())
        .collect()
}

pub(crate) fn strings(json: &Json) -> Option<Vec<String>> {
    json.items()?
        .iter()
        .map(|item| item.as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
pub(crate) mod tests;
