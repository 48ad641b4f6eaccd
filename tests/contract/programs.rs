//! The programs among the examples are short: their lengths are the measure of the API.

use std::fs;

use crate::workspace::root;

/// The programs, the most lines that they may have, and the guide that shows each.
const PROGRAMS: [(&str, usize, &str); 4] = [
    ("ci_bot", 70, "ci"),
    ("desktop_backend", 150, "desktop"),
    ("terminal_chat", 50, "terminal"),
    ("orchestrator", 65, "orchestrator"),
];

#[test]
fn each_program_is_short_and_has_a_guide() {
    let examples = root().join("crates/codex-client/examples");
    let list = fs::read_to_string(examples.join("README.md")).unwrap();
    for (name, limit, guide) in PROGRAMS {
        let text = fs::read_to_string(examples.join(format!("{name}.rs"))).unwrap();
        let lines = text.lines().count();
        assert!(lines <= limit, "{name} has {lines} lines, not {limit}");
        let guide = fs::read_to_string(root().join(format!("docs/{guide}.md"))).unwrap();
        let file = format!("{name}.rs)");
        assert!(list.contains(&file), "{name} is not in the list");
        assert!(guide.contains(&file), "no guide links {name}");
    }
}
