//! Checking an authorization request (RFC 6749 4.1.1, OpenID Connect Core 3.1.2.1), and answering it.

use std::sync::Arc;

use axum::response::Response;

use super::AuthServer;
use super::authorization_params::{
    check_acr_values, check_challenge, check_dpop_jkt, check_hint, check_prompt, check_resources,
    check_scope,
};
use super::error::{Code, OAuthError};
use super::lang::Lang;
use super::pages;
use super::par::REQUEST_URI_PREFIX;
use crate::acr::Level;
use crate::client::Client;
use crate::feed::{EventKind, EventServer};
use crate::lock;
use crate::params::Params;
use crate::scope::ScopeSet;

/// What `prompt` asks for (OpenID Connect Core 3.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prompt {
    /// No page may be shown.
    None,
    /// Pages as needed, and these in any case.
    Ask { login: bool, consent: bool },
}

/// A request that may be answered with a redirect: everything in it is checked.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizationRequest {
    pub(crate) client: Arc<Client>,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: String,
    pub(crate) scopes: ScopeSet,
    pub(crate) resources: Vec<String>,
    /// The thumbprint of the key that the code is bound to (RFC 9449 10).
    pub(crate) dpop_jkt: Option<String>,
    pub(crate) prompt: Prompt,
    /// Seconds.
    pub(crate) max_age: Option<u64>,
    /// How surely the user must be known (`acr_values`).
    pub(crate) level: Level,
    pub(crate) login_hint: Option<String>,
    pub(crate) lang: Option<Lang>,
    /// The user whom `id_token_hint` names.
    pub(crate) required_sub: Option<String>,
}

/// Why a request cannot be answered with a redirect: nobody knows that the address is the client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unanswerable {
    TooManyParameters,
    NoClientId,
    UnknownClient,
    NoRedirectUri,
    UnregisteredRedirectUri,
    /// It came through the browser, and this client must push it (RFC 9126 4).
    NotPushed,
    /// Its `request_uri` was used, is too old, or was made for another client.
    UnknownRequestUri,
}

impl Unanswerable {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::TooManyParameters => "too_many_parameters",
            Self::NoClientId => "missing_client_id",
            Self::UnknownClient => "unknown_client",
            Self::NoRedirectUri => "missing_redirect_uri",
            Self::UnregisteredRedirectUri => "unregistered_redirect_uri",
            Self::NotPushed => "pushed_authorization_request_required",
            Self::UnknownRequestUri => "invalid_request_uri",
        }
    }
}

/// Where a refused request's answer goes.
#[derive(Clone, Debug)]
pub(crate) struct ReturnAddress {
    client_id: String,
    redirect_uri: String,
    state: Option<String>,
}

/// A request that is turned down.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Told to the user; never a redirect (RFC 6749 4.1.2.1).
    Page(Unanswerable),
    /// Told to the client at its redirect URI.
    Client(ReturnAddress, OAuthError),
}

impl AuthorizationRequest {
    fn return_address(&self) -> ReturnAddress {
        ReturnAddress {
            client_id: self.client.id.clone(),
            redirect_uri: self.redirect_uri.clone(),
            state: self.state.clone(),
        }
    }

    /// Leads back to the app with an answer.
    pub(crate) fn answer(&self, server: &AuthServer, answer: &[(&str, &str)]) -> Response {
        self.return_address().answer(server, answer)
    }

    /// Leads back to the app with a refusal.
    pub(crate) fn refuse(&self, server: &AuthServer, error: &OAuthError) -> Response {
        self.return_address().refuse(server, error)
    }
}

impl ReturnAddress {
    /// Adds the answer to the redirect URI, keeping the query it was registered with, with `state`
    /// and the issuer (RFC 9207 2).
    fn answer(&self, server: &AuthServer, answer: &[(&str, &str)]) -> Response {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(answer);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        let faults = &server.shared.faults;
        if faults.strikes(|f| &mut f.callback_wrong_iss) {
            query.append_pair("iss", "https://issuer.invalid");
        } else if !faults.strikes(|f| &mut f.callback_omit_iss) {
            query.append_pair("iss", &server.shared.urls.issuer);
        }
        let separator = if self.redirect_uri.contains('?') {
            '&'
        } else {
            '?'
        };
        pages::redirect_to(&format!(
            "{}{separator}{}",
            self.redirect_uri,
            query.finish()
        ))
    }

    pub(crate) fn refuse(&self, server: &AuthServer, error: &OAuthError) -> Response {
        server
            .shared
            .feed
            .event(
                EventServer::AuthorizationServer,
                EventKind::Refused,
                "/authorize",
            )
            .client(&self.client_id)
            .detail("error", error.code.name())
            .detail("reason", &error.description)
            .record();
        let answer = [
            ("error", error.code.name()),
            ("error_description", error.description.as_ref()),
        ];
        self.answer(server, &answer)
    }
}

/// Checks a request, in the order that decides where an error may be told. One that was pushed
/// before was checked then.
pub(crate) fn check(server: &AuthServer, params: &Params) -> Result<AuthorizationRequest, Refusal> {
    let page = |problem| Refusal::Page(problem);
    let policy = server.shared.policy.get();
    // A repeated client_id names nobody.
    let single = |name| params.get(name).filter(|_| !params.is_repeated(name));
    let client_id = single("client_id").ok_or(page(Unanswerable::NoClientId))?;
    let client = server
        .clients
        .find(client_id)
        .ok_or(page(Unanswerable::UnknownClient))?;
    if let Some(request_uri) = single("request_uri")
        && request_uri.starts_with(REQUEST_URI_PREFIX)
        && policy.par
    {
        // Whatever else stands in the address does not count (RFC 9126 4, RFC 9101 5).
        return lock(&server.pushed)
            .take(request_uri, client_id, server.shared.clock.now_ms())
            .ok_or(page(Unanswerable::UnknownRequestUri));
    }
    if policy.require_par || client.require_par {
        return Err(page(Unanswerable::NotPushed));
    }
    check_of(server, params, client)
}

/// Checks a request of this client.
pub(crate) fn check_of(
    server: &AuthServer,
    params: &Params,
    client: Arc<Client>,
) -> Result<AuthorizationRequest, Refusal> {
    let page = |problem| Refusal::Page(problem);
    let single = |name| params.get(name).filter(|_| !params.is_repeated(name));
    let redirect_uri = single("redirect_uri").ok_or(page(Unanswerable::NoRedirectUri))?;
    // By simple string comparison, ports of loopback included (RFC 9700 4.1.3).
    if !client
        .redirect_uris
        .iter()
        .any(|registered| registered == redirect_uri)
    {
        return Err(page(Unanswerable::UnregisteredRedirectUri));
    }

    let state = single("state").map(str::to_owned);
    let address = ReturnAddress {
        client_id: client.id.clone(),
        redirect_uri: redirect_uri.to_owned(),
        state: state.clone(),
    };
    check_for_client(server, params, client, redirect_uri, state)
        .map_err(|error| Refusal::Client(address, error))
}

fn check_for_client(
    server: &AuthServer,
    params: &Params,
    client: Arc<Client>,
    redirect_uri: &str,
    state: Option<String>,
) -> Result<AuthorizationRequest, OAuthError> {
    let invalid = |description: &'static str| OAuthError::new(Code::InvalidRequest, description);
    if params.first_repeated().is_some() {
        return Err(invalid("a parameter came more than once"));
    }
    for (name, code) in [
        ("request", Code::RequestNotSupported),
        ("request_uri", Code::RequestUriNotSupported),
        ("registration", Code::RegistrationNotSupported),
    ] {
        if params.get(name).is_some() {
            return Err(OAuthError::new(code, format!("{name} is not supported")));
        }
    }
    match params.get("response_type") {
        Some("code") => {}
        None => return Err(invalid("response_type is missing: it must be code")),
        Some(_) => {
            let description = "response_type must be code";
            return Err(OAuthError::new(Code::UnsupportedResponseType, description));
        }
    }
    if params
        .get("response_mode")
        .is_some_and(|mode| mode != "query")
    {
        return Err(invalid("response_mode must be query, or left out"));
    }
    let challenge = check_challenge(params)?;
    let scopes = check_scope(params, &client)?;
    let resources = check_resources(params, &client)?;
    let dpop_jkt = check_dpop_jkt(server, params)?;
    let nonce = params.get("nonce").map(str::to_owned);
    let prompt = check_prompt(params)?;
    let max_age = params
        .get("max_age")
        .map(|age| {
            age.parse()
                .map_err(|_| invalid("max_age must be a number of seconds"))
        })
        .transpose()?;
    let level = check_acr_values(params)?;
    let required_sub = check_hint(server, params)?;
    let faults = &server.shared.faults;
    let max_age = max_age.filter(|_| !faults.strikes(|f| &mut f.ignore_max_age));
    let level = level
        .filter(|_| !faults.strikes(|f| &mut f.ignore_acr_values))
        .unwrap_or_default();
    Ok(AuthorizationRequest {
        redirect_uri: redirect_uri.to_owned(),
        state,
        nonce,
        challenge,
        scopes,
        resources,
        dpop_jkt,
        prompt,
        max_age,
        level,
        login_hint: params.get("login_hint").map(str::to_owned),
        lang: params.get("ui_locales").and_then(Lang::from_ui_locales),
        required_sub,
        client,
    })
}
