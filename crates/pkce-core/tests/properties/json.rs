//! JSON: the same as serde_json on documents without repeated members, nothing on others.

use super::{noise, value};
use pkce_core::json::{Json, ObjectWriter};
use proptest::prelude::*;
use serde_json::Value;

/// A document as it is written: a member may be there twice.
#[derive(Clone, Debug)]
enum Written {
    Leaf(Value),
    Array(Vec<Written>),
    Object(Vec<(String, bool, Written)>),
}

impl Written {
    fn has_repeated_member(&self) -> bool {
        match self {
            Written::Leaf(_) => false,
            Written::Array(items) => items.iter().any(Written::has_repeated_member),
            Written::Object(members) => {
                members.iter().enumerate().any(|(index, (name, _, value))| {
                    value.has_repeated_member()
                        || members[..index].iter().any(|(other, _, _)| other == name)
                })
            }
        }
    }

    /// As text; a name may be written with escapes alone.
    fn write(&self, text: &mut String) {
        match self {
            Written::Leaf(value) => text.push_str(&value.to_string()),
            Written::Array(items) => {
                text.push('[');
                for (index, item) in items.iter().enumerate() {
                    text.push_str(if index > 0 { " ,\n" } else { "" });
                    item.write(text);
                }
                text.push(']');
            }
            Written::Object(members) => {
                text.push('{');
                for (index, (name, is_escaped, value)) in members.iter().enumerate() {
                    text.push_str(if index > 0 { ",\t" } else { "" });
                    if *is_escaped {
                        text.push('"');
                        for unit in name.encode_utf16() {
                            text.push_str(&format!("\\u{unit:04X}"));
                        }
                        text.push('"');
                    } else {
                        text.push_str(&Value::from(name.as_str()).to_string());
                    }
                    text.push_str(" : ");
                    value.write(text);
                }
                text.push('}');
            }
        }
    }
}

fn written() -> impl Strategy<Value = Written> {
    let leaf = value()
        .prop_filter("a leaf", |value| !value.is_array() && !value.is_object())
        .prop_map(Written::Leaf);
    leaf.prop_recursive(4, 32, 6, |inner| {
        let name = prop_oneof!["[ab]{0,2}", any::<char>().prop_map(String::from)];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Written::Array),
            prop::collection::vec((name, any::<bool>(), inner), 0..6).prop_map(Written::Object),
        ]
    })
}

/// The same value in the types of serde_json.
fn theirs(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::from(*value),
        Json::Integer(number) => Value::from(*number),
        Json::Float(number) => Value::from(*number),
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => items.iter().map(theirs).collect(),
        Json::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), theirs(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

/// What does not fit 64 bits with a sign is a float here.
fn as_floats(value: Value) -> Value {
    match value {
        Value::Number(number) if number.as_i64().is_none() => Value::from(number.as_f64()),
        Value::Array(items) => items.into_iter().map(as_floats).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, as_floats(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    }
}

proptest! {
    /// RFC 8259 4, RFC 7515 4.
    #[test]
    fn a_document_is_read_unless_a_member_is_repeated(document in written()) {
        let mut text = String::new();
        document.write(&mut text);
        let read = Json::parse(&text);
        if document.has_repeated_member() {
            prop_assert_eq!(read, None, "{}", text);
        } else {
            let other: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(theirs(&read.unwrap()), as_floats(other));
        }
    }

    #[test]
    fn what_is_no_json_for_serde_json_is_none_here(text in noise()) {
        if serde_json::from_str::<Value>(&text).is_err() {
            prop_assert_eq!(Json::parse(&text), None);
        }
    }

    #[test]
    fn octets_that_are_no_utf8_are_no_json(octets in any::<Vec<u8>>()) {
        let read = Json::parse_bytes(&octets);
        if std::str::from_utf8(&octets).is_err() {
            prop_assert_eq!(read, None);
        }
        let quoted = [b"\"", octets.as_slice(), b"\""].concat();
        let theirs = serde_json::from_slice::<String>(&quoted).ok();
        prop_assert_eq!(Json::parse_bytes(&quoted), theirs.map(Json::String));
    }

    /// What the session stores is what is read back.
    #[test]
    fn a_written_object_is_read_back(name in noise(), text in noise(), number in any::<i64>(), truth in any::<bool>(), list in prop::collection::vec(noise(), 0..4)) {
        let written = ObjectWriter::new()
            .str("s", &text)
            .str(&format!("x{name}"), &text)
            .integer("i", number)
            .bool("b", truth)
            .strs("l", list.iter().map(String::as_str))
            .raw("r", "{\"n\":null}")
            .opt_str("absent", None)
            .finish();
        let json = Json::parse(&written).unwrap();
        let other: Value = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(theirs(&json), other);
        prop_assert_eq!(json.str(&format!("x{name}")), Some(text.as_str()));
        prop_assert_eq!(json.get("i").and_then(Json::as_integer), Some(number));
        prop_assert_eq!(json.get("b").and_then(Json::as_bool), Some(truth));
        let items = json.get("l").and_then(Json::items).unwrap();
        prop_assert!(items.iter().map(Json::as_str).eq(list.iter().map(|item| Some(item.as_str()))));
        prop_assert_eq!(json.get("absent"), None);
    }
}
