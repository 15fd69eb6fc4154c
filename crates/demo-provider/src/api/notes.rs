//! Notes, each of which belongs to one user.

use std::collections::BTreeMap;

use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::gate::{Caller, Needs};
use super::{ApiState, Refusal, error_answer, json_answer};
use crate::lock;
use crate::scope::Scope;
use crate::users::DEMO_USERS;

/// How many notes a user may have.
const MOST_NOTES: usize = 500;
/// The longest title, in characters.
const LONGEST_TITLE: usize = 200;
/// The longest text, in characters.
const LONGEST_TEXT: usize = 10_000;

const LIST: &str = "/api/notes";
const ONE: &str = "/api/notes/{id}";
const READ_ALL: Needs = Needs::scope(LIST, Scope::NotesRead);
const WRITE_NEW: Needs = Needs::scope(LIST, Scope::NotesWrite);
const READ_ONE: Needs = Needs::scope(ONE, Scope::NotesRead);
const WRITE_ONE: Needs = Needs::scope(ONE, Scope::NotesWrite);

#[derive(Clone, Debug, Serialize)]
struct Note {
    id: u64,
    title: String,
    text: String,
    /// Milliseconds since the Unix epoch.
    updated_at: u64,
    #[serde(skip)]
    owner: String,
}

/// What a client sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    title: String,
    #[serde(default)]
    text: String,
}

/// Every user's notes.
#[derive(Debug)]
pub(crate) struct Notebook {
    next_id: u64,
    notes: BTreeMap<u64, Note>,
}

impl Notebook {
    /// With a few notes for each demo user.
    pub(crate) fn seeded(now_ms: u64) -> Self {
        let mut notebook = Self {
            next_id: 1,
            notes: BTreeMap::new(),
        };
        for user in &DEMO_USERS {
            let notes = match user.locale {
                "ko" => [
                    ("장보기", "두부, 대파, 계란 한 판"),
                    ("여행 계획", "10월 첫째 주 경주, 기차표 예매하기"),
                ],
                _ => [
                    ("Shopping", "Tea, bread, a dozen eggs"),
                    ("Reading list", "The Hunting of the Snark"),
                ],
            };
            for (title, text) in notes {
                let draft = Draft {
                    title: title.to_owned(),
                    text: text.to_owned(),
                };
                notebook.add(user.sub, draft, now_ms);
            }
        }
        notebook
    }

    pub(crate) fn count(&self, owner: &str) -> usize {
        self.of(owner).count()
    }

    fn of<'a>(&'a self, owner: &'a str) -> impl Iterator<Item = &'a Note> {
        self.notes.values().filter(move |note| note.owner == owner)
    }

    fn add(&mut self, owner: &str, draft: Draft, now_ms: u64) -> Note {
        let id = self.next_id;
        self.next_id = self.next_id.saturating_add(1);
        let note = Note {
            id,
            title: draft.title,
            text: draft.text,
            updated_at: now_ms,
            owner: owner.to_owned(),
        };
        self.notes.insert(id, note.clone());
        note
    }

    /// A note of this user's. Another's does not exist for them.
    fn find(&mut self, owner: &str, id: &str) -> Option<&mut Note> {
        self.notes
            .get_mut(&id.parse().ok()?)
            .filter(|note| note.owner == owner)
    }
}

fn no_such_note() -> Refusal {
    error_answer(StatusCode::NOT_FOUND, "not_found", "you have no such note").into()
}

fn read_draft(
    headers: &HeaderMap,
    body: Result<axum::body::Bytes, BytesRejection>,
) -> Result<Draft, Refusal> {
    let refuse =
        |status, message: &str| Refusal::from(error_answer(status, "invalid_note", message));
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media_type = content_type
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    if !media_type.trim().eq_ignore_ascii_case("application/json") {
        let message = "a note is sent as application/json";
        return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let body = body.map_err(|_| refuse(StatusCode::PAYLOAD_TOO_LARGE, "the note is too large"))?;
    // By way of a map, since serde would also read the members from an array.
    let draft: Draft = serde_json::from_slice::<Map<String, Value>>(&body)
        .and_then(|members| serde_json::from_value(Value::Object(members)))
        .map_err(|_| {
            refuse(
                StatusCode::BAD_REQUEST,
                "a note is an object with a title and a text",
            )
        })?;
    let title = draft.title.trim().chars().count();
    if title == 0 || title > LONGEST_TITLE {
        let message = "the title must have 1 to 200 characters";
        return Err(refuse(StatusCode::UNPROCESSABLE_ENTITY, message));
    }
    if draft.text.chars().count() > LONGEST_TEXT {
        let message = "the text must have no more than 10,000 characters";
        return Err(refuse(StatusCode::UNPROCESSABLE_ENTITY, message));
    }
    Ok(draft)
}

/// `GET /api/notes`.
pub(crate) async fn list(State(api): State<ApiState>, caller: Caller) -> Result<Response, Refusal> {
    let token = api.authorize(&caller, &READ_ALL).await?;
    let notes: Vec<Note> = lock(&api.notes).of(&token.sub).cloned().collect();
    Ok(json_answer(StatusCode::OK, &json!({"notes": notes})))
}

/// `POST /api/notes`.
pub(crate) async fn create(
    State(api): State<ApiState>,
    caller: Caller,
    body: Result<axum::body::Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let token = api.authorize(&caller, &WRITE_NEW).await?;
    let draft = read_draft(&caller.headers, body)?;
    let mut notes = lock(&api.notes);
    if notes.count(&token.sub) >= MOST_NOTES {
        let message = "you have as many notes as this demo keeps: delete one first";
        return Err(error_answer(StatusCode::CONFLICT, "too_many_notes", message).into());
    }
    let note = notes.add(&token.sub, draft, api.shared.clock.now_ms());
    let location = format!("/api/notes/{}", note.id);
    let answer = json_answer(StatusCode::CREATED, &json!(note));
    Ok(([(header::LOCATION, location)], answer).into_response())
}

/// `GET /api/notes/{id}`.
pub(crate) async fn read(
    State(api): State<ApiState>,
    Path(id): Path<String>,
    caller: Caller,
) -> Result<Response, Refusal> {
    let token = api.authorize(&caller, &READ_ONE).await?;
    match lock(&api.notes).find(&token.sub, &id) {
        Some(note) => Ok(json_answer(StatusCode::OK, &json!(note))),
        None => Err(no_such_note()),
    }
}

/// `PUT /api/notes/{id}`.
pub(crate) async fn update(
    State(api): State<ApiState>,
    Path(id): Path<String>,
    caller: Caller,
    body: Result<axum::body::Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let token = api.authorize(&caller, &WRITE_ONE).await?;
    let draft = read_draft(&caller.headers, body)?;
    match lock(&api.notes).find(&token.sub, &id) {
        Some(note) => {
            note.title = draft.title;
            note.text = draft.text;
            note.updated_at = api.shared.clock.now_ms();
            Ok(json_answer(StatusCode::OK, &json!(note)))
        }
        None => Err(no_such_note()),
    }
}

/// `DELETE /api/notes/{id}`.
pub(crate) async fn delete(
    State(api): State<ApiState>,
    Path(id): Path<String>,
    caller: Caller,
) -> Result<Response, Refusal> {
    let token = api.authorize(&caller, &WRITE_ONE).await?;
    let mut notes = lock(&api.notes);
    match notes.find(&token.sub, &id).map(|note| note.id) {
        Some(id) => {
            notes.notes.remove(&id);
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        None => Err(no_such_note()),
    }
}
