//! However a program ends, the server, its MCP servers and its commands end too.
//!
//! The programs run as processes of their own (`src/bin/way_out.rs`). Each has a thread with an MCP
//! server and with a command of the model. Codex starts both as leaders of process groups of their
//! own, and neither exits at the end of its input.
#![cfg(unix)]

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use codex_testing::{CodexHome, ModelResponse, ScriptedModel, codex_bin};
use codex_tests::stage::home;
use serde_json::json;
use tempfile::TempDir;

/// The time after which a process counts as left behind.
const DEADLINE: Duration = Duration::from_secs(60);

/// The byte that the command of the model writes to its pipe.
const RUNNING: u8 = b'r';

fn make_pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo runs").success());
}

/// A pipe that processes hold open while they run.
struct Lifeline {
    path: PathBuf,
    /// Receives all that was written to the pipe, at its end.
    ended: Receiver<Vec<u8>>,
    _directory: TempDir,
}

impl Lifeline {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("lifeline");
        make_pipe(&path);
        let (done, ended) = mpsc::channel();
        thread::spawn({
            let path = path.clone();
            move || {
                let mut pipe = File::open(path).expect("a pipe");
                let mut written = Vec::new();
                pipe.read_to_end(&mut written).expect("the end of the pipe");
                let _ = done.send(written);
            }
        });
        Self {
            path,
            ended,
            _directory: directory,
        }
    }

    /// Waits until no process holds the pipe, to which exactly these bytes must have been written.
    fn wait(&self, of: &str, expected: &[u8]) {
        match self.ended.recv_timeout(DEADLINE) {
            Ok(written) => assert_eq!(written, expected, "{of}"),
            Err(_) => panic!("a process is left: {of}"),
        }
    }

    /// Returns a command that holds the pipe, then closes another one, and does not end by itself
    /// within the deadline.
    fn command(&self, ready: &Path) -> ModelResponse {
        let (path, ready) = (self.path.display(), ready.display());
        let running = char::from(RUNNING);
        let script = format!("exec 8> '{path}'; printf {running} >&8; : > '{ready}'; sleep 300");
        let call = json!({ "cmd": script, "yield_time_ms": 30_000 });
        ModelResponse::function_call("exec_command", call)
    }
}

/// A program with a running server.
struct Program {
    child: Child,
    /// Held by the server and its MCP server.
    server: Lifeline,
    /// Held by the command of the model.
    command: Lifeline,
    name: String,
    _model: ScriptedModel,
    _home: CodexHome,
}

impl Program {
    fn start(runtime: &str, way: &str) -> Self {
        let model = ScriptedModel::start().expect("a model on loopback");
        let mcp_server = env!("CARGO_BIN_EXE_mcp_server");
        let (server, running) = (Lifeline::new(), Lifeline::new());
        let ready = running.path.with_file_name("ready");
        make_pipe(&ready);
        model.push(running.command(&ready));
        let home = home(&model)
            .approval_policy("never")
            .sandbox_mode("danger-full-access");
        let home = home.config(format!(
            "[mcp_servers.stubborn]\ncommand = '{mcp_server}'\nargs = ['{}']\n",
            server.path.display()
        ));
        let home = home.build().expect("a temporary home");
        let mut command = home.command(env!("CARGO_BIN_EXE_way_out"));
        command
            .args([runtime, way])
            .env("LIFELINE", &server.path)
            .env("READY", &ready)
            .env("SERVER", codex_bin().expect("a Codex to test against"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self {
            child: command.spawn().expect("the program runs"),
            server,
            command: running,
            name: format!("{runtime} {way}"),
            _model: model,
            _home: home,
        }
    }

    /// Waits until the program has ended with this text on standard error, its server and its
    /// command too.
    fn ends(self, succeeds: bool, said: &str) {
        let output = self.child.wait_with_output().expect("the program ends");
        let stderr = String::from_utf8_lossy(&output.stderr);
        let of = &self.name;
        self.server.wait(&format!("server of {of}: {stderr}"), &[]);
        self.command
            .wait(&format!("command of {of}: {stderr}"), &[RUNNING]);
        assert_eq!(output.status.success(), succeeds, "{of}: {stderr}");
        assert!(stderr.contains(said), "{of}: {stderr}");
    }
}

/// Ends a program of each kind in this way.
fn leaves_nothing(way: &str, succeeds: bool, said: &str) {
    let runtimes = ["current_thread", "multi_thread", "blocking"];
    let programs = runtimes.map(|runtime| Program::start(runtime, way));
    for program in programs {
        program.ends(succeeds, said);
    }
}

#[test]
fn nothing_is_left_by_a_main_that_returns() {
    leaves_nothing("return", true, "");
}

#[test]
fn nothing_is_left_by_a_main_that_fails() {
    leaves_nothing("fail", false, "thread/archive");
}

#[test]
fn nothing_is_left_by_a_main_that_panics() {
    leaves_nothing("panic", false, "ended with ");
}

#[test]
fn nothing_is_left_by_a_client_that_is_closed() {
    leaves_nothing("close", true, "");
}

#[test]
fn nothing_is_left_by_a_client_that_is_dropped() {
    leaves_nothing("drop", true, "");
}

#[test]
fn nothing_is_left_by_a_program_that_exits() {
    leaves_nothing("exit", true, "");
}

#[test]
fn nothing_is_left_by_a_program_that_aborts() {
    leaves_nothing("abort", false, "");
}

#[test]
fn nothing_is_left_by_a_runtime_that_is_shut_down_in_the_background() {
    for runtime in ["current_thread", "multi_thread"] {
        Program::start(runtime, "shutdown_background").ends(true, "");
    }
}

#[test]
fn nothing_is_left_by_a_program_that_is_killed() {
    for runtime in ["current_thread", "blocking"] {
        let mut program = Program::start(runtime, "killed");
        let stdout = program.child.stdout.take().expect("a pipe");
        let ready = BufReader::new(stdout).lines().next();
        assert_eq!(ready.expect("a line").expect("text"), "ready");
        program.child.kill().expect("a running program");
        program.ends(false, "");
    }
}
