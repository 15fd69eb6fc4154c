//! The provider's keys (RFC 7517, RFC 7518 6, RFC 8037 2).

use super::{Jws, SignatureAlgorithm, VerifyRequest};
use crate::encoding::base64url_decode;
use crate::error::{Error, ErrorCode, Phase};
use crate::http::{Exchange, document};
use crate::json::{Json, ObjectWriter};

/// The keys of a provider that can check a signature here.
///
/// Entries that cannot are left out one by one, as RFC 7517 5 asks: a set may hold keys for other
/// purposes, and of kinds that are not known yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Jwks {
    keys: Vec<Jwk>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Jwk {
    kid: Option<String>,
    algorithm: Option<SignatureAlgorithm>,
    material: Material,
}

/// The public members only, as they came: base64url that has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    Rsa {
        n: String,
        e: String,
        modulus_octets: usize,
    },
    P256 {
        x: String,
        y: String,
    },
    Ed25519 {
        x: String,
    },
}

/// A modulus of fewer bits is too weak (RFC 7518 3.3).
const MIN_MODULUS_BITS: usize = 2048;
/// A modulus of more bits is slow, and browsers refuse it.
const MAX_MODULUS_BITS: usize = 8192;

impl Jwks {
    /// So many keys are kept of one set; further ones are left out.
    pub const MAX_KEYS: usize = 64;
    /// So many keys are tried for one token.
    pub const MAX_CANDIDATES: usize = 8;

    /// Judges the answer to
    /// [`ProviderMetadata::jwks_request`](crate::metadata::ProviderMetadata::jwks_request).
    ///
    /// # Errors
    /// What [`document`] finds, and what [`Jwks::parse`] finds.
    pub fn judge(exchange: &Exchange) -> Result<Self, Error> {
        document(exchange, Phase::Jwks).and_then(|json| Self::parse(&json))
    }

    /// Reads a JWK Set (RFC 7517 5).
    ///
    /// Left out are keys for encryption (`use`, `key_ops`), symmetric ones, other types and
    /// curves, RSA keys under 2048 or over 8192 bits or with an exponent that is even, 1 or over
    /// 32 bits, and whatever is not well-formed. Private members are never read.
    ///
    /// # Errors
    /// [`ErrorCode::JwksInvalid`] where there is no `keys` array. A set without a usable key is
    /// none: a token will say which key it needs.
    pub fn parse(document: &Json) -> Result<Self, Error> {
        let Some(entries) = document.get("keys").and_then(Json::items) else {
            return Err(invalid(document));
        };
        Ok(Self {
            keys: entries
                .iter()
                .filter_map(Jwk::parse)
                .take(Self::MAX_KEYS)
                .collect(),
        })
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// [`ErrorCode::JwksInvalid`] where the text is no JWK Set.
    pub fn from_json_text(text: &str) -> Result<Self, Error> {
        Json::parse(text)
            .ok_or_else(|| invalid(&Json::Null))
            .and_then(|json| Self::parse(&json))
    }

    /// The set as JSON text with public members only.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut list = String::from("[");
        for (index, key) in self.keys.iter().enumerate() {
            if index > 0 {
                list.push(',');
            }
            let algorithm = key.algorithm.map(SignatureAlgorithm::name);
            let object = ObjectWriter::new().opt_str("kid", key.kid.as_deref());
            list.push_str(&key.material.write(object.opt_str("alg", algorithm)));
        }
        list.push(']');
        ObjectWriter::new().raw("keys", &list).finish()
    }

    /// How many usable keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no usable key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The checks of which one has to succeed for the token to be genuine.
    ///
    /// A key fits when its type and curve are the algorithm's and its `alg`, where it has one, is
    /// the token's. A token with a `kid` is checked with the fitting keys of exactly this `kid`,
    /// several where a provider uses one `kid` twice; a key without a `kid` is not tried for it,
    /// so that a rotation is noticed and the keys are fetched again (Core 10.1.1). A token
    /// without a `kid` is checked with each fitting key, [`MAX_CANDIDATES`](Self::MAX_CANDIDATES)
    /// at most.
    ///
    /// # Errors
    /// [`ErrorCode::IdTokenKeyUnknown`] where no key fits: fetching the keys again may help.
    /// [`ErrorCode::IdTokenSignature`] where keys fit, and none can have made a signature of this
    /// length.
    pub fn candidates(&self, jws: &Jws) -> Result<Vec<VerifyRequest>, Error> {
        let algorithm = jws.algorithm();
        let mut fitting = self
            .keys
            .iter()
            .filter(|key| {
                key.fits(algorithm) && (jws.kid().is_none() || key.kid.as_deref() == jws.kid())
            })
            .peekable();
        if fitting.peek().is_none() {
            let kid = jws
                .kid()
                .map_or_else(|| "no kid".to_owned(), |kid| format!("kid {kid}"));
            return Err(Error::new(ErrorCode::IdTokenKeyUnknown, Phase::IdToken)
                .expected(format!(
                    "a token signed with one of the provider's {} keys",
                    self.len()
                ))
                .came(format!("{}, {kid}", algorithm.name())));
        }
        let requests: Vec<VerifyRequest> = fitting
            .filter_map(|key| key.request(algorithm, jws.signing_input(), jws.signature()))
            .take(Self::MAX_CANDIDATES)
            .collect();
        if requests.is_empty() {
            return Err(Error::new(ErrorCode::IdTokenSignature, Phase::IdToken)
                .expected("a signature as long as the key's modulus")
                .came(format!("{} octets", jws.signature().len())));
        }
        Ok(requests)
    }
}

impl Jwk {
    fn parse(entry: &Json) -> Option<Self> {
        let members = Members::read(entry)?;
        let for_signatures = members.usage.is_none_or(|usage| usage == "sig")
            && members
                .operations
                .is_none_or(|list| list.iter().any(|o| o.as_str() == Some("verify")));
        if !for_signatures {
            return None;
        }
        let algorithm = match members.algorithm {
            None => None,
            Some(name) => Some(SignatureAlgorithm::from_name(name)?),
        };
        let material = Material::parse(entry)?;
        let key = Self {
            kid: members.kid.map(str::to_owned),
            algorithm,
            material,
        };
        algorithm
            .is_none_or(|algorithm| key.fits(algorithm))
            .then_some(key)
    }

    fn fits(&self, algorithm: SignatureAlgorithm) -> bool {
        use SignatureAlgorithm as Alg;
        matches!(
            (algorithm, &self.material),
            (Alg::Rs256 | Alg::Ps256, Material::Rsa { .. })
                | (Alg::Es256, Material::P256 { .. })
                | (Alg::EdDsa, Material::Ed25519 { .. })
        ) && self.algorithm.is_none_or(|own| own == algorithm)
    }

    /// The check with this key; `None` where a signature of this length cannot be the key's.
    fn request(
        &self,
        algorithm: SignatureAlgorithm,
        signing_input: &[u8],
        signature: &[u8],
    ) -> Option<VerifyRequest> {
        let octets = match self.material {
            Material::Rsa { modulus_octets, .. } => modulus_octets,
            Material::P256 { .. } | Material::Ed25519 { .. } => 64,
        };
        (signature.len() == octets).then(|| VerifyRequest {
            algorithm,
            jwk: self.material.write(ObjectWriter::new()),
            signing_input: signing_input.to_vec(),
            signature: signature.to_vec(),
        })
    }
}

/// The members that any key may have (RFC 7517 4).
struct Members<'a> {
    kid: Option<&'a str>,
    algorithm: Option<&'a str>,
    usage: Option<&'a str>,
    operations: Option<&'a [Json]>,
}

impl<'a> Members<'a> {
    /// `None` where one of them has the wrong type.
    fn read(entry: &'a Json) -> Option<Self> {
        let operations = match entry.get("key_ops") {
            None => None,
            Some(value) => Some(value.items()?),
        };
        Some(Self {
            kid: optional(entry, "kid")?,
            algorithm: optional(entry, "alg")?,
            usage: optional(entry, "use")?,
            operations,
        })
    }
}

fn optional<'a>(entry: &'a Json, name: &str) -> Option<Option<&'a str>> {
    match entry.get(name) {
        None => Some(None),
        Some(value) => value.as_str().map(Some),
    }
}

impl Material {
    fn parse(entry: &Json) -> Option<Self> {
        match entry.str("kty")? {
            "RSA" => {
                let (n, e) = (entry.str("n")?, entry.str("e")?);
                let modulus_octets = modulus_octets(&base64url_decode(n)?)?;
                is_exponent(&base64url_decode(e)?).then(|| Self::Rsa {
                    n: n.to_owned(),
                    e: e.to_owned(),
                    modulus_octets,
                })
            }
            "EC" if entry.str("crv")? == "P-256" => Some(Self::P256 {
                x: coordinate(entry, "x")?,
                y: coordinate(entry, "y")?,
            }),
            "OKP" if entry.str("crv")? == "Ed25519" => Some(Self::Ed25519 {
                x: coordinate(entry, "x")?,
            }),
            _ => None,
        }
    }

    /// Adds the public members, and nothing that `importKey` could find contradictory.
    fn write(&self, object: ObjectWriter) -> String {
        match self {
            Self::Rsa { n, e, .. } => object.str("kty", "RSA").str("n", n).str("e", e),
            Self::P256 { x, y } => object
                .str("kty", "EC")
                .str("crv", "P-256")
                .str("x", x)
                .str("y", y),
            Self::Ed25519 { x } => object.str("kty", "OKP").str("crv", "Ed25519").str("x", x),
        }
        .finish()
    }
}

/// The length of an RSA modulus: odd, without leading zeros (RFC 7518 2, Base64urlUInt), and of
/// a size that is neither weak nor absurd.
fn modulus_octets(modulus: &[u8]) -> Option<usize> {
    let (first, last) = (modulus.first()?, modulus.last()?);
    let bits = modulus
        .len()
        .checked_mul(8)?
        .checked_sub(first.leading_zeros() as usize)?;
    let sound =
        *first != 0 && last & 1 == 1 && (MIN_MODULUS_BITS..=MAX_MODULUS_BITS).contains(&bits);
    sound.then_some(modulus.len())
}

/// An odd number from 3 to 2^32 - 1, without leading zeros.
fn is_exponent(exponent: &[u8]) -> bool {
    matches!(exponent, [first, .., last] if *first != 0 && last & 1 == 1 && exponent.len() <= 4)
        || matches!(exponent, [only] if *only >= 3 && only & 1 == 1)
}

/// 32 octets, leading zeros included (RFC 7518 6.2.1.2, RFC 8037 2).
fn coordinate(entry: &Json, name: &str) -> Option<String> {
    let text = entry.str(name)?;
    (base64url_decode(text)?.len() == 32).then(|| text.to_owned())
}

fn invalid(document: &Json) -> Error {
    let came = match document {
        Json::Object(_) => "an object without it",
        _ => "something else",
    };
    Error::new(ErrorCode::JwksInvalid, Phase::Jwks)
        .expected("an object with a keys array")
        .came(came)
}
