//! Set-up: what the build and the tests need beyond Rust itself, each tool at a pinned version.
//!
//! A tool that is there already at the right version is used as it is. What is missing goes into
//! the project's own `target/tools`; only browsers come from the system's package manager.

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::project::Project;

const TRUNK: &str = "0.21.14";
const GECKODRIVER: &str = "0.37.1";
const CARGO_LLVM_COV: &str = "0.9.1";
const CARGO_MUTANTS: &str = "27.1.0";
const CARGO_FUZZ: &str = "0.13.2";
const BINARYEN: &str = "132.0.0";
/// Older ones do not know all the WebAssembly features that Rust enables by default.
const OLDEST_WASM_OPT: u32 = 116;
const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Whether the app can be made smaller after the compiler is done with it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum WasmOpt {
    /// `wasm-opt` can be run.
    Present,
    /// It could not be had; the app works, and is larger.
    Absent,
}

/// What a release build of the app needs.
pub(crate) fn for_build(project: &Project) -> Result<WasmOpt> {
    wasm_target(project)?;
    let wasm_bindgen = locked_version(project, "wasm-bindgen")?;
    cargo_tool(
        project,
        &CargoTool {
            program: "wasm-bindgen",
            package: "wasm-bindgen-cli",
            version: &wasm_bindgen,
            options: &[],
        },
    )?;
    cargo_tool(
        project,
        &CargoTool {
            program: "trunk",
            package: "trunk",
            version: TRUNK,
            // Without the default features it does not look for updates of itself.
            options: &["--locked", "--no-default-features", "--features", "rustls"],
        },
    )?;
    wasm_opt(project)
}

/// What the format check and the linter need.
pub(crate) fn for_checks(project: &Project) -> Result<()> {
    wasm_target(project)?;
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if process::output(project.cargo()?.args([subcommand, "--version"])).is_err() {
            let mut rustup = project.command("rustup")?;
            step(&format!("{component}, with rustup"), || {
                process::run(rustup.args(["component", "add", component]))
            })?;
        }
    }
    Ok(())
}

/// What tests in a browser need beside the browsers: the test runner of wasm-bindgen.
pub(crate) fn for_wasm_tests(project: &Project) -> Result<()> {
    wasm_target(project)?;
    let version = locked_version(project, "wasm-bindgen")?;
    cargo_tool(
        project,
        &CargoTool {
            program: "wasm-bindgen-test-runner",
            package: "wasm-bindgen-cli",
            version: &version,
            options: &[],
        },
    )
}

/// The WebDriver server of Firefox.
pub(crate) fn geckodriver(project: &Project) -> Result<()> {
    cargo_tool(
        project,
        &CargoTool {
            program: "geckodriver",
            package: "geckodriver",
            version: GECKODRIVER,
            options: &["--locked"],
        },
    )
}

/// What coverage needs: LLVM's tools of this very compiler, and what drives them.
pub(crate) fn for_coverage(project: &Project) -> Result<()> {
    let libraries = process::output(project.command("rustc")?.args(["--print", "target-libdir"]))?;
    let tools = std::path::Path::new(libraries.trim()).with_file_name("bin");
    if !tools.join("llvm-profdata").is_file() {
        if project.find_program("rustup")?.is_none() {
            bail!(
                "coverage needs llvm-profdata and llvm-cov of this Rust, and there is no rustup to \
                 add its component llvm-tools: install Rust with rustup (https://rustup.rs)"
            );
        }
        let mut rustup = project.command("rustup")?;
        step("llvm-tools, with rustup", || {
            process::run(rustup.args(["component", "add", "llvm-tools"]))
        })?;
    }
    cargo_subcommand(project, "llvm-cov", CARGO_LLVM_COV)
}

/// What puts faults into the sources.
pub(crate) fn for_mutants(project: &Project) -> Result<()> {
    cargo_subcommand(project, "mutants", CARGO_MUTANTS)
}

/// What the fuzz targets need beside a C++ compiler, which builds libFuzzer.
pub(crate) fn for_fuzz(project: &Project) -> Result<()> {
    if !["c++", "g++", "clang++"]
        .iter()
        .any(|program| matches!(project.find_program(program), Ok(Some(_))))
    {
        bail!(
            "libFuzzer is built with a C++ compiler, and there is none on PATH: install g++ or \
             clang++"
        );
    }
    cargo_subcommand(project, "fuzz", CARGO_FUZZ)
}

/// Removes what only the installation of tools needed.
pub(crate) fn clean_up(project: &Project) -> Result<()> {
    let folder = build_folder(project);
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("{} could not be removed", folder.display()))?;
    }
    Ok(())
}

/// The versions that a build's result depends on, one a line.
pub(crate) fn versions(project: &Project, wasm_opt: WasmOpt) -> Result<String> {
    let rustc = process::output(project.command("rustc")?.arg("--version"))?;
    let optimiser = match wasm_opt {
        WasmOpt::Present => process::output(project.command("wasm-opt")?.arg("--version"))?,
        WasmOpt::Absent => "no wasm-opt".to_owned(),
    };
    Ok(format!("{rustc}trunk {TRUNK}\n{optimiser}"))
}

/// Announces a step, takes it, and says how long it took.
pub(crate) fn step(name: &str, take: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("set-up: {name} …");
    let start = Instant::now();
    take().with_context(|| format!("set-up failed: {name}"))?;
    println!(
        "set-up: {name}: done in {:.0} s",
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Rust's standard library for browsers.
pub(crate) fn wasm_target(project: &Project) -> Result<()> {
    let sysroot = process::output(project.command("rustc")?.args(["--print", "sysroot"]))?;
    let library = std::path::Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(WASM_TARGET);
    if library.is_dir() {
        return Ok(());
    }
    if project.find_program("rustup")?.is_none() {
        bail!(
            "this Rust has no standard library for {WASM_TARGET}, and there is no rustup to add \
             it: install Rust with rustup (https://rustup.rs), or your system's package for that \
             target"
        );
    }
    let mut rustup = project.command("rustup")?;
    step(
        &format!("the Rust target {WASM_TARGET}, with rustup"),
        || process::run(rustup.args(["target", "add", WASM_TARGET])),
    )
}

/// A program that `cargo install` brings.
struct CargoTool<'a> {
    program: &'a str,
    package: &'a str,
    version: &'a str,
    options: &'a [&'a str],
}

fn cargo_tool(project: &Project, tool: &CargoTool<'_>) -> Result<()> {
    let is_there = || -> Result<bool> {
        let text = version_text(project, tool.program)?;
        Ok(text.is_some_and(|text| text.split_whitespace().any(|word| word == tool.version)))
    };
    if is_there()? {
        return Ok(());
    }
    let mut install = project.cargo()?;
    install
        .args(["install", "--force", "--root"])
        .arg(project.tools())
        .arg(format!("{}@{}", tool.package, tool.version))
        .args(tool.options)
        // One build folder for all tools, so that what they have in common is compiled once.
        .env("CARGO_TARGET_DIR", build_folder(project))
        // These tools run for seconds: the time it takes to compile them counts for more.
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
        .env("CARGO_PROFILE_RELEASE_STRIP", "debuginfo")
        .env_remove("CARGO_BUILD_TARGET")
        .env_remove("RUSTFLAGS");
    step(
        &format!(
            "{} {}, with cargo install (minutes)",
            tool.package, tool.version
        ),
        || process::run(&mut install),
    )?;
    if !is_there()? {
        bail!(
            "`{} --version` does not say {}, although {} {} was installed into {}",
            tool.program,
            tool.version,
            tool.package,
            tool.version,
            project.short(&project.tools()).display()
        );
    }
    Ok(())
}

/// A subcommand of Cargo's that `cargo install` brings, at this version.
fn cargo_subcommand(project: &Project, name: &str, version: &str) -> Result<()> {
    let package = format!("cargo-{name}");
    cargo_tool(
        project,
        &CargoTool {
            program: &package,
            package: &package,
            version,
            options: &["--locked"],
        },
    )
}

fn build_folder(project: &Project) -> std::path::PathBuf {
    project.root().join("target/tools-build")
}

/// What a program answers to `--version`, or nothing where it is missing or broken.
fn version_text(project: &Project, program: &str) -> Result<Option<String>> {
    if project.find_program(program)?.is_none() {
        return Ok(None);
    }
    let mut command = project.command(program)?;
    // Some subcommands of Cargo answer only when called as Cargo calls them.
    command
        .args(program.strip_prefix("cargo-"))
        .arg("--version");
    Ok(process::output(&mut command).ok())
}

fn wasm_opt(project: &Project) -> Result<WasmOpt> {
    if wasm_opt_is_there(project)? {
        return Ok(WasmOpt::Present);
    }
    if project.find_program("npm")?.is_some() {
        let mut npm = project.command("npm")?;
        npm.args([
            "install",
            "--no-save",
            "--no-audit",
            "--no-fund",
            "--prefix",
        ])
        .arg(project.tools())
        .arg(format!("binaryen@{BINARYEN}"));
        let installed = fs::create_dir_all(project.tools())
            .context("target/tools could not be made")
            .and_then(|()| {
                step(&format!("wasm-opt {BINARYEN}, with npm"), || {
                    process::run(&mut npm)
                })
            });
        match installed {
            Ok(()) if wasm_opt_is_there(project)? => return Ok(WasmOpt::Present),
            Ok(()) => println!("note: npm installed wasm-opt, and it does not run"),
            Err(error) => println!("note: {error:#}"),
        }
    }
    println!(
        "note: no wasm-opt {OLDEST_WASM_OPT} or newer on PATH, and none could be had through npm; \
         the app is built without it: it works the same and is somewhat larger. To have it, put \
         Binaryen's wasm-opt on PATH, or install npm."
    );
    Ok(WasmOpt::Absent)
}

fn wasm_opt_is_there(project: &Project) -> Result<bool> {
    let text = version_text(project, "wasm-opt")?;
    Ok(text
        .as_deref()
        .and_then(wasm_opt_version)
        .is_some_and(|found| found >= OLDEST_WASM_OPT))
}

/// The number in `wasm-opt version 132 (version_132)`.
fn wasm_opt_version(text: &str) -> Option<u32> {
    text.split_whitespace().nth(2)?.parse().ok()
}

/// The version of `package` in Cargo.lock.
fn locked_version(project: &Project, package: &str) -> Result<String> {
    let lock = fs::read_to_string(project.root().join("Cargo.lock"))
        .context("Cargo.lock could not be read: is this a complete clone?")?;
    version_in_lock(&lock, package)
        .map(str::to_owned)
        .with_context(|| format!("Cargo.lock names no version of {package}"))
}

fn version_in_lock<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines
        .nth(1)?
        .strip_prefix("version = \"")?
        .strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::{version_in_lock, wasm_opt_version};

    #[test]
    fn the_locked_version_is_that_of_the_very_package() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(version_in_lock(lock, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(version_in_lock(lock, "bindgen"), None);
    }

    #[test]
    fn the_number_of_wasm_opt_is_read_in_both_of_its_forms() {
        assert_eq!(
            wasm_opt_version("wasm-opt version 132 (version_132)"),
            Some(132)
        );
        assert_eq!(wasm_opt_version("wasm-opt version 108"), Some(108));
        assert_eq!(wasm_opt_version(""), None);
    }
}
