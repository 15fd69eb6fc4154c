//! The one place that knows what time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The provider's clock. Clones share one time, so a test keeps a handle and moves it.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
enum Source {
    /// The machine's clock, plus what [`Clock::advance`] added.
    System { ahead_ms: AtomicU64 },
    /// Stands still until it is advanced.
    Manual { now_ms: AtomicU64 },
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(Source::System {
            ahead_ms: AtomicU64::new(0),
        }))
    }

    /// A clock that stands at `unix_seconds` until it is advanced.
    #[must_use]
    pub fn manual(unix_seconds: u64) -> Self {
        let now_ms = AtomicU64::new(unix_seconds.saturating_mul(1000));
        Self(Arc::new(Source::Manual { now_ms }))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        match &*self.0 {
            Source::System { ahead_ms } => {
                let since = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                to_ms(since).saturating_add(ahead_ms.load(Ordering::SeqCst))
            }
            Source::Manual { now_ms } => now_ms.load(Ordering::SeqCst),
        }
    }

    /// Seconds since the Unix epoch, as JWT claims count them.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now_ms() / 1000
    }

    /// Moves this clock forward. On a system clock the provider then lives in the future, which
    /// lets a session expire for a browser whose own clock nobody can move.
    pub fn advance(&self, by: Duration) {
        let counter = match &*self.0 {
            Source::System { ahead_ms } => ahead_ms,
            Source::Manual { now_ms } => now_ms,
        };
        counter.fetch_add(to_ms(by), Ordering::SeqCst);
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

/// A duration in whole milliseconds.
pub(crate) fn to_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
