//! Commands that run outside a turn (`command/exec`).

pub(crate) mod output;
pub(crate) mod process;
pub(crate) mod start;
