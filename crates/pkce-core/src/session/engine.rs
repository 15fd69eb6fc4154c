//! The engine: what the tab knows, and where each event goes.

use super::id_token_check::KnownKeys;
use super::message::Message;
use super::record::{Consumed, Record, StorageKeys};
use super::renewal::{Active, Refresh};
use super::sign_in::Flow;
use super::{Effect, Environment, Event, Renewal, SessionState, SignedIn, Start, Ticket};
use crate::config::{Config, ProviderConfig};
use crate::error::{Error, ErrorCode, Phase};
use crate::http::Exchange;
use crate::jose::{Jwks, SignatureOutcome};
use crate::json::{Json, ObjectWriter};
use crate::metadata::ProviderMetadata;
use crate::secret::SecretText;
use crate::sign_out::{end_session_url, revocation_request};
use crate::time::Timestamp;
use std::time::Duration;

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
    pub(super) known_keys: Option<KnownKeys>,
    /// Metadata of issuers that this tab has read, with the time.
    pub(super) known_metadata: Vec<(ProviderMetadata, Timestamp)>,
    pub(super) effects: Vec<Effect>,
    started: bool,
    last_ticket: u64,
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
            },
            slot: Slot::Empty,
            flow: Flow::Idle,
            notice: None,
            consumed: Consumed::default(),
            known_keys: None,
            known_metadata: Vec::new(),
            effects: Vec::new(),
            started: false,
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
                let ends_at = self.limit(&active.record).map(|(at, _)| at);
                SessionState::SignedIn(active.show(ends_at))
            }
        }
    }

    /// An error of a sign-in or of the session that the user has not dismissed.
    #[must_use]
    pub const fn notice(&self) -> Option<&Error> {
        self.notice.as_ref()
    }

    /// Takes one event and returns what is to be done, in order.
    pub fn handle(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        match event {
            Event::Start(start) => self.start(*start, now),
            Event::SignIn { provider, options, entropy } => {
                self.sign_in(&provider, options, entropy, now);
            }
            Event::SignOut { state } => self.sign_out(state),
            Event::Refresh => self.refresh_by_hand(now),
            Event::DismissNotice => self.notice = None,
            Event::TokenWanted { id, min_validity, refused } => {
                self.token_wanted(id, min_validity, refused, now);
            }
            Event::HttpDone { ticket, exchange } => self.http_done(ticket, &exchange, now),
            Event::Verified { ticket, outcome } => self.verified(ticket, outcome, now),
            Event::Locked { ticket, shared } => self.locked(ticket, shared.as_deref(), now),
            Event::Stored { ticket, done } => self.stored(ticket, done),
            Event::Timer => {
                self.timer = None;
                self.tick(now);
            }
            Event::Woke { online, restored } => {
                if restored {
                    self.flow.came_back();
                }
                self.woke(online, now);
            }
            Event::Message(text) => self.message(&text, now),
            Event::Activity => self.active(now),
        }
        self.settle(now);
        std::mem::take(&mut self.effects)
    }

    fn start(&mut self, start: Start, now: Timestamp) {
        self.started = true;
        self.random = start.seed;
        self.environment = start.environment;
        self.page_origin.clone_from(&start.page_origin);
        let stored = |key: &str| {
            start.stored.iter().find(|(name, _)| name == key).map(|(_, value)| value.expose())
        };
        let shared = Consumed::parse(start.shared_consumed.as_deref());
        self.consumed = Consumed::parse(stored(&self.keys.consumed()));
        if let Some(text) = stored(&self.keys.session()) {
            match Record::from_json(text, self.config.providers()) {
                Some(record) => {
                    self.recall_provider(stored(&self.keys.provider(record.metadata.issuer().as_str())));
                    self.adopt(record, now);
                }
                None => self.effects.push(Effect::Delete { key: self.keys.session() }),
            }
        }
        self.resume_sign_in(&start, &shared, now);
        if let Err(error) = self.check_environment() {
            self.notice.get_or_insert(error);
        }
        self.tick(now);
    }

    /// Reads back what an earlier page load learned about a provider.
    pub(super) fn recall_provider(&mut self, text: Option<&str>) {
        let recalled = || {
            let json = Json::parse(text?)?;
            let metadata = ProviderMetadata::from_snapshot(json.get("metadata")?)?;
            let fetched_at = Timestamp::from_millis(json.get("fetched_at")?.as_integer()?);
            let jwks = json.get("jwks").and_then(|jwks| Jwks::parse(jwks).ok());
            Some((metadata, fetched_at, jwks))
        };
        if let Some((metadata, fetched_at, jwks)) = recalled() {
            if let Some(jwks) = jwks {
                self.known_keys = Some(KnownKeys { issuer: metadata.issuer().as_str().to_owned(), jwks });
            }
            self.known_metadata.push((metadata, fetched_at));
        }
    }

    /// Stores what was learned about a provider, for the page loads after this one.
    pub(super) fn remember_provider(&mut self, issuer: &str) {
        let Some((metadata, fetched_at)) =
            self.known_metadata.iter().rev().find(|(metadata, _)| metadata.issuer().as_str() == issuer)
        else {
            return;
        };
        let mut writer = ObjectWriter::new()
            .integer("v", 1)
            .raw("metadata", &metadata.to_json())
            .integer("fetched_at", fetched_at.as_millis());
        if let Some(known) = self.known_keys.as_ref().filter(|known| known.issuer == issuer) {
            writer = writer.raw("jwks", &known.jwks.to_json());
        }
        let (key, value) = (self.keys.provider(issuer), SecretText::new(writer.finish()));
        self.store(key, value);
    }

    /// What would make a sign-in fail after the redirect fails it before.
    pub(super) fn check_environment(&self) -> Result<(), Error> {
        let error = |code| Err(Error::new(code, Phase::Environment));
        if self.environment.foreign_frame {
            return error(ErrorCode::ForeignFrame).map_err(|e: Error| {
                e.expected("a page of its own").came("a frame inside a page of another origin")
            });
        }
        if !self.environment.web_crypto {
            return error(ErrorCode::InsecureContext).map_err(|e: Error| {
                e.expected("https, or a loopback address (crypto.subtle)").came("an insecure context")
            });
        }
        if !self.environment.session_storage {
            return error(ErrorCode::StorageUnavailable).map_err(|e: Error| {
                e.expected("session storage that can be written").came("blocked storage")
            });
        }
        Ok(())
    }

    pub(super) fn provider(&self, id: &str) -> Option<&ProviderConfig> {
        self.config.provider(id)
    }

    pub(super) fn ticket(&mut self) -> Ticket {
        self.last_ticket = self.last_ticket.wrapping_add(1);
        Ticket(self.last_ticket)
    }

    /// A number below `limit`, for jitter (SplitMix64).
    pub(super) fn jitter(&mut self, limit: Duration) -> Duration {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        let millis = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(z.checked_rem(millis).unwrap_or(0))
    }

    pub(super) fn store(&mut self, key: String, value: SecretText) -> Ticket {
        let ticket = self.ticket();
        self.effects.push(Effect::Store { ticket, key, value });
        ticket
    }

    pub(super) fn http(&mut self, request: crate::http::HttpRequest) -> Ticket {
        let ticket = self.ticket();
        self.effects.push(Effect::Http { ticket, request, keepalive: false });
        ticket
    }

    fn http_done(&mut self, ticket: Ticket, exchange: &Exchange, now: Timestamp) {
        if self.flow.waits_for(ticket) {
            self.flow_http_done(exchange, now);
        } else {
            self.renewal_http_done(ticket, exchange, now);
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
        if self.flow.waits_for(ticket) {
            self.flow_locked(ticket, shared);
        } else if !self.renewal_locked(ticket, shared, now) {
            // Nobody wants this lock any more.
            self.effects.push(Effect::Unlock { ticket });
        }
    }

    fn sign_out(&mut self, state: [u8; 16]) {
        // Local state goes first, whatever the network does.
        let Slot::Active(active) = std::mem::replace(&mut self.slot, Slot::Empty) else {
            self.slot = Slot::Empty;
            self.notice = None;
            return;
        };
        self.notice = None;
        self.flow = Flow::Idle;
        let Active { record, waiters, refresh, .. } = *active;
        self.effects.push(Effect::Delete { key: self.keys.session() });
        self.forget_transactions();
        self.effects.push(Effect::Share { key: self.keys.family(&record.family), value: None });
        self.effects.push(Effect::Broadcast(
            Message::SignedOut { family: record.family.clone() }.to_json(),
        ));
        if let Some(ticket) = refresh.lock() {
            self.effects.push(Effect::Unlock { ticket });
        }
        for waiter in waiters {
            self.effects.push(Effect::TokenReady { id: waiter.id, result: Err(not_signed_in()) });
        }
        if let Some(endpoint) = record.metadata.revocation_endpoint() {
            let request = revocation_request(
                endpoint.clone(),
                &record.client_id,
                record.refresh_token.as_ref(),
                &record.access_token,
            );
            let ticket = self.ticket();
            self.effects.push(Effect::Http { ticket, request, keepalive: true });
        }
        let target = self.provider(&record.provider).map(ProviderConfig::post_logout_redirect_uri);
        if let (Some(endpoint), Some(target)) = (record.metadata.end_session_endpoint(), target) {
            let url =
                end_session_url(endpoint, &record.raw_id_token, &record.client_id, target, state);
            self.effects.push(Effect::Navigate(url));
        }
    }

    /// Ends the session by itself: once, with its reason.
    pub(super) fn end(&mut self, error: Error) {
        let Slot::Active(active) = std::mem::replace(&mut self.slot, Slot::Ended(error.clone()))
        else {
            return;
        };
        let Active { waiters, refresh, .. } = *active;
        self.effects.push(Effect::Delete { key: self.keys.session() });
        if let Some(ticket) = refresh.lock() {
            self.effects.push(Effect::Unlock { ticket });
        }
        for waiter in waiters {
            self.effects.push(Effect::TokenReady { id: waiter.id, result: Err(error.clone()) });
        }
        self.notice = Some(error);
    }

    fn message(&mut self, text: &SecretText, now: Timestamp) {
        let Some(message) = Message::parse(text.expose()) else { return };
        let Slot::Active(active) = &mut self.slot else { return };
        match message {
            Message::Tokens { family, record } if family == active.record.family => {
                let newer = Record::from_json(&record, self.config.providers()).filter(|record| {
                    record.family == active.record.family
                        && record.generation > active.record.generation
                        && record.user.sub() == active.record.user.sub()
                        && record.metadata.issuer() == active.record.metadata.issuer()
                });
                if let Some(record) = newer {
                    self.take_over(record, now);
                }
            }
            Message::Ask { family, generation }
                if family == active.record.family && active.record.generation > generation =>
            {
                let answer = Message::tokens(&active.record).to_json();
                self.effects.push(Effect::Broadcast(answer));
            }
            Message::Active { family } if family == active.record.family => {
                active.record.active_at = now;
            }
            Message::SignedOut { family } if family == active.record.family => {
                self.end(
                    Error::new(ErrorCode::SessionEndedElsewhere, Phase::SignOut)
                        .came("a sign-out in another tab"),
                );
            }
            _ => {}
        }
    }

    fn stored(&mut self, ticket: Ticket, done: bool) {
        if self.flow.waits_for(ticket) {
            self.flow_stored(done);
        } else if !done && matches!(&self.slot, Slot::Active(active) if active.saving == Some(ticket)) {
            self.notice = Some(
                Error::new(ErrorCode::StorageFull, Phase::Storage)
                    .expected("room in session storage for the session")
                    .came("storage that is full or blocked; a reload will sign you out"),
            );
        }
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

impl Active {
    fn show(&self, ends_at: Option<Timestamp>) -> SignedIn {
        let record = &self.record;
        SignedIn {
            user: record.user.clone(),
            provider: record.provider.clone(),
            scope: record.scope.clone(),
            token_type: record.token_type,
            signed_in_at: record.signed_in_at,
            received_at: record.received_at,
            expires_at: record.expires_at(),
            can_refresh: record.refresh_token.is_some(),
            generation: record.generation,
            ends_at,
            renewal: match &self.refresh {
                Refresh::Idle => Renewal::Idle,
                Refresh::Waiting { at, error, .. } | Refresh::Withheld { at, error, .. } => {
                    Renewal::Retrying { at: *at, error: error.clone() }
                }
                Refresh::Stopped { error } => Renewal::Stopped { error: error.clone() },
                _ => Renewal::Refreshing,
            },
        }
    }
}

/// There is no session to ask for a token.
pub(super) fn not_signed_in() -> Error {
    Error::new(ErrorCode::NotSignedIn, Phase::Api).expected("a signed-in user").came("none")
}
