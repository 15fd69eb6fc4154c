//! A model of a provider: codes with PKCE, rotation with reuse detection, ID tokens with
//! signatures that the model itself can tell good from bad.

use crate::encoding::{base64url, base64url_decode, fingerprint, form_parse, sha256};
use crate::http::{Body, HttpRequest, HttpResponse, Method};
use crate::jose::{SignatureOutcome, VerifyRequest};
use crate::url::HttpUrl;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) const ISSUER: &str = "https://id.example";

/// What a request asks of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Discovery,
    Jwks,
    Code,
    Refresh,
    Userinfo,
    Revoke,
}

impl Kind {
    pub(super) fn of(request: &HttpRequest) -> Self {
        match (request.method, request.url.path()) {
            (Method::Get, "/.well-known/openid-configuration") => Kind::Discovery,
            (Method::Get, "/jwks") => Kind::Jwks,
            (Method::Get, "/userinfo") => Kind::Userinfo,
            (Method::Post, "/revoke") => Kind::Revoke,
            (Method::Post, "/token") => match field(request, "grant_type").as_deref() {
                Some("authorization_code") => Kind::Code,
                Some("refresh_token") => Kind::Refresh,
                other => panic!("grant_type {other:?}"),
            },
            (method, path) => panic!("unexpected request {method:?} {path}"),
        }
    }
}

/// A form field of a request.
pub(super) fn field(request: &HttpRequest, name: &str) -> Option<String> {
    let pairs = form_parse(request.form.as_ref()?.expose());
    pairs
        .into_iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
}

#[derive(Debug)]
struct Code {
    redirect_uri: String,
    challenge: String,
    nonce: String,
    grant: usize,
    is_spent: bool,
}

/// One authorization by the user, and all tokens that came of it.
#[derive(Debug)]
struct Grant {
    user: String,
    nonce: String,
    is_revoked: bool,
    /// The refresh token that is good.
    newest: Option<String>,
    auth_time: i64,
}

/// The provider, with its knobs.
pub(super) struct Provider {
    pub(super) metadata: Value,
    /// `expires_in`, in whatever form.
    pub(super) expires_in: Option<Value>,
    pub(super) issues_refresh_token: bool,
    pub(super) rotates: bool,
    pub(super) id_token_on_refresh: bool,
    /// A refresh token may be used again as long as its heir was not.
    pub(super) has_grace: bool,
    pub(super) user: String,
    /// Changes the claims of the next ID tokens.
    pub(super) claims: BTreeMap<&'static str, Value>,
    pub(super) userinfo: Value,
    pub(super) signs_badly: bool,
    pub(super) omits_kid: bool,
    /// The name of the key in use.
    pub(super) kid: String,
    codes: BTreeMap<String, Code>,
    grants: Vec<Grant>,
    /// Refresh tokens by their grant.
    refresh_tokens: BTreeMap<String, usize>,
    /// Access tokens by their grant.
    access_tokens: BTreeMap<String, usize>,
    heirs: BTreeMap<String, String>,
    count: u64,
    /// Refresh tokens that came again after they were replaced.
    pub(super) reuses: u32,
    /// Codes that came twice.
    pub(super) code_reuses: u32,
}

impl Provider {
    pub(super) fn new() -> Self {
        Self {
            metadata: json!({
                "issuer": ISSUER,
                "authorization_endpoint": format!("{ISSUER}/authorize"),
                "token_endpoint": format!("{ISSUER}/token"),
                "jwks_uri": format!("{ISSUER}/jwks"),
                "userinfo_endpoint": format!("{ISSUER}/userinfo"),
                "revocation_endpoint": format!("{ISSUER}/revoke"),
                "end_session_endpoint": format!("{ISSUER}/logout"),
                "authorization_response_iss_parameter_supported": true,
            }),
            expires_in: Some(json!(60)),
            issues_refresh_token: true,
            rotates: true,
            id_token_on_refresh: false,
            has_grace: false,
            user: "u1".into(),
            claims: BTreeMap::new(),
            userinfo: json!({"sub": "u1", "email": "u1@example.org"}),
            signs_badly: false,
            omits_kid: false,
            kid: "k1".into(),
            codes: BTreeMap::new(),
            grants: Vec::new(),
            refresh_tokens: BTreeMap::new(),
            access_tokens: BTreeMap::new(),
            heirs: BTreeMap::new(),
            count: 0,
            reuses: 0,
            code_reuses: 0,
        }
    }

    fn next(&mut self, what: &str) -> String {
        self.count += 1;
        format!("canary-{what}-{}", self.count)
    }

    /// The user signs in: from the authorization request to the address of the callback.
    pub(super) fn authorize(&mut self, url: &str) -> String {
        let url = HttpUrl::parse(url).unwrap();
        assert_eq!(url.without_query(), format!("{ISSUER}/authorize"));
        let pairs: BTreeMap<_, _> = form_parse(url.query().unwrap()).into_iter().collect();
        assert_eq!(pairs["response_type"], "code");
        assert_eq!(pairs["code_challenge_method"], "S256");
        let code = self.next("code");
        let nonce = pairs["nonce"].clone();
        self.grants.push(Grant {
            user: self.user.clone(),
            nonce: nonce.clone(),
            is_revoked: false,
            newest: None,
            auth_time: 0,
        });
        self.codes.insert(
            code.clone(),
            Code {
                redirect_uri: pairs["redirect_uri"].clone(),
                challenge: pairs["code_challenge"].clone(),
                nonce,
                grant: self.grants.len() - 1,
                is_spent: false,
            },
        );
        let query = crate::encoding::form([
            ("code", code.as_str()),
            ("state", &pairs["state"]),
            ("iss", ISSUER),
        ]);
        format!(
            "{}?{query}",
            pairs["redirect_uri"].trim_start_matches("https://app.example")
        )
    }

    /// Ends every grant, as an administrator would.
    pub(super) fn revoke_everything(&mut self) {
        self.grants
            .iter_mut()
            .for_each(|grant| grant.is_revoked = true);
    }

    /// Whether an access token is one of a grant that stands.
    pub(super) fn honours(&self, access_token: &str) -> bool {
        self.access_tokens
            .get(access_token)
            .is_some_and(|grant| !self.grants[*grant].is_revoked)
    }

    /// The grant of an access token, and whose it is.
    pub(super) fn owner_of(&self, access_token: &str) -> Option<(usize, &str)> {
        let grant = *self.access_tokens.get(access_token)?;
        Some((grant, &self.grants[grant].user))
    }

    /// The grant of a refresh token.
    pub(super) fn grant_of(&self, refresh_token: &str) -> Option<usize> {
        self.refresh_tokens.get(refresh_token).copied()
    }

    /// Whether a refresh token has an heir.
    pub(super) fn is_replaced(&self, refresh_token: &str) -> bool {
        self.heirs.contains_key(refresh_token)
    }

    /// Whether a refresh token is the newest of a grant that stands.
    pub(super) fn is_newest(&self, refresh_token: &str) -> bool {
        self.grant_of(refresh_token).is_some_and(|grant| {
            let grant = &self.grants[grant];
            !grant.is_revoked && grant.newest.as_deref() == Some(refresh_token)
        })
    }

    /// How many refresh tokens were given out.
    pub(super) fn refresh_tokens_issued(&self) -> usize {
        self.refresh_tokens.len()
    }

    pub(super) fn answer(&mut self, request: &HttpRequest, now: i64) -> HttpResponse {
        match Kind::of(request) {
            Kind::Discovery => json_answer(200, &self.metadata),
            Kind::Jwks => json_answer(200, &self.jwks()),
            Kind::Userinfo => json_answer(200, &self.userinfo),
            Kind::Revoke => {
                let token = field(request, "token").unwrap();
                let grant = self
                    .refresh_tokens
                    .get(&token)
                    .or(self.access_tokens.get(&token));
                if let Some(grant) = grant {
                    self.grants[*grant].is_revoked = true;
                }
                HttpResponse {
                    status: 200,
                    ..HttpResponse::default()
                }
            }
            Kind::Code => self.redeem_code(request, now),
            Kind::Refresh => self.refresh(request, now),
        }
    }

    pub(super) fn jwks(&self) -> Value {
        // Keys that are out of use stay for tokens that are still on their way.
        let oldest = if self.omits_kid { self.kid.len() } else { 2 };
        let keys: Vec<Value> = (oldest..=self.kid.len())
            .map(|length| {
                let kid: String = self.kid.chars().take(length).collect();
                let x = base64url(&sha256(kid.as_bytes()));
                let mut key = json!({"kty": "EC", "crv": "P-256", "x": x, "y": x, "use": "sig"});
                if !self.omits_kid {
                    key["kid"] = json!(kid);
                }
                key
            })
            .collect();
        json!({"keys": keys})
    }

    fn redeem_code(&mut self, request: &HttpRequest, now: i64) -> HttpResponse {
        let code = field(request, "code").unwrap();
        let verifier = field(request, "code_verifier").unwrap();
        assert_eq!(field(request, "client_id").as_deref(), Some("spa"));
        let Some(known) = self.codes.get_mut(&code) else {
            return error(400, "invalid_grant");
        };
        if known.is_spent {
            self.code_reuses += 1;
            self.grants[known.grant].is_revoked = true;
            return error(400, "invalid_grant");
        }
        known.is_spent = true;
        assert_eq!(
            field(request, "redirect_uri").as_deref(),
            Some(&*known.redirect_uri)
        );
        if fingerprint(&verifier) != known.challenge {
            return error(400, "invalid_grant");
        }
        let (grant, nonce) = (known.grant, known.nonce.clone());
        self.grants[grant].auth_time = now / 1000;
        let refresh_token = self
            .issues_refresh_token
            .then(|| self.issue_refresh_token(grant));
        let id_token = self.id_token(grant, Some(&nonce), now);
        self.tokens(grant, refresh_token, Some(id_token))
    }

    fn issue_refresh_token(&mut self, grant: usize) -> String {
        let token = self.next("rt");
        self.refresh_tokens.insert(token.clone(), grant);
        self.grants[grant].newest = Some(token.clone());
        token
    }

    fn refresh(&mut self, request: &HttpRequest, now: i64) -> HttpResponse {
        let token = field(request, "refresh_token").unwrap();
        assert_eq!(field(request, "client_id").as_deref(), Some("spa"));
        let Some(grant) = self.refresh_tokens.get(&token).copied() else {
            return error(400, "invalid_grant");
        };
        if self.grants[grant].is_revoked {
            return error(400, "invalid_grant");
        }
        let is_newest = self.grants[grant].newest.as_deref() == Some(&token);
        let heir = self.heirs.get(&token).cloned();
        let is_within_grace = self.has_grace
            && heir
                .as_ref()
                .is_some_and(|heir| self.grants[grant].newest.as_ref() == Some(heir));
        if !is_newest && !is_within_grace {
            self.reuses += 1;
            self.grants[grant].is_revoked = true;
            return error(400, "invalid_grant");
        }
        let refresh_token = if !self.rotates {
            None
        } else if is_within_grace {
            heir
        } else {
            let heir = self.issue_refresh_token(grant);
            self.heirs.insert(token, heir.clone());
            Some(heir)
        };
        let id_token = self
            .id_token_on_refresh
            .then(|| self.id_token(grant, None, now));
        self.tokens(grant, refresh_token, id_token)
    }

    fn tokens(
        &mut self,
        grant: usize,
        refresh_token: Option<String>,
        id_token: Option<String>,
    ) -> HttpResponse {
        let access_token = self.next("at");
        self.access_tokens.insert(access_token.clone(), grant);
        let mut body = json!({"access_token": access_token, "token_type": "Bearer"});
        if let Some(expires_in) = &self.expires_in {
            body["expires_in"] = expires_in.clone();
        }
        if let Some(token) = refresh_token {
            body["refresh_token"] = json!(token);
        }
        if let Some(token) = id_token {
            body["id_token"] = json!(token);
        }
        json_answer(200, &body)
    }

    fn id_token(&self, grant: usize, nonce: Option<&str>, now: i64) -> String {
        let seconds = now / 1000;
        let mut claims = json!({
            "iss": ISSUER, "sub": self.grants[grant].user, "aud": "spa", "iat": seconds, "exp": seconds + 300,
            "auth_time": self.grants[grant].auth_time, "name": "Ann",
        });
        if let Some(nonce) = nonce {
            assert_eq!(self.grants[grant].nonce, nonce);
            claims["nonce"] = json!(nonce);
        }
        for (name, value) in &self.claims {
            claims[*name] = value.clone();
        }
        let mut header = json!({"alg": "ES256"});
        if !self.omits_kid {
            header["kid"] = json!(self.kid);
        }
        let input = format!(
            "{}.{}",
            base64url(header.to_string().as_bytes()),
            base64url(claims.to_string().as_bytes())
        );
        let by = if self.signs_badly {
            "another key"
        } else {
            &self.kid
        };
        format!(
            "{input}.{}",
            base64url(&signature(input.as_bytes(), &sha256(by.as_bytes())))
        )
    }
}

/// Of the input and the key, as a real one.
fn signature(input: &[u8], key: &[u8]) -> Vec<u8> {
    let mut octets = key.to_vec();
    octets.extend(input);
    let mut signature = sha256(&octets).to_vec();
    signature.extend(sha256(input));
    signature
}

/// What a browser would say of a signature of this model.
pub(super) fn check(request: &VerifyRequest) -> SignatureOutcome {
    let jwk: Value = serde_json::from_str(&request.jwk).unwrap();
    let key = base64url_decode(jwk["x"].as_str().unwrap()).unwrap();
    if request.signature == signature(&request.signing_input, &key) {
        SignatureOutcome::Valid
    } else {
        SignatureOutcome::Invalid
    }
}

pub(super) fn json_answer(status: u16, body: &Value) -> HttpResponse {
    HttpResponse {
        status,
        content_type: Some("application/json".into()),
        retry_after: None,
        body: Body(body.to_string().into_bytes()),
    }
}

pub(super) fn error(status: u16, code: &str) -> HttpResponse {
    json_answer(status, &json!({"error": code}))
}

pub(super) fn html(status: u16) -> HttpResponse {
    HttpResponse {
        status,
        content_type: Some("text/html".into()),
        retry_after: None,
        body: Body(b"<html>".to_vec()),
    }
}
