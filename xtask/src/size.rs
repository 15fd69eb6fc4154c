//! `cargo xtask size`: what a visitor downloads.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::project::Project;

/// Sizes of one asset, or of their sum, in bytes.
#[derive(Default)]
struct Sizes {
    raw: usize,
    gzip: usize,
    brotli: usize,
}

impl Sizes {
    fn of(bytes: &[u8]) -> Result<Self> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(bytes).context("gzip failed")?;
        let gzip = gzip.finish().context("gzip failed")?;

        let mut brotli = Vec::new();
        // Quality 11 and a window of 4 MiB are what `brotli --best` uses.
        let mut encoder = brotli::CompressorWriter::new(&mut brotli, 4096, 11, 22);
        encoder.write_all(bytes).context("brotli failed")?;
        drop(encoder);

        Ok(Self {
            raw: bytes.len(),
            gzip: gzip.len(),
            brotli: brotli.len(),
        })
    }

    fn add(&mut self, other: &Self) {
        self.raw += other.raw;
        self.gzip += other.gzip;
        self.brotli += other.brotli;
    }
}

/// Prints the raw, gzip and brotli bytes of each file below `dist`, and their sum.
pub(crate) fn print(project: &Project, dist: &Path) -> Result<()> {
    if !dist.join("index.html").is_file() {
        bail!(
            "there is no built app in {}: run `cargo xtask build` first",
            project.short(dist).display()
        );
    }
    let mut files = Vec::new();
    collect(dist, &mut files)?;
    files.sort();

    let width = files
        .iter()
        .filter_map(|file| file.strip_prefix(dist).ok())
        .map(|name| name.as_os_str().len())
        .max()
        .unwrap_or(0)
        .max("asset".len());
    println!(
        "{:width$}  {:>9}  {:>9}  {:>9}",
        "asset", "raw", "gzip", "brotli"
    );
    let mut sum = Sizes::default();
    for file in &files {
        let bytes =
            fs::read(file).with_context(|| format!("{} could not be read", file.display()))?;
        let sizes = Sizes::of(&bytes)?;
        let name = file
            .strip_prefix(dist)
            .unwrap_or(file)
            .display()
            .to_string();
        println!(
            "{name:width$}  {:>9}  {:>9}  {:>9}",
            sizes.raw, sizes.gzip, sizes.brotli
        );
        sum.add(&sizes);
    }
    println!(
        "{:width$}  {:>9}  {:>9}  {:>9}",
        "sum", sum.raw, sum.gzip, sum.brotli
    );
    Ok(())
}

/// All files below `folder`, without hidden ones (Trunk stages its work in one).
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("{} could not be read", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("{} could not be read", folder.display()))?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Sizes;

    #[test]
    fn compressed_sizes_are_those_of_complete_streams() {
        let text = "the same words again and again ".repeat(200);
        let sizes = Sizes::of(text.as_bytes()).unwrap();
        assert_eq!(sizes.raw, text.len());
        assert!(
            sizes.gzip > 20 && sizes.gzip < sizes.raw / 10,
            "gzip: {}",
            sizes.gzip
        );
        assert!(
            sizes.brotli > 10 && sizes.brotli < sizes.gzip,
            "brotli: {}",
            sizes.brotli
        );
    }
}
