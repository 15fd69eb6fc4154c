//! Provider facts of protocol part 3.

use super::*;
use crate::config::presets::{self, GITHUB, GOOGLE, NAVER};

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

fn built(builder: Result<crate::config::ProviderBuilder, Error>) -> ProviderConfig {
    builder.unwrap().build(&page()).unwrap()
}

#[track_caller]
fn refused(builder: Result<crate::config::ProviderBuilder, Error>, key: &str) {
    let error = builder.map(|_| ()).unwrap_err();
    assert_eq!(
        fault_of(&error),
        ("config_invalid_value", key.to_owned()),
        "{error}"
    );
}

#[test]
fn keycloak_is_a_realm_whose_issuer_has_no_slash_at_its_end() {
    for url in [
        "https://id.example/realms/shop",
        "https://id.example/realms/shop/",
    ] {
        let provider = built(presets::keycloak("kc", url, "spa"));
        assert_eq!(provider.issuer().as_str(), "https://id.example/realms/shop");
    }
    // Older ones live below /auth.
    let old = built(presets::keycloak(
        "kc",
        "https://id.example/auth/realms/shop",
        "spa",
    ));
    assert_eq!(old.issuer().as_str(), "https://id.example/auth/realms/shop");
    for url in [
        "https://id.example",
        "https://id.example/realms/",
        "https://id.example/realms",
        "https://id.example/realms/shop/account",
        "https://id.example/admin/shop/console",
    ] {
        refused(presets::keycloak("kc", url, "spa"), "realm_url");
    }
}

#[test]
fn auth0_has_a_slash_at_the_end_of_its_issuer_and_an_audience_for_apis() {
    for domain in [
        "shop.eu.auth0.com",
        "https://shop.eu.auth0.com",
        "https://shop.eu.auth0.com/",
    ] {
        let provider = built(presets::auth0(
            "a",
            domain,
            "spa",
            Some("https://api.example"),
        ));
        assert_eq!(provider.issuer().as_str(), "https://shop.eu.auth0.com/");
        let params = provider.authorization_params();
        assert_eq!(params.get("audience"), Some("https://api.example"));
        assert!(provider.scope().contains("offline_access"));
    }
    let bare = built(presets::auth0("a", "id.shop.example", "spa", None));
    assert_eq!(bare.authorization_params().get("audience"), None);
    for domain in [
        "",
        "auth0",
        "shop.eu.auth0.com/x",
        "http://shop.auth0.com",
        "a b.c",
    ] {
        refused(presets::auth0("a", domain, "spa", None), "domain");
    }
}

#[test]
fn okta_is_a_domain_and_an_authorization_server() {
    let issuer = |server| {
        built(presets::okta("o", "shop.okta.com", server, "spa"))
            .issuer()
            .as_str()
            .to_owned()
    };
    assert_eq!(issuer(None), "https://shop.okta.com");
    assert_eq!(
        issuer(Some("default")),
        "https://shop.okta.com/oauth2/default"
    );
    for server in ["", "a/b", "a?b", "../x"] {
        let builder = presets::okta("o", "shop.okta.com", Some(server), "spa");
        refused(builder, "authorization_server");
    }
    refused(presets::okta("o", "okta", None, "spa"), "domain");
}

#[test]
fn entra_wants_a_tenant_of_its_own() {
    let expected = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
    for tenant in [TENANT.to_owned(), TENANT.to_ascii_uppercase()] {
        let provider = built(presets::entra("ms", &tenant, "spa"));
        assert_eq!(provider.issuer().as_str(), expected);
    }
    let short = TENANT.strip_prefix('7').unwrap();
    let odd = TENANT.replace('b', "g");
    for tenant in [
        "common",
        "organizations",
        "consumers",
        "{tenantid}",
        "shop.onmicrosoft.com",
        short,
        &odd,
        &format!("{TENANT}-"),
        &TENANT.replace('-', ""),
    ] {
        refused(presets::entra("ms", tenant, "spa"), "tenant_id");
    }
}

#[test]
fn zitadel_and_kakao_are_known_by_their_issuers() {
    let zitadel = built(presets::zitadel("z", "shop.zitadel.cloud", "spa"));
    assert_eq!(zitadel.issuer().as_str(), "https://shop.zitadel.cloud");
    assert!(zitadel.scope().contains("offline_access"));
    refused(presets::zitadel("z", "zitadel", "spa"), "domain");
    let kakao = presets::kakao("kakao", "key").build(&page()).unwrap();
    assert_eq!(kakao.issuer().as_str(), "https://kauth.kakao.com");
    // Kakao refuses scopes that it does not know, `profile` among them.
    assert_eq!(kakao.scope().as_str(), "openid");
}

#[test]
fn what_a_preset_sets_can_be_set_otherwise() {
    let provider = presets::kakao("kakao", "key")
        .name("카카오")
        .scope("openid profile_nickname")
        .build(&page())
        .unwrap();
    assert_eq!(provider.name(), "카카오");
    assert_eq!(provider.scope().as_str(), "openid profile_nickname");
}

#[test]
fn what_cannot_be_done_without_a_server_says_what_to_do_instead() {
    for one in [GOOGLE, NAVER, GITHUB] {
        let text = one.to_string();
        assert!(text.starts_with(one.provider()), "{text}");
        assert!(text.contains(one.reason()) && text.contains(one.instead()));
    }
}
