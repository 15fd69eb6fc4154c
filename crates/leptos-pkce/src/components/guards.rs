use crate::auth::{Session, SignedInSession, use_auth, use_session};
use crate::components::require::signed_in_user;
use crate::locales::use_labels;
use leptos::html::p;
use leptos::prelude::*;

/// Shows its children while somebody is signed in, and gives them the session:
/// `<SignedIn let:session>`. They are rendered anew when somebody else is signed in, not when a token
/// is renewed.
#[component]
pub fn SignedIn<F, V>(
    /// What a signed-in user sees.
    children: F,
) -> impl IntoView
where
    F: Fn(SignedInSession) -> V + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let session = use_session();
    let user = signed_in_user();
    move || {
        user.get()?;
        session.get_untracked().signed_in().map(&children)
    }
}

/// Shows its children while nobody is signed in, also after a session ended.
#[component]
pub fn SignedOut(
    /// What a signed-out user sees.
    children: ChildrenFn,
) -> impl IntoView {
    let session = use_session();
    let is_signed_out = Memo::new(move |_| {
        matches!(
            session.get(),
            Session::SignedOut(_) | Session::SigningIn(_) | Session::Ended(_)
        )
    });
    move || is_signed_out.get().then(|| children())
}

/// Says that it is not known yet who is signed in.
#[component]
pub fn SessionLoading() -> impl IntoView {
    let session = use_session();
    let labels = use_labels();
    // Signed out without an AuthProvider, rather than loading for ever.
    let is_loading =
        Memo::new(move |_| use_auth().is_some() && matches!(session.get(), Session::Loading));
    move || {
        is_loading.get().then(|| {
            p().class("pkce-loading")
                .attr("role", "status")
                .child(move || labels.get().loading)
        })
    }
}
