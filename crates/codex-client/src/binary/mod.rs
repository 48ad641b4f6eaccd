//! Locates the `codex` program.
//!
//! The order is: the path passed to the builder, `CODEX_BIN`, the directories in `PATH`, and the
//! directories where package managers install programs. The first two are explicit: if the program
//! they name does not exist, the search fails. If the program is the script that npm installs, it
//! is resolved to the native program that the script would start, which avoids a `node` process
//! before the server.

pub(crate) mod executable;
pub(crate) mod install_dirs;
pub(crate) mod wrapper;

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::{
    binary::{executable::is_executable, install_dirs::install_dirs},
    error::codex_not_found::CodexNotFound,
};

/// The environment variable with the path of the program.
const VARIABLE: &str = "CODEX_BIN";

#[cfg(windows)]
const NAMES: [&str; 2] = ["codex.exe", "codex.cmd"];
#[cfg(not(windows))]
const NAMES: [&str; 1] = ["codex"];

/// The locations to search.
#[derive(Debug, Clone, Default)]
pub(crate) struct Search {
    /// The path passed to the builder.
    explicit: Option<PathBuf>,
    variable: Option<OsString>,
    path: Option<OsString>,
    /// The directories to search after those in `PATH`.
    install_dirs: Vec<PathBuf>,
}

impl Search {
    /// Reads the locations from the environment of this process.
    pub(crate) fn from_env(explicit: Option<PathBuf>) -> Self {
        Self {
            explicit,
            variable: env::var_os(VARIABLE).filter(|value| !value.is_empty()),
            path: env::var_os("PATH"),
            install_dirs: install_dirs(|name| env::var_os(name)),
        }
    }

    /// Returns the path of the program to run.
    pub(crate) fn find(&self) -> Result<PathBuf, CodexNotFound> {
        let mut tried = Vec::new();
        let configured = [
            (self.explicit.clone(), "passed to the builder"),
            (self.variable.clone().map(PathBuf::from), "from CODEX_BIN"),
        ];
        for (program, origin) in configured {
            let Some(program) = program else { continue };
            return self
                .find_configured(&program, &mut tried)
                .ok_or(CodexNotFound {
                    origin: Some(origin),
                    tried,
                });
        }
        let path = self.path_dirs();
        let found = path
            .iter()
            .chain(&self.install_dirs)
            .find_map(|dir| find_in(dir, &mut tried));
        found.ok_or(CodexNotFound {
            origin: None,
            tried,
        })
    }

    /// Resolves a path, or searches `PATH` for a bare name, as a shell does.
    fn find_configured(&self, program: &Path, tried: &mut Vec<PathBuf>) -> Option<PathBuf> {
        if program.components().count() > 1 || program.is_absolute() {
            return resolve(program.to_owned(), tried);
        }
        self.path_dirs()
            .iter()
            .find_map(|dir| resolve(dir.join(program), tried))
    }

    fn path_dirs(&self) -> Vec<PathBuf> {
        let path = self.path.as_ref();
        path.map(|path| env::split_paths(path).collect())
            .unwrap_or_default()
    }
}

fn find_in(dir: &Path, tried: &mut Vec<PathBuf>) -> Option<PathBuf> {
    NAMES.iter().find_map(|name| resolve(dir.join(name), tried))
}

/// Returns the program; a wrapper script is resolved to the program that it starts. If the program
/// is not executable, adds its path to `tried` and returns `None`.
fn resolve(program: PathBuf, tried: &mut Vec<PathBuf>) -> Option<PathBuf> {
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
    fn the_order_is_explicit_then_variable_then_path_then_install_dirs() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| program(&dir.path().join(name).join("codex"));
        let mut search = Search {
            explicit: Some(at("explicit")),
            variable: Some(at("variable").into()),
            path: Some(
                env::join_paths([dir.path().join("none"), dir.path().join("path")]).unwrap(),
            ),
            install_dirs: vec![dir.path().join("install")],
        };
        let (path, install) = (at("path"), at("install"));
        assert_eq!(search.find().unwrap(), dir.path().join("explicit/codex"));
        search.explicit = None;
        assert_eq!(search.find().unwrap(), dir.path().join("variable/codex"));
        search.variable = None;
        assert_eq!(search.find().unwrap(), path);
        search.path = None;
        assert_eq!(search.find().unwrap(), install);
    }

    #[test]
    fn a_configured_program_that_does_not_exist_is_not_searched_for_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        program(&dir.path().join("codex"));
        let search = Search {
            variable: Some(dir.path().join("missing").into()),
            path: Some(dir.path().into()),
            ..Search::default()
        };
        let error = search.find().unwrap_err();
        assert_eq!(error.tried, [dir.path().join("missing")]);
        assert!(error.to_string().contains("CODEX_BIN"), "{error}");
    }

    #[test]
    fn a_bare_name_is_searched_for_in_path() {
        let dir = tempfile::tempdir().unwrap();
        let nightly = program(&dir.path().join("codex-nightly"));
        let search = Search {
            explicit: Some("codex-nightly".into()),
            path: Some(dir.path().into()),
            ..Search::default()
        };
        assert_eq!(search.find().unwrap(), nightly);
    }

    #[test]
    fn the_error_lists_the_tried_paths_and_how_to_install_codex() {
        let dir = tempfile::tempdir().unwrap();
        // Exists, but is not executable.
        fs::write(dir.path().join("codex"), "text").unwrap();
        let search = Search {
            path: Some(dir.path().into()),
            install_dirs: vec![dir.path().join("install")],
            ..Search::default()
        };
        let error = search.find().unwrap_err();
        let text = error.to_string();
        assert_eq!(error.tried.len(), 2);
        assert!(
            text.contains("install/codex") && text.contains("npm install -g"),
            "{text}"
        );
    }
}
