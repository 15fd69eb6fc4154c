//! The form in which a note is written.

use super::api::Draft;
use crate::page::focus_later;
use crate::text::use_texts;
use crate::ui::{El, button, div, form, input, label, p, textarea};
use leptos::ev;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{HtmlInputElement, HtmlTextAreaElement};

const TITLE: &str = "note-title";
const BODY: &str = "note-body";

/// A form that begins with `draft`. `is_busy` holds while what it gave is being saved.
pub(super) fn note_form(
    draft: Draft,
    is_busy: RwSignal<bool>,
    save: Callback<Draft>,
    cancel: Callback<()>,
) -> El {
    let texts = use_texts();
    let lacks_title = RwSignal::new(false);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let Some((title, text)) = field::<HtmlInputElement>(TITLE)
            .map(|title| title.value())
            .zip(field::<HtmlTextAreaElement>(BODY).map(|body| body.value()))
        else {
            return;
        };
        let draft = Draft {
            title: title.trim().to_owned(),
            text,
        };
        lacks_title.set(draft.title.is_empty());
        if draft.title.is_empty() {
            focus_later("#note-title");
        } else if !is_busy.get_untracked() {
            save.run(draft);
        }
    };
    focus_later("#note-title");
    let title_field = div().class("field").child((
        label()
            .attr("for", TITLE)
            .child(texts.show(|t| t.note_field_title)),
        input()
            .attr("id", TITLE)
            .attr("type", "text")
            .attr("maxlength", "200")
            .attr("autocomplete", "off")
            .attr("data-testid", "note-title")
            .attr("aria-describedby", "note-title-error")
            .attr("aria-invalid", move || lacks_title.get().then_some("true"))
            .attr("value", draft.title),
        p().attr("id", "note-title-error")
            .class("field-error")
            .child(move || lacks_title.get().then(|| texts.get().note_title_wanted)),
    ));
    let body_field = div().class("field").child((
        label()
            .attr("for", BODY)
            .child(texts.show(|t| t.note_field_body)),
        textarea()
            .attr("id", BODY)
            .attr("rows", "6")
            .attr("maxlength", "10000")
            .attr("data-testid", "note-body")
            .child(draft.text),
    ));
    let actions = div().class("actions").child((
        button()
            .attr("type", "submit")
            .class("primary")
            .attr("data-testid", "note-save")
            .attr("aria-disabled", move || is_busy.get().then_some("true"))
            .child(move || {
                if is_busy.get() {
                    texts.get().note_working
                } else {
                    texts.get().note_save
                }
            }),
        button()
            .attr("type", "button")
            .attr("data-testid", "note-cancel")
            .on(ev::click, move |_| cancel.run(()))
            .child(texts.show(|t| t.note_cancel)),
    ));
    form()
        .class("note-form")
        .attr("novalidate", "")
        .on(ev::submit, submit)
        .child((title_field, body_field, actions))
}

fn field<T: JsCast>(id: &str) -> Option<T> {
    document().get_element_by_id(id)?.dyn_into().ok()
}
