//! The sources of a crate.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use syn::File;

/// The sources of the client.
pub(crate) const CLIENT: &str = "crates/codex-client/src";

pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Parses the sources in a folder, apart from tests.
pub(crate) fn parsed(folder: &str) -> BTreeMap<String, File> {
    let sources = sources(folder).into_iter();
    let parsed = sources.map(|(path, text)| (path, syn::parse_file(&text).unwrap()));
    parsed.collect()
}

/// Reads the sources in a folder, apart from tests. Their paths are relative to the folder.
fn sources(folder: &str) -> BTreeMap<String, String> {
    let root = workspace().join(folder);
    let (mut folders, mut sources) = (vec![root.clone()], BTreeMap::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("tests") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.ends_with("tests.rs")
            {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
                let text = fs::read_to_string(&path).unwrap();
                sources.insert(name.replace('\\', "/"), text);
            }
        }
    }
    sources
}
