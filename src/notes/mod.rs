//! The user's notes, which an API on its own origin keeps.

mod api;
pub(crate) mod detail;
mod form;
pub(crate) mod list;

use crate::failure::{self, Failure};
use crate::locales::Messages;
use crate::ui::{El, div};
use leptos::prelude::*;

/// A failure of the notes' API.
fn notice(failure: Failure, on_retry: Callback<()>) -> El {
    div()
        .attr("data-testid", "note-error")
        .child(failure::notice(failure, explain, on_retry))
}

fn explain(status: u16, texts: &Messages) -> Option<(&'static str, &'static str)> {
    match status {
        404 => Some(texts.note_missing),
        400 | 413 | 415 | 422 => Some(texts.note_not_accepted),
        409 => Some(texts.note_conflict),
        _ => None,
    }
}

/// What is to be shown of something that the API has.
#[derive(Clone, PartialEq)]
enum Load<T> {
    Running,
    Done(T),
    Failed(Failure),
}
