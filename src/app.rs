//! The frame around every page, and which page is in it.

use crate::locales::own_name;
use crate::page::{focus_later, heading, use_title};
use crate::router::{News, Route, Router, link, use_router};
use crate::site::{Site, use_site};
use crate::text::use_texts;
use crate::ui::{El, Parts, a, button, div, footer, header, main, nav, p, span, view};
use crate::{home, notes, preferences, welcome};
use leptos::ev;
use leptos::prelude::*;
use leptos_pkce::{
    AuthErrorNotice, AuthProvider, ErrorNotice, Language, Session, SessionCountdown,
    SessionLoading, SignOutButton, page_config, use_language, use_session,
};

/// The whole app.
pub(crate) fn app() -> AnyView {
    let chosen = RwSignal::new(preferences::language());
    let language: Signal<Language> = chosen.into();
    // For what is outside of the `AuthProvider`, when there is none.
    provide_context(language);
    provide_context(chosen);
    Effect::new(move |_| {
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("lang", language.get().tag());
        }
    });
    match page_config() {
        Ok(page) => {
            let site = Site::of(&page);
            Router::start(&site);
            provide_context(site);
            let config = Ok(page.into_config());
            view! { <AuthProvider config=config language=language>{whole_page()}</AuthProvider> }
                .into_any()
        }
        Err(error) => {
            let texts = use_texts();
            use_title(move || texts.get().broken_title.to_owned());
            let notice = view! { <ErrorNotice error=error/> };
            frame(
                (),
                (),
                (heading(texts.show(|t| t.broken_title)), notice.into_any()),
            )
        }
    }
}

/// The page of an app that has its configuration.
fn whole_page() -> AnyView {
    let news = use_context::<News>();
    let texts = use_texts();
    let news_line = p()
        .class("news")
        .attr("role", "status")
        .child(move || news.and_then(News::get).map(|text| text(texts.get())));
    let notice = view! { <AuthErrorNotice/> }.into_any();
    let countdown = view! { <SessionCountdown/> }.into_any();
    let content = (countdown, notice, news_line, content());
    frame(navigation(), account(), content)
}

/// Header, content and footer.
fn frame(navigation: impl Parts, account: impl Parts, content: impl Parts) -> AnyView {
    let texts = use_texts();
    let skip = a()
        .class("skip-link")
        .attr("href", "#main")
        .on(ev::click, |event| {
            // Without a fragment in the address, which a sign-in would come back to.
            event.prevent_default();
            focus_later("main");
        })
        .child(texts.show(|t| t.skip_to_content));
    let brand = p().class("brand").child(match use_router() {
        Some(_) => link(Route::Home, texts.show(|t| t.name)),
        None => span().child(texts.show(|t| t.name)),
    });
    let bar = div()
        .class("bar")
        .child((brand, navigation, language_switch(), account));
    div()
        .class("frame")
        .child((
            skip,
            header().class("header").child(bar),
            main()
                .attr("id", "main")
                .attr("tabindex", "-1")
                .class("content")
                .child(content),
            footer()
                .class("footer")
                .child(p().child(texts.show(|t| t.footer))),
        ))
        .into_any()
}

fn navigation() -> Option<El> {
    let texts = use_texts();
    let router = use_router()?;
    let current = move |is_it: fn(&Route) -> bool| move || is_it(&router.route()).then_some("page");
    let home = link(Route::Home, texts.show(|t| t.nav_home))
        .attr("data-testid", "nav-home")
        .attr("aria-current", current(|route| *route == Route::Home));
    let notes = use_site().notes_api.is_some().then(|| {
        link(Route::Notes, texts.show(|t| t.nav_notes))
            .attr("data-testid", "nav-notes")
            .attr(
                "aria-current",
                current(|route| matches!(route, Route::Notes | Route::Note(_))),
            )
    });
    let label = texts.show(|t| t.navigation);
    Some(
        nav()
            .class("nav")
            .attr("aria-label", label)
            .child((home, notes)),
    )
}

/// The user's name and the way out, while somebody is signed in.
fn account() -> impl Parts {
    let session = use_session();
    let name = Memo::new(move |_| {
        session
            .get()
            .signed_in()
            .map(|session| session.user().display_name().to_owned())
    });
    let is_signed_in = Memo::new(move |_| name.get().is_some());
    move || {
        is_signed_in.get().then(|| {
            let sign_out = view! { <SignOutButton/> }.into_any();
            div().class("account").child((
                span()
                    .class("user-name")
                    .attr("data-testid", "user-name")
                    .child(move || name.get()),
                sign_out,
            ))
        })
    }
}

/// One button for each language, in that language.
fn language_switch() -> El {
    let texts = use_texts();
    let language = use_language();
    let chosen = use_context::<RwSignal<Language>>();
    let buttons = Language::ALL.map(|one| {
        button()
            .attr("type", "button")
            .attr("lang", one.tag())
            .attr("data-testid", ["language-", one.tag()].concat())
            .attr("aria-pressed", move || {
                if language.get() == one {
                    "true"
                } else {
                    "false"
                }
            })
            .on(ev::click, move |_| {
                preferences::keep_language(one);
                if let Some(chosen) = chosen {
                    chosen.set(one);
                }
            })
            .child(own_name(one))
    });
    div()
        .class("languages")
        .attr("role", "group")
        .attr("aria-label", texts.show(|t| t.language))
        .child(buttons)
}

/// Who is there, as far as it decides which page is shown.
#[derive(Clone, PartialEq, Eq)]
enum Visitor {
    NotKnownYet,
    Nobody,
    /// The user by issuer and `sub`: somebody else gets pages of their own.
    User(String),
}

impl Visitor {
    fn of(session: Session) -> Self {
        match session {
            Session::Loading => Visitor::NotKnownYet,
            Session::SignedOut(_) | Session::SigningIn(_) | Session::Ended(_) => Visitor::Nobody,
            Session::SignedIn(session) => {
                let user = session.user();
                Visitor::User([user.issuer(), " ", user.sub()].concat())
            }
        }
    }
}

/// The page itself. It is drawn anew when the address or the user changes, not when a token does.
fn content() -> Option<impl Parts> {
    let session = use_session();
    let visitor = Memo::new(move |_| Visitor::of(session.get()));
    let router = use_router()?;
    Some(move || match (router.route(), visitor.get()) {
        (_, Visitor::NotKnownYet) => view! { <SessionLoading/> }.into_any(),
        (Route::Unknown, _) => unknown_page(),
        (route, Visitor::Nobody) => welcome::page(&route),
        (Route::Home, Visitor::User(_)) => home::page(),
        (Route::Notes, Visitor::User(_)) => notes::list::page(),
        (Route::Note(id), Visitor::User(_)) => notes::detail::page(id),
    })
}

fn unknown_page() -> AnyView {
    let texts = use_texts();
    use_title(move || texts.get().unknown_title.to_owned());
    view((
        heading(texts.show(|t| t.unknown_title)),
        p().class("lead").child(texts.show(|t| t.unknown_advice)),
        p().child(link(Route::Home, texts.show(|t| t.to_home)).class("button")),
    ))
}
