//! The server of a blocking client ends with the client and with the program.
#![cfg(unix)]

use std::{
    env,
    fs::File,
    io::Read,
    path::PathBuf,
    process::{Command, abort, exit},
    thread::{self, JoinHandle},
};

use codex_client::blocking::Codex;
use codex_testing::codex_bin;
use codex_tests::stage::Stage;

/// The variable that makes this program a child; its value is the way in which the child ends.
const ROLE: &str = "CODEX_TESTS_END_BY";

/// A pipe that a server holds open while it runs.
struct Lifeline {
    path: PathBuf,
    ended: JoinHandle<()>,
}

impl Lifeline {
    fn new(stage: &Stage) -> Self {
        let path = stage.home.root().join("lifeline");
        let made = Command::new("mkfifo").arg(&path).status();
        assert!(made.expect("mkfifo runs").success());
        let ended = thread::spawn({
            let path = path.clone();
            move || {
                let mut pipe = File::open(path).expect("a pipe");
                let read = pipe.read(&mut [0]).expect("the end of the pipe");
                assert_eq!(read, 0);
            }
        });
        Self { path, ended }
    }

    /// Returns the environment variables to set for the server.
    fn env(&self) -> [(&'static str, PathBuf); 2] {
        let program = codex_bin().expect("a Codex to test against");
        [("LIFELINE", self.path.clone()), ("SERVER", program)]
    }

    fn wait(self) {
        self.ended.join().expect("the server has ended");
    }
}

/// Runs the real server with the lifeline open.
const SCRIPT: [&str; 2] = ["-c", "exec \"$SERVER\" app-server 9> \"$LIFELINE\""];

#[test]
fn the_server_ends_when_the_last_handle_is_dropped() {
    let stage = Stage::new();
    let lifeline = Lifeline::new(&stage);
    let mut builder = stage.blocking_builder().binary("sh").launch_args(SCRIPT);
    for (name, value) in lifeline.env() {
        builder = builder.env(name, value);
    }
    let codex = builder.start().unwrap();
    let thread = codex.clone().thread_start().send().unwrap();
    drop(codex);
    assert!(thread.read().send().is_ok());
    drop(thread);
    lifeline.wait();
}

/// Runs this program again as a child that runs only the given test.
fn ends_with_its_program(test: &str, how: &str) {
    let stage = Stage::new();
    let lifeline = Lifeline::new(&stage);
    let program = env::current_exe().expect("the path of this program");
    let mut command = stage.home.command(program);
    // The test harness names a test by its path below the crate.
    let (_, module) = module_path!().split_once("::").expect("a module");
    let test = format!("{module}::{test}");
    command.args(["--exact", &test]).env(ROLE, how);
    let output = command.envs(lifeline.env()).output().expect("it runs");
    lifeline.wait();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.success(), how == "exit", "{text}");
}

/// Starts a server with a thread and ends this program.
fn end_by(how: &str) -> ! {
    let codex = Codex::builder().binary("sh").launch_args(SCRIPT).start();
    let codex = codex.expect("a running app-server");
    let thread = codex.thread_start().send().expect("a thread");
    match how {
        "exit" => exit(0),
        "abort" => abort(),
        _ => panic!("ended with {}", thread.id()),
    }
}

#[test]
fn the_server_ends_with_a_program_that_exits() {
    match env::var(ROLE) {
        Ok(how) => end_by(&how),
        Err(_) => ends_with_its_program("the_server_ends_with_a_program_that_exits", "exit"),
    }
}

#[test]
fn the_server_ends_with_a_program_that_panics() {
    match env::var(ROLE) {
        Ok(how) => end_by(&how),
        Err(_) => ends_with_its_program("the_server_ends_with_a_program_that_panics", "panic"),
    }
}

#[test]
fn the_server_ends_with_a_program_that_aborts() {
    match env::var(ROLE) {
        Ok(how) => end_by(&how),
        Err(_) => ends_with_its_program("the_server_ends_with_a_program_that_aborts", "abort"),
    }
}
