//! `cargo xtask codegen`: generates `crates/codex-types/src/generated` from the pinned schema.
//!
//! load -> normalise -> classify -> lower (typify) -> decorate -> decide -> describe -> emit by domain ->
//! print. Each step is a named function.
//!
//! The generator has two strengths. By default it generates from the schema of any release: it
//! chooses by rule where no table decides, widens what it does not understand to `Value`, skips the
//! entries of tables that do not apply, and prints all of that as one [`Report`]. `--strict` and
//! `--check` print the same report and fail if it has entries.

mod classify;
mod decorate;
mod domains;
mod emit;
mod field_table;
mod load;
mod lower;
mod methods;
mod model;
mod names;
mod normalise;
mod nulls;
mod params;
mod print;
mod prose;
pub(crate) mod report;
pub(crate) mod responses;
mod secrets;
mod settle;
mod size;
mod tables;
mod write;

#[cfg(test)]
mod mini;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::Value;

use self::{
    load::Definitions,
    model::Model,
    normalise::fixups::{self, Scope},
    print::Files,
    prose::Prose,
    report::Report,
    tables::Tables,
};
use crate::schema::{clearable_fields::ClearableFields, pinned::Pinned};
pub(crate) use report::Kind;

/// Arguments of `cargo xtask codegen`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail and print the difference if the generated files are stale. Implies
    /// `--strict`.
    #[arg(long)]
    check: bool,
    /// Fail if the report has entries, after printing it. Writes the files in either case.
    #[arg(long)]
    strict: bool,
    /// Generate from the stable bundle alone, without experimental types, methods and fields. The
    /// report then has no stale entries, because the tables describe the complete protocol.
    #[arg(long)]
    stable: bool,
}

/// Runs `cargo xtask codegen`.
pub(crate) fn run(args: &Args) -> Result<()> {
    let pinned = crate::schema::pinned::load()?;
    let Generated { files, report } = if args.stable {
        generate_stable(&pinned)?
    } else {
        generate(&pinned)?
    };
    let written = if args.check {
        write::check(&files)
    } else {
        write::write(&files)
    };
    print!("{report}");
    written?;
    if args.check || args.strict {
        report.refuse()?;
    }
    Ok(())
}

/// Writes the files of the pinned schema, and returns the report.
pub(crate) fn write_pinned() -> Result<Report> {
    let Generated { files, report } = generate(&crate::schema::pinned::load()?)?;
    write::write(&files)?;
    Ok(report)
}

/// Returns the report on a schema. Writes nothing.
pub(crate) fn report_on(pinned: &Pinned) -> Result<Report> {
    generate(pinned).map(|generated| generated.report)
}

/// The output of the generator.
pub(crate) struct Generated {
    pub(crate) files: Files,
    pub(crate) report: Report,
}

/// Generates the files from a schema, with the parts that older releases have.
///
/// # Errors
///
/// Fails if a bundle is not a schema bundle at all.
pub(crate) fn generate(pinned: &Pinned) -> Result<Generated> {
    generate_from(&pinned.complete()?, Scope::Experimental)
}

/// Generates the files from the stable bundle of a schema.
///
/// # Errors
///
/// Fails if the bundle is not a schema bundle at all.
pub(crate) fn generate_stable(pinned: &Pinned) -> Result<Generated> {
    let mut generated = generate_from(&pinned.clone().into_stable()?.complete()?, Scope::Stable)?;
    generated.report.leave_out(Kind::Stale);
    Ok(generated)
}

/// Generates the files from the larger bundle, which has this scope.
fn generate_from(pinned: &Pinned, scope: Scope) -> Result<Generated> {
    let mut tables = Tables::default();
    let mut report = Report::default();
    let mut model = load(
        &pinned.experimental,
        &pinned.stable,
        scope,
        &mut tables,
        &mut report,
    )?;
    decide(&mut model, &pinned.clearable_fields, &mut report);
    tables.report_unused(&mut report);
    names::report_unused(&model, &mut report);
    params::report_unused(&model.named_params, &mut report);
    responses::report_unused(&model, &mut report);
    Prose::load()?.describe(&mut model, &mut report);
    let files = print::print(&model, pinned)?;
    Ok(Generated { files, report })
}

/// Loads both bundles, applies the fix-ups and builds the model.
fn load(
    experimental: &Value,
    stable: &Value,
    scope: Scope,
    tables: &mut Tables,
    report: &mut Report,
) -> Result<Model> {
    let mut definitions = load::flatten(experimental, report)?;
    fixups::apply(&mut definitions, scope, report);
    if scope == Scope::Experimental {
        fixups::add_offered(&mut definitions, report);
    }
    // The stable bundle is a part of the experimental one, about which everything is reported.
    let mut stable = load::flatten(stable, &mut Report::default())?;
    fixups::apply(&mut stable, Scope::Stable, report);
    Ok(build_model(definitions, stable, tables, report))
}

/// Builds the model: normalise, classify, lower, decorate.
fn build_model(
    mut definitions: Definitions,
    mut stable: Definitions,
    tables: &mut Tables,
    report: &mut Report,
) -> Model {
    let names: BTreeSet<_> = definitions.keys().cloned().collect();
    let params = params::separate(&mut definitions, &mut stable, report);
    normalise::normalise(&mut definitions, report);
    normalise::normalise(&mut stable, &mut Report::default());
    let unions = methods::unions(
        &definitions,
        &stable,
        &names,
        &params.copies,
        tables,
        report,
    );
    let types = classify::classify_all(&definitions, &stable, tables, report);
    let mut model = Model {
        types,
        unions,
        copies: params.copies,
        named_params: params.named,
    };
    lower::lower(&mut model, report);
    settle::settle(&mut model, report);
    decorate::decorate(&mut model);
    model
}

/// Decides what the schema does not state: secrets and clearable fields.
fn decide(model: &mut Model, evidence: &ClearableFields, report: &mut Report) {
    secrets::mark(model, report);
    nulls::decide(model, evidence, report);
}
