//! A deterministic world: tabs of one browser, a virtual clock, storage, locks, a channel, a
//! network, a provider. Whatever a tab does is seen here.

use super::provider::{Kind, Provider, check, field};
use crate::authorization::{Entropy, SignInOptions};
use crate::config::{Config, PageConfig};
use crate::error::{Error, ErrorCode};
use crate::http::{Exchange, HttpRequest, HttpResponse, TransportFault};
use crate::jose::{SignatureOutcome, VerifyRequest};
use crate::secret::SecretText;
use crate::session::feed::{self, Item};
use crate::session::{
    Effect, Engine, Environment, Event, Renewal, SessionState, SignedIn, Start, Ticket, TokenGrant,
};
use crate::time::Timestamp;
use crate::url::HttpUrl;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

pub(super) const START: i64 = 1_700_000_000_000;

/// What happens to one request.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    /// The provider answers; so long for the way there and back, in milliseconds.
    Answered { there: i64, back: i64 },
    /// Somebody else answers, or the provider without doing anything.
    Instead(HttpResponse),
    /// It never arrives.
    Lost(TransportFault),
    /// The provider does what was asked, and the answer never comes.
    AnswerLost(TransportFault),
    /// Nothing comes back within the 30 seconds of the shell.
    Hangs,
}

/// A request that was sent.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) kind: Kind,
    pub(super) at: i64,
    pub(super) request: HttpRequest,
    pub(super) keepalive: bool,
}

impl Sent {
    pub(super) fn field(&self, name: &str) -> Option<String> {
        field(&self.request, name)
    }
}

enum Delivery {
    Arrival {
        request: HttpRequest,
        ticket: Ticket,
        back: Option<i64>,
    },
    Answer {
        ticket: Ticket,
        exchange: Exchange,
        spent: Option<String>,
    },
    Verified {
        ticket: Ticket,
        outcome: SignatureOutcome,
    },
    Locked {
        ticket: Ticket,
        name: String,
    },
    Message(SecretText),
    Local {
        key: String,
        value: Option<String>,
    },
}

/// One tab and the page in it.
pub(super) struct Tab {
    pub(super) engine: Engine,
    pub(super) storage: BTreeMap<String, String>,
    /// Storage takes nothing more.
    pub(super) is_full: bool,
    /// What this tab's process sees of local storage.
    local: BTreeMap<String, String>,
    pub(super) address: String,
    /// Where the page went.
    pub(super) left_for: Option<String>,
    pub(super) timer: Option<i64>,
    pub(super) timers_fired: usize,
    pub(super) tokens: BTreeMap<u64, Result<TokenGrant, Error>>,
    pub(super) routed: Vec<String>,
    pub(super) is_open: bool,
    /// In the back/forward cache: hears nothing.
    pub(super) is_cached: bool,
    /// Frozen, or the machine sleeps: hears later.
    pub(super) is_frozen: bool,
    page: u64,
    reads: BTreeMap<u64, String>,
    /// The user signed out, and did not sign in again.
    is_signed_out: bool,
    /// Whether this tab shares its session.
    shares: bool,
    /// Whose this tab is, once somebody was signed in to it.
    user: Option<String>,
    /// The page is the answer to a sign-in of this tab.
    is_callback: bool,
    /// The page found no session in storage.
    is_fresh: bool,
    /// This page showed somebody.
    has_shown: bool,
    /// The signed-in tabs that were awake when the page loaded.
    around: Vec<Neighbour>,
    /// Since when it hears all that is said, and how often it did not.
    awake_since: i64,
    naps: usize,
    /// The last ones that were stored.
    refresh_token: Option<String>,
    family: Option<String>,
    /// What the feed told of this page.
    pub(super) feed: Vec<Item>,
    /// The names of effects, in order.
    pub(super) effects: Vec<String>,
    last_reader: u64,
}

/// A renewal whose answer a page awaits.
#[derive(Clone, Copy)]
struct Flight {
    grant: usize,
    at: i64,
}

/// A signed-in tab, as a page that loads meets it.
struct Neighbour {
    tab: usize,
    naps: usize,
    family: String,
}

pub(super) struct World {
    pub(super) now: i64,
    pub(super) provider: Provider,
    pub(super) tabs: Vec<Tab>,
    pub(super) sent: Vec<Sent>,
    pub(super) environment: Environment,
    pub(super) is_local_denied: bool,
    /// How late other processes see local storage and hear messages, in milliseconds.
    pub(super) local_lag: i64,
    pub(super) message_lag: i64,
    pub(super) fates: BTreeMap<Kind, VecDeque<Fate>>,
    pub(super) default_fate: Fate,
    /// Where there are no Web Locks, all get theirs at once.
    pub(super) has_locks: bool,
    /// Where there is no BroadcastChannel, nobody hears anything.
    pub(super) has_channel: bool,
    /// Locks are refused though the browser has them: not every rule can hold.
    pub(super) may_collide: bool,
    /// Whether every effect and engine is searched for secrets; slow.
    pub(super) is_watchful: bool,
    pub(super) outcome: Option<SignatureOutcome>,
    config: Value,
    local: BTreeMap<String, String>,
    locks: BTreeMap<String, VecDeque<(usize, u64, Ticket)>>,
    queue: BTreeMap<(i64, u64), (usize, u64, Delivery)>,
    sequence: u64,
    pages: u64,
    secrets: Vec<String>,
    states: Vec<String>,
    /// Messages on the channel.
    pub(super) broadcasts: usize,
    /// Renewals whose answers are awaited by a living page: the grant of each.
    flights: BTreeMap<(usize, u64), Flight>,
    /// Refresh tokens whose success a page saw.
    superseded: BTreeSet<String>,
    /// Successes that no page saw.
    pub(super) lost_answers: u32,
    /// Renewals that arrived when their page was gone.
    pub(super) strays: u32,
    /// Grants that the user signed out of, and when every living tab knows.
    signed_out: BTreeMap<usize, i64>,
    codes_sent: BTreeSet<String>,
    /// Decides what happens to requests that no script is for.
    pub(super) weather: Option<Box<dyn FnMut() -> Fate>>,
}

pub(super) fn config_with(change: impl FnOnce(&mut Value)) -> Value {
    let mut config = json!({
        "providers": [{
            "id": "local", "name": "Local", "issuer": super::provider::ISSUER,
            "client_id": "spa", "scope": "openid profile offline_access",
        }],
        "resource_api": "https://api.example/me",
    });
    change(&mut config);
    config
}

impl World {
    pub(super) fn new() -> Self {
        Self::with_config(config_with(|_| ()))
    }

    pub(super) fn with_config(config: Value) -> Self {
        Self {
            now: START,
            provider: Provider::new(),
            tabs: Vec::new(),
            sent: Vec::new(),
            environment: Environment {
                web_crypto: true,
                session_storage: true,
                foreign_frame: false,
                locks: true,
                channel: true,
            },
            is_local_denied: false,
            local_lag: 0,
            message_lag: 1,
            fates: BTreeMap::new(),
            default_fate: Fate::Answered {
                there: 20,
                back: 30,
            },
            has_locks: true,
            has_channel: true,
            may_collide: false,
            is_watchful: true,
            outcome: None,
            config,
            local: BTreeMap::new(),
            locks: BTreeMap::new(),
            queue: BTreeMap::new(),
            sequence: 0,
            pages: 0,
            secrets: vec!["canary".into()],
            states: Vec::new(),
            broadcasts: 0,
            flights: BTreeMap::new(),
            superseded: BTreeSet::new(),
            lost_answers: 0,
            strays: 0,
            signed_out: BTreeMap::new(),
            codes_sent: BTreeSet::new(),
            weather: None,
        }
    }

    /// Another configuration for the pages that load from now on.
    pub(super) fn set_config(&mut self, config: Value) {
        self.config = config;
    }

    fn config(&self, shares: bool) -> Config {
        let page = HttpUrl::parse("https://app.example/").unwrap();
        let config = PageConfig::parse(&self.config.to_string(), &page).unwrap();
        let config = config.into_config();
        if shares {
            return config;
        }
        let session = config.session().clone().with_share_across_tabs(false);
        config.with_session(session)
    }

    // ---- tabs ----

    /// Opens a new tab.
    pub(super) fn open(&mut self, address: &str) -> usize {
        self.open_with(address, BTreeMap::new())
    }

    /// Opens a new tab whose configuration forbids sharing.
    pub(super) fn open_unsharing(&mut self, address: &str) -> usize {
        let tab = self.add(BTreeMap::new());
        self.tabs[tab].shares = false;
        self.load(tab, address);
        tab
    }

    /// Duplicates a tab: its address, and a copy of its storage.
    pub(super) fn duplicate(&mut self, tab: usize) -> usize {
        let original = &self.tabs[tab];
        let (address, shares) = (original.address.clone(), original.shares);
        let user = original.user.clone();
        let copy = self.add(self.tabs[tab].storage.clone());
        self.tabs[copy].shares = shares;
        self.tabs[copy].user = user;
        self.load(copy, &address);
        copy
    }

    pub(super) fn open_with(&mut self, address: &str, storage: BTreeMap<String, String>) -> usize {
        let tab = self.add(storage);
        self.load(tab, address);
        tab
    }

    /// A tab without a page.
    fn add(&mut self, storage: BTreeMap<String, String>) -> usize {
        self.tabs.push(Tab {
            engine: Engine::new(self.config(true), "t"),
            storage,
            is_full: false,
            local: self.local.clone(),
            address: String::new(),
            left_for: None,
            timer: None,
            timers_fired: 0,
            tokens: BTreeMap::new(),
            routed: Vec::new(),
            is_open: true,
            is_cached: false,
            is_frozen: false,
            page: 0,
            reads: BTreeMap::new(),
            is_signed_out: false,
            shares: true,
            user: None,
            is_callback: false,
            is_fresh: false,
            has_shown: false,
            around: Vec::new(),
            awake_since: self.now,
            naps: 0,
            refresh_token: None,
            family: None,
            feed: Vec::new(),
            effects: Vec::new(),
            last_reader: 0,
        });
        self.tabs.len() - 1
    }

    /// The page in a tab goes in an orderly way, and another is loaded.
    pub(super) fn visit(&mut self, tab: usize, address: &str) {
        self.leave(tab);
        self.load(tab, address);
    }

    pub(super) fn reload(&mut self, tab: usize) {
        let address = self.tabs[tab].address.clone();
        self.visit(tab, &address);
    }

    /// The page goes without a word.
    pub(super) fn crash(&mut self, tab: usize) {
        self.end_page(tab);
        let address = self.tabs[tab].address.clone();
        self.load(tab, &address);
    }

    pub(super) fn close(&mut self, tab: usize) {
        self.leave(tab);
        self.tabs[tab].is_open = false;
    }

    fn leave(&mut self, tab: usize) {
        self.tell(tab, Event::Left);
        self.end_page(tab);
    }

    /// What the page held or waited for is gone.
    fn end_page(&mut self, tab: usize) {
        let page = self.tabs[tab].page;
        self.tabs[tab].naps += 1;
        self.tabs[tab].timer = None;
        self.tabs[tab].page = 0;
        self.flights.retain(|(owner, _), _| *owner != tab);
        let names: Vec<String> = self.locks.keys().cloned().collect();
        for name in names {
            self.drop_lock(&name, |owner, owner_page, _| {
                owner == tab && owner_page == page
            });
        }
    }

    /// The page goes without a word, and nothing is loaded yet.
    pub(super) fn end_quietly(&mut self, tab: usize) {
        self.end_page(tab);
    }

    /// Into the back/forward cache.
    pub(super) fn hide(&mut self, tab: usize) {
        self.tell(tab, Event::Left);
        self.tabs[tab].is_cached = true;
        self.tabs[tab].naps += 1;
    }

    /// Out of the back/forward cache.
    pub(super) fn show(&mut self, tab: usize) {
        self.tabs[tab].is_cached = false;
        self.tabs[tab].awake_since = self.now;
        let stored = self.stored(tab);
        self.tell(
            tab,
            Event::Restored {
                stored,
                online: true,
            },
        );
    }

    pub(super) fn load(&mut self, tab: usize, address: &str) {
        self.pages += 1;
        let page = self.pages;
        let (rest, fragment) = address.split_once('#').unwrap_or((address, ""));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let engine = Engine::new(self.config(self.tabs[tab].shares), "t");
        let shared = self.tabs[tab].local.clone().into_iter().collect();
        let start = Start {
            path: path.to_owned(),
            query: SecretText::new(query.to_owned()),
            fragment: SecretText::new(fragment.to_owned()),
            page_origin: "https://app.example".to_owned(),
            stored: self.stored(tab),
            shared: (!self.is_local_denied).then_some(shared),
            environment: Environment {
                locks: self.has_locks,
                channel: self.has_channel,
                ..self.environment
            },
            seed: page,
        };
        let around = self.neighbours(tab);
        let this = &mut self.tabs[tab];
        this.is_callback = address.contains("code=");
        this.is_fresh = !this.storage.contains_key("t.session") && !this.is_callback;
        this.has_shown = false;
        this.around = around;
        this.awake_since = self.now;
        this.naps += 1;
        this.engine = engine;
        this.page = page;
        this.address = address.to_owned();
        this.left_for = None;
        this.timer = None;
        this.is_cached = false;
        this.is_frozen = false;
        this.tokens.clear();
        this.reads.clear();
        this.effects.clear();
        this.feed.clear();
        this.routed.clear();
        self.tell(tab, Event::Start(Box::new(start)));
    }

    /// The signed-in tabs that hear what a page of this tab asks.
    fn neighbours(&self, tab: usize) -> Vec<Neighbour> {
        let tabs = self.tabs.iter().enumerate();
        let awake = tabs.filter(|(index, other)| {
            let hears = other.page != 0 && !other.is_cached && !other.is_frozen;
            *index != tab && hears && other.shares
        });
        awake
            .filter(|(index, _)| self.is_signed_in(*index))
            .filter_map(|(index, other)| {
                Some(Neighbour {
                    tab: index,
                    naps: other.naps,
                    family: other.family.clone()?,
                })
            })
            .collect()
    }

    /// Frozen: hears later.
    pub(super) fn freeze(&mut self, tab: usize) {
        self.tabs[tab].is_frozen = true;
        self.tabs[tab].naps += 1;
    }

    pub(super) fn thaw(&mut self, tab: usize) {
        self.tabs[tab].is_frozen = false;
        self.tabs[tab].awake_since = self.now;
    }

    fn stored(&self, tab: usize) -> Vec<(String, SecretText)> {
        let storage = &self.tabs[tab].storage;
        storage
            .iter()
            .map(|(key, value)| (key.clone(), SecretText::new(value.clone())))
            .collect()
    }

    fn read_local(&self, tab: usize, key: &str) -> Option<String> {
        if self.is_local_denied {
            None
        } else {
            self.tabs[tab].local.get(key).cloned()
        }
    }

    // ---- what people and apps do ----

    pub(super) fn click_sign_in(&mut self, tab: usize) {
        self.click_sign_in_with(tab, SignInOptions::default());
    }

    pub(super) fn click_sign_in_with(&mut self, tab: usize, options: SignInOptions) {
        self.sequence += 1;
        let mut octets = [0; 96];
        for (index, octet) in octets.iter_mut().enumerate() {
            let part = crate::encoding::sha256(&[self.sequence.to_le_bytes(), [7; 8]].concat());
            *octet = part[index % 32].wrapping_add(u8::try_from(index / 32).unwrap());
        }
        let entropy = Entropy::new(octets);
        self.tell(
            tab,
            Event::SignIn {
                provider: "local".into(),
                options,
                entropy,
            },
        );
    }

    /// Clicks and waits until the page leaves; returns where to.
    pub(super) fn go_to_provider(&mut self, tab: usize) -> String {
        self.click_sign_in(tab);
        self.run(1000);
        self.tabs[tab].left_for.clone().expect("a redirect")
    }

    /// Signs in from the button to the session.
    pub(super) fn sign_in(&mut self, tab: usize) {
        let url = self.go_to_provider(tab);
        let callback = self.provider.authorize(&url);
        self.visit(tab, &callback);
        self.run(if self.has_locks { 1000 } else { 3000 });
        assert!(
            self.is_signed_in(tab),
            "{:?} {:?}",
            self.state(tab),
            self.notice(tab)
        );
    }

    /// A tab with a signed-in user.
    pub(super) fn signed_in() -> (Self, usize) {
        let mut world = Self::new();
        let tab = world.open("/");
        world.sign_in(tab);
        (world, tab)
    }

    pub(super) fn sign_out(&mut self, tab: usize) {
        let token = self.stored_member(tab, "refresh_token");
        let grant = token.and_then(|token| self.provider.grant_of(token.as_str()?));
        if let Some(grant) = grant.filter(|_| self.is_signed_in(tab)) {
            self.signed_out
                .entry(grant)
                .or_insert(self.now + self.message_lag.max(self.local_lag));
        }
        self.tell(tab, Event::SignOut { state: [7; 16] });
    }

    pub(super) fn want_token(&mut self, tab: usize, min_seconds: u64, refused: Option<u64>) -> u64 {
        self.tabs[tab].last_reader += 1;
        let id = self.tabs[tab].last_reader;
        let min_validity = Duration::from_secs(min_seconds);
        self.tell(
            tab,
            Event::TokenWanted {
                id,
                min_validity,
                refused,
            },
        );
        id
    }

    pub(super) fn wake(&mut self, tab: usize, online: bool) {
        self.tell(
            tab,
            Event::Woke {
                online,
                restored: false,
            },
        );
    }

    // ---- what is seen ----

    pub(super) fn state(&self, tab: usize) -> SessionState {
        self.tabs[tab].engine.state()
    }

    pub(super) fn notice(&self, tab: usize) -> Option<ErrorCode> {
        self.tabs[tab].engine.notice().map(Error::code)
    }

    pub(super) fn is_signed_in(&self, tab: usize) -> bool {
        matches!(self.state(tab), SessionState::SignedIn(_))
    }

    pub(super) fn session(&self, tab: usize) -> SignedIn {
        match self.state(tab) {
            SessionState::SignedIn(session) => session,
            other => panic!("not signed in: {other:?}, {:?}", self.notice(tab)),
        }
    }

    pub(super) fn renewal(&self, tab: usize) -> Renewal {
        self.session(tab).renewal
    }

    pub(super) fn end(&self, tab: usize) -> Option<ErrorCode> {
        match self.state(tab) {
            SessionState::Ended(error) => Some(error.code()),
            _ => None,
        }
    }

    /// What a reader got: a token, an error, or nothing yet.
    pub(super) fn token(&self, tab: usize, id: u64) -> Option<Result<String, ErrorCode>> {
        let result = self.tabs[tab].tokens.get(&id)?;
        Some(
            result
                .as_ref()
                .map(|g| g.token.expose().to_owned())
                .map_err(Error::code),
        )
    }

    pub(super) fn count(&self, kind: Kind) -> usize {
        self.sent.iter().filter(|sent| sent.kind == kind).count()
    }

    pub(super) fn kinds(&self) -> Vec<Kind> {
        self.sent.iter().map(|sent| sent.kind).collect()
    }

    pub(super) fn refresh_tokens_sent(&self) -> Vec<String> {
        let refreshes = self.sent.iter().filter(|sent| sent.kind == Kind::Refresh);
        refreshes
            .map(|sent| sent.field("refresh_token").unwrap())
            .collect()
    }

    /// A member of the stored session.
    pub(super) fn stored_member(&self, tab: usize, name: &str) -> Option<Value> {
        let session: Value =
            serde_json::from_str(self.tabs[tab].storage.get("t.session")?).unwrap();
        session.get(name).cloned()
    }

    /// How many entries of local storage have keys that start so.
    pub(super) fn shared_entries(&self, prefix: &str) -> usize {
        let keys = self.local.keys();
        keys.filter(|key| key.starts_with(prefix)).count()
    }

    /// What is left where local storage is full and takes no record.
    pub(super) fn forget_family_record(&mut self) {
        self.local.retain(|key, _| !key.starts_with("t.family."));
        for tab in &mut self.tabs {
            tab.local.retain(|key, _| !key.starts_with("t.family."));
        }
    }

    /// The local storage entry of the only family.
    pub(super) fn family_record(&self) -> Option<Value> {
        let mut found = self
            .local
            .iter()
            .filter(|(key, _)| key.starts_with("t.family."));
        let (_, value) = found.next()?;
        assert!(found.next().is_none(), "more than one family");
        Some(serde_json::from_str(value).unwrap())
    }

    // ---- time ----

    /// Lets so many milliseconds pass.
    pub(super) fn run(&mut self, millis: i64) {
        let end = self.now + millis;
        while self.step(end) {}
        self.now = end;
    }

    pub(super) fn run_secs(&mut self, seconds: i64) {
        self.run(seconds * 1000);
    }

    /// The clock goes on while nothing in the machine does.
    pub(super) fn sleep(&mut self, millis: i64) {
        self.now += millis;
        for tab in &mut self.tabs {
            tab.awake_since = self.now;
            tab.naps += 1;
        }
    }

    /// What is next up to `end`.
    fn step(&mut self, end: i64) -> bool {
        let timer = self
            .tabs
            .iter()
            .enumerate()
            .filter(|(_, tab)| tab.page != 0 && !tab.is_cached && !tab.is_frozen)
            .filter_map(|(index, tab)| Some((tab.timer?, index)))
            .min();
        let delivery = self
            .queue
            .iter()
            .find(|(_, (tab, _, delivery))| {
                matches!(delivery, Delivery::Arrival { .. }) || !self.is_deaf(*tab)
            })
            .map(|(key, _)| *key);
        match (timer, delivery) {
            (Some((at, tab)), next) if next.is_none_or(|(other, _)| at < other) => {
                if at > end {
                    return false;
                }
                self.now = self.now.max(at);
                self.tabs[tab].timer = None;
                self.tabs[tab].timers_fired += 1;
                assert!(
                    self.tabs[tab].timers_fired < 100_000,
                    "a tight loop: {:?}",
                    self.state(tab)
                );
                self.tell(tab, Event::Timer);
            }
            (_, Some(key)) => {
                if key.0 > end {
                    return false;
                }
                self.now = self.now.max(key.0);
                if let Some((tab, page, delivery)) = self.queue.remove(&key) {
                    self.deliver(key.0, tab, page, delivery);
                }
            }
            _ => return false,
        }
        true
    }

    fn is_deaf(&self, tab: usize) -> bool {
        self.tabs[tab].is_frozen
    }

    fn post(&mut self, after: i64, tab: usize, delivery: Delivery) {
        self.sequence += 1;
        let page = self.tabs[tab].page;
        self.queue
            .insert((self.now + after, self.sequence), (tab, page, delivery));
    }

    fn deliver(&mut self, at: i64, tab: usize, page: u64, delivery: Delivery) {
        let is_there = self.tabs[tab].page == page && page != 0;
        match delivery {
            Delivery::Arrival {
                request,
                ticket,
                back,
            } => {
                // The provider does not sleep when the machine does.
                let answer = self.provider.answer(&request, at);
                let spent = match (Kind::of(&request), answer.status) {
                    (Kind::Refresh, 200) => field(&request, "refresh_token"),
                    _ => None,
                };
                match back.filter(|_| is_there) {
                    Some(back) => {
                        self.post(
                            back,
                            tab,
                            Delivery::Answer {
                                ticket,
                                exchange: Ok(answer),
                                spent,
                            },
                        );
                    }
                    None => {
                        self.lost_answers += u32::from(spent.is_some());
                        // It may even come after another page's, and look like a theft.
                        self.strays += u32::from(!is_there && Kind::of(&request) == Kind::Refresh);
                    }
                }
            }
            Delivery::Local { key, value } => {
                write(&mut self.tabs[tab].local, key, value);
            }
            Delivery::Answer { spent: Some(_), .. } if !is_there => self.lost_answers += 1,
            _ if !is_there => {}
            Delivery::Message(_) if self.tabs[tab].is_cached => {}
            Delivery::Answer {
                ticket,
                exchange,
                spent,
            } => {
                self.flights.remove(&(tab, ticket.0));
                // Without rotation it is not spent.
                let is_replaced = |token: &String| self.provider.is_replaced(token);
                self.superseded.extend(spent.filter(is_replaced));
                self.tell(tab, Event::HttpDone { ticket, exchange });
            }
            Delivery::Verified { ticket, outcome } => {
                self.tell(tab, Event::Verified { ticket, outcome });
            }
            Delivery::Message(text) => self.tell(tab, Event::Message(text)),
            Delivery::Locked { ticket, name } => {
                let holds = self
                    .locks
                    .get(&name)
                    .and_then(VecDeque::front)
                    .is_some_and(|(owner, _, held)| (*owner, *held) == (tab, ticket));
                if holds || !self.has_locks {
                    let key = self.tabs[tab].reads[&ticket.0].clone();
                    let shared = self.read_local(tab, &key);
                    self.tell(tab, Event::Locked { ticket, shared });
                }
            }
        }
    }

    // ---- the shell ----

    pub(super) fn tell(&mut self, tab: usize, event: Event) {
        match &event {
            Event::SignOut { .. } => self.tabs[tab].is_signed_out = true,
            // Another page of this tab may have done what it likes.
            Event::Restored { .. } => {
                self.tabs[tab].has_shown = false;
                self.tabs[tab].user = None;
                self.tabs[tab].is_fresh = false;
            }
            _ => {}
        }
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            self.watch_feed(tab, feed::of_event(&event));
            let now = Timestamp::from_millis(self.now);
            let effects = self.tabs[tab].engine.handle(event, now);
            for effect in effects {
                self.watch(tab, &effect);
                if let Some(answer) = self.perform(tab, effect) {
                    events.push_back(answer);
                }
            }
        }
    }

    /// Nothing that could be logged tells a secret (protocol: canary secrets).
    fn watch(&mut self, tab: usize, effect: &Effect) {
        if !self.is_watchful {
            return;
        }
        let shown = format!(
            "{effect:?} {:?} {:?}",
            self.tabs[tab].engine,
            self.state(tab)
        );
        for secret in &self.secrets {
            assert!(!shown.contains(secret.as_str()), "{secret} in {shown}");
        }
        let item = feed::of_effect(effect, &self.tabs[tab].engine);
        self.watch_feed(tab, item);
        let name = shown.split([' ', '(', '{']).next().unwrap_or_default();
        self.tabs[tab].effects.push(name.to_owned());
    }

    /// Nor does the feed.
    fn watch_feed(&mut self, tab: usize, item: Option<Item>) {
        let Some(item) = item.filter(|_| self.is_watchful) else {
            return;
        };
        let text = item.to_json(Timestamp::from_millis(self.now));
        serde_json::from_str::<Value>(&text).unwrap();
        for secret in self.secrets.iter().chain(&self.states) {
            assert!(!text.contains(secret.as_str()), "{secret} in {text}");
        }
        self.tabs[tab].feed.push(item);
    }

    fn perform(&mut self, tab: usize, effect: Effect) -> Option<Event> {
        if std::env::var("TRACE").is_ok() {
            self.trace(tab, &effect);
        }
        match effect {
            Effect::Http {
                ticket,
                request,
                keepalive,
            } => {
                self.send(tab, ticket, request, keepalive);
            }
            Effect::Verify { ticket, request } => self.verify(tab, ticket, &request),
            Effect::Lock { ticket, name, read } => {
                self.tabs[tab].reads.insert(ticket.0, read);
                let page = self.tabs[tab].page;
                let waiting = self.locks.entry(name.clone()).or_default();
                waiting.push_back((tab, page, ticket));
                if waiting.len() == 1 || !self.has_locks {
                    self.post(1, tab, Delivery::Locked { ticket, name });
                }
            }
            Effect::Unlock { ticket } => {
                let names: Vec<String> = self.locks.keys().cloned().collect();
                for name in names {
                    self.drop_lock(&name, |owner, _, held| owner == tab && held == ticket);
                }
            }
            Effect::Store { ticket, key, value } => {
                let this = &mut self.tabs[tab];
                let done = !this.is_full && self.environment.session_storage;
                if done {
                    if let Some(state) = key.strip_prefix("t.tx.") {
                        self.states.push(state.to_owned());
                        let tx: Value = serde_json::from_str(value.expose()).unwrap();
                        for name in ["verifier", "nonce"] {
                            self.secrets.push(tx[name].as_str().unwrap().to_owned());
                        }
                    }
                    if key == "t.session" {
                        // Read with two cuts: this happens often.
                        let token = value.expose().split("\"refresh_token\":\"").nth(1);
                        let token = token.and_then(|rest| rest.split('"').next());
                        this.refresh_token = token.map(str::to_owned);
                        let family = value.expose().split("\"family\":\"").nth(1);
                        let family = family.and_then(|rest| rest.split('"').next());
                        this.family = family.map(str::to_owned);
                    }
                    this.storage.insert(key, value.expose().to_owned());
                }
                return Some(Event::Stored { ticket, done });
            }
            Effect::Delete { key } => {
                self.tabs[tab].storage.remove(&key);
            }
            Effect::DeleteAll { prefix } => {
                self.tabs[tab]
                    .storage
                    .retain(|key, _| !key.starts_with(&prefix));
            }
            Effect::Share { key, value } => self.share(tab, key, value),
            Effect::Broadcast(text) => {
                self.broadcasts += 1;
                let reach = if self.has_channel { self.tabs.len() } else { 0 };
                for other in 0..reach {
                    let is_listening = self.tabs[other].page != 0 && !self.tabs[other].is_cached;
                    if other != tab && is_listening {
                        self.post(self.message_lag, other, Delivery::Message(text.clone()));
                    }
                }
            }
            Effect::ReplaceUrl { target, route } => {
                self.tabs[tab].address.clone_from(&target);
                if route {
                    self.tabs[tab].routed.push(target);
                }
            }
            Effect::Navigate(url) => self.tabs[tab].left_for = Some(url.expose().to_owned()),
            Effect::SetTimer(at) => {
                let now = self.now;
                self.tabs[tab].timer = at.map(|at| {
                    assert!(at.as_millis() >= now, "a timer in the past");
                    at.as_millis()
                });
            }
            Effect::TokenReady { id, result } => {
                if let Ok(grant) = &result {
                    self.watch_token(tab, grant);
                }
                let before = self.tabs[tab].tokens.insert(id, result);
                assert!(before.is_none(), "reader {id} was served twice");
            }
            Effect::Changed => self.watch_change(tab),
        }
        None
    }

    fn watch_change(&mut self, tab: usize) {
        match self.state(tab) {
            SessionState::SignedIn(session) => {
                assert!(
                    !std::mem::take(&mut self.tabs[tab].is_signed_out)
                        || self.tabs[tab].engine.notice().is_none()
                );
                self.watch_user(tab, session.user.sub());
            }
            SessionState::SignedOut => {
                let this = &self.tabs[tab];
                assert!(
                    !this.has_shown || this.is_signed_out,
                    "{tab}: a session is gone without a word"
                );
            }
            SessionState::Ended(error) if error.code() == ErrorCode::SessionCopyStale => {
                // Nobody is sent away whose copy is the newest, as far as that can be known.
                let token = self.tabs[tab].refresh_token.clone().unwrap_or_default();
                let grant = self.provider.grant_of(&token);
                let is_newest = self.provider.is_newest(&token)
                    && grant.is_none_or(|grant| !self.signed_out.contains_key(&grant));
                assert!(
                    !is_newest || self.is_local_denied,
                    "{tab}: {token} was the newest"
                );
            }
            _ => {}
        }
    }

    /// No tab changes its user without a sign-in of its own, and a new one joins only where there is
    /// one family to join.
    fn watch_user(&mut self, tab: usize, user: &str) {
        let this = &self.tabs[tab];
        let is_own = this.is_callback && !this.has_shown;
        match &this.user {
            Some(known) => assert!(
                known == user || is_own,
                "{tab}: the user changes from {known} to {user}"
            ),
            None if this.is_fresh && !is_own => {
                assert!(this.shares && self.has_channel, "{tab}: joined unasked");
                let joined = this.family.as_ref().unwrap();
                let is_still_there = |other: &&Neighbour| {
                    self.tabs[other.tab].naps == other.naps
                        && self.tabs[other.tab].family.as_ref() == Some(&other.family)
                        && self.is_signed_in(other.tab)
                };
                let mut others = this.around.iter().filter(is_still_there);
                assert!(
                    others.all(|other| other.family == *joined),
                    "{tab}: joined though there are several families"
                );
                let mut known = this.around.iter().map(|other| &other.family);
                // One may have woken up, or signed in, since.
                let tabs = self.tabs.iter().enumerate();
                let mut later = tabs
                    .filter(|(index, other)| *index != tab && other.shares)
                    .filter_map(|(_, other)| other.family.as_ref());
                assert!(
                    known.any(|family| family == joined) || later.any(|family| family == joined),
                    "{tab}: joined what nobody offered"
                );
            }
            None => {}
        }
        let this = &mut self.tabs[tab];
        this.user = Some(user.to_owned());
        this.has_shown = true;
    }

    /// What no reader may ever be given.
    fn watch_token(&self, tab: usize, grant: &TokenGrant) {
        let this = &self.tabs[tab];
        assert!(!this.is_signed_out, "a token after the sign-out");
        let Some((grant, user)) = self.provider.owner_of(grant.token.expose()) else {
            return;
        };
        let known = this.user.as_deref().unwrap_or(user);
        assert_eq!(known, user, "another user's token");
        let is_over = self.signed_out.get(&grant).is_some_and(|known_at| {
            // A tab that was away hears of it in a moment.
            self.has_channel
                && this.awake_since < known_at - self.message_lag.max(self.local_lag)
                && self.now > *known_at
        });
        assert!(!is_over, "{tab}: a token after the sign-out of another tab");
    }

    fn trace(&self, tab: usize, effect: &Effect) {
        let at = self.now - START;
        match effect {
            Effect::Http { request, .. } => println!(
                "{at:>10}   {tab}: {:?} {:?}",
                Kind::of(request),
                field(request, "refresh_token")
            ),
            Effect::Broadcast(text) => println!(
                "{at:>10}   {tab}: says {}",
                text.expose().chars().skip(60).take(100).collect::<String>()
            ),
            Effect::Share { value, .. } => println!("{at:>10}   {tab}: shares {value:?}"),
            Effect::Lock { ticket, name, .. } => {
                println!("{at:>10}   {tab}: lock {} {}", ticket.0, name)
            }
            Effect::Unlock { ticket } => println!("{at:>10}   {tab}: unlock {}", ticket.0),
            Effect::Changed => println!(
                "{at:>10}   {tab}: {}",
                match self.state(tab) {
                    SessionState::SignedIn(s) => format!("gen {} {:?}", s.generation, s.renewal)
                        .chars()
                        .take(60)
                        .collect::<String>(),
                    other => format!("{other:?}").chars().take(60).collect(),
                }
            ),
            _ => {}
        }
    }

    fn share(&mut self, tab: usize, key: String, value: Option<String>) {
        assert!(
            !value.as_deref().unwrap_or_default().contains("canary"),
            "a secret is shared"
        );
        if self.is_local_denied {
            return;
        }
        write(&mut self.local, key.clone(), value.clone());
        write(&mut self.tabs[tab].local, key.clone(), value.clone());
        for other in 0..self.tabs.len() {
            if other == tab {
                continue;
            }
            let (key, value) = (key.clone(), value.clone());
            if self.local_lag == 0 {
                write(&mut self.tabs[other].local, key, value);
            } else {
                self.post(self.local_lag, other, Delivery::Local { key, value });
            }
        }
    }

    fn drop_lock(&mut self, name: &str, is_gone: impl Fn(usize, u64, Ticket) -> bool) {
        let Some(waiting) = self.locks.get_mut(name) else {
            return;
        };
        let before = waiting.front().copied();
        waiting.retain(|(tab, page, ticket)| !is_gone(*tab, *page, *ticket));
        let after = waiting.front().copied();
        if before != after
            && self.has_locks
            && let Some((tab, _, ticket)) = after
        {
            self.post(
                1,
                tab,
                Delivery::Locked {
                    ticket,
                    name: name.to_owned(),
                },
            );
        }
    }

    fn verify(&mut self, tab: usize, ticket: Ticket, request: &VerifyRequest) {
        let outcome = self.outcome.unwrap_or_else(|| check(request));
        self.post(2, tab, Delivery::Verified { ticket, outcome });
    }

    fn send(&mut self, tab: usize, ticket: Ticket, request: HttpRequest, keepalive: bool) {
        let kind = Kind::of(&request);
        let at = self.now;
        self.watch_request(tab, ticket, kind, &request);
        self.sent.push(Sent {
            kind,
            at,
            request: request.clone(),
            keepalive,
        });
        let scripted = self.fates.get_mut(&kind).and_then(VecDeque::pop_front);
        let fate = scripted.unwrap_or_else(|| match &mut self.weather {
            Some(weather) => weather(),
            None => self.default_fate.clone(),
        });
        self.carry(tab, ticket, request, fate);
    }

    /// What no request may ever be.
    fn watch_request(&mut self, tab: usize, ticket: Ticket, kind: Kind, request: &HttpRequest) {
        if kind == Kind::Code {
            let code = field(request, "code").unwrap();
            assert!(self.codes_sent.insert(code), "a code is sent twice");
        }
        if kind != Kind::Refresh {
            return;
        }
        let token = field(request, "refresh_token").unwrap();
        assert!(
            !self.superseded.contains(&token),
            "{token} is sent again after a page saw its success"
        );
        let Some(grant) = self.provider.grant_of(&token) else {
            return;
        };
        let at = self.now;
        let is_of_this = |other: &Flight| other.grant == grant;
        if !self.has_locks {
            // A lease does not outlast a page that froze in mid-request; the request has ended.
            let before = self.flights.len();
            let is_over = |other: &Flight| is_of_this(other) && at - other.at > 31_000;
            self.flights.retain(|_, other| !is_over(other));
            self.strays += u32::try_from(before - self.flights.len()).unwrap();
        }
        assert!(
            self.may_collide || !self.flights.values().any(is_of_this),
            "two renewals of one family at once"
        );
        self.flights.insert((tab, ticket.0), Flight { grant, at });
        // Without the channel a renewal that was under way goes on until the provider refuses it.
        let is_over =
            self.has_channel && self.signed_out.get(&grant).is_some_and(|at| self.now > *at);
        assert!(!is_over, "{token} is sent after the sign-out");
    }

    /// Whether the page awaits an answer or holds a lock.
    pub(super) fn is_busy(&self, tab: usize) -> bool {
        self.flights.keys().any(|(owner, _)| *owner == tab)
            || self
                .locks
                .values()
                .flatten()
                .any(|(owner, _, _)| *owner == tab)
    }

    fn carry(&mut self, tab: usize, ticket: Ticket, request: HttpRequest, fate: Fate) {
        match fate {
            Fate::Answered { there, back } => {
                self.post(
                    there,
                    tab,
                    Delivery::Arrival {
                        request,
                        ticket,
                        back: Some(back),
                    },
                );
            }
            Fate::Instead(answer) => {
                self.post(
                    50,
                    tab,
                    Delivery::Answer {
                        ticket,
                        exchange: Ok(answer),
                        spent: None,
                    },
                );
            }
            Fate::Lost(fault) => {
                self.post(
                    50,
                    tab,
                    Delivery::Answer {
                        ticket,
                        exchange: Err(fault),
                        spent: None,
                    },
                );
            }
            Fate::AnswerLost(fault) => {
                self.post(
                    20,
                    tab,
                    Delivery::Arrival {
                        request,
                        ticket,
                        back: None,
                    },
                );
                self.post(
                    50,
                    tab,
                    Delivery::Answer {
                        ticket,
                        exchange: Err(fault),
                        spent: None,
                    },
                );
            }
            Fate::Hangs => {
                let exchange = Err(TransportFault::Timeout);
                self.post(
                    30_000,
                    tab,
                    Delivery::Answer {
                        ticket,
                        exchange,
                        spent: None,
                    },
                );
            }
        }
    }

    /// Scripts what happens to the next requests of a kind.
    pub(super) fn script(&mut self, kind: Kind, fates: impl IntoIterator<Item = Fate>) {
        self.fates.entry(kind).or_default().extend(fates);
    }
}

fn write(storage: &mut BTreeMap<String, String>, key: String, value: Option<String>) {
    match value {
        Some(value) => storage.insert(key, value),
        None => storage.remove(&key),
    };
}

pub(super) const OFFLINE: Fate = Fate::Lost(TransportFault::Network { online: true });
pub(super) const ANSWER_LOST: Fate = Fate::AnswerLost(TransportFault::Network { online: true });
