//! The form in which a note is written.

use super::api::Draft;
use crate::page::focus_later;
use crate::text::use_texts;
use leptos::ev;
use leptos::html::{Input, Textarea, button, div, form, input, label, p, textarea};
use leptos::prelude::*;

/// A form that begins with `draft`. `is_busy` holds while what it gave is being saved.
pub(super) fn note_form(
    draft: Draft,
    is_busy: Signal<bool>,
    on_save: impl Fn(Draft) + Send + Sync + 'static,
    on_cancel: impl Fn() + Send + Sync + 'static,
) -> AnyView {
    let texts = use_texts();
    let title = NodeRef::<Input>::new();
    let body = NodeRef::<Textarea>::new();
    let lacks_title = RwSignal::new(false);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let (Some(title), Some(body)) = (title.get_untracked(), body.get_untracked()) else {
            return;
        };
        let draft = Draft { title: title.value().trim().to_owned(), text: body.value() };
        lacks_title.set(draft.title.is_empty());
        if draft.title.is_empty() {
            let _ = title.focus();
        } else if !is_busy.get_untracked() {
            on_save(draft);
        }
    };
    focus_later("#note-title");
    form()
        .class("note-form")
        .attr("novalidate", true)
        .on(ev::submit, submit)
        .child((
            div().class("field").child((
                label().attr("for", "note-title").child(texts.show(|t| t.note_field_title)),
                input()
                    .attr("id", "note-title")
                    .attr("type", "text")
                    .attr("maxlength", "200")
                    .attr("autocomplete", "off")
                    .attr("data-testid", "note-title")
                    .attr("aria-describedby", "note-title-error")
                    .attr("aria-invalid", move || lacks_title.get().then_some("true"))
                    .prop("value", draft.title)
                    .node_ref(title),
                p().attr("id", "note-title-error").class("field-error").child(move || {
                    lacks_title.get().then(|| texts.get().note_title_wanted)
                }),
            )),
            div().class("field").child((
                label().attr("for", "note-body").child(texts.show(|t| t.note_field_body)),
                textarea()
                    .attr("id", "note-body")
                    .attr("rows", "6")
                    .attr("maxlength", "10000")
                    .attr("data-testid", "note-body")
                    .prop("value", draft.text)
                    .node_ref(body),
            )),
            div().class("actions").child((
                button()
                    .attr("type", "submit")
                    .class("primary")
                    .attr("data-testid", "note-save")
                    .attr("aria-disabled", move || is_busy.get().then_some("true"))
                    .child(move || {
                        if is_busy.get() { texts.get().note_working } else { texts.get().note_save }
                    }),
                button()
                    .attr("type", "button")
                    .attr("data-testid", "note-cancel")
                    .on(ev::click, move |_| on_cancel())
                    .child(texts.show(|t| t.note_cancel)),
            )),
        ))
        .into_any()
}
