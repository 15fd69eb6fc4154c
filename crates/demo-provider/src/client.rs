//! Registered clients.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use crate::keys::SigningAlgorithm;
use crate::origin::{Origins, RedirectUriProblem, check_redirect_uri};
use crate::scope::ScopeSet;
use crate::secret::{Fingerprint, Secret, random_id};

/// How many clients may be registered; the demo's memory is finite.
const MOST_CLIENTS: usize = 1_000;

/// How a client authenticates at the token endpoint (`token_endpoint_auth_method`, RFC 7591 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// A public client: it has no secret, since it could keep none.
    None,
    /// Its ID and secret in the `Authorization` header.
    ClientSecretBasic,
    /// Its ID and secret in the form.
    ClientSecretPost,
}

impl AuthMethod {
    /// The method's name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
        }
    }
}

/// When a client gets refresh tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshPolicy {
    /// Never.
    Never,
    /// When `offline_access` was granted (OpenID Connect Core 11).
    WithOfflineAccess,
    /// With every code.
    Always,
}

/// What a client asks to be registered as.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// A fixed client ID; a random one when absent.
    pub client_id: Option<String>,
    /// The name that the consent page shows.
    pub name: String,
    /// How it authenticates; `None` makes it a public client.
    pub auth_method: AuthMethod,
    /// Exact redirect URIs.
    pub redirect_uris: Vec<String>,
    /// Exact URIs to which a sign-out may lead.
    pub post_logout_redirect_uris: Vec<String>,
    /// The scopes it may ask for.
    pub scopes: ScopeSet,
    /// The resources it may ask tokens for; `None` for every one there is.
    pub resources: Option<Vec<String>>,
    /// What its ID tokens are signed with.
    pub id_token_algorithm: SigningAlgorithm,
    /// When it gets refresh tokens.
    pub refresh: RefreshPolicy,
    /// Its authorization requests must be pushed (`require_pushed_authorization_requests`,
    /// RFC 9126 6).
    pub require_par: bool,
    /// It gets no bearer tokens (`dpop_bound_access_tokens`, RFC 9449 5.2).
    pub require_dpop: bool,
}

impl NewClient {
    fn new(name: impl Into<String>, auth_method: AuthMethod) -> Self {
        Self {
            client_id: None,
            name: name.into(),
            auth_method,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            scopes: ScopeSet::all(),
            resources: None,
            id_token_algorithm: SigningAlgorithm::default(),
            refresh: RefreshPolicy::WithOfflineAccess,
            require_par: false,
            require_dpop: false,
        }
    }

    /// An app that can keep no secret: one in a browser or on a phone.
    pub fn public(name: impl Into<String>) -> Self {
        Self::new(name, AuthMethod::None)
    }

    /// An app on a server, which gets a secret.
    pub fn confidential(name: impl Into<String>) -> Self {
        Self::new(name, AuthMethod::ClientSecretBasic)
    }

    /// With this client ID.
    #[must_use]
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// With one more redirect URI.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uris.push(uri.into());
        self
    }

    /// With one more post-logout redirect URI.
    #[must_use]
    pub fn post_logout_redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.post_logout_redirect_uris.push(uri.into());
        self
    }

    /// Authenticating this way.
    #[must_use]
    pub fn auth_method(mut self, auth_method: AuthMethod) -> Self {
        self.auth_method = auth_method;
        self
    }

    /// With these scopes at the most.
    #[must_use]
    pub fn scopes(mut self, scopes: ScopeSet) -> Self {
        self.scopes = scopes;
        self
    }

    /// With these resources at the most.
    #[must_use]
    pub fn resources(mut self, resources: Vec<String>) -> Self {
        self.resources = Some(resources);
        self
    }

    /// With ID tokens signed this way.
    #[must_use]
    pub fn id_token_algorithm(mut self, algorithm: SigningAlgorithm) -> Self {
        self.id_token_algorithm = algorithm;
        self
    }

    /// With authorization requests that must be pushed.
    #[must_use]
    pub fn require_par(mut self) -> Self {
        self.require_par = true;
        self
    }

    /// With tokens that are always bound to a key.
    #[must_use]
    pub fn require_dpop(mut self) -> Self {
        self.require_dpop = true;
        self
    }

    /// With refresh tokens at these times.
    #[must_use]
    pub fn refresh(mut self, refresh: RefreshPolicy) -> Self {
        self.refresh = refresh;
        self
    }
}

/// What a registration gives back, once.
#[derive(Clone, Debug)]
pub struct RegisteredClient {
    /// The client ID.
    pub client_id: String,
    /// The secret of a confidential client. The server keeps only its hash.
    pub client_secret: Option<Secret>,
}

/// Why a client can't be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationError {
    /// There is no name, or it is too long.
    #[error("the name must have 1 to 100 characters")]
    Name,
    /// There is no redirect URI, or there are more than 20.
    #[error("1 to 20 redirect URIs are needed")]
    RedirectUriCount,
    /// A redirect URI can't be used.
    #[error("the redirect URI \"{uri}\" {problem}")]
    RedirectUri {
        /// The URI.
        uri: String,
        /// What is wrong with it.
        problem: RedirectUriProblem,
    },
    /// A resource that this provider issues no tokens for.
    #[error("the resource \"{0}\" is not one of this provider's")]
    Resource(String),
    /// The client ID is taken.
    #[error("the client ID \"{0}\" is taken")]
    Taken(String),
    /// Too many clients.
    #[error("this demo keeps no more than {MOST_CLIENTS} clients")]
    Full,
}

/// How a stored client authenticates.
#[derive(Clone, Debug)]
pub(crate) enum ClientKind {
    Public,
    Confidential {
        secret: Fingerprint,
        method: AuthMethod,
    },
}

/// A registered client.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: ClientKind,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) post_logout_redirect_uris: Vec<String>,
    pub(crate) scopes: ScopeSet,
    pub(crate) resources: Vec<String>,
    pub(crate) id_token_algorithm: SigningAlgorithm,
    pub(crate) refresh: RefreshPolicy,
    pub(crate) require_par: bool,
    pub(crate) require_dpop: bool,
    /// Seconds since the Unix epoch.
    pub(crate) registered_at: u64,
}

impl Client {
    pub(crate) fn is_public(&self) -> bool {
        matches!(self.kind, ClientKind::Public)
    }

    pub(crate) fn auth_method(&self) -> AuthMethod {
        match self.kind {
            ClientKind::Public => AuthMethod::None,
            ClientKind::Confidential { method, .. } => method,
        }
    }
}

/// Every registered client.
#[derive(Debug)]
pub(crate) struct Clients {
    origins: Origins,
    /// The resources this provider issues tokens for.
    resources: Vec<String>,
    by_id: RwLock<BTreeMap<String, Arc<Client>>>,
}

impl Clients {
    pub(crate) fn new(origins: Origins, resources: Vec<String>) -> Self {
        Self {
            origins,
            resources,
            by_id: RwLock::default(),
        }
    }

    pub(crate) fn find(&self, client_id: &str) -> Option<Arc<Client>> {
        self.by_id
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(client_id)
            .cloned()
    }

    /// Every client, oldest first.
    pub(crate) fn list(&self) -> Vec<Arc<Client>> {
        let by_id = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
        let mut clients: Vec<_> = by_id.values().cloned().collect();
        clients.sort_by_key(|client| client.registered_at);
        clients
    }

    pub(crate) fn register(
        &self,
        new: NewClient,
        now: u64,
    ) -> Result<RegisteredClient, RegistrationError> {
        let name = new.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > 100 {
            return Err(RegistrationError::Name);
        }
        if new.redirect_uris.is_empty() || new.redirect_uris.len() > 20 {
            return Err(RegistrationError::RedirectUriCount);
        }
        for uri in new
            .redirect_uris
            .iter()
            .chain(&new.post_logout_redirect_uris)
        {
            check_redirect_uri(uri).map_err(|problem| RegistrationError::RedirectUri {
                uri: uri.clone(),
                problem,
            })?;
        }
        let resources = new.resources.unwrap_or_else(|| self.resources.clone());
        if let Some(foreign) = resources
            .iter()
            .find(|wanted| !self.resources.contains(wanted))
        {
            return Err(RegistrationError::Resource(foreign.clone()));
        }

        let client_id = new
            .client_id
            .unwrap_or_else(|| format!("app-{}", random_id()));
        let secret = match new.auth_method {
            AuthMethod::None => None,
            _ => Some(Secret::random()),
        };
        let kind = match &secret {
            None => ClientKind::Public,
            Some(secret) => ClientKind::Confidential {
                secret: secret.fingerprint(),
                method: new.auth_method,
            },
        };
        let client = Client {
            id: client_id.clone(),
            name,
            kind,
            redirect_uris: new.redirect_uris,
            post_logout_redirect_uris: new.post_logout_redirect_uris,
            scopes: new.scopes,
            resources,
            id_token_algorithm: new.id_token_algorithm,
            refresh: new.refresh,
            require_par: new.require_par,
            require_dpop: new.require_dpop,
            registered_at: now,
        };

        let mut by_id = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
        if by_id.contains_key(&client_id) {
            return Err(RegistrationError::Taken(client_id));
        }
        if by_id.len() >= MOST_CLIENTS {
            return Err(RegistrationError::Full);
        }
        if client.is_public() {
            self.origins.add_client(&client.redirect_uris);
        }
        by_id.insert(client_id.clone(), Arc::new(client));
        Ok(RegisteredClient {
            client_id,
            client_secret: secret,
        })
    }
}
