//! The sign-in of this tab before the redirect: from the button to the provider's page. What comes
//! after the callback is in `completion`.

use super::completion::Completing;
use super::engine::Engine;
use super::id_token_check::judge_keys;
use super::join::Join;
use super::{Effect, SessionState, Ticket};
use crate::authorization::{Entropy, SignInOptions, Transaction};
use crate::config::ProviderConfig;
use crate::error::{Error, ErrorCode, Phase};
use crate::http::Exchange;
use crate::jose::Jwks;
use crate::metadata::{ProviderMetadata, discovery_request};
use crate::secret::SecretText;
use crate::time::Timestamp;
use std::time::Duration;

/// How long a redirect may take to leave the page before the page is usable again.
const LEAVING_PATIENCE: Duration = Duration::from_secs(20);
/// How long a sign-in waits for the provider's keys before it leaves without them.
const KEYS_PATIENCE: Duration = Duration::from_secs(3);

/// Where the sign-in of this tab stands.
#[derive(Debug)]
pub(super) enum Flow {
    /// There is none.
    Idle,
    /// A new tab looks for a session to take over.
    Joining(Join),
    /// Before the redirect.
    Starting {
        /// The provider's `id`.
        provider: String,
        step: Starting,
    },
    /// After the callback.
    Completing(Completing),
}

/// Steps before the redirect.
#[derive(Debug)]
pub(super) enum Starting {
    /// Waiting for the provider's metadata.
    Discovering {
        ticket: Ticket,
        attempt: Box<Attempt>,
    },
    /// Waiting for the provider's keys, which the callback will want.
    FetchingKeys {
        ticket: Ticket,
        attempt: Box<Attempt>,
        metadata: Box<ProviderMetadata>,
        until: Timestamp,
    },
    /// Waiting for the transaction to be stored.
    Storing {
        ticket: Ticket,
        url: SecretText,
        until: Timestamp,
    },
    /// On the way out.
    Leaving { until: Timestamp },
}

/// What one click brought along.
#[derive(Debug)]
pub(super) struct Attempt {
    options: SignInOptions,
    entropy: Entropy,
}

impl Flow {
    pub(super) fn state(&self) -> Option<SessionState> {
        match self {
            Flow::Idle => None,
            Flow::Starting { provider, .. } => Some(SessionState::SigningIn {
                provider: provider.clone(),
            }),
            Flow::Joining(_) | Flow::Completing(_) => Some(SessionState::Loading),
        }
    }

    pub(super) fn waits_for(&self, answer: Ticket) -> bool {
        match self {
            Flow::Idle => false,
            Flow::Joining(join) => join.waits_for(answer),
            Flow::Starting { step, .. } => match step {
                Starting::Discovering { ticket, .. }
                | Starting::FetchingKeys { ticket, .. }
                | Starting::Storing { ticket, .. } => *ticket == answer,
                Starting::Leaving { .. } => false,
            },
            Flow::Completing(step) => step.waits_for(answer),
        }
    }

    /// Whether a session may be about to begin.
    pub(super) const fn is_completing(&self) -> bool {
        matches!(self, Flow::Completing(_))
    }

    /// The page came back from the back/forward cache: it did not leave after all.
    pub(super) fn came_back(&mut self) {
        if matches!(
            self,
            Flow::Starting {
                step: Starting::Leaving { .. },
                ..
            }
        ) {
            *self = Flow::Idle;
        }
    }

    pub(super) fn timer(&self) -> Option<Timestamp> {
        self.until().copied()
    }

    /// The clock was set back: what is waited for comes as soon as before.
    pub(super) fn set_back(&mut self, by: Duration) {
        let until = match self {
            Flow::Starting { step, .. } => step.until_mut(),
            Flow::Joining(join) => Some(join.until_mut()),
            Flow::Completing(step) => step.until_mut(),
            Flow::Idle => None,
        };
        if let Some(until) = until {
            *until = *until - by;
        }
    }

    fn until(&self) -> Option<&Timestamp> {
        match self {
            Flow::Starting {
                step:
                    Starting::FetchingKeys { until, .. }
                    | Starting::Storing { until, .. }
                    | Starting::Leaving { until },
                ..
            } => Some(until),
            Flow::Joining(join) => Some(join.until()),
            Flow::Completing(step) => step.until(),
            _ => None,
        }
    }
}

impl Starting {
    fn until_mut(&mut self) -> Option<&mut Timestamp> {
        match self {
            Starting::Discovering { .. } => None,
            Starting::FetchingKeys { until, .. }
            | Starting::Storing { until, .. }
            | Starting::Leaving { until } => Some(until),
        }
    }
}

impl Engine {
    pub(super) fn sign_in(
        &mut self,
        provider: &str,
        mut options: SignInOptions,
        entropy: Entropy,
        now: Timestamp,
    ) {
        // Whoever signs in does not want what others have.
        self.join_ends();
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
        let known = by_hand.or_else(|| self.known.metadata(issuer.as_str(), now).cloned());
        options.return_to = options.return_to.or_else(|| self.interrupted.take());
        let attempt = Box::new(Attempt { options, entropy });
        match known {
            Some(metadata) => self.metadata_known(provider.to_owned(), attempt, metadata, now),
            None => {
                let ticket = self.http(discovery_request(&issuer));
                self.starting(
                    provider.to_owned(),
                    Starting::Discovering { ticket, attempt },
                );
            }
        }
    }

    fn starting(&mut self, provider: String, step: Starting) {
        self.flow = Flow::Starting { provider, step };
    }

    fn metadata_known(
        &mut self,
        provider: String,
        attempt: Box<Attempt>,
        metadata: ProviderMetadata,
        now: Timestamp,
    ) {
        let has_keys = self.keys_by_hand(&provider).is_some()
            || self.known.has_recent_keys(metadata.issuer().as_str(), now);
        match metadata.jwks_request() {
            // Fetched now, so that nothing but the code has to be asked for after the callback.
            Some(request) if !has_keys => {
                let ticket = self.http(request);
                let metadata = Box::new(metadata);
                let until = now + KEYS_PATIENCE;
                self.starting(
                    provider,
                    Starting::FetchingKeys {
                        ticket,
                        attempt,
                        metadata,
                        until,
                    },
                );
            }
            _ => self.leave(provider, *attempt, &metadata, now),
        }
    }

    fn leave(
        &mut self,
        provider: String,
        attempt: Attempt,
        metadata: &ProviderMetadata,
        now: Timestamp,
    ) {
        self.store_known(metadata.issuer().as_str());
        let Attempt { options, entropy } = attempt;
        let Some(config) = self.provider(&provider) else {
            return;
        };
        match Transaction::begin(config, metadata, options, entropy, now) {
            Ok((transaction, url)) => {
                let key = self.keys.transaction(transaction.state().expose());
                let ticket = self.store(key, transaction.to_json());
                let until = now + LEAVING_PATIENCE;
                self.starting(provider, Starting::Storing { ticket, url, until });
            }
            Err(error) => self.fail_sign_in(error),
        }
    }

    /// The transaction is stored, or is not: only then may the page leave.
    pub(super) fn flow_stored(&mut self, done: bool) {
        let Flow::Starting { step, .. } = &mut self.flow else {
            return;
        };
        let Starting::Storing { until, url, .. } = step else {
            return;
        };
        if done {
            let url = url.clone();
            *step = Starting::Leaving { until: *until };
            self.effects.push(Effect::Navigate(url));
        } else {
            self.fail_sign_in(
                Error::new(ErrorCode::StorageFull, Phase::Storage)
                    .expected("room in session storage for the sign-in")
                    .came("storage that is full or blocked"),
            );
        }
    }

    pub(super) fn starting_http_done(
        &mut self,
        provider: String,
        step: Starting,
        exchange: &Exchange,
        now: Timestamp,
    ) {
        match step {
            Starting::Discovering { attempt, .. } => {
                let issuer = self
                    .provider(&provider)
                    .map(|config| config.issuer().clone());
                match issuer.map(|issuer| ProviderMetadata::judge(exchange, &issuer)) {
                    Some(Ok(metadata)) => {
                        self.known.set_metadata(metadata.clone(), now);
                        self.metadata_known(provider, attempt, metadata, now);
                    }
                    Some(Err(error)) => self.fail_sign_in(error),
                    None => {}
                }
            }
            Starting::FetchingKeys {
                attempt, metadata, ..
            } => {
                // Without keys the sign-in still goes on: they are asked for again later.
                if let Ok(jwks) = judge_keys(exchange) {
                    self.known.set_keys(metadata.issuer().as_str(), jwks, now);
                }
                self.leave(provider, *attempt, &metadata, now);
            }
            step @ (Starting::Storing { .. } | Starting::Leaving { .. }) => {
                self.starting(provider, step);
            }
        }
    }

    /// Ends the flow with an error; a session that was there before stays.
    pub(super) fn fail_sign_in(&mut self, error: Error) {
        self.flow = Flow::Idle;
        self.notice = Some(error);
    }

    /// The keys that the configuration has for a provider.
    pub(super) fn keys_by_hand(&self, provider: &str) -> Option<Jwks> {
        let by_hand = self.provider(provider).and_then(ProviderConfig::metadata)?;
        Jwks::parse(by_hand.jwks()?).ok()
    }

    /// The keys that are known for an issuer: configured by hand, or remembered.
    pub(super) fn keys_of(&self, provider: &str, issuer: &str) -> Option<Jwks> {
        self.keys_by_hand(provider)
            .or_else(|| self.known.keys(issuer).cloned())
    }

    /// Every sign-in of this tab that is under way is off.
    pub(super) fn forget_transactions(&mut self) {
        self.effects.push(Effect::DeleteAll {
            prefix: self.keys.transactions(),
        });
    }

    /// Something took too long.
    pub(super) fn flow_tick(&mut self, now: Timestamp) {
        if self.flow.timer().is_none_or(|until| until > now) {
            return;
        }
        if matches!(self.flow, Flow::Joining(_)) {
            return self.join_timed_out(now);
        }
        match std::mem::replace(&mut self.flow, Flow::Idle) {
            Flow::Starting {
                provider,
                step:
                    Starting::FetchingKeys {
                        attempt, metadata, ..
                    },
            } => self.leave(provider, *attempt, &metadata, now),
            Flow::Completing(step) => self.completion_timed_out(&step),
            _ => {}
        }
    }
}
