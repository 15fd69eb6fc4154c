//! One provider as the rest of the client sees it.

use super::builder::ProviderBuilder;
use super::fault::Fault;
use super::manual::ManualMetadata;
use super::params::AuthorizationParams;
use super::reader::{Reader, wrong_type};
use super::values::{ClientId, DpopMode, Issuer, ParMode, ProviderId, Resource, Scope};
use crate::error::{Error, ErrorCode};
use crate::json::Json;
use crate::url::HttpUrl;

const KEYS: [&str; 13] = [
    "id",
    "name",
    "issuer",
    "client_id",
    "redirect_uri",
    "post_logout_redirect_uri",
    "scope",
    "resource",
    "userinfo",
    "dpop",
    "par",
    "authorization_params",
    "metadata",
];

/// One provider that users can sign in with.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderConfig {
    pub(super) id: ProviderId,
    pub(super) name: String,
    pub(super) issuer: Issuer,
    pub(super) client_id: ClientId,
    pub(super) redirect_uri: HttpUrl,
    pub(super) post_logout_redirect_uri: HttpUrl,
    pub(super) scope: Scope,
    pub(super) resources: Vec<Resource>,
    pub(super) userinfo: bool,
    pub(super) dpop: DpopMode,
    pub(super) par: ParMode,
    pub(super) authorization_params: AuthorizationParams,
    pub(super) metadata: Option<ManualMetadata>,
}

impl ProviderConfig {
    /// Starts the configuration of a provider with what none can do without.
    ///
    /// ```
    /// use pkce_core::config::ProviderConfig;
    /// use pkce_core::url::HttpUrl;
    /// # let page = HttpUrl::parse("https://app.example/").map_err(|f| f.as_str()).unwrap();
    /// let provider = ProviderConfig::builder("main", "https://id.example", "my-spa")
    ///     .name("Example")
    ///     .scope("openid profile offline_access")
    ///     .authorization_param("ui_locales", "ko")
    ///     .build(&page)?;
    /// assert_eq!(provider.redirect_uri().as_str(), "https://app.example/callback");
    /// # Ok::<(), pkce_core::Error>(())
    /// ```
    pub fn builder(id: &str, issuer: &str, client_id: &str) -> ProviderBuilder {
        ProviderBuilder::new(id, issuer, client_id)
    }

    /// Reads one item of `providers`: first that every key is known, present and of its type, in
    /// the order of the documentation, then that the values are possible.
    pub(super) fn read(json: &Json, path: &str, page_url: &HttpUrl) -> Result<Self, Error> {
        let reader = Reader::new(json, path, &KEYS)?;
        let id = reader.required_text("id")?;
        let name = reader.required_text("name")?;
        let issuer = reader.required_text("issuer")?;
        let client_id = reader.required_text("client_id")?;
        let mut builder = Self::builder(id, issuer, client_id).name(name);
        if let Some(text) = reader.text("redirect_uri")? {
            builder = builder.redirect_uri(text);
        }
        if let Some(text) = reader.text("post_logout_redirect_uri")? {
            builder = builder.post_logout_redirect_uri(text);
        }
        if let Some(text) = reader.text("scope")? {
            builder = builder.scope(text);
        }
        for text in reader.texts("resource")?.unwrap_or_default() {
            builder = builder.resource(text);
        }
        builder = builder.userinfo(reader.bool("userinfo")?.unwrap_or(false));
        if let Some(text) = reader.text("dpop")? {
            builder = builder.dpop(DpopMode::check(text).map_err(|f| f.at(&reader.key("dpop")))?);
        }
        if let Some(text) = reader.text("par")? {
            builder = builder.par(ParMode::check(text).map_err(|f| f.at(&reader.key("par")))?);
        }
        if let Some(params) = reader.get("authorization_params") {
            let key = reader.key("authorization_params");
            for (name, value) in Reader::open(params, &key)?.members() {
                let Some(text) = value.as_str() else {
                    return Err(Fault::new(
                        ErrorCode::ConfigWrongType,
                        "strings alone",
                        format!("{} under the name {name}", value.kind()),
                    )
                    .at(&key));
                };
                builder = builder.authorization_param(name, text);
            }
        }
        match reader.get("metadata") {
            None | Some(Json::Null) => {}
            Some(metadata @ Json::Object(_)) => builder = builder.metadata(metadata.clone()),
            Some(other) => {
                return Err(wrong_type(
                    &reader.key("metadata"),
                    "an object or null",
                    other,
                ));
            }
        }
        builder.build_at(path, page_url)
    }

    /// The short stable name, unique among the providers.
    #[must_use]
    pub const fn id(&self) -> &ProviderId {
        &self.id
    }

    /// What the button says.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The issuer identifier.
    #[must_use]
    pub const fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The public client's identifier.
    #[must_use]
    pub const fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    /// Where the answer comes back to: absolute, of the page's own origin.
    #[must_use]
    pub const fn redirect_uri(&self) -> &HttpUrl {
        &self.redirect_uri
    }

    /// Where the provider leads after sign-out: absolute.
    #[must_use]
    pub const fn post_logout_redirect_uri(&self) -> &HttpUrl {
        &self.post_logout_redirect_uri
    }

    /// The scope asked for; it contains `openid`.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The resource indicators (RFC 8707), in the order written.
    #[must_use]
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// Whether the UserInfo endpoint is asked too.
    #[must_use]
    pub const fn userinfo(&self) -> bool {
        self.userinfo
    }

    /// Whether tokens are bound to a key.
    #[must_use]
    pub const fn dpop(&self) -> DpopMode {
        self.dpop
    }

    /// Whether authorization requests are pushed.
    #[must_use]
    pub const fn par(&self) -> ParMode {
        self.par
    }

    /// Extra parameters of the authorization request.
    #[must_use]
    pub const fn authorization_params(&self) -> &AuthorizationParams {
        &self.authorization_params
    }

    /// Metadata given by hand; where there is any, nothing is discovered.
    #[must_use]
    pub const fn metadata(&self) -> Option<&ManualMetadata> {
        self.metadata.as_ref()
    }
}
