//! The handle of a running provider.

use std::fmt;

use crate::auth_server::ServerState;
use crate::auth_server::controls::perform;
use crate::auth_server::one_time_code::DemoCode;
use crate::auth_server::register::register_client;
use crate::builder::StartError;
use crate::client::{NewClient, RegisteredClient, RegistrationError};
use crate::clock::Clock;
use crate::counters::Counters;
use crate::faults::{FaultAction, Faults};
use crate::feed::Feed;
use crate::lock;
use crate::net::Server;
use crate::policy::Policies;
use crate::shared::Urls;
use crate::users::find_by_username;

/// A running provider. Dropping it stops its servers; [`Demo::shutdown`] also waits until its ports
/// are free.
pub struct Demo {
    pub(crate) auth_server: ServerState,
    pub(crate) servers: Vec<Server>,
    pub(crate) serves_app: bool,
}

impl fmt::Debug for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Demo")
            .field("urls", self.urls())
            .finish_non_exhaustive()
    }
}

impl Demo {
    /// Where its servers are.
    #[must_use]
    pub fn urls(&self) -> &Urls {
        &self.auth_server.shared.urls
    }

    /// The issuer identifier.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.urls().issuer
    }

    /// The resource API's origin.
    #[must_use]
    pub fn api_url(&self) -> &str {
        &self.urls().api
    }

    /// The app's origin, when it is served here.
    #[must_use]
    pub fn app_url(&self) -> Option<&str> {
        self.serves_app.then(|| self.urls().app.as_str())
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.auth_server.shared.clock
    }

    /// The knobs that make it misbehave.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.auth_server.shared.faults
    }

    /// What it offers and demands.
    #[must_use]
    pub fn policy(&self) -> &Policies {
        &self.auth_server.shared.policy
    }

    /// A one-time code of a demo user's that is right now; `None` when there is no such user, or
    /// when all codes of this half minute were used.
    #[must_use]
    pub fn one_time_code(&self, username: &str) -> Option<String> {
        let user = find_by_username(username)?;
        let code = lock(&self.auth_server.one_time_codes).demo_code(user, self.clock().now())?;
        match code {
            DemoCode::Now(code) => Some(code),
            DemoCode::In(_) => None,
        }
    }

    /// What it did so far.
    #[must_use]
    pub fn feed(&self) -> &Feed {
        &self.auth_server.shared.feed
    }

    /// What it counted so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.auth_server.shared.tally.snapshot()
    }

    /// Rotates keys, expires or revokes tokens, or resets the knobs, now.
    ///
    /// # Errors
    ///
    /// When new keys could not be made.
    pub async fn perform(&self, action: FaultAction) -> Result<(), StartError> {
        perform(&self.auth_server, action)
            .await
            .map_err(StartError::Internal)
    }

    /// Registers a client while the provider runs.
    ///
    /// # Errors
    ///
    /// When its metadata can't be registered.
    pub fn register_client(
        &self,
        client: NewClient,
    ) -> Result<RegisteredClient, RegistrationError> {
        register_client(&self.auth_server, client)
    }

    /// Ends all servers and waits until their ports are free. Requests under way get a moment to
    /// finish.
    pub async fn shutdown(self) {
        // Held requests are let go first.
        self.faults().reset();
        let ending: Vec<_> = self
            .servers
            .into_iter()
            .map(|server| tokio::spawn(server.shutdown()))
            .collect();
        for server in ending {
            let _ = server.await;
        }
    }
}
