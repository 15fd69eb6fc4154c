use crate::config::{Config, Issuer};
use crate::encoding::{base64url, form, form_parse};
use crate::http::{Body, Exchange, HttpRequest, HttpResponse, Method, TransportFault};
use crate::time::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::VecDeque;

/// A provider that answers at once and says what the test wants. Codes are spent with their first
/// use, refresh tokens rotate.
#[derive(Debug)]
pub struct ScriptedProvider {
    /// Claims of the user, such as `sub` and `name`; those of the protocol are added.
    pub claims: Map<String, Value>,
    /// What UserInfo answers; its `sub` has to be that of the claims.
    pub userinfo: Map<String, Value>,
    /// `expires_in` in seconds; `None` leaves it out.
    pub expires_in: Option<u64>,
    /// Whether tokens come with a refresh token.
    pub issues_refresh_tokens: bool,
    /// Nothing is answered, as if the network were gone.
    pub is_down: bool,
    /// What the next requests are answered with, before the provider itself is asked.
    pub next_answers: VecDeque<Exchange>,
    /// Each answers below `/0`, `/1` and so on of its origin.
    issuers: Vec<Issuer>,
    /// The one code that is good, with the `nonce` of its request.
    code: Option<(String, String)>,
    refresh_token: Option<String>,
    count: u64,
}

impl ScriptedProvider {
    /// Plays every provider of a configuration, for a user named Ann.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let user = json!({"sub": "ann", "name": "Ann Example", "email": "ann@example.org"});
        let claims = user.as_object().cloned().unwrap_or_default();
        Self {
            userinfo: claims.clone(),
            claims,
            expires_in: Some(300),
            issues_refresh_tokens: true,
            is_down: false,
            next_answers: VecDeque::new(),
            issuers: config
                .providers()
                .iter()
                .map(|provider| provider.issuer().clone())
                .collect(),
            code: None,
            refresh_token: None,
            count: 0,
        }
    }

    /// The next request is answered with an error of RFC 6749 5.2.
    pub fn fail_next(&mut self, status: u16, error: &str) {
        let answer = json_answer(status, &json!({"error": error}));
        self.next_answers.push_back(Ok(answer));
    }

    /// Nobody's refresh token is good any more.
    pub fn revoke_everything(&mut self) {
        self.refresh_token = None;
    }

    /// The user signs in and agrees: the address that the provider sends the browser to.
    pub fn agree(&mut self, authorization_url: &str) -> String {
        let code = self.next("code");
        let (address, nonce) = self.back(authorization_url, &[("code", &code)]);
        self.code = Some((code, nonce));
        address
    }

    /// The provider sends the browser back with an error of RFC 6749 4.1.2.1.
    #[must_use]
    pub fn refuse(&self, authorization_url: &str, error: &str) -> String {
        self.back(authorization_url, &[("error", error)]).0
    }

    /// The redirect URI with an answer, and the `nonce` that was asked with.
    fn back(&self, authorization_url: &str, answer: &[(&str, &str)]) -> (String, String) {
        let (path, asked) = authorization_url.split_once('?').unwrap_or_default();
        let asked = form_parse(asked);
        let issuer = self
            .issuer_at(path)
            .map_or("", |(_, issuer)| issuer.as_str());
        let value = |name: &str| {
            let pair = asked.iter().find(|(own, _)| own == name);
            pair.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let state = value("state");
        let both = [("state", state.as_str()), ("iss", issuer)];
        let query = form(answer.iter().copied().chain(both));
        (
            [&value("redirect_uri"), "?", &query].concat(),
            value("nonce"),
        )
    }

    /// The issuer whose endpoint this is, `…/0/token` being the first one's.
    fn issuer_at(&self, url: &str) -> Option<(usize, &Issuer)> {
        let index = url.rsplit('/').nth(1)?.parse().ok()?;
        Some((index, self.issuers.get(index)?))
    }

    fn next(&mut self, what: &str) -> String {
        self.count = self.count.saturating_add(1);
        format!("{what}-{}", self.count)
    }

    /// Answers a request of the engine.
    pub fn answer(&mut self, request: &HttpRequest, now: Timestamp) -> Exchange {
        if let Some(answer) = self.next_answers.pop_front() {
            return answer;
        }
        if self.is_down {
            return Err(TransportFault::Network { online: true });
        }
        let url = request.url.without_query();
        let discovered = self
            .issuers
            .iter()
            .position(|issuer| issuer.discovery_url() == &request.url);
        if let Some(index) = discovered {
            return Ok(json_answer(200, &self.metadata(index)));
        }
        let Some((_, issuer)) = self.issuer_at(url) else {
            return Ok(json_answer(404, &json!({"error": "not_found"})));
        };
        let issuer = issuer.as_str().to_owned();
        Ok(match (request.method, url.rsplit('/').next()) {
            (Method::Get, Some("jwks")) => json_answer(200, &keys()),
            (Method::Get, Some("userinfo")) => {
                json_answer(200, &Value::Object(self.userinfo.clone()))
            }
            (Method::Post, Some("revoke")) => {
                self.revoke_everything();
                json_answer(200, &json!({}))
            }
            (Method::Post, Some("token")) => self.token(request, &issuer, now),
            _ => json_answer(404, &json!({"error": "not_found"})),
        })
    }

    fn metadata(&self, index: usize) -> Value {
        let (issuer, origin) = self
            .issuers
            .get(index)
            .map(|issuer| (issuer.as_str(), issuer.origin()))
            .unwrap_or_default();
        let at = |name: &str| format!("{origin}/{index}/{name}");
        json!({
            "issuer": issuer,
            "authorization_endpoint": at("authorize"),
            "token_endpoint": at("token"),
            "jwks_uri": at("jwks"),
            "userinfo_endpoint": at("userinfo"),
            "revocation_endpoint": at("revoke"),
            "end_session_endpoint": at("logout"),
            "authorization_response_iss_parameter_supported": true,
        })
    }

    fn token(&mut self, request: &HttpRequest, issuer: &str, now: Timestamp) -> HttpResponse {
        let sent = form_parse(request.form.as_ref().map_or("", |form| form.expose()));
        let value = |name: &str| {
            let pair = sent.iter().find(|(own, _)| own == name);
            pair.map_or("", |(_, value)| value.as_str())
        };
        let invalid_grant = json!({"error": "invalid_grant"});
        let nonce = match value("grant_type") {
            "authorization_code" => match self.code.take() {
                Some((code, nonce)) if code == value("code") => Some(nonce),
                _ => return json_answer(400, &invalid_grant),
            },
            _ if self.refresh_token.as_deref() == Some(value("refresh_token")) => None,
            _ => return json_answer(400, &invalid_grant),
        };
        let mut body = json!({"access_token": self.next("access-token"), "token_type": "Bearer"});
        let mut add = |name: &str, value: Value| {
            if let Some(body) = body.as_object_mut() {
                body.insert(name.to_owned(), value);
            }
        };
        if let Some(seconds) = self.expires_in {
            add("expires_in", json!(seconds));
        }
        if self.issues_refresh_tokens {
            let token = self.next("refresh-token");
            add("refresh_token", json!(token));
            self.refresh_token = Some(token);
        }
        if let Some(nonce) = nonce {
            let id_token = self.id_token(issuer, value("client_id"), &nonce, now);
            add("id_token", json!(id_token));
        }
        json_answer(200, &body)
    }

    /// Its signature is none: a [`ScriptedTab`](super::ScriptedTab) says of every signature what the
    /// test wants.
    fn id_token(&self, issuer: &str, client_id: &str, nonce: &str, now: Timestamp) -> String {
        let seconds = now.as_seconds();
        let mut claims = Map::new();
        for (name, value) in [
            ("iss", json!(issuer)),
            ("aud", json!(client_id)),
            ("iat", json!(seconds)),
            ("exp", json!(seconds.saturating_add(300))),
            ("auth_time", json!(seconds)),
            ("nonce", json!(nonce)),
        ] {
            claims.insert(name.to_owned(), value);
        }
        claims.extend(self.claims.clone());
        let part = |json: &Value| base64url(json.to_string().as_bytes());
        let header = part(&json!({"alg": "ES256", "kid": "test"}));
        [
            &header,
            ".",
            &part(&Value::Object(claims)),
            ".",
            &base64url(&[0; 64]),
        ]
        .concat()
    }
}

fn keys() -> Value {
    let octets = base64url(&[1; 32]);
    json!({"keys": [
        {"kty": "EC", "crv": "P-256", "x": octets, "y": octets, "use": "sig", "kid": "test"}
    ]})
}

/// An answer of a server, for [`ScriptedProvider::next_answers`].
#[must_use]
pub fn json_answer(status: u16, body: &Value) -> HttpResponse {
    HttpResponse {
        status,
        content_type: Some("application/json".to_owned()),
        retry_after: None,
        body: Body(body.to_string().into_bytes()),
    }
}
