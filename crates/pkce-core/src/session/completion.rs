//! The sign-in of this tab after the redirect: from the callback to the session.

use super::engine::{Engine, Slot};
use super::id_token_check::{IdTokenCheck, Step};
use super::record::{Consumed, Record};
use super::sign_in::Flow;
use super::{Effect, Start, Ticket, User};
use crate::authorization::Transaction;
use crate::callback::{Callback, Grant, PageAddress, consumed_state, unknown_state};
use crate::encoding::fingerprint;
use crate::error::{Error, ErrorCode, Phase};
use crate::http::Exchange;
use crate::id_token::VerifiedIdToken;
use crate::jose::SignatureOutcome;
use crate::return_to::ReturnTo;
use crate::secret::SecretText;
use crate::time::Timestamp;
use crate::token::{self, TokenResponse};
use std::sync::Arc;
use std::time::Duration;

/// How long the wait for a lock may take. A copy of this tab holds it while it sends the code.
const LOCK_PATIENCE: Duration = Duration::from_secs(35);

/// How long the mark of a spent code may take to be seen by other processes.
const MARK_DELAY: Duration = Duration::from_millis(500);

/// Steps after the callback.
#[derive(Debug)]
pub(super) enum Completing {
    /// Making sure that no other tab sends the same code.
    Locking {
        ticket: Ticket,
        /// The lock of this very sign-in, once it is held.
        own: Option<Ticket>,
        grant: Box<Grant>,
        until: Timestamp,
    },
    /// Waiting for the tokens.
    Exchanging {
        ticket: Ticket,
        /// The lock of this very sign-in.
        own: Ticket,
        transaction: Box<Transaction>,
    },
    /// Verifying the ID token.
    Checking {
        check: Box<IdTokenCheck>,
        tokens: Box<TokenResponse>,
        transaction: Box<Transaction>,
    },
}

impl Completing {
    pub(super) fn waits_for(&self, answer: Ticket) -> bool {
        match self {
            Completing::Locking { ticket, .. } | Completing::Exchanging { ticket, .. } => {
                *ticket == answer
            }
            Completing::Checking { check, .. } => check.waits_for(answer),
        }
    }

    pub(super) fn until(&self) -> Option<&Timestamp> {
        match self {
            Completing::Locking { until, .. } => Some(until),
            _ => None,
        }
    }

    pub(super) fn until_mut(&mut self) -> Option<&mut Timestamp> {
        match self {
            Completing::Locking { until, .. } => Some(until),
            _ => None,
        }
    }

    /// The locks that are wanted or held.
    pub(super) fn locks(&self) -> impl Iterator<Item = Ticket> {
        let (wanted, held) = match self {
            Completing::Locking { ticket, own, .. } => (Some(*ticket), *own),
            Completing::Exchanging { own, .. } => (None, Some(*own)),
            Completing::Checking { .. } => (None, None),
        };
        wanted.into_iter().chain(held)
    }
}

impl Engine {
    /// Reads what the protocol put into the address, and takes it out of there before anything
    /// else happens: no code may stay where a script, a referrer or a person finds it
    /// (RFC 9700 4.3.1).
    pub(super) fn tidy_address(&mut self, start: &Start) -> Option<Result<Callback, Error>> {
        let address = PageAddress {
            path: &start.path,
            query: start.query.expose(),
            fragment: start.fragment.expose(),
        };
        let providers = self.config.providers();
        let is_sign_out_return = providers
            .iter()
            .any(|provider| address.is_sign_out_return(provider.post_logout_redirect_uri()));
        let is_callback = !is_sign_out_return
            && providers
                .iter()
                .any(|provider| address.is_callback(provider.redirect_uri()));
        if is_callback || is_sign_out_return {
            self.effects.push(Effect::ReplaceUrl {
                target: address.cleaned(),
                route: false,
            });
        }
        is_callback.then(|| Callback::read(address))
    }

    /// Deletes the transactions that are of no use any more, and returns the answered one.
    fn take_transaction(
        &mut self,
        start: &Start,
        callback: Option<&Callback>,
        now: Timestamp,
    ) -> Option<Transaction> {
        let prefix = self.keys.transactions();
        let mut found = None;
        for (key, value) in &start.stored {
            let Some(name) = key.strip_prefix(&prefix) else {
                continue;
            };
            let transaction = Transaction::from_json(value.expose(), &self.page_origin);
            let is_answered = callback.is_some_and(|callback| callback.state().expose() == name);
            match transaction {
                Some(transaction) if is_answered => found = Some(transaction),
                // Other attempts of this tab, unless they are too old or damaged.
                Some(transaction) if !transaction.is_expired(now) => continue,
                _ => {}
            }
            self.effects.push(Effect::Delete { key: key.clone() });
        }
        found
    }

    /// Is the address of the page the answer to a sign-in of this tab?
    pub(super) fn resume_sign_in(
        &mut self,
        start: &Start,
        callback: Option<Result<Callback, Error>>,
        now: Timestamp,
    ) {
        let found = self.take_transaction(
            start,
            callback.as_ref().and_then(|read| read.as_ref().ok()),
            now,
        );
        let callback = match callback {
            Some(Ok(callback)) => callback,
            Some(Err(error)) => return self.fail_sign_in(error),
            None => return,
        };
        let hash = fingerprint(callback.state().expose());
        let Some(transaction) = found else {
            let shared = Consumed::parse(start.shared_entry(&self.keys.consumed()));
            return if self.consumed.contains(&hash) || shared.contains(&hash) {
                self.refuse_consumed();
            } else {
                self.fail_sign_in(unknown_state());
            };
        };
        self.consumed.insert(&hash);
        let consumed = SecretText::new(self.consumed.to_json());
        self.store(self.keys.consumed(), consumed);
        if self.provider(&transaction.provider).is_none_or(|config| {
            config.client_id().as_str() != transaction.client_id
                || config.issuer() != transaction.metadata.issuer()
        }) {
            return self.fail_sign_in(unknown_state());
        }
        // Another try after a failure ends where this one would have.
        self.interrupted = Some(transaction.return_to.clone());
        match callback.judge(transaction, now) {
            Ok(grant) => {
                let until = now + LOCK_PATIENCE;
                self.want_lock(&hash, None, Box::new(grant), until);
            }
            Err(error) => self.fail_sign_in(error),
        }
    }

    /// The answer was used before: home for who is signed in, else an offer to sign in.
    fn refuse_consumed(&mut self) {
        self.flow = Flow::Idle;
        if matches!(self.slot, Slot::Active(_)) {
            self.go_to(ReturnTo::home().as_str());
        } else {
            self.fail_sign_in(consumed_state());
        }
    }

    fn want_lock(&mut self, name: &str, own: Option<Ticket>, grant: Box<Grant>, until: Timestamp) {
        let ticket = self.lock(name, self.keys.consumed());
        self.flow = Flow::Completing(Completing::Locking {
            ticket,
            own,
            grant,
            until,
        });
    }

    /// Under the lock: sends the code unless a copy of this tab has done so.
    pub(super) fn flow_locked(&mut self, lock: Ticket, shared: Option<&str>) {
        let Flow::Completing(Completing::Locking {
            own, grant, until, ..
        }) = std::mem::replace(&mut self.flow, Flow::Idle)
        else {
            return;
        };
        let hash = fingerprint(grant.transaction.state().expose());
        let mut consumed = Consumed::parse(shared);
        if consumed.contains(&hash) {
            self.release(own);
            self.release(Some(lock));
            return self.refuse_consumed();
        }
        let Some(own) = own else {
            // Another one, which all share: the list of marks is read and written as a whole.
            return self.want_lock("consumed", Some(lock), grant, until);
        };
        consumed.insert(&hash);
        self.effects.push(Effect::Share {
            key: self.keys.consumed(),
            value: Some(consumed.to_json()),
        });
        self.release(Some(lock));
        let (request, transaction) = token::exchange_request(*grant);
        let ticket = self.http(request);
        let transaction = Box::new(transaction);
        self.flow = Flow::Completing(Completing::Exchanging {
            ticket,
            own,
            transaction,
        });
    }

    /// Lets a lock go once other processes have had the time to see what was written under it.
    pub(super) fn release_later(&mut self, lock: Ticket, now: Timestamp) {
        let before = self.lingering.replace((lock, now + MARK_DELAY));
        self.release(before.map(|(lock, _)| lock));
    }

    /// Lets the lock go whose time has come.
    pub(super) fn release_due(&mut self, now: Timestamp) {
        if let Some((lock, at)) = self.lingering
            && at <= now
        {
            self.lingering = None;
            self.release(Some(lock));
        }
    }

    pub(super) fn completion_timed_out(&mut self, step: &Completing) {
        step.locks().for_each(|lock| self.release(Some(lock)));
        self.fail_sign_in(
            Error::new(ErrorCode::Timeout, Phase::Callback)
                .expected("the browser's lock within 35 seconds")
                .came("none in time"),
        );
    }

    pub(super) fn completing_http_done(
        &mut self,
        step: Completing,
        exchange: &Exchange,
        now: Timestamp,
    ) {
        match step {
            Completing::Exchanging {
                own, transaction, ..
            } => {
                self.release_later(own, now);
                match token::judge(exchange, Phase::Token) {
                    Ok(tokens) => self.tokens_came(tokens, transaction, now),
                    Err(error) => self.fail_sign_in(error),
                }
            }
            Completing::Checking {
                mut check,
                tokens,
                transaction,
            } => {
                let ticket = self.ticket();
                let step = check.keys_came(exchange, ticket);
                self.check_goes_on(step, check, tokens, transaction, now);
            }
            step @ Completing::Locking { .. } => self.flow = Flow::Completing(step),
        }
    }

    fn tokens_came(
        &mut self,
        tokens: TokenResponse,
        transaction: Box<Transaction>,
        now: Timestamp,
    ) {
        let Some(raw) = &tokens.id_token else {
            return self.fail_sign_in(
                Error::new(ErrorCode::IdTokenMissing, Phase::IdToken)
                    .expected("an id_token in the token response (Core 3.1.3.3)")
                    .came("none"),
            );
        };
        match IdTokenCheck::new(raw, transaction.metadata.clone()) {
            Ok(mut check) => {
                let issuer = transaction.metadata.issuer().as_str();
                let keys = self.keys_of(&transaction.provider, issuer);
                let ticket = self.ticket();
                let step = check.begin(keys.as_ref(), ticket);
                self.check_goes_on(step, Box::new(check), Box::new(tokens), transaction, now);
            }
            Err(error) => self.fail_sign_in(error),
        }
    }

    pub(super) fn flow_verified(&mut self, outcome: SignatureOutcome, now: Timestamp) {
        let Flow::Completing(Completing::Checking {
            mut check,
            tokens,
            transaction,
        }) = std::mem::replace(&mut self.flow, Flow::Idle)
        else {
            return;
        };
        let expected = transaction.expectations(&tokens.access_token);
        let ticket = self.ticket();
        let step = check.signature_checked(outcome, &expected, now, ticket);
        self.check_goes_on(step, check, tokens, transaction, now);
    }

    fn check_goes_on(
        &mut self,
        step: Step,
        check: Box<IdTokenCheck>,
        tokens: Box<TokenResponse>,
        transaction: Box<Transaction>,
        now: Timestamp,
    ) {
        match step {
            Step::Wait(effect) => {
                self.effects.push(effect);
                self.flow = Flow::Completing(Completing::Checking {
                    check,
                    tokens,
                    transaction,
                });
            }
            Step::Done(id_token) => {
                self.learn_keys(transaction.metadata.issuer().as_str(), *check, now);
                self.signed_in(*id_token, *tokens, *transaction, now);
            }
            // The tokens are dropped with this.
            Step::Failed(error) | Step::Unreachable(error) => self.fail_sign_in(error),
        }
    }

    /// Remembers keys that were fetched for a token and proved right.
    pub(super) fn learn_keys(&mut self, issuer: &str, check: IdTokenCheck, now: Timestamp) {
        if let Some(keys) = check.fetched {
            self.known.set_keys(issuer, keys, now);
            self.store_known(issuer);
        }
    }

    fn signed_in(
        &mut self,
        id_token: VerifiedIdToken,
        tokens: TokenResponse,
        transaction: Transaction,
        now: Timestamp,
    ) {
        self.flow = Flow::Idle;
        self.notice = None;
        self.interrupted = None;
        let Some(raw_id_token) = tokens.id_token else {
            return;
        };
        // Names the sign-in for its tabs: two copies of a tab that each completed it are two.
        let family = fingerprint(&format!("family {}", raw_id_token.expose()));
        let record = Record {
            provider: transaction.provider,
            client_id: transaction.client_id,
            metadata: transaction.metadata,
            family,
            generation: 0,
            access_generation: 0,
            access_token: tokens.access_token,
            token_type: tokens.token_type,
            received_at: now,
            lifetime: tokens.expires_in,
            refresh_token: tokens.refresh_token,
            unanswered: false,
            scope: tokens.scope.unwrap_or(transaction.scope),
            resource: transaction.resource,
            raw_id_token,
            user: User {
                id_token: Arc::new(id_token),
                userinfo: None,
                userinfo_text: None,
            },
            signed_in_at: now,
            active_at: now,
            has_siblings: false,
            was_copied: false,
        };
        self.app_state = transaction.app_state;
        self.replace_session();
        self.adopt(record, now);
        self.share_family();
        self.mark_own();
        self.save();
        self.ask_userinfo();
        self.go_to(transaction.return_to.as_str());
    }

    fn go_to(&mut self, target: &str) {
        self.effects.push(Effect::ReplaceUrl {
            target: target.to_owned(),
            route: true,
        });
    }
}
