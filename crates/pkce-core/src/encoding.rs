//! Encodings: base64url without padding, SHA-256, form-encoding.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// base64url without padding (RFC 7515 2).
#[must_use]
pub fn base64url(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

/// The octets of base64url without padding; `None` for padding, other alphabets, white space
/// and non-zero trailing bits.
#[must_use]
pub fn base64url_decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// SHA-256 (FIPS 180-4).
#[must_use]
pub fn sha256(octets: &[u8]) -> [u8; 32] {
    Sha256::digest(octets).into()
}

/// The fingerprint of a secret or a one-time value: base64url of its SHA-256, which reveals
/// nothing of a value with 128 bits of entropy or more.
#[must_use]
pub fn fingerprint(value: &str) -> String {
    base64url(&sha256(value.as_bytes()))
}

/// Parameters as `application/x-www-form-urlencoded` (RFC 6749 appendix B).
#[must_use]
pub fn form<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// The parameters of a form-encoded text, in order.
#[must_use]
pub fn form_parse(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sloppy_base64url_is_refused() {
        assert_eq!(base64url_decode("AQI"), Some(vec![1, 2]));
        for bad in ["AQI=", "AQ I", "AQ+/", "AQJ", "A", "AQI\n"] {
            assert_eq!(base64url_decode(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_fingerprint_is_the_base64url_of_sha_256() {
        // FIPS 180-2 B.1: the digest of "abc" is ba7816bf...
        assert_eq!(
            fingerprint("abc"),
            "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"
        );
        assert_ne!(fingerprint("abc"), fingerprint("abd"));
    }

    proptest! {
        #[test]
        fn base64url_round_trips(octets in any::<Vec<u8>>()) {
            prop_assert_eq!(base64url_decode(&base64url(&octets)), Some(octets));
        }

        #[test]
        fn forms_round_trip(pairs in any::<Vec<(String, String)>>()) {
            let text = form(pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())));
            prop_assert_eq!(form_parse(&text), pairs);
        }
    }
}
