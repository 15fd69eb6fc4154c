//! A small vocabulary: a browser with cookies, an authorization request, and an app's back channel.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use demo_provider::{Clock, Demo, DemoProvider, DemoProviderBuilder, DemoUser, find_by_username};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const APP: &str = "http://localhost:8080";
pub(crate) const REDIRECT_URI: &str = "http://localhost:8080/callback";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn alice() -> &'static DemoUser {
    find_by_username("alice").unwrap()
}

pub(crate) fn bob() -> &'static DemoUser {
    find_by_username("bob").unwrap()
}

/// A provider whose time stands still.
pub(crate) fn builder() -> DemoProviderBuilder {
    DemoProvider::builder()
        .clock(Clock::manual(NOW))
        .app_origin(APP)
}

pub(crate) async fn start() -> Demo {
    builder().start().await.unwrap()
}

/// A client without cookies that follows no redirect.
pub(crate) fn http() -> Client {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap()
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) async fn read(response: Response) -> Self {
        let status = response.status();
        let headers = response.headers().clone();
        let text = response.text().await.unwrap();
        Self {
            status,
            headers,
            text,
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    /// Where a redirect leads.
    #[track_caller]
    pub(crate) fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text);
        self.headers[LOCATION].to_str().unwrap()
    }

    /// The parameters of a redirect to the app.
    #[track_caller]
    pub(crate) fn callback(&self) -> HashMap<String, String> {
        let location = self.location();
        let (uri, query) = location.split_once('?').unwrap();
        assert!(uri.starts_with("http://localhost:8080/"), "{location}");
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let params: HashMap<_, _> = pairs.iter().cloned().collect();
        assert_eq!(params.len(), pairs.len(), "repeated parameters: {location}");
        params
    }

    #[track_caller]
    pub(crate) fn callback_error(&self) -> String {
        self.callback()
            .remove("error")
            .unwrap_or_else(|| panic!("no error: {self:?}"))
    }

    /// Whether a page shows the element with this test id.
    pub(crate) fn shows(&self, test_id: &str) -> bool {
        self.text.contains(&format!("data-testid=\"{test_id}\""))
    }

    /// `data-error` of an error page.
    pub(crate) fn page_error(&self) -> &str {
        let after = self.text.split("data-error=\"").nth(1).unwrap_or_default();
        after.split('"').next().unwrap()
    }

    /// The text inside the element with this test id.
    pub(crate) fn text_of(&self, test_id: &str) -> String {
        let after = self
            .text
            .split(&format!("data-testid=\"{test_id}\""))
            .nth(1)
            .unwrap();
        after
            .split_once('>')
            .unwrap()
            .1
            .split('<')
            .next()
            .unwrap()
            .to_owned()
    }

    /// The value of a hidden field.
    #[track_caller]
    pub(crate) fn hidden(&self, name: &str) -> String {
        let marker = format!("name=\"{name}\" value=\"");
        let after = self
            .text
            .split(&marker)
            .nth(1)
            .unwrap_or_else(|| panic!("{name}: {self:?}"));
        after.split('"').next().unwrap().replace("&amp;", "&")
    }

    /// Where the page's first form goes.
    #[track_caller]
    pub(crate) fn action(&self) -> String {
        let after = self
            .text
            .split("action=\"")
            .nth(1)
            .unwrap_or_else(|| panic!("{self:?}"));
        after.split('"').next().unwrap().to_owned()
    }
}

/// Somebody's browser, at one provider.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    client: Client,
    issuer: String,
}

impl Browser {
    pub(crate) fn new(demo: &Demo) -> Self {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .cookie_store(true)
            .no_proxy()
            .build()
            .unwrap();
        Self {
            client,
            issuer: demo.issuer().to_owned(),
        }
    }

    fn absolute(&self, url: &str) -> String {
        if url.starts_with('/') {
            format!("{}{url}", self.issuer)
        } else {
            url.to_owned()
        }
    }

    /// Opens an address, following the provider's redirects to its own pages.
    pub(crate) async fn open(&self, url: &str) -> Reply {
        let reply = self.get(url, &[]).await;
        self.follow(reply).await
    }

    pub(crate) async fn get(&self, url: &str, headers: &[(&str, &str)]) -> Reply {
        let mut request = self.client.get(self.absolute(url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Reply::read(request.send().await.unwrap()).await
    }

    async fn follow(&self, mut reply: Reply) -> Reply {
        while let Some(location) = reply.headers.get(LOCATION) {
            let location = location.to_str().unwrap().to_owned();
            if !location.starts_with('/') {
                break;
            }
            reply = self.get(&location, &[]).await;
        }
        reply
    }

    /// Posts a form as given.
    pub(crate) async fn post(&self, url: &str, form: &[(&str, &str)]) -> Reply {
        self.follow(self.post_once(url, form).await).await
    }

    /// Posts a form and follows no redirect.
    pub(crate) async fn post_once(&self, url: &str, form: &[(&str, &str)]) -> Reply {
        let request = self.client.post(self.absolute(url)).form(form);
        Reply::read(request.send().await.unwrap()).await
    }

    pub(crate) async fn post_with(
        &self,
        url: &str,
        form: &[(&str, &str)],
        header: (&str, &str),
    ) -> Reply {
        let request = self
            .client
            .post(self.absolute(url))
            .header(header.0, header.1);
        let reply = Reply::read(request.form(form).send().await.unwrap()).await;
        self.follow(reply).await
    }

    /// Types a user and a password into the sign-in page.
    #[track_caller]
    pub(crate) fn submit_login<'a>(
        &'a self,
        page: &Reply,
        username: &'a str,
        password: &'a str,
    ) -> impl Future<Output = Reply> + 'a {
        let (action, csrf) = (page.action(), page.hidden("csrf"));
        async move {
            let form = [
                ("csrf", csrf.as_str()),
                ("username", username),
                ("password", password),
            ];
            self.post(&action, &form).await
        }
    }

    /// Answers the consent page.
    #[track_caller]
    pub(crate) fn decide<'a>(
        &'a self,
        page: &Reply,
        decision: &'a str,
    ) -> impl Future<Output = Reply> + 'a {
        assert!(page.shows("consent-allow"), "no consent page: {page:?}");
        let (action, csrf) = (page.action(), page.hidden("csrf"));
        async move {
            self.post(&action, &[("csrf", &csrf), ("decision", decision)])
                .await
        }
    }

    /// Goes all the way to the app, signing in and allowing where asked.
    pub(crate) async fn authorize(&self, request: &Request, user: &DemoUser) -> Reply {
        let mut reply = self.open(&request.url()).await;
        if reply.shows("login-submit") {
            reply = self
                .submit_login(&reply, user.username, user.password)
                .await;
        }
        if reply.shows("consent-allow") {
            reply = self.decide(&reply, "allow").await;
        }
        reply
    }
}

/// An authorization request that is right until it is changed.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    issuer: String,
    pub(crate) params: Vec<(String, String)>,
}

impl Request {
    pub(crate) fn new(demo: &Demo) -> Self {
        let params = [
            ("response_type", "code"),
            ("client_id", "demo-spa"),
            ("redirect_uri", REDIRECT_URI),
            (
                "scope",
                "openid profile email offline_access notes:read notes:write",
            ),
            ("state", "the state"),
            ("nonce", "the-nonce"),
            ("code_challenge", &challenge(VERIFIER)),
            ("code_challenge_method", "S256"),
            ("resource", &demo.urls().api_resource()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        Self {
            issuer: demo.issuer().to_owned(),
            params,
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.params.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.params.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.params.retain(|(key, _)| key != name);
        self
    }

    pub(crate) fn url(&self) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.params)
            .finish();
        format!("{}/authorize?{query}", self.issuer)
    }
}

pub(crate) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// Posts a form to an endpoint, as an app does.
pub(crate) async fn post(demo: &Demo, path: &str, form: &[(&str, &str)]) -> Reply {
    let url = format!("{}{path}", demo.issuer());
    Reply::read(http().post(url).form(form).send().await.unwrap()).await
}

/// Redeems a code as the demo app does.
pub(crate) async fn redeem(demo: &Demo, code: &str) -> Reply {
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "demo-spa"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ];
    post(demo, "/token", &form).await
}

pub(crate) async fn refresh(demo: &Demo, refresh_token: &str) -> Reply {
    refresh_with(demo, refresh_token, &[]).await
}

pub(crate) async fn refresh_with(demo: &Demo, refresh_token: &str, more: &[(&str, &str)]) -> Reply {
    let mut form = vec![
        ("grant_type", "refresh_token"),
        ("client_id", "demo-spa"),
        ("refresh_token", refresh_token),
    ];
    form.extend_from_slice(more);
    post(demo, "/token", &form).await
}

/// A code for the demo app.
pub(crate) async fn code(demo: &Demo, user: &DemoUser) -> String {
    code_for(demo, user, &Request::new(demo)).await
}

pub(crate) async fn code_for(demo: &Demo, user: &DemoUser, request: &Request) -> String {
    let reply = Browser::new(demo).authorize(request, user).await;
    reply.callback().remove("code").unwrap()
}

/// A whole sign-in of the demo app: the token answer.
pub(crate) async fn sign_in(demo: &Demo, user: &DemoUser) -> Value {
    sign_in_with(demo, user, &Request::new(demo)).await
}

pub(crate) async fn sign_in_with(demo: &Demo, user: &DemoUser, request: &Request) -> Value {
    let code = code_for(demo, user, request).await;
    let reply = redeem(demo, &code).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()
}

pub(crate) fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {answer}"))
}

/// Calls an API with a token.
pub(crate) async fn call(demo: &Demo, path: &str, token: &str) -> Reply {
    let request = http()
        .get(format!("{}{path}", demo.api_url()))
        .bearer_auth(token);
    Reply::read(request.send().await.unwrap()).await
}

pub(crate) async fn userinfo(demo: &Demo, token: &str) -> Reply {
    let request = http()
        .get(format!("{}/userinfo", demo.issuer()))
        .bearer_auth(token);
    Reply::read(request.send().await.unwrap()).await
}

pub(crate) async fn get(url: &str) -> Reply {
    Reply::read(http().get(url).send().await.unwrap()).await
}

pub(crate) async fn jwks(demo: &Demo) -> JwkSet {
    serde_json::from_str(&get(&format!("{}/jwks", demo.issuer())).await.text).unwrap()
}

/// Claims of a token whose signature verifies with the published keys.
pub(crate) async fn verified(demo: &Demo, token: &str) -> (jsonwebtoken::Header, Value) {
    try_verify(demo, token).await.unwrap()
}

pub(crate) async fn try_verify(
    demo: &Demo,
    token: &str,
) -> Result<(jsonwebtoken::Header, Value), jsonwebtoken::errors::Error> {
    let header = jsonwebtoken::decode_header(token)?;
    let keys = jwks(demo).await;
    let jwk = keys
        .find(header.kid.as_deref().unwrap())
        .expect("the kid is published");
    let mut validation = Validation::new(header.alg);
    validation.algorithms = vec![Algorithm::RS256, Algorithm::ES256]
        .into_iter()
        .filter(|algorithm| *algorithm == header.alg)
        .collect();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.set_required_spec_claims::<&str>(&[]);
    let data = jsonwebtoken::decode(token, &DecodingKey::from_jwk(jwk)?, &validation)?;
    Ok((data.header, data.claims))
}

/// Claims of a token, whatever its signature.
pub(crate) fn peek(token: &str) -> Value {
    let claims = URL_SAFE_NO_PAD
        .decode(token.split('.').nth(1).unwrap())
        .unwrap();
    serde_json::from_slice(&claims).unwrap()
}
