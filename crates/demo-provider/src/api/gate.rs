//! What every request to the API must bring: a good token, presented as it must be, that reaches far
//! enough.

use std::borrow::Cow;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};

use super::verify::{self, AccessToken};
use super::{Api, CALENDAR_METADATA, METADATA, Refusal};
use crate::access::{self, Challenge, Realm, Scheme};
use crate::acr::Level;
use crate::dpop::{DPOP, Target};
use crate::feed::{EventKind, EventServer};
use crate::scope::Scope;
use crate::shared::Urls;

/// What was checked of a good token, for the feed.
fn what(token: &AccessToken) -> String {
    let bound = match &token.bound_to {
        Some(key) => format!(", proof by key {}", key.get(..8).unwrap_or_default()),
        None => String::new(),
    };
    format!("signature, issuer, audience, expiry, scope{bound}")
}

/// A resource of this API: what a token's `aud` names (RFC 8707).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    /// Everything beside the calendar.
    Main,
    /// The calendar.
    Calendar,
}

impl Resource {
    pub(crate) fn indicator(self, urls: &Urls) -> String {
        match self {
            Self::Main => urls.api_resource(),
            Self::Calendar => urls.calendar_resource(),
        }
    }

    /// Where its metadata is (RFC 9728 3.1): a resource's path comes after the well-known one.
    fn metadata_url(self, urls: &Urls) -> String {
        let path = match self {
            Self::Main => METADATA,
            Self::Calendar => CALENDAR_METADATA,
        };
        format!("{}{path}", urls.api)
    }
}

/// What a request must bring to be answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs {
    /// The address, as the feed names it.
    endpoint: &'static str,
    resource: Resource,
    scope: Option<Scope>,
    /// A user who gave a second factor, and lately.
    step_up: bool,
}

impl Needs {
    /// Any token for the resource.
    pub(crate) const fn token_for(endpoint: &'static str, resource: Resource) -> Self {
        Self {
            endpoint,
            resource,
            scope: None,
            step_up: false,
        }
    }

    /// A token of this API with a scope.
    pub(crate) const fn scope(endpoint: &'static str, scope: Scope) -> Self {
        Self {
            endpoint,
            resource: Resource::Main,
            scope: Some(scope),
            step_up: false,
        }
    }

    /// A token of this API whose user gave a second factor, and lately.
    pub(crate) const fn step_up(endpoint: &'static str) -> Self {
        Self {
            endpoint,
            resource: Resource::Main,
            scope: None,
            step_up: true,
        }
    }
}

/// Who asks, and for what.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) headers: HeaderMap,
    pub(crate) method: Method,
    pub(crate) path: String,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self {
            headers: parts.headers.clone(),
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
        })
    }
}

impl Api {
    /// The token of a request that may go on, or its refusal.
    pub(crate) async fn authorize(
        &self,
        caller: &Caller,
        needs: &Needs,
    ) -> Result<AccessToken, Refusal> {
        let checked = self.check(caller, needs).await;
        let endpoint = needs.endpoint;
        let feed = &self.shared.feed;
        match checked {
            Ok(token) => {
                feed.event(EventServer::ResourceServer, EventKind::Checked, endpoint)
                    .client(&token.client_id)
                    .detail("what", what(&token))
                    .detail("scope", token.scopes.to_string())
                    .record();
                Ok(token)
            }
            Err((challenge, reason)) => {
                feed.event(EventServer::ResourceServer, EventKind::Refused, endpoint)
                    .detail("error", challenge.name())
                    .detail("reason", reason)
                    .record();
                let metadata = needs.resource.metadata_url(&self.shared.urls);
                let realm = Realm {
                    name: "demo-api",
                    metadata: Some(&metadata),
                    takes_bearer: !self.shared.policy.get().api_requires_dpop,
                    names_dpop: true,
                };
                Err(challenge
                    .respond(access::scheme(&caller.headers), realm)
                    .into())
            }
        }
    }

    async fn check(
        &self,
        caller: &Caller,
        needs: &Needs,
    ) -> Result<AccessToken, (Challenge, Cow<'static, str>)> {
        let (scheme, text) = access::read(&caller.headers)
            .map_err(|challenge| (challenge, "malformed Authorization header".into()))?
            .ok_or((Challenge::NoToken, "no access token".into()))?;
        let token = verify::verify(self, text, needs.resource)
            .await
            .map_err(|rejection| (Challenge::InvalidToken, rejection.reason().into()))?;
        self.check_binding(caller, scheme, text, &token)?;
        if self.shared.faults.strikes(|f| &mut f.api_unauthorized) {
            return Err((
                Challenge::InvalidToken,
                "switched on in the fault panel".into(),
            ));
        }
        self.check_authentication(needs, &token)?;
        match needs.scope {
            Some(scope) if !token.scopes.contains(scope) => Err((
                Challenge::InsufficientScope(scope),
                "the token lacks a scope".into(),
            )),
            _ => Ok(token),
        }
    }

    /// Whether the token's user signed in surely and lately enough (RFC 9470 3).
    fn check_authentication(
        &self,
        needs: &Needs,
        token: &AccessToken,
    ) -> Result<(), (Challenge, Cow<'static, str>)> {
        let max_age = self.shared.policy.get().vault_max_age_seconds;
        let refuse = |reason: &'static str| {
            self.shared
                .tally
                .count(|counters| &mut counters.step_up_challenges);
            let challenge = Challenge::InsufficientAuthentication { max_age };
            Err((challenge, reason.into()))
        };
        if self.shared.faults.strikes(|f| &mut f.api_step_up) {
            return refuse("switched on in the fault panel");
        }
        if !needs.step_up {
            return Ok(());
        }
        let level = token.acr.as_deref().and_then(Level::named);
        if level < Some(Level::SecondFactor) {
            return refuse("the user did not give a second factor");
        }
        let age = self
            .shared
            .clock
            .now()
            .checked_sub(token.auth_time.unwrap_or(0));
        if age.is_some_and(|age| age > max_age) {
            return refuse("the user signed in too long ago");
        }
        Ok(())
    }

    /// Whether the token came as it must (RFC 9449 7).
    fn check_binding(
        &self,
        caller: &Caller,
        scheme: Scheme,
        text: &str,
        token: &AccessToken,
    ) -> Result<(), (Challenge, Cow<'static, str>)> {
        let policy = self.shared.policy.get();
        if policy.api_requires_dpop && scheme == Scheme::Bearer {
            let reason = "this API takes no bearer tokens now";
            return Err((Challenge::InvalidToken, reason.into()));
        }
        let faults = &self.shared.faults;
        if caller.headers.contains_key(DPOP) && faults.strikes(|f| &mut f.api_nonce_challenge) {
            let reason = "switched on in the fault panel";
            return Err((Challenge::UseNonce, reason.into()));
        }
        access::check_binding(scheme, token.bound_to.as_deref(), || {
            let target = Target {
                method: caller.method.as_str(),
                url: &format!("{}{}", self.shared.urls.api, caller.path),
                access_token: Some(text),
            };
            self.dpop
                .check(&self.shared, policy.api_nonces, &caller.headers, target)
        })
    }
}
