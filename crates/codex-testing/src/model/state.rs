//! What the scripted model knows: its script, and what it has seen.

use std::{collections::VecDeque, fmt, sync::Arc};

use crate::{
    reply::Reply,
    request::{ModelRequest, StrayRequest},
};

/// The closure of `respond_with`, in the form in which all such closures are kept.
pub(crate) type Responder = Arc<dyn Fn(&ModelRequest) -> Option<Reply> + Send + Sync>;

/// Everything that changes while the model runs.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) queue: VecDeque<Reply>,
    pub(crate) responder: Option<Responder>,
    pub(crate) requests: Vec<ModelRequest>,
    /// How many of the requests a test has taken with `next_request`.
    pub(crate) taken: usize,
    pub(crate) unanswered: Vec<ModelRequest>,
    pub(crate) strays: Vec<StrayRequest>,
    pub(crate) gates: Vec<Counts>,
    pub(crate) stopped: bool,
}

/// What has come to a gate.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) arrivals: usize,
    pub(crate) hangups: usize,
}

impl State {
    /// What a test is told that waited in vain.
    pub(crate) fn summary(&self) -> String {
        format!(
            "the model has seen {} requests, of which {} unanswered, and {} stray ones{}; \
             {} replies are queued",
            self.requests.len(),
            self.unanswered.len(),
            self.strays.len(),
            self.strays
                .last()
                .map(|stray| format!(" (last: {stray:?})"))
                .unwrap_or_default(),
            self.queue.len(),
        )
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary())
    }
}
