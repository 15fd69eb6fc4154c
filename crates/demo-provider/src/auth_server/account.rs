//! Where users see and withdraw what they granted.

use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use maud::html;

use super::ServerState;
use super::error::read_form;
use super::interaction::{self, Purpose};
use super::pages::{self, Page};
use super::session::is_from_own_page;
use crate::feed::{EventKind, EventServer};
use crate::lock;

/// `GET /account`.
pub(crate) async fn show(
    State(server): State<ServerState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let mut visitor = server.visitor(&headers);
    let cookie = pages::with_language(&server, &mut visitor, query.as_deref());
    let Some(signed_in) = &visitor.user else {
        let response = pages::redirect(&server, &visitor, "/account/sign-in");
        return pages::with_cookie(response, cookie);
    };
    let lang = visitor.lang;
    let m = lang.messages();
    let consents = lock(&server.consents).of(signed_in.user.sub);
    let body = html! {
        h1 { (m.account_title) }
        p.lead { (pages::with_name(m.account_of, signed_in.user.name)) }
        section aria-labelledby="grants" {
            h2 #grants { (m.account_grants) }
            @if consents.is_empty() {
                p data-testid="no-grants" { (m.account_no_grants) }
            } @else {
                p.quiet { (m.account_grants_text) }
            }
            @for consent in &consents {
                @let name = server.clients.find(&consent.client_id)
                    .map_or_else(|| consent.client_id.clone(), |client| client.name.clone());
                article.grant data-testid="grant" data-client=(consent.client_id) {
                    h3 { bdi { (name) } }
                    ul.plain {
                        @for scope in consent.scopes.iter() {
                            li { (lang.scope(scope)) " " code.scope { (scope.name()) } }
                        }
                        @for resource in &consent.resources {
                            li { (pages::resource(lang, &server, resource)) }
                        }
                    }
                    p.quiet { (m.account_given_at) " " (lang.moment(consent.given_at)) }
                    form method="post" action="/account/withdraw" {
                        input type="hidden" name="csrf" value=(visitor.csrf.expose());
                        input type="hidden" name="client_id" value=(consent.client_id);
                        button.danger type="submit" data-testid="grant-withdraw"
                            aria-label={ (m.account_withdraw) ": " (name) } {
                            (m.account_withdraw)
                        }
                    }
                }
            }
        }
        section aria-labelledby="codes" {
            @let set_up = lock(&server.one_time_codes).are_set_up(signed_in.user.sub);
            h2 #codes { (m.account_codes) }
            p data-testid="one-time-codes" data-set-up=(set_up) {
                @if set_up { (m.account_codes_on) } @else { (m.account_codes_off) }
            }
        }
        p { a href="/logout" { (m.logout_title) } }
    };
    let response = Page::new(m.account_title, body)
        .wide()
        .language_switch("/account")
        .respond(&server, &visitor);
    pages::with_cookie(response, cookie)
}

/// `GET /account/sign-in`: asks who it is, then shows the page.
pub(crate) async fn sign_in(State(server): State<ServerState>, headers: HeaderMap) -> Response {
    let visitor = server.visitor(&headers);
    let interaction = server.start_interaction(&visitor, Purpose::OwnPage("/account"));
    interaction::proceed(&server, &visitor, interaction)
}

/// `POST /account/withdraw`: the client's tokens end with the consent.
pub(crate) async fn withdraw(
    State(server): State<ServerState>,
    headers: HeaderMap,
    body: Result<axum::body::Bytes, BytesRejection>,
) -> Response {
    let visitor = server.visitor(&headers);
    let params = read_form(&headers, body).unwrap_or_default();
    let from_here =
        is_from_own_page(&headers) && visitor.csrf.is(params.get("csrf").unwrap_or_default());
    let (Some(signed_in), true) = (&visitor.user, from_here) else {
        return pages::stale_form(&server, &visitor);
    };
    let client_id = params.get("client_id").unwrap_or_default();
    if lock(&server.consents).withdraw(signed_in.user.sub, client_id) {
        lock(&server.grants).revoke_of(signed_in.user.sub, client_id);
        server
            .shared
            .feed
            .event(
                EventServer::AuthorizationServer,
                EventKind::Checked,
                "/account/withdraw",
            )
            .client(client_id)
            .detail("what", "the user withdrew a grant; its tokens are revoked")
            .record();
    }
    pages::redirect(&server, &visitor, "/account")
}
