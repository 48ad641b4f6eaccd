//! What the connection task knows and decides, without any I/O.
//!
//! One value owns ids, pending calls, routes and subscribers. Received lines and commands go in;
//! answers go to their callers, events to their feeds, and lines to be written pile up in
//! `outbound`. Nothing in here waits.

use std::{
    borrow::Cow,
    mem,
    ops::Range,
    sync::{Arc, OnceLock},
    task::Waker,
    time::Duration,
};

use codex_types::{
    RequestId,
    rpc::{JsonRpcError, error_code},
};
use tokio::{sync::oneshot, time::Instant};

use super::{
    active::{self, Active},
    bulletin::{Bulletin, Post},
    command::{Answer, Call, Command, Reply, Started, Starts},
    feed::Feed,
    left::Left,
    lines::Line,
    logins::{self, Logins},
    note::{DeltaRef, Note, Shape},
    outbound::Outbound,
    pending::Pending,
    pursuit::Pursuit,
    queue::Event,
    requests::Requests,
    router::Router,
    scan::{self, Head},
    topic::Topics,
    watch::Watches,
};
use crate::{
    error::{CloseReason, Closed, Error, LostReason, Malformed, RpcError},
    requests::Job,
};

/// Who waits for an answer.
struct Waiter {
    method: &'static str,
    timeout: Option<Duration>,
    starts: Option<Starts>,
    /// The thread whose events this client then gets no more.
    leaves: Option<String>,
    reply: Reply,
}

/// Who is to have a notification that is to be kept.
#[derive(Default)]
struct Readers {
    feed: Option<Arc<Feed>>,
    /// The thread, if somebody watches it.
    watched: Option<String>,
    /// Whoever pursues the goal that it is about.
    pursuit: Option<Arc<Pursuit>>,
}

/// The state of a connection.
pub(crate) struct Core {
    pub(crate) outbound: Outbound,
    pending: Pending<Waiter>,
    router: Router,
    left: Left,
    logins: Logins,
    active: Active,
    watches: Watches,
    topics: Topics,
    bulletin: Bulletin,
    requests: Requests,
    /// What handlers have to do, for the driver to start.
    pub(crate) jobs: Vec<Job>,
    /// Readers to be woken once all that was received together is routed: a reader woken earlier
    /// would contend for what is being written.
    wakes: Vec<Waker>,
    /// No deadline is earlier than this.
    deadline: Option<Instant>,
    closers: Vec<oneshot::Sender<()>>,
    /// Calls that came while the connection was ending.
    late: Vec<Reply>,
    /// Set when the connection has ended; shared with the handles.
    closed: Arc<OnceLock<Arc<Closed>>>,
}

impl Core {
    pub(crate) fn new(
        in_flight: usize,
        requests: Requests,
        closed: Arc<OnceLock<Arc<Closed>>>,
    ) -> Self {
        Self {
            outbound: Outbound::default(),
            pending: Pending::new(in_flight),
            router: Router::default(),
            left: Left::default(),
            logins: Logins::default(),
            active: Active::default(),
            watches: Watches::default(),
            topics: Topics::default(),
            bulletin: Bulletin::new(),
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
            Command::Call(call) => self.call(call, now),
            Command::Notify { method } => self.outbound.notification(method, None),
            Command::Subscribe(board) => self.bulletin.subscribe(board, &mut self.wakes),
            Command::Watch(watch) => self.watches.add(watch),
            Command::Reserve { thread_id, reply } => {
                self.router.reserve(&thread_id);
                let _ = reply.send(self.left.check(&thread_id));
            }
            Command::Claim {
                thread_id,
                turn_id,
                reply,
            } => {
                let _ = reply.send(self.claim_turn(&thread_id, &turn_id));
            }
            Command::Release { thread_id } => self.release(Some(&Starts::Turn(thread_id))),
            Command::Follow(topic) => self.topics.add(topic),
            Command::Pursue(pursuit) => self.router.pursue(pursuit),
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

    fn call(&mut self, call: Call, now: Instant) {
        let deadline = call.timeout.and_then(|timeout| now.checked_add(timeout));
        self.deadline = [self.deadline, deadline].into_iter().flatten().min();
        match &call.starts {
            Some(Starts::Turn(thread_id)) => {
                if let Err(error) = self.left.check(thread_id) {
                    return call.reply.send(Err(error));
                }
                self.router.reserve(thread_id);
            }
            Some(Starts::Login) => self.logins.reserve(),
            Some(Starts::Thread(tools)) => self.requests.tools.reserve(tools),
            None => {}
        }
        let waiter = Waiter {
            method: call.method,
            timeout: call.timeout,
            starts: call.starts,
            leaves: Left::by(call.method, call.params.as_deref()),
            reply: call.reply,
        };
        let lasts = waiter.reply.is_for_the_end();
        self.pending
            .push(call.method, call.params, deadline, lasts, waiter);
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
                self.release(waiter.starts.as_ref());
            }
            match ready {
                Some(ready) => self.outbound.request(&ready),
                None => return,
            }
        }
    }

    /// Takes a received line.
    pub(crate) fn receive(&mut self, line: Line<'_>) {
        match line.text() {
            Ok(text) if text.trim_ascii().is_empty() => {}
            Ok(text) => self.message(text),
            Err(malformed) => self.malformed(|| malformed),
        }
    }

    fn message(&mut self, text: Cow<'_, str>) {
        let Some(mut head) = scan::head(&text) else {
            return self.malformed(|| scan::fault(&text));
        };
        match (&head.method, head.id.take()) {
            (Some(_), Some(id)) => self.request(&id, &head, &text),
            (Some(_), None) => {
                if let Some(topic) = self.topics.find(&head) {
                    let shape = Shape::of(&text, &head);
                    drop(head);
                    return topic.push(Note::new(text, shape), &mut self.wakes);
                }
                let Some(readers) = self.notification(&head) else {
                    return;
                };
                if let Some(method) = &head.method {
                    self.requests.notification(method, &head, &text);
                }
                let ends = head.method.as_deref() == Some("turn/completed");
                let login_id = logins::completed(&mut head);
                let shape = Shape::of(&text, &head);
                drop(head);
                match login_id {
                    Some(login_id) => self.login(&login_id, Note::new(text, shape)),
                    None => self.keep(readers, text, shape, ends),
                }
            }
            (None, Some(RequestId::Integer(id))) => {
                let (result, error) = (head.result, head.error);
                self.response(id, text, result, error);
            }
            // An error without an id answers a message that the server could not read. A string
            // id is none of ours.
            (None, _) => self.malformed(|| scan::fault(&text)),
        }
    }

    fn request(&mut self, id: &RequestId, head: &Head<'_>, text: &str) {
        let (jobs, wakes) = (&mut self.jobs, &mut self.wakes);
        let text = text.to_owned();
        if !self.requests.receive(id, head, text, jobs, wakes) {
            let method = head.method.as_deref().unwrap_or_default();
            let message = format!("unknown method `{method}`");
            let error = JsonRpcError::new(error_code::METHOD_NOT_FOUND, message);
            self.outbound.answer(id, &Err(error));
        }
    }

    /// Delivers a delta. Any other notification is to be kept, for the readers that are returned.
    fn notification(&mut self, head: &Head<'_>) -> Option<Readers> {
        let thread_id = head.peek.thread_id.as_deref();
        let watched = thread_id.filter(|thread_id| self.watches.has(thread_id));
        let feed = match (thread_id, &head.peek.turn_id) {
            (Some(thread_id), Some(turn_id)) => self.router.route(thread_id, turn_id),
            _ => None,
        };
        let somebody_reads = feed.is_some() || watched.is_some();
        if let Some(mut delta) = somebody_reads.then(|| DeltaRef::of(head)).flatten() {
            if let Some(feed) = feed {
                feed.push_delta(&delta, &mut self.wakes);
            }
            let is_ours = feed.is_some();
            if let Some(thread_id) = watched {
                delta.turn_id = head.peek.turn_id.as_deref().unwrap_or_default();
                self.watches.push_delta(thread_id, &delta, &mut self.wakes);
            }
            self.post_strays();
            // Those who subscribed to what belongs to no turn of ours get the rest.
            return (!is_ours).then(Readers::default);
        }
        let mut readers = Readers {
            feed: feed.map(Arc::clone),
            watched: watched.map(str::to_owned),
            pursuit: None,
        };
        self.post_strays();
        if let Some(method) = &head.method {
            self.active.notification(method, &head.peek);
            if method.starts_with("thread/goal/") {
                let pursuit = thread_id.and_then(|thread_id| self.router.pursuit(thread_id));
                readers.pursuit = pursuit.map(Arc::clone);
            }
            if active::ends_thread(method)
                && let Some(thread_id) = thread_id
            {
                self.router.lose(thread_id, LostReason::ThreadClosed);
                self.post_strays();
            }
        }
        Some(readers)
    }

    fn keep(&mut self, readers: Readers, text: Cow<'_, str>, shape: Shape, ends: bool) {
        let Readers {
            feed,
            watched,
            pursuit,
        } = readers;
        if feed.is_none() && watched.is_none() && pursuit.is_none() {
            let post = || Post::Note(Arc::new(Note::new(text, shape)));
            return self.bulletin.post(post, &mut self.wakes);
        }
        let note = Arc::new(Note::new(text, shape));
        if let Some(thread_id) = watched {
            self.watches.push_note(&thread_id, &note, &mut self.wakes);
        }
        if let Some(pursuit) = pursuit {
            pursuit.note(&note, feed.is_some(), &mut self.wakes);
        }
        let Some(feed) = feed else {
            return self.bulletin.post(|| Post::Note(note), &mut self.wakes);
        };
        feed.push_note(&note, &mut self.wakes);
        if ends {
            let now = Instant::now();
            self.router.end(feed.thread_id(), feed.turn_id(), now);
            self.deadline_of_router();
            self.post_strays();
        }
    }

    /// Hands to the subscribers what turned out to belong to no turn of ours.
    fn post_strays(&mut self) {
        if self.router.has_strays() {
            self.post_all_strays();
        }
    }

    #[cold]
    fn post_all_strays(&mut self) {
        for stray in self.router.take_strays() {
            let (thread_id, turn_id) = (stray.thread_id().to_owned(), stray.turn_id().to_owned());
            let mut unread = stray.into_unread();
            while let Some(event) = unread.pop() {
                let note = match event {
                    Event::Note(note) => note,
                    Event::Delta(delta) => Arc::new(delta.to_note(&thread_id, &turn_id)),
                };
                self.bulletin.post(|| Post::Note(note), &mut self.wakes);
            }
        }
    }

    /// Tells those who wait for this login, and all subscribers: an application that shows who is
    /// logged in need not know who started it.
    fn login(&mut self, login_id: &str, note: Note) {
        let note = Arc::new(note);
        self.logins.complete(login_id, &note);
        self.bulletin.post(|| Post::Note(note), &mut self.wakes);
    }

    fn response(
        &mut self,
        id: i64,
        text: Cow<'_, str>,
        result: Option<Range<usize>>,
        error: Option<Range<usize>>,
    ) {
        // Nobody waits for a late answer, or for one that was never asked for.
        let Some(waiter) = self.pending.complete(id) else {
            return;
        };
        let method = waiter.method;
        let answer = match (result, error) {
            (_, Some(error)) => Err(match serde_json::from_str::<JsonRpcError>(&text[error]) {
                Ok(error) => RpcError::new(method, error).into(),
                Err(error) => Malformed::new(Some(method), &text, &error).into(),
            }),
            (Some(result), None) => {
                if let Some(thread_id) = &waiter.leaves {
                    self.left.leave(thread_id);
                    self.router.lose(thread_id, LostReason::Unsubscribed);
                    self.active.left(thread_id);
                }
                self.left.answered(method, &text[result.clone()]);
                // What nobody waits for any more is not claimed: its events are for those who listen.
                let starts = waiter.starts.as_ref();
                let started = starts
                    .filter(|_| !waiter.reply.is_given_up())
                    .and_then(|starts| self.claim(starts, &text[result.clone()]));
                Ok(Answer::new(text.into_owned(), result, started))
            }
            (None, None) => {
                let reason = "neither `result` nor `error`";
                Err(Malformed::at(Some(method), &text, reason, 0).into())
            }
        };
        self.release(waiter.starts.as_ref());
        waiter.reply.send(answer);
    }

    /// Finds what was started, with the events of it that have come already.
    fn claim(&mut self, starts: &Starts, result: &str) -> Option<Started> {
        if let Starts::Thread(tools) = starts
            && !self.requests.tools.concern(tools)
        {
            // The history of a thread is long, and need not be looked through.
            return None;
        }
        let ids = scan::result(result)?;
        Some(match starts {
            Starts::Turn(thread_id) => {
                Started::Turn(self.claim_turn(thread_id, ids.turn_id.as_deref()?))
            }
            Starts::Login => Started::Login(self.logins.claim(ids.login_id.as_deref()?)),
            Starts::Thread(tools) => {
                self.requests.tools.claim(tools, ids.thread_id.as_deref()?);
                return None;
            }
        })
    }

    fn claim_turn(&mut self, thread_id: &str, turn_id: &str) -> Arc<Feed> {
        let feed = self.router.claim(thread_id, turn_id, Instant::now());
        if self.left.has(thread_id) {
            self.router.lose(thread_id, LostReason::Unsubscribed);
        }
        if !feed.has_ended() {
            self.active.named(thread_id, turn_id);
        }
        self.deadline_of_router();
        feed
    }

    /// Ends a reservation; what nobody claimed goes where it would have gone without one.
    fn release(&mut self, starts: Option<&Starts>) {
        match starts {
            Some(Starts::Turn(thread_id)) => {
                self.router.release(thread_id);
                self.post_strays();
            }
            Some(Starts::Login) => self.logins.release(),
            Some(Starts::Thread(tools)) => self.requests.tools.release(tools),
            None => {}
        }
    }

    /// Sees to it that the router is called in time.
    fn deadline_of_router(&mut self) {
        let deadlines = [self.deadline, self.router.deadline()];
        self.deadline = deadlines.into_iter().flatten().min();
    }

    fn malformed(&mut self, what: impl FnOnce() -> Malformed) {
        let post = || Post::Error(what().into());
        self.bulletin.post(post, &mut self.wakes);
    }

    fn report(&mut self, error: Error) {
        self.bulletin.post(|| Post::Error(error), &mut self.wakes);
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
            self.release(waiter.starts.as_ref());
            waiter.reply.send(Err(Error::Timeout {
                method: waiter.method,
                after: waiter.timeout.unwrap_or_default(),
            }));
        }
        for feed in self.router.settle(now, &mut self.wakes) {
            self.active.forget(feed.thread_id(), feed.turn_id());
        }
        self.post_strays();
        self.deadline = self.pending.next_deadline();
        self.deadline_of_router();
    }

    /// Takes a command that comes while the connection is ending: whoever waits for something is
    /// told how it ended as soon as that is known.
    pub(crate) fn refuse(&mut self, command: Command) {
        match command {
            Command::Call(call) => self.late.push(call.reply),
            Command::Close(done) => self.closers.push(done),
            Command::Subscribe(board) => self.bulletin.subscribe(board, &mut self.wakes),
            Command::Watch(watch) => self.watches.add(watch),
            Command::Follow(topic) => self.topics.add(topic),
            Command::Pursue(pursuit) => self.router.pursue(pursuit),
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

    /// Tells everybody who waits for anything that the connection has ended.
    pub(crate) fn finish(&mut self, closed: Closed) {
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
        self.watches.close(&closed);
        self.topics.close(&closed);
        self.bulletin.close(&closed);
        self.wake_readers();
        for done in mem::take(&mut self.closers) {
            let _ = done.send(());
        }
    }
}

impl Drop for Core {
    /// The task was dropped with its runtime: nobody shall wait for it.
    fn drop(&mut self) {
        self.finish(Closed::new(CloseReason::RuntimeShutDown));
    }
}
