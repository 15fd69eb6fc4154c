//! Requests to send and answers to judge, as data.

use crate::error::{Error, ErrorCode, Phase};
use crate::json::Json;
use crate::secret::SecretText;
use crate::url::HttpUrl;
use std::time::Duration;

/// The longest a provider's answer may take.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest answer of a provider that is read, in octets.
pub const ANSWER_LIMIT: usize = 1 << 20;

/// A request's method; the protocol needs no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The provider's metadata (RFC 8414, Discovery 4).
    Discovery,
    /// The provider's keys (RFC 7517).
    Jwks,
    /// A pushed authorization request (RFC 9126).
    Par,
    /// The exchange of a code (RFC 6749 4.1.3).
    Token,
    /// The renewal of the tokens (RFC 6749 6).
    Refresh,
    /// UserInfo (Core 5.3).
    Userinfo,
    /// Revocation (RFC 7009).
    Revocation,
}

impl Purpose {
    /// A stable name in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Purpose::Discovery => "discovery",
            Purpose::Jwks => "jwks",
            Purpose::Par => "par",
            Purpose::Token => "token",
            Purpose::Refresh => "refresh",
            Purpose::Userinfo => "userinfo",
            Purpose::Revocation => "revocation",
        }
    }
}

/// One request to a provider. It is sent without cookies, without a referrer and past every
/// cache; answers over [`ANSWER_LIMIT`] or after [`ANSWER_TIMEOUT`] are given up.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// What it is for.
    pub purpose: Purpose,
    /// The method.
    pub method: Method,
    /// Where it goes.
    pub url: HttpUrl,
    /// Value of the `Authorization` header.
    pub authorization: Option<SecretText>,
    /// A form-encoded body, for POST.
    pub form: Option<SecretText>,
    /// Whether a redirect is followed. Never for what carries a secret.
    pub follow_redirects: bool,
}

impl HttpRequest {
    /// A GET of a public document.
    #[must_use]
    pub const fn get(purpose: Purpose, url: HttpUrl) -> Self {
        Self {
            purpose,
            method: Method::Get,
            url,
            authorization: None,
            form: None,
            follow_redirects: true,
        }
    }

    /// A POST of form-encoded parameters (RFC 6749 appendix B); redirects are not followed.
    #[must_use]
    pub fn post<'a>(
        purpose: Purpose,
        url: HttpUrl,
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        Self {
            purpose,
            method: Method::Post,
            url,
            authorization: None,
            form: Some(SecretText::new(crate::encoding::form(pairs))),
            follow_redirects: false,
        }
    }
}

/// A whole answer.
#[derive(Clone, Debug, Default)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The `Content-Type` header.
    pub content_type: Option<String>,
    /// The `Retry-After` header, where CORS lets it through.
    pub retry_after: Option<String>,
    /// The body; its `Debug` is redacted.
    pub body: Body,
}

/// The octets of an answer; they may carry tokens, so `Debug` shows their number only.
#[derive(Clone, Default)]
pub struct Body(pub Vec<u8>);

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{} octets redacted]", self.0.len())
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportFault {
    /// The browser's one `TypeError`: offline, refused, or hidden by CORS.
    Network {
        /// What `navigator.onLine` says: a hint, never a proof.
        online: bool,
    },
    /// [`ANSWER_TIMEOUT`] passed.
    Timeout,
    /// The answer was larger than [`ANSWER_LIMIT`].
    TooLarge,
    /// The answer was a redirect that is not followed.
    Redirected,
}

impl TransportFault {
    /// The fault as an error of `phase`.
    #[must_use]
    pub fn into_error(self, phase: Phase) -> Error {
        match self {
            TransportFault::Network { online: true } => {
                Error::new(ErrorCode::NetworkError, phase)
                    .expected("an answer that this page may read")
                    .came("none: no connection, a wrong address, or an answer that CORS hides from this origin")
            }
            TransportFault::Network { online: false } => Error::new(ErrorCode::NetworkError, phase)
                .expected("an answer that this page may read")
                .came("none: the browser says it is offline (a connection that CORS or a firewall hides looks the same)"),
            TransportFault::Timeout => Error::new(ErrorCode::Timeout, phase)
                .expected("a whole answer within 30 seconds")
                .came("none in time"),
            TransportFault::TooLarge => Error::new(ErrorCode::ResponseTooLarge, phase)
                .expected("an answer of at most 1 MB")
                .came("a larger one"),
            TransportFault::Redirected => Error::new(ErrorCode::UnexpectedRedirect, phase)
                .expected("an answer from the configured address itself")
                .came("a redirect to another address, which is not followed"),
        }
    }
}

/// What the browser reported for one request.
pub type Exchange = Result<HttpResponse, TransportFault>;

impl HttpResponse {
    /// Whether the media type is JSON: `application/json` or `application/…+json`, any parameters.
    #[must_use]
    pub fn is_json(&self) -> bool {
        let essence = self
            .content_type
            .as_deref()
            .unwrap_or("")
            .split(';')
            .next()
            .unwrap_or("");
        let essence = essence.trim().to_ascii_lowercase();
        essence == "application/json"
            || (essence.starts_with("application/") && essence.ends_with("+json"))
    }

    /// The body as a JSON object, whatever the status.
    ///
    /// # Errors
    /// `response_too_large` beyond [`ANSWER_LIMIT`], `unexpected_content_type`, `invalid_json`.
    pub fn json_object(&self, phase: Phase) -> Result<Json, Error> {
        if self.body.0.len() > ANSWER_LIMIT {
            return Err(TransportFault::TooLarge.into_error(phase));
        }
        if !self.is_json() {
            return Err(Error::new(ErrorCode::UnexpectedContentType, phase)
                .expected("application/json")
                .came(match &self.content_type {
                    Some(other) => format!("{other} with status {}", self.status),
                    None => format!("no content type with status {}", self.status),
                }));
        }
        match Json::parse_bytes(&self.body.0) {
            Some(json @ Json::Object(_)) => Ok(json),
            Some(other) => Err(Error::new(ErrorCode::InvalidJson, phase)
                .expected("a JSON object")
                .came(other.kind())),
            None => Err(Error::new(ErrorCode::InvalidJson, phase)
                .expected("a JSON object without repeated members")
                .came(format!("{} octets that are none", self.body.0.len()))),
        }
    }

    /// `Retry-After` in milliseconds: its form in seconds, at most an hour. The form with a date
    /// is ignored, since the user's clock may be wrong.
    #[must_use]
    pub fn retry_after_ms(&self) -> Option<u64> {
        let text = self.retry_after.as_deref()?.trim();
        // Digits alone (RFC 9110 10.2.3); `parse` takes a sign as well.
        let seconds: u64 = text.parse().ok().filter(|_| !text.starts_with('+'))?;
        Some(seconds.min(3600).saturating_mul(1000))
    }

    /// The error that a status alone tells.
    #[must_use]
    pub fn status_error(&self, phase: Phase) -> Error {
        let code = match self.status {
            408 | 429 | 500..=599 => ErrorCode::ServiceUnavailable,
            _ => ErrorCode::UnexpectedStatus,
        };
        Error::new(code, phase)
            .expected("status 200")
            .came(format!("status {}", self.status))
            .retry_after_ms(self.retry_after_ms())
    }
}

/// The JSON object of a public document that must come with status 200.
///
/// # Errors
/// Transport faults, another status, another content type, malformed JSON.
pub fn document(exchange: &Exchange, phase: Phase) -> Result<Json, Error> {
    let response = exchange.as_ref().map_err(|fault| fault.into_error(phase))?;
    if response.status != 200 {
        return Err(response.status_error(phase));
    }
    response.json_object(phase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, content_type: &str, body: &str) -> HttpResponse {
        HttpResponse {
            status,
            content_type: Some(content_type.into()),
            retry_after: None,
            body: Body(body.as_bytes().to_vec()),
        }
    }

    #[test]
    fn json_is_told_by_its_media_type() {
        for good in [
            "application/json",
            "application/json;charset=UTF-8",
            "Application/JSON ; x=y",
            "application/jwk-set+json",
        ] {
            assert!(answer(200, good, "{}").is_json(), "{good}");
        }
        for bad in [
            "text/html",
            "text/json",
            "application/jsonp",
            "",
            "text/plain; application/json",
        ] {
            assert!(!answer(200, bad, "{}").is_json(), "{bad}");
        }
    }

    #[test]
    fn a_document_is_a_json_object_with_status_200() {
        let code = |exchange: Exchange| document(&exchange, Phase::Discovery).map_err(|e| e.code());
        assert!(code(Ok(answer(200, "application/json", "{}"))).is_ok());
        assert_eq!(
            code(Ok(answer(502, "text/html", "<h1>"))),
            Err(ErrorCode::ServiceUnavailable)
        );
        assert_eq!(
            code(Ok(answer(404, "application/json", "{}"))),
            Err(ErrorCode::UnexpectedStatus)
        );
        assert_eq!(
            code(Ok(answer(200, "text/html", "<h1>"))),
            Err(ErrorCode::UnexpectedContentType)
        );
        for body in [
            "",
            "[]",
            "{\"a\":",
            "\"x\"",
            "{\"a\":1,\"a\":2}",
            "\u{feff}{}",
        ] {
            assert_eq!(
                code(Ok(answer(200, "application/json", body))),
                Err(ErrorCode::InvalidJson),
                "{body}"
            );
        }
        assert_eq!(code(Err(TransportFault::Timeout)), Err(ErrorCode::Timeout));
    }

    #[test]
    fn the_limits_are_those_that_the_errors_name() {
        let expected = |fault: TransportFault| {
            let error = fault.into_error(Phase::Token);
            error.what_was_expected().to_owned()
        };
        assert_eq!(
            expected(TransportFault::TooLarge),
            format!("an answer of at most {} MB", ANSWER_LIMIT / (1024 * 1024))
        );
        assert_eq!(
            expected(TransportFault::Timeout),
            format!("a whole answer within {} seconds", ANSWER_TIMEOUT.as_secs())
        );
    }

    #[test]
    fn a_body_is_printed_as_a_number_of_octets() {
        let shown = format!("{:?}", answer(200, "application/json", "canary"));
        assert!(shown.contains("[6 octets redacted]"), "{shown}");
        assert!(!shown.contains("canary"), "{shown}");
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_bounded() {
        let wait = |text: &str| {
            HttpResponse {
                retry_after: Some(text.into()),
                ..HttpResponse::default()
            }
            .retry_after_ms()
        };
        assert_eq!(wait("2"), Some(2000));
        assert_eq!(wait("999999999"), Some(3_600_000));
        assert_eq!(wait("-1"), None);
        assert_eq!(wait("Wed, 21 Oct 2026 07:28:00 GMT"), None);
    }
}
