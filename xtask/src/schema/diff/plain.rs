//! The report for a terminal: aligned, coloured where colours are wanted, the verdict at the end.

use console::Style;

use super::methods::Union;
use super::report::{Area, COLUMNS, Change, Report, What};

/// The width that lists of names are broken at.
const WIDTH: usize = 100;

/// The text of the report.
pub(super) fn render(report: &Report, flow: &dyn Fn(&str) -> &'static str) -> String {
    let bold = Style::new().bold();
    let mut out = format!(
        "{}\n",
        bold.apply_to(format!("codex {} → {}", report.old, report.new))
    );
    let heading = |out: &mut String, title: String| {
        out.push_str(&format!("\n{}\n", bold.apply_to(title)));
    };
    for union in Union::ALL {
        let changes = report.of_methods(union);
        if !changes.is_empty() {
            heading(&mut out, sized(report, Area::Method(union)));
            rows(&mut out, &changes, |change| change.owner.clone());
        }
    }
    for what in [What::Added, What::Removed] {
        let types = report.whole_types(what);
        if !types.is_empty() {
            heading(&mut out, format!("Types {}, {}", word(what), types.len()));
            names(&mut out, &types);
        }
    }
    let within = report.within_types();
    if !within.is_empty() {
        heading(&mut out, format!("Types changed, {}", within.len()));
    }
    for (owner, changes) in within {
        let of = Style::new().dim().apply_to(flow(owner));
        out.push_str(&format!("\n  {} {of}\n", bold.apply_to(owner)));
        rows(&mut out, &changes, |change| change.below.clone());
    }
    let breaking: Vec<&Change> = report.breaking().collect();
    if !breaking.is_empty() {
        heading(&mut out, "What can break a client".to_owned());
        rows(&mut out, &breaking, |change| {
            format!("{}{}", change.owner, change.below)
        });
    }
    heading(&mut out, "Summary".to_owned());
    summary(&mut out, report);
    out.push_str(&format!("\n{}\n", report.verdict()));
    out
}

/// The title of a section with how many there were and are.
fn sized(report: &Report, area: Area) -> String {
    let (old, new) = report.sizes.get(&area).copied().unwrap_or_default();
    let title = area.title();
    format!(
        "{}{}, {old} → {new}",
        title[..1].to_uppercase(),
        &title[1..]
    )
}

fn word(what: What) -> &'static str {
    if what == What::Added {
        "added"
    } else {
        "removed"
    }
}

/// One line for each change, in columns.
fn rows(out: &mut String, changes: &[&Change], name: impl Fn(&Change) -> String) {
    let width = changes
        .iter()
        .map(|change| name(change).chars().count())
        .max()
        .unwrap_or(0)
        .min(64);
    for change in changes {
        let (mark, style) = (change.what.mark(), style(change.what));
        let alarm = if change.breaking { '!' } else { ' ' };
        let alarm = Style::new().red().bold().apply_to(alarm);
        let name = format!("{:<width$}", name(change));
        let name = style.apply_to(format!("{mark} {name}"));
        let line = format!("{alarm} {name}  {}", change.detail);
        out.push_str(line.trim_end());
        if change.experimental {
            out.push_str(&format!(
                "  {}",
                Style::new().dim().apply_to("(experimental)")
            ));
        }
        out.push('\n');
    }
}

/// The names of types that came or went, as a paragraph; `*` marks the experimental ones.
fn names(out: &mut String, types: &[&Change]) {
    let mut line = String::new();
    for (index, change) in types.iter().enumerate() {
        let mark = if change.experimental { "*" } else { "" };
        let comma = if index + 1 < types.len() { "," } else { "" };
        let name = format!(" {}{mark}{comma}", change.owner);
        if !line.is_empty() && line.chars().count() + name.chars().count() >= WIDTH {
            out.push_str(&format!(" {line}\n"));
            line.clear();
        }
        line.push_str(&name);
    }
    out.push_str(&format!(" {line}\n"));
    if types.iter().any(|change| change.experimental) {
        out.push_str(&format!(
            "  {}\n",
            Style::new().dim().apply_to("* experimental")
        ));
    }
}

/// The table of counts.
fn summary(out: &mut String, report: &Report) {
    let header: String = COLUMNS
        .iter()
        .map(|column| format!("{column:>10}"))
        .collect();
    out.push_str(&format!("  {:<22}{header}\n", ""));
    for area in Area::ALL {
        let cells: String = report
            .counts(area)
            .iter()
            .map(|count| match count {
                0 => format!("{:>10}", "·"),
                count => format!("{count:>10}"),
            })
            .collect();
        out.push_str(&format!("  {:<22}{cells}\n", area.title()));
    }
    let legend = "! can break a client   + added   - removed   ~ changed   ^ now stable   \
                  v now experimental";
    out.push_str(&format!("  {}\n", Style::new().dim().apply_to(legend)));
}

fn style(what: What) -> Style {
    match what {
        What::Added => Style::new().green(),
        What::Removed => Style::new().red(),
        What::Changed => Style::new().yellow(),
        What::Stabilised | What::Withdrawn => Style::new().cyan(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::diff::report::tests::small;

    #[test]
    fn the_report_reads_from_methods_to_the_verdict() {
        let text = render(&small(), &|_| "received");
        let text = console::strip_ansi_codes(&text);
        let (details, summary) = text.split_once("\nSummary\n").unwrap();
        assert_eq!(
            details,
            "\
codex 1.0.0 → 2.0.0

Client requests, 1 → 2
  + a/b  AParams  (experimental)

Types added, 2
  New, Other*
  * experimental

Types changed, 1

  Item received
! ~ ::plan.text  now optional

What can break a client
! ~ Item::plan.text  now optional
"
        );
        assert!(
            summary.ends_with("\n1 of 4 changes can break a client.\n"),
            "{summary}"
        );
    }

    #[test]
    fn a_long_list_of_types_is_broken_into_lines() {
        let mut report = small();
        let new = report.changes[1].clone();
        report.changes = vec![
            Change {
                owner: "N".repeat(40),
                ..new
            };
            5
        ];
        let text = render(&report, &|_| "received");
        let text = console::strip_ansi_codes(&text);
        assert_eq!(text.lines().filter(|line| line.contains("NNN")).count(), 3);
        assert!(
            text.lines().all(|line| line.chars().count() <= WIDTH),
            "{text}"
        );
    }
}
