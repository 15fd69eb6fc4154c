//! `cargo xtask fuzz`: each fuzz target of pkce-core for a bounded time, and one table.
//!
//! What a run finds is gathered under `target/fuzz`; `--keep` puts as much of it into the kept corpus
//! as adds coverage. The compiler is the ordinary one: coverage feedback needs no nightly, only the
//! sanitizers do, and the core has no `unsafe` for them to watch.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process::{self, Running};
use crate::project::Project;
use crate::setup;

/// The crate of the targets, a workspace of its own.
const FOLDER: &str = "crates/pkce-core/fuzz";
/// One input may take so long, in seconds.
const INPUT_SECONDS: u32 = 10;
/// Inputs may be larger than what is tried by default: limits lie at 16 KB.
const INPUT_OCTETS: u32 = 20_000;

/// What to run.
pub(crate) struct Options {
    /// For how long each target, in seconds.
    pub(crate) seconds: u32,
    /// Which targets; none means all.
    pub(crate) targets: Vec<String>,
    /// Whether new coverage goes into the kept corpus.
    pub(crate) keep: bool,
}

/// What libFuzzer reports at its end.
#[derive(Debug, Default, PartialEq, Eq)]
struct Figures {
    runs: u64,
    runs_per_second: u64,
    edges: u64,
    corpus: u64,
}

struct Row {
    target: String,
    time: Duration,
    figures: Figures,
    trouble: Option<String>,
}

/// Runs the targets one after the other, prints the table, and tells whether nothing was found.
pub(crate) fn run(project: &Project, options: &Options) -> Result<bool> {
    let known = targets(project)?;
    for name in &options.targets {
        if !known.contains(name) {
            bail!(
                "there is no fuzz target `{name}`; there are: {}",
                known.join(", ")
            );
        }
    }
    let chosen = if options.targets.is_empty() {
        &known
    } else {
        &options.targets
    };
    setup::for_fuzz(project)?;
    // Cargo.lock is kept; cargo-fuzz itself would change it silently.
    process::run(
        project
            .cargo()?
            .args(["fetch", "--quiet", "--locked", "--manifest-path"])
            .arg(project.root().join(FOLDER).join("Cargo.toml")),
    )?;
    let mut rows = Vec::new();
    for target in chosen {
        rows.push(fuzz(project, target, options)?);
    }
    Ok(summarise(&rows))
}

/// The names of the targets: their files.
fn targets(project: &Project) -> Result<Vec<String>> {
    let folder = project.root().join(FOLDER).join("fuzz_targets");
    let entries =
        fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        names.extend(path.file_stem().map(|name| name.display().to_string()));
    }
    names.sort();
    Ok(names)
}

/// Where a run of this target leaves things.
struct Places {
    found: PathBuf,
    artifacts: PathBuf,
    kept: PathBuf,
    log: PathBuf,
}

impl Places {
    fn of(project: &Project, target: &str) -> Result<Self> {
        let root = project.target().join("fuzz");
        let places = Self {
            found: root.join("corpus").join(target),
            artifacts: root.join("artifacts").join(target),
            kept: project.root().join(FOLDER).join("corpus").join(target),
            log: root.join(format!("{target}.log")),
        };
        for folder in [&places.found, &places.artifacts, &places.kept] {
            fs::create_dir_all(folder)
                .with_context(|| format!("{} could not be made", folder.display()))?;
        }
        Ok(places)
    }
}

fn fuzz(project: &Project, target: &str, options: &Options) -> Result<Row> {
    let places = Places::of(project, target)?;
    process::run(&mut cargo_fuzz(project, "build", target)?)?;
    println!(
        "{target}: {} s; what it says goes to {}",
        options.seconds,
        project.short(&places.log).display()
    );
    let mut command = cargo_fuzz(project, "run", target)?;
    command
        .args([&places.found, &places.kept])
        .arg("--")
        .arg(format!("-max_total_time={}", options.seconds))
        .arg(format!("-timeout={INPUT_SECONDS}"))
        .arg(format!("-max_len={INPUT_OCTETS}"))
        .arg(format!("-artifact_prefix={}/", places.artifacts.display()))
        .arg("-print_final_stats=1");
    let start = Instant::now();
    let succeeded = logged(&mut command, &places.log)?;
    let time = start.elapsed();
    let log = String::from_utf8_lossy(&fs::read(&places.log)?).into_owned();
    let trouble = (!succeeded).then(|| {
        format!(
            "it failed; the input is in {}, and the end of {} says:\n{}",
            project.short(&places.artifacts).display(),
            project.short(&places.log).display(),
            tail(&log)
        )
    });
    if options.keep && trouble.is_none() {
        keep(project, target, &places)?;
    }
    Ok(Row {
        target: target.to_owned(),
        time,
        figures: figures(&log),
        trouble,
    })
}

/// Adds the fewest inputs to the kept corpus that reach each edge that it does not.
fn keep(project: &Project, target: &str, places: &Places) -> Result<()> {
    let mut command = cargo_fuzz(project, "run", target)?;
    command
        .args([&places.kept, &places.found])
        .args(["--", "-set_cover_merge=1", "-use_counters=0"])
        .arg(format!("-max_len={INPUT_OCTETS}"));
    let log = places.log.with_extension("merge.log");
    if !logged(&mut command, &log)? {
        bail!(
            "the corpus of {target} could not be merged: see {}",
            project.short(&log).display()
        );
    }
    Ok(())
}

fn cargo_fuzz(project: &Project, what: &str, target: &str) -> Result<Command> {
    let mut command = project.cargo()?;
    command
        .args(["fuzz", what, "--sanitizer", "none", "--fuzz-dir", FOLDER])
        .arg("--target-dir")
        .arg(project.target().join("fuzz/build"))
        .arg(target)
        .env_remove("CARGO_TARGET_DIR")
        .env("RUST_BACKTRACE", "0");
    Ok(command)
}

/// Runs a command with all that it says going into a file.
fn logged(command: &mut Command, log: &Path) -> Result<bool> {
    let file = File::create(log).with_context(|| format!("{} cannot be made", log.display()))?;
    let mut running = Running::start(command.stdout(file.try_clone()?).stderr(file))?;
    Ok(running.wait()?.success())
}

fn tail(log: &str) -> String {
    let mut lines: Vec<&str> = log.lines().rev().take(20).collect();
    lines.reverse();
    lines.join("\n")
}

fn summarise(rows: &[Row]) -> bool {
    println!(
        "\n{:<18} {:>7} {:>11} {:>8} {:>7} {:>7}",
        "target", "seconds", "runs", "runs/s", "corpus", "edges"
    );
    for row in rows {
        println!(
            "{:<18} {:>7.0} {:>11} {:>8} {:>7} {:>7}",
            row.target,
            row.time.as_secs_f64(),
            row.figures.runs,
            row.figures.runs_per_second,
            row.figures.corpus,
            row.figures.edges
        );
    }
    let found: Vec<_> = rows.iter().filter(|row| row.trouble.is_some()).collect();
    for row in &found {
        println!(
            "\n{}: {}",
            row.target,
            row.trouble.as_deref().unwrap_or_default()
        );
    }
    println!("\n{} targets, {} failed", rows.len(), found.len());
    found.is_empty()
}

/// Reads libFuzzer's last status line (`#9 DONE cov: 12 ft: 20 corp: 3/9b …`) and its statistics.
fn figures(log: &str) -> Figures {
    let mut figures = Figures::default();
    for line in log.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let after = |name: &str| {
            let at = words.iter().position(|word| *word == name)?;
            let word = words.get(at.checked_add(1)?)?;
            word.split('/').next()?.parse().ok()
        };
        if let (Some(edges), Some(corpus)) = (after("cov:"), after("corp:")) {
            figures.edges = edges;
            figures.corpus = corpus;
        }
        if let Some(runs) = after("stat::number_of_executed_units:") {
            figures.runs = runs;
        }
        if let Some(rate) = after("stat::average_exec_per_sec:") {
            figures.runs_per_second = rate;
        }
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::{Figures, figures};

    #[test]
    fn the_figures_are_those_of_the_last_status_and_of_the_statistics() {
        let log = "INFO: seed corpus: files: 12 min: 3b max: 95b total: 772b rss: 27Mb\n\
                   #13\tINITED cov: 1213 ft: 1742 corp: 12/772b exec/s: 0 rss: 28Mb\n\
                   #900\tDONE   cov: 1301 ft: 1942 corp: 20/1Kb lim: 4 exec/s: 450 rss: 28Mb\n\
                   stat::number_of_executed_units: 900\nstat::average_exec_per_sec:     450\n";
        let expected = Figures {
            runs: 900,
            runs_per_second: 450,
            edges: 1301,
            corpus: 20,
        };
        assert_eq!(figures(log), expected);
        assert_eq!(figures(""), Figures::default());
    }
}
