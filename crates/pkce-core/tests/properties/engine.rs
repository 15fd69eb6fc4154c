//! The engine among storage, messages and answers that may be anything.

use super::{ISSUER, ORIGIN, changed, damaged, metadata_document, noise, page_url};
use pkce_core::Timestamp;
use pkce_core::authorization::{Entropy, SignInOptions};
use pkce_core::config::PageConfig;
use pkce_core::encoding::base64url;
use pkce_core::http::{Body, Exchange, HttpResponse, TransportFault};
use pkce_core::jose::SignatureOutcome;
use pkce_core::secret::SecretText;
use pkce_core::session::{Effect, Engine, Environment, Event, SessionState, Start, Ticket};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

const NOW: i64 = 1_700_000_000;

fn engine() -> Engine {
    let config = json!({
        "providers": [{"id": "main", "name": "Main", "issuer": ISSUER, "client_id": "spa", "userinfo": true}],
        "resource_api": "https://api.example/v1",
        "session": {"idle_limit_seconds": 3600, "max_age_seconds": 36000},
    });
    let config = PageConfig::parse(&config.to_string(), &page_url())
        .unwrap()
        .into_config();
    Engine::new(config, "t")
}

fn id_token(claims: &Value) -> String {
    let header = base64url(br#"{"alg":"EdDSA","kid":"k1"}"#);
    format!(
        "{header}.{}.{}",
        base64url(claims.to_string().as_bytes()),
        base64url(&[7; 64])
    )
}

fn claims(nonce: Option<&str>) -> Value {
    json!({"iss": ISSUER, "aud": "spa", "sub": "u1", "iat": NOW, "exp": NOW + 300, "nonce": nonce})
}

/// What is done to the engine.
#[derive(Clone, Debug)]
enum Step {
    SignIn(u8),
    SignOut,
    Refresh,
    Dismiss,
    Want(Option<u64>),
    /// The oldest question is answered like this; what it is about decides what is used of it.
    Answer(Reply),
    Timer,
    Woke(bool),
    Leave,
    Restore(String),
    Message(String),
    Activity,
    Pass(i64),
}

#[derive(Clone, Debug)]
struct Reply {
    exchange: Result<(u16, String), TransportFault>,
    /// In its place, where it is good, what the question asks for.
    is_good: bool,
    is_valid: bool,
    is_stored: bool,
    shared: Option<String>,
}

fn reply() -> impl Strategy<Value = Reply> {
    let body = prop_oneof![
        noise(),
        changed(metadata_document()).prop_map(|document| document.to_string()),
        changed(
            json!({"access_token": "canary-at", "token_type": "Bearer", "expires_in": 60,
            "refresh_token": "canary-rt", "id_token": id_token(&claims(None))})
        )
        .prop_map(|document| document.to_string()),
        changed(json!({"error": "invalid_grant", "error_code": "KOE237"}))
            .prop_map(|document| document.to_string()),
    ];
    let fault = prop::sample::select(vec![
        TransportFault::Timeout,
        TransportFault::TooLarge,
        TransportFault::Redirected,
        TransportFault::Network { online: true },
    ]);
    let status = prop::sample::select(vec![200_u16, 200, 200, 400, 401, 403, 429, 500]);
    let exchange = prop_oneof![3 => (status, body).prop_map(Ok), 1 => fault.prop_map(Err)];
    (
        exchange,
        prop::bool::weighted(0.7),
        prop::bool::weighted(0.8),
        prop::bool::weighted(0.9),
        prop::option::of(noise()),
    )
        .prop_map(|(exchange, is_good, is_valid, is_stored, shared)| Reply {
            exchange,
            is_good,
            is_valid,
            is_stored,
            shared,
        })
}

fn message() -> impl Strategy<Value = String> {
    let whole = json!({"v": 1, "family": "f", "type": "tokens", "record": "{}", "generation": 3,
        "access_generation": 3, "new": true, "question": 1, "sure": true, "unanswered": false, "active_at": 0,
        "code": "session_max_age"});
    let kind = prop::sample::select(vec![
        "tokens", "ask", "here", "active", "over", "refused", "x",
    ]);
    prop_oneof![
        noise(),
        (changed(whole), kind).prop_map(|(mut message, kind)| {
            message["type"] = json!(kind);
            message.to_string()
        }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => any::<u8>().prop_map(Step::SignIn),
        1 => Just(Step::SignOut),
        2 => Just(Step::Refresh),
        1 => Just(Step::Dismiss),
        2 => prop::option::of(0..4_u64).prop_map(Step::Want),
        12 => reply().prop_map(Step::Answer),
        2 => Just(Step::Timer),
        1 => any::<bool>().prop_map(Step::Woke),
        1 => Just(Step::Leave),
        1 => noise().prop_map(Step::Restore),
        2 => message().prop_map(Step::Message),
        1 => Just(Step::Activity),
        2 => prop_oneof![0..100_000_i64, -100_000..0_i64, any::<i64>()].prop_map(Step::Pass),
    ]
}

#[derive(Default)]
struct Shell {
    http: Vec<(Ticket, String)>,
    verify: Vec<Ticket>,
    locks: Vec<(Ticket, String)>,
    stores: Vec<Ticket>,
    storage: BTreeMap<String, String>,
    local: BTreeMap<String, String>,
    readers: BTreeMap<u64, usize>,
    left_for: Option<String>,
}

impl Shell {
    fn take(&mut self, engine: &Engine, effects: Vec<Effect>) {
        for effect in effects {
            let shown = format!("{effect:?}");
            assert!(!shown.contains("canary"), "{shown}");
            match effect {
                Effect::Http {
                    ticket, request, ..
                } => self.http.push((ticket, request.url.path().to_owned())),
                Effect::Verify { ticket, .. } => self.verify.push(ticket),
                Effect::Lock { ticket, read, .. } => self.locks.push((ticket, read)),
                Effect::Store { ticket, key, value } => {
                    self.stores.push(ticket);
                    self.storage.insert(key, value.expose().to_owned());
                }
                Effect::Delete { key } => drop(self.storage.remove(&key)),
                Effect::DeleteAll { prefix } => {
                    self.storage.retain(|key, _| !key.starts_with(&prefix))
                }
                Effect::Share { key, value } => {
                    assert!(!value.as_deref().unwrap_or_default().contains("canary"));
                    match value {
                        Some(value) => drop(self.local.insert(key, value)),
                        None => drop(self.local.remove(&key)),
                    }
                }
                Effect::TokenReady { id, .. } => {
                    let served = self.readers.entry(id).or_default();
                    *served += 1;
                    assert_eq!(*served, 1, "reader {id} is served twice");
                }
                Effect::Navigate(url) => self.left_for = Some(url.expose().to_owned()),
                _ => {}
            }
        }
        assert!(!format!("{engine:?} {:?}", engine.notice()).contains("canary"));
    }

    /// The address of the callback that the provider would lead to.
    fn callback(&self) -> Option<(String, String)> {
        let url = url::Url::parse(self.left_for.as_ref()?).unwrap();
        let pairs: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let state = pairs.get("state")?;
        Some((
            format!("code=canary-code&state={state}&iss=https%3A%2F%2Fid.example"),
            pairs.get("nonce")?.clone(),
        ))
    }
}

fn json_answer(body: &Value) -> Exchange {
    answer(200, body.to_string())
}

fn answer(status: u16, body: String) -> Exchange {
    Ok(HttpResponse {
        status,
        content_type: Some("application/json".to_owned()),
        retry_after: None,
        body: Body(body.into_bytes()),
    })
}

/// What a provider would say.
fn good_answer(path: &str, nonce: Option<&str>) -> Exchange {
    match path {
        "/.well-known/openid-configuration" => json_answer(&metadata_document()),
        "/jwks" => json_answer(
            &json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}),
        ),
        "/userinfo" => json_answer(&json!({"sub": "u1", "name": "Ann"})),
        _ => json_answer(
            &json!({"access_token": "canary-at", "token_type": "Bearer", "expires_in": 60,
            "refresh_token": "canary-rt", "id_token": id_token(&claims(nonce))}),
        ),
    }
}

fn start(
    query: &str,
    stored: &BTreeMap<String, String>,
    local: &BTreeMap<String, String>,
) -> Event {
    let path = if query.is_empty() { "/" } else { "/callback" };
    Event::Start(Box::new(Start {
        path: path.to_owned(),
        query: SecretText::new(query.to_owned()),
        fragment: SecretText::new(String::new()),
        page_origin: ORIGIN.to_owned(),
        stored: secret(stored),
        shared: Some(
            local
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
        seed: 5,
    }))
}

fn secret(stored: &BTreeMap<String, String>) -> Vec<(String, SecretText)> {
    stored
        .iter()
        .map(|(key, value)| (key.clone(), SecretText::new(value.clone())))
        .collect()
}

/// The whole life of a tab, with these steps.
fn live(steps: Vec<Step>) -> (Engine, Shell) {
    let mut shell = Shell::default();
    let mut engine = engine();
    let mut now = NOW * 1000;
    let mut nonce = None;
    let mut readers = 0;
    let begin = start("", &shell.storage, &shell.local);
    let effects = engine.handle(begin, Timestamp::from_millis(now));
    shell.take(&engine, effects);
    for step in steps {
        let event = match step {
            Step::SignIn(number) => Event::SignIn {
                provider: "main".to_owned(),
                options: SignInOptions::default(),
                entropy: Entropy::new([number; 96]),
            },
            Step::SignOut => Event::SignOut { state: [1; 16] },
            Step::Refresh => Event::Refresh,
            Step::Dismiss => Event::DismissNotice,
            Step::Want(refused) => {
                readers += 1;
                Event::TokenWanted {
                    id: readers,
                    min_validity: Duration::from_secs(5),
                    refused,
                }
            }
            Step::Answer(reply) => {
                if let Some(ticket) = shell.stores.pop() {
                    Event::Stored {
                        ticket,
                        done: reply.is_stored,
                    }
                } else if let Some(ticket) = shell.verify.pop() {
                    let outcome = if reply.is_valid {
                        SignatureOutcome::Valid
                    } else {
                        SignatureOutcome::Invalid
                    };
                    Event::Verified { ticket, outcome }
                } else if let Some((ticket, read)) = shell.locks.pop() {
                    let real = shell.local.get(&read).cloned();
                    Event::Locked {
                        ticket,
                        shared: if reply.is_good { real } else { reply.shared },
                    }
                } else if let Some((ticket, path)) = shell.http.pop() {
                    let exchange = if reply.is_good {
                        good_answer(&path, nonce.as_deref())
                    } else {
                        reply
                            .exchange
                            .and_then(|(status, body)| answer(status, body))
                    };
                    Event::HttpDone { ticket, exchange }
                } else if let Some((query, own)) = shell.callback() {
                    // The provider leads back: another page load.
                    shell.left_for = None;
                    nonce = Some(own);
                    engine = self::engine();
                    start(&query, &shell.storage, &shell.local)
                } else {
                    Event::Timer
                }
            }
            Step::Timer => Event::Timer,
            Step::Woke(online) => Event::Woke {
                online,
                restored: false,
            },
            Step::Leave => Event::Left,
            Step::Restore(damage) => {
                let mut stored = shell.storage.clone();
                if damage.len() % 2 == 0 {
                    stored.insert("t.session".to_owned(), damage);
                }
                Event::Restored {
                    stored: secret(&stored),
                    online: true,
                }
            }
            Step::Message(text) => Event::Message(SecretText::new(text)),
            Step::Activity => Event::Activity,
            Step::Pass(millis) => {
                now = now.saturating_add(millis);
                Event::Timer
            }
        };
        let effects = engine.handle(event, Timestamp::from_millis(now));
        shell.take(&engine, effects);
    }
    (engine, shell)
}

/// What session and local storage hold of a signed-in tab.
type Stored = (BTreeMap<String, String>, BTreeMap<String, String>);

static STORED: LazyLock<Stored> = LazyLock::new(|| {
    let good = Reply {
        exchange: Err(TransportFault::Timeout),
        is_good: true,
        is_valid: true,
        is_stored: true,
        shared: None,
    };
    let mut steps = vec![Step::SignIn(1)];
    steps.extend(std::iter::repeat_n(Step::Answer(good), 40));
    let (engine, shell) = live(steps);
    let state = engine.state();
    assert!(
        matches!(state, SessionState::SignedIn(_)),
        "{:?}",
        engine.notice()
    );
    (shell.storage, shell.local)
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_that_happens_makes_the_engine_panic_or_talk(steps in prop::collection::vec(step(), 0..60)) {
        let (engine, _) = live(steps);
        let _ = (engine.state(), engine.notice(), engine.app_state());
    }

    /// Protocol rule 37.
    #[test]
    fn nothing_that_is_stored_makes_a_page_load_panic(
        damage in damaged(STORED.0["t.session"].clone()),
        changed_session in changed(serde_json::from_str(&STORED.0["t.session"]).unwrap()),
        others in prop::collection::btree_map(
            prop::sample::select(vec!["t.consumed", "t.left", "t.tx.a", "t.tx.", "t.", "t.provider.x", "u"]), noise(), 0..4),
        shared in noise(), query in prop_oneof![Just(String::new()), noise()], message in message(),
    ) {
        let (stored, local) = &*STORED;
        for session in [damage, changed_session.to_string()] {
            let mut storage = stored.clone();
            storage.insert("t.session".to_owned(), session);
            for (key, value) in stored.iter().filter(|(key, _)| key.starts_with("t.provider.")) {
                let cut = value.chars().take(shared.len() * 7).collect();
                storage.insert(key.clone(), cut);
            }
            storage.extend(others.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
            let mut local = local.clone();
            local.values_mut().for_each(|value| shared.clone_into(value));
            let mut engine = engine();
            let mut shell = Shell::default();
            let now = Timestamp::from_seconds(NOW + 5);
            for event in [
                start(&query, &storage, &local),
                Event::Refresh,
                Event::Message(SecretText::new(message.clone())),
                Event::SignOut { state: [0; 16] },
            ] {
                let effects = engine.handle(event, now);
                shell.take(&engine, effects);
                while let Some((ticket, _)) = shell.locks.pop() {
                    let effects = engine.handle(Event::Locked { ticket, shared: Some(shared.clone()) }, now);
                    shell.take(&engine, effects);
                }
            }
            prop_assert!(!matches!(engine.state(), SessionState::SignedIn(_)));
        }
    }
}
