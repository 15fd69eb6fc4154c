//! A page around the engine: it carries effects out and lets the test answer each request.

use super::keys::{self, execute};
use super::{CLIENT, ISSUER, ORIGIN, answer, document, entropy, form, only, params, query, url};
use pkce_core::authorization::SignInOptions;
use pkce_core::config::{Config, PageConfig};
use pkce_core::http::{Exchange, HttpRequest};
use pkce_core::jose::SignatureOutcome;
use pkce_core::secret::SecretText;
use pkce_core::session::{
    Effect, Engine, Environment, Event, SessionState, SignedIn, Start, Ticket,
};
use pkce_core::{Error, ErrorCode, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

pub(crate) const GOOD: Environment = Environment {
    web_crypto: true,
    session_storage: true,
    foreign_frame: false,
    locks: true,
    channel: true,
};

/// A request that waits for its answer.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) ticket: Ticket,
    pub(crate) request: HttpRequest,
    pub(crate) keepalive: bool,
}

impl Sent {
    pub(crate) fn path(&self) -> &str {
        self.request.url.path()
    }

    pub(crate) fn field(&self, name: &str) -> String {
        only(&form(&self.request), name).to_owned()
    }
}

pub(crate) struct Page {
    pub(crate) engine: Engine,
    /// Milliseconds.
    pub(crate) now: i64,
    pub(crate) session: BTreeMap<String, String>,
    pub(crate) local: BTreeMap<String, String>,
    pub(crate) environment: Environment,
    /// Storage takes nothing more.
    pub(crate) is_full: bool,
    pub(crate) sent: VecDeque<Sent>,
    /// Every request so far.
    pub(crate) count: usize,
    pub(crate) address: String,
    pub(crate) left_for: Option<String>,
    pub(crate) timer: Option<i64>,
    pub(crate) tokens: BTreeMap<u64, Result<String, ErrorCode>>,
    /// What kinds of effects there were, since the last page load.
    pub(crate) effects: Vec<&'static str>,
    /// Everything that could be logged.
    pub(crate) log: String,
    pub(crate) broadcasts: Vec<String>,
    config: Value,
    clicks: u8,
    readers: u64,
}

pub(crate) fn config(change: impl FnOnce(&mut Value)) -> Value {
    let mut config = json!({
        "providers": [{"id": "main", "name": "Main", "issuer": ISSUER, "client_id": CLIENT}],
        "resource_api": "https://api.example/v1",
    });
    change(&mut config);
    config
}

fn parse(config: &Value) -> Config {
    PageConfig::parse(&config.to_string(), &url("https://app.example/"))
        .unwrap()
        .into_config()
}

impl Page {
    pub(crate) fn new() -> Self {
        Self::with(config(|_| ()))
    }

    pub(crate) fn with(config: Value) -> Self {
        let mut page = Self::unopened(config);
        page.open("/");
        page
    }

    /// A browser tab before anything was loaded.
    pub(crate) fn unopened(config: Value) -> Self {
        Self {
            engine: Engine::new(parse(&config), "t"),
            now: super::NOW * 1000,
            session: BTreeMap::new(),
            local: BTreeMap::new(),
            environment: GOOD,
            is_full: false,
            sent: VecDeque::new(),
            count: 0,
            address: String::new(),
            left_for: None,
            timer: None,
            tokens: BTreeMap::new(),
            effects: Vec::new(),
            log: String::new(),
            broadcasts: Vec::new(),
            config,
            clicks: 0,
            readers: 0,
        }
    }

    /// Loads the page at this address.
    pub(crate) fn open(&mut self, address: &str) {
        self.engine = Engine::new(parse(&self.config), "t");
        self.sent.clear();
        self.tokens.clear();
        self.effects.clear();
        self.timer = None;
        self.left_for = None;
        self.address = address.to_owned();
        let (rest, fragment) = address.split_once('#').unwrap_or((address, ""));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let start = Start {
            path: path.to_owned(),
            query: SecretText::new(query.to_owned()),
            fragment: SecretText::new(fragment.to_owned()),
            page_origin: ORIGIN.to_owned(),
            stored: self
                .session
                .iter()
                .map(|(key, value)| (key.clone(), SecretText::new(value.clone())))
                .collect(),
            shared: Some(
                self.local
                    .iter()
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect(),
            ),
            environment: self.environment,
            seed: 7,
        };
        self.tell(Event::Start(Box::new(start)));
    }

    pub(crate) fn tell(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let effects = self.engine.handle(event, Timestamp::from_millis(self.now));
            for effect in effects {
                events.extend(self.perform(effect));
            }
        }
        self.log.push_str(&format!("{:?}\n", self.engine));
    }

    fn perform(&mut self, effect: Effect) -> Option<Event> {
        self.log.push_str(&format!("{effect:?}\n"));
        let (name, event) = match effect {
            Effect::Http {
                ticket,
                request,
                keepalive,
            } => {
                self.count += 1;
                self.sent.push_back(Sent {
                    ticket,
                    request,
                    keepalive,
                });
                ("http", None)
            }
            Effect::Verify { ticket, request } => {
                let outcome = execute(&request);
                ("verify", Some(Event::Verified { ticket, outcome }))
            }
            Effect::Lock { ticket, read, .. } => {
                let shared = self.local.get(&read).cloned();
                ("lock", Some(Event::Locked { ticket, shared }))
            }
            Effect::Store { ticket, key, value } => {
                let done = !self.is_full;
                if done {
                    self.session.insert(key, value.expose().to_owned());
                }
                ("store", Some(Event::Stored { ticket, done }))
            }
            Effect::Delete { key } => {
                self.session.remove(&key);
                ("delete", None)
            }
            Effect::DeleteAll { prefix } => {
                self.session.retain(|key, _| !key.starts_with(&prefix));
                ("delete", None)
            }
            Effect::Share { key, value } => {
                match value {
                    Some(value) => self.local.insert(key, value),
                    None => self.local.remove(&key),
                };
                ("share", None)
            }
            Effect::Broadcast(text) => {
                self.broadcasts.push(text.expose().to_owned());
                ("broadcast", None)
            }
            Effect::ReplaceUrl { target, .. } => {
                self.address = target;
                ("replace_url", None)
            }
            Effect::Navigate(url) => {
                self.left_for = Some(url.expose().to_owned());
                ("navigate", None)
            }
            Effect::SetTimer(at) => {
                self.timer = at.map(Timestamp::as_millis);
                ("timer", None)
            }
            Effect::TokenReady { id, result } => {
                let result = result.map(|grant| grant.token.expose().to_owned());
                let served = self.tokens.insert(id, result.map_err(|error| error.code()));
                assert!(served.is_none(), "reader {id} is served twice");
                ("token", None)
            }
            Effect::Changed => ("changed", None),
            Effect::Unlock { .. } => ("unlock", None),
        };
        self.effects.push(name);
        event
    }

    /// Answers the oldest request, which goes to this path.
    pub(crate) fn reply(&mut self, path: &str, exchange: Exchange) -> HttpRequest {
        let sent = self
            .sent
            .pop_front()
            .unwrap_or_else(|| panic!("nothing is asked of {path}: {:?}", self.notice()));
        assert_eq!(sent.path(), path);
        self.tell(Event::HttpDone {
            ticket: sent.ticket,
            exchange,
        });
        sent.request
    }

    /// Lets time pass, with the timers that come in it.
    pub(crate) fn pass(&mut self, wait: Duration) {
        let end = self.now + i64::try_from(wait.as_millis()).unwrap();
        let mut fired = 0;
        while let Some(at) = self.timer.filter(|at| *at <= end) {
            fired += 1;
            assert!(fired < 1000, "a tight loop");
            self.now = self.now.max(at);
            self.timer = None;
            self.tell(Event::Timer);
        }
        self.now = end;
    }

    pub(crate) fn seconds(&mut self, seconds: u64) {
        self.pass(Duration::from_secs(seconds));
    }

    // ---- the journey ----

    pub(crate) fn click_sign_in(&mut self) {
        self.click_sign_in_with(SignInOptions::default());
    }

    pub(crate) fn click_sign_in_with(&mut self, options: SignInOptions) {
        self.clicks += 1;
        self.tell(Event::SignIn {
            provider: "main".to_owned(),
            options,
            entropy: entropy(self.clicks),
        });
    }

    /// From the button to the provider's page; the parameters of the request.
    pub(crate) fn leave(&mut self, options: SignInOptions) -> Vec<(String, String)> {
        self.click_sign_in_with(options);
        while let Some(sent) = self.sent.front() {
            let exchange = match sent.path() {
                "/.well-known/openid-configuration" => answer(200, &discovered()),
                "/jwks" => answer(200, &keys::default_jwks()),
                other => panic!("{other}"),
            };
            let path = sent.path().to_owned();
            self.reply(&path, exchange);
        }
        params(
            &self
                .left_for
                .clone()
                .unwrap_or_else(|| panic!("no redirect: {:?}", self.notice())),
        )
    }

    /// From the button to the callback; the nonce of the request.
    pub(crate) fn come_back(&mut self) -> String {
        let asked = self.leave(SignInOptions::default());
        let answered = query(&[
            ("code", "canary-code"),
            ("state", only(&asked, "state")),
            ("iss", ISSUER),
        ]);
        self.open(&format!("/callback?{answered}"));
        only(&asked, "nonce").to_owned()
    }

    pub(crate) fn sign_in(&mut self) {
        self.sign_in_with(|_| ());
    }

    /// From the button to the session, with changes to the token response.
    pub(crate) fn sign_in_with(&mut self, change: impl FnOnce(&mut Value)) {
        let nonce = self.come_back();
        let mut body = self.tokens(0);
        body["id_token"] = json!(keys::token(&self.claims(Some(&nonce))));
        change(&mut body);
        self.reply("/token", answer(200, &body));
        assert!(self.is_signed_in(), "{:?}", self.notice());
    }

    /// A token response, without an ID token.
    pub(crate) fn tokens(&self, generation: u32) -> Value {
        json!({"access_token": format!("canary-at-{generation}"), "token_type": "Bearer",
            "expires_in": 60, "refresh_token": format!("canary-rt-{generation}")})
    }

    pub(crate) fn claims(&self, nonce: Option<&str>) -> Value {
        let mut claims = json!({"iss": ISSUER, "aud": CLIENT, "sub": "u1",
            "iat": self.now / 1000, "exp": self.now / 1000 + 300});
        if let Some(nonce) = nonce {
            claims["nonce"] = json!(nonce);
        }
        claims
    }

    /// The nonce of the sign-in that the last redirect began.
    pub(crate) fn signed_in() -> Self {
        let mut page = Self::new();
        page.sign_in();
        page
    }

    pub(crate) fn want_token(&mut self, refused: Option<u64>) -> u64 {
        self.readers += 1;
        let id = self.readers;
        self.tell(Event::TokenWanted {
            id,
            min_validity: Duration::ZERO,
            refused,
        });
        id
    }

    pub(crate) fn refresh(&mut self) {
        self.tell(Event::Refresh);
    }

    pub(crate) fn sign_out(&mut self) {
        self.tell(Event::SignOut { state: [9; 16] });
    }

    // ---- what is seen ----

    pub(crate) fn is_signed_in(&self) -> bool {
        matches!(self.engine.state(), SessionState::SignedIn(_))
    }

    pub(crate) fn shown(&self) -> SignedIn {
        match self.engine.state() {
            SessionState::SignedIn(shown) => shown,
            other => panic!("{other:?}, {:?}", self.notice()),
        }
    }

    pub(crate) fn ended(&self) -> Option<ErrorCode> {
        match self.engine.state() {
            SessionState::Ended(error) => Some(error.code()),
            _ => None,
        }
    }

    pub(crate) fn notice(&self) -> Option<ErrorCode> {
        self.engine.notice().map(Error::code)
    }

    pub(crate) fn stored(&self, name: &str) -> Option<Value> {
        let session: Value = serde_json::from_str(self.session.get("t.session")?).unwrap();
        session.get(name).cloned()
    }
}

fn discovered() -> Value {
    document(|document| {
        document["revocation_endpoint"] = json!("https://id.example/revoke");
        document["end_session_endpoint"] = json!("https://id.example/logout");
        document["userinfo_endpoint"] = json!("https://id.example/userinfo");
    })
}

/// What a browser says whose WebCrypto lacks the algorithm.
pub(crate) const NO_SUCH_ALGORITHM: SignatureOutcome = SignatureOutcome::Unsupported;
