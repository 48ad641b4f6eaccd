//! Measures the CPU time of compiling codex-types and a hello world with codex-client, compared
//! with a peer crate.
//!
//! Each subject is a package of a project in a temporary directory, compiled as it would be for a
//! user: with the default profiles, capped lints and no incremental compilation. All dependencies
//! are compiled first. Each round then removes the crates of a subject and compiles them again. The
//! CPU time of cargo and its compilers counts; wall time would depend on other load on the machine.

use super::project::{CODEX_CODES_HELLO, OUR_HELLO, Project, Subject};
use super::{Rounds, table};

/// Arguments of `cargo xtask bench compile`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    rounds: Rounds,
    /// The modes to measure.
    #[arg(value_parser = MODES, default_values = MODES)]
    modes: Vec<String>,
}

const MODES: [&str; 3] = ["check", "debug", "release"];

/// Returns the arguments of cargo for a mode, and the profile.
fn words(mode: &str) -> (&'static [&'static str], &'static str) {
    match mode {
        "check" => (&["check"], "dev"),
        "debug" => (&["build"], "dev"),
        _ => (&["build", "--release"], "release"),
    }
}

/// The subjects: a title, our package and the peer's package.
const SUBJECTS: [(&str, [Subject; 2]); 2] = [
    (
        "types",
        [
            Subject {
                name: "our-types",
                dependencies: "codex-types.path = 'CRATES/codex-types'",
                source: ("lib.rs", ""),
                packages: &["codex-types"],
            },
            Subject {
                name: "peer-types",
                dependencies: "codex-codes = { version = '=0.166.4', default-features = false, \
                               features = ['types'] }",
                source: ("lib.rs", ""),
                packages: &["codex-codes"],
            },
        ],
    ),
    ("hello world", [OUR_HELLO, CODEX_CODES_HELLO]),
];

/// Runs the chore.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let project = Project::create(SUBJECTS.iter().flat_map(|(_, subjects)| subjects))?;
    let mut rows = Vec::new();
    for (title, subjects) in &SUBJECTS {
        for mode in &args.modes {
            eprintln!("compiling the dependencies: {title}, {mode}");
            for subject in subjects {
                compile(&project, mode, subject)?;
            }
            rows.push((title, mode, subjects, [f64::INFINITY; 2]));
        }
    }
    args.rounds.run(|| {
        for (_, mode, subjects, fastest) in &mut rows {
            for (subject, fastest) in subjects.iter().zip(fastest) {
                clean(&project, mode, subject)?;
                *fastest = compile(&project, mode, subject)?.min(*fastest);
            }
        }
        Ok(())
    })?;
    let rows: Vec<[String; 4]> = rows
        .into_iter()
        .map(|(title, mode, _, [ours, peer])| {
            let [ours_shown, peer_shown, ratio] =
                [ours, peer, ours / peer].map(|figure| format!("{figure:.2}"));
            let title = format!("{title}, {mode}");
            [title, ours_shown, peer_shown, ratio]
        })
        .collect();
    let head = ["CPU seconds", "ours", "codex-codes", "ratio"];
    print!("{}", table(head, &rows));
    Ok(())
}

/// Compiles a subject. Returns the CPU seconds that it took.
fn compile(project: &Project, mode: &str, subject: &Subject) -> anyhow::Result<f64> {
    project.timed(&[words(mode).0, &["--offline", "--package", subject.name]].concat())
}

/// Removes the crates of a subject but not their dependencies.
fn clean(project: &Project, mode: &str, subject: &Subject) -> anyhow::Result<()> {
    let mut words = vec!["clean", "--offline", "--profile", words(mode).1];
    for package in subject.packages {
        words.extend(["--package", package]);
    }
    project.cargo(&words).map(drop)
}
