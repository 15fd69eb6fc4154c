//! UserInfo (Core 5.3).

use crate::error::{Error, ErrorCode, Phase};
use crate::http::{Exchange, HttpRequest, Method, Purpose};
use crate::json::Json;
use crate::secret::{AccessToken, SecretText};
use crate::token::TokenType;
use crate::url::HttpUrl;

/// The request for the signed-in user's claims.
#[must_use]
pub fn userinfo_request(
    endpoint: HttpUrl,
    token_type: TokenType,
    token: &AccessToken,
) -> HttpRequest {
    HttpRequest {
        purpose: Purpose::Userinfo,
        method: Method::Get,
        url: endpoint,
        authorization: Some(SecretText::new(format!(
            "{} {}",
            token_type.as_str(),
            token.expose()
        ))),
        form: None,
        follow_redirects: false,
    }
}

/// Judges the answer: its `sub` must be the ID token's, or nothing in it is used (Core 5.3.2).
/// Returns the claims and their text, for storage.
///
/// # Errors
/// Transport faults, another status, no JSON, `userinfo_subject`.
pub fn judge(exchange: &Exchange, sub: &str) -> Result<(Json, String), Error> {
    let response = exchange
        .as_ref()
        .map_err(|fault| fault.into_error(Phase::Userinfo))?;
    if response.status != 200 {
        return Err(response.status_error(Phase::Userinfo));
    }
    let json = response.json_object(Phase::Userinfo)?;
    if json.str("sub") != Some(sub) {
        return Err(Error::new(ErrorCode::UserinfoSubject, Phase::Userinfo)
            .expected("the sub of the ID token")
            .came(if json.get("sub").is_some() {
                "another sub"
            } else {
                "no sub"
            }));
    }
    let text = String::from_utf8_lossy(&response.body.0).into_owned();
    Ok((json, text))
}

#[cfg(test)]
mod tests;
