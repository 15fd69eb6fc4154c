//! Dynamic registration (RFC 7591).

use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::{Code, OAuthError, json_response};
use super::{AuthServer, ServerState};
use crate::client::{AuthMethod, NewClient, RefreshPolicy, RegisteredClient, RegistrationError};
use crate::feed::{EventKind, EventServer};
use crate::keys::SigningAlgorithm;
use crate::scope::ScopeSet;

/// Client metadata (RFC 7591 2, OpenID Connect Registration 2). Members that this server does not
/// know are ignored, as the standard says.
#[derive(Debug, Deserialize)]
struct Metadata {
    #[serde(default)]
    client_name: Option<String>,
    #[serde(default)]
    redirect_uris: Vec<String>,
    #[serde(default)]
    post_logout_redirect_uris: Vec<String>,
    #[serde(default)]
    token_endpoint_auth_method: Option<String>,
    #[serde(default)]
    grant_types: Option<Vec<String>>,
    #[serde(default)]
    response_types: Option<Vec<String>>,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    id_token_signed_response_alg: Option<String>,
    #[serde(default)]
    require_pushed_authorization_requests: bool,
    #[serde(default)]
    dpop_bound_access_tokens: bool,
}

/// `POST /register`.
pub(crate) async fn register(
    State(server): State<ServerState>,
    headers: HeaderMap,
    body: Result<axum::body::Bytes, BytesRejection>,
) -> Response {
    let feed = &server.shared.feed;
    match answer(&server, &headers, body) {
        Ok(body) => json_response(StatusCode::CREATED, &body),
        Err(error) => {
            feed.event(
                EventServer::AuthorizationServer,
                EventKind::Refused,
                "/register",
            )
            .detail("error", error.code.name())
            .record();
            error.into_response()
        }
    }
}

fn answer(
    server: &AuthServer,
    headers: &HeaderMap,
    body: Result<axum::body::Bytes, BytesRejection>,
) -> Result<Value, OAuthError> {
    let invalid =
        |description: &'static str| OAuthError::new(Code::InvalidClientMetadata, description);
    // Demanding JSON also keeps foreign pages out: they can't send it without a preflight.
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media_type = content_type
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    if !media_type.trim().eq_ignore_ascii_case("application/json") {
        return Err(invalid("the body must be application/json"));
    }
    let body = body.map_err(|_| {
        invalid("the body is too large or was cut off").with_status(StatusCode::PAYLOAD_TOO_LARGE)
    })?;
    // By way of a map, since serde would also read the members from an array.
    let metadata: Metadata = serde_json::from_slice::<Map<String, Value>>(&body)
        .and_then(|members| serde_json::from_value(Value::Object(members)))
        .map_err(|_| invalid("the body is no JSON object of client metadata"))?;
    let new = read(&metadata)?;
    let (auth_method, algorithm, scopes) =
        (new.auth_method, new.id_token_algorithm, new.scopes.clone());
    let (name, redirect_uris) = (new.name.clone(), new.redirect_uris.clone());
    let (require_par, require_dpop) = (new.require_par, new.require_dpop);
    let post_logout = new.post_logout_redirect_uris.clone();
    let registered = register_client(server, new).map_err(|error| match error {
        RegistrationError::RedirectUri { problem, .. } => OAuthError::new(
            Code::InvalidRedirectUri,
            format!("a redirect URI {problem}"),
        ),
        RegistrationError::RedirectUriCount => {
            OAuthError::new(Code::InvalidRedirectUri, "1 to 20 redirect_uris are needed")
        }
        RegistrationError::Name => invalid("client_name must have 1 to 100 characters"),
        RegistrationError::Full => {
            invalid("this demo keeps no more clients").with_status(StatusCode::SERVICE_UNAVAILABLE)
        }
        RegistrationError::Resource(_) | RegistrationError::Taken(_) => {
            OAuthError::new(Code::ServerError, "the client could not be registered")
        }
    })?;

    let mut body = json!({
        "client_id": registered.client_id,
        "client_id_issued_at": server.shared.clock.now(),
        "client_name": name.trim(),
        "redirect_uris": redirect_uris,
        "post_logout_redirect_uris": post_logout,
        "token_endpoint_auth_method": auth_method.name(),
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": scopes.to_string(),
        "id_token_signed_response_alg": algorithm.name(),
        "require_pushed_authorization_requests": require_par,
        "dpop_bound_access_tokens": require_dpop,
    });
    if let (Some(secret), Some(members)) = (&registered.client_secret, body.as_object_mut()) {
        members.insert("client_secret".to_owned(), json!(secret.expose()));
        // It never expires (RFC 7591 3.2.1).
        members.insert("client_secret_expires_at".to_owned(), json!(0));
    }
    Ok(body)
}

fn read(metadata: &Metadata) -> Result<NewClient, OAuthError> {
    let invalid =
        |description: &'static str| OAuthError::new(Code::InvalidClientMetadata, description);
    let auth_method = match metadata.token_endpoint_auth_method.as_deref() {
        // The standard's default.
        None | Some("client_secret_basic") => AuthMethod::ClientSecretBasic,
        Some("client_secret_post") => AuthMethod::ClientSecretPost,
        Some("none") => AuthMethod::None,
        Some(_) => {
            return Err(invalid(
                "token_endpoint_auth_method must be none, client_secret_basic or client_secret_post",
            ));
        }
    };
    let known_grant = |grant: &String| grant == "authorization_code" || grant == "refresh_token";
    if let Some(grants) = &metadata.grant_types
        && !(grants.iter().all(known_grant) && grants.iter().any(|g| g == "authorization_code"))
    {
        return Err(invalid(
            "grant_types must be authorization_code, and refresh_token if wanted",
        ));
    }
    if let Some(types) = &metadata.response_types
        && types.iter().any(|response_type| response_type != "code")
    {
        return Err(invalid("response_types must be code"));
    }
    let id_token_algorithm = match metadata.id_token_signed_response_alg.as_deref() {
        None | Some("RS256") => SigningAlgorithm::Rs256,
        Some("ES256") => SigningAlgorithm::Es256,
        Some(_) => {
            return Err(invalid(
                "id_token_signed_response_alg must be RS256 or ES256",
            ));
        }
    };
    let scopes = match metadata.scope.as_deref() {
        None => ScopeSet::all(),
        Some(scope) => ScopeSet::parse(scope),
    };
    if scopes.is_empty() {
        return Err(invalid("scope names nothing that this server knows"));
    }
    // Without a name of its own an app is shown by the host it lives at.
    let host = metadata
        .redirect_uris
        .first()
        .and_then(|uri| crate::origin::origin_of(uri));
    let name = metadata
        .client_name
        .clone()
        .or(host)
        .unwrap_or_else(|| "app".to_owned());
    Ok(NewClient {
        client_id: None,
        name,
        auth_method,
        redirect_uris: metadata.redirect_uris.clone(),
        post_logout_redirect_uris: metadata.post_logout_redirect_uris.clone(),
        scopes,
        resources: None,
        id_token_algorithm,
        refresh: RefreshPolicy::WithOfflineAccess,
        require_par: metadata.require_pushed_authorization_requests,
        require_dpop: metadata.dpop_bound_access_tokens,
    })
}

/// Registers a client and tells the feed.
pub(crate) fn register_client(
    server: &AuthServer,
    new: NewClient,
) -> Result<RegisteredClient, RegistrationError> {
    let method = new.auth_method.name();
    let registered = server.clients.register(new, server.shared.clock.now())?;
    server
        .shared
        .feed
        .event(
            EventServer::AuthorizationServer,
            EventKind::Issued,
            "/register",
        )
        .client(&registered.client_id)
        .detail(
            "issued",
            if method == "none" {
                "client_id"
            } else {
                "client_id client_secret"
            },
        )
        .detail("token_endpoint_auth_method", method)
        .record();
    Ok(registered)
}
