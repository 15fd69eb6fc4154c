//! Looking at the page and waiting for it; below the words of the journeys.

use std::time::{Duration, Instant};

use fantoccini::Locator;
use serde_json::{Value, json};

use super::{PATIENCE, Visitor};
use crate::secrets::Secret;
use crate::world::EMPTY_PAGE;

/// How often the page is looked at meanwhile.
pub(super) const GLANCE: Duration = Duration::from_millis(40);

/// `shown(id)` gives the visible element of that name, `local` the local storage whatever the page
/// was made to believe, `session()` the stored session, `noted(name)` what the probe noted; every
/// script begins with this.
const WORDS: &str = r#"
    const shown = (id) => [...document.querySelectorAll(`[data-testid="${id}"]`)]
        .find((element) => element.checkVisibility({ visibilityProperty: true }));
    const area = (name) => { try { return window[name]; } catch { return {}; } };
    const isDenied = window.e2e?.local === null;
    const local = isDenied ? {} : window.e2e?.local ?? area('localStorage');
    const session = () => JSON.parse(Object.entries(sessionStorage)
        .find(([name]) => name.endsWith('.session'))[1]);
    const noted = (name) => {
        if (isDenied) return window.e2e.written[name] ?? [];
        const keys = Object.keys(local).filter((key) => key.startsWith(`e2e.${name}.`));
        return keys.sort().flatMap((key) => JSON.parse(local.getItem(key)));
    };
"#;

/// What a browser keeps of the app.
#[derive(Debug)]
pub(crate) struct Storage {
    /// `sessionStorage`, as JSON text of an object.
    pub(crate) session: String,
    /// `localStorage` without what the probe keeps there, as JSON text of an object.
    pub(crate) local: String,
}

impl Visitor {
    /// An element of that name is visible; gives its text.
    pub(crate) async fn see(&self, id: &str) -> String {
        let text = self
            .until(
                id,
                "const element = shown(arguments[0]); return element ? element.innerText : null;",
                vec![json!(id)],
            )
            .await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// An element of that name is visible and holds the text.
    pub(crate) async fn see_text(&self, id: &str, text: &str) {
        self.until(
            &format!("{id} with the text `{text}`"),
            "const element = shown(arguments[0]);
             return element && element.innerText.includes(arguments[1]) || null;",
            vec![json!(id), json!(text)],
        )
        .await;
    }

    /// No element of that name is visible. This is looked at once: wait for something else first.
    pub(crate) async fn do_not_see(&self, id: &str) {
        let seen = self
            .look("return Boolean(shown(arguments[0]));", vec![json!(id)])
            .await;
        assert_eq!(seen.unwrap(), json!(false), "{id} is on the page");
    }

    /// The text stands somewhere on the page.
    pub(crate) async fn see_on_page(&self, text: &str) {
        self.until(
            &format!("the text `{text}` on the page"),
            "return document.body.innerText.includes(arguments[0]) || null;",
            vec![json!(text)],
        )
        .await;
    }

    /// The language that the page says it is in.
    pub(crate) async fn document_language(&self) -> String {
        let language = self
            .run("return document.documentElement.lang;", vec![])
            .await;
        language.as_str().unwrap_or_default().to_owned()
    }

    /// The address bar.
    pub(crate) async fn address(&self) -> String {
        self.client
            .current_url()
            .await
            .expect("a page has an address")
            .into()
    }

    /// All of the page's visible text, but for what is marked as being in another language, such
    /// as that language's name.
    pub(crate) async fn page_text(&self) -> String {
        let text = self
            .run(
                "const language = document.documentElement.lang;
                 const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
                 const texts = [];
                 while (walker.nextNode()) {
                     const element = walker.currentNode.parentElement;
                     const ofThePage = element.closest('[lang]').lang === language;
                     if (ofThePage && element.checkVisibility()) texts.push(walker.currentNode.data);
                 }
                 return texts.join('\\n');",
                vec![],
            )
            .await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Presses the visible element of that name.
    pub(crate) async fn press(&self, id: &str) {
        self.press_css(&format!(r#"[data-testid="{id}"]"#)).await;
    }

    /// Types into the field of that name, in place of what stands there.
    pub(crate) async fn type_into(&self, id: &str, text: &str) {
        self.see(id).await;
        let css = format!(r#"[data-testid="{id}"]"#);
        let field = self
            .client
            .find(Locator::Css(&css))
            .await
            .expect("the field is there");
        field.clear().await.expect("the field can be emptied");
        field
            .send_keys(text)
            .await
            .expect("the field can be typed into");
    }

    /// The app is shown at that path, with that query, if any.
    pub(crate) async fn see_address(&self, path_and_query: &str) {
        let url = self.app_url(path_and_query);
        self.until(
            &format!("the address {url}"),
            "return location.href === arguments[0] || null;",
            vec![json!(url)],
        )
        .await;
    }

    /// The session in the storage changes from what it was, by more than the mark that a renewal
    /// is on its way.
    pub(crate) async fn until_storage_differs_from(&self, before: &Storage) {
        self.until(
            "a change of the stored session",
            "const all = JSON.stringify(Object.fromEntries(Object.entries(sessionStorage)));
             const isOnItsWay = Object.values(sessionStorage)
                 .some((value) => value.includes('\"unanswered\":true'));
             return (!isOnItsWay && all !== arguments[0]) || null;",
            vec![json!(before.session)],
        )
        .await;
    }

    /// The access token that this tab keeps has expired by the clock.
    pub(crate) async fn until_the_stored_token_expired(&self) {
        self.until(
            "the end of the stored token",
            "const { received_at, lifetime } = session();
             return received_at + lifetime * 1000 < Date.now() || null;",
            vec![],
        )
        .await;
    }

    /// This tab keeps tokens that were renewed so often.
    pub(crate) async fn until_stored_generation_is(&self, generation: u64) {
        self.until(
            &format!("stored tokens of generation {generation}"),
            "return session().access_generation === arguments[0] || null;",
            vec![json!(generation)],
        )
        .await;
    }

    /// What the browser keeps of the page's origin.
    pub(crate) async fn storage(&self) -> Storage {
        let kept = self
            .look(
                "const all = (storage) => JSON.stringify(Object.fromEntries(
                     Object.entries(storage).filter(([name]) => !name.startsWith('e2e.'))));
                 return [all(area('sessionStorage')), all(local)];",
                vec![],
            )
            .await
            .expect("the storage can be read");
        let text = |index: usize| kept[index].as_str().unwrap().to_owned();
        Storage {
            session: text(0),
            local: text(1),
        }
    }

    /// Notes of the probe: `arrivals`, `departures`, `secrets`, `console`, `trouble`.
    pub(crate) async fn notes(&self, name: &str) -> Vec<String> {
        let notes = self
            .look("return noted(arguments[0]);", vec![json!(name)])
            .await
            .expect("the notes can be read");
        serde_json::from_value(notes).unwrap()
    }

    /// The secrets that went over the network so far, on this origin.
    pub(crate) async fn secrets(&self) -> Vec<Secret> {
        let notes = self.notes("secrets").await;
        notes
            .iter()
            .map(|note| note.split_once(' ').expect("a name and a value"))
            .map(|(name, value)| Secret {
                name: name.to_owned(),
                value: value.to_owned(),
            })
            .collect()
    }

    /// Where the app's storage can be looked at: on its pages, or on an empty one beside them.
    pub(crate) async fn stand_on_the_apps_origin(&self) {
        let here = self
            .client
            .current_url()
            .await
            .expect("a page has an address");
        if here.origin().ascii_serialization() != self.app_origin() {
            self.goto(&self.app_url(EMPTY_PAGE)).await;
        }
    }

    /// Runs a script in the page that ends by calling its last argument.
    pub(crate) async fn run_async(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client
            .execute_async(&format!("{WORDS}{script}"), arguments)
            .await
            .expect("the script runs")
    }

    /// Runs a script in the page.
    pub(crate) async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.look(script, arguments).await.expect("the script runs")
    }

    /// Waits until a script gives something other than null.
    pub(crate) async fn until(&self, what: &str, script: &str, arguments: Vec<Value>) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // A page that is just being replaced answers with an error.
            let seen = self.look(script, arguments.clone()).await;
            match seen {
                Ok(value) if !value.is_null() => return value,
                _ if Instant::now() < deadline => tokio::time::sleep(GLANCE).await,
                Ok(_) => panic!("this did not come true: {what}"),
                Err(error) => panic!("this did not come true: {what} (and {error})"),
            }
        }
    }

    pub(super) async fn look(&self, script: &str, arguments: Vec<Value>) -> Result<Value, String> {
        let script = format!("{WORDS}{script}");
        self.client
            .execute(&script, arguments)
            .await
            .map_err(|error| error.to_string())
    }

    pub(super) async fn press_css(&self, css: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // An element may be drawn anew between being found and being pressed.
            let pressed = match self.client.find(Locator::Css(css)).await {
                Ok(element) => element.click().await,
                Err(error) => Err(error),
            };
            match pressed {
                Ok(()) => return,
                Err(_) if Instant::now() < deadline => tokio::time::sleep(GLANCE).await,
                Err(error) => panic!("{css} can't be pressed: {error}"),
            }
        }
    }
}
