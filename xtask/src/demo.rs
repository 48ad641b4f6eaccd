//! `cargo xtask demo`: runs one turn on a real app-server and streams it to the terminal.
//!
//! The demo itself is an example of `codex-tests`. It is compiled only when it runs, so that this
//! crate depends on no crate of the workspace.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, ensure};

use crate::{cargo, picture, runtime, spinner::Spinner, workspace};

/// The package and the name of the example.
const EXAMPLE: [&str; 4] = ["--package", "codex-tests", "--example", "demo"];

/// The files of the repository that show the demo on the pinned release, and the options that renew
/// them.
pub(crate) const SHOWN: [(&str, &str); 2] = [
    ("--svg", "docs/demo.svg"),
    ("--recording", "tests/fixtures/demo.jsonl"),
];

/// Arguments of `cargo xtask demo`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The prompt; by default, a question about the files in the directory.
    prompt: Option<String>,
    /// Use your own login and model instead of a scripted model; the sandbox is read-only.
    #[arg(long)]
    live: bool,
    /// Write a picture of the output to this file instead of printing it.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Record the messages of the scripted demo to this file, without the names of this machine.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["live", "svg"])]
    recording: Option<PathBuf>,
}

/// Runs the chore. Ends with the exit code of the example.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let Args {
        prompt,
        live,
        svg,
        recording,
    } = args;
    let binary = runtime::ensure(None)?;
    let spinner = Spinner::default();
    spinner.say("compiling the demo".into());
    cargo::build(&EXAMPLE, "the demo")?;
    drop(spinner);
    let mut example = cargo::command()?;
    example
        .args(["run", "--quiet"])
        .args(EXAMPLE)
        .arg("--")
        .args(live.then_some("--live"))
        .args(prompt)
        .env(runtime::CODEX_BIN, &binary);
    // With `--live`, the model works in the directory of the user.
    example.current_dir(std::env::current_dir()?);
    match (svg, recording) {
        (Some(path), _) => draw(&mut example, &path),
        (None, Some(path)) => record(&mut example, &path, &binary),
        (None, None) => cargo::hand_over(example),
    }
}

/// Runs a program and returns what it writes to standard output and to standard error, in the order
/// in which a terminal shows it: both are the same pipe.
fn output(program: &mut Command) -> anyhow::Result<String> {
    let (mut reader, writer) = io::pipe().context("cannot open a pipe")?;
    program.stdout(writer.try_clone()?).stderr(writer);
    let mut running = program.spawn().context("cannot run the demo")?;
    // The command has the other ends of the pipe until they are replaced.
    program.stdout(Stdio::null()).stderr(Stdio::null());
    let mut written = Vec::new();
    reader.read_to_end(&mut written)?;
    let status = running.wait()?;
    let written = String::from_utf8_lossy(&written).into_owned();
    ensure!(status.success(), "the demo failed:\n{}", written.trim());
    Ok(written)
}

/// Writes a file, whose path is relative to the directory of the user.
fn write(path: &Path, text: String) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    println!("wrote {}", workspace::shown(path));
    Ok(())
}

/// Runs the example and records its messages.
fn record(example: &mut Command, path: &Path, binary: &Path) -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let recording = directory.path().join("demo.jsonl");
    output(example.env("CODEX_CLIENT_RECORD", &recording))?;
    let text = std::fs::read_to_string(&recording).context("the demo was not recorded")?;
    let text = without_machine(text, binary);
    write(path, text)
}

/// Replaces the paths and the name of this machine in a recording.
fn without_machine(mut text: String, binary: &Path) -> String {
    let member = |text: &str, name: &str| {
        let (_, rest) = text.split_once(&format!("\"{name}\":\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let home = member(&text, "codexHome");
    let home = home.as_deref().and_then(|home| Path::new(home).parent());
    let name = member(&text, "serverName");
    let words = [
        (home, "/home/user/demo"),
        (Some(binary), "/home/user/bin/codex"),
        (binary.parent(), "/home/user/bin"),
    ];
    for (path, instead) in words {
        if let Some(path) = path.and_then(Path::to_str).filter(|path| !path.is_empty()) {
            text = text.replace(path, instead);
        }
    }
    match name {
        Some(name) => text.replace(
            &format!("\"serverName\":\"{name}\""),
            "\"serverName\":\"machine\"",
        ),
        None => text,
    }
}

/// Runs the example as on a terminal with colors, and draws what it prints.
fn draw(example: &mut Command, path: &Path) -> anyhow::Result<()> {
    let printed = output(example.env("CLICOLOR_FORCE", "1").env_remove("NO_COLOR"))?;
    let svg = picture::draw("cargo xtask demo", &printed);
    write(path, svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_output_and_the_errors_of_a_program_are_in_the_order_in_which_it_writes_them() {
        let shell = |script: &str| output(Command::new("sh").args(["-c", script]));
        let printed = shell("echo one; echo two >&2; echo three").unwrap();
        assert_eq!(printed, "one\ntwo\nthree\n");
        let error = shell("echo one; echo two >&2; exit 3").unwrap_err();
        assert_eq!(error.to_string(), "the demo failed:\none\ntwo");
    }

    #[test]
    fn a_recording_has_no_names_of_this_machine() {
        let text = r#"{"codexHome":"/tmp/x/codex","cwd":"/tmp/x/workspace","serverName":"vm"} /opt/c/codex"#;
        let expected = r#"{"codexHome":"/home/user/demo/codex","cwd":"/home/user/demo/workspace","serverName":"machine"} /home/user/bin/codex"#;
        let text = without_machine(text.to_owned(), Path::new("/opt/c/codex"));
        assert_eq!(text, expected);
    }

    #[test]
    fn the_recording_of_the_demo_is_of_the_pinned_release_and_of_no_machine() {
        let root = workspace::root().unwrap();
        let text = std::fs::read_to_string(root.join("tests/fixtures/demo.jsonl")).unwrap();
        let version = crate::schema::pinned::version().unwrap();
        assert!(
            text.contains(&format!("/{version} (")),
            "no Codex {version}: run `cargo xtask demo --recording tests/fixtures/demo.jsonl`"
        );
        for path in ["/tmp/", "/root/", "/Users/", "/work/"] {
            assert!(!text.contains(path), "{path}");
        }
    }
}
