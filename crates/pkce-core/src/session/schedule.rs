//! When something is done: timers that follow the wall clock, the page that wakes, the limits of
//! the session (protocol rule 27).

use super::engine::{Engine, Slot};
use super::failure::FIRST_PAUSE;
use super::message::What;
use super::readers::expired;
use super::renewal::{Cause, Refresh};
use super::{Ending, Limit};
use crate::error::{Error, ErrorCode, Phase};
use crate::time::{Timestamp, part};
use std::time::Duration;

/// The longest lead before expiry at which a renewal begins.
const LEAD_LIMIT: Duration = Duration::from_secs(120);
/// How long a renewal waits for a network that says it is off, or that a sleep may have cost.
const NETWORK_PATIENCE: Duration = Duration::from_secs(3);
/// A timer so late was no background tab's: the machine slept.
const SLEEP: Duration = Duration::from_secs(90);
/// A timer later than this may come before messages that are older.
const PUNCTUAL: Duration = Duration::from_millis(200);
/// How often a wait whose end came late is prolonged.
const PROLONGED_LIMIT: u8 = 5;
/// A clock that is set back by so much was wrong before.
const GREAT_LEAP: Duration = Duration::from_secs(30);
/// How long before a limit the user is warned, at most; never longer than a quarter of the limit.
const WARNING_LIMIT: Duration = Duration::from_secs(60);
/// How often activity is noted.
const ACTIVITY_STEP: Duration = Duration::from_secs(2);
/// How long siblings have to say that the user is at work there.
const IDLE_PATIENCE: Duration = Duration::from_secs(1);

/// One of the configured limits, in time.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) kind: Limit,
    pub(super) warn_at: Timestamp,
    pub(super) ends_at: Timestamp,
}

impl Engine {
    /// When to renew: a quarter of the lifetime before its end, at most two minutes, and never
    /// before half of it has passed, so that no answer can make a tight loop.
    pub(super) fn plan(&mut self, now: Timestamp) {
        let Slot::Active(active) = &self.slot else {
            return;
        };
        let record = &active.record;
        let due = match (&record.refresh_token, record.lifetime) {
            (None, _) => None,
            // A request without an answer: the sooner it is repeated, the likelier that the
            // provider still takes the old token.
            _ if record.unanswered => Some(now),
            (_, None) => None,
            (_, Some(lifetime)) => {
                let received_at = record.received_at;
                let lead = LEAD_LIMIT.min(part(lifetime, 4));
                let early = lead.saturating_add(self.jitter(part(lead, 4)));
                Some((received_at + lifetime - early).max(received_at + part(lifetime, 2)))
            }
        };
        if let Slot::Active(active) = &mut self.slot {
            active.due = due;
        }
    }

    /// Renews as soon as the network is there.
    pub(super) fn renew_soon(&mut self, now: Timestamp) {
        if let Slot::Active(active) = &mut self.slot {
            active.due = Some(now);
            self.renew_if_due(now);
        }
    }

    fn renew_if_due(&mut self, now: Timestamp) {
        let Slot::Active(active) = &self.slot else {
            return;
        };
        let due = match &active.refresh {
            Refresh::Idle => active.due,
            Refresh::Waiting { at, .. } => Some(*at),
            _ => None,
        };
        let is_held = active.hold.is_some_and(|until| until > now);
        if due.is_some_and(|due| due <= now) && !is_held {
            self.renew(now);
        }
    }

    pub(super) fn refresh_by_hand(&mut self, now: Timestamp) {
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        self.notice = None;
        if active.record.refresh_token.is_none() || active.refresh.is_running() {
            return;
        }
        active.failures = 0;
        active.was_told = false;
        if matches!(active.refresh, Refresh::Withheld { .. }) {
            self.check_again(now);
        } else {
            self.renew(now);
        }
    }

    pub(super) fn woke(&mut self, online: bool, now: Timestamp) {
        if let Slot::Active(active) = &mut self.slot {
            if online {
                active.hold = None;
            } else {
                self.hold_for_network(now);
            }
        }
        if online {
            self.try_again(now);
        }
        self.tick(now);
    }

    /// A network that was gone is worth another try, but not many in one second, and not sooner
    /// than the server asked for.
    fn try_again(&mut self, now: Timestamp) {
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        match &mut active.refresh {
            Refresh::Waiting {
                since,
                error,
                cause,
                ..
            } if error.wait_ms().is_none() && now.since(*since) >= FIRST_PAUSE => {
                if *cause != Cause::Answered {
                    active.failures = 0;
                }
                active.refresh = Refresh::Idle;
                active.due = Some(now);
            }
            Refresh::Stopped {
                is_passing: true, ..
            } => {
                active.refresh = Refresh::Idle;
                active.failures = 0;
                active.due = Some(now);
            }
            Refresh::Withheld { at, .. } => *at = (*at).min(now + FIRST_PAUSE),
            _ => {}
        }
    }

    /// Holds the renewal that is due back for a moment, once: the flag can be wrong, so it delays
    /// and never forbids.
    pub(super) fn hold_for_network(&mut self, now: Timestamp) {
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        let until = now + NETWORK_PATIENCE;
        let is_soon = match &active.refresh {
            Refresh::Idle => active.due.is_some_and(|due| due <= until),
            Refresh::Waiting { at, .. } => *at <= until,
            _ => false,
        };
        if is_soon && !active.was_held {
            active.was_held = true;
            active.hold = Some(until);
        }
    }

    /// The timer came later than any living page's would.
    pub(super) fn is_after_sleep(timer: Option<Timestamp>, now: Timestamp) -> bool {
        timer.is_some_and(|at| now.since(at) > SLEEP)
    }

    /// The clock was set back: what was planned or noted moves along. After a great leap nobody knows
    /// how much time really passed, so the tokens are renewed.
    pub(super) fn clock_set_back(&mut self, by: Duration, now: Timestamp) {
        self.flow.set_back(by);
        self.leases_set_back(by);
        self.lingering = self.lingering.map(|(lock, at)| (lock, at - by));
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        active.record.set_back(by);
        active.hold = None;
        active.idle_asked = None;
        active
            .waiters
            .iter_mut()
            .for_each(|waiter| waiter.set_back(by));
        match &mut active.refresh {
            Refresh::Locking { until, .. } | Refresh::Asking { until, .. } => *until = *until - by,
            Refresh::Waiting { at, since, .. } => {
                *at = *at - by;
                *since = *since - by;
            }
            Refresh::Checking { tokens, .. } => tokens.came_at = tokens.came_at - by,
            Refresh::Withheld { at, tokens, .. } => {
                *at = *at - by;
                tokens.came_at = tokens.came_at - by;
            }
            Refresh::Sending { sent_at, .. } => *sent_at = *sent_at - by,
            Refresh::Idle | Refresh::Stopped { .. } => {}
        }
        if by >= GREAT_LEAP && active.record.lifetime.is_some() {
            active.due = Some(now);
        } else {
            active.due = active.due.map(|due| due - by);
        }
    }

    /// Looks at the clock: what is due?
    pub(super) fn tick(&mut self, now: Timestamp) {
        self.release_due(now);
        self.leases_tick(now);
        self.flow_tick(now);
        if self.is_over(now) {
            return;
        }
        let Slot::Active(active) = &self.slot else {
            return;
        };
        match &active.refresh {
            Refresh::Idle | Refresh::Waiting { .. } => self.renew_if_due(now),
            Refresh::Locking { lock, until } if *until <= now => {
                let lock = *lock;
                self.lock_timed_out(lock, now);
            }
            Refresh::Asking {
                lock,
                until,
                otherwise,
                prolonged,
            } if *until <= now => {
                let (lock, otherwise) = (*lock, *otherwise);
                if now.since(*until) > PUNCTUAL && *prolonged < PROLONGED_LIMIT {
                    // The page was frozen: what others said meanwhile is still to be heard.
                    self.ask_again(now);
                } else {
                    self.nobody_answered(lock, otherwise, now);
                }
            }
            Refresh::Withheld { at, .. } if *at <= now => self.check_again(now),
            _ => {}
        }
        if let Slot::Active(active) = &self.slot
            && let Refresh::Waiting { error, .. } | Refresh::Withheld { error, .. } =
                &active.refresh
        {
            let error = error.clone();
            self.tell_expired(&error, now);
        }
        self.serve(now);
    }

    /// Ends the session that reached its end.
    pub(super) fn is_over(&mut self, now: Timestamp) -> bool {
        let Slot::Active(active) = &mut self.slot else {
            return true;
        };
        if active.record.refresh_token.is_none() && !active.record.is_valid_for(Duration::ZERO, now)
        {
            self.unshare_family();
            self.end(expired(Phase::Refresh));
            return true;
        }
        let Some(limit) = self.limit() else {
            return false;
        };
        let Slot::Active(active) = &mut self.slot else {
            return true;
        };
        if limit.ends_at > now {
            active.idle_asked = None;
            return false;
        }
        if limit.kind == Limit::Idle && active.record.has_siblings {
            // This tab may have slept while the user was at work in another.
            match active.idle_asked {
                None => {
                    active.idle_asked = Some(now + IDLE_PATIENCE);
                    self.ask_family();
                    return false;
                }
                Some(until) if until > now => return false,
                Some(_) => {}
            }
        }
        let code = match limit.kind {
            Limit::Idle => ErrorCode::SessionIdle,
            Limit::MaxAge => ErrorCode::SessionMaxAge,
        };
        let error = Error::new(code, Phase::Refresh)
            .expected("a session within the limits of the configuration")
            .came("one that reached its limit");
        if limit.kind == Limit::Idle && !self.environment.channel {
            // The user may be at work in another tab, unheard.
            self.end(error);
        } else {
            self.end_everywhere(error, now);
        }
        true
    }

    /// The first of the configured limits.
    pub(super) fn limit(&self) -> Option<End> {
        let Slot::Active(active) = &self.slot else {
            return None;
        };
        let (record, options) = (&active.record, self.config.session());
        let end = |kind, from: Timestamp, span: Duration| {
            let lead = WARNING_LIMIT.min(span.checked_div(4).unwrap_or(span));
            End {
                kind,
                ends_at: from + span,
                warn_at: from + span.saturating_sub(lead),
            }
        };
        let idle = options
            .idle_limit()
            .map(|span| end(Limit::Idle, record.active_at, span));
        let age = options
            .max_age()
            .map(|span| end(Limit::MaxAge, record.signed_in_at, span));
        [idle, age]
            .into_iter()
            .flatten()
            .min_by_key(|end| end.ends_at)
    }

    /// The limit as it is shown.
    pub(super) fn ending(&self, now: Timestamp) -> Ending {
        match self.limit() {
            None => Ending::Open,
            Some(end) if end.warn_at <= now => Ending::Soon {
                limit: end.kind,
                ends_at: end.ends_at,
            },
            Some(end) => Ending::Later {
                limit: end.kind,
                warn_at: end.warn_at,
                ends_at: end.ends_at,
            },
        }
    }

    /// The user did something: the idle limit starts anew, in every tab of the family.
    pub(super) fn active(&mut self, now: Timestamp) {
        let Some(limit) = self.config.session().idle_limit() else {
            return;
        };
        let step = ACTIVITY_STEP.min(limit.checked_div(10).unwrap_or(limit));
        // What is over is over.
        self.tick(now);
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        if active.idle_asked.is_none() && now.since(active.record.active_at) >= step {
            active.record.active_at = now;
            self.tell_family(What::Active { at: now });
            self.save();
        }
    }

    pub(super) fn next_timer(&self, now: Timestamp) -> Option<Timestamp> {
        let mut wanted = self.flow.timer();
        let mut want = |at: Timestamp| wanted = Some(wanted.map_or(at, |other| other.min(at)));
        self.lingering.into_iter().for_each(|(_, at)| want(at));
        self.leases_timer().for_each(&mut want);
        if let Slot::Active(active) = &self.slot {
            let held = |at: Timestamp| active.hold.map_or(at, |hold| hold.max(at));
            let has_refresh_token = active.record.refresh_token.is_some();
            match &active.refresh {
                // Nothing is begun while a sign-in may end this session, or an idle limit.
                Refresh::Idle | Refresh::Waiting { .. }
                    if self.flow.is_completing() || active.idle_asked.is_some() => {}
                Refresh::Idle if has_refresh_token => {
                    active.due.into_iter().for_each(|at| want(held(at)));
                }
                Refresh::Waiting { at, .. } => want(held(*at)),
                Refresh::Withheld { at, .. } => want(*at),
                Refresh::Locking { until, .. } | Refresh::Asking { until, .. } => want(*until),
                _ => {}
            }
            let is_failing = matches!(
                active.refresh,
                Refresh::Waiting { .. } | Refresh::Withheld { .. }
            );
            if !has_refresh_token || (is_failing && !active.was_told) {
                active.record.expires_at().into_iter().for_each(&mut want);
            }
            active
                .waiters
                .iter()
                .for_each(|waiter| want(waiter.next(now)));
            if let Some(end) = self.limit() {
                let at = if end.warn_at > now {
                    end.warn_at
                } else {
                    end.ends_at
                };
                want(active.idle_asked.map_or(at, |asked| asked.max(at)));
            }
        }
        // A time that has passed is now: a timer in the past would be another way to spin.
        wanted.map(|at| at.max(now))
    }
}
