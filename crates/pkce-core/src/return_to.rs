//! Where the user goes after sign-in: a place of this origin and of no other (BCP 4.11.1).

use crate::url::HttpUrl;
use std::fmt;
use std::fmt::Write as _;

/// A path of the page's own origin with its query and fragment. It starts with exactly one `/`, is
/// printable ASCII without spaces, and has no backslash and no dot segments, so that no browser
/// reads another host in it.
#[derive(Clone, PartialEq, Eq)]
pub struct ReturnTo(Box<str>);

impl ReturnTo {
    /// The longest target, in octets as it is kept.
    pub const LIMIT: usize = 2048;

    /// `/`, where everything else falls back to.
    #[must_use]
    pub fn home() -> Self {
        Self("/".into())
    }

    /// Accepts a path that starts with `/`, or an absolute URL of `page_origin`
    /// (`https://app.example`), of which the path is kept.
    ///
    /// Characters beyond ASCII and spaces are percent-encoded, as the browser would; so is a
    /// backslash in the query or fragment. Everything else is kept as it is.
    ///
    /// `None` for other origins and schemes, `//host`, relative paths, a backslash or dot segments
    /// in the path, control characters anywhere (browsers leave some of them out), a space at the
    /// end, and more than [`ReturnTo::LIMIT`].
    ///
    /// ```
    /// use pkce_core::return_to::ReturnTo;
    /// let origin = "https://app.example";
    /// let target = ReturnTo::parse("https://app.example/notes/7?view=all#end", origin);
    /// assert_eq!(target.as_ref().map(ReturnTo::as_str), Some("/notes/7?view=all#end"));
    /// assert_eq!(ReturnTo::parse("//evil.example/", origin), None);
    /// ```
    #[must_use]
    pub fn parse(target: &str, page_origin: &str) -> Option<Self> {
        // Encoding only lengthens, so what is too long already need not be looked at.
        if target.len() > Self::LIMIT.saturating_add(page_origin.len())
            || target.contains(char::is_control)
            || target.ends_with(' ')
        {
            return None;
        }
        let local = if target.starts_with('/') {
            target
        } else {
            below_origin(target, page_origin)?
        };
        let path_len = local.find(['?', '#']).unwrap_or(local.len());
        let (path, tail) = local.split_at_checked(path_len)?;
        if path.starts_with("//") || path.contains('\\') || path.split('/').any(is_dot_segment) {
            return None;
        }
        let kept = encode(if path.is_empty() { "/" } else { path }, tail);
        (kept.len() <= Self::LIMIT).then(|| Self(kept.into()))
    }

    /// Path, query and fragment.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ReturnTo {
    fn default() -> Self {
        Self::home()
    }
}

impl fmt::Debug for ReturnTo {
    /// Without query and fragment, which may be the user's own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ReturnTo({})",
            self.0.split(['?', '#']).next().unwrap_or_default()
        )
    }
}

/// What follows the origin of an absolute URL, if the origin is the page's.
fn below_origin<'a>(target: &'a str, page_origin: &str) -> Option<&'a str> {
    let page = HttpUrl::parse(page_origin).ok()?;
    let (scheme, rest) = target.split_once("://")?;
    let authority_len = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, local) = rest.split_at_checked(authority_len)?;
    let origin = HttpUrl::parse(&format!("{scheme}://{authority}")).ok()?;
    origin.same_origin(&page).then_some(local)
}

/// `.` and `..`, also with encoded dots: browsers resolve both.
fn is_dot_segment(segment: &str) -> bool {
    matches!(
        segment.to_ascii_lowercase().replace("%2e", ".").as_str(),
        "." | ".."
    )
}

fn encode(path: &str, tail: &str) -> String {
    let mut out = String::with_capacity(path.len().saturating_add(tail.len()));
    for c in path.chars().chain(tail.chars()) {
        if c.is_ascii_graphic() && c != '\\' {
            out.push(c);
        } else {
            for octet in c.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{octet:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
