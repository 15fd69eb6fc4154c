//! `cargo xtask soak`: several tabs of one sign-in in Chromium, for minutes, with tokens of two
//! seconds. The work is an ignored test of the journeys; this builds what it needs and runs it.

use anyhow::{Result, bail};

use crate::browsers::{self, Browser};
use crate::project::Project;
use crate::{build, process, setup};

/// What can be chosen about the soak.
pub(crate) struct Options {
    /// How long it takes.
    pub(crate) minutes: u32,
    /// How many tabs there are.
    pub(crate) tabs: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            minutes: 10,
            tabs: 5,
        }
    }
}

/// Runs the soak, which prints a table as it goes and fails where something is lost or grows.
pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    if options.minutes == 0 || options.tabs == 0 {
        bail!("a soak takes at least one minute and one tab");
    }
    let browser = Browser::Chromium;
    let dist = build::app(project)?;
    let installed = browsers::ensure(project, browser)?;
    setup::clean_up(project)?;
    let mut cargo = project.cargo()?;
    cargo
        .args([
            "test",
            "--package",
            "leptos-pkce-app",
            "--test",
            "e2e",
            "--locked",
        ])
        .env("E2E_BROWSER", browser.to_string())
        .env("E2E_DIST", dist)
        .env("E2E_SOAK_MINUTES", options.minutes.to_string())
        .env("E2E_SOAK_TABS", options.tabs.to_string())
        .env(browser.driver_variable(), &installed.driver)
        .env(browser.binary_variable(), &installed.binary)
        .env("RUST_BACKTRACE", "0")
        .args(["--", "soak::", "--ignored", "--nocapture"]);
    process::run(&mut cargo)
}
