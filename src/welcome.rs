//! What somebody sees who is not signed in.

use crate::locales::Pick;
use crate::page::{heading, use_title};
use crate::router::Route;
use crate::text::use_texts;
use crate::ui::{El, div, h2, li, ol, p, section, strong, view};
use leptos::prelude::*;
use leptos_pkce::{SignInButton, use_auth};

/// The page, which says what stands behind the sign-in at this address.
pub(crate) fn page(route: &Route) -> AnyView {
    let texts = use_texts();
    let (title, lead): (Pick, Pick) = match route {
        Route::Notes => (|t| t.notes_need_sign_in, |t| t.back_here_advice),
        Route::Note(_) => (|t| t.note_needs_sign_in, |t| t.back_here_advice),
        Route::Home | Route::Unknown => (|t| t.welcome_title, |t| t.welcome_lead),
    };
    let is_home = *route == Route::Home;
    use_title(move || {
        if is_home {
            String::new()
        } else {
            title(texts.get()).to_owned()
        }
    });
    view((
        heading(texts.show(title)),
        p().class("lead").child(texts.show(lead)),
        sign_in_buttons(),
        steps(),
    ))
}

/// One button for each provider, in the order of the configuration.
fn sign_in_buttons() -> El {
    let providers = use_auth().map(|auth| auth.providers()).unwrap_or_default();
    let button = |(id, _)| view! { <SignInButton provider=id/> }.into_any();
    div()
        .class("sign-in-choice")
        .child(providers.into_iter().map(button).collect::<Vec<_>>())
}

fn steps() -> El {
    let texts = use_texts();
    let step = move |index: usize| {
        let step = move || texts.get().steps.get(index).copied().unwrap_or_default();
        li().child((
            strong().child(move || step().0),
            p().child(move || step().1),
        ))
    };
    section()
        .class("card")
        .attr("aria-labelledby", "steps-title")
        .child((
            h2().attr("id", "steps-title")
                .child(texts.show(|t| t.steps_title)),
            ol().class("steps")
                .child((step(0), step(1), step(2), step(3))),
        ))
}
