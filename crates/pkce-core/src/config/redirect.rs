//! Where the provider sends the user back to: an absolute URL, or a path of this page's origin.

use super::fault::{Fault, quoted, secure_url};
use crate::encoding::form_parse;
use crate::url::HttpUrl;

/// Parameters of the provider's answer (RFC 6749 4.1.2, RFC 9207 2, Session Management 2): one in
/// the registered query would make every answer a repeated parameter.
const ANSWER: [&str; 7] = [
    "code",
    "state",
    "iss",
    "error",
    "error_description",
    "error_uri",
    "session_state",
];

/// A redirect URI: of the page's own origin, since the answer must come back to this page.
pub(super) fn redirect_uri(text: &str, page: &HttpUrl) -> Result<HttpUrl, Fault> {
    let url = resolve(text, page)?;
    if !url.same_origin(page) {
        return Err(Fault::invalid(
            format!(
                "a URL of the origin {} that this page was opened at, since the answer comes \
                 back to this page; a path such as /callback always is",
                page.origin()
            ),
            quoted(text),
        ));
    }
    Ok(url)
}

/// A post-logout redirect URI: it may lead to another site.
pub(super) fn resolve(text: &str, page: &HttpUrl) -> Result<HttpUrl, Fault> {
    let url = if text.starts_with('/') {
        secure_url(&format!("{}{text}", page.origin()))?
    } else if text.starts_with("https://") || text.starts_with("http://") {
        secure_url(text)?
    } else {
        return Err(Fault::invalid(
            "an absolute https URL (http on loopback hosts alone), or a path that starts with one /",
            quoted(text),
        ));
    };
    if url.has_fragment() {
        return Err(Fault::invalid("no fragment (RFC 6749 3.1.2)", quoted(text)));
    }
    // `//evil.example`: another host, wherever it is resolved by itself.
    if url.path().starts_with("//") {
        return Err(Fault::invalid(
            "a path that starts with one /",
            quoted(text),
        ));
    }
    let clashes = url.query().is_some_and(|query| {
        form_parse(query)
            .iter()
            .any(|(name, _)| ANSWER.contains(&name.as_str()))
    });
    if clashes {
        return Err(Fault::invalid(
            "no query parameter that the provider's answer has too",
            quoted(text),
        ));
    }
    Ok(url)
}
