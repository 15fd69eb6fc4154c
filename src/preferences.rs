//! What the user chose, kept over visits.

use leptos::prelude::*;
use leptos_pkce::Language;

const LANGUAGE: &str = "app.language";

/// The language to show: the one chosen before, else the browser's.
pub(crate) fn language() -> Language {
    let kept = storage().and_then(|storage| storage.get_item(LANGUAGE).ok().flatten());
    kept.and_then(|tag| Language::from_tag(&tag))
        .unwrap_or_else(Language::of_browser)
}

/// Keeps the choice, as far as the browser lets it.
pub(crate) fn keep_language(language: Language) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(LANGUAGE, language.tag());
    }
}

/// `None` where storage is blocked; then a choice lasts as long as the page.
fn storage() -> Option<leptos::web_sys::Storage> {
    window().local_storage().ok().flatten()
}
