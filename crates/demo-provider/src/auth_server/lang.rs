//! The languages of the pages, and which one a request wants.

use axum::http::{HeaderMap, header};

use super::AuthServer;
use crate::locales::{EN, KO, Messages};
use crate::scope::Scope;
use crate::shared::Urls;

/// The languages that the pages speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lang {
    English,
    Korean,
}

impl Lang {
    /// Each of them.
    pub(crate) const ALL: [Self; 2] = [Self::English, Self::Korean];

    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Korean => "ko",
        }
    }

    pub(crate) fn messages(self) -> &'static Messages {
        match self {
            Self::English => &EN,
            Self::Korean => &KO,
        }
    }

    /// By a BCP 47 tag's first part.
    pub(crate) fn tagged(tag: &str) -> Option<Self> {
        let primary = tag.trim().split('-').next().unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|lang| primary.eq_ignore_ascii_case(lang.tag()))
    }

    /// `ui_locales`: tags in order of preference (OpenID Connect Core 3.1.2.1).
    pub(crate) fn from_ui_locales(locales: &str) -> Option<Self> {
        locales.split(' ').find_map(Self::tagged)
    }

    /// `Accept-Language` (RFC 9110 12.5.4), by quality.
    fn from_accept_language(value: &str) -> Option<Self> {
        let quality = |range: &str| -> f32 {
            let weight = range
                .split(';')
                .find_map(|part| part.trim().strip_prefix("q="));
            weight.map_or(1.0, |weight| weight.trim().parse().unwrap_or(0.0))
        };
        let mut best: Option<(f32, Self)> = None;
        for range in value.split(',') {
            let Some(lang) = range.split(';').next().and_then(Self::tagged) else {
                continue;
            };
            let quality = quality(range);
            if quality > 0.0 && best.is_none_or(|(known, _)| quality > known) {
                best = Some((quality, lang));
            }
        }
        best.map(|(_, lang)| lang)
    }

    /// A scope in words.
    pub(crate) fn scope(self, scope: Scope) -> &'static str {
        let m = self.messages();
        match scope {
            Scope::OpenId => m.scope_openid,
            Scope::Profile => m.scope_profile,
            Scope::Email => m.scope_email,
            Scope::OfflineAccess => m.scope_offline_access,
            Scope::NotesRead => m.scope_notes_read,
            Scope::NotesWrite => m.scope_notes_write,
        }
    }

    /// A resource in words, where it is one of the demo API's.
    pub(crate) fn resource(self, urls: &Urls, resource: &str) -> Option<&'static str> {
        let m = self.messages();
        if resource == urls.api_resource() {
            Some(m.resource_api)
        } else if resource == urls.calendar_resource() {
            Some(m.resource_calendar)
        } else {
            None
        }
    }

    /// A moment, for people: a date and a time in UTC.
    pub(crate) fn moment(self, unix_seconds: u64) -> String {
        let (year, month, day) = civil_date(unix_seconds / 86_400);
        let (hour, minute) = (unix_seconds / 3_600 % 24, unix_seconds / 60 % 60);
        (self.messages().moment)(year, month, day, hour, minute)
    }
}

/// The Gregorian date of a day counted from 1970-01-01 (after Hinnant's `civil_from_days`).
fn civil_date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

impl AuthServer {
    /// The language for a browser: as it chose with the switch, else as it is set.
    pub(crate) fn lang_of(&self, headers: &HeaderMap) -> Lang {
        let chosen = self
            .read_cookie(headers, "lang")
            .and_then(|tag| Lang::tagged(&tag));
        let accepted = headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .and_then(Lang::from_accept_language);
        chosen.or(accepted).unwrap_or(Lang::English)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_first_known_of_ui_locales() {
        assert_eq!(Lang::from_ui_locales("fr ko-KR en"), Some(Lang::Korean));
        assert_eq!(Lang::from_ui_locales("EN-us"), Some(Lang::English));
        assert_eq!(Lang::from_ui_locales("fr de"), None);
    }

    #[test]
    fn accept_language_is_weighed() {
        let lang = Lang::from_accept_language;
        assert_eq!(lang("en;q=0.5, ko;q=0.9"), Some(Lang::Korean));
        assert_eq!(lang("ko-KR,ko;q=0.9,en-US;q=0.8"), Some(Lang::Korean));
        assert_eq!(lang("ko;q=0, en;q=0.1"), Some(Lang::English));
        assert_eq!(lang("*"), None);
        assert_eq!(lang(";;q=,,"), None);
    }

    #[test]
    fn days_become_dates() {
        assert_eq!(civil_date(0), (1970, 1, 1));
        assert_eq!(civil_date(11_016), (2000, 2, 29));
        assert_eq!(civil_date(20_453), (2025, 12, 31));
    }
}
