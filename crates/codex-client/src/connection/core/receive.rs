//! What is done with a received line.

use std::{borrow::Cow, sync::Arc};

use codex_types::RequestId;
use tokio::time::Instant;

use crate::{
    connection::core::Core,
    error::turn_detached::LostReason,
    routing::{
        active_turns, delta_queue::Event, goal_tracker::Pursuit, logins, subscribers::Post,
        turn_log::Feed,
    },
    rpc::{
        envelope,
        envelope::Head,
        lines::{Broken, Line},
        raw_notification::{DeltaRef, Note, Shape},
    },
    server_requests::default_response,
};

/// Who is to have a notification that is to be kept.
#[derive(Default)]
struct Readers {
    feed: Option<Arc<Feed>>,
    /// The thread, if somebody watches it.
    watched: Option<String>,
    /// Whoever pursues the goal that it is about.
    pursuit: Option<Arc<Pursuit>>,
}

impl Core {
    /// Takes a received line.
    pub(crate) fn receive(&mut self, line: Line<'_>) {
        let is_last = matches!(line, Line::Last(_));
        match line.text() {
            Ok(text) if text.trim_ascii().is_empty() => {}
            // Whoever waits for the rest is told how the connection has ended, which says more.
            Ok(text) if is_last && envelope::head(&text).is_none() => {
                self.malformed(|| envelope::fault(&text));
            }
            Err(Broken { malformed, .. }) if is_last => self.malformed(|| malformed),
            Ok(text) => self.message(text),
            Err(Broken { begins, malformed }) => self.broken(&begins, || malformed),
        }
    }

    fn message(&mut self, text: Cow<'_, str>) {
        let Some(mut head) = envelope::head(&text) else {
            return self.broken(text.as_bytes(), || envelope::fault(&text));
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
            (None, _) => self.malformed(|| envelope::fault(&text)),
        }
    }

    fn request(&mut self, id: &RequestId, head: &Head<'_>, text: &str) {
        let (jobs, wakes) = (&mut self.jobs, &mut self.wakes);
        if !self.requests.receive(id, head, text, jobs, wakes) {
            let method = head.method.as_deref().unwrap_or_default();
            self.outbound
                .answer(id, &default_response::unattended(method));
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
            if active_turns::ends_thread(method)
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
}
