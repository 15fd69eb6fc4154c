//! Wall-clock time as data: the core has no clock of its own.

use std::ops::{Add, Sub};
use std::time::Duration;

/// A point of wall-clock time: milliseconds since 1970-01-01T00:00:00Z. `+` and `-` saturate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The largest delay that a browser timer takes, in milliseconds (2^31 - 1).
pub const TIMER_LIMIT_MS: u64 = 0x7fff_ffff;

impl Timestamp {
    /// From milliseconds since the epoch, as `Date.now()` gives them.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From seconds since the epoch (NumericDate, RFC 7519 2).
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// How long until `later`; zero when it has passed.
    #[must_use]
    pub fn until(self, later: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0))
    }

    /// How long since `earlier`; zero when it is still to come.
    #[must_use]
    pub fn since(self, earlier: Timestamp) -> Duration {
        earlier.until(self)
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, wait: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)),
        )
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, wait: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)),
        )
    }
}

/// How far a server's clock is ahead of this device's; zero where nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockOffset(i64);

impl ClockOffset {
    /// From milliseconds, as [`clock_offset_ms`](crate::id_token::clock_offset_ms) estimates them;
    /// negative where the server's clock is behind.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// What the server's clock shows when this device's shows `now`.
    #[must_use]
    pub const fn server_time(self, now: Timestamp) -> Timestamp {
        Timestamp(now.0.saturating_add(self.0))
    }
}

/// One of so many equal parts of a span.
pub(crate) fn part(span: Duration, parts: u32) -> Duration {
    span.checked_div(parts).unwrap_or(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_instead_of_overflowing() {
        let end = Timestamp::from_seconds(i64::MAX);
        assert_eq!(
            end + Duration::from_secs(1),
            Timestamp::from_millis(i64::MAX)
        );
        let start = Timestamp::from_millis(i64::MIN);
        assert_eq!(start - Duration::MAX, start);
        assert_eq!(end.until(start), Duration::ZERO);
    }

    #[test]
    fn whole_seconds_are_those_that_have_begun() {
        for (millis, seconds) in [(-1001, -2), (-1000, -1), (-1, -1), (0, 0), (1999, 1)] {
            assert_eq!(Timestamp::from_millis(millis).as_seconds(), seconds);
        }
    }
}
