//! The names of storage entries, locks and the channel.

use crate::encoding::fingerprint;

/// The names under which one instance keeps its entries.
#[derive(Clone, Debug)]
pub struct StorageKeys {
    prefix: String,
}

impl StorageKeys {
    /// Keys that start with `prefix`, which tells instances in one origin apart.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Self {
            prefix: format!("{prefix}."),
        }
    }

    /// What every key starts with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The signed-in session.
    #[must_use]
    pub fn session(&self) -> String {
        format!("{}session", self.prefix)
    }

    /// The mark of a page that was left in an orderly way. It is taken away while the page lives,
    /// so a copy of a living tab's storage does not have it.
    #[must_use]
    pub fn left(&self) -> String {
        format!("{}left", self.prefix)
    }

    /// The mark of a tab that had a session: it takes over no other tab's by itself.
    #[must_use]
    pub fn own(&self) -> String {
        format!("{}own", self.prefix)
    }

    /// What every transaction's key starts with.
    #[must_use]
    pub fn transactions(&self) -> String {
        format!("{}tx.", self.prefix)
    }

    /// The transaction of a `state`.
    #[must_use]
    pub fn transaction(&self, state: &str) -> String {
        format!("{}tx.{state}", self.prefix)
    }

    /// Metadata and keys of an issuer.
    #[must_use]
    pub fn provider(&self, issuer: &str) -> String {
        format!("{}provider.{}", self.prefix, fingerprint(issuer))
    }

    /// Hashes of consumed states, in session storage and in local storage.
    #[must_use]
    pub fn consumed(&self) -> String {
        format!("{}consumed", self.prefix)
    }

    /// What every family record's key starts with.
    #[must_use]
    pub fn families(&self) -> String {
        format!("{}family.", self.prefix)
    }

    /// The record by which the tabs of a family know the newest refresh token.
    #[must_use]
    pub fn family(&self, family: &str) -> String {
        format!("{}{family}", self.families())
    }

    /// What the key of every mark of an ended sign-in starts with.
    #[must_use]
    pub fn endings(&self) -> String {
        format!("{}over.", self.prefix)
    }

    /// The mark that a family's sign-in is over.
    #[must_use]
    pub fn over(&self, family: &str) -> String {
        format!("{}{family}", self.endings())
    }

    /// The lock of something.
    #[must_use]
    pub fn lock(&self, name: &str) -> String {
        format!("{}lock.{name}", self.prefix)
    }

    /// The lease that stands in for a lock of this name.
    #[must_use]
    pub fn lease(&self, lock: &str) -> String {
        format!("{lock}.lease")
    }

    /// The channel on which tabs speak.
    #[must_use]
    pub fn channel(&self) -> String {
        format!("{}channel", self.prefix)
    }
}
