//! Rules 29 to 31: where a token may go, and what an API's answer means.

use crate::support::page::Page;
use crate::support::{ORIGIN, all, answer, begin_with, builder, built, code, metadata, url};
use pkce_core::api::www_authenticate::{self, CHALLENGE_LIMIT, PARAM_LIMIT};
use pkce_core::api::{ApiAccess, ApiEntry, ApiVerdict, Attempt, judge_status, parse_url};
use pkce_core::authorization::SignInOptions;
use pkce_core::id_token::Occasion;
use pkce_core::return_to::ReturnTo;
use pkce_core::secret::AccessToken;
use pkce_core::{Error, ErrorCode};

fn access(entries: &[&str]) -> ApiAccess {
    entries.iter().fold(ApiAccess::default(), |access, entry| {
        access.with(ApiEntry::new(entry).unwrap()).unwrap()
    })
}

/// What the shell does with the URL of a call.
fn allowed(access: &ApiAccess, text: &str) -> bool {
    let judged = parse_url(text).and_then(|url| access.entry_for(&url).map(drop));
    assert!(matches!(
        code(judged.clone()),
        Ok(()) | Err(ErrorCode::ApiUrlNotAllowed)
    ));
    judged.is_ok()
}

/// Rule 29: RFC 6750 5.2 and 5.3, BCP 4.10: an origin and a path, by whole segments.
#[test]
fn a_token_goes_to_an_entry_and_below_it() {
    let access = access(&["https://api.example/v1/me", "http://localhost:9001/"]);
    for good in [
        "https://api.example/v1/me",
        "https://api.example/v1/me/",
        "https://api.example/v1/me/x/y",
        "https://api.example/v1/me//x",
        "https://api.example/v1/me?x=../../admin",
        "https://api.example/v1/me#x",
        "https://API.EXAMPLE:443/v1/me",
        "https://api.example/v1/me/%20",
        "http://localhost:9001",
        "http://localhost:9001/anything",
        "http://LOCALHOST:9001//x",
    ] {
        assert!(allowed(&access, good), "{good}");
    }
    for bad in [
        "https://api.example/",
        "https://api.example/v1",
        "https://api.example/v1/",
        "https://api.example/v1/me2",
        "https://api.example/v1/m",
        "https://api.example/V1/me",
        "https://api.example//v1/me",
        "https://api.example/v1//me",
        "https://api.example/v1/%6De",
        "https://api.example/v1/me/../admin",
        "https://api.example/v1/me/..",
        "https://api.example/v1/me/%2e%2e/admin",
        "https://api.example/v1/me/.%2E/admin",
        "https://api.example/v1/me/./x",
        "https://api.example/v1/me/..%2fadmin",
        "https://api.example/v1/me/%2Fadmin",
        "https://api.example/v1/me/..%5cadmin",
        "https://api.example/v1/me\\..\\admin",
        "https://api.example/v1/me%2f",
        "https://api.example/v1/me;x=1",
        "https://api.example/v1/me%",
        "https://api.example/v1/me/\t../x",
        "http://api.example/v1/me",
        "https://api.example:8443/v1/me",
        "https://api.example.evil/v1/me",
        "https://evil-api.example/v1/me",
        "https://xapi.example/v1/me",
        "https://api.example./v1/me",
        "https://api.example@evil.example/v1/me",
        "https://user@api.example/v1/me",
        "https://evil.example/https://api.example/v1/me",
        "https://evil.example\\@api.example/v1/me",
        "https://api.example\\.evil.example/v1/me",
        "https://api.example%00.evil/v1/me",
        "https://api.example:443@evil.example/v1/me",
        "http://localhost:9002/",
        "http://localhost/",
        "https://localhost:9001/",
        "http://127.0.0.1:9001/",
        "//api.example/v1/me",
        "/v1/me",
        "v1/me",
        " https://api.example/v1/me",
        "https:/api.example/v1/me",
        "https:api.example/v1/me",
        "HTTPS://api.example/v1/me",
        "javascript:fetch('https://api.example/v1/me')",
        "blob:https://api.example/v1/me",
        "wss://api.example/v1/me",
        "",
    ] {
        assert!(!allowed(&access, bad), "{bad}");
    }
}

/// Rule 29: an entry means what is written, with the slashes it has.
#[test]
fn slashes_at_an_entrys_end_do_not_widen_it() {
    for (entry, good, bad) in [
        (
            "https://a.example",
            "https://a.example/x",
            "https://b.example/x",
        ),
        (
            "https://a.example/",
            "https://a.example/x",
            "https://a.example:1/x",
        ),
        (
            "https://a.example/v1/",
            "https://a.example/v1/x",
            "https://a.example/v2/x",
        ),
        (
            "https://a.example//",
            "https://a.example//x",
            "https://a.example/admin",
        ),
        (
            "https://a.example/v1//",
            "https://a.example/v1//x",
            "https://a.example/v1/admin",
        ),
        (
            "https://a.example//v1",
            "https://a.example//v1/x",
            "https://a.example/v1/x",
        ),
    ] {
        let access = access(&[entry]);
        assert!(allowed(&access, entry), "{entry}");
        assert!(allowed(&access, good), "{entry} {good}");
        assert!(!allowed(&access, bad), "{entry} {bad}");
    }
}

/// Rule 29: an entry of the configuration is https or loopback, an origin and a plain path.
#[test]
fn an_entry_is_a_secure_url_without_query_and_fragment() {
    for good in [
        "https://api.example",
        "https://api.example:8443/v1/",
        "http://localhost:9001/api",
        "http://[::1]:9001",
    ] {
        assert_eq!(code(ApiEntry::new(good)), Ok(()), "{good}");
    }
    for (bad, expected) in [
        ("http://api.example", ErrorCode::ConfigInsecureUrl),
        ("http://localhost.evil", ErrorCode::ConfigInsecureUrl),
        ("http://192.168.0.1", ErrorCode::ConfigInsecureUrl),
        ("https://api.example?x", ErrorCode::ConfigInvalidValue),
        ("https://api.example/#", ErrorCode::ConfigInvalidValue),
        ("https://api.example/a%2Fb", ErrorCode::ConfigInvalidValue),
        ("https://api.example/../b", ErrorCode::ConfigInvalidValue),
        ("https://*.example", ErrorCode::ConfigInvalidValue),
        ("https://user@api.example", ErrorCode::ConfigInvalidValue),
        ("/api", ErrorCode::ConfigInvalidValue),
        ("*", ErrorCode::ConfigInvalidValue),
        ("", ErrorCode::ConfigInvalidValue),
    ] {
        assert_eq!(code(ApiEntry::new(bad)), Err(expected), "{bad}");
    }
    // Of two entries that cover a URL, the more specific one counts.
    let access = access(&[
        "https://a.example/v1",
        "https://a.example",
        "https://a.example/v1/x",
    ]);
    for (called, entry) in [
        ("https://a.example/v1/x/y", "https://a.example/v1/x"),
        ("https://a.example/v1/y", "https://a.example/v1"),
        ("https://a.example/v10", "https://a.example"),
    ] {
        let found = access.entry_for(&url(called)).unwrap();
        assert_eq!(found.url().as_str(), entry, "{called}");
    }
    let again = access.with(ApiEntry::new("https://A.example:443/v1/").unwrap());
    assert_eq!(code(again), Err(ErrorCode::ConfigInvalidValue));
}

fn verdict(status: u16, header: Option<&str>, attempt: Attempt) -> Result<&'static str, ErrorCode> {
    match judge_status(status, header, attempt) {
        ApiVerdict::Pass => Ok("pass"),
        ApiVerdict::RefreshAndRetry => Ok("refresh"),
        ApiVerdict::StepUp { .. } => Ok("step up"),
        ApiVerdict::InsufficientScope { .. } => Ok("scope"),
        ApiVerdict::Failed(error) => Err(error.code()),
    }
}

/// Rule 30: RFC 6750 3 and 3.1, RFC 9110 15.5.2.
#[test]
fn a_401_is_worth_one_renewal_and_one_retry() {
    use Attempt::{AfterRefresh, First};
    for (status, header, attempt, expected) in [
        (200, None, First, Ok("pass")),
        (
            204,
            Some("Bearer error=\"invalid_token\""),
            First,
            Ok("pass"),
        ),
        (304, None, First, Ok("pass")),
        (401, None, First, Ok("refresh")),
        (401, None, AfterRefresh, Err(ErrorCode::ApiUnauthorized)),
        (401, Some("Bearer"), First, Ok("refresh")),
        (
            401,
            Some("Bearer error=\"invalid_token\""),
            First,
            Ok("refresh"),
        ),
        (
            401,
            Some("bearer ERROR=invalid_token"),
            First,
            Ok("refresh"),
        ),
        (
            401,
            Some("Bearer error=\"invalid_token\""),
            AfterRefresh,
            Err(ErrorCode::ApiUnauthorized),
        ),
        (401, Some("Basic realm=\"x\", Bearer"), First, Ok("refresh")),
        (
            401,
            Some("DPoP error=\"invalid_token\""),
            First,
            Ok("refresh"),
        ),
        (401, Some(",,;;"), First, Ok("refresh")),
        // Something else is asked for, which a renewed token is not.
        (
            401,
            Some("Basic realm=\"x\""),
            First,
            Err(ErrorCode::ApiUnauthorized),
        ),
        (
            401,
            Some("Negotiate"),
            First,
            Err(ErrorCode::ApiUnauthorized),
        ),
        (
            401,
            Some("DPoP error=\"use_dpop_nonce\""),
            First,
            Err(ErrorCode::ApiUnauthorized),
        ),
        (
            401,
            Some("Bearer error=\"insufficient_scope\""),
            First,
            Ok("scope"),
        ),
        (403, None, First, Err(ErrorCode::ApiStatus)),
        (403, Some("Bearer"), First, Err(ErrorCode::ApiStatus)),
        (
            403,
            Some("Bearer error=\"invalid_token\""),
            First,
            Err(ErrorCode::ApiStatus),
        ),
        (
            403,
            Some("Bearer error=\"insufficient_scope\", scope=\"a\""),
            First,
            Ok("scope"),
        ),
        (
            403,
            Some("Bearer error=\"insufficient_scope\""),
            AfterRefresh,
            Ok("scope"),
        ),
        (
            403,
            Some("Basic error=\"insufficient_scope\""),
            First,
            Err(ErrorCode::ApiStatus),
        ),
        (
            400,
            Some("Bearer error=\"invalid_token\""),
            First,
            Err(ErrorCode::ApiStatus),
        ),
        (302, None, First, Err(ErrorCode::UnexpectedRedirect)),
        (307, None, First, Err(ErrorCode::UnexpectedRedirect)),
        (404, None, First, Err(ErrorCode::ApiStatus)),
        (500, None, First, Err(ErrorCode::ApiStatus)),
        (0, None, First, Err(ErrorCode::ApiStatus)),
    ] {
        assert_eq!(
            verdict(status, header, attempt),
            expected,
            "{status} {header:?} {attempt:?}"
        );
    }
}

/// Rule 31: RFC 9470 3 and 4: what a new sign-in is asked for comes from the challenge, bounded.
#[test]
fn a_step_up_takes_over_only_what_a_request_may_carry() {
    for (params, acr, age) in [
        ("", None, None),
        (r#", acr_values="gold silver""#, Some("gold silver"), None),
        (
            r#", acr_values=" gold  silver ""#,
            Some("gold silver"),
            None,
        ),
        (", max_age=300", None, Some(300)),
        (r#", max_age="0""#, None, Some(0)),
        (r#", max_age="-1""#, None, None),
        (r#", max_age="+1""#, None, None),
        (r#", max_age="1e3""#, None, None),
        (r#", max_age="""#, None, None),
        (r#", max_age="99999999999999999999""#, None, None),
        (", acr_values=\"\"", None, None),
        (", acr_values=\"a\u{0}b\"", None, None),
        (", acr_values=\"ü\"", None, None),
    ] {
        let header = format!("Bearer error=\"insufficient_user_authentication\"{params}");
        let expected = ApiVerdict::StepUp {
            acr_values: acr.map(str::to_owned),
            max_age: age,
        };
        for attempt in [Attempt::First, Attempt::AfterRefresh] {
            assert_eq!(
                judge_status(401, Some(&header), attempt),
                expected,
                "{params}"
            );
        }
        let error = expected.into_error().unwrap();
        assert_eq!(error.code(), ErrorCode::InsufficientUserAuthentication);
        assert!(error.needs_sign_in());
    }
    let long = format!(
        "Bearer error=\"insufficient_user_authentication\", acr_values=\"{}\"",
        "a".repeat(1000)
    );
    let none = ApiVerdict::StepUp {
        acr_values: None,
        max_age: None,
    };
    assert_eq!(judge_status(401, Some(&long), Attempt::First), none);
}

/// RFC 9110 11.6.1: challenges in the odd forms that servers send.
#[test]
fn a_www_authenticate_header_is_read_as_far_as_it_makes_sense() {
    let error = |header: &str| {
        let challenges = www_authenticate::parse(header);
        let bearer = challenges.iter().find(|challenge| challenge.is("Bearer"));
        bearer.map(|bearer| bearer.param("error").unwrap_or("-").to_owned())
    };
    for (header, expected) in [
        ("Bearer", Some("-")),
        ("BEARER error=x", Some("x")),
        ("Bearer error = \"x\"", Some("x")),
        ("Bearer realm=\"a, Bearer error=y\", error=\"x\"", Some("x")),
        ("Bearer realm=\"a\\\"b\", error=\"x\"", Some("x")),
        ("Bearer realm=\"a\" error=\"x\"", Some("x")),
        ("Basic realm=\"a\", Bearer error=\"x\"", Some("x")),
        ("Negotiate YWJj==, Bearer error=x", Some("x")),
        ("Bearer error=\"x\", error=\"y\"", Some("x")),
        ("Bearer, error=\"x\"", Some("x")),
        ("\"rubbish\" ;;; Bearer error=x", Some("x")),
        ("Bearer error=\"never ends", Some("-")),
        ("Bearererror=x", None),
        ("xBearer error=x", None),
        ("Basic realm=\"Bearer error=x\"", None),
        ("", None),
        ("=x", None),
        ("\u{0}\u{1}é", None),
    ] {
        assert_eq!(error(header).as_deref(), expected, "{header}");
    }
    let flood = "Bearer a=b, ".repeat(10_000);
    let challenges = www_authenticate::parse(&flood);
    assert!(challenges.len() <= CHALLENGE_LIMIT);
    let flood = format!("Bearer {}", "a=b, ".repeat(10_000));
    assert_eq!(
        www_authenticate::parse(&flood)[0].params().count(),
        PARAM_LIMIT
    );
}

/// Rule 29: an error about a URL does not repeat its query, which may hold what is secret.
#[test]
fn an_error_about_a_url_keeps_its_query_to_itself() {
    let access = access(&["https://api.example/v1"]);
    let error: Error = access
        .entry_for(&url("https://evil.example/x?token=canary#canary"))
        .unwrap_err();
    assert!(!format!("{error:?} {error}").contains("canary"));
    let error = parse_url("https://evil.example/ canary").unwrap_err();
    assert!(!format!("{error:?}").contains("canary"));
    assert!(!format!("{:?}", url("https://a.example/x?canary")).contains("canary"));
}

/// Rule 30: a refused token is renewed once for all who had it refused.
#[test]
fn many_refusals_make_one_renewal() {
    let mut page = Page::signed_in();
    page.seconds(5);
    let generation = page.shown().generation;
    let readers: Vec<u64> = (0..100)
        .map(|_| page.want_token(Some(generation)))
        .collect();
    page.refresh();
    assert_eq!(page.sent.len(), 1);
    let tokens = page.tokens(1);
    page.reply("/token", answer(200, &tokens));
    for reader in readers {
        assert_eq!(page.tokens[&reader], Ok("canary-at-1".to_owned()));
    }
    assert!(page.sent.is_empty());
    // Whoever comes late with the old refusal is served with the new token.
    let late = page.want_token(Some(generation));
    assert_eq!(page.tokens[&late], Ok("canary-at-1".to_owned()));
    assert!(page.sent.is_empty());
}

/// Rule 31: RFC 9470 4: a new sign-in with what the challenge asks, then back to the same place.
#[test]
fn a_step_up_asks_for_what_the_challenge_wants_and_comes_back() {
    let back = || ReturnTo::parse("/notes/7", ORIGIN).unwrap();
    let start = "Bearer error=\"insufficient_user_authentication\"";
    for (params, acr_values, max_age) in [
        (", acr_values=\"gold silver\"", Some("gold silver"), None),
        (", max_age=\"30\"", None, Some("30")),
        (", acr_values=gold, max_age=0", Some("gold"), Some("0")),
        (
            ", max_age=\"18446744073709551615\"",
            None,
            Some("315360000"),
        ),
        // A challenge that names nothing can only mean a fresh sign-in.
        ("", None, Some("0")),
        (", max_age=\"-1\", acr_values=\"\"", None, Some("0")),
    ] {
        let verdict = judge_status(401, Some(&format!("{start}{params}")), Attempt::First);
        let options = SignInOptions::step_up(&verdict, back()).unwrap();
        let client = built(builder().authorization_param("max_age", "9999")).unwrap();
        let (transaction, url) = begin_with(&client, &metadata(), options, 1);
        let asked = crate::support::params(&url);
        let configured = max_age.or(Some("9999"));
        assert_eq!(
            all(&asked, "max_age"),
            configured.into_iter().collect::<Vec<_>>()
        );
        assert_eq!(
            all(&asked, "acr_values"),
            acr_values.into_iter().collect::<Vec<_>>()
        );
        assert_eq!(transaction.return_to().as_str(), "/notes/7");
        // The ID token of that sign-in has to confirm both (Core 3.1.3.7 (12, 13)).
        let token = AccessToken::new("at").unwrap();
        let Occasion::SignIn {
            max_age: wanted,
            acr_values: named,
            ..
        } = transaction.expectations(&token).occasion
        else {
            panic!("{transaction:?}")
        };
        assert_eq!(wanted.map(|age| age.to_string()).as_deref(), configured);
        assert_eq!(named, acr_values);
    }
    for verdict in [
        judge_status(401, None, Attempt::First),
        judge_status(
            403,
            Some("Bearer error=\"insufficient_scope\""),
            Attempt::First,
        ),
        ApiVerdict::Pass,
    ] {
        assert!(SignInOptions::step_up(&verdict, back()).is_none());
    }
}
