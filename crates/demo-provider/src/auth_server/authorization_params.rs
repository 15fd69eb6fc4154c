//! Checking the parameters of an authorization request, one by one.

use serde::Deserialize;

use super::AuthServer;
use super::authorization_request::Prompt;
use super::error::{Code, OAuthError};
use crate::acr::Level;
use crate::client::Client;
use crate::keys::AcceptKeys;
use crate::params::Params;
use crate::policy::DpopSupport;
use crate::scope::ScopeSet;

/// PKCE is required, and only with S256 (RFC 7636 4.3, RFC 9700 2.1.1).
pub(super) fn check_challenge(params: &Params) -> Result<String, OAuthError> {
    let invalid = |description: &'static str| OAuthError::new(Code::InvalidRequest, description);
    let challenge = params
        .get("code_challenge")
        .ok_or_else(|| invalid("code_challenge is missing: PKCE is required"))?;
    match params.get("code_challenge_method") {
        Some("S256") => {}
        // Without a method the challenge would be the verifier itself.
        None => return Err(invalid("code_challenge_method is missing: it must be S256")),
        Some(_) => return Err(invalid("code_challenge_method must be S256")),
    }
    if !is_sha256_base64url(challenge) {
        return Err(invalid("code_challenge must be 43 characters of base64url"));
    }
    Ok(challenge.to_owned())
}

pub(super) fn check_scope(params: &Params, client: &Client) -> Result<ScopeSet, OAuthError> {
    let invalid = |description: &'static str| OAuthError::new(Code::InvalidScope, description);
    let scopes = ScopeSet::parse(params.get("scope").unwrap_or_default());
    if scopes.is_empty() {
        return Err(invalid("scope names nothing that this server knows"));
    }
    if !client.scopes.covers(&scopes) {
        return Err(invalid(
            "scope names something that this client may not ask for",
        ));
    }
    Ok(scopes)
}

/// Resource indicators: absolute URIs without a fragment that this server knows (RFC 8707 2).
pub(super) fn check_resources(params: &Params, client: &Client) -> Result<Vec<String>, OAuthError> {
    let mut resources: Vec<String> = Vec::new();
    for resource in params.all("resource") {
        if !client.resources.iter().any(|known| known == resource) {
            let description = "resource names something that this server issues no tokens for";
            return Err(OAuthError::new(Code::InvalidTarget, description));
        }
        if !resources.iter().any(|known| known == resource) {
            resources.push(resource.to_owned());
        }
    }
    Ok(resources)
}

/// The thumbprint of a DPoP key: base64url of a SHA-256 (RFC 9449 10, RFC 7638).
pub(super) fn check_dpop_jkt(
    server: &AuthServer,
    params: &Params,
) -> Result<Option<String>, OAuthError> {
    let known = server.shared.policy.get().dpop != DpopSupport::Off;
    let Some(thumbprint) = params.get("dpop_jkt").filter(|_| known) else {
        return Ok(None);
    };
    if !is_sha256_base64url(thumbprint) {
        let description = "dpop_jkt must be 43 characters of base64url";
        return Err(OAuthError::new(Code::InvalidRequest, description));
    }
    Ok(Some(thumbprint.to_owned()))
}

fn is_sha256_base64url(text: &str) -> bool {
    let is_base64url = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.len() == 43 && text.chars().all(is_base64url)
}

pub(super) fn check_prompt(params: &Params) -> Result<Prompt, OAuthError> {
    let invalid = |description: &'static str| OAuthError::new(Code::InvalidRequest, description);
    let mut prompt = Prompt::Ask {
        login: false,
        consent: false,
    };
    let mut words = params
        .get("prompt")
        .unwrap_or_default()
        .split(' ')
        .filter(|w| !w.is_empty());
    let mut first = true;
    for word in words.by_ref() {
        prompt = match (word, prompt) {
            ("none", _) if first => Prompt::None,
            ("none", _) | (_, Prompt::None) => {
                return Err(invalid("prompt=none goes with no other value"));
            }
            // With one account in a browser, choosing an account is signing in again.
            ("login" | "select_account", Prompt::Ask { consent, .. }) => Prompt::Ask {
                login: true,
                consent,
            },
            ("consent", Prompt::Ask { login, .. }) => Prompt::Ask {
                login,
                consent: true,
            },
            _ => return Err(invalid("prompt has a value that this server does not know")),
        };
        first = false;
    }
    Ok(prompt)
}

/// The level that `acr_values` asks for: the first that this server knows, since they come in order
/// of preference (OpenID Connect Core 3.1.2.1). What cannot be met is refused rather than passed
/// over in silence (RFC 9470 5).
pub(super) fn check_acr_values(params: &Params) -> Result<Option<Level>, OAuthError> {
    let mut wanted = params
        .get("acr_values")
        .unwrap_or_default()
        .split(' ')
        .filter(|acr| !acr.is_empty())
        .peekable();
    if wanted.peek().is_none() {
        return Ok(None);
    }
    let unmet = || {
        let description = "acr_values names no level that this server knows";
        OAuthError::new(Code::UnmetAuthenticationRequirements, description)
    };
    wanted.find_map(Level::named).map(Some).ok_or_else(unmet)
}

/// The user named by `id_token_hint`: an ID token of this server, which may have expired.
pub(super) fn check_hint(
    server: &AuthServer,
    params: &Params,
) -> Result<Option<String>, OAuthError> {
    #[derive(Deserialize)]
    struct Hint {
        sub: String,
    }
    let Some(hint) = params.get("id_token_hint") else {
        return Ok(None);
    };
    let issuer = &server.shared.urls.issuer;
    let hint = server
        .keys
        .verify::<Hint>(hint, issuer, AcceptKeys::AlsoRetired);
    let invalid = "id_token_hint is no ID token of this server";
    let (_, hint) = hint.ok_or_else(|| OAuthError::new(Code::InvalidRequest, invalid))?;
    Ok(Some(hint.sub))
}
