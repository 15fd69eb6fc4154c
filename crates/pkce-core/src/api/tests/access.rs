use crate::api::{ApiAccess, ApiEntry, parse_url};
use crate::config::{Resource, Scope};
use crate::error::{Error, ErrorCode, Phase};
use crate::url::HttpUrl;
use proptest::prelude::*;

fn list(urls: &[&str]) -> ApiAccess {
    urls.iter()
        .try_fold(ApiAccess::default(), |list, url| {
            list.with(ApiEntry::new(url)?)
        })
        .unwrap()
}

fn entry_for<'a>(list: &'a ApiAccess, url: &str) -> Result<&'a str, Error> {
    list.entry_for(&HttpUrl::parse(url).unwrap())
        .map(|entry| entry.url().as_str())
}

#[test]
fn a_token_goes_to_the_entry_and_below_it_by_whole_segments() {
    // Protocol rule 29
    let list = list(&["https://api.example/v1/me", "http://localhost:9001"]);
    for good in [
        "https://api.example/v1/me",
        "https://api.example/v1/me/x?y=1#z",
        "https://API.EXAMPLE:443/v1/me/",
    ] {
        assert_eq!(
            entry_for(&list, good).unwrap(),
            "https://api.example/v1/me",
            "{good}"
        );
    }
    assert_eq!(
        entry_for(&list, "http://localhost:9001/any").unwrap(),
        "http://localhost:9001"
    );
    for bad in [
        "https://api.example/v1/me2",
        "https://api.example/v1",
        "https://api.example/V1/me",
        "http://api.example/v1/me",
        "https://api.example:8443/v1/me",
        "https://api.example.evil/v1/me",
        "https://evil.example/v1/me",
        "https://api.example/v1/me/..%2fadmin",
        "http://localhost:9002/any",
        "http://localhost/any",
    ] {
        assert_eq!(
            entry_for(&list, bad).unwrap_err().code(),
            ErrorCode::ApiUrlNotAllowed,
            "{bad}"
        );
    }
    assert!(entry_for(&ApiAccess::default(), "https://api.example/").is_err());
}

#[test]
fn the_most_specific_entry_wins_in_any_order() {
    let mut urls = [
        "https://a/",
        "https://a/x",
        "https://a/x/y/",
        "https://a/long-name",
    ];
    for _ in 0..2 {
        let list = list(&urls);
        for (url, entry) in [
            ("https://a/z", "https://a/"),
            ("https://a/x", "https://a/x"),
            ("https://a/x/z", "https://a/x"),
            ("https://a/x/y", "https://a/x/y/"),
            ("https://a/x/y/z", "https://a/x/y/"),
            ("https://a/long-name", "https://a/long-name"),
        ] {
            assert_eq!(entry_for(&list, url).unwrap(), entry, "{url}");
        }
        urls.reverse();
    }
    // Slashes at the end make no entry the longer one.
    let list = list(&["https://a/x////", "https://a/x/y"]);
    assert_eq!(
        entry_for(&list, "https://a/x/y/z").unwrap(),
        "https://a/x/y"
    );
}

#[test]
fn a_refused_url_is_told_without_its_query() {
    let url = HttpUrl::parse("https://Evil.example/a?token=canary#canary").unwrap();
    let error = list(&["https://api.example/"]).entry_for(&url).unwrap_err();
    assert_eq!(
        (error.phase(), error.what_came()),
        (Phase::Api, "https://evil.example/a")
    );
    assert!(error.is_configuration());
}

#[test]
fn a_url_that_could_be_read_in_two_ways_gets_no_token() {
    assert_eq!(parse_url("https://api.example/x").unwrap().path(), "/x");
    for bad in [
        "/api/me",
        "//api.example/",
        "https://u@api.example/",
        "https://api.example\\x",
        "https://api.example/a/../b",
        "HTTPS://api.example/",
    ] {
        let error = parse_url(bad).unwrap_err();
        assert_eq!(
            (error.code(), error.phase()),
            (ErrorCode::ApiUrlNotAllowed, Phase::Api)
        );
    }
}

#[test]
fn an_entry_knows_what_its_tokens_are_asked_with() {
    let entry = ApiEntry::new("https://a/").unwrap();
    assert_eq!((entry.resource(), entry.scope()), (None, None));
    let entry = entry
        .with_resource("urn:a")
        .unwrap()
        .with_scope("b  c")
        .unwrap();
    assert_eq!(entry.resource().map(Resource::as_str), Some("urn:a"));
    assert_eq!(entry.scope().map(Scope::as_str), Some("b c"));
    assert!(entry.clone().with_resource("a#b").is_err());
    assert!(entry.with_scope("").is_err());
    assert_eq!(
        ApiEntry::new("http://a/").unwrap_err().code(),
        ErrorCode::ConfigInsecureUrl
    );
    for bad in ["https://a/?x", "https://a/#", "https://a/%2f", "a"] {
        assert_eq!(
            ApiEntry::new(bad).unwrap_err().code(),
            ErrorCode::ConfigInvalidValue,
            "{bad}"
        );
    }
}

#[test]
fn one_place_has_one_entry_and_64_are_the_most() {
    let access = list(&["https://a/x"]);
    for again in ["https://a/x", "https://a/x/", "https://A:443/x"] {
        assert!(
            access.clone().with(ApiEntry::new(again).unwrap()).is_err(),
            "{again}"
        );
    }
    for other in ["https://a/", "https://a/x/y", "https://b/x"] {
        assert!(
            access.clone().with(ApiEntry::new(other).unwrap()).is_ok(),
            "{other}"
        );
    }
    let urls: Vec<_> = (0..ApiAccess::LIMIT)
        .map(|n| format!("https://a/{n}"))
        .collect();
    let full = list(&urls.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(full.entries().len(), 64);
    assert!(full.with(ApiEntry::new("https://a/64").unwrap()).is_err());
}

proptest! {
    #[test]
    fn an_entry_is_found_for_what_one_covers_and_nothing_else(
        urls in prop::collection::vec("https://[ab](:443)?(/[ab]){0,3}/?", 1..6),
        asked in "https://[abc](/[ab]{1,2}){0,4}/?",
    ) {
        let entries: Vec<_> = urls.iter().map(|url| ApiEntry::new(url).unwrap()).collect();
        let list = entries.iter().cloned().fold(ApiAccess::default(), ApiAccess::with_unless_present);
        let asked = HttpUrl::parse(&asked).unwrap();
        let covering: Vec<_> = entries.iter().filter(|e| e.url().covers(&asked)).collect();
        match list.entry_for(&asked) {
            Ok(found) => {
                prop_assert!(found.url().covers(&asked));
                // What covers the same URL covers the more specific entry too.
                prop_assert!(covering.iter().all(|other| other.url().covers(found.url())));
            }
            Err(_) => prop_assert!(covering.is_empty()),
        }
    }
}
