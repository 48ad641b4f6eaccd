//! A fake app-server that plays a script.

use std::{
    ffi::OsString,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use serde::Serialize;
use serde_json::json;
use tokio::{runtime::Handle, sync::mpsc};

use super::{
    client_message::ClientMessage,
    connection::{ClientStreams, FakeConnection},
    reply::Reply,
    script::{Responder, Script, TurnResponder},
    serve::serve,
    step::Step,
    turn::Turn,
};
use crate::{
    error::{Error, Result},
    fault::Fault,
    gate::Gate,
    monitor::{Monitor, TIMEOUT},
    process::{Host, ProcessControl, VERSION_OUTPUT, process},
    runtime_thread::RuntimeThread,
};

/// A fake app-server, which plays scripted turns to the program under test.
///
/// It needs no Codex executable. Without a script, it behaves like a minimal app-server: it
/// completes the handshake, starts and resumes threads, accepts API keys and interrupts turns. A
/// `turn/start` takes the next turn from the [queue](Self::push_turn). Any other request gets an
/// error that says so, and [`requests_without_response`](Self::requests_without_response) lists it.
///
/// A client connects in memory ([`connect`](Self::connect)), or as the parent of a child process
/// ([`envs`](Self::envs)), as often as it likes.
///
/// Inside of a Tokio runtime, the fake runs as tasks of that runtime, so that delays follow a
/// paused clock; elsewhere it runs on a thread of its own. Only the methods whose names begin with
/// `blocking_` block. The fake stops on drop, along with its child processes.
///
/// ```
/// use codex_testing::{FakeAppServer, Reply, Result, Turn};
/// use serde_json::json;
///
/// fn main() -> Result<()> {
///     let server = FakeAppServer::start()?;
///     server.push_turn("Hello!").push_turn(Turn::new().command_approval("ls").then_text("Done."));
///     server.on("model/list", |_| json!({"data": [], "nextCursor": null}));
///     server.push("thread/archive", Reply::error(-32600, "session s is archived"));
///     let (reader, writer) = server.connect();
///     // Connect the program under test here, and run two turns.
///     drop((reader, writer));
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct FakeAppServer {
    script: Arc<Monitor<Script>>,
    tasks: Handle,
    host: OnceLock<Host>,
    /// Keeps track of the deadlines of waits, and runs the tasks if there is no other runtime.
    _thread: RuntimeThread,
}

/// Connections.
impl FakeAppServer {
    /// Starts a fake without a script.
    ///
    /// # Errors
    ///
    /// [`Error::Listen`] if the fake cannot start its thread.
    pub fn start() -> Result<Self> {
        Self::start_with_timeout(TIMEOUT)
    }

    /// Starts a fake whose waits time out after this duration. The default is 30 seconds.
    ///
    /// # Errors
    ///
    /// Same as [`start`](Self::start).
    pub fn start_with_timeout(timeout: Duration) -> Result<Self> {
        let thread = RuntimeThread::start("fake-app-server").map_err(Error::Listen)?;
        let timer = thread.handle().clone();
        Ok(Self {
            script: Arc::new(Monitor::new(Script::default(), timeout, timer.clone())),
            tasks: Handle::try_current().unwrap_or(timer),
            host: OnceLock::new(),
            _thread: thread,
        })
    }

    /// Opens a connection in memory. Returns the client's end: what it reads from, and what it
    /// writes to.
    #[must_use]
    pub fn connect(&self) -> ClientStreams {
        let (connection, streams) = FakeConnection::in_memory();
        serve_on(&self.tasks, &self.script, connection);
        streams
    }

    /// Returns the environment variables with which a child process that runs
    /// [`run_fake_codex`](crate::run_fake_codex) becomes this fake.
    ///
    /// # Errors
    ///
    /// [`Error::Listen`] if the fake cannot listen on loopback or start its thread.
    pub fn envs(&self) -> Result<Vec<(&'static str, OsString)>> {
        if self.host.get().is_none() {
            let (tasks, script) = (self.tasks.clone(), Arc::downgrade(&self.script));
            let accept = move || {
                let (end, control, reader) = process();
                let script = script.upgrade()?;
                script.change(|script| script.running_processes += 1);
                // The host accepts processes in its own runtime.
                tokio::spawn(await_end(control.clone(), Arc::downgrade(&script)));
                let connection = FakeConnection::of_process(reader, control);
                serve_on(&tasks, &script, connection);
                Some(end)
            };
            let host = Host::start(Box::new(accept)).map_err(Error::Listen)?;
            // Another thread may have been faster; its host is as good.
            let _ = self.host.set(host);
        }
        Ok(self.host.get().map(Host::envs).unwrap_or_default())
    }

    /// Returns the environment variables of [`envs`](Self::envs), with which `--version` prints
    /// `codex-cli` and this version.
    ///
    /// # Errors
    ///
    /// Same as [`envs`](Self::envs).
    pub fn envs_with_version(&self, version: &str) -> Result<Vec<(&'static str, OsString)>> {
        let mut envs = self.envs()?;
        envs.push((VERSION_OUTPUT, version.into()));
        Ok(envs)
    }
}

/// Waits until a process has ended, and updates the number of running processes.
async fn await_end(process: ProcessControl, script: Weak<Monitor<Script>>) {
    process.ended().await;
    if let Some(script) = script.upgrade() {
        script.change(|script| script.running_processes -= 1);
    }
}

/// Starts serving a connection.
fn serve_on(tasks: &Handle, script: &Arc<Monitor<Script>>, connection: FakeConnection) {
    let (steps, added) = mpsc::unbounded_channel();
    let task = tasks.spawn(serve(connection, Arc::clone(script), added));
    script.change(|script| {
        script.connections.retain(|steps| !steps.is_closed());
        script.tasks.retain(|task| !task.is_finished());
        script.connections.push(steps);
        script.tasks.push(task.abort_handle());
    });
}

/// The script.
impl FakeAppServer {
    /// Adds a turn, for the next `turn/start`.
    pub fn push_turn(&self, turn: impl Into<Turn>) -> &Self {
        let turn = turn.into();
        self.script.change(|script| script.turns.push_back(turn));
        self
    }

    /// Sets the closure that provides turns while the queue is empty. It replaces any earlier
    /// closure, and must not block.
    pub fn turn_with<F, T>(&self, turn: F) -> &Self
    where
        F: Fn(&ClientMessage) -> T + Send + Sync + 'static,
        T: Into<Turn>,
    {
        let responder: TurnResponder = Arc::new(move |request| turn(request).into());
        let replaced = self
            .script
            .change(|script| script.turn_responder.replace(responder));
        // Dropped outside the lock, because dropping a closure may run the test's code.
        drop(replaced);
        self
    }

    /// Adds a response to the next request of this method. Several are used in order.
    pub fn push(&self, method: impl Into<String>, reply: impl Into<Reply>) -> &Self {
        let (method, reply) = (method.into(), reply.into());
        self.script
            .change(|script| script.queues.entry(method).or_default().push_back(reply));
        self
    }

    /// Sets the closure that responds to requests of this method while no response is queued. It
    /// replaces any earlier closure of the method, and must not block. It returns a [`Reply`], or
    /// the result as a JSON value.
    pub fn on<F, R>(&self, method: impl Into<String>, respond: F) -> &Self
    where
        F: Fn(&ClientMessage) -> R + Send + Sync + 'static,
        R: Into<Reply>,
    {
        let responder: Responder = Arc::new(move |request| respond(request).into());
        let method = method.into();
        let replaced = self
            .script
            .change(|script| script.responders.insert(method, responder));
        drop(replaced);
        self
    }

    /// Lets a fault occur at the start of every connection, before anything is received: at once,
    /// or to the first message.
    pub fn fault_at_start(&self, fault: Fault) -> &Self {
        self.script
            .change(|script| script.greeting.push(Step::Fault(fault)));
        self
    }

    /// Lets a fault occur when the client closes the connection: at once, or to the notification
    /// that follows. A child process then exits with 0, unless the fault has ended it.
    pub fn fault_at_close(&self, fault: Fault) -> &Self {
        self.script.change(|script| {
            script.greeting.push(Step::OutliveInput);
            script.farewell.push(Step::Fault(fault));
            script.farewell.push(Step::Notify {
                method: "configWarning".to_owned(),
                params: json!({"summary": "the server is closing", "details": null}),
            });
        });
        self
    }

    /// Creates a closed gate for this fake.
    pub fn gate(&self) -> Gate {
        let gate = Gate::new(&self.script, Script::summary);
        self.script.change(|script| script.gates.push(gate.clone()));
        gate
    }
}

/// Actions at any time, on all open connections. They take effect in the order of the calls.
impl FakeAppServer {
    /// Sends a notification.
    pub fn notify(&self, method: impl Into<String>, params: impl Serialize) -> &Self {
        self.play(&Step::Notify {
            method: method.into(),
            params: json!(params),
        })
    }

    /// Sends a request, whose response [`next_response`](Self::next_response) returns.
    pub fn request(&self, method: impl Into<String>, params: impl Serialize) -> &Self {
        self.play(&Step::Request {
            method: method.into(),
            params: json!(params),
            is_awaited: false,
        })
    }

    /// Completes a login attempt (`account/login/completed`), with an error unless it succeeds.
    pub fn complete_login(&self, login_id: &str, error: Option<&str>) -> &Self {
        let params = json!({"loginId": login_id, "success": error.is_none(), "error": error});
        self.notify("account/login/completed", params)
    }

    /// Lets a fault occur: to the next message, or at once.
    pub fn fault(&self, fault: Fault) -> &Self {
        self.play(&Step::Fault(fault))
    }

    fn play(&self, step: &Step) -> &Self {
        for connection in &self.script.lock().connections {
            // A connection that has ended needs no more steps.
            let _ = connection.send(step.clone());
        }
        self
    }
}

/// The messages received.
impl FakeAppServer {
    /// Returns all messages received so far, in order.
    #[must_use]
    pub fn messages(&self) -> Vec<ClientMessage> {
        self.script.lock().received.clone()
    }

    /// Returns the requests of this method received so far, in order.
    #[must_use]
    pub fn requests(&self, method: &str) -> Vec<ClientMessage> {
        let mut messages = self.messages();
        messages.retain(|message| message.method() == Some(method));
        messages
    }

    /// Returns the client's responses to the requests of the fake, in order.
    #[must_use]
    pub fn responses(&self) -> Vec<ClientMessage> {
        let mut messages = self.messages();
        messages.retain(ClientMessage::is_response);
        messages
    }

    /// Returns the requests that had no response in the script.
    #[must_use]
    pub fn requests_without_response(&self) -> Vec<ClientMessage> {
        self.script.lock().without_response.clone()
    }

    /// Waits for the next request or notification of this method that has not been returned yet.
    ///
    /// The fake records a request before it responds. The wait works on any executor.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] after the fake's timeout.
    pub async fn next_request(&self, method: &str) -> Result<ClientMessage> {
        let found = self.script.wait(|script| script.take(Some(method))).await;
        found.ok_or_else(|| self.timed_out(&format!("`{method}`")))
    }

    /// The blocking form of [`next_request`](Self::next_request).
    ///
    /// # Errors
    ///
    /// Same as [`next_request`](Self::next_request).
    pub fn blocking_next_request(&self, method: &str) -> Result<ClientMessage> {
        self.script
            .blocking_wait(|script| script.take(Some(method)))
            .ok_or_else(|| self.timed_out(&format!("`{method}`")))
    }

    /// Waits for the next response to a request of the fake that has not been returned yet.
    ///
    /// # Errors
    ///
    /// Same as [`next_request`](Self::next_request).
    pub async fn next_response(&self) -> Result<ClientMessage> {
        let found = self.script.wait(|script| script.take(None)).await;
        found.ok_or_else(|| self.timed_out("response"))
    }

    /// The blocking form of [`next_response`](Self::next_response).
    ///
    /// # Errors
    ///
    /// Same as [`next_request`](Self::next_request).
    pub fn blocking_next_response(&self) -> Result<ClientMessage> {
        self.script
            .blocking_wait(|script| script.take(None))
            .ok_or_else(|| self.timed_out("response"))
    }

    /// Waits for the next fault that has not been waited for: until it has been carried out, or, for
    /// a fault of a message, until the message is sent, or is the next one to be sent.
    ///
    /// # Errors
    ///
    /// Same as [`next_request`](Self::next_request).
    pub async fn fault_occurred(&self) -> Result<()> {
        let found = self.script.wait(take_fault).await;
        found.ok_or_else(|| self.timed_out("fault"))
    }

    /// The blocking form of [`fault_occurred`](Self::fault_occurred).
    ///
    /// # Errors
    ///
    /// Same as [`next_request`](Self::next_request).
    pub fn blocking_fault_occurred(&self) -> Result<()> {
        let found = self.script.blocking_wait(take_fault);
        found.ok_or_else(|| self.timed_out("fault"))
    }

    /// Waits until all child processes that have connected to the fake have ended.
    ///
    /// # Errors
    ///
    /// Same as [`next_request`](Self::next_request).
    pub async fn processes_ended(&self) -> Result<()> {
        let ended = self.script.wait(no_running_process).await;
        ended.ok_or_else(|| self.timed_out(END_OF_PROCESSES))
    }

    /// The blocking form of [`processes_ended`](Self::processes_ended).
    ///
    /// # Errors
    ///
    /// Same as [`next_request`](Self::next_request).
    pub fn blocking_processes_ended(&self) -> Result<()> {
        let ended = self.script.blocking_wait(no_running_process);
        ended.ok_or_else(|| self.timed_out(END_OF_PROCESSES))
    }

    fn timed_out(&self, awaited: &str) -> Error {
        Error::TimedOut {
            awaited: awaited.to_owned(),
            timeout: self.script.timeout(),
            seen: self.script.lock().summary(),
        }
    }
}

/// Takes a fault that has occurred.
fn take_fault(script: &mut Script) -> Option<()> {
    script.faults = script.faults.checked_sub(1)?;
    Some(())
}

fn no_running_process(script: &mut Script) -> Option<()> {
    (script.running_processes == 0).then_some(())
}

const END_OF_PROCESSES: &str = "end of the child processes";

impl Drop for FakeAppServer {
    fn drop(&mut self) {
        let (gates, tasks) = self.script.change(|script| {
            (
                std::mem::take(&mut script.gates),
                std::mem::take(&mut script.tasks),
            )
        });
        gates.iter().for_each(Gate::stop);
        for task in tasks {
            task.abort();
        }
    }
}
