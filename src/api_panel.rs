//! The protected API's answer: fetched by itself, and again when asked.

use crate::failure::{self, Failure};
use crate::format;
use crate::site::use_site;
use crate::text::use_texts;
use crate::ui::{El, button, code, div, h2, p, pre, section, span, view};
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_pkce::{ApiRequest, use_language, use_session};

/// An answer as it came.
#[derive(Clone, Debug, PartialEq)]
struct Answer {
    status: u16,
    body: String,
    milliseconds: u64,
}

/// Calls the API as soon as it is drawn.
pub(crate) fn panel() -> El {
    let texts = use_texts();
    let language = use_language();
    let session = use_session();
    let url = use_site().resource_api;
    let shown_url = url.clone();

    let outcome = RwSignal::new(None::<Result<Answer, Failure>>);
    let newest = RwSignal::new(0_u32);
    let is_calling = RwSignal::new(false);
    let call = Callback::new(move |()| {
        let this = newest.get_untracked().wrapping_add(1);
        newest.set(this);
        is_calling.set(true);
        let (session, url) = (session.get_untracked(), url.clone());
        spawn_local(async move {
            let came = fetch(session, &url).await;
            // Of several calls at once the last one counts; it may all be over by now.
            if newest.try_get_untracked() == Some(this) {
                outcome.set(Some(came));
                is_calling.set(false);
            }
        });
    });
    call.run(());

    let result = move || match outcome.get() {
        None => p()
            .class("quiet")
            .child(texts.show(|t| t.api_calling))
            .into_any(),
        Some(Ok(answer)) => {
            let (status, time) = (answer.status.to_string(), answer.milliseconds);
            let meta = p().class("meta").child((
                span()
                    .class("status-good")
                    .child(move || texts.fill(|t| t.status, &status)),
                span().child(move || format::milliseconds(time, language.get())),
            ));
            let body = pre()
                .class("api-result")
                .attr("data-testid", "api-result")
                .child(answer.body);
            view((meta, body))
        }
        Some(Err(failure)) => failure::notice(failure, |_, _| None, call).into_any(),
    };
    let lead = move || {
        // The address stands in the middle of the sentence, in a type of its own.
        let (before, after) = texts.get().api_lead.split_once("{}").unwrap_or_default();
        (before, code().child(shown_url.clone()), after)
    };
    let again = button()
        .attr("type", "button")
        .attr("data-testid", "call-api")
        .on(ev::click, move |_| call.run(()))
        .child(texts.show(|t| t.api_call));
    section()
        .class("card")
        .attr("aria-labelledby", "api-title")
        .child((
            div().class("card-head").child((
                h2().attr("id", "api-title")
                    .child(texts.show(|t| t.api_title)),
                again,
            )),
            p().class("quiet").child(lead),
            div()
                .class("api-outcome")
                .attr(
                    "aria-busy",
                    move || if is_calling.get() { "true" } else { "false" },
                )
                .child(result),
        ))
}

async fn fetch(session: leptos_pkce::Session, url: &str) -> Result<Answer, Failure> {
    let start = js_sys::Date::now();
    let response = failure::call(session, ApiRequest::get(url)).await?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let milliseconds = (js_sys::Date::now() - start).max(0.0) as u64;
    failure::json(&response)?;
    Ok(Answer {
        status: response.status(),
        body: response.text(),
        milliseconds,
    })
}
