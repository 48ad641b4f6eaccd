//! The report for an issue, a pull request or the changelog: the verdict first.

use super::methods::Union;
use super::report::{Area, COLUMNS, Change, Report, What};

/// The text of the report.
pub(super) fn render(report: &Report, flow: &dyn Fn(&str) -> &'static str) -> String {
    let mut out = format!(
        "# codex {} → {}\n\n{}\n\n",
        report.old,
        report.new,
        report.verdict()
    );
    summary(&mut out, report);
    section(
        &mut out,
        "What can break a client",
        &report.breaking().collect::<Vec<_>>(),
    );
    for union in Union::ALL {
        section(
            &mut out,
            &capitalised(union.title()),
            &report.of_methods(union),
        );
    }
    names(&mut out, "Types added", &report.whole_types(What::Added));
    names(
        &mut out,
        "Types removed",
        &report.whole_types(What::Removed),
    );
    let within = report.within_types();
    if !within.is_empty() {
        out.push_str("\n## Types changed\n");
    }
    for (owner, changes) in within {
        out.push_str(&format!("\n### `{owner}` ({})\n\n", flow(owner)));
        changes.iter().for_each(|change| item(&mut out, change));
    }
    out
}

fn section(out: &mut String, title: &str, changes: &[&Change]) {
    if !changes.is_empty() {
        out.push_str(&format!("\n## {title}\n\n"));
        changes.iter().for_each(|change| item(out, change));
    }
}

/// Types that came or went, as a paragraph: their shapes say little, and there can be many.
fn names(out: &mut String, title: &str, types: &[&Change]) {
    if types.is_empty() {
        return;
    }
    let names: Vec<String> = types
        .iter()
        .map(|change| {
            let experimental = if change.experimental {
                " (experimental)"
            } else {
                ""
            };
            format!("`{}`{experimental}", change.owner)
        })
        .collect();
    out.push_str(&format!("\n## {title}\n\n{}\n", names.join(", ")));
}

fn item(out: &mut String, change: &Change) {
    let what = match change.what {
        What::Added => "added",
        What::Removed => "removed",
        What::Changed => "changed",
        What::Stabilised | What::Withdrawn => "moved",
    };
    let alarm = if change.breaking {
        "**breaking**, "
    } else {
        ""
    };
    let experimental = if change.experimental {
        ", experimental"
    } else {
        ""
    };
    out.push_str(&format!(
        "- `{}{}` {alarm}{what}{experimental}",
        change.owner, change.below
    ));
    match (change.detail.as_str(), change.what) {
        ("", _) => {}
        (detail, What::Stabilised | What::Withdrawn) => out.push_str(&format!(": {detail}")),
        (detail, _) => out.push_str(&format!(": `{detail}`")),
    }
    out.push('\n');
}

fn summary(out: &mut String, report: &Report) {
    out.push_str(&format!("| | {} |\n|---|", COLUMNS.join(" | ")));
    out.push_str(&"--:|".repeat(COLUMNS.len()));
    out.push('\n');
    for area in Area::ALL {
        let cells = report
            .counts(area)
            .map(|count| count.to_string())
            .join(" | ");
        out.push_str(&format!("| {} | {cells} |\n", area.title()));
    }
}

fn capitalised(title: &str) -> String {
    format!("{}{}", title[..1].to_uppercase(), &title[1..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::diff::report::tests::small;

    #[test]
    fn the_verdict_and_what_breaks_come_first_and_types_that_came_are_one_paragraph() {
        let text = render(&small(), &|_| "received");
        let order = [
            "# codex 1.0.0 → 2.0.0\n\n1 of 4 changes can break a client.",
            "| fields | 0 | 0 | 1 | 0 | 1 |",
            "## What can break a client\n\n- `Item::plan.text` **breaking**, changed: `now optional`",
            "## Client requests\n\n- `a/b` added, experimental: `AParams`",
            "## Types added\n\n`New`, `Other` (experimental)",
            "## Types changed\n\n### `Item` (received)\n\n- `Item::plan.text`",
        ];
        let places: Vec<usize> = order
            .iter()
            .map(|part| text.find(part).unwrap_or_else(|| panic!("{part}\n{text}")))
            .collect();
        assert!(places.is_sorted(), "{text}");
    }
}
