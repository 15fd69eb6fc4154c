use crate::auth::{Auth, Session, SignedInSession, use_auth, use_session};
use crate::components::buttons::{SignInButton, SignInButtonProps};
use crate::locales::use_labels;
use leptos::html::{div, p};
use leptos::prelude::*;
use pkce_core::authorization::SignInOptions;
use pkce_core::session::User;

/// Shows its children to a signed-in user, and sends everybody else to sign in and back to this very
/// place: `<RequireSignIn let:session>`.
///
/// It leaves by itself once for each load of the page, and only while nothing went wrong: after a
/// sign-out, an error, or the end of a session it offers to sign in and waits.
#[component]
pub fn RequireSignIn<F, V>(
    /// The `id` of the provider to sign in with; without it the only one, or a choice of all.
    #[prop(optional, into)]
    provider: Option<String>,
    /// What is shown until somebody is signed in, instead of the built-in text and buttons.
    #[prop(optional, into)]
    fallback: Option<ViewFn>,
    /// What a signed-in user sees.
    children: F,
) -> impl IntoView
where
    F: Fn(SignedInSession) -> V + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let auth = use_auth();
    let session = use_session();
    let labels = use_labels();
    let providers = offered(auth, provider);
    let only = match providers.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    };
    let is_fresh = RwSignal::new(only.is_some());
    let guard = Memo::new(move |_| {
        let has_notice = auth.is_some_and(|auth| auth.notice().is_some());
        Guard::of(&session.get(), has_notice, is_fresh.get())
    });
    Effect::new(move |_| match guard.get() {
        Guard::Wait => {}
        Guard::Leave => {
            if let (Some(auth), Some(only)) = (auth, &only) {
                auth.sign_in(only, SignInOptions::default());
            }
            is_fresh.set(false);
        }
        Guard::Open | Guard::Offer => is_fresh.set(false),
    });
    let user = signed_in_user();
    move || {
        if user.get().is_some() {
            let session = session.get_untracked().signed_in();
            return session.map(&children).into_any();
        }
        if let Some(fallback) = &fallback {
            return fallback.run();
        }
        if guard.get() != Guard::Offer {
            return p()
                .class("pkce-loading")
                .attr("role", "status")
                .child(move || labels.get().loading)
                .into_any();
        }
        let buttons: Vec<_> = providers
            .iter()
            .map(|provider| {
                SignInButton(SignInButtonProps {
                    provider: provider.clone(),
                    children: None,
                })
                .into_any()
            })
            .collect();
        div()
            .class("pkce-sign-in-needed")
            .child((p().child(move || labels.get().sign_in_needed), buttons))
            .into_any()
    }
}

/// What stands at the guarded place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guard {
    /// It will be known soon.
    Wait,
    /// The page goes to sign in by itself.
    Leave,
    /// Signing in is the user's to begin.
    Offer,
    /// What is guarded.
    Open,
}

impl Guard {
    /// A page is fresh until it left once, or until anybody was signed in.
    fn of(session: &Session, has_notice: bool, is_fresh: bool) -> Self {
        match session {
            Session::Loading | Session::SigningIn(_) => Guard::Wait,
            Session::SignedIn(_) => Guard::Open,
            Session::SignedOut(_) if is_fresh && !has_notice => Guard::Leave,
            Session::SignedOut(_) | Session::Ended(_) => Guard::Offer,
        }
    }
}

/// Shows its children to a signed-in user for whom `check` holds, and `fallback` to other signed-in
/// users; to nobody else anything. Inside of [`RequireSignIn`] it guards a whole page:
///
/// ```
/// use leptos::prelude::*;
/// use leptos_pkce::*;
///
/// # #[component]
/// # fn Page() -> impl IntoView {
/// view! {
///     <RequireSignIn let:_session>
///         <RequireClaims check=|session| session.has_scope("admin") let:session>
///             {session.user().display_name().to_owned()}
///         </RequireClaims>
///     </RequireSignIn>
/// }
/// # }
/// ```
///
/// It hides; it does not protect. What the user may really do is the API's to decide.
#[component]
pub fn RequireClaims<C, F, V>(
    /// Whether this user may see it; asked again whenever the session changes.
    check: C,
    /// What other signed-in users see, instead of the built-in text.
    #[prop(optional, into)]
    fallback: Option<ViewFn>,
    /// What is guarded.
    children: F,
) -> impl IntoView
where
    C: Fn(&SignedInSession) -> bool + Send + Sync + 'static,
    F: Fn(SignedInSession) -> V + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let session = use_session();
    let labels = use_labels();
    let user = signed_in_user();
    let may_see = Memo::new(move |_| {
        session
            .get()
            .signed_in()
            .is_some_and(|session| check(&session))
    });
    move || {
        user.get()?;
        if may_see.get() {
            let session = session.get_untracked().signed_in();
            return Some(session.map(&children).into_any());
        }
        Some(match &fallback {
            Some(fallback) => fallback.run(),
            None => p()
                .class("pkce-not-allowed")
                .child(move || labels.get().not_allowed)
                .into_any(),
        })
    }
}

/// Who is signed in, without whatever changes when a token is renewed.
pub(super) fn signed_in_user() -> Memo<Option<User>> {
    let session = use_session();
    Memo::new(move |_| {
        session
            .get()
            .signed_in()
            .map(|session| session.user().clone())
    })
}

/// The providers to choose from.
fn offered(auth: Option<Auth>, wanted: Option<String>) -> Vec<String> {
    match (wanted, auth) {
        (Some(wanted), _) => vec![wanted],
        (None, Some(auth)) => auth.providers().into_iter().map(|(id, _)| id).collect(),
        (None, None) => Vec::new(),
    }
}
