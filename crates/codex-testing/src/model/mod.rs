//! The scripted model: a Responses API on loopback.

mod body;
mod server;
mod state;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use self::state::{ModelState, Responder};
use crate::{
    error::{Error, Result},
    gate::Gate,
    monitor::{Monitor, TIMEOUT},
    request::{ModelRequest, StrayRequest},
    response::ModelResponse,
    runtime_thread::RuntimeThread,
};

/// A model with scripted responses: a Responses API on `127.0.0.1`, on a free port.
///
/// Each request takes the next response from the [queue](Self::push), in the order in which
/// requests arrive. While the queue is empty, the closure set by
/// [`respond_with`](Self::respond_with) provides the responses. A request without a response gets
/// an HTTP 400 that says so, and [`requests_without_response`](Self::requests_without_response)
/// lists it.
///
/// The server runs on its own thread, so async and blocking tests can use it alike. Only the
/// methods whose names begin with `blocking_` block. The server stops on drop.
///
/// ```
/// use codex_testing::{ModelResponse, Result, ScriptedModel};
///
/// fn main() -> Result<()> {
///     let model = ScriptedModel::start()?;
///     model.push("Hello!").push(ModelResponse::http_error(503, "down"));
///     model.respond_with(|request| {
///         let text = request.last_user_text().unwrap_or_default();
///         ModelResponse::text(format!("You said: {text}"))
///     });
///     println!("base_url = {:?}", model.base_url());
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct ScriptedModel {
    state: Arc<Monitor<ModelState>>,
    address: SocketAddr,
    /// Runs the server and keeps track of the deadlines of waits.
    _thread: RuntimeThread,
}

impl ScriptedModel {
    /// Starts a model without a script. It accepts connections as soon as this returns.
    ///
    /// # Errors
    ///
    /// [`Error::Listen`] if the model cannot listen on loopback or start its thread.
    pub fn start() -> Result<Self> {
        Self::start_with_timeout(TIMEOUT)
    }

    /// Starts a model whose waits time out after this duration. The default is 30 seconds.
    ///
    /// # Errors
    ///
    /// Same as [`start`](Self::start).
    pub fn start_with_timeout(timeout: Duration) -> Result<Self> {
        let thread = RuntimeThread::start("scripted-model").map_err(Error::Listen)?;
        let runtime = thread.handle();
        let state = Monitor::new(ModelState::default(), timeout, runtime.clone());
        let state = Arc::new(state);
        let address = server::start(runtime, Arc::clone(&state)).map_err(Error::Listen)?;
        Ok(Self {
            state,
            address,
            _thread: thread,
        })
    }

    /// Returns the `base_url` for a model provider: `http://127.0.0.1:<port>/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Returns the address that the model listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// The script.
impl ScriptedModel {
    /// Adds a response to the queue.
    pub fn push(&self, response: impl Into<ModelResponse>) -> &Self {
        let response = response.into();
        self.state.change(|state| state.queue.push_back(response));
        self
    }

    /// Adds a response that is held, before it begins, until the returned gate is opened.
    pub fn push_gated(&self, response: impl Into<ModelResponse>) -> Gate {
        let gate = self.gate();
        self.push(response.into().hold(&gate));
        gate
    }

    /// Creates a closed gate for responses of this model.
    pub fn gate(&self) -> Gate {
        let gate = Gate::new(&self.state, ModelState::summary);
        self.state.change(|state| state.gates.push(gate.clone()));
        gate
    }

    /// Sets the closure that responds to requests while the queue is empty. It replaces any earlier
    /// closure.
    ///
    /// The closure returns a [`ModelResponse`], or an `Option` of one: with `None`, the request has
    /// no response. The closure runs on the model's own thread and must not block, because that
    /// would delay all responses. If it panics, the request gets an HTTP 400 with the panic message
    /// and counts as a request without a response.
    pub fn respond_with<F, R>(&self, respond: F)
    where
        F: Fn(&ModelRequest) -> R + Send + Sync + 'static,
        R: Into<Option<ModelResponse>>,
    {
        let respond: Responder = Arc::new(move |request| respond(request).into());
        let replaced = self.state.change(|state| state.responder.replace(respond));
        // Dropped outside the lock, because dropping a closure may run the test's code.
        drop(replaced);
    }

    /// Returns the number of responses in the queue.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.state.lock().queue.len()
    }
}

/// The requests received.
impl ScriptedModel {
    /// Returns all requests for a response received so far, in the order in which they arrived.
    #[must_use]
    pub fn requests(&self) -> Vec<ModelRequest> {
        self.state.lock().requests.clone()
    }

    /// Returns the requests that had no scripted response.
    #[must_use]
    pub fn requests_without_response(&self) -> Vec<ModelRequest> {
        self.state.lock().requests_without_response.clone()
    }

    /// Returns the requests that did not ask for a response.
    #[must_use]
    pub fn stray_requests(&self) -> Vec<StrayRequest> {
        self.state.lock().strays.clone()
    }

    /// Forgets all requests received so far, so that a long test does not keep about 40 KB for each.
    pub fn clear_requests(&self) {
        self.state.lock().clear_requests();
    }

    /// Waits for the next request that neither this method nor
    /// [`blocking_next_request`](Self::blocking_next_request) has returned yet.
    ///
    /// The model records a request before it responds. The wait works on any executor.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] after the model's timeout.
    pub async fn next_request(&self) -> Result<ModelRequest> {
        let found = self.state.wait(take).await;
        found.ok_or_else(|| self.no_request())
    }

    /// The blocking form of [`next_request`](Self::next_request).
    ///
    /// # Errors
    ///
    /// Same as [`next_request`](Self::next_request).
    pub fn blocking_next_request(&self) -> Result<ModelRequest> {
        self.state
            .blocking_wait(take)
            .ok_or_else(|| self.no_request())
    }

    fn no_request(&self) -> Error {
        Error::TimedOut {
            awaited: "further request".to_owned(),
            timeout: self.state.timeout(),
            seen: self.state.lock().summary(),
        }
    }
}

/// Takes the first request that has not been taken yet.
fn take(state: &mut ModelState) -> Option<ModelRequest> {
    let request = state.requests.get(state.taken)?.clone();
    state.taken += 1;
    Some(request)
}

impl Drop for ScriptedModel {
    fn drop(&mut self) {
        let gates = std::mem::take(&mut self.state.lock().gates);
        gates.iter().for_each(Gate::stop);
    }
}
