//! Codes, refresh tokens and access tokens, and the grants they hang on.

use std::collections::{HashMap, HashSet};

use super::prover::Prover;
use crate::acr::Level;
use crate::scope::ScopeSet;
use crate::secret::{Fingerprint, Secret, random_id, s256};

/// What a user granted a client in one authorization. All tokens that come of its code hang on it:
/// it is the family that a reused refresh token or a replayed code revokes (RFC 9700 4.14.2).
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) id: String,
    pub(crate) sub: String,
    pub(crate) client_id: String,
    pub(crate) scopes: ScopeSet,
    pub(crate) resources: Vec<String>,
    pub(crate) auth_time: u64,
    pub(crate) level: Level,
    pub(crate) nonce: Option<String>,
    /// The key that its refresh tokens are bound to (RFC 9449 5): a public client's.
    pub(crate) refresh_jkt: Option<String>,
    /// When the whole family ends, rotation or not.
    pub(crate) expires_ms: u64,
    revoked: bool,
}

/// What an authorization request was granted, before its code is redeemed.
#[derive(Clone, Debug)]
pub(crate) struct NewGrant {
    pub(crate) sub: String,
    pub(crate) client_id: String,
    pub(crate) scopes: ScopeSet,
    pub(crate) resources: Vec<String>,
    pub(crate) auth_time: u64,
    pub(crate) level: Level,
    pub(crate) nonce: Option<String>,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    /// The key that the code is bound to (RFC 9449 10).
    pub(crate) dpop_jkt: Option<String>,
}

#[derive(Clone, Debug)]
struct Code {
    grant: String,
    redirect_uri: String,
    challenge: String,
    dpop_jkt: Option<String>,
    expires_ms: u64,
    spent: bool,
}

#[derive(Clone, Debug)]
struct RefreshToken {
    grant: String,
    /// When it was replaced by a newer one.
    replaced_ms: Option<u64>,
}

#[derive(Clone, Debug)]
struct AccessToken {
    grant: String,
    expires: u64,
}

/// Why a code is refused. The client hears `invalid_grant`, whatever it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeRefusal {
    Unknown,
    Expired,
    /// It was used before; everything issued for it is revoked now.
    Replayed,
    OtherClient,
    OtherRedirectUri,
    WrongVerifier,
    /// It is bound to a key, and another or none was proven.
    OtherKey,
}

impl CodeRefusal {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Unknown => "the code is unknown",
            Self::Expired => "the code has expired",
            Self::Replayed => "the code was used before; all tokens issued for it are revoked",
            Self::OtherClient => "the code was issued to another client",
            Self::OtherRedirectUri => "redirect_uri is not the one of the authorization request",
            Self::WrongVerifier => "code_verifier does not match the code_challenge",
            Self::OtherKey => "the code is bound to a key, and the request has no DPoP proof by it",
        }
    }
}

/// Why a refresh token is refused. The client hears `invalid_grant`, whatever it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefreshRefusal {
    Unknown,
    Expired,
    Revoked,
    /// It was replaced before; its family is revoked now.
    Reused,
    OtherClient,
    /// It is bound to a key, and no proof came.
    NoProof,
    /// It is bound to another key than was proven.
    OtherKey,
}

impl RefreshRefusal {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Unknown => "the refresh token is unknown",
            Self::Expired => "the refresh token has expired",
            Self::Revoked => "the refresh token was revoked",
            Self::Reused => "the refresh token was used before; its whole family is revoked",
            Self::OtherClient => "the refresh token was issued to another client",
            Self::NoProof => "the refresh token is bound to a key: a DPoP proof is needed",
            Self::OtherKey => "the refresh token is bound to another key",
        }
    }
}

/// Every code and token that is alive.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    grants: HashMap<String, Grant>,
    codes: HashMap<Fingerprint, Code>,
    refresh_tokens: HashMap<Fingerprint, RefreshToken>,
    access_tokens: HashMap<String, AccessToken>,
}

impl Grants {
    /// Makes a code for a new grant.
    pub(crate) fn issue_code(
        &mut self,
        new: NewGrant,
        now_ms: u64,
        code_lifetime_ms: u64,
        family_lifetime_ms: u64,
    ) -> Secret {
        self.purge(now_ms);
        let grant = Grant {
            id: random_id(),
            sub: new.sub,
            client_id: new.client_id,
            scopes: new.scopes,
            resources: new.resources,
            auth_time: new.auth_time,
            level: new.level,
            nonce: new.nonce,
            refresh_jkt: None,
            expires_ms: now_ms.saturating_add(family_lifetime_ms),
            revoked: false,
        };
        let code = Secret::random();
        self.codes.insert(
            code.fingerprint(),
            Code {
                grant: grant.id.clone(),
                redirect_uri: new.redirect_uri,
                challenge: new.challenge,
                dpop_jkt: new.dpop_jkt,
                expires_ms: now_ms.saturating_add(code_lifetime_ms),
                spent: false,
            },
        );
        self.grants.insert(grant.id.clone(), grant);
        code
    }

    /// Redeems a code, once (RFC 6749 4.1.3, RFC 7636 4.6).
    pub(crate) fn redeem_code(
        &mut self,
        code: &str,
        client_id: &str,
        redirect_uri: &str,
        verifier: &str,
        prover: &Prover,
        now_ms: u64,
    ) -> Result<Grant, CodeRefusal> {
        let code = self
            .codes
            .get_mut(&Fingerprint::of(code))
            .ok_or(CodeRefusal::Unknown)?;
        let grant = self
            .grants
            .get_mut(&code.grant)
            .ok_or(CodeRefusal::Unknown)?;
        if grant.client_id != client_id {
            return Err(CodeRefusal::OtherClient);
        }
        if code.spent {
            // Two have the code, and nobody knows which of them is the thief (RFC 6749 4.1.2).
            grant.revoked = true;
            return Err(CodeRefusal::Replayed);
        }
        // From here on the code is spent: one that comes with a wrong verifier was stolen.
        code.spent = true;
        if now_ms >= code.expires_ms {
            return Err(CodeRefusal::Expired);
        }
        if code.redirect_uri != redirect_uri {
            return Err(CodeRefusal::OtherRedirectUri);
        }
        if !Secret::new(s256(verifier)).is(&code.challenge) {
            return Err(CodeRefusal::WrongVerifier);
        }
        if !prover.may_use(code.dpop_jkt.as_deref()) {
            return Err(CodeRefusal::OtherKey);
        }
        if grant.revoked {
            return Err(CodeRefusal::Unknown);
        }
        Ok(grant.clone())
    }

    /// Binds the refresh tokens of a grant to a key.
    pub(crate) fn bind(&mut self, grant: &str, key: &str) {
        if let Some(grant) = self.grants.get_mut(grant) {
            grant.refresh_jkt = Some(key.to_owned());
        }
    }

    /// Makes a refresh token of a grant.
    pub(crate) fn issue_refresh_token(&mut self, grant: &str) -> Secret {
        let token = Secret::random();
        let stored = RefreshToken {
            grant: grant.to_owned(),
            replaced_ms: None,
        };
        self.refresh_tokens.insert(token.fingerprint(), stored);
        token
    }

    /// The grant behind a refresh token that this client may use now. One that was replaced before
    /// revokes its family, unless that was less than `leeway_ms` ago.
    pub(crate) fn check_refresh_token(
        &mut self,
        token: &str,
        client_id: &str,
        prover: &Prover,
        now_ms: u64,
        leeway_ms: u64,
    ) -> Result<Grant, RefreshRefusal> {
        let stored = self
            .refresh_tokens
            .get(&Fingerprint::of(token))
            .ok_or(RefreshRefusal::Unknown)?;
        let grant = self
            .grants
            .get_mut(&stored.grant)
            .ok_or(RefreshRefusal::Unknown)?;
        if grant.client_id != client_id {
            return Err(RefreshRefusal::OtherClient);
        }
        // Before anything else is judged: who lacks the key can neither use nor revoke anything.
        if !prover.may_use(grant.refresh_jkt.as_deref()) {
            return Err(match prover.key() {
                None => RefreshRefusal::NoProof,
                Some(_) => RefreshRefusal::OtherKey,
            });
        }
        if grant.revoked {
            return Err(RefreshRefusal::Revoked);
        }
        if now_ms >= grant.expires_ms {
            return Err(RefreshRefusal::Expired);
        }
        match stored.replaced_ms {
            Some(replaced_ms) if now_ms >= replaced_ms.saturating_add(leeway_ms) => {
                grant.revoked = true;
                Err(RefreshRefusal::Reused)
            }
            _ => Ok(grant.clone()),
        }
    }

    /// Marks a refresh token as used and makes the next one of its family.
    pub(crate) fn rotate(&mut self, token: &str, grant: &str, now_ms: u64) -> Secret {
        if let Some(stored) = self.refresh_tokens.get_mut(&Fingerprint::of(token)) {
            stored.replaced_ms.get_or_insert(now_ms);
        }
        self.issue_refresh_token(grant)
    }

    /// Remembers an access token, so that UserInfo knows whether it still holds.
    pub(crate) fn note_access_token(&mut self, token_id: &str, grant: &str, expires: u64) {
        let token = AccessToken {
            grant: grant.to_owned(),
            expires,
        };
        self.access_tokens.insert(token_id.to_owned(), token);
    }

    /// The grant of an access token that still holds.
    pub(crate) fn grant_of_access_token(&self, token_id: &str, now: u64) -> Option<&Grant> {
        let token = self
            .access_tokens
            .get(token_id)
            .filter(|token| now < token.expires)?;
        self.grants.get(&token.grant).filter(|grant| !grant.revoked)
    }

    pub(crate) fn access_token_ids(&self) -> Vec<String> {
        self.access_tokens.keys().cloned().collect()
    }

    /// The grant that a refresh token belongs to, whatever its state.
    pub(crate) fn grant_of_refresh_token(&self, token: &str) -> Option<&Grant> {
        let stored = self.refresh_tokens.get(&Fingerprint::of(token))?;
        self.grants.get(&stored.grant)
    }

    /// The client that an access token was issued to, while it is known.
    pub(crate) fn client_of_access_token(&self, token_id: &str) -> Option<&str> {
        let token = self.access_tokens.get(token_id)?;
        self.grants
            .get(&token.grant)
            .map(|grant| grant.client_id.as_str())
    }

    pub(crate) fn revoke_access_token(&mut self, token_id: &str) {
        self.access_tokens.remove(token_id);
    }

    /// Revokes a grant with all that hangs on it.
    pub(crate) fn revoke_grant(&mut self, grant: &str) {
        if let Some(grant) = self.grants.get_mut(grant) {
            grant.revoked = true;
        }
    }

    /// Revokes all that a user granted a client.
    pub(crate) fn revoke_of(&mut self, sub: &str, client_id: &str) {
        for grant in self.grants.values_mut() {
            if grant.sub == sub && grant.client_id == client_id {
                grant.revoked = true;
            }
        }
    }

    pub(crate) fn revoke_all(&mut self) {
        for grant in self.grants.values_mut() {
            grant.revoked = true;
        }
        self.codes.clear();
    }

    /// Forgets what no answer depends on any more. A grant is kept until its family ends, since a
    /// replayed code or a reused token must still be recognised.
    fn purge(&mut self, now_ms: u64) {
        let now = now_ms / 1000;
        self.access_tokens.retain(|_, token| now < token.expires);
        let used: HashSet<&String> = self
            .access_tokens
            .values()
            .map(|token| &token.grant)
            .collect();
        self.grants
            .retain(|id, grant| now_ms < grant.expires_ms || used.contains(id));
        let grants = &self.grants;
        self.codes
            .retain(|_, code| grants.contains_key(&code.grant));
        self.refresh_tokens
            .retain(|_, token| grants.contains_key(&token.grant));
    }
}
