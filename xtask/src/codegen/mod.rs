//! `cargo xtask codegen`: generates `crates/codex-types/src/generated` from the pinned schema.
//!
//! load -> normalise -> classify -> lower (typify) -> decorate -> describe -> emit by domain ->
//! print. Each step is a named function. Input that a step does not understand is an error: the
//! generator never guesses.

mod classify;
mod decorate;
mod domains;
mod emit;
mod load;
mod lower;
mod methods;
mod model;
mod names;
mod normalise;
mod print;
mod prose;
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
    prose::Prose,
    tables::Tables,
};

/// Arguments of `cargo xtask codegen`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail and print the difference if the generated files are stale.
    #[arg(long)]
    check: bool,
}

/// Runs `cargo xtask codegen`.
pub(crate) fn run(Args { check }: Args) -> Result<()> {
    let files = generate()?;
    if check {
        write::check(&files)
    } else {
        write::write(&files)
    }
}

/// Generates the files from the pinned schema.
fn generate() -> Result<Files> {
    let pinned = crate::schema::pinned::load()?;
    let mut tables = Tables::default();
    let mut model = load(&pinned.experimental, &pinned.stable, &mut tables)?;
    tables.check_used()?;
    Prose::load()?.describe(&mut model)?;
    print::print(&model, &pinned)
}

/// Loads both bundles, applies the fix-ups and builds the model.
fn load(experimental: &Value, stable: &Value, tables: &mut Tables) -> Result<Model> {
    let mut definitions = load::flatten(experimental)?;
    fixups::apply(&mut definitions, Scope::Experimental)?;
    let mut stable = load::flatten(stable)?;
    fixups::apply(&mut stable, Scope::Stable)?;
    build_model(definitions, stable, tables)
}

/// Builds the model: normalise, classify, lower, decorate.
fn build_model(
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

#[cfg(test)]
mod tests {
    #[test]
    fn the_generated_files_are_up_to_date() {
        super::write::check(&super::generate().unwrap()).unwrap();
    }
}
