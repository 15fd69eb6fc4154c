//! The kept corpus of the fuzz targets, replayed: what a fuzzer once found stays found.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "the fuzz targets are tests"
)]

#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::path::Path;

/// Runs a target over its corpus, which must not have got lost.
fn replay(name: &str, at_least: usize, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(
        files.len() >= at_least,
        "{} inputs in {}",
        files.len(),
        folder.display()
    );
    for file in files {
        let input = fs::read(&file).unwrap();
        let outcome = std::panic::catch_unwind(|| target(&input));
        assert!(outcome.is_ok(), "{} fails", file.display());
    }
}

macro_rules! replayed {
    ($($name:ident)+) => {$(
        #[test]
        fn $name() {
            replay(stringify!($name), 5, targets::$name::run);
        }
    )+};
}

replayed! {
    callback
    configuration
    discovery
    engine
    id_token
    jwks
    stored_state
    token_response
    www_authenticate
}
