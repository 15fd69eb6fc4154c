//! Properties that hold for any input: nothing makes a parser panic, what is built parses back to
//! what was meant, and the core's own parsers agree with those that browsers and servers have.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod documents;
mod encodings;
mod engine;
mod json;
mod panics;
mod requests;
mod urls;

use pkce_core::config::{Issuer, ProviderConfig};
use pkce_core::json::Json;
use pkce_core::metadata::ProviderMetadata;
use pkce_core::url::HttpUrl;
use proptest::prelude::*;
use serde_json::{Value, json};

const ISSUER: &str = "https://id.example";
const ORIGIN: &str = "https://app.example";

fn page_url() -> HttpUrl {
    HttpUrl::parse("https://app.example/").unwrap()
}

fn metadata_document() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://id.example/authorize",
        "token_endpoint": "https://id.example/token",
        "jwks_uri": "https://id.example/jwks",
        "authorization_response_iss_parameter_supported": true,
        "id_token_signing_alg_values_supported": ["EdDSA", "RS256"],
    })
}

fn metadata() -> ProviderMetadata {
    let json = Json::parse(&metadata_document().to_string()).unwrap();
    ProviderMetadata::from_json(&json, &Issuer::parse(ISSUER).unwrap()).unwrap()
}

fn client() -> ProviderConfig {
    ProviderConfig::builder("main", ISSUER, "spa")
        .build(&page_url())
        .unwrap()
}

/// Text that parsers stumble over: any characters, and pieces that mean something.
fn noise() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "&", "=", "?", "#", "/", "//", "\\", "%", "%2", "%2e", "%2F", "%00", "..", ".", ";", ",",
            "\"", "\\\"", "{", "}", "[", "]", ":", "@", " ", "\t", "\r\n", "\0", "+", "-", "_", "'",
            "code", "state", "iss", "error", "access_token", "https://", "http://", "app.example",
            "id.example", "localhost", "127.0.0.1", "[::1]", ":443", "javascript:", "Bearer",
            "error=\"x\"", "null", "true", "1e9", "-0", "\\u0000", "\\ud800", "eyJhbGciOiJub25lIn0",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => "[a-zA-Z0-9_-]{1,44}",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Any JSON value, a few levels deep.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        noise().prop_map(Value::from),
        Just(json!("")),
        Just(json!("https://id.example")),
        Just(json!("spa")),
        Just(json!(0)),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{0,6}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A document with some of its members replaced, removed or added.
fn changed(document: Value) -> impl Strategy<Value = Value> {
    let names: Vec<String> = match &document {
        Value::Object(members) => members.keys().cloned().collect(),
        _ => Vec::new(),
    };
    let name = prop_oneof![4 => prop::sample::select(names), 1 => "[a-z_]{0,8}"];
    prop::collection::vec((name, prop::option::of(value())), 0..4).prop_map(move |changes| {
        let mut document = document.clone();
        for (name, value) in changes {
            match value {
                Some(value) => document[name] = value,
                None => drop(document.as_object_mut().unwrap().remove(&name)),
            }
        }
        document
    })
}

/// A text with a piece cut out, put in or replaced.
fn damaged(text: String) -> impl Strategy<Value = String> {
    (any::<prop::sample::Index>(), 0..8_usize, noise()).prop_map(move |(at, cut, more)| {
        let mut start = at.index(text.len() + 1);
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = (start + cut).min(text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        format!("{}{more}{}", &text[..start], &text[end..])
    })
}
