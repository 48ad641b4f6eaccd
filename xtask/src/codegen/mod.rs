//! `cargo xtask codegen`: from the pinned schema to `crates/codex-types/src/generated`.
//!
//! load -> normalise -> classify -> lower (typify) -> decorate -> rooms -> print. Each step is a
//! named function; what a step does not understand is an error, never a guess.

mod classify;
mod decorate;
mod emit;
mod load;
mod lower;
mod methods;
mod model;
mod names;
mod normalise;
mod print;
mod rooms;
mod size;
mod tables;
mod write;

#[cfg(test)]
mod mini;

use anyhow::Result;
use serde_json::Value;

use self::{
    load::Definitions,
    model::Model,
    normalise::fixups::{self, Scope},
    print::Files,
    tables::Tables,
};

/// Arguments of `cargo xtask codegen`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail and show the difference if the generated files are not fresh.
    #[arg(long)]
    check: bool,
}

/// Runs the chore.
pub(crate) fn run(Args { check }: Args) -> Result<()> {
    let files = generate()?;
    if check {
        write::check(&files)
    } else {
        write::write(&files)
    }
}

/// The generated files, from the pinned schema.
fn generate() -> Result<Files> {
    let pinned = crate::schema::pinned::load()?;
    let mut tables = Tables::default();
    let model = load(&pinned.experimental, &pinned.stable, &mut tables)?;
    tables.check_used()?;
    print::print(&model)
}

/// load, fix up, then [`understand`].
fn load(experimental: &Value, stable: &Value, tables: &mut Tables) -> Result<Model> {
    let mut definitions = load::flatten(experimental)?;
    fixups::apply(&mut definitions, Scope::Experimental)?;
    let mut stable = load::flatten(stable)?;
    fixups::apply(&mut stable, Scope::Stable)?;
    understand(definitions, stable, tables)
}

/// normalise, classify, lower, decorate.
fn understand(
    mut definitions: Definitions,
    mut stable: Definitions,
    tables: &mut Tables,
) -> Result<Model> {
    let names = definitions.keys().cloned().collect();
    normalise::normalise(&mut definitions)?;
    normalise::normalise(&mut stable)?;
    let unions = methods::unions(&definitions, &stable, &names, tables)?;
    let types = classify::classify_all(&definitions, &stable, tables)?;
    let mut model = Model { types, unions };
    lower::lower(&mut model)?;
    decorate::decorate(&mut model);
    Ok(model)
}
