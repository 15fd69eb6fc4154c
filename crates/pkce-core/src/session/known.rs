//! What this tab knows of the providers, kept in session storage from page load to page load, so
//! that after the callback nothing but the code has to be asked for.

use super::keys::StorageKeys;
use crate::jose::Jwks;
use crate::json::{Json, ObjectWriter};
use crate::metadata::ProviderMetadata;
use crate::secret::SecretText;
use crate::time::Timestamp;
use std::time::Duration;

/// For how long metadata and keys serve another sign-in without being asked for again.
const LIFETIME: Duration = Duration::from_secs(300);
const VERSION: i64 = 1;

/// Metadata and keys by issuer.
#[derive(Debug, Default)]
pub(super) struct Known(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    issuer: String,
    metadata: Option<(ProviderMetadata, Timestamp)>,
    keys: Option<(Jwks, Timestamp)>,
}

impl Known {
    /// The metadata of an issuer, if it is recent.
    pub(super) fn metadata(&self, issuer: &str, now: Timestamp) -> Option<&ProviderMetadata> {
        let (metadata, at) = self.entry(issuer)?.metadata.as_ref()?;
        is_recent(*at, now).then_some(metadata)
    }

    /// The keys of an issuer, however old.
    pub(super) fn keys(&self, issuer: &str) -> Option<&Jwks> {
        self.entry(issuer)?.keys.as_ref().map(|(keys, _)| keys)
    }

    /// Whether the keys of an issuer are recent.
    pub(super) fn has_recent_keys(&self, issuer: &str, now: Timestamp) -> bool {
        let keys = self.entry(issuer).and_then(|entry| entry.keys.as_ref());
        keys.is_some_and(|(_, at)| is_recent(*at, now))
    }

    pub(super) fn set_metadata(&mut self, metadata: ProviderMetadata, now: Timestamp) {
        let issuer = metadata.issuer().as_str().to_owned();
        self.update(&issuer, |entry| entry.metadata = Some((metadata, now)));
    }

    pub(super) fn set_keys(&mut self, issuer: &str, keys: Jwks, now: Timestamp) {
        self.update(issuer, |entry| entry.keys = Some((keys, now)));
    }

    /// The storage entry of an issuer: key and value.
    pub(super) fn stored(&self, issuer: &str, keys: &StorageKeys) -> Option<(String, SecretText)> {
        let entry = self.entry(issuer)?;
        let mut writer = ObjectWriter::new()
            .integer("v", VERSION)
            .str("issuer", issuer);
        if let Some((metadata, at)) = &entry.metadata {
            writer = writer
                .raw("metadata", &metadata.to_json())
                .integer("metadata_at", at.as_millis());
        }
        if let Some((jwks, at)) = &entry.keys {
            writer = writer
                .raw("jwks", &jwks.to_json())
                .integer("jwks_at", at.as_millis());
        }
        Some((keys.provider(issuer), SecretText::new(writer.finish())))
    }

    /// Reads a storage entry of `issuer` back; what is damaged is as good as absent.
    pub(super) fn recall(&mut self, text: &str, issuer: &str) {
        let Some(json) = Json::parse(text) else {
            return;
        };
        let is_ours = json.get("v").and_then(Json::as_integer) == Some(VERSION)
            && json.str("issuer") == Some(issuer);
        if !is_ours {
            return;
        }
        let at = |name| {
            json.get(name)
                .and_then(Json::as_integer)
                .map(Timestamp::from_millis)
        };
        let metadata = json
            .get("metadata")
            .and_then(ProviderMetadata::from_snapshot)
            .filter(|metadata| metadata.issuer().as_str() == issuer);
        let jwks = json.get("jwks").and_then(|jwks| Jwks::parse(jwks).ok());
        self.update(issuer, |entry| {
            entry.metadata = metadata.zip(at("metadata_at"));
            entry.keys = jwks.zip(at("jwks_at"));
        });
    }

    fn entry(&self, issuer: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.issuer == issuer)
    }

    fn update(&mut self, issuer: &str, change: impl FnOnce(&mut Entry)) {
        match self.0.iter_mut().find(|entry| entry.issuer == issuer) {
            Some(entry) => change(entry),
            None => {
                let mut entry = Entry {
                    issuer: issuer.to_owned(),
                    metadata: None,
                    keys: None,
                };
                change(&mut entry);
                self.0.push(entry);
            }
        }
    }
}

/// Neither older than the limit, nor from a future that a clock set back has made.
fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    now.since(at) < LIFETIME && now.until(at) < Duration::from_secs(1)
}
