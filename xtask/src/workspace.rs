//! Where the workspace lies, so that a chore works from whichever folder it is called in.

use std::path::{Path, PathBuf};

/// The root of the workspace.
///
/// Cargo names the folder of this crate when it runs the chore, which stays right when several
/// checkouts share one target folder; the folder of the build is for a binary started by hand.
pub(crate) fn root() -> PathBuf {
    let of_this_crate = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    of_this_crate
        .parent()
        .map_or_else(|| of_this_crate.clone(), Path::to_path_buf)
}

/// The path as people of this workspace write it: relative to its root where it lies below it.
pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}
