//! One binary serves several checkouts: with a shared target directory, cargo may run a binary that
//! was compiled in a different checkout.

// Clippy treats only test functions as tests.
#![expect(clippy::unwrap_used)]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs a chore as cargo does for the checkout in `root`.
fn chore(root: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .env("CARGO_MANIFEST_DIR", root.join("xtask"))
        .output()
        .unwrap()
}

#[test]
fn a_chore_reads_and_writes_the_checkout_that_it_runs_in() {
    let checkout = tempfile::tempdir().unwrap();
    let root = checkout.path();
    let this_crate = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let schema = this_crate.with_file_name("schema");
    for file in [
        "clearable_fields.toml",
        "codex.lock.toml",
        "first_releases.toml",
        "kept.json",
        "stable/codex_app_server_protocol.schemas.json",
        "experimental/codex_app_server_protocol.schemas.json",
    ] {
        let copy = root.join("schema").join(file);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(schema.join(file), copy).unwrap();
    }
    // Generated code of this checkout that the other checkout does not have.
    let stale = root.join("crates/codex-types/src/generated/stale.rs");
    fs::create_dir_all(stale.parent().unwrap()).unwrap();
    fs::write(&stale, "").unwrap();

    let check = chore(root, &["codegen", "--check"]);
    assert!(!check.status.success());
    let complaint = String::from_utf8(check.stderr).unwrap();
    assert!(complaint.contains("stale.rs"), "{complaint}");

    assert!(chore(root, &["codegen"]).status.success());
    assert!(!stale.exists());
    assert!(chore(root, &["codegen", "--check"]).status.success());

    fs::remove_dir_all(root.join("schema")).unwrap();
    let verify = chore(root, &["schema", "verify"]);
    assert!(!verify.status.success());
    let complaint = String::from_utf8(verify.stderr).unwrap();
    assert!(complaint.contains("codex.lock.toml"), "{complaint}");
}

#[test]
fn a_binary_started_without_cargo_names_the_command_to_use() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["schema", "verify"])
        .env_remove("CARGO_MANIFEST_DIR")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains("`cargo xtask`"), "{complaint}");
}
