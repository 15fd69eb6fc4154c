//! The shell around the engine: carries events in and effects out, and decides nothing.

pub(crate) mod crypto;
pub(crate) mod fetch;
pub(crate) mod js;
pub(crate) mod locks;
pub(crate) mod page;
pub(crate) mod storage;
#[cfg(all(test, target_arch = "wasm32"))]
mod tests;

use futures_channel::oneshot;
use js::{Listener, Timeout};
use locks::Lock;
use pkce_core::authorization::{Entropy, SignInOptions};
use pkce_core::config::Config;
use pkce_core::secret::SecretText;
use pkce_core::session::{Effect, Engine, Event, SessionState, Ticket, TokenGrant};
use pkce_core::time::TIMER_LIMIT_MS;
use pkce_core::{Error, ErrorCode, Phase, Timestamp};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::{Rc, Weak};
use std::time::Duration;
pub(crate) use storage::now;
use storage::{Area, random};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

/// How often activity is reported.
const ACTIVITY_STEP: Duration = Duration::from_millis(250);

/// Something for a watcher to look at.
pub(crate) enum Seen<'a> {
    /// It is about to be handled.
    Event(&'a Event),
    /// It is about to be carried out.
    Effect(&'a Effect, &'a Engine),
}

/// Looks at all that happens.
pub(crate) type Watcher = Rc<dyn Fn(Seen<'_>)>;

/// One instance of the engine in this page.
pub(crate) struct Shell {
    engine: RefCell<Engine>,
    queue: RefCell<VecDeque<Event>>,
    busy: Cell<bool>,
    on_change: Box<dyn Fn(SessionState, Option<Error>)>,
    timer: RefCell<Option<Timeout>>,
    locks: RefCell<HashMap<Ticket, Lock>>,
    readers: RefCell<HashMap<u64, oneshot::Sender<Result<TokenGrant, Error>>>>,
    last_reader: Cell<u64>,
    channel: RefCell<Option<(web_sys::BroadcastChannel, Listener)>>,
    listeners: RefCell<Vec<Listener>>,
    active_at: Cell<Timestamp>,
    watchers: RefCell<Vec<Watcher>>,
    this: Weak<Shell>,
}

impl Shell {
    /// Starts an engine on this page. `on_change` is told of every visible change, `watcher` of all
    /// that happens from the first event on.
    pub(crate) fn start(
        config: Config,
        prefix: &str,
        watcher: Option<Watcher>,
        on_change: impl Fn(SessionState, Option<Error>) + 'static,
    ) -> Rc<Self> {
        let shell = Rc::new_cyclic(|this| Self {
            engine: RefCell::new(Engine::new(config, prefix)),
            queue: RefCell::default(),
            busy: Cell::new(false),
            on_change: Box::new(on_change),
            timer: RefCell::default(),
            locks: RefCell::default(),
            readers: RefCell::default(),
            last_reader: Cell::new(0),
            channel: RefCell::default(),
            listeners: RefCell::default(),
            active_at: Cell::new(Timestamp::from_millis(0)),
            watchers: RefCell::new(watcher.into_iter().collect()),
            this: this.clone(),
        });
        shell.open_channel();
        shell.listen();
        let has_channel = shell.channel.borrow().is_some();
        let start = page::start(shell.engine.borrow().storage_keys(), has_channel);
        shell.dispatch(Event::Start(Box::new(start)));
        shell
    }

    // ---- what the library asks for ----

    /// Begins a sign-in. Without a cryptographic source of randomness there is none.
    pub(crate) fn sign_in(&self, provider: &str, mut options: SignInOptions) {
        if options.return_to.is_none() {
            options.return_to = page::place(self.engine.borrow().config());
        }
        if let Some(octets) = random::<96>() {
            let entropy = Entropy::new(octets);
            self.dispatch(Event::SignIn {
                provider: provider.to_owned(),
                options,
                entropy,
            });
        } else {
            (self.on_change)(
                self.engine.borrow().state(),
                Some(
                    Error::new(ErrorCode::InsecureContext, Phase::Environment)
                        .expected("crypto.getRandomValues")
                        .came("a browser without it"),
                ),
            );
        }
    }

    pub(crate) fn sign_out(&self) {
        self.dispatch(Event::SignOut {
            state: random().unwrap_or_default(),
        });
    }

    pub(crate) fn refresh(&self) {
        self.dispatch(Event::Refresh);
    }

    pub(crate) fn dismiss_notice(&self) {
        self.dispatch(Event::DismissNotice);
    }

    /// An access token that is valid for `min_validity` longer.
    pub(crate) async fn token(
        &self,
        min_validity: Duration,
        refused: Option<u64>,
    ) -> Result<TokenGrant, Error> {
        let id = self.last_reader.get().wrapping_add(1);
        self.last_reader.set(id);
        let (sender, receiver) = oneshot::channel();
        self.readers.borrow_mut().insert(id, sender);
        self.dispatch(Event::TokenWanted {
            id,
            min_validity,
            refused,
        });
        receiver
            .await
            .unwrap_or_else(|_| Err(Error::new(ErrorCode::Aborted, Phase::Api)))
    }

    /// The user wants to stay, or is at work: puts an idle limit off.
    pub(crate) fn active(&self) {
        self.dispatch(Event::Activity);
    }

    /// The value that the app handed to the sign-in that was completed on this page.
    pub(crate) fn app_state(&self) -> Option<String> {
        self.engine.borrow().app_state().map(str::to_owned)
    }

    /// Tells of all that happens from now on.
    pub(crate) fn watch(&self, watcher: Watcher) {
        self.watchers.borrow_mut().push(watcher);
    }

    fn show(&self, seen: impl Fn(&Watcher)) {
        // Cloned out: a watcher may bring another.
        let watchers = self.watchers.borrow().clone();
        watchers.iter().for_each(seen);
    }

    pub(crate) fn with_config<T>(&self, read: impl FnOnce(&Config) -> T) -> T {
        read(self.engine.borrow().config())
    }

    // ---- events in ----

    /// Feeds one event, and those that its effects cause at once, in order.
    fn dispatch(&self, event: Event) {
        self.queue.borrow_mut().push_back(event);
        if self.busy.replace(true) {
            return;
        }
        loop {
            let next = self.queue.borrow_mut().pop_front();
            let Some(event) = next else { break };
            self.show(|watcher| watcher(Seen::Event(&event)));
            let effects = self.engine.borrow_mut().handle(event, now());
            for effect in effects {
                self.show(|watcher| watcher(Seen::Effect(&effect, &self.engine.borrow())));
                self.perform(effect);
            }
        }
        self.busy.set(false);
    }

    fn later(&self, event: Event) {
        self.queue.borrow_mut().push_back(event);
    }

    fn listen(&self) {
        let Some(window) = web_sys::window() else {
            return;
        };
        let mut listeners = Vec::new();
        let mut on = |target: &web_sys::EventTarget, name, act: fn(&Shell, &web_sys::Event)| {
            let this = self.this.clone();
            listeners.push(Listener::new(target, name, move |event| {
                if let Some(shell) = this.upgrade() {
                    act(&shell, &event);
                }
            }));
        };
        on(&window, "online", |shell, _| shell.woke());
        on(&window, "focus", |shell, _| shell.woke());
        on(&window, "pageshow", |shell, event| {
            let restored = event
                .dyn_ref::<web_sys::PageTransitionEvent>()
                .is_some_and(web_sys::PageTransitionEvent::persisted);
            if restored {
                shell.open_channel();
                let stored = page::stored(shell.engine.borrow().storage_keys());
                shell.dispatch(Event::Restored {
                    stored,
                    online: fetch::is_online(),
                });
            }
        });
        // An open channel keeps a page out of the back/forward cache.
        on(&window, "pagehide", |shell, _| {
            shell.dispatch(Event::Left);
            shell.close_channel();
        });
        if let Some(document) = window.document() {
            on(&document, "visibilitychange", |shell, _| {
                let visible = web_sys::window()
                    .and_then(|window| window.document())
                    .is_some_and(|d| d.visibility_state() == web_sys::VisibilityState::Visible);
                if visible {
                    shell.woke();
                }
            });
            if self.with_config(|config| config.session().idle_limit().is_some()) {
                for name in ["pointerdown", "keydown", "wheel", "touchstart", "scroll"] {
                    on(&document, name, |shell, _| {
                        // Scrolling alone makes dozens in a second.
                        if now().since(shell.active_at.get()) >= ACTIVITY_STEP {
                            shell.active_at.set(now());
                            shell.active();
                        }
                    });
                }
            }
        }
        *self.listeners.borrow_mut() = listeners;
    }

    fn woke(&self) {
        self.dispatch(Event::Woke {
            online: fetch::is_online(),
            restored: false,
        });
    }

    fn open_channel(&self) {
        if self.channel.borrow().is_some() {
            return;
        }
        let name = self.engine.borrow().storage_keys().channel();
        // The constructor is missing from some old browsers and throws in opaque origins.
        let Ok(channel) = web_sys::BroadcastChannel::new(&name) else {
            return;
        };
        let this = self.this.clone();
        let listener = Listener::new(&channel, "message", move |event| {
            let data = event
                .dyn_ref::<web_sys::MessageEvent>()
                .map(web_sys::MessageEvent::data);
            let text = data.and_then(|data| data.as_string());
            if let (Some(shell), Some(text)) = (this.upgrade(), text) {
                shell.dispatch(Event::Message(SecretText::new(text)));
            }
        });
        *self.channel.borrow_mut() = Some((channel, listener));
    }

    fn close_channel(&self) {
        if let Some((channel, _)) = self.channel.borrow_mut().take() {
            channel.close();
        }
    }

    // ---- effects out ----

    fn perform(&self, effect: Effect) {
        match effect {
            Effect::Http {
                ticket,
                request,
                keepalive,
            } => {
                let this = self.this.clone();
                spawn_local(async move {
                    let exchange = fetch::perform(&request, keepalive).await;
                    if let Some(shell) = this.upgrade() {
                        shell.dispatch(Event::HttpDone { ticket, exchange });
                    }
                });
            }
            Effect::Verify { ticket, request } => {
                let this = self.this.clone();
                spawn_local(async move {
                    let outcome = crypto::verify(&request).await;
                    if let Some(shell) = this.upgrade() {
                        shell.dispatch(Event::Verified { ticket, outcome });
                    }
                });
            }
            Effect::Lock { ticket, name, read } => self.lock(ticket, &name, read),
            Effect::Unlock { ticket } => {
                let lock = self.locks.borrow_mut().remove(&ticket);
                drop(lock);
            }
            Effect::Store { ticket, key, value } => {
                let done = Area::Session.set(&key, value.expose());
                self.later(Event::Stored { ticket, done });
            }
            Effect::Delete { key } => Area::Session.delete(&key),
            Effect::DeleteAll { prefix } => {
                for key in Area::Session.keys(&prefix) {
                    Area::Session.delete(&key);
                }
            }
            Effect::Share {
                key,
                value: Some(value),
            } => {
                // An older value must not be believed.
                if !Area::Local.set(&key, &value) {
                    Area::Local.delete(&key);
                }
            }
            Effect::Share { key, value: None } => Area::Local.delete(&key),
            Effect::Broadcast(message) => {
                if let Some((channel, _)) = &*self.channel.borrow() {
                    let _ = channel.post_message(&message.expose().into());
                }
            }
            Effect::ReplaceUrl { target, route } => page::replace_url(&target, route),
            Effect::Navigate(url) => page::navigate(url.expose()),
            Effect::SetTimer(at) => self.set_timer(at),
            Effect::TokenReady { id, result } => {
                if let Some(reader) = self.readers.borrow_mut().remove(&id) {
                    let _ = reader.send(result);
                }
            }
            Effect::Changed => {
                let (state, notice) = {
                    let engine = self.engine.borrow();
                    (engine.state(), engine.notice().cloned())
                };
                (self.on_change)(state, notice);
            }
        }
    }

    fn lock(&self, ticket: Ticket, name: &str, read: String) {
        let this = self.this.clone();
        let held = read.clone();
        let lock = Lock::request(name, move || {
            if let Some(shell) = this.upgrade() {
                shell.dispatch(Event::Locked {
                    ticket,
                    shared: Area::Local.get(&held),
                });
            }
        });
        match lock {
            Some(lock) => {
                self.locks.borrow_mut().insert(ticket, lock);
            }
            None => self.later(Event::Locked {
                ticket,
                shared: Area::Local.get(&read),
            }),
        }
    }

    fn set_timer(&self, at: Option<Timestamp>) {
        let timer = at.and_then(|at| {
            let wait = u64::try_from(now().until(at).as_millis()).unwrap_or(u64::MAX);
            let this = self.this.clone();
            Timeout::new(wait.min(TIMER_LIMIT_MS), move || {
                if let Some(shell) = this.upgrade() {
                    shell.dispatch(Event::Timer);
                }
            })
        });
        *self.timer.borrow_mut() = timer;
    }
}
