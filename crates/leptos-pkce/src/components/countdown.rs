use crate::auth::{use_auth, use_session};
use crate::locales::{fill, use_labels};
use crate::shell::storage::now;
use leptos::ev;
use leptos::html::{button, div, p, span};
use leptos::prelude::*;
use pkce_core::Timestamp;
use pkce_core::authorization::SignInOptions;
use pkce_core::session::{Ending, Limit};
use std::time::Duration;

/// Warns before a configured limit ends the session, counts down, and offers a way to stay: for the
/// idle limit a button that says one is still there (anything else the user does says it too), for
/// the maximum age a new sign-in. Shows nothing at other times.
///
/// The warning is read out once; the figure is not, second by second.
#[component]
pub fn SessionCountdown() -> impl IntoView {
    let session = use_session();
    let soon = Memo::new(move |_| {
        let session = session.get().signed_in()?;
        match session.ending() {
            Ending::Soon { limit, ends_at } => Some((limit, ends_at)),
            Ending::Open | Ending::Later { .. } => None,
        }
    });
    // A limit that moves on is no new warning.
    let limit = Memo::new(move |_| soon.get().map(|(limit, _)| limit));
    let ends_at = Memo::new(move |_| soon.get().map(|(_, ends_at)| ends_at));
    move || limit.get().map(|limit| warning(limit, ends_at).into_any())
}

fn warning(limit: Limit, ends_at: Memo<Option<Timestamp>>) -> impl IntoView {
    let auth = use_auth();
    let session = use_session();
    let labels = use_labels();
    let clock = RwSignal::new(now());
    let tick = move || {
        let _ = clock.try_set(now());
    };
    if let Ok(handle) = set_interval_with_handle(tick, Duration::from_secs(1)) {
        on_cleanup(move || handle.clear());
    }
    let figure = move || {
        let left = ends_at.get().map(|ends_at| clock.get().until(ends_at));
        // Rounded up: the last second is a second.
        let left = left.unwrap_or_default() + Duration::from_millis(999);
        let seconds = left.as_secs();
        let figure = format!("{}:{:02}", seconds / 60, seconds % 60);
        fill(labels.get().time_left, &figure)
    };
    let (kind, sentence): (_, fn(&crate::Labels) -> &'static str) = match limit {
        Limit::Idle => ("idle", |labels| labels.ends_idle),
        Limit::MaxAge => ("max_age", |labels| labels.ends_max_age),
    };
    let act = move |_| {
        let Some(session) = session.get_untracked().signed_in() else {
            return;
        };
        match limit {
            Limit::Idle => session.stay_signed_in(),
            Limit::MaxAge => {
                if let Some(auth) = auth {
                    auth.sign_in(&session.details().provider, SignInOptions::default());
                }
            }
        }
    };
    div()
        .class("pkce-countdown")
        .attr("data-testid", "idle-warning")
        .attr("data-limit", kind)
        .child((
            p().class("pkce-countdown-text")
                .attr("role", "alert")
                .child(move || sentence(labels.get())),
            span()
                .class("pkce-countdown-figure")
                .attr("role", "timer")
                .attr("aria-live", "off")
                .child(figure),
            button()
                .attr("type", "button")
                .attr("data-testid", "stay-signed-in")
                .on(ev::click, act)
                .child(move || match limit {
                    Limit::Idle => labels.get().stay_signed_in,
                    Limit::MaxAge => labels.get().sign_in_again,
                }),
        ))
}
