//! Finds the Codex executable to test against.

use std::{
    env::{self, consts::EXE_SUFFIX},
    ffi::OsStr,
    path::{Path, PathBuf},
};

use crate::error::{Error, Result};

/// The release of Codex that this crate is tested with, whose version fakes report.
pub(crate) const VERSION: &str = "0.169.0";

/// Returns the Codex executable to test against: `CODEX_BIN` if it is set, or else the first
/// `codex` on `PATH`.
///
/// # Errors
///
/// [`Error::NotAFile`] if `CODEX_BIN` does not name a file; [`Error::NoBinary`] if there is no
/// executable.
pub fn codex_bin() -> Result<PathBuf> {
    find(
        env::var_os("CODEX_BIN").as_deref(),
        env::var_os("PATH").as_deref(),
    )
}

/// Returns the program of an example of the package under test, such as the one that calls
/// [`run_fake_codex`](crate::run_fake_codex).
///
/// Unlike binaries, examples can use dev-dependencies, and unit tests can find them.
///
/// # Errors
///
/// [`Error::NoExample`] if the example has not been built.
pub fn example_bin(name: &str) -> Result<PathBuf> {
    let test = env::current_exe().unwrap_or_default();
    let path = example_of(&test, name);
    if path.is_file() {
        Ok(path)
    } else {
        Err(Error::NoExample { path })
    }
}

/// Returns the path of an example. Tests are in the directory `deps` beside `examples`.
fn example_of(test: &Path, name: &str) -> PathBuf {
    let profile = test.ancestors().nth(2).unwrap_or(Path::new(""));
    let examples = profile.join("examples");
    examples.join(format!("{name}{EXE_SUFFIX}"))
}

fn find(named: Option<&OsStr>, path: Option<&OsStr>) -> Result<PathBuf> {
    // An empty variable counts as unset.
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        let path = PathBuf::from(named);
        return if path.is_file() {
            Ok(path)
        } else {
            Err(Error::NotAFile { path })
        };
    }
    let name = format!("codex{EXE_SUFFIX}");
    env::split_paths(path.unwrap_or_default())
        .map(|directory| directory.join(&name))
        .find(|candidate| candidate.is_file())
        .ok_or(Error::NoBinary { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_executable_takes_precedence_over_path() {
        let directory = tempfile::tempdir().unwrap();
        let on_path = directory.path().join(format!("codex{EXE_SUFFIX}"));
        let named = directory.path().join("other");
        std::fs::write(&on_path, "").unwrap();
        std::fs::write(&named, "").unwrap();
        let path = Some(directory.path().as_os_str());
        assert_eq!(find(Some(named.as_os_str()), path).unwrap(), named);
        assert_eq!(find(Some(OsStr::new("")), path).unwrap(), on_path);
        assert_eq!(find(None, path).unwrap(), on_path);
    }

    #[test]
    fn examples_are_beside_the_tests() {
        let test = Path::new("target")
            .join("debug")
            .join("deps")
            .join("test-1");
        let example = Path::new("target").join("debug").join("examples");
        let example = example.join(format!("fake_codex{EXE_SUFFIX}"));
        assert_eq!(example_of(&test, "fake_codex"), example);
        let missing = example_bin("missing").unwrap_err().to_string();
        assert!(missing.contains("cargo build --examples"), "{missing}");
    }

    #[test]
    fn the_error_names_the_value_and_the_remedy() {
        let error = find(Some(OsStr::new("missing/codex")), None)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("missing/codex") && error.contains("unset it"),
            "{error}"
        );
        let error = find(None, None).unwrap_err().to_string();
        assert!(
            error.contains("cargo xtask test") && error.contains("CODEX_BIN"),
            "{error}"
        );
    }
}
