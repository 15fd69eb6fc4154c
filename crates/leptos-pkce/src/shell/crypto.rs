//! Signature checks through WebCrypto: executes what the core decided, and decides nothing.

use super::js::{error_name, set};
use js_sys::{Array, JSON, Object, Uint8Array};
use pkce_core::jose::{SignatureOutcome, VerifyRequest};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// Checks one signature.
pub(crate) async fn verify(request: &VerifyRequest) -> SignatureOutcome {
    match try_verify(request).await {
        Ok(true) => SignatureOutcome::Valid,
        Ok(false) => SignatureOutcome::Invalid,
        Err(error) if error_name(&error) == "NotSupportedError" => SignatureOutcome::Unsupported,
        Err(_) => SignatureOutcome::Invalid,
    }
}

async fn try_verify(request: &VerifyRequest) -> Result<bool, JsValue> {
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let subtle = window.crypto()?.subtle();
    let params = request.algorithm.web_crypto();
    let dictionary = Object::new();
    set(&dictionary, "name", &params.name.into());
    if let Some(hash) = params.hash {
        set(&dictionary, "hash", &hash.into());
    }
    if let Some(curve) = params.named_curve {
        set(&dictionary, "namedCurve", &curve.into());
    }
    if let Some(octets) = params.salt_length {
        set(&dictionary, "saltLength", &octets.into());
    }
    let jwk: Object = JSON::parse(&request.jwk)?.dyn_into()?;
    let usages = Array::of1(&"verify".into());
    let key = subtle.import_key_with_object("jwk", &jwk, &dictionary, false, &usages)?;
    let key: web_sys::CryptoKey = JsFuture::from(key).await?.dyn_into()?;
    let checked = subtle.verify_with_object_and_js_u8_array_and_js_u8_array(
        &dictionary,
        &key,
        &Uint8Array::from(request.signature.as_slice()),
        &Uint8Array::from(request.signing_input.as_slice()),
    )?;
    Ok(JsFuture::from(checked).await?.is_truthy())
}
