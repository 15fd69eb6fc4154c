use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn both_well_known_documents_name_the_issuer_and_every_endpoint() {
    let demo = start().await;
    for path in ["openid-configuration", "oauth-authorization-server"] {
        let reply = get(&format!("{}/.well-known/{path}", demo.issuer())).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), "application/json");
        let document = reply.json();
        assert_eq!(document["issuer"], demo.issuer());
        for endpoint in [
            "authorization_endpoint",
            "token_endpoint",
            "userinfo_endpoint",
            "jwks_uri",
            "registration_endpoint",
            "revocation_endpoint",
            "pushed_authorization_request_endpoint",
            "end_session_endpoint",
        ] {
            let url = document[endpoint].as_str().unwrap();
            assert!(url.starts_with(demo.issuer()), "{endpoint}: {url}");
            // Each is there: whatever it says to an empty GET, it is not "no such page".
            assert_ne!(get(url).await.status, 404, "{endpoint}");
        }
        assert_eq!(
            document["code_challenge_methods_supported"],
            json!(["S256"])
        );
        assert_eq!(
            document["authorization_response_iss_parameter_supported"],
            true
        );
        assert_eq!(document["request_uri_parameter_supported"], false);
    }
}

#[tokio::test]
async fn the_jwks_has_an_rsa_and_an_ec_key_and_nothing_private() {
    let demo = start().await;
    let reply = get(&format!("{}/jwks", demo.issuer())).await;
    let document = reply.json();
    let keys = document["keys"].as_array().unwrap();
    let kinds: Vec<_> = keys
        .iter()
        .map(|key| (&key["kty"], &key["alg"], &key["use"]))
        .collect();
    assert_eq!(
        kinds,
        [
            (&json!("RSA"), &json!("RS256"), &json!("sig")),
            (&json!("EC"), &json!("ES256"), &json!("sig"))
        ]
    );
    for key in keys {
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
    }
}

#[tokio::test]
async fn several_providers_run_in_one_process() {
    let (one, other) = (start().await, start().await);
    assert_ne!(one.issuer(), other.issuer());
    let tokens = sign_in(&one, alice()).await;
    // One's tokens are nothing to the other.
    let access_token = text(&tokens, "access_token");
    assert_eq!(call(&one, "/api/me", access_token).await.status, 200);
    assert_eq!(call(&other, "/api/me", access_token).await.status, 401);
    assert_eq!(userinfo(&other, access_token).await.status, 401);
}

#[tokio::test]
async fn after_shutdown_the_ports_are_free_again() {
    let demo = start().await;
    let issuer = demo.issuer().to_owned();
    let port: u16 = issuer.rsplit(':').next().unwrap().parse().unwrap();
    demo.shutdown().await;
    assert!(http().get(&issuer).send().await.is_err());
    let again = builder().issuer_port(port).start().await.unwrap();
    assert_eq!(again.issuer(), issuer);
}

#[tokio::test]
async fn it_listens_on_both_loopback_addresses_and_says_when_a_port_is_taken() {
    let demo = start().await;
    let port = demo.issuer().rsplit(':').next().unwrap();
    for host in ["127.0.0.1", "[::1]"] {
        assert_eq!(
            get(&format!("http://{host}:{port}/jwks")).await.status,
            200,
            "{host}"
        );
    }
    let port: u16 = port.parse().unwrap();
    let error = builder().issuer_port(port).start().await.unwrap_err();
    assert!(
        error.to_string().contains(&format!("port {port} is taken")),
        "{error}"
    );
}
