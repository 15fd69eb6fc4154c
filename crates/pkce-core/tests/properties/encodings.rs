//! base64url (RFC 7515 2, RFC 4648 5) and application/x-www-form-urlencoded (RFC 6749 B).

use super::noise;
use pkce_core::encoding::{base64url, base64url_decode, form, form_parse, sha256};
use proptest::prelude::*;

proptest! {
    #[test]
    fn octets_come_back_from_base64url(octets in any::<Vec<u8>>()) {
        let text = base64url(&octets);
        prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        prop_assert_eq!(base64url_decode(&text), Some(octets));
    }

    /// One sequence of octets has one text: no other is decoded.
    #[test]
    fn only_the_canonical_text_is_decoded(text in prop_oneof!["[A-Za-z0-9_-]{0,9}", "[A-Za-z0-9_=+/ -]{0,9}", noise()]) {
        if let Some(octets) = base64url_decode(&text) {
            prop_assert_eq!(base64url(&octets), text);
        }
    }

    /// Written here and read by another parser, and the other way round.
    #[test]
    fn forms_round_trip_with_another_parser(pairs in prop::collection::vec((noise(), noise()), 0..8)) {
        let text = form(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let theirs: Vec<(String, String)> =
            url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        prop_assert_eq!(&theirs, &pairs);
        let mut written = url::Url::parse("https://a/").unwrap();
        written.query_pairs_mut().extend_pairs(&pairs);
        prop_assert_eq!(form_parse(written.query().unwrap_or("")), pairs);
    }

    #[test]
    fn any_text_is_read_as_a_form(text in noise()) {
        let theirs: Vec<(String, String)> =
            url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        prop_assert_eq!(form_parse(&text), theirs);
    }

    #[test]
    fn a_digest_tells_texts_apart(a in noise(), b in noise()) {
        prop_assert_eq!(sha256(a.as_bytes()) == sha256(b.as_bytes()), a == b);
    }
}
