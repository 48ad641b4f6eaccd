//! Schema in, simpler schema out: after these passes each definition has one of few shapes, and
//! every inline shape has a name of its own.
//!
//! Each pass is a named function over the definitions, with a small schema and its expected output
//! as a test (`xtask/tests/mini`). Their order matters and is the order of [`PASSES`].

pub(crate) mod fixups;
mod passes;
mod walk;

use anyhow::{Context, Result};

use super::load::Definitions;
pub(crate) use walk::{is_object_schema, string_values};

type Pass = fn(&mut Definitions) -> Result<()>;

/// The passes, in the order in which they run.
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
