//! `cargo xtask simulate`: many random lives of a browser, by seed (`pkce-core`'s simulation).

use std::time::Instant;

use anyhow::{Result, bail};

use crate::process;
use crate::project::Project;

/// Which lives to live.
pub(crate) struct Options {
    /// How many.
    pub(crate) seeds: u64,
    /// The first seed.
    pub(crate) from: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seeds: 100_000,
            from: 0,
        }
    }
}

/// Lives them, on every core, and tells how fast.
///
/// # Errors
///
/// A life that broke an invariant; its seed is printed, and how to see it again.
pub(crate) fn simulate(project: &Project, options: &Options) -> Result<()> {
    let test = |no_run: bool| -> Result<std::process::Command> {
        let mut cargo = project.cargo()?;
        cargo.args(["test", "--package", "pkce-core", "--lib", "--locked"]);
        if no_run {
            cargo.arg("--no-run");
        }
        cargo
            .args(["--", "--exact", "session::tests::simulation::simulation"])
            .arg("--nocapture")
            .env("FROM", options.from.to_string())
            .env("SEEDS", options.seeds.to_string())
            .env("RUST_BACKTRACE", "0");
        Ok(cargo)
    };
    // Built first, so that the rate is that of the simulation.
    process::run(&mut test(true)?)?;
    let start = Instant::now();
    let mut ran = false;
    let status = process::run_and_read(&mut test(false)?, |line| {
        ran |= line.trim() == "running 1 test";
    })?;
    let Options { seeds, from } = options;
    if !status.success() {
        bail!(
            "a life went wrong. Replay the seed named above, with all that happens in it:\n  \
             SEED=… TRACE=1 cargo test -p pkce-core --lib simulation -- --nocapture"
        );
    }
    if !ran {
        bail!("the simulation did not run: expected one test, none came");
    }
    let seconds = start.elapsed().as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "a rate for people to read")]
    let rate = *seeds as f64 / seconds;
    println!(
        "{seeds} lives from seed {from}: every invariant held ({seconds:.0} s, {rate:.0} a second)"
    );
    Ok(())
}
