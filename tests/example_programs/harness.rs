//! Runs an example as a separate process, on a stage with a scripted model.

use std::{
    env::{self, consts::EXE_SUFFIX},
    io::ErrorKind,
    path,
    process::{Output, Stdio},
    time::Duration,
};

use codex_testing::{ModelResponse, codex_bin};
use codex_tests::stage::Stage;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::Command,
    time::timeout,
};

/// An example takes about a second. One that reaches this timeout has hung.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(120);

/// An example to run.
pub(crate) struct Example {
    pub(crate) stage: Stage,
    pub(crate) command: Command,
    pub(crate) name: String,
    pub(crate) stdin: &'static str,
    /// The text expected on standard error, or `None` if standard error must be empty.
    pub(crate) stderr: Option<&'static str>,
}

impl Example {
    /// Creates an example that runs on a stage whose model always sends the same response.
    pub(crate) fn new(name: &str) -> Self {
        let stage = Stage::new();
        stage
            .model
            .respond_with(|_| ModelResponse::text("It is 42."));
        Self {
            command: command(&stage, name),
            stage,
            name: name.to_owned(),
            stdin: "",
            stderr: None,
        }
    }

    /// Prepares another run of the program with the same home.
    pub(crate) fn again(&mut self) -> &mut Command {
        self.command = command(&self.stage, &self.name);
        &mut self.command
    }

    /// Runs the program until it exits. Returns its output.
    pub(crate) async fn output(&mut self) -> Output {
        let command = self.command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A program that fails before it reads its input has closed it by now, or not yet.
        match stdin.write_all(self.stdin.as_bytes()).await {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            written => written.unwrap(),
        }
        // This ends the program's input.
        drop(stdin);
        let output = timeout(TIMEOUT, child.wait_with_output()).await;
        output
            .unwrap_or_else(|_| panic!("{} hangs", self.name))
            .unwrap()
    }

    /// Runs the program until it exits successfully. Returns its output.
    pub(crate) async fn run(&mut self) -> String {
        let output = self.output().await;
        let (stdout, stderr) = (
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr),
        );
        let expected = match self.stderr {
            None => stderr.is_empty(),
            Some(expected) => stderr.contains(expected),
        };
        assert!(
            output.status.success() && expected,
            "{} ended with {}\n{stdout}\n{stderr}",
            self.name,
            output.status,
        );
        stdout
    }

    /// Runs the program and calls `act` after the first line of output. Returns the output after
    /// that line.
    pub(crate) async fn run_and_then(&mut self, act: impl FnOnce()) -> String {
        let mut child = self.command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut rest = String::new();
        let ends = async {
            stdout.read_line(&mut rest).await.unwrap();
            act();
            rest.clear();
            stdout.read_to_string(&mut rest).await.unwrap();
            child.wait().await.unwrap()
        };
        let status = timeout(TIMEOUT, ends).await;
        assert!(status.is_ok_and(|status| status.success()), "{}", self.name);
        rest
    }

    /// Runs the program and asserts that its output has lines that begin with these texts, in this
    /// order.
    pub(crate) async fn prints(&mut self, expected: &[&str]) -> String {
        let stdout = self.run().await;
        let mut lines = stdout.lines();
        for expected in expected {
            assert!(
                lines.any(|line| line.starts_with(expected)),
                "{} did not print `{expected}`:\n{stdout}",
                self.name
            );
        }
        stdout
    }
}

/// Returns the command of an example. Cargo builds it into the directory `examples`, next to the
/// one that contains this test.
pub(crate) fn command(stage: &Stage, name: &str) -> Command {
    let test = env::current_exe().unwrap();
    let profile = test.parent().and_then(|deps| deps.parent()).unwrap();
    let program = profile.join("examples").join(format!("{name}{EXE_SUFFIX}"));
    assert!(
        program.is_file(),
        "{} is missing: `cargo build -p codex-client --all-features --examples` builds it, as \
         does `cargo test --workspace`",
        program.display()
    );
    // The example runs in a different directory from this test.
    let codex = path::absolute(codex_bin().expect("a Codex executable")).unwrap();
    let mut command = Command::from(stage.home.command(program));
    command.kill_on_drop(true).env("CODEX_BIN", codex);
    command
}
