//! `cargo xtask update` on small checkouts, with programs in place of codex, npm and cargo.

// The programs are shell scripts.
#![cfg(unix)]
// Clippy treats only test functions as tests.
#![expect(clippy::unwrap_used)]

mod programs;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use programs::{BUNDLE, CARGO, CODEX, NPM, asking, bundle};

const OLD: &str = "1.0.0";
const SKIPPED: &str = "1.1.0";
const NEW: &str = "1.2.0";

/// The releases that the page of compatibility and the tests run besides the pinned one.
const OTHERS: [&str; 5] = ["0.133.0", "0.144.4", "0.153.4", "0.163.0", "0.166.0"];

const CHANGELOG: &str = "\
# Changelog

## [0.1.0] - unreleased

Speaks the protocol of **Codex 1.0.0**, stable and experimental.

### Added

- Everything.
";

/// A checkout with the older release pinned.
struct Checkout {
    directory: TempDir,
}

impl Checkout {
    fn new() -> Self {
        let checkout = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        let root = checkout.root();
        for (program, text) in [("cargo", CARGO), ("npm", NPM)] {
            script(&root.join("target/bin").join(program), text);
        }
        checkout.release(OLD, &asking(bundle(&["a/old"], &["running"])));
        let skipped = asking(bundle(&["a/old", "b/skipped"], &["running"]));
        checkout.release(SKIPPED, &skipped);
        let new = bundle(&["a/old", "b/skipped", "c/new"], &["running", "paused"]);
        checkout.release(NEW, &new);
        for release in OTHERS {
            checkout.release(release, &bundle(&["a/old"], &["running"]));
        }
        checkout.set("kill", "");
        checkout.set("fail", "");
        write(&root.join("CHANGELOG.md"), CHANGELOG);
        write(&root.join("README.md"), "The protocol of Codex 1.0.0.\n");
        write(&root.join("docs/compatibility.md"), "# Compatibility\n");
        write(&root.join("crates/codex-client/src/lib.rs"), "");
        fs::create_dir_all(root.join("crates/codex-types/src/generated")).unwrap();
        for arguments in [&["schema", "update", "--version", OLD][..], &["codegen"]] {
            assert_succeeds(&checkout.chore(arguments));
        }
        checkout.set("calls", "");
        checkout
    }

    fn root(&self) -> &Path {
        self.directory.path()
    }

    /// Installs a release that prints this bundle.
    fn release(&self, version: &str, bundle: &Value) {
        let home = self.root().join("target/codex-runtime").join(version);
        let binary = home.join("codex_cli_bin/bin/codex");
        script(&binary, CODEX);
        write(&binary.with_file_name("version"), version);
        for flavour in ["stable", "experimental"] {
            let path = binary.with_file_name(flavour).join(BUNDLE);
            write(&path, &bundle.to_string());
        }
    }

    /// Writes a file that the programs read.
    fn set(&self, name: &str, text: &str) {
        write(&self.root().join("target").join(name), text);
    }

    /// Returns the calls of codex, to print a schema, and of cargo.
    fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.root().join("target/calls")).unwrap();
        calls.lines().map(str::to_owned).collect()
    }

    /// Runs a chore.
    fn chore(&self, arguments: &[&str]) -> Output {
        let programs = self.root().join("target/bin");
        let path = env::var_os("PATH").unwrap();
        let others = env::split_paths(&path).collect::<Vec<_>>();
        let path = env::join_paths([programs.clone()].into_iter().chain(others)).unwrap();
        Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(arguments)
            .env("CARGO_MANIFEST_DIR", self.root().join("xtask"))
            .env("CARGO", programs.join("cargo"))
            .env("PATH", path)
            .env("ROOT", self.root())
            .env_remove("CODEX_BIN")
            // The temporary directory is in no repository.
            .env("GIT_CEILING_DIRECTORIES", self.root().parent().unwrap())
            .output()
            .unwrap()
    }

    fn update(&self) -> Output {
        self.chore(&["update", "--version", NEW])
    }

    /// Returns all files outside of `target/` and `.git/`.
    fn files(&self) -> BTreeMap<PathBuf, String> {
        let mut files = BTreeMap::new();
        collect(self.root(), self.root(), &mut files);
        files
    }
}

fn collect(root: &Path, directory: &Path, files: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_owned();
        if path.is_dir() {
            if !["target", ".git"].map(PathBuf::from).contains(&name) {
                collect(root, &path, files);
            }
        } else {
            files.insert(name, fs::read_to_string(path).unwrap());
        }
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn script(path: &Path, text: &str) {
    write(path, text);
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn assert_succeeds(output: &Output) {
    assert!(
        output.status.success(),
        "{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
}

#[test]
fn an_update_pins_generates_drafts_builds_and_tests() {
    let checkout = Checkout::new();
    let output = checkout.update();
    assert_succeeds(&output);
    let files = checkout.files();
    let file = |name: &str| files[Path::new(name)].as_str();
    assert!(file("schema/codex.lock.toml").contains("codex = \"1.2.0\""));
    let table = file("schema/first_releases.toml");
    assert!(table.contains("\"b/skipped\" = \"1.1.0\""), "{table}");
    assert!(table.contains("\"c/new\" = \"1.2.0\""), "{table}");
    let request = file("crates/codex-types/src/generated/methods.rs");
    assert!(request.contains("c/new"), "{request}");
    // Older servers still send it.
    assert!(request.contains("time/read"), "{request}");
    let kept = file("schema/kept.json");
    assert!(
        kept.contains("\"1.0.0\"") && kept.contains("time/read"),
        "{kept}"
    );
    let changelog = file("CHANGELOG.md");
    assert!(changelog.contains("**Codex 1.2.0**"), "{changelog}");
    assert!(changelog.contains("`b/skipped`, `c/new`"), "{changelog}");
    let page = file("docs/compatibility.md");
    assert!(page.contains("0.166.0 | 1.2.0 |"), "{page}");
    let cargo = checkout.calls();
    let cargo: Vec<_> = cargo.iter().filter(|it| it.starts_with("cargo")).collect();
    assert_eq!(
        cargo[..2],
        ["cargo fmt --all", "cargo build --workspace --all-targets"]
    );
    assert_eq!(
        cargo[cargo.len() - 2..],
        [
            "cargo test --workspace --no-fail-fast",
            "cargo run --quiet --package xtask -- releases --add 1.0.0"
        ]
    );

    for file in ["--svg ", "--recording "] {
        let renews = |call: &&&String| call.contains("demo") && call.contains(file);
        assert_eq!(cargo.iter().filter(renews).count(), 1, "{cargo:?}");
    }

    let decisions = checkout.root().join("target/update/1.2.0.md");
    let decisions = fs::read_to_string(decisions).unwrap();
    for line in [
        "# Codex 1.0.0 → 1.2.0: decisions",
        "- [ ] added `TurnStatus::paused`",
        "- [ ] added `c/new`: `NewParams → NewResponse`",
        "- [ ] `README.md:1`: The protocol of Codex 1.0.0.",
        "## Report of the generator",
    ] {
        assert!(
            decisions.lines().any(|it| it == line),
            "{line}: {decisions}"
        );
    }
    let printed = text(&output.stdout);
    assert!(printed.contains(decisions.trim_end()), "{printed}");
    assert!(printed.contains("[12/12] write the table"), "{printed}");

    // A second run still compares with the older release, and changes nothing.
    let picture = checkout.root().join("docs/demo.svg");
    write(&picture, "server: demo/1.2.0 (Linux)");
    let files = checkout.files();
    let again = checkout.update();
    assert!(text(&again.stdout).contains("docs/demo.svg shows Codex 1.2.0 already"));
    assert_succeeds(&again);
    assert!(text(&again.stdout).contains("# Codex 1.0.0 → 1.2.0"));
    assert_eq!(checkout.files(), files);
}

#[test]
fn an_update_that_is_killed_anywhere_and_run_again_ends_like_one_that_was_not() {
    let reference = Checkout::new();
    assert_succeeds(&reference.update());
    let calls = reference.calls();
    let reference = reference.files();
    // The runs of the other releases are alike.
    let kinds = |call: &String| call.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let mut last = String::new();
    for (at, call) in (1..).zip(&calls) {
        if kinds(call) == last && call.contains("--example compat") {
            continue;
        }
        last = kinds(call);
        let checkout = Checkout::new();
        checkout.set("kill", &format!("{at}"));
        assert!(!checkout.update().status.success(), "{call} is not killed");
        checkout.set("kill", "");
        assert_succeeds(&checkout.update());
        assert_eq!(checkout.files(), reference, "killed at {call}");
    }
}

#[test]
fn an_update_killed_between_two_files_of_the_schema_is_run_again() {
    let reference = Checkout::new();
    assert_succeeds(&reference.update());
    let checkout = Checkout::new();
    let new = bundle(&["a/old", "b/skipped", "c/new"], &["running", "paused"]);
    // The update writes the kept parts first, and the lock last.
    let kept = checkout.root().join("schema/kept.json");
    write(&kept, &reference.files()[Path::new("schema/kept.json")]);
    let stable = checkout.root().join("schema/stable").join(BUNDLE);
    write(&stable, &new.to_string());
    write(&stable.with_extension("new"), "{");
    assert!(!checkout.chore(&["schema", "verify"]).status.success());
    assert_succeeds(&checkout.update());
    assert_eq!(checkout.files(), reference.files());
}

#[test]
fn a_failing_step_names_the_remaining_steps_after_the_drafts_are_written() {
    let checkout = Checkout::new();
    checkout.set("fail", "build");
    let output = checkout.update();
    assert!(!output.status.success());
    let complaint = text(&output.stderr);
    for part in [
        "cannot compile the workspace",
        "write docs/compatibility.md; record the demo; run the tests; write the table",
        "run `cargo xtask update --version 1.2.0` again",
        "`cargo build --workspace --all-targets` failed",
    ] {
        assert!(complaint.contains(part), "{part}: {complaint}");
    }
    assert!(checkout.root().join("target/update/1.2.0.md").exists());
    checkout.set("fail", "");
    assert_succeeds(&checkout.update());
}

#[test]
fn edited_drafts_and_ticked_boxes_survive_the_next_run() {
    let checkout = Checkout::new();
    assert_succeeds(&checkout.update());
    let decisions = checkout.root().join("target/update/1.2.0.md");
    for (path, from, to) in [
        (&decisions, "- [ ] added `c/new`", "- [x] added `c/new`"),
        (
            &checkout.root().join("CHANGELOG.md"),
            "- New client requests",
            "- By hand",
        ),
    ] {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).unwrap();
    }
    let edited = checkout.files();
    assert_succeeds(&checkout.update());
    assert_eq!(checkout.files(), edited);
    let text = fs::read_to_string(&decisions).unwrap();
    assert!(text.contains("- [x] added `c/new`"), "{text}");
}

#[test]
fn a_dry_run_reports_and_changes_nothing() {
    let checkout = Checkout::new();
    let before = checkout.files();
    let report = checkout.root().join("target/report.md");
    let mut words = "update --version latest --dry-run --output"
        .split(' ')
        .collect::<Vec<_>>();
    words.push(report.to_str().unwrap());
    let output = checkout.chore(&words);
    assert_succeeds(&output);
    assert_eq!(checkout.files(), before);
    let written = fs::read_to_string(&report).unwrap();
    for part in [
        "# Codex 1.0.0 → 1.2.0: decisions",
        "- [ ] added `TurnStatus::paused`",
        "## Report of the generator",
        "Releases in between: `1.1.0`.",
        "## Draft of the changelog",
        "- New client requests: `b/skipped`, `c/new`.",
        "## Differences",
        "`cargo xtask update --version 1.2.0` makes the update.",
    ] {
        assert!(written.contains(part), "{part}: {written}");
    }
    assert!(text(&output.stdout).contains(&written));
    // Only codex has run.
    assert!(
        checkout
            .calls()
            .iter()
            .all(|call| call.starts_with("schema"))
    );

    // An issue has a maximum length.
    assert_succeeds(&checkout.chore(&[&words[..], &["--limit", "500"]].concat()));
    let shortened = fs::read_to_string(&report).unwrap();
    assert!(shortened.chars().count() <= 500, "{shortened}");
    assert!(shortened.contains("The report is cut here."), "{shortened}");

    // The file tells a script whether the pinned release is behind.
    assert_succeeds(&checkout.update());
    let output = checkout.chore(&words);
    assert_succeeds(&output);
    assert!(text(&output.stdout).starts_with("up to date: Codex 1.2.0 is pinned"));
    assert!(!report.exists());
}

#[test]
fn the_older_release_is_the_committed_one_until_the_pin_is_committed() {
    let checkout = Checkout::new();
    let git = |arguments: &[&str]| {
        let git = Command::new("git")
            .arg("-C")
            .arg(checkout.root())
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
            .args(arguments)
            .output()
            .unwrap();
        assert_succeeds(&git);
    };
    git(&["init", "--quiet"]);
    git(&["add", "schema"]);
    git(&["commit", "--quiet", "--message", "pin", "--no-verify"]);
    assert_succeeds(&checkout.chore(&["schema", "update", "--version", SKIPPED]));
    let output = checkout.update();
    assert_succeeds(&output);
    assert!(text(&output.stdout).contains("# Codex 1.0.0 → 1.2.0"));
    git(&["add", "schema"]);
    git(&["commit", "--quiet", "--message", "pin", "--no-verify"]);
    let output = checkout.update();
    assert_succeeds(&output);
    assert!(text(&output.stdout).contains("# Codex 1.0.0 → 1.2.0"));

    // Nothing names the older release any more.
    fs::remove_dir_all(checkout.root().join("target/update")).unwrap();
    let output = checkout.update();
    assert_succeeds(&output);
    let printed = text(&output.stdout);
    assert!(printed.contains("pinned already"), "{printed}");
    let output = checkout.chore(&["update", "--version", NEW, "--from", OLD]);
    assert_succeeds(&output);
    assert!(text(&output.stdout).contains("# Codex 1.0.0 → 1.2.0"));
}

#[test]
fn an_update_to_an_older_release_and_back_restores_the_schema() {
    let checkout = Checkout::new();
    assert_succeeds(&checkout.update());
    let updated = checkout.files();
    assert_succeeds(&checkout.chore(&["update", "--version", OLD, "--from", NEW]));
    assert_succeeds(&checkout.update());
    for (name, text) in checkout.files() {
        let is_page = name.extension().is_some_and(|it| it == "md");
        assert!(is_page || updated[&name] == text, "{}", name.display());
    }
}
