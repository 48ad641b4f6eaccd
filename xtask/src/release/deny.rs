//! The dependencies, as `deny.toml` allows them.

use anyhow::{Context, bail};

use super::Outcome;
use crate::tools::{self, succeed};

/// Checks what the lock file says, and the advisories if their database can be fetched.
pub(super) fn check() -> anyhow::Result<Outcome> {
    let deny = || tools::cargo_tool("cargo-deny");
    succeed(deny().args(["--offline", "check", "bans", "licenses", "sources"]))?;
    println!("    deny check advisories");
    let output = deny()
        .args(["check", "advisories"])
        .output()
        .context("cannot run cargo-deny")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        return Ok(Outcome::Passed);
    }
    match is_without_database(&complaint) {
        true => Ok(Outcome::LeftOut(
            "advisories, because the database of RustSec cannot be fetched; bans, licenses and \
             sources passed"
                .to_owned(),
        )),
        false => bail!(
            "`cargo deny check advisories` failed:\n{}",
            complaint.trim()
        ),
    }
}

/// Returns whether cargo-deny failed because it has no database of advisories.
fn is_without_database(complaint: &str) -> bool {
    complaint.contains("failed to fetch advisory database")
        || complaint.contains("failed to load advisory database")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_database_is_distinguished_from_an_advisory() {
        assert!(is_without_database(
            "2026-11-26 08:00:00 [ERROR] failed to fetch advisory database https://example.com"
        ));
        assert!(!is_without_database("error[vulnerability]: a hole in `x`"));
    }
}
