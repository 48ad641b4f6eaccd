//! Finds the words of the sources of the client, and so the types of the protocol that it names.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::workspace;

/// Returns the words of the client's sources, without its tests.
pub(super) fn find(root: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut words = BTreeSet::new();
    read(&root.join("crates/codex-client/src"), &mut words)?;
    Ok(words)
}

/// Adds the words of the Rust files below a directory.
fn read(directory: &Path, words: &mut BTreeSet<String>) -> anyhow::Result<()> {
    let cannot = |path: &Path| format!("cannot read {}", workspace::shown(path));
    for entry in fs::read_dir(directory).with_context(|| cannot(directory))? {
        let path = entry.with_context(|| cannot(directory))?.path();
        if path.file_stem().is_some_and(|name| name == "tests") {
            continue;
        }
        if path.is_dir() {
            read(&path, words)?;
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = fs::read_to_string(&path).with_context(|| cannot(&path))?;
            let found = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
            words.extend(found.map(str::to_owned));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_names_the_params_that_its_builders_set_and_no_others() {
        let words = find(&workspace::root().unwrap()).unwrap();
        for params in [
            "CommandExecParams",
            "FsWatchParams",
            "GetAccountParams",
            "InitializeParams",
            "LoginAccountParams",
            "ModelListParams",
            "ReviewStartParams",
            "ThreadForkParams",
            "ThreadGoalSetParams",
            "ThreadListParams",
            "ThreadReadParams",
            "ThreadResumeParams",
            "ThreadStartParams",
            "TurnStartParams",
        ] {
            assert!(words.contains(params), "{params}");
        }
        assert!(!words.contains("FuzzyFileSearchParams"));
    }

    #[test]
    fn tests_are_not_sources() {
        let root = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = root.path().join("crates/codex-client/src").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("turn/start.rs", "use a::{B, C_d};");
        write("turn/tests.rs", "T1");
        write("tests/turns.rs", "T2");
        let words = find(root.path()).unwrap();
        let words: Vec<_> = words.iter().filter(|it| !it.is_empty()).collect();
        assert_eq!(words, ["B", "C_d", "a", "use"]);
    }
}
