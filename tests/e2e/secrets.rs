//! The canary: where tokens, codes and verifiers must not be, ever.

use serde_json::json;

use crate::vocabulary::Visitor;

/// Looks for every secret of the journey wherever a page can leave one behind.
///
/// The probe has seen the secrets go over the network, so this knows the real ones.
pub(crate) async fn are_nowhere_they_must_not_be(visitor: &Visitor) {
    let secrets = visitor.secrets().await;
    let places = visitor
        .run(
            "const entries = window.navigation?.entries().map((entry) => entry.url) ?? [];
             return {
                 'the page': document.documentElement.outerHTML
                     + [...document.querySelectorAll('input, textarea')].map((field) => field.value).join(' '),
                 'the address': location.href,
                 'the history': entries.join(' ') + JSON.stringify(history.state),
                 'the window name': window.name,
                 'the cookies': document.cookie,
                 'the local storage': JSON.stringify(Object.entries(local)
                     .filter(([name]) => !name.startsWith('e2e.'))),
                 'the console': noted('console').join(' '),
                 'the session storage': JSON.stringify(Object.entries(area('sessionStorage'))),
             };",
            vec![],
        )
        .await;
    for secret in &secrets {
        for (place, text) in places.as_object().expect("places by name") {
            // Tokens live in the session storage, and there alone; what was used up does not.
            if place == "the session storage" && !secret.is_used_up() {
                continue;
            }
            let text = text.as_str().unwrap_or_default();
            assert!(
                !text.contains(&secret.value),
                "{} is in {place}: {text}",
                secret.name
            );
        }
    }
    databases_hold_no_text_of(visitor, &secrets).await;
}

/// No IndexedDB record holds a secret as text.
async fn databases_hold_no_text_of(visitor: &Visitor, secrets: &[Secret]) {
    let found = visitor
        .run_async(
            "const [secrets, done] = arguments;
             const ask = (request) => new Promise((resolve, reject) => {
                 request.onsuccess = () => resolve(request.result);
                 request.onerror = () => reject(request.error);
             });
             // Where sites may keep nothing there are none.
             if (!(area('sessionStorage') instanceof Storage)) return done(0);
             (async () => {
                 const found = [];
                 for (const { name } of await indexedDB.databases()) {
                     const database = await ask(indexedDB.open(name));
                     for (const store of database.objectStoreNames) {
                         const records = await ask(database.transaction(store).objectStore(store).getAll());
                         const text = JSON.stringify(records);
                         found.push(...secrets.filter((secret) => text.includes(secret)));
                     }
                     database.close();
                 }
                 done(found.length);
             })().catch((error) => done(String(error)));",
            vec![json!(secrets.iter().map(|secret| &secret.value).collect::<Vec<_>>())],
        )
        .await;
    assert_eq!(found, json!(0), "secrets in IndexedDB");
}

/// A secret that went over the network.
#[derive(Clone, Debug)]
pub(crate) struct Secret {
    /// The parameter or member that it was the value of.
    pub(crate) name: String,
    /// The secret itself.
    pub(crate) value: String,
}

impl Secret {
    /// Codes and verifiers are good for one use, so nothing may keep them after it.
    pub(crate) fn is_used_up(&self) -> bool {
        self.name == "code" || self.name == "code_verifier"
    }
}
