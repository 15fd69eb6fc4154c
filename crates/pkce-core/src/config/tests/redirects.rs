use super::*;

#[test]
fn a_redirect_uri_is_a_path_or_a_url_of_this_page() {
    for (text, url) in [
        ("/", "http://localhost:8080/"),
        ("/cb", "http://localhost:8080/cb"),
        ("/a//b?x=1", "http://localhost:8080/a//b?x=1"),
        ("http://localhost:8080/cb", "http://localhost:8080/cb"),
        // The provider compares character for character (RFC 6749 3.1.2.3), so nothing is changed.
        ("http://LOCALHOST:8080", "http://LOCALHOST:8080"),
    ] {
        assert_eq!(
            accepted(provider_with("redirect_uri", json!(text)))
                .redirect_uri()
                .as_str(),
            url
        );
        let logout = accepted(provider_with("post_logout_redirect_uri", json!(text)));
        assert_eq!(logout.post_logout_redirect_uri().as_str(), url);
    }
    for bad in [
        "",
        "cb",
        "?x",
        "//evil.example/cb",
        "///cb",
        "/\\evil.example",
        "/a\\b",
        "/a/../b",
        "/./a",
        "/%2e%2e/a",
        "/cb#",
        "/cb#x",
        "/a b",
        "/é",
        "/%zz",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://localhost:8080/cb",
        "http://localhost:8080/cb#x",
        "http://localhost:8080//cb",
        "http:/cb",
        "http://u@localhost:8080/cb",
    ] {
        assert_provider_refused(
            "redirect_uri",
            json!(bad),
            "config_invalid_value",
            "redirect_uri",
        );
        assert_provider_refused(
            "post_logout_redirect_uri",
            json!(bad),
            "config_invalid_value",
            "post_logout_redirect_uri",
        );
    }
}

#[test]
fn the_redirect_uri_is_of_the_pages_own_origin() {
    for bad in [
        "http://localhost:8081/cb",
        "https://localhost:8080/cb",
        "http://127.0.0.1:8080/cb",
        "https://app.example/cb",
    ] {
        assert_provider_refused(
            "redirect_uri",
            json!(bad),
            "config_invalid_value",
            "redirect_uri",
        );
        // After sign-out the user may be led to another site.
        let provider = accepted(provider_with("post_logout_redirect_uri", json!(bad)));
        assert_eq!(provider.post_logout_redirect_uri().as_str(), bad);
    }
    let error = parse(&block_of(provider_with(
        "redirect_uri",
        json!("http://127.0.0.1:8080/cb"),
    )))
    .unwrap_err();
    assert!(
        error.what_was_expected().contains("http://localhost:8080"),
        "{error}"
    );
    for key in ["redirect_uri", "post_logout_redirect_uri"] {
        assert_provider_refused(
            key,
            json!("http://app.example/cb"),
            "config_insecure_url",
            key,
        );
    }
}

#[test]
fn the_query_of_a_redirect_uri_has_no_parameter_of_the_answer() {
    for name in [
        "code",
        "state",
        "iss",
        "error",
        "error_description",
        "error_uri",
        "session_state",
        "st%61te",
    ] {
        assert_provider_refused(
            "redirect_uri",
            json!(format!("/cb?a=1&{name}=x")),
            "config_invalid_value",
            "redirect_uri",
        );
    }
    accepted(provider_with("redirect_uri", json!("/cb?codes=1&a=state")));
}

#[test]
fn a_page_that_is_no_secure_context_is_told_so() {
    let text = block_of(provider()).to_string();
    let parse_at = |page: &str| PageConfig::parse(&text, &HttpUrl::parse(page).unwrap());
    let error = parse_at("http://192.168.0.7:8080/").unwrap_err();
    assert_eq!(
        (error.code(), error.phase()),
        (ErrorCode::InsecureContext, Phase::Environment)
    );
    assert_eq!(error.what_came(), "http://192.168.0.7:8080");
    for page in ["https://app.example/", "http://127.0.0.1:8080/"] {
        assert!(parse_at(page).is_ok(), "{page}");
    }
}

proptest! {
    #[test]
    fn a_redirect_uri_that_is_accepted_stays_on_this_page(text in "[/\\\\a-z.:@?#%2eE\t ]{0,16}") {
        if let Ok(config) = parse(&block_of(provider_with("redirect_uri", json!(text)))) {
            let url = config.providers()[0].redirect_uri().clone();
            prop_assert!(url.same_origin(&page()) && !url.has_fragment() && !url.path().starts_with("//"));
        }
    }
}
