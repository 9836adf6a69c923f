//! Compiles the committed schemas and the golden corpus in, so that the program never depends on
//! files beside it: what it can encode and decode is what it was built with.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let avsc = files(&schemas.join("avsc"), "avsc")?;
    let corpus = files(&schemas.join("corpus"), "json")?;
    let out = std::env::var_os("OUT_DIR")
        .map(PathBuf::from)
        .ok_or_else(|| io::Error::other("cargo names OUT_DIR"))?;
    let mut text = String::new();
    list(&mut text, "SCHEMAS", &avsc);
    list(&mut text, "CORPUS", &corpus);
    fs::write(out.join("committed.rs"), text)
}

/// Every file with an extension, in this folder and the ones in it, sorted by name.
fn files(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, extension)?);
        } else if path.extension().is_some_and(|found| found == extension) {
            println!("cargo::rerun-if-changed={}", path.display());
            found.push(path.canonicalize()?);
        }
    }
    found.sort();
    Ok(found)
}

fn list(text: &mut String, name: &str, files: &[PathBuf]) {
    let _infallible = writeln!(text, "pub(crate) const {name}: &[CommittedFile] = &[");
    for file in files {
        let part = |part: Option<&std::ffi::OsStr>| {
            part.unwrap_or_default().to_string_lossy().into_owned()
        };
        let folder = part(file.parent().and_then(Path::file_name));
        let stem = part(file.file_stem());
        let _infallible = writeln!(
            text,
            "CommittedFile {{ folder: {folder:?}, name: {stem:?}, text: include_str!({file:?}) }},"
        );
    }
    text.push_str("];\n");
}
