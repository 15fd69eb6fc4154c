//! A call of an API that did not work, and how that is told.

use crate::locales::Messages;
use crate::text::use_texts;
use crate::ui::{El, button, details, div, p, summary};
use leptos::ev;
use leptos::prelude::*;
use leptos_pkce::{
    ApiRequest, ApiResponse, Error, ErrorCode, Json, Phase, Session, SignInOptions, use_auth,
    use_labels, use_session,
};

/// Why a call brought nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    error: Error,
    /// The status of an answer that was none of success.
    status: Option<u16>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            error,
            status: None,
        }
    }
}

/// Calls an API in the user's name; only an answer of success is one.
pub(crate) async fn call(session: Session, request: ApiRequest) -> Result<ApiResponse, Failure> {
    let session = session
        .signed_in()
        .ok_or_else(|| Error::new(ErrorCode::NotSignedIn, Phase::Api))?;
    let response = session.fetch(request).await?;
    let status = response.status();
    response.success().map_err(|error| Failure {
        error,
        status: Some(status),
    })
}

/// The JSON of an answer.
pub(crate) fn json(response: &ApiResponse) -> Result<Json, Failure> {
    Json::parse_bytes(response.bytes()).ok_or_else(|| {
        Error::new(ErrorCode::InvalidJson, Phase::Api)
            .expected("a body of JSON")
            .came("something else")
            .into()
    })
}

/// Says more about a status than that it is no success: what happened, and what to do.
pub(crate) type Explain = fn(u16, &Messages) -> Option<(&'static str, &'static str)>;

/// Tells a failure, with the way on.
pub(crate) fn notice(failure: Failure, explain: Explain, on_retry: Callback<()>) -> El {
    let texts = use_texts();
    let labels = use_labels();
    let Failure { error, status } = failure;
    let code = error.code();
    let text = move || {
        let special = status.and_then(|status| explain(status, texts.get()));
        special.unwrap_or_else(|| (labels.get().error)(code))
    };
    let status_line = status.map(|status| {
        let status = status.to_string();
        p().child(move || texts.fill(|t| t.status, &status))
    });
    let lines = [error.what_was_expected(), error.what_came()];
    let more = (status.is_none() && lines.iter().any(|line| !line.is_empty())).then(|| {
        let [expected, came] = lines.map(str::to_owned);
        details().class("pkce-error-details").child((
            summary().child(texts.show(|t| t.error_details)),
            p().child(move || labels.get().expected.replace("{}", &expected)),
            p().child(move || labels.get().came.replace("{}", &came)),
        ))
    });
    let way_on = if error.needs_sign_in() {
        sign_in_again()
    } else {
        try_again(on_retry)
    };
    div()
        .class("pkce-error")
        .attr("role", "alert")
        .attr("data-testid", "api-error")
        .attr("data-error", code.as_str())
        .child((
            p().class("pkce-error-title").child(move || text().0),
            p().class("pkce-error-advice").child(move || text().1),
            status_line,
            more,
            way_on,
        ))
}

fn try_again(on_retry: Callback<()>) -> El {
    let texts = use_texts();
    button()
        .attr("type", "button")
        .attr("data-testid", "api-retry")
        .on(ev::click, move |_| on_retry.run(()))
        .child(texts.show(|t| t.try_again))
}

/// With the provider that the user came from.
fn sign_in_again() -> El {
    let texts = use_texts();
    let (auth, session) = (use_auth(), use_session());
    button()
        .attr("type", "button")
        .attr("data-testid", "api-sign-in")
        .on(ev::click, move |_| {
            let provider = session
                .get_untracked()
                .signed_in()
                .map(|s| s.details().provider);
            if let (Some(auth), Some(provider)) = (auth, provider) {
                auth.sign_in(&provider, SignInOptions::default());
            }
        })
        .child(texts.show(|t| t.sign_in_again))
}
