//! Parts that pages share.

use crate::text::use_texts;
use crate::ui::{El, Parts, h1};
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::HtmlElement;

/// The one heading of a page. It takes the focus after a navigation.
pub(crate) fn heading(text: impl Parts) -> El {
    h1().attr("tabindex", "-1").child(text)
}

/// Names the page in the tab and in the history.
pub(crate) fn use_title(title: impl Fn() -> String + 'static) {
    let texts = use_texts();
    Effect::new(move |_| {
        let (title, name) = (title(), texts.get().name);
        let whole = if title.is_empty() {
            name.to_owned()
        } else {
            [&title, name].join(" · ")
        };
        document().set_title(&whole);
    });
}

/// Puts the focus on an element once it is drawn.
pub(crate) fn focus_later(selector: &'static str) {
    request_animation_frame(move || {
        let found = document().query_selector(selector).ok().flatten();
        if let Some(Ok(element)) = found.map(JsCast::dyn_into::<HtmlElement>) {
            let _ = element.focus();
        }
    });
}
