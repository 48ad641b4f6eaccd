//! What goes between the handles and the connection task.
//!
//! None of it has a `Debug`: what is in it may be an API key.

use std::{ops::Range, sync::Arc, time::Duration};

use codex_types::{RequestId, rpc::JsonRpcError};
use tokio::sync::oneshot;

use super::{bulletin::Board, feed::Feed, inbox::Inbox, logins::Attempt, watch::Watch};
use crate::error::{Error, Result};

/// What a handle asks of the connection task.
pub(crate) enum Command {
    Call(Call),
    Notify {
        method: &'static str,
    },
    Subscribe(Arc<Board>),
    Watch(Arc<Watch>),
    /// Keeps the events of all turns of a thread until it is released. The reply says why none would come.
    Reserve {
        thread_id: String,
        reply: oneshot::Sender<Result<()>>,
    },
    /// A turn of a reserved thread, with the events that have come already.
    Claim {
        thread_id: String,
        turn_id: String,
        reply: oneshot::Sender<Arc<Feed>>,
    },
    Release {
        thread_id: String,
    },
    /// Which turn runs in a thread, as far as is known.
    ActiveTurn {
        thread_id: String,
        reply: oneshot::Sender<Option<String>>,
    },
    /// Hand requests of the server to this inbox.
    Inbox(Arc<Inbox>),
    /// The answer to a request of the server; a result is JSON already.
    Answer {
        id: RequestId,
        answer: Result<Vec<u8>, JsonRpcError>,
    },
    /// Something for the subscribers to know.
    Report(Error),
    Close(oneshot::Sender<()>),
}

/// A request to be sent.
pub(crate) struct Call {
    pub(crate) method: &'static str,
    /// JSON.
    pub(crate) params: Option<Vec<u8>>,
    /// How long the caller waits, queueing included; `None` for as long as it takes.
    pub(crate) timeout: Option<Duration>,
    pub(crate) starts: Option<Starts>,
    pub(crate) reply: oneshot::Sender<Result<Answer>>,
}

/// What a request starts: something with events of its own, which may come before the answer that
/// names it.
pub(crate) enum Starts {
    /// A turn in this thread.
    Turn(String),
    Login,
}

/// What was started.
pub(crate) enum Started {
    Turn(Arc<Feed>),
    Login(Attempt),
}

/// A successful answer, undecoded.
pub(crate) struct Answer {
    text: String,
    result: Range<usize>,
    /// `None` also when the answer does not name what was started.
    pub(crate) started: Option<Started>,
}

impl Answer {
    /// `result` is where the result stands in the message.
    pub(super) fn new(text: String, result: Range<usize>, started: Option<Started>) -> Self {
        Self {
            text,
            result,
            started,
        }
    }

    /// The JSON of the result.
    pub(crate) fn result(&self) -> &str {
        &self.text[self.result.clone()]
    }
}
