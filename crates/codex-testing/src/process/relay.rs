//! The program that stands in for `codex` as a child process.

use std::{
    env,
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    process::{Child, Command, ExitCode, exit},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use serde_json::{Map, Value, json};

use super::frame::{ADDRESS, DESCENDANT, Frame, Kind, VERSION_OUTPUT};
use crate::binary::VERSION;

/// The whole program of a fake `codex`: it connects its standard streams to the fake in the test.
///
/// The program is one file of the package under test, such as `examples/fake_codex.rs`:
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     codex_testing::run_fake_codex()
/// }
/// ```
///
/// A test finds it with [`example_bin`](crate::example_bin) and starts it with the environment that
/// [`FakeAppServer::envs`](crate::FakeAppServer::envs) or
/// [`FakeConnection::envs`](crate::FakeConnection::envs) returns. In a package that has this crate
/// as a normal dependency, it can also be a binary, which integration tests find as
/// `env!("CARGO_BIN_EXE_fake_codex")`.
///
/// The program exits with 0 when its standard input ends, as `codex app-server` does, and when the
/// fake is dropped. With `--version`, it prints a version and exits.
#[must_use]
pub fn run_fake_codex() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fake codex: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> io::Result<()> {
    if env::args().nth(1).as_deref() == Some("--version") {
        let version = env::var(VERSION_OUTPUT);
        println!("codex-cli {}", version.as_deref().unwrap_or(VERSION));
        return Ok(());
    }
    let Ok(address) = env::var(ADDRESS) else {
        return Err(io::Error::other(format!(
            "{ADDRESS} is not set; start this program with the environment from `FakeAppServer::envs`"
        )));
    };
    let mut stream = TcpStream::connect(address)?;
    // Messages are small, and each is awaited.
    stream.set_nodelay(true)?;
    let parent = env::var(DESCENDANT).ok();
    Frame::new(Kind::Hello, hello(parent.as_deref()).to_string()).write(&stream)?;
    if parent.is_some() {
        // Until the fake is dropped.
        io::copy(&mut stream, &mut io::sink())?;
        return Ok(());
    }
    let relay = Arc::new(Relay {
        stream,
        writes: Mutex::new(()),
        lingers: AtomicBool::new(false),
        hangs: AtomicBool::new(false),
    });
    let input = Arc::clone(&relay);
    thread::spawn(move || input.forward_input());
    relay.obey()
}

/// Describes the process. A descendant has a parent.
fn hello(parent: Option<&str>) -> Value {
    let text = |text: std::ffi::OsString| Value::from(text.to_string_lossy());
    let variables = env::vars_os().map(|(name, value)| {
        let name = name.to_string_lossy().into_owned();
        (name, text(value))
    });
    json!({
        "parent": parent,
        "id": std::process::id(),
        "args": env::args_os().skip(1).map(text).collect::<Vec<_>>(),
        "cwd": env::current_dir().map(|dir| text(dir.into())).unwrap_or_default(),
        "env": variables.collect::<Map<_, _>>(),
    })
}

/// The connection to the fake, shared by both directions.
struct Relay {
    stream: TcpStream,
    /// Held while a frame is written.
    writes: Mutex<()>,
    /// Whether the process continues after the end of its input.
    lingers: AtomicBool,
    /// Whether the process has stopped reading.
    hangs: AtomicBool,
}

impl Relay {
    /// Sends standard input to the fake.
    fn forward_input(&self) {
        let mut buffer = vec![0; 64 * 1024];
        let mut input = io::stdin().lock();
        while let Ok(read @ 1..) = input.read(&mut buffer) {
            while self.hangs.load(Ordering::Acquire) {
                thread::park();
            }
            if self.send(Kind::Input, &buffer[..read]).is_err() {
                return;
            }
        }
        let _ = self.send(Kind::EndOfInput, &[]);
        if !self.lingers.load(Ordering::Acquire) {
            self.disconnect();
            exit(0);
        }
    }

    /// Carries out the frames of the fake until it is dropped.
    fn obey(&self) -> io::Result<()> {
        let mut descendants = Vec::new();
        while let Ok(Some(frame)) = Frame::read(&self.stream) {
            // A stream that the client has closed does not end the process; the end of its input
            // does.
            match frame.kind {
                Kind::Output => {
                    let mut output = io::stdout().lock();
                    let _ = output
                        .write_all(&frame.payload)
                        .and_then(|()| output.flush());
                }
                Kind::Stderr => {
                    let _ = io::stderr().lock().write_all(&frame.payload);
                }
                Kind::CloseOutput => close_output(),
                Kind::Exit => {
                    self.disconnect();
                    exit(code(&frame.payload));
                }
                Kind::Kill => {
                    self.disconnect();
                    kill();
                }
                Kind::Linger => {
                    self.lingers.store(true, Ordering::Release);
                    self.send(Kind::Done, &[])?;
                }
                Kind::Hang => {
                    self.lingers.store(true, Ordering::Release);
                    self.hangs.store(true, Ordering::Release);
                    ignore_termination()?;
                    self.send(Kind::Done, &[])?;
                }
                Kind::Descendant => descendants.push(start_descendant()?),
                Kind::Hello | Kind::Input | Kind::EndOfInput | Kind::Done => {}
            }
        }
        let _ = self.stream.shutdown(Shutdown::Both);
        // They end with the fake too.
        for mut descendant in descendants {
            descendant.wait()?;
        }
        exit(0)
    }

    /// Closes the connection on Windows, before the process ends: Wine 8 can keep a connection open
    /// after the process has ended, so that the fake does not see the end.
    fn disconnect(&self) {
        if cfg!(windows) {
            let _ = self.stream.shutdown(Shutdown::Both);
        }
    }

    fn send(&self, kind: Kind, payload: &[u8]) -> io::Result<()> {
        let _writes = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        Frame::new(kind, payload).write(&self.stream)
    }
}

fn code(payload: &[u8]) -> i32 {
    payload
        .try_into()
        .map(i32::from_be_bytes)
        .unwrap_or_default()
}

/// Starts this program as a descendant that holds the standard streams open.
fn start_descendant() -> io::Result<Child> {
    Command::new(env::current_exe()?)
        .env(DESCENDANT, std::process::id().to_string())
        .spawn()
}

#[cfg(unix)]
fn close_output() {
    // Standard output cannot be closed without `unsafe`, but it can be replaced.
    let null = std::fs::File::options().write(true).open("/dev/null");
    let closed = null.and_then(|null| Ok(rustix::stdio::dup2_stdout(null)?));
    if closed.is_err() {
        exit(2);
    }
}

#[cfg(not(unix))]
fn close_output() {
    exit(0);
}

#[cfg(unix)]
fn kill() {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
}

#[cfg(not(unix))]
fn kill() {
    std::process::abort();
}

/// Installs a handler that does nothing, which stays for the life of the process.
#[cfg(unix)]
fn ignore_termination() -> io::Result<()> {
    use tokio::{
        runtime,
        signal::unix::{SignalKind, signal},
    };

    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async { signal(SignalKind::terminate()).map(drop) })
}

#[cfg(not(unix))]
fn ignore_termination() -> io::Result<()> {
    Ok(())
}
