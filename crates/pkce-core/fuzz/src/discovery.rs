//! A metadata document.

use super::{ISSUER, check_error, issuer, json_answer};
use pkce_core::json::Json;
use pkce_core::metadata::ProviderMetadata;

/// One input.
pub fn run(data: &[u8]) {
    match ProviderMetadata::judge(&json_answer(200, data), &issuer()) {
        Err(error) => check_error(&error),
        Ok(metadata) => {
            assert_eq!(metadata.issuer().as_str(), ISSUER);
            let json = Json::parse_bytes(data).unwrap();
            let endpoints = [
                (
                    "authorization_endpoint",
                    Some(metadata.authorization_endpoint()),
                ),
                ("token_endpoint", Some(metadata.token_endpoint())),
                ("jwks_uri", metadata.jwks_uri()),
                ("userinfo_endpoint", metadata.userinfo_endpoint()),
                ("revocation_endpoint", metadata.revocation_endpoint()),
                ("end_session_endpoint", metadata.end_session_endpoint()),
            ];
            for (name, url) in endpoints {
                let Some(url) = url else { continue };
                assert_eq!(json.str(name), Some(url.as_str()));
                assert!(url.is_secure() && !url.has_fragment(), "{url:?}");
            }
            assert_eq!(
                ProviderMetadata::restore(&metadata.to_json()),
                Some(metadata)
            );
        }
    }
}
