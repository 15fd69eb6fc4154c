//! `cargo xtask bench core`: what pkce-core's judging costs, and how the cost grows with the input.

use anyhow::{Result, bail};

use crate::process;
use crate::project::Project;

/// Ten times the input may cost so many times as much. Linear is 10; sorting and a busy machine
/// add to it, and quadratic would be 100.
const LIMIT: f64 = 30.0;
/// What takes less is measured too roughly to tell how it grows, in nanoseconds.
const ROUGH: u64 = 20_000;

/// One line of the harness: a name, and nanoseconds for one judgement.
#[derive(Debug, PartialEq, Eq)]
struct Measured {
    name: String,
    /// Octets of hostile input; none for what is typical.
    size: Option<u64>,
    nanoseconds: u64,
}

/// Runs the benchmarks and prints the table; tells whether no cost grows faster than it may.
pub(crate) fn run(project: &Project, filter: &[String]) -> Result<bool> {
    let mut measured = Vec::new();
    let status = process::run_and_read(
        project
            .cargo()?
            .args(["bench", "--package", "pkce-core", "--bench", "core"])
            .args(["--locked", "--", "--output-format", "bencher"])
            .args(filter),
        |line| measured.extend(measurement(line)),
    )?;
    if !status.success() {
        bail!("the benchmarks failed ({status}); what they said is above");
    }
    if measured.is_empty() {
        bail!("nothing was measured: no benchmark has {filter:?} in its name");
    }
    Ok(print(&measured))
}

/// Reads `test some name/1000 ... bench:  12,345 ns/iter (+/- 67)`.
fn measurement(line: &str) -> Option<Measured> {
    let (name, rest) = line.strip_prefix("test ")?.split_once(" ... bench:")?;
    let digits = rest.split_once(" ns/iter")?.0.trim().replace(',', "");
    let (name, size) = match name.rsplit_once('/') {
        Some((name, size)) if size.parse::<u64>().is_ok() => (name, size.parse().ok()),
        _ => (name, None),
    };
    Some(Measured {
        name: name.to_owned(),
        size,
        nanoseconds: digits.parse().ok()?,
    })
}

fn print(measured: &[Measured]) -> bool {
    println!("\n{:<34} {:>12}", "typical", "µs");
    for row in measured.iter().filter(|row| row.size.is_none()) {
        println!("{:<34} {:>12.1}", row.name, microseconds(row.nanoseconds));
    }
    println!(
        "\n{:<34} {:>9} {:>12} {:>14}",
        "hostile", "octets", "µs", "than a tenth"
    );
    let mut is_linear = true;
    let mut last: Option<&Measured> = None;
    for row in measured {
        let Some(size) = row.size else { continue };
        let before = last.filter(|before| {
            before.name == row.name && before.size.and_then(|size| size.checked_mul(10)) == row.size
        });
        let growth = before.map(|before| growth(before.nanoseconds, row.nanoseconds));
        let is_too_much = growth.is_some_and(|growth| growth > LIMIT) && row.nanoseconds > ROUGH;
        println!(
            "{:<34} {size:>9} {:>12.1} {:>14}{}",
            if before.is_some() { "" } else { &row.name },
            microseconds(row.nanoseconds),
            growth.map_or_else(String::new, |growth| format!("× {growth:.1}")),
            if is_too_much { "  too much" } else { "" }
        );
        is_linear &= !is_too_much;
        last = Some(row);
    }
    println!();
    if !is_linear {
        println!("ten times the input may cost {LIMIT} times as much, and not more");
    }
    is_linear
}

#[allow(clippy::cast_precision_loss, reason = "there are fewer than 2^52 ns")]
fn microseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1000.0
}

fn growth(before: u64, after: u64) -> f64 {
    microseconds(after) / microseconds(before.max(1))
}

#[cfg(test)]
mod tests {
    use super::{Measured, measurement, print};

    fn measured(size: u64, nanoseconds: u64) -> Measured {
        Measured {
            name: "jwks many keys".to_owned(),
            size: Some(size),
            nanoseconds,
        }
    }

    #[test]
    fn the_lines_of_the_harness_are_read() {
        let line = "test jwks many keys/10000 ... bench:      12,345 ns/iter (+/- 67)";
        assert_eq!(measurement(line), Some(measured(10_000, 12_345)));
        let typical = measurement("test typical sign-in ... bench:       9 ns/iter (+/- 0)");
        assert_eq!(typical.and_then(|row| row.size), None);
        assert_eq!(measurement("test result: ok"), None);
    }

    #[test]
    fn a_cost_that_grows_with_the_square_is_too_much_and_a_linear_one_is_not() {
        assert!(print(&[
            measured(1_000, 90_000),
            measured(10_000, 1_000_000)
        ]));
        assert!(!print(&[
            measured(1_000, 90_000),
            measured(10_000, 9_000_000)
        ]));
        // What takes no time at all is told too roughly.
        assert!(print(&[measured(1_000, 90), measured(10_000, 9_000)]));
    }
}
