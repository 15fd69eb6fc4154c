use crate::auth::use_auth;
use crate::locales::{Labels, fill, use_labels};
use leptos::ev;
use leptos::html::{button, details, div, p, summary};
use leptos::prelude::*;
use pkce_core::Error;

/// Shows the error of a sign-in or of the session, while there is one, with the next step.
#[component]
pub fn AuthErrorNotice() -> impl IntoView {
    let auth = use_auth();
    let notice = Memo::new(move |_| auth.and_then(|auth| auth.notice()));
    let on_retry = Callback::new(move |()| {
        if let Some(auth) = auth {
            auth.try_again();
        }
    });
    move || {
        notice.get().map(|error| {
            ErrorNotice(ErrorNoticeProps {
                error,
                on_retry: Some(on_retry),
            })
            .into_any()
        })
    }
}

/// Shows one error: what happened, what to do, and the details.
#[component]
pub fn ErrorNotice(
    /// The error.
    error: Error,
    /// What the button does; without it there is none but a reload for configuration errors.
    #[prop(optional_no_strip)]
    on_retry: Option<Callback<()>>,
) -> impl IntoView {
    let labels = use_labels();
    let code = error.code();
    let text = move || (labels.get().error)(code);
    let has_more = !error.what_was_expected().is_empty()
        || !error.what_came().is_empty()
        || error.provider_description().is_some();
    // What somebody has to change stands open; for everybody else it is a click away.
    let more = has_more.then(|| {
        let lines = lines(error.clone(), labels);
        details()
            .class("pkce-error-details")
            .attr("open", error.is_configuration())
            .child((summary().child(move || labels.get().error_details), lines))
    });
    let retry = Callback::new(move |()| match on_retry {
        Some(on_retry) => on_retry.run(()),
        None => {
            if let Some(window) = web_sys::window() {
                let _ = window.location().reload();
            }
        }
    });
    div()
        .class("pkce-error")
        .attr("role", "alert")
        .attr("data-testid", "auth-error")
        .attr("data-error", code.as_str())
        .child((
            p().class("pkce-error-title").child(move || text().0),
            p().class("pkce-error-advice").child(move || text().1),
            more,
            button()
                .attr("type", "button")
                .class("pkce-error-retry")
                .attr("data-testid", "auth-retry")
                .on(ev::click, move |_| retry.run(()))
                .child(move || labels.get().try_again),
        ))
}

/// Expected, came, and the provider's own words, as text.
fn lines(error: Error, labels: Signal<&'static Labels>) -> impl IntoView {
    let line = move |template: fn(&Labels) -> &'static str, value: &str| {
        (!value.is_empty()).then(|| {
            let value = value.to_owned();
            p().child(move || fill(template(labels.get()), &value))
        })
    };
    (
        line(|labels| labels.expected, error.what_was_expected()),
        line(|labels| labels.came, error.what_came()),
        line(
            |labels| labels.provider_says,
            error.provider_description().unwrap_or_default(),
        ),
    )
}
