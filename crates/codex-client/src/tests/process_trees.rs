//! The whole process tree of a server ends, also behind a wrapper like the batch file of npm.
//!
//! This test program plays the server and its child: the tests run it again with a role. Each
//! process holds a connection to the test while it runs.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{self, BufRead, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;
use tempfile::TempDir;

use crate::{blocking, client::Codex, codex::builder::CodexBuilder, tests::initialize_response};

/// The variable that makes this program play a part.
const ROLE: &str = "CODEX_CLIENT_TEST_ROLE";

/// The variable with the address that each process connects to.
const ADDRESS: &str = "CODEX_CLIENT_TEST_ADDRESS";

/// The variable with the directory of the batch file.
const DIRECTORY: &str = "CODEX_CLIENT_TEST_DIRECTORY";

/// The time after which a process exits by itself, which means that it was left behind.
const LONGEST_STAY: Duration = Duration::from_secs(60);

/// The time to wait for an event, longer than any process stays.
const DEADLINE: Duration = Duration::from_secs(120);

/// The arguments that run only the test that plays the parts, which prints little else.
const PLAY: [&str; 4] = [
    "--quiet",
    "--nocapture",
    "--exact",
    "tests::process_trees::the_program_plays_its_part",
];

#[test]
fn the_program_plays_its_part() {
    match env::var(ROLE).as_deref() {
        Ok("server") => play_server(),
        Ok("child") => stay(),
        Ok("obedient server") => play_obedient_server(),
        Ok("owner") => play_owner(),
        _ => {}
    }
}

/// Completes the handshake, then neither responds nor exits. A child holds its streams open.
fn play_server() {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(PLAY)
        .env(ROLE, "child")
        .spawn()
        .unwrap();
    respond_to_initialize();
    stay();
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Exits when its input ends, as Codex does, and reports that.
fn play_obedient_server() {
    let mut connection = connect();
    respond_to_initialize();
    io::copy(&mut io::stdin().lock(), &mut io::sink()).unwrap();
    connection.write_all(b".").unwrap();
}

fn respond_to_initialize() {
    io::stdin().lock().read_line(&mut String::new()).unwrap();
    let response = json!({"id": 1, "result": initialize_response()});
    println!("\n{response}");
}

/// Owns a server until it is killed.
fn play_owner() {
    let (address, directory) = (env::var(ADDRESS).unwrap(), env::var(DIRECTORY).unwrap());
    let builder = equip(blocking::Codex::builder(), &address, directory.as_ref());
    let _codex = builder.start().unwrap();
    stay();
}

/// Holds a connection until the process is ended, or reports that it was left behind.
fn stay() {
    let mut connection = connect();
    let since = Instant::now();
    while let Some(left) = LONGEST_STAY.checked_sub(since.elapsed()) {
        thread::park_timeout(left);
    }
    connection.write_all(b"!").unwrap();
}

fn connect() -> TcpStream {
    TcpStream::connect(env::var(ADDRESS).unwrap()).unwrap()
}

/// Makes the server of a client a tree of processes behind a wrapper.
fn equip<M>(builder: CodexBuilder<M>, address: &str, directory: &Path) -> CodexBuilder<M> {
    let program = env::current_exe().unwrap();
    let builder = builder.env(ROLE, "server").env(ADDRESS, address);
    if cfg!(windows) {
        builder
            .binary(directory.join("codex.cmd"))
            .launch_args(PLAY)
    } else {
        // Without the second command the shell would replace itself.
        let script = ["-c", "\"$0\" \"$@\"; exit $?"].map(OsString::from);
        let arguments = script.into_iter().chain([program.into_os_string()]);
        builder
            .binary("sh")
            .launch_args(arguments.chain(PLAY.map(Into::into)))
    }
}

/// The processes of a server: the server and its child.
struct Tree {
    address: String,
    /// The directory of the batch file.
    wrapper: TempDir,
    events: Receiver<Event>,
}

/// A process has connected, has been ended, has exited because its input ended, or because it was
/// left behind.
#[derive(Debug, PartialEq)]
enum Event {
    Started,
    Ended,
    Exited,
    LeftBehind,
}

impl Tree {
    /// Expects this many processes.
    fn new(processes: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, events) = mpsc::channel();
        thread::spawn(move || {
            for connection in listener.incoming().take(processes) {
                let mut connection = connection.unwrap();
                let sender = sender.clone();
                sender.send(Event::Started).unwrap();
                thread::spawn(move || {
                    let mut report = [0];
                    let event = match connection.read(&mut report) {
                        Ok(1..) if report == *b"." => Event::Exited,
                        Ok(1..) => Event::LeftBehind,
                        // The connection of a killed process may also be reset.
                        Ok(0) | Err(_) => Event::Ended,
                    };
                    let _ = sender.send(event);
                });
            }
        });
        let wrapper = tempfile::tempdir().unwrap();
        let program = env::current_exe().unwrap();
        let text = format!("@\"{}\" %*\r\n", program.display());
        fs::write(wrapper.path().join("codex.cmd"), text).unwrap();
        Self {
            address,
            wrapper,
            events,
        }
    }

    /// Returns a builder whose server is this tree.
    fn builder<M>(&self, builder: CodexBuilder<M>) -> CodexBuilder<M> {
        equip(builder, &self.address, self.wrapper.path())
    }

    fn wait_for(&self, event: &Event, processes: usize) {
        for _ in 0..processes {
            let next = self.events.recv_timeout(DEADLINE);
            assert_eq!(next.as_ref(), Ok(event), "of {processes} processes");
        }
    }
}

#[test]
fn a_tree_ends_when_its_client_is_closed() {
    let tree = Tree::new(2);
    let codex = tree.builder(blocking::Codex::builder()).start().unwrap();
    tree.wait_for(&Event::Started, 2);
    codex.close().unwrap();
    tree.wait_for(&Event::Ended, 2);
}

#[test]
fn a_server_behind_a_wrapper_exits_by_itself_when_its_client_is_closed() {
    let tree = Tree::new(1);
    let builder = tree.builder(blocking::Codex::builder());
    let codex = builder.env(ROLE, "obedient server").start().unwrap();
    tree.wait_for(&Event::Started, 1);
    codex.close().unwrap();
    tree.wait_for(&Event::Exited, 1);
}

#[test]
fn a_tree_ends_when_the_last_handle_of_its_blocking_client_is_dropped() {
    let tree = Tree::new(2);
    let codex = tree.builder(blocking::Codex::builder()).start().unwrap();
    tree.wait_for(&Event::Started, 2);
    drop(codex);
    tree.wait_for(&Event::Ended, 2);
}

#[test]
fn a_tree_ends_with_its_runtime() {
    let current = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let several = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    for runtime in [current.unwrap(), several.unwrap()] {
        let tree = Tree::new(2);
        let builder = tree.builder(Codex::builder());
        let codex = runtime.block_on(builder.start()).unwrap();
        tree.wait_for(&Event::Started, 2);
        drop(runtime);
        tree.wait_for(&Event::Ended, 2);
        drop(codex);
    }
}

/// On other systems, a server that does not exit at the end of its input outlives such a program.
#[cfg(windows)]
#[test]
fn a_tree_ends_with_a_program_that_is_killed() {
    let tree = Tree::new(3);
    let mut owner = Command::new(env::current_exe().unwrap())
        .args(PLAY)
        .env(ROLE, "owner")
        .env(ADDRESS, &tree.address)
        .env(DIRECTORY, tree.wrapper.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    tree.wait_for(&Event::Started, 3);
    owner.kill().unwrap();
    owner.wait().unwrap();
    tree.wait_for(&Event::Ended, 3);
}
