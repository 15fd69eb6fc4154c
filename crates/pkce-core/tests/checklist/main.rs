//! The protocol checklist, rule by rule, from outside: nothing here uses more than the public API,
//! so these tests also show that the API suffices and is hard to misuse.
//!
//! BCP = RFC 9700, Core = OpenID Connect Core 1.0; RFC 10017 is "OAuth 2.0 for Browser-Based
//! Applications".
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod support;

mod authorization_request;
mod callback;
mod dpop;
mod hostile_inputs;
mod id_token;
mod metadata;
mod provider_facts;
mod pushed_requests;
mod refresh;
mod sign_out;
mod storage;
mod token_response;
mod use_of_tokens;
