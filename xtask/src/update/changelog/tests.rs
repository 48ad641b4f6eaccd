//! Places drafts in small changelogs.

use serde_json::{Value, json};

use super::*;
use crate::schema::diff::protocol::Protocol;

const CHANGELOG: &str = "\
# Changelog

About.

## [0.2.0] - unreleased

Speaks the protocol of **Codex 1.0.0**, stable
and experimental.

### Added

- Something.

## [0.1.0] - 2026-01-01

Speaks the protocol of **Codex 0.9.0**.
";

fn written(changelog: &str, draft: &str, new: &str) -> String {
    match place(changelog, draft, new).unwrap() {
        Placed::Written(text) => text,
        Placed::Kept => panic!("the changelog is kept"),
    }
}

#[test]
fn a_draft_follows_the_sentence_about_the_release_and_a_second_run_changes_nothing() {
    let first = written(CHANGELOG, "### Draft\n\n- One.\n", "1.1.0");
    let expected = CHANGELOG
        .replace("1.0.0", "1.1.0")
        .replace("experimental.\n\n", "experimental.\n\n@");
    let (before, after) = first.split_once("<!-- Draft").unwrap();
    let (draft, after) = after.split_once(&format!("{END}\n")).unwrap();
    assert_eq!(format!("{before}@{}", after.trim_start()), expected);
    assert!(draft.ends_with("-->\n### Draft\n\n- One.\n\n"), "{draft}");
    assert_eq!(written(&first, "### Draft\n\n- One.\n", "1.1.0"), first);
}

#[test]
fn an_untouched_draft_is_replaced_even_by_one_for_another_release() {
    let first = written(CHANGELOG, "- One.\n", "1.1.0");
    for new in ["1.1.0", "1.2.0"] {
        let second = written(&first, "- Two.\n", new);
        assert_eq!(second, written(CHANGELOG, "- Two.\n", new));
    }
    assert_eq!(written(&first, "- One.\n", "1.1.0"), first);
}

#[test]
fn an_edited_draft_is_kept() {
    let edited = written(CHANGELOG, "- One.\n", "1.1.0").replace("- One.", "- By hand.");
    assert_eq!(place(&edited, "- Two.\n", "1.1.0").unwrap(), Placed::Kept);
    // Without the comments it is an entry like any other.
    let lines = edited.lines().filter(|line| !line.starts_with("<!--"));
    let finished: String = lines.map(|line| format!("{line}\n")).collect();
    assert_eq!(place(&finished, "- Two.\n", "1.1.0").unwrap(), Placed::Kept);
}

#[test]
fn an_edited_draft_for_another_release_becomes_an_entry() {
    let edited = written(CHANGELOG, "- One.\n", "1.1.0").replace("- One.", "- By hand.");
    let next = written(&edited, "- Two.\n", "1.2.0");
    assert!(next.contains("**Codex 1.2.0**"), "{next}");
    assert!(next.contains("\n\n- By hand.\n\n### Added"), "{next}");
    assert!(next.contains("- Two."), "{next}");
    assert_eq!(next.matches(START).count(), 1);
}

#[test]
fn a_released_version_is_left_alone() {
    let released = CHANGELOG.replace("unreleased", "2026-02-01");
    let first = written(&released, "- One.\n", "1.1.0");
    let (before, after) = first.split_once("## [0.2.0]").unwrap();
    assert!(before.contains("## [Unreleased]\n\nSpeaks the protocol of **Codex 1.1.0**"));
    assert!(before.contains("- One."));
    assert!(after.contains("**Codex 1.0.0**"));
    assert_eq!(written(&first, "- One.\n", "1.1.0"), first);
}

#[test]
fn a_section_without_the_sentence_receives_it() {
    let changelog = "# Changelog\n\n## [Unreleased]\n\n- A fix.\n";
    let first = written(changelog, "- One.\n", "1.1.0");
    assert!(first.contains("## [Unreleased]\n\nSpeaks the protocol of **Codex 1.1.0**"));
    assert!(first.ends_with(&format!("{END}\n\n- A fix.\n")), "{first}");
    assert_eq!(written(&first, "- One.\n", "1.1.0"), first);
}

#[test]
fn a_changelog_without_sections_is_refused_with_the_remedy() {
    let error = place("# Changelog\n", "", "1.1.0").unwrap_err().to_string();
    assert!(error.contains("`## [Unreleased]`"), "{error}");
}

fn protocol(version: &str, methods: &[&str], kinds: &[&str]) -> Protocol {
    let methods: Vec<Value> = methods
        .iter()
        .map(|name| json!({"properties": {"method": {"enum": [name]}}}))
        .collect();
    let bundle = json!({"definitions": {
        "ClientRequest": {"oneOf": methods},
        "v2": {"Kind": {"enum": kinds}}}});
    Protocol::read(version, &bundle, &bundle).unwrap()
}

#[test]
fn the_draft_lists_methods_and_breaking_changes() {
    let old = protocol("1.0.0", &["a/old"], &["x", "y"]);
    let new = protocol("1.1.0", &["b/new"], &["x", "z"]);
    assert_eq!(
        draft(&Comparison::of(old, new)),
        "\
### Codex 1.0.0 → 1.1.0

- New client requests: `b/new`.
- Removed client requests: `a/old`.
- New variants: 1.
- **Breaking changes of the types:**
  - `Kind::y` is removed.
"
    );
}

#[test]
fn parts_that_the_types_keep_are_no_breaking_changes() {
    let release = |version: &str, methods: &[&str], fields: &Value, kinds: &[&str]| {
        let methods = methods
            .iter()
            .map(|name| json!({"properties": {"method": {"enum": [name]}}}));
        let place = json!({"type": "object", "required": ["at"], "properties": fields});
        let bundle = json!({"definitions": {
            "ServerRequest": {"oneOf": methods.collect::<Vec<_>>()},
            "v2": {"Kind": {"enum": kinds}, "Place": place}}});
        Protocol::read(version, &bundle, &bundle).unwrap()
    };
    let old = release(
        "1.0.0",
        &["a/old"],
        &json!({"at": {}, "to": {}}),
        &["x", "y"],
    );
    let new = release("1.1.0", &[], &json!({}), &["x"]);
    let kept = ["a/old", "Kind::y", "Place.at", "Place.to"];
    assert_eq!(
        draft(&Comparison::of(old, new).keeping(&kept)),
        "\
### Codex 1.0.0 → 1.1.0

- Removed server requests: `a/old` (the types keep it for older servers).
- Removed, and kept in the types for older servers: `Kind::y`, `Place.at`, `Place.to`.
- **Breaking changes of the types:**
  - `Place.at` is optional: the types keep it for older servers.
"
    );
}

#[test]
fn a_long_list_of_breaking_changes_ends_with_the_command_that_lists_all() {
    let kinds: Vec<String> = (0..MOST_LISTED + 2).map(|it| format!("k{it}")).collect();
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    let (old, new) = (protocol("1.0.0", &[], &kinds), protocol("1.1.0", &[], &[]));
    let text = draft(&Comparison::of(old, new));
    assert_eq!(text.matches("is removed").count(), MOST_LISTED);
    assert!(
        text.ends_with("  - and 2 more, which `cargo xtask schema diff 1.0.0 1.1.0` lists.\n"),
        "{text}"
    );
}

#[test]
fn equal_protocols_have_a_draft_that_says_so() {
    let [old, new] = ["1.0.0", "1.1.0"].map(|version| protocol(version, &["a"], &["x"]));
    assert!(draft(&Comparison::of(old, new)).contains("The protocol is unchanged."));
}
