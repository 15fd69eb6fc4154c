//! Requests over `fetch`, within bounds of time and size.
//!
//! Requests are built with `gloo-net`. They are sent here, because its `send` panics on a rejection
//! that is no `Error`.

use super::js::{self, Timeout};
use gloo_net::http::RequestBuilder;
use js_sys::Uint8Array;
use pkce_core::http::{
    ANSWER_LIMIT, ANSWER_TIMEOUT, Body, Exchange, HttpRequest, HttpResponse, Method, TransportFault,
};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, ReadableStreamDefaultReader, ReferrerPolicy, RequestCache, RequestCredentials,
    RequestInit, RequestMode, RequestRedirect, ResponseType,
};

/// Sends one of the protocol's requests.
pub(crate) async fn perform(request: &HttpRequest, keepalive: bool) -> Exchange {
    let method = match request.method {
        Method::Get => gloo_net::http::Method::GET,
        Method::Post => gloo_net::http::Method::POST,
    };
    let redirect = if request.follow_redirects {
        RequestRedirect::Follow
    } else {
        RequestRedirect::Manual
    };
    let mut builder = RequestBuilder::new(request.url.as_str())
        .method(method)
        .redirect(redirect)
        .header("accept", "application/json");
    if let Some(authorization) = &request.authorization {
        builder = builder.header("authorization", authorization.expose());
    }
    let built = match &request.form {
        Some(form) => builder
            .header("content-type", "application/x-www-form-urlencoded")
            .with_deadline()
            .build_with(Some(form.expose().into())),
        None => builder.with_deadline().build_with(None),
    };
    let (sending, deadline) = built.ok_or_else(network_fault)?;
    let response = sending.send(keepalive, &deadline).await?;
    let header = |name: &str| response.headers().get(name).ok().flatten();
    Ok(HttpResponse {
        status: response.status(),
        content_type: header("content-type"),
        retry_after: header("retry-after"),
        body: Body(read(&response, ANSWER_LIMIT, &deadline).await?),
    })
}

/// What gloo-net's builder lacks: our defaults, and a deadline.
trait Deadlined {
    fn with_deadline(self) -> Prepared;
}

impl Deadlined for RequestBuilder {
    fn with_deadline(self) -> Prepared {
        Prepared {
            builder: hardened(self),
            deadline: Deadline::after(ANSWER_TIMEOUT),
        }
    }
}

/// No cookies, no referrer, no cache: for whatever carries or brings a token.
pub(crate) fn hardened(builder: RequestBuilder) -> RequestBuilder {
    builder
        .mode(RequestMode::Cors)
        .credentials(RequestCredentials::Omit)
        .cache(RequestCache::NoStore)
        .referrer_policy(ReferrerPolicy::NoReferrer)
}

struct Prepared {
    builder: RequestBuilder,
    deadline: Option<Deadline>,
}

impl Prepared {
    fn build_with(self, body: Option<JsValue>) -> Option<(Sending, Deadline)> {
        let deadline = self.deadline?;
        let builder = self.builder.abort_signal(Some(&deadline.signal()));
        let request = match body {
            Some(body) => builder.body(body),
            None => builder.build(),
        };
        Some((Sending(request.ok()?.into()), deadline))
    }
}

/// A request that is ready to go.
pub(crate) struct Sending(pub(crate) web_sys::Request);

impl Sending {
    /// Sends it; a redirect that was not to be followed is a fault of its own.
    pub(crate) async fn send(
        &self,
        keepalive: bool,
        deadline: &Deadline,
    ) -> Result<web_sys::Response, TransportFault> {
        let window = web_sys::window().ok_or_else(network_fault)?;
        let init = RequestInit::new();
        if keepalive {
            // Absent from web-sys' stable bindings.
            js::set(init.unchecked_ref(), "keepalive", &JsValue::TRUE);
        }
        let answer = JsFuture::from(window.fetch_with_request_and_init(&self.0, &init)).await;
        let response: web_sys::Response = match answer.map(JsCast::dyn_into) {
            Ok(Ok(response)) => response,
            _ => return Err(deadline.fault()),
        };
        if response.type_() == ResponseType::Opaqueredirect {
            return Err(TransportFault::Redirected);
        }
        Ok(response)
    }
}

/// The body, up to `limit` octets.
pub(crate) async fn read(
    response: &web_sys::Response,
    limit: usize,
    deadline: &Deadline,
) -> Result<Vec<u8>, TransportFault> {
    let mut octets = Vec::new();
    let Some(stream) = response.body() else {
        return Ok(octets);
    };
    let reader: ReadableStreamDefaultReader = stream
        .get_reader()
        .dyn_into()
        .map_err(|_| network_fault())?;
    loop {
        let chunk = JsFuture::from(reader.read())
            .await
            .map_err(|_| deadline.fault())?;
        if js::property(&chunk, "done").is_some_and(|done| done.is_truthy()) {
            return Ok(octets);
        }
        let Some(value) = js::property(&chunk, "value") else {
            return Ok(octets);
        };
        let chunk = Uint8Array::new(&value);
        if octets.len().saturating_add(chunk.length() as usize) > limit {
            deadline.abort();
            return Err(TransportFault::TooLarge);
        }
        octets.extend(chunk.to_vec());
    }
}

/// Gives a request up when its time is over.
pub(crate) struct Deadline {
    controller: AbortController,
    expired: Rc<Cell<bool>>,
    _timer: Option<Timeout>,
}

impl Deadline {
    pub(crate) fn after(wait: Duration) -> Option<Self> {
        let controller = AbortController::new().ok()?;
        let expired = Rc::new(Cell::new(false));
        let timer = Timeout::new(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX), {
            let (controller, expired) = (controller.clone(), Rc::clone(&expired));
            move || {
                expired.set(true);
                controller.abort();
            }
        });
        Some(Self {
            controller,
            expired,
            _timer: timer,
        })
    }

    pub(crate) fn signal(&self) -> web_sys::AbortSignal {
        self.controller.signal()
    }

    pub(crate) fn abort(&self) {
        self.controller.abort();
    }

    /// Why there is no answer.
    pub(crate) fn fault(&self) -> TransportFault {
        if self.expired.get() {
            TransportFault::Timeout
        } else {
            network_fault()
        }
    }
}

/// The browser's one `TypeError`, with its hint.
pub(crate) fn network_fault() -> TransportFault {
    TransportFault::Network {
        online: is_online(),
    }
}

/// What `navigator.onLine` says.
pub(crate) fn is_online() -> bool {
    web_sys::window().is_none_or(|window| window.navigator().on_line())
}
