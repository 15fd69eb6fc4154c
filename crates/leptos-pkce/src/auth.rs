//! Who is signed in, as a sum type: what needs a signed-in user cannot be called without one.

use crate::api::{ApiRequest, ApiResponse};
use crate::shell::{Seen, Shell, Watcher};
use leptos::prelude::*;
use pkce_core::Error;
use pkce_core::ErrorCode;
use pkce_core::Phase;
use pkce_core::Timestamp;
use pkce_core::authorization::SignInOptions;
use pkce_core::config::Config;
use pkce_core::secret::AccessToken;
use pkce_core::session::feed::{self, Item};
use pkce_core::session::{Ending, SessionState, SignedIn as SignedInState, TokenGrant, User};
use std::ops::Deref;
use std::rc::Rc;
use std::time::Duration;

/// Tells of everything that happens in a sign-in instance, without its secrets. What is not used is
/// not even compiled in.
#[derive(Clone)]
pub struct Feed(Watcher);

impl Feed {
    /// `tell` is called with each [`Item`], in order, and the time.
    #[must_use]
    pub fn new(tell: impl Fn(Item, Timestamp) + 'static) -> Self {
        Self(Rc::new(move |seen: Seen<'_>| {
            let item = match seen {
                Seen::Event(event) => feed::of_event(event),
                Seen::Effect(effect, engine) => feed::of_effect(effect, engine),
            };
            if let Some(item) = item {
                tell(item, crate::shell::now());
            }
        }))
    }
}

/// One sign-in instance of the page: what [`AuthProvider`](crate::AuthProvider) provides.
#[derive(Clone, Copy)]
pub struct Auth {
    shell: StoredValue<Option<Rc<Shell>>, LocalStorage>,
    state: RwSignal<SessionState>,
    notice: RwSignal<Option<Error>>,
    /// Interface language for the provider's pages.
    ui_locales: Signal<&'static str>,
}

impl Auth {
    /// Starts an instance; it ends with the current reactive owner.
    pub(crate) fn start(
        config: Config,
        prefix: &str,
        ui_locales: Signal<&'static str>,
        feed: Option<Feed>,
    ) -> Self {
        let state = RwSignal::new(SessionState::Loading);
        let notice = RwSignal::new(None);
        let watcher = feed.map(|feed| feed.0);
        let shell = Shell::start(config, prefix, watcher, move |new_state, new_notice| {
            // Each signal is touched only where its part changed: a renewal re-renders no notice.
            if state.try_with_untracked(|old| *old != new_state) == Some(true) {
                let _ = state.try_set(new_state);
            }
            if notice.try_with_untracked(|old| *old != new_notice) == Some(true) {
                let _ = notice.try_set(new_notice);
            }
        });
        Self {
            shell: StoredValue::new_local(Some(shell)),
            state,
            notice,
            ui_locales,
        }
    }

    /// The session, reactively.
    #[must_use]
    pub fn session(&self) -> Session {
        Session::of(
            *self,
            self.state.try_get().unwrap_or(SessionState::SignedOut),
        )
    }

    /// An error of a sign-in or of the session, until it is dismissed or something succeeds;
    /// reactively.
    #[must_use]
    pub fn notice(&self) -> Option<Error> {
        self.notice.try_get().flatten()
    }

    /// Takes the notice away.
    pub fn dismiss_notice(&self) {
        self.with_shell(|shell| shell.dismiss_notice());
    }

    /// Begins a sign-in with the provider of this `id`, from any state; it leaves the page.
    pub fn sign_in(&self, provider: &str, mut options: SignInOptions) {
        if options.ui_locales.is_none() {
            options.ui_locales = self.ui_locales.try_get_untracked().map(str::to_owned);
        }
        self.with_shell(|shell| shell.sign_in(provider, options));
    }

    /// Does what the notice is about once more: renews a session that could not be renewed, else
    /// begins a sign-in. Where it is not known with which provider, the notice only goes away.
    pub fn try_again(&self) {
        let failed_in = self
            .notice
            .try_get_untracked()
            .flatten()
            .map(|error| error.phase());
        let provider = match self.state.try_get_untracked() {
            Some(SessionState::SignedIn(state)) => {
                if failed_in == Some(Phase::Refresh) && state.can_refresh {
                    self.with_shell(|shell| shell.refresh());
                    return;
                }
                Some(state.provider)
            }
            _ => match self.providers().as_slice() {
                [(only, _)] => Some(only.clone()),
                _ => None,
            },
        };
        match provider {
            Some(provider) => self.sign_in(&provider, SignInOptions::default()),
            None => self.dismiss_notice(),
        }
    }

    /// The value that the app handed to the sign-in that was completed on this page
    /// ([`SignInOptions::app_state`]); `None` after a reload.
    #[must_use]
    pub fn app_state(&self) -> Option<String> {
        self.with_shell(|shell| shell.app_state()).flatten()
    }

    /// Tells of everything that happens from now on. [`AuthProvider`](crate::AuthProvider) takes a
    /// feed that begins with the page.
    pub fn on_feed(&self, feed: Feed) {
        self.with_shell(|shell| shell.watch(feed.0));
    }

    /// The configured providers as pairs of `id` and name, in order.
    #[must_use]
    pub fn providers(&self) -> Vec<(String, String)> {
        self.with_shell(|shell| {
            shell.with_config(|config| {
                config
                    .providers()
                    .iter()
                    .map(|p| (p.id().as_str().to_owned(), p.name().to_owned()))
                    .collect()
            })
        })
        .unwrap_or_default()
    }

    fn with_shell<T>(&self, act: impl FnOnce(&Rc<Shell>) -> T) -> Option<T> {
        // Cloned out: the engine may cause reactive work that looks here again.
        let shell = self.shell.try_get_value().flatten()?;
        Some(act(&shell))
    }

    pub(crate) fn shell(&self) -> Result<Rc<Shell>, Error> {
        self.with_shell(Rc::clone).ok_or_else(|| {
            Error::new(ErrorCode::NotSignedIn, Phase::Api)
                .expected("a page with an AuthProvider")
                .came("one whose AuthProvider is gone")
        })
    }
}

/// The session of this tab. Only [`Session::SignedIn`] knows a user or gives a token.
#[derive(Clone)]
pub enum Session {
    /// Not known yet: the page is starting, or a sign-in is being completed.
    Loading,
    /// Nobody is signed in.
    SignedOut(SignedOutSession),
    /// A sign-in is about to leave for the provider with this `id`.
    SigningIn(String),
    /// Somebody is signed in.
    SignedIn(SignedInSession),
    /// The session ended by itself.
    Ended(Ended),
}

impl Session {
    fn of(auth: Auth, state: SessionState) -> Self {
        match state {
            SessionState::Loading => Session::Loading,
            SessionState::SignedOut => Session::SignedOut(SignedOutSession { auth }),
            SessionState::SigningIn { provider } => Session::SigningIn(provider),
            SessionState::SignedIn(state) => Session::SignedIn(SignedInSession { auth, state }),
            SessionState::Ended(reason) => Session::Ended(Ended {
                session: SignedOutSession { auth },
                reason,
            }),
        }
    }

    /// The signed-in session, if that is what this is.
    #[must_use]
    pub fn signed_in(self) -> Option<SignedInSession> {
        match self {
            Session::SignedIn(session) => Some(session),
            _ => None,
        }
    }
}

/// A session without a user: all it can do is begin a sign-in.
#[derive(Clone, Copy)]
pub struct SignedOutSession {
    auth: Auth,
}

impl SignedOutSession {
    /// Begins a sign-in with the provider of this `id`, and comes back to this place afterwards.
    pub fn sign_in(&self, provider: &str) {
        self.auth.sign_in(provider, SignInOptions::default());
    }

    /// Begins a sign-in with options of its own.
    pub fn sign_in_with(&self, provider: &str, options: SignInOptions) {
        self.auth.sign_in(provider, options);
    }
}

/// A session that ended by itself, and why.
#[derive(Clone)]
pub struct Ended {
    session: SignedOutSession,
    reason: Error,
}

impl Ended {
    /// Why it ended.
    #[must_use]
    pub const fn reason(&self) -> &Error {
        &self.reason
    }
}

impl Deref for Ended {
    type Target = SignedOutSession;
    fn deref(&self) -> &SignedOutSession {
        &self.session
    }
}

/// A signed-in session. It may end at any time: then its methods answer with an error.
#[derive(Clone)]
pub struct SignedInSession {
    auth: Auth,
    state: SignedInState,
}

impl SignedInSession {
    /// Who is signed in.
    #[must_use]
    pub const fn user(&self) -> &User {
        &self.state.user
    }

    /// Lifetimes, scope and renewal, without the tokens; reactively, while `user` stays the same
    /// for the whole session.
    #[must_use]
    pub fn details(&self) -> SignedInState {
        match self.auth.state.try_get() {
            Some(SessionState::SignedIn(now)) if now.user.sub() == self.state.user.sub() => now,
            _ => self.state.clone(),
        }
    }

    /// Whether a scope was granted, as far as the provider said; scopes are case-sensitive.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.details().scope.contains(scope)
    }

    /// When the configured limits end the session, and whether it is time to warn; reactively.
    #[must_use]
    pub fn ending(&self) -> Ending {
        self.details().ending
    }

    /// Puts the idle limit off, in every tab: for the button that a warning offers. What the user
    /// does on the page does the same by itself.
    pub fn stay_signed_in(&self) {
        self.auth.with_shell(|shell| shell.active());
    }

    /// An access token that is valid for at least `min_validity` longer, or half of its lifetime
    /// where that is less. One that is about to end is renewed first, once for all who ask.
    ///
    /// Prefer [`fetch`](Self::fetch), which sends it to allowed places only.
    ///
    /// # Errors
    /// `not_signed_in`, and whatever kept the renewal from succeeding.
    pub async fn access_token(&self, min_validity: Duration) -> Result<AccessToken, Error> {
        self.token(min_validity, None)
            .await
            .map(|grant| grant.token)
    }

    /// Calls an API of the configuration with the user's access token; see [`ApiRequest`].
    ///
    /// # Errors
    /// `api_url_not_allowed` before anything is sent; transport faults; `api_unauthorized`,
    /// `insufficient_scope`, `insufficient_user_authentication`. Other statuses are not errors: the
    /// response tells them.
    pub async fn fetch(&self, request: ApiRequest) -> Result<ApiResponse, Error> {
        crate::api::fetch(self, request).await
    }

    /// Renews the tokens now.
    pub fn refresh(&self) {
        self.auth.with_shell(|shell| shell.refresh());
    }

    /// Signs out: this tab and its copies first, then the provider.
    pub fn sign_out(&self) {
        self.auth.with_shell(|shell| shell.sign_out());
    }

    pub(crate) const fn auth(&self) -> Auth {
        self.auth
    }

    pub(crate) async fn token(
        &self,
        min_validity: Duration,
        refused: Option<u64>,
    ) -> Result<TokenGrant, Error> {
        self.auth.shell()?.token(min_validity, refused).await
    }
}

/// The instance that the nearest [`AuthProvider`](crate::AuthProvider) provides.
///
/// # Errors
/// `None` outside of an `AuthProvider`.
#[must_use]
pub fn use_auth() -> Option<Auth> {
    use_context::<Auth>()
}

/// The session of the nearest [`AuthProvider`](crate::AuthProvider), as a signal; it is
/// [`Session::Loading`] for ever where there is none.
#[must_use]
pub fn use_session() -> Signal<Session, LocalStorage> {
    let auth = use_auth();
    Signal::derive_local(move || auth.map_or(Session::Loading, |auth| auth.session()))
}
