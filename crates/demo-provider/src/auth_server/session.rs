//! Browsers' sessions at the provider, and the cookie that names one.

use std::collections::HashMap;

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::{Cookie, SameSite};

use super::AuthServer;
use super::lang::Lang;
use crate::acr::Level;
use crate::clock::to_ms;
use crate::lock;
use crate::secret::{Fingerprint, Secret, random_id};
use crate::users::DemoUser;

/// How long a session in which nobody signed in is kept, in milliseconds.
const ANONYMOUS_MS: u64 = 60 * 60 * 1000;
/// How many sessions are kept at the most; the ones unused for longest go first.
const MOST_SESSIONS: usize = 10_000;

/// Somebody who signed in.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(crate) user: &'static DemoUser,
    /// When the password was given: seconds since the Unix epoch (`auth_time`).
    pub(crate) auth_time: u64,
    /// How surely the user is known. The second factor never makes `auth_time` younger: it comes
    /// after the password, and a new password starts anew.
    pub(crate) level: Level,
}

#[derive(Clone, Debug)]
struct Session {
    /// Stays the same when the cookie's value is replaced at sign-in.
    browser: String,
    csrf: Secret,
    user: Option<SignedIn>,
    last_seen_ms: u64,
}

/// Every session, by the fingerprint of its cookie.
#[derive(Debug, Default)]
pub(crate) struct Sessions(HashMap<Fingerprint, Session>);

impl Sessions {
    pub(crate) fn end_all(&mut self) {
        self.0.clear();
    }

    fn alive(&mut self, id: Fingerprint, now_ms: u64, lifetime_ms: u64) -> Option<&mut Session> {
        let session = self.0.get(&id)?;
        let expires_ms = match &session.user {
            Some(signed_in) => signed_in
                .auth_time
                .saturating_mul(1000)
                .saturating_add(lifetime_ms),
            None => session.last_seen_ms.saturating_add(ANONYMOUS_MS),
        };
        if now_ms >= expires_ms {
            self.0.remove(&id);
            return None;
        }
        let session = self.0.get_mut(&id)?;
        session.last_seen_ms = now_ms;
        Some(session)
    }

    fn insert(&mut self, session: Session) -> Secret {
        if self.0.len() >= MOST_SESSIONS {
            let oldest = self
                .0
                .iter()
                .min_by_key(|(_, session)| session.last_seen_ms);
            if let Some(id) = oldest.map(|(id, _)| *id) {
                self.0.remove(&id);
            }
        }
        let id = Secret::random();
        self.0.insert(id.fingerprint(), session);
        id
    }
}

/// The browser that a page is made for.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    id: Secret,
    /// Names the browser; an interaction belongs to one.
    pub(crate) browser: String,
    /// What a form of this browser must carry.
    pub(crate) csrf: Secret,
    pub(crate) user: Option<SignedIn>,
    /// The session is new, or got a new name, so the browser must be told.
    pub(crate) set_cookie: bool,
    pub(crate) lang: Lang,
}

impl AuthServer {
    /// Cookies of localhost are shared by all its ports, so the name says whose it is.
    pub(crate) fn cookie_name(&self, what: &str) -> String {
        let port = self
            .shared
            .urls
            .issuer
            .rsplit(':')
            .next()
            .unwrap_or_default();
        format!("demo_provider_{port}_{what}")
    }

    pub(crate) fn read_cookie(&self, headers: &HeaderMap, what: &str) -> Option<String> {
        let name = self.cookie_name(what);
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(Cookie::split_parse)
            .filter_map(Result::ok)
            .find(|cookie| cookie.name() == name)
            .map(|cookie| cookie.value().to_owned())
    }

    pub(crate) fn cookie_header(&self, what: &str, value: &str) -> Option<HeaderValue> {
        let mut cookie = Cookie::new(self.cookie_name(what), value.to_owned());
        cookie.set_path("/");
        cookie.set_http_only(true);
        // Lax: the cookie comes along when an app sends the user here, and not with a foreign
        // page's form.
        cookie.set_same_site(SameSite::Lax);
        cookie.set_secure(self.shared.urls.issuer.starts_with("https:"));
        HeaderValue::from_str(&cookie.to_string()).ok()
    }

    /// The visitor behind a request; a new session where there is none.
    pub(crate) fn visitor(&self, headers: &HeaderMap) -> Visitor {
        let now_ms = self.shared.clock.now_ms();
        let lifetime_ms = to_ms(self.settings.session_lifetime);
        let lang = self.lang_of(headers);
        let mut sessions = lock(&self.sessions);
        if let Some(id) = self.read_cookie(headers, "session").map(Secret::new)
            && let Some(session) = sessions.alive(id.fingerprint(), now_ms, lifetime_ms)
        {
            return Visitor {
                browser: session.browser.clone(),
                csrf: session.csrf.clone(),
                user: session.user.clone(),
                id,
                set_cookie: false,
                lang,
            };
        }
        let session = Session {
            browser: random_id(),
            csrf: Secret::random(),
            user: None,
            last_seen_ms: now_ms,
        };
        let (browser, csrf) = (session.browser.clone(), session.csrf.clone());
        let id = sessions.insert(session);
        Visitor {
            id,
            browser,
            csrf,
            user: None,
            set_cookie: true,
            lang,
        }
    }

    /// Signs a user in. The session gets a new name, so that one who knew the old gains nothing.
    pub(crate) fn sign_in(&self, visitor: &Visitor, user: &'static DemoUser) -> Visitor {
        let signed_in = SignedIn {
            user,
            auth_time: self.shared.clock.now(),
            level: Level::Password,
        };
        self.replace_session(visitor, signed_in)
    }

    /// Notes that the signed-in user gave a second factor. The session gets a new name, as above.
    pub(crate) fn step_up(&self, visitor: &Visitor) -> Visitor {
        match &visitor.user {
            Some(signed_in) => {
                let mut signed_in = signed_in.clone();
                signed_in.level = Level::SecondFactor;
                self.replace_session(visitor, signed_in)
            }
            None => visitor.clone(),
        }
    }

    fn replace_session(&self, visitor: &Visitor, signed_in: SignedIn) -> Visitor {
        let session = Session {
            browser: visitor.browser.clone(),
            csrf: Secret::random(),
            user: Some(signed_in.clone()),
            last_seen_ms: self.shared.clock.now_ms(),
        };
        let csrf = session.csrf.clone();
        let mut sessions = lock(&self.sessions);
        // An anonymous session may still stand behind another tab's form that is on its way.
        if visitor.user.is_some() {
            sessions.0.remove(&visitor.id.fingerprint());
        }
        let id = sessions.insert(session);
        Visitor {
            id,
            browser: visitor.browser.clone(),
            csrf,
            user: Some(signed_in),
            set_cookie: true,
            lang: visitor.lang,
        }
    }

    /// Signs the visitor out.
    pub(crate) fn sign_out(&self, visitor: &Visitor) {
        lock(&self.sessions).0.remove(&visitor.id.fingerprint());
    }

    /// The cookie that tells a browser its session, where it must be told.
    pub(crate) fn session_cookie(&self, visitor: &Visitor) -> Option<HeaderValue> {
        if !visitor.set_cookie {
            return None;
        }
        self.cookie_header("session", visitor.id.expose())
    }
}

/// Whether a form was posted by one of this server's own pages. Newer browsers say where a
/// request comes from (Fetch Metadata); a page on another port of localhost is `same-site`, and is
/// not enough. Older ones say nothing, and the form's own token decides.
pub(crate) fn is_from_own_page(headers: &HeaderMap) -> bool {
    match headers.get("sec-fetch-site") {
        Some(site) => site == "same-origin" || site == "none",
        None => true,
    }
}
