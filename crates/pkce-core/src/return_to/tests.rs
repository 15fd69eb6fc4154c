use super::*;
use proptest::prelude::*;

const ORIGIN: &str = "https://app.example";

fn parsed(target: &str) -> Option<String> {
    ReturnTo::parse(target, ORIGIN).map(|kept| kept.as_str().to_owned())
}

#[test]
fn a_place_of_this_origin_is_kept() {
    for target in [
        "/",
        "/notes/7",
        "/notes/7?view=all&x=%20#end",
        "/?x",
        "/#x",
        "/#/route/{id}|x",
        "/a//b",
        "/a/?next=//evil.example/..",
        "/a#../..",
        "/a?u=https://evil.example/",
        "/a@b:c",
        "/.well-known/x",
        "/...",
        "/a.b/..c",
        "/%2Fevil.example",
        "/%zz%",
    ] {
        assert_eq!(parsed(target).as_deref(), Some(target));
    }
}

#[test]
fn an_absolute_url_of_this_origin_is_reduced_to_its_path() {
    for (target, kept) in [
        ("https://app.example", "/"),
        ("https://app.example/", "/"),
        ("https://app.example?x=1", "/?x=1"),
        ("https://app.example#y", "/#y"),
        ("https://app.example/a?x=1#y", "/a?x=1#y"),
        ("https://APP.example:443/a", "/a"),
    ] {
        assert_eq!(parsed(target).as_deref(), Some(kept), "{target}");
    }
    let local = ReturnTo::parse("http://localhost:8080/a", "http://localhost:8080");
    assert_eq!(local.unwrap().as_str(), "/a");
}

#[test]
fn other_origins_and_schemes_are_refused() {
    // BCP 4.11.1
    for target in [
        "https://evil.example/",
        "http://app.example/",
        "https://app.example:8443/",
        "https://app.example.evil/",
        "https://app.example@evil.example/",
        "https://user@app.example/",
        "https://evil.example\\@app.example/",
        "https://app.example\\.evil.example/",
        "https:///app.example/",
        "https:/evil.example",
        "https:evil.example",
        "HTTPS://evil.example/",
        "ftp://app.example/",
        "javascript:alert(1)",
        "javascript://app.example/%0aalert(1)",
        "data:text/html,x",
        "blob:https://app.example/x",
        "about:blank",
        "",
        "notes",
        "./notes",
        "?x",
        "#x",
    ] {
        assert_eq!(parsed(target), None, "{target}");
    }
}

#[test]
fn what_a_browser_reads_as_another_host_is_refused() {
    for target in [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "\\/evil.example",
        "/a\\b",
        "/a\\..\\..\\",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r/evil.example",
        "\t//evil.example",
        " //evil.example",
        " /a",
        "/a ",
        "/a\u{0}",
        "/a?x\u{7f}",
        "/a#x\u{85}",
        "/./",
        "/.",
        "/..",
        "/.//evil.example",
        "/a/..//evil.example",
        "/%2e/",
        "/%2E%2e/a",
        "/.%2e/a",
        "https://app.example//evil.example",
        "https://app.example/\\evil.example",
    ] {
        assert_eq!(parsed(target), None, "{target:?}");
    }
}

#[test]
fn what_is_not_printable_ascii_is_percent_encoded() {
    for (target, kept) in [
        ("/메모", "/%EB%A9%94%EB%AA%A8"),
        ("/a b?c d#e f", "/a%20b?c%20d#e%20f"),
        ("/é?ü#ß", "/%C3%A9?%C3%BC#%C3%9F"),
        ("/\u{a0}\u{2028}", "/%C2%A0%E2%80%A8"),
        ("/a?b\\c#d\\e", "/a?b%5Cc#d%5Ce"),
        ("https://app.example/é", "/%C3%A9"),
    ] {
        assert_eq!(parsed(target).as_deref(), Some(kept));
    }
}

#[test]
fn a_target_has_at_most_2048_octets_as_it_is_kept() {
    let path = |len: usize| format!("/{}", "x".repeat(len - 1));
    assert_eq!(parsed(&path(ReturnTo::LIMIT)), Some(path(ReturnTo::LIMIT)));
    assert_eq!(parsed(&path(ReturnTo::LIMIT + 1)), None);
    let absolute = |len: usize| format!("{ORIGIN}{}", path(len));
    assert_eq!(
        parsed(&absolute(ReturnTo::LIMIT)),
        Some(path(ReturnTo::LIMIT))
    );
    assert_eq!(parsed(&absolute(ReturnTo::LIMIT + 1)), None);
    // Three octets, nine as they are kept.
    let korean = |count: usize| format!("/{}", "가".repeat(count));
    assert!(parsed(&korean(227)).is_some());
    assert_eq!(parsed(&korean(228)), None);
    assert_eq!(parsed(&"/".repeat(1 << 20)), None);
}

#[test]
fn a_page_without_an_origin_still_has_paths() {
    for origin in ["null", "", "file://"] {
        assert_eq!(ReturnTo::parse("/a", origin).unwrap().as_str(), "/a");
        assert_eq!(ReturnTo::parse("https://app.example/a", origin), None);
        assert_eq!(ReturnTo::parse("null/a", origin), None);
    }
}

#[test]
fn home_is_the_fall_back() {
    assert_eq!(ReturnTo::home().as_str(), "/");
    assert_eq!(ReturnTo::default(), ReturnTo::home());
    assert_eq!(parsed("/").as_deref(), Some(ReturnTo::home().as_str()));
}

#[test]
fn debug_shows_the_path_alone() {
    let target = ReturnTo::parse("/notes?q=private#x", ORIGIN).unwrap();
    assert_eq!(format!("{target:?}"), "ReturnTo(/notes)");
}

proptest! {
    #[test]
    fn whatever_is_kept_is_a_place_of_this_origin(
        target in prop_oneof![any::<String>(), "(https://app.example)?[/\\\\.a?#:@%2eE \t]{0,24}"],
    ) {
        if let Some(kept) = ReturnTo::parse(&target, ORIGIN) {
            let text = kept.as_str();
            prop_assert!(text.starts_with('/') && !text.starts_with("//"));
            prop_assert!(text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\'));
            // What is stored is read back the same.
            prop_assert_eq!(ReturnTo::parse(text, ORIGIN), Some(kept.clone()));
            let absolute = format!("{ORIGIN}{text}");
            prop_assert_eq!(ReturnTo::parse(&absolute, ORIGIN), Some(kept.clone()));
            if let Ok(url) = HttpUrl::parse(&absolute) {
                prop_assert_eq!(url.origin(), ORIGIN);
            }
        }
    }
}
