//! The authorization server's keys, fetched over HTTP as any resource server would, and cached.

use std::time::Duration;

use jsonwebtoken::jwk::{Jwk, JwkSet};
use tokio::sync::Mutex;

use crate::clock::Clock;

/// How long fetched keys are believed, in milliseconds.
const FRESH_MS: u64 = 5 * 60 * 1000;
/// In this time, in milliseconds, …
const WINDOW_MS: u64 = 10_000;
/// … unknown `kid`s cause no more than so many fetches, however many tokens bring them.
const MOST_FETCHES: u32 = 5;
/// How long a fetch may take.
const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
struct Cached {
    keys: Option<JwkSet>,
    fetched_ms: u64,
    window_start_ms: u64,
    fetches_in_window: u32,
}

/// The cache.
pub(crate) struct KeyCache {
    url: String,
    clock: Clock,
    http: reqwest::Client,
    cached: Mutex<Cached>,
}

impl KeyCache {
    pub(crate) fn new(issuer: &str, clock: Clock) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            // The authorization server is on this machine.
            .no_proxy()
            .build()?;
        Ok(Self {
            url: format!("{issuer}/jwks"),
            clock,
            http,
            cached: Mutex::default(),
        })
    }

    /// The key of that `kid`. An unknown one makes the cache look again, since keys rotate.
    pub(crate) async fn key(&self, kid: &str) -> Option<Jwk> {
        // One fetch at a time; who waited finds the keys of the one before.
        let mut cached = self.cached.lock().await;
        let now_ms = self.clock.now_ms();
        let fresh = now_ms < cached.fetched_ms.saturating_add(FRESH_MS);
        let known = |cached: &Cached| {
            cached
                .keys
                .as_ref()
                .and_then(|keys| keys.find(kid).cloned())
        };
        if fresh && let Some(key) = known(&cached) {
            return Some(key);
        }
        if now_ms >= cached.window_start_ms.saturating_add(WINDOW_MS) {
            cached.window_start_ms = now_ms;
            cached.fetches_in_window = 0;
        }
        if cached.fetches_in_window < MOST_FETCHES {
            cached.fetches_in_window = cached.fetches_in_window.saturating_add(1);
            // When the keys can't be had, those known before go on.
            if let Ok(keys) = self.fetch().await {
                cached.keys = Some(keys);
                cached.fetched_ms = now_ms;
            }
        }
        known(&cached)
    }

    async fn fetch(&self) -> Result<JwkSet, reqwest::Error> {
        self.http
            .get(&self.url)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await
    }
}
