//! Renewal of the tokens: one path, single flight, shared by the timer, the wake-up, the refused
//! token, the reader and the user. When it runs is in `schedule`, who waits for it in `readers`,
//! what a failure means in `failure`, and how tabs share it in `family`.

use super::engine::{Engine, Slot};
use super::family::{Look, Otherwise, Standing};
use super::id_token_check::{IdTokenCheck, Step};
use super::message::Because;
use super::readers::{Refusals, Waiter};
use super::record::Record;
use super::{Effect, Ending, Environment, Missing, Renewal, SignedIn, Tabs, Ticket};
use crate::error::{Error, ErrorCode, Phase};
use crate::http::{ANSWER_TIMEOUT, Exchange};
use crate::id_token::{Expectations, Occasion};
use crate::jose::SignatureOutcome;
use crate::time::Timestamp;
use crate::token::{self, TokenResponse};
use std::sync::Arc;
use std::time::Duration;

/// How long a renewal waits for the family's lock. The holder has 30 s for its request.
const LOCK_PATIENCE: Duration = Duration::from_secs(45);

/// A signed-in session at work.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) record: Record,
    pub(super) standing: Standing,
    /// The last question to the family.
    pub(super) question: u64,
    /// The lock under which the family's record is looked at.
    pub(super) looking: Option<(Ticket, Look)>,
    pub(super) refresh: Refresh,
    pub(super) waiters: Vec<Waiter>,
    pub(super) refusals: Refusals,
    /// When the next renewal is due, with its jitter.
    pub(super) due: Option<Timestamp>,
    /// Until when a renewal waits for the network, after a sleep or while it is said to be off.
    pub(super) hold: Option<Timestamp>,
    /// The renewal that is due has been held once already.
    pub(super) was_held: bool,
    /// Siblings were asked whether the user is idle there as well; until when they may answer.
    pub(super) idle_asked: Option<Timestamp>,
    pub(super) userinfo: Option<Ticket>,
    /// The write of the session that is under way.
    pub(super) saving: Option<Ticket>,
    /// Storage takes the session no more; the user was told.
    pub(super) is_unsaved: bool,
    /// Failures in a row.
    pub(super) failures: u32,
    /// The user was told that the tokens expired and are not renewed yet.
    pub(super) was_told: bool,
}

/// Where the renewal stands.
#[derive(Debug)]
pub(super) enum Refresh {
    /// Nothing to do yet.
    Idle,
    /// Waiting for the family's lock.
    Locking { lock: Ticket, until: Timestamp },
    /// Waiting for what other tabs know.
    Asking {
        lock: Ticket,
        until: Timestamp,
        otherwise: Otherwise,
        /// How often the end of the wait came late.
        prolonged: u8,
    },
    /// The request is out.
    Sending {
        lock: Ticket,
        ticket: Ticket,
        sent_at: Timestamp,
        /// This very refresh token was sent before without an answer.
        was_unanswered: bool,
        /// A sibling handed over newer tokens meanwhile.
        is_superseded: bool,
    },
    /// New tokens came; their ID token is being verified. Without a lock after a pause.
    Checking {
        lock: Option<Ticket>,
        check: Box<IdTokenCheck>,
        tokens: Box<Fresh>,
    },
    /// New tokens came, but the keys for their ID token could not be had; the new access token is
    /// withheld until then.
    Withheld {
        at: Timestamp,
        tokens: Box<Fresh>,
        error: Error,
    },
    /// It failed for a passing reason.
    Waiting {
        at: Timestamp,
        since: Timestamp,
        error: Error,
        cause: Cause,
    },
    /// It failed too often, or until the configuration changes.
    Stopped {
        error: Error,
        /// A page that wakes up may try again.
        is_passing: bool,
    },
}

/// What kind of passing reason a renewal failed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The server spoke, so it is there, and the refresh token was not spent.
    Answered,
    /// No answer that means anything came.
    Unanswered,
    /// None came, and the browser said that it was offline.
    Offline,
}

/// Tokens that are not believed yet.
#[derive(Debug)]
pub(super) struct Fresh {
    tokens: TokenResponse,
    /// When they came: their lifetimes count from here, however long the check takes.
    pub(super) came_at: Timestamp,
}

impl Refresh {
    /// The lock that is held or wanted.
    pub(super) const fn lock(&self) -> Option<Ticket> {
        match self {
            Refresh::Locking { lock, .. }
            | Refresh::Asking { lock, .. }
            | Refresh::Sending { lock, .. } => Some(*lock),
            Refresh::Checking { lock, .. } => *lock,
            _ => None,
        }
    }

    /// Whether something is under way that will end by itself.
    pub(super) const fn is_running(&self) -> bool {
        matches!(
            self,
            Refresh::Locking { .. }
                | Refresh::Asking { .. }
                | Refresh::Sending { .. }
                | Refresh::Checking { .. }
        )
    }
}

impl Active {
    pub(super) fn new(record: Record, standing: Standing) -> Self {
        Self {
            record,
            standing,
            question: 0,
            looking: None,
            refresh: Refresh::Idle,
            waiters: Vec::new(),
            refusals: Refusals::default(),
            due: None,
            hold: None,
            was_held: false,
            idle_asked: None,
            userinfo: None,
            saving: None,
            is_unsaved: false,
            failures: 0,
            was_told: false,
        }
    }

    pub(super) fn show(
        &self,
        ending: Ending,
        environment: &Environment,
        now: Timestamp,
    ) -> SignedIn {
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
            generation: record.access_generation,
            ending,
            tabs: self.tabs(environment),
            renewal: match &self.refresh {
                Refresh::Idle | Refresh::Waiting { .. } if self.hold_until(now).is_some() => {
                    Renewal::Offline {
                        at: self.hold_until(now).unwrap_or(now),
                    }
                }
                Refresh::Idle => Renewal::Idle,
                Refresh::Waiting {
                    at,
                    cause: Cause::Offline,
                    ..
                } => Renewal::Offline { at: *at },
                Refresh::Waiting { at, error, .. } | Refresh::Withheld { at, error, .. } => {
                    Renewal::Retrying {
                        at: *at,
                        error: error.clone(),
                    }
                }
                Refresh::Stopped { error, .. } => Renewal::Stopped {
                    error: error.clone(),
                },
                _ => Renewal::Refreshing,
            },
        }
    }
}

impl Active {
    /// Until when the renewal is held back for the network.
    fn hold_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.hold.filter(|until| *until > now)
    }

    fn tabs(&self, environment: &Environment) -> Tabs {
        let missing = match (environment.locks, environment.channel) {
            (true, true) if self.record.has_siblings => return Tabs::Family,
            (true, true) => return Tabs::Alone,
            (false, true) => Missing::Locks,
            (true, false) => Missing::Channel,
            (false, false) => Missing::Both,
        };
        Tabs::Limited { missing }
    }
}

impl Engine {
    /// Makes the record of a new sign-in this tab's session and plans its renewal.
    pub(super) fn adopt(&mut self, record: Record, now: Timestamp) {
        self.slot = Slot::Active(Box::new(Active::new(record, Standing::Newest)));
        self.plan(now);
    }

    /// Makes a record that was found in storage this tab's session.
    pub(super) fn restore(&mut self, mut record: Record, standing: Standing, now: Timestamp) {
        // A clock that was set back while nobody looked.
        let ahead = record.moved_to(now);
        record.was_copied |= standing == Standing::Copied;
        self.slot = Slot::Active(Box::new(Active::new(record, standing)));
        self.plan(now);
        if let Slot::Active(active) = &mut self.slot
            && !ahead.is_zero()
            && active.record.lifetime.is_some()
        {
            active.due = Some(now);
        }
        self.ask_family();
        self.look_for_family();
    }

    /// A new sign-in takes the place of a session: what the old one was doing is off.
    pub(super) fn replace_session(&mut self) {
        if let Slot::Active(active) = std::mem::replace(&mut self.slot, Slot::Empty) {
            self.let_go(*active, &super::readers::not_signed_in());
        }
    }

    /// Lets the lock go and sends the readers away.
    pub(super) fn let_go(&mut self, active: Active, reason: &Error) {
        let now = self.last_seen.unwrap_or(active.record.received_at);
        // Without the channel the next to hold it has to see that the record is gone.
        self.release_shared(active.refresh.lock(), now);
        for waiter in active.waiters {
            let result = Err(reason.clone());
            self.effects.push(Effect::TokenReady {
                id: waiter.id,
                result,
            });
        }
    }

    /// Stores the session.
    pub(super) fn save(&mut self) {
        let Slot::Active(active) = &self.slot else {
            return;
        };
        let (key, value) = (self.keys.session(), active.record.to_json());
        let ticket = self.store(key, value);
        if let Slot::Active(active) = &mut self.slot {
            active.saving = Some(ticket);
        }
    }

    pub(super) fn set_refresh(&mut self, next: Refresh) {
        if let Slot::Active(active) = &mut self.slot {
            active.refresh = next;
        }
    }

    // ---- the one path ----

    /// Begins a renewal, unless one runs, or a sign-in may be about to take the session's place: an
    /// answer that nobody waits for any more would be lost for the session's other tabs.
    pub(super) fn renew(&mut self, now: Timestamp) {
        if self.flow.is_completing() {
            return;
        }
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        if active.refresh.is_running()
            || matches!(active.refresh, Refresh::Withheld { .. })
            || active.record.refresh_token.is_none()
            // Whether the session is over is just being found out.
            || active.idle_asked.is_some()
        {
            return;
        }
        active.hold = None;
        active.was_held = false;
        let family = active.record.family.clone();
        let lock = self.lock(&family, self.keys.family(&family));
        self.set_refresh(Refresh::Locking {
            lock,
            until: now + LOCK_PATIENCE,
        });
    }

    /// Under the lock. Returns false where nobody waits for this lock.
    pub(super) fn renewal_locked(
        &mut self,
        ticket: Ticket,
        shared: Option<&str>,
        now: Timestamp,
    ) -> bool {
        let Slot::Active(active) = &self.slot else {
            return false;
        };
        if !matches!(active.refresh, Refresh::Locking { lock, .. } if lock == ticket) {
            return false;
        }
        let Some(token) = active.record.refresh_token.clone() else {
            return false;
        };
        self.compare(ticket, &token, shared, now);
        true
    }

    /// Sends the refresh token, which is the newest as far as anybody knows.
    pub(super) fn send_refresh(
        &mut self,
        lock: Ticket,
        newest: u64,
        shared_unanswered: bool,
        now: Timestamp,
    ) {
        // The page was frozen in between, and the lock may be another's.
        if !self.is_locked_for_long(lock, now) {
            self.release(Some(lock));
            self.set_refresh(Refresh::Idle);
            return self.renew_soon(now);
        }
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        let record = &mut active.record;
        let Some(refresh_token) = &record.refresh_token else {
            return;
        };
        let request = token::refresh_request(
            record.metadata.token_endpoint(),
            &record.client_id,
            refresh_token,
            &record.resource,
        );
        // Marked before it is sent: after a crash it must be known that an answer may be lost.
        let was_unanswered = std::mem::replace(&mut record.unanswered, true) || shared_unanswered;
        record.generation = record.generation.max(newest);
        self.save();
        self.share_family();
        let ticket = self.http(request);
        self.set_refresh(Refresh::Sending {
            lock,
            ticket,
            sent_at: now,
            was_unanswered,
            is_superseded: false,
        });
    }

    pub(super) fn renewal_http_done(
        &mut self,
        ticket: Ticket,
        exchange: &Exchange,
        now: Timestamp,
    ) {
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        if active.userinfo == Some(ticket) {
            active.userinfo = None;
            return self.userinfo_came(exchange);
        }
        match std::mem::replace(&mut active.refresh, Refresh::Idle) {
            Refresh::Sending {
                lock,
                ticket: sent,
                sent_at,
                was_unanswered,
                is_superseded,
            } if sent == ticket => {
                match token::judge(exchange, Phase::Refresh) {
                    Ok(tokens) => {
                        // An answer that is looked at later came before the machine slept.
                        let came_at = now.min(sent_at + ANSWER_TIMEOUT);
                        self.renewed(lock, Box::new(Fresh { tokens, came_at }), now);
                    }
                    Err(_) if is_superseded => {
                        self.release(Some(lock));
                        self.serve(now);
                    }
                    Err(error) => {
                        self.renewal_failed(lock, error, exchange, was_unanswered, now);
                    }
                }
            }
            Refresh::Checking {
                lock,
                mut check,
                tokens,
            } if check.waits_for(ticket) => {
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
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        match std::mem::replace(&mut active.refresh, Refresh::Idle) {
            Refresh::Checking {
                lock,
                mut check,
                tokens,
            } if check.waits_for(ticket) => {
                let first = Arc::clone(&active.record.user.id_token);
                let client_id = active.record.client_id.clone();
                let expected = Expectations {
                    issuer: first.issuer(),
                    client_id: &client_id,
                    access_token: Some(&tokens.tokens.access_token),
                    occasion: Occasion::Refresh { first: &first },
                };
                let ticket = self.ticket();
                let step = check.signature_checked(outcome, &expected, tokens.came_at, ticket);
                self.renewal_check(step, lock, check, tokens, now);
            }
            other => active.refresh = other,
        }
    }

    /// A token response came: what is spent is replaced, in storage and in every tab, before
    /// anything else.
    fn renewed(&mut self, lock: Ticket, tokens: Box<Fresh>, now: Timestamp) {
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        active.failures = 0;
        active.standing = Standing::Newest;
        active.record.unanswered = false;
        active.record.generation = active.record.generation.saturating_add(1);
        if let Some(newer) = &tokens.tokens.refresh_token {
            active.record.refresh_token = Some(newer.clone());
        }
        if tokens.tokens.id_token.is_none() {
            self.share_family();
            return self.accept_renewal(Some(lock), &tokens, now);
        }
        self.save();
        self.share_family();
        self.hand_over(Because::TheyCame);
        self.check_renewed(Some(lock), tokens, now);
    }

    fn check_renewed(&mut self, lock: Option<Ticket>, mut tokens: Box<Fresh>, now: Timestamp) {
        let Slot::Active(active) = &self.slot else {
            return;
        };
        let Some(raw) = &tokens.tokens.id_token else {
            return;
        };
        let metadata = active.record.metadata.clone();
        let known = self.keys_of(&active.record.provider, metadata.issuer().as_str());
        match IdTokenCheck::new(raw, metadata) {
            Ok(mut check) => {
                // They came no earlier than they were made.
                let made_at = check.claimed_issued_at().unwrap_or(now).min(now);
                tokens.came_at = tokens.came_at.max(made_at);
                let ticket = self.ticket();
                let step = check.begin(known.as_ref(), ticket);
                self.renewal_check(step, lock, Box::new(check), tokens, now);
            }
            Err(error) => self.refuse_renewed(lock, error),
        }
    }

    fn renewal_check(
        &mut self,
        step: Step,
        lock: Option<Ticket>,
        check: Box<IdTokenCheck>,
        tokens: Box<Fresh>,
        now: Timestamp,
    ) {
        match step {
            Step::Wait(effect) => {
                self.effects.push(effect);
                self.set_refresh(Refresh::Checking {
                    lock,
                    check,
                    tokens,
                });
            }
            Step::Done(_) => {
                let Slot::Active(active) = &self.slot else {
                    return;
                };
                let issuer = active.record.metadata.issuer().as_str().to_owned();
                self.learn_keys(&issuer, *check, now);
                self.accept_renewal(lock, &tokens, now);
            }
            Step::Failed(error) => self.refuse_renewed(lock, error),
            Step::Unreachable(error) => {
                self.release_shared(lock, now);
                self.withhold(tokens, error, now);
            }
        }
    }

    /// An ID token that is not good: whoever answers so is not trusted with the session.
    fn refuse_renewed(&mut self, lock: Option<Ticket>, error: Error) {
        self.end_refused(error.in_phase(Phase::Refresh));
        self.release(lock);
    }

    /// The keys of a withheld token are asked for again.
    pub(super) fn check_again(&mut self, now: Timestamp) {
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        match std::mem::replace(&mut active.refresh, Refresh::Idle) {
            // The refresh token is safe in storage already; no lock is needed for the rest.
            Refresh::Withheld { tokens, .. } => self.check_renewed(None, tokens, now),
            other => active.refresh = other,
        }
    }

    fn accept_renewal(&mut self, lock: Option<Ticket>, fresh: &Fresh, now: Timestamp) {
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        active
            .record
            .renew_access_token(&fresh.tokens, fresh.came_at);
        active.refresh = Refresh::Idle;
        active.failures = 0;
        active.was_told = false;
        // What a renewal has said before is settled; other notices are the user's to dismiss.
        self.notice = self
            .notice
            .take()
            .filter(|notice| notice.phase() != Phase::Refresh);
        self.plan(now);
        self.save();
        // Without the lock another tab may have renewed meanwhile.
        self.hand_over(if lock.is_some() {
            Because::TheyCame
        } else {
            Because::Perhaps
        });
        self.release_shared(lock, now);
        self.serve(now);
    }

    /// Lets the family's lock go after its record was written. Who takes it next reads the record,
    /// and without the channel nobody can tell it what the record does not say yet.
    pub(super) fn release_shared(&mut self, lock: Option<Ticket>, now: Timestamp) {
        match lock {
            Some(lock) if !self.environment.channel => self.release_later(lock, now),
            other => self.release(other),
        }
    }

    pub(super) fn release(&mut self, lock: Option<Ticket>) {
        if let Some(ticket) = lock {
            self.unlock(ticket);
        }
    }

    /// The lock did not come: nothing was sent.
    pub(super) fn lock_timed_out(&mut self, lock: Ticket, now: Timestamp) {
        self.release(Some(lock));
        let error = Error::new(ErrorCode::Timeout, Phase::Refresh)
            .expected("this sign-in's other tabs to finish their renewal")
            .came("none that finished within 45 seconds");
        self.pause_renewal(error, Cause::Answered, now);
    }

    /// The page is being left, for good or for the back/forward cache.
    pub(super) fn left(&mut self) {
        // A lease does not end with the page; with a request under way it has to last.
        if let Slot::Active(active) = &self.slot
            && let Refresh::Locking { lock, .. } | Refresh::Asking { lock, .. } = active.refresh
            && !self.environment.locks
        {
            self.release(Some(lock));
            self.set_refresh(Refresh::Idle);
        }
        if matches!(self.slot, Slot::Active(_)) {
            self.save();
            let mark = crate::secret::SecretText::new("1".to_owned());
            self.store(self.keys.left(), mark);
        }
    }
}
