//! Session and local storage that survive being blocked.
//!
//! `gloo-storage` panics where the browser blocks storage, so each access asks first, and what can
//! throw goes through the `web_sys::Storage` that it hands out.

use gloo_storage::{LocalStorage, SessionStorage, Storage as _};
use wasm_bindgen::JsValue;

/// One of the two storages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Area {
    /// `sessionStorage`: of this tab alone.
    Session,
    /// `localStorage`: of every tab; never for a secret.
    Local,
}

impl Area {
    fn raw(self) -> Option<web_sys::Storage> {
        let window = web_sys::window()?;
        match self {
            Area::Session => {
                window.session_storage().ok().flatten()?;
                Some(SessionStorage::raw())
            }
            Area::Local => {
                window.local_storage().ok().flatten()?;
                Some(LocalStorage::raw())
            }
        }
    }

    /// The value of a key; `None` where there is none or storage is blocked.
    pub(crate) fn get(self, key: &str) -> Option<String> {
        self.raw()?.get_item(key).ok().flatten()
    }

    /// Writes; false where storage is full or blocked.
    pub(crate) fn set(self, key: &str, value: &str) -> bool {
        self.raw()
            .is_some_and(|storage| storage.set_item(key, value).is_ok())
    }

    /// Deletes, as far as it can.
    pub(crate) fn delete(self, key: &str) {
        if let Some(storage) = self.raw() {
            let _ = storage.remove_item(key);
        }
    }

    /// The keys that start with `prefix`.
    pub(crate) fn keys(self, prefix: &str) -> Vec<String> {
        let entries = self.entries(prefix).into_iter().flatten();
        entries.map(|(key, _)| key).collect()
    }

    /// The entries whose keys start with `prefix`; `None` where storage is blocked.
    pub(crate) fn entries(self, prefix: &str) -> Option<Vec<(String, String)>> {
        let storage = self.raw()?;
        let keys = (0..storage.length().ok()?)
            .filter_map(|index| storage.key(index).ok().flatten())
            .filter(|key| key.starts_with(prefix));
        let entry = |key: String| {
            let value = storage.get_item(&key).ok().flatten()?;
            Some((key, value))
        };
        Some(keys.filter_map(entry).collect())
    }

    /// Whether a value can be written and read back.
    pub(crate) fn works(self, prefix: &str) -> bool {
        let key = format!("{prefix}probe");
        let works = self.set(&key, "1") && self.get(&key).as_deref() == Some("1");
        self.delete(&key);
        works
    }
}

/// A wall-clock reading in milliseconds, as the core wants it.
#[allow(clippy::cast_possible_truncation)]
pub(crate) fn now() -> pkce_core::Timestamp {
    pkce_core::Timestamp::from_millis(js_sys::Date::now() as i64)
}

/// Octets from `crypto.getRandomValues`; `None` where the browser has none.
pub(crate) fn random<const N: usize>() -> Option<[u8; N]> {
    let crypto = super::js::property(&JsValue::from(web_sys::window()?), "crypto")?;
    let crypto: web_sys::Crypto = wasm_bindgen::JsCast::unchecked_into(crypto);
    let mut octets = [0; N];
    crypto.get_random_values_with_u8_array(&mut octets).ok()?;
    Some(octets)
}
