//! What a proof says of its request: `htm` and `htu` (RFC 9449 4.2).

use crate::url::HttpUrl;

/// A request's method, as `fetch` sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpMethod(Box<str>);

impl HttpMethod {
    /// The longest method accepted, in octets.
    pub const LIMIT: usize = 32;

    /// Takes a method as `fetch` takes it: `get`, `post`, `put`, `delete`, `head` and `options`
    /// become upper case, any other stays as it is (Fetch, "normalize a method"). `None` for what
    /// is no token (RFC 9110 9.1) and for `CONNECT`, `TRACE` and `TRACK`, which `fetch` refuses.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        const NORMALISED: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"];
        const FORBIDDEN: [&str; 3] = ["CONNECT", "TRACE", "TRACK"];
        let is = |known: &&&str| known.eq_ignore_ascii_case(text);
        let is_token = (1..=Self::LIMIT).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
        if !is_token || FORBIDDEN.iter().any(|known| is(&known)) {
            return None;
        }
        let normalised = NORMALISED.iter().find(is).copied();
        Some(Self(normalised.unwrap_or(text).into()))
    }

    /// The value of `htm`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The value of `htu`: the URL without query and fragment, in the normal form of RFC 3986 6.2.2
/// and 6.2.3 that RFC 9449 4.3 compares: scheme and host in lower case, no default port, a path,
/// upper-case escapes, and none of unreserved characters.
///
/// ```
/// use pkce_core::{dpop::htu, url::HttpUrl};
/// let url = HttpUrl::parse("https://API.example:443/%7ea/%c3%a9?x=1#y").ok();
/// assert_eq!(url.map(|url| htu(&url)).as_deref(), Some("https://api.example/~a/%C3%A9"));
/// ```
#[must_use]
pub fn htu(url: &HttpUrl) -> String {
    let mut text = url.origin();
    let mut parts = url.path().split('%');
    text.push_str(parts.next().unwrap_or("/"));
    // An `HttpUrl` has two hexadecimal digits behind each `%`.
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        match u8::from_str_radix(digits, 16) {
            Ok(octet) if is_unreserved(octet) => text.push(char::from(octet)),
            _ => {
                text.push('%');
                text.push_str(&digits.to_ascii_uppercase());
            }
        }
        text.push_str(rest);
    }
    text
}

/// RFC 3986 2.3
const fn is_unreserved(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~')
}
