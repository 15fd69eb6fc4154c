//! Rules 11 to 15: the authorization response, the transaction it consumes, and where it leads.

use crate::support::page::Page;
use crate::support::{
    CALLBACK, ISSUER, ORIGIN, at, begin, client, code, document, judge_metadata, metadata, now,
    only, query, url,
};
use pkce_core::authorization::{SignInOptions, TRANSACTION_LIFETIME, Transaction};
use pkce_core::callback::{CALLBACK_LIMIT, Callback};
use pkce_core::return_to::ReturnTo;
use pkce_core::{ErrorCode, Phase};
use serde_json::json;
use std::time::Duration;

fn judge(pairs: &[(&str, &str)]) -> Result<(), ErrorCode> {
    judge_of(begin(&client(), &metadata()).0, pairs)
}

/// Reads and judges an answer; `STATE` stands for the transaction's.
fn judge_of(transaction: Transaction, pairs: &[(&str, &str)]) -> Result<(), ErrorCode> {
    let state = transaction.state().expose().to_owned();
    let pairs: Vec<(&str, &str)> = pairs
        .iter()
        .map(|(name, value)| (*name, if *value == "STATE" { &*state } else { value }))
        .collect();
    judge_text(transaction, &query(&pairs))
}

fn judge_text(transaction: Transaction, query: &str) -> Result<(), ErrorCode> {
    code(Callback::read(at("/callback", query, "")).and_then(|c| c.judge(transaction, now())))
}

fn announcing_iss() -> Transaction {
    let metadata = judge_metadata(&document(|document| {
        document["authorization_response_iss_parameter_supported"] = json!(true);
    }));
    begin(&client(), &metadata.unwrap()).0
}

/// Rule 13: RFC 6749 4.1.2.
#[test]
fn a_code_with_the_state_of_the_transaction_is_a_grant() {
    for good in ["c", "a b", "a+b/c=&d", "%41", &"x".repeat(8000)] {
        assert_eq!(
            judge(&[("code", good), ("state", "STATE")]),
            Ok(()),
            "{good}"
        );
    }
    for bad in [
        "",
        " c",
        "c ",
        "c\n",
        "c\r\nX: y",
        "\u{0}",
        "ü",
        "\u{202e}",
        "c\u{7f}",
    ] {
        assert_eq!(
            judge(&[("code", bad), ("state", "STATE")]),
            Err(ErrorCode::CallbackInvalid),
            "{bad:?}"
        );
    }
}

/// Rule 13: RFC 9207 2.4. Unknown parameters are ignored (RFC 6749 4.1.2).
#[test]
fn iss_is_judged_by_simple_string_comparison() {
    let unannounced = || begin(&client(), &metadata()).0;
    let answer = |iss| [("code", "c"), ("state", "STATE"), ("iss", iss)];
    assert_eq!(judge_of(unannounced(), &answer(ISSUER)[..2]), Ok(()));
    assert_eq!(judge_of(unannounced(), &answer(ISSUER)), Ok(()));
    assert_eq!(judge_of(announcing_iss(), &answer(ISSUER)), Ok(()));
    assert_eq!(
        judge_of(announcing_iss(), &answer(ISSUER)[..2]),
        Err(ErrorCode::IssMissing)
    );
    for bad in [
        "",
        "https://evil.example",
        "https://id.example/",
        "https://ID.example",
        "https://id.example:443",
        "http://id.example",
        " https://id.example",
        "https://id.example\u{0}",
        "https://id.example.evil",
        "null",
    ] {
        for transaction in [unannounced(), announcing_iss()] {
            assert_eq!(
                judge_of(transaction, &answer(bad)),
                Err(ErrorCode::IssMismatch),
                "{bad:?}"
            );
        }
    }
}

/// Rule 13: repeated parameters, then `state`, then `iss`, and only then `error` or `code`.
#[test]
fn faults_are_found_in_one_order() {
    let all = [
        ("code", "c"),
        ("error", "access_denied"),
        ("state", "foreign"),
        ("iss", "https://evil.example"),
        ("iss", "https://evil.example"),
    ];
    assert_eq!(judge(&all), Err(ErrorCode::CallbackRepeatedParameter));
    assert_eq!(judge(&all[..4]), Err(ErrorCode::StateUnknown));
    let mine = [all[0], all[1], ("state", "STATE"), all[3]];
    assert_eq!(judge(&mine), Err(ErrorCode::IssMismatch));
    assert_eq!(judge(&mine[..3]), Err(ErrorCode::CallbackInvalid));
    assert_eq!(judge(&mine[1..3]), Err(ErrorCode::AccessDenied));
    assert_eq!(judge(&mine[2..3]), Err(ErrorCode::CallbackInvalid));
    // Not even an error is believed of another issuer (RFC 9207 2.4).
    assert_eq!(judge(&mine[1..]), Err(ErrorCode::IssMismatch));
    // The state is judged before what a late answer says.
    let callback = Callback::read(at("/callback", "code=c&state=x", ""));
    assert_eq!(code(callback), Err(ErrorCode::StateUnknown));
}

/// Rule 13: RFC 6749 3.1 and 4.1.2; also where the name is written in other octets.
#[test]
fn a_parameter_that_is_there_twice_makes_the_answer_worthless() {
    for (first, second) in [
        ("code=c", "code=c"),
        ("code=c", "code"),
        ("code=c", "code="),
        ("code=c", "c%6Fde=d"),
        ("code=c&iss=https://id.example", "%69ss=x"),
        ("error=access_denied", "error=access_denied"),
        ("code=c", "error_description=a&error_description=b"),
        ("code=c", "session_state=a&session_state=b"),
        ("code=c&id_token=x", "id_token=x"),
    ] {
        let transaction = begin(&client(), &metadata()).0;
        let state = transaction.state().expose().to_owned();
        assert_eq!(
            judge_text(transaction, &format!("{first}&state={state}&{second}")),
            Err(ErrorCode::CallbackRepeatedParameter),
            "{first} {second}"
        );
    }
    let transaction = begin(&client(), &metadata()).0;
    let state = transaction.state().expose().to_owned();
    assert_eq!(
        judge_text(
            transaction,
            &format!("code=c&state={state}&st%61te={state}")
        ),
        Err(ErrorCode::CallbackRepeatedParameter)
    );
    // What is no parameter of the protocol is the app's own; so is another spelling.
    for good in [
        "x=1&x=2",
        "CODE=1&Code=2",
        "code[]=1&code[]=2",
        "=1&=2",
        "&&",
    ] {
        let transaction = begin(&client(), &metadata()).0;
        let state = transaction.state().expose().to_owned();
        assert_eq!(
            judge_text(transaction, &format!("{good}&code=c&state={state}")),
            Ok(()),
            "{good}"
        );
    }
}

/// Rule 13: application/x-www-form-urlencoded as RFC 6749 appendix B has it.
#[test]
fn parameters_are_decoded_as_a_form_and_split_at_ampersands_alone() {
    let transaction = begin(&client(), &metadata()).0;
    let state = transaction.state().expose().to_owned();
    let text = format!("st%61te={state}&%63ode=a%2Bb");
    assert_eq!(judge_text(transaction, &text), Ok(()));
    for (text, expected) in [
        // A semicolon is no separator, so there is no state here.
        (format!("code=c;state={state}"), ErrorCode::StateMissing),
        (format!("code=c&state={state};x=1"), ErrorCode::StateUnknown),
        (format!("code=c&state={state}%00"), ErrorCode::StateUnknown),
        (format!("code=c&state=+{state}"), ErrorCode::StateUnknown),
        (format!("code=c&state={state}%0A"), ErrorCode::StateUnknown),
        (format!("code=c&%20state={state}"), ErrorCode::StateMissing),
        (format!("code=c&state[]={state}"), ErrorCode::StateMissing),
        (format!("code=c&State={state}"), ErrorCode::StateMissing),
        (
            format!("code=c%FF&state={state}"),
            ErrorCode::CallbackInvalid,
        ),
        (
            format!("code=c%00&state={state}"),
            ErrorCode::CallbackInvalid,
        ),
        (format!("code=+&state={state}"), ErrorCode::CallbackInvalid),
    ] {
        let transaction = begin(&client(), &metadata()).0;
        assert_eq!(judge_text(transaction, &text), Err(expected), "{text}");
    }
}

/// Rule 3 and 13: RFC 6749 10.12. Only what this client makes is looked up.
#[test]
fn a_state_is_this_transactions_or_none() {
    let state = begin(&client(), &metadata()).0.state().expose().to_owned();
    let other = crate::support::begin_with(&client(), &metadata(), SignInOptions::default(), 2).0;
    let longer = format!("{state}A");
    for (bad, expected) in [
        ("", ErrorCode::StateMissing),
        (other.state().expose(), ErrorCode::StateUnknown),
        (&state[..42], ErrorCode::StateUnknown),
        (&longer, ErrorCode::StateUnknown),
        (&state.to_ascii_uppercase(), ErrorCode::StateUnknown),
        (
            "../../../../../../../../../../../etc/passwd",
            ErrorCode::StateUnknown,
        ),
        ("undefined", ErrorCode::StateUnknown),
    ] {
        assert_eq!(
            judge(&[("code", "c"), ("state", bad)]),
            Err(expected),
            "{bad}"
        );
    }
    assert_eq!(judge(&[("code", "c")]), Err(ErrorCode::StateMissing));
}

/// Rule 11: ten minutes to the millisecond, and no longer for a clock that was set back.
#[test]
fn a_transaction_lives_for_ten_minutes() {
    let lifetime = Duration::from_secs(600);
    assert_eq!(TRANSACTION_LIFETIME, lifetime);
    let moment = Duration::from_millis(1);
    for (at_this_time, expected) in [
        (now(), Ok(())),
        (now() + lifetime, Ok(())),
        (now() + lifetime + moment, Err(ErrorCode::StateExpired)),
        (now() - lifetime, Ok(())),
        (now() - lifetime - moment, Err(ErrorCode::StateExpired)),
    ] {
        let (transaction, _) = begin(&client(), &metadata());
        let answer = query(&[("code", "c"), ("state", transaction.state().expose())]);
        let callback = Callback::read(at("/callback", &answer, "")).unwrap();
        assert_eq!(code(callback.judge(transaction, at_this_time)), expected);
    }
}

/// Rule 11: a transaction survives storage unchanged, and a damaged one is none.
#[test]
fn a_stored_transaction_is_read_back_or_discarded() {
    let (transaction, _) = begin(&client(), &metadata());
    let text = transaction.to_json();
    let restored = Transaction::from_json(text.expose(), ORIGIN).unwrap();
    assert_eq!(restored.to_json().expose(), text.expose());
    let edit = |from: &str, to: &str| {
        assert!(text.expose().contains(from), "{from}");
        text.expose().replacen(from, to, 1)
    };
    for bad in [
        String::new(),
        "[]".to_owned(),
        text.expose()[..100].to_owned(),
        edit("\"v\":1", "\"v\":2"),
        edit("\"v\":1", "\"v\":\"1\""),
        edit("\"v\":1", "\"v\":1,\"v\":1"),
        edit("\"return_to\":\"/\"", "\"return_to\":\"//evil.example\""),
        edit(
            "\"return_to\":\"/\"",
            "\"return_to\":\"javascript:alert(1)\"",
        ),
        edit("https://id.example/token", "http://id.example/token"),
        edit("\"state\":\"", "\"state\":\"\\u0000"),
        edit("\"verifier\":\"", "\"verifier\":7,\"x\":\""),
        edit("\"nonce\":", "\"n\":"),
    ] {
        assert!(Transaction::from_json(&bad, ORIGIN).is_none(), "{bad}");
    }
}

/// Rule 14: BCP 4.3.1. What the protocol put there goes, what the app put there stays.
#[test]
fn only_the_protocols_parameters_leave_the_address() {
    for (query, fragment, cleaned) in [
        ("?code=c&state=s", "", "/callback"),
        ("code=c&state=s&iss=i&session_state=x", "", "/callback"),
        ("a=1&code=c&b=2&state=s&a=3", "", "/callback?a=1&b=2&a=3"),
        ("c%6Fde=c&st%61te=s&x=%2F%26", "", "/callback?x=%2F%26"),
        (
            "error=e&error_description=d&error_uri=u&state=s",
            "#here",
            "/callback#here",
        ),
        ("", "#access_token=t&state=s", "/callback"),
        (
            "access_token=t&id_token=t&refresh_token=r&response=r",
            "",
            "/callback",
        ),
        (
            "codes=1&xstate=2&Code=3",
            "#/route",
            "/callback?codes=1&xstate=2&Code=3#/route",
        ),
        ("code=c&code=d", "", "/callback"),
        ("&&x&&", "", "/callback?x"),
    ] {
        assert_eq!(
            at("/callback", query, fragment).cleaned(),
            cleaned,
            "{query}"
        );
    }
    let long = format!("code=c&x={}", "y".repeat(CALLBACK_LIMIT));
    assert_eq!(at("/callback", &long, &long).cleaned(), "/callback");
}

/// Rule 14: only a page load at the redirect URI with a mark of the protocol is a callback.
#[test]
fn an_ordinary_page_load_is_no_callback() {
    let redirect_uri = url("https://app.example/callback?tenant=7");
    for (path, query, fragment) in [
        ("/callback", "code=c", ""),
        ("/callback", "?state=s", ""),
        ("/callback", "error=e", ""),
        ("/callback", "%63ode=c", ""),
        ("/callback", "x=1&iss=i", ""),
        ("/callback", "", "#access_token=t"),
        ("/callback", "", "id_token=t"),
        ("/callback", "response=jwt", ""),
    ] {
        assert!(
            at(path, query, fragment).is_callback(&redirect_uri),
            "{path} {query} {fragment}"
        );
    }
    for (path, query, fragment) in [
        ("/callback", "", ""),
        ("/callback", "tenant=7", "#top"),
        ("/callback", "Code=c&codes=d", ""),
        ("/callback/", "code=c&state=s", ""),
        ("/Callback", "code=c&state=s", ""),
        ("/", "code=c&state=s", ""),
        ("/shop", "code=SALE", ""),
    ] {
        assert!(
            !at(path, query, fragment).is_callback(&redirect_uri),
            "{path} {query} {fragment}"
        );
    }
    assert_eq!(CALLBACK, client().redirect_uri().as_str());
}

/// Rule 14: BCP 4.3.1. The address is clean before the code is sent anywhere.
#[test]
fn the_address_is_cleaned_before_anything_else_happens() {
    let mut page = Page::new();
    page.come_back();
    assert_eq!(page.effects[0], "replace_url");
    assert_eq!(page.address, "/callback");
    // The transaction was consumed in storage before the code went out.
    assert!(page.session.keys().all(|key| !key.contains(".tx.")));
    assert_eq!(page.sent.len(), 1);
}

/// Rule 11: each attempt has an entry of its own, so none overwrites another.
#[test]
fn attempts_do_not_overwrite_one_another_and_old_ones_are_purged() {
    let mut page = Page::new();
    let first = page.leave(SignInOptions::default());
    page.open("/");
    let second = page.leave(SignInOptions::default());
    let of = |page: &Page, asked: &[(String, String)]| {
        page.session
            .contains_key(&format!("t.tx.{}", only(asked, "state")))
    };
    assert!(of(&page, &first) && of(&page, &second));
    // The older attempt is answered: it is consumed, the other waits on.
    page.open(&format!(
        "/callback?code=c&iss=https%3A%2F%2Fid.example&state={}",
        only(&first, "state")
    ));
    assert!(!of(&page, &first) && of(&page, &second));
    assert_eq!(page.sent.len(), 1);
    page.now += 601_000;
    page.open("/");
    assert!(!of(&page, &second));
}

/// Rule 11: a consumed state leads home who is signed in; one never seen is an error.
#[test]
fn a_replayed_callback_never_sends_the_code_again() {
    let mut page = Page::new();
    let nonce = page.come_back();
    let callback = page.sent[0].field("code");
    assert_eq!(callback, "canary-code");
    let state = page.local["t.consumed"].clone();
    assert!(!state.contains("canary"));
    // The answer is on its way when the user reloads.
    let again = "/callback?code=canary-code&iss=https%3A%2F%2Fid.example&state=";
    let asked = crate::support::entropy(1);
    let (transaction, _) = Transaction::begin(
        &client(),
        &metadata(),
        SignInOptions::default(),
        asked,
        now(),
    )
    .unwrap();
    let again = format!("{again}{}", transaction.state().expose());
    assert!(!nonce.is_empty());
    page.open(&again);
    assert_eq!(page.notice(), Some(ErrorCode::StateConsumed));
    assert!(page.sent.is_empty() && !page.is_signed_in());

    // Another sign-in succeeds; the replay then leads home.
    page.sign_in();
    page.open(&again);
    assert!(page.is_signed_in());
    assert_eq!((page.notice(), page.address.as_str()), (None, "/"));
    assert!(page.sent.is_empty());
}

/// Rule 15: BCP 4.11.1, on an origin with and without a port.
#[test]
fn return_to_is_a_place_of_this_origin() {
    for (good, kept) in [
        ("/", "/"),
        ("/notes/7?view=all#end", "/notes/7?view=all#end"),
        ("https://app.example", "/"),
        ("https://app.example?x=1", "/?x=1"),
        ("https://app.example#x", "/#x"),
        ("https://APP.example:443/a", "/a"),
        ("/?next=//evil.example", "/?next=//evil.example"),
        ("/a//b", "/a//b"),
        ("/%09/evil.example", "/%09/evil.example"),
        ("/%5Cevil.example", "/%5Cevil.example"),
        ("/%2F%2Fevil.example", "/%2F%2Fevil.example"),
        ("/ü b", "/%C3%BC%20b"),
        ("/a?b=\\", "/a?b=%5C"),
        ("/https://evil.example", "/https://evil.example"),
        ("/@evil.example", "/@evil.example"),
    ] {
        let target = ReturnTo::parse(good, ORIGIN);
        assert_eq!(target.as_ref().map(ReturnTo::as_str), Some(kept), "{good}");
    }
    for bad in [
        "",
        "notes",
        "//evil.example",
        "///evil.example",
        "////evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        " //evil.example",
        " /a",
        "/a ",
        "/a\u{0}",
        "/a\u{85}",
        "https://evil.example/",
        "https://app.example.evil/",
        "https://app.example@evil.example/",
        "https://app.example:8443/",
        "http://app.example/",
        "https:/app.example/",
        "https:app.example",
        "https:///app.example/",
        "https://app.example//evil.example",
        "https://app.example/\\evil.example",
        "https://app.example\\@evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "JavaScript://app.example/%0aalert(1)",
        "data:text/html,x",
        "blob:https://app.example/1",
        "/a/../..//evil.example",
        "/.//evil.example",
        "/%2e%2e//evil.example",
        "/.%2E//evil.example",
        "?x",
        "#x",
        ".",
        "..",
    ] {
        assert!(ReturnTo::parse(bad, ORIGIN).is_none(), "{bad:?}");
    }
    let longest = format!("/{}", "x".repeat(ReturnTo::LIMIT - 1));
    assert!(ReturnTo::parse(&longest, ORIGIN).is_some());
    assert!(ReturnTo::parse(&format!("{longest}x"), ORIGIN).is_none());
    assert!(ReturnTo::parse("http://localhost:8080/a", "http://localhost:8080").is_some());
    assert!(ReturnTo::parse("http://localhost:8081/a", "http://localhost:8080").is_none());
    assert!(ReturnTo::parse("https://app.example/a", "null").is_none());
}

/// Rule 15: the way on after sign-in.
#[test]
fn the_user_ends_where_the_sign_in_began() {
    let mut page = Page::new();
    let asked = page.leave(SignInOptions {
        return_to: ReturnTo::parse("/notes/7?x=1#y", ORIGIN),
        app_state: Some("draft".to_owned()),
        ..SignInOptions::default()
    });
    page.open(&format!(
        "/callback?code=c&state={}&return_to=//evil.example",
        only(&asked, "state")
    ));
    assert_eq!(page.address, "/callback?return_to=//evil.example");
    let mut tokens = page.tokens(0);
    let claims = page.claims(Some(only(&asked, "nonce")));
    tokens["id_token"] = json!(crate::support::keys::token(&claims));
    page.reply("/token", crate::support::answer(200, &tokens));
    assert!(page.is_signed_in());
    assert_eq!(page.address, "/notes/7?x=1#y");
    assert_eq!(page.engine.app_state(), Some("draft"));
}

/// RFC 6749 4.1.2.1: the error of an answer is kept in words, its phase is the callback.
#[test]
fn a_refusal_carries_the_providers_words_and_no_secret() {
    let (transaction, _) = begin(&client(), &metadata());
    let state = transaction.state().expose().to_owned();
    let answer = query(&[
        ("error", "access_denied"),
        ("error_description", "<b>no</b>\u{7}"),
        ("error_uri", "https://evil.example"),
        ("state", &state),
    ]);
    let callback = Callback::read(at("/callback", &answer, "")).unwrap();
    assert!(!format!("{callback:?}").contains(&state));
    let error = callback.judge(transaction, now()).unwrap_err();
    assert_eq!(
        (error.code(), error.phase()),
        (ErrorCode::AccessDenied, Phase::Callback)
    );
    assert_eq!(error.provider_description(), Some("<b>no</b>"));
    assert!(!format!("{error:?} {error}").contains("evil.example"));
    assert!(error.needs_sign_in() && !error.is_transient());
}
