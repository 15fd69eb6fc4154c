//! The verification of one ID token as steps: keys, signature, claims. Shared by sign-in and renewal.

use super::{Effect, Ticket};
use crate::error::{Error, ErrorCode, Phase};
use crate::http::Exchange;
use crate::id_token::{Expectations, PendingIdToken, UnverifiedIdToken, VerifiedIdToken};
use crate::jose::{Jwks, SignatureAlgorithm, SignatureOutcome};
use crate::metadata::ProviderMetadata;
use crate::secret::RawIdToken;
use crate::time::Timestamp;

/// The JWKS of an answer.
pub(super) fn judge_keys(exchange: &Exchange) -> Result<Jwks, Error> {
    Jwks::judge(exchange)
}

/// What the check needs next.
pub(super) enum Step {
    /// Perform this and wait.
    Wait(Effect),
    /// The token is good.
    Done(Box<VerifiedIdToken>),
    /// The token is bad.
    Failed(Error),
    /// The keys could not be fetched; the token may be good.
    Unreachable(Error),
}

/// One ID token on its way to being believed.
#[derive(Debug)]
pub(super) struct IdTokenCheck {
    token: UnverifiedIdToken,
    metadata: ProviderMetadata,
    /// Keys fetched for this very check; they are worth remembering, and final.
    pub(super) fetched: Option<Jwks>,
    waiting: Waiting,
}

#[derive(Debug)]
enum Waiting {
    Nothing,
    Keys(Ticket),
    Signature {
        ticket: Ticket,
        pending: PendingIdToken,
        outcomes: Vec<SignatureOutcome>,
    },
}

impl IdTokenCheck {
    pub(super) fn new(raw: &RawIdToken, metadata: ProviderMetadata) -> Result<Self, Error> {
        let token = UnverifiedIdToken::parse(raw)?;
        Ok(Self {
            token,
            metadata,
            fetched: None,
            waiting: Waiting::Nothing,
        })
    }

    /// When the token says that it was issued, which nobody has vouched for yet.
    pub(super) fn claimed_issued_at(&self) -> Option<Timestamp> {
        self.token.claimed_issued_at()
    }

    /// Begins, with the keys that are known already.
    pub(super) fn begin(&mut self, known: Option<&Jwks>, ticket: Ticket) -> Step {
        match known {
            Some(jwks) => self.try_keys(jwks, ticket),
            None => self.fetch_keys(ticket),
        }
    }

    /// Whether an answer with this ticket is for this check.
    pub(super) fn waits_for(&self, answer: Ticket) -> bool {
        match &self.waiting {
            Waiting::Nothing => false,
            Waiting::Keys(ticket) | Waiting::Signature { ticket, .. } => *ticket == answer,
        }
    }

    /// The JWKS came, or did not. `ticket` is for what is asked next.
    pub(super) fn keys_came(&mut self, exchange: &Exchange, ticket: Ticket) -> Step {
        self.waiting = Waiting::Nothing;
        match judge_keys(exchange) {
            Ok(jwks) => {
                self.fetched = Some(jwks.clone());
                self.try_keys(&jwks, ticket)
            }
            Err(error) => Step::Unreachable(error),
        }
    }

    /// The browser checked a signature. `ticket` is for what is asked next.
    pub(super) fn signature_checked(
        &mut self,
        outcome: SignatureOutcome,
        expected: &Expectations<'_>,
        now: Timestamp,
        ticket: Ticket,
    ) -> Step {
        let waiting = std::mem::replace(&mut self.waiting, Waiting::Nothing);
        let Waiting::Signature {
            pending,
            mut outcomes,
            ..
        } = waiting
        else {
            return Step::Failed(Error::new(ErrorCode::IdTokenSignature, Phase::IdToken));
        };
        outcomes.push(outcome);
        if outcome != SignatureOutcome::Valid && outcomes.len() < pending.requests().len() {
            return self.check_next(pending, outcomes, ticket);
        }
        match pending.verify(&outcomes, expected, now) {
            Ok(verified) => Step::Done(Box::new(verified)),
            // Remembered keys may be older than the token: a provider may change a key in place.
            Err(error) if newer_keys_may_help(&error) && self.may_fetch() => {
                self.fetch_keys(ticket)
            }
            Err(error) => Step::Failed(error),
        }
    }

    fn may_fetch(&self) -> bool {
        self.fetched.is_none() && self.metadata.jwks_uri().is_some()
    }

    fn try_keys(&mut self, jwks: &Jwks, ticket: Ticket) -> Step {
        let allowed = allowed_algorithms(&self.metadata);
        match self.token.candidates(jwks, allowed.as_deref()) {
            Ok(pending) => self.check_next(pending, Vec::new(), ticket),
            // Unknown key, or one replaced in place by a key of another size: the provider may have
            // rotated. Asked again once for each token.
            Err(error) if newer_keys_may_help(&error) && self.may_fetch() => {
                self.fetch_keys(ticket)
            }
            Err(error) => Step::Failed(error),
        }
    }

    fn check_next(
        &mut self,
        pending: PendingIdToken,
        outcomes: Vec<SignatureOutcome>,
        ticket: Ticket,
    ) -> Step {
        let Some(request) = pending.requests().get(outcomes.len()).cloned() else {
            return Step::Failed(Error::new(ErrorCode::IdTokenKeyUnknown, Phase::IdToken));
        };
        self.waiting = Waiting::Signature {
            ticket,
            pending,
            outcomes,
        };
        Step::Wait(Effect::Verify { ticket, request })
    }

    fn fetch_keys(&mut self, ticket: Ticket) -> Step {
        match self.metadata.jwks_request() {
            Some(request) => {
                self.waiting = Waiting::Keys(ticket);
                Step::Wait(Effect::Http {
                    ticket,
                    request,
                    keepalive: false,
                })
            }
            None => Step::Failed(
                Error::new(ErrorCode::IdTokenKeyUnknown, Phase::IdToken)
                    .expected("a key of the configured JWKS that fits the ID token")
                    .came("none, and there is no jwks_uri to fetch newer ones from"),
            ),
        }
    }
}

fn newer_keys_may_help(error: &Error) -> bool {
    matches!(
        error.code(),
        ErrorCode::IdTokenKeyUnknown | ErrorCode::IdTokenSignature
    )
}

/// The metadata's algorithms, as far as they are ours; a list of none of ours forbids nothing,
/// since odd metadata does not stop a sign-in.
fn allowed_algorithms(metadata: &ProviderMetadata) -> Option<Vec<SignatureAlgorithm>> {
    let names = metadata.id_token_signing_alg_values_supported()?;
    let known: Vec<_> = names
        .iter()
        .filter_map(|name| SignatureAlgorithm::from_name(name))
        .collect();
    (!known.is_empty()).then_some(known)
}
