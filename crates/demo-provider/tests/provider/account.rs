use crate::support::*;

#[tokio::test]
async fn a_user_sees_and_withdraws_what_was_granted() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let reply = browser.authorize(&Request::new(&demo), alice()).await;
    let tokens = redeem(&demo, &reply.callback()["code"]).await.json();

    let page = browser.open("/account").await;
    assert!(page.shows("grant") && page.text.contains("data-client=\"demo-spa\""));
    assert!(page.text.contains("Read your notes"));

    let form = [
        ("csrf", page.hidden("csrf")),
        ("client_id", "demo-spa".to_owned()),
    ];
    let form: Vec<(&str, &str)> = form
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let unguarded = browser.post("/account/withdraw", &form[1..]).await;
    assert_eq!(unguarded.status, 403);
    assert_eq!(
        userinfo(&demo, text(&tokens, "access_token")).await.status,
        200
    );

    let page = browser.post("/account/withdraw", &form).await;
    assert!(page.shows("no-grants"), "{page:?}");
    assert_eq!(
        refresh(&demo, text(&tokens, "refresh_token")).await.error(),
        "invalid_grant"
    );
    assert_eq!(
        userinfo(&demo, text(&tokens, "access_token")).await.status,
        401
    );
    assert!(
        browser
            .open(&Request::new(&demo).url())
            .await
            .shows("consent-allow")
    );
}

#[tokio::test]
async fn withdrawing_touches_no_other_user() {
    let demo = start().await;
    let bobs = sign_in(&demo, bob()).await;
    let browser = Browser::new(&demo);
    browser.authorize(&Request::new(&demo), alice()).await;
    let page = browser.open("/account").await;
    let csrf = page.hidden("csrf");
    browser
        .post(
            "/account/withdraw",
            &[("csrf", &csrf), ("client_id", "demo-spa")],
        )
        .await;
    assert_eq!(
        refresh(&demo, text(&bobs, "refresh_token")).await.status,
        200
    );
}

#[tokio::test]
async fn the_page_asks_who_it_is() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let page = browser.open("/account").await;
    assert!(page.shows("login-submit"));
    let page = browser.submit_login(&page, "minji", "hangang-42").await;
    assert!(
        page.shows("no-grants") && page.text.contains("김민지"),
        "{page:?}"
    );
    assert!(browser.open("/").await.text.contains("김민지"));
}
