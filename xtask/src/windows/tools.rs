//! The tools that the chore needs, and how to install them.

use std::path::PathBuf;

use anyhow::Context;

use crate::cargo;
use crate::programs::{self, on_path};

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
        programs::install(self.name(), self.install_command());
    }
}

const APT_MINGW: [&str; 4] = ["apt-get", "install", "-y", "gcc-mingw-w64-x86-64"];
const APT_WINE: [&str; 4] = ["apt-get", "install", "-y", "wine64"];

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
