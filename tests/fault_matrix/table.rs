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
pub(crate) struct Table(BTreeMap<(usize, Step), BTreeSet<&'static str>>);

impl Table {
    pub(crate) fn add(&mut self, cell: &Cell, end: &End) {
        let ends = self.0.entry((cell.fault, cell.step)).or_default();
        ends.insert(name(end));
    }

    fn cell(&self, fault: usize, step: Step) -> String {
        let ends = self.0.get(&(fault, step)).into_iter().flatten();
        ends.copied().collect::<Vec<_>>().join(" or ")
    }

    /// Asserts that the documentation lists the ends that have occurred, or writes them there if
    /// [`WRITE`] is set. A busy machine may exceed a timeout anywhere.
    pub(crate) fn assert_documented(&self) {
        let begin = PAGE.find("| fault |").expect("a table");
        let (before, table) = PAGE.split_at(begin);
        let end = table.find("\n\n").expect("a line after the table");
        let (table, after) = table.split_at(end + 1);
        if env::var_os(WRITE).is_some() {
            let path = manifest_dir().join("../docs/reliability.md");
            fs::write(path, format!("{before}{self}{after}")).expect("a writable page");
            return;
        }
        let mut missing = Vec::new();
        for (index, fault) in FAULTS.iter().enumerate() {
            let start = format!("| {} |", fault.name);
            let row = table.lines().find(|line| line.starts_with(&start));
            let cells: Vec<_> = row.unwrap_or_default().split(" | ").skip(1).collect();
            for (column, step) in Step::ALL.into_iter().enumerate() {
                let documented = cells.get(column).copied().unwrap_or_default();
                let documented = documented.trim_end_matches(" |").split(" or ");
                let documented: BTreeSet<_> = documented.collect();
                let ends = self.0.get(&(index, step)).into_iter().flatten();
                let ends = ends.filter(|end| !end.contains("Timeout"));
                for end in ends.filter(|end| !documented.contains(*end)) {
                    missing.push(format!("{}, {}: {end}", fault.name, step.name()));
                }
            }
        }
        let advice = format!("docs/reliability.md lacks ends; set {WRITE}=1 to write them there");
        assert_eq!(missing, [""; 0], "{advice}");
    }
}

/// Returns the name of an end.
fn name(end: &End) -> &'static str {
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
