//! What happens to a browser from outside: its network goes, its tabs are frozen.

use fantoccini::wd::WebDriverCompatibleCommand;
use serde_json::{Value, json};

use super::Visitor;
use crate::browser::Browser;

impl Visitor {
    /// The network goes: no request leaves this tab, and its page is told.
    pub(crate) async fn go_offline(&self) {
        self.set_network(Network::Off).await;
    }

    /// The network is back.
    pub(crate) async fn go_online(&self) {
        self.set_network(Network::On).await;
    }

    async fn set_network(&self, network: Network) {
        match Browser::chosen() {
            Browser::Chromium => {
                let conditions = json!({
                    "offline": network == Network::Off,
                    "latency": 0,
                    "downloadThroughput": -1,
                    "uploadThroughput": -1,
                });
                self.devtools("Network.enable", json!({})).await;
                self.devtools("Network.emulateNetworkConditions", conditions)
                    .await;
            }
            // Offline, Firefox still reaches this machine; so it is sent to a proxy that is not there.
            Browser::Firefox => {
                self.special("moz/context", json!({ "context": "chrome" }))
                    .await;
                let script = "const [isOff] = arguments;
                    Services.prefs.setStringPref('network.proxy.http', '127.0.0.1');
                    Services.prefs.setIntPref('network.proxy.http_port', 1);
                    Services.prefs.setBoolPref('network.proxy.allow_hijacking_localhost', true);
                    Services.prefs.setIntPref('network.proxy.type', isOff ? 1 : 0);
                    Services.io.offline = isOff;";
                let done = self
                    .client
                    .execute(script, vec![json!(network == Network::Off)])
                    .await;
                self.special("moz/context", json!({ "context": "content" }))
                    .await;
                done.expect("Firefox lets its network be switched");
            }
        }
        self.until(
            "the page to be told of its network",
            "return navigator.onLine === arguments[0] || null;",
            vec![json!(network == Network::On)],
        )
        .await;
    }

    /// Nothing runs in this page any more, although it stays in memory: it is frozen, as browsers
    /// do with tabs in the background. Firefox can't be told to; there it is left for a while.
    pub(crate) async fn put_this_tab_to_sleep(&self) {
        match Browser::chosen() {
            Browser::Chromium => self.set_lifecycle("frozen").await,
            Browser::Firefox => self.leave_the_app_for_a_while().await,
        }
    }

    /// The page that was put to sleep goes on.
    pub(crate) async fn wake_this_tab(&self) {
        match Browser::chosen() {
            Browser::Chromium => self.set_lifecycle("active").await,
            Browser::Firefox => self.return_from_the_page_cache().await,
        }
    }

    async fn set_lifecycle(&self, state: &str) {
        self.devtools("Page.setWebLifecycleState", json!({ "state": state }))
            .await;
    }

    /// Leaves the app's page, to which one will come back.
    pub(crate) async fn leave_the_app_for_a_while(&self) {
        // Firefox keeps no page that holds a lock, as this one does for a moment after a sign-in.
        self.until(
            "a page that holds no lock",
            "return navigator.locks.query().then(({ held }) => held.length === 0 || null);",
            vec![],
        )
        .await;
        self.run(
            "window.e2eCameBack = null;
             addEventListener('pageshow', (event) => { window.e2eCameBack = event.persisted; });",
            vec![],
        )
        .await;
        self.leave_the_app().await;
    }

    /// Goes back, page by page, to the one that was left, which must still be the same.
    pub(crate) async fn return_from_the_page_cache(&self) {
        for _ in 0..10 {
            self.run("window.e2eIsGoingBack = true;", vec![]).await;
            self.go_back().await;
            let is_there = self
                .until(
                    "an earlier page",
                    "return window.e2eIsGoingBack ? null : 'e2eCameBack' in window;",
                    vec![],
                )
                .await;
            if is_there == json!(true) {
                break;
            }
        }
        self.until(
            "`pageshow` with `persisted` on the page that was left",
            "return window.e2eCameBack === true || null;",
            vec![],
        )
        .await;
    }

    /// Leaves no room in this tab's session storage, not for one letter.
    pub(crate) async fn fill_session_storage(&self) {
        self.run(
            "let filling = 'x'.repeat(1 << 20);
             for (let count = 0; filling.length > 0; count++) {
                 try { sessionStorage.setItem(`e2e.filling.${count}`, filling); }
                 catch { filling = filling.slice(0, filling.length / 2); }
             }",
            vec![],
        )
        .await;
    }

    /// Takes the filling away again.
    pub(crate) async fn empty_session_storage(&self) {
        self.run(
            "Object.keys(sessionStorage).filter((name) => name.startsWith('e2e.filling.'))
                 .forEach((name) => sessionStorage.removeItem(name));",
            vec![],
        )
        .await;
    }

    /// A command of Chromium's DevTools protocol, to the tab that is looked at.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.special(
            "goog/cdp/execute",
            json!({ "cmd": command, "params": parameters }),
        )
        .await
    }

    /// A command that one browser's server has beyond the standard.
    async fn special(&self, path: &'static str, body: Value) -> Value {
        let done = self.client.issue_cmd(Special { path, body }).await;
        done.unwrap_or_else(|error| panic!("{path} failed: {error}"))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Network {
    On,
    Off,
}

#[derive(Debug)]
struct Special {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Special {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!(
            "session/{}/{}",
            session.unwrap_or_default(),
            self.path
        ))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}
