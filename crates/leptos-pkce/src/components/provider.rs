use crate::auth::{Auth, Feed};
use crate::components::ErrorNotice;
use crate::components::error_notice::ErrorNoticeProps;
use crate::locales::Language;
use leptos::either::Either;
use leptos::prelude::*;
use pkce_core::Error;
use pkce_core::config::Config;

/// Runs the sign-in of everything inside: it completes the callback at the configured redirect URI,
/// restores the session after a reload, renews tokens, and provides
/// [`use_session`](crate::use_session).
///
/// A configuration that is not right is shown in place of the children: an app never starts half
/// configured.
#[component]
pub fn AuthProvider(
    /// The configuration, or why there is none; see [`page_config`](crate::page_config).
    config: Result<Config, Error>,
    /// Names this instance's entries in storage; instances in one origin need different names.
    #[prop(default = "pkce")]
    storage_prefix: &'static str,
    /// The interface language; the browser's unless given.
    #[prop(optional, into)]
    language: Option<Signal<Language>>,
    /// Told of everything that happens, from the page load on.
    #[prop(optional)]
    feed: Option<Feed>,
    /// What the session is for.
    children: Children,
) -> impl IntoView {
    let language = language.unwrap_or_else(|| Signal::stored(Language::of_browser()));
    provide_context(language);
    match config {
        Ok(config) => {
            let tag = Signal::derive(move || language.get().tag());
            provide_context(Auth::start(config, storage_prefix, tag, feed));
            Either::Left(children())
        }
        Err(error) => Either::Right(ErrorNotice(ErrorNoticeProps {
            error,
            on_retry: None,
        })),
    }
}
