//! OAuth 2.0 and OpenID Connect for public browser clients, sans I/O.
//!
//! Everything here is a decision: requests are built and answers judged by pure functions, and the
//! session is a state machine with events in and effects out. Time, randomness, the network, storage
//! and the signature check come in as data, so all of it is tested natively in milliseconds.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod api;
pub mod authorization;
pub mod callback;
pub mod config;
pub mod dpop;
pub mod encoding;
pub mod error;
pub mod http;
pub mod id_token;
pub mod jose;
pub mod json;
pub mod metadata;
pub mod par;
pub mod provider_error;
pub mod return_to;
pub mod secret;
pub mod session;
pub mod sign_out;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod time;
pub mod token;
pub mod url;
pub mod userinfo;

pub use error::{Error, ErrorCode, Phase, Remedy};
pub use time::Timestamp;
