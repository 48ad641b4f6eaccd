//! Compares the imports of a crate with its table of floors.

use std::{fmt, path::Path};

use super::{
    imports::Imports,
    sources::{Source, Sources},
};

/// The maximum number of files that import each other.
const MAX_CYCLE: usize = 3;

/// The floors of a crate.
pub(crate) struct Table {
    /// The directory of the crate's sources, relative to the workspace.
    pub(crate) sources: &'static str,
    /// The floors from the ground upwards. Each has the path prefixes of its files, relative to
    /// `sources`: `rpc` stands for `rpc.rs` and for all files under `rpc/`. The longest prefix of a
    /// file counts.
    pub(crate) floors: &'static [Floor],
    /// The prefix of generated files, which may import each other.
    pub(crate) generated: Option<&'static str>,
}

/// A floor: its name and the prefixes of its files.
pub(crate) type Floor = (&'static str, &'static [&'static str]);

/// The outcome of a check.
pub(crate) struct Report {
    pub(crate) faults: Vec<String>,
    files: usize,
    imports: usize,
    largest_cycle: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (files, imports) = (self.files, self.imports);
        write!(
            f,
            "{files} files, {imports} imports between files, largest import cycle: "
        )?;
        match self.largest_cycle.as_slice() {
            [] => write!(f, "none"),
            cycle => write!(f, "{} files ({})", cycle.len(), cycle.join(", ")),
        }
    }
}

impl Table {
    /// Checks the crate on disk.
    pub(crate) fn check(&self, workspace: &Path) -> Report {
        self.report(&Imports::of(&Sources::read(&workspace.join(self.sources))))
    }

    /// Checks these sources.
    pub(crate) fn check_sources(&self, sources: &[Source]) -> Report {
        self.report(&Imports::of(&Sources::parse(sources)))
    }

    fn report(&self, imports: &Imports) -> Report {
        let mut faults = self.unknown(imports);
        for (from, to) in imports.arrows.keys() {
            let (below, above) = (&imports.paths[*from], &imports.paths[*to]);
            if let (Some(below), Some(above)) = (self.floor_of(below), self.floor_of(above))
                && below < above
            {
                let arrow = imports.arrow((*from, *to));
                let (below, above) = (self.floors[below].0, self.floors[above].0);
                faults.push(format!("{arrow}: the floor `{below}` is below `{above}`"));
            }
        }
        let mut cycles = imports.cycles();
        cycles.retain(|cycle| {
            !cycle
                .iter()
                .all(|file| self.is_generated(&imports.paths[*file]))
        });
        for cycle in &cycles {
            faults.extend(self.cycle_fault(imports, cycle));
        }
        let name = |file: &usize| imports.paths[*file].clone();
        let largest_cycle = cycles.first().map(|cycle| cycle.iter().map(name).collect());
        Report {
            faults,
            files: imports.nodes.len(),
            imports: imports.arrows.len(),
            largest_cycle: largest_cycle.unwrap_or_default(),
        }
    }

    /// Returns the files without a floor, and the prefixes without a file.
    fn unknown(&self, imports: &Imports) -> Vec<String> {
        let nodes = imports.nodes.iter().map(|file| &imports.paths[*file]);
        let homeless = nodes.filter(|path| self.floor_of(path).is_none());
        let mut faults: Vec<_> = homeless
            .map(|path| format!("`{path}` has no floor; add it to the table"))
            .collect();
        for prefix in self.floors.iter().flat_map(|(_, prefixes)| *prefixes) {
            if !imports.paths.iter().any(|path| has_prefix(path, prefix)) {
                faults.push(format!(
                    "no file begins with `{prefix}`; remove it from the table"
                ));
            }
        }
        faults
    }

    /// Returns what is wrong with a group of files that import each other, if anything is.
    fn cycle_fault(&self, imports: &Imports, cycle: &[usize]) -> Option<String> {
        let floor = |file: &usize| self.floor_of(&imports.paths[*file]);
        let crosses = cycle.iter().any(|file| floor(file) != floor(&cycle[0]));
        let reason = match (cycle.len() > MAX_CYCLE, crosses) {
            (true, _) => format!(
                "{} files import each other, more than {MAX_CYCLE}",
                cycle.len()
            ),
            (_, true) => "files of several floors import each other".to_owned(),
            _ => return None,
        };
        let inside = |arrow: &&(usize, usize)| cycle.contains(&arrow.0) && cycle.contains(&arrow.1);
        let arrows = imports.arrows.keys().filter(inside);
        let arrows: Vec<_> = arrows.map(|arrow| imports.arrow(*arrow)).collect();
        Some(format!("{reason}:\n  {}", arrows.join("\n  ")))
    }

    /// Returns the index of the floor of a file.
    fn floor_of(&self, path: &str) -> Option<usize> {
        let floors = self.floors.iter().enumerate();
        let prefixes = floors
            .flat_map(|(floor, (_, prefixes))| prefixes.iter().map(move |prefix| (prefix, floor)));
        let matching = prefixes.filter(|(prefix, _)| has_prefix(path, prefix));
        matching
            .max_by_key(|(prefix, _)| prefix.len())
            .map(|(_, floor)| floor)
    }

    fn is_generated(&self, path: &str) -> bool {
        self.generated
            .is_some_and(|prefix| has_prefix(path, prefix))
    }
}

/// Returns whether a path belongs to a prefix: `rpc.rs` and `rpc/id.rs` have the prefix `rpc`.
fn has_prefix(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest == ".rs" || rest.starts_with('/'))
}
