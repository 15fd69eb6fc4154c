//! Starting a provider.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::api::{self, Api};
use crate::app::{self, AppError};
use crate::auth_server::{self, AuthServer, Settings};
use crate::client::{Clients, NewClient, RefreshPolicy, RegistrationError};
use crate::clock::Clock;
use crate::counters::Tally;
use crate::demo::Demo;
use crate::faults::{FaultSettings, Faults};
use crate::feed::Feed;
use crate::keys::{KeyRing, SigningAlgorithm};
use crate::net::{Bound, ListenError, Reach};
use crate::origin::{Origins, origin_of};
use crate::policy::{Policies, Policy, PolicyError};
use crate::shared::{ExpiredEarly, Shared, Urls};

/// The client ID of the demo's single-page app.
pub const DEMO_CLIENT_ID: &str = "demo-spa";
/// Where the app is when it is neither served here nor said to be elsewhere.
const DEFAULT_APP_ORIGIN: &str = "http://localhost:8080";

/// A provider could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port could not be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The app can't be served.
    #[error(transparent)]
    App(#[from] AppError),
    /// A client can't be registered.
    #[error("a client can't be registered: {0}")]
    Client(#[from] RegistrationError),
    /// An app origin is no origin.
    #[error("\"{0}\" is no origin such as http://localhost:8080")]
    Origin(String),
    /// The policy makes no sense.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Something that should not fail did.
    #[error("the provider can't start: {0}")]
    Internal(String),
}

type ConfigMaker = Box<dyn FnOnce(&Urls) -> Value + Send>;

/// Settings of a provider that is about to start; see [`DemoProvider::builder`].
pub struct DemoProviderBuilder {
    clock: Clock,
    settings: Settings,
    reach: Reach,
    issuer_port: u16,
    api_port: u16,
    app_port: u16,
    app_dist: Option<PathBuf>,
    app_config: Option<ConfigMaker>,
    app_connect: BTreeSet<String>,
    app_origins: Vec<String>,
    clients: Vec<NewClient>,
    faults: FaultSettings,
    policy: Policy,
}

impl fmt::Debug for DemoProviderBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DemoProviderBuilder")
            .field("settings", &self.settings)
            .field("app_dist", &self.app_dist)
            .field("app_origins", &self.app_origins)
            .finish_non_exhaustive()
    }
}

/// The demo provider.
#[derive(Debug)]
pub struct DemoProvider;

impl DemoProvider {
    /// A provider on free ports of loopback, with access tokens of 60 seconds.
    #[must_use]
    pub fn builder() -> DemoProviderBuilder {
        DemoProviderBuilder {
            clock: Clock::system(),
            settings: Settings {
                access_token_lifetime: Duration::from_secs(60),
                refresh_token_lifetime: Duration::from_secs(24 * 60 * 60),
                code_lifetime: Duration::from_secs(60),
                id_token_lifetime: Duration::from_secs(5 * 60),
                session_lifetime: Duration::from_secs(8 * 60 * 60),
                refresh_leeway: Duration::ZERO,
                access_token_algorithm: SigningAlgorithm::Es256,
                controls: false,
            },
            reach: Reach::Loopback,
            issuer_port: 0,
            api_port: 0,
            app_port: 0,
            app_dist: None,
            app_config: None,
            app_connect: BTreeSet::new(),
            app_origins: Vec::new(),
            clients: Vec::new(),
            faults: FaultSettings::default(),
            policy: Policy::default(),
        }
    }
}

impl DemoProviderBuilder {
    /// Whose time it goes by.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// How long access tokens are valid, in whole seconds (default 60 s).
    #[must_use]
    pub fn access_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.access_token_lifetime = lifetime;
        self
    }

    /// How long a family of refresh tokens lives from its sign-in, rotated or not (default 24 h).
    #[must_use]
    pub fn refresh_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.refresh_token_lifetime = lifetime;
        self
    }

    /// How long a code may be redeemed (default 60 s).
    #[must_use]
    pub fn code_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.code_lifetime = lifetime;
        self
    }

    /// How long ID tokens are valid, in whole seconds (default 5 min).
    #[must_use]
    pub fn id_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.id_token_lifetime = lifetime;
        self
    }

    /// How long a user stays signed in at the provider itself (default 8 h).
    #[must_use]
    pub fn session_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.session_lifetime = lifetime;
        self
    }

    /// How long a refresh token is still taken after it was replaced, as some providers do
    /// (default zero: a replaced token that comes again revokes its family).
    #[must_use]
    pub fn refresh_leeway(mut self, leeway: Duration) -> Self {
        self.settings.refresh_leeway = leeway;
        self
    }

    /// What access tokens are signed with (default ES256).
    #[must_use]
    pub fn access_token_algorithm(mut self, algorithm: SigningAlgorithm) -> Self {
        self.settings.access_token_algorithm = algorithm;
        self
    }

    /// Whether `/demo/controls` and `/demo/feed` answer over HTTP (default no; the handle's
    /// [`Demo::faults`] and [`Demo::feed`] work in any case).
    #[must_use]
    pub fn controls(mut self, enabled: bool) -> Self {
        self.settings.controls = enabled;
        self
    }

    /// From where connections are taken (default loopback).
    #[must_use]
    pub fn reach(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }

    /// The authorization server's port (default 0: any free one).
    #[must_use]
    pub fn issuer_port(mut self, port: u16) -> Self {
        self.issuer_port = port;
        self
    }

    /// The resource API's port (default 0: any free one).
    #[must_use]
    pub fn api_port(mut self, port: u16) -> Self {
        self.api_port = port;
        self
    }

    /// The app's port (default 0: any free one).
    #[must_use]
    pub fn app_port(mut self, port: u16) -> Self {
        self.app_port = port;
        self
    }

    /// Also serves a built app, with the headers it has in production.
    #[must_use]
    pub fn app_dist(mut self, dist: impl Into<PathBuf>) -> Self {
        self.app_dist = Some(dist.into());
        self
    }

    /// Replaces the configuration block of the served app; [`default_app_config`](crate::default_app_config)
    /// is one to start from. Without this the block is served as it was built.
    #[must_use]
    pub fn app_config(mut self, make: impl FnOnce(&Urls) -> Value + Send + 'static) -> Self {
        self.app_config = Some(Box::new(make));
        self
    }

    /// Lets the served app call one more origin, beside those of its configuration.
    #[must_use]
    pub fn app_connect_src(mut self, origin: impl Into<String>) -> Self {
        self.app_connect.insert(origin.into());
        self
    }

    /// An origin at which the demo's app runs without being served here: `demo-spa` may use its
    /// `/callback` and `/`, and it may call the servers. May be given several times.
    #[must_use]
    pub fn app_origin(mut self, origin: impl Into<String>) -> Self {
        self.app_origins.push(origin.into());
        self
    }

    /// Registers one more client.
    #[must_use]
    pub fn client(mut self, client: NewClient) -> Self {
        self.clients.push(client);
        self
    }

    /// Starts with these faults.
    #[must_use]
    pub fn faults(mut self, faults: FaultSettings) -> Self {
        self.faults = faults;
        self
    }

    /// Changes what it offers and demands from its start on.
    #[must_use]
    pub fn policy(mut self, change: impl FnOnce(&mut Policy)) -> Self {
        change(&mut self.policy);
        self
    }

    /// Starts the servers. When this returns, all of them listen.
    ///
    /// # Errors
    ///
    /// When a port is taken, the app can't be served, a client can't be registered, or the policy
    /// makes no sense.
    pub async fn start(self) -> Result<Demo, StartError> {
        self.policy.check()?;
        let internal = |error: &dyn fmt::Display| StartError::Internal(error.to_string());
        let keys = tokio::task::spawn_blocking(KeyRing::generate)
            .await
            .map_err(|e| internal(&e))?
            .map_err(|e| internal(&e))?;

        let issuer = Bound::bind(self.issuer_port, self.reach)?;
        let api = Bound::bind(self.api_port, self.reach)?;
        let app = match &self.app_dist {
            Some(_) => Some(Bound::bind(self.app_port, self.reach)?),
            None => None,
        };
        let localhost = |port: u16| format!("http://localhost:{port}");
        let mut app_origins: Vec<String> = app.iter().map(|app| localhost(app.port)).collect();
        for origin in self.app_origins {
            match origin_of(&origin) {
                Some(parsed) if parsed == origin => app_origins.push(origin),
                _ => return Err(StartError::Origin(origin)),
            }
        }
        if app_origins.is_empty() {
            app_origins.push(DEFAULT_APP_ORIGIN.to_owned());
        }
        let urls = Urls {
            issuer: localhost(issuer.port),
            api: localhost(api.port),
            app: app_origins.first().cloned().unwrap_or_default(),
        };

        let origins = Origins::default();
        let mut spa = NewClient::public("Demo app")
            .client_id(DEMO_CLIENT_ID)
            .refresh(RefreshPolicy::Always);
        for origin in &app_origins {
            origins.add_app(origin);
            spa = spa
                .redirect_uri(format!("{origin}/callback"))
                .post_logout_redirect_uri(format!("{origin}/"));
        }
        let clients = Clients::new(
            origins.clone(),
            vec![urls.api_resource(), urls.calendar_resource()],
        );
        let now = self.clock.now();
        for client in std::iter::once(spa).chain(self.clients) {
            clients.register(client, now)?;
        }

        let app_router = match &self.app_dist {
            Some(dist) => {
                let config = self.app_config.map(|make| make(&urls));
                Some(app::router(dist, config.as_ref(), &self.app_connect)?)
            }
            None => None,
        };
        let shared = Shared {
            faults: Faults::new(self.faults),
            policy: Policies::new(self.policy),
            feed: Feed::new(self.clock.clone()),
            clock: self.clock,
            tally: Tally::default(),
            origins,
            urls,
            expired_early: ExpiredEarly::default(),
        };
        let resource_api = Arc::new(Api::new(shared.clone()).map_err(|e| internal(&e))?);
        let auth_server = Arc::new(AuthServer::new(shared, self.settings, keys, clients));

        let mut servers = vec![
            issuer.serve(auth_server::router(Arc::clone(&auth_server))),
            api.serve(api::router(resource_api)),
        ];
        let serves_app = app.is_some();
        if let (Some(app), Some(router)) = (app, app_router) {
            servers.push(app.serve(router));
        }
        Ok(Demo {
            auth_server,
            servers,
            serves_app,
        })
    }
}
