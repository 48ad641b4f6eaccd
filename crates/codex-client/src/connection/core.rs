//! What the connection task knows and decides, without any I/O.
//!
//! One value owns ids, pending calls, routes and subscribers. Received lines and commands go in;
//! answers go to their callers, events to their feeds, and lines to be written pile up in
//! `outbound`. Nothing in here waits.

pub(crate) mod receive;
pub(crate) mod responses;

use std::{
    mem,
    sync::{Arc, OnceLock},
    task::Waker,
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};

use crate::{
    connection::{
        command::{Command, OnResponse, OutgoingRequest, ResponseSink},
        open_requests::OpenRequests,
    },
    error::{Error, connection_closed::ConnectionClosed, decode_error::DecodeError},
    routing::{
        active_turns::ActiveTurns,
        client_id_stream::ClientIdStreams,
        logins::Logins,
        subscribers::{Post, Subscribers},
        thread_subscription::ThreadSubscriptions,
        turn_routes::Router,
        unsubscribed_threads::UnsubscribedThreads,
    },
    rpc::{outbound::Outbound, pending::Pending},
    server_requests::handlers::HandlerTask,
};

/// Who waits for an answer.
struct Waiter {
    method: &'static str,
    timeout: Option<Duration>,
    on_response: Option<OnResponse>,
    /// The thread whose events this client then gets no more.
    leaves: Option<String>,
    reply: ResponseSink,
}

/// The state of a connection.
pub(crate) struct Core {
    pub(crate) outbound: Outbound,
    pending: Pending<Waiter>,
    router: Router,
    unsubscribed: UnsubscribedThreads,
    logins: Logins,
    active: ActiveTurns,
    thread_subscriptions: ThreadSubscriptions,
    client_id_streams: ClientIdStreams,
    subscribers: Subscribers,
    requests: OpenRequests,
    /// What handlers have to do, for the driver to start.
    pub(crate) jobs: Vec<HandlerTask>,
    /// Readers to be woken once all that was received together is routed: a reader woken earlier
    /// would contend for what is being written.
    wakes: Vec<Waker>,
    /// No deadline is earlier than this.
    deadline: Option<Instant>,
    closers: Vec<oneshot::Sender<()>>,
    /// Calls that came while the connection was ending.
    late: Vec<ResponseSink>,
    /// Set when the connection has ended; shared with the handles.
    closed: Arc<OnceLock<Arc<ConnectionClosed>>>,
}

impl Core {
    pub(crate) fn new(
        in_flight: usize,
        requests: OpenRequests,
        subscribers: Subscribers,
        closed: Arc<OnceLock<Arc<ConnectionClosed>>>,
    ) -> Self {
        Self {
            outbound: Outbound::default(),
            pending: Pending::new(in_flight),
            router: Router::default(),
            unsubscribed: UnsubscribedThreads::default(),
            logins: Logins::default(),
            active: ActiveTurns::default(),
            thread_subscriptions: ThreadSubscriptions::default(),
            client_id_streams: ClientIdStreams::default(),
            subscribers,
            requests,
            jobs: Vec::new(),
            wakes: Vec::new(),
            deadline: None,
            closers: Vec::new(),
            late: Vec::new(),
            closed,
        }
    }

    /// Takes a command; true if it asks for the end.
    pub(crate) fn command(&mut self, command: Command, now: Instant) -> bool {
        match command {
            Command::Request(request) => self.send_request(request, now),
            Command::Notify { method } => self.outbound.notification(method, None),
            Command::Subscribe(board) => self.subscribers.subscribe(board, &mut self.wakes),
            Command::ThreadSubscription(watch) => self.thread_subscriptions.add(watch),
            Command::Reserve { thread_id, reply } => {
                self.router.reserve(&thread_id);
                let _ = reply.send(self.unsubscribed.check(&thread_id));
            }
            Command::Claim {
                thread_id,
                turn_id,
                reply,
            } => {
                let _ = reply.send(self.claim_turn(&thread_id, &turn_id));
            }
            Command::Release { thread_id } => self.release(Some(&OnResponse::Turn(thread_id))),
            Command::Follow(topic) => self.client_id_streams.add(topic),
            Command::Pursue(tracker) => self.router.pursue(tracker),
            Command::ActiveTurn { thread_id, reply } => {
                let _ = reply.send(self.active.turn(&thread_id).cloned());
            }
            Command::Inbox(inbox) => self.requests.open_inbox(inbox),
            Command::Answer { id, answer } => {
                if self.requests.answer(&id) {
                    self.outbound.answer(&id, &answer);
                }
            }
            Command::Report(error) => self.report(error),
            Command::Close(done) => {
                self.closers.push(done);
                return true;
            }
        }
        false
    }

    fn send_request(&mut self, request: OutgoingRequest, now: Instant) {
        let deadline = request.timeout.and_then(|timeout| now.checked_add(timeout));
        self.deadline = [self.deadline, deadline].into_iter().flatten().min();
        match &request.on_response {
            Some(OnResponse::Turn(thread_id)) => {
                if let Err(error) = self.unsubscribed.check(thread_id) {
                    return request.reply.send(Err(error));
                }
                self.router.reserve(thread_id);
            }
            Some(OnResponse::Login) => self.logins.reserve(),
            Some(OnResponse::Thread(tools)) => self.requests.tools.reserve(tools),
            None => {}
        }
        let waiter = Waiter {
            method: request.method,
            timeout: request.timeout,
            on_response: request.on_response,
            leaves: UnsubscribedThreads::by(request.method, request.params.as_deref()),
            reply: request.reply,
        };
        let lasts = waiter.reply.is_for_the_end();
        self.pending
            .push(request.method, request.params, deadline, lasts, waiter);
    }

    /// Writes the requests that may be in flight now to `outbound`.
    pub(crate) fn send_ready(&mut self) {
        loop {
            let mut given_up = Vec::new();
            let ready = self.pending.next_ready(
                |waiter| waiter.reply.is_given_up(),
                |gone| given_up.push(gone),
            );
            for waiter in given_up {
                self.release(waiter.on_response.as_ref());
            }
            match ready {
                Some(ready) => self.outbound.request(&ready),
                None => return,
            }
        }
    }

    /// Sees to it that the router is called in time.
    fn deadline_of_router(&mut self) {
        let deadlines = [self.deadline, self.router.deadline()];
        self.deadline = deadlines.into_iter().flatten().min();
    }

    fn malformed(&mut self, what: impl FnOnce() -> DecodeError) {
        let post = || Post::Error(what().into());
        self.subscribers.post(post, &mut self.wakes);
    }

    fn report(&mut self, error: Error) {
        self.subscribers
            .post(|| Post::Error(error), &mut self.wakes);
    }

    /// Wakes the readers of what was received.
    pub(crate) fn wake_readers(&mut self) {
        self.wakes.drain(..).for_each(Waker::wake);
    }

    /// When [`expire`](Self::expire) is to be called, at the latest.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Tells the callers whose time is up, and ends turns that will never show.
    pub(crate) fn expire(&mut self, now: Instant) {
        for waiter in self.pending.expire(now) {
            self.release(waiter.on_response.as_ref());
            waiter.reply.send(Err(Error::Timeout {
                method: waiter.method,
                after: waiter.timeout.unwrap_or_default(),
            }));
        }
        for log in self.router.settle(now, &mut self.wakes) {
            self.active.forget(log.thread_id(), log.turn_id());
        }
        self.post_strays();
        self.deadline = self.pending.next_deadline();
        self.deadline_of_router();
    }

    /// Takes a command that comes while the connection is ending: whoever waits for something is
    /// told how it ended as soon as that is known.
    pub(crate) fn refuse(&mut self, command: Command) {
        match command {
            Command::Request(request) => self.late.push(request.reply),
            Command::Close(done) => self.closers.push(done),
            Command::Subscribe(board) => self.subscribers.subscribe(board, &mut self.wakes),
            Command::ThreadSubscription(watch) => self.thread_subscriptions.add(watch),
            Command::Follow(topic) => self.client_id_streams.add(topic),
            Command::Pursue(tracker) => self.router.pursue(tracker),
            Command::Inbox(inbox) => inbox.close(),
            Command::Report(error) => self.report(error),
            // A server that ends does not wait for answers.
            Command::Notify { .. }
            | Command::Reserve { .. }
            | Command::Claim { .. }
            | Command::Release { .. }
            | Command::ActiveTurn { .. }
            | Command::Answer { .. } => {}
        }
    }

    /// Tells everybody who waits for anything that the connection has ended. It ends in one way only:
    /// what is said first holds.
    pub(crate) fn finish(&mut self, closed: ConnectionClosed) {
        let closed = Arc::clone(self.closed.get_or_init(|| Arc::new(closed)));
        for waiter in self.pending.drain() {
            waiter.reply.send(Err(Error::closed(&closed)));
        }
        for reply in mem::take(&mut self.late) {
            reply.send(Err(Error::closed(&closed)));
        }
        self.router.close(&closed);
        self.requests.close();
        self.logins.close();
        self.thread_subscriptions.close(&closed);
        self.client_id_streams.close(&closed);
        self.subscribers.close(&closed);
        self.wake_readers();
        for done in mem::take(&mut self.closers) {
            let _ = done.send(());
        }
    }
}
