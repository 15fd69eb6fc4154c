//! Times, dates and numbers as people read them.

use js_sys::{Array, Date, Intl, Object, Reflect};
use leptos::wasm_bindgen::JsValue;
use leptos_pkce::{Language, Timestamp};

/// Time left as `m:ss`, or `h:mm:ss` from an hour on.
pub(crate) fn countdown(seconds: u64) -> String {
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// The time of day, to the second.
pub(crate) fn time(at: Timestamp, language: Language) -> String {
    date(at).to_locale_time_string(language.tag()).into()
}

/// Date and time, to the minute.
pub(crate) fn date_time(at: Timestamp, language: Language) -> String {
    let options = options(&[("dateStyle", "medium"), ("timeStyle", "short")]);
    date(at).to_locale_string(language.tag(), &options).into()
}

/// A whole number.
pub(crate) fn number(value: u64, language: Language) -> String {
    in_words(value, language, &Object::new())
}

/// A span of time in the largest unit that tells it well: `60 seconds`, `5 minutes`.
pub(crate) fn span(seconds: u64, language: Language) -> String {
    let (value, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        _ => (seconds / 3_600, "hour"),
    };
    in_words(
        value,
        language,
        &options(&[("style", "unit"), ("unit", unit), ("unitDisplay", "long")]),
    )
}

/// Milliseconds, as in `23 ms`.
pub(crate) fn milliseconds(value: u64, language: Language) -> String {
    in_words(
        value,
        language,
        &options(&[("style", "unit"), ("unit", "millisecond")]),
    )
}

#[allow(clippy::cast_precision_loss)]
fn in_words(value: u64, language: Language, options: &Object) -> String {
    let format = Intl::NumberFormat::new(&Array::of1(&language.tag().into()), options).format();
    let text = format.call1(&JsValue::UNDEFINED, &(value as f64).into());
    text.ok()
        .and_then(|text| text.as_string())
        .unwrap_or_else(|| value.to_string())
}

#[allow(clippy::cast_precision_loss)]
fn date(at: Timestamp) -> Date {
    Date::new(&(at.as_millis() as f64).into())
}

fn options(pairs: &[(&str, &str)]) -> Object {
    let object = Object::new();
    for (name, value) in pairs {
        // Setting a property of an object of ours cannot fail.
        let _ = Reflect::set(&object, &(*name).into(), &(*value).into());
    }
    object
}

/// Now.
#[allow(clippy::cast_possible_truncation)]
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(Date::now() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_is_told_in_minutes_and_seconds() {
        assert_eq!(countdown(0), "0:00");
        assert_eq!(countdown(9), "0:09");
        assert_eq!(countdown(60), "1:00");
        assert_eq!(countdown(3_599), "59:59");
    }

    #[test]
    fn from_an_hour_on_hours_are_told_too() {
        assert_eq!(countdown(3_600), "1:00:00");
        assert_eq!(countdown(36_061), "10:01:01");
    }
}
