//! Measures the CPU time of compiling codex-types and a hello world with codex-client, compared
//! with a peer crate.
//!
//! Each subject is a package of a project in a temporary directory, compiled as it would be for a
//! user: with the default profiles, capped lints and no incremental compilation. All dependencies
//! are compiled first. Each round then removes the crates of a subject and compiles them again. The
//! CPU time of cargo and its compilers counts; wall time would depend on other load on the machine.

use std::fs;
use std::process::Stdio;

use anyhow::{Context, ensure};

use super::{Rounds, table};
use crate::{cargo, workspace};

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

/// A package of the project.
struct Subject {
    name: &'static str,
    /// Its dependencies. `CRATES` stands for the directory of our crates.
    dependencies: &'static str,
    /// The name of its source file, and the content.
    source: (&'static str, &'static str),
    /// The packages that are compiled in each round.
    packages: &'static [&'static str],
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
    (
        "hello world",
        [
            Subject {
                name: "our-hello",
                dependencies: "codex-client.path = 'CRATES/codex-client'\n\
                               tokio = { version = '1', features = ['macros', 'rt-multi-thread'] }",
                source: ("main.rs", OUR_HELLO),
                packages: &["codex-types", "codex-client", "our-hello"],
            },
            Subject {
                name: "peer-hello",
                dependencies: "codex-codes = { version = '=0.166.4', default-features = false, \
                               features = ['async-client'] }\n\
                               serde_json = '1'\n\
                               tokio = { version = '1', features = ['macros', 'rt-multi-thread'] }",
                source: ("main.rs", PEER_HELLO),
                packages: &["codex-codes", "peer-hello"],
            },
        ],
    ),
];

const OUR_HELLO: &str = r#"
#[tokio::main]
async fn main() -> codex_client::Result<()> {
    let codex = codex_client::Codex::start().await?;
    let thread = codex.thread_start().await?;
    let result = thread.run("Say hello.").await?;
    println!("{}", result.final_response.as_deref().unwrap_or_default());
    codex.close().await
}
"#;

const PEER_HELLO: &str = r#"
use codex_codes::{AsyncClient, Notification, ServerMessage};
use serde_json::{from_value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut client = AsyncClient::start().await?;
    let thread = client.thread_start(&from_value(json!({}))?).await?;
    let input = json!([{"type": "text", "text": "Say hello."}]);
    let turn = json!({"threadId": thread.thread.id, "input": input});
    client.turn_start(&from_value(turn)?).await?;
    let mut events = client.events();
    while let Some(event) = events.next().await {
        match event? {
            ServerMessage::Notification(Notification::AgentMessageDelta(delta)) => print!("{}", delta.delta),
            ServerMessage::Notification(Notification::TurnCompleted(_)) => break,
            _ => {}
        }
    }
    client.shutdown().await?;
    Ok(())
}
"#;

/// Runs the chore.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let project = Project::create()?;
    let mut rows = Vec::new();
    for (title, subjects) in &SUBJECTS {
        for mode in &args.modes {
            eprintln!("compiling the dependencies: {title}, {mode}");
            for subject in subjects {
                project.compile(mode, subject)?;
            }
            rows.push((title, mode, subjects, [f64::INFINITY; 2]));
        }
    }
    args.rounds.run(|| {
        for (_, mode, subjects, fastest) in &mut rows {
            for (subject, fastest) in subjects.iter().zip(fastest) {
                project.clean(mode, subject)?;
                *fastest = project.compile(mode, subject)?.min(*fastest);
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

/// The project with the packages of all subjects.
struct Project {
    directory: tempfile::TempDir,
}

impl Project {
    fn create() -> anyhow::Result<Self> {
        let project = Self {
            directory: tempfile::tempdir().context("cannot create a temporary directory")?,
        };
        let root = project.directory.path();
        let crates = workspace::root()?.join("crates").display().to_string();
        let manifest = "[workspace]\nresolver = '3'\nmembers = ['*-*']\n";
        fs::write(root.join("Cargo.toml"), manifest)?;
        for subject in SUBJECTS.iter().flat_map(|(_, subjects)| subjects) {
            let name = subject.name;
            let dependencies = subject.dependencies.replace("CRATES", &crates);
            let manifest = format!(
                "[package]\nname = '{name}'\nedition = '2024'\n[dependencies]\n{dependencies}\n"
            );
            let (file, content) = subject.source;
            fs::create_dir_all(root.join(name).join("src"))?;
            fs::write(root.join(name).join("Cargo.toml"), manifest)?;
            fs::write(root.join(name).join("src").join(file), content)?;
        }
        // Only the first run needs the registry.
        if project.cargo(&["fetch", "--offline"]).is_err() {
            project.cargo(&["fetch"])?;
        }
        Ok(project)
    }

    /// Compiles a subject. Returns the CPU seconds that it took.
    fn compile(&self, mode: &str, subject: &Subject) -> anyhow::Result<f64> {
        let before = cpu_of_children()?;
        let words = [words(mode).0, &["--offline", "--package", subject.name]].concat();
        self.cargo(&words)?;
        Ok(cpu_of_children()? - before)
    }

    /// Removes the crates of a subject but not their dependencies.
    fn clean(&self, mode: &str, subject: &Subject) -> anyhow::Result<()> {
        let mut words = vec!["clean", "--offline", "--profile", words(mode).1];
        for package in subject.packages {
            words.extend(["--package", package]);
        }
        self.cargo(&words)
    }

    fn cargo(&self, words: &[&str]) -> anyhow::Result<()> {
        let output = cargo::command()?
            .args(words)
            .current_dir(self.directory.path())
            .env("CARGO_TARGET_DIR", self.directory.path().join("target"))
            .env("CARGO_INCREMENTAL", "0")
            // Cargo lints path dependencies, but caps the lints of those from the registry.
            .env("CARGO_ENCODED_RUSTFLAGS", "--cap-lints\u{1f}allow")
            .stdin(Stdio::null())
            .output()
            .context("cannot run cargo")?;
        ensure!(
            output.status.success(),
            "`cargo {}` failed:\n{}",
            words.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }
}

/// Returns the CPU seconds of all child processes so far, and of their children.
#[cfg(unix)]
fn cpu_of_children() -> anyhow::Result<f64> {
    use nix::sys::{
        resource::{UsageWho, getrusage},
        time::TimeValLike,
    };

    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("cannot read the CPU time")?;
    let time = usage.user_time() + usage.system_time();
    Ok(std::time::Duration::from_micros(time.num_microseconds().try_into()?).as_secs_f64())
}

#[cfg(not(unix))]
fn cpu_of_children() -> anyhow::Result<f64> {
    anyhow::bail!("only Unix reports the CPU time of child processes")
}
