//! Texts in the interface language.

use crate::locales::{Messages, Pick};
use leptos::prelude::*;
use leptos_pkce::use_language;

/// The texts of the interface language.
#[derive(Clone, Copy)]
pub(crate) struct Texts(Signal<leptos_pkce::Language>);

/// The texts of the interface language, reactively.
pub(crate) fn use_texts() -> Texts {
    Texts(use_language())
}

impl Texts {
    /// All texts; reactively.
    pub(crate) fn get(self) -> &'static Messages {
        Messages::of(self.0.get())
    }

    /// One text as a view.
    pub(crate) fn show(self, text: Pick) -> impl Fn() -> &'static str + Copy + Send + 'static {
        move || text(self.get())
    }

    /// One text with a value in the place of `{}`.
    pub(crate) fn fill(self, text: Pick, value: &str) -> String {
        text(self.get()).replace("{}", value)
    }
}
