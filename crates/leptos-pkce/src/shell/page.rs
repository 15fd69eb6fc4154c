//! The page: its address, its history, its surroundings.

use super::storage::{Area, random};
use pkce_core::config::Config;
use pkce_core::return_to::ReturnTo;
use pkce_core::secret::SecretText;
use pkce_core::session::{Environment, Start, StorageKeys};
use wasm_bindgen::prelude::*;

/// What the engine has to know of a page load.
pub(crate) fn start(keys: &StorageKeys, has_channel: bool) -> Start {
    let location = web_sys::window().map(|window| window.location());
    let part = |read: fn(&web_sys::Location) -> Result<String, JsValue>| {
        location
            .as_ref()
            .and_then(|location| read(location).ok())
            .unwrap_or_default()
    };
    Start {
        path: part(web_sys::Location::pathname),
        query: SecretText::new(part(web_sys::Location::search)),
        fragment: SecretText::new(part(web_sys::Location::hash)),
        page_origin: part(web_sys::Location::origin),
        stored: stored(keys),
        shared: Area::Local.entries(keys.prefix()),
        environment: environment(keys.prefix(), has_channel),
        seed: random::<8>().map_or(0, u64::from_le_bytes),
    }
}

/// This instance's entries in session storage.
pub(crate) fn stored(keys: &StorageKeys) -> Vec<(String, SecretText)> {
    Area::Session
        .entries(keys.prefix())
        .into_iter()
        .flatten()
        .map(|(key, value)| (key, SecretText::new(value)))
        .collect()
}

fn environment(prefix: &str, channel: bool) -> Environment {
    Environment {
        web_crypto: web_sys::window()
            .and_then(|window| super::js::property(&window.into(), "crypto"))
            .and_then(|crypto| super::js::property(&crypto, "subtle"))
            .is_some(),
        session_storage: Area::Session.works(prefix),
        foreign_frame: is_in_foreign_frame(),
        locks: super::locks::are_there(),
        channel,
    }
}

/// Whether a page of another origin is around this one: its location cannot be read.
fn is_in_foreign_frame() -> bool {
    let Some(window) = web_sys::window() else {
        return false;
    };
    match window.top() {
        Ok(Some(top)) => top.location().href().is_err(),
        Ok(None) => false,
        Err(_) => true,
    }
}

/// The address without its origin.
pub(crate) fn here() -> String {
    let Some(location) = web_sys::window().map(|window| window.location()) else {
        return "/".to_owned();
    };
    let part = Result::unwrap_or_default;
    format!(
        "{}{}{}",
        part(location.pathname()),
        part(location.search()),
        part(location.hash())
    )
}

/// Where a sign-in that begins here comes back to: here. At a callback the engine knows better.
pub(crate) fn place(config: &Config) -> Option<ReturnTo> {
    let here = here();
    let path = here.split(['?', '#']).next().unwrap_or("/");
    if config
        .providers()
        .iter()
        .any(|provider| provider.redirect_uri().path() == path)
    {
        return None;
    }
    ReturnTo::parse(&here, "")
}

/// Replaces the address; `route` tells routers that listen to `popstate`.
pub(crate) fn replace_url(target: &str, route: bool) {
    let Some(window) = web_sys::window() else {
        return;
    };
    let Ok(history) = window.history() else {
        return;
    };
    let state = if route {
        JsValue::NULL
    } else {
        history.state().unwrap_or(JsValue::NULL)
    };
    let _ = history.replace_state_with_url(&state, "", Some(target));
    if route && let Ok(event) = web_sys::Event::new("popstate") {
        let _ = window.dispatch_event(&event);
    }
}

/// Leaves the page.
pub(crate) fn navigate(url: &str) {
    if let Some(window) = web_sys::window() {
        let _ = window.location().set_href(url);
    }
}
