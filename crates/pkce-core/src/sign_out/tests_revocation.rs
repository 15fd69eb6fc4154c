//! The answer to a revocation (RFC 7009 2.2).

use super::*;
use crate::error::ErrorCode;
use crate::http::{Body, HttpResponse, TransportFault};

fn judged(status: u16, body: &str) -> Result<(), ErrorCode> {
    let exchange = Ok(HttpResponse {
        status,
        content_type: Some("application/json".into()),
        body: Body(body.as_bytes().to_vec()),
        ..HttpResponse::default()
    });
    judge_revocation(&exchange).map_err(|error| {
        assert_eq!(error.phase(), Phase::SignOut);
        error.code()
    })
}

#[test]
fn a_success_is_a_success_whatever_its_body() {
    for status in [200, 204, 299] {
        for body in ["", "<h1>", "{\"error\":\"x\"}"] {
            assert_eq!(judged(status, body), Ok(()), "{status} {body}");
        }
    }
}

#[test]
fn a_refusal_is_told_for_a_log() {
    for (status, body, code) in [
        (
            400,
            r#"{"error":"unsupported_token_type"}"#,
            ErrorCode::ProviderError,
        ),
        (
            400,
            r#"{"error":"invalid_request"}"#,
            ErrorCode::InvalidRequest,
        ),
        (
            401,
            r#"{"error":"invalid_client"}"#,
            ErrorCode::InvalidClient,
        ),
        (199, "", ErrorCode::UnexpectedStatus),
        (300, "", ErrorCode::UnexpectedStatus),
        (503, "", ErrorCode::ServiceUnavailable),
    ] {
        assert_eq!(judged(status, body), Err(code), "{status} {body}");
    }
    let hidden = Err(TransportFault::Network { online: true });
    let error = judge_revocation(&hidden).unwrap_err();
    assert_eq!(
        (error.code(), error.phase()),
        (ErrorCode::NetworkError, Phase::SignOut)
    );
}

#[test]
fn a_busy_server_says_how_long_to_wait() {
    let busy = Ok(HttpResponse {
        status: 503,
        retry_after: Some("7".into()),
        ..HttpResponse::default()
    });
    let error = judge_revocation(&busy).unwrap_err();
    assert_eq!((error.is_transient(), error.wait_ms()), (true, Some(7000)));
}
