//! The words of the journeys. Selectors, waiting and WebDriver stay in here.

mod conditions;
mod looking;
mod tabs;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use demo_provider::{DEMO_USERS, FeedEvent};
use fantoccini::Client;
use serde_json::json;

pub(crate) use self::tabs::Tab;
use crate::world::{EMPTY_PAGE, World};

/// How long anything may take to come true before a journey fails, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody with a browser.
#[derive(Clone)]
pub(crate) struct Visitor {
    client: Client,
    world: Arc<World>,
    /// The origin of the app that this visitor uses.
    app: Arc<Mutex<String>>,
}

impl Visitor {
    pub(crate) fn new(client: Client, world: Arc<World>) -> Self {
        let app = Arc::new(Mutex::new(world.provider.urls().app.clone()));
        Self { client, world, app }
    }

    /// Where this visitor is: the provider with its knobs, and the app.
    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// From now on, "the app" is the one at this origin.
    pub(crate) fn move_to_app(&self, origin: &str) {
        *self.app.lock().unwrap() = origin.to_owned();
    }

    fn app_origin(&self) -> String {
        self.app.lock().unwrap().clone()
    }

    fn app_url(&self, path: &str) -> String {
        format!("{}{path}", self.app_origin())
    }

    // --- going somewhere ---

    /// Opens the app's home page.
    pub(crate) async fn open_app(&self) {
        self.open("/").await;
    }

    /// Opens a page of the app.
    pub(crate) async fn open(&self, path: &str) {
        self.goto(&self.app_url(path)).await;
    }

    /// Opens any page.
    pub(crate) async fn goto(&self, url: &str) {
        if let Err(error) = self.client.goto(url).await {
            panic!("{url} can't be opened: {error}");
        }
    }

    pub(crate) async fn reload(&self) {
        self.client
            .refresh()
            .await
            .expect("the page can be reloaded");
    }

    /// The browser's back button.
    pub(crate) async fn go_back(&self) {
        self.client
            .back()
            .await
            .expect("there is a page to go back to");
    }

    /// The browser's forward button.
    pub(crate) async fn go_forward(&self) {
        self.client
            .forward()
            .await
            .expect("there is a page to go forward to");
    }

    /// Leaves the app for a page of its origin that runs nothing, in the same tab.
    pub(crate) async fn leave_the_app(&self) {
        self.open(EMPTY_PAGE).await;
    }

    // --- the app ---

    /// Signs in with the only provider, and allows the app all it asks for.
    pub(crate) async fn sign_in_as(&self, username: &str) {
        self.press("sign-in").await;
        self.enter_password_of(username).await;
        self.allow().await;
        self.see("user-name").await;
    }

    /// Signs in with a provider that forgot who it is, but not what the app was allowed.
    pub(crate) async fn sign_in_again_as(&self, username: &str) {
        self.press("sign-in").await;
        self.enter_password_of(username).await;
        self.see("user-name").await;
    }

    /// Signs in with the provider of that id.
    pub(crate) async fn press_sign_in_with(&self, provider: &str) {
        self.press_css(&format!(
            r#"[data-testid="sign-in"][data-provider="{provider}"]"#
        ))
        .await;
    }

    /// Opens the app, signs in, and sees the API's answer: where most journeys begin.
    pub(crate) async fn arrive_signed_in_as(&self, username: &str) {
        self.open_app().await;
        self.sign_in_as(username).await;
        self.see_api_result_containing(username).await;
    }

    /// Signs out, and is back on the app's page once the provider has ended its session too.
    pub(crate) async fn sign_out(&self) {
        // Only a page that was loaded anew lacks the mark.
        self.run("window.e2eBeforeSignOut = true;", vec![]).await;
        self.press("sign-out").await;
        self.until(
            "a new page, on which nobody is signed in",
            "return (!window.e2eBeforeSignOut && location.origin === arguments[0]
                 && shown('sign-in') && !shown('user-name')) || null;",
            vec![json!(self.app_origin())],
        )
        .await;
    }

    /// Begins to sign in, and leaves it at that; gives the `state` of the attempt.
    pub(crate) async fn begin_sign_in_and_see_state(&self) -> String {
        self.open_app().await;
        self.press("sign-in").await;
        self.see_password_asked().await;
        self.leave_the_app().await;
        parameter(&self.authorization_url().await, "state")
    }

    /// The last authorization request.
    pub(crate) async fn authorization_url(&self) -> String {
        let issuer = &self.world.provider.urls().issuer;
        let departures = self.notes("departures").await;
        departures
            .iter()
            .rfind(|url| url.starts_with(issuer.as_str()))
            .unwrap_or_else(|| panic!("no authorization request among {departures:?}"))
            .clone()
    }

    /// The callback of the last sign-in, as the provider sent it.
    pub(crate) async fn callback_url(&self) -> String {
        let arrivals = self.notes("arrivals").await;
        let callback = arrivals.iter().rfind(|url| url.contains("/callback?"));
        callback
            .unwrap_or_else(|| panic!("no callback among {arrivals:?}"))
            .clone()
    }

    /// The user's name stands on the page.
    pub(crate) async fn see_user(&self, name: &str) {
        self.see_text("user-name", name).await;
    }

    pub(crate) async fn see_api_result_containing(&self, text: &str) {
        self.see_text("api-result", text).await;
    }

    /// An error with that code stands on the page, in words, and without leaving a way on.
    pub(crate) async fn see_error(&self, code: &str) -> String {
        self.see_error_of("auth-error", code).await
    }

    /// Some error stands on the page; gives its code.
    pub(crate) async fn see_any_error(&self) -> String {
        let code = self
            .until(
                "an error",
                "return shown('auth-error')?.dataset.error ?? null;",
                vec![],
            )
            .await;
        code.as_str().unwrap_or_default().to_owned()
    }

    /// An API error with that code stands on the page.
    pub(crate) async fn see_api_error(&self, code: &str) -> String {
        self.see_error_of("api-error", code).await
    }

    async fn see_error_of(&self, id: &str, code: &str) -> String {
        let text = self
            .until(
                &format!("{id} with data-error={code}"),
                "const element = shown(arguments[0]);
                 return element?.dataset.error === arguments[1] ? element.innerText : null;",
                vec![json!(id), json!(code)],
            )
            .await;
        let text = text.as_str().unwrap_or_default().trim().to_owned();
        assert!(
            text.len() > 10,
            "an error says what happened, not only `{text}`"
        );
        text
    }

    /// The page of somebody who is not signed in: a way in, and nobody's name.
    pub(crate) async fn see_signed_out(&self) {
        self.until(
            "a sign-in button, and no name",
            "return (shown('sign-in') && !shown('user-name') && !shown('sign-out')) || null;",
            vec![],
        )
        .await;
    }

    // --- the provider ---

    /// Fills in the provider's sign-in page and sends it.
    pub(crate) async fn enter_password_of(&self, username: &str) {
        let user = DEMO_USERS
            .iter()
            .find(|user| user.username == username)
            .unwrap();
        self.type_into("username", user.username).await;
        self.type_into("password", user.password).await;
        self.press("login-submit").await;
    }

    /// Agrees to what the provider says the app asks for.
    pub(crate) async fn allow(&self) {
        self.press("consent-allow").await;
    }

    /// Refuses it.
    pub(crate) async fn deny(&self) {
        self.press("consent-deny").await;
    }

    /// Registers a public app that runs at `origin`; gives its client ID.
    pub(crate) async fn register_app_on_the_developers_page(
        &self,
        name: &str,
        origin: &str,
    ) -> String {
        self.goto(&format!("{}/developers", self.world.provider.urls().issuer))
            .await;
        self.type_into("register-name", name).await;
        self.press("register-public").await;
        self.type_into("register-redirect-uris", &format!("{origin}/callback"))
            .await;
        self.type_into("register-post-logout-uris", &format!("{origin}/"))
            .await;
        self.press("register-submit").await;
        self.see("no-secret").await;
        self.do_not_see("client-secret").await;
        self.see("client-id").await
    }

    /// The provider asks who it is.
    pub(crate) async fn see_password_asked(&self) {
        self.see("password").await;
    }

    /// Waits for something that the provider did after the event `since`.
    pub(crate) async fn see_event(
        &self,
        since: u64,
        what: &str,
        wanted: impl Fn(&FeedEvent) -> bool + Send,
    ) -> FeedEvent {
        let feed = self.world.provider.feed();
        match feed.wait_for(since, PATIENCE, wanted).await {
            Some(event) => event,
            None => panic!(
                "the provider did not see: {what}; it saw {:#?}",
                feed.after(since)
            ),
        }
    }
}

/// A parameter of a URL's query.
pub(crate) fn parameter(url: &str, name: &str) -> String {
    let url = url::Url::parse(url).expect("a URL");
    let found = url.query_pairs().find(|(key, _)| key == name);
    found
        .unwrap_or_else(|| panic!("no {name} in {url}"))
        .1
        .into_owned()
}
