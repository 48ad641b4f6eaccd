//! A queue of the unread events of one reader, with compact deltas.
//!
//! Most events are tiny deltas, so they are not stored one by one: their text shares one buffer,
//! and each delta adds only a small entry. Once there are [`MERGE_THRESHOLD`] unread entries,
//! adjacent deltas of the same item are merged, so a reader that does not read costs little more
//! than the text. Order and text are preserved.

use std::{collections::VecDeque, fmt, sync::Arc};

use codex_types::ServerNotification;

use crate::{
    error::{Error, Result, connection_closed::ConnectionClosed, decode_error::DecodeError},
    routing::mailbox::Buffer,
    rpc::{
        decoder::Decoder,
        delta::{Delta, DeltaKind, DeltaRef},
        raw_notification::RawNotification,
    },
};

/// Number of unread entries at which adjacent deltas begin to be merged. A reader that keeps up
/// receives the deltas as the server sent them. Smaller for fuzzing, like the capacity, so that
/// short inputs reach all of the code.
pub(crate) const MERGE_THRESHOLD: usize = if cfg!(fuzzing) { 8 } else { 4096 };

/// Maximum capacity that the buffers of an empty queue keep, in bytes.
pub(crate) const MAX_IDLE_CAPACITY: usize = if cfg!(fuzzing) { 256 } else { 1024 * 1024 };

/// Number of keys, counted from the end, that are searched for the key of a new delta.
const RECENT_KEYS: usize = 8;

/// An event taken from a queue.
#[derive(Debug, PartialEq)]
pub(crate) enum Event {
    /// A notification that is not a plain delta.
    Notification(Arc<RawNotification>),
    /// A delta, or several adjacent ones merged.
    Delta(Delta),
    /// An event that could not be read.
    Unreadable(Arc<DecodeError>),
    /// The session ended here, and another one begins. Only in subscriptions to threads.
    SessionLost(Arc<ConnectionClosed>),
}

impl Event {
    /// Decodes the event. `turn_id` is used for a delta that names no turn itself.
    pub(crate) fn decode(
        self,
        decoder: &mut Decoder,
        thread_id: &str,
        turn_id: &str,
    ) -> Result<ServerNotification> {
        match self {
            Self::Notification(notification) => decoder.decode(&notification),
            Self::Delta(delta) => Ok(delta.into_typed(thread_id, turn_id)),
            Self::Unreadable(error) => Err(Error::Decode(error)),
            Self::SessionLost(closed) => Err(Error::Closed(closed)),
        }
    }
}

/// A queue of events.
#[derive(Clone, Default)]
pub(crate) struct DeltaQueue {
    entries: VecDeque<Entry>,
    /// The text of the deltas in `entries`, from `read` on.
    text: String,
    read: usize,
    /// The keys of the deltas in `entries`.
    keys: Vec<DeltaKey>,
    /// Size of the notifications in `entries`, in bytes.
    notification_bytes: usize,
    /// Number of entries removed since the buffers were last compacted.
    removed: usize,
}

#[derive(Clone)]
enum Entry {
    Notification(Arc<RawNotification>),
    Delta {
        /// An index into the keys.
        key: u32,
        length: u32,
        /// 0 if the server sent none.
        emitted_at_ms: i64,
    },
    /// Its size is about that of an entry.
    Unreadable(Arc<DecodeError>),
    SessionLost(Arc<ConnectionClosed>),
}

/// The item that a delta adds to, and the part of that item. Adjacent deltas with the same key can
/// be merged.
#[derive(Clone)]
struct DeltaKey {
    kind: DeltaKind,
    turn_id: Option<String>,
    item_id: String,
    index: i64,
}

impl DeltaQueue {
    pub(crate) fn push_notification(&mut self, notification: Arc<RawNotification>) {
        self.notification_bytes += notification.size();
        self.entries.push_back(Entry::Notification(notification));
    }

    pub(crate) fn push_unreadable(&mut self, error: Arc<DecodeError>) {
        self.entries.push_back(Entry::Unreadable(error));
    }

    pub(crate) fn push_session_lost(&mut self, closed: Arc<ConnectionClosed>) {
        self.entries.push_back(Entry::SessionLost(closed));
    }

    pub(crate) fn push_delta(&mut self, delta: &DeltaRef<'_>) {
        let key = self.key(delta);
        // A message is far shorter than 4 GiB.
        let added = u32::try_from(delta.text.len()).unwrap_or(u32::MAX);
        self.text.push_str(&delta.text[..added as usize]);
        let at = delta.emitted_at_ms.unwrap_or_default();
        if self.entries.len() >= MERGE_THRESHOLD
            && let Some(Entry::Delta {
                key: last,
                length,
                emitted_at_ms,
            }) = self.entries.back_mut()
            && *last == key
            && let Some(sum) = length.checked_add(added)
        {
            *length = sum;
            *emitted_at_ms = at;
            return;
        }
        self.entries.push_back(Entry::Delta {
            key,
            length: added,
            emitted_at_ms: at,
        });
    }

    /// Removes the remains of removed entries from the buffers, once there are so many that this
    /// costs little per entry. A queue that is never empty would grow otherwise.
    fn tidy(&mut self) {
        self.removed += 1;
        if self.entries.is_empty() {
            self.reset();
        } else if self.removed >= MERGE_THRESHOLD.max(self.entries.len())
            || self.read > MAX_IDLE_CAPACITY.max(self.text.len() / 2)
        {
            self.compact();
        }
    }

    fn compact(&mut self) {
        self.removed = 0;
        self.text.drain(..self.read);
        self.read = 0;
        let used = self.entries.iter().filter_map(|entry| match entry {
            Entry::Delta { key, .. } => Some(*key),
            Entry::Notification(_) | Entry::Unreadable(_) | Entry::SessionLost(_) => None,
        });
        // The keys that are searched for a new delta are kept.
        let recent = self.keys.len().saturating_sub(RECENT_KEYS);
        let recent = u32::try_from(recent).unwrap_or_default();
        let unused = used.min().map_or(recent, |first| first.min(recent));
        self.keys.drain(..unused as usize);
        for entry in &mut self.entries {
            if let Entry::Delta { key, .. } = entry {
                *key -= unused;
            }
        }
    }

    fn reset(&mut self) {
        self.removed = 0;
        self.read = 0;
        self.keys.clear();
        self.text.clear();
        self.text.shrink_to(MAX_IDLE_CAPACITY);
        self.entries
            .shrink_to(MAX_IDLE_CAPACITY / size_of::<Entry>());
    }

    fn key(&mut self, delta: &DeltaRef<'_>) -> u32 {
        let recent = self.keys.len().saturating_sub(RECENT_KEYS);
        let known = self.keys[recent..].iter().rposition(|key| {
            key.item_id == delta.item_id
                && key.kind == delta.kind
                && key.index == delta.index
                && key.turn_id.as_deref() == delta.turn_id
        });
        let at = known.map_or_else(
            || {
                self.keys.push(DeltaKey {
                    kind: delta.kind,
                    turn_id: delta.turn_id.map(str::to_owned),
                    item_id: delta.item_id.to_owned(),
                    index: delta.index,
                });
                self.keys.len() - 1
            },
            |at| recent + at,
        );
        u32::try_from(at).unwrap_or(u32::MAX)
    }
}

#[cfg(any(test, fuzzing))]
impl DeltaQueue {
    /// Returns the length of the text buffer, and the number of keys.
    pub(crate) fn buffers(&self) -> (usize, usize) {
        (self.text.len(), self.keys.len())
    }
}

impl Buffer for DeltaQueue {
    type Item = Event;

    fn pop(&mut self) -> Option<Event> {
        let event = match self.entries.pop_front()? {
            Entry::Notification(notification) => {
                self.notification_bytes -= notification.size();
                Event::Notification(notification)
            }
            Entry::Unreadable(error) => Event::Unreadable(error),
            Entry::SessionLost(closed) => Event::SessionLost(closed),
            Entry::Delta {
                key,
                length,
                emitted_at_ms,
            } => {
                let end = self.read + length as usize;
                let key = &self.keys[key as usize];
                let event = Event::Delta(Delta {
                    kind: key.kind,
                    turn_id: key.turn_id.clone(),
                    item_id: key.item_id.clone(),
                    index: key.index,
                    text: self.text[self.read..end].to_owned(),
                    emitted_at_ms: (emitted_at_ms != 0).then_some(emitted_at_ms),
                });
                self.read = end;
                event
            }
        };
        self.tidy();
        Some(event)
    }

    fn drop_oldest(&mut self) {
        match self.entries.pop_front() {
            Some(Entry::Notification(notification)) => {
                self.notification_bytes -= notification.size();
            }
            Some(Entry::Delta { length, .. }) => self.read += length as usize,
            Some(Entry::Unreadable(_) | Entry::SessionLost(_)) => {}
            None => return,
        }
        self.tidy();
    }

    fn len(&self) -> usize {
        self.entries.len()
    }

    fn size(&self) -> usize {
        self.notification_bytes + self.text.len() - self.read
            + self.entries.len() * size_of::<Entry>()
    }
}

impl fmt::Debug for DeltaQueue {
    /// Omits the contents, which may be large.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeltaQueue")
            .field("unread", &self.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::raw_notification::notification;

    fn delta<'a>(item_id: &'a str, text: &'a str) -> DeltaRef<'a> {
        DeltaRef {
            kind: DeltaKind::AgentMessage,
            turn_id: None,
            item_id,
            index: 0,
            text,
            emitted_at_ms: Some(1),
        }
    }

    fn texts(queue: &mut DeltaQueue) -> Vec<String> {
        std::iter::from_fn(|| queue.pop())
            .map(|event| match event {
                Event::Notification(notification) => notification.method().to_owned(),
                Event::Delta(delta) => format!("{}:{}", delta.item_id, delta.text),
                Event::Unreadable(error) => error.reason.clone(),
                Event::SessionLost(closed) => closed.reason.to_string(),
            })
            .collect()
    }

    #[test]
    fn events_are_returned_in_order_and_unmerged() {
        let mut queue = DeltaQueue::default();
        queue.push_delta(&delta("a", "1"));
        queue.push_delta(&delta("a", "2"));
        queue.push_notification(Arc::new(notification(r#"{"method":"x"}"#)));
        queue.push_delta(&delta("b", "é"));
        queue.push_delta(&delta("a", "3"));
        assert_eq!(texts(&mut queue), ["a:1", "a:2", "x", "b:é", "a:3"]);
        queue.push_delta(&delta("c", "again"));
        assert_eq!(texts(&mut queue), ["c:again"]);
    }

    #[test]
    fn unread_deltas_cost_little_more_than_their_text() {
        let mut queue = DeltaQueue::default();
        for _ in 0..2_000_000 {
            queue.push_delta(&delta("a", "token "));
        }
        assert!(queue.len() <= MERGE_THRESHOLD);
        assert!(queue.text.capacity() <= 32 * 1024 * 1024);
        let text: usize = std::iter::from_fn(|| queue.pop())
            .map(|event| match event {
                Event::Delta(delta) => delta.text.len(),
                _ => 0,
            })
            .sum();
        assert_eq!(text, 12_000_000);
        assert!(queue.text.capacity() <= MAX_IDLE_CAPACITY);
    }

    #[test]
    fn only_adjacent_deltas_of_one_item_are_merged() {
        let mut queue = DeltaQueue::default();
        for _ in 0..MERGE_THRESHOLD {
            queue.push_delta(&delta("a", "x"));
        }
        for text in ["1", "2"] {
            queue.push_delta(&delta("b", text));
        }
        queue.push_delta(&delta("a", "3"));
        let texts = texts(&mut queue);
        assert_eq!(texts[MERGE_THRESHOLD..], ["b:12", "a:3"]);
    }

    #[test]
    fn a_reader_that_is_always_one_event_behind_does_not_make_the_queue_grow() {
        let mut queue = DeltaQueue::default();
        queue.push_delta(&delta("first", "x"));
        for number in 0..20_000 {
            let id = number.to_string();
            queue.push_delta(&delta(&id, &"x".repeat(1_000)));
            queue.pop().unwrap();
        }
        assert_eq!(queue.len(), 1);
        let (text, keys) = queue.buffers();
        assert!(text <= 2 * MAX_IDLE_CAPACITY, "{text}");
        assert!(keys <= 2 * MERGE_THRESHOLD, "{keys}");
    }

    #[test]
    fn dropping_the_oldest_events_frees_their_memory_and_keeps_the_others() {
        const LIMIT: usize = 2 * MAX_IDLE_CAPACITY;
        let mut queue = DeltaQueue::default();
        for number in 0..100_000 {
            let id = number.to_string();
            queue.push_delta(&delta(&id, &"x".repeat(100)));
            queue.push_notification(Arc::new(notification(r#"{"method":"x"}"#)));
            while queue.size() > LIMIT {
                queue.drop_oldest();
            }
        }
        assert!(queue.text.len() <= 2 * LIMIT, "{}", queue.text.len());
        assert!(queue.keys.len() <= queue.len() + MERGE_THRESHOLD);
        let last = texts(&mut queue);
        let text = format!("99999:{}", "x".repeat(100));
        assert_eq!(last[last.len() - 2..], [text, "x".to_owned()]);
        assert_eq!(queue.size(), 0);
        queue.drop_oldest();
        assert_eq!(queue.len(), 0);
    }
}
