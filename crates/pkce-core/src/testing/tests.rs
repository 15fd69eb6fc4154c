use super::*;
use crate::config::{Config, ProviderConfig};
use crate::http::TransportFault;
use crate::jose::SignatureOutcome;
use crate::session::{Renewal, SessionState};
use std::time::Duration;

fn tab() -> ScriptedTab {
    let page = page_url().unwrap();
    let providers = ["https://id.example", "https://other.example/with/path/"]
        .iter()
        .enumerate()
        .map(|(index, issuer)| ProviderConfig::builder(&format!("p{index}"), issuer, "spa"))
        .map(|builder| builder.build(&page).unwrap())
        .collect();
    ScriptedTab::open(Config::new(providers).unwrap(), "/notes?x=1")
}

fn code(tab: &ScriptedTab) -> Option<ErrorCode> {
    tab.notice().map(Error::code)
}

#[test]
fn a_scripted_user_signs_in_with_any_provider_and_comes_back() {
    for (provider, issuer) in [
        ("p0", "https://id.example"),
        ("p1", "https://other.example/with/path/"),
    ] {
        let mut tab = tab();
        assert_eq!(tab.state(), SessionState::SignedOut);
        tab.sign_in(provider);
        let SessionState::SignedIn(session) = tab.state() else {
            panic!("{:?} {:?}", tab.state(), tab.notice());
        };
        assert_eq!(session.user.issuer(), issuer);
        assert_eq!(session.user.display_name(), "Ann Example");
        assert_eq!(tab.address(), "/");
        tab.reload();
        assert!(matches!(tab.state(), SessionState::SignedIn(_)));
        tab.sign_out();
        assert_eq!(tab.state(), SessionState::SignedOut);
    }
}

#[test]
fn time_passes_at_the_tests_command_and_tokens_are_renewed_in_it() {
    let mut tab = tab();
    tab.sign_in("p0");
    let first = tab.token(Duration::ZERO).unwrap().unwrap();
    tab.advance(Duration::from_secs(3600));
    let later = tab.token(Duration::ZERO).unwrap().unwrap();
    assert_ne!(first.token.expose(), later.token.expose());
    assert!(later.generation >= 10, "{}", later.generation);
}

#[test]
fn requests_can_be_held_to_look_at_what_is_between() {
    let mut tab = tab();
    tab.sign_in("p0");
    tab.holds_requests = true;
    tab.tell(crate::session::Event::Refresh);
    let renewal = |tab: &ScriptedTab| match tab.state() {
        SessionState::SignedIn(session) => session.renewal,
        other => panic!("{other:?}"),
    };
    assert_eq!(renewal(&tab), Renewal::Refreshing);
    tab.let_go();
    assert_eq!(renewal(&tab), Renewal::Idle);
}

#[test]
fn everything_can_be_made_to_fail() {
    let mut tab = tab();
    tab.click_sign_in("p0", crate::authorization::SignInOptions::default());
    tab.come_back_with("access_denied");
    assert_eq!(code(&tab), Some(ErrorCode::AccessDenied));

    tab.provider.is_down = true;
    tab.sign_in("p1");
    assert_eq!(code(&tab), Some(ErrorCode::NetworkError));

    tab.provider.is_down = false;
    tab.signatures = SignatureOutcome::Invalid;
    tab.sign_in("p0");
    assert_eq!(code(&tab), Some(ErrorCode::IdTokenSignature));

    tab.signatures = SignatureOutcome::Valid;
    tab.sign_in("p0");
    tab.provider
        .next_answers
        .push_back(Err(TransportFault::Timeout));
    tab.tell(crate::session::Event::Refresh);
    assert!(matches!(tab.state(), SessionState::SignedIn(_)));
    tab.provider.fail_next(400, "invalid_grant");
    tab.advance(Duration::from_secs(5));
    assert!(matches!(tab.state(), SessionState::Ended(_)));
}
