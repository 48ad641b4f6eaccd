//! The table of the documentation: how a step ends with a fault.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fmt, fs,
};

use codex_client::Error;
use codex_tests::manifest_dir::manifest_dir;

use crate::{Cell, End, faults::FAULTS, steps::Step};

/// The page with the table.
const PAGE: &str = include_str!("../../docs/reliability.md");

/// The variable that lets the test write the table.
const WRITE: &str = "CODEX_TESTS_WRITE_TABLE";

/// The ends by fault and step.
#[derive(Default)]
pub(crate) struct Table(BTreeMap<(usize, Step), BTreeSet<String>>);

impl Table {
    /// Returns the table of the documentation. Rows and columns that it lacks are empty.
    pub(crate) fn documented() -> Self {
        let (_, table, _) = page();
        let mut ends = BTreeMap::new();
        for (index, fault) in FAULTS.iter().enumerate() {
            let start = format!("| {} | ", fault.name);
            let row = table.lines().find_map(|line| line.strip_prefix(&start));
            let cells = row.unwrap_or_default().trim_end_matches(" |").split(" | ");
            for (step, cell) in Step::ALL.into_iter().zip(cells) {
                let cell = cell.split(" or ").map(str::to_owned).collect();
                ends.insert((index, step), cell);
            }
        }
        Self(ends)
    }

    pub(crate) fn has(&self, cell: &Cell, end: &str) -> bool {
        let ends = self.0.get(&(cell.fault, cell.step));
        ends.is_some_and(|ends| ends.contains(end))
    }

    pub(crate) fn add(&mut self, cell: &Cell, end: &str) {
        let ends = self.0.entry((cell.fault, cell.step)).or_default();
        ends.insert(end.to_owned());
    }

    fn cell(&self, fault: usize, step: Step) -> String {
        let ends = self.0.get(&(fault, step)).into_iter().flatten();
        ends.cloned().collect::<Vec<_>>().join(" or ")
    }

    /// Asserts that the documentation has exactly these ends, timeouts included, or writes them
    /// there if [`WRITE`] is set.
    pub(crate) fn write_or_compare(&self, documented: &Self) {
        if env::var_os(WRITE).is_some() {
            let (before, _, after) = page();
            let path = manifest_dir().join("../docs/reliability.md");
            fs::write(path, format!("{before}{self}{after}")).expect("a writable page");
            return;
        }
        let mut differences = Vec::new();
        for (index, fault) in FAULTS.iter().enumerate() {
            for step in Step::ALL {
                let (ends, page) = (self.cell(index, step), documented.cell(index, step));
                if ends != page {
                    differences.push(format!(
                        "{}, {}: {ends}, not {page}",
                        fault.name,
                        step.name()
                    ));
                }
            }
        }
        let advice = "docs/reliability.md documents other ends; if these are right, set";
        assert_eq!(
            differences, [""; 0],
            "{advice} {WRITE}=1 to write them there"
        );
    }
}

/// Returns the page before the table, the table, and the page after it.
fn page() -> (&'static str, &'static str, &'static str) {
    let begin = PAGE.find("| fault |").expect("a table");
    let (before, table) = PAGE.split_at(begin);
    let end = table.find("\n\n").expect("a line after the table");
    let (table, after) = table.split_at(end + 1);
    (before, table, after)
}

/// Returns the name of an end.
pub(crate) fn name(end: &End) -> &'static str {
    match end {
        Ok(()) => "result",
        Err(Error::Closed(_)) => "`Closed`",
        Err(Error::Decode(_)) => "`Decode`",
        Err(Error::Rpc(_)) => "`Rpc`",
        Err(Error::Timeout { .. }) => "`Timeout`",
        Err(Error::HandshakeTimeout(_)) => "`HandshakeTimeout`",
        Err(Error::TurnTimeout(_)) => "`TurnTimeout`",
        Err(Error::TurnDetached(_)) => "`TurnDetached`",
        Err(error) => panic!("not an end of a step: {error}"),
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = Step::ALL.map(Step::name).join(" | ");
        writeln!(f, "| fault | {steps} |")?;
        writeln!(f, "|---|{}", "---|".repeat(Step::ALL.len()))?;
        for (index, fault) in FAULTS.iter().enumerate() {
            let cells = Step::ALL.map(|step| self.cell(index, step)).join(" | ");
            writeln!(f, "| {} | {cells} |", fault.name)?;
        }
        Ok(())
    }
}
