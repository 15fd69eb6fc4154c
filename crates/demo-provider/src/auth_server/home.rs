//! The start page.

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use maud::html;

use super::ServerState;
use super::pages::{self, Page};

/// `GET /`.
pub(crate) async fn home(
    State(server): State<ServerState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let mut visitor = server.visitor(&headers);
    let cookie = pages::with_language(&server, &mut visitor, query.as_deref());
    let m = visitor.lang.messages();
    let urls = &server.shared.urls;
    let body = html! {
        h1 { (m.home_title) }
        p.lead { (m.home_text) }
        @match &visitor.user {
            Some(signed_in) => {
                p { (pages::with_name(m.home_signed_in, signed_in.user.name)) }
            }
            None => { p { (m.home_signed_out) } }
        }
        ul.links {
            li { a href=(urls.app) { (m.home_app) } p.quiet { (m.home_app_text) } }
            li { a href="/account" { (m.account_title) } p.quiet { (m.home_account_text) } }
            li { a href="/developers" { (m.developers_title) } p.quiet { (m.home_developers_text) } }
            li {
                a href="/.well-known/openid-configuration" { (m.home_discovery) }
                p.quiet { (m.home_discovery_text) }
            }
            @if visitor.user.is_some() {
                li { a href="/logout" { (m.logout_title) } p.quiet { (m.home_logout_text) } }
            }
        }
    };
    let response = Page::new(m.home_title, body)
        .wide()
        .language_switch("/")
        .respond(&server, &visitor);
    pages::with_cookie(response, cookie)
}
