use super::*;
use crate::authorization::TRANSACTION_LIFETIME;
use crate::authorization::tests::{ISSUER, metadata, metadata_with, now, transaction_of};
use crate::encoding::form;
use crate::secret::AuthorizationCode;
use proptest::prelude::*;
use serde_json::json;
use std::time::Duration;

const CODE: &str = "canary-code";

fn address<'a>(query: &'a str, fragment: &'a str) -> PageAddress<'a> {
    PageAddress {
        path: "/callback",
        query,
        fragment,
    }
}

fn redirect_uri() -> HttpUrl {
    HttpUrl::parse("https://app.example/callback").unwrap()
}

fn state() -> String {
    transaction_of(&metadata()).state.expose().to_owned()
}

/// A good answer, with what a test changes in it.
fn query_with(changes: &[(&str, Option<&str>)]) -> String {
    let state = state();
    let mut pairs = vec![("code", CODE), ("state", &*state), ("iss", ISSUER)];
    for (name, value) in changes {
        pairs.retain(|(known, _)| known != name);
        pairs.extend(value.map(|value| (*name, value)));
    }
    format!("?{}", form(pairs))
}

fn judge(query: &str) -> Result<Grant, Error> {
    judge_at(query, now())
}

fn judge_at(query: &str, now: Timestamp) -> Result<Grant, Error> {
    Callback::read(address(query, ""))
        .and_then(|callback| callback.judge(transaction_of(&metadata()), now))
}

fn code_of(result: Result<Grant, Error>) -> Result<String, ErrorCode> {
    result
        .map(|grant| grant.code.expose().to_owned())
        .map_err(|error| error.code())
}

fn refusal(query: &str) -> ErrorCode {
    code_of(judge(query)).unwrap_err()
}

#[test]
fn a_good_answer_is_a_grant() {
    // RFC 6749 4.1.2
    assert_eq!(code_of(judge(&query_with(&[]))), Ok(CODE.into()));
    let grant = judge(&query_with(&[])).unwrap();
    assert_eq!(grant.transaction.state.expose(), state());
    // The question mark is location's, not the protocol's.
    let query = query_with(&[]);
    assert!(judge(query.trim_start_matches('?')).is_ok());
}

#[test]
fn unknown_parameters_are_ignored() {
    // RFC 6749 4.1.2, also where the app's own are repeated
    let query = format!(
        "{}&session_state=x&foo=1&foo=2&scope=openid",
        query_with(&[])
    );
    assert!(judge(&query).is_ok());
}

#[test]
fn repeated_parameters_are_refused_before_anything_else_is_believed() {
    // RFC 6749 3.1, protocol rule 13
    for (name, value) in [
        ("code", CODE),
        ("code", "other"),
        ("state", "other"),
        ("iss", ISSUER),
        ("session_state", "x"),
    ] {
        let query = format!("{}&{name}={value}&session_state=y", query_with(&[]));
        assert_eq!(
            refusal(&query),
            ErrorCode::CallbackRepeatedParameter,
            "{name}"
        );
    }
    let state = state();
    let error = format!("?error=access_denied&error=access_denied&state={state}");
    assert_eq!(refusal(&error), ErrorCode::CallbackRepeatedParameter);
    // Encoded names are the same names.
    let encoded = format!("{}&c%6Fde=x", query_with(&[]));
    assert_eq!(refusal(&encoded), ErrorCode::CallbackRepeatedParameter);
    // Even with a state that is nobody's.
    assert_eq!(
        refusal("?state=a&state=b"),
        ErrorCode::CallbackRepeatedParameter
    );
}

#[test]
fn a_state_is_needed_before_error_or_code_is_believed() {
    for missing in [
        "?code=x".to_owned(),
        "?error=access_denied".to_owned(),
        "?error=access_denied&error_description=%3Cb%3E".to_owned(),
        query_with(&[("state", None)]),
        query_with(&[("state", Some(""))]),
    ] {
        assert_eq!(refusal(&missing), ErrorCode::StateMissing, "{missing}");
    }
}

#[test]
fn a_state_that_this_client_cannot_have_made_is_unknown() {
    let own = state();
    let short = own.chars().skip(1).collect::<String>();
    let of_form = |state: &str| {
        let query = query_with(&[("state", Some(state))]);
        Callback::read(address(&query, ""))
            .map(|_| ())
            .map_err(|error| error.code())
    };
    // Never even looked up
    for foreign in [
        "x",
        "../../evil",
        &short,
        &format!("{own}A"),
        &format!("{short}+"),
        &format!("{short}."),
        &format!("{short}="),
        "é",
    ] {
        assert_eq!(of_form(foreign), Err(ErrorCode::StateUnknown), "{foreign}");
    }
    for last in ["A", "z", "0", "-", "_"] {
        assert_eq!(of_form(&format!("{short}{last}")), Ok(()), "{last}");
    }
    // Of our form, and of another sign-in: the transaction is never the wrong one.
    let other = query_with(&[("state", Some(&"A".repeat(43)))]);
    assert_eq!(refusal(&other), ErrorCode::StateUnknown);
    let with_error = format!("?error=access_denied&state={}", "A".repeat(43));
    assert_eq!(refusal(&with_error), ErrorCode::StateUnknown);
}

#[test]
fn a_late_answer_is_refused() {
    // Rule 11
    let late = now() + TRANSACTION_LIFETIME + Duration::from_millis(1);
    assert!(judge_at(&query_with(&[]), now() + TRANSACTION_LIFETIME).is_ok());
    assert_eq!(
        code_of(judge_at(&query_with(&[]), late)),
        Err(ErrorCode::StateExpired)
    );
}

#[test]
fn iss_is_compared_before_error_and_code() {
    // RFC 9207 2.4
    for wrong in [
        "https://evil.example",
        "https://id.example/realm/",
        "HTTPS://id.example/realm",
        "",
    ] {
        let query = query_with(&[("iss", Some(wrong))]);
        assert_eq!(refusal(&query), ErrorCode::IssMismatch, "{wrong}");
    }
    let state = state();
    let error = format!("?error=access_denied&state={state}&iss=https%3A%2F%2Fevil.example");
    assert_eq!(refusal(&error), ErrorCode::IssMismatch);
    assert_eq!(
        refusal(&query_with(&[("iss", None)])),
        ErrorCode::IssMissing
    );
    assert_eq!(
        refusal(&format!("?error=access_denied&state={state}")),
        ErrorCode::IssMissing
    );
}

#[test]
fn an_iss_that_was_not_announced_must_still_be_right() {
    // RFC 9207 2.4: present and equal though unadvertised is accepted.
    let unannounced = metadata_with(
        "authorization_response_iss_parameter_supported",
        json!(false),
    );
    let judge = |query: &str| {
        let callback = Callback::read(address(query, "")).unwrap();
        code_of(callback.judge(transaction_of(&unannounced), now()))
    };
    assert!(judge(&query_with(&[])).is_ok());
    assert!(judge(&query_with(&[("iss", None)])).is_ok());
    let wrong = query_with(&[("iss", Some("https://evil.example"))]);
    assert_eq!(judge(&wrong), Err(ErrorCode::IssMismatch));
}

#[test]
fn exactly_one_of_code_and_error_is_there_and_says_something() {
    for bad in [
        query_with(&[("error", Some("access_denied"))]),
        query_with(&[("error", Some(""))]),
        query_with(&[("code", None)]),
        query_with(&[("code", Some(""))]),
        query_with(&[("code", None), ("error", Some(""))]),
        query_with(&[("code", Some("\u{e9}"))]),
        query_with(&[("code", Some("a\nb"))]),
    ] {
        assert_eq!(refusal(&bad), ErrorCode::CallbackInvalid, "{bad}");
    }
}

#[test]
fn the_providers_error_is_told_with_its_description() {
    // RFC 6749 4.1.2.1, Core 3.1.2.6
    for (word, code) in [
        ("access_denied", ErrorCode::AccessDenied),
        ("login_required", ErrorCode::LoginRequired),
        ("interaction_required", ErrorCode::InteractionRequired),
        ("consent_required", ErrorCode::ConsentRequired),
        (
            "account_selection_required",
            ErrorCode::AccountSelectionRequired,
        ),
        ("temporarily_unavailable", ErrorCode::TemporarilyUnavailable),
        ("server_error", ErrorCode::ServerError),
        ("invalid_request", ErrorCode::InvalidRequest),
        ("unauthorized_client", ErrorCode::UnauthorizedClient),
        (
            "unsupported_response_type",
            ErrorCode::UnsupportedResponseType,
        ),
        ("invalid_scope", ErrorCode::InvalidScope),
        ("of_its_own", ErrorCode::ProviderError),
    ] {
        let query = query_with(&[
            ("code", None),
            ("error", Some(word)),
            ("error_description", Some("<b>no</b>")),
            ("error_uri", Some("https://id.example/why")),
        ]);
        let error = judge(&query).unwrap_err();
        assert_eq!(error.code(), code, "{word}");
        assert_eq!(error.phase(), Phase::Callback);
        assert_eq!(error.provider_description(), Some("<b>no</b>"));
        assert!(error.what_came().contains(word));
    }
}

#[test]
fn an_answer_in_the_fragment_is_refused() {
    let query = query_with(&[]);
    for fragment in [
        "#access_token=x",
        "#code=x",
        "#state=x",
        "#id_token=x",
        "#error=x",
        "#iss=x",
    ] {
        let read = Callback::read(address(&query, fragment)).map_err(|error| error.code());
        assert_eq!(
            read.err(),
            Some(ErrorCode::CallbackInFragment),
            "{fragment}"
        );
        let alone = Callback::read(address("", fragment)).map_err(|error| error.code());
        assert_eq!(
            alone.err(),
            Some(ErrorCode::CallbackInFragment),
            "{fragment}"
        );
    }
    for own in ["", "#", "#section", "#_=_", "#/route?code"] {
        assert!(Callback::read(address(&query, own)).is_ok(), "{own}");
    }
}

#[test]
fn a_megabyte_is_refused_unread() {
    let of_length = |length: usize| {
        let query = query_with(&[]);
        let query = query.trim_start_matches('?');
        format!("{query}&x={}", "x".repeat(length - query.len() - 3))
    };
    let read = |query: &str| {
        Callback::read(address(query, ""))
            .err()
            .map(|error| error.code())
    };
    assert_eq!(read(&of_length(CALLBACK_LIMIT)), None);
    assert_eq!(
        read(&of_length(CALLBACK_LIMIT + 1)),
        Some(ErrorCode::CallbackTooLarge)
    );
    assert_eq!(read(&of_length(1 << 20)), Some(ErrorCode::CallbackTooLarge));
    let fragment = format!("#{}", "x".repeat(CALLBACK_LIMIT + 1));
    let read = Callback::read(address(&of_length(500), &fragment)).err();
    assert_eq!(
        read.map(|error| error.code()),
        Some(ErrorCode::CallbackTooLarge)
    );
    let fragment = format!("#{}", "x".repeat(CALLBACK_LIMIT));
    assert!(Callback::read(address(&of_length(500), &fragment)).is_ok());
}

#[test]
fn a_callback_is_told_by_its_path_and_by_its_parameters() {
    let uri = redirect_uri();
    for query in [
        "?code=x",
        "?state=x",
        "?iss=x",
        "?error=x",
        "?response=x",
        "?a=1&code",
    ] {
        assert!(address(query, "").is_callback(&uri), "{query}");
        let elsewhere = PageAddress {
            path: "/callback/",
            query,
            fragment: "",
        };
        assert!(!elsewhere.is_callback(&uri), "{query}");
    }
    for fragment in ["#access_token=x", "#id_token=x", "code=x"] {
        assert!(address("", fragment).is_callback(&uri), "{fragment}");
    }
    for own in [
        "",
        "?",
        "?scope=x",
        "?session_state=x",
        "?decode=1",
        "?error_description=x",
    ] {
        assert!(!address(own, "#section").is_callback(&uri), "{own}");
    }
}

#[test]
fn the_cleaned_address_keeps_what_is_the_apps_own() {
    // Rule 14: only the OAuth parameters go.
    let clean = |query: &str, fragment: &str| address(query, fragment).cleaned();
    assert_eq!(clean("", ""), "/callback");
    assert_eq!(clean("?", "#"), "/callback");
    assert_eq!(clean("?code=x&state=y", ""), "/callback");
    assert_eq!(
        clean("?a=1&code=x&b=%20+&state=y&&c", "#top"),
        "/callback?a=1&b=%20+&c#top"
    );
    assert_eq!(clean("?c%6fde=x&a=%63ode", "#"), "/callback?a=%63ode");
    assert_eq!(
        clean("?a=1", "#access_token=x&token_type=bearer"),
        "/callback?a=1"
    );
    assert_eq!(
        clean("?code=x", "#/route?view=1"),
        "/callback#/route?view=1"
    );
    for name in PARAMETERS {
        assert_eq!(
            clean(&format!("?{name}=x&own=1&{name}"), ""),
            "/callback?own=1",
            "{name}"
        );
        assert_eq!(clean("", &format!("#{name}=x")), "/callback", "{name}");
    }
    // The longest query and fragment that are read are kept.
    let own = format!("a={}", "a".repeat(CALLBACK_LIMIT - 2));
    assert_eq!(
        clean(&format!("?{own}"), &format!("#{own}")),
        format!("/callback?{own}#{own}")
    );
    // What is too long to be read is too long to be kept.
    let long = format!("?code=x&a={}", "a".repeat(CALLBACK_LIMIT));
    assert_eq!(
        clean(&long, &format!("#{}", "a".repeat(CALLBACK_LIMIT + 1))),
        "/callback"
    );
}

#[test]
fn the_state_of_a_sign_out_is_told_from_a_callback_and_from_the_apps_own() {
    // RP-Initiated Logout 3, rule 35
    let uri = HttpUrl::parse("https://app.example/").unwrap();
    let own = "AAAAAAAAAAAAAAAAAAAAAA";
    let at = |path: &str, query: &str, fragment: &str| {
        PageAddress {
            path,
            query,
            fragment,
        }
        .is_sign_out_return(&uri)
    };
    let returned = format!("?state={own}");
    assert!(at("/", &returned, ""));
    assert!(at("/", &format!("?a=1&state={own}"), "#x"));
    assert!(!at("/other", &returned, ""));
    assert!(!at("/", "", ""));
    for foreign in [
        "?state=CA",
        "?state=",
        "?state=AAAAAAAAAAAAAAAAAAAAA",
        "?state=AAAAAAAAAAAAAAAAAAAAA!",
        "?a=AAAAAAAAAAAAAAAAAAAAAA",
    ] {
        assert!(!at("/", foreign, ""), "{foreign}");
    }
    for more in ["code=x", "error=x", "iss=x"] {
        assert!(!at("/", &format!("{returned}&{more}"), ""), "{more}");
    }
    assert!(!at("/", &returned, "#access_token=x"));
    let long = format!("{returned}&x={}", "x".repeat(CALLBACK_LIMIT));
    assert!(!at("/", &long, ""));
}

#[test]
fn an_address_and_an_answer_are_printed_without_what_they_carry() {
    let query = query_with(&[]);
    assert_eq!(
        format!("{:?}", address(&query, "#id_token=canary")),
        "PageAddress(/callback [redacted])"
    );
    let callback = Callback::read(address(&query, "")).unwrap();
    assert!(format!("{callback:?}").contains("code: Some([redacted])"));
}

#[test]
fn no_error_and_no_debug_tells_a_code_or_a_state() {
    let state = state();
    for query in [
        query_with(&[]),
        query_with(&[("iss", None)]),
        query_with(&[("iss", Some("https://evil.example"))]),
        query_with(&[("error", Some("access_denied"))]),
        format!("{}&code=canary-code", query_with(&[])),
        format!("?code={CODE}"),
    ] {
        let read = Callback::read(address(&query, ""));
        let mut shown = format!("{:?} {read:?}", address(&query, ""));
        let judged = read.and_then(|callback| callback.judge(transaction_of(&metadata()), now()));
        shown.push_str(&format!("{judged:?}"));
        if let Err(error) = &judged {
            shown.push_str(&error.to_string());
        }
        assert!(
            !shown.contains("canary") && !shown.contains(&state),
            "{shown}"
        );
    }
}

#[test]
fn a_code_is_printable_ascii_of_any_sane_length() {
    // RFC 6749 A.11
    let long = "x".repeat(4096);
    let query = query_with(&[("code", Some(&long))]);
    assert_eq!(code_of(judge(&query)), Ok(long));
    assert!(AuthorizationCode::new(" ").is_none());
}

proptest! {
    #[test]
    fn no_address_panics_or_leaves_a_parameter_behind(query in any::<String>(), fragment in any::<String>()) {
        let address = address(&query, &fragment);
        let cleaned = address.cleaned();
        if let Some((_, rest)) = cleaned.split_once('?') {
            let query = rest.split('#').next().unwrap();
            prop_assert!(!has_any(query, &PARAMETERS) || query.contains('#'));
        }
        if let Ok(callback) = Callback::read(address) {
            let _ = callback.judge(transaction_of(&metadata()), now());
        }
    }

    #[test]
    fn any_order_of_parameters_is_the_same_answer(keys in Just(vec![0, 1, 2, 3]).prop_shuffle()) {
        let state = state();
        let pairs = [("code", CODE), ("state", state.as_str()), ("iss", ISSUER), ("own", "1")];
        let query = form(keys.into_iter().map(|index| pairs[index]));
        prop_assert_eq!(code_of(judge(&query)), Ok(CODE.to_owned()));
        prop_assert_eq!(address(&query, "").cleaned(), "/callback?own=1");
    }
}
