//! `cargo xtask mutants`: breaks pkce-core on purpose, in thousands of small ways, and tells which
//! its tests do not notice. `.cargo/mutants.toml` says where and how.

use anyhow::{Context, Result};

use crate::project::Project;
use crate::{process, setup};

/// What is broken in one go, and which tests have to notice.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    /// All but the session: judged by its own tests, without those of the session on top of it.
    Validators,
    /// The session: judged by all tests.
    Session,
}

impl Part {
    /// In the order in which they run.
    pub(crate) const ALL: [Self; 2] = [Self::Validators, Self::Session];

    /// The part of that name.
    ///
    /// # Errors
    ///
    /// Names the parts that exist.
    pub(crate) fn named(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|part| part.name() == name)
            .with_context(|| format!("mutants are made of validators or session, not of `{name}`"))
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Validators => "validators",
            Self::Session => "session",
        }
    }
}

/// Runs cargo-mutants on these parts; tells whether no mutant survived.
pub(crate) fn run(project: &Project, parts: &[Part]) -> Result<bool> {
    setup::for_mutants(project)?;
    let mut all_caught = true;
    for part in parts {
        let output = project.target().join("mutants").join(part.name());
        std::fs::create_dir_all(&output)
            .with_context(|| format!("{} could not be made", output.display()))?;
        let mut command = project.cargo()?;
        command.arg("mutants").arg("--output").arg(&output);
        match part {
            Part::Validators => {
                command.args(["--exclude", "crates/pkce-core/src/session/**"]);
                command.args(["--", "--skip", "session::"]);
            }
            Part::Session => {
                command.args(["--file", "crates/pkce-core/src/session/**"]);
            }
        }
        // Thousands of runs: each need not try every random input.
        command
            .env("PROPTEST_CASES", "16")
            .env("PROPTEST_MAX_SHRINK_ITERS", "16");
        let succeeded = process::Running::start(&mut command)?.wait()?.success();
        if !succeeded {
            println!(
                "{}: what survived is listed in {}",
                part.name(),
                project
                    .short(&output.join("mutants.out/missed.txt"))
                    .display()
            );
        }
        all_caught &= succeeded;
    }
    Ok(all_caught)
}
