//! What a failed renewal means (protocol rule 26): the end, a stop, or another try.

use super::Ticket;
use super::engine::{Engine, Slot};
use super::renewal::{Cause, Fresh, Refresh};
use crate::error::{Error, ErrorCode, Phase};
use crate::http::{Exchange, TransportFault};
use crate::time::{Timestamp, part};
use std::time::Duration;

/// The first pause after a failure; each further one is twice as long.
pub(super) const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause, unless the server asks for more.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How often in a row one refresh token is sent without any answer.
const UNANSWERED_LIMIT: u32 = 10;

/// What a failed renewal means for the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It is over.
    Final,
    /// It goes on until the access token expires; something has to change before it makes sense to
    /// try again.
    Stop {
        /// The network may be what has to change.
        may_pass: bool,
    },
    /// It goes on, and the renewal is tried again.
    Passing(Cause),
}

/// The provider's word first, then the status.
fn verdict(error: &Error, exchange: &Exchange) -> Verdict {
    let status = exchange.as_ref().map_or(0, |response| response.status);
    let is_refusal = (400..500).contains(&status) && !matches!(status, 408 | 429);
    match error.code() {
        ErrorCode::InvalidGrant => Verdict::Final,
        ErrorCode::TemporarilyUnavailable
        | ErrorCode::ServerError
        | ErrorCode::ServiceUnavailable => Verdict::Passing(Cause::Answered),
        ErrorCode::InvalidClient
        | ErrorCode::UnauthorizedClient
        | ErrorCode::InvalidScope
        | ErrorCode::InvalidTarget
        | ErrorCode::UnsupportedGrantType => Verdict::Stop { may_pass: false },
        // Tokens came, of a kind that this client cannot use.
        ErrorCode::TokenTypeUnsupported => Verdict::Stop { may_pass: false },
        // The address is wrong, or a portal is in the way: the body is not sent there again and
        // again.
        ErrorCode::UnexpectedRedirect => Verdict::Stop { may_pass: true },
        _ if is_refusal => Verdict::Final,
        _ if matches!(exchange, Err(TransportFault::Network { online: false })) => {
            Verdict::Passing(Cause::Offline)
        }
        // No answer, a portal's page, or an answer cut short: the server may have spent the token.
        ErrorCode::NetworkError
        | ErrorCode::Timeout
        | ErrorCode::ResponseTooLarge
        | ErrorCode::InvalidJson
        | ErrorCode::UnexpectedContentType
        | ErrorCode::UnexpectedStatus
        | ErrorCode::TokenResponseInvalid => Verdict::Passing(Cause::Unanswered),
        // The provider said no, in words of its own or with status 200.
        _ => Verdict::Final,
    }
}

impl Engine {
    pub(super) fn renewal_failed(
        &mut self,
        lock: Ticket,
        error: Error,
        exchange: &Exchange,
        was_unanswered: bool,
        now: Timestamp,
    ) {
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        match verdict(&error, exchange) {
            Verdict::Final => {
                let code = if was_unanswered {
                    ErrorCode::RefreshAnswerLost
                } else {
                    ErrorCode::SessionRefused
                };
                self.end_refused(error.with_code(code));
                self.release_shared(Some(lock), now);
            }
            Verdict::Stop { may_pass } => {
                // The request was answered: nothing new is in doubt, and nothing will change by
                // itself.
                active.record.unanswered = was_unanswered;
                self.save();
                self.share_family();
                self.release_shared(Some(lock), now);
                self.stop_renewal(error, may_pass, now);
            }
            Verdict::Passing(cause) => {
                active.record.unanswered = was_unanswered || cause != Cause::Answered;
                self.save();
                self.share_family();
                // Nobody sends it again who cannot know yet that it was sent.
                self.release_later(lock, now);
                self.pause_renewal(error, cause, now);
            }
        }
    }

    /// Tries again later; or not, where nobody answers and there is no valid token left to live on.
    pub(super) fn pause_renewal(&mut self, error: Error, cause: Cause, now: Timestamp) {
        let is_answered = cause == Cause::Answered;
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        active.failures = active.failures.saturating_add(1);
        let failures = active.failures;
        let expires_at = active.record.expires_at();
        let is_valid = expires_at.is_some_and(|at| now < at);
        if !is_answered && failures >= UNANSWERED_LIMIT && !is_valid {
            return self.stop_renewal(error, true, now);
        }
        let mut at = now + self.pause(failures, &error);
        if let Some(expires_at) =
            expires_at.filter(|_| !is_answered && failures >= UNANSWERED_LIMIT)
        {
            // Many in a row, long before it matters: once more when it does.
            at = at.max(expires_at);
        }
        self.set_refresh(Refresh::Waiting {
            at,
            since: now,
            error: error.clone(),
            cause,
        });
        self.tell_expired(&error, now);
        self.give_up_waiters(&error, now);
    }

    /// The new access token is withheld until its ID token can be checked.
    pub(super) fn withhold(&mut self, tokens: Box<Fresh>, error: Error, now: Timestamp) {
        // Whatever failed, it is the renewal that waits for it.
        let error = error.in_phase(Phase::Refresh);
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        active.failures = active.failures.saturating_add(1);
        let failures = active.failures;
        let at = now + self.pause(failures, &error);
        self.set_refresh(Refresh::Withheld {
            at,
            tokens,
            error: error.clone(),
        });
        self.tell_expired(&error, now);
        self.give_up_waiters(&error, now);
    }

    fn stop_renewal(&mut self, error: Error, is_passing: bool, now: Timestamp) {
        self.set_refresh(Refresh::Stopped {
            error: error.clone(),
            is_passing,
        });
        if let Slot::Active(active) = &mut self.slot {
            active.was_told = true;
        }
        self.notice = Some(error.clone());
        self.give_up_waiters(&error, now);
    }

    /// Tells the user, once, that there is no valid token any more.
    pub(super) fn tell_expired(&mut self, error: &Error, now: Timestamp) {
        if let Slot::Active(active) = &mut self.slot
            && !active.was_told
            && !active.record.is_valid_for(Duration::ZERO, now)
        {
            active.was_told = true;
            self.notice = Some(error.clone());
        }
    }

    /// The pause after so many failures: doubled each time, capped, with jitter, never shorter than
    /// the server asked for.
    fn pause(&mut self, failures: u32, error: &Error) -> Duration {
        let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(10));
        let pause = doubled.min(LONGEST_PAUSE);
        let pause = part(pause.saturating_mul(3), 4).saturating_add(self.jitter(part(pause, 2)));
        pause.max(Duration::from_millis(error.wait_ms().unwrap_or(0)))
    }
}
