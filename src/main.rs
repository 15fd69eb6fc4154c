//! The demo app of `leptos-pkce`: one page that signs in, calls a protected API, keeps notes there,
//! and shows how the session is going.
//!
//! Elements are built with [`ui`], without `view!`: its static parts go through `innerHTML`, which
//! Trusted Types forbid. It serves for the library's components alone.

mod api_panel;
mod app;
mod failure;
mod format;
mod home;
mod locales;
mod notes;
mod page;
mod preferences;
mod router;
mod session_panel;
mod site;
mod text;
mod ui;
mod welcome;

use leptos::prelude::document;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::HtmlElement;

fn main() {
    let Some(root) = document().get_element_by_id("app") else {
        return;
    };
    let Ok(root) = root.dyn_into::<HtmlElement>() else {
        return;
    };
    // What is shown until the app is here.
    while let Some(child) = root.first_child() {
        if root.remove_child(&child).is_err() {
            return;
        }
    }
    leptos::mount::mount_to(root, app::app).forget();
}
