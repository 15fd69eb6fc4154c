//! What the engine hears and does, without its secrets: for a view of the flow, for diagnostics, for
//! tests.
//!
//! [`of_event`] and [`of_effect`] are views: the engine knows nothing of them, and who does not call
//! them pays nothing. A value is shown only where its name is on a list of names that are no secret;
//! whatever else travels is told by its name alone.

use super::message::Message;
use super::{Effect, Ending, Engine, Event, Missing, Renewal, SessionState, Tabs, Ticket};
use crate::encoding::form_parse;
use crate::error::{ErrorCode, Phase};
use crate::http::{Exchange, HttpRequest, Method, Purpose, TransportFault};
use crate::jose::SignatureOutcome;
use crate::json::ObjectWriter;
use crate::provider_error;
use crate::secret::SecretText;
use crate::time::Timestamp;

/// Parameters of requests whose values are no secret.
const SHOWN: [&str; 19] = [
    "acr_values",
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "display",
    "error",
    "grant_type",
    "iss",
    "max_age",
    "post_logout_redirect_uri",
    "prompt",
    "redirect_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "token_type",
    "token_type_hint",
    "ui_locales",
];
/// Parameters that a provider adds to the callback; the app's own are its own.
const OF_CALLBACK: [&str; 7] = [
    "code",
    "error",
    "error_description",
    "error_uri",
    "iss",
    "session_state",
    "state",
];
/// The longest value that is shown, in characters.
const VALUE_LIMIT: usize = 256;

/// A parameter: its name, and its value where that is no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// As it is sent.
    pub name: String,
    /// `None` for what is not shown.
    pub value: Option<String>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// The page loaded.
    Loaded {
        /// `location.pathname`
        path: String,
        /// What a provider added to the address.
        parameters: Vec<Parameter>,
    },
    /// The user, the app or the browser did this: `sign_in`, `sign_out`, `refresh`, `dismiss`,
    /// `token_wanted`, `token_refused`, `timer`, `woke`, `woke_offline`, `left`, `restored`,
    /// `activity`.
    Happened(&'static str),
    /// A request goes out.
    Request {
        /// Ties the answer to it.
        ticket: u64,
        /// What it is for.
        purpose: Purpose,
        /// `GET` or `POST`.
        method: &'static str,
        /// Without its query.
        url: String,
        /// Of the query and of the body.
        parameters: Vec<Parameter>,
        /// Whether it carries an `Authorization` header.
        is_authorized: bool,
    },
    /// An answer came.
    Answer {
        /// Of the request.
        ticket: u64,
        /// The status code.
        status: u16,
        /// The provider's error, where it is one of the standards'.
        error: Option<ErrorCode>,
    },
    /// No answer came.
    NoAnswer {
        /// Of the request.
        ticket: u64,
        /// `offline`, `network`, `timeout`, `too_large` or `redirect`.
        fault: &'static str,
    },
    /// A signature is to be checked.
    CheckSignature {
        /// Ties the outcome to it.
        ticket: u64,
        /// The algorithm (RFC 7518 3.1).
        algorithm: &'static str,
    },
    /// It was: `valid`, `invalid`, `unsupported`.
    SignatureChecked {
        /// Of the check.
        ticket: u64,
        /// What came of it.
        outcome: &'static str,
    },
    /// A lock is asked for: `family`, `look`, `consumed`.
    Lock {
        /// Ties the lock to it.
        ticket: u64,
        /// Which.
        lock: &'static str,
    },
    /// It is held.
    Locked {
        /// Of the lock.
        ticket: u64,
        /// Whether the record to be read under it was there.
        found: bool,
    },
    /// It is let go.
    Unlock {
        /// Of the lock.
        ticket: u64,
    },
    /// Session storage is written: `session`, `transaction`, `provider`, `consumed`, `left`, `own`.
    Store(&'static str),
    /// It was full or blocked.
    NotStored,
    /// An entry of session storage is deleted.
    Delete(&'static str),
    /// A local storage entry is written: `family`, `consumed`.
    Share(&'static str),
    /// A local storage entry is deleted.
    Unshare(&'static str),
    /// Other tabs are told: `tokens`, `ask`, `here`, `active`, `over`, `refused`, `who`, `present`,
    /// `join`.
    Say(&'static str),
    /// Another tab said so.
    Hear(&'static str),
    /// The address is replaced.
    Address {
        /// The path; query and fragment are the app's.
        path: String,
    },
    /// The page leaves, to sign in or out.
    Leave {
        /// Without its query.
        url: String,
        /// Of the query.
        parameters: Vec<Parameter>,
    },
    /// A timer is set, or stopped.
    Timer(Option<Timestamp>),
    /// A reader got the access token of this generation.
    Token {
        /// Counts the access tokens of the sign-in.
        generation: u64,
    },
    /// A reader got none.
    NoToken(ErrorCode),
    /// What is shown changed.
    State {
        /// `loading`, `signed_out`, `signing_in`, `signed_in`, `ended`.
        state: &'static str,
        /// Why it ended.
        reason: Option<ErrorCode>,
        /// `idle`, `refreshing`, `offline`, `retrying`, `stopped`, where somebody is signed in.
        renewal: Option<&'static str>,
        /// `alone`, `family`, or what the browser lacks: `no_locks`, `no_channel`,
        /// `no_locks_and_channel`.
        tabs: Option<&'static str>,
        /// Counts the access tokens of the sign-in.
        generation: Option<u64>,
        /// Whether the user is being warned of the session's end.
        is_ending: bool,
        /// The notice.
        notice: Option<ErrorCode>,
    },
}

/// What an event tells. Look before the engine takes it.
#[must_use]
pub fn of_event(event: &Event) -> Option<Item> {
    Some(match event {
        Event::Start(start) => {
            let mut parameters = Vec::new();
            for (text, mark) in [(&start.query, '?'), (&start.fragment, '#')] {
                let text = text.expose();
                parameters.extend(redact(text.strip_prefix(mark).unwrap_or(text)));
            }
            parameters.retain(|parameter| OF_CALLBACK.contains(&parameter.name.as_str()));
            Item::Loaded {
                path: start.path.clone(),
                parameters,
            }
        }
        Event::SignIn { .. } => Item::Happened("sign_in"),
        Event::SignOut { .. } => Item::Happened("sign_out"),
        Event::Refresh => Item::Happened("refresh"),
        Event::DismissNotice => Item::Happened("dismiss"),
        Event::TokenWanted { refused: None, .. } => Item::Happened("token_wanted"),
        Event::TokenWanted { .. } => Item::Happened("token_refused"),
        Event::Timer => Item::Happened("timer"),
        Event::Woke { online: true, .. } => Item::Happened("woke"),
        Event::Woke { .. } => Item::Happened("woke_offline"),
        Event::Left => Item::Happened("left"),
        Event::Restored { .. } => Item::Happened("restored"),
        Event::Activity => Item::Happened("activity"),
        Event::HttpDone { ticket, exchange } => answer(*ticket, exchange),
        Event::Verified { ticket, outcome } => Item::SignatureChecked {
            ticket: ticket.0,
            outcome: match outcome {
                SignatureOutcome::Valid => "valid",
                SignatureOutcome::Invalid => "invalid",
                SignatureOutcome::Unsupported => "unsupported",
            },
        },
        Event::Locked { ticket, shared } => Item::Locked {
            ticket: ticket.0,
            found: shared.is_some(),
        },
        Event::Stored { done: true, .. } => return None,
        Event::Stored { .. } => Item::NotStored,
        Event::Message(text) => Item::Hear(message(text)?),
    })
}

/// What an effect tells; `engine` is the one that it came from.
#[must_use]
pub fn of_effect(effect: &Effect, engine: &Engine) -> Option<Item> {
    let entry = |key: &str| entry(key, engine.storage_keys().prefix());
    Some(match effect {
        Effect::Http {
            ticket, request, ..
        } => sent(*ticket, request),
        Effect::Verify { ticket, request } => Item::CheckSignature {
            ticket: ticket.0,
            algorithm: request.algorithm.name(),
        },
        // The name may be the hash of a `state`; what is read under it tells which it is.
        Effect::Lock { ticket, name, read } => Item::Lock {
            ticket: ticket.0,
            lock: if *name == engine.storage_keys().lock("look") {
                "look"
            } else {
                entry(read)
            },
        },
        Effect::Unlock { ticket } => Item::Unlock { ticket: ticket.0 },
        Effect::Store { key, .. } => Item::Store(entry(key)),
        Effect::Delete { key } => Item::Delete(entry(key)),
        Effect::DeleteAll { prefix } => Item::Delete(entry(prefix)),
        Effect::Share {
            key,
            value: Some(_),
        } => Item::Share(entry(key)),
        Effect::Share { key, value: None } => Item::Unshare(entry(key)),
        Effect::Broadcast(text) => Item::Say(message(text)?),
        Effect::ReplaceUrl { target, .. } => Item::Address {
            path: target.split(['?', '#']).next()?.to_owned(),
        },
        Effect::Navigate(url) => {
            let (url, query) = url.expose().split_once('?').unwrap_or((url.expose(), ""));
            Item::Leave {
                url: url.to_owned(),
                parameters: redact(query),
            }
        }
        Effect::SetTimer(at) => Item::Timer(*at),
        Effect::TokenReady {
            result: Ok(grant), ..
        } => Item::Token {
            generation: grant.generation,
        },
        Effect::TokenReady {
            result: Err(error), ..
        } => Item::NoToken(error.code()),
        Effect::Changed => shown(engine),
    })
}

fn redact(form: &str) -> Vec<Parameter> {
    form_parse(form)
        .into_iter()
        .map(|(name, value)| {
            let is_shown = SHOWN.contains(&name.as_str());
            let value = value.chars().take(VALUE_LIMIT).collect();
            Parameter {
                name,
                value: Some(value).filter(|_| is_shown),
            }
        })
        .collect()
}

fn sent(ticket: Ticket, request: &HttpRequest) -> Item {
    let mut parameters = request.url.query().map(redact).unwrap_or_default();
    if let Some(form) = &request.form {
        parameters.extend(redact(form.expose()));
    }
    Item::Request {
        ticket: ticket.0,
        purpose: request.purpose,
        method: match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
        },
        url: request.url.without_query().to_owned(),
        parameters,
        is_authorized: request.authorization.is_some(),
    }
}

fn answer(ticket: Ticket, exchange: &Exchange) -> Item {
    let ticket = ticket.0;
    match exchange {
        Ok(response) => {
            let json = response.json_object(Phase::Api).ok();
            // A word of the provider's own might be anything.
            let error = json.as_ref().and_then(|json| json.str("error"));
            let error = error
                .map(|word| provider_error::error(word, Phase::Api).code())
                .filter(|_| json.is_some());
            Item::Answer {
                ticket,
                status: response.status,
                error,
            }
        }
        Err(fault) => Item::NoAnswer {
            ticket,
            fault: match fault {
                TransportFault::Network { online: true } => "network",
                TransportFault::Network { online: false } => "offline",
                TransportFault::Timeout => "timeout",
                TransportFault::TooLarge => "too_large",
                TransportFault::Redirected => "redirect",
            },
        },
    }
}

/// The kind of a message between tabs.
fn message(text: &SecretText) -> Option<&'static str> {
    Message::parse(text.expose()).map(|message| message.what.name())
}

/// The kind of a storage entry: its key may name a `state`.
fn entry(key: &str, prefix: &str) -> &'static str {
    let kind = key.strip_prefix(prefix).unwrap_or_default();
    match kind.split('.').next().unwrap_or_default() {
        "session" => "session",
        "left" => "left",
        "own" => "own",
        "tx" => "transaction",
        "provider" => "provider",
        "consumed" => "consumed",
        "family" => "family",
        "over" => "over",
        _ => "other",
    }
}

fn shown(engine: &Engine) -> Item {
    let state = engine.state();
    let mut reason = None;
    let mut session = None;
    let name = match &state {
        SessionState::Loading => "loading",
        SessionState::SignedOut => "signed_out",
        SessionState::SigningIn { .. } => "signing_in",
        SessionState::SignedIn(signed_in) => {
            session = Some(signed_in);
            "signed_in"
        }
        SessionState::Ended(error) => {
            reason = Some(error.code());
            "ended"
        }
    };
    Item::State {
        state: name,
        reason,
        renewal: session.map(|session| match session.renewal {
            Renewal::Idle => "idle",
            Renewal::Refreshing => "refreshing",
            Renewal::Offline { .. } => "offline",
            Renewal::Retrying { .. } => "retrying",
            Renewal::Stopped { .. } => "stopped",
        }),
        tabs: session.map(|session| match session.tabs {
            Tabs::Alone => "alone",
            Tabs::Family => "family",
            Tabs::Limited { missing } => match missing {
                Missing::Locks => "no_locks",
                Missing::Channel => "no_channel",
                Missing::Both => "no_locks_and_channel",
            },
        }),
        generation: session.map(|session| session.generation),
        is_ending: session.is_some_and(|session| matches!(session.ending, Ending::Soon { .. })),
        notice: engine.notice().map(|notice| notice.code()),
    }
}

impl Item {
    /// As JSON, with the time at which it happened: an object with `at` (milliseconds since the
    /// epoch), `kind` and what belongs to it. Parameters are members of `parameters`, `null` where
    /// they are not shown.
    #[must_use]
    pub fn to_json(&self, at: Timestamp) -> String {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let writer = |kind| {
            ObjectWriter::new()
                .integer("at", at.as_millis())
                .str("kind", kind)
        };
        let with_ticket = |kind, ticket| writer(kind).integer("ticket", number(ticket));
        match self {
            Item::Loaded { path, parameters } => {
                with_parameters(writer("loaded").str("path", path), parameters)
            }
            Item::Happened(what) => writer("happened").str("what", what),
            Item::Request {
                ticket,
                purpose,
                method,
                url,
                parameters,
                is_authorized,
            } => with_parameters(
                with_ticket("request", *ticket)
                    .str("purpose", purpose.as_str())
                    .str("method", method)
                    .str("url", url)
                    .bool("authorized", *is_authorized),
                parameters,
            ),
            Item::Answer {
                ticket,
                status,
                error,
            } => with_ticket("answer", *ticket)
                .integer("status", i64::from(*status))
                .opt_str("error", error.map(ErrorCode::as_str)),
            Item::NoAnswer { ticket, fault } => {
                with_ticket("no_answer", *ticket).str("fault", fault)
            }
            Item::CheckSignature { ticket, algorithm } => {
                with_ticket("check_signature", *ticket).str("algorithm", algorithm)
            }
            Item::SignatureChecked { ticket, outcome } => {
                with_ticket("signature_checked", *ticket).str("outcome", outcome)
            }
            Item::Lock { ticket, lock } => with_ticket("lock", *ticket).str("lock", lock),
            Item::Locked { ticket, found } => with_ticket("locked", *ticket).bool("found", *found),
            Item::Unlock { ticket } => with_ticket("unlock", *ticket),
            Item::Store(entry) => writer("store").str("entry", entry),
            Item::NotStored => writer("not_stored"),
            Item::Delete(entry) => writer("delete").str("entry", entry),
            Item::Share(entry) => writer("share").str("entry", entry),
            Item::Unshare(entry) => writer("unshare").str("entry", entry),
            Item::Say(message) => writer("say").str("message", message),
            Item::Hear(message) => writer("hear").str("message", message),
            Item::Address { path } => writer("address").str("path", path),
            Item::Leave { url, parameters } => {
                with_parameters(writer("leave").str("url", url), parameters)
            }
            Item::Timer(at) => writer("timer").opt_integer("until", at.map(Timestamp::as_millis)),
            Item::Token { generation } => {
                writer("token").integer("generation", number(*generation))
            }
            Item::NoToken(code) => writer("no_token").str("error", code.as_str()),
            Item::State {
                state,
                reason,
                renewal,
                tabs,
                generation,
                is_ending,
                notice,
            } => writer("state")
                .str("state", state)
                .opt_str("reason", reason.map(ErrorCode::as_str))
                .opt_str("renewal", *renewal)
                .opt_str("tabs", *tabs)
                .opt_integer("generation", generation.map(number))
                .bool("ending", *is_ending)
                .opt_str("notice", notice.map(ErrorCode::as_str)),
        }
        .finish()
    }
}

/// A name that comes twice has its first value.
fn with_parameters(writer: ObjectWriter, parameters: &[Parameter]) -> ObjectWriter {
    let mut object = ObjectWriter::new();
    for (index, parameter) in parameters.iter().enumerate() {
        let mut before = parameters.iter().take(index);
        if before.any(|other| other.name == parameter.name) {
            continue;
        }
        object = match &parameter.value {
            Some(value) => object.str(&parameter.name, value),
            None => object.raw(&parameter.name, "null"),
        };
    }
    writer.raw("parameters", &object.finish())
}
