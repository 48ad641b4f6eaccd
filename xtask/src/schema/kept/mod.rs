//! The parts of the protocol that a release has removed: messages, variants, values of enums and
//! fields. Older servers use them, so the types keep them.
//!
//! `cargo xtask schema update` compares the pinned schema with the one that replaces it, and writes
//! what is missing to a file beside the schema, under the lock. Newer releases may have it again, and
//! older ones have it in their own schema; it is added to the schemas of the other releases only.

mod parts;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::clearable_fields::{ClearableFields, Evidence};
use crate::codegen::report::Report;
use crate::codegen::responses::{self, Request};
use crate::workspace;

/// The name of the file in `schema/`.
pub(super) const FILE: &str = "kept.json";

/// The kept parts, by the last release that has them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Kept {
    releases: BTreeMap<Version, Parts>,
}

/// The parts that one release has and the next one lacks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    /// Parts of the bundles.
    stable: Value,
    experimental: Value,
    /// The evidence about the clearable fields among them.
    clearable_fields: ClearableFields,
}

/// The schema of a release, as it was printed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Release {
    pub(super) version: Version,
    pub(super) stable: Value,
    pub(super) experimental: Value,
    pub(super) clearable_fields: ClearableFields,
}

impl Kept {
    /// Reads the file in the directory of a schema. Returns `None` if there is no file.
    pub(super) fn read(directory: &Path) -> anyhow::Result<Option<Self>> {
        workspace::parse_if_exists(&directory.join(FILE), Self::parse)
    }

    /// Reads the text of the file.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        serde_json::from_str(text).context("it does not list kept parts of the protocol")
    }

    /// Returns the text of the file.
    pub(super) fn print(&self) -> anyhow::Result<String> {
        let text = serde_json::to_string_pretty(self).context("cannot print the kept parts")?;
        Ok(format!("{text}\n"))
    }

    /// Returns the kept parts after an update from one release to another one.
    ///
    /// An update to an older release changes nothing.
    pub(super) fn updated(mut self, old: Release, new: &Release) -> Self {
        if old.version >= new.version {
            return self;
        }
        let all = Parts {
            stable: old.stable,
            experimental: old.experimental,
            clearable_fields: old.clearable_fields,
        };
        self.releases.insert(old.version, all);
        let mut experimental = new.experimental.clone();
        let mut fields = new.clearable_fields.clone();
        let mut releases = BTreeMap::new();
        // Of two releases that have a part, the newer one keeps it.
        for (last, mut parts) in self.releases.into_iter().rev() {
            if last < new.version {
                parts = parts.without(&experimental, &fields);
                parts::add(&mut experimental, &parts.experimental, "");
                fields.add(&parts.clearable_fields);
            }
            if !parts.experimental.is_null() {
                releases.insert(last, parts);
            }
        }
        Self { releases }
    }

    /// Adds the parts that a release does not have any more.
    pub(super) fn add_to(&self, mut release: Release) -> Release {
        let older = self.releases.iter().rev();
        for (last, parts) in older.filter(|(last, _)| **last < release.version) {
            let note = format!("Removed after Codex {last}, and kept for older servers.");
            parts::add(&mut release.stable, &parts.stable, &note);
            parts::add(&mut release.experimental, &parts.experimental, &note);
            release.clearable_fields.add(&parts.clearable_fields);
        }
        release
    }

    /// Leaves out the experimental parts.
    pub(crate) fn into_stable(mut self) -> Self {
        for parts in self.releases.values_mut() {
            parts.experimental = parts.stable.clone();
        }
        self
    }
}

impl Parts {
    /// Leaves out what this bundle has.
    fn without(self, experimental: &Value, fields: &ClearableFields) -> Self {
        let responses = responses_of(&self.experimental);
        let responses = |method: &str| responses.get(method).cloned();
        // A part that has become experimental is not removed.
        let stable = parts::missing(&self.stable, experimental, &responses);
        let experimental = parts::missing(&self.experimental, experimental, &responses);
        let names = parts::names(&experimental);
        let mut clearable_fields = self.clearable_fields;
        clearable_fields.retain(|definition, field| {
            names.contains(definition) && fields.evidence(definition, field) == Evidence::Missing
        });
        Self {
            stable,
            experimental,
            clearable_fields,
        }
    }
}

/// The responses of the requests of a bundle, by method.
fn responses_of(bundle: &Value) -> BTreeMap<String, String> {
    let root = &bundle["definitions"];
    let names = parts::names(bundle);
    let names = names.iter().map(String::as_str).collect();
    let mut requests = Vec::new();
    for union in ["ClientRequest", "ServerRequest"] {
        for member in root[union]["oneOf"].as_array().into_iter().flatten() {
            let fields = &member["properties"];
            let params = fields["params"]["$ref"].as_str();
            if let Some(method) = fields["method"]["enum"][0].as_str() {
                requests.push(Request {
                    method,
                    params: params.and_then(|path| path.rsplit('/').next()),
                });
            }
        }
    }
    let found = responses::find(&requests, &names, &mut Report::default());
    let found = requests.iter().zip(found);
    found
        .filter_map(|(request, response)| Some((request.method.to_owned(), response?)))
        .collect()
}

#[cfg(test)]
mod tests;
