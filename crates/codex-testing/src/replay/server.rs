//! Serves recordings.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use serde_json::Value;
use tokio::{runtime::Handle, task::AbortHandle};

use super::{
    names::Names,
    player::Player,
    recording::{self, Recorded},
};
use crate::{
    app_server::{ClientStreams, FakeConnection},
    error::{Error, Result},
    monitor::{Monitor, TIMEOUT},
    process::{Host, process},
    runtime_thread::RuntimeThread,
};

/// An app-server that answers a client from a recording.
///
/// Record a session once, with an account and a real app-server: set the variable
/// `CODEX_CLIENT_RECORD` to a path, or use `CodexBuilder::record` of `codex-client`. A test then
/// plays the recording to the program under test, without either.
///
/// Each connection begins at the start of the recording. The server sends what it sent then, in the
/// same order, as soon as the client has sent everything that it had sent before. What the client
/// sends is compared with the recording, and [`finished`](Self::finished) returns the differences.
/// These may differ:
///
/// - the ids of requests, and ids that the client chooses, such as `processId`;
/// - the order of members, and the order of messages that wait for each other in neither session;
/// - times, secrets, which a recording does not contain, and the name of the client (`clientInfo`);
/// - the directories set with [`path`](Self::path), [`home`](Self::home) and
///   [`workspace`](Self::workspace), and the members set with [`ignore`](Self::ignore).
///
/// A request that is not in the recording gets an error response.
///
/// Inside of a Tokio runtime, the server runs as tasks of that runtime; elsewhere it runs on a
/// thread of its own. It stops on drop, along with its child processes.
///
/// ```no_run
/// use codex_testing::{Replay, Result};
///
/// async fn the_program_does_what_it_did() -> Result<()> {
///     let replay = Replay::open("tests/tidy_up.jsonl")?.workspace("/work/app");
///     let (reader, writer) = replay.connect();
///     // Connect the program under test with these streams, run it, and close the connection.
///     drop((reader, writer));
///     replay.finished().await
/// }
/// ```
#[derive(Debug)]
pub struct Replay {
    path: PathBuf,
    recording: Arc<[Recorded]>,
    names: Names,
    ignored: Arc<[String]>,
    outcome: Arc<Monitor<Outcome>>,
    tasks: Handle,
    host: OnceLock<Host>,
    /// Keeps track of the deadlines of waits, and runs the tasks if there is no other runtime.
    _thread: RuntimeThread,
}

/// The outcome of the connections so far.
#[derive(Debug, Default)]
struct Outcome {
    open: usize,
    closed: usize,
    differences: Vec<String>,
    tasks: Vec<AbortHandle>,
}

impl Replay {
    /// Reads a recording.
    ///
    /// # Errors
    ///
    /// [`Error::Recording`] if the file cannot be read or is not a complete recording;
    /// [`Error::Listen`] if the server cannot start its thread.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with_timeout(path, TIMEOUT)
    }

    /// Reads a recording for a server whose waits time out after this duration. The default is 30
    /// seconds.
    ///
    /// # Errors
    ///
    /// Same as [`open`](Self::open).
    pub fn open_with_timeout(path: impl AsRef<Path>, timeout: Duration) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let recording = recording::read(&path)?;
        let thread = RuntimeThread::start("codex-replay").map_err(Error::Listen)?;
        let timer = thread.handle().clone();
        Ok(Self {
            path,
            recording: recording.into(),
            names: Names::default(),
            ignored: Arc::new(["clientInfo".to_owned()]),
            outcome: Arc::new(Monitor::new(Outcome::default(), timeout, timer.clone())),
            tasks: Handle::try_current().unwrap_or(timer),
            host: OnceLock::new(),
            _thread: thread,
        })
    }

    /// Sets the directory that stands for a recorded one, in all texts of both sides.
    #[must_use]
    pub fn path(mut self, recorded: impl AsRef<Path>, present: impl AsRef<Path>) -> Self {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        self.names
            .add_path(text(recorded.as_ref()), text(present.as_ref()));
        self
    }

    /// Sets the directory that stands for the recorded `CODEX_HOME`, which the recording names in
    /// its handshake.
    #[must_use]
    pub fn home(self, present: impl AsRef<Path>) -> Self {
        match self.find(true, "codexHome") {
            Some(recorded) => self.path(recorded, present),
            None => self,
        }
    }

    /// Sets the directory that stands for the recorded workspace: the `cwd` of the first thread.
    #[must_use]
    pub fn workspace(self, present: impl AsRef<Path>) -> Self {
        match self.find(false, "cwd").or_else(|| self.find(true, "cwd")) {
            Some(recorded) => self.path(recorded, present),
            None => self,
        }
    }

    /// Returns the first text of this name in the params of the client or the results of the server.
    fn find(&self, from_server: bool, name: &str) -> Option<String> {
        let mut messages = self.recording.iter();
        messages.find_map(|recorded| {
            let body = if from_server { "result" } else { "params" };
            let text = recorded.message[body][name].as_str();
            text.filter(|_| recorded.from_server == from_server)
                .map(str::to_owned)
        })
    }

    /// Does not compare the members of this name.
    #[must_use]
    pub fn ignore(mut self, name: impl Into<String>) -> Self {
        let names = self.ignored.iter().cloned();
        self.ignored = names.chain([name.into()]).collect();
        self
    }

    /// Opens a connection in memory. Returns the client's end: what it reads from, and what it
    /// writes to.
    #[must_use]
    pub fn connect(&self) -> ClientStreams {
        let (connection, streams) = FakeConnection::in_memory();
        self.server()
            .serve_on(&self.tasks, connection, &self.outcome);
        streams
    }

    /// Returns the environment variables with which a child process that runs
    /// [`run_fake_codex`](crate::run_fake_codex) plays this recording.
    ///
    /// # Errors
    ///
    /// [`Error::Listen`] if the server cannot listen on loopback or start its thread.
    pub fn envs(&self) -> Result<Vec<(&'static str, OsString)>> {
        if self.host.get().is_none() {
            let (server, tasks) = (self.server(), self.tasks.clone());
            let outcome = Arc::downgrade(&self.outcome);
            let accept = move || {
                let (end, control, reader) = process();
                let connection = FakeConnection::of_process(reader, control);
                server.serve_on(&tasks, connection, &outcome.upgrade()?);
                Some(end)
            };
            let host = Host::start(Box::new(accept)).map_err(Error::Listen)?;
            // Another thread may have been faster; its host is as good.
            let _ = self.host.set(host);
        }
        Ok(self.host.get().map(Host::envs).unwrap_or_default())
    }

    fn server(&self) -> Server {
        Server {
            recording: Arc::clone(&self.recording),
            names: self.names.clone(),
            ignored: Arc::clone(&self.ignored),
        }
    }

    /// Waits until the client has closed all of its connections.
    ///
    /// # Errors
    ///
    /// [`Error::Replay`] with the differences, if the client has sent anything else than in the
    /// recording; [`Error::TimedOut`] if it does not close its connection within the timeout.
    pub async fn finished(&self) -> Result<()> {
        let differences = self.outcome.wait(Outcome::take).await;
        self.check(differences)
    }

    /// The blocking form of [`finished`](Self::finished).
    ///
    /// # Errors
    ///
    /// Same as [`finished`](Self::finished).
    pub fn blocking_finished(&self) -> Result<()> {
        let differences = self.outcome.blocking_wait(Outcome::take);
        self.check(differences)
    }

    fn check(&self, differences: Option<Vec<String>>) -> Result<()> {
        match differences {
            Some(differences) if differences.is_empty() => Ok(()),
            Some(differences) => Err(Error::Replay {
                path: self.path.clone(),
                differences,
            }),
            None => {
                let outcome = self.outcome.lock();
                Err(Error::TimedOut {
                    awaited: "end of the connection".to_owned(),
                    timeout: self.outcome.timeout(),
                    seen: format!("{} open, {} closed", outcome.open, outcome.closed),
                })
            }
        }
    }
}

impl Outcome {
    /// Returns the differences, once all connections have ended.
    fn take(&mut self) -> Option<Vec<String>> {
        let is_over = self.open == 0 && self.closed > 0;
        is_over.then(|| std::mem::take(&mut self.differences))
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        self.outcome
            .lock()
            .tasks
            .drain(..)
            .for_each(|task| task.abort());
    }
}

/// Serves connections with a recording.
struct Server {
    recording: Arc<[Recorded]>,
    names: Names,
    ignored: Arc<[String]>,
}

impl Server {
    fn serve_on(
        &self,
        tasks: &Handle,
        connection: FakeConnection,
        outcome: &Arc<Monitor<Outcome>>,
    ) {
        let player = Player::new(&self.recording, self.names.clone(), &self.ignored);
        outcome.change(|outcome| outcome.open += 1);
        let shared = Arc::clone(outcome);
        let task = tasks.spawn(async move {
            let differences = serve(connection, player).await;
            shared.change(|outcome| {
                outcome.open -= 1;
                outcome.closed += 1;
                outcome.differences.extend(differences);
            });
        });
        outcome.change(|outcome| {
            outcome.tasks.retain(|task| !task.is_finished());
            outcome.tasks.push(task.abort_handle());
        });
    }
}

/// Serves a connection until the client closes it. Returns the differences.
async fn serve(mut connection: FakeConnection, mut player: Player) -> Vec<String> {
    loop {
        while let Some(message) = player.next() {
            connection.send(message).await;
        }
        let Some(line) = connection.next_line().await else {
            return player.end();
        };
        let response = match serde_json::from_str::<Value>(&line) {
            Ok(message) => player.receive(&message),
            // Compared as a message without members.
            Err(_) => player.receive(&Value::Null),
        };
        if let Some(response) = response {
            connection.send(response).await;
        }
    }
}
