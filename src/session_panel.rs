//! How the session is going: the time left of the access token, and its renewal.

use crate::format;
use crate::locales::{Messages, Pick};
use crate::text::use_texts;
use crate::ui::{El, Parts, button, dd, div, dl, dt, h2, li, p, progress, section, span, ul, view};
use leptos::ev;
use leptos::prelude::*;
use leptos_pkce::{
    ErrorCode, Renewal, SignedInSession, Tabs, Timestamp, use_labels, use_language, use_session,
};
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
    tabs: Tabs,
}

impl Details {
    fn of(session: &SignedInSession) -> Self {
        let details = session.details();
        Self {
            signed_in_at: details.signed_in_at,
            received_at: details.received_at,
            expires_at: details.expires_at,
            ends_at: details.ending.at(),
            token_type: details.token_type.as_str(),
            scope: details.scope.to_string(),
            can_refresh: details.can_refresh,
            generation: details.generation,
            renewal: details.renewal,
            tabs: details.tabs,
        }
    }

    /// How long the access token lives.
    fn lifetime(&self) -> Option<u64> {
        Some(self.received_at.until(self.expires_at?).as_secs())
    }

    /// How much longer it lives.
    fn left(&self, now: Timestamp) -> Option<u64> {
        // A renewal comes between two ticks.
        Some(now.max(self.received_at).until(self.expires_at?).as_secs())
    }
}

/// The details of the session, while there is one.
#[derive(Clone, Copy)]
struct Source(Memo<Option<Details>>);

impl Source {
    /// Reads from the details, reactively; `None` once the session is over.
    fn read<T>(self, read: impl FnOnce(&Details) -> T) -> Option<T> {
        self.0.with(|details| details.as_ref().map(read))
    }
}

pub(crate) fn panel() -> El {
    let texts = use_texts();
    let session = use_session();
    let details = Source(Memo::new(move |_| {
        session.get().signed_in().as_ref().map(Details::of)
    }));
    section()
        .class("card session")
        .attr("aria-labelledby", "session-title")
        .child((
            div().class("card-head").child((
                h2().attr("id", "session-title")
                    .child(texts.show(|t| t.session_title)),
                refresh_button(details),
            )),
            time_left(details),
            renewal(details),
            facts(details),
        ))
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

fn time_left(details: Source) -> El {
    let texts = use_texts();
    let now = clock();
    let left = move || details.read(|details| details.left(now.get())).flatten();
    let figure = move || left().map_or_else(|| "–".to_owned(), format::countdown);
    let is_unknown = Memo::new(move |_| {
        details
            .read(|details| details.expires_at)
            .flatten()
            .is_none()
    });
    div().class("time-left").child((
        p().child((
            span()
                .class("time-left-label")
                .child(texts.show(|t| t.time_left)),
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
            .attr("max", move || {
                details
                    .read(Details::lifetime)
                    .flatten()
                    .unwrap_or(1)
                    .max(1)
                    .to_string()
            })
            .attr("value", move || left().unwrap_or(0).to_string()),
        move || {
            is_unknown.get().then(|| {
                p().class("quiet")
                    .child(texts.show(|t| t.time_left_unknown))
            })
        },
    ))
}

/// One sentence on the renewal, read out when it changes.
fn renewal(details: Source) -> El {
    let texts = use_texts();
    let language = use_language();
    let labels = use_labels();
    let kind = move || {
        details.read(|details| match details.renewal {
            Renewal::Idle => "idle",
            Renewal::Refreshing => "running",
            Renewal::Offline { .. } => "offline",
            Renewal::Retrying { .. } => "retrying",
            Renewal::Stopped { .. } => "stopped",
        })
    };
    let sentence = move |details: &Details| {
        let at = |at, text| texts.fill(text, &format::time(at, language.get()));
        let why =
            |first: &str, code: ErrorCode| [first, " ", (labels.get().error)(code).0, "."].concat();
        let texts = texts.get();
        match &details.renewal {
            Renewal::Refreshing => texts.renewal_running.to_owned(),
            Renewal::Retrying { at: next, error } => {
                why(&at(*next, |t| t.renewal_retry), error.code())
            }
            Renewal::Offline { at: next } => at(*next, |t| t.renewal_offline),
            Renewal::Stopped { error } => why(texts.renewal_stopped, error.code()),
            Renewal::Idle if !details.can_refresh => texts.renewal_impossible.to_owned(),
            Renewal::Idle if details.generation > 0 => at(details.received_at, |t| t.renewal_done),
            Renewal::Idle => texts.renewal_by_itself.to_owned(),
        }
    };
    p().class("renewal")
        .attr("role", "status")
        .attr("data-testid", "renewal")
        .attr("data-renewal", kind)
        .child(move || details.read(sentence))
}

fn refresh_button(details: Source) -> impl Parts {
    let texts = use_texts();
    let session = use_session();
    let can_refresh = Memo::new(move |_| details.read(|d| d.can_refresh) == Some(true));
    move || {
        can_refresh.get().then(|| {
            button()
                .attr("type", "button")
                .attr("data-testid", "refresh-now")
                .attr("aria-disabled", move || {
                    let is_running = details.read(|d| d.renewal == Renewal::Refreshing);
                    (is_running == Some(true)).then_some("true")
                })
                .on(ev::click, move |_| {
                    if let Some(session) = session.get_untracked().signed_in() {
                        session.refresh();
                    }
                })
                .child(texts.show(|t| t.refresh_now))
        })
    }
}

fn facts(details: Source) -> El {
    let texts = use_texts();
    let language = use_language();
    let fact = move |term: Pick, value: AnyView| {
        div().child((dt().child(texts.show(term)), dd().child(value)))
    };
    let shown = move |read: fn(&Details, leptos_pkce::Language) -> String| {
        view(move || details.read(|details| read(details, language.get())))
    };
    let lifetime = move || match details.read(Details::lifetime).flatten() {
        Some(seconds) => format::span(seconds, language.get()),
        None => texts.get().token_lifetime_unknown.to_owned(),
    };
    let has_end = Memo::new(move |_| details.read(|d| d.ends_at).flatten().is_some());
    let end = move || {
        let date = shown(|details, language| {
            details
                .ends_at
                .map(|at| format::date_time(at, language))
                .unwrap_or_default()
        });
        fact(|t| t.session_ends, date)
    };
    dl().class("facts").child((
        fact(
            |t| t.token_issued,
            shown(|d, language| format::time(d.received_at, language)),
        ),
        fact(|t| t.token_lifetime, view(lifetime)),
        fact(
            |t| t.renewals,
            span()
                .attr("data-testid", "renewals")
                .child(shown(|d, language| format::number(d.generation, language)))
                .into_any(),
        ),
        fact(|t| t.token_type, shown(|d, _| d.token_type.to_owned())),
        (
            fact(
                |t| t.tabs,
                span()
                    .attr("data-testid", "tabs")
                    .attr("data-tabs", move || details.read(|d| tabs_word(d.tabs)))
                    .child(move || details.read(|d| tabs_text(d.tabs, texts.get())))
                    .into_any(),
            ),
            fact(
                |t| t.signed_in_at,
                shown(|d, language| format::date_time(d.signed_in_at, language)),
            ),
        ),
        move || has_end.get().then(end),
        div().class("wide").child((
            dt().child(texts.show(|t| t.token_scopes)),
            dd().child(scopes(details)),
        )),
    ))
}

const fn tabs_word(tabs: Tabs) -> &'static str {
    match tabs {
        Tabs::Alone => "alone",
        Tabs::Family => "family",
        Tabs::Limited { .. } => "limited",
    }
}

const fn tabs_text(tabs: Tabs, texts: &Messages) -> &'static str {
    match tabs {
        Tabs::Alone => texts.tabs_alone,
        Tabs::Family => texts.tabs_family,
        Tabs::Limited { .. } => texts.tabs_limited,
    }
}

fn scopes(details: Source) -> impl Parts {
    let texts = use_texts();
    let scope = Memo::new(move |_| details.read(|d| d.scope.clone()).unwrap_or_default());
    move || {
        let scope = scope.get();
        let items: Vec<_> = scope
            .split_ascii_whitespace()
            .map(|one| li().child(one.to_owned()))
            .collect();
        if items.is_empty() {
            view(texts.get().no_scopes)
        } else {
            ul().class("scopes").child(items).into_any()
        }
    }
}
