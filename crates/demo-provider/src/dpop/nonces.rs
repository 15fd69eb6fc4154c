//! The nonces that a server gives out for proofs (RFC 9449 8).

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::lock;
use crate::policy::DpopNonces;
use crate::secret::random_id;

/// How long a nonce is taken, in milliseconds.
const LIFETIME_MS: u64 = 300_000;
/// How long one nonce is given out, where it is not a new one each time.
const RENEWED_MS: u64 = LIFETIME_MS / 2;
/// How many are remembered at the most.
const MOST: usize = 1_000;

#[derive(Debug)]
struct Nonce {
    value: String,
    given_ms: u64,
}

/// The nonces of one server, the newest last.
#[derive(Debug, Default)]
pub(crate) struct Nonces(Mutex<VecDeque<Nonce>>);

impl Nonces {
    /// A nonce for the next proof.
    pub(crate) fn give(&self, wanted: DpopNonces, now_ms: u64) -> String {
        let mut nonces = lock(&self.0);
        let newest = nonces
            .back()
            .filter(|newest| now_ms < newest.given_ms.saturating_add(RENEWED_MS));
        if let (DpopNonces::Required, Some(newest)) = (wanted, newest) {
            return newest.value.clone();
        }
        let value = random_id();
        nonces.push_back(Nonce {
            value: value.clone(),
            given_ms: now_ms,
        });
        if nonces.len() > MOST {
            nonces.pop_front();
        }
        value
    }

    /// Whether a nonce is one of the newest `accepted`, and young enough.
    pub(crate) fn knows(&self, nonce: &str, now_ms: u64, accepted: usize) -> bool {
        lock(&self.0).iter().rev().take(accepted).any(|known| {
            known.value == nonce && now_ms < known.given_ms.saturating_add(LIFETIME_MS)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_given_again_for_half_its_life_and_taken_for_all_of_it() {
        let nonces = Nonces::default();
        let first = nonces.give(DpopNonces::Required, 0);
        assert_eq!(nonces.give(DpopNonces::Required, 149_999), first);
        let second = nonces.give(DpopNonces::Required, 150_000);
        assert_ne!(second, first);
        assert!(nonces.knows(&first, 299_999, 8));
        assert!(!nonces.knows(&first, 300_000, 8));
        assert!(nonces.knows(&second, 300_000, 8));
        assert!(!nonces.knows("made-up", 0, 8));
    }

    #[test]
    fn a_rotating_nonce_is_another_each_time_and_the_newest_few_are_taken() {
        let nonces = Nonces::default();
        let given: Vec<_> = (0..4)
            .map(|_| nonces.give(DpopNonces::Rotating, 0))
            .collect();
        let known = |accepted| {
            let known: Vec<_> = given
                .iter()
                .map(|nonce| nonces.knows(nonce, 0, accepted))
                .collect();
            known
        };
        assert_eq!(known(1), [false, false, false, true]);
        assert_eq!(known(3), [false, true, true, true]);
    }
}
