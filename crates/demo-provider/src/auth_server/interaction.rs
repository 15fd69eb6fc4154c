//! From an authorization request to its answer: sign in, consent, back to the app.

use std::collections::HashMap;

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::authorization_request::{AuthorizationRequest, Prompt};
use super::grants::NewGrant;
use super::lang::Lang;
use super::pages::redirect;
use super::session::{SignedIn, Visitor};
use super::{AuthServer, ServerState, consent, login, pages, second_factor};
use crate::clock::to_ms;
use crate::feed::{EventKind, EventServer};
use crate::lock;
use crate::params::Params;
use crate::secret::{Secret, random_id};

/// How long a user may take, in milliseconds.
const LIFETIME_MS: u64 = 30 * 60 * 1000;
/// How many interactions are open at the most; the oldest goes first.
const MOST: usize = 5_000;

/// Why the user is asked for something.
#[derive(Clone, Debug)]
pub(crate) enum Purpose {
    /// An app asked for an authorization.
    Authorize(Box<AuthorizationRequest>),
    /// One of this server's own pages needs to know who it is.
    OwnPage(&'static str),
}

/// An unfinished conversation with a user.
#[derive(Clone, Debug)]
pub(crate) struct Interaction {
    pub(crate) id: String,
    /// The browser it belongs to; no other can go on with it.
    browser: String,
    pub(crate) purpose: Purpose,
    /// What the sign-in form must carry. It is the interaction's own, so that one tab's sign-in
    /// does not spoil the form that stands open in another.
    pub(crate) csrf: Secret,
    /// The user who gave the password within this interaction.
    proved: Option<&'static str>,
    /// Chosen with the page's language switch.
    pub(crate) lang: Option<Lang>,
    started_ms: u64,
}

impl Interaction {
    /// The page's language: as switched, else as the app asked, else as the browser is set.
    pub(crate) fn lang(&self, visitor: &Visitor) -> Lang {
        let asked = match &self.purpose {
            Purpose::Authorize(request) => request.lang,
            Purpose::OwnPage(_) => None,
        };
        self.lang.or(asked).unwrap_or(visitor.lang)
    }

    /// The user who gave the password within it.
    pub(crate) fn proved(&self) -> Option<&str> {
        self.proved
    }

    pub(crate) fn path(&self) -> String {
        format!("/interaction/{}", self.id)
    }
}

/// Every open interaction.
#[derive(Debug, Default)]
pub(crate) struct Interactions(HashMap<String, Interaction>);

/// What must happen next for a request to be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    SignIn,
    SecondFactor,
    Consent,
    Grant,
}

impl AuthServer {
    /// Opens an interaction for this browser.
    pub(crate) fn start_interaction(&self, visitor: &Visitor, purpose: Purpose) -> Interaction {
        let now_ms = self.shared.clock.now_ms();
        let interaction = Interaction {
            id: random_id(),
            browser: visitor.browser.clone(),
            purpose,
            csrf: Secret::random(),
            proved: None,
            lang: None,
            started_ms: now_ms,
        };
        let mut open = lock(&self.interactions);
        open.0
            .retain(|_, old| now_ms < old.started_ms.saturating_add(LIFETIME_MS));
        if open.0.len() >= MOST {
            let oldest = open.0.values().min_by_key(|old| old.started_ms);
            if let Some(id) = oldest.map(|old| old.id.clone()) {
                open.0.remove(&id);
            }
        }
        open.0.insert(interaction.id.clone(), interaction.clone());
        interaction
    }

    /// The open interaction of that name, if it is this browser's.
    pub(crate) fn interaction(&self, id: &str, visitor: &Visitor) -> Option<Interaction> {
        let now_ms = self.shared.clock.now_ms();
        let open = lock(&self.interactions);
        let interaction = open.0.get(id)?;
        let in_time = now_ms < interaction.started_ms.saturating_add(LIFETIME_MS);
        (in_time && interaction.browser == visitor.browser).then(|| interaction.clone())
    }

    /// Remembers that a user gave the password within the interaction.
    pub(crate) fn prove(&self, id: &str, sub: &'static str) {
        if let Some(interaction) = lock(&self.interactions).0.get_mut(id) {
            interaction.proved = Some(sub);
        }
    }

    fn switch_language(&self, id: &str, lang: Lang) {
        if let Some(interaction) = lock(&self.interactions).0.get_mut(id) {
            interaction.lang = Some(lang);
        }
    }

    /// Ends an interaction. Only the first to end it gets it, so a form that is sent twice is
    /// answered once.
    pub(crate) fn end_interaction(&self, id: &str) -> Option<Interaction> {
        lock(&self.interactions).0.remove(id)
    }

    /// What a request still needs, given who is signed in.
    pub(crate) fn next_step(
        &self,
        request: &AuthorizationRequest,
        user: Option<&SignedIn>,
        proved: Option<&str>,
    ) -> Step {
        let Some(signed_in) = user else {
            return Step::SignIn;
        };
        if request
            .required_sub
            .as_deref()
            .is_some_and(|sub| sub != signed_in.user.sub)
        {
            return Step::SignIn;
        }
        let age = self.shared.clock.now().saturating_sub(signed_in.auth_time);
        let too_old = request
            .max_age
            .is_some_and(|max_age| age > max_age || max_age == 0);
        let asks_again = matches!(request.prompt, Prompt::Ask { login: true, .. });
        if (too_old || asks_again) && proved != Some(signed_in.user.sub) {
            return Step::SignIn;
        }
        if signed_in.level < request.level {
            return Step::SecondFactor;
        }
        let must_ask = matches!(request.prompt, Prompt::Ask { consent: true, .. });
        let remembered = lock(&self.consents).covers(
            signed_in.user.sub,
            &request.client.id,
            &request.scopes,
            &request.resources,
        );
        if must_ask || !remembered {
            Step::Consent
        } else {
            Step::Grant
        }
    }

    /// Grants a request: makes the code and leads back to the app.
    pub(crate) fn grant(&self, request: &AuthorizationRequest, signed_in: &SignedIn) -> Response {
        let new = NewGrant {
            sub: signed_in.user.sub.to_owned(),
            client_id: request.client.id.clone(),
            scopes: request.scopes.clone(),
            resources: request.resources.clone(),
            auth_time: signed_in.auth_time,
            level: signed_in.level,
            nonce: request.nonce.clone(),
            redirect_uri: request.redirect_uri.clone(),
            challenge: request.challenge.clone(),
            dpop_jkt: request.dpop_jkt.clone(),
        };
        let code = lock(&self.grants).issue_code(
            new,
            self.shared.clock.now_ms(),
            to_ms(self.settings.code_lifetime),
            to_ms(self.settings.refresh_token_lifetime),
        );
        self.shared
            .feed
            .event(
                EventServer::AuthorizationServer,
                EventKind::Issued,
                "/authorize",
            )
            .client(&request.client.id)
            .detail("issued", "code")
            .detail("scope", request.scopes.to_string())
            .detail("user", signed_in.user.username)
            .detail("acr", signed_in.level.acr())
            .record();
        request.answer(self, &[("code", code.expose())])
    }
}

/// The page that an interaction stands at.
pub(crate) async fn show(
    State(server): State<ServerState>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let visitor = server.visitor(&headers);
    let Some(mut interaction) = server.interaction(&id, &visitor) else {
        return pages::gone(&server, &visitor);
    };
    let params = Params::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    if let Some(lang) = params.get("lang").and_then(Lang::tagged) {
        server.switch_language(&id, lang);
        interaction.lang = Some(lang);
    }
    advance(&server, &visitor, interaction)
}

/// Goes on with an interaction: straight to the answer where nothing is to be asked, else to the
/// address of its page, so that a reload shows the page and repeats nothing.
pub(crate) fn proceed(
    server: &AuthServer,
    visitor: &Visitor,
    interaction: Interaction,
) -> Response {
    let needs_page = match &interaction.purpose {
        Purpose::Authorize(request) => {
            server.next_step(request, visitor.user.as_ref(), interaction.proved) != Step::Grant
        }
        Purpose::OwnPage(_) => visitor.user.is_none(),
    };
    if needs_page {
        redirect(server, visitor, &interaction.path())
    } else {
        advance(server, visitor, interaction)
    }
}

/// Goes on with an interaction as far as it can without the user.
fn advance(server: &AuthServer, visitor: &Visitor, interaction: Interaction) -> Response {
    let request = match &interaction.purpose {
        Purpose::Authorize(request) => request,
        Purpose::OwnPage(path) => {
            return match &visitor.user {
                Some(_) => {
                    server.end_interaction(&interaction.id);
                    redirect(server, visitor, path)
                }
                None => login::page(server, visitor, &interaction, login::Notice::None),
            };
        }
    };
    let step = server.next_step(request, visitor.user.as_ref(), interaction.proved);
    match (step, &visitor.user) {
        (Step::SecondFactor, Some(signed_in)) => {
            let notice = second_factor::Notice::None;
            second_factor::page(server, visitor, &interaction, request, signed_in, notice)
        }
        (Step::Consent, Some(signed_in)) => {
            consent::page(server, visitor, &interaction, request, signed_in)
        }
        (Step::Grant, Some(signed_in)) => match server.end_interaction(&interaction.id) {
            Some(_) => pages::with_session(server, visitor, server.grant(request, signed_in)),
            None => pages::gone(server, visitor),
        },
        _ => login::page(server, visitor, &interaction, login::Notice::None),
    }
}
