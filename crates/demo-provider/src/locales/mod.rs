//! The texts that people read, by language. A language that lacks one does not compile.

mod en;
mod ko;

pub(crate) use en::EN;
pub(crate) use ko::KO;

use crate::origin::RedirectUriProblem;

/// Every text of the pages. `{}` in a text stands for a name, which is set apart when shown.
pub(crate) struct Messages {
    /// The language's name in itself.
    pub(crate) own_name: &'static str,
    /// The product's name.
    pub(crate) product: &'static str,
    /// Label of the language switch.
    pub(crate) language: &'static str,
    /// Foot of every page.
    pub(crate) footer: &'static str,
    /// Title of the sign-in page.
    pub(crate) login_title: &'static str,
    /// Under the title; `{}` is the app's name.
    pub(crate) login_for: &'static str,
    /// Label.
    pub(crate) username: &'static str,
    /// Label.
    pub(crate) password: &'static str,
    /// Button.
    pub(crate) login_submit: &'static str,
    /// User or password is wrong.
    pub(crate) login_wrong: &'static str,
    /// Where the passwords are.
    pub(crate) login_demo_users: &'static str,
    /// A form that is too old or not ours.
    pub(crate) form_stale: &'static str,
    /// Title of the consent page's tab.
    pub(crate) consent_heading: &'static str,
    /// Title; `{}` is the app's name.
    pub(crate) consent_title: &'static str,
    /// `{}` is the user's name.
    pub(crate) consent_signed_in_as: &'static str,
    /// Heading of the list of scopes.
    pub(crate) consent_scopes: &'static str,
    /// Heading of the list of resources.
    pub(crate) consent_resources: &'static str,
    /// The demo API in words.
    pub(crate) resource_api: &'static str,
    /// The calendar in words.
    pub(crate) resource_calendar: &'static str,
    /// The tokens will be bound to a key.
    pub(crate) consent_dpop: &'static str,
    /// `{}` is the app's origin.
    pub(crate) consent_returns_to: &'static str,
    /// Button.
    pub(crate) consent_allow: &'static str,
    /// Button.
    pub(crate) consent_deny: &'static str,
    /// `openid` in words.
    pub(crate) scope_openid: &'static str,
    /// `profile` in words.
    pub(crate) scope_profile: &'static str,
    /// `email` in words.
    pub(crate) scope_email: &'static str,
    /// `offline_access` in words.
    pub(crate) scope_offline_access: &'static str,
    /// `notes:read` in words.
    pub(crate) scope_notes_read: &'static str,
    /// `notes:write` in words.
    pub(crate) scope_notes_write: &'static str,
    /// Title of the page that asks for a one-time code.
    pub(crate) code_title: &'static str,
    /// `{}` is the app's name.
    pub(crate) code_for: &'static str,
    /// Label.
    pub(crate) code_label: &'static str,
    /// Help.
    pub(crate) code_help: &'static str,
    /// Button.
    pub(crate) code_submit: &'static str,
    /// Error.
    pub(crate) code_wrong: &'static str,
    /// Error.
    pub(crate) code_used: &'static str,
    /// Heading.
    pub(crate) code_set_up_title: &'static str,
    /// Text.
    pub(crate) code_set_up_text: &'static str,
    /// Term.
    pub(crate) code_key: &'static str,
    /// Term.
    pub(crate) code_link: &'static str,
    /// Before the code that a demo shows.
    pub(crate) code_demo: &'static str,
    /// Heading.
    pub(crate) account_codes: &'static str,
    /// Text.
    pub(crate) account_codes_on: &'static str,
    /// Text.
    pub(crate) account_codes_off: &'static str,
    /// Title and link.
    pub(crate) logout_title: &'static str,
    /// `{}` is the user's name.
    pub(crate) logout_question: &'static str,
    /// `{}` is the app's name.
    pub(crate) logout_asked_by: &'static str,
    /// Button.
    pub(crate) logout_confirm: &'static str,
    /// Link.
    pub(crate) logout_stay: &'static str,
    /// Title.
    pub(crate) logout_done: &'static str,
    /// Text.
    pub(crate) logout_done_text: &'static str,
    /// Title of a page that explains a bad request.
    pub(crate) problem_title: &'static str,
    /// Too many parameters.
    pub(crate) problem_malformed: &'static str,
    /// Unknown client.
    pub(crate) problem_client: &'static str,
    /// Unregistered redirect URI.
    pub(crate) problem_redirect_uri: &'static str,
    /// A request that had to be pushed and was not.
    pub(crate) problem_not_pushed: &'static str,
    /// A pushed request that was used, or is too old.
    pub(crate) problem_request_uri: &'static str,
    /// Bad sign-out request.
    pub(crate) problem_logout: &'static str,
    /// Title.
    pub(crate) gone_title: &'static str,
    /// Text.
    pub(crate) gone_text: &'static str,
    /// Title.
    pub(crate) stale_title: &'static str,
    /// Title.
    pub(crate) not_found_title: &'static str,
    /// Text.
    pub(crate) not_found_text: &'static str,
    /// Title.
    pub(crate) home_title: &'static str,
    /// Text.
    pub(crate) home_text: &'static str,
    /// `{}` is the user's name.
    pub(crate) home_signed_in: &'static str,
    /// Text.
    pub(crate) home_signed_out: &'static str,
    /// Link.
    pub(crate) home_app: &'static str,
    /// Text.
    pub(crate) home_app_text: &'static str,
    /// Text.
    pub(crate) home_account_text: &'static str,
    /// Text.
    pub(crate) home_developers_text: &'static str,
    /// Link.
    pub(crate) home_discovery: &'static str,
    /// Text.
    pub(crate) home_discovery_text: &'static str,
    /// Text.
    pub(crate) home_logout_text: &'static str,
    /// Title and link.
    pub(crate) account_title: &'static str,
    /// `{}` is the user's name.
    pub(crate) account_of: &'static str,
    /// Heading.
    pub(crate) account_grants: &'static str,
    /// Text.
    pub(crate) account_grants_text: &'static str,
    /// Text.
    pub(crate) account_no_grants: &'static str,
    /// Before a moment.
    pub(crate) account_given_at: &'static str,
    /// Button.
    pub(crate) account_withdraw: &'static str,
    /// Title and link.
    pub(crate) developers_title: &'static str,
    /// Text.
    pub(crate) developers_text: &'static str,
    /// Label.
    pub(crate) register_name: &'static str,
    /// Legend.
    pub(crate) register_type: &'static str,
    /// Choice.
    pub(crate) register_public: &'static str,
    /// Text.
    pub(crate) register_public_text: &'static str,
    /// Choice.
    pub(crate) register_confidential: &'static str,
    /// Text.
    pub(crate) register_confidential_text: &'static str,
    /// Label.
    pub(crate) register_redirect_uris: &'static str,
    /// Term.
    pub(crate) redirect_uris: &'static str,
    /// Help.
    pub(crate) register_redirect_uris_help: &'static str,
    /// Label.
    pub(crate) register_post_logout: &'static str,
    /// Button.
    pub(crate) register_submit: &'static str,
    /// Error.
    pub(crate) register_bad_name: &'static str,
    /// Error.
    pub(crate) register_no_redirect_uri: &'static str,
    /// Error.
    pub(crate) register_full: &'static str,
    /// Heading.
    pub(crate) no_secret_title: &'static str,
    /// Text.
    pub(crate) no_secret_text: &'static str,
    /// Heading.
    pub(crate) registered_apps: &'static str,
    /// Title.
    pub(crate) registered_title: &'static str,
    /// `{}` is the app's name.
    pub(crate) registered_text: &'static str,
    /// Term.
    pub(crate) client_id: &'static str,
    /// Term.
    pub(crate) client_secret: &'static str,
    /// Term.
    pub(crate) issuer: &'static str,
    /// Text.
    pub(crate) secret_once: &'static str,
    /// Link.
    pub(crate) register_another: &'static str,
    /// Heading.
    pub(crate) offers_title: &'static str,
    /// Text.
    pub(crate) offers_text: &'static str,
    /// Term.
    pub(crate) offer_par: &'static str,
    /// Term.
    pub(crate) offer_dpop: &'static str,
    /// Term.
    pub(crate) offer_issuer_nonces: &'static str,
    /// Term.
    pub(crate) offer_api_nonces: &'static str,
    /// Term.
    pub(crate) offer_bearer: &'static str,
    /// Term.
    pub(crate) offer_levels: &'static str,
    /// Term.
    pub(crate) offer_vault: &'static str,
    /// Term.
    pub(crate) offer_resources: &'static str,
    /// Something optional that works.
    pub(crate) offer_taken: &'static str,
    /// The same, left out of the metadata.
    pub(crate) offer_unadvertised: &'static str,
    /// Something that must be done.
    pub(crate) offer_required: &'static str,
    /// Something that does not work.
    pub(crate) offer_off: &'static str,
    /// No nonces.
    pub(crate) nonces_off: &'static str,
    /// Nonces.
    pub(crate) nonces_required: &'static str,
    /// A new nonce each time.
    pub(crate) nonces_rotating: &'static str,
    /// In words.
    pub(crate) level_password: &'static str,
    /// In words.
    pub(crate) level_second_factor: &'static str,
    /// Term.
    pub(crate) registered_demands: &'static str,
    /// What opens the vault; seconds.
    pub(crate) offer_vault_text: fn(u64) -> String,
    /// Too many wrong passwords; seconds to wait.
    pub(crate) login_wait: fn(u64) -> String,
    /// Too many wrong codes; seconds to wait.
    pub(crate) code_wait: fn(u64) -> String,
    /// All codes of a demo were used; seconds to the next.
    pub(crate) code_demo_wait: fn(u64) -> String,
    /// A moment in UTC: year, month, day, hour, minute.
    pub(crate) moment: fn(u64, u64, u64, u64, u64) -> String,
    /// A redirect URI that can't be registered.
    pub(crate) register_bad_redirect_uri: fn(&str, RedirectUriProblem) -> String,
}
