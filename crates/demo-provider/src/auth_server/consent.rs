//! The consent page, and what users consented to.

use std::collections::HashMap;

use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::html;

use super::authorization_request::AuthorizationRequest;
use super::error::{Code, OAuthError, read_form};
use super::interaction::{Interaction, Purpose, Step};
use super::pages::{self, Page};
use super::session::{SignedIn, Visitor, is_from_own_page};
use super::{AuthServer, ServerState};
use crate::lock;
use crate::scope::ScopeSet;

/// What a user let a client have.
#[derive(Clone, Debug)]
pub(crate) struct Consent {
    pub(crate) client_id: String,
    pub(crate) scopes: ScopeSet,
    pub(crate) resources: Vec<String>,
    /// Seconds since the Unix epoch.
    pub(crate) given_at: u64,
}

/// Every consent, by user and client.
#[derive(Debug, Default)]
pub(crate) struct Consents(HashMap<(String, String), Consent>);

impl Consents {
    /// Whether the user has already let the client have all of this.
    pub(crate) fn covers(
        &self,
        sub: &str,
        client_id: &str,
        scopes: &ScopeSet,
        resources: &[String],
    ) -> bool {
        self.0
            .get(&(sub.to_owned(), client_id.to_owned()))
            .is_some_and(|consent| {
                consent.scopes.covers(scopes)
                    && resources
                        .iter()
                        .all(|resource| consent.resources.contains(resource))
            })
    }

    fn give(&mut self, sub: &str, request: &AuthorizationRequest, now: u64) {
        let client_id = request.client.id.clone();
        let consent = self
            .0
            .entry((sub.to_owned(), client_id.clone()))
            .or_insert_with(|| Consent {
                client_id,
                scopes: ScopeSet::default(),
                resources: Vec::new(),
                given_at: now,
            });
        consent.scopes = consent.scopes.union(&request.scopes);
        for resource in &request.resources {
            if !consent.resources.contains(resource) {
                consent.resources.push(resource.clone());
            }
        }
        consent.given_at = now;
    }

    /// A user's consents, newest first.
    pub(crate) fn of(&self, sub: &str) -> Vec<Consent> {
        let mut consents: Vec<Consent> = self
            .0
            .iter()
            .filter(|((of, _), _)| of == sub)
            .map(|(_, c)| c.clone())
            .collect();
        consents.sort_by_key(|consent| std::cmp::Reverse(consent.given_at));
        consents
    }

    pub(crate) fn withdraw(&mut self, sub: &str, client_id: &str) -> bool {
        self.0
            .remove(&(sub.to_owned(), client_id.to_owned()))
            .is_some()
    }
}

/// The page that says which app wants what.
pub(crate) fn page(
    server: &AuthServer,
    visitor: &Visitor,
    interaction: &Interaction,
    request: &AuthorizationRequest,
    signed_in: &SignedIn,
) -> Response {
    page_with(server, visitor, interaction, request, signed_in, false)
}

fn page_with(
    server: &AuthServer,
    visitor: &Visitor,
    interaction: &Interaction,
    request: &AuthorizationRequest,
    signed_in: &SignedIn,
    stale: bool,
) -> Response {
    let lang = interaction.lang(visitor);
    let m = lang.messages();
    let origin = crate::origin::origin_of(&request.redirect_uri).unwrap_or_default();
    let body = html! {
        h1 { (pages::with_name(m.consent_title, &request.client.name)) }
        p.lead { (pages::with_name(m.consent_signed_in_as, signed_in.user.name)) }
        @if stale {
            div.notice.bad role="alert" { p { (m.form_stale) } }
        }
        section aria-labelledby="scopes" {
            h2 #scopes { (m.consent_scopes) }
            ul.scopes {
                @for scope in request.scopes.iter() {
                    li { (lang.scope(scope)) " " code.scope { (scope.name()) } }
                }
            }
        }
        @if !request.resources.is_empty() {
            section aria-labelledby="resources" {
                h2 #resources { (m.consent_resources) }
                ul.plain data-testid="consent-resources" {
                    @for resource in &request.resources {
                        li { (pages::resource(lang, server, resource)) }
                    }
                }
            }
        }
        @if request.dpop_jkt.is_some() {
            p.notice data-testid="consent-dpop" { (m.consent_dpop) }
        }
        p.quiet { (pages::with_name(m.consent_returns_to, &origin)) }
        form.actions method="post" action={ (interaction.path()) "/consent" } {
            input type="hidden" name="csrf" value=(visitor.csrf.expose());
            button.primary type="submit" name="decision" value="allow"
                data-testid="consent-allow" { (m.consent_allow) }
            button.secondary type="submit" name="decision" value="deny"
                data-testid="consent-deny" { (m.consent_deny) }
        }
    };
    Page::new(m.consent_heading, body)
        .status(if stale {
            StatusCode::FORBIDDEN
        } else {
            StatusCode::OK
        })
        .form_target(Some(&request.redirect_uri))
        .language_switch(&interaction.path())
        .respond_in(lang, server, visitor)
}

/// `POST /interaction/{id}/consent`.
pub(crate) async fn submit(
    State(server): State<ServerState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<axum::body::Bytes, BytesRejection>,
) -> Response {
    let visitor = server.visitor(&headers);
    let Some(interaction) = server.interaction(&id, &visitor) else {
        return pages::gone(&server, &visitor);
    };
    let (Purpose::Authorize(request), Some(signed_in)) = (&interaction.purpose, &visitor.user)
    else {
        return pages::redirect(&server, &visitor, &interaction.path());
    };
    let params = read_form(&headers, body).unwrap_or_default();
    // The token belongs to this sign-in of this user, so a page made for another user won't do.
    if !is_from_own_page(&headers) || !visitor.csrf.is(params.get("csrf").unwrap_or_default()) {
        return page_with(&server, &visitor, &interaction, request, signed_in, true);
    }
    // A form that was made up may come before the sign-in that the request asks for.
    let step = server.next_step(request, Some(signed_in), interaction.proved());
    if matches!(step, Step::SignIn | Step::SecondFactor) {
        return pages::redirect(&server, &visitor, &interaction.path());
    }
    let allowed = match params.get("decision") {
        Some("allow") => true,
        Some("deny") => false,
        _ => return page_with(&server, &visitor, &interaction, request, signed_in, true),
    };
    if server.end_interaction(&id).is_none() {
        return pages::gone(&server, &visitor);
    }
    let response = if allowed {
        lock(&server.consents).give(signed_in.user.sub, request, server.shared.clock.now());
        server.grant(request, signed_in)
    } else {
        let error = OAuthError::new(Code::AccessDenied, "the user did not allow it");
        request.refuse(&server, &error)
    };
    pages::with_session(&server, &visitor, response)
}
