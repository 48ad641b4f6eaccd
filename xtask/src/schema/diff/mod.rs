//! Reports what changed in the protocol between two releases, and which changes break a client.
//!
//! Each release becomes lines, one for each method, type, field and variant. The report compares
//! the lines of two releases.

pub(crate) mod compare;
pub(crate) mod outline;
pub(crate) mod protocol;
mod report;
mod shape;

use std::collections::BTreeSet;

use anyhow::Context;
use semver::Version;

use super::bundles::Bundles;
use super::clearable_fields::ClearableFields;
use super::kept::{Kept, Release};
use super::pinned;
use crate::runtime;
use compare::{Action, Change};
use protocol::Protocol;

/// Arguments of `cargo xtask schema diff`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The older release: a version, or `lock` for the pinned one.
    old: String,
    /// The newer release: a version, or `lock` for the pinned one.
    new: String,
}

/// Two releases and their differences.
pub(crate) struct Comparison {
    /// The older release.
    pub(crate) old: Protocol,
    /// The newer release.
    pub(crate) new: Protocol,
    /// The differences, sorted by path.
    pub(crate) changes: Vec<Change>,
    /// The paths that the newer release has removed and the types keep.
    kept: BTreeSet<String>,
}

impl Comparison {
    /// Compares two releases, and installs those that are missing. The pinned one needs no runtime.
    pub(crate) fn read(old: &str, new: &str) -> anyhow::Result<Self> {
        Self::of_releases(read(old)?, read(new)?)
    }

    /// Compares two releases, and finds what the types keep of the older one.
    fn of_releases(old: Release, new: Release) -> anyhow::Result<Self> {
        let (before, after) = (protocol(&old)?, protocol(&new)?);
        let complete = Kept::default().updated(old, &new).add_to(new);
        let mut kept: BTreeSet<_> = protocol(&complete)?.lines.into_keys().collect();
        kept.retain(|path| !after.lines.contains_key(path));
        Ok(Self {
            kept,
            ..Self::of(before, after)
        })
    }

    /// Compares two protocols.
    pub(crate) fn of(old: Protocol, new: Protocol) -> Self {
        let changes = compare::compare(&old, &new);
        Self {
            old,
            new,
            changes,
            kept: BTreeSet::new(),
        }
    }

    /// Declares these paths as removed parts that the types keep.
    #[cfg(test)]
    pub(crate) fn keeping(mut self, paths: &[&str]) -> Self {
        self.kept = paths.iter().map(|&path| path.to_owned()).collect();
        self
    }

    /// Returns whether the types keep what a change removes, for servers of older releases.
    pub(crate) fn keeps(&self, change: &Change) -> bool {
        let path = format!("{}{}", change.owner, change.below);
        change.action == Action::Removed && self.kept.contains(&path)
    }

    /// Returns the report as Markdown.
    pub(crate) fn report(&self) -> String {
        report::render(&self.old, &self.new, &self.changes)
    }
}

/// Runs the chore: prints the report as Markdown.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    crate::stdout::print(&Comparison::read(&args.old, &args.new)?.report())
}

/// Reads the schema of a release. The pinned one needs no runtime, unless an aborted update has left
/// its files incomplete.
fn read(release: &str) -> anyhow::Result<Release> {
    let pinned = match release {
        "lock" => Some(pinned::load()?),
        _ => pinned::load().ok().filter(|it| it.version == release),
    };
    let (version, stable, experimental) = if let Some(pinned) = pinned {
        (pinned.version, pinned.stable, pinned.experimental)
    } else {
        let bundles = Bundles::print_by(&runtime::ensure(Some(release))?)
            .with_context(|| format!("cannot read the schema of Codex {release}"))?;
        (
            release.to_owned(),
            bundles.stable.value,
            bundles.experimental.value,
        )
    };
    Ok(Release {
        version: Version::parse(&version)
            .with_context(|| format!("`{version}` is not an exact version"))?,
        stable,
        experimental,
        clearable_fields: ClearableFields::default(),
    })
}

fn protocol(release: &Release) -> anyhow::Result<Protocol> {
    let version = release.version.to_string();
    Protocol::read(&version, &release.stable, &release.experimental)
        .with_context(|| format!("cannot read the protocol of Codex {version}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_comparison_knows_which_removed_parts_the_types_keep() {
        let release = |minor, requests: &[Value], v2: &Value| {
            let bundle = json!({"definitions": {"ServerRequest": {"oneOf": requests}, "v2": v2}});
            Release {
                version: Version::new(0, minor, 0),
                stable: bundle.clone(),
                experimental: bundle,
                clearable_fields: ClearableFields::default(),
            }
        };
        let request = json!({"properties": {
            "method": {"enum": ["time/read"]}, "params": {"$ref": "#/definitions/v2/TimeParams"}}});
        let place = |fields: Value| json!({"type": "object", "properties": fields});
        let old = json!({"TimeParams": {"type": "object"}, "Orphan": {"type": "object"},
            "Place": place(json!({"at": {}, "position": {}})), "Shape": place(json!({"side": {}}))});
        let new = json!({"Place": place(json!({"at": {}})), "Shape": {"oneOf": []}});
        let comparison =
            Comparison::of_releases(release(1, &[request], &old), release(2, &[], &new)).unwrap();
        let removed = comparison
            .changes
            .iter()
            .filter(|it| it.action == Action::Removed);
        let removed: Vec<_> = removed
            .map(|it| (format!("{}{}", it.owner, it.below), comparison.keeps(it)))
            .collect();
        let removed: Vec<_> = removed
            .iter()
            .map(|(path, keeps)| (path.as_str(), *keeps))
            .collect();
        assert_eq!(
            removed,
            [
                ("Orphan", false),
                ("Place.position", true),
                ("Shape.side", false),
                ("TimeParams", true),
                ("time/read", true),
            ]
        );
    }
}
