//! The scripted model: a Responses API on loopback that says what the test wants.

mod body;
mod server;
mod state;

use std::{net::SocketAddr, sync::Arc, thread, time::Duration};

use tokio::sync::oneshot;

pub(crate) use self::state::{Counts, State};
use crate::{
    error::{Error, Result},
    gate::Gate,
    monitor::Monitor,
    reply::Reply,
    request::{ModelRequest, StrayRequest},
};

/// How long waits last when the test says nothing else: long enough for a loaded machine, short
/// enough to see the message before a test runner gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A model whose replies a test has written: a Responses API on `127.0.0.1`, on a free port.
///
/// Replies are taken from the [queue](Self::push), in the order in which requests arrive; when it is
/// empty, the closure of [`respond_with`](Self::respond_with) is asked. A request that neither
/// answers gets an HTTP 400 that says so, and is listed by [`unanswered`](Self::unanswered).
///
/// The server has a thread of its own, so that async and plain tests can use it alike. Its methods do
/// not block, but for those whose names begin with `blocking_`. It stops when it is dropped.
///
/// ```
/// use codex_testing::{Reply, ScriptedModel};
///
/// # fn main() -> codex_testing::Result<()> {
/// let model = ScriptedModel::start()?;
/// model.push("Hello!").push(Reply::http_error(503, "down"));
/// model.respond_with(|request| {
///     Reply::text(format!("You said: {}", request.last_user_text().unwrap_or_default()))
/// });
/// println!("base_url = {:?}", model.base_url());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ScriptedModel {
    state: Arc<Monitor<State>>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl ScriptedModel {
    /// Starts a model without a script. It is ready when this returns.
    ///
    /// # Errors
    ///
    /// [`Error::Listen`] when there is no loopback or no thread to be had.
    pub fn start() -> Result<Self> {
        Self::start_with_patience(PATIENCE)
    }

    /// [`start`](Self::start), with another limit for all that waits for something to happen: 30
    /// seconds if not given.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn start_with_patience(patience: Duration) -> Result<Self> {
        let server::Running {
            state,
            address,
            stop,
            thread,
        } = server::start(patience)?;
        Ok(Self {
            state,
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// What `base_url` of a model provider must be: `http://127.0.0.1:<port>/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The address that the model listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// The script.
impl ScriptedModel {
    /// Adds a reply to the queue.
    pub fn push(&self, reply: impl Into<Reply>) -> &Self {
        let reply = reply.into();
        self.state.change(|state| state.queue.push_back(reply));
        self
    }

    /// Adds a reply that is held, before it begins, until the gate is opened.
    pub fn push_gated(&self, reply: impl Into<Reply>) -> Gate {
        let gate = self.gate();
        self.push(reply.into().hold(&gate));
        gate
    }

    /// A gate for replies of this model, closed.
    pub fn gate(&self) -> Gate {
        let index = self.state.change(|state| {
            state.gates.push(Counts::default());
            state.gates.len() - 1
        });
        Gate::new(index, Arc::clone(&self.state))
    }

    /// Answers the requests that come while the queue is empty, instead of an earlier closure.
    ///
    /// The closure may give a [`Reply`], or an `Option` of one: with `None` the request stays
    /// unanswered. It runs on the model's own thread and must not block, or all replies wait. If it
    /// panics, the request gets an HTTP 400 with the message, and is unanswered.
    pub fn respond_with<F, R>(&self, respond: F)
    where
        F: Fn(&ModelRequest) -> R + Send + Sync + 'static,
        R: Into<Option<Reply>>,
    {
        let respond: state::Responder = Arc::new(move |request| respond(request).into());
        self.state.change(|state| state.responder = Some(respond));
    }

    /// How many replies are still in the queue.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.state.lock().queue.len()
    }
}

/// What has happened.
impl ScriptedModel {
    /// All requests for a response until now, in the order in which they arrived.
    #[must_use]
    pub fn requests(&self) -> Vec<ModelRequest> {
        self.state.lock().requests.clone()
    }

    /// The requests that had no reply.
    #[must_use]
    pub fn unanswered(&self) -> Vec<ModelRequest> {
        self.state.lock().unanswered.clone()
    }

    /// The requests that were not for a response.
    #[must_use]
    pub fn stray_requests(&self) -> Vec<StrayRequest> {
        self.state.lock().strays.clone()
    }

    /// Waits for the next request that was not taken before, by this or by
    /// [`blocking_next_request`](Self::blocking_next_request).
    ///
    /// The request is recorded before it is answered. Any executor will do.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] after the model's patience.
    pub async fn next_request(&self) -> Result<ModelRequest> {
        let found = self.state.wait(take).await;
        found.ok_or_else(|| self.no_request())
    }

    /// [`next_request`](Self::next_request) for code that is not async.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn blocking_next_request(&self) -> Result<ModelRequest> {
        self.state
            .blocking_wait(take)
            .ok_or_else(|| self.no_request())
    }

    fn no_request(&self) -> Error {
        Error::TimedOut {
            awaited: "further request".to_owned(),
            patience: self.state.patience(),
            seen: self.state.lock().summary(),
        }
    }
}

/// Takes the first request that nobody has taken.
fn take(state: &mut State) -> Option<ModelRequest> {
    let request = state.requests.get(state.taken)?.clone();
    state.taken += 1;
    Some(request)
}

impl Drop for ScriptedModel {
    fn drop(&mut self) {
        // Replies and closures may hold gates, and gates hold the state: a circle, cut here. They are
        // dropped outside of the lock, because code of the test may run as they are.
        let script = self.state.change(|state| {
            state.stopped = true;
            (std::mem::take(&mut state.queue), state.responder.take())
        });
        drop(script);
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The last owner may be the closure of `respond_with`, which runs on that very thread.
            if thread.thread().id() != thread::current().id() {
                // A panic of the server's thread has been printed already, and this may be a panic.
                let _ = thread.join();
            }
        }
    }
}
