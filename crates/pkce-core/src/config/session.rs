//! `session`: how long a session may last, and whether tabs share it.

use super::fault::Fault;
use super::reader::Reader;
use crate::error::Error;
use crate::json::Json;
use std::time::Duration;

/// The longest limit that can be set: ten years, in seconds.
const LONGEST: i64 = 10 * 365 * 24 * 60 * 60;

/// How long a session may last, and whether the tabs of one browser share it. By default they do,
/// and the client sets no limit of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionOptions {
    share_across_tabs: bool,
    idle_limit: Option<Duration>,
    max_age: Option<Duration>,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            share_across_tabs: true,
            idle_limit: None,
            max_age: None,
        }
    }
}

impl SessionOptions {
    /// Whether a new tab takes over the session of an open one.
    #[must_use]
    pub const fn share_across_tabs(&self) -> bool {
        self.share_across_tabs
    }

    /// How long the user may do nothing before the session ends.
    #[must_use]
    pub const fn idle_limit(&self) -> Option<Duration> {
        self.idle_limit
    }

    /// How long after sign-in the session ends, whatever the user does.
    #[must_use]
    pub const fn max_age(&self) -> Option<Duration> {
        self.max_age
    }

    /// Sets whether tabs share the session.
    #[must_use]
    pub const fn with_share_across_tabs(mut self, share: bool) -> Self {
        self.share_across_tabs = share;
        self
    }

    /// Sets the idle limit, in seconds.
    ///
    /// # Errors
    /// `config_invalid_value` unless from 1 second to ten years.
    pub fn with_idle_limit_seconds(mut self, limit: i64) -> Result<Self, Error> {
        self.idle_limit = Some(seconds(limit).map_err(|f| f.at("session.idle_limit_seconds"))?);
        Ok(self)
    }

    /// Sets the maximum age, in seconds.
    ///
    /// # Errors
    /// `config_invalid_value` unless from 1 second to ten years.
    pub fn with_max_age_seconds(mut self, limit: i64) -> Result<Self, Error> {
        self.max_age = Some(seconds(limit).map_err(|f| f.at("session.max_age_seconds"))?);
        Ok(self)
    }

    pub(super) fn read(json: &Json) -> Result<Self, Error> {
        const PATH: &str = "session";
        let known = ["share_across_tabs", "idle_limit_seconds", "max_age_seconds"];
        let reader = Reader::new(json, PATH, &known)?;
        let mut options = Self::default();
        if let Some(share) = reader.bool("share_across_tabs")? {
            options.share_across_tabs = share;
        }
        if let Some(limit) = reader.integer_or_null("idle_limit_seconds")? {
            options = options.with_idle_limit_seconds(limit)?;
        }
        if let Some(limit) = reader.integer_or_null("max_age_seconds")? {
            options = options.with_max_age_seconds(limit)?;
        }
        Ok(options)
    }
}

fn seconds(limit: i64) -> Result<Duration, Fault> {
    u64::try_from(limit)
        .ok()
        .filter(|_| (1..=LONGEST).contains(&limit))
        .map(Duration::from_secs)
        .ok_or_else(|| Fault::invalid("from 1 to 315360000 seconds (ten years)", limit.to_string()))
}
