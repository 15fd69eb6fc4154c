//! leptos-pkce
