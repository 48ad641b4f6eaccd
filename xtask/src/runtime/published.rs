//! The published releases of Codex, as the package registries list them.

use std::collections::BTreeSet;

use anyhow::Context;
use semver::Version;

use super::packages::Manager;

/// Returns the newest release.
pub(super) fn latest(manager: Manager) -> anyhow::Result<Version> {
    let output = manager.ask_for_versions(true)?;
    // pip lists all releases, newest first.
    let newest = versions(manager, &output)
        .filter(|version| version.pre.is_empty())
        .max();
    newest.with_context(|| unreadable(manager, &output))
}

/// Returns all releases, without pre-releases and the builds of single platforms.
pub(super) fn releases(manager: Manager) -> anyhow::Result<BTreeSet<Version>> {
    let output = manager.ask_for_versions(false)?;
    let releases: BTreeSet<Version> = versions(manager, &output)
        .filter(|version| version.pre.is_empty())
        .collect();
    if releases.is_empty() {
        anyhow::bail!(unreadable(manager, &output));
    }
    Ok(releases)
}

/// Returns the versions in the output of a package manager: JSON from npm, lines from pip.
fn versions(manager: Manager, output: &str) -> impl Iterator<Item = Version> {
    let separators: &[char] = match manager {
        Manager::Npm => &['"', ',', '[', ']'],
        Manager::Pip(_) => &['(', ')', ','],
    };
    let words = output.split(|letter: char| letter.is_whitespace() || separators.contains(&letter));
    words.filter_map(|word| Version::parse(word).ok())
}

fn unreadable(manager: Manager, output: &str) -> String {
    format!(
        "{} lists no release of Codex: `{}`",
        manager.name(),
        output.trim()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIP: Manager = Manager::Pip(&["pip3"]);

    fn list(manager: Manager, output: &str) -> Vec<String> {
        versions(manager, output)
            .map(|version| version.to_string())
            .collect()
    }

    #[test]
    fn npm_prints_one_version_or_a_list_as_json() {
        assert_eq!(list(Manager::Npm, "\"0.169.0\"\n"), ["0.169.0"]);
        let output = "[\n  \"0.166.0\",\n  \"0.169.0-linux-x64\",\n  \"0.169.0\"\n]\n";
        assert_eq!(
            list(Manager::Npm, output),
            ["0.166.0", "0.169.0-linux-x64", "0.169.0"]
        );
    }

    #[test]
    fn pip_prints_the_newest_version_and_a_line_with_all_versions() {
        let output = "openai-codex-cli-bin (0.163.0)\nAvailable versions: 0.163.0, 0.162.1\n  \
                      INSTALLED: 0.1\n";
        assert_eq!(list(PIP, output), ["0.163.0", "0.163.0", "0.162.1"]);
    }

    #[test]
    fn an_output_without_a_version_is_shown() {
        assert_eq!(list(Manager::Npm, "[]"), Vec::<String>::new());
        assert!(unreadable(PIP, "no\n").contains("pip lists no release of Codex: `no`"));
    }
}
