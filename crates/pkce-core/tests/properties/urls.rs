//! HttpUrl and ReturnTo against the WHATWG parser that browsers have.

use super::{ORIGIN, noise};
use pkce_core::api::{ApiAccess, ApiEntry, parse_url};
use pkce_core::return_to::ReturnTo;
use pkce_core::url::HttpUrl;
use proptest::prelude::*;

/// Text that looks like a URL.
fn url_like() -> impl Strategy<Value = String> {
    let scheme = prop::sample::select(vec![
        "https://", "https://", "http://", "HTTPS://", "https:/", "https:", "//", "ftp://", "",
    ]);
    let host = prop_oneof![
        prop::sample::select(vec![
            "api.example",
            "API.Example",
            "localhost",
            "LOCALHOST",
            "a.localhost",
            "localhost.",
            "127.0.0.1",
            "127.1",
            "127.0.0.01",
            "0x7f.1",
            "1.2.3.4.5",
            "2130706433",
            "a.1",
            "a.0x1",
            "[::1]",
            "[2001:DB8::1]",
            "[::ffff:1.2.3.4]",
            "[::ffff:102:304]",
            "[1:0:0:2::]",
            "[::",
            "a..b",
            ".a",
            "a_b",
            "-a-",
            "a%2eb",
            "user@a",
            "user:pw@a",
            "a\\b",
            "",
            "xn--a",
            "0",
        ])
        .prop_map(str::to_owned),
        "[a-zA-Z0-9._-]{1,12}",
        "\\[[0-9a-fA-F:.]{0,16}\\]",
    ];
    let port = prop_oneof![
        4 => Just(String::new()),
        4 => prop::sample::select(vec![":", ":0", ":1", ":80", ":443", ":0443", ":65535", ":65536", ":x", ":+1"])
            .prop_map(str::to_owned),
        1 => ":[0-9]{1,6}",
    ];
    let segment = prop_oneof![
        prop::sample::select(vec![
            "", "v1", "me", ".", "..", "%2e", "%2E%2e", ".%2e", "...", "..;", "a;b", "%2f", "%5C",
            "%zz", "%", "a b", "ü", "a'b", "(x)", "*", "~", "@", ":", "$&+,=!", "^", "|", "{x}",
        ])
        .prop_map(str::to_owned),
        "[!-~]{0,6}",
    ];
    let tail = prop_oneof![
        Just(String::new()),
        "\\?[!-~]{0,12}",
        "#[!-~]{0,8}",
        "\\?[a-z'=&%0-9]{0,12}#[a-z]{0,3}",
    ];
    let path = prop::collection::vec(segment, 0..5).prop_map(|segments| {
        segments
            .iter()
            .map(|segment| format!("/{segment}"))
            .collect::<String>()
    });
    (scheme, host, port, path, tail)
        .prop_map(|(scheme, host, port, path, tail)| format!("{scheme}{host}{port}{path}{tail}"))
}

/// The parser of browsers checks the punycode of internationalised labels, which have no other
/// reading: what it refuses is never requested.
fn has_punycode(url: &HttpUrl) -> bool {
    url.host().split('.').any(|label| label.starts_with("xn--"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_is_accepted_means_the_same_to_a_browser(text in prop_oneof![4 => url_like(), 1 => noise()]) {
        let Ok(ours) = HttpUrl::parse(&text) else {
            return Ok(());
        };
        let Ok(theirs) = url::Url::parse(&text) else {
            prop_assert!(has_punycode(&ours), "{} is no URL", text);
            return Ok(());
        };
        prop_assert_eq!(theirs.scheme() == "https", ours.is_https());
        prop_assert_eq!(theirs.host_str(), Some(ours.host()));
        prop_assert_eq!(theirs.origin().ascii_serialization(), ours.origin());
        prop_assert_eq!(theirs.path(), ours.path());
        // The one thing that a browser encodes in the query of what is accepted here.
        let query = ours.query().map(|query| query.replace('\'', "%27"));
        prop_assert_eq!(theirs.query(), query.as_deref());
        prop_assert_eq!(theirs.fragment().is_some(), ours.has_fragment());
        prop_assert_eq!(theirs.username(), "");
        prop_assert_eq!(theirs.password(), None);
        prop_assert_eq!(ours.as_str(), text);
        let is_loopback = match theirs.host() {
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        prop_assert_eq!(ours.is_loopback(), is_loopback);
        prop_assert_eq!(ours.is_secure(), is_loopback || ours.is_https());
    }

    #[test]
    fn origins_are_compared_as_a_browser_does(a in url_like(), b in url_like()) {
        if let (Ok(ours), Ok(other)) = (HttpUrl::parse(&a), HttpUrl::parse(&b))
            && let (Ok(x), Ok(y)) = (url::Url::parse(&a), url::Url::parse(&b))
        {
            prop_assert_eq!(ours.same_origin(&other), x.origin() == y.origin());
        }
    }

    #[test]
    fn added_parameters_come_back_behind_the_urls_own(text in url_like(), pairs in prop::collection::vec((noise(), noise()), 1..4)) {
        let Ok(ours) = HttpUrl::parse(&text) else {
            return Ok(());
        };
        if has_punycode(&ours) {
            return Ok(());
        }
        let written = ours.with_query(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let before = url::Url::parse(&text).unwrap();
        let after = url::Url::parse(&written).unwrap();
        prop_assert_eq!(before.origin(), after.origin());
        prop_assert_eq!(before.path(), after.path());
        prop_assert_eq!(after.fragment(), None);
        let expected: Vec<(String, String)> =
            before.query_pairs().into_owned().chain(pairs).collect();
        let read: Vec<(String, String)> = after.query_pairs().into_owned().collect();
        prop_assert_eq!(read, expected);
    }

    /// BCP 4.11.1: wherever the page is, the browser stays on its origin, at the place meant.
    #[test]
    fn what_return_to_accepts_stays_on_the_origin(target in prop_oneof![
        3 => noise(),
        2 => noise().prop_map(|text| format!("/{text}")),
        2 => noise().prop_map(|text| format!("{ORIGIN}{text}")),
        1 => url_like(),
        1 => any::<String>().prop_map(|text| format!("/{text}")),
    ]) {
        let Some(kept) = ReturnTo::parse(&target, ORIGIN) else {
            return Ok(());
        };
        let kept = kept.as_str();
        prop_assert!(kept.starts_with('/') && kept.is_ascii() && kept.len() <= ReturnTo::LIMIT);
        for base in ["https://app.example/", "https://app.example/a/b?c#d", "https://app.example//x"] {
            let base = url::Url::parse(base).unwrap();
            let resolved = base.join(kept).unwrap();
            prop_assert_eq!(resolved.origin(), base.origin());
            // The target itself leads there too: nothing was made of it that it was not.
            let meant = base.join(&target).unwrap();
            prop_assert_eq!(meant.origin(), base.origin());
            prop_assert_eq!(meant.path(), resolved.path());
        }
        let again = ReturnTo::parse(kept, ORIGIN);
        prop_assert_eq!(again.as_ref().map(ReturnTo::as_str), Some(kept));
    }

    /// RFC 6750 5.2: a token goes to the entry's origin, and to the entry's segments and below.
    #[test]
    fn what_the_allow_list_covers_lies_below_the_entry(entry in url_like(), tail in noise(), text in url_like()) {
        let Ok(api) = ApiEntry::new(&entry) else {
            return Ok(());
        };
        let list = ApiAccess::default().with(api).unwrap();
        for called in [text, format!("{entry}{tail}"), format!("{entry}/{tail}"), entry.clone()] {
            let Ok(url) = parse_url(&called) else {
                continue;
            };
            if list.entry_for(&url).is_err() || has_punycode(&url) {
                continue;
            }
            let (theirs, own) = (url::Url::parse(&called).unwrap(), url::Url::parse(&entry).unwrap());
            prop_assert_eq!(theirs.origin(), own.origin());
            let segments = |url: &url::Url| -> Vec<String> {
                url.path_segments().unwrap().map(str::to_owned).collect()
            };
            let mut above = segments(&own);
            if above.last().is_some_and(String::is_empty) {
                above.pop();
            }
            prop_assert!(segments(&theirs).starts_with(&above), "{} {}", entry, called);
        }
    }

    #[test]
    fn an_entry_covers_itself(entry in url_like()) {
        if let Ok(api) = ApiEntry::new(&entry) {
            let url = parse_url(&entry).unwrap();
            prop_assert!(ApiAccess::default().with(api).unwrap().entry_for(&url).is_ok());
        }
    }
}
