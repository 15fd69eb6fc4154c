//! The single values of a provider's configuration, each valid by construction.

use super::fault::{Fault, endpoint, quoted};
use crate::error::Error;
use crate::url::HttpUrl;
use std::fmt;

macro_rules! text_value {
    ($name:ident) => {
        impl $name {
            /// The value as it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                *self.0 == *other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                *self.0 == **other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// The short stable name of a configured provider: `[a-z0-9-]+`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProviderId(Box<str>);

text_value!(ProviderId);

impl ProviderId {
    /// Accepts `[a-z0-9-]+`.
    ///
    /// # Errors
    /// `config_invalid_value`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::check(text).map_err(|fault| fault.at("id"))
    }

    pub(super) fn check(text: &str) -> Result<Self, Fault> {
        let good = text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if good && !text.is_empty() {
            Ok(Self(text.into()))
        } else {
            Err(Fault::invalid(
                "one or more of a-z, 0-9 and -",
                quoted(text),
            ))
        }
    }
}

/// An issuer identifier (Discovery 3, RFC 8414 2): an `https` or loopback URL without query and
/// fragment. Kept and compared as the exact string that was configured.
#[derive(Clone)]
pub struct Issuer {
    text: Box<str>,
    discovery: HttpUrl,
}

impl Issuer {
    /// The longest issuer accepted, in octets.
    pub const LIMIT: usize = 2048;

    /// Accepts a URL that may be an issuer.
    ///
    /// # Errors
    /// `config_invalid_value`, `config_insecure_url`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::check(text).map_err(|fault| fault.at("issuer"))
    }

    pub(super) fn check(text: &str) -> Result<Self, Fault> {
        let url = endpoint(text)?;
        if url.query().is_some() || text.len() > Self::LIMIT {
            return Err(Fault::invalid(
                "an issuer: a URL of at most 2048 octets without a query (RFC 8414 2)",
                quoted(text),
            ));
        }
        let base = text.strip_suffix('/').unwrap_or(text);
        let discovery = endpoint(&format!("{base}/.well-known/openid-configuration"))?;
        Ok(Self {
            text: text.into(),
            discovery,
        })
    }

    /// The issuer as it was written, with or without its terminating slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where the metadata is. One terminating slash of the issuer is left out here and nowhere
    /// else (Discovery 4.1).
    #[must_use]
    pub const fn discovery_url(&self) -> &HttpUrl {
        &self.discovery
    }

    /// The origin that the issuer lies on.
    #[must_use]
    pub fn origin(&self) -> String {
        self.discovery.origin()
    }
}

impl PartialEq for Issuer {
    /// Simple string comparison (RFC 8414 3.3).
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Issuer {}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issuer({})", self.text)
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A client identifier (RFC 6749 2.2, appendix A.1): printable ASCII, not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientId(Box<str>);

text_value!(ClientId);

impl ClientId {
    /// Accepts printable ASCII without spaces at its ends, which are an accident of pasting.
    ///
    /// # Errors
    /// `config_invalid_value`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::check(text).map_err(|fault| fault.at("client_id"))
    }

    pub(super) fn check(text: &str) -> Result<Self, Fault> {
        let good = text.bytes().all(|b| matches!(b, 0x20..=0x7e));
        if good && !text.is_empty() && text.trim() == text {
            Ok(Self(text.into()))
        } else {
            Err(Fault::invalid(
                "printable ASCII that is not empty and has no space at its ends",
                quoted(text),
            ))
        }
    }
}

/// A scope (RFC 6749 3.3): scope tokens in the order written, each once, with one space between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope(Box<str>);

text_value!(Scope);

impl Scope {
    /// The most tokens that a scope may have.
    pub const LIMIT: usize = 256;

    /// Accepts scope tokens separated by spaces. Repeated tokens and further spaces are left out.
    /// `None` where there is no token, one has a character that is not allowed, or there are more
    /// than [`Scope::LIMIT`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut tokens: Vec<&str> = Vec::new();
        for token in text.split(' ').filter(|token| !token.is_empty()) {
            if !is_scope_token(token) {
                return None;
            }
            if !tokens.contains(&token) {
                tokens.push(token);
            }
            if tokens.len() > Self::LIMIT {
                return None;
            }
        }
        if tokens.is_empty() {
            None
        } else {
            Some(Self(tokens.join(" ").into()))
        }
    }

    pub(crate) fn check(text: &str) -> Result<Self, Fault> {
        Self::parse(text).ok_or_else(|| {
            Fault::invalid(
                "one to 256 scope tokens of printable ASCII without \" and \\, separated by spaces",
                quoted(text),
            )
        })
    }

    /// The tokens.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ')
    }

    /// Whether a token is among them; scope tokens are case-sensitive.
    #[must_use]
    pub fn contains(&self, token: &str) -> bool {
        self.iter().any(|own| own == token)
    }
}

/// `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`
fn is_scope_token(token: &str) -> bool {
    token
        .bytes()
        .all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

/// A resource indicator (RFC 8707 2): an absolute URI without a fragment. It is a name, so it need
/// not be `https`, nor lead anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource(Box<str>);

text_value!(Resource);

impl Resource {
    /// The longest resource indicator accepted, in octets.
    pub const LIMIT: usize = 2048;

    /// Accepts an absolute URI without a fragment.
    ///
    /// # Errors
    /// `config_invalid_value`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::check(text).map_err(|fault| fault.at("resource"))
    }

    pub(crate) fn check(text: &str) -> Result<Self, Fault> {
        let is_absolute = text.split_once(':').is_some_and(|(scheme, rest)| {
            is_scheme(scheme) && !rest.is_empty() && rest.bytes().all(is_uri_octet)
        });
        if is_absolute && has_whole_percent_encoding(text) && text.len() <= Self::LIMIT {
            Ok(Self(text.into()))
        } else {
            Err(Fault::invalid(
                "an absolute URI without a fragment (RFC 8707 2), at most 2048 octets",
                quoted(text),
            ))
        }
    }
}

/// RFC 3986 3.1
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// RFC 3986 2, without the `#` of a fragment.
const fn is_uri_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(octet, b'-' | b'.' | b'_' | b'~' | b'%')
        || matches!(octet, b':' | b'/' | b'?' | b'[' | b']' | b'@')
        || matches!(
            octet,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
        )
}

fn has_whole_percent_encoding(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        after.len() >= 2 && after.bytes().take(2).all(|octet| octet.is_ascii_hexdigit())
    })
}

macro_rules! choice {
    ($(#[$doc:meta])+ $name:ident { $($(#[$inner:meta])+ $variant:ident = $text:literal,)+ } $all:literal) => {
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum $name {
            $($(#[$inner])+ $variant,)+
        }

        impl $name {
            /// The word of the configuration.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)+ }
            }

            pub(super) fn check(text: &str) -> Result<Self, Fault> {
                match text {
                    $($text => Ok($name::$variant),)+
                    _ => Err(Fault::invalid($all, quoted(text))),
                }
            }
        }
    };
}

choice! {
    /// Whether tokens are bound to a key of this browser (RFC 9449).
    DpopMode {
        /// Bound where the provider announces DPoP.
        #[default]
        Auto = "auto",
        /// Bound, or there is no sign-in.
        Require = "require",
        /// Bearer tokens (RFC 6750).
        Off = "off",
    } "\"auto\", \"require\" or \"off\""
}

choice! {
    /// Whether the authorization request is pushed (RFC 9126).
    ParMode {
        /// Pushed where the provider requires it.
        #[default]
        Auto = "auto",
        /// Pushed, or there is no sign-in.
        Require = "require",
    } "\"auto\" or \"require\""
}
