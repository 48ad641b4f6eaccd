//! Rewrites the schema into a simpler one, in which each definition has one of a few shapes and
//! every inline shape is a named definition.
//!
//! Each pass is a named function over all definitions, tested with a small schema in
//! `xtask/tests/mini/passes`. The passes depend on their order in [`PASSES`].

pub(crate) mod fixups;
mod passes;
mod walk;

use anyhow::{Context, Result};

use super::load::Definitions;
pub(crate) use walk::{is_object_schema, string_values};

type Pass = fn(&mut Definitions) -> Result<()>;

/// The passes, in order of execution.
pub(crate) const PASSES: &[(&str, Pass)] = &[
    ("unwrap_all_of", passes::unwrap_all_of),
    ("drop_null_defaults", passes::drop_null_defaults),
    ("widen_integers", passes::widen_integers),
    ("merge_alternatives", passes::merge_alternatives),
    ("share_fields", passes::share_fields),
    ("hoist_payloads", passes::hoist_payloads),
    ("hoist_alternatives", passes::hoist_alternatives),
    ("hoist_variants", passes::hoist_variants),
];

/// Applies every pass.
pub(crate) fn normalise(definitions: &mut Definitions) -> Result<()> {
    for (name, pass) in PASSES {
        pass(definitions).with_context(|| format!("normalise pass `{name}`"))?;
    }
    Ok(())
}
