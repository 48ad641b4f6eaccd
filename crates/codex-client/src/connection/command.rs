//! Commands from the handles to the connection task.
//!
//! None of these types implements `Debug`: a request may contain an API key.

use std::{sync::Arc, time::Duration};

use codex_types::rpc::JsonRpcError;
use tokio::sync::oneshot;

use crate::{
    config::ThreadSettings,
    connection::{interrupt_guard::InterruptGuard, request_state::RequestState},
    error::{Error, Result},
    routing::{
        active_turns::ActiveTurn,
        client_id_stream::ClientIdStream,
        goal_tracker::GoalTracker,
        logins::LoginAttempt,
        mailbox::{Items, Subscription},
        session_events::SessionSubscription,
        thread_subscription::ThreadSubscription,
        turn_log::TurnLog,
    },
    rpc::{raw_notification::RawNotification, raw_response::RawResponse},
};

/// The number of a session: how often the connection was reopened.
pub(crate) type SessionId = u32;

/// A command to the connection task.
pub(crate) enum Command {
    Request(OutgoingRequest),
    Notify {
        method: &'static str,
    },
    /// Adds a subscriber to the notifications that belong to no turn.
    Subscribe(Arc<Subscription<Items>>),
    SubscribeThread {
        thread_id: String,
        subscription: Arc<ThreadSubscription>,
    },
    /// Interrupts a turn once the server has been silent about it for this long.
    LimitSilence {
        log: Arc<TurnLog>,
        idle_timeout: Duration,
    },
    /// Stops a goal once the server has been silent about it for this long.
    LimitGoalSilence {
        goal: Arc<GoalTracker>,
        idle_timeout: Duration,
    },
    /// Interrupts a turn whose caller is gone.
    InterruptTurn(Arc<TurnLog>),
    /// Routes the turns of a thread to a goal.
    FollowGoal(Arc<GoalTracker>),
    /// Routes the notifications that have the id of this stream to the stream.
    OpenStream(Arc<ClientIdStream>),
    /// Keeps the events of all turns of a thread until the thread is released. The response is an
    /// error if no events would be received.
    ReserveThread {
        thread_id: String,
        response: oneshot::Sender<Result<SessionId>>,
    },
    /// Claims a turn of a thread that was reserved in this session, with the events received so far.
    ClaimTurn {
        session: SessionId,
        thread_id: String,
        turn_id: String,
        response: oneshot::Sender<Result<Arc<TurnLog>>>,
    },
    ReleaseThread {
        thread_id: String,
    },
    /// Asks for the active turn of a thread, as last reported.
    ActiveTurn {
        thread_id: String,
        response: oneshot::Sender<Option<ActiveTurn>>,
    },
    /// Asks for the last report of the token usage of a thread.
    TokenUsage {
        thread_id: String,
        response: oneshot::Sender<Option<Arc<RawNotification>>>,
    },
    /// Asks for the settings of a thread, as last reported.
    ThreadSettings {
        thread_id: String,
        response: oneshot::Sender<Option<Arc<ThreadSettings>>>,
    },
    /// Responds to a request from the server. A result is given as JSON; `None` declines the
    /// request. By the time the command is executed, the server may have resolved the request and
    /// used its id for another one, so the id alone does not identify the request.
    Respond {
        request: Arc<RequestState>,
        response: Option<Result<Vec<u8>, JsonRpcError>>,
    },
    /// Adds a subscriber to the ends and beginnings of sessions.
    SubscribeSessions(Arc<SessionSubscription>),
    /// The first handshake is complete: from now on, the connection outlives its sessions, if it can
    /// be reopened.
    Supervise,
    /// Reports an error to the subscribers.
    Report(Error),
    /// The caller of a request no longer waits for the response.
    Abandoned,
    /// Responds once all earlier commands have been executed.
    Synchronize(oneshot::Sender<()>),
    Close(oneshot::Sender<()>),
}

/// A request to be sent.
pub(crate) struct OutgoingRequest {
    pub(crate) method: &'static str,
    /// JSON.
    pub(crate) params: Option<Vec<u8>>,
    /// The time until the response, including the time in the queue; `None` for no limit.
    pub(crate) timeout: Option<Duration>,
    /// Whether the request belongs to the beginning of a session, which other requests wait for.
    pub(crate) is_urgent: bool,
    pub(crate) on_response: Option<OnResponse>,
    pub(crate) sink: ResponseSink,
}

/// The receiver of a response.
pub(crate) enum ResponseSink {
    Caller(oneshot::Sender<Result<Response>>),
    /// The response ends a stream. It may take as long as a program runs.
    Stream(Arc<ClientIdStream>),
    Discard,
}

impl ResponseSink {
    /// Delivers the response. Does nothing if the caller is gone.
    pub(crate) fn send(self, response: Result<Response>) {
        match self {
            Self::Caller(caller) => drop(caller.send(response)),
            Self::Stream(stream) => {
                let end = response.map(|response| Arc::new(response.raw));
                stream.mailbox.close(end);
            }
            Self::Discard => {}
        }
    }

    /// Whether no receiver is left, so the request need not be sent. A stream may have ended with the
    /// session that it was opened in.
    pub(crate) fn is_abandoned(&self) -> bool {
        match self {
            Self::Caller(caller) => caller.is_closed(),
            Self::Stream(stream) => stream.mailbox.is_abandoned() || stream.mailbox.end().is_some(),
            Self::Discard => false,
        }
    }

    /// Whether the response comes at the end of an operation rather than at its beginning.
    pub(crate) fn is_long_running(&self) -> bool {
        matches!(self, Self::Stream(_))
    }
}

/// The action to take on a successful response, before any later message is processed.
///
/// A request may start something with events of its own, which can arrive before the response that
/// names it.
pub(crate) enum OnResponse {
    /// Claims the turn that was started in this thread, or that the input may have joined.
    ClaimTurn {
        thread_id: String,
        may_join: bool,
        /// Whether the turn is interrupted if its caller is gone.
        interrupt_on_drop: bool,
    },
    /// Claims the login that was started.
    ClaimLogin,
    /// Calls a function with the JSON of the result. Dropped if the request fails.
    Call(Box<dyn FnOnce(&str) + Send>),
}

/// A successful response, and what was claimed when it was received.
pub(crate) struct Response {
    pub(crate) raw: RawResponse,
    /// Also `None` if the response does not name what was started.
    pub(crate) claimed: Option<Claimed>,
}

/// The events of the turn or login that a request has started.
pub(crate) enum Claimed {
    Turn(Arc<TurnLog>, Option<InterruptGuard>),
    Login(LoginAttempt),
}
