//! The tabs of one sign-in. `sessionStorage` is copied with a tab, so several tabs may hold one
//! refresh token; only the newest is ever sent, by one tab at a time (protocol rule 36).
//!
//! A renewal runs under a lock that bears the family's name. Under it the tab reads a record that
//! all tabs share: count and fingerprint of the newest refresh token. Where another tab was ahead,
//! or might be, it asks; who has newer tokens hands them over. Where nobody can say that its copy is
//! the newest, the copy is not sent.

use super::engine::{Engine, Slot};
use super::message::{Because, Message, What};
use super::record::{FamilyRecord, Record};
use super::renewal::Refresh;
use super::sign_in::Flow;
use super::{Effect, Environment, Ticket, User};
use crate::error::{Error, ErrorCode, Phase};
use crate::secret::{RefreshToken, SecretText};
use crate::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// How long a tab whose copy is stale, or may be, waits for an answer.
const SIBLING_PATIENCE: Duration = Duration::from_secs(2);
/// How long a tab with siblings waits for one that may have been ahead of it by a moment: storage
/// and messages of other processes come a little late.
const HEARSAY_PATIENCE: Duration = Duration::from_millis(300);

/// What a tab knows of the place of its refresh token among those of its family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is the newest: it came to this page, which has listened ever since.
    Newest,
    /// It was the newest when the page was left in an orderly way.
    LeftHere,
    /// It was found in storage, which may be a copy of another tab's.
    Copied,
}

/// What happens when nobody has newer tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Otherwise {
    /// The token is sent; `newest` is the family's count so far.
    Send {
        /// As the shared record has it.
        newest: u64,
        /// A request with this very token is without an answer.
        unanswered: bool,
    },
    /// Only where a sibling vouches for it.
    Doubt,
    /// It was spent by another tab.
    Stale,
}

/// What a page that was away looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// The mark that its sign-in is over.
    End,
    /// The record of its family.
    Family,
    /// Whether local storage can be read at all.
    Storage,
}

impl Otherwise {
    /// A sibling with the same tokens says what it knows of them. Returns whether that ends a doubt.
    fn heed(&mut self, is_sure: bool, is_unanswered: bool) -> bool {
        match self {
            Otherwise::Send { unanswered, .. } => *unanswered |= is_unanswered,
            Otherwise::Doubt if is_sure => {
                *self = Otherwise::Send {
                    newest: 0,
                    unanswered: is_unanswered,
                };
                return true;
            }
            Otherwise::Doubt | Otherwise::Stale => {}
        }
        false
    }
}

impl Engine {
    /// Under the lock: is this copy of the refresh token the newest?
    pub(super) fn compare(
        &mut self,
        lock: Ticket,
        token: &RefreshToken,
        shared: Option<&str>,
        now: Timestamp,
    ) {
        let Slot::Active(active) = &self.slot else {
            return;
        };
        let record = &active.record;
        let Environment { locks, channel, .. } = self.environment;
        // Without the channel others may be there unheard.
        let has_siblings = record.has_siblings || record.was_copied || !channel;
        let send = |newest: u64, unanswered| Otherwise::Send { newest, unanswered };
        let (otherwise, patience) = match shared.and_then(FamilyRecord::parse) {
            Some(newest) if newest.generation > record.generation => {
                // Without rotation the token is still the newest, though the count is not.
                let is_same = newest.fingerprint == token.fingerprint();
                let otherwise = if is_same {
                    send(newest.generation, newest.unanswered)
                } else {
                    Otherwise::Stale
                };
                (otherwise, SIBLING_PATIENCE)
            }
            Some(newest) => {
                let is_same = newest.fingerprint == token.fingerprint();
                // A copy that is new here has siblings that it does not know yet.
                let is_alone = !has_siblings && active.standing != Standing::Copied;
                let patience = if is_alone {
                    Duration::ZERO
                } else {
                    HEARSAY_PATIENCE
                };
                (
                    send(record.generation, is_same && newest.unanswered),
                    patience,
                )
            }
            // Local storage is denied, or was cleared, or the family signed out meanwhile.
            None => match (active.standing, has_siblings) {
                // Nobody else was ever seen to have it.
                (Standing::Newest | Standing::LeftHere, false) => {
                    (send(record.generation, false), Duration::ZERO)
                }
                // Who else has it waits for the lock.
                (Standing::Newest, true) if locks && channel && !self.has_local_storage => {
                    (send(record.generation, false), HEARSAY_PATIENCE)
                }
                // A copy of it is Copied, and is sent by nobody.
                (Standing::Newest, true) if !channel && !self.can_read_shared => {
                    (send(record.generation, false), Duration::ZERO)
                }
                _ => (Otherwise::Doubt, SIBLING_PATIENCE),
            },
        };
        match otherwise {
            // Without the channel there is nobody to wait for: who wrote the record kept the lock
            // until it could be read.
            _ if !channel => self.nobody_answered(lock, otherwise, now),
            Otherwise::Send { newest, unanswered } if patience.is_zero() => {
                self.send_refresh(lock, newest, unanswered, now);
            }
            _ => {
                self.ask_family();
                self.set_refresh(Refresh::Asking {
                    lock,
                    until: now + patience,
                    otherwise,
                    prolonged: 0,
                });
            }
        }
    }

    /// The end of the wait came late: a moment more, for what was said in the meantime.
    pub(super) fn ask_again(&mut self, now: Timestamp) {
        self.ask_family();
        if let Slot::Active(active) = &mut self.slot
            && let Refresh::Asking {
                until, prolonged, ..
            } = &mut active.refresh
        {
            *until = now + HEARSAY_PATIENCE;
            *prolonged = prolonged.saturating_add(1);
        }
    }

    /// Nobody had newer tokens in time.
    pub(super) fn nobody_answered(&mut self, lock: Ticket, otherwise: Otherwise, now: Timestamp) {
        match otherwise {
            Otherwise::Send { newest, unanswered } => {
                self.send_refresh(lock, newest, unanswered, now)
            }
            Otherwise::Doubt | Otherwise::Stale => self.end(
                Error::new(ErrorCode::SessionCopyStale, Phase::Refresh)
                    .expected("the newest refresh token of this sign-in")
                    .came("a copy that may be older, and no other tab that has the newest"),
            ),
        }
    }

    /// Asks who else is there, and for newer tokens.
    pub(super) fn ask_family(&mut self) {
        let question = self.question();
        if let Slot::Active(active) = &mut self.slot {
            active.question = question;
            let generation = active.record.generation;
            self.tell_family(What::Ask {
                generation,
                question,
            });
        }
    }

    /// A question, told from older ones by chance; it fits a JSON number.
    pub(super) fn question(&mut self) -> u64 {
        self.random() >> 11
    }

    pub(super) fn tell_family(&mut self, what: What) {
        if let Slot::Active(active) = &self.slot {
            let family = active.record.family.clone();
            self.broadcast(&family, what);
        }
    }

    pub(super) fn broadcast(&mut self, family: &str, what: What) {
        let message = Message {
            family: family.to_owned(),
            what,
        };
        self.effects.push(Effect::Broadcast(message.to_json()));
    }

    /// Hands the newest tokens to the family.
    pub(super) fn hand_over(&mut self, because: Because) {
        if let Slot::Active(active) = &self.slot {
            let message = Message::tokens(&active.record, because).to_json();
            self.effects.push(Effect::Broadcast(message));
        }
    }

    /// Tells all tabs which refresh token is the newest. Only under the lock, or at a sign-in.
    pub(super) fn share_family(&mut self) {
        if let Slot::Active(active) = &self.slot {
            let key = self.keys.family(&active.record.family);
            let value = Some(active.record.family_record().to_json());
            self.effects.push(Effect::Share { key, value });
        }
    }

    /// A page that was away looks whether its family still is.
    pub(super) fn look_for_family(&mut self) {
        if let Slot::Active(active) = &self.slot {
            let read = self.keys.family(&active.record.family);
            self.look(read, Look::Family);
        }
    }

    /// A page of the cache may be given storage as old as itself, in which its tab's own sign-out is
    /// not to be seen (Firefox does that).
    pub(super) fn look_for_end(&mut self) {
        if let Slot::Active(active) = &self.slot {
            let read = self.keys.over(&active.record.family);
            self.look(read, Look::End);
        }
    }

    fn look(&mut self, read: String, at: Look) {
        let ticket = self.ticket();
        if let Slot::Active(active) = &mut self.slot {
            active.looking = Some((ticket, at));
            // The lock is a means to read; the family's own may be held for long.
            let name = self.keys.lock("look");
            self.effects.push(Effect::Lock { ticket, name, read });
        }
    }

    /// Returns whether this lock was asked for to look.
    pub(super) fn looked(&mut self, ticket: Ticket, shared: Option<&str>) -> bool {
        let Slot::Active(active) = &mut self.slot else {
            return false;
        };
        let at = match active.looking {
            Some((looking, at)) if looking == ticket => at,
            _ => return false,
        };
        active.looking = None;
        // Else storage was full when the record was to be written.
        let may_have_ended = active.record.has_siblings
            || active.record.was_copied
            || active.standing == Standing::Copied;
        self.effects.push(Effect::Unlock { ticket });
        match (at, shared.is_some()) {
            (Look::End, true) => self.end(ended_elsewhere(ErrorCode::SessionEndedElsewhere)),
            (Look::End, false) => self.look_for_family(),
            (Look::Family, true) => {}
            // Nothing is there, or nothing can be read: the states that were consumed would be.
            (Look::Family, false) => self.look(self.keys.consumed(), Look::Storage),
            (Look::Storage, is_readable) => {
                self.has_local_storage = is_readable;
                if is_readable && may_have_ended {
                    self.end(ended_elsewhere(ErrorCode::SessionEndedElsewhere));
                }
            }
        }
        true
    }

    /// Nobody's refresh token is the newest any more: a copy that wakes later finds no record.
    pub(super) fn unshare_family(&mut self) {
        if let Slot::Active(active) = &self.slot {
            let key = self.keys.family(&active.record.family);
            self.effects.push(Effect::Share { key, value: None });
        }
    }

    /// Leaves a mark that this sign-in is over, for copies of it that come to light later.
    pub(super) fn mark_over(&mut self, now: Timestamp) {
        if let Slot::Active(active) = &self.slot {
            let key = self.keys.over(&active.record.family);
            let value = Some(now.as_millis().to_string());
            self.effects.push(Effect::Share { key, value });
        }
    }

    /// The provider refused: ends the session in every tab that has no newer tokens than this one.
    pub(super) fn end_refused(&mut self, error: Error) {
        if let Slot::Active(active) = &self.slot {
            let generation = active.record.generation;
            self.unshare_family();
            self.tell_family(What::Refused {
                generation,
                code: error.code(),
            });
            self.end(error);
        }
    }

    /// Ends the session in every tab. Who hears of it says so again: a tab that slept may have
    /// handed tokens on, and shared their record, before it heard.
    pub(super) fn end_everywhere(&mut self, error: Error, now: Timestamp) {
        self.unshare_family();
        self.mark_over(now);
        self.tell_family(What::Over(error.code()));
        self.end(error);
    }

    pub(super) fn message(&mut self, text: &SecretText, now: Timestamp) {
        let Some(message) = Message::parse(text.expose()) else {
            return;
        };
        if matches!(self.flow, Flow::Joining(_)) {
            return self.joining_heard(message, now);
        }
        if let What::Who { question } = message.what {
            return self.say_present(question, now);
        }
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        if message.family != active.record.family {
            return;
        }
        if let What::Join { question } = message.what {
            return self.let_in(question);
        }
        self.has_met_siblings();
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        let ours = active.record.generation;
        let is_newest = active.standing == Standing::Newest;
        match message.what {
            What::Tokens {
                version,
                record,
                because,
            } if version > active.record.version() => {
                let newer = Record::from_json(&record, self.config.providers()).filter(|record| {
                    record.family == active.record.family
                        && record.provider == active.record.provider
                        && record.user.sub() == active.record.user.sub()
                        && record.is_newer_than(&active.record)
                });
                let standing = match because {
                    Because::TheyCame => Standing::Newest,
                    Because::Asked(question) if question == active.question => Standing::Newest,
                    _ => active.standing,
                };
                if let Some(record) = newer {
                    self.take_over(record, standing, now);
                }
            }
            What::Tokens { .. } => {}
            What::Ask {
                generation,
                question,
            } if ours > generation => {
                let because = if is_newest {
                    Because::Asked(question)
                } else {
                    Because::Perhaps
                };
                self.hand_over(because);
            }
            What::Ask {
                generation,
                question,
            } => {
                let here = What::Here {
                    generation: ours,
                    question,
                    is_sure: is_newest && ours == generation,
                    unanswered: active.record.unanswered,
                    is_sending: matches!(active.refresh, Refresh::Sending { .. }),
                    active_at: active.record.active_at,
                };
                self.tell_family(here);
                if ours < generation {
                    self.ask_family();
                }
            }
            What::Here {
                generation,
                question,
                is_sure,
                unanswered,
                is_sending,
                active_at,
            } => {
                active.record.active_at = active.record.active_at.max(active_at.min(now));
                if generation != ours || question != active.question {
                    return;
                }
                match active.refresh {
                    // A lease ended, in a sleep, before the request that it was for.
                    Refresh::Asking { lock, .. } if is_sending => {
                        return self.lock_timed_out(lock, now);
                    }
                    _ => {}
                }
                if let Refresh::Asking {
                    until, otherwise, ..
                } = &mut active.refresh
                    && otherwise.heed(is_sure && self.environment.locks, unanswered)
                {
                    *until = (*until).min(now + HEARSAY_PATIENCE);
                }
            }
            What::Active { at } => {
                // One that was heard late is as old as it is.
                let at = at.min(now);
                if at > active.record.active_at {
                    active.record.active_at = at;
                    self.save();
                }
            }
            What::Over(code) => self.end_everywhere(ended_elsewhere(code), now),
            What::Refused { generation, code } if ours <= generation => self.end(
                Error::new(code, Phase::Refresh)
                    .expected("a session that can be renewed")
                    .came("a refusal that another tab was given"),
            ),
            What::Refused { .. } | What::Who { .. } | What::Present { .. } | What::Join { .. } => {}
        }
    }

    /// Another tab holds this sign-in: that is still to be known after a crash.
    pub(super) fn has_met_siblings(&mut self) {
        if let Slot::Active(active) = &mut self.slot
            && !std::mem::replace(&mut active.record.has_siblings, true)
        {
            self.save();
        }
    }

    /// Takes newer tokens of this sign-in, which a sibling or another page of this tab got.
    pub(super) fn take_over(&mut self, mut record: Record, standing: Standing, now: Timestamp) {
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        // The user stays the user: what the app holds on to does not change its identity.
        let known = &active.record.user;
        record.user = match &record.user.userinfo {
            Some(_) if known.userinfo.is_none() => User {
                id_token: Arc::clone(&known.id_token),
                ..record.user
            },
            _ => known.clone(),
        };
        record.active_at = record.active_at.max(active.record.active_at);
        record.has_siblings |= active.record.has_siblings;
        record.was_copied = active.record.was_copied;
        if record.received_at > now {
            record.received_at = now;
        }
        active.record = record;
        active.standing = standing;
        active.failures = 0;
        match &mut active.refresh {
            // The answer may bring newer tokens still; a refusal means nothing any more.
            Refresh::Sending { is_superseded, .. } => *is_superseded = true,
            other => {
                let lock = other.lock();
                *other = Refresh::Idle;
                self.release(lock);
            }
        }
        self.plan(now);
        self.save();
        self.serve(now);
    }
}

pub(super) fn ended_elsewhere(code: ErrorCode) -> Error {
    Error::new(code, Phase::SignOut)
        .expected("a session that goes on")
        .came("its end in another tab")
}
