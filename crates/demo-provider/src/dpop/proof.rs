//! One proof: a JWS that carries the key it is signed with (RFC 9449 4.2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::{Problem, Target};
use crate::secret::{Secret, s256};

/// What proofs may be signed with, as the metadata names it.
pub(crate) const ALGORITHMS: [&str; 3] = ["ES256", "EdDSA", "PS256"];
/// The longest proof, in octets; an RSA key takes the most room.
const LONGEST: usize = 8 * 1024;
/// The longest `jti`, in octets.
const LONGEST_JTI: usize = 256;
/// Members of a JWK that no public key has (RFC 7518 6).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

#[derive(Deserialize)]
struct Header {
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    jwk: Option<Map<String, Value>>,
    #[serde(default)]
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    /// Seconds since the Unix epoch, with or without a fraction (RFC 7519 2).
    iat: f64,
    #[serde(default)]
    ath: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
}

/// A proof whose signature verifies with the key in its header.
pub(crate) struct Proof {
    /// The thumbprint of that key.
    pub(crate) thumbprint: String,
    pub(crate) jti: String,
    pub(crate) nonce: Option<String>,
    htm: String,
    htu: String,
    iat: f64,
    ath: Option<String>,
}

impl Proof {
    /// Reads a proof and verifies its signature (RFC 9449 4.3, 2 to 7).
    pub(crate) fn verify(text: &str) -> Result<Self, Problem> {
        if text.len() > LONGEST {
            return Err(Problem::NotAJws);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Problem::NotAJws)?;
        let (header, claims) = signed.split_once('.').ok_or(Problem::NotAJws)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Problem::NotAJws);
        let header: Header =
            serde_json::from_slice(&decode(header)?).map_err(|_| Problem::NotAJws)?;
        // The type first: whatever else was signed with this key is no proof.
        if header.typ.as_deref() != Some("dpop+jwt") {
            return Err(Problem::Type);
        }
        let algorithm = match header.alg.as_deref() {
            Some("ES256") => Algorithm::ES256,
            Some("EdDSA") => Algorithm::EdDSA,
            Some("PS256") => Algorithm::PS256,
            _ => return Err(Problem::Algorithm),
        };
        // Nothing that a proof has needs to be critical.
        if header.crit.is_some() {
            return Err(Problem::NotAJws);
        }
        let key = PublicKey::read(&header.jwk.ok_or(Problem::Key)?, algorithm)?;
        decode(signature)?;
        let verifies =
            jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key.decoding, algorithm);
        if !verifies.map_err(|_| Problem::Key)? {
            return Err(Problem::Signature);
        }
        let claims: Claims =
            serde_json::from_slice(&decode(claims)?).map_err(|_| Problem::Claims)?;
        if claims.jti.is_empty() || claims.jti.len() > LONGEST_JTI {
            return Err(Problem::Claims);
        }
        Ok(Self {
            thumbprint: key.thumbprint,
            jti: claims.jti,
            nonce: claims.nonce,
            htm: claims.htm,
            htu: claims.htu,
            iat: claims.iat,
            ath: claims.ath,
        })
    }

    /// Whether it was made for this request (RFC 9449 4.3, 8, 9 and 12).
    pub(crate) fn is_for(&self, target: Target<'_>) -> Result<(), Problem> {
        if self.htm != target.method {
            return Err(Problem::Method);
        }
        if !is_same_address(&self.htu, target.url) {
            return Err(Problem::Url);
        }
        if let Some(token) = target.access_token
            && !self
                .ath
                .as_deref()
                .is_some_and(|ath| Secret::new(s256(token)).is(ath))
        {
            return Err(Problem::AccessToken);
        }
        Ok(())
    }

    /// How many seconds its `iat` is before `now`; negative when it is after.
    pub(crate) fn behind(&self, now: u64) -> i64 {
        // A cast from a float saturates, and what is no number becomes 0.
        (self.iat.floor() as i64)
            .checked_sub(i64::try_from(now).unwrap_or(i64::MAX))
            .and_then(i64::checked_neg)
            .unwrap_or(i64::MAX)
    }
}

/// A key that verifies, with its thumbprint.
struct PublicKey {
    decoding: DecodingKey,
    thumbprint: String,
}

impl PublicKey {
    /// Reads a JWK that fits an algorithm (RFC 7517, RFC 7518 6, RFC 8037 2).
    fn read(jwk: &Map<String, Value>, algorithm: Algorithm) -> Result<Self, Problem> {
        if PRIVATE.iter().any(|member| jwk.contains_key(*member)) {
            return Err(Problem::PrivateKey);
        }
        let text = |name: &str| jwk.get(name).and_then(Value::as_str).ok_or(Problem::Key);
        // A member in its one canonical spelling, so that one key has one thumbprint.
        let number = |name: &str| -> Result<(&str, usize), Problem> {
            let text = text(name)?;
            let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Problem::Key)?;
            Ok((text, bytes.len()))
        };
        let kind = (algorithm, text("kty")?, text("crv").unwrap_or_default());
        let (decoding, canonical) = match kind {
            (Algorithm::ES256, "EC", "P-256") => {
                let ((x, 32), (y, 32)) = (number("x")?, number("y")?) else {
                    return Err(Problem::Key);
                };
                let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
                (DecodingKey::from_ec_components(x, y), canonical)
            }
            (Algorithm::EdDSA, "OKP", "Ed25519") => {
                let (x, 32) = number("x")? else {
                    return Err(Problem::Key);
                };
                let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
                (DecodingKey::from_ed_components(x), canonical)
            }
            (Algorithm::PS256, "RSA", _) => {
                // 2048 to 4096 bits: less is weak (RFC 7518 3.5), more is a burden.
                let ((n, 256..=512), (e, 1..=4)) = (number("n")?, number("e")?) else {
                    return Err(Problem::Key);
                };
                let canonical = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
                (DecodingKey::from_rsa_components(n, e), canonical)
            }
            _ => return Err(Problem::Key),
        };
        Ok(Self {
            decoding: decoding.map_err(|_| Problem::Key)?,
            thumbprint: s256(&canonical),
        })
    }
}

/// Whether `htu` names this address, both normalised, query and fragment left out
/// (RFC 9449 4.3, RFC 3986 6.2.2 and 6.2.3).
fn is_same_address(htu: &str, address: &str) -> bool {
    let normalised = |text: &str| -> Option<String> {
        let mut url = Url::parse(text).ok().filter(Url::has_host)?;
        url.set_query(None);
        url.set_fragment(None);
        Some(normalise_escapes(url.as_str()))
    };
    matches!((normalised(htu), normalised(address)), (Some(a), Some(b)) if a == b)
}

/// Percent-escapes of unreserved characters are undone, others written in capitals.
fn normalise_escapes(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        normal.push_str(before);
        let octet = after
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let (Some(octet), Some(next)) = (octet, after.get(2..)) else {
            normal.push('%');
            rest = after;
            continue;
        };
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            normal.push(char::from(octet));
        } else {
            normal.push_str(&format!("%{octet:02X}"));
        }
        rest = next;
    }
    normal.push_str(rest);
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The proof of RFC 9449 4.1, Figure 2, for a token request.
    const RFC_PROOF: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6Ik\
        VDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCR\
        nMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JE\
        QSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIj\
        oiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwia\
        WF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg\
        4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";

    fn target(url: &str) -> Target<'_> {
        Target {
            method: "POST",
            url,
            access_token: None,
        }
    }

    #[test]
    fn the_proof_of_the_standard_verifies_with_the_thumbprint_of_the_standard() {
        let proof = Proof::verify(RFC_PROOF).map_err(Problem::reason).unwrap();
        // RFC 9449 6.1, Figure 9.
        assert_eq!(
            proof.thumbprint,
            "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
        );
        assert_eq!(proof.jti, "-BwC3ESc6acc2lTc");
        assert_eq!(proof.behind(1_562_262_616), 0);
        assert_eq!(proof.behind(1_562_262_600), -16);
        let here = "https://server.example.com/token";
        assert_eq!(proof.is_for(target(here)), Ok(()));
        let with_token = Target {
            access_token: Some("x"),
            ..target(here)
        };
        assert_eq!(proof.is_for(with_token), Err(Problem::AccessToken));
    }

    #[test]
    fn addresses_are_compared_after_normalisation() {
        let here = "http://localhost:9001/api/notes/1";
        for same in [
            "http://localhost:9001/api/notes/1",
            "HTTP://LOCALHOST:9001/api/notes/1",
            "http://localhost:9001/api/notes/1?a=b",
            "http://localhost:9001/api/notes/1#top",
            "http://localhost:9001/api/%6Eotes/1",
            "http://localhost:9001/api/x/../notes/./1",
        ] {
            assert!(is_same_address(same, here), "{same}");
        }
        for other in [
            "http://localhost:9001/api/notes/1/",
            "http://localhost:9001/api/NOTES/1",
            "http://localhost:9002/api/notes/1",
            "http://localhost/api/notes/1",
            "https://localhost:9001/api/notes/1",
            "http://127.0.0.1:9001/api/notes/1",
            "http://user@localhost:9001/api/notes/1",
            "http://localhost:9001/api%2Fnotes/1",
            "/api/notes/1",
            "",
        ] {
            assert!(!is_same_address(other, here), "{other}");
        }
        assert!(is_same_address(
            "https://a.example:443/x%2fy",
            "https://a.example/x%2Fy"
        ));
        assert!(is_same_address("https://a.example", "https://a.example/"));
        assert_eq!(normalise_escapes("%7e%zz%c3%A9%"), "~%zz%C3%A9%");
    }

    #[test]
    fn an_absurd_time_is_far_away() {
        for iat in [f64::MAX, f64::MIN, f64::INFINITY, f64::NEG_INFINITY] {
            let proof = Proof {
                iat,
                ..Proof::verify(RFC_PROOF).map_err(Problem::reason).unwrap()
            };
            assert!(proof.behind(1_800_000_000).unsigned_abs() > 1_000_000);
        }
    }
}
