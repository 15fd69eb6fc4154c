//! Where a developer registers an app.

use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::{Markup, html};

use super::error::read_form;
use super::lang::Lang;
use super::pages::{self, Page};
use super::register::register_client;
use super::session::{Visitor, is_from_own_page};
use super::{AuthServer, ServerState};
use crate::acr::Level;
use crate::client::{NewClient, RegisteredClient, RegistrationError};
use crate::params::Params;
use crate::policy::{DpopNonces, DpopSupport};

/// What was typed into the form, to be shown again beside an error.
#[derive(Debug, Default)]
struct Typed {
    name: String,
    confidential: bool,
    redirect_uris: String,
    post_logout_redirect_uris: String,
}

impl Typed {
    fn read(params: &Params) -> Self {
        let text = |name| params.get(name).unwrap_or_default().to_owned();
        Self {
            name: text("name"),
            confidential: params.get("type") == Some("confidential"),
            redirect_uris: text("redirect_uris"),
            post_logout_redirect_uris: text("post_logout_redirect_uris"),
        }
    }

    fn client(&self) -> NewClient {
        let lines = |text: &str| -> Vec<String> {
            text.lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let mut client = if self.confidential {
            NewClient::confidential(&self.name)
        } else {
            NewClient::public(&self.name)
        };
        client.redirect_uris = lines(&self.redirect_uris);
        client.post_logout_redirect_uris = lines(&self.post_logout_redirect_uris);
        client
    }
}

/// `GET /developers`.
pub(crate) async fn show(
    State(server): State<ServerState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let mut visitor = server.visitor(&headers);
    let cookie = pages::with_language(&server, &mut visitor, query.as_deref());
    let response = page(&server, &visitor, &Typed::default(), None);
    pages::with_cookie(response, cookie)
}

/// `POST /developers`.
pub(crate) async fn submit(
    State(server): State<ServerState>,
    headers: HeaderMap,
    body: Result<axum::body::Bytes, BytesRejection>,
) -> Response {
    let visitor = server.visitor(&headers);
    let params = read_form(&headers, body).unwrap_or_default();
    if !is_from_own_page(&headers) || !visitor.csrf.is(params.get("csrf").unwrap_or_default()) {
        return pages::stale_form(&server, &visitor);
    }
    let typed = Typed::read(&params);
    match register_client(&server, typed.client()) {
        Ok(registered) => registered_page(&server, &visitor, &typed, &registered),
        Err(error) => page(&server, &visitor, &typed, Some(&error)),
    }
}

fn explain(lang: Lang, error: &RegistrationError) -> (String, &'static str) {
    let m = lang.messages();
    match error {
        RegistrationError::Name => (m.register_bad_name.to_owned(), "name"),
        RegistrationError::RedirectUriCount => {
            (m.register_no_redirect_uri.to_owned(), "redirect-uris")
        }
        RegistrationError::RedirectUri { uri, problem } => (
            (m.register_bad_redirect_uri)(uri, *problem),
            "redirect-uris",
        ),
        RegistrationError::Resource(_) | RegistrationError::Taken(_) | RegistrationError::Full => {
            (m.register_full.to_owned(), "name")
        }
    }
}

fn page(
    server: &AuthServer,
    visitor: &Visitor,
    typed: &Typed,
    error: Option<&RegistrationError>,
) -> Response {
    let m = visitor.lang.messages();
    let explained = error.map(|error| explain(visitor.lang, error));
    let describes = |field: &str| match &explained {
        Some((_, of)) if *of == field => Some("register-error"),
        _ => None,
    };
    let name_error = describes("name");
    let uris_error = describes("redirect-uris");
    let uris_describedby = match uris_error {
        Some(error) => format!("{error} redirect-uris-help"),
        None => "redirect-uris-help".to_owned(),
    };
    let body = html! {
        h1 { (m.developers_title) }
        p.lead { (m.developers_text) }
        @if let Some((error, _)) = &explained {
            div.notice.bad role="alert" #register-error data-testid="register-error" {
                p { (error) }
            }
        }
        form.stack method="post" action="/developers" {
            input type="hidden" name="csrf" value=(visitor.csrf.expose());
            div.field {
                label for="name" { (m.register_name) }
                input #name data-testid="register-name" name="name" type="text" required
                    maxlength="100" autocomplete="off" value=(typed.name)
                    aria-invalid=[name_error.is_some().then_some("true")] aria-describedby=[name_error];
            }
            fieldset.choices {
                legend { (m.register_type) }
                label.choice {
                    input type="radio" name="type" value="public" data-testid="register-public"
                        checked[!typed.confidential] aria-describedby="public-help";
                    span { strong { (m.register_public) } span.quiet #public-help { (m.register_public_text) } }
                }
                label.choice {
                    input type="radio" name="type" value="confidential"
                        data-testid="register-confidential"
                        checked[typed.confidential] aria-describedby="confidential-help";
                    span {
                        strong { (m.register_confidential) }
                        span.quiet #confidential-help { (m.register_confidential_text) }
                    }
                }
            }
            div.field {
                label for="redirect-uris" { (m.register_redirect_uris) }
                textarea #redirect-uris data-testid="register-redirect-uris" name="redirect_uris"
                    rows="3" required spellcheck="false" autocomplete="off"
                    aria-invalid=[uris_error.is_some().then_some("true")] aria-describedby=(uris_describedby) {
                    (typed.redirect_uris)
                }
                p.quiet #redirect-uris-help { (m.register_redirect_uris_help) }
            }
            div.field {
                label for="post-logout" { (m.register_post_logout) }
                textarea #post-logout data-testid="register-post-logout-uris"
                    name="post_logout_redirect_uris" rows="2" spellcheck="false"
                    autocomplete="off" { (typed.post_logout_redirect_uris) }
            }
            button.primary type="submit" data-testid="register-submit" { (m.register_submit) }
        }
        section aria-labelledby="why" {
            h2 #why { (m.no_secret_title) }
            p { (m.no_secret_text) }
        }
        (offers(server, visitor.lang))
        (registered_apps(server, visitor.lang))
    };
    let status = if error.is_some() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    Page::new(m.developers_title, body)
        .wide()
        .status(status)
        .language_switch("/developers")
        .respond(server, visitor)
}

/// What the server offers and demands now, for people; programs read the metadata.
fn offers(server: &AuthServer, lang: Lang) -> Markup {
    let m = lang.messages();
    let policy = server.shared.policy.get();
    let urls = &server.shared.urls;
    let par = match (policy.par, policy.require_par) {
        (false, _) => m.offer_off,
        (true, false) => m.offer_taken,
        (true, true) => m.offer_required,
    };
    let dpop = match (policy.dpop, policy.require_dpop) {
        (DpopSupport::Off, _) => m.offer_off,
        (_, true) => m.offer_required,
        (DpopSupport::Advertised, false) => m.offer_taken,
        (DpopSupport::Unadvertised, false) => m.offer_unadvertised,
    };
    let nonces = |nonces| match nonces {
        DpopNonces::Off => m.nonces_off,
        DpopNonces::Required => m.nonces_required,
        DpopNonces::Rotating => m.nonces_rotating,
    };
    html! {
        section aria-labelledby="offers" data-testid="offers" {
            h2 #offers { (m.offers_title) }
            p.quiet { (m.offers_text) }
            dl {
                dt { (m.offer_par) }
                dd data-offer="par" { (par) " (RFC 9126)" }
                dt { (m.offer_dpop) }
                dd data-offer="dpop" { (dpop) " (RFC 9449)" }
                dt { (m.offer_issuer_nonces) }
                dd data-offer="issuer-nonces" { (nonces(policy.issuer_nonces)) }
                dt { (m.offer_api_nonces) }
                dd data-offer="api-nonces" { (nonces(policy.api_nonces)) }
                dt { (m.offer_bearer) }
                dd data-offer="bearer" {
                    @if policy.api_requires_dpop { (m.offer_off) } @else { (m.offer_taken) }
                }
                dt { (m.offer_levels) }
                dd data-offer="levels" {
                    ul.plain {
                        li { code { (Level::Password.acr()) } " " (m.level_password) }
                        li { code { (Level::SecondFactor.acr()) } " " (m.level_second_factor) }
                    }
                }
                dt { (m.offer_vault) }
                dd data-offer="vault" {
                    code { (urls.api) "/api/vault" } " "
                    ((m.offer_vault_text)(policy.vault_max_age_seconds))
                }
                dt { (m.offer_resources) }
                dd data-offer="resources" {
                    ul.plain {
                        @for resource in [urls.api_resource(), urls.calendar_resource()] {
                            li { (pages::resource(lang, server, &resource)) }
                        }
                    }
                }
            }
        }
    }
}

fn registered_apps(server: &AuthServer, lang: Lang) -> Markup {
    let m = lang.messages();
    html! {
        section aria-labelledby="registered" {
            h2 #registered { (m.registered_apps) }
            @for client in server.clients.list() {
                article.grant data-testid="registered-client" data-client=(client.id) {
                    h3 { bdi { (client.name) } }
                    dl {
                        dt { (m.client_id) } dd { code { (client.id) } }
                        dt { (m.register_type) }
                        dd {
                            @if client.is_public() { (m.register_public) }
                            @else { (m.register_confidential) }
                            " · " code { (client.auth_method().name()) }
                        }
                        @if client.require_par || client.require_dpop {
                            dt { (m.registered_demands) }
                            dd {
                                @if client.require_par { code { "require_pushed_authorization_requests" } " " }
                                @if client.require_dpop { code { "dpop_bound_access_tokens" } }
                            }
                        }
                        dt { (m.redirect_uris) }
                        dd { ul.plain { @for uri in &client.redirect_uris { li { code { (uri) } } } } }
                    }
                }
            }
        }
    }
}

/// The page that shows what was given out; a secret is shown this once.
fn registered_page(
    server: &AuthServer,
    visitor: &Visitor,
    typed: &Typed,
    registered: &RegisteredClient,
) -> Response {
    let m = visitor.lang.messages();
    let body = html! {
        h1 { (m.registered_title) }
        p.lead { (pages::with_name(m.registered_text, typed.name.trim())) }
        dl {
            dt { (m.client_id) }
            dd { code data-testid="client-id" { (registered.client_id) } }
            @if let Some(secret) = &registered.client_secret {
                dt { (m.client_secret) }
                dd { code data-testid="client-secret" { (secret.expose()) } }
            }
            dt { (m.issuer) }
            dd { code { (server.shared.urls.issuer) } }
        }
        @if registered.client_secret.is_some() {
            p.notice { (m.secret_once) }
        } @else {
            section.notice aria-labelledby="why" data-testid="no-secret" {
                h2 #why { (m.no_secret_title) }
                p { (m.no_secret_text) }
            }
        }
        p { a href="/developers" { (m.register_another) } }
    };
    Page::new(m.registered_title, body)
        .wide()
        .respond(server, visitor)
}
