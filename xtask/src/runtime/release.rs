//! Versions of codex: the ones asked for, and the one a binary says it is.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use semver::Version;

/// Parses a version that was asked for.
///
/// Only exact versions pass: the name becomes a folder, and a moving name like `latest` would mean
/// another release tomorrow.
pub(super) fn parse(version: &str) -> anyhow::Result<Version> {
    Version::parse(version)
        .with_context(|| format!("`{version}` is not a version of codex; write it like 0.169.0"))
}

/// Asks a binary which version it is.
pub(super) fn of_binary(binary: &Path) -> anyhow::Result<Version> {
    let shown = binary.display();
    let output = Command::new(binary)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run `{shown} --version`"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`{shown} --version` failed ({}): {}",
            output.status,
            complaint.trim()
        );
    }
    in_banner(&said).with_context(|| {
        format!(
            "`{shown} --version` names no version: `{}`",
            said.lines().next().unwrap_or("")
        )
    })
}

/// The version in what `codex --version` prints, `codex-cli 0.169.0`.
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
    fn the_banner_names_the_version() {
        assert_eq!(
            in_banner("codex-cli 0.169.0\n"),
            Some(Version::new(0, 169, 0))
        );
        let alpha = in_banner("codex-cli 0.170.0-alpha.3\n").unwrap();
        assert_eq!(alpha.to_string(), "0.170.0-alpha.3");
    }

    #[test]
    fn another_programs_banner_names_none() {
        assert_eq!(in_banner("usage: codex [FLAGS]\n"), None);
        assert_eq!(in_banner(""), None);
    }

    #[test]
    fn only_exact_versions_can_be_asked_for() {
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
