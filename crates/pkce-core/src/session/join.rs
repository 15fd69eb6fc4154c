//! A new tab takes over the session of the open ones, without a redirect.
//!
//! It asks who is there. Where every tab that answers is of one family, it asks that family for its
//! tokens, and looks under a lock whether the family's record still stands: who hands over may have
//! slept through a sign-out. Where nobody answers, or several families do, the tab is signed out.
//!
//! Only a fresh tab joins. One that ever had a session bears a mark in its own storage, for no tab
//! changes its user without a sign-in of its own.

use super::engine::{Engine, Slot};
use super::family::Standing;
use super::message::{Because, Message, What};
use super::record::{FamilyRecord, Record};
use super::renewal::Active;
use super::sign_in::Flow;
use super::{Effect, Start, Ticket};
use crate::secret::SecretText;
use crate::time::Timestamp;
use std::time::Duration;

/// How long open tabs have to say who they are.
const WHO_PATIENCE: Duration = Duration::from_millis(300);
/// How long the family has to hand its tokens over, and the lock to come.
const JOIN_PATIENCE: Duration = Duration::from_secs(2);
/// The end of a wait that comes later than this may come before messages that are older.
const PUNCTUAL: Duration = Duration::from_millis(200);
/// How often a wait whose end came late is prolonged.
const PROLONGED_LIMIT: u8 = 3;
/// A family record that nobody renewed for so long is of tabs that are gone for good.
const RECORD_LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Where a new tab stands on its way into a family.
#[derive(Debug)]
pub(super) struct Join {
    question: u64,
    until: Timestamp,
    step: Step,
}

#[derive(Debug)]
enum Step {
    /// Who is there?
    Collecting {
        /// The only family so far.
        family: Option<String>,
        /// Families with a record that have not answered; `None` where records cannot be read.
        silent: Option<Vec<String>>,
        /// How often the end of the wait came late.
        prolonged: u8,
    },
    /// Its tokens were asked for.
    Asking { family: String },
    /// They came; does the family's record still stand?
    Looking {
        ticket: Ticket,
        record: Box<Record>,
        standing: Standing,
    },
}

impl Join {
    pub(super) fn waits_for(&self, answer: Ticket) -> bool {
        self.lock() == Some(answer)
    }

    pub(super) const fn until(&self) -> &Timestamp {
        &self.until
    }

    pub(super) const fn until_mut(&mut self) -> &mut Timestamp {
        &mut self.until
    }

    /// The lock that is wanted.
    pub(super) const fn lock(&self) -> Option<Ticket> {
        match &self.step {
            Step::Looking { ticket, .. } => Some(*ticket),
            _ => None,
        }
    }

    /// The family that was chosen.
    fn family(&self) -> Option<&str> {
        match &self.step {
            Step::Collecting { .. } => None,
            Step::Asking { family } => Some(family),
            Step::Looking { record, .. } => Some(&record.family),
        }
    }
}

impl Engine {
    /// Deletes what tabs left in local storage that are gone for good, and returns the other families;
    /// `None` where records cannot be read.
    pub(super) fn families(&mut self, start: &Start, now: Timestamp) -> Option<Vec<String>> {
        let prefix = self.keys.families();
        let own = match &self.slot {
            Slot::Active(active) => Some(active.record.family.clone()),
            _ => None,
        };
        let mut families = Vec::new();
        let shared = start.shared.as_ref()?;
        self.forget_leases(shared, now);
        let endings = self.keys.endings();
        for (key, value) in shared {
            let is_ending_of_old = key.starts_with(&endings)
                && value.parse().map_or(true, |at| {
                    now.since(Timestamp::from_millis(at)) >= RECORD_LIFETIME
                });
            if is_ending_of_old {
                self.effects.push(Effect::Share {
                    key: key.clone(),
                    value: None,
                });
            }
            let Some(family) = key.strip_prefix(&prefix) else {
                continue;
            };
            let is_alive = FamilyRecord::parse(value)
                .is_some_and(|record| now.since(record.at) < RECORD_LIFETIME);
            if is_alive || own.as_deref() == Some(family) {
                families.push(family.to_owned());
            } else {
                self.effects.push(Effect::Share {
                    key: key.clone(),
                    value: None,
                });
            }
        }
        Some(families)
    }

    /// A fresh tab asks who is signed in, unless there is nobody to ask or to be told of.
    pub(super) fn join(&mut self, families: Option<Vec<String>>, now: Timestamp) {
        let is_wanted = self.config.session().share_across_tabs() && self.environment.channel;
        if !is_wanted
            || !matches!((&self.slot, &self.flow), (Slot::Empty, Flow::Idle))
            || self.check_environment().is_err()
            || families.as_ref().is_some_and(Vec::is_empty)
        {
            return;
        }
        let question = self.question();
        self.flow = Flow::Joining(Join {
            question,
            until: now + WHO_PATIENCE,
            step: Step::Collecting {
                family: None,
                silent: families,
                prolonged: 0,
            },
        });
        self.broadcast("", What::Who { question });
    }

    /// Nobody may be mistaken for the user of this tab from now on.
    pub(super) fn mark_own(&mut self) {
        let mark = SecretText::new("1".to_owned());
        self.store(self.keys.own(), mark);
    }

    /// A tab that joins hears a message of any family.
    pub(super) fn joining_heard(&mut self, message: Message, now: Timestamp) {
        let Flow::Joining(join) = &mut self.flow else {
            return;
        };
        match message.what {
            What::Present { question, provider } if question == join.question => {
                let is_known = self.config.provider(&provider).is_some();
                self.joining_met(message.family, is_known, now);
            }
            // Somebody signs out just now: this is no time to take a session over.
            What::Over(_) | What::Refused { .. } => self.join_ends(),
            What::Tokens {
                record, because, ..
            } if join.family() == Some(&message.family) => {
                let is_in = matches!(join.step, Step::Looking { .. });
                let standing = match because {
                    Because::Asked(question) if question == join.question => Standing::Newest,
                    Because::Offered(question) if question == join.question => Standing::Copied,
                    // Else who said it may be gone, and would not know of this tab.
                    Because::TheyCame if is_in => Standing::Newest,
                    _ => return,
                };
                self.joining_got(&message.family, &record, standing, now);
            }
            _ => {}
        }
    }

    /// A signed-in tab answered.
    fn joining_met(&mut self, met: String, is_known: bool, now: Timestamp) {
        let Flow::Joining(join) = &mut self.flow else {
            return;
        };
        let is_other = match &join.step {
            Step::Collecting { family, .. } => family.as_ref().is_some_and(|first| *first != met),
            _ => join.family() != Some(&met),
        };
        // Several users, or one that this page knows nothing of: the user has to say.
        if is_other || !is_known {
            return self.join_ends();
        }
        let Step::Collecting { family, silent, .. } = &mut join.step else {
            return;
        };
        let is_everybody = silent.as_mut().is_some_and(|silent| {
            silent.retain(|other| *other != met);
            silent.is_empty()
        });
        *family = Some(met);
        if is_everybody {
            self.ask_to_join(now);
        }
    }

    fn ask_to_join(&mut self, now: Timestamp) {
        let Flow::Joining(join) = &mut self.flow else {
            return;
        };
        let Step::Collecting {
            family: Some(family),
            ..
        } = &join.step
        else {
            return self.join_ends();
        };
        let family = family.clone();
        let question = join.question;
        join.until = now + JOIN_PATIENCE;
        join.step = Step::Asking {
            family: family.clone(),
        };
        self.broadcast(&family, What::Join { question });
    }

    /// The family's tokens came, perhaps older ones first.
    fn joining_got(&mut self, family: &str, text: &str, standing: Standing, now: Timestamp) {
        let Flow::Joining(join) = &mut self.flow else {
            return;
        };
        let found = Record::from_json(text, self.config.providers());
        let Some(found) = found.filter(|record| record.family == family) else {
            return;
        };
        match &mut join.step {
            Step::Collecting { .. } => {}
            Step::Asking { .. } => {
                let read = self.keys.family(family);
                let name = self.keys.lock("look");
                self.last_ticket = self.last_ticket.wrapping_add(1);
                let ticket = Ticket(self.last_ticket);
                join.until = now + JOIN_PATIENCE;
                join.step = Step::Looking {
                    ticket,
                    record: Box::new(found),
                    standing,
                };
                self.effects.push(Effect::Lock { ticket, name, read });
            }
            Step::Looking {
                record,
                standing: known,
                ..
            } => {
                if found.is_newer_than(record) {
                    **record = found;
                    *known = standing;
                } else if record.version() == found.version() && standing == Standing::Newest {
                    *known = standing;
                }
            }
        }
    }

    /// Under the lock: the family stands, unless its record could be read and is gone.
    pub(super) fn joining_locked(&mut self, lock: Ticket, shared: Option<&str>, now: Timestamp) {
        self.release(Some(lock));
        let Flow::Joining(join) = std::mem::replace(&mut self.flow, Flow::Idle) else {
            return;
        };
        let Step::Looking {
            mut record,
            standing,
            ..
        } = join.step
        else {
            return;
        };
        if shared.is_none() && self.can_read_shared {
            return;
        }
        record.has_siblings = true;
        record.was_copied = false;
        record.moved_to(now);
        self.slot = Slot::Active(Box::new(Active::new(*record, standing)));
        // Who handed it over may have slept past its end.
        if self.limit().is_some_and(|limit| limit.ends_at <= now) {
            self.slot = Slot::Empty;
            return;
        }
        self.plan(now);
        self.mark_own();
        self.save();
        self.ask_family();
    }

    /// There is nothing to join, or the user does something else.
    pub(super) fn join_ends(&mut self) {
        if let Flow::Joining(join) = &self.flow {
            let lock = join.lock();
            self.release(lock);
            self.flow = Flow::Idle;
        }
    }

    pub(super) fn join_timed_out(&mut self, now: Timestamp) {
        let Flow::Joining(join) = &mut self.flow else {
            return;
        };
        let is_late = now.since(join.until) > PUNCTUAL;
        match &mut join.step {
            // The page was frozen: what was answered meanwhile is still to be heard.
            Step::Collecting { prolonged, .. } if is_late && *prolonged < PROLONGED_LIMIT => {
                *prolonged = prolonged.saturating_add(1);
                join.until = now + WHO_PATIENCE;
            }
            Step::Collecting { .. } => self.ask_to_join(now),
            Step::Asking { .. } | Step::Looking { .. } => self.join_ends(),
        }
    }

    // ---- on the other side ----

    /// A new tab asks who is there.
    pub(super) fn say_present(&mut self, question: u64, now: Timestamp) {
        if !self.config.session().share_across_tabs() || self.is_over(now) {
            return;
        }
        if let Slot::Active(active) = &self.slot {
            let provider = active.record.provider.clone();
            self.tell_family(What::Present { question, provider });
        }
    }

    /// A new tab wants this family's tokens.
    pub(super) fn let_in(&mut self, question: u64) {
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        if !self.config.session().share_across_tabs() {
            return;
        }
        // What would be sent without a doubt may be handed over as the newest.
        if active.standing == Standing::LeftHere && !active.record.has_siblings {
            active.standing = Standing::Newest;
        }
        let because = if active.standing == Standing::Newest {
            Because::Asked(question)
        } else {
            Because::Offered(question)
        };
        self.has_met_siblings();
        self.hand_over(because);
    }
}
