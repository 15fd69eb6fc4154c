//! The `WWW-Authenticate` header (RFC 9110 11.6.1): foreign text that is read as far as it makes
//! sense, in one pass and within bounds.

/// The longest header that is read, in octets; what follows is left out.
pub const LIMIT: usize = 8192;
/// The most challenges that are kept.
pub const CHALLENGE_LIMIT: usize = 16;
/// The most parameters that are kept of one challenge.
pub const PARAM_LIMIT: usize = 32;

/// One challenge: a scheme with a token or with parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    scheme: String,
    token68: Option<String>,
    params: Vec<(String, String)>,
}

impl Challenge {
    /// The scheme as it was written.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Whether this is the scheme; schemes are case-insensitive (RFC 9110 11.1).
    #[must_use]
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// The token that some schemes have in place of parameters.
    #[must_use]
    pub fn token68(&self) -> Option<&str> {
        self.token68.as_deref()
    }

    /// The value of a parameter, unquoted; names are case-insensitive (RFC 9110 11.2), and the
    /// first of repeated ones counts.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The parameters in order.
    pub fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        self.params
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Reads all challenges of a header, also of several that were joined with commas. Rubbish is
/// skipped up to the next comma or space.
///
/// ```
/// use pkce_core::api::www_authenticate::parse;
/// let challenges = parse(r#"Basic realm="x", bearer error="insufficient_scope", scope="a b""#);
/// let bearer = challenges.iter().find(|challenge| challenge.is("Bearer"));
/// assert_eq!(bearer.and_then(|bearer| bearer.param("scope")), Some("a b"));
/// ```
#[must_use]
pub fn parse(header: &str) -> Vec<Challenge> {
    let mut end = LIMIT.min(header.len());
    while !header.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let mut cursor = Cursor {
        rest: header.get(..end).unwrap_or_default(),
    };
    let mut challenges: Vec<Challenge> = Vec::new();
    while !cursor.rest.is_empty() {
        let token = cursor.take(is_token_char);
        if token.is_empty() {
            cursor.skip_to_token();
            continue;
        }
        let after_token = cursor.rest;
        cursor.take(is_space);
        if cursor.eat('=') {
            cursor.take(is_space);
            let value = cursor.value();
            if let (Some(challenge), Some(value)) = (challenges.last_mut(), value)
                && challenge.params.len() < PARAM_LIMIT
            {
                challenge.params.push((token.to_owned(), value));
            }
            continue;
        }
        if challenges.len() == CHALLENGE_LIMIT {
            break;
        }
        // A token68 needs a space before it: `Scheme/x` is none.
        let token68 = if after_token.starts_with(is_space) {
            cursor.token68()
        } else {
            None
        };
        challenges.push(Challenge {
            scheme: token.to_owned(),
            token68,
            params: Vec::new(),
        });
    }
    challenges
}

/// What of the header is still to be read.
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    /// Takes the characters that fit.
    fn take(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let len = self.rest.find(|c| !fits(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(len).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn eat(&mut self, c: char) -> bool {
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Past a separator or rubbish: one character, or a quotation.
    fn skip_to_token(&mut self) {
        if self.eat('"') {
            self.quoted();
            return;
        }
        let mut chars = self.rest.chars();
        chars.next();
        self.rest = chars.as_str();
    }

    /// The value of a parameter. One that is not quoted may have characters that no token has,
    /// since servers do not always quote where they must. `None` for a quotation without an end.
    fn value(&mut self) -> Option<String> {
        if self.eat('"') {
            return self.quoted();
        }
        Some(self.take(|c| !is_space(c) && c != ',').to_owned())
    }

    /// The rest of a quoted-string (RFC 9110 5.6.4), without its escapes.
    fn quoted(&mut self) -> Option<String> {
        let mut text = String::new();
        let mut chars = self.rest.chars();
        loop {
            let c = match chars.next() {
                Some('"') => {
                    self.rest = chars.as_str();
                    return Some(text);
                }
                Some('\\') => chars.next(),
                other => other,
            };
            match c {
                Some(c) => text.push(c),
                None => {
                    self.rest = "";
                    return None;
                }
            }
        }
    }

    /// A token68 (RFC 9110 11.2), which is one only where a comma or the end follows.
    fn token68(&mut self) -> Option<String> {
        let mut ahead = Cursor { rest: self.rest };
        let body = ahead.take(|c| c.is_ascii_alphanumeric() || "-._~+/".contains(c));
        let padding = ahead.take(|c| c == '=');
        ahead.take(is_space);
        if body.is_empty() || !(ahead.rest.is_empty() || ahead.rest.starts_with(',')) {
            return None;
        }
        self.rest = ahead.rest;
        Some(format!("{body}{padding}"))
    }
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// RFC 9110 5.6.2
fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}
