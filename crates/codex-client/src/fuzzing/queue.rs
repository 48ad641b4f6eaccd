//! The queue of unread events against a plain list.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    routing::{
        delta_queue::{DeltaQueue, Event, MAX_IDLE_CAPACITY, MERGE_THRESHOLD},
        mailbox::Buffer,
    },
    rpc::{
        delta::{Delta, DeltaKind, DeltaRef},
        envelope,
        raw_notification::{NotificationKind, RawNotification},
    },
};

const ITEMS: [&str; 3] = ["a", "b", "c"];

const TEXT: &str = "The quick brown fox jumps over the lazy dög.";

/// A queue returns the same events as a list, in which adjacent deltas of one item are merged from a
/// certain length on. Its buffers are not much larger than its contents.
///
/// Each byte adds an event, takes the oldest one, or drops it.
pub fn queue(bytes: &[u8]) {
    let mut queue = DeltaQueue::default();
    let mut list = VecDeque::new();
    for byte in bytes {
        match byte % 8 {
            0 => assert_eq!(queue.pop(), list.pop_front()),
            1 => {
                queue.drop_oldest();
                list.pop_front();
            }
            2 => {
                let notification = Arc::new(notification(*byte));
                queue.push_notification(Arc::clone(&notification));
                list.push_back(Event::Notification(notification));
            }
            _ => {
                let delta = delta(*byte, list.len());
                queue.push_delta(&borrowed(&delta));
                push(&mut list, delta);
            }
        }
        assert_bounded(&queue, &list);
    }
    while let Some(event) = list.pop_front() {
        assert_eq!(queue.pop(), Some(event));
    }
    assert_eq!(queue.pop(), None);
    assert_eq!(queue.size(), 0);
}

fn assert_bounded(queue: &DeltaQueue, list: &VecDeque<Event>) {
    assert_eq!(queue.len(), list.len());
    let (text, keys) = queue.buffers();
    let most_text = 2 * (queue.size() + MAX_IDLE_CAPACITY);
    assert!(text <= most_text, "{text} > {most_text}");
    let most_keys = 2 * (queue.len() + MERGE_THRESHOLD);
    assert!(keys <= most_keys, "{keys} > {most_keys}");
}

fn push(list: &mut VecDeque<Event>, delta: Delta) {
    if list.len() >= MERGE_THRESHOLD
        && let Some(Event::Delta(last)) = list.back_mut()
        && (last.kind, &last.item_id, last.index) == (delta.kind, &delta.item_id, delta.index)
    {
        last.text.push_str(&delta.text);
        last.emitted_at_ms = delta.emitted_at_ms;
        return;
    }
    list.push_back(Event::Delta(delta));
}

fn delta(byte: u8, number: usize) -> Delta {
    let kinds = [DeltaKind::AgentMessage, DeltaKind::ReasoningText];
    let length = number * usize::from(byte) % TEXT.len();
    let mut end = length;
    while !TEXT.is_char_boundary(end) {
        end += 1;
    }
    Delta {
        kind: kinds[usize::from(byte / 8) % kinds.len()],
        turn_id: None,
        item_id: ITEMS[usize::from(byte / 16) % ITEMS.len()].to_owned(),
        index: i64::from(byte / 128),
        text: TEXT[..end].to_owned(),
        emitted_at_ms: byte.is_multiple_of(2).then_some(7),
    }
}

fn borrowed(delta: &Delta) -> DeltaRef<'_> {
    DeltaRef {
        kind: delta.kind,
        turn_id: None,
        item_id: &delta.item_id,
        index: delta.index,
        text: &delta.text,
        emitted_at_ms: delta.emitted_at_ms,
    }
}

fn notification(byte: u8) -> RawNotification {
    let text = format!(r#"{{"method":"x","params":{byte}}}"#);
    let header = envelope::parse(&text).map(|envelope| envelope.header);
    let header = header.unwrap_or_default();
    RawNotification::new(text.into(), header, NotificationKind::Other)
}
