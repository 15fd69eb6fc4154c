//! Stronger and fresher sign-ins (RFC 9470), with one-time codes (RFC 6238).

use std::time::Duration;

use demo_provider::{
    ACR_PASSWORD, ACR_SECOND_FACTOR, Demo, DemoProviderBuilder, FaultAction, Times,
};
use serde_json::{Value, json};

use crate::proofs::{challenges, get_bound};
use crate::support::*;

fn patient() -> DemoProviderBuilder {
    builder().access_token_lifetime(Duration::from_secs(3_600))
}

fn stronger(demo: &Demo) -> Request {
    Request::new(demo).with("acr_values", ACR_SECOND_FACTOR)
}

/// Types a code into the page that asks for one.
async fn enter(browser: &Browser, page: &Reply, code: &str) -> Reply {
    assert!(page.shows("one-time-code"), "no code page: {page:?}");
    let (action, csrf) = (page.action(), page.hidden("csrf"));
    browser
        .post(&action, &[("csrf", csrf.as_str()), ("code", code)])
        .await
}

fn code_of(demo: &Demo) -> String {
    demo.one_time_code("alice").unwrap()
}

/// A code that is not right now (once in half a million runs it is that of a neighbouring step).
fn wrong_code(demo: &Demo) -> String {
    let right = code_of(demo);
    let wrong = if right == "000000" {
        "111111"
    } else {
        "000000"
    };
    wrong.to_owned()
}

/// Goes on from wherever a sign-in stands to the app.
async fn go_on(demo: &Demo, browser: &Browser, mut page: Reply) -> Reply {
    if page.shows("login-submit") {
        page = browser
            .submit_login(&page, alice().username, alice().password)
            .await;
    }
    if page.shows("one-time-code") {
        page = enter(browser, &page, &code_of(demo)).await;
    }
    if page.shows("consent-allow") {
        page = browser.decide(&page, "allow").await;
    }
    page
}

async fn tokens(demo: &Demo, browser: &Browser, request: &Request) -> Value {
    let page = browser.open(&request.url()).await;
    let reply = go_on(demo, browser, page).await;
    let code = reply.callback().remove("code").unwrap();
    redeem(demo, &code).await.json()
}

#[tokio::test]
async fn tokens_say_how_and_when_the_user_signed_in() {
    // OpenID Connect Core 2, RFC 9068 2.2.1, RFC 8176.
    let demo = patient().start().await.unwrap();
    let browser = Browser::new(&demo);
    let plain = tokens(&demo, &browser, &Request::new(&demo)).await;
    demo.clock().advance(Duration::from_secs(10));
    let strong = tokens(&demo, &browser, &stronger(&demo)).await;
    for (answer, acr, amr) in [
        (&plain, ACR_PASSWORD, json!(["pwd"])),
        (&strong, ACR_SECOND_FACTOR, json!(["pwd", "otp", "mfa"])),
    ] {
        for token in ["id_token", "access_token"] {
            let claims = peek(text(answer, token));
            assert_eq!(claims["acr"], acr, "{token}");
            assert_eq!(claims["amr"], amr, "{token}");
            // The code came ten seconds after the password, which it makes no younger.
            assert_eq!(claims["auth_time"], NOW, "{token}");
        }
    }
    let refreshed = refresh(&demo, text(&strong, "refresh_token")).await.json();
    let claims = peek(text(&refreshed, "id_token"));
    assert_eq!(claims["acr"], ACR_SECOND_FACTOR);
    let url = format!("{}/.well-known/openid-configuration", demo.issuer());
    assert_eq!(
        get(&url).await.json()["acr_values_supported"],
        json!([ACR_PASSWORD, ACR_SECOND_FACTOR])
    );
}

#[tokio::test]
async fn the_vault_opens_to_a_strong_and_fresh_sign_in_alone() {
    // RFC 9470 3.
    let demo = patient().start().await.unwrap();
    let browser = Browser::new(&demo);
    let plain = tokens(&demo, &browser, &Request::new(&demo)).await;
    let refused = call(&demo, "/api/vault", text(&plain, "access_token")).await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.error(), "insufficient_user_authentication");
    let challenge = &challenges(&refused)[0];
    for part in [
        "Bearer realm=\"demo-api\"",
        "error=\"insufficient_user_authentication\"",
        "acr_values=\"urn:demo:acr:2fa\"",
        "max_age=\"300\"",
    ] {
        assert!(challenge.contains(part), "{challenge}");
    }
    // As an app does it: with what the challenge asks for.
    let request = stronger(&demo).with("max_age", "300");
    let strong = tokens(&demo, &browser, &request).await;
    let token = text(&strong, "access_token");
    let opened = call(&demo, "/api/vault", token).await;
    assert_eq!(opened.status, 200, "{}", opened.text);
    assert_eq!(opened.json()["acr"], ACR_SECOND_FACTOR);

    demo.clock().advance(Duration::from_secs(300));
    assert_eq!(call(&demo, "/api/vault", token).await.status, 200);
    demo.clock().advance(Duration::from_secs(1));
    let refused = call(&demo, "/api/vault", token).await;
    assert!(challenges(&refused)[0].contains("max_age=\"300\""));
    // Too long ago: the password again, and then the code again.
    let page = browser.open(&request.url()).await;
    assert!(page.shows("login-submit"));
    let page = browser
        .submit_login(&page, alice().username, alice().password)
        .await;
    assert!(page.shows("one-time-code"));
    let reply = go_on(&demo, &browser, page).await;
    let fresh = redeem(&demo, &reply.callback()["code"]).await.json();
    let token = text(&fresh, "access_token");
    assert_eq!(peek(token)["auth_time"], NOW + 301);
    assert_eq!(call(&demo, "/api/vault", token).await.status, 200);
    assert_eq!(demo.counters().step_up_challenges, 2);

    demo.policy().set(|p| p.vault_max_age_seconds = 7).unwrap();
    demo.clock().advance(Duration::from_secs(8));
    let refused = call(&demo, "/api/vault", token).await;
    assert!(challenges(&refused)[0].contains("max_age=\"7\""));
}

#[tokio::test]
async fn a_bound_token_is_challenged_in_its_own_scheme() {
    let demo = start().await;
    let key = crate::proofs::Key::es256();
    let answer = crate::proofs::sign_in_bound(&demo, alice(), &key).await;
    let url = format!("{}/api/vault", demo.api_url());
    let refused = get_bound(&demo, &url, text(&answer, "access_token"), &key).await;
    assert_eq!(refused.status, 401);
    let challenge = &challenges(&refused)[0];
    assert!(challenge.starts_with("DPoP "), "{challenge}");
    assert!(
        challenge.contains("error=\"insufficient_user_authentication\""),
        "{challenge}"
    );
    assert!(challenge.contains("acr_values="), "{challenge}");
}

#[tokio::test]
async fn the_first_known_level_decides_and_none_known_is_refused() {
    // OpenID Connect Core 3.1.2.1, RFC 9470 5.
    let demo = start().await;
    let browser = Browser::new(&demo);
    for (acr_values, asks) in [
        (format!("{ACR_PASSWORD} {ACR_SECOND_FACTOR}"), false),
        (format!("urn:unheard-of {ACR_SECOND_FACTOR}"), true),
        (" ".to_owned(), false),
    ] {
        let request = Request::new(&demo).with("acr_values", &acr_values);
        let page = browser.open(&request.url()).await;
        let page = match page.shows("login-submit") {
            true => {
                browser
                    .submit_login(&page, alice().username, alice().password)
                    .await
            }
            false => page,
        };
        assert_eq!(page.shows("one-time-code"), asks, "{acr_values}");
    }
    let unknown = Request::new(&demo).with("acr_values", "urn:unheard-of phr");
    let reply = browser.open(&unknown.url()).await;
    assert_eq!(reply.callback_error(), "unmet_authentication_requirements");
    let silent = stronger(&demo).with("prompt", "none");
    let reply = browser.get(&silent.url(), &[]).await;
    assert_eq!(reply.callback_error(), "interaction_required");
}

#[tokio::test]
async fn a_strong_session_is_not_asked_again_and_a_new_password_starts_anew() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    tokens(&demo, &browser, &stronger(&demo)).await;
    let again = browser.open(&stronger(&demo).url()).await;
    assert!(again.callback().contains_key("code"));
    let silent = browser
        .get(&stronger(&demo).with("prompt", "none").url(), &[])
        .await;
    assert!(silent.callback().contains_key("code"));
    // Whoever signs in after that has given a password and no more.
    let page = browser
        .open(&stronger(&demo).with("prompt", "login").url())
        .await;
    let page = browser
        .submit_login(&page, bob().username, bob().password)
        .await;
    assert!(page.shows("one-time-code"));
}

#[tokio::test]
async fn codes_are_set_up_once_and_the_key_is_never_shown_again() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let login = async |browser: &Browser| {
        let page = browser
            .open(&stronger(&demo).with("prompt", "login").url())
            .await;
        browser
            .submit_login(&page, alice().username, alice().password)
            .await
    };
    let page = login(&browser).await;
    assert!(page.shows("code-set-up"));
    let key = page.text_of("code-key");
    assert_eq!(key.len(), 32, "{key}");
    let uri = page.text_of("code-uri");
    assert_eq!(
        uri,
        format!("otpauth://totp/Demo%20provider:alice?secret={key}&amp;issuer=Demo%20provider")
    );
    // An authenticator app has the same idea of the code.
    let app = totp_rs::Builder::new()
        .with_secret(totp_rs::Secret::try_from_base32(&key).unwrap())
        .build()
        .unwrap();
    let page = enter(&browser, &page, &app.generate(NOW).to_string()).await;
    assert!(page.shows("consent-allow"), "{page:?}");
    let account = browser.open("/account").await;
    assert!(account.text.contains("data-set-up=\"true\""));

    let other = Browser::new(&demo);
    let page = login(&other).await;
    assert!(page.shows("one-time-code") && !page.shows("code-set-up"));
    assert!(!page.text.contains(&key));

    demo.perform(FaultAction::ForgetOneTimeCodes).await.unwrap();
    let page = login(&other).await;
    assert!(page.shows("code-set-up"));
    assert_ne!(page.text_of("code-key"), key);
}

#[tokio::test]
async fn a_wrong_or_used_code_is_told() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let page = browser.open(&stronger(&demo).url()).await;
    let mut page = browser
        .submit_login(&page, alice().username, alice().password)
        .await;
    for wrong in [wrong_code(&demo).as_str(), "", "12345", "abcdef"] {
        page = enter(&browser, &page, wrong).await;
        assert_eq!(page.status, 401, "{wrong}");
        assert!(page.shows("code-error"), "{wrong}");
    }
    let code = code_of(&demo);
    let done = enter(&browser, &page, &code).await;
    assert!(done.shows("consent-allow"));
    // RFC 6238 5.2: in another browser, with the password, the same code is worth nothing.
    let other = Browser::new(&demo);
    let page = other.open(&stronger(&demo).url()).await;
    let page = other
        .submit_login(&page, alice().username, alice().password)
        .await;
    let page = enter(&other, &page, &code).await;
    assert_eq!(page.status, 401);
    assert!(page.text.contains("used already"), "{}", page.text);
}

#[tokio::test]
async fn guessing_codes_is_slowed_down() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let page = browser.open(&stronger(&demo).url()).await;
    let mut page = browser
        .submit_login(&page, alice().username, alice().password)
        .await;
    for _ in 0..5 {
        page = enter(&browser, &page, &wrong_code(&demo)).await;
        assert_eq!(page.status, 401);
    }
    let page = enter(&browser, &page, &code_of(&demo)).await;
    assert_eq!(page.status, 429);
    assert_eq!(page.header("retry-after"), "2");
    assert!(page.shows("code-error") && page.text.contains("2 seconds"));
    demo.clock().advance(Duration::from_secs(2));
    let page = enter(&browser, &page, &code_of(&demo)).await;
    assert!(page.shows("consent-allow"), "{page:?}");
}

#[tokio::test]
async fn no_form_leads_around_the_code() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let page = browser.open(&stronger(&demo).url()).await;
    let interaction = page.action().replace("/login", "");
    // Before the password.
    let csrf = page.hidden("csrf");
    let (code, consent) = (
        format!("{interaction}/second-factor"),
        format!("{interaction}/consent"),
    );
    let right = code_of(&demo);
    let early = browser
        .post(&code, &[("csrf", &csrf), ("code", &right)])
        .await;
    assert!(early.shows("login-submit"));
    let page = browser
        .submit_login(&page, alice().username, alice().password)
        .await;
    let csrf = page.hidden("csrf");
    // Consent before the code.
    let skipped = browser
        .post(&consent, &[("csrf", &csrf), ("decision", "allow")])
        .await;
    assert!(skipped.shows("one-time-code"), "{skipped:?}");
    // A form of another page.
    for form in [
        [("csrf", "made-up"), ("code", right.as_str())],
        [("csrf", ""), ("code", right.as_str())],
    ] {
        let forged = browser.post(&code, &form).await;
        assert_eq!(forged.status, 403);
        assert!(forged.shows("one-time-code"));
    }
    let own = [("csrf", csrf.as_str()), ("code", right.as_str())];
    let foreign = browser
        .post_with(&code, &own, ("sec-fetch-site", "same-site"))
        .await;
    assert_eq!(foreign.status, 403);
    // Another browser has no part in it.
    let thief = Browser::new(&demo);
    assert_eq!(thief.post(&code, &own).await.status, 410);
    assert!(browser.post(&code, &own).await.shows("consent-allow"));
}

#[tokio::test]
async fn a_demo_may_show_the_code() {
    let demo = builder()
        .policy(|p| p.show_one_time_code = true)
        .start()
        .await
        .unwrap();
    let browser = Browser::new(&demo);
    let page = browser.open(&stronger(&demo).url()).await;
    let page = browser
        .submit_login(&page, alice().username, alice().password)
        .await;
    let shown = page.text_of("demo-code");
    let page = enter(&browser, &page, &shown).await;
    assert!(page.shows("consent-allow"));

    demo.policy().set(|p| p.show_one_time_code = false).unwrap();
    let other = Browser::new(&demo);
    let page = other.open(&stronger(&demo).url()).await;
    let page = other
        .submit_login(&page, alice().username, alice().password)
        .await;
    assert!(page.shows("one-time-code") && !page.shows("demo-code"));
}

#[tokio::test]
async fn the_page_speaks_korean_and_runs_no_script() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let request = stronger(&demo).with("ui_locales", "ko");
    let page = browser.open(&request.url()).await;
    let page = browser
        .submit_login(&page, alice().username, alice().password)
        .await;
    assert!(page.text.contains("<html lang=\"ko\">"));
    assert!(page.text.contains("일회용 코드"));
    assert!(!page.text.contains("<script") && !page.text.contains(" style="));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(
        policy.contains(&format!("form-action 'self' {APP}")),
        "{policy}"
    );
}

#[tokio::test]
async fn a_provider_can_be_told_to_pass_over_what_was_asked() {
    let demo = patient().start().await.unwrap();
    let browser = Browser::new(&demo);
    tokens(&demo, &browser, &Request::new(&demo)).await;
    demo.clock().advance(Duration::from_secs(100));
    demo.faults().set(|f| {
        f.ignore_acr_values = Times::Next(1);
        f.ignore_max_age = Times::Next(1);
        f.id_token_omit_auth_time = Times::Next(1);
    });
    let request = stronger(&demo).with("max_age", "10");
    let passed_over = tokens(&demo, &browser, &request).await;
    let claims = peek(text(&passed_over, "id_token"));
    assert_eq!(claims["acr"], ACR_PASSWORD);
    assert!(claims.get("auth_time").is_none());
    let claims = peek(text(&passed_over, "access_token"));
    assert_eq!(claims["auth_time"], NOW);
    let page = browser.open(&request.url()).await;
    assert!(page.shows("login-submit"));
}

#[tokio::test]
async fn the_api_can_be_told_to_ask_for_more_without_end() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let strong = tokens(&demo, &browser, &stronger(&demo)).await;
    demo.faults().set(|f| f.api_step_up = Times::Next(2));
    for status in [401, 401, 200] {
        let reply = call(&demo, "/api/me", text(&strong, "access_token")).await;
        assert_eq!(reply.status, status);
        assert_eq!(
            challenges(&reply)
                .iter()
                .any(|c| c.contains("insufficient_user_authentication")),
            status == 401
        );
    }
}

#[tokio::test]
async fn the_feed_tells_of_the_step_and_holds_no_code() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let code = code_of(&demo);
    tokens(&demo, &browser, &stronger(&demo)).await;
    let told = json!(demo.feed().after(0)).to_string();
    assert!(told.contains("one-time code"), "{told}");
    assert!(told.contains(ACR_SECOND_FACTOR), "{told}");
    assert!(!told.contains(&format!("\"{code}\"")), "{told}");
}
