//! The state and the decisions of the connection task. Performs no I/O.
//!
//! One value owns ids, pending requests, routes and subscribers. Received lines and commands go in;
//! responses go to their callers, events to their logs, and lines to be written accumulate in
//! `outbound`. Nothing here waits.

mod abandoned;
mod agents;
mod quiet;
mod receive;
mod responses;
mod unreadable;

use std::{
    mem,
    sync::{Arc, OnceLock},
    task::Waker,
    time::Duration,
};

use codex_types::{Request, TurnInterruptParams};
use semver::Version;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use crate::{
    connection::{
        command::{Command, OnResponse, OutgoingRequest, ResponseSink},
        open_requests::OpenRequests,
        service::Service,
    },
    error::{Error, connection_closed::ConnectionClosed, decode_error::DecodeError},
    future::BoxFuture,
    recording::Recorder,
    routing::{
        abandoned_turns::AbandonedTurns,
        active_turns::ActiveTurns,
        client_id_stream::ClientIdStreams,
        delta_wakes::DeltaWakes,
        loaded_threads::LoadedThreads,
        logins::Logins,
        mailbox::Item,
        quiet_goals::QuietGoals,
        quiet_turns::QuietTurns,
        recent::Recent,
        sub_agents::SubAgents,
        subscribers::{Subscribers, UndeliveredItems},
        thread_subscription::ThreadSubscriptions,
        token_usage::ThreadUsages,
        turn_inputs::InputId,
        turn_routes::TurnRoutes,
        unsubscribed_threads::UnsubscribedThreads,
    },
    rpc::{
        delta_run::DeltaRuns,
        envelope,
        outbound::{MessageId, Outbound},
        pending::Pending,
        user_message::InputRequest,
    },
    telemetry::{self, Span},
};

/// The caller of a pending request.
struct Waiter {
    method: &'static str,
    timeout: Option<Duration>,
    on_response: Option<OnResponse>,
    /// The thread that the client unsubscribes from with this request.
    unsubscribes: Option<String>,
    /// The input that the request adds to a thread.
    input: Option<InputId>,
    sink: ResponseSink,
}

/// The state of a connection.
pub(crate) struct Core {
    pub(crate) outbound: Outbound,
    pending: Pending<Waiter>,
    delta_runs: DeltaRuns,
    turn_routes: TurnRoutes,
    /// Whether a response has named the root of a turn. Such a server names the turn that an input
    /// joins.
    names_roots: bool,
    quiet_turns: QuietTurns,
    /// Turns to be interrupted as soon as they begin.
    abandoned_turns: AbandonedTurns,
    /// The threads of expired requests whose turns are to be interrupted, by the ids of the requests.
    expired_starts: Recent<i64, String>,
    quiet_goals: QuietGoals,
    unsubscribed_threads: UnsubscribedThreads,
    logins: Logins,
    active_turns: ActiveTurns,
    sub_agents: SubAgents,
    thread_subscriptions: ThreadSubscriptions,
    thread_usages: ThreadUsages,
    loaded_threads: LoadedThreads,
    client_id_streams: ClientIdStreams,
    subscribers: Subscribers,
    open_requests: OpenRequests,
    service: Arc<dyn Service>,
    /// Tasks of the service, for the driver to spawn.
    pub(crate) tasks: Vec<BoxFuture<()>>,
    /// Readers to wake once everything received together has been routed: a reader that is woken
    /// earlier would contend for the locks of the queues being written.
    wakes: Vec<Waker>,
    delta_wakes: DeltaWakes,
    /// The earliest deadline, or an earlier time.
    deadline: Option<Instant>,
    /// Whether a caller or a handle may have abandoned an unwritten request.
    has_abandoned: bool,
    closers: Vec<oneshot::Sender<()>>,
    /// Requests received while the connection was ending.
    late: Vec<ResponseSink>,
    /// Given to the requests from the server, which send their responses through it.
    commands: mpsc::WeakUnboundedSender<Command>,
    /// Set when the connection has ended; shared with the handles.
    closed: Arc<OnceLock<Arc<ConnectionClosed>>>,
    /// Set by the handle after the handshake.
    server_version: Arc<OnceLock<Version>>,
    /// `None` unless the connection is recorded.
    recorder: Option<Recorder>,
    span: Span,
}

impl Core {
    pub(crate) fn new(
        in_flight: usize,
        turn_end_grace: Option<Duration>,
        service: Arc<dyn Service>,
        undelivered: Arc<UndeliveredItems>,
        commands: mpsc::WeakUnboundedSender<Command>,
        closed: Arc<OnceLock<Arc<ConnectionClosed>>>,
        server_version: Arc<OnceLock<Version>>,
    ) -> Self {
        Self {
            outbound: Outbound::default(),
            pending: Pending::new(in_flight),
            delta_runs: DeltaRuns::default(),
            turn_routes: TurnRoutes::default(),
            names_roots: false,
            quiet_turns: QuietTurns::new(turn_end_grace),
            abandoned_turns: AbandonedTurns::default(),
            expired_starts: Recent::default(),
            quiet_goals: QuietGoals::new(turn_end_grace),
            unsubscribed_threads: UnsubscribedThreads::default(),
            logins: Logins::default(),
            active_turns: ActiveTurns::default(),
            sub_agents: SubAgents::default(),
            thread_subscriptions: ThreadSubscriptions::default(),
            thread_usages: ThreadUsages::default(),
            loaded_threads: LoadedThreads::default(),
            client_id_streams: ClientIdStreams::default(),
            subscribers: Subscribers::new(undelivered),
            open_requests: OpenRequests::default(),
            service,
            tasks: Vec::new(),
            wakes: Vec::new(),
            delta_wakes: DeltaWakes::default(),
            deadline: None,
            has_abandoned: false,
            closers: Vec::new(),
            late: Vec::new(),
            commands,
            closed,
            server_version,
            recorder: None,
            span: Span::default(),
        }
    }

    /// Records all messages from now on.
    pub(crate) fn record(&mut self, recorder: Recorder) {
        self.recorder = Some(recorder);
    }

    /// Sets the span of the connection.
    pub(crate) fn trace(&mut self, span: Span) {
        self.span = span;
    }

    /// Stops recording.
    pub(crate) fn take_recorder(&mut self) -> Option<Recorder> {
        self.recorder.take()
    }

    /// Executes a command. Returns true if the command asks for the connection to be ended.
    pub(crate) fn command(&mut self, command: Command, now: Instant) -> bool {
        match command {
            Command::Request(request) => self.enqueue(request, now),
            Command::Notify { method } => self.outbound.notification(method, None),
            Command::Subscribe(mailbox) => self.subscribers.add(&mailbox, &mut self.wakes),
            Command::SubscribeThread {
                thread_id,
                subscription,
            } => self.thread_subscriptions.add(thread_id, &subscription),
            Command::ReserveThread {
                thread_id,
                response,
            } => {
                self.turn_routes.reserve(&thread_id);
                let _ = response.send(self.unsubscribed_threads.check(&thread_id));
            }
            Command::ClaimTurn {
                thread_id,
                turn_id,
                response,
            } => {
                let log = self.claim_turn(&thread_id, &turn_id, false);
                self.watch_claimed(&log, now);
                let _ = response.send(log);
            }
            Command::ReleaseThread { thread_id } => self.release_thread(&thread_id),
            Command::LimitSilence { log, idle_timeout } => {
                self.quiet_turns.watch_silence(&log, idle_timeout, now);
                self.schedule_quiet_turns();
            }
            Command::LimitGoalSilence { goal, idle_timeout } => {
                goal.set_idle_timeout(idle_timeout);
                self.quiet_goals.watch_silence(&goal, idle_timeout, now);
                self.schedule_quiet_turns();
            }
            Command::OpenStream(stream) => self.client_id_streams.add(&stream),
            Command::InterruptTurn(log) => self.interrupt_abandoned(&log, now),
            Command::FollowGoal(goal) => self.turn_routes.follow_goal(&goal),
            Command::ActiveTurn {
                thread_id,
                response,
            } => {
                let _ = response.send(self.active_turns.turn(&thread_id).cloned());
            }
            Command::TokenUsage {
                thread_id,
                response,
            } => {
                let _ = response.send(self.thread_usages.last(&thread_id).cloned());
            }
            Command::ThreadSettings {
                thread_id,
                response,
            } => {
                let _ = response.send(self.loaded_threads.settings(&thread_id).cloned());
            }
            Command::Respond { request, response } => {
                let outcome = match &response {
                    Some(Ok(_)) => "responded",
                    Some(Err(_)) => "refused",
                    None => "declined",
                };
                if self.open_requests.close(&request, outcome, now) {
                    if response.is_none() {
                        telemetry::declined(request.method, request.thread_id.as_deref());
                    }
                    let response =
                        response.unwrap_or_else(|| self.service.default_response(request.method));
                    self.outbound.response(&request.id, &response);
                }
            }
            Command::Report(error) => self.report(error),
            Command::Abandoned => self.has_abandoned = true,
            Command::Synchronize(done) => drop(done.send(())),
            Command::Close(done) => {
                self.closers.push(done);
                return true;
            }
        }
        false
    }

    /// Whether no request is in flight or waits to be sent, and no line waits to be written.
    pub(crate) fn is_idle(&self) -> bool {
        self.pending.is_idle() && self.outbound.unwritten().is_empty()
    }

    fn enqueue(&mut self, request: OutgoingRequest, now: Instant) {
        // The timeout of a request that no caller waits for begins when it is sent: an undoing that
        // waits for room in the queue is not lost.
        let is_awaited = !matches!(request.sink, ResponseSink::Discard);
        let timeout = request.timeout.filter(|_| is_awaited);
        let deadline = timeout.and_then(|timeout| now.checked_add(timeout));
        self.schedule(deadline);
        match &request.on_response {
            Some(OnResponse::ClaimTurn { thread_id, .. }) => {
                if let Err(error) = self.unsubscribed_threads.check(thread_id) {
                    return request.sink.send(Err(error));
                }
                self.turn_routes.reserve(thread_id);
            }
            Some(OnResponse::ClaimLogin) => self.logins.reserve(),
            Some(OnResponse::Call(_)) | None => {}
        }
        // A dropped handle undoes what its other requests may not have done yet.
        self.has_abandoned |= matches!(request.sink, ResponseSink::Discard);
        let (method, params) = (request.method, request.params);
        if method == TurnInterruptParams::METHOD
            && let Some(params) = params.as_deref().and_then(|it| str::from_utf8(it).ok())
            && let Some(thread_id) = envelope::result_keys(params).and_then(|it| it.thread_id)
        {
            self.turn_routes.interrupt_requested(&thread_id);
        }
        let input = match self.names_roots {
            true => None,
            false => InputRequest::of(method, params.as_deref()),
        };
        let waiter = Waiter {
            method,
            timeout: request.timeout,
            on_response: request.on_response,
            unsubscribes: UnsubscribedThreads::unsubscribed_by(method, params.as_deref()),
            input: input.and_then(|input| self.turn_routes.input_sent(input)),
            sink: request.sink,
        };
        let is_long_running = waiter.sink.is_long_running();
        self.pending
            .push(method, params, deadline, is_long_running, waiter);
    }

    /// Records that this many bytes of `outbound` were written.
    pub(crate) fn written(&mut self, written: usize) {
        if self.recorder.is_some() || telemetry::wants_messages() {
            for line in self.outbound.begun_by(written) {
                if let Some(recorder) = &mut self.recorder {
                    recorder.sent(line);
                }
                telemetry::message("out", line);
            }
        }
        self.outbound.advance(written);
    }

    /// Adds the requests that may be sent now to `outbound`, until it is full.
    pub(crate) fn send_ready(&mut self, now: Instant) {
        if mem::take(&mut self.has_abandoned) {
            self.withdraw_abandoned();
        }
        while self.pending.has_queued() && !self.outbound.is_full() {
            let mut abandoned = Vec::new();
            let ready = self.pending.next_ready(
                |waiter| waiter.sink.is_abandoned(),
                |waiter| abandoned.push(waiter),
            );
            for waiter in abandoned {
                self.withdraw(waiter);
            }
            match ready {
                Some(ready) => {
                    self.outbound.request(&ready);
                    self.limit_unawaited(ready.id, now);
                }
                None => return,
            }
        }
    }

    /// Sets the deadline of a request that has just been sent, if no caller waits for it.
    fn limit_unawaited(&mut self, id: i64, now: Instant) {
        if let Some(waiter) = self.pending.sent(id)
            && matches!(waiter.sink, ResponseSink::Discard)
        {
            let deadline = waiter.timeout.and_then(|timeout| now.checked_add(timeout));
            self.pending.set_deadline(id, deadline);
            self.schedule(deadline);
        }
    }

    /// Removes the abandoned requests of which no byte was written.
    fn withdraw_abandoned(&mut self) {
        let is_abandoned = |waiter: &Waiter| waiter.sink.is_abandoned();
        let mut withdrawn = self.pending.remove_abandoned(is_abandoned);
        let in_buffer: Vec<_> = self.outbound.requests().collect();
        for id in in_buffer {
            if self.pending.sent(id).is_some_and(is_abandoned)
                && self.outbound.withdraw(&MessageId::Request(id))
            {
                withdrawn.extend(self.pending.complete(id));
            }
        }
        for waiter in withdrawn {
            self.withdraw(waiter);
        }
    }

    /// Settles what a request has reserved that is never sent.
    fn withdraw(&mut self, waiter: Waiter) {
        self.refused(waiter.input.as_ref());
        self.settle(waiter.on_response, None);
    }

    fn malformed(&mut self, error: impl FnOnce() -> DecodeError) {
        let error = error();
        telemetry::malformed(&error);
        let item = || Item::Error(error.into());
        self.subscribers.push(item, &mut self.wakes);
    }

    fn report(&mut self, error: Error) {
        telemetry::reported(&error);
        self.subscribers
            .push(|| Item::Error(error), &mut self.wakes);
    }

    /// Wakes the readers of what was received. Many readers of deltas are woken later, at the
    /// deadline.
    pub(crate) fn wake_readers(&mut self, now: Instant) {
        self.wakes.drain(..).for_each(Waker::wake);
        let next = self.delta_wakes.wake(now);
        self.schedule(next);
    }

    /// Wakes all readers of what was received at once.
    pub(crate) fn wake_all_readers(&mut self) {
        self.wakes.drain(..).for_each(Waker::wake);
        self.delta_wakes.wake_all();
    }

    /// Returns the time at which to call [`expire`](Self::expire).
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Schedules a deadline, if there is one.
    fn schedule(&mut self, deadline: Option<Instant>) {
        self.deadline = [self.deadline, deadline].into_iter().flatten().min();
    }

    /// Fails the requests whose deadline has passed, and ends the turns that have been quiet for
    /// too long. A request of which no byte was written is never sent, unless no caller waits for it.
    pub(crate) fn expire(&mut self, now: Instant) {
        for (id, waiter) in self.pending.expire(now) {
            let is_awaited = !matches!(waiter.sink, ResponseSink::Discard);
            let sent = id
                .is_some_and(|id| !(is_awaited && self.outbound.withdraw(&MessageId::Request(id))));
            if let Some(id) = id.filter(|_| sent) {
                self.remember_start(id, waiter.on_response.as_ref());
            }
            match sent {
                true => self.accepted(waiter.input.as_ref(), None),
                false => self.refused(waiter.input.as_ref()),
            }
            self.settle(waiter.on_response, None);
            waiter.sink.send(Err(Error::Timeout {
                method: waiter.method,
                after: waiter.timeout.unwrap_or_default(),
                sent,
            }));
        }
        self.deadline = self.pending.next_deadline();
        let next = self.delta_wakes.wake(now);
        self.schedule(next);
        self.end_quiet_turns(now);
    }

    /// Takes a command while the connection is ending. Callers and readers get the reason from
    /// [`finish`](Self::finish).
    pub(crate) fn refuse(&mut self, command: Command) {
        match command {
            Command::Request(request) => self.late.push(request.sink),
            Command::Close(done) => self.closers.push(done),
            Command::Subscribe(mailbox) => self.subscribers.add(&mailbox, &mut self.wakes),
            Command::SubscribeThread {
                thread_id,
                subscription,
            } => self.thread_subscriptions.add(thread_id, &subscription),
            Command::OpenStream(stream) => self.client_id_streams.add(&stream),
            Command::FollowGoal(goal) => self.turn_routes.follow_goal(&goal),
            Command::Report(error) => self.report(error),
            // A server that is shutting down does not wait for responses.
            Command::Synchronize(_)
            | Command::Notify { .. }
            | Command::LimitSilence { .. }
            | Command::LimitGoalSilence { .. }
            | Command::ReserveThread { .. }
            | Command::ClaimTurn { .. }
            | Command::ReleaseThread { .. }
            | Command::ActiveTurn { .. }
            | Command::TokenUsage { .. }
            | Command::ThreadSettings { .. }
            | Command::InterruptTurn(_)
            | Command::Abandoned
            | Command::Respond { .. } => {}
        }
    }

    /// Ends everything that waits for the connection. The first call determines how the connection
    /// ended.
    pub(crate) fn finish(&mut self, closed: ConnectionClosed) {
        let closed = Arc::clone(self.closed.get_or_init(|| Arc::new(closed)));
        self.span.end(closed.reason.name());
        for waiter in self.pending.drain() {
            waiter.sink.send(Err(Error::closed(&closed)));
        }
        for sink in mem::take(&mut self.late) {
            sink.send(Err(Error::closed(&closed)));
        }
        self.turn_routes.close(&closed);
        self.open_requests.withdraw_all();
        self.service.closed();
        self.logins.close();
        self.thread_subscriptions.close(&closed);
        self.client_id_streams.close(&closed);
        self.subscribers.close(&closed);
        self.wake_all_readers();
        for done in mem::take(&mut self.closers) {
            let _ = done.send(());
        }
    }
}
