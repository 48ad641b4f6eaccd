//! The results as a Markdown table.

use super::cases::{Case, Goal};
use super::results::{Measured, Row};
use crate::bench::table;

/// Returns the tables: the cases, and the figures of each reader.
pub(super) fn markdown(measured: &[Measured], is_quick: bool) -> String {
    let cases = measured.iter().map(|it| {
        let title = it.case.title.to_owned();
        let figure = format!("{:?}", it.case.figure).to_lowercase();
        [it.case.name.to_owned(), title, figure]
    });
    let cases: Vec<_> = cases.collect();
    let rows: Vec<_> = measured
        .iter()
        .flat_map(|it| {
            let rows = it.rows().into_iter();
            rows.map(|row| cells(it.case, &row, is_quick))
        })
        .collect();
    let head = [
        "case, reader",
        "ratio",
        "goal",
        "met",
        "wall, s",
        "CPU, s",
        "CPU per unit, µs",
        "peak, MiB",
        "latency",
        "delivered",
    ];
    let cases = table(["case", "work", "ratio of"], &cases);
    format!("{cases}\n{}", table(head, &rows))
}

fn cells(case: &Case, row: &Row, is_quick: bool) -> [String; 10] {
    let shown = |figure: Option<f64>, decimals: usize| {
        figure.map_or_else(String::new, |it| format!("{it:.decimals$}"))
    };
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    let units = case.units(is_quick) as f64;
    let per_unit = row.cpu.map(|cpu| cpu * 1e6 / units);
    let per_unit = match shown(per_unit, 2) {
        figure if figure.is_empty() => figure,
        figure => format!("{figure} per {}", case.unit.0),
    };
    [
        format!("{}, {}", case.name, row.reader),
        shown(row.ratio, 2),
        row.goal.map_or_else(String::new, goal),
        match row.meets_goal() {
            Some(true) => "yes".to_owned(),
            Some(false) => "no".to_owned(),
            None => String::new(),
        },
        shown(row.wall, 3),
        shown(row.cpu, 3),
        per_unit,
        shown(row.peak_mib, 1),
        shown(row.latency, 2),
        if row.delivered { "all" } else { "**no**" }.to_owned(),
    ]
}

fn goal(goal: Goal) -> String {
    let ratio = goal.ratio.map(|most| format!("≤ {most}"));
    let peak = goal.peak_mib.map(|most| format!("≤ {most} MiB"));
    let goals: Vec<_> = [ratio, peak].into_iter().flatten().collect();
    goals.join(", ")
}
