//! The configuration block of a page.

use super::{canary_in_json, check_error};
use pkce_core::config::PageConfig;
use pkce_core::url::HttpUrl;

/// One input.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let text = canary_in_json(text, &["client_secret"]);
    let page = HttpUrl::parse("https://app.example/").unwrap();
    let config = PageConfig::parse(&text, &page);
    assert_eq!(config, PageConfig::parse(&text, &page));
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            assert!(error.is_configuration());
            assert!(error.code().as_str().starts_with("config_"), "{error}");
            return check_error(&error);
        }
    };
    assert!(!text.contains("\"client_secret\":\""));
    let providers = config.providers();
    assert!((1..=32).contains(&providers.len()));
    for (index, provider) in providers.iter().enumerate() {
        let id = provider.id().as_str();
        assert!(!id.is_empty());
        assert!(
            id.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        );
        assert!(
            providers[..index]
                .iter()
                .all(|other| other.id() != provider.id())
        );
        assert!(provider.redirect_uri().same_origin(&page));
        assert!(provider.redirect_uri().is_secure());
        assert!(provider.post_logout_redirect_uri().is_secure());
        assert!(provider.issuer().discovery_url().is_secure());
        assert!(provider.scope().contains("openid"));
        for (name, _) in provider.authorization_params().iter() {
            assert!(!["state", "nonce", "code_challenge", "redirect_uri"].contains(&name));
        }
        if let Some(manual) = provider.metadata() {
            assert_eq!(manual.metadata().issuer(), provider.issuer());
        }
    }
    assert!(config.resource_api().is_secure());
    for entry in config.apis().entries() {
        assert!(entry.url().is_secure());
        let found = config.apis().entry_for(entry.url());
        assert!(found.is_ok(), "{entry:?}");
    }
    assert!(
        config
            .apis()
            .entry_for(&HttpUrl::parse(config.resource_api().without_query()).unwrap())
            .is_ok()
    );
}
