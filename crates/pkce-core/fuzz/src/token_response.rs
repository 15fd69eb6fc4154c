//! The token endpoint's answer: its body, with status 200 and 400.

use super::{CANARY, canary_in_json, check_error, json_answer};
use pkce_core::Phase;
use pkce_core::json::Json;
use pkce_core::token::judge;

const SECRETS: [&str; 3] = ["access_token", "refresh_token", "id_token"];

/// One input.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let body = canary_in_json(text, &SECRETS);
    match judge(&json_answer(400, body.as_bytes()), Phase::Refresh) {
        Ok(_) => panic!("tokens with status 400"),
        Err(error) => check_error(&error),
    }
    match judge(&json_answer(200, body.as_bytes()), Phase::Token) {
        Err(error) => check_error(&error),
        Ok(response) => {
            let json = Json::parse(&body).unwrap();
            assert_eq!(
                json.str("access_token"),
                Some(response.access_token.expose())
            );
            assert!(
                json.str("token_type")
                    .unwrap()
                    .eq_ignore_ascii_case("bearer")
            );
            assert!(!response.access_token.expose().is_empty());
            for (name, came) in [
                (
                    "refresh_token",
                    response.refresh_token.as_ref().map(|token| token.expose()),
                ),
                (
                    "id_token",
                    response.id_token.as_ref().map(|token| token.expose()),
                ),
            ] {
                assert_eq!(json.str(name).filter(|text| !text.is_empty()), came);
            }
            if let Some(lifetime) = response.expires_in {
                assert!((1..=315_360_000).contains(&lifetime.as_secs()));
            }
            assert!(
                response
                    .scope
                    .as_ref()
                    .is_none_or(|scope| !scope.as_str().is_empty())
            );
            assert!(!format!("{response:?}").contains(CANARY));
        }
    }
}
