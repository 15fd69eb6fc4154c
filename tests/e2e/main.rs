//! End-to-end journeys: the built app, a real provider and a real browser.
//!
//! `cargo xtask test e2e` builds the app and runs them in both browsers. By hand, with a built app
//! in `dist/`: `E2E_BROWSER=firefox cargo test --test e2e -- a_part_of_a_name`. `cargo xtask soak`
//! leaves the app running for minutes instead, and looks at its memory.
#![cfg(not(target_arch = "wasm32"))]
// In a test a panic is the message. Clippy knows that of test functions, not of what they call.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::string_slice,
    clippy::unwrap_used
)]

mod browser;
mod events;
mod journey;
mod journeys;
mod secrets;
mod soak;
mod vocabulary;
mod world;
