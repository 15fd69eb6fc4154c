//! How the session is going: the time left of the access token, and its renewal.

use crate::format;
use crate::locales::Messages;
use crate::text::use_texts;
use leptos::ev;
use leptos::html::{button, dd, div, dl, dt, h2, li, p, progress, section, span, ul};
use leptos::prelude::*;
use leptos_pkce::{Renewal, SignedInSession, Timestamp, use_labels, use_language, use_session};
use std::time::Duration;

/// What the panel shows of a session.
#[derive(Clone, PartialEq)]
struct Details {
    signed_in_at: Timestamp,
    received_at: Timestamp,
    expires_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    token_type: &'static str,
    scope: String,
    can_refresh: bool,
    generation: u64,
    renewal: Renewal,
}

impl Details {
    fn of(session: &SignedInSession) -> Self {
        let details = session.details();
        Self {
            signed_in_at: details.signed_in_at,
            received_at: details.received_at,
            expires_at: details.expires_at,
            ends_at: details.ends_at,
            token_type: details.token_type.as_str(),
            scope: details.scope,
            can_refresh: details.can_refresh,
            generation: details.generation,
            renewal: details.renewal,
        }
    }
}

pub(crate) fn panel() -> AnyView {
    let texts = use_texts();
    let session = use_session();
    let details = Memo::new(move |_| session.get().signed_in().as_ref().map(Details::of));
    section()
        .class("card session")
        .attr("aria-labelledby", "session-title")
        .child((
            div().class("card-head").child((
                h2().attr("id", "session-title").child(texts.show(|t| t.session_title)),
                refresh_button(details),
            )),
            time_left(details),
            renewal(details),
            facts(details),
        ))
        .into_any()
}

type Source = Memo<Option<Details>>;

/// A part of the details that only changes by itself.
fn part<T: Clone + PartialEq + Send + Sync + 'static>(
    details: Source,
    read: fn(&Details) -> T,
) -> Memo<Option<T>> {
    Memo::new(move |_| details.with(|details| details.as_ref().map(read)))
}

/// The wall clock, by the second.
fn clock() -> ReadSignal<Timestamp> {
    let (now, set_now) = signal(format::now());
    let tick = move || {
        let _ = set_now.try_set(format::now());
    };
    if let Ok(handle) = set_interval_with_handle(tick, Duration::from_secs(1)) {
        on_cleanup(move || handle.clear());
    }
    now
}

fn time_left(details: Source) -> AnyView {
    let texts = use_texts();
    let now = clock();
    let times = part(details, |details| (details.received_at, details.expires_at));
    let seconds = Memo::new(move |_| {
        let (received, expires) = times.get()?;
        // A renewal comes between two ticks.
        Some(now.get().max(received).until(expires?).as_secs())
    });
    let lifetime = Memo::new(move |_| {
        let (received, expires) = times.get()?;
        Some(received.until(expires?).as_secs().max(1))
    });
    let figure = move || seconds.get().map_or_else(|| "–".to_owned(), format::countdown);
    let is_known = Memo::new(move |_| seconds.get().is_some());
    div()
        .class("time-left")
        .child((
            p().child((
                span().class("time-left-label").child(texts.show(|t| t.time_left)),
                // A timer is not read out by itself.
                span()
                    .class("time-left-figure")
                    .attr("role", "timer")
                    .attr("data-testid", "time-left")
                    .child(figure),
            )),
            // It says the same as the figure.
            progress()
                .attr("aria-hidden", "true")
                .prop("max", move || lifetime.get().unwrap_or(1).to_string())
                .prop("value", move || seconds.get().unwrap_or(0).to_string()),
            move || {
                (!is_known.get())
                    .then(|| p().class("quiet").child(texts.show(|t| t.time_left_unknown)))
            },
        ))
        .into_any()
}

/// One sentence on the renewal, read out when it changes.
fn renewal(details: Source) -> AnyView {
    let texts = use_texts();
    let language = use_language();
    let labels = use_labels();
    let state = part(details, |details| {
        let renewed_at = (details.generation > 0).then_some(details.received_at);
        (details.renewal.clone(), details.can_refresh, renewed_at)
    });
    let kind = move || match state.get() {
        Some((Renewal::Refreshing, ..)) => "running",
        Some((Renewal::Retrying { .. }, ..)) => "retrying",
        Some((Renewal::Stopped { .. }, ..)) => "stopped",
        Some((Renewal::Idle, ..)) | None => "idle",
    };
    let sentence = move || {
        let (renewal, can_refresh, renewed_at) = state.get()?;
        let at = |at, text| texts.fill(text, &format::time(at, language.get()));
        let told = |text: fn(&Messages) -> &'static str| text(texts.get()).to_owned();
        let why = |first: String, code| [&first, " ", (labels.get().error)(code).0, "."].concat();
        Some(match (renewal, renewed_at) {
            (Renewal::Refreshing, _) => told(|t| t.renewal_running),
            (Renewal::Retrying { at: next, error }, _) => {
                why(at(next, |t| t.renewal_retry), error.code())
            }
            (Renewal::Stopped { error }, _) => why(told(|t| t.renewal_stopped), error.code()),
            (Renewal::Idle, _) if !can_refresh => told(|t| t.renewal_impossible),
            (Renewal::Idle, Some(renewed)) => at(renewed, |t| t.renewal_done),
            (Renewal::Idle, None) => told(|t| t.renewal_by_itself),
        })
    };
    p().class("renewal")
        .attr("role", "status")
        .attr("data-testid", "renewal")
        .attr("data-renewal", kind)
        .child(sentence)
        .into_any()
}

fn refresh_button(details: Source) -> AnyView {
    let texts = use_texts();
    let session = use_session();
    let can_refresh = part(details, |details| details.can_refresh);
    let is_running = part(details, |details| details.renewal == Renewal::Refreshing);
    (move || {
        (can_refresh.get() == Some(true)).then(|| {
            button()
                .attr("type", "button")
                .attr("data-testid", "refresh-now")
                .attr("aria-disabled", move || (is_running.get() == Some(true)).then_some("true"))
                .on(ev::click, move |_| {
                    if let Some(session) = session.get_untracked().signed_in() {
                        session.refresh();
                    }
                })
                .child(texts.show(|t| t.refresh_now))
        })
    })
    .into_any()
}

fn facts(details: Source) -> AnyView {
    let texts = use_texts();
    let language = use_language();
    let fact = move |term: fn(&Messages) -> &'static str, value: AnyView| {
        div().child((dt().child(texts.show(term)), dd().child(value)))
    };
    let date = move |at: Memo<Option<Option<Timestamp>>>| {
        move || at.get().flatten().map(|at| format::date_time(at, language.get()))
    };
    let received = part(details, |details| details.received_at);
    let signed_in = part(details, |details| Some(details.signed_in_at));
    let ends = part(details, |details| details.ends_at);
    let lifetime = part(details, |details| {
        Some(details.received_at.until(details.expires_at?).as_secs())
    });
    let count = part(details, |details| details.generation);
    let token_type = part(details, |details| details.token_type);
    let has_end = Memo::new(move |_| ends.get().flatten().is_some());
    dl().class("facts")
        .child((
            fact(
                |t| t.token_issued,
                (move || received.get().map(|at| format::time(at, language.get()))).into_any(),
            ),
            fact(
                |t| t.token_lifetime,
                (move || match lifetime.get().flatten() {
                    Some(seconds) => format::span(seconds, language.get()),
                    None => texts.get().token_lifetime_unknown.to_owned(),
                })
                .into_any(),
            ),
            fact(
                |t| t.renewals,
                span()
                    .attr("data-testid", "renewals")
                    .child(move || count.get().map(|count| format::number(count, language.get())))
                    .into_any(),
            ),
            fact(|t| t.token_type, (move || token_type.get()).into_any()),
            fact(|t| t.signed_in_at, date(signed_in).into_any()),
            move || has_end.get().then(|| fact(|t| t.session_ends, date(ends).into_any())),
            div().class("wide").child((
                dt().child(texts.show(|t| t.token_scopes)),
                dd().child(scopes(details)),
            )),
        ))
        .into_any()
}

fn scopes(details: Source) -> AnyView {
    let texts = use_texts();
    let scope = part(details, |details| details.scope.clone());
    (move || {
        let scope = scope.get().unwrap_or_default();
        let items: Vec<_> =
            scope.split_ascii_whitespace().map(|one| li().child(one.to_owned())).collect();
        if items.is_empty() {
            texts.get().no_scopes.into_any()
        } else {
            ul().class("scopes").child(items).into_any()
        }
    })
    .into_any()
}
