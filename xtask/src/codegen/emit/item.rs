//! The text of one definition.

/// The text of one definition.
#[derive(Default)]
pub(crate) struct Item {
    /// Types and impls, to be formatted.
    pub(crate) code: String,
    /// Invocations of the macros in `codex_types::wire`, printed as they are.
    pub(crate) table: String,
}
