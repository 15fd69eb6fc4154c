//! What differs between deployments: providers, APIs, the session's limits.
//!
//! [`PageConfig`] is the JSON block of a page, [`Config`] what the library needs of it; both can be
//! built in code and then hold the same promises. Reading is strict and stops at the first error,
//! always the same one: first the keys of an object (known, present, of their type, in the order
//! of the documentation), then its values.

mod builder;
pub(crate) mod fault;
mod manual;
mod params;
pub mod presets;
mod provider;
mod reader;
mod redirect;
mod session;
mod values;

pub use builder::ProviderBuilder;
pub use manual::ManualMetadata;
pub use params::AuthorizationParams;
pub use provider::ProviderConfig;
pub use session::SessionOptions;
pub use values::{ClientId, DpopMode, Issuer, ParMode, ProviderId, Resource, Scope};

use crate::api::{ApiAccess, ApiEntry};
use crate::error::{Error, ErrorCode, Phase};
use crate::json::Json;
use crate::url::HttpUrl;
use fault::{Fault, endpoint};
use reader::Reader;

/// The largest configuration text, in octets.
pub const TEXT_LIMIT: usize = 64 * 1024;
/// The most providers.
pub const PROVIDER_LIMIT: usize = 32;

/// What the library needs to know: providers, APIs that tokens may be sent to, session options.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    providers: Vec<ProviderConfig>,
    apis: ApiAccess,
    session: SessionOptions,
}

impl Config {
    /// A configuration with these providers, no API and the default session options.
    ///
    /// # Errors
    /// `config_invalid_value` without a provider or beyond [`PROVIDER_LIMIT`];
    /// `config_duplicate_id`.
    pub fn new(providers: Vec<ProviderConfig>) -> Result<Self, Error> {
        provider_count(providers.len())?;
        for (index, provider) in providers.iter().enumerate() {
            if providers
                .iter()
                .take(index)
                .any(|other| other.id() == provider.id())
            {
                return Err(Fault::new(
                    ErrorCode::ConfigDuplicateId,
                    "an id that no other provider has",
                    format!("\"{}\" again", provider.id()),
                )
                .at(&format!("providers[{index}].id")));
            }
        }
        Ok(Self {
            providers,
            apis: ApiAccess::default(),
            session: SessionOptions::default(),
        })
    }

    /// Adds an API that tokens may be sent to.
    ///
    /// # Errors
    /// See [`ApiAccess::with`].
    pub fn with_api(mut self, entry: ApiEntry) -> Result<Self, Error> {
        self.apis = self.apis.with(entry)?;
        Ok(self)
    }

    /// Sets the session options.
    #[must_use]
    pub fn with_session(mut self, session: SessionOptions) -> Self {
        self.session = session;
        self
    }

    /// The providers, in order; at least one.
    #[must_use]
    pub fn providers(&self) -> &[ProviderConfig] {
        &self.providers
    }

    /// The provider of an `id`.
    #[must_use]
    pub fn provider(&self, id: &str) -> Option<&ProviderConfig> {
        self.providers
            .iter()
            .find(|provider| provider.id().as_str() == id)
    }

    /// The only places outside the provider that tokens are sent to.
    #[must_use]
    pub const fn apis(&self) -> &ApiAccess {
        &self.apis
    }

    /// The session options.
    #[must_use]
    pub const fn session(&self) -> &SessionOptions {
        &self.session
    }
}

/// The whole configuration block of the app's page: a [`Config`], and what the demo page adds.
#[derive(Clone, Debug, PartialEq)]
pub struct PageConfig {
    config: Config,
    resource_api: HttpUrl,
    demo_controls: Option<HttpUrl>,
}

impl PageConfig {
    /// Reads the text of the block on the page at `page_url`.
    ///
    /// # Errors
    /// The `config_…` codes; each names the key by its full path (`providers[0].client_id`).
    /// `insecure_context` where the page itself is neither `https` nor loopback.
    pub fn parse(text: &str, page_url: &HttpUrl) -> Result<Self, Error> {
        let json = parse_text(text)?;
        let known = [
            "providers",
            "resource_api",
            "apis",
            "session",
            "demo_controls",
        ];
        let reader = Reader::new(&json, "", &known)?;

        let items = reader
            .list("providers")?
            .ok_or_else(|| reader.missing("providers", "an array of providers"))?;
        let resource_api = reader.required_text("resource_api")?;
        let apis = reader.list("apis")?.unwrap_or_default();
        let demo_controls = reader.text("demo_controls")?;

        provider_count(items.len())?;
        let providers = items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                ProviderConfig::read(item, &format!("providers[{index}]"), page_url)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut config = Config::new(providers)?;

        let resource_api = endpoint(resource_api).map_err(|f| f.at("resource_api"))?;
        for (index, item) in apis.iter().enumerate() {
            let path = format!("apis[{index}]");
            let entry = read_api(item, &path)?;
            config.apis = config.apis.with_at(entry, &format!("{path}.url"))?;
        }
        // An entry of `apis` for the same URL knows more: its resource and its scope.
        let entry = ApiEntry::check(resource_api.without_query())
            .map_err(|fault| fault.at("resource_api"))?;
        config.apis = config.apis.with_unless_present(entry);

        if let Some(json) = reader.get("session") {
            config.session = SessionOptions::read(json)?;
        }
        let demo_controls = demo_controls
            .map(|text| endpoint(text).map_err(|fault| fault.at("demo_controls")))
            .transpose()?;
        Ok(Self {
            config,
            resource_api,
            demo_controls,
        })
    }

    /// The error for a page that has no configuration block.
    #[must_use]
    pub fn missing() -> Error {
        Error::new(ErrorCode::ConfigMissing, Phase::Configuration)
            .expected(
                "an element <script id=\"auth-config\" type=\"application/json\"> in the page",
            )
            .came("none")
    }

    /// What the library needs.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// What the library needs, without the rest.
    #[must_use]
    pub fn into_config(self) -> Config {
        self.config
    }

    /// See [`Config::providers`].
    #[must_use]
    pub fn providers(&self) -> &[ProviderConfig] {
        self.config.providers()
    }

    /// See [`Config::apis`]; [`PageConfig::resource_api`] is among them.
    #[must_use]
    pub const fn apis(&self) -> &ApiAccess {
        self.config.apis()
    }

    /// See [`Config::session`].
    #[must_use]
    pub const fn session(&self) -> &SessionOptions {
        self.config.session()
    }

    /// The API that the home page calls.
    #[must_use]
    pub const fn resource_api(&self) -> &HttpUrl {
        &self.resource_api
    }

    /// The control endpoint of the demo provider; with one, the fault panel is shown.
    #[must_use]
    pub const fn demo_controls(&self) -> Option<&HttpUrl> {
        self.demo_controls.as_ref()
    }
}

fn provider_count(count: usize) -> Result<(), Error> {
    if (1..=PROVIDER_LIMIT).contains(&count) {
        return Ok(());
    }
    Err(Fault::invalid("from 1 to 32 providers", count.to_string()).at("providers"))
}

/// Parses with serde_json itself, which can say where the text goes wrong.
fn parse_text(text: &str) -> Result<Json, Error> {
    const ROOT: &str = "the configuration";
    let not_json =
        |came: String| Fault::new(ErrorCode::ConfigInvalidJson, "a JSON object", came).at(ROOT);
    if text.len() > TEXT_LIMIT {
        return Err(Fault::invalid("at most 65536 octets", text.len().to_string()).at(ROOT));
    }
    let json: Json = serde_json::from_str(text).map_err(|error| {
        let what = if error.is_data() {
            "a key that is there twice in one object"
        } else if error.is_eof() {
            "a text that ends too soon"
        } else {
            "a syntax error"
        };
        not_json(format!(
            "{what}, line {} column {}",
            error.line(),
            error.column()
        ))
    })?;
    match json {
        Json::Object(_) => Ok(json),
        other => Err(not_json(other.kind().to_owned())),
    }
}

fn read_api(json: &Json, path: &str) -> Result<ApiEntry, Error> {
    let reader = Reader::new(json, path, &["url", "resource", "scope"])?;
    let url = reader.required_text("url")?;
    let resource = reader.text("resource")?;
    let scope = reader.text("scope")?;
    let mut entry = ApiEntry::check(url).map_err(|fault| fault.at(&reader.key("url")))?;
    if let Some(text) = resource {
        entry = entry
            .check_resource(text)
            .map_err(|fault| fault.at(&reader.key("resource")))?;
    }
    if let Some(text) = scope {
        entry = entry
            .check_scope(text)
            .map_err(|fault| fault.at(&reader.key("scope")))?;
    }
    Ok(entry)
}

#[cfg(test)]
mod tests;
