use super::*;
use crate::encoding::form_parse;
use crate::http::Method;
use proptest::prelude::*;

fn url(text: &str) -> HttpUrl {
    HttpUrl::parse(text).unwrap()
}

fn sent(refresh_token: Option<&str>) -> Vec<(String, String)> {
    let refresh_token = refresh_token.and_then(RefreshToken::new);
    let access_token = AccessToken::new("at+1").unwrap();
    let request = revocation_request(
        url("https://id.example/revoke"),
        "spa",
        refresh_token.as_ref(),
        &access_token,
    );
    assert_eq!(
        (request.method, request.follow_redirects),
        (Method::Post, false)
    );
    assert!(request.authorization.is_none());
    form_parse(request.form.unwrap().expose())
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn the_refresh_token_is_revoked_and_the_access_token_where_there_is_none() {
    // RFC 7009 2.1
    assert_eq!(
        sent(Some("rt&1")),
        pairs(&[
            ("token", "rt&1"),
            ("token_type_hint", "refresh_token"),
            ("client_id", "spa")
        ])
    );
    assert_eq!(
        sent(None),
        pairs(&[
            ("token", "at+1"),
            ("token_type_hint", "access_token"),
            ("client_id", "spa")
        ])
    );
}

#[test]
fn the_providers_session_is_ended_with_all_that_it_may_want() {
    // RP-Initiated Logout 2
    let hint = RawIdToken::new("h.p.s").unwrap();
    let address = end_session_url(
        &url("https://id.example/logout?x=1"),
        &hint,
        "spa",
        &url("https://app.example/bye"),
        [0; 16],
    );
    let address = url(address.expose());
    assert_eq!(address.without_query(), "https://id.example/logout");
    assert_eq!(
        form_parse(address.query().unwrap()),
        pairs(&[
            ("x", "1"),
            ("id_token_hint", "h.p.s"),
            ("client_id", "spa"),
            ("post_logout_redirect_uri", "https://app.example/bye"),
            ("state", "AAAAAAAAAAAAAAAAAAAAAA"),
        ])
    );
}

#[test]
fn a_state_of_another_form_is_not_ours() {
    for foreign in [
        "",
        "AAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAA=",
        "AAAAAAAAAAAAAAAAAAAAAB",
    ] {
        assert!(!is_own_state(foreign), "{foreign}");
    }
}

proptest! {
    #[test]
    fn every_state_that_is_sent_is_known_again(state in any::<[u8; 16]>()) {
        prop_assert!(is_own_state(&base64url(&state)));
    }
}
