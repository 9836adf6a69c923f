//! Reads the workspace from disk: the manifest of every member, and every Rust file.

use std::fs;
use std::path::{Path, PathBuf};

use toml::Table;

/// The manifest of one member.
pub(crate) struct Manifest {
    /// The package's name.
    pub(crate) name: String,
    /// The parsed file.
    pub(crate) table: Table,
}

/// One Rust file.
pub(crate) struct Source {
    /// Its path from the root of the workspace.
    pub(crate) path: String,
    /// What is in it.
    pub(crate) text: String,
}

/// The folder that holds the root manifest.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn parse(path: &Path) -> Table {
    fs::read_to_string(path).unwrap().parse().unwrap()
}

fn member_folders() -> Vec<PathBuf> {
    let manifest = parse(&root().join("Cargo.toml"));
    let members = manifest["workspace"]["members"].as_array().unwrap();
    members
        .iter()
        .map(|member| root().join(member.as_str().unwrap()))
        .collect()
}

/// The manifests of all members.
pub(crate) fn manifests() -> Vec<Manifest> {
    let read = |folder: PathBuf| {
        let table = parse(&folder.join("Cargo.toml"));
        Manifest {
            name: table["package"]["name"].as_str().unwrap().to_owned(),
            table,
        }
    };
    member_folders().into_iter().map(read).collect()
}

/// Every Rust file of every member: sources, tests, benches, examples, build scripts.
pub(crate) fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for folder in member_folders() {
        collect(&folder, &mut found);
    }
    assert!(!found.is_empty(), "no Rust file was found");
    found
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let path = path
                .strip_prefix(root())
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            found.push(Source { path, text });
        }
    }
}
