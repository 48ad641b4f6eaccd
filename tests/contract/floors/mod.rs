//! Floors: no source file imports from a floor above its own.
//!
//! [`crates`] lists the floors of each crate. The check reads the sources' `use` declarations and
//! inline paths, including those in macros, and follows re-exports to the file that defines an
//! item. It fails for imports that run up, for files without a floor, and for more than three files
//! that import each other. It ignores test code.
//!
//! A file that only declares modules and re-exports is a facade: imports lead through it, and it
//! has no floor of its own.
//!
//! `cargo test -p codex-tests --test contract floors:: -- --nocapture` prints the largest import
//! cycle of each crate.

mod check;
mod codex_client;
mod crates;
mod import_samples;
mod imports;
mod paths;
mod resolve;
mod sources;

use std::collections::BTreeSet;

use self::crates::TABLES;
use crate::workspace;

#[test]
fn no_source_file_imports_from_a_floor_above_it() {
    let workspace = workspace::root();
    let mut faults = Vec::new();
    for table in TABLES {
        let report = table.check(&workspace);
        println!("{}: {report}", table.sources);
        let of_table = report.faults.iter();
        faults.extend(of_table.map(|fault| format!("{}: {fault}", table.sources)));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn each_prefix_appears_in_its_table_once() {
    for table in TABLES {
        let mut prefixes = BTreeSet::new();
        for prefix in table.floors.iter().flat_map(|(_, prefixes)| *prefixes) {
            assert!(
                prefixes.insert(*prefix),
                "{}: `{prefix}` appears twice",
                table.sources
            );
        }
    }
}
