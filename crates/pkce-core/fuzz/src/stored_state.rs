//! What storage and other tabs hand over: the first octet says which entry the text is.

use super::{CANARY, ISSUER, Shell, entropy};
use pkce_core::secret::SecretText;
use pkce_core::session::{Event, SessionState};

/// One input.
pub fn run(data: &[u8]) {
    let [kind, rest @ ..] = data else { return };
    let Ok(text) = std::str::from_utf8(rest) else {
        return;
    };
    let text = text.to_owned();
    let is_canary_told = is_canary_told(&text);
    let mut shell;
    match kind % 7 {
        // The session, in a tab that was left in good order and in a copy of one.
        0 => {
            shell = foreign(is_canary_told);
            let keys = shell.engine.storage_keys().clone();
            shell.storage.insert(keys.session(), text);
            shell.storage.insert(keys.left(), "1".to_owned());
            shell.load("/", "", "");
            shell.settle();
            reload_keeps_the_user(&mut shell);
        }
        1 => {
            shell = foreign(is_canary_told);
            let keys = shell.engine.storage_keys().clone();
            shell.storage.insert(keys.session(), text);
            shell.load("/", "", "");
            shell.settle();
        }
        // The transaction that a callback belongs to.
        2 => {
            shell = foreign(is_canary_told);
            shell.load("/", "", "");
            shell.tell(Event::SignIn {
                provider: "local".to_owned(),
                options: pkce_core::authorization::SignInOptions::default(),
                entropy: entropy(1),
            });
            shell.settle();
            let state = shell.state_parameter().unwrap();
            let keys = shell.engine.storage_keys().clone();
            shell.storage.insert(keys.transaction(&state), text);
            shell.load("/callback", &format!("?code={CANARY}&state={state}"), "");
            shell.settle();
            assert!(!shell.storage.contains_key(&keys.transaction(&state)));
        }
        // The list of consumed states, in both of its places.
        3 => {
            shell = foreign(is_canary_told);
            shell.load("/", "", "");
            shell.click_sign_in(1);
            shell.settle();
            let state = shell.state_parameter().unwrap();
            let consumed = shell.engine.storage_keys().consumed();
            shell.storage.insert(consumed.clone(), text.clone());
            shell.local.insert(consumed.clone(), text);
            let callback = format!("?code={CANARY}&state={state}");
            shell.load("/callback", &callback, "");
            shell.settle();
            // A replay is refused, whatever the list was before.
            shell.load("/callback", &callback, "");
            let before = shell.tokens;
            shell.settle();
            assert_eq!(shell.tokens, before, "a code was sent twice");
        }
        // The record of the family, read under the lock.
        4 => {
            shell = Shell::signed_in();
            shell.is_storage_foreign = true;
            shell.is_canary_told = is_canary_told;
            let families: Vec<String> = shell
                .local
                .keys()
                .filter(|key| key.starts_with("t.family."))
                .cloned()
                .collect();
            for family in families {
                shell.local.insert(family, text.clone());
            }
            shell.tell(Event::Refresh);
            shell.settle();
        }
        // What is known of the provider.
        5 => {
            shell = foreign(is_canary_told);
            shell.load("/", "", "");
            shell.click_sign_in(1);
            shell.settle();
            let keys = shell.engine.storage_keys().clone();
            shell.storage.insert(keys.provider(ISSUER), text);
            shell.load("/", "", "");
            shell.click_sign_in(2);
            shell.settle();
        }
        // A message of another tab.
        _ => {
            shell = Shell::signed_in();
            shell.is_storage_foreign = true;
            shell.is_canary_told = is_canary_told;
            shell.tell(Event::Message(SecretText::new(text)));
            shell.settle();
        }
    }
    shell.run_timers(4);
    if let SessionState::SignedIn(signed_in) = shell.engine.state() {
        assert_eq!(signed_in.provider, "local");
        assert_eq!(signed_in.user.issuer(), ISSUER);
    }
}

fn foreign(is_canary_told: bool) -> Shell {
    Shell {
        is_storage_foreign: true,
        is_canary_told,
        ..Shell::default()
    }
}

/// Whether the canary is anywhere but in a token.
fn is_canary_told(text: &str) -> bool {
    let text = text.replace('\\', "");
    let in_tokens = ["access_token", "refresh_token"]
        .iter()
        .map(|name| text.matches(&format!(r#""{name}":"{CANARY}"#)).count());
    text.matches(CANARY).count() != in_tokens.sum::<usize>()
}

/// What was accepted and stored again is accepted again, for the same user.
fn reload_keeps_the_user(shell: &mut Shell) {
    let SessionState::SignedIn(before) = shell.engine.state() else {
        return;
    };
    shell.tell(Event::Left);
    shell.load("/", "", "");
    shell.settle();
    if let SessionState::SignedIn(after) = shell.engine.state() {
        assert_eq!(before.user.sub(), after.user.sub());
        assert_eq!(before.provider, after.provider);
    }
}
