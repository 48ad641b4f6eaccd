//! The table of releases in `docs/regenerating.md`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, ensure};

use crate::codegen::Kind;
use crate::workspace;

/// The results for a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// The release.
    pub(super) version: String,
    /// The definitions of the schema. Each has a type.
    pub(super) definitions: usize,
    /// The entries of the generator's report, by kind.
    pub(super) entries: [usize; 5],
    /// Whether `codex-types` compiles.
    pub(super) types_compile: bool,
    /// Whether random values of all definitions, and recorded messages if there are any, round
    /// trip. `None` if this was not tested.
    pub(super) values_round_trip: Option<bool>,
    /// Whether `codex-client` compiles. `None` if this was not tested.
    pub(super) client_compiles: Option<bool>,
}

/// The cell of a test that was left out.
const NOT_TESTED: &str = "not tested";

/// The line before the table.
pub(crate) const BEGIN: &str = "<!-- Begin of the table that `cargo xtask releases` writes. -->\n";
/// The line after the table.
pub(crate) const END: &str = "<!-- End of the table. -->\n";

/// Returns the table.
pub(super) fn table(rows: &[Row]) -> String {
    let kinds = Kind::ALL.map(Kind::plural).join(" | ");
    let mut text = format!(
        "| release | definitions | {kinds} | `codex-types` compiles | values round-trip | \
         `codex-client` compiles |\n|---|---|---|---|---|---|---|---|---|---|\n"
    );
    for row in rows {
        let entries = row.entries.map(|count| count.to_string()).join(" | ");
        let [types, values, client] = [
            Some(row.types_compile),
            row.values_round_trip,
            row.client_compiles,
        ]
        .map(|result| match result {
            Some(true) => "yes",
            Some(false) => "no",
            None => NOT_TESTED,
        });
        text.push_str(&format!(
            "| {} | {} | {entries} | {types} | {values} | {client} |\n",
            row.version, row.definitions
        ));
    }
    text
}

/// Returns the text of the page with another table between the markers.
fn with_table(page: &str, table: &str) -> anyhow::Result<String> {
    let (before, rest) = page
        .split_once(BEGIN)
        .with_context(|| format!("the page has no line `{}`", BEGIN.trim()))?;
    let (_, after) = rest
        .split_once(END)
        .with_context(|| format!("the page has no line `{}`", END.trim()))?;
    Ok(format!("{before}{BEGIN}\n{table}\n{END}{after}"))
}

/// Writes the table into the page.
pub(super) fn write(rows: &[Row]) -> anyhow::Result<()> {
    let path = path()?;
    let shown = workspace::shown(&path);
    let page = fs::read_to_string(&path).with_context(|| format!("cannot read {shown}"))?;
    let new = with_table(&page, &table(rows)).with_context(|| shown.clone())?;
    if new != page {
        fs::write(&path, new).with_context(|| format!("cannot write {shown}"))?;
        println!("wrote the table in {shown}");
    }
    Ok(())
}

/// Fails if the page has another table.
pub(super) fn check(rows: &[Row]) -> anyhow::Result<()> {
    let path = path()?;
    let shown = workspace::shown(&path);
    let page = fs::read_to_string(&path).with_context(|| format!("cannot read {shown}"))?;
    let (_, rest) = page.split_once(BEGIN).context("the page has no table")?;
    let (found, _) = rest.split_once(END).context("the table has no end")?;
    ensure!(
        agree(found.trim(), table(rows).trim()),
        "the table in {shown} is stale: run `cargo xtask releases`"
    );
    Ok(())
}

/// Whether a table is equal to an expected one, in all cells that were tested.
fn agree(found: &str, expected: &str) -> bool {
    let cells = |table: &str| -> Vec<String> {
        let cells = table.split(['|', '\n']).map(|cell| cell.trim().to_owned());
        cells.collect()
    };
    let (found, expected) = (cells(found), cells(expected));
    found.len() == expected.len()
        && found
            .iter()
            .zip(&expected)
            .all(|(found, expected)| found == expected || expected == NOT_TESTED)
}

fn path() -> anyhow::Result<PathBuf> {
    Ok(workspace::root()?.join("docs/regenerating.md"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_replaces_the_one_between_the_markers() {
        let row = Row {
            version: "0.1.0".to_owned(),
            definitions: 3,
            entries: [1, 2, 0, 0, 0],
            types_compile: true,
            values_round_trip: Some(true),
            client_compiles: Some(false),
        };
        let table = table(&[row]);
        assert!(table.ends_with("| 0.1.0 | 3 | 1 | 2 | 0 | 0 | 0 | yes | yes | no |\n"));
        let page = format!("above\n{BEGIN}old\n{END}below\n");
        let new = with_table(&page, &table).unwrap();
        assert_eq!(new, format!("above\n{BEGIN}\n{table}\n{END}below\n"));
        assert_eq!(with_table(&new, &table).unwrap(), new);
        assert!(with_table("no markers", &table).is_err());
    }

    #[test]
    fn only_the_tested_cells_are_compared() {
        let row = |values_round_trip, client_compiles| {
            table(&[Row {
                version: "0.1.0".to_owned(),
                definitions: 3,
                entries: [1, 2, 0, 0, 0],
                types_compile: true,
                values_round_trip,
                client_compiles,
            }])
        };
        let page = row(Some(true), Some(false));
        assert!(agree(&page, &row(None, None)));
        assert!(agree(&page, &row(Some(true), None)));
        assert!(!agree(&page, &row(Some(false), None)));
        assert!(!agree(&page, &row(None, Some(true))));
        assert!(!agree(&page, &page.replace("| 3 |", "| 4 |")));
        assert!(!agree(&page, &format!("{page}{}", "| 0.2.0 | 3 |\n")));
    }
}
