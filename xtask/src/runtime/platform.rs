//! The names of platforms in the packages of Codex, and the path of the native binary in each
//! package.

use std::env::consts;
use std::path::{Path, PathBuf};

use anyhow::bail;

/// A platform that Codex is published for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Platform {
    /// The suffix of the npm package.
    npm: &'static str,
    /// The target triple, a directory in the npm packages.
    triple: &'static str,
    /// The file name of the binary.
    executable: &'static str,
}

impl Platform {
    /// Returns the platform of this process.
    pub(super) fn current() -> anyhow::Result<Self> {
        Self::of(consts::OS, consts::ARCH)
    }

    /// Returns the platform of an operating system and an architecture, by their names in Rust.
    fn of(os: &str, arch: &str) -> anyhow::Result<Self> {
        // The musl binaries are static and run on every distribution.
        let (npm, triple) = match (os, arch) {
            ("linux" | "android", "x86_64") => ("linux-x64", "x86_64-unknown-linux-musl"),
            ("linux" | "android", "aarch64") => ("linux-arm64", "aarch64-unknown-linux-musl"),
            ("macos", "x86_64") => ("darwin-x64", "x86_64-apple-darwin"),
            ("macos", "aarch64") => ("darwin-arm64", "aarch64-apple-darwin"),
            ("windows", "x86_64") => ("win32-x64", "x86_64-pc-windows-msvc"),
            ("windows", "aarch64") => ("win32-arm64", "aarch64-pc-windows-msvc"),
            _ => bail!(
                "codex is not published for {os} on {arch}: build it from source and set CODEX_BIN \
                 to the binary"
            ),
        };
        let executable = if os == "windows" {
            "codex.exe"
        } else {
            "codex"
        };
        Ok(Self {
            npm,
            triple,
            executable,
        })
    }

    /// Returns the name of the platform in npm.
    pub(super) fn name(&self) -> &'static str {
        self.npm
    }

    /// Returns the native binary below the directory of an installed runtime, if it exists.
    ///
    /// Skips the Node.js wrapper, which would add a process between the client and the server.
    pub(super) fn binary_in(&self, home: &Path) -> Option<PathBuf> {
        self.places()
            .into_iter()
            .map(|place| home.join(place))
            .find(|path| path.is_file())
    }

    /// Returns the possible paths of the binary, newest layout first.
    fn places(&self) -> Vec<PathBuf> {
        let scope = Path::new("node_modules").join("@openai");
        let of_platform = scope.join(format!("codex-{}", self.npm));
        let of_all_platforms = scope.join("codex");
        let npm = |package: &Path, directory: &str| {
            package
                .join("vendor")
                .join(self.triple)
                .join(directory)
                .join(self.executable)
        };
        vec![
            npm(&of_platform, "bin"),
            // Up to 0.120 the directory had the name of the binary, and up to 0.98 one package
            // contained all platforms.
            npm(&of_platform, "codex"),
            npm(&of_all_platforms, "codex"),
            // The wheel of PyPI.
            Path::new("codex_cli_bin").join("bin").join(self.executable),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn installed(place: &str) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
        home
    }

    #[test]
    fn the_native_binary_is_found_in_every_published_layout() {
        let linux = Platform::of("linux", "x86_64").unwrap();
        for place in [
            "node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex",
            "node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/codex/codex",
            "node_modules/@openai/codex/vendor/x86_64-unknown-linux-musl/codex/codex",
            "codex_cli_bin/bin/codex",
        ] {
            let home = installed(place);
            assert_eq!(linux.binary_in(home.path()), Some(home.path().join(place)));
        }
    }

    #[test]
    fn windows_and_macos_have_their_own_packages() {
        for (os, arch, place) in [
            (
                "windows",
                "x86_64",
                "codex-win32-x64/vendor/x86_64-pc-windows-msvc/bin/codex.exe",
            ),
            (
                "windows",
                "aarch64",
                "codex-win32-arm64/vendor/aarch64-pc-windows-msvc/bin/codex.exe",
            ),
            (
                "macos",
                "x86_64",
                "codex-darwin-x64/vendor/x86_64-apple-darwin/bin/codex",
            ),
            (
                "macos",
                "aarch64",
                "codex-darwin-arm64/vendor/aarch64-apple-darwin/bin/codex",
            ),
        ] {
            let home = installed(&format!("node_modules/@openai/{place}"));
            assert!(
                Platform::of(os, arch)
                    .unwrap()
                    .binary_in(home.path())
                    .is_some(),
                "{place}"
            );
        }
    }

    #[test]
    fn the_node_wrapper_is_not_the_binary() {
        let home = installed("node_modules/@openai/codex/bin/codex.js");
        assert_eq!(
            Platform::of("linux", "x86_64")
                .unwrap()
                .binary_in(home.path()),
            None
        );
    }

    #[test]
    fn an_unsupported_platform_points_to_codex_bin() {
        let error = Platform::of("freebsd", "x86_64").unwrap_err().to_string();
        assert!(
            error.contains("freebsd on x86_64") && error.contains("CODEX_BIN"),
            "{error}"
        );
    }
}
