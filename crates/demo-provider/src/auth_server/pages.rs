//! The frame of every page, and how pages are answered.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use super::authorization_request::Unanswerable;
use super::lang::Lang;
use super::session::Visitor;
use super::{AuthServer, ServerState};
use crate::origin::origin_of;

/// Pages need their stylesheet and icon and nothing else: no script runs here, and nobody may frame them.
pub(crate) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const STYLE: &str = include_str!("../../assets/style.css");
const ICON: &str = include_str!("../../assets/icon.svg");

/// Puts a name into a sentence, set apart so that nobody takes it for the page's own words.
pub(crate) fn with_name(sentence: &str, name: &str) -> Markup {
    let (before, after) = sentence.split_once("{}").unwrap_or((sentence, ""));
    html! { (before) strong.name { bdi { (name) } } (after) }
}

/// A resource in words, with its indicator.
pub(crate) fn resource(lang: Lang, server: &AuthServer, resource: &str) -> Markup {
    html! {
        @if let Some(name) = lang.resource(&server.shared.urls, resource) { (name) " " }
        code { (resource) }
    }
}

/// A page on its way out.
pub(crate) struct Page<'a> {
    title: &'a str,
    body: Markup,
    status: StatusCode,
    form_target: Option<&'a str>,
    /// The path that shows this page in another language.
    switch: Option<&'a str>,
    wide: bool,
}

impl<'a> Page<'a> {
    pub(crate) fn new(title: &'a str, body: Markup) -> Self {
        let status = StatusCode::OK;
        Self {
            title,
            body,
            status,
            form_target: None,
            switch: None,
            wide: false,
        }
    }

    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Where a form on this page leads in the end. Browsers hold `form-action` against redirects
    /// too, so the client's origin must be named for the answer to reach it.
    pub(crate) fn form_target(mut self, uri: Option<&'a str>) -> Self {
        self.form_target = uri;
        self
    }

    pub(crate) fn language_switch(mut self, path: &'a str) -> Self {
        self.switch = Some(path);
        self
    }

    /// For lists rather than a single question.
    pub(crate) fn wide(mut self) -> Self {
        self.wide = true;
        self
    }

    pub(crate) fn respond(self, server: &AuthServer, visitor: &Visitor) -> Response {
        self.respond_in(visitor.lang, server, visitor)
    }

    pub(crate) fn respond_in(self, lang: Lang, server: &AuthServer, visitor: &Visitor) -> Response {
        let m = lang.messages();
        let page = html! {
            (DOCTYPE)
            html lang=(lang.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · " (m.product) }
                    link rel="stylesheet" href="/style.css";
                    link rel="icon" href="/icon.svg" type="image/svg+xml";
                }
                body {
                    header.top {
                        a.brand href="/" { span.mark aria-hidden="true" {} (m.product) }
                        @if let Some(path) = self.switch {
                            nav.languages aria-label=(m.language) {
                                @for other in Lang::ALL {
                                    @if other == lang {
                                        span aria-current="true" lang=(other.tag()) {
                                            (other.messages().own_name)
                                        }
                                    } @else {
                                        a href={ (path) "?lang=" (other.tag()) } lang=(other.tag())
                                            hreflang=(other.tag()) { (other.messages().own_name) }
                                    }
                                }
                            }
                        }
                    }
                    main.card.wide[self.wide] { (self.body) }
                    footer.bottom { p { (m.footer) } }
                }
            }
        };
        let headers = [
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static("text/html; charset=utf-8"),
            ),
            (
                header::CONTENT_LANGUAGE,
                HeaderValue::from_static(lang.tag()),
            ),
        ];
        let mut response = (self.status, headers, page.into_string()).into_response();
        if let Some(target) = self.form_target.and_then(origin_of) {
            let policy = CONTENT_SECURITY_POLICY.replace(
                "form-action 'self'",
                &format!("form-action 'self' {target}"),
            );
            if let Ok(policy) = HeaderValue::from_str(&policy) {
                response
                    .headers_mut()
                    .insert(header::CONTENT_SECURITY_POLICY, policy);
            }
        }
        with_session(server, visitor, response)
    }
}

/// Tells the browser its session, where it must be told.
pub(crate) fn with_session(
    server: &AuthServer,
    visitor: &Visitor,
    mut response: Response,
) -> Response {
    if let Some(cookie) = server.session_cookie(visitor) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Remembers the language chosen by `?lang=`, for pages that no app asked for.
pub(crate) fn with_language(
    server: &AuthServer,
    visitor: &mut Visitor,
    query: Option<&str>,
) -> Option<HeaderValue> {
    let params = crate::params::Params::parse(query.unwrap_or_default().as_bytes()).ok()?;
    let lang = Lang::tagged(params.get("lang")?)?;
    visitor.lang = lang;
    server.cookie_header("lang", lang.tag())
}

/// Adds a cookie, if there is one to add.
pub(crate) fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// A redirect to one of this server's own paths.
pub(crate) fn redirect(server: &AuthServer, visitor: &Visitor, path: &str) -> Response {
    with_session(server, visitor, redirect_to(path))
}

/// 303, so that what was posted is not posted again (RFC 9700 4.12).
pub(crate) fn redirect_to(location: &str) -> Response {
    match HeaderValue::from_str(location) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A page that only says something.
fn notice(
    server: &AuthServer,
    visitor: &Visitor,
    status: StatusCode,
    (title, text): (&str, &str),
    code: Option<&str>,
) -> Response {
    let body = html! {
        h1 { (title) }
        p { (text) }
        @if let Some(code) = code {
            p.quiet { code data-testid="page-error" data-error=(code) { (code) } }
        }
    };
    Page::new(title, body)
        .status(status)
        .respond(server, visitor)
}

/// An authorization request that cannot be answered to the app.
pub(crate) fn unanswerable(
    server: &AuthServer,
    visitor: &Visitor,
    problem: Unanswerable,
) -> Response {
    let m = visitor.lang.messages();
    let text = match problem {
        Unanswerable::TooManyParameters => m.problem_malformed,
        Unanswerable::NoClientId | Unanswerable::UnknownClient => m.problem_client,
        Unanswerable::NoRedirectUri | Unanswerable::UnregisteredRedirectUri => {
            m.problem_redirect_uri
        }
        Unanswerable::NotPushed => m.problem_not_pushed,
        Unanswerable::UnknownRequestUri => m.problem_request_uri,
    };
    let page = (m.problem_title, text);
    notice(
        server,
        visitor,
        StatusCode::BAD_REQUEST,
        page,
        Some(problem.code()),
    )
}

/// An interaction that is over, too old, or another browser's.
pub(crate) fn gone(server: &AuthServer, visitor: &Visitor) -> Response {
    let m = visitor.lang.messages();
    let page = (m.gone_title, m.gone_text);
    notice(
        server,
        visitor,
        StatusCode::GONE,
        page,
        Some("interaction_gone"),
    )
}

/// A form that this server did not make for this visitor.
pub(crate) fn stale_form(server: &AuthServer, visitor: &Visitor) -> Response {
    let m = visitor.lang.messages();
    notice(
        server,
        visitor,
        StatusCode::FORBIDDEN,
        (m.stale_title, m.form_stale),
        Some("stale_form"),
    )
}

/// A sign-out request that does not fit its client.
pub(crate) fn bad_logout(server: &AuthServer, visitor: &Visitor, code: &str) -> Response {
    let m = visitor.lang.messages();
    let page = (m.problem_title, m.problem_logout);
    notice(server, visitor, StatusCode::BAD_REQUEST, page, Some(code))
}

/// No such page.
pub(crate) async fn not_found(
    State(server): State<ServerState>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    // Whatever asks for a file by its extension is no person.
    if uri.path().contains('.') {
        return StatusCode::NOT_FOUND.into_response();
    }
    let visitor = server.visitor(&headers);
    let m = visitor.lang.messages();
    let page = (m.not_found_title, m.not_found_text);
    notice(&server, &visitor, StatusCode::NOT_FOUND, page, None)
}

/// `GET /style.css`.
pub(crate) async fn stylesheet() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, STYLE).into_response()
}

/// `GET /icon.svg`.
pub(crate) async fn icon() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "max-age=86400"),
    ];
    (headers, ICON).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_wherever_they_stand() {
        let shown = with_name("Sign in to {} now", "<b>x</b>").into_string();
        assert_eq!(
            shown,
            "Sign in to <strong class=\"name\"><bdi>&lt;b&gt;x&lt;/b&gt;</bdi></strong> now"
        );
    }
}
