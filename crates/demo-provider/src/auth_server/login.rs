//! The sign-in page.

use axum::Extension;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use maud::html;

use super::error::read_form;
use super::interaction::{Interaction, Purpose, proceed};
use super::pages::{self, Page};
use super::session::{Visitor, is_from_own_page};
use super::{AuthServer, ServerState};
use crate::feed::{EventKind, EventServer};
use crate::lock;
use crate::net::Connection;
use crate::users::{check_password, find_by_username};

/// What the page tells besides asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    None,
    /// User or password is wrong; never which of them.
    Wrong {
        username: String,
    },
    /// Too many wrong passwords: wait.
    Wait {
        username: String,
        seconds: u64,
    },
    /// The form was too old or not this page's.
    Stale,
}

/// The page, or the page with what went wrong.
pub(crate) fn page(
    server: &AuthServer,
    visitor: &Visitor,
    interaction: &Interaction,
    notice: Notice,
) -> Response {
    let lang = interaction.lang(visitor);
    let m = lang.messages();
    let request = match &interaction.purpose {
        Purpose::Authorize(request) => Some(request),
        Purpose::OwnPage(_) => None,
    };
    let hint = request
        .and_then(|request| request.login_hint.as_deref())
        .unwrap_or_default();
    let (status, username, error) = match &notice {
        Notice::None => (StatusCode::OK, hint, None),
        Notice::Wrong { username } => (
            StatusCode::UNAUTHORIZED,
            username.as_str(),
            Some(m.login_wrong.to_owned()),
        ),
        Notice::Wait { username, seconds } => (
            StatusCode::TOO_MANY_REQUESTS,
            username.as_str(),
            Some((m.login_wait)(*seconds)),
        ),
        Notice::Stale => (StatusCode::FORBIDDEN, hint, Some(m.form_stale.to_owned())),
    };
    let failed = error.is_some();
    let describedby = failed.then_some("login-error");
    let ask_username_first = username.is_empty();
    let body = html! {
        h1 { (m.login_title) }
        @if let Some(request) = request {
            p.lead { (pages::with_name(m.login_for, &request.client.name)) }
        }
        @if let Some(error) = &error {
            div.notice.bad role="alert" #login-error data-testid="login-error" { p { (error) } }
        }
        form.stack method="post" action={ (interaction.path()) "/login" } {
            input type="hidden" name="csrf" value=(interaction.csrf.expose());
            div.field {
                label for="username" { (m.username) }
                input #username data-testid="username" name="username" type="text"
                    autocomplete="username" autocapitalize="none" spellcheck="false" required
                    value=(username) autofocus[ask_username_first]
                    aria-invalid=[failed.then_some("true")] aria-describedby=[describedby];
            }
            div.field {
                label for="password" { (m.password) }
                input #password data-testid="password" name="password" type="password"
                    autocomplete="current-password" required autofocus[!ask_username_first]
                    aria-invalid=[failed.then_some("true")] aria-describedby=[describedby];
            }
            button.primary type="submit" data-testid="login-submit" { (m.login_submit) }
        }
        p.quiet { (m.login_demo_users) }
    };
    let mut response = Page::new(m.login_title, body)
        .status(status)
        .form_target(request.map(|request| request.redirect_uri.as_str()))
        .language_switch(&interaction.path())
        .respond_in(lang, server, visitor);
    if let Notice::Wait { seconds, .. } = notice {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// `POST /interaction/{id}/login`.
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
    let params = read_form(&headers, body).unwrap_or_default();
    let csrf = params.get("csrf").unwrap_or_default();
    if !is_from_own_page(&headers) || !interaction.csrf.is(csrf) {
        return page(&server, &visitor, &interaction, Notice::Stale);
    }
    let username: String = params
        .get("username")
        .unwrap_or_default()
        .chars()
        .take(100)
        .collect();
    let account = username.trim().to_ascii_lowercase();
    let password = params.get("password").unwrap_or_default().to_owned();

    // One at a time: guesses that come in parallel are counted before the next is looked at.
    let Ok(_slot) = server.hashing.acquire().await else {
        return page(&server, &visitor, &interaction, Notice::Stale);
    };
    let wait =
        lock(&server.throttle).wait_ms(&account, connection.peer, server.shared.clock.now_ms());
    if let Some(wait_ms) = wait {
        told(
            &server,
            EventKind::Refused,
            &interaction,
            "too many wrong passwords",
            &account,
        );
        let seconds = wait_ms.div_ceil(1000);
        return page(
            &server,
            &visitor,
            &interaction,
            Notice::Wait { username, seconds },
        );
    }
    let name = account.clone();
    let checked = tokio::task::spawn_blocking(move || check_password(&name, &password)).await;
    let Some(user) = checked.ok().flatten() else {
        let now_ms = server.shared.clock.now_ms();
        lock(&server.throttle).failed(&account, connection.peer, now_ms);
        told(
            &server,
            EventKind::Refused,
            &interaction,
            "wrong user or password",
            &account,
        );
        return page(&server, &visitor, &interaction, Notice::Wrong { username });
    };
    lock(&server.throttle).succeeded(&account);
    told(
        &server,
        EventKind::Checked,
        &interaction,
        "password",
        &account,
    );
    let visitor = server.sign_in(&visitor, user);
    server.prove(&id, user.sub);
    match server.interaction(&id, &visitor) {
        Some(interaction) => proceed(&server, &visitor, interaction),
        None => pages::gone(&server, &visitor),
    }
}

fn told(
    server: &AuthServer,
    kind: EventKind,
    interaction: &Interaction,
    what: &str,
    account: &str,
) {
    let client = match &interaction.purpose {
        Purpose::Authorize(request) => Some(request.client.id.as_str()),
        Purpose::OwnPage(_) => None,
    };
    // A name that nobody has may be a password typed into the wrong field.
    let user = find_by_username(account).map_or("unknown", |user| user.username);
    server
        .shared
        .feed
        .event(EventServer::AuthorizationServer, kind, "/interaction/login")
        .maybe_client(client)
        .detail("what", what)
        .detail("user", user)
        .record();
}
