//! Temporary homes for Codex.

mod builder;
mod codex_home;
mod config;

pub use self::{builder::CodexHomeBuilder, codex_home::CodexHome};
