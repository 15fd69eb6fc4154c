use crate::api::{ApiVerdict, Attempt, judge_status};
use crate::config::Scope;
use crate::error::{Error, ErrorCode, Phase};
use proptest::prelude::*;

use Attempt::{AfterRefresh, First};

fn first(status: u16, header: &str) -> ApiVerdict {
    judge_status(status, Some(header), First)
}

#[track_caller]
fn failed(verdict: ApiVerdict) -> Error {
    match verdict {
        ApiVerdict::Failed(error) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn success_is_handed_on() {
    for attempt in [First, AfterRefresh] {
        for status in [200, 201, 204, 299, 304] {
            assert_eq!(
                judge_status(status, Some("Bearer error=\"invalid_token\""), attempt),
                ApiVerdict::Pass
            );
        }
    }
    assert_eq!(ApiVerdict::Pass.into_error(), None);
}

#[test]
fn a_redirect_is_not_followed_with_a_token() {
    for status in [300, 301, 302, 303, 305, 307, 308, 399] {
        let error = failed(judge_status(status, None, First));
        assert_eq!(
            (error.code(), error.phase()),
            (ErrorCode::UnexpectedRedirect, Phase::Api)
        );
    }
}

#[test]
fn the_first_401_asks_for_one_renewal_and_the_second_is_an_error() {
    // RFC 6750 3.1
    for header in [
        None,
        Some(""),
        Some("\u{1}"),
        Some("Bearer"),
        Some("Bearer realm=\"api\""),
        Some("bearer error=\"invalid_token\", error_description=\"expired\""),
        Some("DPoP algs=\"ES256\""),
        Some("Basic realm=\"x\", Bearer error=\"invalid_token\""),
        Some("DPoP error=\"use_dpop_nonce\", Bearer"),
        // Another scheme's parameters mean nothing here.
        Some("Basic error=\"insufficient_scope\", Bearer"),
    ] {
        assert_eq!(
            judge_status(401, header, First),
            ApiVerdict::RefreshAndRetry,
            "{header:?}"
        );
        let error = failed(judge_status(401, header, AfterRefresh));
        assert_eq!(
            (error.code(), error.phase()),
            (ErrorCode::ApiUnauthorized, Phase::Api)
        );
        assert!(error.needs_sign_in());
        assert!(error.what_came().contains("renewed"));
    }
    let untried = ApiVerdict::RefreshAndRetry.into_error().unwrap();
    assert_eq!(untried.code(), ErrorCode::ApiUnauthorized);
}

#[test]
fn a_challenge_that_no_bearer_token_meets_is_no_reason_to_renew() {
    for header in [
        "Basic realm=\"x\"",
        "Negotiate",
        "DPoP error=\"use_dpop_nonce\"",
        "Negotiate YQ==, Basic realm=\"x\"",
    ] {
        for attempt in [First, AfterRefresh] {
            let error = failed(judge_status(401, Some(header), attempt));
            assert_eq!(error.code(), ErrorCode::ApiUnauthorized, "{header}");
            assert!(error.what_came().contains("cannot meet"));
        }
    }
}

#[test]
fn insufficient_scope_is_reported_and_never_renewed() {
    for status in [401, 403] {
        for attempt in [First, AfterRefresh] {
            let header = "Bearer error=\"insufficient_scope\", scope=\"notes:read notes:write\"";
            let verdict = judge_status(status, Some(header), attempt);
            assert_eq!(
                verdict,
                ApiVerdict::InsufficientScope {
                    scope: Scope::parse("notes:read notes:write")
                }
            );
            let error = verdict.into_error().unwrap();
            assert_eq!(
                (error.code(), error.phase()),
                (ErrorCode::InsufficientScope, Phase::Api)
            );
            assert!(error.what_came().ends_with("notes:read notes:write"));
        }
    }
    for header in [
        "dpop error=insufficient_scope",
        "Bearer error=\"insufficient_scope\", scope=\"\"",
    ] {
        let verdict = first(403, header);
        assert_eq!(verdict, ApiVerdict::InsufficientScope { scope: None });
        assert!(
            verdict
                .into_error()
                .unwrap()
                .what_came()
                .ends_with("names none")
        );
    }
}

#[test]
fn another_403_is_the_apps_to_read() {
    for header in [
        None,
        Some("Bearer"),
        Some("Bearer error=\"invalid_token\""),
        Some("Basic error=\"insufficient_scope\""),
    ] {
        let error = failed(judge_status(403, header, First));
        assert_eq!(
            (error.code(), error.what_came()),
            (ErrorCode::ApiStatus, "status 403"),
            "{header:?}"
        );
    }
}

#[test]
fn a_wish_for_another_sign_in_carries_its_parameters() {
    // RFC 9470 3
    let header = "Bearer error=\"insufficient_user_authentication\", \
                  error_description=\"A different authentication level is required\", \
                  acr_values=\"gold  silver\", max_age=\"60\"";
    for status in [401, 403] {
        for attempt in [First, AfterRefresh] {
            assert_eq!(
                judge_status(status, Some(header), attempt),
                ApiVerdict::StepUp {
                    acr_values: Some("gold silver".to_owned()),
                    max_age: Some(60)
                },
            );
        }
    }
    let step_up = |rest: &str| {
        first(
            401,
            &format!("Bearer error=\"insufficient_user_authentication\"{rest}"),
        )
    };
    let none = ApiVerdict::StepUp {
        acr_values: None,
        max_age: None,
    };
    for odd in [
        "",
        ", max_age=\"-1\"",
        ", max_age=\"+1\"",
        ", max_age=\"\"",
        ", max_age=\"1.5\"",
        ", max_age=\"99999999999999999999\"",
        ", acr_values=\"\"",
        ", acr_values=\"  \"",
        ", acr_values=\"\u{e9}\"",
        ", acr_values=\"a\tb\"",
    ] {
        assert_eq!(step_up(odd), none, "{odd}");
    }
    let max_age = |verdict| match verdict {
        ApiVerdict::StepUp { max_age, .. } => max_age,
        other => panic!("{other:?}"),
    };
    assert_eq!(max_age(step_up(", max_age=0")), Some(0));
    let acr = |len: usize| match step_up(&format!(", acr_values=\"{}\"", "x".repeat(len))) {
        ApiVerdict::StepUp { acr_values, .. } => acr_values.map(|values| values.len()),
        other => panic!("{other:?}"),
    };
    assert_eq!((acr(512), acr(513)), (Some(512), None));
    // What a renewal would not mend goes before what it would.
    let both = "Bearer error=\"invalid_token\", Bearer error=\"insufficient_user_authentication\", max_age=5";
    assert_eq!(max_age(first(401, both)), Some(5));
}

#[test]
fn a_step_up_that_was_tried_is_an_error_that_says_what_was_wanted() {
    let came = |acr: Option<&str>, max_age| {
        let verdict = ApiVerdict::StepUp {
            acr_values: acr.map(str::to_owned),
            max_age,
        };
        let error = verdict.into_error().unwrap();
        assert_eq!(error.code(), ErrorCode::InsufficientUserAuthentication);
        error.what_came().to_owned()
    };
    assert!(
        came(Some("gold"), Some(60)).ends_with("of the kind gold and a sign-in at most 60 s ago")
    );
    assert!(came(Some("gold"), None).ends_with("of the kind gold"));
    assert!(came(None, Some(60)).ends_with("at most 60 s ago"));
    assert!(came(None, None).ends_with("another sign-in"));
}

#[test]
fn other_statuses_say_nothing_of_the_token() {
    for status in [0, 99, 400, 402, 404, 407, 429, 500, 503, 599, 600, u16::MAX] {
        for attempt in [First, AfterRefresh] {
            let header = Some("Bearer error=\"insufficient_scope\"");
            let error = failed(judge_status(status, header, attempt));
            assert_eq!(
                (error.code(), error.phase()),
                (ErrorCode::ApiStatus, Phase::Api)
            );
            assert_eq!(error.what_came(), format!("status {status}"));
        }
    }
}

proptest! {
    #[test]
    fn only_a_first_401_is_tried_again(status in any::<u16>(), header in prop::option::of(any::<String>())) {
        prop_assert_ne!(judge_status(status, header.as_deref(), AfterRefresh), ApiVerdict::RefreshAndRetry);
        if judge_status(status, header.as_deref(), First) == ApiVerdict::RefreshAndRetry {
            prop_assert_eq!(status, 401);
        }
    }
}
