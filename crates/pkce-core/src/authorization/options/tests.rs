use super::*;
use crate::api::{ApiVerdict, Attempt, judge_status};
use crate::authorization::tests::{metadata, now};
use crate::authorization::{Entropy, Transaction};
use crate::config::ProviderConfig;
use crate::encoding::form_parse;
use crate::url::HttpUrl;

fn challenge(header: &str) -> ApiVerdict {
    judge_status(401, Some(header), Attempt::First)
}

fn step_up(header: &str) -> Option<SignInOptions> {
    let place = ReturnTo::parse("/notes/7", "https://app.example").unwrap();
    SignInOptions::step_up(&challenge(header), place)
}

/// RFC 9470 3, figure 2 and 4, figure 3: what the challenge names goes into the request.
#[test]
fn a_challenge_becomes_a_sign_in_that_comes_back() {
    let asks = |more: &str| {
        step_up(&format!(
            "Bearer error=\"insufficient_user_authentication\", \
             error_description=\"A different authentication level is required\"{more}"
        ))
        .unwrap()
    };
    let options = asks(", acr_values=\"myACR other\", max_age=\"5\"");
    assert_eq!(options.acr_values.unwrap().as_str(), "myACR other");
    assert_eq!(options.max_age, Some(5));
    assert_eq!(options.return_to.unwrap().as_str(), "/notes/7");
    assert_eq!(options.prompt, None);

    let only_acr = asks(", acr_values=\"myACR\"");
    assert_eq!(only_acr.max_age, None);
    assert!(only_acr.acr_values.is_some());
    let only_age = asks(", max_age=0");
    assert_eq!((only_age.max_age, only_age.acr_values), (Some(0), None));
    // Nothing is named, or nothing usable: only a fresh sign-in can be meant.
    for nothing in ["", ", acr_values=\"\"", ", max_age=\"-1\"", ", max_age=x"] {
        let options = asks(nothing);
        assert_eq!(
            (options.max_age, options.acr_values),
            (Some(0), None),
            "{nothing}"
        );
    }
    let huge = asks(&format!(", max_age={}", u64::MAX));
    assert_eq!(huge.max_age, Some(315_360_000));
    let largest = asks(", max_age=315360000");
    assert_eq!(largest.max_age, Some(315_360_000));
}

#[test]
fn any_other_verdict_asks_for_no_sign_in() {
    for other in [
        "Bearer error=\"invalid_token\", max_age=\"5\"",
        "Bearer error=\"insufficient_scope\", acr_values=\"x\"",
        "Basic error=\"insufficient_user_authentication\"",
    ] {
        assert!(step_up(other).is_none(), "{other}");
    }
    let home = ReturnTo::home();
    assert!(SignInOptions::step_up(&ApiVerdict::Pass, home).is_none());
}

/// Core 3.1.2.1, RFC 9470 4.
#[test]
fn what_this_sign_in_asks_for_goes_before_what_is_configured() {
    let page = HttpUrl::parse("https://app.example/").unwrap();
    let builder = ProviderConfig::builder("local", "https://id.example/realm", "spa")
        .authorization_param("max_age", "3600")
        .authorization_param("acr_values", "silver");
    let provider = builder.build(&page).unwrap();
    let begin = |options| {
        let (transaction, url) = Transaction::begin(
            &provider,
            &metadata(),
            options,
            Entropy::new([1; 96]),
            now(),
        )
        .unwrap();
        let query = url.expose().split_once('?').unwrap().1.to_owned();
        let all = |name: &str| -> Vec<String> {
            let found = form_parse(&query)
                .into_iter()
                .filter(|(key, _)| key == name);
            found.map(|(_, value)| value).collect()
        };
        let stored = Transaction::from_json(transaction.to_json().expose(), "https://app.example");
        let stored = stored.unwrap();
        // What the ID token is checked against is what was sent, also after the redirect.
        assert_eq!(
            stored.max_age.map(|age| vec![age.to_string()]),
            Some(all("max_age"))
        );
        assert_eq!(
            stored.acr_values.clone().map(|acr| vec![acr]),
            Some(all("acr_values"))
        );
        (stored.max_age, stored.acr_values)
    };
    assert_eq!(
        begin(SignInOptions::default()),
        (Some(3600), Some("silver".to_owned()))
    );
    let options = SignInOptions {
        max_age: Some(0),
        acr_values: AcrValues::parse("gold  platinum"),
        ..SignInOptions::default()
    };
    assert_eq!(begin(options), (Some(0), Some("gold platinum".to_owned())));
}

/// Protocol rule 20: what was sent is checked, however large.
#[test]
fn a_huge_max_age_is_not_forgotten_over_the_redirect() {
    let page = HttpUrl::parse("https://app.example/").unwrap();
    let provider = ProviderConfig::builder("local", "https://id.example/realm", "spa")
        .build(&page)
        .unwrap();
    let options = SignInOptions {
        max_age: Some(u64::MAX),
        ..SignInOptions::default()
    };
    let begun = Transaction::begin(
        &provider,
        &metadata(),
        options,
        Entropy::new([1; 96]),
        now(),
    );
    let stored = begun.unwrap().0.to_json();
    let stored = Transaction::from_json(stored.expose(), "https://app.example").unwrap();
    assert_eq!(stored.max_age, u64::try_from(i64::MAX).ok());
}

/// The challenge is foreign text: only what a request may carry is taken.
#[test]
fn acr_values_are_bounded_printable_words() {
    let longest = "x".repeat(AcrValues::LIMIT);
    for (text, value) in [
        ("a", "a"),
        (
            " urn:mace:incommon:iap:silver   b ",
            "urn:mace:incommon:iap:silver b",
        ),
        ("~!&=+", "~!&=+"),
        (&longest, &longest),
    ] {
        assert_eq!(AcrValues::parse(text).unwrap().as_str(), value);
    }
    let longer = "x".repeat(AcrValues::LIMIT + 1);
    for bad in ["", "  ", "a\tb", "a\nb", "é", "\u{7f}", "\u{1f}", &longer] {
        assert_eq!(AcrValues::parse(bad), None, "{bad:?}");
    }
}
