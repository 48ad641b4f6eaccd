//! `cargo xtask releases`: generates the types of other releases, and compiles and tests them.
//!
//! The schemas of these releases are fixtures, so the chore needs no network. It also takes a future
//! release: the pinned schema with changes that the generator has never seen.

pub(crate) mod copy;
pub(crate) mod fixture;
pub(crate) mod future;
pub(crate) mod page;

use std::process::Output;

use anyhow::{Context, bail, ensure};
use semver::Version;
use serde_json::Value;

use self::{copy::Copy, fixture::Bundles, page::Row};
use crate::codegen::{self, Generated, Kind};
use crate::schema::{self, pinned::Pinned};
use crate::spinner::Spinner;

/// The oldest release whose types `codex-client` compiles with.
const OLDEST_FOR_CLIENT: Version = Version::new(0, 163, 0);

/// The release with recorded traffic, besides the pinned one.
const RECORDED: &str = "0.163.0";

/// Arguments of `cargo xtask releases`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The releases to take, such as 0.163.0, without the table in `docs/regenerating.md`. By
    /// default, all releases are taken, and the table is written.
    #[arg(value_name = "VERSION")]
    versions: Vec<Version>,
    /// Fail if the table is stale, instead of writing it. Saves time: tests the values of one release,
    /// and does not compile the client with the types of releases that it is not meant for.
    #[arg(long, conflicts_with = "versions")]
    check: bool,
    /// Print the reports of the generator, and the errors of a client that does not compile.
    #[arg(long)]
    verbose: bool,
    /// Add the schema of a release to the fixtures, and install the release if it is missing. May be
    /// repeated.
    #[arg(long, value_name = "VERSION")]
    add: Vec<Version>,
}

/// Runs the chore.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    for version in &args.add {
        let (stable, experimental, clearable_fields) = schema::print(version)?;
        let bundles = Bundles {
            stable,
            experimental,
            clearable_fields,
        };
        let path = fixture::write(version, &bundles)?;
        println!("wrote {}", crate::workspace::shown(&path));
    }
    let pinned = schema::pinned::load()?;
    let copy = Copy::new()?;
    let spinner = Spinner::default();
    let pinned_version = Version::parse(&pinned.version)?;
    let releases = match args.versions.as_slice() {
        [] => fixture::all()?
            .into_iter()
            .filter(|version| *version != pinned_version)
            .chain([pinned_version.clone()])
            .collect(),
        versions => versions.to_vec(),
    };
    let mut rows = Vec::new();
    for version in releases {
        let release = of_release(&pinned, &version)?;
        rows.push(row(&copy, &release, &spinner, args)?);
    }
    spinner.say("compiling the types of a future release".into());
    future(&copy, &pinned, args, &spinner)?;
    spinner.say("compiling the types of the stable protocol".into());
    stable(&copy, &pinned)?;
    drop(spinner);
    print!("{}", page::table(&rows));
    println!("the types of a future release and of the stable protocol compile");
    for row in &rows {
        let version = Version::parse(&row.version)?;
        ensure!(row.types_compile, "the types of {version} do not compile");
        ensure!(
            row.values_round_trip != Some(false),
            "values of {version} do not round trip"
        );
        ensure!(
            row.client_compiles != Some(false) || version < OLDEST_FOR_CLIENT,
            "`codex-client` does not compile with the types of {version}: options of builders that they \
             lack belong to OFFERED in xtask/src/codegen/normalise/fixups.rs"
        );
    }
    match (args.check, args.versions.is_empty()) {
        (true, _) => page::check(&rows),
        (false, true) => page::write(&rows),
        (false, false) => Ok(()),
    }
}

/// Returns the schema of another release in place of the pinned one.
pub(crate) fn of_release(pinned: &Pinned, version: &Version) -> anyhow::Result<Pinned> {
    if version.to_string() == pinned.version {
        return Ok(pinned.clone());
    }
    let Bundles {
        stable,
        experimental,
        clearable_fields,
    } = fixture::read(version)?;
    Ok(Pinned {
        version: version.to_string(),
        stable,
        experimental,
        clearable_fields,
        ..pinned.clone()
    })
}

/// Generates, compiles and tests the types of a release.
fn row(copy: &Copy, release: &Pinned, spinner: &Spinner, args: &Args) -> anyhow::Result<Row> {
    let version = &release.version;
    let Generated { files, report } =
        codegen::generate(release).with_context(|| format!("generating the types of {version}"))?;
    if args.verbose {
        println!("Codex {version}\n{report}");
    }
    copy.set(&files, &release.complete()?.experimental)?;
    let run = |what: &str, arguments: &[&str]| {
        spinner.say(format!("{what} of Codex {version}"));
        let output = copy.cargo(arguments)?;
        Ok::<_, anyhow::Error>(output)
    };
    let types = run(
        "compiling the types",
        &["check", "--quiet", "--package", "codex-types"],
    )?;
    show(&types, version);
    let mut values_round_trip = None;
    if !args.check || version == RECORDED {
        let mut tests = vec![
            "test",
            "--quiet",
            "--package",
            "codex-tests",
            "--",
            "random_values",
        ];
        if version == RECORDED {
            tests.push("an_older_release");
        }
        let values = run("testing the types", &tests)?;
        show(&values, version);
        values_round_trip = Some(values.status.success());
    }
    let is_for_client = Version::parse(version)? >= OLDEST_FOR_CLIENT;
    let mut client_compiles = None;
    if is_for_client || !args.check {
        let client = run(
            "compiling the client with the types",
            &["check", "--quiet", "--package", "codex-client"],
        )?;
        if args.verbose || is_for_client {
            show(&client, version);
        }
        client_compiles = Some(client.status.success());
    }
    Ok(Row {
        version: version.clone(),
        definitions: definitions(&release.experimental)?,
        entries: Kind::ALL.map(|kind| report.count(kind)),
        types_compile: types.status.success(),
        values_round_trip,
        client_compiles,
    })
}

/// Compiles the types of a release with all changes at once. The full chore also compiles those of a
/// release with each change by itself, because one change can hide the fault of another.
fn future(copy: &Copy, pinned: &Pinned, args: &Args, spinner: &Spinner) -> anyhow::Result<()> {
    if !args.check && args.versions.is_empty() {
        for change in future::CHANGES {
            spinner.say(format!(
                "compiling the types of a future release with {}",
                change.name
            ));
            compile_future(copy, &change.of(pinned), change.name, args)?;
        }
    }
    compile_future(copy, &future::all(pinned), "all changes", args)
}

/// Compiles the types of a future release with these changes.
fn compile_future(copy: &Copy, future: &Pinned, changes: &str, args: &Args) -> anyhow::Result<()> {
    let Generated { files, report } = codegen::generate(future)
        .with_context(|| format!("generating the types of a future release with {changes}"))?;
    if args.verbose {
        println!("A future release with {changes}\n{report}");
    }
    copy.set(&files, &future.complete()?.experimental)?;
    let output = copy.cargo(&["check", "--quiet", "--package", "codex-types"])?;
    if !output.status.success() {
        show(&output, "of the future");
        bail!("the types of a future release with {changes} do not compile");
    }
    Ok(())
}

/// Compiles the types of the stable protocol of the pinned release.
fn stable(copy: &Copy, pinned: &Pinned) -> anyhow::Result<()> {
    let Generated { files, .. } = codegen::generate_stable(pinned)?;
    copy.set(&files, &pinned.clone().into_stable()?.complete()?.stable)?;
    let output = copy.cargo(&["check", "--quiet", "--package", "codex-types"])?;
    if !output.status.success() {
        show(&output, "stable");
        bail!("the types of the stable protocol do not compile");
    }
    Ok(())
}

/// Prints what a failed command has printed.
fn show(output: &Output, version: &str) {
    if !output.status.success() {
        eprintln!("Codex {version}:");
        eprint!("{}", String::from_utf8_lossy(&output.stdout));
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Counts the definitions of a bundle, those of the root and of `v2` in one namespace.
pub(crate) fn definitions(bundle: &Value) -> anyhow::Result<usize> {
    let root = bundle["definitions"].as_object();
    let root = root.context("the bundle has no definitions")?;
    let v2 = root.get("v2").and_then(Value::as_object);
    let names = root.keys().filter(|name| *name != "v2");
    let names = names.chain(v2.into_iter().flat_map(serde_json::Map::keys));
    Ok(names.collect::<std::collections::BTreeSet<_>>().len())
}
