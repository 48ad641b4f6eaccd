//! The script of the model and the record of its requests.

use std::{collections::VecDeque, fmt, sync::Arc};

use crate::{
    gate::Gate,
    request::{ModelRequest, StrayRequest},
    response::ModelResponse,
};

/// The closure set by `respond_with`, in a form common to all return types.
pub(super) type Responder = Arc<dyn Fn(&ModelRequest) -> Option<ModelResponse> + Send + Sync>;

/// Everything that changes while the model runs.
#[derive(Default)]
pub(super) struct ModelState {
    pub(super) queue: VecDeque<ModelResponse>,
    pub(super) responder: Option<Responder>,
    pub(super) requests: Vec<ModelRequest>,
    /// The number of requests that a test has taken with `next_request`.
    pub(super) taken: usize,
    pub(super) requests_without_response: Vec<ModelRequest>,
    pub(super) strays: Vec<StrayRequest>,
    pub(super) gates: Vec<Gate>,
}

impl ModelState {
    /// Forgets the received requests.
    pub(super) fn clear_requests(&mut self) {
        self.requests.clear();
        self.taken = 0;
        self.requests_without_response.clear();
        self.strays.clear();
    }

    /// Describes the received requests, for the error of a wait that timed out.
    pub(super) fn summary(&self) -> String {
        format!(
            "the model has seen {} requests, {} of them without a response, \
             and {} stray requests{}; {} responses are queued",
            self.requests.len(),
            self.requests_without_response.len(),
            self.strays.len(),
            self.strays
                .last()
                .map(|stray| format!(" (last: {stray:?})"))
                .unwrap_or_default(),
            self.queue.len(),
        )
    }
}

impl fmt::Debug for ModelState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary())
    }
}
