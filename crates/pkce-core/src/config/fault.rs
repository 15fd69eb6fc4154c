//! What is wrong with one configured value, before the key that it stands under is known.

use crate::error::{Error, ErrorCode, Phase};
use crate::url::HttpUrl;
use std::borrow::Cow;

/// A refused value; [`Fault::at`] adds the key.
#[derive(Debug)]
pub(crate) struct Fault {
    code: ErrorCode,
    expected: Cow<'static, str>,
    came: Cow<'static, str>,
}

impl Fault {
    pub(crate) fn new(
        code: ErrorCode,
        expected: impl Into<Cow<'static, str>>,
        came: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            code,
            expected: expected.into(),
            came: came.into(),
        }
    }

    /// A value of the right type that is impossible.
    pub(crate) fn invalid(
        expected: impl Into<Cow<'static, str>>,
        came: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(ErrorCode::ConfigInvalidValue, expected, came)
    }

    /// The error that names `key`, the full path of the value (`providers[0].issuer`).
    pub(crate) fn at(self, key: &str) -> Error {
        Error::new(self.code, Phase::Configuration)
            .expected(format!("{key}: {}", self.expected))
            .came(self.came)
    }
}

/// Foreign text in quotation marks; [`Error::came`] shortens it.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// An absolute URL, `https` or loopback (protocol rule 9).
pub(crate) fn secure_url(text: &str) -> Result<HttpUrl, Fault> {
    const EXPECTED: &str = "an absolute https URL (http on loopback hosts alone)";
    let url = HttpUrl::parse(text)
        .map_err(|fault| Fault::invalid(EXPECTED, format!("{}: \"{text}\"", fault.as_str())))?;
    if url.is_secure() {
        Ok(url)
    } else {
        Err(Fault::new(
            ErrorCode::ConfigInsecureUrl,
            EXPECTED,
            quoted(text),
        ))
    }
}

/// [`secure_url`] without a fragment, as every endpoint is (RFC 6749 3.1, 3.2).
pub(crate) fn endpoint(text: &str) -> Result<HttpUrl, Fault> {
    let url = secure_url(text)?;
    if url.has_fragment() {
        return Err(Fault::invalid("a URL without a fragment", quoted(text)));
    }
    Ok(url)
}
