//! What an app builds its messages from: errors and addresses in words.
#![allow(clippy::expect_used, reason = "these are tests")]

use pkce_core::url::{HttpUrl, UrlFault};
use pkce_core::{Error, ErrorCode, Phase};
use std::collections::HashSet;

#[test]
fn an_error_prints_its_code_and_what_was_expected_and_came() {
    let bare = Error::new(ErrorCode::Timeout, Phase::Token);
    assert_eq!(bare.to_string(), "timeout");
    assert_eq!(ErrorCode::Timeout.to_string(), "timeout");
    let expected = bare.clone().expected("an answer");
    assert_eq!(expected.to_string(), "timeout: expected an answer");
    assert_eq!(
        expected.came("none").to_string(),
        "timeout: expected an answer; came none"
    );
    assert_eq!(bare.came("none").to_string(), "timeout; came none");
}

/// RFC 3986 3.2.2: hosts are case-insensitive.
#[test]
fn a_url_tells_its_host_in_lower_case_and_its_scheme() {
    for (text, host, is_https) in [
        ("https://ID.Example/x", "id.example", true),
        ("http://localhost:9000/x", "localhost", false),
    ] {
        let url = HttpUrl::parse(text).expect("a URL");
        assert_eq!((url.host(), url.is_https()), (host, is_https));
        assert_eq!(url.as_str(), text);
    }
}

#[test]
fn every_fault_of_a_url_has_words_of_its_own() {
    let long = format!("https://id.example/{}", "x".repeat(HttpUrl::LIMIT));
    let mut said = HashSet::new();
    for (text, fault) in [
        (long.as_str(), UrlFault::TooLong),
        ("ftp://id.example/", UrlFault::Scheme),
        ("https://id.example/a b", UrlFault::Character),
        ("https://user@id.example/", UrlFault::UserInfo),
        ("https:///x", UrlFault::Host),
        ("https://id.example:0/", UrlFault::Port),
        ("https://id.example/../x", UrlFault::DotSegment),
        ("https://id.example/%zz", UrlFault::PercentEncoding),
    ] {
        assert_eq!(HttpUrl::parse(text), Err(fault));
        assert!(said.insert(fault.as_str()), "{fault:?}");
    }
}
