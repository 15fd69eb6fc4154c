//! The `WWW-Authenticate` header of an API.

use super::check_error;
use pkce_core::api::www_authenticate::{CHALLENGE_LIMIT, LIMIT, PARAM_LIMIT, parse};
use pkce_core::api::{ApiVerdict, Attempt, judge_status};
use std::fmt::Write as _;

/// One input.
pub fn run(data: &[u8]) {
    let Ok(header) = std::str::from_utf8(data) else {
        return;
    };
    let challenges = parse(header);
    assert!(challenges.len() <= CHALLENGE_LIMIT);
    let mut octets = 0;
    let mut written = String::new();
    for challenge in &challenges {
        assert!(!challenge.scheme().is_empty());
        assert!(challenge.params().count() <= PARAM_LIMIT);
        octets += challenge.scheme().len() + challenge.token68().map_or(0, str::len);
        if !written.is_empty() {
            written.push_str(", ");
        }
        written.push_str(challenge.scheme());
        if let Some(token) = challenge.token68() {
            let _ = write!(written, " {token}");
        }
        for (index, (name, value)) in challenge.params().enumerate() {
            octets += name.len() + value.len();
            assert!(challenge.param(name).is_some());
            let separator = if index == 0 && challenge.token68().is_none() {
                " "
            } else {
                ", "
            };
            let value = value.replace('\\', r"\\").replace('"', "\\\"");
            let _ = write!(written, "{separator}{name}=\"{value}\"");
        }
    }
    assert!(octets <= LIMIT.min(header.len()));
    // What was read can be written, and is read as the same.
    if written.len() <= LIMIT {
        assert_eq!(parse(&written), challenges, "{written}");
    }

    for (status, attempt) in [
        (401, Attempt::First),
        (401, Attempt::AfterRefresh),
        (403, Attempt::First),
        (403, Attempt::AfterRefresh),
    ] {
        let verdict = judge_status(status, Some(header), attempt);
        assert_ne!(verdict, ApiVerdict::Pass);
        match &verdict {
            ApiVerdict::RefreshAndRetry => {
                assert_eq!((status, attempt), (401, Attempt::First));
            }
            ApiVerdict::StepUp {
                acr_values: Some(values),
                ..
            } => {
                assert!(!values.is_empty() && values.len() <= 512);
                assert!(values.bytes().all(|octet| matches!(octet, b' '..=b'~')));
            }
            _ => {}
        }
        if let Some(error) = verdict.into_error() {
            check_error(&error);
        }
    }
}
