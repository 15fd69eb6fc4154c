use crate::components::buttons::{SignOutButton, SignOutButtonProps};
use crate::components::require::signed_in_user;
use crate::locales::use_labels;
use leptos::ev;
use leptos::html::{Div, button, div, p, span};
use leptos::prelude::*;
use pkce_core::json::Json;
use pkce_core::session::User;
use wasm_bindgen::JsCast;

/// The signed-in user's name behind a button, and what can be done: the children, and signing out.
///
/// It opens with a click, Enter or Space, and closes with Escape, which gives the focus back to the
/// button, with a click elsewhere, and when the focus leaves it.
#[component]
pub fn UserMenu(
    /// More entries, above the sign-out button.
    #[prop(optional)]
    children: Option<ChildrenFn>,
) -> impl IntoView {
    let user = signed_in_user();
    let labels = use_labels();
    move || {
        user.get().map(|user| {
            let children = children.clone();
            let is_open = RwSignal::new(false);
            let menu = NodeRef::<Div>::new();
            close_from_outside(menu, is_open);
            let name = user.display_name().to_owned();
            let toggle = button()
                .attr("type", "button")
                .class("pkce-user-menu-button")
                .attr("data-testid", "user-menu")
                .attr("aria-label", {
                    let name = name.clone();
                    move || [labels.get().account, ": ", &name].concat()
                })
                .attr("aria-expanded", move || {
                    if is_open.get() { "true" } else { "false" }
                })
                .on(ev::click, move |_| is_open.update(|open| *open = !*open))
                .child((
                    span()
                        .class("pkce-user-initials")
                        .attr("aria-hidden", "true")
                        .child(initials(&name)),
                    span().class("pkce-user-name").child(name.clone()),
                ));
            let panel = move || {
                is_open.get().then(|| {
                    div()
                        .class("pkce-user-menu-panel")
                        .child((
                            who(&user),
                            children.as_ref().map(|children| children()),
                            SignOutButton(SignOutButtonProps { children: None }),
                        ))
                        .into_any()
                })
            };
            div()
                .class("pkce-user-menu")
                .node_ref(menu)
                .on(ev::keydown, move |event| {
                    if event.key() == "Escape" && is_open.get_untracked() {
                        is_open.set(false);
                        give_focus_back(menu);
                    }
                })
                .child((toggle, panel))
                .into_any()
        })
    }
}

/// Name and address, for who has several accounts.
fn who(user: &User) -> impl IntoView + use<> {
    let email = user
        .claim("email")
        .and_then(Json::as_str)
        .filter(|email| *email != user.display_name())
        .map(str::to_owned);
    let line = |class: &'static str, text: String| p().class(class).child(text);
    (
        line("pkce-user-menu-name", user.display_name().to_owned()),
        email.map(|email| line("pkce-user-menu-email", email)),
    )
}

fn give_focus_back(menu: NodeRef<Div>) {
    let toggle = menu
        .get_untracked()
        .and_then(|menu| menu.query_selector("button").ok().flatten());
    if let Some(toggle) = toggle.and_then(|toggle| toggle.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = toggle.focus();
    }
}

fn close_from_outside(menu: NodeRef<Div>, is_open: RwSignal<bool>) {
    let leave = move |target: Option<web_sys::EventTarget>| {
        let Some(menu) = menu.try_get_untracked().flatten() else {
            return;
        };
        let target = target.and_then(|target| target.dyn_into::<web_sys::Node>().ok());
        if is_open.try_get_untracked() == Some(true) && !menu.contains(target.as_ref()) {
            let _ = is_open.try_set(false);
        }
    };
    for handle in [
        window_event_listener(ev::pointerdown, move |event| leave(event.target())),
        window_event_listener(ev::focusin, move |event| leave(event.target())),
    ] {
        on_cleanup(move || handle.remove());
    }
}

/// The first letters of the first and the last word; of a name in Hangul or Han, the first one.
fn initials(name: &str) -> String {
    let mut words = name
        .split(|c: char| c.is_whitespace() || c == '@')
        .filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    let is_latin = first.is_some_and(|letter| letter.is_ascii() || letter.is_lowercase());
    let last = words
        .next_back()
        .filter(|_| is_latin && !name.contains('@'));
    first
        .into_iter()
        .chain(last)
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn initials_are_one_or_two_letters_of_the_name() {
        for (name, expected) in [
            ("Alice Example", "AE"),
            ("ada maria lovelace", "AL"),
            ("alice@example.org", "A"),
            ("홍길동", "홍"),
            ("남궁 민수", "남"),
            ("  'x' ", "X"),
            ("…", ""),
            ("", ""),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }
}
