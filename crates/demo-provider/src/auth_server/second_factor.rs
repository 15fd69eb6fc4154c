//! The page that asks for a one-time code, and that sets one-time codes up.

use axum::Extension;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use maud::{Markup, html};

use super::authorization_request::AuthorizationRequest;
use super::error::read_form;
use super::interaction::{Interaction, Purpose, Step, proceed};
use super::one_time_code::{DemoCode, SetUp, Verdict};
use super::pages::{self, Page};
use super::session::{SignedIn, Visitor, is_from_own_page};
use super::{AuthServer, ServerState};
use crate::feed::{EventKind, EventServer};
use crate::lock;
use crate::net::Connection;

/// What the page tells besides asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    None,
    Wrong,
    /// The code was used before.
    Used,
    /// Too many wrong codes: wait so many seconds.
    Wait(u64),
    /// The form was too old or not this page's.
    Stale,
}

/// The page, or the page with what went wrong.
pub(crate) fn page(
    server: &AuthServer,
    visitor: &Visitor,
    interaction: &Interaction,
    request: &AuthorizationRequest,
    signed_in: &SignedIn,
    notice: Notice,
) -> Response {
    let lang = interaction.lang(visitor);
    let m = lang.messages();
    let (status, error) = match notice {
        Notice::None => (StatusCode::OK, None),
        Notice::Wrong => (StatusCode::UNAUTHORIZED, Some(m.code_wrong.to_owned())),
        Notice::Used => (StatusCode::UNAUTHORIZED, Some(m.code_used.to_owned())),
        Notice::Wait(seconds) => (StatusCode::TOO_MANY_REQUESTS, Some((m.code_wait)(seconds))),
        Notice::Stale => (StatusCode::FORBIDDEN, Some(m.form_stale.to_owned())),
    };
    let failed = error.is_some();
    let describedby = if failed {
        "code-error code-help"
    } else {
        "code-help"
    };
    let (set_up, demo_code) = {
        let mut codes = lock(&server.one_time_codes);
        let demo_code = server
            .shared
            .policy
            .get()
            .show_one_time_code
            .then(|| codes.demo_code(signed_in.user, server.shared.clock.now()));
        (codes.set_up(signed_in.user), demo_code.flatten())
    };
    let body = html! {
        h1 { (m.code_title) }
        p.lead { (pages::with_name(m.code_for, &request.client.name)) }
        @if let Some(error) = &error {
            div.notice.bad role="alert" #code-error data-testid="code-error" { p { (error) } }
        }
        @if let Some(set_up) = &set_up { (set_up_section(set_up, interaction.lang(visitor))) }
        form.stack method="post" action={ (interaction.path()) "/second-factor" } {
            input type="hidden" name="csrf" value=(visitor.csrf.expose());
            div.field {
                label for="code" { (m.code_label) }
                input #code data-testid="one-time-code" name="code" type="text"
                    inputmode="numeric" autocomplete="one-time-code" spellcheck="false"
                    maxlength="9" required autofocus
                    aria-invalid=[failed.then_some("true")] aria-describedby=(describedby);
                p.quiet #code-help { (m.code_help) }
            }
            button.primary type="submit" data-testid="code-submit" { (m.code_submit) }
        }
        @match &demo_code {
            Some(DemoCode::Now(code)) => {
                p.notice { (m.code_demo) " " code data-testid="demo-code" { (code) } }
            }
            Some(DemoCode::In(seconds)) => {
                p.notice data-testid="demo-code-wait" { ((m.code_demo_wait)(*seconds)) }
            }
            None => {}
        }
    };
    let mut response = Page::new(m.code_title, body)
        .status(status)
        .form_target(Some(&request.redirect_uri))
        .language_switch(&interaction.path())
        .respond_in(lang, server, visitor);
    if let Notice::Wait(seconds) = notice {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn set_up_section(set_up: &SetUp, lang: super::lang::Lang) -> Markup {
    let m = lang.messages();
    html! {
        section.notice aria-labelledby="set-up" data-testid="code-set-up" {
            h2 #set-up { (m.code_set_up_title) }
            p { (m.code_set_up_text) }
            dl {
                dt { (m.code_key) }
                dd { code data-testid="code-key" { (set_up.key) } }
                dt { (m.code_link) }
                dd { a href=(set_up.uri) data-testid="code-uri" { (set_up.uri) } }
            }
        }
    }
}

/// `POST /interaction/{id}/second-factor`.
pub(crate) async fn submit(
    State(server): State<ServerState>,
    Extension(connection): Extension<Connection>,
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
    let page = |notice| page(&server, &visitor, &interaction, request, signed_in, notice);
    let params = read_form(&headers, body).unwrap_or_default();
    if !is_from_own_page(&headers) || !visitor.csrf.is(params.get("csrf").unwrap_or_default()) {
        return page(Notice::Stale);
    }
    // The password comes first; a code alone proves nothing.
    if server.next_step(request, Some(signed_in), interaction.proved()) != Step::SecondFactor {
        return pages::redirect(&server, &visitor, &interaction.path());
    }
    let user = signed_in.user;
    let code = params.get("code").unwrap_or_default();
    let now_ms = server.shared.clock.now_ms();
    // One lock from the look at earlier guesses to the note of this one.
    let notice = {
        let mut throttle = lock(&server.code_throttle);
        if let Some(wait_ms) = throttle.wait_ms(user.sub, connection.peer, now_ms) {
            Notice::Wait(wait_ms.div_ceil(1_000))
        } else {
            match lock(&server.one_time_codes).check(user, code, now_ms / 1_000) {
                Verdict::Right => {
                    throttle.succeeded(user.sub);
                    Notice::None
                }
                Verdict::Wrong => {
                    throttle.failed(user.sub, connection.peer, now_ms);
                    Notice::Wrong
                }
                Verdict::Used => {
                    throttle.failed(user.sub, connection.peer, now_ms);
                    Notice::Used
                }
            }
        }
    };
    let (kind, what) = match notice {
        Notice::None => (EventKind::Checked, "one-time code"),
        Notice::Used => (EventKind::Refused, "a one-time code that was used before"),
        Notice::Wait(_) => (EventKind::Refused, "too many wrong one-time codes"),
        Notice::Wrong | Notice::Stale => (EventKind::Refused, "wrong one-time code"),
    };
    server
        .shared
        .feed
        .event(
            EventServer::AuthorizationServer,
            kind,
            "/interaction/second-factor",
        )
        .client(&request.client.id)
        .detail("what", what)
        .detail("user", user.username)
        .record();
    if notice != Notice::None {
        return page(notice);
    }
    let visitor = server.step_up(&visitor);
    proceed(&server, &visitor, interaction)
}
