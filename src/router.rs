//! Which page an address shows, and how one gets to another without loading anything.

use crate::locales::Pick;
use crate::page::focus_later;
use crate::site::Site;
use crate::ui::{El, Parts, a};
use leptos::ev;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsValue;

/// A page of the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// What this is, or who is signed in.
    Home,
    /// All notes of the user.
    Notes,
    /// The note with this id, percent-encoded as in the address.
    Note(String),
    /// No page has this address.
    Unknown,
}

impl Route {
    /// The page of a `location.pathname`; `homes` are further addresses of the home page.
    fn parse(path: &str, homes: &[String]) -> Self {
        if path == "/" || homes.iter().any(|home| home == path) {
            return Route::Home;
        }
        let mut segments = path
            .split('/')
            .skip(1)
            .filter(|segment| !segment.is_empty());
        match (segments.next(), segments.next(), segments.next()) {
            (Some("notes"), None, _) => Route::Notes,
            (Some("notes"), Some(id), None) => Route::Note(id.to_owned()),
            _ => Route::Unknown,
        }
    }

    /// Where the page is.
    pub(crate) fn path(&self) -> String {
        match self {
            Route::Notes => "/notes".to_owned(),
            Route::Note(id) => ["/notes/", id].concat(),
            Route::Home | Route::Unknown => "/".to_owned(),
        }
    }
}

/// The page that is shown.
#[derive(Clone, Copy)]
pub(crate) struct Router {
    route: RwSignal<Route>,
    news: News,
}

impl Router {
    /// Follows the address bar from now on, and provides the router to what is inside.
    pub(crate) fn start(site: &Site) -> Self {
        let homes = site.homes.clone();
        let here = move || Route::parse(&location().pathname().unwrap_or_default(), &homes);
        let news = News(RwSignal::new(None));
        let router = Self {
            route: RwSignal::new(here()),
            news,
        };
        // Also sent by the library when a sign-in leads back to where it began.
        let listener =
            window_event_listener(ev::popstate, move |_| router.show(here(), Arrival::Back));
        on_cleanup(move || listener.remove());
        provide_context(router);
        provide_context(news);
        router
    }

    /// The page, reactively.
    pub(crate) fn route(self) -> Route {
        self.route.get()
    }

    /// Goes to a page.
    pub(crate) fn go(self, to: Route) {
        let pushed = window()
            .history()
            .and_then(|history| history.push_state_with_url(&JsValue::NULL, "", Some(&to.path())));
        if pushed.is_ok() {
            self.show(to, Arrival::Forward);
        }
    }

    fn show(self, route: Route, arrival: Arrival) {
        if self.route.get_untracked() == route {
            return;
        }
        self.news.forget();
        self.route.set(route);
        if arrival == Arrival::Forward {
            window().scroll_to_with_x_and_y(0.0, 0.0);
        }
        focus_later("main h1");
    }
}

/// What was just done, told on the page where one is then; gone with the next
/// navigation.
#[derive(Clone, Copy)]
pub(crate) struct News(RwSignal<Option<Pick>>);

impl News {
    /// What is told, reactively.
    pub(crate) fn get(self) -> Option<Pick> {
        self.0.try_get().flatten()
    }

    pub(crate) fn tell(self, text: Pick) {
        let _ = self.0.try_set(Some(text));
    }

    pub(crate) fn forget(self) {
        if self.0.try_get_untracked().flatten().is_some() {
            let _ = self.0.try_set(None);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrival {
    Forward,
    /// The browser restores the scroll position by itself.
    Back,
}

/// The router of the app.
pub(crate) fn use_router() -> Option<Router> {
    use_context()
}

/// A link to a page of the app. Opening it in another tab works as with any link.
pub(crate) fn link(to: Route, content: impl Parts) -> El {
    let router = use_router();
    a().attr("href", to.path())
        .on(ev::click, move |event| {
            let is_plain = event.button() == 0
                && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
            if let (true, Some(router)) = (is_plain, router) {
                event.prevent_default();
                router.go(to.clone());
            }
        })
        .child(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page_of(path: &str) -> Route {
        Route::parse(path, &["/callback".to_owned()])
    }

    #[test]
    fn every_page_is_found_at_its_own_path() {
        for route in [Route::Home, Route::Notes, Route::Note("3".to_owned())] {
            assert_eq!(page_of(&route.path()), route);
        }
    }

    #[test]
    fn the_callback_shows_the_home_page() {
        assert_eq!(page_of("/callback"), Route::Home);
        assert_eq!(page_of("/callback/more"), Route::Unknown);
    }

    #[test]
    fn a_slash_at_the_end_changes_nothing() {
        assert_eq!(page_of("/notes/"), Route::Notes);
        assert_eq!(page_of("/notes/a%2Fb/"), Route::Note("a%2Fb".to_owned()));
    }

    #[test]
    fn other_addresses_are_unknown() {
        for path in ["/note", "/notes/3/4", "/notesx", "/Notes", "/index.php"] {
            assert_eq!(page_of(path), Route::Unknown, "{path}");
        }
    }
}
