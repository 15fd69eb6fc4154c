//! `cargo xtask coverage`: which lines of pkce-core its tests run, one table, and a lower limit.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::project::Project;
use crate::{process, setup};

const PACKAGE: &str = "pkce-core";
const SOURCES: &str = "crates/pkce-core/src";
/// Below this share of all lines, in per cent, the command fails.
const LIMIT: f64 = 95.0;

/// How often each line of a file was run.
type Lines = BTreeMap<usize, u64>;

/// Runs the tests of pkce-core with coverage, writes `target/coverage`, prints the table, and tells
/// whether the limit is kept.
pub(crate) fn run(project: &Project) -> Result<bool> {
    setup::for_coverage(project)?;
    let folder = project.target().join("coverage");
    fs::create_dir_all(&folder).context("target/coverage could not be made")?;
    let report = folder.join("lcov.info");
    process::run(
        project
            .cargo()?
            .args(["llvm-cov", "--package", PACKAGE, "--locked"])
            .args(["--lcov", "--output-path"])
            .arg(&report),
    )?;
    process::run(
        project
            .cargo()?
            .args(["llvm-cov", "report", "--html", "--output-dir"])
            .arg(&folder),
    )?;
    let text = fs::read_to_string(&report).context("the report could not be read")?;
    let share = print(project, &files(&text))?;
    println!(
        "in full: {}",
        project.short(&folder.join("html/index.html")).display()
    );
    if share < LIMIT {
        println!("{share:.2} % of the lines: expected at least {LIMIT} %");
    }
    Ok(share >= LIMIT)
}

/// The lines by file of an lcov report.
fn files(lcov: &str) -> BTreeMap<String, Lines> {
    let mut files: BTreeMap<String, Lines> = BTreeMap::new();
    let mut current = String::new();
    for line in lcov.lines() {
        if let Some(path) = line.strip_prefix("SF:") {
            current = path.to_owned();
        } else if let Some((number, rest)) = line
            .strip_prefix("DA:")
            .and_then(|data| data.split_once(','))
            && let (Ok(number), Some(Ok(count))) = (
                number.parse(),
                rest.split(',').next().map(str::parse::<u64>),
            )
        {
            let lines = files.entry(current.clone()).or_default();
            *lines.entry(number).or_default() += count;
        }
    }
    files
}

/// Prints a row for each file and returns the share of covered lines in per cent.
fn print(project: &Project, files: &BTreeMap<String, Lines>) -> Result<f64> {
    println!(
        "\n{:<34} {:>6} {:>8} {:>8}  not run",
        "file", "lines", "covered", "%"
    );
    let sources = project.root().join(SOURCES);
    let (mut all, mut covered) = (0_usize, 0_usize);
    for (path, lines) in files {
        let path = Path::new(path);
        let Ok(name) = path.strip_prefix(&sources) else {
            continue;
        };
        let name = name.display().to_string();
        if is_test_file(&name) {
            continue;
        }
        let source = fs::read_to_string(path)
            .with_context(|| format!("{} could not be read", path.display()))?;
        let end = first_test_line(&source);
        let own: Lines = lines
            .iter()
            .filter(|(number, _)| **number < end)
            .map(|(number, count)| (*number, *count))
            .collect();
        let run = own.values().filter(|count| **count > 0).count();
        println!(
            "{name:<34} {:>6} {run:>8} {:>8.2}  {}",
            own.len(),
            share(run, own.len()),
            ranges(&own)
        );
        all += own.len();
        covered += run;
    }
    let total = share(covered, all);
    println!("{:<34} {all:>6} {covered:>8} {total:>8.2}\n", "all");
    Ok(total)
}

/// What only tests are made of is not what is to be covered.
fn is_test_file(name: &str) -> bool {
    name.split('/')
        .any(|part| matches!(part, "tests" | "tests.rs" | "testing.rs"))
}

/// The line at which the tests at the end of a file begin.
fn first_test_line(source: &str) -> usize {
    let lines: Vec<&str> = source.lines().collect();
    lines
        .windows(2)
        .position(|pair| matches!(pair, ["#[cfg(test)]", "mod tests {"]))
        .map_or(usize::MAX, |index| index + 1)
}

#[allow(
    clippy::cast_precision_loss,
    reason = "there are fewer than 2^52 lines"
)]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        return 100.0;
    }
    part as f64 * 100.0 / whole as f64
}

/// The lines that were not run, as `3, 7-9`.
fn ranges(lines: &Lines) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    let mut is_open = false;
    for (&number, &count) in lines {
        match ranges.last_mut() {
            _ if count > 0 => is_open = false,
            Some((_, last)) if is_open => *last = number,
            _ => {
                ranges.push((number, number));
                is_open = true;
            }
        }
    }
    let texts = ranges.iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    texts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{files, first_test_line, is_test_file, ranges};

    #[test]
    fn an_lcov_report_is_read_and_its_gaps_are_told() {
        let lcov = "SF:/a/b.rs\nDA:1,5\nDA:2,0\nDA:4,0\nDA:5,1\nDA:9,0\nend_of_record\n\
                    SF:/a/c.rs\nDA:1,1,hash\nend_of_record\nSF:/a/b.rs\nDA:9,0\n";
        let files = files(lcov);
        assert_eq!(files.len(), 2);
        assert_eq!(ranges(&files["/a/b.rs"]), "2-4, 9");
        assert_eq!(ranges(&files["/a/c.rs"]), "");
    }

    #[test]
    fn tests_do_not_count() {
        assert!(is_test_file("jose/tests/jwk.rs") && is_test_file("token/tests.rs"));
        assert!(!is_test_file("token.rs"));
        assert_eq!(first_test_line("a\nb\n#[cfg(test)]\nmod tests {\n}\n"), 3);
        assert_eq!(first_test_line("a\n#[cfg(test)]\nmod tests;\n"), usize::MAX);
    }
}
