//! Finding the `codex` to run.
//!
//! In this order: what the caller says, `CODEX_BIN`, the directories of `PATH`, the places where
//! package managers put it. The first two are not a hint but an order: if there is nothing, that is
//! an error and no search. What was found may be the script that npm installs; it is resolved to the
//! program that the script would start, which saves a `node` between us and the server.

pub(crate) mod executable;
pub(crate) mod places;
pub(crate) mod wrapper;

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::{
    binary::{executable::is_executable, places::usual_places},
    error::codex_not_found::CodexNotFound,
};

/// The variable that names the program to run.
const VARIABLE: &str = "CODEX_BIN";

#[cfg(windows)]
const NAMES: [&str; 2] = ["codex.exe", "codex.cmd"];
#[cfg(not(windows))]
const NAMES: [&str; 1] = ["codex"];

/// Where to look.
#[derive(Debug, Clone, Default)]
pub(crate) struct Search {
    /// What the caller said.
    explicit: Option<PathBuf>,
    variable: Option<OsString>,
    path: Option<OsString>,
    /// Directories to look in after those of `PATH`.
    places: Vec<PathBuf>,
}

impl Search {
    /// In the surroundings of this process.
    pub(crate) fn here(explicit: Option<PathBuf>) -> Self {
        Self {
            explicit,
            variable: env::var_os(VARIABLE).filter(|value| !value.is_empty()),
            path: env::var_os("PATH"),
            places: usual_places(|name| env::var_os(name)),
        }
    }

    /// The program to run.
    pub(crate) fn run(&self) -> Result<PathBuf, CodexNotFound> {
        let mut tried = Vec::new();
        let ordered = [
            (self.explicit.clone(), "given to the builder"),
            (self.variable.clone().map(PathBuf::from), "from CODEX_BIN"),
        ];
        for (program, origin) in ordered {
            let Some(program) = program else { continue };
            return self.named(&program, &mut tried).ok_or(CodexNotFound {
                origin: Some(origin),
                tried,
            });
        }
        let path = self.path_dirs();
        let found = path
            .iter()
            .chain(&self.places)
            .find_map(|dir| in_dir(dir, &mut tried));
        found.ok_or(CodexNotFound {
            origin: None,
            tried,
        })
    }

    /// A path, or a bare name that is looked for in `PATH` as a shell does.
    fn named(&self, program: &Path, tried: &mut Vec<PathBuf>) -> Option<PathBuf> {
        if program.components().count() > 1 || program.is_absolute() {
            return usable(program.to_owned(), tried);
        }
        self.path_dirs()
            .iter()
            .find_map(|dir| usable(dir.join(program), tried))
    }

    fn path_dirs(&self) -> Vec<PathBuf> {
        let path = self.path.as_ref();
        path.map(|path| env::split_paths(path).collect())
            .unwrap_or_default()
    }
}

fn in_dir(dir: &Path, tried: &mut Vec<PathBuf>) -> Option<PathBuf> {
    NAMES.iter().find_map(|name| usable(dir.join(name), tried))
}

/// A file that can be run, past any wrapper.
fn usable(program: PathBuf, tried: &mut Vec<PathBuf>) -> Option<PathBuf> {
    if is_executable(&program) {
        return Some(wrapper::resolve(&program).unwrap_or(program));
    }
    if !tried.contains(&program) {
        tried.push(program);
    }
    None
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn program(path: &Path) -> PathBuf {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"\x7fELF").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        path.to_owned()
    }

    #[test]
    fn the_order_is_explicit_then_variable_then_path_then_usual_places() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| program(&dir.path().join(name).join("codex"));
        let mut search = Search {
            explicit: Some(at("explicit")),
            variable: Some(at("variable").into()),
            path: Some(
                env::join_paths([dir.path().join("none"), dir.path().join("path")]).unwrap(),
            ),
            places: vec![dir.path().join("place")],
        };
        let (path, place) = (at("path"), at("place"));
        assert_eq!(search.run().unwrap(), dir.path().join("explicit/codex"));
        search.explicit = None;
        assert_eq!(search.run().unwrap(), dir.path().join("variable/codex"));
        search.variable = None;
        assert_eq!(search.run().unwrap(), path);
        search.path = None;
        assert_eq!(search.run().unwrap(), place);
    }

    #[test]
    fn a_program_that_was_named_is_not_replaced_by_another_one() {
        let dir = tempfile::tempdir().unwrap();
        program(&dir.path().join("codex"));
        let search = Search {
            variable: Some(dir.path().join("missing").into()),
            path: Some(dir.path().into()),
            ..Search::default()
        };
        let error = search.run().unwrap_err();
        assert_eq!(error.tried, [dir.path().join("missing")]);
        assert!(error.to_string().contains("CODEX_BIN"), "{error}");
    }

    #[test]
    fn a_bare_name_is_looked_for_in_path() {
        let dir = tempfile::tempdir().unwrap();
        let nightly = program(&dir.path().join("codex-nightly"));
        let search = Search {
            explicit: Some("codex-nightly".into()),
            path: Some(dir.path().into()),
            ..Search::default()
        };
        assert_eq!(search.run().unwrap(), nightly);
    }

    #[test]
    fn the_error_lists_what_was_tried_and_says_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        // There, but not a program.
        fs::write(dir.path().join("codex"), "text").unwrap();
        let search = Search {
            path: Some(dir.path().into()),
            places: vec![dir.path().join("place")],
            ..Search::default()
        };
        let error = search.run().unwrap_err();
        let text = error.to_string();
        assert_eq!(error.tried.len(), 2);
        assert!(
            text.contains("place/codex") && text.contains("npm install -g"),
            "{text}"
        );
    }
}
