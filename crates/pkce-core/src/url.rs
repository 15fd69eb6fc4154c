//! Absolute `http(s)` URLs in the strict form that every parser reads alike.
//!
//! A full WHATWG parser costs 68 KB of gzip in wasm. This one accepts only what a browser would
//! leave as it is, up to the case of the host and a default port, so that the parsed origin and path
//! are those the browser will use.

use std::fmt;

/// An absolute `https` or `http` URL without user information, dot segments or characters that a
/// browser would rewrite. Compared and printed as it was written.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpUrl {
    text: Box<str>,
    https: bool,
    host: Box<str>,
    port: u16,
    path_start: usize,
    path_end: usize,
}

/// Why a text is no [`HttpUrl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlFault {
    /// Longer than [`HttpUrl::LIMIT`].
    TooLong,
    /// Does not start with `https://` or `http://` in lower case.
    Scheme,
    /// Has a character that a URL never has, or that browsers rewrite.
    Character,
    /// Has user information (`user@host`).
    UserInfo,
    /// The host is empty or malformed.
    Host,
    /// The port is no number from 1 to 65535.
    Port,
    /// The path has `.` or `..` segments, plain or encoded.
    DotSegment,
    /// A `%` without two hexadecimal digits.
    PercentEncoding,
}

impl UrlFault {
    /// The fault in words, for error texts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            UrlFault::TooLong => "a URL that is too long",
            UrlFault::Scheme => "something that does not start with https:// or http://",
            UrlFault::Character => "a character that is not allowed in a URL",
            UrlFault::UserInfo => "a URL with user information before the host",
            UrlFault::Host => "an empty or malformed host",
            UrlFault::Port => "a port that is no number from 1 to 65535",
            UrlFault::DotSegment => "a path with . or .. segments",
            UrlFault::PercentEncoding => "a % that is not followed by two hexadecimal digits",
        }
    }
}

impl HttpUrl {
    /// The longest URL accepted, in octets.
    pub const LIMIT: usize = 8192;

    /// Parses a URL.
    ///
    /// # Errors
    /// The first [`UrlFault`] found.
    pub fn parse(text: &str) -> Result<Self, UrlFault> {
        if text.len() > Self::LIMIT {
            return Err(UrlFault::TooLong);
        }
        let (https, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err(UrlFault::Scheme),
        };
        if !text.bytes().all(is_url_octet) {
            return Err(UrlFault::Character);
        }
        if !percent_encoding_is_whole(text) {
            return Err(UrlFault::PercentEncoding);
        }
        let authority_len = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at_checked(authority_len).ok_or(UrlFault::Host)?;
        if authority.contains('@') {
            return Err(UrlFault::UserInfo);
        }
        let (host, port) = split_authority(authority)?;
        let path_len = tail.find(['?', '#']).unwrap_or(tail.len());
        let path = tail.get(..path_len).unwrap_or("");
        if path.split('/').any(is_dot_segment) {
            return Err(UrlFault::DotSegment);
        }
        let path_start = text.len().saturating_sub(tail.len());
        Ok(Self {
            text: text.into(),
            https,
            host: host.to_ascii_lowercase().into(),
            port: port.unwrap_or(if https { 443 } else { 80 }),
            path_start,
            path_end: path_start.saturating_add(path_len),
        })
    }

    /// The URL as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme, host in lower case, and port unless it is the default one (RFC 6454 6.2).
    #[must_use]
    pub fn origin(&self) -> String {
        let scheme = if self.https { "https" } else { "http" };
        if self.port == if self.https { 443 } else { 80 } {
            format!("{scheme}://{}", self.host)
        } else {
            format!("{scheme}://{}:{}", self.host, self.port)
        }
    }

    /// Whether both URLs have one origin.
    #[must_use]
    pub fn same_origin(&self, other: &HttpUrl) -> bool {
        self.https == other.https && self.port == other.port && self.host == other.host
    }

    /// The host in lower case.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The path; `/` where none was written.
    #[must_use]
    pub fn path(&self) -> &str {
        match self.text.get(self.path_start..self.path_end) {
            None | Some("") => "/",
            Some(path) => path,
        }
    }

    /// The query without its `?`.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        let tail = self.text.get(self.path_end..)?;
        let tail = tail.split('#').next()?;
        tail.strip_prefix('?')
    }

    /// Whether there is a fragment, also an empty one.
    #[must_use]
    pub fn has_fragment(&self) -> bool {
        self.text.contains('#')
    }

    /// The URL without query and fragment, as `htu` of RFC 9449 4.2 wants it.
    #[must_use]
    pub fn without_query(&self) -> &str {
        self.text.get(..self.path_end).unwrap_or(&self.text)
    }

    /// Whether the scheme is `https`.
    #[must_use]
    pub const fn is_https(&self) -> bool {
        self.https
    }

    /// Whether the host is this machine: `localhost`, a name below it, 127.0.0.0/8 or `[::1]`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = &*self.host;
        host == "localhost"
            || host.ends_with(".localhost")
            || host == "[::1]"
            || (host.starts_with("127.") && is_dotted_quad(host))
    }

    /// Whether tokens may travel there: `https`, or loopback (RFC 8252 8.3).
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.https || self.is_loopback()
    }

    /// The URL with more query parameters, form-encoded, behind those it has.
    #[must_use]
    pub fn with_query<'a>(&self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
        self.with_form(&crate::encoding::form(pairs))
    }

    /// [`HttpUrl::with_query`] for parameters that are form-encoded already.
    pub(crate) fn with_form(&self, added: &str) -> String {
        let base = self.text.split('#').next().unwrap_or("");
        let joint = match base.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some((_, query)) if query.ends_with('&') => "",
            Some(_) => "&",
        };
        format!("{base}{joint}{added}")
    }

    /// Whether `self`, an entry of an allow-list, covers `url`: the same origin, and a path that is
    /// the entry's or lies below it by whole segments. An entry's query and fragment play no part.
    #[must_use]
    pub fn covers(&self, url: &HttpUrl) -> bool {
        // One slash alone is left out: `/v1//` is no name for all of `/v1/`.
        let entry = self.path().strip_suffix('/').unwrap_or(self.path());
        self.same_origin(url)
            && url
                .path()
                .strip_prefix(entry)
                .is_some_and(|below| below.is_empty() || below.starts_with('/'))
            // Servers differ on whether these are separators, so nothing is inferred from them.
            && !has_encoded_separator(url.path())
    }
}

impl fmt::Debug for HttpUrl {
    /// Without the query, which may carry what logs must not show.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpUrl({})", self.without_query())
    }
}

const fn is_url_octet(octet: u8) -> bool {
    matches!(octet, 0x21..=0x7e)
        && !matches!(
            octet,
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'
        )
}

fn percent_encoding_is_whole(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        let mut octets = after.bytes();
        let mut hex = || octets.next().is_some_and(|b| b.is_ascii_hexdigit());
        hex() && hex()
    })
}

fn has_encoded_separator(path: &str) -> bool {
    path.split('%').skip(1).any(|after| {
        after
            .get(..2)
            .is_some_and(|hex| hex.eq_ignore_ascii_case("2f") || hex.eq_ignore_ascii_case("5c"))
    })
}

fn is_dot_segment(segment: &str) -> bool {
    if segment.len() > 6 {
        return false;
    }
    let plain = segment.to_ascii_lowercase().replace("%2e", ".");
    plain == "." || plain == ".."
}

fn split_authority(authority: &str) -> Result<(&str, Option<u16>), UrlFault> {
    let (host, port) = if authority.starts_with('[') {
        let end = authority.find(']').ok_or(UrlFault::Host)?;
        let (host, after) = authority
            .split_at_checked(end.saturating_add(1))
            .ok_or(UrlFault::Host)?;
        match after.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if after.is_empty() => (host, None),
            None => return Err(UrlFault::Host),
        }
    } else {
        match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        }
    };
    if !is_host(host) {
        return Err(UrlFault::Host);
    }
    let port = match port {
        None => None,
        Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => Some(
            digits
                .parse::<u16>()
                .ok()
                .filter(|p| *p != 0)
                .ok_or(UrlFault::Port)?,
        ),
        Some(_) => return Err(UrlFault::Port),
    };
    Ok((host, port))
}

fn is_host(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        // Only in the form that browsers print, so that text comparison is comparison; they write
        // an embedded IPv4 address in hexadecimal.
        return !inner.contains('.')
            && inner
                .parse::<std::net::Ipv6Addr>()
                .is_ok_and(|address| address.to_string() == inner.to_ascii_lowercase());
    }
    let labels_are_good = host.split('.').all(|label| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    });
    let last_is_numeric = host.rsplit('.').next().is_some_and(|label| {
        label.bytes().all(|b| b.is_ascii_digit())
            || label
                .get(..2)
                .is_some_and(|prefix| prefix.eq_ignore_ascii_case("0x"))
    });
    labels_are_good && host.len() <= 253 && (!last_is_numeric || is_dotted_quad(host))
}

fn is_dotted_quad(host: &str) -> bool {
    host.parse::<std::net::Ipv4Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parts_are_told_apart() {
        let url = HttpUrl::parse("https://Api.Example:8443/a//b?x=1&y=%20#f").unwrap();
        assert_eq!(url.origin(), "https://api.example:8443");
        assert_eq!((url.path(), url.query()), ("/a//b", Some("x=1&y=%20")));
        assert_eq!(url.host(), "api.example");
        assert!(url.has_fragment());
        assert_eq!(url.without_query(), "https://Api.Example:8443/a//b");
        let bare = HttpUrl::parse("http://localhost:80").unwrap();
        assert!(url.is_https() && !bare.is_https());
        assert_eq!(
            (bare.origin().as_str(), bare.path()),
            ("http://localhost", "/")
        );
        assert_eq!(
            bare.with_query([("a b", "ü&")]),
            "http://localhost:80?a+b=%C3%BC%26"
        );
        assert_eq!(
            HttpUrl::parse("https://a/?t=1")
                .unwrap()
                .with_query([("b", "2")]),
            "https://a/?t=1&b=2"
        );
        for open in ["https://a/?", "https://a/?t=1&"] {
            let url = HttpUrl::parse(&format!("{open}#f")).unwrap();
            assert_eq!(url.with_query([("b", "2")]), format!("{open}b=2"));
        }
        // The query may carry what no log should show.
        assert_eq!(format!("{url:?}"), "HttpUrl(https://Api.Example:8443/a//b)");
    }

    #[test]
    fn what_browsers_would_rewrite_is_refused() {
        for (bad, fault) in [
            ("ftp://a/", UrlFault::Scheme),
            ("HTTPS://a/", UrlFault::Scheme),
            ("//a/", UrlFault::Scheme),
            ("javascript:alert(1)", UrlFault::Scheme),
            ("https://a b/", UrlFault::Character),
            ("https://a\\b/", UrlFault::Character),
            ("https://ü.example/", UrlFault::Character),
            ("https://a/\n", UrlFault::Character),
            ("https://user@a/", UrlFault::UserInfo),
            ("https://api.example@evil/", UrlFault::UserInfo),
            ("https://user:pw@a/", UrlFault::UserInfo),
            ("https:///a", UrlFault::Host),
            ("https://", UrlFault::Host),
            ("https://a..b/", UrlFault::Host),
            ("https://a./", UrlFault::Host),
            ("https://127.1/", UrlFault::Host),
            ("https://0x7f.0.0.1/", UrlFault::Host),
            ("https://2130706433/", UrlFault::Host),
            ("https://[::1/", UrlFault::Host),
            ("https://[::1]x/", UrlFault::Host),
            ("https://[0:0:0:0:0:0:0:1]/", UrlFault::Host),
            ("https://a%2eb/", UrlFault::Host),
            ("https://a:0/", UrlFault::Port),
            ("https://a:65536/", UrlFault::Port),
            ("https://a:/", UrlFault::Port),
            ("https://a:+1/", UrlFault::Port),
            ("https://a/b/../c", UrlFault::DotSegment),
            ("https://a/%2E%2e/c", UrlFault::DotSegment),
            ("https://a/.", UrlFault::DotSegment),
            ("https://a/%", UrlFault::PercentEncoding),
            ("https://a/%zz", UrlFault::PercentEncoding),
            ("https://a/%1", UrlFault::PercentEncoding),
            ("https://a/%1z", UrlFault::PercentEncoding),
            ("https://a/%z1", UrlFault::PercentEncoding),
        ] {
            assert_eq!(HttpUrl::parse(bad).map(|u| u.origin()), Err(fault), "{bad}");
        }
        let of_length = |length: usize| format!("https://a/{}", "x".repeat(length - 10));
        assert!(HttpUrl::parse(&of_length(HttpUrl::LIMIT)).is_ok());
        assert_eq!(
            HttpUrl::parse(&of_length(HttpUrl::LIMIT + 1)),
            Err(UrlFault::TooLong)
        );
    }

    #[test]
    fn http_is_secure_on_loopback_only() {
        for good in [
            "https://a/",
            "http://localhost:9000",
            "http://a.localhost/",
            "http://127.0.0.9/",
            "http://[::1]/",
            "http://[::1]:1/",
        ] {
            assert!(HttpUrl::parse(good).unwrap().is_secure(), "{good}");
        }
        for bad in [
            "http://a/",
            "http://localhost.evil/",
            "http://notlocalhost/",
            "http://127.0.0.1.evil/",
            "http://10.0.0.1/",
        ] {
            assert!(!HttpUrl::parse(bad).unwrap().is_secure(), "{bad}");
        }
    }

    #[test]
    fn an_entry_covers_itself_and_what_is_below_by_whole_segments() {
        let entry = HttpUrl::parse("https://api.example/v1/me").unwrap();
        for good in [
            "https://api.example/v1/me",
            "https://API.example:443/v1/me/x?y=1",
            "https://api.example/v1/me/",
        ] {
            assert!(entry.covers(&HttpUrl::parse(good).unwrap()), "{good}");
        }
        for bad in [
            "https://api.example/v1/me2",
            "https://api.example/v1",
            "https://api.example/",
            "http://api.example/v1/me",
            "https://api.example:8443/v1/me",
            "https://api.example.evil/v1/me",
            "https://xapi.example/v1/me",
            "https://api.example/V1/me",
            "https://api.example/v1/me/%2F..%2fadmin",
            "https://api.example/v1/me%5cx",
        ] {
            assert!(!entry.covers(&HttpUrl::parse(bad).unwrap()), "{bad}");
        }
        let root = HttpUrl::parse("http://localhost:9001").unwrap();
        assert!(root.covers(&HttpUrl::parse("http://localhost:9001/api").unwrap()));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _ = HttpUrl::parse(&text);
            let _ = HttpUrl::parse(&format!("https://{text}")).map(|u| (u.path().len(), u.query().map(str::len)));
        }

        #[test]
        fn a_parsed_url_prints_as_it_was_written(text in "https://[a-z]{1,9}(:[1-9][0-9]{0,3})?(/[a-z%0-9]{0,5}){0,3}(\\?[a-z=&]{0,9})?") {
            if let Ok(url) = HttpUrl::parse(&text) {
                prop_assert_eq!(url.as_str(), text);
            }
        }
    }
}
