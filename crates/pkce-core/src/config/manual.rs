//! `metadata`: a provider's metadata given by hand, read as strictly as the rest of the
//! configuration, since whoever wrote it can mend it.

use super::fault::{Fault, endpoint, quoted};
use super::reader::Reader;
use super::values::Issuer;
use crate::error::{Error, ErrorCode};
use crate::jose::Jwks;
use crate::json::Json;
use crate::metadata::{ENDPOINTS, FLAGS, LISTS, ProviderMetadata};

/// Metadata of RFC 8414 given by hand, with the provider's keys where a browser cannot read those
/// either. Nothing is discovered then.
#[derive(Clone, Debug, PartialEq)]
pub struct ManualMetadata {
    metadata: ProviderMetadata,
    jwks: Option<Json>,
}

impl ManualMetadata {
    /// The metadata.
    #[must_use]
    pub const fn metadata(&self) -> &ProviderMetadata {
        &self.metadata
    }

    /// The JWK Set (RFC 7517 5), an object with an array `keys`. Where there is none, the
    /// metadata has a `jwks_uri`.
    #[must_use]
    pub const fn jwks(&self) -> Option<&Json> {
        self.jwks.as_ref()
    }

    /// Members that the client does not read are left alone, as RFC 8414 2 has it.
    pub(super) fn check(json: &Json, path: &str, issuer: &Issuer) -> Result<Self, Error> {
        let reader = Reader::open(json, path)?;
        let came = reader.required_text("issuer")?;
        if came != issuer.as_str() {
            return Err(Fault::invalid(
                format!("the provider's issuer {issuer}, character for character"),
                quoted(came),
            )
            .at(&reader.key("issuer")));
        }
        for (name, is_required) in ENDPOINTS {
            match reader.text(name)? {
                Some(text) => {
                    endpoint(text).map_err(|fault| fault.at(&reader.key(name)))?;
                }
                None if *is_required => return Err(reader.missing(name, "a URL")),
                None => {}
            }
        }
        for name in FLAGS {
            reader.bool(name)?;
        }
        for name in LISTS {
            reader.texts(name)?;
        }
        let jwks = reader.get("jwks");
        match jwks {
            Some(jwks) => {
                let key = reader.key("jwks");
                let keys = Reader::open(jwks, &key)?;
                if keys.list("keys")?.is_none() {
                    return Err(keys.missing("keys", "an array of keys (RFC 7517 5)"));
                }
                if Jwks::parse(jwks).is_ok_and(|usable| usable.is_empty()) {
                    return Err(Fault::invalid(
                        "a public key for signatures with RS256, PS256, ES256 or EdDSA",
                        "none that can be used",
                    )
                    .at(&keys.key("keys")));
                }
            }
            None if reader.get("jwks_uri").is_none() => {
                return Err(reader.missing(
                    "jwks_uri",
                    "the address of the provider's keys, or jwks with the keys themselves",
                ));
            }
            None => {}
        }
        let metadata = ProviderMetadata::from_json(json, issuer)
            .map_err(|error| error.with_code(ErrorCode::ConfigInvalidValue))?;
        Ok(Self {
            metadata,
            jwks: jwks.cloned(),
        })
    }
}
