//! Locates the `codex` program.
//!
//! The order is: the path passed to the builder, `CODEX_BIN`, the directories in `PATH`, and the
//! directories where package managers install programs. The first two are explicit: if the program
//! they name does not exist, the search fails. If the program is the script that npm installs, it
//! is resolved to the native program that the script would start, which avoids a `node` process
//! before the server.
//!
//! A relative path is resolved against the working directory of this program, not that of the
//! server.

pub(crate) mod executable;
pub(crate) mod install_dirs;
pub(crate) mod launch_fault;
pub(crate) mod system;
pub(crate) mod wrapper;

use std::{
    env,
    ffi::OsString,
    fs,
    path::{self, Path, PathBuf},
};

use crate::{
    binary::{
        executable::is_executable,
        install_dirs::{Surroundings, install_dirs},
        system::System,
    },
    error::codex_not_found::CodexNotFound,
};

/// The environment variable with the path of the program.
const VARIABLE: &str = "CODEX_BIN";

/// The locations to search.
pub(crate) struct Search {
    /// Determines the names of programs.
    system: System,
    /// The path passed to the builder.
    explicit: Option<PathBuf>,
    variable: Option<OsString>,
    path: Option<OsString>,
    /// Lists the directories to search after those in `PATH`, which reads the file system.
    install_dirs: Box<dyn Fn() -> Vec<PathBuf>>,
}

impl Search {
    /// Reads the locations from the environment of this process.
    pub(crate) fn from_env(explicit: Option<PathBuf>) -> Self {
        let system = System::current();
        Self {
            system,
            explicit,
            variable: env::var_os(VARIABLE).filter(|value| !value.is_empty()),
            path: env::var_os("PATH"),
            install_dirs: Box::new(move || {
                let surroundings = Surroundings {
                    variable: &|name| env::var_os(name),
                    entries: &entries,
                };
                install_dirs(system, &surroundings)
            }),
        }
    }

    /// Returns the absolute path of the program to run.
    pub(crate) fn find(&self) -> Result<PathBuf, CodexNotFound> {
        let configured = [
            (self.explicit.clone(), "passed to the builder"),
            (self.variable.clone().map(PathBuf::from), "from CODEX_BIN"),
        ];
        for (program, origin) in configured {
            let Some(program) = program else { continue };
            let mut found = Candidates::new(Some(origin));
            return self
                .find_configured(&program, &mut found)
                .ok_or(found.missing);
        }
        let mut found = Candidates::new(None);
        let names = self.system.program_names();
        found
            .take_first(&self.path_dirs(), &names)
            .or_else(|| found.take_first(&(self.install_dirs)(), &names))
            .ok_or(found.missing)
    }

    /// Resolves a path, or searches `PATH` for a bare name, as a shell does.
    fn find_configured(&self, program: &Path, found: &mut Candidates) -> Option<PathBuf> {
        let name = &*program.file_name().unwrap_or_default().to_string_lossy();
        let names = self.system.file_names(name);
        // The name is unchanged unless an extension is missing, and may not be Unicode.
        let programs = names.iter().map(|extended| match *extended == name {
            true => program.to_owned(),
            false => program.with_file_name(extended),
        });
        if program.components().count() > 1 || program.is_absolute() {
            let mut paths = programs.map(absolute);
            let resolved = paths.find_map(|path| found.take(path));
            if resolved.is_none() {
                found.explain(absolute(program.to_owned()));
            }
            return resolved;
        }
        found.take_first(&self.path_dirs(), &programs.collect::<Vec<_>>())
    }

    /// Returns the directories in `PATH`. An empty entry would mean the working directory, whose
    /// programs are not run by accident.
    fn path_dirs(&self) -> Vec<PathBuf> {
        let path = self.path.as_ref();
        let dirs = path
            .map(|path| env::split_paths(path))
            .into_iter()
            .flatten();
        dirs.filter(|dir| !dir.as_os_str().is_empty())
            .map(absolute)
            .collect()
    }
}

/// Returns the names of the entries of a directory.
fn entries(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.collect()
}

/// Makes a path absolute, because a server with a working directory of its own would resolve a
/// relative one differently.
fn absolute(path: PathBuf) -> PathBuf {
    path::absolute(&path).unwrap_or(path)
}

/// Checks paths, and collects those that are no programs.
struct Candidates {
    missing: CodexNotFound,
}

impl Candidates {
    fn new(origin: Option<&'static str>) -> Self {
        let missing = CodexNotFound {
            origin,
            tried: Vec::new(),
            reasons: Vec::new(),
        };
        Self { missing }
    }

    /// Returns the program at a path, if there is one; a wrapper script is resolved to the program
    /// that it starts.
    fn take(&mut self, path: PathBuf) -> Option<PathBuf> {
        if is_executable(&path) {
            return Some(wrapper::resolve(&path).unwrap_or(path));
        }
        if !self.missing.tried.contains(&path) {
            // A file or a broken link that the user may take for the program.
            if path.symlink_metadata().is_ok() {
                self.explain(path.clone());
            }
            self.missing.tried.push(path);
        }
        None
    }

    /// Returns the first program with one of these names in these directories.
    fn take_first(&mut self, dirs: &[PathBuf], names: &[impl AsRef<Path>]) -> Option<PathBuf> {
        let mut dirs = dirs.iter();
        dirs.find_map(|dir| names.iter().find_map(|name| self.take(dir.join(name))))
    }

    fn explain(&mut self, path: PathBuf) {
        let reason = launch_fault::of_path(&path);
        if !self.missing.reasons.iter().any(|(known, _)| *known == path) {
            self.missing.reasons.push((path, reason));
        }
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
