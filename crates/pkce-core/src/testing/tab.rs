use super::{ORIGIN, ScriptedProvider};
use crate::authorization::{Entropy, SignInOptions};
use crate::config::Config;
use crate::encoding::sha256;
use crate::error::Error;
use crate::jose::SignatureOutcome;
use crate::secret::SecretText;
use crate::session::{Effect, Engine, Environment, Event, SessionState, Start, Ticket, TokenGrant};
use crate::time::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// When a [`ScriptedTab`] opens: 2026-01-01 in UTC.
const OPENED_AT: Timestamp = Timestamp::from_seconds(1_767_225_600);

/// The real engine in a tab of which every part is at the test's command.
#[derive(Debug)]
pub struct ScriptedTab {
    /// Who answers its requests.
    pub provider: ScriptedProvider,
    /// What the browser says of every signature.
    pub signatures: SignatureOutcome,
    /// Requests wait for [`ScriptedTab::let_go`] instead of being answered at once.
    pub holds_requests: bool,
    engine: Engine,
    config: Config,
    now: Timestamp,
    timer: Option<Timestamp>,
    address: String,
    left_for: Option<SecretText>,
    session_storage: BTreeMap<String, SecretText>,
    local_storage: BTreeMap<String, String>,
    held: VecDeque<(Ticket, crate::http::HttpRequest)>,
    tokens: BTreeMap<u64, Result<TokenGrant, Error>>,
    last_reader: u64,
    draws: u64,
    changes: u64,
}

impl ScriptedTab {
    /// A tab that opens the app at a path of its origin, such as `/` or `/notes?x=1`.
    #[must_use]
    pub fn open(config: Config, address: &str) -> Self {
        let mut tab = Self {
            provider: ScriptedProvider::new(&config),
            signatures: SignatureOutcome::Valid,
            holds_requests: false,
            engine: Engine::new(config.clone(), "test"),
            config,
            now: OPENED_AT,
            timer: None,
            address: String::new(),
            left_for: None,
            session_storage: BTreeMap::new(),
            local_storage: BTreeMap::new(),
            held: VecDeque::new(),
            tokens: BTreeMap::new(),
            last_reader: 0,
            draws: 0,
            changes: 0,
        };
        tab.visit(address);
        tab
    }

    /// What is to be shown.
    #[must_use]
    pub fn state(&self) -> SessionState {
        self.engine.state()
    }

    /// The error that is to be shown.
    #[must_use]
    pub const fn notice(&self) -> Option<&Error> {
        self.engine.notice()
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The tab's clock.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Path, query and fragment of the page.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Where the page went, if it left.
    #[must_use]
    pub fn left_for(&self) -> Option<&str> {
        self.left_for.as_ref().map(SecretText::expose)
    }

    /// Counts [`Effect::Changed`].
    #[must_use]
    pub const fn changes(&self) -> u64 {
        self.changes
    }

    /// A page is loaded: the tab keeps its storage and nothing else. An absolute address has to be
    /// of the page's origin.
    pub fn visit(&mut self, address: &str) {
        let address = address.strip_prefix(ORIGIN).unwrap_or(address);
        let (rest, fragment) = split(address, '#');
        let (path, query) = split(rest, '?');
        self.engine = Engine::new(self.config.clone(), "test");
        self.address = address.to_owned();
        self.left_for = None;
        self.timer = None;
        self.held.clear();
        let start = Start {
            path: path.to_owned(),
            query: SecretText::new(query.to_owned()),
            fragment: SecretText::new(fragment.to_owned()),
            page_origin: ORIGIN.to_owned(),
            stored: self
                .session_storage
                .iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            shared: Some(
                self.local_storage
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
            seed: 1,
        };
        self.tell(Event::Start(Box::new(start)));
    }

    /// The page is loaded again.
    pub fn reload(&mut self) {
        let address = self.address.clone();
        self.visit(&address);
    }

    /// The user clicks the sign-in button.
    pub fn click_sign_in(&mut self, provider: &str, options: SignInOptions) {
        let mut octets = [0; 96];
        for third in octets.chunks_mut(32) {
            third.copy_from_slice(&self.draw());
        }
        self.tell(Event::SignIn {
            provider: provider.to_owned(),
            options,
            entropy: Entropy::new(octets),
        });
    }

    /// The user signs in and agrees at the provider, and is sent back.
    pub fn sign_in(&mut self, provider: &str) {
        self.click_sign_in(provider, SignInOptions::default());
        self.come_back();
    }

    /// A user who left for the provider agrees there and is sent back.
    pub fn come_back(&mut self) {
        if let Some(url) = self.left_for.take() {
            let address = self.provider.agree(url.expose());
            self.visit(&address);
        }
    }

    /// A user who left for the provider is sent back with an error of RFC 6749 4.1.2.1.
    pub fn come_back_with(&mut self, error: &str) {
        if let Some(url) = self.left_for.take() {
            let address = self.provider.refuse(url.expose(), error);
            self.visit(&address);
        }
    }

    /// The user signs out.
    pub fn sign_out(&mut self) {
        self.tell(Event::SignOut { state: [7; 16] });
    }

    /// The app asks for a token: what it gets, once it gets anything.
    pub fn token(&mut self, min_validity: Duration) -> Option<Result<TokenGrant, Error>> {
        self.last_reader = self.last_reader.saturating_add(1);
        let id = self.last_reader;
        self.tell(Event::TokenWanted {
            id,
            min_validity,
            refused: None,
        });
        self.tokens.remove(&id)
    }

    /// The answer to an [`Event::TokenWanted`] of the test's own, once.
    pub fn take_token(&mut self, id: u64) -> Option<Result<TokenGrant, Error>> {
        self.tokens.remove(&id)
    }

    /// Requests that waited are answered.
    pub fn let_go(&mut self) {
        self.holds_requests = false;
        while let Some((ticket, request)) = self.held.pop_front() {
            let exchange = self.provider.answer(&request, self.now);
            self.tell(Event::HttpDone { ticket, exchange });
        }
    }

    /// Time passes, and every timer rings at its time.
    pub fn advance(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.timer.filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.timer = None;
            self.tell(Event::Timer);
        }
        self.now = end;
    }

    /// Something happens, and all that follows from it at once.
    pub fn tell(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for effect in self.engine.handle(event, self.now) {
                events.extend(self.perform(effect));
            }
        }
    }

    fn perform(&mut self, effect: Effect) -> Option<Event> {
        match effect {
            Effect::Http {
                ticket, request, ..
            } => {
                if self.holds_requests {
                    self.held.push_back((ticket, request));
                    return None;
                }
                let exchange = self.provider.answer(&request, self.now);
                return Some(Event::HttpDone { ticket, exchange });
            }
            Effect::Verify { ticket, .. } => {
                return Some(Event::Verified {
                    ticket,
                    outcome: self.signatures,
                });
            }
            Effect::Lock { ticket, read, .. } => {
                return Some(Event::Locked {
                    ticket,
                    shared: self.local_storage.get(&read).cloned(),
                });
            }
            Effect::Store { ticket, key, value } => {
                self.session_storage.insert(key, value);
                return Some(Event::Stored { ticket, done: true });
            }
            Effect::Delete { key } => {
                self.session_storage.remove(&key);
            }
            Effect::DeleteAll { prefix } => {
                self.session_storage
                    .retain(|key, _| !key.starts_with(&prefix));
            }
            Effect::Share { key, value } => {
                match value {
                    Some(value) => self.local_storage.insert(key, value),
                    None => self.local_storage.remove(&key),
                };
            }
            Effect::ReplaceUrl { target, .. } => self.address = target,
            Effect::Navigate(url) => self.left_for = Some(url),
            Effect::SetTimer(at) => self.timer = at,
            Effect::TokenReady { id, result } => {
                self.tokens.insert(id, result);
            }
            Effect::Changed => self.changes = self.changes.saturating_add(1),
            // There is no other tab, and one lock at a time.
            Effect::Broadcast(_) | Effect::Unlock { .. } => {}
        }
        None
    }

    /// Never twice the same, and the same in every run.
    fn draw(&mut self) -> [u8; 32] {
        self.draws = self.draws.saturating_add(1);
        sha256(&self.draws.to_be_bytes())
    }
}

/// The text before the first mark, and that from the mark on.
fn split(text: &str, mark: char) -> (&str, &str) {
    match text.find(mark) {
        Some(at) => text.split_at_checked(at).unwrap_or((text, "")),
        None => (text, ""),
    }
}
