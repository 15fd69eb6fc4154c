//! The home page of somebody who is signed in.

use crate::locales::Pick;
use crate::page::{heading, use_title};
use crate::text::use_texts;
use crate::ui::{El, dd, div, dl, dt, h2, p, section, view};
use crate::{api_panel, session_panel};
use leptos::prelude::*;
use leptos_pkce::{User, use_session};

pub(crate) fn page() -> AnyView {
    let texts = use_texts();
    let session = use_session();
    use_title(String::new);
    let hello = move || {
        let session = session.get().signed_in();
        let name = session
            .as_ref()
            .map(|session| session.user().display_name());
        texts.fill(|t| t.hello, name.unwrap_or_default())
    };
    view((
        heading(hello),
        p().class("lead").child(texts.show(|t| t.hello_lead)),
        div().class("panels").child((
            div()
                .class("panel-column")
                .child((profile(), api_panel::panel())),
            session_panel::panel(),
        )),
    ))
}

/// Who is signed in, by the claims of the verified ID token and of UserInfo.
fn profile() -> El {
    let texts = use_texts();
    let session = use_session();
    let user: Memo<Option<User>> = Memo::new(move |_| {
        session
            .get()
            .signed_in()
            .map(|session| session.user().clone())
    });
    let facts = move || {
        user.get().map(|user| {
            let fact = |term: Pick, value: &str| {
                div().child((dt().child(texts.show(term)), dd().child(value.to_owned())))
            };
            let claim = |name| user.claim(name).and_then(|claim| claim.as_str());
            dl().class("facts").child((
                claim("name").map(|name| fact(|t| t.profile_name, name)),
                claim("email").map(|email| fact(|t| t.profile_email, email)),
                fact(|t| t.profile_sub, user.sub()),
                fact(|t| t.profile_issuer, user.issuer()),
            ))
        })
    };
    section()
        .class("card")
        .attr("aria-labelledby", "profile-title")
        .child((
            h2().attr("id", "profile-title")
                .child(texts.show(|t| t.profile_title)),
            facts,
        ))
}
