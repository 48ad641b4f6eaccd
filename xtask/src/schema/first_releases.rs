//! The first release with each method, from the schemas of the releases.
//!
//! A client that calls a method on an older server can then name the release that it needs. The
//! pinned bundles do not say it, so the table is a file of its own beside them. It grows with each
//! update, and `cargo xtask schema since` adds the methods of any release.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, bail};
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::census;
use crate::workspace;

/// The name of the file under `schema/`.
pub(super) const FILE: &str = "first_releases.toml";

const HEADER: &str = "\
# The first release with each method that a client can call. A method of the oldest release may be older.
# Written by `cargo xtask schema since` and `cargo xtask schema update`: not edited by hand.
";

/// The content of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FirstReleases {
    /// The releases whose methods are known, oldest first.
    pub(crate) releases: BTreeSet<Version>,
    /// The first of these releases with each method.
    pub(crate) methods: BTreeMap<String, Version>,
}

impl FirstReleases {
    /// Creates the table of a single release.
    fn of(release: &Version, methods: &BTreeSet<String>) -> Self {
        Self {
            releases: [release.clone()].into(),
            methods: methods
                .iter()
                .map(|method| (method.clone(), release.clone()))
                .collect(),
        }
    }

    /// Reads the file in the directory of a schema. Returns `None` if there is no file.
    pub(super) fn read(directory: &Path) -> anyhow::Result<Option<Self>> {
        workspace::parse_if_exists(&directory.join(FILE), Self::parse)
    }

    /// Parses the text of the file.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let table: Self = toml::from_str(text).context("not a table of first releases")?;
        if table.releases.is_empty() {
            bail!("the table names no release");
        }
        Ok(table)
    }

    /// Returns the text of the file.
    pub(super) fn print(&self) -> anyhow::Result<String> {
        let text = toml::to_string(self).context("cannot print the first releases")?;
        Ok(format!("{HEADER}{text}"))
    }

    /// Adds the methods of a release, in any order of releases. Methods that the pinned release
    /// does not have any more are left out: no client can call them.
    pub(super) fn add(mut self, release: &Version, methods: &BTreeSet<String>) -> Self {
        for (method, first) in Self::of(release, methods).methods {
            let known = self.methods.entry(method).or_insert_with(|| first.clone());
            *known = first.min(known.clone());
        }
        self.releases.insert(release.clone());
        self
    }

    /// Leaves out the methods that are not among these.
    pub(super) fn only(mut self, methods: &BTreeSet<String>) -> Self {
        self.methods.retain(|method, _| methods.contains(method));
        self
    }

    /// Returns the table after an update to a release with these methods. It keeps those in `all`,
    /// which includes methods that the types keep although the release has removed them.
    ///
    /// The releases after it are left out: the table keeps no methods that only they have, so it
    /// could not tell the first of them after a later update.
    pub(super) fn updated(
        table: Option<Self>,
        release: &Version,
        methods: &BTreeSet<String>,
        all: &BTreeSet<String>,
    ) -> Self {
        let mut table = table.unwrap_or_else(|| Self::of(release, methods));
        table.releases.retain(|known| known <= release);
        table.add(release, methods).only(all)
    }

    /// Returns those of the releases whose methods are unknown and that lie between two others, not
    /// including these two.
    pub(crate) fn unknown_between(
        &self,
        old: &Version,
        new: &Version,
        published: &BTreeSet<Version>,
    ) -> Vec<Version> {
        let unknown = published
            .iter()
            .filter(|it| old < it && *it < new && !self.releases.contains(it));
        unknown.cloned().collect()
    }

    /// Returns the oldest release whose methods are known.
    pub(crate) fn oldest(&self) -> Option<&Version> {
        self.releases.first()
    }
}

/// Returns the methods that a client can call.
pub(super) fn methods(bundle: &Value) -> anyhow::Result<BTreeSet<String>> {
    let members = census::union_members(census::definitions(bundle)?, "ClientRequest")?;
    let names = members.iter().filter_map(|member| {
        let name = member["properties"]["method"]["enum"][0].as_str()?;
        Some(name.to_owned())
    });
    Ok(names.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn the_first_release_is_found_in_any_order_of_releases() {
        let (old, middle, new) = (
            (Version::new(0, 1, 0), names(&["a", "gone"])),
            (Version::new(0, 2, 0), names(&["a", "b"])),
            (Version::new(0, 10, 0), names(&["a", "b", "c"])),
        );
        let add = |table: FirstReleases, (release, methods): &(Version, BTreeSet<String>)| {
            table.add(release, methods).only(&new.1)
        };
        let forwards = add(add(FirstReleases::of(&old.0, &old.1), &middle), &new);
        let backwards = add(add(FirstReleases::of(&new.0, &new.1), &middle), &old);
        assert_eq!(forwards, backwards);
        assert_eq!(forwards.methods["a"], old.0);
        assert_eq!(forwards.methods["b"], middle.0);
        assert_eq!(forwards.methods["c"], new.0);
        assert!(!forwards.methods.contains_key("gone"));
        assert_eq!(forwards.oldest(), Some(&old.0));
    }

    #[test]
    fn an_update_to_an_older_release_and_back_restores_the_table() {
        let (a, b, c) = (
            Version::new(0, 1, 0),
            Version::new(0, 2, 0),
            Version::new(0, 3, 0),
        );
        let table = FirstReleases::of(&a, &names(&["a"])).add(&b, &names(&["a", "b"]));
        let updated = |table, release, methods: &[&str]| {
            FirstReleases::updated(Some(table), release, &names(methods), &names(methods))
        };
        let table = updated(table, &c, &["a", "b", "c"]);
        let older = updated(table.clone(), &a, &["a"]);
        assert_eq!(older.releases, [a.clone()].into());
        // The release that the update skips is unknown, and has to be added again.
        let published: BTreeSet<Version> = [&a, &b, &c].into_iter().cloned().collect();
        let back = updated(older, &c, &["a", "b", "c"]);
        let unknown = back.unknown_between(&a, &c, &published);
        assert_eq!(unknown.iter().collect::<Vec<_>>(), [&b]);
        let back = back.add(&b, &names(&["a", "b"]));
        assert_eq!(back, table);
        assert!(back.unknown_between(&a, &c, &published).is_empty());
    }

    #[test]
    fn a_method_that_the_types_keep_stays_in_the_table() {
        let (old, new) = (Version::new(0, 1, 0), Version::new(0, 2, 0));
        let table = FirstReleases::of(&old, &names(&["a", "kept", "gone"]));
        let all = names(&["a", "b", "kept"]);
        let table = FirstReleases::updated(Some(table), &new, &names(&["a", "b"]), &all);
        assert_eq!(table.methods["kept"], old);
        assert_eq!(table.methods["b"], new);
        assert!(!table.methods.contains_key("gone"));
    }

    #[test]
    fn a_printed_table_reads_back_unchanged() {
        let table = FirstReleases::of(&Version::new(0, 133, 0), &names(&["thread/start"]));
        let text = table.print().unwrap();
        assert!(text.contains("\"thread/start\" = \"0.133.0\""), "{text}");
        assert_eq!(FirstReleases::parse(&text).unwrap(), table);
    }
}
