use std::time::Duration;

use demo_provider::{FaultAction, NewClient};

use crate::support::*;

struct SignedIn {
    demo: demo_provider::Demo,
    browser: Browser,
    id_token: String,
}

async fn signed_in() -> SignedIn {
    let client = NewClient::public("Other")
        .client_id("other")
        .redirect_uri(REDIRECT_URI)
        .post_logout_redirect_uri("http://localhost:8080/bye?from=other");
    let demo = builder().client(client).start().await.unwrap();
    let browser = Browser::new(&demo);
    let reply = browser.authorize(&Request::new(&demo), alice()).await;
    let answer = redeem(&demo, &reply.callback()["code"]).await.json();
    let id_token = text(&answer, "id_token").to_owned();
    SignedIn {
        demo,
        browser,
        id_token,
    }
}

impl SignedIn {
    async fn logout(&self, params: &[(&str, &str)]) -> Reply {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(params)
            .finish();
        self.browser.get(&format!("/logout?{query}"), &[]).await
    }

    async fn still_signed_in(&self) -> bool {
        let request = Request::new(&self.demo).with("prompt", "none");
        self.browser
            .get(&request.url(), &[])
            .await
            .callback()
            .contains_key("code")
    }
}

const HOME: &str = "http://localhost:8080/";

#[tokio::test]
async fn with_the_id_token_it_ends_the_session_and_returns_with_the_state() {
    let session = signed_in().await;
    assert!(session.still_signed_in().await);
    let reply = session
        .logout(&[
            ("id_token_hint", &session.id_token),
            ("client_id", "demo-spa"),
            ("post_logout_redirect_uri", HOME),
            ("state", "a b"),
        ])
        .await;
    assert_eq!(reply.location(), "http://localhost:8080/?state=a+b");
    assert!(!session.still_signed_in().await);
}

#[tokio::test]
async fn an_expired_id_token_and_one_of_retired_keys_are_good_hints() {
    let session = signed_in().await;
    session.demo.clock().advance(Duration::from_secs(3_600));
    session.demo.perform(FaultAction::RotateKeys).await.unwrap();
    let hint = [
        ("id_token_hint", session.id_token.as_str()),
        ("post_logout_redirect_uri", HOME),
    ];
    assert_eq!(session.logout(&hint).await.location(), HOME);
    assert!(!session.still_signed_in().await);
}

#[tokio::test]
async fn without_a_hint_the_user_is_asked() {
    let session = signed_in().await;
    let page = session
        .logout(&[
            ("client_id", "demo-spa"),
            ("post_logout_redirect_uri", HOME),
            ("state", "s"),
        ])
        .await;
    assert!(page.shows("logout-confirm"));
    assert!(session.still_signed_in().await);
    assert!(
        page.header("content-security-policy")
            .contains("form-action 'self' http://localhost:8080")
    );

    let unguarded = session
        .browser
        .post("/logout/confirm", &[("client_id", "demo-spa")])
        .await;
    assert_eq!(unguarded.status, 403);
    assert!(session.still_signed_in().await);

    let form = [
        ("csrf", page.hidden("csrf")),
        ("client_id", page.hidden("client_id")),
        (
            "post_logout_redirect_uri",
            page.hidden("post_logout_redirect_uri"),
        ),
        ("state", page.hidden("state")),
    ];
    let form: Vec<(&str, &str)> = form
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let reply = session.browser.post(&page.action(), &form).await;
    assert_eq!(reply.location(), "http://localhost:8080/?state=s");
    assert!(!session.still_signed_in().await);
}

#[tokio::test]
async fn another_users_hint_asks_too() {
    let session = signed_in().await;
    let bobs = sign_in(&session.demo, bob()).await;
    let page = session
        .logout(&[("id_token_hint", text(&bobs, "id_token"))])
        .await;
    assert!(page.shows("logout-confirm"));
    assert!(session.still_signed_in().await);
}

#[tokio::test]
async fn a_request_that_does_not_fit_its_client_leads_nowhere() {
    let session = signed_in().await;
    let hint = ("id_token_hint", session.id_token.as_str());
    let evil = ("post_logout_redirect_uri", "https://evil.example/");
    for (params, problem) in [
        (vec![hint, evil], "unregistered_post_logout_redirect_uri"),
        (
            vec![hint, ("post_logout_redirect_uri", "http://localhost:8080")],
            "unregistered_post_logout_redirect_uri",
        ),
        (
            vec![hint, ("post_logout_redirect_uri", REDIRECT_URI)],
            "unregistered_post_logout_redirect_uri",
        ),
        (
            vec![("client_id", "demo-spa"), evil],
            "unregistered_post_logout_redirect_uri",
        ),
        (
            vec![("post_logout_redirect_uri", HOME)],
            "missing_client_id",
        ),
        (vec![hint, ("client_id", "other")], "client_id_mismatch"),
        (vec![("client_id", "nobody")], "unknown_client"),
        (
            vec![("id_token_hint", "made.up.token")],
            "invalid_id_token_hint",
        ),
        (vec![hint, hint], "repeated_parameter"),
    ] {
        let reply = session.logout(&params).await;
        assert_eq!((reply.status.as_u16(), reply.page_error()), (400, problem));
        assert!(!reply.headers.contains_key("location"));
        assert!(session.still_signed_in().await, "{problem}");
    }
}

#[tokio::test]
async fn with_nobody_signed_in_it_returns_at_once_or_says_so() {
    let session = signed_in().await;
    let stranger = Browser::new(&session.demo);
    let url = "/logout?client_id=other&state=x&post_logout_redirect_uri=\
               http%3A%2F%2Flocalhost%3A8080%2Fbye%3Ffrom%3Dother";
    let reply = stranger.get(url, &[]).await;
    assert_eq!(
        reply.location(),
        "http://localhost:8080/bye?from=other&state=x"
    );
    let page = stranger.get("/logout", &[]).await;
    assert!(page.shows("signed-out"));
    assert!(session.still_signed_in().await);
}

#[tokio::test]
async fn it_may_be_posted_too() {
    let session = signed_in().await;
    let form = [
        ("id_token_hint", session.id_token.as_str()),
        ("post_logout_redirect_uri", HOME),
    ];
    assert_eq!(
        session.browser.post("/logout", &form).await.location(),
        HOME
    );
    assert!(!session.still_signed_in().await);
}

#[tokio::test]
async fn the_session_at_the_provider_ends_by_itself() {
    let session = signed_in().await;
    session
        .demo
        .clock()
        .advance(Duration::from_secs(8 * 3_600 - 1));
    assert!(session.still_signed_in().await);
    session.demo.clock().advance(Duration::from_secs(1));
    assert!(!session.still_signed_in().await);
}
