use crate::auth::{Session, use_auth, use_session};
use crate::locales::{fill, use_labels};
use leptos::ev;
use leptos::html::button;
use leptos::prelude::*;
use pkce_core::authorization::SignInOptions;

/// Begins a sign-in with one provider. Without children it says "Sign in with" and the provider's
/// name.
#[component]
pub fn SignInButton(
    /// The provider's `id`.
    #[prop(into)]
    provider: String,
    /// What the button says instead.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let auth = use_auth();
    let session = use_session();
    let labels = use_labels();
    let name = auth
        .and_then(|auth| auth.providers().into_iter().find(|(id, _)| *id == provider))
        .map_or_else(|| provider.clone(), |(_, name)| name);
    let is_leaving = Memo::new(move |_| matches!(session.get(), Session::SigningIn(_)));
    let id = provider.clone();
    let label = match children {
        Some(children) => children().into_any(),
        None => (move || {
            if is_leaving.get() {
                labels.get().signing_in.to_owned()
            } else {
                fill(labels.get().sign_in_with, &name)
            }
        })
        .into_any(),
    };
    button()
        .attr("type", "button")
        .class("pkce-sign-in")
        .attr("data-testid", "sign-in")
        .attr("data-provider", provider)
        // Not `disabled`, which would take the focus away from the one who pressed it.
        .attr("aria-disabled", move || is_leaving.get().then_some("true"))
        .on(ev::click, move |_| {
            if let Some(auth) = auth {
                auth.sign_in(&id, SignInOptions::default());
            }
        })
        .child(label)
}

/// Signs out.
#[component]
pub fn SignOutButton(
    /// What the button says instead of "Sign out".
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let session = use_session();
    let labels = use_labels();
    let label = match children {
        Some(children) => children().into_any(),
        None => (move || labels.get().sign_out).into_any(),
    };
    button()
        .attr("type", "button")
        .class("pkce-sign-out")
        .attr("data-testid", "sign-out")
        .on(ev::click, move |_| {
            if let Some(session) = session.get_untracked().signed_in() {
                session.sign_out();
            }
        })
        .child(label)
}
