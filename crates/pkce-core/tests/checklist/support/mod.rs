//! What the modules share: a client, a provider's documents, answers, and a page around the engine.

pub(crate) mod keys;
pub(crate) mod page;

use pkce_core::authorization::{Entropy, SignInOptions, Transaction};
use pkce_core::callback::{Callback, Grant, PageAddress};
use pkce_core::config::{Issuer, ProviderBuilder, ProviderConfig};
use pkce_core::http::{Body, Exchange, HttpRequest, HttpResponse};
use pkce_core::json::Json;
use pkce_core::metadata::ProviderMetadata;
use pkce_core::secret::SecretText;
use pkce_core::url::HttpUrl;
use pkce_core::{Error, ErrorCode, Timestamp};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const CLIENT: &str = "spa";
pub(crate) const ORIGIN: &str = "https://app.example";
pub(crate) const CALLBACK: &str = "https://app.example/callback";
/// The moment of all tests, in seconds.
pub(crate) const NOW: i64 = 1_700_000_000;

pub(crate) fn now() -> Timestamp {
    Timestamp::from_seconds(NOW)
}

pub(crate) fn url(text: &str) -> HttpUrl {
    HttpUrl::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"))
}

pub(crate) fn code<T>(result: Result<T, Error>) -> Result<(), ErrorCode> {
    result.map(drop).map_err(|error| error.code())
}

// ---- the client ----

pub(crate) fn builder() -> ProviderBuilder {
    ProviderConfig::builder("main", ISSUER, CLIENT)
}

pub(crate) fn built(builder: ProviderBuilder) -> Result<ProviderConfig, ErrorCode> {
    builder
        .build(&url("https://app.example/"))
        .map_err(|error| error.code())
}

pub(crate) fn client() -> ProviderConfig {
    built(builder()).unwrap()
}

/// Different octets for each number.
pub(crate) fn entropy(number: u8) -> Entropy {
    let mut octets = [0; 96];
    for (index, octet) in (0_u8..).zip(octets.iter_mut()) {
        *octet = index.wrapping_mul(37).wrapping_add(number);
    }
    Entropy::new(octets)
}

pub(crate) fn begin(client: &ProviderConfig, metadata: &ProviderMetadata) -> (Transaction, String) {
    begin_with(client, metadata, SignInOptions::default(), 1)
}

pub(crate) fn begin_with(
    client: &ProviderConfig,
    metadata: &ProviderMetadata,
    options: SignInOptions,
    number: u8,
) -> (Transaction, String) {
    let (transaction, url) =
        Transaction::begin(client, metadata, options, entropy(number), now()).unwrap();
    (transaction, url.expose().to_owned())
}

/// A good answer to a transaction.
pub(crate) fn granted(transaction: Transaction) -> Grant {
    let query = query(&[("code", "c1"), ("state", transaction.state().expose())]);
    Callback::read(at("/callback", &query, ""))
        .unwrap()
        .judge(transaction, now())
        .unwrap()
}

// ---- the provider ----

pub(crate) fn document(change: impl FnOnce(&mut Value)) -> Value {
    let mut document = json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://id.example/authorize",
        "token_endpoint": "https://id.example/token",
        "jwks_uri": "https://id.example/jwks",
    });
    change(&mut document);
    document
}

pub(crate) fn judge_metadata(document: &Value) -> Result<ProviderMetadata, ErrorCode> {
    let issuer = Issuer::parse(ISSUER).unwrap();
    ProviderMetadata::judge(&answer(200, document), &issuer).map_err(|error| error.code())
}

pub(crate) fn metadata() -> ProviderMetadata {
    judge_metadata(&document(|_| ())).unwrap()
}

// ---- what goes over the wire ----

pub(crate) fn response(status: u16, content_type: &str, body: &str) -> HttpResponse {
    HttpResponse {
        status,
        content_type: Some(content_type.to_owned()),
        retry_after: None,
        body: Body(body.as_bytes().to_vec()),
    }
}

pub(crate) fn answer(status: u16, body: &Value) -> Exchange {
    Ok(response(status, "application/json", &body.to_string()))
}

pub(crate) fn refusal(status: u16, error: &str) -> Exchange {
    answer(status, &json!({"error": error}))
}

/// The parameters of a URL, as another parser reads them.
pub(crate) fn params(text: &str) -> Vec<(String, String)> {
    let url = ::url::Url::parse(text).unwrap();
    url.query_pairs().into_owned().collect()
}

/// The parameters of a form-encoded body, as another parser reads them.
pub(crate) fn form(request: &HttpRequest) -> Vec<(String, String)> {
    let body = request.form.as_ref().map_or("", SecretText::expose);
    ::url::form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect()
}

/// The value of the only parameter with this name.
pub(crate) fn only<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    let mut found = pairs.iter().filter(|(own, _)| own == name);
    let (_, value) = found
        .next()
        .unwrap_or_else(|| panic!("no {name} in {pairs:?}"));
    assert!(found.next().is_none(), "{name} is repeated");
    value
}

pub(crate) fn all<'a>(pairs: &'a [(String, String)], name: &str) -> Vec<&'a str> {
    let found = pairs.iter().filter(|(own, _)| own == name);
    found.map(|(_, value)| value.as_str()).collect()
}

pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    ::url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

pub(crate) fn at<'a>(path: &'a str, query: &'a str, fragment: &'a str) -> PageAddress<'a> {
    PageAddress {
        path,
        query,
        fragment,
    }
}

pub(crate) fn parsed(value: &Value) -> Json {
    Json::parse(&value.to_string()).unwrap()
}
