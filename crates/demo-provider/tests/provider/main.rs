//! The provider over real HTTP: what each endpoint accepts, beside what it refuses.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod account;
mod api;
mod app;
mod authorize;
mod cli;
mod controls;
mod cors;
mod discovery;
mod dpop;
mod dpop_binding;
mod faults;
mod feed;
mod logout;
mod nonces;
mod par;
mod proofs;
mod refresh;
mod register;
mod resources;
mod revoke;
mod sign_in;
mod step_up;
mod support;
mod token;
mod userinfo;
