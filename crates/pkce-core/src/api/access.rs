//! The allow-list: the only places outside the provider that an access token is sent to.

use crate::config::fault::{Fault, endpoint, quoted};
use crate::config::{Resource, Scope};
use crate::error::{Error, ErrorCode, Phase};
use crate::url::HttpUrl;

/// One API: where it is, and what a token for it is asked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiEntry {
    url: HttpUrl,
    resource: Option<Resource>,
    scope: Option<Scope>,
}

impl ApiEntry {
    /// An API at `url` and below it, by whole path segments: an absolute URL, `https` or loopback,
    /// without query and fragment.
    ///
    /// # Errors
    /// `config_invalid_value`, `config_insecure_url`.
    pub fn new(url: &str) -> Result<Self, Error> {
        Self::check(url).map_err(|fault| fault.at("url"))
    }

    /// Sets the resource indicator (RFC 8707) of its tokens.
    ///
    /// # Errors
    /// `config_invalid_value`.
    pub fn with_resource(self, resource: &str) -> Result<Self, Error> {
        self.check_resource(resource)
            .map_err(|fault| fault.at("resource"))
    }

    /// Sets the scope (RFC 6749 3.3) of its tokens.
    ///
    /// # Errors
    /// `config_invalid_value`.
    pub fn with_scope(self, scope: &str) -> Result<Self, Error> {
        self.check_scope(scope).map_err(|fault| fault.at("scope"))
    }

    pub(crate) fn check(text: &str) -> Result<Self, Fault> {
        let url = endpoint(text)?;
        // A path with encoded separators covers nothing, not even itself.
        if url.query().is_some() || !url.covers(&url) {
            return Err(Fault::invalid(
                "a URL without a query and without encoded slashes: it stands for itself and all \
                 paths below it",
                quoted(text),
            ));
        }
        Ok(Self {
            url,
            resource: None,
            scope: None,
        })
    }

    pub(crate) fn check_resource(mut self, text: &str) -> Result<Self, Fault> {
        self.resource = Some(Resource::check(text)?);
        Ok(self)
    }

    pub(crate) fn check_scope(mut self, text: &str) -> Result<Self, Fault> {
        self.scope = Some(Scope::check(text)?);
        Ok(self)
    }

    /// Where the API is.
    #[must_use]
    pub const fn url(&self) -> &HttpUrl {
        &self.url
    }

    /// The resource indicator of its tokens.
    #[must_use]
    pub const fn resource(&self) -> Option<&Resource> {
        self.resource.as_ref()
    }

    /// The scope of its tokens.
    #[must_use]
    pub const fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    fn is_same_place(&self, other: &ApiEntry) -> bool {
        self.url.covers(&other.url) && other.url.covers(&self.url)
    }

    /// Of two entries that cover one URL, the longer path is the more specific.
    fn path_len(&self) -> usize {
        let path = self.url.path();
        path.strip_suffix('/').unwrap_or(path).len()
    }
}

/// The allow-list (protocol rule 29). Every entry is `https` or loopback, so what an entry covers
/// is too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiAccess {
    entries: Vec<ApiEntry>,
}

impl ApiAccess {
    /// The most entries.
    pub const LIMIT: usize = 64;

    /// The list with one more entry.
    ///
    /// # Errors
    /// `config_invalid_value` where an entry for the same origin and path is there already, or
    /// beyond [`ApiAccess::LIMIT`].
    pub fn with(self, entry: ApiEntry) -> Result<Self, Error> {
        self.with_at(entry, "url")
    }

    pub(crate) fn with_at(self, entry: ApiEntry, key: &str) -> Result<Self, Error> {
        if self.entries.len() >= Self::LIMIT {
            return Err(Fault::invalid("at most 64 entries", "more").at(key));
        }
        if self.entries.iter().any(|own| own.is_same_place(&entry)) {
            return Err(Fault::invalid(
                "a URL that no other entry has",
                quoted(entry.url.as_str()),
            )
            .at(key));
        }
        Ok(self.with_unless_present(entry))
    }

    /// The list with one more entry, unless there is one for the same place.
    pub(crate) fn with_unless_present(mut self, entry: ApiEntry) -> Self {
        if !self.entries.iter().any(|own| own.is_same_place(&entry)) {
            self.entries.push(entry);
        }
        self
    }

    /// The entries.
    #[must_use]
    pub fn entries(&self) -> &[ApiEntry] {
        &self.entries
    }

    /// The most specific entry that covers `url`: the same origin, and a path that is the entry's
    /// or lies below it by whole segments.
    ///
    /// # Errors
    /// `api_url_not_allowed`, which tells origin and path but not the query.
    pub fn entry_for(&self, url: &HttpUrl) -> Result<&ApiEntry, Error> {
        self.entries
            .iter()
            .filter(|entry| entry.url.covers(url))
            .max_by_key(|entry| entry.path_len())
            .ok_or_else(|| not_allowed(format!("{}{}", url.origin(), url.path())))
    }
}

/// Parses the URL of an API call, which must be absolute and in the form that browsers leave as it
/// is; anything else could be read as another place than the one that was checked.
///
/// # Errors
/// `api_url_not_allowed`.
pub fn parse_url(text: &str) -> Result<HttpUrl, Error> {
    HttpUrl::parse(text).map_err(|fault| not_allowed(fault.as_str().to_owned()))
}

fn not_allowed(came: String) -> Error {
    Error::new(ErrorCode::ApiUrlNotAllowed, Phase::Api)
        .expected("a URL of a configured API (resource_api or apis), or one below it")
        .came(came)
}
