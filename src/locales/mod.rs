//! The texts of the app. Each language is one file; a missing text does not compile.

mod en;
mod ko;

use leptos_pkce::Language;

/// Every text of the app. `{}` stands for a name, a time or a number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Messages {
    /// The app's name.
    pub(crate) name: &'static str,
    pub(crate) skip_to_content: &'static str,
    pub(crate) navigation: &'static str,
    pub(crate) nav_home: &'static str,
    pub(crate) nav_notes: &'static str,
    pub(crate) language: &'static str,
    pub(crate) footer: &'static str,

    pub(crate) broken_title: &'static str,
    pub(crate) unknown_title: &'static str,
    pub(crate) unknown_advice: &'static str,
    pub(crate) to_home: &'static str,

    pub(crate) welcome_title: &'static str,
    pub(crate) welcome_lead: &'static str,
    pub(crate) steps_title: &'static str,
    pub(crate) steps: [(&'static str, &'static str); 4],
    pub(crate) notes_need_sign_in: &'static str,
    pub(crate) note_needs_sign_in: &'static str,
    pub(crate) back_here_advice: &'static str,

    /// `{}` is the user's name.
    pub(crate) hello: &'static str,
    pub(crate) hello_lead: &'static str,
    pub(crate) profile_title: &'static str,
    pub(crate) profile_name: &'static str,
    pub(crate) profile_email: &'static str,
    pub(crate) profile_sub: &'static str,
    pub(crate) profile_issuer: &'static str,

    pub(crate) api_title: &'static str,
    /// `{}` is the URL.
    pub(crate) api_lead: &'static str,
    pub(crate) api_call: &'static str,
    pub(crate) api_calling: &'static str,
    /// `{}` is the status code.
    pub(crate) status: &'static str,

    pub(crate) session_title: &'static str,
    pub(crate) time_left: &'static str,
    pub(crate) time_left_unknown: &'static str,
    pub(crate) token_issued: &'static str,
    pub(crate) token_lifetime: &'static str,
    pub(crate) token_lifetime_unknown: &'static str,
    pub(crate) token_type: &'static str,
    pub(crate) token_scopes: &'static str,
    pub(crate) no_scopes: &'static str,
    pub(crate) signed_in_at: &'static str,
    pub(crate) session_ends: &'static str,
    pub(crate) tabs: &'static str,
    pub(crate) tabs_alone: &'static str,
    pub(crate) tabs_family: &'static str,
    pub(crate) tabs_limited: &'static str,
    pub(crate) renewals: &'static str,
    pub(crate) renewal_by_itself: &'static str,
    pub(crate) renewal_impossible: &'static str,
    /// `{}` is a time.
    pub(crate) renewal_done: &'static str,
    pub(crate) renewal_running: &'static str,
    /// `{}` is a time.
    pub(crate) renewal_retry: &'static str,
    /// `{}`: the time of the next attempt.
    pub(crate) renewal_offline: &'static str,
    pub(crate) renewal_stopped: &'static str,
    pub(crate) refresh_now: &'static str,

    pub(crate) try_again: &'static str,
    pub(crate) sign_in_again: &'static str,
    pub(crate) error_details: &'static str,

    pub(crate) notes_title: &'static str,
    pub(crate) notes_lead: &'static str,
    pub(crate) notes_absent_title: &'static str,
    pub(crate) notes_absent_advice: &'static str,
    pub(crate) notes_loading: &'static str,
    pub(crate) notes_empty: &'static str,
    pub(crate) note_title: &'static str,
    pub(crate) note_loading: &'static str,
    pub(crate) note_new: &'static str,
    pub(crate) note_edit: &'static str,
    pub(crate) note_delete: &'static str,
    pub(crate) note_delete_question: &'static str,
    pub(crate) note_delete_confirm: &'static str,
    pub(crate) note_cancel: &'static str,
    pub(crate) note_save: &'static str,
    pub(crate) note_field_title: &'static str,
    pub(crate) note_field_body: &'static str,
    pub(crate) note_title_wanted: &'static str,
    pub(crate) note_without_text: &'static str,
    /// `{}` is date and time.
    pub(crate) note_changed: &'static str,
    pub(crate) note_working: &'static str,
    pub(crate) note_saved: &'static str,
    pub(crate) note_deleted: &'static str,
    pub(crate) to_notes: &'static str,
    /// 404: what happened, and what to do; so are the next two.
    pub(crate) note_missing: (&'static str, &'static str),
    /// 400, 413, 415, 422
    pub(crate) note_not_accepted: (&'static str, &'static str),
    /// 409
    pub(crate) note_conflict: (&'static str, &'static str),
}

/// Picks one text.
pub(crate) type Pick = fn(&Messages) -> &'static str;

impl Messages {
    /// The texts of a language.
    pub(crate) const fn of(language: Language) -> &'static Self {
        match language {
            Language::En => &en::EN,
            Language::Ko => &ko::KO,
        }
    }
}

/// What a language calls itself.
pub(crate) const fn own_name(language: Language) -> &'static str {
    match language {
        Language::En => "English",
        Language::Ko => "한국어",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_with_a_place_for_a_value_have_it_in_every_language() {
        for language in Language::ALL {
            let texts = Messages::of(language);
            for text in [
                texts.hello,
                texts.api_lead,
                texts.status,
                texts.renewal_done,
                texts.renewal_retry,
                texts.renewal_offline,
                texts.note_changed,
            ] {
                assert_eq!(text.matches("{}").count(), 1, "{language:?}: {text}");
            }
        }
    }
}
