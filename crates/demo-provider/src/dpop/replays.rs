//! The proofs that were seen, so that none counts twice (RFC 9449 11.1).

use std::collections::{HashSet, VecDeque};

use crate::secret::Fingerprint;

/// How many are remembered at the most; then the oldest are forgotten early.
const MOST: usize = 50_000;

/// Proofs seen of late, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Replays {
    seen: HashSet<Fingerprint>,
    order: VecDeque<(Fingerprint, u64)>,
}

impl Replays {
    /// Remembers a proof until a time, in seconds; whether it is new.
    pub(crate) fn note(&mut self, thumbprint: &str, jti: &str, now: u64, until: u64) -> bool {
        while self
            .order
            .front()
            .is_some_and(|(_, until)| now >= *until || self.order.len() >= MOST)
        {
            if let Some((oldest, _)) = self.order.pop_front() {
                self.seen.remove(&oldest);
            }
        }
        // A thumbprint has one length, so no two pairs read the same.
        let name = Fingerprint::of(&format!("{thumbprint}{jti}"));
        if !self.seen.insert(name) {
            return false;
        }
        self.order.push_back((name, until));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_new_once_until_it_is_forgotten() {
        let mut replays = Replays::default();
        assert!(replays.note("key", "1", 100, 160));
        assert!(!replays.note("key", "1", 159, 219));
        assert!(replays.note("key", "2", 159, 219));
        assert!(replays.note("yek", "1", 159, 219));
        assert!(replays.note("key", "1", 160, 220));
    }

    #[test]
    fn a_flood_is_remembered_within_bounds() {
        let mut replays = Replays::default();
        for n in 0..=MOST {
            assert!(replays.note("key", &n.to_string(), 0, 60));
        }
        assert_eq!(replays.order.len(), MOST);
        assert_eq!(replays.seen.len(), MOST);
        assert!(!replays.note("key", &MOST.to_string(), 0, 60));
    }
}
