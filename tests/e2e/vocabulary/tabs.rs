//! Several tabs in one browser.

use std::time::Instant;

use fantoccini::wd::WindowHandle;
use serde_json::Value;

use super::looking::GLANCE;
use super::{PATIENCE, Visitor};

/// A tab of the visitor's browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tab(WindowHandle);

impl Visitor {
    /// The tab that is looked at.
    pub(crate) async fn this_tab(&self) -> Tab {
        Tab(self.client.window().await.expect("a tab is looked at"))
    }

    /// All tabs, in no order.
    pub(crate) async fn tabs(&self) -> Vec<Tab> {
        let windows = self.client.windows().await.expect("there are tabs");
        windows.into_iter().map(Tab).collect()
    }

    /// From now on everything happens in that tab.
    pub(crate) async fn look_at(&self, tab: &Tab) {
        self.client
            .switch_to_window(tab.0.clone())
            .await
            .expect("the tab is there");
    }

    /// Opens this page once more by `window.open`, which copies the session storage, and looks at
    /// the new tab.
    pub(crate) async fn duplicate_tab(&self) -> Tab {
        let before = self.tabs().await;
        self.run("window.open(location.href);", vec![]).await;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let now = self.tabs().await;
            if let Some(new) = now.into_iter().find(|tab| !before.contains(tab)) {
                self.look_at(&new).await;
                return new;
            }
            assert!(Instant::now() < deadline, "no second tab came");
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Copies this page and its session storage to a tab that has nothing to do with this one, and
    /// looks at it: the way in which browsers duplicate and restore tabs.
    pub(crate) async fn copy_tab(&self) -> Tab {
        let page = self.address().await;
        let stored = self.storage().await.session;
        let copy = self.open_tab().await;
        self.leave_the_app().await;
        self.run(
            "for (const [name, value] of Object.entries(JSON.parse(arguments[0])))
                 sessionStorage.setItem(name, value);",
            vec![Value::from(stored)],
        )
        .await;
        self.goto(&page).await;
        copy
    }

    /// Opens a tab of its own, as the browser's user does, and looks at it.
    pub(crate) async fn open_tab(&self) -> Tab {
        let new = self.client.new_window(true).await;
        let tab = Tab(new.expect("a tab can be opened").handle);
        self.look_at(&tab).await;
        tab
    }

    /// Closes the tab that is looked at, and looks at another.
    pub(crate) async fn close_this_tab_and_look_at(&self, other: &Tab) {
        self.client
            .close_window()
            .await
            .expect("the tab can be closed");
        self.look_at(other).await;
    }

    /// How often the session's tokens were renewed, as the page has it.
    pub(crate) async fn renewals(&self) -> u64 {
        self.see("renewals").await.parse().expect("a number")
    }

    /// The page knows of so many renewals.
    pub(crate) async fn see_renewals(&self, count: u64) {
        self.until(
            &format!("{count} renewals"),
            "return shown('renewals')?.innerText === arguments[0] || null;",
            vec![Value::from(count.to_string())],
        )
        .await;
    }

    /// The page says that a renewal stands so: `idle`, `running`, `offline`, `retrying` or `stopped`.
    pub(crate) async fn see_renewal_that_is(&self, state: &str) {
        self.see_renewal_that_is_one_of(&[state]).await;
    }

    /// The page says that a renewal stands in one of these ways.
    pub(crate) async fn see_renewal_that_is_one_of(&self, states: &[&str]) {
        self.until(
            &format!("a renewal that is one of {states:?}"),
            "return arguments[0].includes(shown('renewal')?.dataset.renewal) || null;",
            vec![Value::from(states)],
        )
        .await;
    }

    /// Lets no further renewal come to its end, and waits until each of these tabs has all those
    /// that did. Gives how many there were.
    pub(crate) async fn halt_renewals_and_see_them_in(&self, tabs: &[Tab]) -> u64 {
        let provider = &self.world().provider;
        provider
            .faults()
            .set(|faults| faults.hold_token_requests = true);
        // A request that passed the gate just before is answered yet, so the count may still grow.
        let count = || provider.counters().token_results("refresh_token", "ok");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let expected = count();
            let mut seen = Vec::new();
            for tab in tabs {
                self.look_at(tab).await;
                seen.push(self.renewals().await);
            }
            if seen.iter().all(|seen| *seen == expected) && count() == expected {
                return expected;
            }
            assert!(
                Instant::now() < deadline,
                "the provider renewed {expected} times, the tabs know of {seen:?}"
            );
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Lets renewals through again.
    pub(crate) fn let_renewals_through(&self) {
        self.world()
            .provider
            .faults()
            .set(|faults| faults.hold_token_requests = false);
    }
}
