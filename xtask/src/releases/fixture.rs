//! The schemas of other releases, compressed in `xtask/tests/releases`.
//!
//! A file holds both bundles of a release, and the evidence about its clearable fields. A part of
//! the stable bundle that equals that of the experimental one is `null`.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use semver::Version;
use serde_json::{Value, json};

use crate::schema::clearable_fields::ClearableFields;
use crate::workspace;

const SUFFIX: &str = ".json.gz";

/// Both bundles of a release, and the evidence about its clearable fields.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bundles {
    pub(crate) stable: Value,
    pub(crate) experimental: Value,
    pub(crate) clearable_fields: ClearableFields,
}

/// Returns the releases that have a fixture, oldest first.
///
/// # Errors
///
/// Fails if the directory cannot be read, or a file is not named after a release.
pub(crate) fn all() -> anyhow::Result<Vec<Version>> {
    let directory = directory()?;
    let shown = workspace::shown(&directory);
    let entries = fs::read_dir(&directory).with_context(|| format!("cannot read {shown}"))?;
    let mut releases = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let version = name.strip_suffix(SUFFIX).unwrap_or(&name);
        let version = Version::parse(version)
            .with_context(|| format!("{shown}/{name} is not named after a release"))?;
        releases.push(version);
    }
    releases.sort();
    ensure!(!releases.is_empty(), "{shown} is empty");
    Ok(releases)
}

/// Reads the bundles of a release.
///
/// # Errors
///
/// Fails if there is no such fixture, or it is damaged.
pub(crate) fn read(version: &Version) -> anyhow::Result<Bundles> {
    let path = path(version)?;
    let shown = workspace::shown(&path);
    let file = File::open(&path).with_context(|| {
        format!("cannot read {shown}; add it with `cargo xtask releases --add {version}`")
    })?;
    unpack(file).with_context(|| format!("{shown} is damaged"))
}

/// Writes the bundles of a release.
///
/// # Errors
///
/// Fails if the file cannot be written.
pub(crate) fn write(version: &Version, bundles: &Bundles) -> anyhow::Result<PathBuf> {
    let path = path(version)?;
    let packed = pack(bundles)?;
    let shown = workspace::shown(&path);
    fs::create_dir_all(directory()?)
        .and_then(|()| fs::write(&path, packed))
        .with_context(|| format!("cannot write {shown}"))?;
    Ok(path)
}

fn directory() -> anyhow::Result<PathBuf> {
    Ok(workspace::root()?.join(Path::new("xtask/tests/releases")))
}

fn path(version: &Version) -> anyhow::Result<PathBuf> {
    Ok(directory()?.join(format!("{version}{SUFFIX}")))
}

fn pack(bundles: &Bundles) -> anyhow::Result<Vec<u8>> {
    let mut stable = bundles.stable.clone();
    leave_out_equal(&mut stable, &bundles.experimental);
    let both = json!({
        "clearable_fields": bundles.clearable_fields,
        "experimental": bundles.experimental,
        "stable": stable,
    });
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(both.to_string().as_bytes())?;
    Ok(encoder.finish()?)
}

fn unpack(packed: impl std::io::Read) -> anyhow::Result<Bundles> {
    let mut text = String::new();
    GzDecoder::new(packed).read_to_string(&mut text)?;
    let mut both: Value = serde_json::from_str(&text)?;
    let (experimental, mut stable) = (both["experimental"].take(), both["stable"].take());
    ensure!(experimental.is_object(), "it has no experimental bundle");
    fill_in_equal(&mut stable, &experimental);
    let clearable_fields = serde_json::from_value(both["clearable_fields"].take())
        .context("it has no clearable fields")?;
    Ok(Bundles {
        stable,
        experimental,
        clearable_fields,
    })
}

/// Replaces the definitions that equal those of the other bundle with `null`.
fn leave_out_equal(value: &mut Value, other: &Value) {
    for (key, inner) in value.as_object_mut().into_iter().flatten() {
        match other.get(key) {
            Some(other) if inner == other => *inner = Value::Null,
            Some(other) if is_group(key) => leave_out_equal(inner, other),
            _ => {}
        }
    }
}

fn fill_in_equal(value: &mut Value, other: &Value) {
    for (key, inner) in value.as_object_mut().into_iter().flatten() {
        match other.get(key) {
            Some(other) if inner.is_null() => *inner = other.clone(),
            Some(other) if is_group(key) => fill_in_equal(inner, other),
            _ => {}
        }
    }
}

/// Whether a member of a bundle holds definitions.
fn is_group(key: &str) -> bool {
    matches!(key, "definitions" | "v2")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_bundles_unpack_to_the_same_bundles() {
        let bundles = Bundles {
            stable: json!({ "title": "B", "definitions": {
                "A": { "type": "string" }, "B": {}, "v2": { "C": { "type": "object" } },
            } }),
            experimental: json!({ "title": "B", "definitions": {
                "A": { "type": "string" }, "B": { "type": "array" },
                "v2": { "C": { "type": "object" }, "D": {} },
            } }),
            clearable_fields: toml::from_str(
                "command = \"codex\"\n[clearable]\nC = [\"c\"]\n[written_by_hand]\n[absent]\n",
            )
            .unwrap(),
        };
        let packed = pack(&bundles).unwrap();
        assert_eq!(unpack(packed.as_slice()).unwrap(), bundles);
        let damaged = unpack(&packed[..packed.len() / 2]);
        assert!(damaged.is_err());
    }

    #[test]
    fn a_missing_fixture_names_the_command_that_adds_it() {
        let error = read(&Version::new(0, 0, 1)).unwrap_err().to_string();
        assert!(
            error.contains("cargo xtask releases --add 0.0.1"),
            "{error}"
        );
    }
}
