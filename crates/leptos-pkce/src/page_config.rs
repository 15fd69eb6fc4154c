//! The run-time configuration block of the page.

use pkce_core::Error;
use pkce_core::config::PageConfig;
use pkce_core::url::HttpUrl;
use pkce_core::{ErrorCode, Phase};

/// Reads the page's `<script id="auth-config" type="application/json">`.
///
/// # Errors
/// The `config_…` codes, each naming the key by its path; `config_missing` without a block.
pub fn page_config() -> Result<PageConfig, Error> {
    let window = web_sys::window().ok_or_else(PageConfig::missing)?;
    let block = window
        .document()
        .and_then(|document| document.get_element_by_id("auth-config"))
        .ok_or_else(PageConfig::missing)?;
    let origin = window.location().origin().unwrap_or_default();
    let page_url = HttpUrl::parse(&origin).map_err(|fault| {
        Error::new(ErrorCode::InsecureContext, Phase::Environment)
            .expected("a page at an https or loopback address")
            .came(fault.as_str())
    })?;
    PageConfig::parse(&block.text_content().unwrap_or_default(), &page_url)
}
