//! Nonces that servers hand out (RFC 9449 8, 9).

use crate::api::www_authenticate;
use crate::error::{Error, ErrorCode, Phase};
use crate::http::HttpResponse;
use crate::url::HttpUrl;
use std::fmt;

/// A nonce of a server, from its `DPoP-Nonce` header.
#[derive(Clone, PartialEq, Eq)]
pub struct DpopNonce(Box<str>);

impl DpopNonce {
    /// The longest nonce accepted, in octets.
    pub const LIMIT: usize = 1024;

    /// Takes the header's value: `1*NQCHAR` (RFC 9449 8.1). `None` for anything else, also for
    /// several values joined to one.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let good = (1..=Self::LIMIT).contains(&header.len())
            && header
                .bytes()
                .all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
        good.then(|| Self(header.into()))
    }

    /// The value itself, for a proof only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DpopNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DpopNonce([redacted])")
    }
}

/// The newest nonce of each origin. One server's nonce says nothing to another (RFC 9449 8.2, 9).
#[derive(Clone, Debug, Default)]
pub struct NonceStore {
    /// The one that was learnt last is the last.
    entries: Vec<(String, DpopNonce)>,
}

impl NonceStore {
    /// So many origins are remembered; the one that was heard from longest ago goes first.
    pub const LIMIT: usize = 32;

    /// Takes the `DPoP-Nonce` of any answer of `url`'s origin, also of a successful one: it
    /// replaces the nonce before (RFC 9449 8.2). An answer without a usable one changes nothing.
    pub fn learn(&mut self, url: &HttpUrl, header: Option<&str>) {
        let Some(nonce) = header.and_then(DpopNonce::parse) else {
            return;
        };
        let origin = url.origin();
        self.entries.retain(|(own, _)| *own != origin);
        self.entries.push((origin, nonce));
        if self.entries.len() > Self::LIMIT {
            self.entries.remove(0);
        }
    }

    /// The nonce for the next proof to `url`'s origin.
    #[must_use]
    pub fn nonce_for(&self, url: &HttpUrl) -> Option<&DpopNonce> {
        let origin = url.origin();
        self.entries
            .iter()
            .find(|(own, _)| *own == origin)
            .map(|(_, nonce)| nonce)
    }
}

/// Whether a request was sent for the first time, or again for the sake of a nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofAttempt {
    /// The first time.
    First,
    /// Again, with the nonce that the server asked for.
    WithNonce,
}

/// What an answer says about the nonce of the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NonceVerdict {
    /// Nothing: judge the answer for what else it is.
    NotAsked,
    /// Send the request once more, with a new proof that has this nonce.
    Retry(DpopNonce),
    /// It cannot be met; the request is over.
    Failed(Error),
}

/// Judges an answer of the provider's token endpoint: 400 with `use_dpop_nonce` (RFC 9449 8).
///
/// `header` is the answer's `DPoP-Nonce`, as far as CORS shows it; `sent` is the nonce of the
/// proof that was refused.
#[must_use]
pub fn judge_provider_answer(
    response: &HttpResponse,
    header: Option<&str>,
    sent: Option<&DpopNonce>,
    attempt: ProofAttempt,
    phase: Phase,
) -> NonceVerdict {
    let asks = matches!(response.status, 400 | 401)
        && response
            .json_object(phase)
            .is_ok_and(|json| json.str("error") == Some("use_dpop_nonce"));
    if asks {
        answer(header, sent, attempt, phase)
    } else {
        NonceVerdict::NotAsked
    }
}

/// Judges an answer of a resource server: 401 with a `DPoP` challenge that says `use_dpop_nonce`
/// (RFC 9449 9). Judge a [`NonceVerdict::NotAsked`] with
/// [`judge_status`](crate::api::judge_status).
///
/// CORS can hide the challenge and show the nonce: a 401 without any challenge, and with another
/// nonce than the proof had, is taken for a request for that nonce, once.
#[must_use]
pub fn judge_resource_answer(
    status: u16,
    www_authenticate: Option<&str>,
    header: Option<&str>,
    sent: Option<&DpopNonce>,
    attempt: ProofAttempt,
) -> NonceVerdict {
    if status != 401 {
        return NonceVerdict::NotAsked;
    }
    let challenges = www_authenticate
        .map(www_authenticate::parse)
        .unwrap_or_default();
    if challenges.is_empty() {
        return match header.and_then(DpopNonce::parse) {
            Some(nonce) if attempt == ProofAttempt::First && Some(&nonce) != sent => {
                NonceVerdict::Retry(nonce)
            }
            _ => NonceVerdict::NotAsked,
        };
    }
    let asks = challenges
        .iter()
        .any(|c| c.is("DPoP") && c.param("error") == Some("use_dpop_nonce"));
    if asks {
        answer(header, sent, attempt, Phase::Api)
    } else {
        NonceVerdict::NotAsked
    }
}

fn answer(
    header: Option<&str>,
    sent: Option<&DpopNonce>,
    attempt: ProofAttempt,
    phase: Phase,
) -> NonceVerdict {
    let Some(nonce) = header.and_then(DpopNonce::parse) else {
        return NonceVerdict::Failed(
            Error::new(ErrorCode::DpopNonceHidden, phase)
                .expected(
                    "a DPoP-Nonce header that this page may read: the server has to send \
                     Access-Control-Expose-Headers: DPoP-Nonce",
                )
                .came("use_dpop_nonce without a nonce that can be read"),
        );
    };
    if attempt == ProofAttempt::First && Some(&nonce) != sent {
        return NonceVerdict::Retry(nonce);
    }
    NonceVerdict::Failed(
        Error::new(ErrorCode::UseDpopNonce, phase)
            .expected("an answer to a proof with the nonce that the server gave")
            .came("use_dpop_nonce again"),
    )
}
