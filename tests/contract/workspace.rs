//! The files of the workspace.

use std::{
    fs,
    path::{Path, PathBuf},
};

use codex_tests::manifest_dir::manifest_dir;

/// Returns the root of the workspace.
pub(crate) fn root() -> PathBuf {
    manifest_dir().parent().unwrap().to_owned()
}

/// Returns the files with this extension below a directory, except those in build output and hidden
/// directories.
pub(crate) fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(directory, extension, &mut files);
    files.sort();
    files
}

fn collect(directory: &Path, extension: &str, files: &mut Vec<PathBuf>) {
    // Cargo tags its target directory, whatever its name, unless a chore has created it.
    let is_target = directory == root().join("target");
    if is_target || directory.join("CACHEDIR.TAG").exists() {
        return;
    }
    let entries = fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", directory.display()));
    for entry in entries {
        let path = entry.unwrap().path();
        let is_hidden = path.file_name().unwrap().to_string_lossy().starts_with('.');
        if path.is_dir() && !is_hidden && !path.ends_with("node_modules") {
            collect(&path, extension, files);
        } else if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
}

/// Returns the Rust files below a directory: their paths relative to it, with `/` separators, and
/// their contents.
pub(crate) fn sources(directory: &Path) -> Vec<(String, String)> {
    let sources = files(directory, "rs").into_iter().map(|path| {
        let relative = path.strip_prefix(directory).unwrap().to_str().unwrap();
        (
            relative.replace('\\', "/"),
            fs::read_to_string(&path).unwrap(),
        )
    });
    sources.collect()
}
