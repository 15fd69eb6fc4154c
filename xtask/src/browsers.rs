//! The browsers that tests run in, and their WebDriver servers.

use std::fmt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::project::Project;
use crate::{process, setup};

/// A browser that the tests cover.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Browser {
    /// Chromium or Chrome, with ChromeDriver.
    Chromium,
    /// Firefox, with geckodriver.
    Firefox,
}

impl Browser {
    /// All that the tests cover.
    pub(crate) const ALL: [Self; 2] = [Self::Chromium, Self::Firefox];

    /// The variable by which wasm-bindgen's runner and the journeys find the WebDriver server.
    pub(crate) fn driver_variable(self) -> &'static str {
        match self {
            Self::Chromium => "CHROMEDRIVER",
            Self::Firefox => "GECKODRIVER",
        }
    }

    /// The variable by which the journeys find the browser itself.
    pub(crate) fn binary_variable(self) -> &'static str {
        match self {
            Self::Chromium => "E2E_CHROMIUM",
            Self::Firefox => "E2E_FIREFOX",
        }
    }

    fn binaries(self) -> &'static [&'static str] {
        match self {
            Self::Chromium => &[
                "chromium",
                "chromium-browser",
                "google-chrome",
                "google-chrome-stable",
            ],
            Self::Firefox => &["firefox-esr", "firefox"],
        }
    }

    fn drivers(self) -> &'static [&'static str] {
        match self {
            Self::Chromium => &["chromedriver", "/usr/lib/chromium-browser/chromedriver"],
            Self::Firefox => &["geckodriver"],
        }
    }

    /// The packages that bring it, by distribution.
    fn packages(self, distribution: Distribution) -> &'static [&'static str] {
        match (self, distribution) {
            (Self::Chromium, Distribution::Debian) => &["chromium", "chromium-driver"],
            (Self::Chromium, Distribution::Ubuntu) => {
                &["chromium-browser", "chromium-chromedriver"]
            }
            (Self::Firefox, Distribution::Debian) => &["firefox-esr"],
            (Self::Firefox, Distribution::Ubuntu) => &["firefox"],
        }
    }
}

impl fmt::Display for Browser {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
        })
    }
}

/// A browser that is installed.
pub(crate) struct Installed {
    /// The browser's program.
    pub(crate) binary: PathBuf,
    /// Its WebDriver server.
    pub(crate) driver: PathBuf,
}

/// Finds `browser` and its WebDriver server, and installs what is missing.
///
/// # Errors
///
/// Where packages can't be installed (neither root nor `sudo` without a password), the error
/// names exactly what to install.
pub(crate) fn ensure(project: &Project, browser: Browser) -> Result<Installed> {
    if browser == Browser::Firefox && driver(project, browser)?.is_none() {
        setup::geckodriver(project)?;
    }
    if let Some(installed) = find(project, browser)? {
        return Ok(installed);
    }
    install(project, browser)?;
    find(project, browser)?.with_context(|| {
        format!("{browser} was installed, and still it or its WebDriver server is not on PATH")
    })
}

fn find(project: &Project, browser: Browser) -> Result<Option<Installed>> {
    let binary = first(
        project,
        std::env::var(browser.binary_variable()).ok(),
        browser.binaries(),
    )?;
    let driver = driver(project, browser)?;
    Ok(binary
        .zip(driver)
        .map(|(binary, driver)| Installed { binary, driver }))
}

fn driver(project: &Project, browser: Browser) -> Result<Option<PathBuf>> {
    first(
        project,
        std::env::var(browser.driver_variable()).ok(),
        browser.drivers(),
    )
}

/// The first of `names` that can be found; one that the user chose goes before all.
fn first(project: &Project, chosen: Option<String>, names: &[&str]) -> Result<Option<PathBuf>> {
    for name in chosen.as_deref().into_iter().chain(names.iter().copied()) {
        if let Some(found) = project.find_program(name)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

#[derive(Clone, Copy)]
enum Distribution {
    Debian,
    Ubuntu,
}

impl Distribution {
    fn of_this_machine() -> Self {
        let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
        if release.lines().any(|line| line == "ID=ubuntu") {
            Self::Ubuntu
        } else {
            Self::Debian
        }
    }
}

fn install(project: &Project, browser: Browser) -> Result<()> {
    let packages = browser.packages(Distribution::of_this_machine());
    let by_hand = format!(
        "the tests in {browser} need it and its WebDriver server. Install them as root and run \
         this again:\n\n    apt-get update && apt-get install --yes {}\n\nOn other systems: {}.",
        packages.join(" "),
        match browser {
            Browser::Chromium => "Chromium or Chrome, and the ChromeDriver of the same version",
            Browser::Firefox => "Firefox (geckodriver is installed by this command)",
        }
    );
    if project.find_program("apt-get")?.is_none() {
        bail!(by_hand);
    }
    let Some(become_root) = become_root(project)? else {
        bail!(by_hand)
    };

    let apt = |arguments: &[&str]| -> Result<()> {
        let mut words = become_root.iter().copied();
        let mut command = project.command(words.next().unwrap_or("env"))?;
        command
            .args(words)
            .args(["DEBIAN_FRONTEND=noninteractive", "apt-get"])
            .args(arguments);
        process::run(&mut command)
    };
    setup::step(&format!("{}, with apt-get", packages.join(" and ")), || {
        apt(&["update"])?;
        let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
        arguments.extend(packages);
        apt(&arguments)
    })
    .context(by_hand)
}

/// How to run a command as root without being asked anything: `env …` or `sudo -n env …`.
fn become_root(project: &Project) -> Result<Option<&'static [&'static str]>> {
    let user = process::output(Command::new("id").arg("-u"))?;
    if user.trim() == "0" {
        return Ok(Some(&["env"]));
    }
    if project.find_program("sudo")?.is_some()
        && process::output(project.command("sudo")?.args(["-n", "true"])).is_ok()
    {
        return Ok(Some(&["sudo", "-n", "env"]));
    }
    Ok(None)
}
