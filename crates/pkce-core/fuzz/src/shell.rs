//! A browser in miniature: one tab whose storage, locks, network and clock are data.

use super::{
    CANARY, ISSUER, JWKS, METADATA, NOW, ORIGIN, check_error, config, entropy, id_token,
    json_answer,
};
use pkce_core::Error;
use pkce_core::authorization::SignInOptions;
use pkce_core::encoding::form_parse;
use pkce_core::http::{Exchange, HttpRequest};
use pkce_core::jose::SignatureOutcome;
use pkce_core::secret::SecretText;
use pkce_core::session::{Effect, Engine, Environment, Event, SessionState, Start, Ticket};
use pkce_core::time::Timestamp;
use pkce_core::url::HttpUrl;
use std::collections::{BTreeMap, VecDeque};
use std::sync::OnceLock;

/// More effects than this without an outside event would be a loop.
const EFFECT_LIMIT: usize = 2_000;
/// More requests than this within one input would be a storm.
const REQUEST_LIMIT: usize = 500;

/// An effect whose answer is outstanding.
pub enum Pending {
    Http(Ticket, HttpRequest),
    Verify(Ticket),
    Lock(Ticket, String),
    Store(Ticket),
}

pub struct Shell {
    pub engine: Engine,
    pub storage: BTreeMap<String, String>,
    pub local: BTreeMap<String, String>,
    pub now: i64,
    pub timer: Option<Timestamp>,
    pub pending: VecDeque<Pending>,
    /// Where the page went.
    pub left_for: Option<String>,
    pub sent: usize,
    pub tokens: usize,
    pub nonce: String,
    /// What the other tabs were told.
    pub broadcasts: Vec<String>,
    pub signed_out: bool,
    /// Storage may name endpoints at other hosts: whoever writes it is the page itself.
    pub is_storage_foreign: bool,
    /// The input says the canary in a place that holds no secret.
    pub is_canary_told: bool,
}

impl Default for Shell {
    fn default() -> Self {
        Self {
            engine: Engine::new(config(), "t"),
            storage: BTreeMap::new(),
            local: BTreeMap::new(),
            now: NOW * 1000,
            timer: None,
            pending: VecDeque::new(),
            left_for: None,
            sent: 0,
            tokens: 0,
            nonce: String::new(),
            broadcasts: Vec::new(),
            signed_out: false,
            is_storage_foreign: false,
            is_canary_told: false,
        }
    }
}

impl Shell {
    pub fn new() -> Self {
        Self::default()
    }

    /// A tab whose user has signed in, and that was then loaded anew: the sign-in itself is made
    /// once for all inputs.
    pub fn signed_in() -> Self {
        type Kept = (BTreeMap<String, String>, BTreeMap<String, String>, String);
        static KEPT: OnceLock<Kept> = OnceLock::new();
        let (storage, local, nonce) = KEPT
            .get_or_init(|| {
                let mut shell = Self::sign_in();
                shell.tell(Event::Left);
                (shell.storage, shell.local, shell.nonce)
            })
            .clone();
        let mut shell = Self {
            storage,
            local,
            nonce,
            tokens: 1,
            ..Self::default()
        };
        shell.load("/", "", "");
        shell.settle();
        assert!(shell.is_signed_in());
        shell
    }

    fn sign_in() -> Self {
        let mut shell = Self::new();
        shell.load("/", "", "");
        shell.click_sign_in(1);
        shell.settle();
        let state = shell.state_parameter().expect("a redirect with a state");
        shell.load("/callback", &format!("?code={CANARY}&state={state}"), "");
        shell.settle();
        assert!(
            shell.is_signed_in(),
            "{:?} {:?}",
            shell.engine.state(),
            shell.engine.notice()
        );
        shell
    }

    /// A page load in this tab.
    pub fn load(&mut self, path: &str, query: &str, fragment: &str) {
        self.engine = Engine::new(config(), "t");
        self.pending.clear();
        self.timer = None;
        self.left_for = None;
        let stored = self.stored();
        let start = Start {
            path: path.to_owned(),
            query: SecretText::new(query.to_owned()),
            fragment: SecretText::new(fragment.to_owned()),
            page_origin: ORIGIN.to_owned(),
            stored,
            shared: Some(
                self.local
                    .iter()
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect(),
            ),
            environment: Environment {
                web_crypto: true,
                session_storage: true,
                foreign_frame: false,
                locks: true,
                channel: true,
            },
            seed: 7,
        };
        self.tell(Event::Start(Box::new(start)));
    }

    pub fn stored(&self) -> Vec<(String, SecretText)> {
        self.storage
            .iter()
            .map(|(key, value)| (key.clone(), SecretText::new(value.clone())))
            .collect()
    }

    pub fn click_sign_in(&mut self, seed: u8) {
        self.signed_out = false;
        self.tell(Event::SignIn {
            provider: "local".to_owned(),
            options: SignInOptions::default(),
            entropy: entropy(seed),
        });
    }

    /// The `state` of the authorization request that the page left for; its nonce is noted.
    pub fn state_parameter(&mut self) -> Option<String> {
        let url = self.left_for.clone()?;
        let pairs = form_parse(url.split_once('?')?.1);
        let value = |name: &str| {
            let pair = pairs.iter().find(|(key, _)| key == name);
            pair.map(|(_, value)| value.clone())
        };
        self.nonce = value("nonce")?;
        value("state")
    }

    pub fn is_signed_in(&self) -> bool {
        matches!(self.engine.state(), SessionState::SignedIn(_))
    }

    /// Tells the engine something, notes its effects and checks what holds at every moment.
    pub fn tell(&mut self, event: Event) {
        let effects = self.engine.handle(event, Timestamp::from_millis(self.now));
        assert!(
            effects.len() < 100,
            "{} effects of one event",
            effects.len()
        );
        for effect in effects {
            let shown = format!("{effect:?}");
            assert!(
                self.is_canary_told || !shown.contains(CANARY),
                "a secret in {shown}"
            );
            self.carry_out(effect);
        }
        if let SessionState::Ended(error) = self.engine.state() {
            self.check(&error);
        }
        if let Some(error) = self.engine.notice() {
            self.check(error);
        }
        assert!(self.sent < REQUEST_LIMIT, "a storm of requests");
    }

    fn check(&self, error: &Error) {
        if !self.is_canary_told {
            check_error(error);
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Http {
                ticket, request, ..
            } => {
                self.sent += 1;
                assert!(request.url.is_secure(), "{request:?}");
                assert!(
                    self.is_storage_foreign || request.url.origin() == ISSUER,
                    "{request:?}"
                );
                assert!(request.form.is_none() || !request.follow_redirects);
                self.pending.push_back(Pending::Http(ticket, request));
            }
            Effect::Verify { ticket, .. } => self.pending.push_back(Pending::Verify(ticket)),
            Effect::Lock { ticket, read, .. } => {
                self.pending.push_back(Pending::Lock(ticket, read))
            }
            Effect::Unlock { ticket } => self
                .pending
                .retain(|pending| !matches!(pending, Pending::Lock(own, _) if *own == ticket)),
            Effect::Store { ticket, key, value } => {
                assert!(key.starts_with("t."), "{key}");
                self.storage.insert(key, value.expose().to_owned());
                self.pending.push_back(Pending::Store(ticket));
            }
            Effect::Delete { key } => {
                self.storage.remove(&key);
            }
            Effect::DeleteAll { prefix } => {
                assert!(prefix.starts_with("t."), "{prefix}");
                self.storage.retain(|key, _| !key.starts_with(&prefix));
            }
            Effect::Share { key, value } => {
                assert!(key.starts_with("t."), "{key}");
                match value {
                    Some(value) => self.local.insert(key, value),
                    None => self.local.remove(&key),
                };
            }
            Effect::Broadcast(text) => self.broadcasts.push(text.expose().to_owned()),
            Effect::ReplaceUrl { target, .. } => assert!(target.starts_with('/'), "{target}"),
            Effect::Navigate(url) => {
                let to = HttpUrl::parse(url.expose()).expect("a URL");
                assert!(to.is_secure());
                assert!(self.is_storage_foreign || to.origin() == ISSUER);
                self.left_for = Some(url.expose().to_owned());
            }
            Effect::SetTimer(at) => self.timer = at,
            Effect::TokenReady { result, .. } => match result {
                Ok(_) => assert!(!self.signed_out, "a token after sign-out"),
                Err(error) => self.check(&error),
            },
            Effect::Changed => {}
        }
    }

    /// Answers one outstanding effect, as an honest browser and provider would.
    pub fn answer(&mut self, pending: Pending) {
        match pending {
            Pending::Http(ticket, request) => {
                let exchange = self.honest(&request);
                self.tell(Event::HttpDone { ticket, exchange });
            }
            Pending::Verify(ticket) => self.tell(Event::Verified {
                ticket,
                outcome: SignatureOutcome::Valid,
            }),
            Pending::Lock(ticket, read) => {
                let shared = self.local.get(&read).cloned();
                self.tell(Event::Locked { ticket, shared });
            }
            Pending::Store(ticket) => self.tell(Event::Stored { ticket, done: true }),
        }
    }

    /// Answers all that is outstanding.
    pub fn settle(&mut self) {
        for _ in 0..EFFECT_LIMIT {
            match self.pending.pop_front() {
                Some(pending) => self.answer(pending),
                None => return,
            }
        }
        panic!("the engine goes round in a loop");
    }

    /// Lets the timer fire, at most so often.
    pub fn run_timers(&mut self, times: usize) {
        for _ in 0..times {
            let Some(at) = self.timer.take() else { return };
            self.now = self.now.max(at.as_millis());
            self.tell(Event::Timer);
            self.settle();
        }
    }

    pub fn honest(&mut self, request: &HttpRequest) -> Exchange {
        match request.url.path() {
            "/.well-known/openid-configuration" => json_answer(200, METADATA.as_bytes()),
            "/jwks" => json_answer(200, JWKS.as_bytes()),
            "/token" => {
                self.tokens += 1;
                let id_token = id_token(&self.nonce, self.now.div_euclid(1000));
                let body = format!(
                    r#"{{"access_token":"{CANARY}-a{0}","token_type":"Bearer","expires_in":60,
                        "refresh_token":"{CANARY}-r{0}","id_token":"{id_token}"}}"#,
                    self.tokens
                );
                json_answer(200, body.as_bytes())
            }
            "/revoke" => json_answer(200, b"{}"),
            _ => json_answer(404, b"{}"),
        }
    }
}
