//! The root of the workspace, found when a chore runs.
//!
//! Several checkouts may share one target directory, and with it one binary of this crate. A path
//! compiled into the binary could then name the wrong checkout.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Returns the root of the workspace that cargo runs this chore for.
///
/// # Errors
///
/// Fails if the process was not started by `cargo run` or `cargo test` for this crate.
pub(crate) fn root() -> anyhow::Result<PathBuf> {
    above(env::var_os("CARGO_MANIFEST_DIR"))
}

/// Returns the parent of this crate's directory, which cargo names in `CARGO_MANIFEST_DIR`.
fn above(manifest_dir: Option<OsString>) -> anyhow::Result<PathBuf> {
    manifest_dir
        .map(PathBuf::from)
        .filter(|directory| directory.ends_with("xtask"))
        .and_then(|directory| Some(directory.parent()?.to_owned()))
        .context(
            "CARGO_MANIFEST_DIR does not name the `xtask` directory of a checkout: run the chores \
             with `cargo xtask`",
        )
}

/// Returns the path relative to the root of the workspace, or unchanged if it lies elsewhere.
pub(crate) fn shown(path: &Path) -> String {
    let root = root().unwrap_or_default();
    path.strip_prefix(root)
        .unwrap_or(path)
        .display()
        .to_string()
}

/// Parses a file; `None` if there is no file.
pub(crate) fn parse_if_exists<T>(
    path: &Path,
    parse: impl FnOnce(&str) -> anyhow::Result<T>,
) -> anyhow::Result<Option<T>> {
    match fs::read_to_string(path) {
        Ok(text) => parse(&text)
            .with_context(|| format!("cannot use {}", shown(path)))
            .map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", shown(path))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_above_the_directory_that_cargo_names() {
        let directory = Path::new("checkout").join("xtask");
        assert_eq!(
            above(Some(directory.into())).unwrap(),
            Path::new("checkout")
        );
    }

    #[test]
    fn without_the_directory_of_this_crate_the_error_names_the_command() {
        for directory in [None, Some("checkout/crates/codex-types".into())] {
            let error = above(directory).unwrap_err().to_string();
            assert!(
                error.contains("run the chores with `cargo xtask`"),
                "{error}"
            );
        }
    }

    #[test]
    fn this_crate_depends_on_no_crate_of_the_workspace() {
        let manifest = fs::read_to_string(root().unwrap().join("xtask/Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let names = manifest.get(table).and_then(toml::Value::as_table);
            for name in names.into_iter().flat_map(toml::Table::keys) {
                assert!(!name.starts_with("codex"), "{table}: {name}");
            }
        }
    }
}
