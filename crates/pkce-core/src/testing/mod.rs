//! For tests of apps: the real engine in a tab without a browser, with a virtual clock and a scripted
//! provider. Behind the feature `testing`; nothing of it belongs in a build for users.
//!
//! ```
//! # fn main() -> Result<(), pkce_core::Error> {
//! use pkce_core::config::{Config, ProviderConfig};
//! use pkce_core::session::SessionState;
//! use pkce_core::testing::{ScriptedTab, page_url};
//! use std::time::Duration;
//!
//! let provider = ProviderConfig::builder("main", "https://id.example", "spa").build(&page_url()?)?;
//! let mut tab = ScriptedTab::open(Config::new(vec![provider])?, "/");
//! tab.sign_in("main");
//! assert!(matches!(tab.state(), SessionState::SignedIn(_)));
//! // An hour passes, the provider is down, and the session goes on.
//! tab.provider.is_down = true;
//! tab.advance(Duration::from_secs(3600));
//! assert!(matches!(tab.state(), SessionState::SignedIn(_)));
//! # Ok(())
//! # }
//! ```

mod provider;
mod tab;
#[cfg(test)]
mod tests;

pub use provider::{ScriptedProvider, json_answer};
pub use tab::ScriptedTab;

use crate::error::{Error, ErrorCode, Phase};
use crate::url::HttpUrl;

/// Where a [`ScriptedTab`] is.
pub const ORIGIN: &str = "https://app.example";

/// The page that a [`ScriptedTab`] shows, for
/// [`ProviderBuilder::build`](crate::config::ProviderBuilder::build).
///
/// # Errors
/// None in practice.
pub fn page_url() -> Result<HttpUrl, Error> {
    HttpUrl::parse(ORIGIN).map_err(|fault| {
        Error::new(ErrorCode::ConfigInvalidValue, Phase::Configuration).came(fault.as_str())
    })
}
