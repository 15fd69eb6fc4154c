//! The home page of somebody who is signed in.

use crate::page::{heading, use_title};
use crate::text::use_texts;
use crate::{api_panel, session_panel};
use leptos::html::{dd, div, dl, dt, h2, p, section};
use leptos::prelude::*;
use leptos_pkce::{SignedInSession, use_session};

pub(crate) fn page() -> AnyView {
    let texts = use_texts();
    let session = use_session();
    use_title(String::new);
    let name = Memo::new(move |_| {
        session.get().signed_in().map(|session| session.user().display_name().to_owned())
    });
    let hello = move || texts.fill(|t| t.hello, &name.get().unwrap_or_default());
    (
        heading(hello),
        p().class("lead").child(texts.show(|t| t.hello_lead)),
        div().class("panels").child((
            div().class("panel-column").child((profile(), api_panel::panel())),
            session_panel::panel(),
        )),
    )
        .into_any()
}

/// Who is signed in, by the claims of the verified ID token and of UserInfo.
fn profile() -> AnyView {
    let texts = use_texts();
    let session = use_session();
    let fact = move |term: fn(&crate::locales::Messages) -> &'static str,
                     read: fn(&SignedInSession) -> Option<String>| {
        let value = Memo::new(move |_| session.get().signed_in().as_ref().and_then(read));
        move || {
            value.get().map(|value| {
                div().child((dt().child(texts.show(term)), dd().child(value)))
            })
        }
    };
    section()
        .class("card")
        .attr("aria-labelledby", "profile-title")
        .child((
            h2().attr("id", "profile-title").child(texts.show(|t| t.profile_title)),
            dl().class("facts").child((
                fact(|t| t.profile_name, |session| text_claim(session, "name")),
                fact(|t| t.profile_email, |session| text_claim(session, "email")),
                fact(|t| t.profile_sub, |session| Some(session.user().sub().to_owned())),
                fact(|t| t.profile_issuer, |session| Some(session.user().issuer().to_owned())),
            )),
        ))
        .into_any()
}

fn text_claim(session: &SignedInSession, name: &str) -> Option<String> {
    session.user().claim(name).and_then(|claim| claim.as_str()).map(str::to_owned)
}
