//! The session as a pure state machine: [`Event`]s in, [`Effect`]s out, a [`SessionState`] to show.
//!
//! The browser shell carries them and decides nothing. Every request, timer, lock and write to
//! storage that a sign-in, a renewal or a sign-out needs is an effect; every answer is an event with
//! the identifier of its effect. An answer whose identifier nobody waits for any more is dropped, so
//! a late one never revives a session.

mod completion;
mod engine;
mod failure;
mod family;
pub mod feed;
mod id_token_check;
mod join;
mod keys;
mod known;
mod lease;
mod message;
mod readers;
mod record;
mod renewal;
mod schedule;
mod sign_in;
#[cfg(test)]
mod tests;

pub use engine::Engine;
pub use keys::StorageKeys;

use crate::authorization::{Entropy, SignInOptions};
use crate::config::Scope;
use crate::error::Error;
use crate::http::{Exchange, HttpRequest};
use crate::id_token::VerifiedIdToken;
use crate::jose::{SignatureOutcome, VerifyRequest};
use crate::json::Json;
use crate::secret::{AccessToken, SecretText};
use crate::time::Timestamp;
use crate::token::TokenType;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Ties an answer to the effect that asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(pub(crate) u64);

/// What the browser can do, as found when the page loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Environment {
    /// `crypto.subtle` is there (a secure context).
    pub web_crypto: bool,
    /// Session storage takes and returns a value.
    pub session_storage: bool,
    /// The page is inside a frame of another origin.
    pub foreign_frame: bool,
    /// Web Locks are there.
    pub locks: bool,
    /// `BroadcastChannel` is there.
    pub channel: bool,
}

/// The page load that begins everything.
#[derive(Debug)]
pub struct Start {
    /// `location.pathname`
    pub path: String,
    /// `location.search`
    pub query: SecretText,
    /// `location.hash`
    pub fragment: SecretText,
    /// `location.origin`
    pub page_origin: String,
    /// The session storage entries whose keys start with [`StorageKeys::prefix`].
    pub stored: Vec<(String, SecretText)>,
    /// The local storage entries whose keys start with [`StorageKeys::prefix`]; `None` where local
    /// storage is denied.
    pub shared: Option<Vec<(String, String)>>,
    /// What the browser can do.
    pub environment: Environment,
    /// Seeds the jitter; need not be secret.
    pub seed: u64,
}

impl Start {
    /// A local storage entry.
    fn shared_entry(&self, key: &str) -> Option<&str> {
        let mut entries = self.shared.iter().flatten();
        entries
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// The page loaded. Comes first and once.
    Start(Box<Start>),
    /// The user wants to sign in.
    SignIn {
        /// The provider's `id`.
        provider: String,
        /// What is asked for this time.
        options: SignInOptions,
        /// Fresh randomness.
        entropy: Entropy,
    },
    /// The user wants to sign out.
    SignOut {
        /// Fresh randomness for the `state` of the end-session request.
        state: [u8; 16],
    },
    /// The user wants new tokens now.
    Refresh,
    /// The user has read the notice.
    DismissNotice,
    /// The app wants an access token.
    TokenWanted {
        /// Ties [`Effect::TokenReady`] to this.
        id: u64,
        /// How much longer it must be valid.
        min_validity: Duration,
        /// The generation of a token that an API just refused.
        refused: Option<u64>,
    },
    /// The answer to [`Effect::Http`].
    HttpDone {
        /// Of the effect.
        ticket: Ticket,
        /// What came.
        exchange: Exchange,
    },
    /// The answer to [`Effect::Verify`].
    Verified {
        /// Of the effect.
        ticket: Ticket,
        /// What came of it.
        outcome: SignatureOutcome,
    },
    /// The answer to [`Effect::Lock`]: the lock is held until [`Effect::Unlock`].
    Locked {
        /// Of the effect.
        ticket: Ticket,
        /// The local storage values asked for, read under the lock.
        shared: Option<String>,
    },
    /// The answer to [`Effect::Store`].
    Stored {
        /// Of the effect.
        ticket: Ticket,
        /// False where storage is full or blocked.
        done: bool,
    },
    /// The time of [`Effect::SetTimer`] came, perhaps early.
    Timer,
    /// The page woke up: it became visible, or went online.
    Woke {
        /// What `navigator.onLine` says.
        online: bool,
        /// It came back from the back/forward cache, and [`Event::Restored`] cannot be sent.
        restored: bool,
    },
    /// The page is being left (`pagehide`), for good or for the back/forward cache. Carry the
    /// effects out before the handler returns; then close the channel.
    Left,
    /// The page came back from the back/forward cache (`pageshow` with `persisted`). Open the
    /// channel first. Other pages of this tab may have used its storage in the meantime.
    Restored {
        /// The session storage entries whose keys start with [`StorageKeys::prefix`].
        stored: Vec<(String, SecretText)>,
        /// What `navigator.onLine` says.
        online: bool,
    },
    /// A message of another tab (`BroadcastChannel`).
    Message(SecretText),
    /// The user did something on the page; matters only where there is an idle limit.
    Activity,
}

/// What the shell is to do, in this order.
#[derive(Debug)]
pub enum Effect {
    /// Send a request; answer with [`Event::HttpDone`].
    Http {
        /// For the answer.
        ticket: Ticket,
        /// What to send.
        request: HttpRequest,
        /// Let it outlive the page.
        keepalive: bool,
    },
    /// Check a signature; answer with [`Event::Verified`].
    Verify {
        /// For the answer.
        ticket: Ticket,
        /// What to check.
        request: VerifyRequest,
    },
    /// Take a lock that all tabs know, then read one local storage entry; answer with
    /// [`Event::Locked`]. Where there are no Web Locks, answer at once.
    Lock {
        /// For the answer.
        ticket: Ticket,
        /// Name of the lock.
        name: String,
        /// Key of the local storage entry to read under it.
        read: String,
    },
    /// Let the lock go, or stop waiting for it.
    Unlock {
        /// Of the lock.
        ticket: Ticket,
    },
    /// Write a session storage entry; answer with [`Event::Stored`].
    Store {
        /// For the answer.
        ticket: Ticket,
        /// The key.
        key: String,
        /// The value.
        value: SecretText,
    },
    /// Delete a session storage entry.
    Delete {
        /// The key.
        key: String,
    },
    /// Delete the session storage entries whose keys start with this.
    DeleteAll {
        /// What the keys start with.
        prefix: String,
    },
    /// Write a local storage entry that all tabs read; it reveals no secret. Best effort: where the
    /// value cannot be written, delete the key, so that no older value is believed.
    Share {
        /// The key.
        key: String,
        /// The value; `None` deletes.
        value: Option<String>,
    },
    /// Tell the other tabs. Best effort.
    Broadcast(SecretText),
    /// Replace the address in the history, without a navigation.
    ReplaceUrl {
        /// Path, query and fragment.
        target: String,
        /// Whether the app is to route to it, rather than only to see its address tidied.
        route: bool,
    },
    /// Leave the page.
    Navigate(SecretText),
    /// Call [`Event::Timer`] at this time; replaces the timer before. `None` stops it. A wait beyond
    /// [`TIMER_LIMIT_MS`](crate::time::TIMER_LIMIT_MS) may be cut: an early call does no harm.
    SetTimer(Option<Timestamp>),
    /// The answer to [`Event::TokenWanted`].
    TokenReady {
        /// Of the event.
        id: u64,
        /// A token, or why there is none.
        result: Result<TokenGrant, Error>,
    },
    /// [`Engine::state`] or [`Engine::notice`] changed.
    Changed,
}

/// An access token on its way to an API.
#[derive(Clone, Debug)]
pub struct TokenGrant {
    /// The token.
    pub token: AccessToken,
    /// How it is presented.
    pub token_type: TokenType,
    /// Counts renewals; goes into [`Event::TokenWanted`] when the API refuses the token.
    pub generation: u64,
}

/// What the page shows.
#[derive(Clone, Debug, PartialEq)]
pub enum SessionState {
    /// Not known yet: the page is starting, other tabs are asked for their session, or a sign-in is
    /// being completed.
    Loading,
    /// Nobody is signed in.
    SignedOut,
    /// A sign-in is about to leave for the provider.
    SigningIn {
        /// The provider's `id`.
        provider: String,
    },
    /// Somebody is signed in.
    SignedIn(SignedIn),
    /// A session ended by itself; signing in again is offered.
    Ended(Error),
}

/// A signed-in session, without its tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// The provider's `id`.
    pub provider: String,
    /// The granted scope.
    pub scope: Scope,
    /// How the access token is presented.
    pub token_type: TokenType,
    /// When the user signed in.
    pub signed_in_at: Timestamp,
    /// When the access token came.
    pub received_at: Timestamp,
    /// When the access token expires; `None` where the provider did not say.
    pub expires_at: Option<Timestamp>,
    /// Whether there is a refresh token.
    pub can_refresh: bool,
    /// Counts the access tokens of this sign-in, from 0.
    pub generation: u64,
    /// When the configured limits end the session.
    pub ending: Ending,
    /// What is being done about expiry.
    pub renewal: Renewal,
    /// Who else in this browser holds this sign-in.
    pub tabs: Tabs,
}

/// When the session ends by itself, whatever the provider says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The configuration sets no limit.
    Open,
    /// Not soon.
    Later {
        /// Which limit comes first.
        limit: Limit,
        /// When the user is to be warned: [`Engine::state`] changes then.
        warn_at: Timestamp,
        /// When it ends.
        ends_at: Timestamp,
    },
    /// It is time to warn the user and to count down.
    Soon {
        /// Which limit it is.
        limit: Limit,
        /// When it ends.
        ends_at: Timestamp,
    },
}

impl Ending {
    /// When the session ends, if ever.
    #[must_use]
    pub const fn at(self) -> Option<Timestamp> {
        match self {
            Ending::Open => None,
            Ending::Later { ends_at, .. } | Ending::Soon { ends_at, .. } => Some(ends_at),
        }
    }
}

/// A limit that the configuration sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The user does nothing, in no tab; [`Event::Activity`] puts the end off.
    Idle,
    /// So long after the sign-in, whatever the user does.
    MaxAge,
}

/// The tabs that hold one sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tabs {
    /// No other one was seen.
    Alone,
    /// There are others: one renews for all, and they end together.
    Family,
    /// The browser lacks what tabs agree with. Nothing that may be spent is sent, so a session that
    /// is open in several tabs may end in some of them sooner than it had to.
    Limited {
        /// What it lacks.
        missing: Missing,
    },
}

/// What a browser lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Web Locks.
    Locks,
    /// `BroadcastChannel`.
    Channel,
    /// Both.
    Both,
}

/// The signed-in user: claims of the verified ID token, and of UserInfo where it is used.
#[derive(Clone)]
pub struct User {
    pub(crate) id_token: Arc<VerifiedIdToken>,
    pub(crate) userinfo: Option<Arc<Json>>,
    pub(crate) userinfo_text: Option<String>,
}

impl fmt::Debug for User {
    /// Without the claims, which are the user's own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("User([redacted])")
    }
}

impl PartialEq for User {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.id_token, &other.id_token)
            && match (&self.userinfo, &other.userinfo) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                (None, None) => true,
                _ => false,
            }
    }
}

impl User {
    /// The stable identifier of the user at this issuer.
    #[must_use]
    pub fn sub(&self) -> &str {
        self.id_token.sub()
    }

    /// The issuer that `sub` belongs to.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.id_token.issuer()
    }

    /// A claim: UserInfo's where it has one, else the ID token's.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Json> {
        self.userinfo
            .as_ref()
            .and_then(|info| info.get(name))
            .or_else(|| self.id_token.claim(name))
    }

    /// What to call the user: `name`, else `preferred_username`, else `email`, else `sub`.
    #[must_use]
    pub fn display_name(&self) -> &str {
        ["name", "preferred_username", "email"]
            .iter()
            .filter_map(|claim| self.claim(claim).and_then(Json::as_str))
            .find(|text| !text.trim().is_empty())
            .unwrap_or_else(|| self.sub())
    }

    /// The verified ID token, for all its claims.
    #[must_use]
    pub fn id_token(&self) -> &VerifiedIdToken {
        &self.id_token
    }
}

/// How the renewal of the tokens is going.
#[derive(Clone, Debug, PartialEq)]
pub enum Renewal {
    /// Nothing to do at the moment.
    Idle,
    /// A renewal is under way.
    Refreshing,
    /// A renewal waits for the network: the browser says that it is off, or the machine just woke.
    Offline {
        /// When it is tried whatever the browser says; sooner where the network is back.
        at: Timestamp,
    },
    /// A renewal failed for a passing reason and will be tried again.
    Retrying {
        /// When.
        at: Timestamp,
        /// Why it failed.
        error: Error,
    },
    /// Renewal stopped: nothing is tried again by itself until the page wakes or the user asks.
    Stopped {
        /// Why.
        error: Error,
    },
}
