//! `cargo xtask docs`: the parts of the documentation that are made of the code.

use anyhow::{Context, Result};

use crate::process;
use crate::project::Project;

/// Writes `docs/errors.md`. The test that compares it also writes it, so that one thing knows how.
pub(crate) fn write(project: &Project) -> Result<()> {
    let mut cargo = project.cargo()?;
    cargo
        .args([
            "test",
            "--quiet",
            "-p",
            "pkce-core",
            "--test",
            "error_codes",
        ])
        .arg("the_documented_codes_are_those_of_the_library")
        .env("UPDATE_DOCS", "1");
    process::run(&mut cargo).context("docs/errors.md could not be written")?;
    println!("docs/errors.md is up to date");
    Ok(())
}
