//! The address that a page load has at the redirect URI: `query#fragment`.

use super::{ISSUER, canary_in_query, check_error, config, entropy, metadata, now};
use pkce_core::authorization::{SignInOptions, Transaction};
use pkce_core::callback::{CALLBACK_LIMIT, Callback, PageAddress};
use pkce_core::encoding::form_parse;
use pkce_core::token::exchange_request;
use pkce_core::url::HttpUrl;

const SECRETS: [&str; 5] = [
    "code",
    "access_token",
    "id_token",
    "refresh_token",
    "response",
];

/// One input.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (query, fragment) = text.split_once('#').unwrap_or((text, ""));
    let query = canary_in_query(query, &SECRETS);
    let address = PageAddress {
        path: "/callback",
        query: &query,
        fragment,
    };
    let config = config();
    let provider = &config.providers()[0];

    // What stays in the address bar is no answer any more, and stays as it is.
    let cleaned = address.cleaned();
    let (rest, own_fragment) = cleaned.split_once('#').unwrap_or((&cleaned, ""));
    let (path, own_query) = rest.split_once('?').unwrap_or((rest, ""));
    let again = PageAddress {
        path,
        query: &format!("?{own_query}"),
        fragment: &format!("#{own_fragment}"),
    };
    assert_eq!(path, "/callback");
    assert!(!again.is_callback(provider.redirect_uri()), "{cleaned}");
    assert_eq!(again.cleaned(), cleaned);
    let _ = address.is_sign_out_return(&HttpUrl::parse("https://app.example/callback").unwrap());

    let pairs = form_parse(query.strip_prefix('?').unwrap_or(&query));
    let values = |name: &str| -> Vec<String> {
        let named = pairs.iter().filter(|(key, _)| key == name);
        named.map(|(_, value)| value.clone()).collect()
    };
    let callback = match Callback::read(address) {
        Ok(callback) => callback,
        Err(error) => return check_error(&error),
    };
    assert!(query.len() <= CALLBACK_LIMIT + 1);
    assert_eq!(values("state"), [callback.state().expose()]);
    assert_eq!(callback.state().expose().len(), 43);

    let (transaction, _) = Transaction::begin(
        provider,
        &metadata(),
        SignInOptions::default(),
        entropy(1),
        now(),
    )
    .unwrap();
    let state = transaction.state().expose().to_owned();
    match callback.judge(transaction, now()) {
        Err(error) => check_error(&error),
        Ok(grant) => {
            assert_eq!(values("state"), [state]);
            assert!(values("iss").iter().all(|iss| iss == ISSUER));
            assert!(values("error").is_empty());
            let shown = format!("{grant:?}");
            let (request, _) = exchange_request(grant);
            let form = form_parse(request.form.as_ref().unwrap().expose());
            let code = form.iter().find(|(name, _)| name == "code").unwrap();
            assert_eq!(values("code"), [code.1.as_str()]);
            assert!(!format!("{shown}{request:?}").contains(super::CANARY));
        }
    }
}
