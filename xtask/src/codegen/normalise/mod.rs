//! Rewrites the schema into a simpler one, in which each definition has one of a few shapes and
//! every inline shape is a named definition.
//!
//! Each pass is a named function over one definition, tested with small schemas in
//! `xtask/tests/mini/passes`. The passes depend on their order in [`PASSES`].

pub(crate) mod fixups;
mod hoist;
mod keywords;
mod pass;
mod passes;
mod union_names;
mod walk;

use std::collections::BTreeSet;

use super::{load::Definitions, report::Report};
pub(crate) use pass::Rewrite;
pub(crate) use walk::{
    Union, accepts_others, key_of, string_values, union_members, union_members_mut, union_shape,
    widest,
};

/// The passes, in order of execution.
pub(crate) const PASSES: &[(&str, Rewrite)] = &[
    ("unwrap_all_of", passes::unwrap_all_of),
    ("drop_null_defaults", passes::drop_null_defaults),
    ("understand_keywords", keywords::understand_keywords),
    ("widen_integers", passes::widen_integers),
    ("merge_alternatives", passes::merge_alternatives),
    ("share_fields", passes::share_fields),
    ("hoist_payloads", hoist::hoist_payloads),
    ("hoist_alternatives", hoist::hoist_alternatives),
    ("hoist_variants", hoist::hoist_variants),
    ("hoist_fields", hoist::hoist_fields),
];

/// Applies every pass. The shapes that the last pass hoists go through all of them again.
pub(crate) fn normalise(definitions: &mut Definitions, report: &mut Report) {
    let mut taken: BTreeSet<String> = definitions.keys().cloned().collect();
    let mut pending = std::mem::take(definitions);
    while !pending.is_empty() {
        let mut done = BTreeSet::new();
        for (_, rewrite) in PASSES {
            done = pending.keys().cloned().collect();
            pass::run(*rewrite, &mut pending, &mut taken, report);
        }
        for (name, schema) in std::mem::take(&mut pending) {
            let next = if done.contains(&name) {
                &mut *definitions
            } else {
                &mut pending
            };
            next.insert(name, schema);
        }
    }
}

/// Applies one pass.
#[cfg(test)]
pub(crate) fn apply(pass: Rewrite, definitions: &mut Definitions, report: &mut Report) {
    let mut taken = definitions.keys().cloned().collect();
    pass::run(pass, definitions, &mut taken, report);
}
