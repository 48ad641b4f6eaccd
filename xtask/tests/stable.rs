//! The types of the stable protocol, generated and compiled in a checkout of their own.

// Clippy treats only test functions as tests.
#![expect(clippy::unwrap_used)]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Copies a directory with its subdirectories.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Runs a chore in a checkout, which has to succeed.
fn chore(root: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .env("CARGO_MANIFEST_DIR", root.join("xtask"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_types_of_the_stable_protocol_compile_and_have_nothing_experimental() {
    let this_crate = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let workspace = this_crate.parent().unwrap();
    let checkout = tempfile::tempdir().unwrap();
    let root = checkout.path();
    for directory in ["schema", "crates/codex-types"] {
        copy(&workspace.join(directory), &root.join(directory));
    }
    fs::copy(workspace.join("Cargo.lock"), root.join("Cargo.lock")).unwrap();
    let manifest = fs::read_to_string(workspace.join("Cargo.toml")).unwrap();
    let mut manifest: toml::Table = manifest.parse().unwrap();
    for members in ["members", "default-members"] {
        manifest["workspace"][members] = vec!["crates/codex-types"].into();
    }
    fs::write(root.join("Cargo.toml"), manifest.to_string()).unwrap();

    let report = chore(root, &["codegen", "--stable", "--strict"]);
    assert!(report.contains(" 0 stale"), "{report}");
    chore(root, &["codegen", "--stable", "--check"]);

    let generated = root.join("crates/codex-types/src/generated");
    let mut text = String::new();
    for entry in fs::read_dir(generated).unwrap() {
        text += &fs::read_to_string(entry.unwrap().path()).unwrap();
    }
    assert!(text.contains("pub struct ThreadStartParams {"));
    for experimental in [
        "**Experimental:**",
        "pub struct ThreadTimelineListParams {",
        "dynamic_tools",
        "thread/timeline/list",
    ] {
        assert!(!text.contains(experimental), "{experimental}");
    }

    let check = Command::new(env::var_os("CARGO").unwrap())
        .args(["check", "--offline", "--quiet"])
        .current_dir(root)
        // Keeps the compiled dependencies for the next run.
        .env(
            "CARGO_TARGET_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("stable"),
        )
        .env("RUSTFLAGS", "-D warnings")
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&check.stderr);
    assert!(check.status.success(), "{complaint}");
}
