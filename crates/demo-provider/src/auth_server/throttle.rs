//! Slowing down who guesses passwords.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

/// Wrong passwords for one account before the first wait.
const FREE_PER_ACCOUNT: u32 = 5;
/// Wrong passwords from one address before the first wait: many people may share one.
const FREE_PER_SOURCE: u32 = 20;
/// The first wait, in milliseconds; each further wrong password doubles it.
const FIRST_WAIT_MS: u64 = 2_000;
/// The longest wait.
const LONGEST_WAIT_MS: u64 = 15 * 60 * 1000;
/// After this time without a wrong password all is forgotten.
const FORGET_MS: u64 = 60 * 60 * 1000;
/// How many accounts or addresses are remembered at the most.
const MOST: usize = 10_000;

#[derive(Clone, Copy, Debug, Default)]
struct Failures {
    count: u32,
    last_ms: u64,
}

impl Failures {
    fn free_at_ms(self, free: u32) -> u64 {
        let Some(beyond) = self.count.checked_sub(free) else {
            return 0;
        };
        let wait = FIRST_WAIT_MS.saturating_mul(1_u64.checked_shl(beyond).unwrap_or(u64::MAX));
        self.last_ms.saturating_add(wait.min(LONGEST_WAIT_MS))
    }
}

/// Wrong passwords of late, by account and by address.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    accounts: HashMap<String, Failures>,
    sources: HashMap<IpAddr, Failures>,
}

impl Throttle {
    /// How many milliseconds to wait before a password is even looked at; `None` to go on.
    pub(crate) fn wait_ms(&self, account: &str, source: IpAddr, now_ms: u64) -> Option<u64> {
        let account = self.accounts.get(account).copied().unwrap_or_default();
        let source = self.sources.get(&source).copied().unwrap_or_default();
        let free_at = account
            .free_at_ms(FREE_PER_ACCOUNT)
            .max(source.free_at_ms(FREE_PER_SOURCE));
        free_at.checked_sub(now_ms).filter(|wait| *wait > 0)
    }

    pub(crate) fn failed(&mut self, account: &str, source: IpAddr, now_ms: u64) {
        note(&mut self.accounts, account.to_owned(), now_ms);
        note(&mut self.sources, source, now_ms);
    }

    /// A right password clears the account. The address keeps its count, or a guesser would clear
    /// it by signing in to an account of their own.
    pub(crate) fn succeeded(&mut self, account: &str) {
        self.accounts.remove(account);
    }
}

fn note<K: Eq + Hash>(failures: &mut HashMap<K, Failures>, key: K, now_ms: u64) {
    failures.retain(|_, past| now_ms < past.last_ms.saturating_add(FORGET_MS));
    if failures.len() >= MOST && !failures.contains_key(&key) {
        failures.clear();
    }
    let entry = failures.entry(key).or_default();
    entry.count = entry.count.saturating_add(1);
    entry.last_ms = now_ms;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn waits_double_after_five_wrong_passwords() {
        let mut throttle = Throttle::default();
        for _ in 0..4 {
            throttle.failed("alice", HERE, 0);
            assert_eq!(throttle.wait_ms("alice", HERE, 0), None);
        }
        let mut waits = Vec::new();
        for _ in 0..3 {
            throttle.failed("alice", HERE, 0);
            waits.push(throttle.wait_ms("alice", HERE, 0).unwrap());
        }
        assert_eq!(waits, [2_000, 4_000, 8_000]);
        assert_eq!(throttle.wait_ms("alice", HERE, 8_000), None);
        assert_eq!(throttle.wait_ms("bob", HERE, 0), None);
    }

    #[test]
    fn the_account_waits_from_wherever_it_is_guessed() {
        let mut throttle = Throttle::default();
        for _ in 0..5 {
            throttle.failed("alice", HERE, 0);
        }
        assert!(throttle.wait_ms("alice", THERE, 0).is_some());
        throttle.succeeded("alice");
        assert_eq!(throttle.wait_ms("alice", THERE, 0), None);
    }

    #[test]
    fn one_who_tries_many_accounts_waits_too() {
        let mut throttle = Throttle::default();
        for n in 0..20 {
            throttle.failed(&format!("user{n}"), HERE, 0);
        }
        assert!(throttle.wait_ms("yet-another", HERE, 0).is_some());
        assert_eq!(throttle.wait_ms("yet-another", THERE, 0), None);
    }

    #[test]
    fn the_wait_has_an_end_however_often_one_fails() {
        let mut throttle = Throttle::default();
        for _ in 0..200 {
            throttle.failed("alice", HERE, 0);
        }
        assert_eq!(throttle.wait_ms("alice", HERE, 0), Some(LONGEST_WAIT_MS));
        throttle.failed("bob", HERE, FORGET_MS);
        assert_eq!(throttle.wait_ms("alice", HERE, FORGET_MS), None);
    }
}
