//! What is done with a received line.

use std::{borrow::Cow, sync::Arc};

use codex_types::RequestId;
use tokio::time::Instant;

use crate::{
    connection::core::Core,
    error::turn_detached::DetachReason,
    routing::{
        active_turns, delta_queue::Event, goal_tracker::GoalTracker, logins, subscribers::Post,
        turn_log::TurnLog,
    },
    rpc::{
        envelope,
        envelope::Envelope,
        lines::{Line, UnreadableLine},
        raw_notification::{DeltaRef, RawNotification, Shape},
    },
    server_requests::default_response,
};

/// Who is to have a notification that is to be kept.
#[derive(Default)]
struct Readers {
    log: Option<Arc<TurnLog>>,
    /// The thread, if somebody watches it.
    watched: Option<String>,
    /// Whoever pursues the goal that it is about.
    tracker: Option<Arc<GoalTracker>>,
}

impl Core {
    /// Takes a received line.
    pub(crate) fn receive(&mut self, line: Line<'_>) {
        let is_last = matches!(line, Line::Last(_));
        match line.text() {
            Ok(text) if text.trim_ascii().is_empty() => {}
            // Whoever waits for the rest is told how the connection has ended, which says more.
            Ok(text) if is_last && envelope::envelope(&text).is_none() => {
                self.malformed(|| envelope::fault(&text));
            }
            Err(UnreadableLine { malformed, .. }) if is_last => self.malformed(|| malformed),
            Ok(text) => self.message(text),
            Err(UnreadableLine { begins, malformed }) => self.broken(&begins, || malformed),
        }
    }

    fn message(&mut self, text: Cow<'_, str>) {
        let Some(mut envelope) = envelope::envelope(&text) else {
            return self.broken(text.as_bytes(), || envelope::fault(&text));
        };
        match (&envelope.method, envelope.id.take()) {
            (Some(_), Some(id)) => self.request(&id, &envelope, &text),
            (Some(_), None) => {
                if let Some(topic) = self.client_id_streams.find(&envelope) {
                    let shape = Shape::of(&text, &envelope);
                    drop(envelope);
                    return topic.push(RawNotification::new(text, shape), &mut self.wakes);
                }
                let Some(readers) = self.notification(&envelope) else {
                    return;
                };
                if let Some(method) = &envelope.method {
                    self.requests.notification(method, &envelope, &text);
                }
                let ends = envelope.method.as_deref() == Some("turn/completed");
                let login_id = logins::completed(&mut envelope);
                let shape = Shape::of(&text, &envelope);
                drop(envelope);
                match login_id {
                    Some(login_id) => self.login(&login_id, RawNotification::new(text, shape)),
                    None => self.keep(readers, text, shape, ends),
                }
            }
            (None, Some(RequestId::Integer(id))) => {
                let (result, error) = (envelope.result, envelope.error);
                self.response(id, text, result, error);
            }
            // An error without an id answers a message that the server could not read. A string
            // id is none of ours.
            (None, _) => self.malformed(|| envelope::fault(&text)),
        }
    }

    fn request(&mut self, id: &RequestId, envelope: &Envelope<'_>, text: &str) {
        let (jobs, wakes) = (&mut self.jobs, &mut self.wakes);
        if !self.requests.receive(id, envelope, text, jobs, wakes) {
            let method = envelope.method.as_deref().unwrap_or_default();
            self.outbound
                .answer(id, &default_response::default_response(method));
        }
    }

    /// Delivers a delta. Any other notification is to be kept, for the readers that are returned.
    fn notification(&mut self, envelope: &Envelope<'_>) -> Option<Readers> {
        let thread_id = envelope.keys.thread_id.as_deref();
        let watched = thread_id.filter(|thread_id| self.thread_subscriptions.has(thread_id));
        let log = match (thread_id, &envelope.keys.turn_id) {
            (Some(thread_id), Some(turn_id)) => self.router.route(thread_id, turn_id),
            _ => None,
        };
        let somebody_reads = log.is_some() || watched.is_some();
        if let Some(mut delta) = somebody_reads.then(|| DeltaRef::of(envelope)).flatten() {
            if let Some(log) = log {
                log.push_delta(&delta, &mut self.wakes);
            }
            let is_ours = log.is_some();
            if let Some(thread_id) = watched {
                delta.turn_id = envelope.keys.turn_id.as_deref().unwrap_or_default();
                self.thread_subscriptions
                    .push_delta(thread_id, &delta, &mut self.wakes);
            }
            self.post_strays();
            // Those who subscribed to what belongs to no turn of ours get the rest.
            return (!is_ours).then(Readers::default);
        }
        let mut readers = Readers {
            log: log.map(Arc::clone),
            watched: watched.map(str::to_owned),
            tracker: None,
        };
        self.post_strays();
        if let Some(method) = &envelope.method {
            self.active.notification(method, &envelope.keys);
            if method.starts_with("thread/goal/") {
                let tracker = thread_id.and_then(|thread_id| self.router.tracker(thread_id));
                readers.tracker = tracker.map(Arc::clone);
            }
            if active_turns::ends_thread(method)
                && let Some(thread_id) = thread_id
            {
                self.router.lose(thread_id, DetachReason::ThreadClosed);
                self.post_strays();
            }
        }
        Some(readers)
    }

    fn keep(&mut self, readers: Readers, text: Cow<'_, str>, shape: Shape, ends: bool) {
        let Readers {
            log,
            watched,
            tracker,
        } = readers;
        if log.is_none() && watched.is_none() && tracker.is_none() {
            let post = || Post::Notification(Arc::new(RawNotification::new(text, shape)));
            return self.subscribers.post(post, &mut self.wakes);
        }
        let notification = Arc::new(RawNotification::new(text, shape));
        if let Some(thread_id) = watched {
            self.thread_subscriptions
                .push_notification(&thread_id, &notification, &mut self.wakes);
        }
        if let Some(tracker) = tracker {
            tracker.notification(&notification, log.is_some(), &mut self.wakes);
        }
        let Some(log) = log else {
            return self
                .subscribers
                .post(|| Post::Notification(notification), &mut self.wakes);
        };
        log.push_notification(&notification, &mut self.wakes);
        if ends {
            let now = Instant::now();
            self.router.end(log.thread_id(), log.turn_id(), now);
            self.deadline_of_router();
            self.post_strays();
        }
    }

    /// Hands to the subscribers what turned out to belong to no turn of ours.
    pub(crate) fn post_strays(&mut self) {
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
                let notification = match event {
                    Event::Notification(notification) => notification,
                    Event::Delta(delta) => Arc::new(delta.to_notification(&thread_id, &turn_id)),
                };
                self.subscribers
                    .post(|| Post::Notification(notification), &mut self.wakes);
            }
        }
    }

    /// Tells those who wait for this login, and all subscribers: an application that shows who is
    /// logged in need not know who started it.
    fn login(&mut self, login_id: &str, notification: RawNotification) {
        let notification = Arc::new(notification);
        self.logins.complete(login_id, &notification);
        self.subscribers
            .post(|| Post::Notification(notification), &mut self.wakes);
    }
}
