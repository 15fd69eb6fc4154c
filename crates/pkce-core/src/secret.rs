//! Secrets: values whose `Debug` is `[redacted]` and that only [`expose`](AccessToken::expose) shows.
//!
//! ```
//! # fn show(token: &pkce_core::secret::AccessToken) {
//! assert_eq!(format!("{token:?}"), "AccessToken([redacted])");
//! # }
//! ```
//!
//! What would reveal one by accident does not compile: printing it,
//!
//! ```compile_fail,E0277
//! # fn show(token: &pkce_core::secret::AccessToken) {
//! format!("{token}");
//! # }
//! ```
//!
//! comparing it octet by octet, whose time tells how much of it was right,
//!
//! ```compile_fail,E0369
//! # fn show(token: &pkce_core::secret::AccessToken, other: &pkce_core::secret::AccessToken) {
//! let same = token == other;
//! # }
//! ```
//!
//! and serialising it.
//!
//! ```compile_fail,E0277
//! # fn show(token: &pkce_core::secret::AccessToken) {
//! let text = serde_json::to_string(token);
//! # }
//! ```

use std::fmt;

macro_rules! secret {
    ($($(#[$doc:meta])+ $name:ident;)+) => {$(
        $(#[$doc])+
        ///
        /// `Debug` prints `[redacted]`; there is no `Display`, no `PartialEq` and no serialisation.
        #[derive(Clone)]
        pub struct $name(Box<str>);

        impl $name {
            /// Wraps a value that is printable ASCII without spaces at its ends (RFC 6749
            /// appendix A, RFC 6750 2.1) and not empty; `None` otherwise.
            #[must_use]
            pub fn new(value: &str) -> Option<Self> {
                is_printable(value).then(|| Self(value.into()))
            }

            /// The value itself. Never log it, never put it into a URL or the DOM.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }

            /// Base64url of the value's SHA-256: tells values apart without revealing them.
            #[must_use]
            pub fn fingerprint(&self) -> String {
                crate::encoding::fingerprint(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    )+};
}

secret! {
    /// An access token (RFC 6749 1.4).
    AccessToken;
    /// A refresh token (RFC 6749 1.5).
    RefreshToken;
    /// An authorization code (RFC 6749 1.3.1).
    AuthorizationCode;
    /// A PKCE code verifier (RFC 7636 4.1).
    CodeVerifier;
    /// A `nonce` of one authentication request (Core 3.1.2.1).
    Nonce;
    /// A `state` of one authorization request (RFC 6749 10.12).
    State;
    /// A DPoP proof in compact form (RFC 9449 4).
    DpopProof;
    /// An ID token in compact form, as `id_token_hint` needs it.
    RawIdToken;
}

fn is_printable(value: &str) -> bool {
    !value.is_empty()
        && value.bytes().all(|b| (0x20..=0x7e).contains(&b))
        && !value.starts_with(' ')
        && !value.ends_with(' ')
}

/// A body or a URL that carries secrets.
#[derive(Clone)]
pub struct SecretText(String);

impl SecretText {
    /// Wraps any text.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for the wire only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does not compile where the type has the trait: then two implementations fit.
    macro_rules! assert_none_is {
        ($trait:path: $($type:ty),+) => {$(
            const _: fn() = || {
                trait Fits<Which> {
                    fn call() {}
                }
                struct HasTheTrait;
                impl<T: ?Sized> Fits<()> for T {}
                impl<T: ?Sized + $trait> Fits<HasTheTrait> for T {}
                <$type as Fits<_>>::call();
            };
        )+};
    }

    macro_rules! assert_secret {
        ($($type:ty),+) => {$(
            assert_none_is!(std::fmt::Display: $type);
            assert_none_is!(PartialEq: $type);
            assert_none_is!(std::hash::Hash: $type);
            assert_none_is!(serde::Serialize: $type);
            assert_none_is!(AsRef<str>: $type);
            assert_none_is!(std::ops::Deref: $type);
        )+};
    }

    assert_secret!(
        AccessToken,
        RefreshToken,
        AuthorizationCode,
        CodeVerifier,
        Nonce,
        State,
        DpopProof,
        RawIdToken,
        SecretText
    );
    assert_none_is!(std::fmt::Display: crate::authorization::Entropy, crate::authorization::Transaction);
    // What is used once is not copied.
    assert_none_is!(Clone: crate::authorization::Entropy, crate::authorization::Transaction);
    assert_none_is!(Clone: crate::authorization::AuthorizationRequest, crate::par::PushedRequest);
    assert_none_is!(Clone: crate::callback::Callback, crate::callback::Grant);
    assert_none_is!(Clone: crate::dpop::ProofRequest<'static>, crate::dpop::PendingProof);

    #[test]
    fn debug_shows_nothing() {
        let token = AccessToken::new("canary-1234").unwrap();
        let text = SecretText::new("canary-1234".into());
        let shown = format!("{token:?} {text:?} {:?}", Some((&token, [&text])));
        assert!(!shown.contains("canary"), "{shown}");
        assert!(shown.contains("[redacted]"));
    }

    #[test]
    fn only_printable_ascii_is_a_token() {
        for good in ["a", "a b", "~!@#$%^&*()+/=", &"x".repeat(100_000)] {
            assert!(AccessToken::new(good).is_some());
        }
        for bad in ["", " ", " a", "a ", "a\n", "a\r\nX: y", "é", "\u{7f}", "\0"] {
            assert!(AccessToken::new(bad).is_none(), "{bad:?}");
        }
    }
}
