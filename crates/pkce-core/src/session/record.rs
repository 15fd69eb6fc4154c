//! What the session keeps in storage, under versioned keys; what is damaged or of another version is
//! discarded.

use super::User;
use crate::config::{ProviderConfig, Resource, Scope};
use crate::id_token::VerifiedIdToken;
use crate::json::{Json, ObjectWriter};
use crate::metadata::ProviderMetadata;
use crate::secret::{AccessToken, RawIdToken, RefreshToken, SecretText};
use crate::time::Timestamp;
use crate::token::{TokenResponse, TokenType};
use std::sync::Arc;
use std::time::Duration;

/// Version of everything stored; a change of shape raises it.
const VERSION: i64 = 1;
/// How many consumed states are remembered.
const CONSUMED_LIMIT: usize = 64;

/// A remembered list of hashes, newest last.
#[derive(Clone, Debug, Default)]
pub(super) struct Consumed(Vec<String>);

impl Consumed {
    pub(super) fn parse(text: Option<&str>) -> Self {
        let list = text
            .and_then(Json::parse)
            .and_then(|json| json.get("states").and_then(crate::authorization::strings));
        Self(list.unwrap_or_default())
    }

    pub(super) fn contains(&self, hash: &str) -> bool {
        self.0.iter().any(|known| known == hash)
    }

    pub(super) fn insert(&mut self, hash: &str) {
        if !self.contains(hash) {
            self.0.push(hash.to_owned());
        }
        let surplus = self.0.len().saturating_sub(CONSUMED_LIMIT);
        self.0.drain(..surplus);
    }

    pub(super) fn to_json(&self) -> String {
        ObjectWriter::new()
            .integer("v", VERSION)
            .strs("states", self.0.iter().map(String::as_str))
            .finish()
    }
}

/// What tells the tabs of a family which refresh token is the newest: a count and a fingerprint,
/// never the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FamilyRecord {
    pub(super) generation: u64,
    pub(super) fingerprint: String,
    /// A request with this refresh token was sent, and no answer is known.
    pub(super) unanswered: bool,
    /// When the newest access token came: tells a record that nobody needs any more.
    pub(super) at: Timestamp,
}

impl FamilyRecord {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let json = Json::parse(text)?;
        if json.get("v")?.as_integer()? != VERSION {
            return None;
        }
        Some(Self {
            generation: count(&json, "generation")?,
            fingerprint: json.str("fingerprint")?.to_owned(),
            unanswered: json.get("unanswered")?.as_bool()?,
            at: Timestamp::from_millis(json.get("at")?.as_integer()?),
        })
    }

    pub(super) fn to_json(&self) -> String {
        ObjectWriter::new()
            .integer("v", VERSION)
            .integer("generation", integer(self.generation))
            .str("fingerprint", &self.fingerprint)
            .bool("unanswered", self.unanswered)
            .integer("at", self.at.as_millis())
            .finish()
    }
}

/// Everything a signed-in tab holds, as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) provider: String,
    pub(super) client_id: String,
    pub(super) metadata: ProviderMetadata,
    /// Random name of the sign-in that this session and its copies in other tabs come from.
    pub(super) family: String,
    /// Counts the successful answers to renewals of this family, from 0.
    pub(super) generation: u64,
    /// The generation that the access token came with.
    pub(super) access_generation: u64,
    pub(super) access_token: AccessToken,
    pub(super) token_type: TokenType,
    pub(super) received_at: Timestamp,
    pub(super) lifetime: Option<Duration>,
    pub(super) refresh_token: Option<RefreshToken>,
    /// A request with this refresh token was sent and no answer is known yet.
    pub(super) unanswered: bool,
    pub(super) scope: Scope,
    pub(super) resource: Vec<Resource>,
    /// Of the sign-in: the hint for sign-out, and what a renewed ID token is compared with.
    pub(super) raw_id_token: RawIdToken,
    pub(super) user: User,
    pub(super) signed_in_at: Timestamp,
    /// When the user last did something, in any tab of the family.
    pub(super) active_at: Timestamp,
    /// Another tab was seen to hold this sign-in too.
    pub(super) has_siblings: bool,
    /// A page found it where it may be a copy, so others may hold it unseen.
    pub(super) was_copied: bool,
}

impl Record {
    pub(super) fn expires_at(&self) -> Option<Timestamp> {
        self.lifetime.map(|lifetime| self.received_at + lifetime)
    }

    /// Whether the access token is good for more than `margin` from now.
    pub(super) fn is_valid_for(&self, margin: Duration, now: Timestamp) -> bool {
        self.expires_at()
            .is_none_or(|expires_at| now + margin < expires_at)
    }

    /// Grows with each answer to a renewal, and with each access token that is believed.
    pub(super) const fn version(&self) -> (u64, u64) {
        (self.generation, self.access_generation)
    }

    /// Whether this has tokens that `other` of the same family has not.
    pub(super) fn is_newer_than(&self, other: &Record) -> bool {
        self.version() > other.version()
    }

    /// The clock was set back by this much: what was noted moves along, so that a lifetime or a
    /// limit stays the span it was.
    pub(super) fn set_back(&mut self, by: Duration) {
        self.received_at = self.received_at - by;
        self.signed_in_at = self.signed_in_at - by;
        self.active_at = self.active_at - by;
    }

    /// The record comes from another page or another time: nothing of it is yet to come. Returns by
    /// how much it seemed to.
    pub(super) fn moved_to(&mut self, now: Timestamp) -> Duration {
        let ahead = now.until(self.received_at);
        self.set_back(ahead);
        self.active_at = self.active_at.min(now);
        self.signed_in_at = self.signed_in_at.min(now);
        ahead
    }

    /// Takes what a token response renews (RFC 6749 6): an absent refresh token or scope keeps the
    /// old one.
    pub(super) fn renew_access_token(&mut self, response: &TokenResponse, came_at: Timestamp) {
        self.access_token = response.access_token.clone();
        self.access_generation = self.generation;
        self.token_type = response.token_type;
        self.received_at = came_at;
        self.lifetime = response.expires_in;
        if let Some(scope) = &response.scope {
            self.scope.clone_from(scope);
        }
    }

    /// What the family's tabs may know; without a refresh token, that the session goes on.
    pub(super) fn family_record(&self) -> FamilyRecord {
        FamilyRecord {
            generation: self.generation,
            fingerprint: self
                .refresh_token
                .as_ref()
                .map(RefreshToken::fingerprint)
                .unwrap_or_default(),
            unanswered: self.unanswered,
            at: self.received_at,
        }
    }

    pub(super) fn to_json(&self) -> SecretText {
        SecretText::new(
            ObjectWriter::new()
                .integer("v", VERSION)
                .str("provider", &self.provider)
                .str("client_id", &self.client_id)
                .raw("metadata", &self.metadata.to_json())
                .str("family", &self.family)
                .integer("generation", integer(self.generation))
                .integer("access_generation", integer(self.access_generation))
                .str("access_token", self.access_token.expose())
                .str("token_type", self.token_type.as_str())
                .integer("received_at", self.received_at.as_millis())
                .opt_integer("lifetime", self.lifetime.map(|l| integer(l.as_secs())))
                .opt_str(
                    "refresh_token",
                    self.refresh_token.as_ref().map(RefreshToken::expose),
                )
                .bool("unanswered", self.unanswered)
                .str("scope", self.scope.as_str())
                .strs("resource", self.resource.iter().map(Resource::as_str))
                .str("id_token", self.raw_id_token.expose())
                .opt_str("userinfo", self.user.userinfo_text.as_deref())
                .integer("signed_in_at", self.signed_in_at.as_millis())
                .integer("active_at", self.active_at.as_millis())
                .bool("has_siblings", self.has_siblings)
                .bool("was_copied", self.was_copied)
                .finish(),
        )
    }

    /// Reads a stored session back. The ID token was verified by this client when it came.
    pub(super) fn from_json(text: &str, providers: &[ProviderConfig]) -> Option<Self> {
        let json = Json::parse(text)?;
        if json.get("v")?.as_integer()? != VERSION {
            return None;
        }
        let client_id = json.str("client_id")?;
        let metadata = ProviderMetadata::from_snapshot(json.get("metadata")?)?;
        let provider = json.str("provider")?;
        // A session of a provider that is not configured any more is nobody's.
        providers.iter().find(|configured| {
            configured.id().as_str() == provider
                && configured.client_id().as_str() == client_id
                && configured.issuer() == metadata.issuer()
        })?;
        if !json.str("token_type")?.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let raw_id_token = RawIdToken::new(json.str("id_token")?)?;
        let id_token =
            VerifiedIdToken::restore(&raw_id_token, metadata.issuer().as_str(), client_id).ok()?;
        let userinfo_text = json.str("userinfo").map(str::to_owned);
        let userinfo = userinfo_text
            .as_deref()
            .and_then(Json::parse)
            .filter(|info| info.str("sub") == Some(id_token.sub()))
            .map(Arc::new);
        Some(Self {
            provider: provider.to_owned(),
            client_id: client_id.to_owned(),
            family: json.str("family")?.to_owned(),
            generation: count(&json, "generation")?,
            access_generation: count(&json, "access_generation")?,
            access_token: AccessToken::new(json.str("access_token")?)?,
            token_type: TokenType::Bearer,
            received_at: Timestamp::from_millis(json.get("received_at")?.as_integer()?),
            lifetime: json
                .get("lifetime")
                .and_then(Json::as_integer)
                .and_then(|seconds| u64::try_from(seconds).ok())
                .map(Duration::from_secs),
            refresh_token: match json.str("refresh_token") {
                None => None,
                Some(token) => Some(RefreshToken::new(token)?),
            },
            unanswered: json.get("unanswered")?.as_bool()?,
            scope: Scope::parse(json.str("scope")?)?,
            resource: crate::authorization::resources(json.get("resource")?)?,
            raw_id_token,
            user: User {
                id_token: Arc::new(id_token),
                userinfo,
                userinfo_text,
            },
            signed_in_at: Timestamp::from_millis(json.get("signed_in_at")?.as_integer()?),
            active_at: Timestamp::from_millis(json.get("active_at")?.as_integer()?),
            has_siblings: json.get("has_siblings")?.as_bool()?,
            was_copied: json
                .get("was_copied")
                .and_then(Json::as_bool)
                .unwrap_or_default(),
            metadata,
        })
    }
}

fn count(json: &Json, name: &str) -> Option<u64> {
    u64::try_from(json.get(name)?.as_integer()?).ok()
}

fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
