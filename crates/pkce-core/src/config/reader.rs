//! Reads one object of the configuration: known keys alone, each with the type it must have.

use super::fault::{Fault, quoted};
use crate::error::{Error, ErrorCode};
use crate::json::Json;

/// An object of the configuration and the path that leads to it.
pub(super) struct Reader<'a> {
    path: &'a str,
    members: &'a [(String, Json)],
}

/// `key` below `path`; the root has an empty path.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

impl<'a> Reader<'a> {
    /// The object at `path`, whose keys are all in `known`.
    ///
    /// A `client_secret` is told apart from other unknown keys, wherever it stands: whoever wrote
    /// it has to learn that it is public now.
    pub(super) fn new(
        json: &'a Json,
        path: &'a str,
        known: &[&'static str],
    ) -> Result<Self, Error> {
        let reader = Self::open(json, path)?;
        for (key, _) in reader.members {
            if plain(key) == "clientsecret" {
                return Err(Fault::new(
                    ErrorCode::ConfigClientSecret,
                    "no key of this name: whoever opens the page can read what is in it, so an \
                     app in a browser can keep no secret. Remove it, replace it at the provider, \
                     and register the app there as a public client (RFC 6749 2.1)",
                    format!("{}client_secret", prefix(path)),
                )
                .at(&reader.key("client_secret")));
            }
            if !known.contains(&key.as_str()) {
                return Err(unknown_key(path, key, known));
            }
        }
        Ok(reader)
    }

    /// The object at `path`, with any keys.
    pub(super) fn open(json: &'a Json, path: &'a str) -> Result<Self, Error> {
        let members = json
            .members()
            .ok_or_else(|| wrong_type(path, "an object", json))?;
        Ok(Self { path, members })
    }

    pub(super) const fn members(&self) -> &'a [(String, Json)] {
        self.members
    }

    /// The full path of a key.
    pub(super) fn key(&self, name: &str) -> String {
        join(self.path, name)
    }

    /// The value of a key as it is.
    pub(super) fn get(&self, name: &str) -> Option<&'a Json> {
        self.members
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, Error> {
        self.typed(name, "a string", Json::as_str)
    }

    pub(super) fn required_text(&self, name: &str) -> Result<&'a str, Error> {
        self.text(name)?
            .ok_or_else(|| self.missing(name, "a string"))
    }

    pub(super) fn bool(&self, name: &str) -> Result<Option<bool>, Error> {
        self.typed(name, "true or false", Json::as_bool)
    }

    pub(super) fn list(&self, name: &str) -> Result<Option<&'a [Json]>, Error> {
        self.typed(name, "an array", Json::items)
    }

    /// An array of strings; a wrong item is named by its index.
    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<&'a str>>, Error> {
        let Some(items) = self.list(name)? else {
            return Ok(None);
        };
        items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                item.as_str().ok_or_else(|| {
                    wrong_type(&format!("{}[{index}]", self.key(name)), "a string", item)
                })
            })
            .collect::<Result<Vec<_>, _>>()
            .map(Some)
    }

    /// A whole number or `null`, which is as good as absent.
    pub(super) fn integer_or_null(&self, name: &str) -> Result<Option<i64>, Error> {
        match self.get(name) {
            Some(Json::Null) => Ok(None),
            _ => self.typed(name, "a whole number or null", Json::as_integer),
        }
    }

    /// The error for a required key that is absent.
    pub(super) fn missing(&self, name: &str, what: &'static str) -> Error {
        let key = self.key(name);
        Fault::new(ErrorCode::ConfigMissingKey, what, format!("no key {key}")).at(&key)
    }

    fn typed<T>(
        &self,
        name: &str,
        what: &'static str,
        read: impl FnOnce(&'a Json) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        match read(value) {
            Some(value) => Ok(Some(value)),
            None => Err(wrong_type(&self.key(name), what, value)),
        }
    }
}

/// The error for a value of another JSON type.
pub(super) fn wrong_type(key: &str, what: &'static str, came: &Json) -> Error {
    Fault::new(ErrorCode::ConfigWrongType, what, came.kind()).at(key)
}

fn prefix(path: &str) -> String {
    join(path, "")
}

fn unknown_key(path: &str, key: &str, known: &[&'static str]) -> Error {
    let expected = match nearest(key, known) {
        Some(near) => format!("a known key; did you mean {near}?"),
        None => format!("one of the keys {}", known.join(", ")),
    };
    let place = if path.is_empty() {
        "the configuration"
    } else {
        path
    };
    // The key itself is foreign text, which stands in `came` alone.
    Fault::new(
        ErrorCode::ConfigUnknownKey,
        expected,
        format!("the unknown key {}", quoted(&join(path, key))),
    )
    .at(place)
}

/// The known key that `key` may have been meant to be: the same but for case and separators, or
/// within one edit for each three characters.
fn nearest(key: &str, known: &[&'static str]) -> Option<&'static str> {
    // No known key is half as long, and the distance costs the product of the lengths.
    const LONGEST: usize = 64;
    if key.len() > LONGEST {
        return None;
    }
    let key = plain(key);
    known
        .iter()
        .map(|candidate| (distance(&key, &plain(candidate)), *candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| distance.saturating_mul(3) <= candidate.len())
        .map(|(_, candidate)| candidate)
}

/// Lower case, without separators: `clientId` and `client-id` are `client_id`.
fn plain(key: &str) -> String {
    key.chars()
        .filter(|c| !matches!(c, '_' | '-'))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (index, x) in a.chars().enumerate() {
        let mut diagonal = index;
        let mut left = index.saturating_add(1);
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, y) in row.iter_mut().skip(1).zip(b.chars()) {
            let above = *cell;
            let changed = diagonal.saturating_add(usize::from(x != y));
            left = changed
                .min(left.saturating_add(1))
                .min(above.saturating_add(1));
            *cell = left;
            diagonal = above;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_edits() {
        for (a, b, edits) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("scope", "scope", 0),
            ("scopes", "scope", 1),
            ("scpe", "scope", 1),
            ("sc0pe", "scope", 1),
            ("kitten", "sitting", 3),
            ("flaw", "lawn", 2),
        ] {
            assert_eq!(distance(a, b), edits, "{a} {b}");
        }
    }

    #[test]
    fn only_a_close_key_is_suggested() {
        let known = ["id", "issuer", "client_id", "redirect_uri", "scope", "dpop"];
        for (key, near) in [
            ("clientId", Some("client_id")),
            ("client-id", Some("client_id")),
            ("CLIENT_ID", Some("client_id")),
            ("redirect_url", Some("redirect_uri")),
            ("scopes", Some("scope")),
            ("isuer", Some("issuer")),
            // Two edits in six characters are one for each three; three are too many.
            ("isueer", Some("issuer")),
            ("ixxxer", None),
            ("authority", None),
            ("ix", None),
            ("", None),
        ] {
            assert_eq!(nearest(key, &known), near, "{key}");
        }
        let separators = |count: usize| format!("{}scope", "_".repeat(count));
        assert_eq!(nearest(&separators(59), &known), Some("scope"));
        assert_eq!(nearest(&separators(60), &known), None);
    }
}
