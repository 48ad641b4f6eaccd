//! The whole process tree of a server ends with its client, however the client ends.
//!
//! The server does not exit at the end of its input, and a descendant holds its streams open. Some
//! servers are behind a wrapper, like the one of npm: a batch file on Windows, a shell elsewhere.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use codex_client::{Codex, Error, blocking, builder::CodexBuilder};
use codex_testing::{FakeConnection, Fault};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::{fake_codex, start};

/// The time after which a process counts as left behind.
const DEADLINE: Duration = Duration::from_secs(60);

/// A server and its descendant.
struct Tree {
    fake: FakeConnection,
    /// The directory of the batch file.
    wrapper: TempDir,
}

impl Tree {
    fn new() -> Self {
        let wrapper = tempfile::tempdir().unwrap();
        let text = format!("@\"{}\" %*\r\n", fake_codex().display());
        let fake = FakeConnection::child_process().unwrap();
        let tree = Self { fake, wrapper };
        fs::write(tree.batch_file(), text).unwrap();
        tree
    }

    fn batch_file(&self) -> PathBuf {
        self.wrapper.path().join("codex.cmd")
    }

    /// Makes the tree the server of a client.
    fn equip<M>(&self, builder: CodexBuilder<M>) -> CodexBuilder<M> {
        builder.binary(fake_codex()).envs(self.fake.envs())
    }

    /// Makes the tree the server of a client, behind a wrapper.
    fn wrap<M>(&self, builder: CodexBuilder<M>) -> CodexBuilder<M> {
        behind_wrapper(self.equip(builder), &self.batch_file())
    }

    /// Starts a program of this file that owns a client, whose server is the tree behind a wrapper.
    fn start_owner(&self, name: &str) -> Child {
        let mut program = Command::new(env::current_exe().unwrap());
        program
            .args(["--nocapture", "--exact"])
            .arg(format!("process_trees::{name}"))
            .env(OWNER, self.batch_file())
            .envs(self.fake.envs())
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        program.spawn().unwrap()
    }

    /// Completes the handshake, then lets the whole tree run.
    async fn run(&mut self) {
        self.fake.handshake().await;
        self.fake.outlive_input().await;
        self.fake.start_descendant().await;
    }

    /// Runs the tree while a client starts.
    fn start<C>(mut self, start: impl FnOnce() -> C) -> (C, Self) {
        let running = thread::spawn(|| {
            current_thread().block_on(self.run());
            self
        });
        (start(), running.join().unwrap())
    }

    /// Runs the tree while a client starts in a runtime.
    fn start_in(&mut self, runtime: &Runtime, builder: CodexBuilder) -> Codex {
        let (codex, ()) = runtime.block_on(async { tokio::join!(builder.start(), self.run()) });
        codex.unwrap()
    }

    /// Waits until the tree has ended, and returns the id that the server had.
    fn end(mut self) -> u32 {
        current_thread().block_on(async {
            let id = self.fake.started().await.unwrap().id();
            let ended = tokio::time::timeout(DEADLINE, async {
                self.fake.ended().await;
                self.fake.descendants_ended().await;
            });
            ended.await.expect("a process is left behind");
            id
        })
    }
}

/// The variable with the batch file, for the programs that own a client.
const OWNER: &str = "CODEX_TESTS_OWNER_OF";

/// Puts the program that stands in for `codex` behind a wrapper.
fn behind_wrapper<M>(builder: CodexBuilder<M>, batch_file: &Path) -> CodexBuilder<M> {
    if cfg!(windows) {
        builder.binary(batch_file)
    } else {
        // Without the second command the shell would replace itself.
        let program = fake_codex().to_str().unwrap();
        let arguments = ["-c", "\"$0\" \"$@\"; exit $?", program];
        builder.binary("sh").launch_args(arguments)
    }
}

/// Asserts that one of three ends takes less than this time. A busy machine may delay some of them,
/// but a client that waits in vain delays them all.
fn assert_within(limit: Duration, end: impl Fn() -> Duration) {
    let ends: Vec<_> = (0..3)
        .map(|_| end())
        .take_while(|time| *time > limit)
        .collect();
    assert!(
        ends.len() < 3,
        "each end took more than {limit:?}: {ends:?}"
    );
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Returns the exit status of the server of a closed client.
fn exit_status(runtime: &Runtime, codex: &Codex) -> ExitStatus {
    match runtime.block_on(codex.models().send()) {
        Err(Error::Closed(closed)) => closed.exit_status.unwrap(),
        response => panic!("not closed: {response:?}"),
    }
}

/// Asserts that a process is not left as a zombie either.
#[cfg(unix)]
fn assert_reaped(id: u32) {
    let mut kill = Command::new("kill");
    let output = kill.args(["-0", &id.to_string()]).output().unwrap();
    assert!(!output.status.success());
}

#[test]
fn a_tree_ends_when_its_client_is_closed() {
    let tree = Tree::new();
    let builder = tree.wrap(blocking::Codex::builder());
    let (codex, tree) = tree.start(|| builder.start().unwrap());
    codex.close().unwrap();
    tree.end();
}

#[test]
fn a_server_behind_a_wrapper_has_time_to_exit_by_itself() {
    let (runtime, mut tree) = (current_thread(), Tree::new());
    let builder = tree.wrap(Codex::builder());
    let codex = runtime.block_on(async {
        let (codex, ()) = tokio::join!(builder.start(), tree.fake.handshake());
        let codex = codex.unwrap();
        tree.fake.outlive_input().await;
        let (closed, ()) = tokio::join!(codex.clone().close(), async {
            tree.fake.receive_end().await;
            tree.fake.fault(Fault::Exit(7)).await;
        });
        closed.unwrap();
        codex
    });
    tree.end();
    assert_eq!(exit_status(&runtime, &codex).code(), Some(7));
}

#[test]
fn a_tree_ends_when_the_last_handle_of_its_blocking_client_is_dropped() {
    let tree = Tree::new();
    let builder = tree.wrap(blocking::Codex::builder());
    let (codex, tree) = tree.start(|| builder.start().unwrap());
    drop(codex);
    tree.end();
}

#[test]
fn a_tree_ends_with_its_runtime() {
    let several = Builder::new_multi_thread().enable_all().build().unwrap();
    for runtime in [current_thread(), several] {
        let mut tree = Tree::new();
        let builder = tree.wrap(Codex::builder());
        let codex = tree.start_in(&runtime, builder);
        drop(runtime);
        tree.end();
        drop(codex);
    }
}

#[test]
fn a_tree_behind_a_wrapper_ends_within_seconds_when_its_client_is_closed() {
    // A second for the server to exit, and a second to terminate it.
    assert_within(Duration::from_secs(4), || {
        let tree = Tree::new();
        let builder = tree.wrap(blocking::Codex::builder());
        let (codex, tree) = tree.start(|| builder.start().unwrap());
        let closing = Instant::now();
        codex.close().unwrap();
        tree.end();
        closing.elapsed()
    });
}

#[test]
fn a_tree_behind_a_wrapper_ends_within_seconds_with_a_program_that_returns() {
    assert_within(Duration::from_secs(10), || {
        let tree = Tree::new();
        let mut program = tree.start_owner("this_program_owns_a_server_until_its_input_ends");
        let ((), tree) = tree.start(|| ());
        let returning = Instant::now();
        drop(program.stdin.take());
        assert!(program.wait().unwrap().success());
        tree.end();
        returning.elapsed()
    });
}

#[test]
fn this_program_owns_a_server_until_its_input_ends() {
    let Some(batch_file) = env::var_os(OWNER) else {
        return;
    };
    // The client works while the main thread waits.
    let runtime = Runtime::new().unwrap();
    let builder = behind_wrapper(Codex::builder(), batch_file.as_ref());
    let _codex = runtime.block_on(builder.start()).unwrap();
    io::copy(&mut io::stdin(), &mut io::sink()).unwrap();
}

/// On other systems, a server that does not exit at the end of its input outlives such a program.
#[cfg(windows)]
#[test]
fn a_tree_ends_with_a_program_that_is_killed() {
    let tree = Tree::new();
    let mut program = tree.start_owner("this_program_owns_a_server_until_its_input_ends");
    let ((), tree) = tree.start(|| ());
    program.kill().unwrap();
    program.wait().unwrap();
    tree.end();
}

#[cfg(unix)]
#[test]
fn a_server_that_does_not_exit_is_terminated_with_its_descendants() {
    use std::os::unix::process::ExitStatusExt;

    let (runtime, mut tree) = (current_thread(), Tree::new());
    let builder = tree.equip(Codex::builder());
    let codex = tree.start_in(&runtime, builder);
    runtime.block_on(codex.clone().close()).unwrap();
    let id = tree.end();
    assert_reaped(id);
    assert_eq!(exit_status(&runtime, &codex).signal(), Some(15));
}

#[cfg(unix)]
#[test]
fn a_server_that_ignores_termination_is_killed_with_its_descendants_and_reaped() {
    let (runtime, mut tree) = (current_thread(), Tree::new());
    let builder = tree.equip(Codex::builder());
    let _codex = tree.start_in(&runtime, builder);
    runtime.block_on(tree.fake.fault(Fault::Hang));
    drop(runtime);
    let id = tree.end();
    assert_reaped(id);
}

#[cfg(unix)]
#[test]
fn a_panic_leaves_no_process() {
    let mut tree = Tree::new();
    let (running, panicking) = std::sync::mpsc::channel();
    let program = thread::spawn(move || {
        let runtime = current_thread();
        let builder = tree.equip(Codex::builder());
        let codex = tree.start_in(&runtime, builder);
        running.send(tree).unwrap();
        runtime.block_on(async move {
            let _codex = codex;
            std::panic::resume_unwind(Box::new("simulated panic"));
        })
    });
    let tree = panicking.recv().unwrap();
    program.join().unwrap_err();
    let id = tree.end();
    assert_reaped(id);
}

#[tokio::test]
async fn a_dropped_start_leaves_no_process() {
    let mut tree = Tree::new();
    // The server does not respond to the handshake.
    let starting = tokio::spawn(tree.equip(Codex::builder()).start());
    tree.fake.started().await.unwrap();
    tree.fake.outlive_input().await;
    starting.abort();
    assert!(starting.await.unwrap_err().is_cancelled());
    let ended = tokio::time::timeout(DEADLINE, tree.fake.ended());
    ended.await.expect("a process is left behind");
}

#[tokio::test]
async fn a_dropped_close_leaves_no_process() {
    let mut tree = Tree::new();
    let codex = start(&mut tree.fake).await;
    tree.fake.outlive_input().await;
    let closing = tokio::spawn(codex.clone().close());
    tree.fake.receive_end().await;
    closing.abort();
    let ended = tokio::time::timeout(DEADLINE, tree.fake.ended());
    ended.await.expect("a process is left behind");
    let later = codex.models().await;
    assert!(matches!(later, Err(Error::Closed(_))), "{later:?}");
}
