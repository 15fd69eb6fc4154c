//! `cargo xtask test`: each layer of tests, one table, and one last line.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::browsers::{self, Browser};
use crate::project::Project;
use crate::{build, process, setup};

const WASM_TARGET: &str = "wasm32-unknown-unknown";
/// What is compiled for browsers, and so linted for them.
const BUILT_FOR_BROWSERS: [&str; 3] = ["leptos-pkce-app", "leptos-pkce", "pkce-core"];
/// Crates with tests that run inside a browser.
const TESTED_IN_BROWSERS: [&str; 1] = ["leptos-pkce"];
/// Seconds that one test binary may take in a browser; the machine may be slow and busy.
const WASM_TEST_SECONDS: &str = "300";
/// Seconds in which a WebDriver server must be up.
const DRIVER_SECONDS: &str = "60";
/// Browser sessions at the same time: two cores bear two.
const JOURNEYS_AT_ONCE: &str = "2";

/// A layer of the tests, which can be run alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    /// rustfmt changes nothing.
    Format,
    /// clippy has no warning, for the host and for wasm32.
    Lint,
    /// Tests on the host.
    Native,
    /// Tests of the library inside each browser.
    Wasm,
    /// Journeys through the built app in each browser.
    EndToEnd,
}

impl Layer {
    /// In the order in which they run: what fails fastest first.
    pub(crate) const ALL: [Self; 5] = [
        Self::Format,
        Self::Lint,
        Self::Native,
        Self::Wasm,
        Self::EndToEnd,
    ];

    fn needs_browsers(self) -> bool {
        matches!(self, Self::Wasm | Self::EndToEnd)
    }

    /// The layer of that name.
    ///
    /// # Errors
    ///
    /// Names the layers that exist.
    pub(crate) fn named(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|layer| layer.to_string() == name)
            .with_context(|| {
                let names = Self::ALL.map(|layer| layer.to_string());
                format!(
                    "there is no test layer `{name}`; there are: {}",
                    names.join(", ")
                )
            })
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Format => "format",
            Self::Lint => "lint",
            Self::Native => "native",
            Self::Wasm => "wasm",
            Self::EndToEnd => "e2e",
        })
    }
}

/// What to run.
pub(crate) struct Selection {
    /// The layers, in order.
    pub(crate) layers: Vec<Layer>,
    /// The browsers of the layers that need one.
    pub(crate) browsers: Vec<Browser>,
    /// Passed on to each test binary, such as a part of a test's name.
    pub(crate) filter: Vec<String>,
}

/// A row of the summary.
struct Row {
    name: String,
    counts: Counts,
    time: Duration,
    trouble: Option<String>,
}

/// Tests by outcome.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Counts {
    passed: u64,
    failed: u64,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Runs what was selected, prints the summary, and tells whether all is well.
///
/// A layer that fails, or can't even start, does not keep the others from running.
pub(crate) fn run(project: &Project, selection: &Selection) -> bool {
    let mut rows = Vec::new();
    // Before anything runs at the same time: rustup does not bear two of itself.
    if let Err(error) = setup::wasm_target(project) {
        eprintln!("note: {error:#}");
    }
    std::thread::scope(|scope| {
        // Compiling the tools leaves one core idle half of the time, and so do the first layers.
        let tools = scope.spawn(|| get_tools(project, selection));
        let (with_browsers, without): (Vec<Layer>, Vec<Layer>) = selection
            .layers
            .iter()
            .partition(|layer| layer.needs_browsers());
        for layer in without {
            run_layer(project, layer, selection, &mut rows);
        }
        // What went wrong is told by the layer that misses the tool.
        if let Ok(Err(error)) = tools.join() {
            eprintln!("note: {error:#}");
        }
        for layer in with_browsers {
            run_layer(project, layer, selection, &mut rows);
        }
    });
    if let Err(error) = setup::clean_up(project) {
        eprintln!("note: {error:#}");
    }
    summarise(&rows)
}

/// Gets what the selected layers need, beside what they are compiled with.
fn get_tools(project: &Project, selection: &Selection) -> Result<()> {
    if selection.layers.contains(&Layer::Wasm) {
        setup::for_wasm_tests(project)?;
    }
    if selection.layers.contains(&Layer::EndToEnd) {
        setup::for_build(project)?;
    }
    if selection.layers.iter().any(|layer| layer.needs_browsers()) {
        for &browser in &selection.browsers {
            browsers::ensure(project, browser)?;
        }
    }
    Ok(())
}

fn run_layer(project: &Project, layer: Layer, selection: &Selection, rows: &mut Vec<Row>) {
    match layer {
        Layer::Format => rows.push(row("format", || format(project))),
        Layer::Lint => {
            rows.push(row("lint host", || lint_host(project)));
            rows.push(row("lint wasm32", || lint_wasm(project)));
        }
        Layer::Native => rows.push(row("native", || native(project, &selection.filter))),
        Layer::Wasm => {
            for &browser in &selection.browsers {
                let name = format!("wasm {browser}");
                rows.push(row(&name, || wasm(project, browser, &selection.filter)));
            }
        }
        Layer::EndToEnd => {
            for &browser in &selection.browsers {
                let name = format!("e2e {browser}");
                rows.push(row(&name, || {
                    end_to_end(project, browser, &selection.filter)
                }));
            }
        }
    }
}

/// Runs one row's work. An error counts as one failure.
fn row(name: &str, work: impl FnOnce() -> Result<Counts>) -> Row {
    println!("\n=== {name} ===");
    let start = Instant::now();
    let (counts, trouble) = match work() {
        Ok(counts) => (counts, None),
        Err(error) => {
            let trouble = format!("{error:#}");
            eprintln!("{name}: {trouble}");
            (
                Counts {
                    passed: 0,
                    failed: 1,
                },
                Some(trouble),
            )
        }
    };
    Row {
        name: name.to_owned(),
        counts,
        time: start.elapsed(),
        trouble,
    }
}

fn summarise(rows: &[Row]) -> bool {
    let mut sum = Counts::default();
    println!(
        "\n{:<14} {:>7} {:>7} {:>8}",
        "layer", "passed", "failed", "seconds"
    );
    for row in rows {
        println!(
            "{:<14} {:>7} {:>7} {:>8.0}",
            row.name,
            row.counts.passed,
            row.counts.failed,
            row.time.as_secs_f64()
        );
        sum.add(row.counts);
    }
    println!();
    for row in rows {
        if let Some(trouble) = &row.trouble {
            println!("{}: {trouble}\n", row.name);
        }
    }
    println!("{} passed, {} failed", sum.passed, sum.failed);
    sum.failed == 0
}

fn format(project: &Project) -> Result<Counts> {
    setup::for_checks(project)?;
    let mut counts = check(project.cargo()?.args(["fmt", "--all", "--check"]))
        .context("run `cargo fmt --all` to put this right")?;
    // The fuzz targets are no member of the workspace; the linter sees them in the core's tests.
    let manifest = "crates/pkce-core/fuzz/Cargo.toml";
    counts.add(
        check(
            project
                .cargo()?
                .args(["fmt", "--check", "--manifest-path", manifest]),
        )
        .context("run `cargo fmt --manifest-path crates/pkce-core/fuzz/Cargo.toml`")?,
    );
    Ok(counts)
}

fn lint_host(project: &Project) -> Result<Counts> {
    setup::for_checks(project)?;
    // The journeys are no default test target, so they are named.
    let mut counts = check(
        project
            .cargo()?
            .args(["clippy", "--workspace", "--all-targets", "--locked"])
            .args(["--", "--deny", "warnings"]),
    )?;
    counts.add(check(
        project
            .cargo()?
            .args([
                "clippy",
                "--package",
                "leptos-pkce-app",
                "--test",
                "e2e",
                "--locked",
            ])
            .args(["--", "--deny", "warnings"]),
    )?);
    Ok(counts)
}

fn lint_wasm(project: &Project) -> Result<Counts> {
    setup::for_checks(project)?;
    let clippy = |targets: &[&str], packages: &[&str]| -> Result<Counts> {
        let mut command = project.cargo()?;
        command
            .args(["clippy", "--target", WASM_TARGET, "--locked"])
            .args(targets);
        for package in packages {
            command.args(["--package", package]);
        }
        check(command.args(["--", "--deny", "warnings"]))
    };
    let mut counts = clippy(&[], &BUILT_FOR_BROWSERS)?;
    counts.add(clippy(&["--all-targets"], &TESTED_IN_BROWSERS)?);
    Ok(counts)
}

fn native(project: &Project, filter: &[String]) -> Result<Counts> {
    let mut cargo = project.cargo()?;
    cargo.args(["test", "--workspace", "--no-fail-fast", "--locked"]);
    counted(cargo.arg("--").args(filter), filter)
}

fn wasm(project: &Project, browser: Browser, filter: &[String]) -> Result<Counts> {
    setup::for_wasm_tests(project)?;
    let installed = browsers::ensure(project, browser)?;
    let mut cargo = project.cargo()?;
    // Tests of documentation run on the host.
    cargo.args([
        "test",
        "--target",
        WASM_TARGET,
        "--lib",
        "--tests",
        "--no-fail-fast",
        "--locked",
    ]);
    for package in TESTED_IN_BROWSERS {
        cargo.args(["--package", package]);
    }
    for other in Browser::ALL {
        // The runner takes the first server it is told of.
        cargo.env_remove(other.driver_variable());
    }
    cargo
        .env(
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER",
            "wasm-bindgen-test-runner",
        )
        .env(browser.driver_variable(), installed.driver)
        .env(
            "WASM_BINDGEN_TEST_WEBDRIVER_JSON",
            webdriver_json(project, browser),
        )
        .env("WASM_BINDGEN_TEST_TIMEOUT", WASM_TEST_SECONDS)
        .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", DRIVER_SECONDS)
        // A test that asks for no environment of its own is one for the browser.
        .env("WASM_BINDGEN_USE_BROWSER", "1");
    counted(cargo.arg("--").args(filter), filter)
}

/// How wasm-bindgen's runner starts a browser.
fn webdriver_json(project: &Project, browser: Browser) -> std::path::PathBuf {
    project
        .root()
        .join("xtask/webdriver")
        .join(format!("{browser}.json"))
}

fn end_to_end(project: &Project, browser: Browser, filter: &[String]) -> Result<Counts> {
    let dist = build::app(project)?;
    let installed = browsers::ensure(project, browser)?;
    journeys(project, browser, &installed, &dist, filter)
}

fn journeys(
    project: &Project,
    browser: Browser,
    installed: &browsers::Installed,
    dist: &Path,
    filter: &[String],
) -> Result<Counts> {
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
        .env(browser.driver_variable(), &installed.driver)
        .env(browser.binary_variable(), &installed.binary)
        // A journey that fails tells what it saw; where in the harness it looked is noise.
        .env("RUST_BACKTRACE", "0")
        .args(["--", "--test-threads", JOURNEYS_AT_ONCE])
        .args(filter);
    counted(&mut cargo, filter)
}

/// Runs a check that passes or fails as a whole.
fn check(command: &mut Command) -> Result<Counts> {
    process::run(command)?;
    Ok(Counts {
        passed: 1,
        failed: 0,
    })
}

/// Runs test binaries and adds up what each reports.
fn counted(command: &mut Command, filter: &[String]) -> Result<Counts> {
    let mut counts = Counts::default();
    let status = process::run_and_read(command, |line| {
        if let Some(more) = counts_in(line) {
            counts.add(more);
        }
    })?;
    if !status.success() && counts.failed == 0 {
        // Such as code that does not compile, or a test binary that died.
        eprintln!("the tests ended with {status} and without a failed test: counted as one");
        counts.failed = 1;
    }
    if counts == Counts::default() && filter.is_empty() {
        bail!("no test ran: expected at least one");
    }
    Ok(counts)
}

/// The counts in `test result: ok. 3 passed; 1 failed; …`, which libtest and wasm-bindgen's
/// runner both print.
fn counts_in(line: &str) -> Option<Counts> {
    let rest = line.trim_start().strip_prefix("test result: ")?;
    let number_before = |word: &str| -> Option<u64> {
        let words: Vec<&str> = rest
            .split([' ', ';'])
            .filter(|part| !part.is_empty())
            .collect();
        let at = words.iter().position(|part| *part == word)?;
        words.get(at.checked_sub(1)?)?.parse().ok()
    };
    Some(Counts {
        passed: number_before("passed")?,
        failed: number_before("failed")?,
    })
}

#[cfg(test)]
mod tests {
    use super::{Counts, counts_in};

    #[test]
    fn the_counts_of_both_runners_are_read() {
        let libtest = "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 1 filtered \
                       out; finished in 0.51s";
        assert_eq!(
            counts_in(libtest),
            Some(Counts {
                passed: 12,
                failed: 3
            })
        );
        let wasm = "test result: ok. 7 passed; 0 failed; 0 ignored; 0 filtered out; finished in 1s";
        assert_eq!(
            counts_in(wasm),
            Some(Counts {
                passed: 7,
                failed: 0
            })
        );
    }

    #[test]
    fn other_lines_hold_no_counts() {
        assert_eq!(counts_in("test a_name ... ok"), None);
        assert_eq!(counts_in("log: test result: ok. 1 passed; 0 failed"), None);
    }
}
