//! Browser sessions: a WebDriver server and a fresh profile for each, gone with the test.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// How long a WebDriver server may take to listen, on a busy machine.
const START: Duration = Duration::from_secs(60);

/// Which browser the journeys run in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Browser {
    Chromium,
    Firefox,
}

impl Browser {
    /// `E2E_BROWSER`; Chromium when it is unset.
    pub(crate) fn chosen() -> Self {
        match std::env::var("E2E_BROWSER").as_deref() {
            Err(_) | Ok("chromium") => Self::Chromium,
            Ok("firefox") => Self::Firefox,
            Ok(other) => panic!("E2E_BROWSER is chromium or firefox, not {other}"),
        }
    }

    fn driver(self) -> Command {
        let (variable, program) = match self {
            Self::Chromium => ("CHROMEDRIVER", "chromedriver"),
            Self::Firefox => ("GECKODRIVER", "geckodriver"),
        };
        let program = std::env::var(variable).unwrap_or_else(|_| program.to_owned());
        let mut command = Command::new(program);
        match self {
            Self::Chromium => command.arg("--port=0"),
            // The network is switched off from the browser's own side.
            Self::Firefox => command.args([
                "--port",
                "0",
                "--websocket-port",
                "0",
                "--allow-system-access",
            ]),
        };
        command
    }

    /// The port in the line by which the server says that it listens.
    fn port_in(self, line: &str) -> Option<u16> {
        let (before, after) = match self {
            Self::Chromium => ("started successfully on port ", "."),
            Self::Firefox => ("Listening on 127.0.0.1:", ""),
        };
        let (_, rest) = line.split_once(before)?;
        rest.trim().strip_suffix(after)?.parse().ok()
    }

    fn capabilities(self, profile: Profile) -> Value {
        let tag = profile.language.tag();
        let is_blocked = profile.site_data == SiteData::Blocked;
        match self {
            Self::Chromium => json!({
                "goog:chromeOptions": {
                    "binary": std::env::var("E2E_CHROMIUM").ok(),
                    "args": [
                        "--headless=new",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--disable-quic",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-sync",
                        "--no-first-run",
                        "--no-default-browser-check",
                        "--window-size=1280,900",
                        format!("--lang={tag}"),
                        format!("--accept-lang={tag}"),
                    ],
                    "prefs": {
                        "intl.accept_languages": tag,
                        "credentials_enable_service": false,
                        "profile.password_manager_leak_detection": false,
                        "profile.default_content_setting_values.cookies": is_blocked.then_some(2),
                    },
                },
            }),
            Self::Firefox => json!({
                "moz:firefoxOptions": {
                    "binary": std::env::var("E2E_FIREFOX").ok(),
                    "args": ["-headless", "--width=1280", "--height=900"],
                    "prefs": {
                        "intl.accept_languages": tag,
                        "app.update.disabledForTesting": true,
                        "datareporting.policy.dataSubmissionEnabled": false,
                        "network.captive-portal-service.enabled": false,
                        "network.connectivity-service.enabled": false,
                        "signon.rememberSignons": false,
                        "network.cookie.cookieBehavior": is_blocked.then_some(2),
                    },
                },
            }),
        }
    }
}

/// What is special about the browser of a journey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) language: Language,
    pub(crate) site_data: SiteData,
}

/// Whether sites may keep cookies and storage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SiteData {
    #[default]
    Kept,
    Blocked,
}

/// The language that the browser asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    #[default]
    English,
    Korean,
}

impl Language {
    fn tag(self) -> &'static str {
        match self {
            Self::English => "en-US",
            Self::Korean => "ko-KR",
        }
    }
}

/// A WebDriver server. Its whole process group, browsers included, ends when this is dropped.
pub(crate) struct Driver {
    child: Child,
    url: String,
}

impl Driver {
    /// Starts one on a free port.
    pub(crate) fn start(browser: Browser) -> Self {
        let mut command = browser.driver();
        let name = command.get_program().display().to_string();
        let mut child = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{name} can't be started ({error}); `cargo xtask test e2e` installs it")
            });
        let output = BufReader::new(child.stdout.take().unwrap());
        let (found, port) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some(port) = browser.port_in(&line) {
                    let _ = found.send(port);
                }
                // Read on, or the server would stop at a full pipe.
            }
        });
        let url = port
            .recv_timeout(START)
            .map(|port| format!("http://127.0.0.1:{port}"));
        let mut driver = Self {
            child,
            url: String::new(),
        };
        driver.url = url.unwrap_or_else(|_| panic!("{name} did not say where it listens"));
        driver
    }

    /// Opens a browser with a fresh profile.
    pub(crate) async fn open(&self, browser: Browser, profile: Profile) -> Client {
        let mut capabilities = without_nulls(browser.capabilities(profile));
        // A page that does not finish must not hold a test for the five minutes of the default.
        capabilities["timeouts"] = json!({ "pageLoad": 60_000, "script": 30_000 });
        let Value::Object(capabilities) = capabilities else {
            panic!("capabilities are an object")
        };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        match builder.connect(&self.url).await {
            Ok(client) => client,
            Err(error) => panic!("{browser:?} can't be opened: {error}"),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        // The signal goes to the browser too, should a session have stayed open.
        let _ = Command::new("kill")
            .args(["-KILL", "--", &group])
            .stderr(Stdio::null())
            .status();
        let _ = self.child.wait();
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name, without_nulls(value)))
                .collect(),
        ),
        other => other,
    }
}
