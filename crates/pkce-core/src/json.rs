//! JSON as the protocol needs it: unknown members are kept aside, repeated ones are refused,
//! and every access says what was expected and what came.

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A JSON value whose objects have no repeated member (RFC 8259 4, RFC 7515 4).
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number that fits 64 bits.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object, in the order of the text.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Parses a whole text. `None` where it is no JSON, has a repeated member, is nested deeper
    /// than 128 levels or has something behind it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Parses octets that must be UTF-8.
    #[must_use]
    pub fn parse_bytes(bytes: &[u8]) -> Option<Self> {
        std::str::from_utf8(bytes).ok().and_then(Self::parse)
    }

    /// The member of an object; `None` where it is absent or this is no object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The members of an object.
    #[must_use]
    pub fn members(&self) -> Option<&[(String, Json)]> {
        match self {
            Json::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The items of an array.
    #[must_use]
    pub fn items(&self) -> Option<&[Json]> {
        match self {
            Json::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a whole number.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Json::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The value of `true` or `false`.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Json::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The string member of an object.
    #[must_use]
    pub fn str(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Json::as_str)
    }

    /// A NumericDate (RFC 7519 2) in whole seconds: fractions are cut.
    #[must_use]
    pub fn numeric_date(&self) -> Option<i64> {
        match self {
            Json::Integer(number) => Some(*number),
            // Beyond 2^53 a float is no date any more.
            #[allow(clippy::cast_possible_truncation)]
            Json::Float(number) if number.abs() < 9e15 => Some(*number as i64),
            _ => None,
        }
    }

    /// What kind of value this is, for error texts.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "true or false",
            Json::Integer(_) | Json::Float(_) => "a number",
            Json::String(_) => "a string",
            Json::Array(_) => "an array",
            Json::Object(_) => "an object",
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct JsonVisitor;

        impl<'de> Visitor<'de> for JsonVisitor {
            type Value = Json;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }
            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
                Ok(Json::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
                Ok(Json::Integer(value))
            }
            #[allow(clippy::cast_precision_loss)]
            fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
                Ok(i64::try_from(value).map_or(Json::Float(value as f64), Json::Integer))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
                Ok(Json::Float(value))
            }
            fn visit_str<E>(self, value: &str) -> Result<Json, E> {
                Ok(Json::String(value.to_owned()))
            }
            fn visit_string<E>(self, value: String) -> Result<Json, E> {
                Ok(Json::String(value))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Json::Array(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
                let mut members: Vec<(String, Json)> = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, Json>()? {
                    members.push((key, value));
                }
                if has_repeated_member(&members) {
                    return Err(A::Error::custom("repeated member"));
                }
                Ok(Json::Object(members))
            }
        }

        deserializer.deserialize_any(JsonVisitor)
    }
}

/// Sorts references instead of comparing all pairs: a hostile object of a hundred thousand
/// members must not cost quadratic time.
fn has_repeated_member(members: &[(String, Json)]) -> bool {
    let mut keys: Vec<&str> = members.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    keys.windows(2).any(|pair| matches!(pair, [a, b] if a == b))
}

/// Writes one JSON object member by member; what the session stores is made with it.
#[derive(Default)]
pub struct ObjectWriter {
    text: String,
}

impl ObjectWriter {
    /// An empty object.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a string member.
    #[must_use]
    pub fn str(mut self, name: &str, value: &str) -> Self {
        self.name(name);
        write_string(&mut self.text, value);
        self
    }

    /// Adds a string member where there is a value.
    #[must_use]
    pub fn opt_str(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.str(name, value),
            None => self,
        }
    }

    /// Adds a whole number.
    #[must_use]
    pub fn integer(self, name: &str, value: i64) -> Self {
        let digits = value.to_string();
        self.raw(name, &digits)
    }

    /// Adds a whole number where there is one.
    #[must_use]
    pub fn opt_integer(self, name: &str, value: Option<i64>) -> Self {
        match value {
            Some(value) => self.integer(name, value),
            None => self,
        }
    }

    /// Adds `true` or `false`.
    #[must_use]
    pub fn bool(self, name: &str, value: bool) -> Self {
        self.raw(name, if value { "true" } else { "false" })
    }

    /// Adds an array of strings.
    #[must_use]
    pub fn strs<'a>(mut self, name: &str, values: impl IntoIterator<Item = &'a str>) -> Self {
        self.name(name);
        self.text.push('[');
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            write_string(&mut self.text, value);
        }
        self.text.push(']');
        self
    }

    /// Adds a member whose value is JSON text already.
    #[must_use]
    pub fn raw(mut self, name: &str, json: &str) -> Self {
        self.name(name);
        self.text.push_str(json);
        self
    }

    /// The text of the object.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.text.push('}');
        if !self.text.starts_with('{') {
            self.text.insert(0, '{');
        }
        self.text
    }

    fn name(&mut self, name: &str) {
        self.text.push(if self.text.is_empty() { '{' } else { ',' });
        write_string(&mut self.text, name);
        self.text.push(':');
    }
}

fn write_string(out: &mut String, value: &str) {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    out.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\0'..='\x1f' => {
                let octet = usize::from(c as u8);
                out.push_str("\\u00");
                for digit in [octet >> 4, octet & 15] {
                    out.extend(HEX.get(digit));
                }
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_repeated_member_is_refused_at_every_depth() {
        assert_eq!(Json::parse(r#"{"a":1,"a":1}"#), None);
        assert_eq!(Json::parse(r#"{"x":[{"a":1,"\u0061":2}]}"#), None);
        assert!(Json::parse(r#"{"a":{"a":1},"b":{"a":1}}"#).is_some());
    }

    #[test]
    fn nesting_is_bounded() {
        assert_eq!(Json::parse(&"[".repeat(100_000)), None);
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert_eq!(Json::parse(&deep), None);
    }

    #[test]
    fn trailing_text_is_refused() {
        assert_eq!(Json::parse("{} x"), None);
        assert_eq!(Json::parse("{}{}"), None);
        assert!(Json::parse(" {} \n").is_some());
    }

    #[test]
    fn dates_are_whole_seconds() {
        assert_eq!(
            Json::parse("1700000000.9").unwrap().numeric_date(),
            Some(1_700_000_000)
        );
        // Whole numbers of 64 bits are exact; a float of 9e15 and more may have lost its seconds.
        assert_eq!(Json::Integer(i64::MAX).numeric_date(), Some(i64::MAX));
        for (number, date) in [
            ("8999999999999000.0", Some(8_999_999_999_999_000)),
            ("-8999999999999000.0", Some(-8_999_999_999_999_000)),
            ("9e15", None),
            ("-9e15", None),
        ] {
            assert_eq!(
                Json::parse(number).unwrap().numeric_date(),
                date,
                "{number}"
            );
        }
        assert_eq!(Json::parse("1e300").unwrap().numeric_date(), None);
        assert_eq!(Json::parse("\"1\"").unwrap().numeric_date(), None);
    }

    #[test]
    fn control_characters_and_quotes_are_escaped() {
        // RFC 8259 7
        let controls: String = ('\0'..='\x20').chain(['"', '\\', '\x7f']).collect();
        let text = ObjectWriter::new().str("c", &controls).finish();
        assert_eq!(
            Json::parse(&text).unwrap().str("c"),
            Some(controls.as_str())
        );
        assert_eq!(
            ObjectWriter::new().str("c", "\0\x0a\x1f\x20").finish(),
            r#"{"c":"\u0000\u000a\u001f "}"#
        );
    }

    #[test]
    fn an_empty_object_is_written_whole() {
        assert_eq!(ObjectWriter::new().finish(), "{}");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(key in any::<String>(), value in any::<String>(), n in any::<i64>()) {
            prop_assume!(key != "n" && key != "list");
            let text = ObjectWriter::new()
                .str(&key, &value)
                .integer("n", n)
                .strs("list", [value.as_str(), ""])
                .finish();
            let json = Json::parse(&text).unwrap();
            prop_assert_eq!(json.str(&key), Some(value.as_str()));
            prop_assert_eq!(json.get("n").and_then(Json::as_integer), Some(n));
            prop_assert_eq!(json.get("list").and_then(Json::items).map(<[Json]>::len), Some(2));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _ = Json::parse(&text);
        }
    }
}
