//! Calls of an API with the user's access token.

use crate::auth::SignedInSession;
use crate::shell::fetch::{Deadline, Sending, hardened, read};
use gloo_net::http::{Method, RequestBuilder};
use pkce_core::api::{ApiVerdict, Attempt, judge_status, parse_url};
use pkce_core::url::HttpUrl;
use pkce_core::{Error, ErrorCode, Phase};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use wasm_bindgen::JsValue;

/// How much longer a token must be valid when a request is sent with it.
const TRAVEL_TIME: Duration = Duration::from_secs(5);
/// The largest answer that is read unless the request says otherwise, in octets.
const DEFAULT_LIMIT: usize = 10 << 20;

/// A request to an API of the configuration.
///
/// ```
/// use leptos_pkce::ApiRequest;
/// let request = ApiRequest::post("https://api.example/notes").json(&["milk", "eggs"]);
/// # let _ = request;
/// ```
#[derive(Clone, Debug)]
pub struct ApiRequest {
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
    timeout: Duration,
    limit: usize,
}

impl ApiRequest {
    /// A request of this method to an absolute URL, which must be one of the configured APIs or
    /// below one.
    #[must_use]
    pub fn new(method: Method, url: &str) -> Self {
        Self {
            method,
            url: url.to_owned(),
            headers: Vec::new(),
            body: None,
            timeout: Duration::from_secs(30),
            limit: DEFAULT_LIMIT,
        }
    }

    /// A GET.
    #[must_use]
    pub fn get(url: &str) -> Self {
        Self::new(Method::GET, url)
    }

    /// A POST.
    #[must_use]
    pub fn post(url: &str) -> Self {
        Self::new(Method::POST, url)
    }

    /// A PUT.
    #[must_use]
    pub fn put(url: &str) -> Self {
        Self::new(Method::PUT, url)
    }

    /// A DELETE.
    #[must_use]
    pub fn delete(url: &str) -> Self {
        Self::new(Method::DELETE, url)
    }

    /// Adds a header. `Authorization` is the library's, and a value with a line break is no header:
    /// both are left out.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        let is_good = !name.is_empty()
            && name.bytes().all(is_token)
            && value
                .bytes()
                .all(|b| (0x20..=0x7e).contains(&b) || b == b'\t')
            && !name.eq_ignore_ascii_case("authorization");
        if is_good {
            self.headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Sends text as the body.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: &str) -> Self {
        self.body = Some(body.to_owned());
        self.header("content-type", content_type)
    }

    /// Sends a value as JSON. What cannot be written as JSON is sent as `null`.
    #[must_use]
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        let text = serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned());
        self.body("application/json", &text)
    }

    /// How long a whole answer may take; 30 s unless said otherwise.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How large an answer may be, in octets; 10 MB unless said otherwise.
    #[must_use]
    pub const fn limit(mut self, octets: usize) -> Self {
        self.limit = octets;
        self
    }
}

/// An API's answer.
#[derive(Clone, Debug)]
pub struct ApiResponse {
    status: u16,
    content_type: Option<String>,
    body: Vec<u8>,
}

impl ApiResponse {
    /// The status code.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is 200 to 299.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// The `Content-Type` header.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The octets of the body.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body as text; what is no UTF-8 becomes U+FFFD.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as a value.
    ///
    /// # Errors
    /// `invalid_json` where it is no JSON of that form.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Error::new(ErrorCode::InvalidJson, Phase::Api)
                .expected("JSON of the form that the app asks for")
                .came(format!("something else in line {}", error.line()))
        })
    }

    /// The error of a status that is none of success: `api_status`.
    ///
    /// # Errors
    /// Where the status is not 200 to 299.
    pub fn success(self) -> Result<Self, Error> {
        if self.is_success() {
            return Ok(self);
        }
        Err(Error::new(ErrorCode::ApiStatus, Phase::Api)
            .expected("a status of success")
            .came(format!("status {}", self.status)))
    }
}

/// Sends a request with the newest token, and once more where the API refuses it.
pub(crate) async fn fetch(
    session: &SignedInSession,
    request: ApiRequest,
) -> Result<ApiResponse, Error> {
    let shell = session.auth().shell()?;
    // The browser's own reading of the URL is what is checked and what is sent.
    let url = web_sys::Url::new(&request.url).map(|url| url.href());
    let url = parse_url(url.as_deref().unwrap_or(&request.url))?;
    shell.with_config(|config| config.apis().entry_for(&url).map(|_| ()))?;
    let mut grant = session.token(TRAVEL_TIME, None).await?;
    let mut attempt = Attempt::First;
    loop {
        let authorization = format!("{} {}", grant.token_type.as_str(), grant.token.expose());
        let (response, challenge) = send(&request, &url, &authorization).await?;
        match judge_status(response.status, challenge.as_deref(), attempt) {
            ApiVerdict::RefreshAndRetry => {
                grant = session
                    .token(Duration::ZERO, Some(grant.generation))
                    .await?;
                attempt = Attempt::AfterRefresh;
            }
            ApiVerdict::Failed(error) if error.code() == ErrorCode::ApiStatus => {
                return Ok(response);
            }
            verdict => return verdict.into_error().map_or(Ok(response), Err),
        }
    }
}

async fn send(
    request: &ApiRequest,
    url: &HttpUrl,
    authorization: &str,
) -> Result<(ApiResponse, Option<String>), Error> {
    let unbuilt = || {
        Error::new(ErrorCode::ApiStatus, Phase::Api)
            .expected("a request that the browser accepts")
            .came("one that it refuses to build (a body with GET?)")
    };
    let deadline = Deadline::after(request.timeout).ok_or_else(unbuilt)?;
    let mut builder = RequestBuilder::new(url.as_str()).method(request.method.clone());
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    let builder = hardened(builder.header("authorization", authorization))
        .redirect(web_sys::RequestRedirect::Manual)
        .abort_signal(Some(&deadline.signal()));
    let built = match &request.body {
        Some(body) => builder.body(JsValue::from_str(body)),
        None => builder.build(),
    };
    let sending = Sending(built.map_err(|_| unbuilt())?.into());
    let answer = async {
        let response = sending.send(false, &deadline).await?;
        let header = |name: &str| response.headers().get(name).ok().flatten();
        let body = read(&response, request.limit, &deadline).await?;
        let challenge = header("www-authenticate");
        let content_type = header("content-type");
        Ok((
            ApiResponse {
                status: response.status(),
                content_type,
                body,
            },
            challenge,
        ))
    };
    answer
        .await
        .map_err(|fault: pkce_core::http::TransportFault| fault.into_error(Phase::Api))
}
