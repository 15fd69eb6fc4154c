//! The `<script>` elements of a built `index.html`.

/// One `<script>` element, by byte positions in its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Script {
    attributes: Vec<(String, String)>,
    /// Where its text starts and ends.
    pub(crate) text: std::ops::Range<usize>,
}

impl Script {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a Content Security Policy must name its hash: it has no `src`, and a browser acts
    /// upon its text. A data block such as JSON is not acted upon.
    pub(crate) fn is_inline_executable(&self) -> bool {
        const ACTED_UPON: [&str; 8] = [
            "",
            "module",
            "importmap",
            "speculationrules",
            "text/javascript",
            "application/javascript",
            "text/ecmascript",
            "application/ecmascript",
        ];
        let kind = self
            .attribute("type")
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        self.attribute("src").is_none() && ACTED_UPON.contains(&kind.as_str())
    }
}

/// Finds every script of a document, comments left out.
pub(crate) fn scripts(html: &str) -> Vec<Script> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = html.get(at..) {
        let Some(offset) = rest.find('<') else { break };
        let tag = at.saturating_add(offset);
        let Some(rest) = html.get(tag..) else { break };
        if rest.starts_with("<!--") {
            let Some(end) = rest.find("-->") else { break };
            at = tag.saturating_add(end).saturating_add(3);
        } else if let Some((attributes, start)) = script_tag(html, tag) {
            let end = end_tag(html, start);
            found.push(Script {
                attributes,
                text: start..end,
            });
            at = end.saturating_add(1);
        } else {
            at = tag.saturating_add(1);
        }
    }
    found
}

/// Reads `<script …>` at a position: its attributes, and where its text starts.
fn script_tag(html: &str, at: usize) -> Option<(Vec<(String, String)>, usize)> {
    let after_name = at.checked_add("<script".len())?;
    if !html.get(at..after_name)?.eq_ignore_ascii_case("<script") {
        return None;
    }
    let mut rest = html.get(after_name..)?;
    if !rest.starts_with(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>') {
        return None;
    }
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if let Some(text) = rest.strip_prefix('>') {
            return Some((attributes, html.len().checked_sub(text.len())?));
        }
        let name_end = rest.find(|c: char| c.is_ascii_whitespace() || "=/>".contains(c))?;
        let (name, after) = rest.split_at_checked(name_end)?;
        let (value, after) = match after.trim_ascii_start().strip_prefix('=') {
            Some(value) => read_value(value.trim_ascii_start())?,
            None => ("", after),
        };
        // A stray `=` where a name should stand would read nothing and go round for ever.
        if name.is_empty() && after.len() == rest.len() {
            return None;
        }
        attributes.push((name.to_ascii_lowercase(), value.to_owned()));
        rest = after;
    }
}

fn read_value(rest: &str) -> Option<(&str, &str)> {
    for quote in ['"', '\''] {
        if let Some(quoted) = rest.strip_prefix(quote) {
            return quoted.split_once(quote);
        }
    }
    rest.split_at_checked(rest.find(|c: char| c.is_ascii_whitespace() || c == '>')?)
}

fn end_tag(html: &str, start: usize) -> usize {
    let rest = html.get(start..).unwrap_or_default().to_ascii_lowercase();
    start.saturating_add(rest.find("</script").unwrap_or(rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(html: &str) -> Vec<&str> {
        scripts(html)
            .into_iter()
            .map(|script| html.get(script.text).unwrap())
            .collect()
    }

    #[test]
    fn scripts_are_found_with_their_attributes_and_text() {
        let html = r#"<!doctype html><head><script type="module" nonce='x' async>let a = "<b>";</script>
            <SCRIPT src=app.js></SCRIPT><script id="auth-config" type="application/json">{"a":1}</script>"#;
        let found = scripts(html);
        assert_eq!(texts(html), ["let a = \"<b>\";", "", "{\"a\":1}"]);
        assert_eq!(found[0].attribute("type"), Some("module"));
        assert_eq!(found[0].attribute("async"), Some(""));
        assert_eq!(found[1].attribute("src"), Some("app.js"));
        let executable: Vec<bool> = found.iter().map(Script::is_inline_executable).collect();
        assert_eq!(executable, [true, false, false]);
    }

    #[test]
    fn what_only_looks_like_a_script_is_none() {
        assert!(scripts("<!-- <script>x</script> --><scripty>y</scripty> a < b").is_empty());
    }

    #[test]
    fn broken_markup_ends_the_search() {
        for html in [
            "<script",
            "<script =",
            "<script a",
            "<script a=",
            "<script a='",
            "<!-- <",
            "<",
        ] {
            assert!(scripts(html).is_empty(), "{html}");
        }
        assert_eq!(texts("<script>never closed"), ["never closed"]);
        assert_eq!(texts("<script ==>x</script>").len(), 1);
    }
}
