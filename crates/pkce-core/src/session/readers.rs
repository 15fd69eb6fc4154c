//! Who waits for an access token, and UserInfo, which is read with one.

use super::engine::{Engine, Slot};
use super::failure::FIRST_PAUSE;
use super::renewal::{Active, Refresh};
use super::{Effect, TokenGrant, User};
use crate::error::{Error, ErrorCode, Phase};
use crate::http::Exchange;
use crate::time::{Timestamp, part};
use crate::userinfo;
use std::sync::Arc;
use std::time::Duration;

/// How long a reader waits for a renewal.
const READER_PATIENCE: Duration = Duration::from_secs(35);
/// How long a reader waits for a better token when the one at hand is valid.
const BETTER_PATIENCE: Duration = Duration::from_secs(5);
/// So long before its end a token is handed out rather than left to expire.
const LAST_CALL: Duration = Duration::from_millis(200);
/// The largest UserInfo that is stored with the session, in octets.
const USERINFO_LIMIT: usize = 64 * 1024;

/// Somebody who waits for an access token.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) id: u64,
    min_validity: Duration,
    /// From when on any valid token will do; never, where it was refused.
    content_at: Option<Timestamp>,
    refused: Option<u64>,
    pub(super) until: Timestamp,
}

impl Waiter {
    /// When to look again.
    pub(super) fn next(&self, now: Timestamp) -> Timestamp {
        // A moment that has passed in vain is past.
        let content_at = self.content_at.filter(|at| *at > now);
        content_at.map_or(self.until, |at| at.min(self.until))
    }

    pub(super) fn set_back(&mut self, by: Duration) {
        self.until = self.until - by;
        self.content_at = self.content_at.map(|at| at - by);
    }
}

/// Renewals that refused tokens have caused. An API that refuses whatever it gets must not make
/// the client renew with each call.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// In a row.
    count: u32,
    /// The last generation that was refused, and when.
    last: Option<(u64, Timestamp)>,
}

impl Refusals {
    /// Whether a refusal of this generation, which came at `received_at`, is worth a renewal.
    fn admit(&mut self, generation: u64, received_at: Timestamp, now: Timestamp) -> bool {
        let Some((last, at)) = self.last else {
            self.last = Some((generation, now));
            return true;
        };
        if last == generation {
            return true;
        }
        // The refused token is itself the fruit of a refusal.
        let pause = FIRST_PAUSE.saturating_mul(1 << self.count.min(6));
        if now.since(received_at) < pause {
            return false;
        }
        self.count = if now.since(at) > pause.saturating_mul(10) {
            0
        } else {
            self.count.saturating_add(1)
        };
        self.last = Some((generation, now));
        true
    }
}

impl Active {
    fn grant(&self) -> TokenGrant {
        TokenGrant {
            token: self.record.access_token.clone(),
            token_type: self.record.token_type,
            generation: self.record.access_generation,
        }
    }

    /// Whether the token at hand was not refused to this reader.
    fn is_new_to(&self, waiter: &Waiter) -> bool {
        waiter
            .refused
            .is_none_or(|refused| refused < self.record.access_generation)
    }

    /// What the token at hand is to this reader now: its wish, better than nothing, or nothing.
    fn serves(&self, waiter: &Waiter, now: Timestamp) -> bool {
        if !self.is_new_to(waiter) {
            return false;
        }
        let is_content = waiter.content_at.is_some_and(|at| at <= now);
        self.record.is_valid_for(waiter.min_validity, now)
            || (is_content && self.record.is_valid_for(Duration::ZERO, now))
    }
}

impl Engine {
    pub(super) fn token_wanted(
        &mut self,
        id: u64,
        min_validity: Duration,
        refused: Option<u64>,
        now: Timestamp,
    ) {
        let Slot::Active(active) = &mut self.slot else {
            let result = Err(not_signed_in());
            self.effects.push(Effect::TokenReady { id, result });
            return;
        };
        let record = &active.record;
        let is_refused = refused.is_some_and(|refused| refused >= record.access_generation);
        // No token lives long enough for someone who wants more than it ever has.
        let min_validity = match record.lifetime {
            Some(lifetime) => min_validity.min(part(lifetime, 2)),
            None => min_validity,
        };
        let is_hopeless = record.refresh_token.is_none()
            || matches!(
                active.refresh,
                Refresh::Waiting { .. } | Refresh::Withheld { .. } | Refresh::Stopped { .. }
            );
        // A valid token stays usable while a renewal runs, hangs or fails.
        let content_at = if is_refused {
            None
        } else if is_hopeless {
            Some(now)
        } else {
            let last_call = record.expires_at().map_or(now, |at| at - LAST_CALL);
            // One that is as good as expired serves nobody.
            (last_call >= now).then(|| last_call.min(now + BETTER_PATIENCE))
        };
        let until = now + READER_PATIENCE;
        if is_refused
            && !active
                .refusals
                .admit(record.access_generation, record.received_at, now)
        {
            let result = Err(Error::new(ErrorCode::ApiUnauthorized, Phase::Api)
                .expected("an API that takes a token fresh from the provider")
                .came("one that refused a token renewed a moment ago"));
            self.effects.push(Effect::TokenReady { id, result });
            return;
        }
        active.waiters.push(Waiter {
            id,
            min_validity,
            content_at,
            refused,
            until,
        });
        self.serve(now);
        let Slot::Active(active) = &self.slot else {
            return;
        };
        if active.waiters.iter().all(|waiter| waiter.id != id) {
            return;
        }
        let can_refresh = active.record.refresh_token.is_some();
        match &active.refresh {
            _ if !can_refresh => self.give_up_waiters(&expired(Phase::Api), now),
            Refresh::Idle => self.renew_soon(now),
            Refresh::Stopped { error, .. } => {
                let error = error.clone();
                self.give_up_waiters(&error, now);
            }
            Refresh::Waiting { at, error, .. } | Refresh::Withheld { at, error, .. }
                if *at >= until =>
            {
                let error = error.clone();
                self.give_up_waiters(&error, now);
            }
            _ => {}
        }
    }

    /// Serves the readers whose wish the current token meets, and those who waited long enough.
    pub(super) fn serve(&mut self, now: Timestamp) {
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        let waiters = std::mem::take(&mut active.waiters);
        for waiter in waiters {
            let result = if active.serves(&waiter, now) {
                Ok(active.grant())
            } else if waiter.until <= now {
                Err(Error::new(ErrorCode::Timeout, Phase::Refresh)
                    .expected("new tokens within 35 seconds")
                    .came("none in time"))
            } else {
                active.waiters.push(waiter);
                continue;
            };
            self.effects.push(Effect::TokenReady {
                id: waiter.id,
                result,
            });
        }
    }

    /// A renewal failed: a token that is still valid serves those who did not have it refused.
    pub(super) fn give_up_waiters(&mut self, error: &Error, now: Timestamp) {
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        let is_valid = active.record.is_valid_for(Duration::ZERO, now);
        for waiter in std::mem::take(&mut active.waiters) {
            let result = if is_valid && active.is_new_to(&waiter) {
                Ok(active.grant())
            } else {
                Err(error.clone())
            };
            self.effects.push(Effect::TokenReady {
                id: waiter.id,
                result,
            });
        }
    }

    // ---- UserInfo ----

    pub(super) fn ask_userinfo(&mut self) {
        let Slot::Active(active) = &self.slot else {
            return;
        };
        let record = &active.record;
        let is_wanted = self
            .provider(&record.provider)
            .is_some_and(|config| config.userinfo());
        let Some(endpoint) = record.metadata.userinfo_endpoint().filter(|_| is_wanted) else {
            return;
        };
        let request =
            userinfo::userinfo_request(endpoint.clone(), record.token_type, &record.access_token);
        let ticket = self.http(request);
        if let Slot::Active(active) = &mut self.slot {
            active.userinfo = Some(ticket);
        }
    }

    pub(super) fn userinfo_came(&mut self, exchange: &Exchange) {
        let Slot::Active(active) = &mut self.slot else {
            return;
        };
        let user = &mut active.record.user;
        match userinfo::judge(exchange, user.id_token.sub()) {
            Ok((claims, text)) => {
                *user = User {
                    id_token: Arc::clone(&user.id_token),
                    userinfo: Some(Arc::new(claims)),
                    // What is too large to be kept is had until the next page load.
                    userinfo_text: Some(text).filter(|text| text.len() <= USERINFO_LIMIT),
                };
                self.save();
            }
            // The identity stands on the ID token; the user is told that it is all there is.
            Err(error) => self.notice = Some(error),
        }
    }
}

/// The session cannot be renewed.
pub(super) fn expired(phase: Phase) -> Error {
    Error::new(ErrorCode::SessionExpired, phase)
        .expected("a valid access token, or a refresh token")
        .came("an expired session that the provider gave no refresh token for")
}

/// There is no session to ask for a token.
pub(super) fn not_signed_in() -> Error {
    Error::new(ErrorCode::NotSignedIn, Phase::Api)
        .expected("a signed-in user")
        .came("none")
}
