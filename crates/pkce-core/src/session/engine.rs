//! The engine: what the tab knows, and where each event goes.

use super::family::{Standing, ended_elsewhere};
use super::keys::StorageKeys;
use super::known::Known;
use super::lease::Lease;
use super::message::What;
use super::readers::not_signed_in;
use super::record::{Consumed, Record};
use super::renewal::Active;
use super::sign_in::Flow;
use super::{Effect, Environment, Event, SessionState, Start, Ticket};
use crate::config::{Config, ProviderConfig};
use crate::error::{Error, ErrorCode, Phase};
use crate::http::{Exchange, HttpRequest};
use crate::jose::SignatureOutcome;
use crate::return_to::ReturnTo;
use crate::secret::SecretText;
use crate::sign_out::{end_session_url, revocation_request};
use crate::time::Timestamp;
use std::time::Duration;

/// A clock that goes back by less is not worth a thought.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(1);

/// Who is signed in to this tab.
#[derive(Debug)]
pub(super) enum Slot {
    /// Nobody.
    Empty,
    /// Somebody.
    Active(Box<Active>),
    /// Somebody was; the session ended by itself.
    Ended(Error),
}

/// The session of one tab. Feed it every [`Event`] in order and carry out the [`Effect`]s it returns.
#[derive(Debug)]
pub struct Engine {
    pub(super) config: Config,
    pub(super) keys: StorageKeys,
    pub(super) page_origin: String,
    pub(super) environment: Environment,
    pub(super) slot: Slot,
    pub(super) flow: Flow,
    pub(super) notice: Option<Error>,
    pub(super) consumed: Consumed,
    pub(super) known: Known,
    /// Where a sign-in that failed would have ended.
    pub(super) interrupted: Option<ReturnTo>,
    pub(super) app_state: Option<String>,
    /// A lock that is let go at this time.
    pub(super) lingering: Option<(Ticket, Timestamp)>,
    /// What stands in for locks.
    pub(super) leases: Vec<Lease>,
    /// Local storage was seen to keep something.
    pub(super) has_local_storage: bool,
    /// Local storage could be read when the page loaded.
    pub(super) can_read_shared: bool,
    pub(super) effects: Vec<Effect>,
    started: bool,
    pub(super) last_seen: Option<Timestamp>,
    pub(super) last_ticket: u64,
    random: u64,
    timer: Option<Timestamp>,
    shown: Option<(SessionState, Option<Error>)>,
}

impl Engine {
    /// An engine that has seen nothing yet. `prefix` names its entries in storage.
    #[must_use]
    pub fn new(config: Config, prefix: &str) -> Self {
        Self {
            config,
            keys: StorageKeys::new(prefix),
            page_origin: String::new(),
            environment: Environment {
                web_crypto: false,
                session_storage: false,
                foreign_frame: false,
                locks: false,
                channel: false,
            },
            slot: Slot::Empty,
            flow: Flow::Idle,
            notice: None,
            consumed: Consumed::default(),
            known: Known::default(),
            interrupted: None,
            app_state: None,
            lingering: None,
            leases: Vec::new(),
            has_local_storage: false,
            can_read_shared: false,
            effects: Vec::new(),
            started: false,
            last_seen: None,
            last_ticket: 0,
            random: 0,
            timer: None,
            shown: None,
        }
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The names of the storage entries, the locks and the channel.
    #[must_use]
    pub const fn storage_keys(&self) -> &StorageKeys {
        &self.keys
    }

    /// What is to be shown.
    #[must_use]
    pub fn state(&self) -> SessionState {
        if !self.started {
            return SessionState::Loading;
        }
        if let Some(state) = self.flow.state() {
            return state;
        }
        match &self.slot {
            Slot::Empty => SessionState::SignedOut,
            Slot::Ended(error) => SessionState::Ended(error.clone()),
            Slot::Active(active) => {
                let now = self.last_seen.unwrap_or(active.record.received_at);
                SessionState::SignedIn(active.show(self.ending(now), &self.environment, now))
            }
        }
    }

    /// An error of a sign-in or of the session that the user has not dismissed.
    #[must_use]
    pub const fn notice(&self) -> Option<&Error> {
        self.notice.as_ref()
    }

    /// The value that the app handed to the sign-in that was completed on this page
    /// ([`SignInOptions::app_state`](crate::authorization::SignInOptions::app_state)).
    #[must_use]
    pub fn app_state(&self) -> Option<&str> {
        self.app_state.as_deref()
    }

    /// Takes one event and returns what is to be done, in order.
    pub fn handle(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        self.look_at_clock(now);
        match event {
            Event::Start(start) => self.start(*start, now),
            Event::SignIn {
                provider,
                options,
                entropy,
            } => {
                self.sign_in(&provider, options, entropy, now);
            }
            Event::SignOut { state } => self.sign_out(state, now),
            Event::Refresh => self.refresh_by_hand(now),
            Event::DismissNotice => self.notice = None,
            Event::TokenWanted {
                id,
                min_validity,
                refused,
            } => {
                self.token_wanted(id, min_validity, refused, now);
            }
            Event::HttpDone { ticket, exchange } => self.http_done(ticket, &exchange, now),
            Event::Verified { ticket, outcome } => self.verified(ticket, outcome, now),
            Event::Locked { ticket, shared } => self.locked(ticket, shared.as_deref(), now),
            Event::Stored { ticket, done } => self.stored(ticket, done),
            Event::Timer => {
                if Self::is_after_sleep(self.timer.take(), now) {
                    self.hold_for_network(now);
                }
                self.tick(now);
            }
            Event::Woke { online, restored } => {
                if restored {
                    self.came_back();
                }
                self.woke(online, now);
            }
            Event::Left => self.left(),
            Event::Restored { stored, online } => {
                self.came_back();
                self.look_at_storage(&stored, now);
                self.woke(online, now);
            }
            Event::Message(text) => self.message(&text, now),
            Event::Activity => self.active(now),
        }
        self.settle(now);
        std::mem::take(&mut self.effects)
    }

    fn look_at_clock(&mut self, now: Timestamp) {
        if let Some(last) = self.last_seen.replace(now)
            && now + CLOCK_TOLERANCE < last
        {
            self.clock_set_back(now.until(last), now);
        }
    }

    fn start(&mut self, start: Start, now: Timestamp) {
        self.started = true;
        self.random = start.seed;
        self.environment = start.environment;
        self.can_read_shared = start.shared.is_some();
        self.has_local_storage = start.shared_entry(&self.keys.consumed()).is_some();
        self.page_origin.clone_from(&start.page_origin);
        let callback = self.tidy_address(&start);
        let stored = |key: &str| find(&start.stored, key);
        for provider in self.config.providers() {
            let issuer = provider.issuer().as_str();
            if let Some(text) = stored(&self.keys.provider(issuer)) {
                self.known.recall(text, issuer);
            }
        }
        self.consumed = Consumed::parse(stored(&self.keys.consumed()));
        let had_session = stored(&self.keys.session()).is_some();
        let is_marked = stored(&self.keys.own()).is_some();
        let standing = self.take_mark(&start.stored);
        if let Some(text) = stored(&self.keys.session()) {
            match Record::from_json(text, self.config.providers()) {
                Some(record) => {
                    let mark = self.keys.over(&record.family);
                    self.restore(record, standing, now);
                    if start.shared_entry(&mark).is_some() {
                        self.end(ended_elsewhere(ErrorCode::SessionEndedElsewhere));
                    }
                }
                None => self.effects.push(Effect::Delete {
                    key: self.keys.session(),
                }),
            }
        }
        // Before the callback is looked at: what it has to say is the newer notice.
        self.is_over(now);
        if had_session && !is_marked {
            self.mark_own();
        }
        let is_fresh = !had_session && !is_marked && callback.is_none();
        self.resume_sign_in(&start, callback, now);
        let families = self.families(&start, now);
        if is_fresh {
            self.join(families, now);
        }
        self.tick(now);
        if let Err(error) = self.check_environment() {
            self.notice.get_or_insert(error);
        }
    }

    /// The mark of the page that was here before. A copy of a living tab's storage has none.
    fn take_mark(&mut self, stored: &[(String, SecretText)]) -> Standing {
        let key = self.keys.left();
        if find(stored, &key).is_none() {
            return Standing::Copied;
        }
        self.effects.push(Effect::Delete { key });
        Standing::LeftHere
    }

    /// The page comes from the back/forward cache, where it heard nothing.
    fn came_back(&mut self) {
        self.flow.came_back();
        if let Slot::Active(active) = &mut self.slot
            && active.standing == Standing::Newest
        {
            active.standing = Standing::LeftHere;
        }
        self.ask_family();
        self.look_for_end();
    }

    /// Other pages of this tab may have signed in or out, or renewed, in the meantime.
    fn look_at_storage(&mut self, stored: &[(String, SecretText)], now: Timestamp) {
        let standing = self.take_mark(stored);
        self.consumed = Consumed::parse(find(stored, &self.keys.consumed()));
        let text = find(stored, &self.keys.session());
        let found = text.and_then(|text| Record::from_json(text, self.config.providers()));
        match (&mut self.slot, found) {
            (Slot::Active(active), Some(found)) if active.record.family == found.family => {
                // What the later page learned holds for this one, whoever has the newer tokens.
                let (has_siblings, was_copied) = (found.has_siblings, found.was_copied);
                active.record.has_siblings |= has_siblings;
                active.record.was_copied |= was_copied;
                if found.is_newer_than(&active.record) {
                    self.take_over(found, standing, now);
                }
            }
            (_, Some(found)) => {
                self.replace_session();
                self.notice = None;
                self.restore(found, standing, now);
            }
            // What storage never took is here alone.
            (Slot::Active(active), None) if active.is_unsaved => {}
            (Slot::Active(_), None) => {
                self.replace_session();
                self.notice = None;
            }
            (_, None) => {}
        }
    }

    /// What would make a sign-in fail after the redirect fails it before.
    pub(super) fn check_environment(&self) -> Result<(), Error> {
        let (code, expected, came) = if self.environment.foreign_frame {
            (
                ErrorCode::ForeignFrame,
                "a page of its own",
                "a frame inside a page of another origin",
            )
        } else if !self.environment.web_crypto {
            (
                ErrorCode::InsecureContext,
                "https, or a loopback address (crypto.subtle)",
                "an insecure context",
            )
        } else if !self.environment.session_storage {
            (
                ErrorCode::StorageUnavailable,
                "session storage that can be written",
                "storage that is blocked or full",
            )
        } else {
            return Ok(());
        };
        Err(Error::new(code, Phase::Environment)
            .expected(expected)
            .came(came))
    }

    pub(super) fn provider(&self, id: &str) -> Option<&ProviderConfig> {
        self.config.provider(id)
    }

    /// Stores what was learned about a provider, for the page loads after this one.
    pub(super) fn store_known(&mut self, issuer: &str) {
        if let Some((key, value)) = self.known.stored(issuer, &self.keys) {
            self.store(key, value);
        }
    }

    pub(super) fn ticket(&mut self) -> Ticket {
        self.last_ticket = self.last_ticket.wrapping_add(1);
        Ticket(self.last_ticket)
    }

    /// A span below `limit`, for jitter.
    pub(super) fn jitter(&mut self, limit: Duration) -> Duration {
        let millis = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.random().checked_rem(millis).unwrap_or(0))
    }

    /// Chance for what need not be secret (SplitMix64).
    pub(super) fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn store(&mut self, key: String, value: SecretText) -> Ticket {
        let ticket = self.ticket();
        self.effects.push(Effect::Store { ticket, key, value });
        ticket
    }

    pub(super) fn http(&mut self, request: HttpRequest) -> Ticket {
        let ticket = self.ticket();
        self.effects.push(Effect::Http {
            ticket,
            request,
            keepalive: false,
        });
        ticket
    }

    fn http_done(&mut self, ticket: Ticket, exchange: &Exchange, now: Timestamp) {
        if !self.flow.waits_for(ticket) {
            return self.renewal_http_done(ticket, exchange, now);
        }
        match std::mem::replace(&mut self.flow, Flow::Idle) {
            // A tab that joins asks no provider.
            Flow::Idle | Flow::Joining(_) => {}
            Flow::Starting { provider, step } => {
                self.starting_http_done(provider, step, exchange, now);
            }
            Flow::Completing(step) => self.completing_http_done(step, exchange, now),
        }
    }

    fn verified(&mut self, ticket: Ticket, outcome: SignatureOutcome, now: Timestamp) {
        if self.flow.waits_for(ticket) {
            self.flow_verified(outcome, now);
        } else {
            self.renewal_verified(ticket, outcome, now);
        }
    }

    fn locked(&mut self, ticket: Ticket, shared: Option<&str>, now: Timestamp) {
        if self.lease_was_read(ticket, shared, now) {
            return;
        }
        if self.flow.waits_for(ticket) {
            match self.flow {
                Flow::Joining(_) => self.joining_locked(ticket, shared, now),
                _ => self.flow_locked(ticket, shared),
            }
        } else if !self.looked(ticket, shared) && !self.renewal_locked(ticket, shared, now) {
            // Nobody wants this lock any more.
            self.unlock(ticket);
        }
    }

    fn stored(&mut self, ticket: Ticket, done: bool) {
        if self.flow.waits_for(ticket) {
            return self.flow_stored(done);
        }
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        if active.saving != Some(ticket) {
            return;
        }
        active.saving = None;
        let was_unsaved = std::mem::replace(&mut active.is_unsaved, !done);
        if !done {
            // What is there is older: a token that was spent, or one without its mark.
            self.effects.push(Effect::Delete {
                key: self.keys.session(),
            });
            if !was_unsaved {
                self.notice = Some(
                    Error::new(ErrorCode::StorageFull, Phase::Storage)
                        .expected("room in session storage for the session")
                        .came("storage that is full or blocked; a reload will sign you out"),
                );
            }
        }
    }

    fn sign_out(&mut self, state: [u8; 16], now: Timestamp) {
        // Local state goes first, whatever the network does.
        self.effects.push(Effect::Delete {
            key: self.keys.session(),
        });
        self.forget_transactions();
        self.notice = None;
        self.interrupted = None;
        self.app_state = None;
        if matches!(self.flow, Flow::Joining(_)) {
            self.mark_own();
            self.join_ends();
        }
        if let Flow::Completing(step) = std::mem::replace(&mut self.flow, Flow::Idle) {
            step.locks().for_each(|lock| self.release(Some(lock)));
        }
        if matches!(self.slot, Slot::Active(_)) {
            self.unshare_family();
            self.mark_over(now);
            self.tell_family(What::Over(ErrorCode::SessionEndedElsewhere));
        }
        let Slot::Active(active) = std::mem::replace(&mut self.slot, Slot::Empty) else {
            return;
        };
        let record = active.record.clone();
        self.let_go(*active, &not_signed_in());
        if let Some(endpoint) = record.metadata.revocation_endpoint() {
            let request = revocation_request(
                endpoint.clone(),
                &record.client_id,
                record.refresh_token.as_ref(),
                &record.access_token,
            );
            let ticket = self.ticket();
            self.effects.push(Effect::Http {
                ticket,
                request,
                keepalive: true,
            });
        }
        let target = self
            .provider(&record.provider)
            .map(ProviderConfig::post_logout_redirect_uri);
        if let (Some(endpoint), Some(target)) = (record.metadata.end_session_endpoint(), target) {
            let url = end_session_url(
                endpoint,
                &record.raw_id_token,
                &record.client_id,
                target,
                state,
            );
            self.effects.push(Effect::Navigate(url));
        }
    }

    /// Ends the session by itself: once, with its reason.
    pub(super) fn end(&mut self, error: Error) {
        if !matches!(self.slot, Slot::Active(_)) {
            return;
        }
        self.effects.push(Effect::Delete {
            key: self.keys.session(),
        });
        if let Slot::Active(active) = std::mem::replace(&mut self.slot, Slot::Ended(error.clone()))
        {
            self.let_go(*active, &error);
        }
        self.notice = Some(error);
    }

    /// After each event: the timer, and whether anything visible changed.
    fn settle(&mut self, now: Timestamp) {
        let wanted = self.next_timer(now);
        if wanted != self.timer {
            self.timer = wanted;
            self.effects.push(Effect::SetTimer(wanted));
        }
        let visible = (self.state(), self.notice.clone());
        if self.shown.as_ref() != Some(&visible) {
            self.shown = Some(visible);
            self.effects.push(Effect::Changed);
        }
    }
}

fn find<'a>(stored: &'a [(String, SecretText)], key: &str) -> Option<&'a str> {
    stored
        .iter()
        .find(|(name, _)| name == key)
        .map(|(_, value)| value.expose())
}
