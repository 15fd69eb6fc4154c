//! The shell against a real browser. Decisions are tested in `pkce-core`; this is about what the
//! browser does when asked.

// Tests may panic; clippy does not see that `cfg(all(test, …))` is a test.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::fetch::{Deadline, perform, read};
use super::js::{method, property, set};
use super::locks::Lock;
use super::storage::{Area, random};
use super::{crypto, page};
use futures_channel::oneshot;
use js_sys::{Function, Object, Promise, Reflect};
use pkce_core::http::{HttpRequest, Purpose, TransportFault};
use pkce_core::jose::{Jwks, Jws, SignatureAlgorithm, SignatureOutcome, VerifyRequest};
use pkce_core::json::Json;
use pkce_core::url::HttpUrl;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::*;
use wycheproof_ng_kdf_jose::json_web::{TestName, TestSet};

wasm_bindgen_test_configure!(run_in_browser);

// ---- storage ----

#[wasm_bindgen_test]
fn what_is_stored_is_read_back_listed_and_deleted() {
    for area in [Area::Session, Area::Local] {
        assert!(area.set("t1.a", "한글 \u{1f511}\0\""));
        assert_eq!(area.get("t1.a").as_deref(), Some("한글 \u{1f511}\0\""));
        assert!(area.set("t1.b", ""));
        let mut keys = area.keys("t1.");
        keys.sort();
        assert_eq!(keys, ["t1.a", "t1.b"]);
        area.delete("t1.a");
        area.delete("t1.b");
        assert_eq!(area.get("t1.a"), None);
        assert!(area.keys("t1.").is_empty());
    }
}

#[wasm_bindgen_test]
fn full_storage_says_no_and_keeps_what_it_had() {
    assert!(Area::Session.set("t2.kept", "before"));
    let too_much = "x".repeat(64 << 20);
    assert!(!Area::Session.set("t2.kept", &too_much));
    assert_eq!(Area::Session.get("t2.kept").as_deref(), Some("before"));
    Area::Session.delete("t2.kept");
}

/// Replaces a getter of `window` while it lives.
struct Replaced {
    name: &'static str,
    original: Object,
}

impl Replaced {
    fn with_throwing(name: &'static str) -> Self {
        let window: Object = web_sys::window().unwrap().unchecked_into();
        let original = Object::get_own_property_descriptor(&window, &name.into());
        let descriptor = Object::new();
        let throw = Function::new_no_args("throw new DOMException('no', 'SecurityError')");
        set(&descriptor, "configurable", &JsValue::TRUE);
        set(&descriptor, "get", &throw);
        Object::define_property(&window, &name.into(), &descriptor);
        Self {
            name,
            original: original.unchecked_into(),
        }
    }
}

impl Drop for Replaced {
    fn drop(&mut self) {
        let window: Object = web_sys::window().unwrap().unchecked_into();
        Object::define_property(&window, &self.name.into(), &self.original);
    }
}

#[wasm_bindgen_test]
fn blocked_storage_is_survived() {
    for (area, name) in [
        (Area::Session, "sessionStorage"),
        (Area::Local, "localStorage"),
    ] {
        let blocked = Replaced::with_throwing(name);
        assert!(!area.works("t3."));
        assert!(!area.set("t3.a", "1"));
        assert_eq!(area.get("t3.a"), None);
        assert!(area.keys("t3.").is_empty());
        area.delete("t3.a");
        drop(blocked);
        assert!(area.works("t3."));
    }
}

// ---- randomness and signatures ----

#[wasm_bindgen_test]
fn randomness_does_not_repeat() {
    let (a, b) = (random::<96>().unwrap(), random::<96>().unwrap());
    assert_ne!(a, b);
    assert!(a.iter().any(|octet| *octet != 0));
}

/// The tokens of Project Wycheproof that get as far as WebCrypto; `pkce-core` tests what becomes of
/// the others.
#[wasm_bindgen_test]
async fn this_browser_judges_the_tokens_of_wycheproof_as_they_are_meant() {
    let vectors = TestSet::load(TestName::JsonWebSignature).unwrap();
    let (mut genuine, mut forged) = (0, 0);
    for group in &vectors.test_groups {
        let Some(key) = &group.public_key else {
            continue;
        };
        let jwks = Jwks::from_json_text(&format!(r#"{{"keys":[{key}]}}"#)).unwrap();
        for test in &group.tests {
            let token = test.jws.as_ref().and_then(|token| token.as_str()).unwrap();
            let Ok(requests) = Jws::parse(token).and_then(|jws| jwks.candidates(&jws)) else {
                continue;
            };
            for request in &requests {
                let expected = if test.result.must_fail() {
                    forged += 1;
                    SignatureOutcome::Invalid
                } else {
                    genuine += 1;
                    SignatureOutcome::Valid
                };
                let outcome = crypto::verify(request).await;
                assert_eq!(outcome, expected, "{} {}", test.tc_id, test.comment);
            }
        }
    }
    assert_eq!(genuine, 16);
    assert!(forged > 200, "{forged}");
}

#[wasm_bindgen_test]
async fn the_vectors_of_the_core_hold_in_this_browser() {
    let text = include_str!("../../../pkce-core/tests/vectors/verify.json");
    let vectors = Json::parse(text).unwrap();
    let vectors = vectors
        .items()
        .or_else(|| vectors.get("vectors")?.items())
        .unwrap();
    assert!(!vectors.is_empty());
    for (index, vector) in vectors.iter().enumerate() {
        let octets =
            |name: &str| pkce_core::encoding::base64url_decode(vector.str(name).unwrap()).unwrap();
        let algorithm = SignatureAlgorithm::from_name(vector.str("algorithm").unwrap()).unwrap();
        let request = VerifyRequest {
            algorithm,
            jwk: vector.str("jwk").unwrap().to_owned(),
            signing_input: octets("signing_input"),
            signature: octets("signature"),
        };
        let expected = vector.get("valid").unwrap().as_bool().unwrap();
        let came = crypto::verify(&request).await;
        assert_eq!(
            came == SignatureOutcome::Valid,
            expected,
            "vector {index}: {came:?}"
        );
    }
}

#[wasm_bindgen_test]
async fn a_key_that_is_none_makes_a_signature_invalid() {
    // Never a key of another type than the algorithm's: importing one crashes a tab of Firefox ESR 153.
    // The core hands out only keys that fit.
    let short = r#"{"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB"}"#;
    for jwk in ["{}", "not json", short] {
        let request = VerifyRequest {
            algorithm: SignatureAlgorithm::Es256,
            jwk: jwk.to_owned(),
            signing_input: b"a.b".to_vec(),
            signature: vec![1; 64],
        };
        assert_eq!(
            crypto::verify(&request).await,
            SignatureOutcome::Invalid,
            "{jwk}"
        );
    }
}

// ---- fetch ----

/// A `fetch` of our own while it lives.
struct FakeFetch(JsValue);

impl FakeFetch {
    fn new(script: &str) -> Self {
        let window = web_sys::window().unwrap();
        let original = Reflect::get(&window, &"fetch".into()).unwrap();
        let fake = Function::new_with_args("request, init", script);
        Reflect::set(&window, &"fetch".into(), &fake).unwrap();
        Self(original)
    }
}

impl Drop for FakeFetch {
    fn drop(&mut self) {
        let window = web_sys::window().unwrap();
        Reflect::set(&window, &"fetch".into(), &self.0).unwrap();
    }
}

fn url(text: &str) -> HttpUrl {
    HttpUrl::parse(text).unwrap()
}

#[wasm_bindgen_test]
async fn an_answer_comes_with_status_type_and_body() {
    let origin = web_sys::window().unwrap().location().origin().unwrap();
    let page = perform(
        &HttpRequest::get(Purpose::Jwks, url(&format!("{origin}/"))),
        false,
    )
    .await
    .unwrap();
    assert_eq!(page.status, 200);
    assert!(page.content_type.unwrap().starts_with("text/html"));
    assert!(!page.body.0.is_empty());
}

#[wasm_bindgen_test]
async fn a_refused_connection_is_a_network_fault() {
    let exchange = perform(
        &HttpRequest::get(Purpose::Jwks, url("http://127.0.0.1:1/")),
        false,
    )
    .await;
    assert!(
        matches!(exchange, Err(TransportFault::Network { .. })),
        "{exchange:?}"
    );
}

#[wasm_bindgen_test]
async fn odd_rejections_do_not_panic() {
    for script in [
        "return Promise.reject(undefined)",
        "return Promise.reject(null)",
        "return Promise.reject('text')",
        "return Promise.reject({})",
        "return Promise.resolve(42)",
        "return Promise.resolve({})",
    ] {
        let _fake = FakeFetch::new(script);
        let exchange = perform(
            &HttpRequest::get(Purpose::Jwks, url("http://localhost:9/")),
            false,
        )
        .await;
        assert!(
            matches!(exchange, Err(TransportFault::Network { .. })),
            "{script}: {exchange:?}"
        );
    }
}

#[wasm_bindgen_test]
async fn a_request_carries_no_cookies_and_no_referrer_and_passes_every_cache() {
    let _fake = FakeFetch::new(
        "window.__seen = request; window.__init = init;
         return Promise.resolve(new Response('{}', {headers: {'content-type': 'application/json'}}))",
    );
    let request = HttpRequest::post(
        Purpose::Token,
        url("http://localhost:9/token"),
        [("a", "b c&+"), ("d", "")],
    );
    perform(&request, true).await.unwrap();
    let window = web_sys::window().unwrap();
    let seen = property(&window, "__seen").unwrap();
    let text = |name: &str| property(&seen, name).and_then(|value| value.as_string());
    assert_eq!(text("method").as_deref(), Some("POST"));
    assert_eq!(text("credentials").as_deref(), Some("omit"));
    assert_eq!(text("cache").as_deref(), Some("no-store"));
    assert_eq!(text("referrerPolicy").as_deref(), Some("no-referrer"));
    assert_eq!(text("redirect").as_deref(), Some("manual"));
    assert_eq!(text("mode").as_deref(), Some("cors"));
    let body = method(&seen, "text").unwrap().call0(&seen).unwrap();
    let body = wasm_bindgen_futures::JsFuture::from(Promise::from(body))
        .await
        .unwrap();
    assert_eq!(body.as_string().as_deref(), Some("a=b+c%26%2B&d="));
    let init = property(&window, "__init").unwrap();
    assert!(property(&init, "keepalive").unwrap().is_truthy());
}

#[wasm_bindgen_test]
async fn an_answer_over_the_limit_is_given_up_while_it_comes() {
    let deadline = Deadline::after(Duration::from_secs(30)).unwrap();
    let response = web_sys::Response::new_with_opt_str(Some(&"x".repeat(1000))).unwrap();
    assert_eq!(read(&response, 1000, &deadline).await.unwrap().len(), 1000);
    let response = web_sys::Response::new_with_opt_str(Some(&"x".repeat(1001))).unwrap();
    assert_eq!(
        read(&response, 1000, &deadline).await,
        Err(TransportFault::TooLarge)
    );
    assert!(deadline.signal().aborted());
}

#[wasm_bindgen_test]
async fn an_answer_that_does_not_come_is_given_up_in_time() {
    let _fake = FakeFetch::new(
        "return new Promise((_, reject) => request.signal.addEventListener('abort',
            () => reject(new DOMException('gone', 'AbortError'))))",
    );
    let deadline = Deadline::after(Duration::from_millis(20)).unwrap();
    let request = gloo_net::http::RequestBuilder::new("http://localhost:9/")
        .abort_signal(Some(&deadline.signal()))
        .build()
        .unwrap();
    let answer = super::fetch::Sending(request.into())
        .send(false, &deadline)
        .await;
    assert_eq!(answer.map(|_| ()), Err(TransportFault::Timeout));
}

// ---- locks ----

async fn held(name: &str) -> Lock {
    let (sender, receiver) = oneshot::channel();
    let lock = Lock::request(name, move || {
        let _ = sender.send(());
    })
    .unwrap();
    receiver.await.unwrap();
    lock
}

#[wasm_bindgen_test]
async fn a_lock_is_held_by_one_at_a_time() {
    let first = held("t4").await;
    let second_is_held = Rc::new(Cell::new(false));
    let (sender, receiver) = oneshot::channel();
    let second = Lock::request("t4", {
        let second_is_held = Rc::clone(&second_is_held);
        move || {
            second_is_held.set(true);
            let _ = sender.send(());
        }
    })
    .unwrap();
    // Another lock is granted in the meantime, so this one had its chance.
    let _other = held("t5").await;
    assert!(!second_is_held.get());
    drop(first);
    receiver.await.unwrap();
    assert!(second_is_held.get());
    drop(second);
}

#[wasm_bindgen_test]
async fn a_wait_that_is_given_up_does_not_block_the_next() {
    let first = held("t6").await;
    let abandoned = Lock::request("t6", || panic!("granted after it was given up")).unwrap();
    drop(abandoned);
    drop(first);
    let _third = held("t6").await;
}

// ---- the page ----

#[wasm_bindgen_test]
fn the_address_is_replaced_without_a_navigation() {
    let before = page::here();
    let length = web_sys::window()
        .unwrap()
        .history()
        .unwrap()
        .length()
        .unwrap();
    page::replace_url("/somewhere?x=1#y", false);
    assert_eq!(page::here(), "/somewhere?x=1#y");
    page::replace_url(&before, false);
    assert_eq!(
        web_sys::window()
            .unwrap()
            .history()
            .unwrap()
            .length()
            .unwrap(),
        length
    );
}
