//! What goes between the handles and the connection task.
//!
//! None of it has a `Debug`: what is in it may be an API key.

use std::{sync::Arc, time::Duration};

use codex_types::{RequestId, rpc::JsonRpcError};
use tokio::sync::oneshot;

use crate::{
    error::{Error, Result},
    routing::{
        active_turns::ActiveTurn, client_id_stream::ClientIdStream, goal_tracker::GoalTracker,
        logins::LoginAttempt, subscribers::Board, thread_subscription::ThreadSubscription,
        turn_log::TurnLog,
    },
    rpc::raw_response::RawResponse,
    server_requests::request_queue::Inbox,
    tool::call::Toolbox,
};

/// What a handle asks of the connection task.
pub(crate) enum Command {
    Request(OutgoingRequest),
    Notify {
        method: &'static str,
    },
    Subscribe(Arc<Board>),
    ThreadSubscription(Arc<ThreadSubscription>),
    /// Has the turns of a thread go there.
    Pursue(Arc<GoalTracker>),
    /// Keeps the events of all turns of a thread until it is released. The reply says why none would come.
    Reserve {
        thread_id: String,
        reply: oneshot::Sender<Result<()>>,
    },
    /// A turn of a reserved thread, with the events that have come already.
    Claim {
        thread_id: String,
        turn_id: String,
        reply: oneshot::Sender<Arc<TurnLog>>,
    },
    Release {
        thread_id: String,
    },
    /// Has what is told under the topic's id go there.
    Follow(Arc<ClientIdStream>),
    /// Which turn runs in a thread, as far as is known.
    ActiveTurn {
        thread_id: String,
        reply: oneshot::Sender<Option<ActiveTurn>>,
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
pub(crate) struct OutgoingRequest {
    pub(crate) method: &'static str,
    /// JSON.
    pub(crate) params: Option<Vec<u8>>,
    /// How long the caller waits, queueing included; `None` for as long as it takes.
    pub(crate) timeout: Option<Duration>,
    pub(crate) on_response: Option<OnResponse>,
    pub(crate) reply: ResponseSink,
}

/// Who is to have the answer to a request.
pub(crate) enum ResponseSink {
    Caller(oneshot::Sender<Result<Answer>>),
    /// All who follow a topic, which the answer ends. It may take as long as a program runs.
    ClientIdStream(Arc<ClientIdStream>),
    Nobody,
}

impl ResponseSink {
    /// Hands the answer over. A caller that is gone does not want it.
    pub(crate) fn send(self, answer: Result<Answer>) {
        match self {
            Self::Caller(reply) => drop(reply.send(answer)),
            Self::ClientIdStream(topic) => {
                topic.end(answer.map(|answer| Arc::new(answer.response)))
            }
            Self::Nobody => {}
        }
    }

    /// Whether nobody wants the answer any more, and so the request neither.
    pub(crate) fn is_given_up(&self) -> bool {
        match self {
            Self::Caller(reply) => reply.is_closed(),
            Self::ClientIdStream(topic) => topic.is_abandoned(),
            Self::Nobody => false,
        }
    }

    /// Whether the answer comes when something has ended, rather than when it has begun.
    pub(crate) fn is_for_the_end(&self) -> bool {
        matches!(self, Self::ClientIdStream(_))
    }
}

/// What a request on_response: something with events of its own, which may come before the answer that
/// names it.
pub(crate) enum OnResponse {
    /// A turn in this thread.
    Turn(String),
    Login,
    /// A thread that has tools.
    Thread(ThreadTools),
}

/// The tools that a thread gets from here.
pub(crate) struct ThreadTools {
    pub(crate) tools: Arc<Toolbox>,
    /// The thread, if it is resumed.
    pub(crate) resumes: Option<String>,
    /// The thread that it is a fork of, whose tools it inherits.
    pub(crate) forks: Option<String>,
}

/// What was started.
pub(crate) enum Started {
    Turn(Arc<TurnLog>),
    Login(LoginAttempt),
}

/// A successful response, and the value that waits for what it started.
pub(crate) struct Answer {
    pub(crate) response: RawResponse,
    /// `None` also if the response does not name what was started.
    pub(crate) started: Option<Started>,
}
