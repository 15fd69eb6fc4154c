//! The release build of the app, or of an example, with Trunk.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::project::Project;
use crate::setup::{self, WasmOpt};

/// Folders of the root that the app is not made of.
const NOT_INPUTS: [&str; 6] = ["target", "dist", "tests", "xtask", "fuzz", "examples"];
/// The provider is a program of its own; the app has none of its code.
const PROVIDER: &str = "crates/demo-provider";

/// Builds the app into `dist/` and gives that folder. Nothing is done where nothing changed.
pub(crate) fn app(project: &Project) -> Result<PathBuf> {
    let wasm_opt = setup::for_build(project)?;
    let dist = project.dist();
    let stamp_file = project.root().join("target/xtask/app.stamp");
    let inputs = {
        let mut hasher = DefaultHasher::new();
        setup::versions(project, wasm_opt)?.hash(&mut hasher);
        hash_folder(project.root(), project, &mut hasher)?;
        hasher.finish()
    };
    if fs::read_to_string(&stamp_file).is_ok_and(|stamp| stamp == stamp_text(inputs, &dist)) {
        println!("the app in dist/ is up to date");
        return Ok(dist);
    }
    trunk_build(project, project.root(), wasm_opt)?;
    if let Some(folder) = stamp_file.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("{} could not be made", folder.display()))?;
    }
    fs::write(&stamp_file, stamp_text(inputs, &dist))
        .with_context(|| format!("{} could not be written", stamp_file.display()))?;
    Ok(dist)
}

/// Builds an example into its own `dist/` and gives that folder.
pub(crate) fn example(project: &Project, name: &str) -> Result<PathBuf> {
    let examples = project.root().join("examples");
    let folder = examples.join(name);
    let is_a_name = Path::new(name).components().count() == 1 && !name.starts_with('.');
    if !is_a_name || !folder.join("index.html").is_file() {
        let mut names: Vec<String> = fs::read_dir(&examples)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.path().join("index.html").is_file())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        bail!(
            "there is no example `{name}` that Trunk can build (one with an index.html); there \
             {}",
            if names.is_empty() {
                "are none".to_owned()
            } else {
                format!("is: {}", names.join(", "))
            }
        );
    }
    let wasm_opt = setup::for_build(project)?;
    trunk_build(project, &folder, wasm_opt)?;
    Ok(folder.join("dist"))
}

fn trunk_build(project: &Project, folder: &Path, wasm_opt: WasmOpt) -> Result<()> {
    let start = Instant::now();
    println!(
        "building {} in release mode …",
        match folder.file_name() {
            Some(name) if folder != project.root() => name.display().to_string(),
            _ => "the app".to_owned(),
        }
    );
    let mut trunk = project.command("trunk")?;
    trunk
        .current_dir(folder)
        .args(["build", "--skip-version-check"]);
    match wasm_opt {
        WasmOpt::Present => trunk.arg("--release"),
        // In its own release mode Trunk insists on wasm-opt, and would look for it on the net.
        WasmOpt::Absent => trunk.args(["--cargo-profile", "release"]),
    };
    process::run(&mut trunk).context("the app could not be built")?;
    println!("built in {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// What the stamp says: the inputs, and what was made of them.
fn stamp_text(inputs: u64, dist: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    let mut files: Vec<(PathBuf, u64)> = fs::read_dir(dist)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| (entry.path(), entry.metadata().map_or(0, |data| data.len())))
        .collect();
    files.sort();
    files.hash(&mut hasher);
    format!("{inputs:016x} {:016x}\n", hasher.finish())
}

/// Hashes names and contents of all that the app may be made of. A file too many costs a build
/// that was not needed; a file too few would show an old app.
fn hash_folder(folder: &Path, project: &Project, hasher: &mut DefaultHasher) -> Result<()> {
    let mut entries = fs::read_dir(folder)
        .and_then(|entries| entries.collect::<Result<Vec<_>, _>>())
        .with_context(|| format!("{} could not be read", folder.display()))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let short = project.short(&path);
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if (hidden && short != Path::new(".cargo"))
            || NOT_INPUTS.iter().any(|name| short == Path::new(name))
            || short == Path::new(PROVIDER)
            || path.extension().is_some_and(|extension| extension == "md")
        {
            continue;
        }
        if path.is_dir() {
            hash_folder(&path, project, hasher)?;
        } else {
            short.hash(hasher);
            fs::read(&path)
                .with_context(|| format!("{} could not be read", path.display()))?
                .hash(hasher);
        }
    }
    Ok(())
}
