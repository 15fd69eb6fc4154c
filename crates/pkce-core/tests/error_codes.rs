//! `docs/errors.md` is made of the table in `src/error.rs`: `cargo xtask docs` writes it, this test
//! says when it is out of date.

#![allow(
    clippy::unwrap_used,
    reason = "a test says so where a file cannot be read"
)]

use pkce_core::{ErrorCode, Remedy};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

const fn what_helps(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Retry => "try again",
        Remedy::SignIn => "sign in",
        Remedy::Configure => "configuration",
        _ => "other",
    }
}

fn document() -> String {
    let mut text = String::from(
        "# Error codes\n\n\
         <!-- Written by `cargo xtask docs` from crates/pkce-core/src/error.rs. -->\n\n\
         Every error has one of these codes: `ErrorCode::as_str` in code, `data-error` on the \
         page. A code never changes its meaning; new ones may come.\n\n\
         What helps: *try again* (the same request may work later, `is_transient()`), *sign in* \
         (`needs_sign_in()`), *configuration* (whoever runs the app or the provider has to change \
         something, `is_configuration()`), or *other* (what was expected and what came say more).\n\n\
         | code | meaning | what helps |\n| --- | --- | --- |\n",
    );
    for code in ErrorCode::ALL {
        let meaning = code.meaning().trim_end_matches('.');
        let what_helps = what_helps(code.remedy());
        writeln!(text, "| `{code}` | {meaning} | {what_helps} |").unwrap();
    }
    text
}

#[test]
fn the_documented_codes_are_those_of_the_library() {
    let path = root().join("docs/errors.md");
    let document = document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, document).unwrap();
        return;
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, document, "out of date: run `cargo xtask docs`");
}

#[test]
fn no_meaning_breaks_the_table() {
    for code in ErrorCode::ALL {
        let meaning = code.meaning();
        assert!(
            !meaning.contains(['|', '\n']) && !meaning.contains("  "),
            "{meaning}"
        );
        assert!(
            meaning.starts_with(|c: char| c.is_uppercase() || c == '`'),
            "{meaning}"
        );
    }
}

/// A code that nothing creates would document what never happens.
#[test]
fn every_code_is_made_somewhere() {
    let mut sources = String::new();
    for folder in ["crates/pkce-core/src", "crates/leptos-pkce/src"] {
        read_sources(&root().join(folder), &mut sources);
    }
    for code in ErrorCode::ALL {
        let name = format!("ErrorCode::{code:?}");
        let is_made = sources
            .split(&name)
            .skip(1)
            .any(|after| !after.starts_with(|c: char| c.is_alphanumeric()));
        assert!(is_made, "{name} is made nowhere");
    }
}

fn read_sources(folder: &Path, sources: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "tests" && name != "locales" {
                read_sources(&path, sources);
            }
        } else if name.ends_with(".rs") && !name.starts_with("tests") && name != "error.rs" {
            let text = std::fs::read_to_string(&path).unwrap();
            // Unit tests at the end of a file make errors too.
            sources.push_str(text.split("#[cfg(test)]\nmod tests {").next().unwrap());
        }
    }
}
