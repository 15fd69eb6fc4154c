use std::time::Duration;

use crate::support::*;

async fn login_page(demo: &demo_provider::Demo, browser: &Browser) -> Reply {
    let page = browser.open(&Request::new(demo).url()).await;
    assert!(page.shows("username") && page.shows("password") && page.shows("login-submit"));
    page
}

#[tokio::test]
async fn a_wrong_password_is_told_without_saying_what_was_wrong() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let page = login_page(&demo, &browser).await;
    let wrong_password = browser.submit_login(&page, "alice", "wrong").await;
    let wrong_user = browser.submit_login(&page, "nobody", "wrong").await;
    for reply in [&wrong_password, &wrong_user] {
        assert_eq!(reply.status, 401);
        assert!(reply.shows("login-error"));
        assert!(
            !reply.text.contains("wrong\""),
            "the password is not shown again"
        );
    }
    let message = |reply: &Reply| {
        reply
            .text
            .split("login-error\"><p>")
            .nth(1)
            .unwrap()
            .split('<')
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(message(&wrong_password), message(&wrong_user));
    let right = browser
        .submit_login(&wrong_password, "alice", alice().password)
        .await;
    assert!(right.shows("consent-allow"));
}

#[tokio::test]
async fn guessing_is_slowed_down_for_the_account_and_ends_with_time() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let page = login_page(&demo, &browser).await;
    for _ in 0..5 {
        assert_eq!(
            browser.submit_login(&page, "alice", "wrong").await.status,
            401
        );
    }
    // Even the right password waits now, from another browser too.
    let other = Browser::new(&demo);
    let other_page = login_page(&demo, &other).await;
    let refused = other
        .submit_login(&other_page, "Alice", alice().password)
        .await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), "2");
    assert!(refused.shows("login-error"));
    // Another account does not.
    assert!(
        other
            .submit_login(&other_page, "bob", bob().password)
            .await
            .shows("consent-allow")
    );
    demo.clock().advance(Duration::from_secs(2));
    let page = login_page(&demo, &browser).await;
    assert!(
        browser
            .submit_login(&page, "alice", alice().password)
            .await
            .shows("consent-allow")
    );
}

#[tokio::test]
async fn a_form_without_its_token_does_nothing() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let page = login_page(&demo, &browser).await;
    let credentials = [("username", "alice"), ("password", alice().password)];
    for csrf in [None, Some("guessed")] {
        let mut form = credentials.to_vec();
        form.extend(csrf.map(|csrf| ("csrf", csrf)));
        let reply = browser.post(&page.action(), &form).await;
        assert_eq!(reply.status, 403);
        assert!(!reply.shows("consent-allow"));
    }
    // Nor does one that another page of localhost sends.
    let csrf = page.hidden("csrf");
    let mut form = credentials.to_vec();
    form.push(("csrf", &csrf));
    for site in ["same-site", "cross-site"] {
        let reply = browser
            .post_with(&page.action(), &form, ("sec-fetch-site", site))
            .await;
        assert_eq!(reply.status, 403, "{site}");
    }
    let reply = browser
        .post_with(&page.action(), &form, ("sec-fetch-site", "same-origin"))
        .await;
    assert_eq!(reply.status, 200);
    assert!(reply.shows("consent-allow"));
}

#[tokio::test]
async fn an_interaction_belongs_to_the_browser_that_started_it() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let page = login_page(&demo, &browser).await;
    let stranger = Browser::new(&demo);
    let path = page.action().replace("/login", "");
    assert_eq!(stranger.open(&path).await.status, 410);
    assert_eq!(
        stranger
            .submit_login(&page, "alice", alice().password)
            .await
            .status,
        410
    );
    assert_eq!(
        browser.open("/interaction/made-up").await.page_error(),
        "interaction_gone"
    );
}

#[tokio::test]
async fn an_interaction_ends_with_its_answer_and_after_half_an_hour() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let page = login_page(&demo, &browser).await;
    let consent = browser.submit_login(&page, "alice", alice().password).await;
    assert!(
        browser
            .decide(&consent, "allow")
            .await
            .callback()
            .contains_key("code")
    );
    // The form is sent a second time, as a double click does.
    assert_eq!(browser.decide(&consent, "allow").await.status, 410);

    let late = Browser::new(&demo);
    let page = login_page(&demo, &late).await;
    demo.clock().advance(Duration::from_secs(30 * 60));
    assert_eq!(
        late.submit_login(&page, "alice", alice().password)
            .await
            .status,
        410
    );
}

#[tokio::test]
async fn several_tabs_sign_in_side_by_side() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let pages = [
        login_page(&demo, &browser).await,
        login_page(&demo, &browser).await,
        login_page(&demo, &browser).await,
    ];
    for page in &pages {
        let mut reply = browser.submit_login(page, "alice", alice().password).await;
        if reply.shows("consent-allow") {
            reply = browser.decide(&reply, "allow").await;
        }
        let answer = redeem(&demo, &reply.callback()["code"]).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

#[tokio::test]
async fn signing_in_gives_the_session_a_new_name() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let page = browser.get("/", &[]).await;
    let before = page.header("set-cookie").to_owned();
    let port = demo.issuer().rsplit(':').next().unwrap();
    assert!(
        before.starts_with(&format!("demo_provider_{port}_session=")),
        "{before}"
    );
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(before.contains(attribute), "{attribute}: {before}");
    }
    let page = login_page(&demo, &browser).await;
    let csrf = page.hidden("csrf");
    let form = [
        ("csrf", csrf.as_str()),
        ("username", "alice"),
        ("password", alice().password),
    ];
    let signed_in = browser.post_once(&page.action(), &form).await;
    let after = signed_in.header("set-cookie").to_owned();
    let value = |cookie: &str| cookie.split(';').next().unwrap().to_owned();
    assert!(!after.is_empty() && value(&before) != value(&after));
    // Who planted the old name is not signed in.
    let planted = http()
        .get(format!("{}/account", demo.issuer()))
        .header("cookie", value(&before));
    let reply = Reply::read(planted.send().await.unwrap()).await;
    assert_eq!(reply.location(), "/account/sign-in");
}

#[tokio::test]
async fn signing_in_again_ends_the_session_before() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let page = login_page(&demo, &browser).await;
    let sign_in = async |page: &Reply| {
        let csrf = page.hidden("csrf");
        let form = [
            ("csrf", csrf.as_str()),
            ("username", "alice"),
            ("password", alice().password),
        ];
        let reply = browser.post_once(&page.action(), &form).await;
        reply
            .header("set-cookie")
            .split(';')
            .next()
            .unwrap()
            .to_owned()
    };
    let first = sign_in(&page).await;
    let page = browser
        .open(&Request::new(&demo).with("prompt", "login").url())
        .await;
    let second = sign_in(&page).await;
    for (cookie, status) in [(first, 303), (second, 200)] {
        let request = http()
            .get(format!("{}/account", demo.issuer()))
            .header("cookie", cookie);
        assert_eq!(request.send().await.unwrap().status(), status);
    }
}

#[tokio::test]
async fn forms_sent_by_another_page_of_localhost_do_nothing() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let page = login_page(&demo, &browser).await;
    let consent = browser.submit_login(&page, "alice", alice().password).await;
    let csrf = consent.hidden("csrf");
    let forms = [
        (consent.action(), vec![("decision", "allow")]),
        (
            "/account/withdraw".to_owned(),
            vec![("client_id", "demo-spa")],
        ),
        ("/logout/confirm".to_owned(), vec![]),
        (
            "/developers".to_owned(),
            vec![("name", "x"), ("redirect_uris", REDIRECT_URI)],
        ),
    ];
    for (action, mut form) in forms {
        form.push(("csrf", &csrf));
        let reply = browser
            .post_with(&action, &form, ("sec-fetch-site", "same-site"))
            .await;
        assert_eq!(reply.status, 403, "{action}");
    }
    // The same consent, from the page itself.
    assert!(
        browser
            .decide(&consent, "allow")
            .await
            .callback()
            .contains_key("code")
    );
}

#[tokio::test]
async fn consent_says_who_wants_what_and_can_be_refused() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let page = login_page(&demo, &browser).await;
    let consent = browser.submit_login(&page, "alice", alice().password).await;
    for shown in [
        "Demo app",
        "Alice Liddell",
        "Read your notes",
        "notes:write",
        "http://localhost:8080",
    ] {
        assert!(consent.text.contains(shown), "{shown}");
    }
    let reply = browser.decide(&consent, "deny").await;
    let params = reply.callback();
    assert_eq!(params["error"], "access_denied");
    assert_eq!(params["state"], "the state");
    assert_eq!(params["iss"], demo.issuer());
    // A refusal is not remembered: the next time asks again.
    assert!(
        browser
            .open(&Request::new(&demo).url())
            .await
            .shows("consent-allow")
    );
}

#[tokio::test]
async fn a_consent_form_without_its_token_or_decision_grants_nothing() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let page = login_page(&demo, &browser).await;
    let consent = browser.submit_login(&page, "alice", alice().password).await;
    let csrf = consent.hidden("csrf");
    for form in [
        vec![("decision", "allow")],
        vec![("decision", "allow"), ("csrf", "guessed")],
        vec![("decision", "perhaps"), ("csrf", &csrf)],
        vec![("csrf", &csrf)],
    ] {
        let reply = browser.post(&consent.action(), &form).await;
        assert_eq!(reply.status, 403, "{form:?}");
        assert!(reply.shows("consent-allow"));
    }
    assert!(
        browser
            .decide(&consent, "allow")
            .await
            .callback()
            .contains_key("code")
    );
}

#[tokio::test]
async fn consent_cannot_be_given_before_the_sign_in_that_was_asked_for() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    browser.authorize(&Request::new(&demo), alice()).await;
    let account = browser.open("/account").await;
    let csrf = account.hidden("csrf");
    let page = browser
        .open(&Request::new(&demo).with("prompt", "login").url())
        .await;
    let consent = page.action().replace("/login", "/consent");
    let reply = browser
        .post(&consent, &[("csrf", &csrf), ("decision", "allow")])
        .await;
    assert!(reply.shows("login-submit"), "{reply:?}");
}

#[tokio::test]
async fn more_scopes_than_were_allowed_ask_for_consent_again() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let small = Request::new(&demo).with("scope", "openid");
    browser.authorize(&small, alice()).await;
    assert!(
        browser
            .open(&small.url())
            .await
            .callback()
            .contains_key("code")
    );
    assert!(
        browser
            .open(&Request::new(&demo).url())
            .await
            .shows("consent-allow")
    );
}

#[tokio::test]
async fn pages_are_guarded_against_framing_and_run_no_script() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let page = login_page(&demo, &browser).await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    // The answer's redirect must get through.
    assert!(
        policy.contains("form-action 'self' http://localhost:8080"),
        "{policy}"
    );
    assert!(!policy.contains("script-src"));
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert!(!page.text.contains("<script") && !page.text.contains(" style="));
}

#[tokio::test]
async fn the_language_follows_ui_locales_then_the_browser_and_can_be_switched() {
    let demo = start().await;
    let in_language =
        |page: &Reply| page.text.split("<html lang=\"").nth(1).unwrap()[..2].to_owned();
    let browser = Browser::new(&demo);
    let korean = [("accept-language", "ko-KR,ko;q=0.9,en;q=0.5")];
    assert_eq!(in_language(&browser.get("/", &korean).await), "ko");
    assert_eq!(in_language(&browser.get("/", &[]).await), "en");

    let asked = Request::new(&demo).with("ui_locales", "fr ko");
    let page = browser.open(&asked.url()).await;
    assert_eq!(in_language(&page), "ko");
    assert!(page.text.contains("비밀번호"));
    let path = page.action().replace("/login", "");
    assert_eq!(
        in_language(&browser.open(&format!("{path}?lang=en")).await),
        "en"
    );
    assert_eq!(in_language(&browser.open(&path).await), "en");
    // The switch of one sign-in is not the browser's.
    assert_eq!(in_language(&browser.open(&asked.url()).await), "ko");

    browser.get("/?lang=ko", &[]).await;
    assert_eq!(in_language(&browser.get("/developers", &[]).await), "ko");
}

#[tokio::test]
async fn what_is_typed_or_named_is_shown_as_text() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let hint = "\"><script>alert(1)</script>";
    let page = browser
        .open(&Request::new(&demo).with("login_hint", hint).url())
        .await;
    assert!(!page.text.contains("<script"));
    let reply = browser.submit_login(&page, hint, "x").await;
    assert!(!reply.text.contains("<script"));
    let page = browser
        .open(&Request::new(&demo).with("login_hint", "bob").url())
        .await;
    assert!(page.text.contains("value=\"bob\""));
}
