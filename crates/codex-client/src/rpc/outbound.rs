//! Messages to write.

use std::collections::VecDeque;

use codex_types::rpc::{JsonRpcError, RequestId};
use serde::Serialize;

use crate::rpc::pending::Ready;

/// Unwritten lines in one buffer, so that a single write can take several.
///
/// A message can be withdrawn until its first byte is written. While the buffer
/// [is full](Self::is_full), requests wait in [`Pending`](crate::rpc::pending::Pending), so that
/// there is little to withdraw here.
#[derive(Default)]
pub(crate) struct Outbound {
    buffer: Vec<u8>,
    /// Number of bytes at the start of the buffer that were written.
    written: usize,
    /// The messages that were not written completely, in order.
    messages: VecDeque<Message>,
}

/// A message in the buffer.
struct Message {
    /// `None` for a notification.
    id: Option<MessageId>,
    /// The position of the end of the line in the buffer.
    end: usize,
    /// The length of the line, whose beginning may no longer be in the buffer.
    length: usize,
}

/// The identity of a message that can be withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MessageId {
    /// A request of this client.
    Request(i64),
    /// The response to a request from the server.
    Response(RequestId),
}

/// Maximum capacity that an empty buffer keeps, in bytes.
const MAX_IDLE_CAPACITY: usize = 1024 * 1024;

/// Number of unwritten bytes at which the buffer is full. It is the usual capacity of a pipe.
const FULL: usize = 64 * 1024;

impl Outbound {
    /// Returns the bytes to write next.
    pub(crate) fn unwritten(&self) -> &[u8] {
        &self.buffer[self.written..]
    }

    /// Whether requests have to wait until more bytes are written.
    pub(crate) fn is_full(&self) -> bool {
        self.unwritten().len() >= FULL
    }

    /// Returns the lines of which the next `written` bytes contain the first one.
    pub(crate) fn begun_by(&self, written: usize) -> impl Iterator<Item = &[u8]> {
        let end = self.written + written;
        self.messages.iter().filter_map(move |message| {
            let start = message.end.checked_sub(message.length)?;
            let is_begun = (self.written..end).contains(&start);
            is_begun.then(|| &self.buffer[start..message.end])
        })
    }

    /// Records that this many bytes were written.
    pub(crate) fn advance(&mut self, written: usize) {
        self.written += written;
        while self
            .messages
            .front()
            .is_some_and(|message| message.end <= self.written)
        {
            self.messages.pop_front();
        }
        self.release();
    }

    /// Frees the memory of what was written. Moves the rest only if it is the smaller part, so that
    /// each byte is moved at most once on average.
    fn release(&mut self) {
        if self.written < self.buffer.len() && self.written < FULL.max(self.unwritten().len()) {
            return;
        }
        let freed = self.written;
        self.buffer.drain(..freed);
        for message in &mut self.messages {
            message.end -= freed;
        }
        self.written = 0;
        self.shrink();
    }

    fn shrink(&mut self) {
        let kept = self.buffer.len().max(MAX_IDLE_CAPACITY);
        self.buffer.shrink_to(kept);
    }

    /// Removes a message unless a part of it was written, and returns whether it was removed. The
    /// server needs the rest of a partly written message to read the next one.
    pub(crate) fn withdraw(&mut self, id: &MessageId) -> bool {
        let is_unwritten = |message: &Message| message.end >= self.written + message.length;
        let found = self
            .messages
            .iter()
            .position(|message| message.id.as_ref() == Some(id) && is_unwritten(message));
        let Some(message) = found.and_then(|at| self.messages.remove(at)) else {
            return false;
        };
        self.buffer.drain(message.end - message.length..message.end);
        for later in &mut self.messages {
            if later.end > message.end {
                later.end -= message.length;
            }
        }
        self.release();
        self.shrink();
        true
    }

    /// Returns the ids of the requests in the buffer.
    pub(crate) fn requests(&self) -> impl Iterator<Item = i64> {
        self.messages.iter().filter_map(|message| match message.id {
            Some(MessageId::Request(id)) => Some(id),
            _ => None,
        })
    }

    /// Adds a request; its params are given as JSON.
    pub(crate) fn request(&mut self, ready: &Ready) {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(b"{\"id\":");
        self.json(&ready.id);
        self.buffer.extend_from_slice(b",");
        self.method(ready.method, ready.params.as_deref());
        self.end_message(start, Some(MessageId::Request(ready.id)));
    }

    /// Adds a notification; its params are given as JSON.
    pub(crate) fn notification(&mut self, method: &str, params: Option<&[u8]>) {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(b"{");
        self.method(method, params);
        self.end_message(start, None);
    }

    fn method(&mut self, method: &str, params: Option<&[u8]>) {
        self.buffer.extend_from_slice(b"\"method\":");
        if method
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'/'))
        {
            // Nothing to escape, as in every method of the protocol.
            self.buffer.push(b'"');
            self.buffer.extend_from_slice(method.as_bytes());
            self.buffer.push(b'"');
        } else {
            self.json(method);
        }
        if let Some(params) = params {
            self.buffer.extend_from_slice(b",\"params\":");
            self.buffer.extend_from_slice(params);
        }
    }

    /// Adds the response to a request from the server; a result is given as JSON.
    pub(crate) fn response(&mut self, id: &RequestId, response: &Result<Vec<u8>, JsonRpcError>) {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(b"{\"id\":");
        self.json(id);
        match response {
            Ok(result) => {
                self.buffer.extend_from_slice(b",\"result\":");
                self.buffer.extend_from_slice(result);
            }
            Err(error) => {
                self.buffer.extend_from_slice(b",\"error\":");
                self.json(error);
            }
        }
        self.end_message(start, Some(MessageId::Response(id.clone())));
    }

    /// Ends the message that begins at `start`.
    fn end_message(&mut self, start: usize, id: Option<MessageId>) {
        self.buffer.extend_from_slice(b"}\n");
        let end = self.buffer.len();
        let length = end - start;
        self.messages.push_back(Message { id, end, length });
    }

    /// Adds a string, an id or an error. Serializing these to memory cannot fail.
    fn json(&mut self, value: &(impl Serialize + ?Sized)) {
        let written = serde_json::to_writer(&mut self.buffer, value);
        debug_assert!(written.is_ok());
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::rpc::pending::Pending;

    #[test]
    fn messages_are_lines_without_a_jsonrpc_member() {
        let mut out = Outbound::default();
        out.request(&Ready {
            id: 7,
            method: "a/b",
            params: Some(b"{\"x\":1}".to_vec()),
        });
        out.request(&Ready {
            id: 8,
            method: "c",
            params: None,
        });
        out.notification("initialized", None);
        out.response(&"q".into(), &Ok(b"{}".to_vec()));
        out.response(&3.into(), &Err(JsonRpcError::new(-32601, "no \"x\"")));
        let text = String::from_utf8(out.unwritten().to_vec()).unwrap();
        let expected = r#"{"id":7,"method":"a/b","params":{"x":1}}
{"id":8,"method":"c"}
{"method":"initialized"}
{"id":"q","result":{}}
{"id":3,"error":{"code":-32601,"message":"no \"x\""}}
"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn written_bytes_are_not_written_again() {
        let mut out = Outbound::default();
        out.notification("a", None);
        out.advance(3);
        assert_eq!(out.unwritten(), &b"{\"method\":\"a\"}\n"[3..]);
        out.advance(12);
        assert!(out.unwritten().is_empty());
    }

    fn request(out: &mut Outbound, id: i64, params: usize) {
        out.request(&Ready {
            id,
            method: "m",
            params: Some(format!("\"{}\"", "x".repeat(params)).into_bytes()),
        });
    }

    fn text(out: &Outbound) -> String {
        String::from_utf8(out.unwritten().to_vec()).unwrap()
    }

    #[test]
    fn a_message_is_withdrawn_only_if_no_byte_of_it_was_written() {
        let mut out = Outbound::default();
        for id in 1..=3 {
            request(&mut out, id, 1);
        }
        out.response(&"q".into(), &Ok(b"{}".to_vec()));
        out.notification("n", None);
        out.advance(1);
        assert!(!out.withdraw(&MessageId::Request(1)));
        assert!(out.withdraw(&MessageId::Request(2)));
        assert!(!out.withdraw(&MessageId::Request(2)));
        assert!(out.withdraw(&MessageId::Response("q".into())));
        assert_eq!(out.requests().collect::<Vec<_>>(), [1, 3]);
        let rest = "\"id\":1,\"method\":\"m\",\"params\":\"x\"}\n\
                    {\"id\":3,\"method\":\"m\",\"params\":\"x\"}\n{\"method\":\"n\"}\n";
        assert_eq!(text(&out), rest);
        // The second message begins exactly where the written part ends.
        out.advance(rest.find('\n').unwrap() + 1);
        assert!(out.withdraw(&MessageId::Request(3)));
        assert_eq!(text(&out), "{\"method\":\"n\"}\n");
    }

    #[test]
    fn a_partly_written_message_stays_even_after_its_beginning_was_freed() {
        let mut out = Outbound::default();
        request(&mut out, 1, 4 * FULL);
        request(&mut out, 2, 10);
        let all = text(&out);
        out.advance(3 * FULL);
        assert_eq!(out.written, 0, "the beginning was not freed");
        assert!(!out.withdraw(&MessageId::Request(1)));
        assert!(out.withdraw(&MessageId::Request(2)));
        let first = all.find('\n').unwrap() + 1;
        assert_eq!(text(&out), all[3 * FULL..first]);
    }

    #[test]
    fn the_memory_of_withdrawn_and_of_written_messages_is_freed() {
        let mut out = Outbound::default();
        const LARGE: usize = 8 * MAX_IDLE_CAPACITY;
        request(&mut out, 1, 10);
        request(&mut out, 2, LARGE);
        out.advance(5);
        assert!(out.is_full());
        assert!(out.withdraw(&MessageId::Request(2)));
        assert!(!out.is_full() && out.buffer.capacity() <= MAX_IDLE_CAPACITY);
        // A reader that is never idle does not make the buffer grow either.
        for id in 3..100 {
            request(&mut out, id, FULL);
            out.advance(FULL);
            assert!(out.buffer.len() <= 4 * FULL, "{}", out.buffer.len());
        }
    }

    #[test]
    fn a_message_begins_with_its_first_byte_only() {
        let mut out = Outbound::default();
        request(&mut out, 1, 4 * FULL);
        request(&mut out, 2, 1);
        request(&mut out, 3, 1);
        let all = text(&out);
        let mut begun = Vec::new();
        for written in [1, 3 * FULL, all.len() - 3 * FULL - 30, 0, 29] {
            begun.extend(out.begun_by(written).map(<[u8]>::to_vec));
            out.advance(written);
        }
        assert!(out.unwritten().is_empty());
        assert_eq!(begun.concat(), all.as_bytes());
        assert_eq!(begun.len(), 3);
    }

    /// Compares random operations with a list of messages.
    #[test]
    fn the_server_reads_whole_messages_after_any_withdrawals_and_partial_writes() {
        let mut seed = 7_u64;
        let mut random = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as usize % below
        };
        let (mut out, mut received, mut expected) = (Outbound::default(), Vec::new(), Vec::new());
        for id in 0..20_000 {
            let length = if random(50) == 0 {
                100_000
            } else {
                random(200)
            };
            request(&mut out, id, length);
            expected.push(id);
            for _ in 0..random(3) {
                let writable = out.unwritten().len().min(random(2_000));
                received.extend_from_slice(&out.unwritten()[..writable]);
                out.advance(writable);
            }
            let withdrawn = id - random(8) as i64;
            if out.withdraw(&MessageId::Request(withdrawn)) {
                expected.retain(|id| *id != withdrawn);
            }
            if random(100) == 0 {
                received.extend_from_slice(out.unwritten());
                out.advance(out.unwritten().len());
            }
        }
        received.extend_from_slice(out.unwritten());
        let ids: Vec<i64> = String::from_utf8(received)
            .unwrap()
            .lines()
            .map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                line["id"].as_i64().unwrap()
            })
            .collect();
        assert_eq!(ids, expected);
    }

    #[test]
    fn large_requests_that_expire_unwritten_leave_no_memory_behind() {
        const SIZE: usize = 8 * 1024 * 1024;

        let deadline = Instant::now();
        let mut pending = Pending::new(100);
        for number in 0..40 {
            let params = Some(vec![b' '; SIZE]);
            pending.push("turn/start", params, Some(deadline), false, number);
        }
        let mut out = Outbound::default();
        while !out.is_full() {
            let ready = pending.next_ready(|_| false, drop).unwrap();
            out.request(&ready);
        }
        // The server reads a part of the first request only.
        out.advance(1024);
        assert_eq!(pending.queued_bytes(), 39 * SIZE);
        let expired = pending.expire(deadline);
        assert_eq!(expired.len(), 40);
        for (id, _) in expired {
            let is_withdrawn = id.is_some_and(|id| out.withdraw(&MessageId::Request(id)));
            assert!(!is_withdrawn, "the first one was written in part");
        }
        assert_eq!(pending.queued_bytes(), 0);
        assert!(
            out.buffer.capacity() < 3 * SIZE,
            "{}",
            out.buffer.capacity()
        );
        out.advance(out.unwritten().len());
        assert!(out.buffer.capacity() <= MAX_IDLE_CAPACITY);
    }
}
