//! The imports between the files of a crate, and the groups of files that import each other.

use std::collections::{BTreeMap, BTreeSet};

use super::sources::Sources;

/// The files of a crate that define items, and their imports.
pub(crate) struct Imports {
    /// The paths of all files, relative to `src`.
    pub(crate) paths: Vec<String>,
    /// The files that define items.
    pub(crate) nodes: BTreeSet<usize>,
    /// The names that the first file imports from the second.
    pub(crate) arrows: BTreeMap<(usize, usize), BTreeSet<String>>,
}

impl Imports {
    pub(crate) fn of(sources: &Sources) -> Self {
        let mut arrows: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (from, file) in sources.files.iter().enumerate() {
            for mention in &file.mentions {
                if let Some((to, name)) = sources.definition(mention)
                    && to != from
                    && !file.is_facade
                {
                    arrows.entry((from, to)).or_default().insert(name);
                }
            }
        }
        let files = sources.files.iter().enumerate();
        Self {
            paths: files.clone().map(|(_, file)| file.path.clone()).collect(),
            nodes: files
                .filter(|(_, file)| !file.is_facade)
                .map(|(at, _)| at)
                .collect(),
            arrows,
        }
    }

    /// Formats an import: `connection/core.rs -> tool/set.rs (Toolbox)`.
    pub(crate) fn arrow(&self, (from, to): (usize, usize)) -> String {
        let names = self.arrows.get(&(from, to)).into_iter().flatten();
        let names: Vec<_> = names.map(String::as_str).collect();
        let (from, to) = (&self.paths[from], &self.paths[to]);
        format!("{from} -> {to} ({})", names.join(", "))
    }

    /// Returns the groups of files that import each other, directly or through others, with the
    /// largest group first.
    pub(crate) fn cycles(&self) -> Vec<Vec<usize>> {
        let mut search = Search {
            imports: self,
            index: BTreeMap::new(),
            low: BTreeMap::new(),
            stack: Vec::new(),
            groups: Vec::new(),
        };
        for node in &self.nodes {
            if !search.index.contains_key(node) {
                search.visit(*node);
            }
        }
        let mut groups = search.groups;
        groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
        groups
    }
}

/// Tarjan's algorithm for strongly connected components.
struct Search<'a> {
    imports: &'a Imports,
    index: BTreeMap<usize, usize>,
    low: BTreeMap<usize, usize>,
    stack: Vec<usize>,
    groups: Vec<Vec<usize>>,
}

impl Search<'_> {
    fn visit(&mut self, node: usize) {
        let index = self.index.len();
        self.index.insert(node, index);
        self.low.insert(node, index);
        self.stack.push(node);
        let arrows = self.imports.arrows.range((node, 0)..=(node, usize::MAX));
        for ((_, to), _) in arrows {
            let reached = if !self.index.contains_key(to) {
                self.visit(*to);
                self.low[to]
            } else if self.stack.contains(to) {
                self.index[to]
            } else {
                continue;
            };
            let low = self.low[&node].min(reached);
            self.low.insert(node, low);
        }
        if self.low[&node] == index {
            let at = self.stack.iter().position(|other| *other == node);
            let mut group = self.stack.split_off(at.unwrap());
            group.sort_unstable();
            if group.len() > 1 {
                self.groups.push(group);
            }
        }
    }
}
