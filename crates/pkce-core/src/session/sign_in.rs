//! The sign-in of this tab: from the button to the redirect, and from the callback to the session.

use super::engine::{Engine, Slot};
use super::id_token_check::{IdTokenCheck, KnownKeys, Step, judge_keys};
use super::record::{Consumed, Record};
use super::{Effect, SessionState, Start, Ticket, User};
use crate::authorization::{Entropy, SignInOptions, Transaction};
use crate::callback::{Callback, Grant, PageAddress, consumed_state, unknown_state};
use crate::config::ProviderConfig;
use crate::encoding::fingerprint;
use crate::error::{Error, ErrorCode, Phase};
use crate::http::Exchange;
use crate::id_token::{Expectations, Occasion, VerifiedIdToken};
use crate::jose::{Jwks, SignatureOutcome};
use crate::metadata::{ProviderMetadata, discovery_request};
use crate::return_to::ReturnTo;
use crate::secret::SecretText;
use crate::time::Timestamp;
use crate::token::{self, TokenResponse};
use std::sync::Arc;
use std::time::Duration;

/// For how long metadata is used for another sign-in without asking again.
const METADATA_LIFETIME: Duration = Duration::from_secs(300);
/// How long a redirect may take to leave the page before the page is usable again.
const LEAVING_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a sign-in waits for the provider's keys before it leaves without them.
const KEYS_PATIENCE: Duration = Duration::from_secs(3);

/// Where the sign-in of this tab stands.
#[derive(Debug)]
pub(super) enum Flow {
    /// There is none.
    Idle,
    /// Before the redirect.
    Starting { provider: String, options: SignInOptions, entropy: Option<Entropy>, step: Starting },
    /// After the callback.
    Completing(Completing),
}

/// Steps before the redirect.
#[derive(Debug)]
pub(super) enum Starting {
    /// Waiting for the provider's metadata.
    Discovering(Ticket),
    /// Waiting for the provider's keys, which the callback will want.
    FetchingKeys { ticket: Ticket, metadata: Box<ProviderMetadata>, until: Timestamp },
    /// Waiting for the transaction to be stored.
    Storing { ticket: Ticket, url: SecretText, until: Timestamp },
    /// On the way out.
    Leaving { until: Timestamp },
}

/// Steps after the callback.
#[derive(Debug)]
pub(super) enum Completing {
    /// Making sure that no other tab sends the same code.
    Locking { ticket: Ticket, grant: Box<Grant> },
    /// Waiting for the tokens.
    Exchanging { ticket: Ticket, transaction: Box<Transaction> },
    /// Verifying the ID token.
    Checking { check: Box<IdTokenCheck>, tokens: Box<TokenResponse>, transaction: Box<Transaction> },
}

impl Flow {
    pub(super) fn state(&self) -> Option<SessionState> {
        match self {
            Flow::Idle => None,
            Flow::Starting { provider, .. } => {
                Some(SessionState::SigningIn { provider: provider.clone() })
            }
            Flow::Completing(_) => Some(SessionState::Loading),
        }
    }

    pub(super) fn waits_for(&self, answer: Ticket) -> bool {
        match self {
            Flow::Idle => false,
            Flow::Starting { step, .. } => match step {
                Starting::Discovering(ticket)
                | Starting::FetchingKeys { ticket, .. }
                | Starting::Storing { ticket, .. } => *ticket == answer,
                Starting::Leaving { .. } => false,
            },
            Flow::Completing(step) => match step {
                Completing::Locking { ticket, .. } | Completing::Exchanging { ticket, .. } => {
                    *ticket == answer
                }
                Completing::Checking { check, .. } => check.waits_for(answer),
            },
        }
    }

    /// The page came back from the back/forward cache: it did not leave after all.
    pub(super) fn came_back(&mut self) {
        if matches!(self, Flow::Starting { step: Starting::Leaving { .. }, .. }) {
            *self = Flow::Idle;
        }
    }

    pub(super) fn timer(&self) -> Option<Timestamp> {
        match self {
            Flow::Starting {
                step:
                    Starting::FetchingKeys { until, .. }
                    | Starting::Storing { until, .. }
                    | Starting::Leaving { until },
                ..
            } => Some(*until),
            _ => None,
        }
    }
}

impl Engine {
    // ---- before the redirect ----

    pub(super) fn sign_in(
        &mut self,
        provider: &str,
        options: SignInOptions,
        entropy: Entropy,
        now: Timestamp,
    ) {
        // One sign-in of a tab at a time: a second click changes nothing.
        if !matches!(self.flow, Flow::Idle) {
            return;
        }
        self.notice = None;
        if let Err(error) = self.check_environment() {
            self.notice = Some(error);
            return;
        }
        let Some(config) = self.provider(provider) else {
            self.notice = Some(
                Error::new(ErrorCode::ConfigInvalidValue, Phase::Authorization)
                    .expected("the id of a configured provider")
                    .came(provider.to_owned()),
            );
            return;
        };
        let issuer = config.issuer().clone();
        let by_hand = config.metadata().map(|by_hand| by_hand.metadata().clone());
        self.flow = Flow::Starting {
            provider: provider.to_owned(),
            options,
            entropy: Some(entropy),
            step: Starting::Leaving { until: now + LEAVING_TIMEOUT },
        };
        let known = by_hand.or_else(|| {
            self.known_metadata
                .iter()
                .rev()
                .find(|(metadata, at)| {
                    *metadata.issuer() == issuer
                        && now.since(*at) < METADATA_LIFETIME
                        && *at < now + Duration::from_secs(1)
                })
                .map(|(metadata, _)| metadata.clone())
        });
        match known {
            Some(metadata) => self.metadata_known(metadata, now),
            None => {
                let ticket = self.http(discovery_request(&issuer));
                self.set_starting(Starting::Discovering(ticket));
            }
        }
    }

    fn set_starting(&mut self, next: Starting) {
        if let Flow::Starting { step, .. } = &mut self.flow {
            *step = next;
        }
    }

    fn metadata_known(&mut self, metadata: ProviderMetadata, now: Timestamp) {
        let Flow::Starting { provider, .. } = &self.flow else { return };
        let has_keys = self.keys_of(provider, metadata.issuer().as_str()).is_some();
        match metadata.jwks_request() {
            // Fetched now, so that nothing but the code has to be asked for after the callback.
            Some(request) if !has_keys => {
                let ticket = self.http(request);
                self.set_starting(Starting::FetchingKeys {
                    ticket,
                    metadata: Box::new(metadata),
                    until: now + KEYS_PATIENCE,
                });
            }
            _ => self.leave(&metadata, now),
        }
    }

    fn leave(&mut self, metadata: &ProviderMetadata, now: Timestamp) {
        self.remember_provider(metadata.issuer().as_str());
        let Flow::Starting { provider, options, entropy, .. } = &mut self.flow else { return };
        let (provider, options, entropy) =
            (provider.clone(), std::mem::take(options), entropy.take());
        let (Some(config), Some(entropy)) = (self.provider(&provider), entropy) else { return };
        match Transaction::begin(config, metadata, options, entropy, now) {
            Ok((transaction, url)) => {
                let key = self.keys.transaction(transaction.state().expose());
                let ticket = self.store(key, transaction.to_json());
                self.set_starting(Starting::Storing { ticket, url, until: now + LEAVING_TIMEOUT });
            }
            Err(error) => self.fail_sign_in(error),
        }
    }

    /// The transaction is stored, or is not: only then may the page leave.
    pub(super) fn flow_stored(&mut self, done: bool) {
        let Flow::Starting { step, .. } = &mut self.flow else { return };
        let Starting::Storing { until, url, .. } = step else { return };
        let (until, url) = (*until, url.clone());
        if done {
            self.set_starting(Starting::Leaving { until });
            self.effects.push(Effect::Navigate(url));
        } else {
            self.fail_sign_in(
                Error::new(ErrorCode::StorageFull, Phase::Storage)
                    .expected("room in session storage for the sign-in")
                    .came("storage that is full or blocked"),
            );
        }
    }

    /// Ends the flow with an error; a session that was there before stays.
    fn fail_sign_in(&mut self, error: Error) {
        self.flow = Flow::Idle;
        self.notice = Some(error);
    }

    // ---- after the callback ----

    /// Looks at the address of the page: is it the answer to a sign-in of this tab?
    pub(super) fn resume_sign_in(&mut self, start: &Start, shared: &Consumed, now: Timestamp) {
        let address = PageAddress {
            path: &start.path,
            query: start.query.expose(),
            fragment: start.fragment.expose(),
        };
        let redirect_uris: Vec<_> =
            self.config.providers().iter().map(|p| p.redirect_uri().clone()).collect();
        let is_sign_out_return = self
            .config
            .providers()
            .iter()
            .any(|p| address.is_sign_out_return(p.post_logout_redirect_uri()));
        let is_callback =
            !is_sign_out_return && redirect_uris.iter().any(|uri| address.is_callback(uri));
        if is_callback || is_sign_out_return {
            // Before anything else: no code may stay where a script, a referrer or a person finds
            // it (RFC 9700 4.3.1).
            self.effects.push(Effect::ReplaceUrl { target: address.cleaned(), route: false });
        }
        let prefix = self.keys.transactions();
        let mut found = None;
        let callback = is_callback.then(|| Callback::read(address));
        let state = match &callback {
            Some(Ok(callback)) => Some(callback.state().clone()),
            _ => None,
        };
        for (key, value) in &start.stored {
            let Some(name) = key.strip_prefix(&prefix) else { continue };
            let transaction = Transaction::from_json(value.expose(), &self.page_origin);
            let is_answered = state.as_ref().is_some_and(|state| state.expose() == name);
            match transaction {
                Some(transaction) if is_answered => found = Some(transaction),
                // Other attempts of this tab, unless they are too old or damaged.
                Some(transaction) if !transaction.is_expired(now) => continue,
                _ => {}
            }
            self.effects.push(Effect::Delete { key: key.clone() });
        }
        let (callback, state) = match (callback, state) {
            (Some(Ok(callback)), Some(state)) => (callback, state),
            (Some(Err(error)), _) => return self.fail_sign_in(error),
            _ => return,
        };
        let hash = fingerprint(state.expose());
        let Some(transaction) = found else {
            let was_consumed = self.consumed.contains(&hash) || shared.contains(&hash);
            return match (&self.slot, was_consumed) {
                (Slot::Active(_), true) => self.go_to(ReturnTo::home().as_str()),
                (_, true) => self.fail_sign_in(consumed_state()),
                (_, false) => self.fail_sign_in(unknown_state()),
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
        match callback.judge(transaction, now) {
            Ok(grant) => {
                let ticket = self.ticket();
                self.effects.push(Effect::Lock {
                    ticket,
                    name: self.keys.lock(&hash),
                    read: self.keys.consumed(),
                });
                self.flow = Flow::Completing(Completing::Locking { ticket, grant: Box::new(grant) });
            }
            Err(error) => self.fail_sign_in(error),
        }
    }

    /// Under the lock: sends the code unless a copy of this tab has done so.
    pub(super) fn flow_locked(&mut self, lock: Ticket, shared: Option<&str>) {
        let Flow::Completing(Completing::Locking { grant, .. }) =
            std::mem::replace(&mut self.flow, Flow::Idle)
        else {
            return;
        };
        let hash = fingerprint(grant.transaction.state().expose());
        let mut consumed = Consumed::parse(shared);
        if consumed.contains(&hash) {
            self.effects.push(Effect::Unlock { ticket: lock });
            return self.fail_sign_in(consumed_state());
        }
        consumed.insert(&hash);
        self.effects.push(Effect::Share {
            key: self.keys.consumed(),
            value: Some(consumed.to_json()),
        });
        // The mark is set; what follows concerns this tab alone.
        self.effects.push(Effect::Unlock { ticket: lock });
        let ticket = self.http(token::exchange_request(&grant));
        let transaction = Box::new(grant.transaction);
        self.flow = Flow::Completing(Completing::Exchanging { ticket, transaction });
    }

    pub(super) fn flow_http_done(&mut self, exchange: &Exchange, now: Timestamp) {
        match std::mem::replace(&mut self.flow, Flow::Idle) {
            Flow::Starting { provider, options, entropy, step } => {
                let metadata = match step {
                    Starting::FetchingKeys { metadata, .. } => Some(metadata),
                    _ => None,
                };
                let issuer = self.provider(&provider).map(|config| config.issuer().clone());
                self.flow = Flow::Starting {
                    provider,
                    options,
                    entropy,
                    step: Starting::Leaving { until: now + LEAVING_TIMEOUT },
                };
                match (metadata, issuer) {
                    (Some(metadata), _) => {
                        // Without keys the sign-in still goes on: they are asked for again later.
                        if let Ok(jwks) = judge_keys(exchange) {
                            let issuer = metadata.issuer().as_str().to_owned();
                            self.known_keys = Some(KnownKeys { issuer, jwks });
                        }
                        self.leave(&metadata, now);
                    }
                    (None, Some(issuer)) => match ProviderMetadata::judge(exchange, &issuer) {
                        Ok(metadata) => {
                            self.known_metadata.retain(|(known, _)| known.issuer() != metadata.issuer());
                            self.known_metadata.push((metadata.clone(), now));
                            self.metadata_known(metadata, now);
                        }
                        Err(error) => self.fail_sign_in(error),
                    },
                    (None, None) => self.flow = Flow::Idle,
                }
            }
            Flow::Completing(Completing::Exchanging { transaction, .. }) => {
                match token::judge(exchange, Phase::Token) {
                    Ok(tokens) => self.tokens_came(tokens, transaction, now),
                    Err(error) => self.fail_sign_in(error),
                }
            }
            Flow::Completing(Completing::Checking { mut check, tokens, transaction }) => {
                let ticket = self.ticket();
                let step = check.keys_came(exchange, ticket);
                self.check_goes_on(step, check, tokens, transaction, now);
            }
            other => self.flow = other,
        }
    }

    fn tokens_came(
        &mut self,
        tokens: TokenResponse,
        transaction: Box<Transaction>,
        now: Timestamp,
    ) {
        let Some(raw) = tokens.id_token.clone() else {
            return self.fail_sign_in(
                Error::new(ErrorCode::IdTokenMissing, Phase::IdToken)
                    .expected("an id_token in the token response (Core 3.1.3.3)")
                    .came("none"),
            );
        };
        match IdTokenCheck::new(&raw, transaction.metadata.clone()) {
            Ok(mut check) => {
                let jwks = self.keys_of(&transaction.provider, transaction.metadata.issuer().as_str());
                let ticket = self.ticket();
                let step = check.begin(jwks.as_ref(), ticket);
                self.check_goes_on(step, Box::new(check), Box::new(tokens), transaction, now);
            }
            Err(error) => self.fail_sign_in(error),
        }
    }

    /// The keys that are known for an issuer: configured by hand, or remembered.
    pub(super) fn keys_of(&self, provider: &str, issuer: &str) -> Option<Jwks> {
        let by_hand = self.provider(provider).and_then(ProviderConfig::metadata);
        by_hand.and_then(|by_hand| Jwks::parse(by_hand.jwks()?).ok()).or_else(|| {
            let remembered = self.known_keys.as_ref().filter(|known| known.issuer == issuer);
            remembered.map(|known| known.jwks.clone())
        })
    }

    pub(super) fn flow_verified(&mut self, outcome: SignatureOutcome, now: Timestamp) {
        let Flow::Completing(Completing::Checking { mut check, tokens, transaction }) =
            std::mem::replace(&mut self.flow, Flow::Idle)
        else {
            return;
        };
        let expected = Expectations {
            issuer: transaction.metadata.issuer().as_str(),
            client_id: &transaction.client_id,
            access_token: Some(&tokens.access_token),
            occasion: Occasion::SignIn {
                nonce: &transaction.nonce,
                max_age: transaction.max_age,
                acr_values: transaction.acr_values.as_deref(),
            },
        };
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
                self.flow = Flow::Completing(Completing::Checking { check, tokens, transaction });
            }
            Step::Done(id_token) => {
                self.remember_keys(transaction.metadata.issuer().as_str(), check.fetched.clone());
                self.signed_in(*id_token, *tokens, *transaction, now);
            }
            // The tokens are dropped with this.
            Step::Failed(error) | Step::Unreachable(error) => self.fail_sign_in(error),
        }
    }

    /// Keys that were fetched for a token and proved right.
    pub(super) fn remember_keys(&mut self, issuer: &str, fetched: Option<Jwks>) {
        if let Some(jwks) = fetched {
            self.known_keys = Some(KnownKeys { issuer: issuer.to_owned(), jwks });
            self.remember_provider(issuer);
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
        let Some(raw_id_token) = tokens.id_token.clone() else { return };
        // Names the sign-in for its tabs; the state was random, and is worth nothing any more.
        let family = fingerprint(&format!("family {}", transaction.state.expose()));
        let record = Record {
            provider: transaction.provider,
            client_id: transaction.client_id,
            metadata: transaction.metadata,
            family,
            generation: 0,
            access_token: tokens.access_token,
            token_type: tokens.token_type,
            received_at: now,
            lifetime: tokens.expires_in,
            refresh_token: tokens.refresh_token,
            unanswered: false,
            scope: tokens.scope.unwrap_or(transaction.scope),
            resource: transaction.resource,
            raw_id_token,
            user: User { id_token: Arc::new(id_token), userinfo: None, userinfo_text: None },
            signed_in_at: now,
            active_at: now,
        };
        self.replace_session();
        self.adopt(record, now);
        self.save(true);
        self.ask_userinfo();
        self.go_to(transaction.return_to.as_str());
    }

    fn go_to(&mut self, target: &str) {
        self.effects.push(Effect::ReplaceUrl { target: target.to_owned(), route: true });
    }

    /// Every sign-in of this tab that is under way is off.
    pub(super) fn forget_transactions(&mut self) {
        self.effects.push(Effect::DeleteAll { prefix: self.keys.transactions() });
    }

    /// Something took too long.
    pub(super) fn flow_tick(&mut self, now: Timestamp) {
        let Flow::Starting { step, .. } = &mut self.flow else { return };
        match step {
            Starting::FetchingKeys { until, metadata, .. } if *until <= now => {
                let metadata = metadata.clone();
                self.leave(&metadata, now);
            }
            Starting::Storing { until, .. } | Starting::Leaving { until } if *until <= now => {
                self.flow = Flow::Idle;
            }
            _ => {}
        }
    }
}
