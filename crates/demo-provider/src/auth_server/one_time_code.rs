//! One-time codes: who has set them up, and whether one is right (RFC 6238).

use std::collections::HashMap;

use rand::RngCore as _;
use rand::rngs::OsRng;
use totp_rs::{Builder, Totp};

use crate::users::DemoUser;

/// How long one code is shown, in seconds.
const STEP: u64 = 30;
/// The name that authenticator apps show.
const ISSUER: &str = "Demo provider";

/// A user's key, and what was done with it.
struct Enrolment {
    totp: Totp,
    /// The user has entered a right code, so the key is in an app and is not shown any more.
    confirmed: bool,
    /// The newest step whose code was used; that one and those before it are used up
    /// (RFC 6238 5.2).
    used_up_to: u64,
}

/// What a code is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Right,
    Wrong,
    /// It was right, and came before.
    Used,
}

/// What a user types into an authenticator app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SetUp {
    /// The key in base32.
    pub(crate) key: String,
    /// The same as a link.
    pub(crate) uri: String,
}

/// A code for those who have no app at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DemoCode {
    /// This one is right now.
    Now(String),
    /// All that would be right now were used: the next comes in so many seconds.
    In(u64),
}

/// Every user's key, by `sub`. Keys are made when they are first needed.
#[derive(Default)]
pub(crate) struct OneTimeCodes(HashMap<&'static str, Enrolment>);

impl OneTimeCodes {
    fn of(&mut self, user: &'static DemoUser) -> Option<&mut Enrolment> {
        if !self.0.contains_key(user.sub) {
            let mut key = [0_u8; 20];
            OsRng.fill_bytes(&mut key);
            let totp = totp(key.to_vec(), user.username)?;
            let enrolment = Enrolment {
                totp,
                confirmed: false,
                used_up_to: 0,
            };
            self.0.insert(user.sub, enrolment);
        }
        self.0.get_mut(user.sub)
    }

    /// Whether the user has set up one-time codes.
    pub(crate) fn are_set_up(&self, sub: &str) -> bool {
        self.0.get(sub).is_some_and(|enrolment| enrolment.confirmed)
    }

    /// What to type into an app, for a user who has not done so yet.
    pub(crate) fn set_up(&mut self, user: &'static DemoUser) -> Option<SetUp> {
        let enrolment = self.of(user).filter(|enrolment| !enrolment.confirmed)?;
        Some(SetUp {
            key: enrolment.totp.secret().to_base32(),
            uri: enrolment.totp.to_url().ok()?,
        })
    }

    /// Judges a code. Clocks may differ by one step in either direction (RFC 6238 5.2).
    pub(crate) fn check(&mut self, user: &'static DemoUser, code: &str, now: u64) -> Verdict {
        let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if digits.len() != 6 || !digits.chars().all(|c| c.is_ascii_digit()) {
            return Verdict::Wrong;
        }
        let Some(enrolment) = self.of(user) else {
            return Verdict::Wrong;
        };
        match enrolment.totp.check(&digits, now) {
            None => Verdict::Wrong,
            Some(step) if step <= enrolment.used_up_to => Verdict::Used,
            Some(step) => {
                enrolment.used_up_to = step;
                enrolment.confirmed = true;
                Verdict::Right
            }
        }
    }

    /// A code that is right now, if there is one.
    pub(crate) fn demo_code(&mut self, user: &'static DemoUser, now: u64) -> Option<DemoCode> {
        let enrolment = self.of(user)?;
        let step = now / STEP;
        let next = step.max(enrolment.used_up_to.saturating_add(1));
        Some(if next <= step.saturating_add(1) {
            let code = enrolment.totp.generate(next.saturating_mul(STEP));
            DemoCode::Now(code.to_string())
        } else {
            DemoCode::In(STEP.saturating_sub(now % STEP))
        })
    }

    /// Forgets every key.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }
}

/// SHA-1, six digits and 30 seconds: what every authenticator app knows.
fn totp(key: Vec<u8>, account: &str) -> Option<Totp> {
    Builder::new()
        .with_secret(key)
        .with_issuer(Some(ISSUER))
        .with_account_name(account)
        .with_step_duration(STEP)
        .with_skew(1)
        .build()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::find_by_username;

    const NOW: u64 = 1_800_000_000;

    fn alice() -> &'static DemoUser {
        find_by_username("alice").unwrap()
    }

    fn code_at(codes: &mut OneTimeCodes, time: u64) -> String {
        codes.of(alice()).unwrap().totp.generate(time).to_string()
    }

    #[test]
    fn codes_are_the_ones_of_rfc_6238_appendix_b() {
        let totp = totp(b"12345678901234567890".to_vec(), "alice").unwrap();
        for (time, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            // The table has eight digits; the last six of them are the six-digit code.
            let (_, code) = code.split_at(2);
            assert_eq!(totp.generate(time).to_string(), code, "{time}");
        }
    }

    #[test]
    fn a_code_is_right_for_one_step_before_and_after() {
        for (offset, verdict) in [
            (-60_i64, Verdict::Wrong),
            (-30, Verdict::Right),
            (0, Verdict::Right),
            (30, Verdict::Right),
            (60, Verdict::Wrong),
        ] {
            let mut codes = OneTimeCodes::default();
            let code = code_at(&mut codes, NOW.checked_add_signed(offset).unwrap());
            assert_eq!(codes.check(alice(), &code, NOW), verdict, "{offset}");
        }
    }

    #[test]
    fn a_code_works_once_and_takes_older_ones_with_it() {
        let mut codes = OneTimeCodes::default();
        let (before, now) = (code_at(&mut codes, NOW - 30), code_at(&mut codes, NOW));
        assert_eq!(codes.check(alice(), &now, NOW), Verdict::Right);
        assert_eq!(codes.check(alice(), &now, NOW), Verdict::Used);
        assert_eq!(codes.check(alice(), &before, NOW), Verdict::Used);
        let next = code_at(&mut codes, NOW + 30);
        assert_eq!(codes.check(alice(), &next, NOW + 30), Verdict::Right);
    }

    #[test]
    fn what_is_no_code_is_wrong() {
        let mut codes = OneTimeCodes::default();
        let code = code_at(&mut codes, NOW);
        let wide: String = code
            .chars()
            .map(|digit| char::from_u32(u32::from(digit) + 0xFEE0).unwrap())
            .collect();
        for wrong in ["", "12345", &format!("{code}0"), &wide, "abcdef", "+12345"] {
            assert_eq!(codes.check(alice(), wrong, NOW), Verdict::Wrong, "{wrong}");
        }
        let (head, tail) = code.split_at(3);
        let spaced = format!(" {head} {tail}");
        assert_eq!(codes.check(alice(), &spaced, NOW), Verdict::Right);
    }

    #[test]
    fn the_key_is_shown_until_a_first_code_was_right() {
        let mut codes = OneTimeCodes::default();
        let set_up = codes.set_up(alice()).unwrap();
        assert_eq!(set_up.key.len(), 32);
        assert_eq!(
            set_up.uri,
            format!(
                "otpauth://totp/Demo%20provider:alice?secret={}&issuer=Demo%20provider",
                set_up.key
            )
        );
        assert_eq!(codes.set_up(alice()), Some(set_up));
        assert_eq!(codes.check(alice(), "000000", 0), Verdict::Wrong);
        assert!(!codes.are_set_up(alice().sub));
        let code = code_at(&mut codes, NOW);
        codes.check(alice(), &code, NOW);
        assert_eq!(codes.set_up(alice()), None);
        assert!(codes.are_set_up(alice().sub));
        codes.forget();
        assert!(!codes.are_set_up(alice().sub));
    }

    #[test]
    fn the_demo_code_is_one_that_was_not_used() {
        let mut codes = OneTimeCodes::default();
        for _ in 0..2 {
            let Some(DemoCode::Now(code)) = codes.demo_code(alice(), NOW) else {
                panic!("there is a code");
            };
            assert_eq!(codes.check(alice(), &code, NOW), Verdict::Right);
        }
        let wait = codes.demo_code(alice(), NOW + 10);
        assert_eq!(wait, Some(DemoCode::In(20)));
        assert!(matches!(
            codes.demo_code(alice(), NOW + 30),
            Some(DemoCode::Now(_))
        ));
    }
}
