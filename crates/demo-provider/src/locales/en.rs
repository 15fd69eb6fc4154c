//! English.

use super::Messages;
use crate::origin::RedirectUriProblem;

/// English.
pub(crate) const EN: Messages = Messages {
    own_name: "English",
    product: "Demo provider",
    language: "Language",
    footer: "A demo for learning and testing. Do not enter a real password here.",
    login_title: "Sign in",
    login_for: "to continue to {}",
    username: "User name",
    password: "Password",
    login_submit: "Sign in",
    login_wrong: "The user name or the password is wrong. Please check both and try again.",
    login_demo_users: "The demo users and their passwords were printed where the demo was started.",
    form_stale: "This form was no longer valid, so nothing was done. Please try again.",
    consent_heading: "Allow access",
    consent_title: "{} wants access",
    consent_signed_in_as: "You are signed in as {}.",
    consent_scopes: "It would be able to:",
    consent_resources: "At these services:",
    resource_api: "Your notes and profile",
    resource_calendar: "Your calendar",
    consent_dpop: "What the app gets will be bound to a key of its own: a stolen copy is worth nothing without that key.",
    consent_returns_to: "Whatever you choose, you return to {}.",
    consent_allow: "Allow",
    consent_deny: "Deny",
    scope_openid: "Know who you are",
    scope_profile: "See your name and language",
    scope_email: "See your email address",
    scope_offline_access: "Stay signed in without asking you again",
    scope_notes_read: "Read your notes",
    scope_notes_write: "Add, change and delete your notes",
    code_title: "One more step",
    code_for: "{} asks for more than your password.",
    code_label: "One-time code",
    code_help: "The six digits that your authenticator app shows now.",
    code_submit: "Continue",
    code_wrong: "This code is not right. Please enter the one that your app shows now.",
    code_used: "This code was used already. Please wait until your app shows the next one.",
    code_set_up_title: "Set up one-time codes",
    code_set_up_text: "Add your account to an authenticator app: open the link on your phone, or type in the key. Then enter the first code below. After that, the key is not shown again.",
    code_key: "Key",
    code_link: "Link",
    code_demo: "No authenticator app at hand? In this demo, the code is",
    account_codes: "One-time codes",
    account_codes_on: "They are set up: apps can ask for one when you do something important.",
    account_codes_off: "They are not set up. You can do so as soon as an app asks for one.",
    logout_title: "Sign out",
    logout_question: "Do you want to sign out, {}?",
    logout_asked_by: "{} asked for this.",
    logout_confirm: "Sign out",
    logout_stay: "Stay signed in",
    logout_done: "You are signed out",
    logout_done_text: "You can close this page.",
    problem_title: "This request can't be answered",
    problem_malformed: "The app that sent you here made a malformed request. Please go back and try again.",
    problem_client: "The app that sent you here is not registered. To keep you safe you were not sent back to it. If you are its developer, check client_id.",
    problem_redirect_uri: "The app wants you sent to an address that is not registered for it. To keep you safe you were not sent there. If you are its developer, check redirect_uri: it must be registered character for character.",
    problem_not_pushed: "This app must hand its sign-in request to this server directly and then send you here with a reference to it. It sent the request through your browser instead, so nothing was done. Please go back to the app. If you are its developer, push the request to the endpoint that the discovery document names as pushed_authorization_request_endpoint, then send only client_id and request_uri.",
    problem_request_uri: "This sign-in link works once and for a short time, and it was used already or is too old. Please go back to the app and start again.",
    problem_logout: "The app's sign-out request does not fit its registration, so you were not sent back to it. You are still signed in here; you can sign out on the account page.",
    gone_title: "This sign-in is over",
    gone_text: "It was finished already, took too long, or was started in another browser. Please go back to the app and start again.",
    stale_title: "Please try again",
    not_found_title: "There is no such page",
    not_found_text: "The address may be mistyped.",
    home_title: "One account for your apps",
    home_text: "Apps send you here to sign in. They learn who you are without ever seeing your password.",
    home_signed_in: "You are signed in as {}.",
    home_signed_out: "You are not signed in.",
    home_app: "Open the demo app",
    home_app_text: "Where the journey starts.",
    home_account_text: "See what you allowed which app, and withdraw it.",
    home_developers_text: "Register an app of your own.",
    home_discovery: "Discovery document",
    home_discovery_text: "What this server offers, for programs.",
    home_logout_text: "End your session here.",
    account_title: "Your account",
    account_of: "Signed in as {}.",
    account_grants: "What you allowed",
    account_grants_text: "When you withdraw, the app's tokens end and it must ask you again. An access token that it already holds still opens the notes until it expires, since the notes service verifies it without asking here.",
    account_no_grants: "No app has been allowed anything.",
    account_given_at: "Allowed:",
    account_withdraw: "Withdraw",
    developers_title: "For developers",
    developers_text: "Register an app to let its users sign in here.",
    register_name: "Name of the app",
    register_type: "Kind of app",
    register_public: "In the browser or on a phone (public)",
    register_public_text: "Gets an ID and no secret.",
    register_confidential: "On a server (confidential)",
    register_confidential_text: "Gets an ID and a secret, with which it proves itself at the token endpoint.",
    register_redirect_uris: "Redirect URIs, one a line",
    redirect_uris: "Redirect URIs",
    register_redirect_uris_help: "Compared character for character: https, or http on localhost.",
    register_post_logout: "Addresses after sign-out, one a line (optional)",
    register_submit: "Register",
    register_bad_name: "The name must have 1 to 100 characters.",
    register_no_redirect_uri: "Enter 1 to 20 redirect URIs.",
    register_full: "The app could not be registered: this demo keeps no more of them.",
    no_secret_title: "Why does an app in the browser get no secret?",
    no_secret_text: "Everything such an app holds is sent to each user's browser, where anyone can read it in the page's source or the network panel. A secret that everybody knows proves nothing. What protects the sign-in instead: the code is sent only to a registered address, and PKCE ties it to the tab that asked for it.",
    registered_apps: "Registered apps",
    registered_title: "Registered",
    registered_text: "{} can now send its users here.",
    client_id: "Client ID",
    client_secret: "Client secret",
    issuer: "Issuer",
    secret_once: "Copy the secret now: it is shown this once, and only its hash is kept.",
    register_another: "Register another app",
    offers_title: "What this server offers now",
    offers_text: "The fault panel of the demo and the options of the program change it.",
    offer_par: "Pushed authorization requests",
    offer_dpop: "Tokens that are bound to a key",
    offer_issuer_nonces: "Nonces in proofs, at this server",
    offer_api_nonces: "Nonces in proofs, at the API",
    offer_bearer: "Bearer tokens at the API",
    offer_levels: "Levels of sign-in",
    offer_vault: "The vault",
    offer_resources: "Resources",
    offer_taken: "possible",
    offer_unadvertised: "possible, and not in the discovery document",
    offer_required: "required",
    offer_off: "switched off",
    nonces_off: "not needed",
    nonces_required: "required",
    nonces_rotating: "required, a new one in every answer",
    level_password: "with a password",
    level_second_factor: "with a password and a one-time code",
    registered_demands: "Demands",
    login_wait: |seconds| match seconds {
        1 => {
            "There were too many wrong passwords. Please wait a second, then try again.".to_owned()
        }
        _ => format!(
            "There were too many wrong passwords. Please wait {seconds} seconds, then try again."
        ),
    },
    code_wait: |seconds| match seconds {
        1 => "There were too many wrong codes. Please wait a second, then try again.".to_owned(),
        _ => {
            format!(
                "There were too many wrong codes. Please wait {seconds} seconds, then try again."
            )
        }
    },
    code_demo_wait: |seconds| {
        match seconds {
        1 => "No authenticator app at hand? In this demo, the next code comes in a second: reload this page then.".to_owned(),
        _ => format!(
            "No authenticator app at hand? In this demo, the next code comes in {seconds} seconds: reload this page then."
        ),
    }
    },
    offer_vault_text: |seconds| {
        format!(
            "opens to a sign-in with a one-time code that is no older than {seconds} s (RFC 9470)"
        )
    },
    moment: |year, month, day, hour, minute| {
        format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
    },
    register_bad_redirect_uri: |uri, problem| {
        let problem = match problem {
            RedirectUriProblem::NotAbsolute => "is not an absolute URL.",
            RedirectUriProblem::Fragment => {
                "has a fragment (#…), which a redirect URI must not have."
            }
            RedirectUriProblem::UserInfo => "holds a user name or a password.",
            RedirectUriProblem::Scheme => {
                "must use https, or http on localhost, 127.0.0.1 or [::1]."
            }
            RedirectUriProblem::Characters => {
                "has blanks, control characters, backslashes or non-ASCII characters."
            }
            RedirectUriProblem::TooLong => "is too long.",
        };
        format!("“{uri}” {problem}")
    },
};
