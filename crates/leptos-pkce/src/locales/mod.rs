//! The texts that the components show. Each language is one file; a missing text does not compile.

mod en;
mod ko;

use leptos::prelude::*;
use pkce_core::ErrorCode;

/// A language that the components have texts in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English
    #[default]
    En,
    /// Korean
    Ko,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 2] = [Language::En, Language::Ko];

    /// The BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Ko => "ko",
        }
    }

    /// The language of a BCP 47 tag, if it is one of ours.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or("");
        Self::ALL
            .into_iter()
            .find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The first of the browser's languages that is one of ours, else English.
    #[must_use]
    pub fn of_browser() -> Self {
        let tags = web_sys::window().map(|window| window.navigator().languages());
        let mut tags = tags
            .iter()
            .flat_map(|tags| tags.iter())
            .filter_map(|tag| tag.as_string());
        tags.find_map(|tag| Self::from_tag(&tag))
            .unwrap_or_default()
    }

    /// The built-in texts.
    #[must_use]
    pub const fn labels(self) -> &'static Labels {
        match self {
            Language::En => &en::LABELS,
            Language::Ko => &ko::LABELS,
        }
    }
}

/// Every text of the components. `{}` stands for a name.
#[derive(Clone, Copy, Debug)]
pub struct Labels {
    /// On a sign-in button; `{}` is the provider's name.
    pub sign_in_with: &'static str,
    /// On a sign-in button while the page is about to leave.
    pub signing_in: &'static str,
    /// On the sign-out button.
    pub sign_out: &'static str,
    /// While it is not known yet who is signed in.
    pub loading: &'static str,
    /// Where only a signed-in user sees more.
    pub sign_in_needed: &'static str,
    /// Where another user would see more.
    pub not_allowed: &'static str,
    /// Before the user's name, on the button of the user menu, for those who only hear it.
    pub account: &'static str,
    /// Before the idle limit ends the session.
    pub ends_idle: &'static str,
    /// Before the maximum age ends the session.
    pub ends_max_age: &'static str,
    /// How long the session still lasts; `{}` is minutes and seconds.
    pub time_left: &'static str,
    /// On the button that puts the idle limit off.
    pub stay_signed_in: &'static str,
    /// On the button that signs in anew before the session ends.
    pub sign_in_again: &'static str,
    /// On the button that tries again.
    pub try_again: &'static str,
    /// On the button that takes a notice away.
    pub dismiss: &'static str,
    /// Above what was expected and what came.
    pub error_details: &'static str,
    /// Before what was expected; `{}` is that, in English.
    pub expected: &'static str,
    /// Before what came; `{}` is that, in English.
    pub came: &'static str,
    /// Before the provider's own words; `{}` is those.
    pub provider_says: &'static str,
    /// What an error means: what happened, and what to do.
    pub error: fn(ErrorCode) -> (&'static str, &'static str),
}

/// Puts a name into a text.
pub(crate) fn fill(text: &str, name: &str) -> String {
    text.replace("{}", name)
}

/// The interface language of the nearest [`AuthProvider`](crate::AuthProvider), as a signal.
#[must_use]
pub fn use_language() -> Signal<Language> {
    use_context::<Signal<Language>>().unwrap_or_else(|| Signal::stored(Language::of_browser()))
}

/// The texts in the interface language, as a signal.
#[must_use]
pub fn use_labels() -> Signal<&'static Labels> {
    let language = use_language();
    Signal::derive(move || language.get().labels())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_text_of_its_kind_in_every_language() {
        for language in Language::ALL {
            for code in ErrorCode::ALL {
                let (title, advice) = (language.labels().error)(*code);
                assert!(
                    !title.is_empty() && !advice.is_empty(),
                    "{language:?} {code}"
                );
                let is_korean = |text: &str| text.chars().any(|c| ('가'..='힣').contains(&c));
                assert_eq!(is_korean(title), language == Language::Ko, "{title}");
                assert_eq!(is_korean(advice), language == Language::Ko, "{advice}");
            }
        }
    }

    #[test]
    fn only_unknown_codes_fall_back_to_the_general_text() {
        for language in Language::ALL {
            let error = language.labels().error;
            let general = error(ErrorCode::ProviderError);
            let same: Vec<_> = ErrorCode::ALL
                .iter()
                .filter(|code| **code != ErrorCode::ProviderError && error(**code) == general)
                .collect();
            assert!(same.is_empty(), "{language:?}: {same:?}");
        }
    }

    #[test]
    fn a_language_is_found_by_its_tag() {
        assert_eq!(Language::from_tag("ko-KR"), Some(Language::Ko));
        assert_eq!(Language::from_tag("EN_us"), Some(Language::En));
        assert_eq!(Language::from_tag("kok"), None);
    }
}
