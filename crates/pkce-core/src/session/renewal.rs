//! Renewal of the tokens: one path, single flight, shared by the timer, the wake-up, the refused
//! token, the reader and the user.

use super::engine::{Engine, Slot, not_signed_in};
use super::id_token_check::{IdTokenCheck, Step};
use super::message::Message;
use super::record::{FamilyRecord, Record};
use super::{Effect, Ticket, TokenGrant, User};
use crate::error::{Error, ErrorCode, Phase};
use crate::http::Exchange;
use crate::id_token::{Expectations, Occasion};
use crate::jose::SignatureOutcome;
use crate::time::Timestamp;
use crate::token::{self, TokenResponse};
use crate::userinfo;
use std::sync::Arc;
use std::time::Duration;

/// The longest lead before expiry at which a renewal begins.
const LEAD_LIMIT: Duration = Duration::from_secs(120);
/// The first pause after a failure; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How often one refresh token is sent without any answer before the page stops trying by itself.
const UNANSWERED_LIMIT: u32 = 10;
/// How long a reader waits for a renewal.
const READER_PATIENCE: Duration = Duration::from_secs(35);
/// How long a tab whose copy is stale waits for its siblings' answer.
const SIBLING_PATIENCE: Duration = Duration::from_secs(1);
/// How often activity is noted.
const ACTIVITY_STEP: Duration = Duration::from_secs(2);
/// How long a renewal waits for a network that says it is off.
const OFFLINE_PATIENCE: Duration = Duration::from_secs(3);

/// A signed-in session at work.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) record: Record,
    pub(super) refresh: Refresh,
    pub(super) waiters: Vec<Waiter>,
    /// When the next renewal is due, with its jitter.
    pub(super) due: Option<Timestamp>,
    pub(super) userinfo: Option<Ticket>,
    /// The write of the session that is under way.
    pub(super) saving: Option<Ticket>,
    /// Failures in a row.
    failures: u32,
    /// The refresh token on its way was sent before without an answer.
    answer_may_be_lost: bool,
}

/// Somebody who waits for an access token.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) id: u64,
    min_validity: Duration,
    refused: Option<u64>,
    until: Timestamp,
}

/// Where the renewal stands.
#[derive(Debug)]
pub(super) enum Refresh {
    /// Nothing to do yet.
    Idle,
    /// Waiting for the family's lock.
    Locking { lock: Ticket },
    /// This copy of the session is stale; siblings were asked for the newest.
    Asking { lock: Ticket, until: Timestamp },
    /// The request is out.
    Sending { lock: Ticket, ticket: Ticket },
    /// New tokens came; their ID token is being verified.
    Checking { lock: Ticket, check: Box<IdTokenCheck>, tokens: Box<TokenResponse> },
    /// New tokens came, but the keys for their ID token could not be had; the new access token is
    /// withheld until then.
    Withheld { at: Timestamp, tokens: Box<TokenResponse>, error: Error },
    /// It failed for a passing reason.
    Waiting { at: Timestamp, since: Timestamp, error: Error },
    /// It failed for good, or too often.
    Stopped { error: Error },
}

impl Refresh {
    /// The lock that is held or wanted.
    pub(super) const fn lock(&self) -> Option<Ticket> {
        match self {
            Refresh::Locking { lock }
            | Refresh::Asking { lock, .. }
            | Refresh::Sending { lock, .. }
            | Refresh::Checking { lock, .. } => Some(*lock),
            _ => None,
        }
    }

    const fn is_running(&self) -> bool {
        self.lock().is_some() || matches!(self, Refresh::Withheld { .. })
    }
}

impl Engine {
    /// Makes a record this tab's session and plans its renewal.
    pub(super) fn adopt(&mut self, record: Record, now: Timestamp) {
        let due = self.plan(&record, now);
        self.slot = Slot::Active(Box::new(Active {
            record,
            refresh: Refresh::Idle,
            waiters: Vec::new(),
            due,
            userinfo: None,
            saving: None,
            failures: 0,
            answer_may_be_lost: false,
        }));
    }

    /// A new sign-in takes the place of a session: what the old one was doing is off.
    pub(super) fn replace_session(&mut self) {
        if let Slot::Active(active) = std::mem::replace(&mut self.slot, Slot::Empty) {
            if let Some(ticket) = active.refresh.lock() {
                self.effects.push(Effect::Unlock { ticket });
            }
            for waiter in active.waiters {
                let result = Err(not_signed_in());
                self.effects.push(Effect::TokenReady { id: waiter.id, result });
            }
        }
    }

    /// When to renew: a quarter of the lifetime before its end, at most two minutes, and never
    /// before half of it has passed, so that no answer can make a tight loop.
    fn plan(&mut self, record: &Record, now: Timestamp) -> Option<Timestamp> {
        record.refresh_token.as_ref()?;
        // A request without an answer: the sooner it is repeated, the likelier that the provider
        // still takes the old token.
        if record.unanswered {
            return Some(now);
        }
        let lifetime = record.lifetime?;
        let lead = LEAD_LIMIT.min(lifetime / 4);
        let early = lead + self.jitter(lead / 4);
        let expires_at = record.received_at + lifetime;
        Some((expires_at - early).max(record.received_at + lifetime / 2))
    }

    /// Takes tokens that a sibling handed over.
    pub(super) fn take_over(&mut self, record: Record, now: Timestamp) {
        let due = self.plan(&record, now);
        let Slot::Active(active) = &mut self.slot else { return };
        if let Some(ticket) = active.refresh.lock() {
            self.effects.push(Effect::Unlock { ticket });
        }
        active.record = record;
        active.refresh = Refresh::Idle;
        active.failures = 0;
        active.due = due;
        self.save(false);
        self.serve(now);
    }

    /// Stores the session, and tells the family which refresh token is the newest where it changed.
    pub(super) fn save(&mut self, newest: bool) {
        let Slot::Active(active) = &self.slot else { return };
        let key = self.keys.session();
        let value = active.record.to_json();
        if let (true, Some(record)) = (newest, active.record.family_record()) {
            let key = self.keys.family(&active.record.family);
            self.effects.push(Effect::Share { key, value: Some(record.to_json()) });
        }
        let ticket = self.store(key, value);
        if let Slot::Active(active) = &mut self.slot {
            active.saving = Some(ticket);
        }
    }

    // ---- who wants a renewal ----

    pub(super) fn refresh_by_hand(&mut self, now: Timestamp) {
        if let Slot::Active(active) = &mut self.slot {
            self.notice = None;
            if active.record.refresh_token.is_some() {
                active.failures = 0;
                self.renew(now);
            }
        }
    }

    pub(super) fn token_wanted(
        &mut self,
        id: u64,
        min_validity: Duration,
        refused: Option<u64>,
        now: Timestamp,
    ) {
        let Slot::Active(active) = &mut self.slot else {
            let result = Err(not_signed_in());
            self.effects.push(Effect::TokenReady { id, result });
            return;
        };
        // No token lives long enough for someone who wants more than it ever has.
        let min_validity = match active.record.lifetime {
            Some(lifetime) => min_validity.min(lifetime / 2),
            None => min_validity,
        };
        active.waiters.push(Waiter { id, min_validity, refused, until: now + READER_PATIENCE });
        self.serve(now);
        let Slot::Active(active) = &self.slot else { return };
        if active.waiters.iter().any(|waiter| waiter.id == id) {
            match (&active.refresh, active.record.refresh_token.is_some()) {
                (_, false) => self.give_up_waiters(now, &expired(Phase::Api)),
                (Refresh::Idle, true) => self.renew(now),
                (Refresh::Stopped { error }, true) => {
                    let error = error.clone();
                    self.give_up_waiters(now, &error);
                }
                _ => {}
            }
        }
    }

    pub(super) fn woke(&mut self, online: bool, now: Timestamp) {
        if let Slot::Active(active) = &mut self.slot {
            match &active.refresh {
                // A network that was gone is worth another try, but not many in one second.
                Refresh::Waiting { since, error, .. }
                    if online && error.is_transient() && now.since(*since) >= FIRST_PAUSE =>
                {
                    active.refresh = Refresh::Idle;
                    active.failures = 0;
                    active.due = Some(now);
                }
                Refresh::Stopped { error } if online && error.is_transient() => {
                    active.refresh = Refresh::Idle;
                    active.failures = 0;
                    active.due = Some(now);
                }
                Refresh::Idle if !online => {
                    // The flag can be wrong, so it delays and never forbids.
                    active.due = active.due.map(|due| due.max(now + OFFLINE_PATIENCE));
                }
                _ => {}
            }
        }
        self.tick(now);
    }

    /// Looks at the clock: what is due?
    pub(super) fn tick(&mut self, now: Timestamp) {
        self.flow_tick(now);
        let Slot::Active(active) = &self.slot else { return };
        if let Some((at, code)) = self.limit(&active.record)
            && at <= now
        {
            return self.end(
                Error::new(code, Phase::Refresh)
                    .expected("a session within the limits of the configuration")
                    .came("one that reached its limit"),
            );
        }
        let Slot::Active(active) = &mut self.slot else { return };
        let can_refresh = active.record.refresh_token.is_some();
        if !can_refresh && !active.record.is_valid_for(Duration::ZERO, now) {
            return self.end(expired(Phase::Refresh));
        }
        let clock_went_back = now + Duration::from_secs(60) < active.record.received_at;
        match &active.refresh {
            Refresh::Idle if can_refresh => {
                if active.due.is_some_and(|due| due <= now)
                    || (clock_went_back && active.record.lifetime.is_some())
                {
                    self.renew(now);
                }
            }
            Refresh::Waiting { at, .. } if *at <= now => self.renew(now),
            Refresh::Asking { until, .. } if *until <= now => {
                return self.end(
                    Error::new(ErrorCode::SessionCopyStale, Phase::Refresh)
                        .expected("the newest refresh token of this sign-in")
                        .came("an older copy, and no other tab that has the newest"),
                );
            }
            Refresh::Withheld { at, .. } if *at <= now => self.check_again(now),
            _ => {}
        }
        self.serve(now);
    }

    pub(super) fn next_timer(&self, now: Timestamp) -> Option<Timestamp> {
        let mut wanted = self.flow.timer();
        let mut want = |at: Timestamp| wanted = Some(wanted.map_or(at, |other| other.min(at)));
        if let Slot::Active(active) = &self.slot {
            match &active.refresh {
                Refresh::Idle => {
                    if active.record.refresh_token.is_none() {
                        active.record.expires_at().into_iter().for_each(&mut want);
                    } else {
                        active.due.into_iter().for_each(&mut want);
                    }
                }
                Refresh::Waiting { at, .. } | Refresh::Withheld { at, .. } => want(*at),
                Refresh::Asking { until, .. } => want(*until),
                _ => {}
            }
            active.waiters.iter().for_each(|waiter| want(waiter.until));
            self.limit(&active.record).into_iter().for_each(|(at, _)| want(at));
        }
        // A time that has passed is now: a timer in the past would be another way to spin.
        wanted.map(|at| at.max(now))
    }

    /// When the configured limits end the session, and which of them does.
    pub(super) fn limit(&self, record: &Record) -> Option<(Timestamp, ErrorCode)> {
        let options = self.config.session();
        let idle = options.idle_limit().map(|l| (record.active_at + l, ErrorCode::SessionIdle));
        let age = options.max_age().map(|l| (record.signed_in_at + l, ErrorCode::SessionMaxAge));
        [idle, age].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// The user did something: the idle limit starts anew, in every tab of the family.
    pub(super) fn active(&mut self, now: Timestamp) {
        if self.config.session().idle_limit().is_none() {
            return;
        }
        self.tick(now);
        let Slot::Active(active) = &mut self.slot else { return };
        if now.since(active.record.active_at) >= ACTIVITY_STEP {
            active.record.active_at = now;
            let message = Message::Active { family: active.record.family.clone() };
            self.effects.push(Effect::Broadcast(message.to_json()));
            self.save(false);
        }
    }

    // ---- the one path ----

    fn renew(&mut self, _now: Timestamp) {
        let Slot::Active(active) = &self.slot else { return };
        if active.refresh.is_running() || active.record.refresh_token.is_none() {
            return;
        }
        let name = self.keys.lock(&active.record.family);
        let read = self.keys.family(&active.record.family);
        let lock = self.ticket();
        self.effects.push(Effect::Lock { ticket: lock, name, read });
        self.set_refresh(Refresh::Locking { lock });
    }

    fn set_refresh(&mut self, next: Refresh) {
        if let Slot::Active(active) = &mut self.slot {
            active.refresh = next;
        }
    }

    /// Under the lock. Returns false where nobody waits for this lock.
    pub(super) fn renewal_locked(
        &mut self,
        ticket: Ticket,
        shared: Option<&str>,
        now: Timestamp,
    ) -> bool {
        let Slot::Active(active) = &mut self.slot else { return false };
        if !matches!(active.refresh, Refresh::Locking { lock } if lock == ticket) {
            return false;
        }
        let Some(refresh_token) = active.record.refresh_token.clone() else { return false };
        let newest = shared.and_then(FamilyRecord::parse);
        let is_stale = newest.is_some_and(|newest| {
            newest.generation > active.record.generation
                && newest.fingerprint != refresh_token.fingerprint()
        });
        if is_stale {
            // This token was spent by another tab: it is never sent. A sibling may have its heir.
            let question = Message::Ask {
                family: active.record.family.clone(),
                generation: active.record.generation,
            };
            self.effects.push(Effect::Broadcast(question.to_json()));
            self.set_refresh(Refresh::Asking { lock: ticket, until: now + SIBLING_PATIENCE });
            return true;
        }
        let request = token::refresh_request(
            active.record.metadata.token_endpoint(),
            &active.record.client_id,
            &refresh_token,
            &active.record.resource,
        );
        // Marked before it is sent: after a crash it must be known that an answer may be lost.
        let was_unanswered = std::mem::replace(&mut active.record.unanswered, true);
        self.save(false);
        if let Slot::Active(active) = &mut self.slot {
            active.answer_may_be_lost = was_unanswered;
        }
        let sent = self.http(request);
        self.set_refresh(Refresh::Sending { lock: ticket, ticket: sent });
        true
    }

    pub(super) fn renewal_http_done(
        &mut self,
        ticket: Ticket,
        exchange: &Exchange,
        now: Timestamp,
    ) {
        let Slot::Active(active) = &mut self.slot else { return };
        if active.userinfo == Some(ticket) {
            active.userinfo = None;
            return self.userinfo_came(exchange);
        }
        match std::mem::replace(&mut active.refresh, Refresh::Idle) {
            Refresh::Sending { lock, ticket: sent } if sent == ticket => {
                match token::judge(exchange, Phase::Refresh) {
                    Ok(tokens) => self.renewed(lock, tokens, now),
                    Err(error) => self.renewal_failed(lock, error, exchange, now),
                }
            }
            Refresh::Checking { lock, mut check, tokens } if check.waits_for(ticket) => {
                let ticket = self.ticket();
                let step = check.keys_came(exchange, ticket);
                self.renewal_check(step, lock, check, tokens, now);
            }
            other => active.refresh = other,
        }
    }

    pub(super) fn renewal_verified(
        &mut self,
        ticket: Ticket,
        outcome: SignatureOutcome,
        now: Timestamp,
    ) {
        let Slot::Active(active) = &mut self.slot else { return };
        match std::mem::replace(&mut active.refresh, Refresh::Idle) {
            Refresh::Checking { lock, mut check, tokens } if check.waits_for(ticket) => {
                let first = Arc::clone(&active.record.user.id_token);
                let client_id = active.record.client_id.clone();
                let expected = Expectations {
                    issuer: first.issuer(),
                    client_id: &client_id,
                    access_token: Some(&tokens.access_token),
                    occasion: Occasion::Refresh { first: &first },
                };
                let ticket = self.ticket();
                let step = check.signature_checked(outcome, &expected, now, ticket);
                self.renewal_check(step, lock, check, tokens, now);
            }
            other => active.refresh = other,
        }
    }

    /// A token response came: what is spent is replaced in storage before anything else.
    fn renewed(&mut self, lock: Ticket, tokens: TokenResponse, now: Timestamp) {
        let Slot::Active(active) = &mut self.slot else { return };
        active.failures = 0;
        active.record.unanswered = false;
        active.record.generation = active.record.generation.saturating_add(1);
        if let Some(newer) = &tokens.refresh_token {
            active.record.refresh_token = Some(newer.clone());
        }
        if tokens.id_token.is_none() {
            return self.accept_renewal(lock, &tokens, now);
        }
        self.save(true);
        self.check_renewed(lock, Box::new(tokens), now);
    }

    fn check_renewed(&mut self, lock: Ticket, tokens: Box<TokenResponse>, now: Timestamp) {
        let Slot::Active(active) = &self.slot else { return };
        let Some(raw) = &tokens.id_token else { return };
        let metadata = active.record.metadata.clone();
        let known = self.keys_of(&active.record.provider, metadata.issuer().as_str());
        match IdTokenCheck::new(raw, metadata) {
            Ok(mut check) => {
                let ticket = self.ticket();
                let step = check.begin(known.as_ref(), ticket);
                self.renewal_check(step, lock, Box::new(check), tokens, now);
            }
            Err(error) => {
                self.effects.push(Effect::Unlock { ticket: lock });
                self.end(error.in_phase(Phase::Refresh));
            }
        }
    }

    fn renewal_check(
        &mut self,
        step: Step,
        lock: Ticket,
        check: Box<IdTokenCheck>,
        tokens: Box<TokenResponse>,
        now: Timestamp,
    ) {
        match step {
            Step::Wait(effect) => {
                self.effects.push(effect);
                self.set_refresh(Refresh::Checking { lock, check, tokens });
            }
            Step::Done(_) => {
                let Slot::Active(active) = &self.slot else { return };
                let issuer = active.record.metadata.issuer().as_str().to_owned();
                self.remember_keys(&issuer, check.fetched.clone());
                self.accept_renewal(lock, &tokens, now);
            }
            Step::Failed(error) => {
                self.effects.push(Effect::Unlock { ticket: lock });
                self.end(error.in_phase(Phase::Refresh));
            }
            Step::Unreachable(error) => {
                self.effects.push(Effect::Unlock { ticket: lock });
                let at = now + self.pause(None);
                self.set_refresh(Refresh::Withheld { at, tokens, error });
            }
        }
    }

    /// The keys of a withheld token are asked for again.
    fn check_again(&mut self, now: Timestamp) {
        let Slot::Active(active) = &mut self.slot else { return };
        if let Refresh::Withheld { tokens, .. } =
            std::mem::replace(&mut active.refresh, Refresh::Idle)
        {
            // The refresh token is safe in storage already; no lock is needed for the rest.
            let no_lock = self.ticket();
            self.check_renewed(no_lock, tokens, now);
        }
    }

    fn accept_renewal(&mut self, lock: Ticket, tokens: &TokenResponse, now: Timestamp) {
        let Slot::Active(active) = &mut self.slot else { return };
        active.record.renew_access_token(tokens, now);
        active.refresh = Refresh::Idle;
        active.failures = 0;
        let record = active.record.clone();
        let due = self.plan(&record, now);
        if let Slot::Active(active) = &mut self.slot {
            active.due = due;
        }
        self.notice = None;
        self.save(true);
        self.effects.push(Effect::Broadcast(Message::tokens(&record).to_json()));
        self.effects.push(Effect::Unlock { ticket: lock });
        self.serve(now);
    }

    /// Rule 26: what a failed renewal means.
    fn renewal_failed(&mut self, lock: Ticket, error: Error, exchange: &Exchange, now: Timestamp) {
        self.effects.push(Effect::Unlock { ticket: lock });
        let status = exchange.as_ref().map_or(0, |response| response.status);
        let Slot::Active(active) = &mut self.slot else { return };
        let answer_was_lost = active.answer_may_be_lost;
        match verdict(&error, status) {
            Verdict::Final => {
                let code = match (error.code(), answer_was_lost) {
                    (ErrorCode::InvalidGrant, true) => ErrorCode::RefreshAnswerLost,
                    _ => ErrorCode::SessionRefused,
                };
                self.end(error.with_code(code));
            }
            Verdict::Configuration => {
                // The request was answered: nothing is in doubt, and nothing will change by itself.
                active.record.unanswered = answer_was_lost;
                active.refresh = Refresh::Stopped { error: error.clone() };
                self.save(false);
                self.notice = Some(error.clone());
                self.give_up_waiters(now, &error);
            }
            Verdict::Passing { answered } => {
                active.failures = active.failures.saturating_add(1);
                if answered {
                    active.record.unanswered = answer_was_lost;
                }
                let expired = !active.record.is_valid_for(Duration::ZERO, now);
                let exhausted = !answered && expired && active.failures >= UNANSWERED_LIMIT;
                self.save(false);
                if exhausted {
                    self.set_refresh(Refresh::Stopped { error: error.clone() });
                } else {
                    let at = now + self.pause(error.wait_ms());
                    self.set_refresh(Refresh::Waiting { at, since: now, error: error.clone() });
                }
                if expired {
                    self.notice = Some(error.clone());
                }
                self.give_up_waiters(now, &error);
            }
        }
    }

    /// The pause after a failure: doubled each time, capped, with jitter, never shorter than the
    /// server asked for.
    fn pause(&mut self, asked: Option<u64>) -> Duration {
        let failures = match &self.slot {
            Slot::Active(active) => active.failures,
            _ => 0,
        };
        let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(10));
        let pause = doubled.min(LONGEST_PAUSE);
        let pause = pause * 3 / 4 + self.jitter(pause / 2);
        pause.max(Duration::from_millis(asked.unwrap_or(0)))
    }

    // ---- who waits for a token ----

    /// Serves the readers whose wish the current token meets, and those who waited long enough.
    fn serve(&mut self, now: Timestamp) {
        let Slot::Active(active) = &mut self.slot else { return };
        let record = &active.record;
        let grant = TokenGrant {
            token: record.access_token.clone(),
            token_type: record.token_type,
            generation: record.generation,
        };
        let withheld = matches!(active.refresh, Refresh::Withheld { .. } | Refresh::Checking { .. });
        let effects = &mut self.effects;
        active.waiters.retain(|waiter| {
            let is_fresh = record.is_valid_for(waiter.min_validity, now)
                && waiter.refused.is_none_or(|refused| refused < record.generation && !withheld);
            if is_fresh {
                effects.push(Effect::TokenReady { id: waiter.id, result: Ok(grant.clone()) });
            } else if waiter.until <= now {
                let result = if waiter.refused.is_none() && record.is_valid_for(Duration::ZERO, now) {
                    Ok(grant.clone())
                } else {
                    Err(Error::new(ErrorCode::Timeout, Phase::Refresh)
                        .expected("new tokens within 35 seconds")
                        .came("none in time"))
                };
                effects.push(Effect::TokenReady { id: waiter.id, result });
            } else {
                return true;
            }
            false
        });
    }

    /// A renewal failed: a token that is still valid serves those who did not have it refused.
    fn give_up_waiters(&mut self, now: Timestamp, error: &Error) {
        let Slot::Active(active) = &mut self.slot else { return };
        let record = &active.record;
        let is_valid = record.is_valid_for(Duration::ZERO, now);
        for waiter in active.waiters.drain(..) {
            let result = if is_valid && waiter.refused.is_none() {
                Ok(TokenGrant {
                    token: record.access_token.clone(),
                    token_type: record.token_type,
                    generation: record.generation,
                })
            } else {
                Err(error.clone())
            };
            self.effects.push(Effect::TokenReady { id: waiter.id, result });
        }
    }

    // ---- UserInfo ----

    pub(super) fn ask_userinfo(&mut self) {
        let Slot::Active(active) = &self.slot else { return };
        let record = &active.record;
        let wanted = self.provider(&record.provider).is_some_and(|config| config.userinfo());
        let Some(endpoint) = record.metadata.userinfo_endpoint().filter(|_| wanted) else { return };
        let request =
            userinfo::userinfo_request(endpoint.clone(), record.token_type, &record.access_token);
        let ticket = self.http(request);
        if let Slot::Active(active) = &mut self.slot {
            active.userinfo = Some(ticket);
        }
    }

    fn userinfo_came(&mut self, exchange: &Exchange) {
        let Slot::Active(active) = &mut self.slot else { return };
        let user = &mut active.record.user;
        match userinfo::judge(exchange, user.id_token.sub()) {
            Ok((claims, text)) => {
                *user = User {
                    id_token: Arc::clone(&user.id_token),
                    userinfo: Some(Arc::new(claims)),
                    userinfo_text: Some(text),
                };
                self.save(false);
            }
            // The identity stands on the ID token; the user is told that it is all there is.
            Err(error) => self.notice = Some(error),
        }
    }
}

fn expired(phase: Phase) -> Error {
    Error::new(ErrorCode::SessionExpired, phase)
        .expected("a valid access token, or a refresh token")
        .came("an expired session that the provider gave no refresh token for")
}

/// What a failed renewal means for the session.
enum Verdict {
    /// It is over.
    Final,
    /// It goes on until the access token expires; somebody has to change the configuration.
    Configuration,
    /// It goes on, and the renewal is tried again.
    Passing {
        /// The server spoke, so the refresh token was not spent by this request.
        answered: bool,
    },
}

fn verdict(error: &Error, status: u16) -> Verdict {
    match error.code() {
        ErrorCode::TemporarilyUnavailable
        | ErrorCode::ServerError
        | ErrorCode::ServiceUnavailable => Verdict::Passing { answered: true },
        ErrorCode::NetworkError | ErrorCode::Timeout | ErrorCode::UnexpectedRedirect => {
            Verdict::Passing { answered: false }
        }
        // A portal's page, or an answer cut short: the server may have spent the token.
        ErrorCode::InvalidJson | ErrorCode::UnexpectedContentType | ErrorCode::ResponseTooLarge
            if !(400..500).contains(&status) =>
        {
            Verdict::Passing { answered: false }
        }
        ErrorCode::InvalidClient
        | ErrorCode::UnauthorizedClient
        | ErrorCode::InvalidScope
        | ErrorCode::InvalidTarget
        | ErrorCode::UnsupportedGrantType => Verdict::Configuration,
        _ => Verdict::Final,
    }
}
