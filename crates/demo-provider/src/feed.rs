//! What the two servers did, told in order and without secrets.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::lock;

/// How many events are kept; older ones are forgotten.
const KEPT: usize = 2_000;
/// Longest detail, in characters.
const LONGEST_DETAIL: usize = 300;

/// Which of the two servers speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventServer {
    /// The authorization server.
    AuthorizationServer,
    /// The resource API.
    ResourceServer,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A request came in.
    Received,
    /// Something was verified and found right.
    Checked,
    /// Something was given out.
    Issued,
    /// A request was turned down.
    Refused,
}

/// One line of the feed. It never holds a token, a code, a verifier or a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedEvent {
    /// Counts from 1, without gaps.
    pub id: u64,
    /// Milliseconds since the Unix epoch, by the provider's clock.
    pub at: u64,
    /// Who speaks.
    pub server: EventServer,
    /// What happened.
    pub kind: EventKind,
    /// The path of the endpoint, such as `/token`.
    pub endpoint: String,
    /// The client concerned, if it is a registered one.
    pub client_id: Option<String>,
    /// More, by name: `grant_type`, `error`, `scope`, …
    pub details: BTreeMap<String, String>,
}

impl FeedEvent {
    /// A detail by its name.
    #[must_use]
    pub fn detail(&self, name: &str) -> Option<&str> {
        self.details.get(name).map(String::as_str)
    }
}

/// The feed of one running provider. Clones share it.
#[derive(Clone, Debug)]
pub struct Feed {
    clock: Clock,
    events: Arc<Mutex<VecDeque<FeedEvent>>>,
    newest: Arc<watch::Sender<u64>>,
}

impl Feed {
    pub(crate) fn new(clock: Clock) -> Self {
        let (newest, _) = watch::channel(0);
        Self {
            clock,
            events: Arc::default(),
            newest: Arc::new(newest),
        }
    }

    /// The id of the newest event; 0 when there is none. Take it before an action, and pass it to
    /// [`Feed::after`] or [`Feed::wait_for`] to see only what the action caused.
    #[must_use]
    pub fn newest(&self) -> u64 {
        *self.newest.borrow()
    }

    /// The kept events with an id greater than `id`, oldest first.
    #[must_use]
    pub fn after(&self, id: u64) -> Vec<FeedEvent> {
        lock(&self.events)
            .iter()
            .filter(|event| event.id > id)
            .cloned()
            .collect()
    }

    /// Waits for the first event after `id` that `wanted` accepts, past events included.
    /// `None` when there was none within `patience`.
    pub async fn wait_for(
        &self,
        id: u64,
        patience: Duration,
        wanted: impl Fn(&FeedEvent) -> bool,
    ) -> Option<FeedEvent> {
        let mut changes = self.newest.subscribe();
        let search = async {
            let mut seen = id;
            loop {
                let newest = *changes.borrow_and_update();
                if let Some(found) = self.after(seen).into_iter().find(|event| wanted(event)) {
                    return Some(found);
                }
                seen = seen.max(newest);
                changes.changed().await.ok()?;
            }
        };
        tokio::time::timeout(patience, search).await.ok().flatten()
    }

    /// Starts an event; [`Draft::record`] ends it.
    pub(crate) fn event(&self, server: EventServer, kind: EventKind, endpoint: &str) -> Draft<'_> {
        let endpoint = shorten(endpoint);
        Draft {
            feed: self,
            server,
            kind,
            endpoint,
            client_id: None,
            details: BTreeMap::new(),
        }
    }
}

/// An event being told.
#[must_use = "an event that is not recorded is not told"]
pub(crate) struct Draft<'a> {
    feed: &'a Feed,
    server: EventServer,
    kind: EventKind,
    endpoint: String,
    client_id: Option<String>,
    details: BTreeMap<String, String>,
}

impl Draft<'_> {
    pub(crate) fn client(mut self, client_id: &str) -> Self {
        self.client_id = Some(client_id.to_owned());
        self
    }

    pub(crate) fn maybe_client(self, client_id: Option<&str>) -> Self {
        match client_id {
            Some(client_id) => self.client(client_id),
            None => self,
        }
    }

    pub(crate) fn detail(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.details
            .insert(name.to_owned(), shorten(value.as_ref()));
        self
    }

    pub(crate) fn record(self) {
        let mut events = lock(&self.feed.events);
        let id = events.back().map_or(0, |event| event.id).saturating_add(1);
        events.push_back(FeedEvent {
            id,
            at: self.feed.clock.now_ms(),
            server: self.server,
            kind: self.kind,
            endpoint: self.endpoint,
            client_id: self.client_id,
            details: self.details,
        });
        if events.len() > KEPT {
            events.pop_front();
        }
        self.feed.newest.send_replace(id);
    }
}

fn shorten(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(LONGEST_DETAIL)
        .collect()
}
