//! Sign-in for [Leptos](https://leptos.dev) apps: OAuth 2.0 / OpenID Connect with PKCE, entirely in
//! the browser.
//!
//! Wrap the app in [`AuthProvider`], show a [`SignInButton`], and ask [`use_session`] who is there:
//!
//! ```
//! use leptos::prelude::*;
//! use leptos_pkce::*;
//!
//! #[component]
//! fn App() -> impl IntoView {
//!     view! {
//!         <AuthProvider config=page_config().map(PageConfig::into_config)>
//!             <SignedOut><SignInButton provider="local"/></SignedOut>
//!             <SignedIn let:user>{user.user().display_name().to_owned()} <SignOutButton/></SignedIn>
//!             <AuthErrorNotice/>
//!         </AuthProvider>
//!     }
//! }
//! ```
//!
//! Tokens live in `sessionStorage` and memory alone and are renewed before they expire. What decides
//! is in [`pkce_core`]; this crate is the browser around it.

mod api;
mod auth;
mod components;
mod locales;
mod page_config;
mod shell;

pub use api::{ApiRequest, ApiResponse};
pub use auth::{
    Auth, Ended, Feed, Session, SignedInSession, SignedOutSession, use_auth, use_session,
};
pub use components::{
    AuthErrorNotice, AuthProvider, ErrorNotice, RequireClaims, RequireSignIn, SessionCountdown,
    SessionLoading, SignInButton, SignOutButton, SignedIn, SignedOut, UserMenu,
};
pub use locales::{Labels, Language, use_labels, use_language};
pub use page_config::page_config;
pub use pkce_core::authorization::SignInOptions;
pub use pkce_core::config::{Config, PageConfig, ProviderConfig};
pub use pkce_core::json::Json;
pub use pkce_core::return_to::ReturnTo;
pub use pkce_core::session::feed::Item as FeedItem;
pub use pkce_core::session::{Ending, Limit, Missing, Renewal, Tabs, User};
pub use pkce_core::{Error, ErrorCode, Phase, Timestamp};
