//! Checks the values of one provider, wherever they were written.

use super::fault::Fault;
use super::manual::ManualMetadata;
use super::params::AuthorizationParams;
use super::provider::ProviderConfig;
use super::reader::join;
use super::redirect;
use super::values::{ClientId, DpopMode, Issuer, ParMode, ProviderId, Resource, Scope};
use crate::error::{Error, ErrorCode, Phase};
use crate::json::Json;
use crate::url::HttpUrl;

/// The most resource indicators of one provider.
const RESOURCE_LIMIT: usize = 32;

/// Collects a [`ProviderConfig`]; nothing is checked before [`ProviderBuilder::build`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ProviderBuilder {
    id: String,
    name: String,
    issuer: String,
    client_id: String,
    redirect_uri: String,
    post_logout_redirect_uri: String,
    scope: String,
    resources: Vec<String>,
    userinfo: bool,
    dpop: DpopMode,
    par: ParMode,
    authorization_params: Vec<(String, String)>,
    metadata: Option<Json>,
}

impl ProviderBuilder {
    pub(super) fn new(id: &str, issuer: &str, client_id: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: id.to_owned(),
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            redirect_uri: "/callback".to_owned(),
            post_logout_redirect_uri: "/".to_owned(),
            scope: "openid profile".to_owned(),
            resources: Vec::new(),
            userinfo: false,
            dpop: DpopMode::Auto,
            par: ParMode::Auto,
            authorization_params: Vec::new(),
            metadata: None,
        }
    }

    /// What the button says; the `id` unless set.
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Absolute, or a path of the page's origin; `/callback` unless set.
    pub fn redirect_uri(mut self, uri: &str) -> Self {
        uri.clone_into(&mut self.redirect_uri);
        self
    }

    /// Absolute, or a path of the page's origin; `/` unless set.
    pub fn post_logout_redirect_uri(mut self, uri: &str) -> Self {
        uri.clone_into(&mut self.post_logout_redirect_uri);
        self
    }

    /// Scope tokens separated by spaces, `openid` among them; `openid profile` unless set.
    pub fn scope(mut self, scope: &str) -> Self {
        scope.clone_into(&mut self.scope);
        self
    }

    /// Adds a resource indicator (RFC 8707).
    pub fn resource(mut self, resource: &str) -> Self {
        self.resources.push(resource.to_owned());
        self
    }

    /// Whether the UserInfo endpoint is asked too; not unless set.
    pub const fn userinfo(mut self, fetch: bool) -> Self {
        self.userinfo = fetch;
        self
    }

    /// Whether tokens are bound to a key; [`DpopMode::Auto`] unless set.
    pub const fn dpop(mut self, mode: DpopMode) -> Self {
        self.dpop = mode;
        self
    }

    /// Whether authorization requests are pushed; [`ParMode::Auto`] unless set.
    pub const fn par(mut self, mode: ParMode) -> Self {
        self.par = mode;
        self
    }

    /// Adds a parameter to the authorization request, see [`AuthorizationParams::with`].
    pub fn authorization_param(mut self, name: &str, value: &str) -> Self {
        self.authorization_params
            .push((name.to_owned(), value.to_owned()));
        self
    }

    /// Metadata of RFC 8414 by hand, with optional `jwks`, for a provider whose discovery document
    /// a browser cannot read.
    pub fn metadata(mut self, metadata: Json) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// Checks everything. Paths are resolved against the origin of `page_url`.
    ///
    /// # Errors
    /// `config_invalid_value`, `config_insecure_url`, `config_reserved_parameter`,
    /// `config_missing_key`, `config_wrong_type` (both for metadata), `config_unsupported`;
    /// `insecure_context` where the page itself is neither `https` nor loopback.
    pub fn build(self, page_url: &HttpUrl) -> Result<ProviderConfig, Error> {
        self.build_at("", page_url)
    }

    pub(super) fn build_at(self, path: &str, page_url: &HttpUrl) -> Result<ProviderConfig, Error> {
        let at = |key: &'static str| move |fault: Fault| fault.at(&join(path, key));
        let id = ProviderId::check(&self.id).map_err(at("id"))?;
        if self.name.trim().is_empty() || self.name.contains(char::is_control) {
            return Err(at("name")(Fault::invalid(
                "text for the sign-in button, without control characters",
                format!("\"{}\"", self.name),
            )));
        }
        let issuer = Issuer::check(&self.issuer).map_err(at("issuer"))?;
        let client_id = ClientId::check(&self.client_id).map_err(at("client_id"))?;
        if !page_url.is_secure() {
            return Err(Error::new(ErrorCode::InsecureContext, Phase::Environment)
                .expected("this page to be opened over https, or at a loopback host")
                .came(page_url.origin()));
        }
        let redirect_uri =
            redirect::redirect_uri(&self.redirect_uri, page_url).map_err(at("redirect_uri"))?;
        let post_logout_redirect_uri = redirect::resolve(&self.post_logout_redirect_uri, page_url)
            .map_err(at("post_logout_redirect_uri"))?;
        let scope = Scope::check(&self.scope).map_err(at("scope"))?;
        if !scope.contains("openid") {
            return Err(at("scope")(Fault::invalid(
                "openid among the scopes: without it the provider issues no ID token, and nobody \
                 is signed in (Core 3.1.2.1)",
                format!("\"{scope}\""),
            )));
        }
        let resources = resources(&self.resources, &join(path, "resource"))?;
        supported(self.dpop, self.par, path)?;
        let params_path = join(path, "authorization_params");
        let authorization_params = self
            .authorization_params
            .iter()
            .try_fold(AuthorizationParams::default(), |params, (name, value)| {
                params.with_at(&params_path, name, value)
            })?;
        let metadata = self
            .metadata
            .map(|json| ManualMetadata::check(&json, &join(path, "metadata"), &issuer))
            .transpose()?;
        Ok(ProviderConfig {
            id,
            name: self.name,
            issuer,
            client_id,
            redirect_uri,
            post_logout_redirect_uri,
            scope,
            resources,
            userinfo: self.userinfo,
            dpop: self.dpop,
            par: self.par,
            authorization_params,
            metadata,
        })
    }
}

fn resources(texts: &[String], path: &str) -> Result<Vec<Resource>, Error> {
    if texts.len() > RESOURCE_LIMIT {
        return Err(Fault::invalid("at most 32 resource indicators", "more").at(path));
    }
    let mut resources: Vec<Resource> = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let resource =
            Resource::check(text).map_err(|fault| fault.at(&format!("{path}[{index}]")))?;
        if !resources.contains(&resource) {
            resources.push(resource);
        }
    }
    Ok(resources)
}

/// What this build cannot do yet. It goes once both are there.
fn supported(dpop: DpopMode, par: ParMode, path: &str) -> Result<(), Error> {
    let (key, expected) = if dpop == DpopMode::Require {
        (
            "dpop",
            "\"auto\" or \"off\", which use bearer tokens: this build has no DPoP yet",
        )
    } else if par == ParMode::Require {
        (
            "par",
            "\"auto\": this build cannot push authorization requests yet",
        )
    } else {
        return Ok(());
    };
    Err(Fault::new(ErrorCode::ConfigUnsupported, expected, "\"require\"").at(&join(path, key)))
}
