//! How far this device's clock is from the provider's.

use crate::time::Timestamp;

/// Estimates how many milliseconds the provider's clock is ahead of this device's (negative where
/// it is behind), from a token's `iat` and this device's times of sending the request and
/// receiving the answer.
///
/// The token was issued between the two, within the second that `iat` names; where that fits
/// clocks that agree, the answer is zero. The estimate serves scheduling, the `iat` of DPoP proofs
/// and error texts; it never widens a check.
///
/// ```
/// use pkce_core::{Timestamp, id_token::clock_offset_ms};
/// let (sent, received) = (Timestamp::from_millis(100_000), Timestamp::from_millis(100_200));
/// assert_eq!(clock_offset_ms(Timestamp::from_seconds(100), sent, received), 0);
/// assert_eq!(clock_offset_ms(Timestamp::from_seconds(400), sent, received), 300_400);
/// ```
#[must_use]
pub fn clock_offset_ms(issued_at: Timestamp, sent_at: Timestamp, received_at: Timestamp) -> i64 {
    // A clock that was set back meanwhile may have turned the two around.
    let (sent, received) = (sent_at.min(received_at), sent_at.max(received_at));
    let least = issued_at.as_millis().saturating_sub(received.as_millis());
    let most = issued_at
        .as_millis()
        .saturating_add(1000)
        .saturating_sub(sent.as_millis());
    if least <= 0 && most >= 0 {
        0
    } else {
        least.midpoint(most)
    }
}
