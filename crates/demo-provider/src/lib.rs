//! A demo OpenID provider: an authorization server, a resource API, and a server for the app's
//! files, each on an origin of its own. `demo-provider serve` runs it; a test starts one on free
//! ports:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use demo_provider::{DemoProvider, Times};
//!
//! let demo = DemoProvider::builder().start().await?;
//! demo.faults().set(|faults| faults.refuse_refresh = Times::Next(1));
//! println!("sign in at {}", demo.issuer());
//! demo.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! It is made to learn from and to test against. It keeps everything in memory and prints its users'
//! passwords; it is no place for real accounts.

mod access;
mod acr;
mod api;
mod app;
mod auth_server;
mod builder;
mod client;
mod clock;
mod counters;
mod demo;
mod dpop;
mod faults;
mod feed;
mod keys;
mod locales;
mod net;
mod origin;
mod params;
mod policy;
mod scope;
mod secret;
mod shared;
mod users;

pub use acr::{ACR_PASSWORD, ACR_SECOND_FACTOR};
pub use app::{AppError, default_app_config};
pub use builder::{DEMO_CLIENT_ID, DemoProvider, DemoProviderBuilder, StartError};
pub use client::{AuthMethod, NewClient, RefreshPolicy, RegisteredClient, RegistrationError};
pub use clock::Clock;
pub use counters::Counters;
pub use demo::Demo;
pub use faults::{
    ExpiresIn, Failure, FailureBody, FaultAction, FaultError, FaultSettings, Faults, Times,
};
pub use feed::{EventKind, EventServer, Feed, FeedEvent};
pub use keys::SigningAlgorithm;
pub use net::{ListenError, Reach};
pub use origin::RedirectUriProblem;
pub use policy::{DpopNonces, DpopSupport, Policies, Policy, PolicyError};
pub use scope::{Scope, ScopeSet};
pub use secret::Secret;
pub use shared::Urls;
pub use users::{DEMO_USERS, DemoUser, find_by_sub, find_by_username};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after another thread panicked: what the demo keeps is whole after every step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
