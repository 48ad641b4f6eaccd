//! The tools that the chore needs, and how to install them.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::cargo;

/// The target that the tests are compiled for.
pub(super) const TARGET: &str = "x86_64-pc-windows-gnu";

/// A tool that may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    /// Rust's standard library for the target.
    Target,
    /// The C compiler and linker of the target.
    Mingw,
    /// Runs programs for Windows.
    Wine,
}

/// The C compiler.
pub(super) const GCC: &str = "x86_64-w64-mingw32-gcc";

impl Tool {
    /// All tools, those that are needed to compile first.
    pub(super) const ALL: [Self; 3] = [Self::Target, Self::Mingw, Self::Wine];

    /// Returns whether the tool is installed.
    pub(super) fn is_installed(self) -> anyhow::Result<bool> {
        Ok(match self {
            Self::Target => has_target()?,
            Self::Mingw => on_path(GCC).is_some(),
            Self::Wine => wine().is_some(),
        })
    }

    /// Returns the name of the tool for messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Target => "the Rust target x86_64-pc-windows-gnu",
            Self::Mingw => "the compiler x86_64-w64-mingw32-gcc",
            Self::Wine => "Wine",
        }
    }

    /// Returns the command that installs the tool, on Debian where it depends on the system.
    pub(super) fn install_command(self) -> &'static [&'static str] {
        match self {
            Self::Target => &["rustup", "target", "add", TARGET],
            Self::Mingw => &APT_MINGW,
            Self::Wine => &APT_WINE,
        }
    }

    /// Tries to install the tool. A failure shows in what [`is_installed`](Self::is_installed)
    /// returns next.
    pub(super) fn install(self) {
        let words = self.install_command();
        if on_path(words[0]).is_none() {
            return;
        }
        eprintln!("installing {}: {}", self.name(), words.join(" "));
        if words[0] == APT_MINGW[0] {
            // The lists of packages may be missing or old.
            run_quietly(&[APT_MINGW[0], "update"]);
        }
        run_quietly(words);
    }
}

const APT_MINGW: [&str; 4] = ["apt-get", "install", "-y", "gcc-mingw-w64-x86-64"];
const APT_WINE: [&str; 4] = ["apt-get", "install", "-y", "wine64"];

/// Runs a command without input. What it prints is shown only if it fails.
fn run_quietly(words: &[&str]) {
    let output = Command::new(words[0])
        .args(&words[1..])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => {}
        Ok(output) => eprintln!(
            "`{}` failed: {}",
            words.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        ),
        Err(error) => eprintln!("cannot run `{}`: {error}", words.join(" ")),
    }
}

/// Returns whether the toolchain of this workspace has the standard library for the target.
fn has_target() -> anyhow::Result<bool> {
    let output = cargo::rustc()?
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .context("cannot run rustc")?;
    let directory = String::from_utf8_lossy(&output.stdout);
    Ok(output.status.success() && PathBuf::from(directory.trim()).is_dir())
}

/// Returns the command that runs programs for Windows.
pub(super) fn wine() -> Option<PathBuf> {
    ["wine", "wine64"].into_iter().find_map(on_path)
}

/// Returns a program in `PATH`.
fn on_path(program: &str) -> Option<PathBuf> {
    find(program, &env::var_os("PATH")?)
}

fn find(program: &str, path: &OsStr) -> Option<PathBuf> {
    env::split_paths(path)
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_program_is_found_in_the_first_directory_that_has_it() {
        let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let path = env::join_paths(directories.iter().map(tempfile::TempDir::path)).unwrap();
        assert_eq!(find("wine", &path), None);
        fs::write(directories[1].path().join("wine"), "").unwrap();
        assert_eq!(
            find("wine", &path),
            Some(directories[1].path().join("wine"))
        );
    }
}
