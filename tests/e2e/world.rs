//! The world of a journey: a provider on free ports, and the built app served by it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use demo_provider::{Demo, DemoProvider, NewClient, RefreshPolicy, Urls, default_app_config};
use serde_json::{Value, json};

use crate::browser::{Language, Profile, SiteData};

/// A page of the app's origin that runs nothing.
pub(crate) const EMPTY_PAGE: &str = "/e2e-empty.html";

/// One of the notes that the provider gives its users to begin with.
pub(crate) struct Note {
    pub(crate) id: u64,
    pub(crate) text: &'static str,
}

pub(crate) const NOTE_OF_ALICE: Note = Note {
    id: 1,
    text: "Tea, bread, a dozen eggs",
};
pub(crate) const NOTE_OF_BOB: Note = Note {
    id: 4,
    text: "The Hunting of the Snark",
};

/// What is special about a world.
pub(crate) struct Setup {
    /// The browser.
    pub(crate) profile: Profile,
    /// How long access tokens live.
    pub(crate) access_token_seconds: u64,
    /// What the app's configuration is made into.
    pub(crate) configuration: Configuration,
    /// A second provider, `other`, beside the usual one, `local`.
    pub(crate) two_providers: bool,
    /// Who watches the app's pages.
    pub(crate) watch: Watch,
    /// A script on the app's pages before its own: takes away what older or stricter browsers lack.
    pub(crate) page_script: &'static str,
}

/// Who watches the app's pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watch {
    /// The probe, whose notes grow with what happens.
    Probe,
    /// Nobody.
    Nobody,
}

/// The app's configuration block.
pub(crate) enum Configuration {
    /// The usual one for this world, and then changed.
    Changed(fn(&mut Value)),
    /// The page has none.
    Missing,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            profile: Profile::default(),
            // Longer than any journey, so that nothing is renewed unless a journey is about that.
            access_token_seconds: 600,
            configuration: Configuration::Changed(|_| {}),
            two_providers: false,
            watch: Watch::Probe,
            page_script: "",
        }
    }
}

impl Setup {
    /// The usual world, with a change of the app's configuration.
    pub(crate) fn configured(change: fn(&mut Value)) -> Self {
        Self {
            configuration: Configuration::Changed(change),
            ..Self::default()
        }
    }

    /// The usual world, with access tokens that live so long.
    pub(crate) fn tokens_that_live(seconds: u64) -> Self {
        Self {
            access_token_seconds: seconds,
            ..Self::default()
        }
    }

    /// A browser that asks for that language.
    pub(crate) fn in_language(language: Language) -> Self {
        Self {
            profile: Profile {
                language,
                ..Profile::default()
            },
            ..Self::default()
        }
    }

    /// A browser that lets no site keep anything.
    pub(crate) fn with_site_data_blocked() -> Self {
        Self {
            profile: Profile {
                site_data: SiteData::Blocked,
                ..Profile::default()
            },
            ..Self::default()
        }
    }
}

/// A provider that runs, and the app that it serves.
pub(crate) struct World {
    /// The usual provider, with its knobs, its counters and its feed.
    pub(crate) provider: Demo,
    /// The second provider of a world with two.
    pub(crate) other: Option<Demo>,
    dist: Dist,
}

impl World {
    pub(crate) async fn start(setup: Setup) -> Self {
        let other = match setup.two_providers {
            true => Some(
                DemoProvider::builder()
                    .start()
                    .await
                    .expect("the other one starts"),
            ),
            false => None,
        };
        let other_issuer = other.as_ref().map(|other| other.issuer().to_owned());
        let dist = Dist::prepare(setup.watch, setup.page_script);
        let mut builder = DemoProvider::builder()
            .access_token_lifetime(Duration::from_secs(setup.access_token_seconds))
            .app_dist(dist.path());
        match setup.configuration {
            Configuration::Missing => dist.remove_configuration(),
            Configuration::Changed(change) => {
                builder = builder.app_config(move |urls| {
                    let mut config = usual_configuration(urls);
                    if let Some(issuer) = other_issuer {
                        add_provider(&mut config, &issuer);
                    }
                    change(&mut config);
                    config
                });
            }
        }
        let provider = builder.start().await.expect("the provider starts");
        if let Some(other) = &other {
            // It could not know the app's origin before that was there.
            let app = app_client(OTHER_CLIENT_ID, &provider.urls().app);
            other
                .register_client(app)
                .expect("the app can be registered");
        }
        Self {
            provider,
            other,
            dist,
        }
    }

    /// Serves the same app once more at another port, for this world's provider.
    pub(crate) async fn serve_another_app(
        &self,
        port: u16,
        change: impl FnOnce(&mut Value) + Send + 'static,
    ) -> Demo {
        let mut config = usual_configuration(self.provider.urls());
        DemoProvider::builder()
            .app_port(port)
            .app_dist(self.dist.path())
            .app_config(move |_| {
                change(&mut config);
                config
            })
            .start()
            .await
            .expect("the app is served again")
    }
}

/// The demo's own configuration without its fault panel: tests turn the knobs themselves.
fn usual_configuration(urls: &Urls) -> Value {
    let mut config = default_app_config(urls);
    config
        .as_object_mut()
        .expect("an object")
        .remove("demo_controls");
    config
}

const OTHER_CLIENT_ID: &str = "journeys";

fn add_provider(config: &mut Value, issuer: &str) {
    config["providers"]
        .as_array_mut()
        .expect("a list")
        .push(json!({
            "id": "other",
            "name": "Another provider",
            "issuer": issuer,
            "client_id": OTHER_CLIENT_ID,
            "scope": "openid profile email offline_access",
        }));
}

fn app_client(client_id: &str, origin: &str) -> NewClient {
    NewClient::public("Journeys")
        .client_id(client_id)
        .redirect_uri(format!("{origin}/callback"))
        .post_logout_redirect_uri(format!("{origin}/"))
        .refresh(RefreshPolicy::Always)
}

/// A port where nobody listens. The system gives it to nobody else so soon.
pub(crate) fn free_port() -> u16 {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    address.expect("a port is free").port()
}

/// A copy of the built app with the probe on its page; removed when dropped.
struct Dist(PathBuf);

impl Dist {
    fn prepare(watch: Watch, page_script: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let copy = Self(
            Path::new(env!("CARGO_TARGET_TMPDIR"))
                .join("dist")
                .join(name),
        );

        let built = match std::env::var_os("E2E_DIST") {
            Some(folder) => PathBuf::from(folder),
            None => Path::new(env!("CARGO_MANIFEST_DIR")).join("dist"),
        };
        assert!(
            built.join("index.html").is_file(),
            "there is no built app in {}: run `cargo xtask build` first, or `cargo xtask test e2e`",
            built.display()
        );
        copy_folder(&built, copy.path());
        let probe = match watch {
            Watch::Probe => include_str!("probe.js"),
            Watch::Nobody => "",
        };
        copy.write("e2e-probe.js", probe);
        copy.write("e2e-page.js", page_script);
        copy.write(
            EMPTY_PAGE.trim_start_matches('/'),
            "<!doctype html><html lang=en><title>Empty</title>",
        );
        copy.change_index(|page| {
            let (before, after) = page.split_once("<head>").expect("the page has a head");
            format!(
                "{before}<head><script src=\"/e2e-probe.js\"></script>\
                 <script src=\"/e2e-page.js\"></script>{after}"
            )
        });
        copy
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).expect("the copy can be written");
    }

    fn change_index(&self, change: impl FnOnce(&str) -> String) {
        let page = std::fs::read_to_string(self.0.join("index.html")).expect("there is a page");
        self.write("index.html", &change(&page));
    }

    fn remove_configuration(&self) {
        self.change_index(|page| {
            let id = page
                .find("auth-config")
                .expect("the page has a configuration block");
            let start = page[..id].rfind("<script").expect("it is a script");
            let end = id + page[id..].find("</script>").expect("it ends") + "</script>".len();
            format!("{}{}", &page[..start], &page[end..])
        });
    }
}

impl Drop for Dist {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("the copy can be made");
    for entry in std::fs::read_dir(from).expect("the app can be read") {
        let entry = entry.expect("the app can be read");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("the app can be copied");
        }
    }
}
