//! What the app itself takes from the configuration block.

use leptos::prelude::*;
use leptos_pkce::PageConfig;

/// The addresses of this deployment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Site {
    /// The API that the home page calls.
    pub(crate) resource_api: String,
    /// The API of notes, where one is configured: the entry of `apis` whose path ends in `notes`.
    pub(crate) notes_api: Option<String>,
    /// Paths that show the home page: `/`, and where providers send the user back to.
    pub(crate) homes: Vec<String>,
}

impl Site {
    pub(crate) fn of(page: &PageConfig) -> Self {
        let is_notes = |path: &str| path.trim_end_matches('/').ends_with("/notes");
        let notes_api = page
            .apis()
            .entries()
            .iter()
            .find(|entry| is_notes(entry.url().path()));
        let mut homes = vec!["/".to_owned()];
        for provider in page.providers() {
            for url in [provider.redirect_uri(), provider.post_logout_redirect_uri()] {
                homes.push(url.path().to_owned());
            }
        }
        Self {
            resource_api: page.resource_api().as_str().to_owned(),
            notes_api: notes_api.map(|entry| entry.url().as_str().trim_end_matches('/').to_owned()),
            homes,
        }
    }
}

/// This deployment.
pub(crate) fn use_site() -> Site {
    use_context().unwrap_or_default()
}
