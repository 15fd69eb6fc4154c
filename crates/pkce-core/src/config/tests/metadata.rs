use super::*;

pub(super) fn by_hand() -> Value {
    json!({
        "issuer": "http://localhost:9000",
        "authorization_endpoint": "https://a/authorize",
        "token_endpoint": "https://a/token",
        "jwks_uri": "https://a/jwks",
    })
}

fn key_set() -> Value {
    json!({"keys": [{
        "kty": "EC", "crv": "P-256", "use": "sig",
        // RFC 7515 appendix A.3
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }]})
}

#[track_caller]
fn assert_metadata_refused(key: &str, value: Value, code: &str, at: &str) {
    let mut metadata = by_hand();
    if value == json!("ABSENT") {
        metadata.as_object_mut().unwrap().remove(key);
    } else {
        metadata[key] = value;
    }
    assert_provider_refused("metadata", metadata, code, &format!("metadata{at}"));
}

#[test]
fn metadata_by_hand_needs_its_endpoints_and_keys() {
    let provider = accepted(provider_with("metadata", by_hand()));
    let manual = provider.metadata().unwrap();
    assert_eq!(
        manual.metadata().token_endpoint().as_str(),
        "https://a/token"
    );
    assert_eq!(manual.metadata().issuer(), provider.issuer());
    assert_eq!(manual.jwks(), None);

    for key in [
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
    ] {
        assert_metadata_refused(
            key,
            json!("ABSENT"),
            "config_missing_key",
            &format!(".{key}"),
        );
        assert_metadata_refused(key, json!(1), "config_wrong_type", &format!(".{key}"));
    }
    assert_metadata_refused(
        "issuer",
        json!("http://localhost:9000/"),
        "config_invalid_value",
        ".issuer",
    );
    assert_provider_refused(
        "metadata",
        json!({}),
        "config_missing_key",
        "metadata.issuer",
    );
}

#[test]
fn metadata_by_hand_is_read_strictly() {
    for key in [
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "userinfo_endpoint",
        "revocation_endpoint",
        "end_session_endpoint",
        "pushed_authorization_request_endpoint",
    ] {
        let at = format!(".{key}");
        assert_metadata_refused(key, json!("http://a/"), "config_insecure_url", &at);
        assert_metadata_refused(key, json!("https://a/#x"), "config_invalid_value", &at);
        assert_metadata_refused(key, json!("/x"), "config_invalid_value", &at);
        assert_metadata_refused(key, Value::Null, "config_wrong_type", &at);
    }
    for key in [
        "require_pushed_authorization_requests",
        "authorization_response_iss_parameter_supported",
    ] {
        assert_metadata_refused(key, json!("true"), "config_wrong_type", &format!(".{key}"));
    }
    for key in [
        "id_token_signing_alg_values_supported",
        "dpop_signing_alg_values_supported",
    ] {
        assert_metadata_refused(key, json!("ES256"), "config_wrong_type", &format!(".{key}"));
        assert_metadata_refused(
            key,
            json!(["ES256", 1]),
            "config_wrong_type",
            &format!(".{key}[1]"),
        );
    }
    // RFC 8414 2: further members may be there.
    let mut more = by_hand();
    more["scopes_supported"] = json!(1);
    more["id_token_signing_alg_values_supported"] = json!(["ES256"]);
    more["authorization_response_iss_parameter_supported"] = json!(true);
    let provider = accepted(provider_with("metadata", more));
    let metadata = provider.metadata().unwrap().metadata();
    assert!(metadata.authorization_response_iss_parameter_supported());
    assert_eq!(
        metadata.id_token_signing_alg_values_supported().unwrap(),
        ["ES256"]
    );
}

#[test]
fn keys_by_hand_take_the_place_of_their_address() {
    let mut metadata = by_hand();
    metadata.as_object_mut().unwrap().remove("jwks_uri");
    metadata["jwks"] = key_set();
    let provider = accepted(provider_with("metadata", metadata));
    let manual = provider.metadata().unwrap();
    assert!(manual.metadata().jwks_uri().is_none());
    let keys = manual
        .jwks()
        .and_then(|jwks| jwks.get("keys"))
        .and_then(Json::items)
        .unwrap();
    assert_eq!(keys.len(), 1);

    assert_metadata_refused("jwks", json!([]), "config_wrong_type", ".jwks");
    assert_metadata_refused("jwks", json!({}), "config_missing_key", ".jwks.keys");
    assert_metadata_refused(
        "jwks",
        json!({"keys": {}}),
        "config_wrong_type",
        ".jwks.keys",
    );
    assert_metadata_refused(
        "jwks",
        json!({"keys": []}),
        "config_invalid_value",
        ".jwks.keys",
    );
    assert_metadata_refused(
        "jwks",
        json!({"keys": [{"kty": "oct", "k": "AA"}]}),
        "config_invalid_value",
        ".jwks.keys",
    );
}
