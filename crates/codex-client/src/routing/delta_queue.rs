//! The unread events of one reader of one turn.
//!
//! Deltas are nearly all of the traffic and tiny, so they are not kept one by one: their texts stand
//! end to end in one buffer, and each costs one small entry beside it. Past [`MERGE_FROM`] unread
//! entries, neighbouring deltas of the same item become one, so that what an absent reader costs is
//! the text itself. Order is kept, and so is every byte.

use std::{collections::VecDeque, fmt, sync::Arc};

use codex_types::ServerNotification;

use crate::{
    error::Result,
    routing::mailbox::Buffer,
    rpc::{
        delta::{Delta, DeltaKind, DeltaRef},
        raw_notification::RawNotification,
    },
};

/// From how many unread entries on neighbouring deltas are merged. A reader that keeps up sees
/// every delta as the server cut it.
const MERGE_FROM: usize = 4096;

/// A buffer of a queue that was emptied is kept for the next events up to this size.
const KEEP: usize = 1024 * 1024;

/// How far back an item is looked for among those with unread deltas.
const RECENT: usize = 8;

/// An event as it is read.
#[derive(Debug, PartialEq)]
pub(crate) enum Event {
    /// Any notification but a plain delta.
    Notification(Arc<RawNotification>),
    /// One delta, or neighbouring ones together.
    Delta(Delta),
}

impl Event {
    /// Decodes the event. `turn_id` is used for a delta that names no turn itself.
    pub(crate) fn decode(self, thread_id: &str, turn_id: &str) -> Result<ServerNotification> {
        match self {
            Self::Notification(notification) => notification.decode(),
            Self::Delta(delta) => Ok(delta.into_typed(thread_id, turn_id)),
        }
    }
}

/// Events in order, deltas packed.
#[derive(Clone, Default)]
pub(crate) struct DeltaQueue {
    entries: VecDeque<Entry>,
    /// The texts of all deltas in `entries`, from `read` on.
    text: String,
    read: usize,
    /// Where the deltas belong.
    items: Vec<Item>,
    /// What the notes take, in bytes.
    notifications: usize,
    /// How many entries were dropped since what they left was cleared away.
    dropped: usize,
}

#[derive(Clone)]
enum Entry {
    Notification(Arc<RawNotification>),
    Delta {
        item: u32,
        length: u32,
        /// 0 when the server did not say.
        emitted_at_ms: i64,
    },
}

#[derive(Clone)]
struct Item {
    kind: DeltaKind,
    turn_id: Option<String>,
    id: String,
    index: i64,
}

impl DeltaQueue {
    pub(crate) fn push_notification(&mut self, notification: Arc<RawNotification>) {
        self.notifications += notification.size();
        self.entries.push_back(Entry::Notification(notification));
    }

    pub(crate) fn push_delta(&mut self, delta: &DeltaRef<'_>) {
        let item = self.item(delta);
        // A single message is far below 4 GiB; a longer text would just become two entries.
        let added = u32::try_from(delta.text.len()).unwrap_or(u32::MAX);
        self.text.push_str(&delta.text[..added as usize]);
        let at = delta.emitted_at_ms.unwrap_or_default();
        if self.entries.len() >= MERGE_FROM
            && let Some(Entry::Delta {
                item: last,
                length,
                emitted_at_ms,
            }) = self.entries.back_mut()
            && *last == item
            && let Some(sum) = length.checked_add(added)
        {
            *length = sum;
            *emitted_at_ms = at;
            return;
        }
        self.entries.push_back(Entry::Delta {
            item,
            length: added,
            emitted_at_ms: at,
        });
    }

    /// Gives back what dropped entries have left in the buffers.
    fn clear_away(&mut self) {
        self.dropped = 0;
        self.text.drain(..self.read);
        self.read = 0;
        let used = self.entries.iter().filter_map(|entry| match entry {
            Entry::Delta { item, .. } => Some(*item),
            Entry::Notification(_) => None,
        });
        // The items that a new delta may be found among stay.
        let recent = self.items.len().saturating_sub(RECENT);
        let recent = u32::try_from(recent).unwrap_or_default();
        let unused = used.min().map_or(recent, |first| first.min(recent));
        self.items.drain(..unused as usize);
        for entry in &mut self.entries {
            if let Entry::Delta { item, .. } = entry {
                *item -= unused;
            }
        }
    }

    fn reset(&mut self) {
        self.dropped = 0;
        self.read = 0;
        self.items.clear();
        self.text.clear();
        self.text.shrink_to(KEEP);
        self.entries.shrink_to(KEEP / size_of::<Entry>());
    }

    fn item(&mut self, delta: &DeltaRef<'_>) -> u32 {
        let recent = self.items.len().saturating_sub(RECENT);
        let known = self.items[recent..].iter().rposition(|item| {
            item.id == delta.item_id
                && item.kind == delta.kind
                && item.index == delta.index
                && item.turn_id.as_deref() == delta.turn_id
        });
        let at = known.map_or_else(
            || {
                self.items.push(Item {
                    kind: delta.kind,
                    turn_id: delta.turn_id.map(str::to_owned),
                    id: delta.item_id.to_owned(),
                    index: delta.index,
                });
                self.items.len() - 1
            },
            |at| recent + at,
        );
        u32::try_from(at).unwrap_or(u32::MAX)
    }
}

impl Buffer for DeltaQueue {
    type Item = Event;

    fn pop(&mut self) -> Option<Event> {
        let event = match self.entries.pop_front()? {
            Entry::Notification(notification) => {
                self.notifications -= notification.size();
                Event::Notification(notification)
            }
            Entry::Delta {
                item,
                length,
                emitted_at_ms,
            } => {
                let end = self.read + length as usize;
                let item = &self.items[item as usize];
                let event = Event::Delta(Delta {
                    kind: item.kind,
                    turn_id: item.turn_id.clone(),
                    item_id: item.id.clone(),
                    index: item.index,
                    text: self.text[self.read..end].to_owned(),
                    emitted_at_ms: (emitted_at_ms != 0).then_some(emitted_at_ms),
                });
                self.read = end;
                event
            }
        };
        if self.entries.is_empty() {
            self.reset();
        }
        Some(event)
    }

    fn drop_oldest(&mut self) {
        match self.entries.pop_front() {
            Some(Entry::Notification(notification)) => self.notifications -= notification.size(),
            Some(Entry::Delta { length, .. }) => self.read += length as usize,
            None => return,
        }
        self.dropped += 1;
        if self.entries.is_empty() {
            self.reset();
        } else if self.dropped >= MERGE_FROM || self.read > KEEP.max(self.text.len() / 2) {
            self.clear_away();
        }
    }

    fn len(&self) -> usize {
        self.entries.len()
    }

    fn size(&self) -> usize {
        self.notifications + self.text.len() - self.read + self.entries.len() * size_of::<Entry>()
    }
}

impl fmt::Debug for DeltaQueue {
    /// Without the contents, which may be large.
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
            })
            .collect()
    }

    #[test]
    fn events_come_out_in_order_and_as_they_were_cut() {
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
    fn two_million_unread_deltas_cost_little_more_than_their_text() {
        let mut queue = DeltaQueue::default();
        for _ in 0..2_000_000 {
            queue.push_delta(&delta("a", "token "));
        }
        assert!(queue.len() <= MERGE_FROM);
        assert!(queue.text.capacity() <= 32 * 1024 * 1024);
        let text: usize = std::iter::from_fn(|| queue.pop())
            .map(|event| match event {
                Event::Delta(delta) => delta.text.len(),
                Event::Notification(_) => 0,
            })
            .sum();
        assert_eq!(text, 12_000_000);
        assert!(queue.text.capacity() <= KEEP);
    }

    #[test]
    fn interleaved_items_are_not_merged_across_each_other() {
        let mut queue = DeltaQueue::default();
        for _ in 0..MERGE_FROM {
            queue.push_delta(&delta("a", "x"));
        }
        for text in ["1", "2"] {
            queue.push_delta(&delta("b", text));
        }
        queue.push_delta(&delta("a", "3"));
        let texts = texts(&mut queue);
        assert_eq!(texts[MERGE_FROM..], ["b:12", "a:3"]);
    }

    #[test]
    fn dropping_the_oldest_gives_their_memory_back_and_keeps_the_rest_whole() {
        const LIMIT: usize = 2 * KEEP;
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
        assert!(queue.items.len() <= queue.len() + MERGE_FROM);
        let last = texts(&mut queue);
        let text = format!("99999:{}", "x".repeat(100));
        assert_eq!(last[last.len() - 2..], [text, "x".to_owned()]);
        assert_eq!(queue.size(), 0);
        queue.drop_oldest();
        assert_eq!(queue.len(), 0);
    }
}
