//! The demo's users, and checking their passwords.

use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

/// A user of the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoUser {
    /// The subject identifier: what `sub` says, and never changes.
    pub sub: &'static str,
    /// What the user types.
    pub username: &'static str,
    /// The demo password, which the program prints. A real provider knows only its hash.
    pub password: &'static str,
    /// `name`.
    pub name: &'static str,
    /// `email`.
    pub email: &'static str,
    /// `email_verified`.
    pub email_verified: bool,
    /// `locale`, a BCP 47 tag.
    pub locale: &'static str,
}

/// Everybody who can sign in.
pub const DEMO_USERS: [DemoUser; 3] = [
    DemoUser {
        sub: "u-7f3a9c51-alice",
        username: "alice",
        password: "wonderland-42",
        name: "Alice Liddell",
        email: "alice@example.com",
        email_verified: true,
        locale: "en",
    },
    DemoUser {
        sub: "u-2b80d4e6-bob",
        username: "bob",
        password: "builder-42",
        name: "Bob Mason",
        email: "bob@example.com",
        email_verified: false,
        locale: "en",
    },
    DemoUser {
        sub: "u-c915e07d-minji",
        username: "minji",
        password: "hangang-42",
        name: "김민지",
        email: "minji@example.com",
        email_verified: true,
        locale: "ko",
    },
];

/// The user with that name. Case does not matter, as a phone's keyboard starts with a capital.
#[must_use]
pub fn find_by_username(username: &str) -> Option<&'static DemoUser> {
    static USERS: [DemoUser; 3] = DEMO_USERS;
    USERS
        .iter()
        .find(|user| user.username.eq_ignore_ascii_case(username.trim()))
}

/// The user with that subject identifier.
#[must_use]
pub fn find_by_sub(sub: &str) -> Option<&'static DemoUser> {
    static USERS: [DemoUser; 3] = DEMO_USERS;
    USERS.iter().find(|user| user.sub == sub)
}

/// Argon2id hashes of the demo's passwords, made at first use, and one of nobody's.
struct Hashes {
    users: Vec<(&'static str, String)>,
    nobody: String,
}

fn hashes() -> &'static Hashes {
    static HASHES: OnceLock<Hashes> = OnceLock::new();
    HASHES.get_or_init(|| {
        let hash = |password: &str| {
            let hash = Argon2::default().hash_password(password.as_bytes());
            // A user without a hash cannot sign in.
            hash.map(|hash| hash.to_string()).unwrap_or_default()
        };
        let users = DEMO_USERS
            .iter()
            .map(|user| (user.sub, hash(user.password)))
            .collect();
        Hashes {
            users,
            nobody: hash(""),
        }
    })
}

/// Checks a password. It takes as long for a user who does not exist, so that names cannot be told
/// from the time. Slow by design: call it where blocking is allowed.
pub(crate) fn check_password(username: &str, password: &str) -> Option<&'static DemoUser> {
    let user = find_by_username(username);
    let hashes = hashes();
    let hash = user
        .and_then(|user| hashes.users.iter().find(|(sub, _)| *sub == user.sub))
        .map_or(&hashes.nobody, |(_, hash)| hash);
    let parsed = PasswordHash::new(hash).ok()?;
    let right = Argon2::default()
        .verify_password(password.as_bytes(), &parsed)
        .is_ok();
    user.filter(|_| right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_demo_user_signs_in_with_the_own_password_alone() {
        for user in &DEMO_USERS {
            assert_eq!(check_password(user.username, user.password), Some(user));
            assert_eq!(check_password(user.username, "wrong"), None);
            assert_eq!(check_password(user.username, ""), None);
        }
        assert_eq!(check_password("nobody", ""), None);
        assert_eq!(check_password("alice", "builder-42"), None);
    }
}
