//! Measures the weight of a hello world: the CPU time of compiling it from scratch in the release
//! profile, the size of the stripped program, and the number of crates, compared with peer crates.

use std::collections::BTreeSet;
use std::fs;

use anyhow::Context;

use super::project::{CODEX_CODES_HELLO, OUR_HELLO, Project, Subject};
use super::{Rounds, table};

/// Arguments of `cargo xtask bench weight`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    rounds: Rounds,
    /// Measures our client only.
    #[arg(long)]
    ours: bool,
}

/// The subjects: a title, and the package.
const SUBJECTS: [(&str, Subject); 4] = [
    ("codex-client", OUR_HELLO),
    (
        "codex-client, no features",
        Subject {
            name: "our-bare-hello",
            dependencies: "codex-client = { path = 'CRATES/codex-client', \
                           default-features = false }\n\
                           tokio = { version = '1', features = ['macros', 'rt-multi-thread'] }",
            source: ("main.rs", include_str!("hello/codex_client.rs")),
            packages: &[],
        },
    ),
    ("codex-codes 0.166.4", CODEX_CODES_HELLO),
    (
        "codex-app-server-sdk 0.5.1",
        Subject {
            name: "other-peer-hello",
            dependencies: "codex-app-server-sdk = '=0.5.1'\n\
                           tokio = { version = '1', features = ['macros', 'rt-multi-thread'] }",
            source: ("main.rs", include_str!("hello/codex_app_server_sdk.rs")),
            packages: &[],
        },
    ),
];

/// Runs the chore.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let subjects = match args.ours {
        true => &SUBJECTS[..2],
        false => &SUBJECTS[..],
    };
    let project = Project::create(subjects.iter().map(|(_, subject)| subject))?;
    let mut fastest = vec![f64::INFINITY; subjects.len()];
    let mut sizes = vec![0.0; subjects.len()];
    args.rounds.run(|| {
        for (at, (title, subject)) in subjects.iter().enumerate() {
            eprintln!("compiling {title}");
            project.cargo(&["clean", "--offline"])?;
            let words = ["build", "--offline", "--release", "--package", subject.name];
            fastest[at] = project.timed(&words)?.min(fastest[at]);
            sizes[at] = size(&project, subject)?;
        }
        Ok(())
    })?;
    let mut rows = Vec::new();
    for (at, (title, subject)) in subjects.iter().enumerate() {
        rows.push([
            (*title).to_owned(),
            format!("{:.0}", fastest[at]),
            format!("{:.2}", sizes[at]),
            crates(&project, subject)?.to_string(),
        ]);
    }
    let head = [
        "hello world, release",
        "CPU seconds",
        "stripped, MB",
        "crates",
    ];
    print!("{}", table(head, &rows));
    Ok(())
}

/// Returns the size of the stripped program, in MB.
fn size(project: &Project, subject: &Subject) -> anyhow::Result<f64> {
    let program = format!("{}{}", subject.name, std::env::consts::EXE_SUFFIX);
    let program = project.target().join("release").join(program);
    let size = fs::metadata(&program)
        .with_context(|| format!("cannot read {}", program.display()))?
        .len();
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 bytes")]
    Ok(size as f64 / 1e6)
}

/// Returns the number of crates that are compiled for this system, without the program itself.
fn crates(project: &Project, subject: &Subject) -> anyhow::Result<usize> {
    let tree = project.cargo(&[
        "tree",
        "--offline",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--package",
        subject.name,
    ])?;
    let crates: BTreeSet<_> = tree
        .lines()
        .map(|line| {
            line.trim_end_matches(" (*)")
                .trim_end_matches(" (proc-macro)")
        })
        .filter(|line| !line.is_empty())
        .collect();
    Ok(crates.len().saturating_sub(1))
}
