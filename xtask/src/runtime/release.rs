//! Versions of Codex: parsed from arguments, and reported by binaries.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use semver::Version;

/// Parses a version from an argument.
///
/// The version must be exact, because it becomes the name of a directory and the meaning of a name
/// like `latest` changes over time.
pub(super) fn parse(version: &str) -> anyhow::Result<Version> {
    Version::parse(version)
        .with_context(|| format!("`{version}` is not an exact version; write it like 0.169.0"))
}

/// Returns the version that a binary reports.
pub(super) fn of_binary(binary: &Path) -> anyhow::Result<Version> {
    let shown = binary.display();
    let output = Command::new(binary)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run `{shown} --version`"))?;
    let banner = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`{shown} --version` failed ({}): {}",
            output.status,
            stderr.trim()
        );
    }
    in_banner(&banner).with_context(|| {
        format!(
            "`{shown} --version` prints no version: `{}`",
            banner.lines().next().unwrap_or("")
        )
    })
}

/// Returns the version in the output of `codex --version`, like `codex-cli 0.169.0`.
fn in_banner(banner: &str) -> Option<Version> {
    banner
        .split_whitespace()
        .last()
        .and_then(|word| Version::parse(word).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_last_word_of_the_banner() {
        assert_eq!(
            in_banner("codex-cli 0.169.0\n"),
            Some(Version::new(0, 169, 0))
        );
        let alpha = in_banner("codex-cli 0.170.0-alpha.3\n").unwrap();
        assert_eq!(alpha.to_string(), "0.170.0-alpha.3");
    }

    #[test]
    fn the_banner_of_another_program_has_no_version() {
        assert_eq!(in_banner("usage: codex [FLAGS]\n"), None);
        assert_eq!(in_banner(""), None);
    }

    #[test]
    fn only_exact_versions_are_accepted() {
        assert_eq!(parse("0.163.0").unwrap(), Version::new(0, 163, 0));
        for vague in ["latest", "0.163", "^0.163.0", "../0.163.0"] {
            let error = parse(vague).unwrap_err().to_string();
            assert!(
                error.contains(vague) && error.contains("0.169.0"),
                "{error}"
            );
        }
    }
}
