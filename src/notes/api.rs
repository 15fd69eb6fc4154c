//! Requests to the notes' API, and its answers.

use crate::failure::{Failure, call, json};
use leptos_pkce::{ApiRequest, ApiResponse, Error, ErrorCode, Json, Phase, Session, Timestamp};
use std::collections::BTreeMap;

/// One note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    /// As it stands in addresses: percent-encoded.
    pub(super) id: String,
    pub(super) title: String,
    pub(super) text: String,
    /// When it was changed last.
    pub(super) updated_at: Option<Timestamp>,
}

/// What a note is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) title: String,
    pub(super) text: String,
}

impl Draft {
    fn put_into(&self, request: ApiRequest) -> ApiRequest {
        request.json(&BTreeMap::from([
            ("title", &self.title),
            ("text", &self.text),
        ]))
    }
}

/// All notes, the newest first.
pub(super) async fn list(session: Session, base: &str) -> Result<Vec<Note>, Failure> {
    let response = call(session, ApiRequest::get(base)).await?;
    let mut notes = read_list(&json(&response)?).ok_or_else(not_notes)?;
    // The API gives them in the order of their making.
    notes.reverse();
    Ok(notes)
}

/// The note of an id.
pub(super) async fn read(session: Session, base: &str, id: &str) -> Result<Note, Failure> {
    note_of(&call(session, ApiRequest::get(&at(base, id))).await?)
}

/// Adds a note.
pub(super) async fn create(session: Session, base: &str, draft: Draft) -> Result<Note, Failure> {
    note_of(&call(session, draft.put_into(ApiRequest::post(base))).await?)
}

/// Changes a note.
pub(super) async fn update(
    session: Session,
    base: &str,
    id: &str,
    draft: Draft,
) -> Result<Note, Failure> {
    note_of(&call(session, draft.put_into(ApiRequest::put(&at(base, id)))).await?)
}

/// Deletes a note.
pub(super) async fn delete(session: Session, base: &str, id: &str) -> Result<(), Failure> {
    call(session, ApiRequest::delete(&at(base, id)))
        .await
        .map(drop)
}

fn at(base: &str, id: &str) -> String {
    [base, "/", id].concat()
}

fn note_of(response: &ApiResponse) -> Result<Note, Failure> {
    read_note(&json(response)?).ok_or_else(not_notes)
}

fn not_notes() -> Failure {
    Error::new(ErrorCode::InvalidJson, Phase::Api)
        .expected("a note with id, title and text, or an object with notes")
        .came("JSON of another form")
        .into()
}

fn read_list(json: &Json) -> Option<Vec<Note>> {
    json.get("notes")?.items()?.iter().map(read_note).collect()
}

fn read_note(json: &Json) -> Option<Note> {
    let id = json.get("id")?;
    Some(Note {
        id: match id.as_integer() {
            Some(number) => number.to_string(),
            None => percent_encoded(id.as_str()?),
        },
        title: json.str("title")?.to_owned(),
        text: json.str("text").unwrap_or_default().to_owned(),
        updated_at: json
            .get("updated_at")
            .and_then(Json::as_integer)
            .map(Timestamp::from_millis),
    })
}

/// As one segment of a path.
fn percent_encoded(id: &str) -> String {
    let mut encoded = String::new();
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(text: &str) -> Option<Note> {
        read_note(&Json::parse(text).unwrap())
    }

    #[test]
    fn a_note_is_read_whole() {
        let read = note(r#"{"id":3,"title":"Tea","text":"Green","updated_at":1700000000000}"#);
        let wanted = Note {
            id: "3".to_owned(),
            title: "Tea".to_owned(),
            text: "Green".to_owned(),
            updated_at: Some(Timestamp::from_millis(1_700_000_000_000)),
        };
        assert_eq!(read, Some(wanted));
    }

    #[test]
    fn a_note_needs_an_id_and_a_title_and_nothing_else() {
        assert!(note(r#"{"id":"a","title":""}"#).is_some());
        assert_eq!(note(r#"{"title":"Tea"}"#), None);
        assert_eq!(note(r#"{"id":3}"#), None);
        assert_eq!(note(r#"{"id":true,"title":"Tea"}"#), None);
        assert_eq!(note(r#"{"id":3,"title":4}"#), None);
    }

    #[test]
    fn an_id_cannot_lead_to_another_path() {
        let id = |text: &str| {
            note(&format!(r#"{{"id":"{text}","title":""}}"#))
                .unwrap()
                .id
        };
        assert_eq!(id("../me?x#y"), "%2E%2E%2Fme%3Fx%23y");
        assert_eq!(id("가"), "%EA%B0%80");
        assert_eq!(id("0a-b_c~Z"), "0a-b_c~Z");
    }

    #[test]
    fn a_list_with_one_broken_note_is_no_list() {
        let list = |text: &str| read_list(&Json::parse(text).unwrap());
        assert_eq!(list(r#"{"notes":[]}"#), Some(Vec::new()));
        assert_eq!(
            list(r#"{"notes":[{"id":1,"title":"a"}]}"#).unwrap().len(),
            1
        );
        assert_eq!(list(r#"{"notes":[{"id":1}]}"#), None);
        assert_eq!(list("[]"), None);
    }
}
