//! Gets both bundles of a release from its binary, and checks them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, bail};
use semver::Version;
use serde_json::Value;

use super::census::{self, Census};
use super::lock::{BUNDLE_FILE, Entry, File, Flavour, Lock};

/// The two bundles of one release, as its binary printed them.
pub(super) struct Bundles {
    pub(super) stable: Bundle,
    pub(super) experimental: Bundle,
}

/// One printed bundle.
pub(super) struct Bundle {
    /// The bytes of the file.
    pub(super) content: Vec<u8>,
    /// The parsed content.
    pub(super) value: Value,
    counts: Census,
}

impl Bundles {
    /// Runs a binary to print its bundles.
    pub(super) fn print_by(binary: &Path) -> anyhow::Result<Self> {
        let bundles = Self {
            stable: Bundle::print_by(binary, Flavour::Stable)?,
            experimental: Bundle::print_by(binary, Flavour::Experimental)?,
        };
        bundles.check()?;
        Ok(bundles)
    }

    /// Returns the lock that pins these bundles, the table of first releases, the evidence about
    /// clearable fields and the kept parts.
    pub(super) fn lock(
        &self,
        codex: Version,
        first_releases: File,
        clearable_fields: File,
        kept: File,
    ) -> Lock {
        let entry =
            |flavour, bundle: &Bundle| Entry::describe(flavour, &bundle.content, bundle.counts);
        Lock {
            codex,
            stable: entry(Flavour::Stable, &self.stable),
            experimental: entry(Flavour::Experimental, &self.experimental),
            first_releases,
            clearable_fields,
            kept,
        }
    }

    /// Refuses bundles without methods, and a stable bundle that is not a subset: the generator
    /// treats the difference between the two as experimental.
    fn check(&self) -> anyhow::Result<()> {
        for (name, bundle) in [
            ("stable", &self.stable),
            ("experimental", &self.experimental),
        ] {
            if bundle.counts.client_requests == 0 || bundle.counts.server_notifications == 0 {
                bail!("the {name} bundle has no methods: {}", bundle.counts);
            }
        }
        let all = census::definitions(&self.experimental.value)?;
        let all_v2 = census::v2(all)?;
        let stable = census::definitions(&self.stable.value)?;
        for name in stable.keys().chain(census::v2(stable)?.keys()) {
            if !all.contains_key(name) && !all_v2.contains_key(name) {
                bail!(
                    "`{name}` is in the stable bundle but not in the experimental one: the generator \
                     expects a superset and must be adapted first"
                );
            }
        }
        Ok(())
    }
}

/// Runs a binary with these arguments to print files into a directory, with an empty home.
pub(super) fn print_into(
    out: &Path,
    binary: &Path,
    arguments: &[&str],
    home: &Path,
) -> anyhow::Result<Output> {
    Command::new(binary)
        .args(arguments)
        .arg("--out")
        .arg(out)
        // The user's settings may enable features that are in no release.
        .env("CODEX_HOME", home)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", binary.display()))
}

impl Bundle {
    fn print_by(binary: &Path, flavour: Flavour) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir().context("cannot create a temporary directory")?;
        let out = directory.path().join("out");
        let output = print_into(&out, binary, &flavour.arguments(), directory.path())?;
        if !output.status.success() {
            bail!(
                "{} cannot print its {} schema ({}); it may be too old: {}",
                binary.display(),
                flavour.name(),
                output.status,
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        let content = fs::read(out.join(BUNDLE_FILE)).with_context(|| {
            format!(
                "{} did not print {BUNDLE_FILE}; it may be too old",
                binary.display()
            )
        })?;
        Self::parse(content).with_context(|| format!("cannot use the {} schema", flavour.name()))
    }

    fn parse(content: Vec<u8>) -> anyhow::Result<Self> {
        let value: Value = serde_json::from_slice(&content).context("the bundle is not JSON")?;
        let counts = Census::of(&value)?;
        Ok(Self {
            content,
            value,
            counts,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    /// A bundle with one method, one notification and the named types.
    pub(crate) fn mini(types: &[&str]) -> Bundle {
        let v2: serde_json::Map<_, _> = types
            .iter()
            .map(|name| ((*name).to_owned(), json!({"type": "object"})))
            .collect();
        let bundle = json!({"definitions": {
            "ClientRequest": {"oneOf": [{"properties": {"method": {"enum": ["x"]}}}]},
            "ClientNotification": {"oneOf": []},
            "ServerRequest": {"oneOf": []}, "ServerNotification": {"oneOf": [{}]},
            "v2": v2
        }});
        Bundle::parse(bundle.to_string().into_bytes()).unwrap()
    }

    #[test]
    fn a_stable_bundle_that_is_a_subset_is_accepted() {
        let bundles = Bundles {
            stable: mini(&["A"]),
            experimental: mini(&["A", "B"]),
        };
        bundles.check().unwrap();
        let table = File::describe("table", b"");
        let lock = bundles.lock(Version::new(1, 0, 0), table.clone(), table.clone(), table);
        assert_eq!(
            lock.stable.counts.definitions + 1,
            lock.experimental.counts.definitions
        );
    }

    #[test]
    fn a_stable_type_missing_from_the_experimental_bundle_is_named() {
        let bundles = Bundles {
            stable: mini(&["Lost"]),
            experimental: mini(&["B"]),
        };
        let error = bundles.check().unwrap_err().to_string();
        assert!(error.contains("`Lost`"), "{error}");
    }

    #[test]
    fn a_bundle_without_methods_is_refused() {
        let empty = json!({"definitions": {
            "ClientRequest": {"oneOf": []}, "ClientNotification": {"oneOf": []},
            "ServerRequest": {"oneOf": []}, "ServerNotification": {"oneOf": []}, "v2": {}
        }});
        let stable = Bundle::parse(empty.to_string().into_bytes()).unwrap();
        let bundles = Bundles {
            stable,
            experimental: mini(&[]),
        };
        let error = bundles.check().unwrap_err().to_string();
        assert!(error.contains("no methods"), "{error}");
    }

    #[test]
    fn a_missing_binary_is_named() {
        let missing = Path::new("no/such/codex");
        let error = Bundles::print_by(missing).err().unwrap().to_string();
        assert!(error.contains("no/such/codex"), "{error}");
    }
}
