//! The authorization server.

pub(crate) mod account;
mod authorization_params;
pub(crate) mod authorization_request;
pub(crate) mod authorize;
pub(crate) mod client_auth;
pub(crate) mod consent;
pub(crate) mod controls;
pub(crate) mod cors;
pub(crate) mod developers;
pub(crate) mod error;
pub(crate) mod grants;
pub(crate) mod home;
pub(crate) mod interaction;
pub(crate) mod issue;
pub(crate) mod lang;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod metadata;
pub(crate) mod one_time_code;
pub(crate) mod pages;
pub(crate) mod par;
pub(crate) mod prover;
pub(crate) mod register;
pub(crate) mod revoke;
pub(crate) mod second_factor;
pub(crate) mod session;
pub(crate) mod throttle;
pub(crate) mod token;
pub(crate) mod userinfo;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::HeaderValue;
use axum::http::header;
use axum::routing::{get, patch, post};
use tokio::sync::Semaphore;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::client::Clients;
use crate::dpop::Guard;
use crate::keys::{KeyRing, SigningAlgorithm};
use crate::lock;
use crate::shared::Shared;
use consent::Consents;
use grants::Grants;
use interaction::Interactions;
use one_time_code::OneTimeCodes;
use par::PushedRequests;
use session::Sessions;
use throttle::Throttle;

/// The largest request body that is read.
const LARGEST_BODY: usize = 64 * 1024;

/// How long things live, and other choices made at start.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) access_token_lifetime: Duration,
    pub(crate) refresh_token_lifetime: Duration,
    pub(crate) code_lifetime: Duration,
    pub(crate) id_token_lifetime: Duration,
    pub(crate) session_lifetime: Duration,
    /// How long a refresh token that was just replaced is still taken (zero: never).
    pub(crate) refresh_leeway: Duration,
    pub(crate) access_token_algorithm: SigningAlgorithm,
    pub(crate) controls: bool,
}

/// Everything the authorization server holds.
pub(crate) struct AuthServer {
    pub(crate) shared: Shared,
    pub(crate) settings: Settings,
    pub(crate) keys: KeyRing,
    pub(crate) clients: Clients,
    pub(crate) sessions: Mutex<Sessions>,
    pub(crate) interactions: Mutex<Interactions>,
    pub(crate) pushed: Mutex<PushedRequests>,
    pub(crate) grants: Mutex<Grants>,
    pub(crate) consents: Mutex<Consents>,
    pub(crate) dpop: Guard,
    pub(crate) throttle: Mutex<Throttle>,
    pub(crate) one_time_codes: Mutex<OneTimeCodes>,
    pub(crate) code_throttle: Mutex<Throttle>,
    /// One password is checked at a time, so that guesses in parallel are counted too.
    pub(crate) hashing: Semaphore,
}

impl AuthServer {
    pub(crate) fn new(shared: Shared, settings: Settings, keys: KeyRing, clients: Clients) -> Self {
        Self {
            shared,
            settings,
            keys,
            clients,
            sessions: Mutex::default(),
            interactions: Mutex::default(),
            pushed: Mutex::default(),
            grants: Mutex::default(),
            consents: Mutex::default(),
            dpop: Guard::default(),
            throttle: Mutex::default(),
            one_time_codes: Mutex::default(),
            code_throttle: Mutex::default(),
            hashing: Semaphore::new(1),
        }
    }

    /// Ends every token, refresh family and session.
    pub(crate) fn revoke_everything(&self) {
        self.expire_access_tokens();
        lock(&self.grants).revoke_all();
        lock(&self.sessions).end_all();
    }

    /// Makes every access token issued so far count as expired, at the API too.
    pub(crate) fn expire_access_tokens(&self) {
        let tokens = lock(&self.grants).access_token_ids();
        self.shared.expired_early.add(tokens);
    }
}

/// What handlers get.
pub(crate) type ServerState = Arc<AuthServer>;

/// Every endpoint of the authorization server.
pub(crate) fn router(server: ServerState) -> Router {
    let for_anyone = Router::new()
        .route(
            "/.well-known/openid-configuration",
            get(metadata::discovery),
        )
        .route(
            "/.well-known/oauth-authorization-server",
            get(metadata::discovery),
        )
        .route("/jwks", get(metadata::jwks))
        .layer(cors::anyone());
    let for_clients = Router::new()
        .route("/token", post(token::token))
        .route(
            "/par",
            post(par::push).layer(DefaultBodyLimit::max(par::LARGEST)),
        )
        .route(
            "/userinfo",
            get(userinfo::userinfo).post(userinfo::userinfo),
        )
        .route("/revoke", post(revoke::revoke))
        .layer(axum::middleware::from_fn_with_state(
            server.clone(),
            prover::give_nonce,
        ))
        .layer(cors::registered(&server.shared.origins));
    let pages = Router::new()
        .route("/", get(home::home))
        .route("/style.css", get(pages::stylesheet))
        .route("/icon.svg", get(pages::icon))
        .route(
            "/authorize",
            get(authorize::authorize).post(authorize::authorize_by_form),
        )
        .route("/interaction/{id}", get(interaction::show))
        .route("/interaction/{id}/login", post(login::submit))
        .route(
            "/interaction/{id}/second-factor",
            post(second_factor::submit),
        )
        .route("/interaction/{id}/consent", post(consent::submit))
        .route("/logout", get(logout::logout).post(logout::logout_by_form))
        .route("/logout/confirm", post(logout::confirm))
        .route("/register", post(register::register))
        .route(
            "/developers",
            get(developers::show).post(developers::submit),
        )
        .route("/account", get(account::show))
        .route("/account/withdraw", post(account::withdraw))
        .route("/account/sign-in", get(account::sign_in));
    let mut router = for_anyone.merge(for_clients).merge(pages);
    if server.settings.controls {
        let demo = Router::new()
            .route("/demo/feed", get(controls::feed))
            .route(
                "/demo/controls",
                patch(controls::change).get(controls::show),
            )
            .layer(cors::demo_apps(&server.shared.origins));
        router = router.merge(demo);
    }
    let header =
        |name, value| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    router
        .fallback(pages::not_found)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(axum::middleware::map_response(cors::take_out))
        .layer(header(header::CACHE_CONTROL, "no-store"))
        .layer(header(
            header::CONTENT_SECURITY_POLICY,
            pages::CONTENT_SECURITY_POLICY,
        ))
        .layer(header(header::REFERRER_POLICY, "no-referrer"))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::X_FRAME_OPTIONS, "DENY"))
        .with_state(server)
}
