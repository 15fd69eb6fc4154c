//! Origins and redirect URIs.

use std::collections::HashSet;
use std::sync::{Arc, RwLock};

use std::sync::PoisonError;
use url::{Host, Url};

/// The origin of an absolute URL as a browser writes it in `Origin`; `None` for an opaque one.
pub(crate) fn origin_of(url: &str) -> Option<String> {
    let origin = Url::parse(url).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

/// Why a redirect URI cannot be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriProblem {
    /// Not an absolute URL.
    #[error("is not an absolute URL")]
    NotAbsolute,
    /// It has a fragment (RFC 6749 3.1.2).
    #[error("has a fragment (#…), which a redirect URI must not have")]
    Fragment,
    /// It names a user or password.
    #[error("holds a user name or password")]
    UserInfo,
    /// Neither https nor loopback http.
    #[error("must use https, or http on localhost, 127.0.0.1 or [::1]")]
    Scheme,
    /// It contains something that URLs don't.
    #[error("has blanks, control characters, backslashes or non-ASCII characters")]
    Characters,
    /// Longer than 2,000 characters.
    #[error("is too long")]
    TooLong,
}

/// Checks a redirect URI at registration: `https`, or `http` on loopback, and no fragment.
pub(crate) fn check_redirect_uri(uri: &str) -> Result<(), RedirectUriProblem> {
    if uri.len() > 2_000 {
        return Err(RedirectUriProblem::TooLong);
    }
    // The URI is compared and sent as text, so what the URL parser would quietly repair is refused.
    if !uri.chars().all(|c| c.is_ascii_graphic() && c != '\\') {
        return Err(RedirectUriProblem::Characters);
    }
    let url = Url::parse(uri).map_err(|_| RedirectUriProblem::NotAbsolute)?;
    if url.fragment().is_some() {
        return Err(RedirectUriProblem::Fragment);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(RedirectUriProblem::UserInfo);
    }
    match url.scheme() {
        "https" if url.has_host() => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        _ => Err(RedirectUriProblem::Scheme),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The origins that may call the servers from a browser.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins(Arc<RwLock<Registered>>);

#[derive(Debug, Default)]
struct Registered {
    /// The demo's own apps, given at start.
    apps: HashSet<String>,
    /// Those and the origins of every public client's redirect URIs.
    all: HashSet<String>,
}

impl Origins {
    pub(crate) fn add_app(&self, origin: &str) {
        let mut registered = self.0.write().unwrap_or_else(PoisonError::into_inner);
        registered.apps.insert(origin.to_owned());
        registered.all.insert(origin.to_owned());
    }

    pub(crate) fn add_client(&self, redirect_uris: &[String]) {
        let mut registered = self.0.write().unwrap_or_else(PoisonError::into_inner);
        registered
            .all
            .extend(redirect_uris.iter().filter_map(|uri| origin_of(uri)));
    }

    /// One of the demo's own apps.
    pub(crate) fn is_app(&self, origin: &[u8]) -> bool {
        let registered = self.0.read().unwrap_or_else(PoisonError::into_inner);
        std::str::from_utf8(origin).is_ok_and(|origin| registered.apps.contains(origin))
    }

    /// The origin of any public client.
    pub(crate) fn is_registered(&self, origin: &[u8]) -> bool {
        let registered = self.0.read().unwrap_or_else(PoisonError::into_inner);
        std::str::from_utf8(origin).is_ok_and(|origin| registered.all.contains(origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_and_loopback_http_can_be_registered() {
        for uri in [
            "https://app.example/callback",
            "https://app.example:8443/cb?tenant=1",
            "http://localhost:8080/callback",
            "http://127.0.0.1/callback",
            "http://[::1]:8080/callback",
        ] {
            assert_eq!(check_redirect_uri(uri), Ok(()), "{uri}");
        }
    }

    #[test]
    fn anything_else_cannot() {
        use RedirectUriProblem::*;
        let long = format!("https://app.example/{}", "a".repeat(2_000));
        for (uri, problem) in [
            ("/callback", NotAbsolute),
            ("", NotAbsolute),
            ("http://app.example/callback", Scheme),
            ("http://localhost.evil.example/callback", Scheme),
            ("javascript:alert(1)", Scheme),
            ("data:text/html,x", Scheme),
            ("com.example.app:/callback", Scheme),
            ("https://app.example/callback#top", Fragment),
            ("https://app.example/callback#", Fragment),
            ("https://user@app.example/callback", UserInfo),
            ("https://app.example/a b", Characters),
            ("https:\\\\app.example", Characters),
            ("https://app.example/\n", Characters),
            (long.as_str(), TooLong),
        ] {
            assert_eq!(check_redirect_uri(uri), Err(problem), "{uri}");
        }
    }
}
