//! `cargo xtask codegen --check` fails for each way in which the generated code and the schema can
//! disagree.

// Clippy treats only test functions as tests.
#![expect(clippy::unwrap_used)]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const BUNDLE: &str = "experimental/codex_app_server_protocol.schemas.json";

/// A checkout with the pinned schema and the code that is generated from it.
struct Checkout {
    root: tempfile::TempDir,
}

impl Checkout {
    fn new() -> Self {
        let this_crate = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap());
        let workspace = this_crate.parent().unwrap();
        let checkout = Self {
            root: tempfile::tempdir().unwrap(),
        };
        let generated = "crates/codex-types/src/generated";
        for directory in ["schema", generated] {
            copy(&workspace.join(directory), &checkout.path(directory));
        }
        checkout
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn codegen(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_xtask"))
            .arg("codegen")
            .args(arguments)
            .env("CARGO_MANIFEST_DIR", self.path("xtask"))
            .output()
            .unwrap()
    }

    /// Returns the reason that the check fails for, and what it has printed.
    fn refusal(&self) -> (String, String) {
        let output = self.codegen(&["--check"]);
        assert!(!output.status.success());
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(output.stderr), text(output.stdout))
    }

    /// Changes the schema, and its lock accordingly, as an update would.
    fn pin(&self, change: impl FnOnce(&mut Value)) {
        let path = self.path("schema").join(BUNDLE);
        let mut bundle = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(&mut bundle);
        let content = bundle.to_string();
        let path_of_lock = self.path("schema/codex.lock.toml");
        let lock = fs::read_to_string(&path_of_lock).unwrap();
        let mut lock: toml::Table = lock.parse().unwrap();
        let digest = Sha256::digest(&content);
        let sha256: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        lock["experimental"]["sha256"] = sha256.into();
        lock["experimental"]["bytes"] = i64::try_from(content.len()).unwrap().into();
        fs::write(path, content).unwrap();
        fs::write(path_of_lock, lock.to_string()).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

#[test]
fn an_edited_generated_file_is_shown_and_refused() {
    let checkout = Checkout::new();
    assert!(checkout.codegen(&["--check"]).status.success());
    let file = checkout.path("crates/codex-types/src/generated/turn.rs");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}// edited\n")).unwrap();
    let (reason, _) = checkout.refusal();
    assert!(reason.contains("-// edited"), "{reason}");
    assert!(
        reason.contains("stale generated files: turn.rs"),
        "{reason}"
    );
}

#[test]
fn an_edited_schema_is_refused() {
    let checkout = Checkout::new();
    let bundle = checkout.path("schema").join(BUNDLE);
    let text = fs::read_to_string(&bundle).unwrap();
    fs::write(&bundle, text.replacen("Thread", "Tread", 1)).unwrap();
    let (reason, _) = checkout.refusal();
    assert!(reason.contains("does not match the lock"), "{reason}");
}

#[test]
fn a_stale_entry_is_reported_and_fails_the_strict_runs_alone() {
    let checkout = Checkout::new();
    // The fix-up that adds this map has nothing to do any more.
    checkout.pin(|bundle| {
        bundle["definitions"]["v2"]["AppsConfig"]["additionalProperties"] = json!(true);
    });
    let lenient = checkout.codegen(&[]);
    assert!(lenient.status.success(), "{lenient:?}");
    let report = String::from_utf8(lenient.stdout).unwrap();
    assert!(report.contains("`AppsConfig`: the fix-up"), "{report}");
    assert!(report.contains("stale: 1"), "{report}");
    let strict = checkout.codegen(&["--strict"]);
    assert!(!strict.status.success());
    // The generated files are up to date now.
    let (reason, report) = checkout.refusal();
    assert!(reason.contains("the report has entries (1)"), "{reason}");
    assert!(report.contains("`AppsConfig`: the fix-up"), "{report}");
}
