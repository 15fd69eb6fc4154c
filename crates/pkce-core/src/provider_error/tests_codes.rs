//! Codes of later standards (RFC 9101 7, RFC 9449 5 and 8, RFC 9470 5).

use super::*;

#[test]
fn the_codes_of_later_standards_are_known() {
    for (value, code) in [
        ("use_dpop_nonce", ErrorCode::UseDpopNonce),
        ("invalid_dpop_proof", ErrorCode::InvalidDpopProof),
        ("invalid_request_uri", ErrorCode::InvalidRequestUri),
        (
            "unmet_authentication_requirements",
            ErrorCode::UnmetAuthenticationRequirements,
        ),
    ] {
        assert_eq!(error(value, Phase::Callback).code(), code);
        let other = error(&value.to_uppercase(), Phase::Callback);
        assert_eq!(other.code(), ErrorCode::ProviderError);
    }
}
