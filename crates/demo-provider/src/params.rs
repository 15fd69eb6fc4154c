//! Request parameters, form-encoded, read strictly.

use std::fmt;

/// More parameters than any honest request has.
const MOST: usize = 64;

/// The parameters of a query or a form body, in order. Their values may be secret, so `Debug` shows
/// names alone.
#[derive(Clone, Default)]
pub(crate) struct Params(Vec<(String, String)>);

/// There are more parameters than this server reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

impl Params {
    pub(crate) fn parse(encoded: &[u8]) -> Result<Self, TooMany> {
        let params: Vec<(String, String)> = form_urlencoded::parse(encoded)
            .into_owned()
            .take(MOST + 1)
            .collect();
        if params.len() > MOST {
            Err(TooMany)
        } else {
            Ok(Self(params))
        }
    }

    /// The value of a parameter. One without a value counts as absent (RFC 6749 3.1).
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self
            .0
            .iter()
            .find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// Every value of a parameter that may be repeated.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Whether a parameter came more than once (RFC 6749 3.1 forbids it).
    pub(crate) fn is_repeated(&self, name: &str) -> bool {
        self.0.iter().filter(|(key, _)| key == name).count() > 1
    }

    /// The first parameter that came more than once though it may not; `resource` may
    /// (RFC 8707 2).
    pub(crate) fn first_repeated(&self) -> Option<&str> {
        self.0
            .iter()
            .map(|(key, _)| key.as_str())
            .find(|key| *key != "resource" && self.is_repeated(key))
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(key, _)| key))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_form_decoded_and_empty_ones_are_absent() {
        let params = Params::parse(b"a=1+%2B%26&b=&resource=x&resource=y").unwrap();
        assert_eq!(params.get("a"), Some("1 +&"));
        assert_eq!(params.get("b"), None);
        assert_eq!(params.all("resource").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(params.first_repeated(), None);
    }

    #[test]
    fn a_repeated_parameter_is_found_even_without_a_value() {
        assert_eq!(
            Params::parse(b"a=1&a=").unwrap().first_repeated(),
            Some("a")
        );
    }

    #[test]
    fn a_flood_of_parameters_is_refused() {
        let flood = "a=1&".repeat(65);
        assert_eq!(Params::parse(flood.as_bytes()).map(|_| ()), Err(TooMany));
    }
}
