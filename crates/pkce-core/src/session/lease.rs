//! What stands in for a lock where the browser has no Web Locks: a lease in local storage.
//!
//! Who finds none writes its own, waits longer than a write takes to be seen by every tab, and reads
//! again: only the last to write finds its own there, and until it runs out nobody writes over it
//! (Fischer's algorithm). A tab that goes without a word keeps the others out until its lease ends.

use super::engine::Engine;
use super::{Effect, Ticket};
use crate::http::ANSWER_TIMEOUT;
use crate::json::{Json, ObjectWriter};
use crate::time::Timestamp;
use std::time::Duration;

const VERSION: i64 = 1;
/// Longer than a write takes to be seen by other processes, there and back.
const SETTLING: Duration = Duration::from_millis(250);
/// For how long a lease that may still be lost keeps others out.
const SHORT: Duration = Duration::from_secs(1);
/// For how long one does that is held: a request takes 30 s at most.
const LONG: Duration = Duration::from_secs(45);
/// How often somebody else's lease is looked at: not sooner than this, and by chance up to three
/// times as late, so that tabs that wait do not fall together again and again.
const POLL: Duration = Duration::from_millis(300);

/// A lease that is wanted or held.
#[derive(Debug)]
pub(super) struct Lease {
    /// Of the lock that it stands for.
    ticket: Ticket,
    name: String,
    /// What is to be read once it is held.
    read: String,
    holder: u64,
    step: Step,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Reading whether it is free.
    Looking(Ticket),
    /// Somebody else has it.
    Waiting { at: Timestamp },
    /// It was written; somebody may have written over it.
    Settling { at: Timestamp, until: Timestamp },
    /// Reading whether it is ours.
    Checking { read: Ticket, until: Timestamp },
    /// It is ours.
    Held { until: Timestamp },
}

/// What is written.
struct Entry {
    holder: u64,
    until: Timestamp,
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        let json = Json::parse(text)?;
        if json.get("v")?.as_integer()? != VERSION {
            return None;
        }
        Some(Self {
            holder: u64::try_from(json.get("holder")?.as_integer()?).ok()?,
            until: Timestamp::from_millis(json.get("until")?.as_integer()?),
        })
    }

    fn to_json(&self) -> String {
        ObjectWriter::new()
            .integer("v", VERSION)
            .integer("holder", i64::try_from(self.holder).unwrap_or(i64::MAX))
            .integer("until", self.until.as_millis())
            .finish()
    }

    /// Neither over, nor from a future that a clock set back has made.
    fn is_in_force(&self, now: Timestamp) -> bool {
        now < self.until && self.until <= now + LONG
    }
}

impl Engine {
    /// Asks for a lock under which `read` is to be read; the answer bears the ticket.
    pub(super) fn lock(&mut self, name: &str, read: String) -> Ticket {
        let ticket = self.ticket();
        let name = self.keys.lock(name);
        if self.environment.locks || !self.can_read_shared {
            self.effects.push(Effect::Lock { ticket, name, read });
            return ticket;
        }
        let (holder, looking) = (self.question(), self.ticket());
        self.leases.push(Lease {
            ticket,
            name: name.clone(),
            read,
            holder,
            step: Step::Looking(looking),
        });
        self.read_lease(looking, name);
        ticket
    }

    /// Lets a lock go, or gives the wait for it up.
    pub(super) fn unlock(&mut self, ticket: Ticket) {
        let found = self.leases.iter().position(|lease| lease.ticket == ticket);
        let Some(index) = found else {
            self.effects.push(Effect::Unlock { ticket });
            return;
        };
        let lease = self.leases.swap_remove(index);
        // One that may not be ours any more is left to run out.
        if let (Step::Held { until }, Some(now)) = (lease.step, self.last_seen)
            && now < until
        {
            self.effects.push(Effect::Share {
                key: self.keys.lease(&lease.name),
                value: None,
            });
        }
    }

    /// Whether a request that is sent now is over before the lock may be somebody else's.
    pub(super) fn is_locked_for_long(&self, ticket: Ticket, now: Timestamp) -> bool {
        let lease = self.leases.iter().find(|lease| lease.ticket == ticket);
        lease.is_none_or(
            |lease| matches!(lease.step, Step::Held { until } if now + ANSWER_TIMEOUT < until),
        )
    }

    /// Without Web Locks a "lock" is held at once: it only reads.
    fn read_lease(&mut self, ticket: Ticket, name: String) {
        let read = self.keys.lease(&name);
        self.effects.push(Effect::Lock { ticket, name, read });
        self.effects.push(Effect::Unlock { ticket });
    }

    /// Something was read. Returns whether it was a lease.
    pub(super) fn lease_was_read(
        &mut self,
        ticket: Ticket,
        shared: Option<&str>,
        now: Timestamp,
    ) -> bool {
        let poll = POLL.saturating_add(self.jitter(POLL.saturating_mul(2)));
        let Some(lease) = self.leases.iter_mut().find(|lease| match lease.step {
            Step::Looking(read) | Step::Checking { read, .. } => read == ticket,
            _ => false,
        }) else {
            return false;
        };
        let found = shared
            .and_then(Entry::parse)
            .filter(|entry| entry.is_in_force(now));
        let is_ours = found
            .as_ref()
            .is_some_and(|entry| entry.holder == lease.holder);
        let key = self.keys.lease(&lease.name);
        let write = |until: Timestamp, holder: u64| {
            let value = Some(Entry { holder, until }.to_json());
            self.effects.push(Effect::Share { key, value });
        };
        match (lease.step, found) {
            (Step::Checking { until, .. }, Some(_)) if is_ours && now < until => {
                lease.step = Step::Held { until: now + LONG };
                write(now + LONG, lease.holder);
                self.effects.push(Effect::Lock {
                    ticket: lease.ticket,
                    name: lease.name.clone(),
                    read: lease.read.clone(),
                });
            }
            (_, Some(_)) if !is_ours => lease.step = Step::Waiting { at: now + poll },
            _ => {
                let until = now + SHORT;
                let at = now + SETTLING;
                lease.step = Step::Settling { at, until };
                write(until, lease.holder);
            }
        }
        true
    }

    /// Looks again at the leases whose time has come.
    pub(super) fn leases_tick(&mut self, now: Timestamp) {
        for index in 0..self.leases.len() {
            let ticket = self.ticket();
            let Some(lease) = self.leases.get_mut(index) else {
                return;
            };
            lease.step = match lease.step {
                Step::Waiting { at } if at <= now => Step::Looking(ticket),
                Step::Settling { at, until } if at <= now => Step::Checking {
                    read: ticket,
                    until,
                },
                _ => continue,
            };
            let name = lease.name.clone();
            self.read_lease(ticket, name);
        }
    }

    /// Deletes what tabs left behind that went without a word.
    pub(super) fn forget_leases(&mut self, shared: &[(String, String)], now: Timestamp) {
        let prefix = self.keys.lock("");
        for (key, value) in shared {
            let is_over = Entry::parse(value).is_none_or(|entry| !entry.is_in_force(now));
            if is_over && key.starts_with(&prefix) {
                self.effects.push(Effect::Share {
                    key: key.clone(),
                    value: None,
                });
            }
        }
    }

    pub(super) fn leases_timer(&self) -> impl Iterator<Item = Timestamp> {
        self.leases.iter().filter_map(|lease| match lease.step {
            Step::Waiting { at } | Step::Settling { at, .. } => Some(at),
            _ => None,
        })
    }

    pub(super) fn leases_set_back(&mut self, by: Duration) {
        for lease in &mut self.leases {
            match &mut lease.step {
                Step::Waiting { at } => *at = *at - by,
                Step::Settling { at, until } => {
                    *at = *at - by;
                    *until = *until - by;
                }
                Step::Checking { until, .. } | Step::Held { until } => *until = *until - by,
                Step::Looking(_) => {}
            }
        }
    }
}
