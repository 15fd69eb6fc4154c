//! Where things are: the project's root, its build folder and its own tools.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// The project's folders.
pub(crate) struct Project {
    root: PathBuf,
}

impl Project {
    /// Finds the root: the folder above this crate.
    pub(crate) fn find() -> Result<Self> {
        // Cargo says where the crate is now; the compiled-in path may be one from before a move.
        let crate_folder = std::env::var_os("CARGO_MANIFEST_DIR")
            .unwrap_or_else(|| OsString::from(env!("CARGO_MANIFEST_DIR")));
        let root = Path::new(&crate_folder)
            .parent()
            .context("the folder xtask has no parent: run it as `cargo xtask`")?;
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// The root folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The release build of the app.
    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// The project's own tools; `cargo install --root` puts binaries into `bin` below it.
    pub(crate) fn tools(&self) -> PathBuf {
        self.root.join("target/tools")
    }

    /// Cargo's build folder, which `CARGO_TARGET_DIR` may move.
    pub(crate) fn target(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => self.root.join(folder),
            None => self.root.join("target"),
        }
    }

    /// `path` as seen from the root, for messages.
    pub(crate) fn short<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }

    /// PATH with the project's own tools first, so that Trunk and Cargo find them.
    pub(crate) fn search_path(&self) -> Result<OsString> {
        let own = [
            self.tools().join("bin"),
            self.tools().join("node_modules/.bin"),
        ];
        let outer = std::env::var_os("PATH").unwrap_or_default();
        std::env::join_paths(own.into_iter().chain(std::env::split_paths(&outer)))
            .context("PATH holds a folder whose name contains a colon")
    }

    /// A command that runs in the root folder and finds the project's own tools.
    pub(crate) fn command(&self, program: &str) -> Result<Command> {
        let path = self.search_path()?;
        // `Command` looks a bare name up in the PATH of its parent, so it is looked up here.
        let found = find_program(program, &path).unwrap_or_else(|| PathBuf::from(program));
        let mut command = Command::new(found);
        command.current_dir(&self.root).env("PATH", path);
        // What `cargo run` tells this program about itself is not meant for other builds.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        Ok(command)
    }

    /// Cargo, in the root folder.
    pub(crate) fn cargo(&self) -> Result<Command> {
        self.command("cargo")
    }

    /// Where `program` is, looked for among the project's tools and then on PATH.
    pub(crate) fn find_program(&self, program: &str) -> Result<Option<PathBuf>> {
        Ok(find_program(program, &self.search_path()?))
    }
}

fn find_program(program: &str, path: &OsString) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|file| is_executable(file));
    }
    std::env::split_paths(path)
        .map(|folder| folder.join(program))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}
