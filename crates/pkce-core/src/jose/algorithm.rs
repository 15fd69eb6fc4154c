//! The four signature algorithms of an ID token, and their names in WebCrypto.

/// An algorithm whose signatures are accepted. There is none for `none` and none for HMAC: a
/// public client has no secret, and `HS256` would make the public key one (RFC 8725 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 3.3).
    Rs256,
    /// RSASSA-PSS with SHA-256 and a salt of 32 octets (RFC 7518 3.5).
    Ps256,
    /// ECDSA on P-256 with SHA-256 (RFC 7518 3.4).
    Es256,
    /// EdDSA on Ed25519 (RFC 8037 3.1).
    EdDsa,
}

/// What `crypto.subtle.importKey` and `crypto.subtle.verify` take as `algorithm`.
///
/// One dictionary serves both calls: WebIDL reads the members that a call knows and no others.
/// A member that is `None` is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebCryptoParams {
    /// `name`
    pub name: &'static str,
    /// `hash`: read by `importKey` for RSA and by `verify` for ECDSA.
    pub hash: Option<&'static str>,
    /// `namedCurve`: read by `importKey` for ECDSA.
    pub named_curve: Option<&'static str>,
    /// `saltLength` in octets: read by `verify` for RSA-PSS.
    pub salt_length: Option<u32>,
}

impl SignatureAlgorithm {
    /// All of them, in the order of preference.
    pub const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    /// The `alg` of a header or a key (RFC 7518 3.1, RFC 8037 3.1).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of exactly this name; names are case-sensitive (RFC 7515 4.1.1).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    /// How long every signature is, in octets; `None` for RSA, where it is the modulus's length.
    #[must_use]
    pub const fn signature_octets(self) -> Option<usize> {
        match self {
            Self::Rs256 | Self::Ps256 => None,
            Self::Es256 | Self::EdDsa => Some(64),
        }
    }

    /// The parameters of WebCrypto's `importKey` and `verify`.
    #[must_use]
    pub const fn web_crypto(self) -> WebCryptoParams {
        let (name, hash, named_curve, salt_length) = match self {
            Self::Rs256 => ("RSASSA-PKCS1-v1_5", Some("SHA-256"), None, None),
            Self::Ps256 => ("RSA-PSS", Some("SHA-256"), None, Some(32)),
            Self::Es256 => ("ECDSA", Some("SHA-256"), Some("P-256"), None),
            Self::EdDsa => ("Ed25519", None, None, None),
        };
        WebCryptoParams {
            name,
            hash,
            named_curve,
            salt_length,
        }
    }
}
