//! Messages to write.

use codex_types::rpc::{JsonRpcError, RequestId};
use serde::Serialize;

use crate::rpc::pending::Ready;

/// Unwritten lines in one buffer, so that a single write can take several.
#[derive(Default)]
pub(crate) struct Outbound {
    buffer: Vec<u8>,
    written: usize,
}

/// Maximum capacity that an empty buffer keeps, in bytes.
const MAX_IDLE_CAPACITY: usize = 1024 * 1024;

impl Outbound {
    /// Returns the bytes to write next.
    pub(crate) fn unwritten(&self) -> &[u8] {
        &self.buffer[self.written..]
    }

    /// Records that this many bytes were written.
    pub(crate) fn advance(&mut self, written: usize) {
        self.written += written;
        if self.written >= self.buffer.len() {
            self.written = 0;
            self.buffer.clear();
            self.buffer.shrink_to(MAX_IDLE_CAPACITY);
        }
    }

    /// Adds a request; its params are given as JSON.
    pub(crate) fn request(&mut self, ready: &Ready) {
        self.buffer.extend_from_slice(b"{\"id\":");
        self.buffer
            .extend_from_slice(ready.id.to_string().as_bytes());
        self.buffer.extend_from_slice(b",");
        self.method(ready.method, ready.params.as_deref());
    }

    /// Adds a notification; its params are given as JSON.
    pub(crate) fn notification(&mut self, method: &str, params: Option<&[u8]>) {
        self.buffer.extend_from_slice(b"{");
        self.method(method, params);
    }

    fn method(&mut self, method: &str, params: Option<&[u8]>) {
        self.buffer.extend_from_slice(b"\"method\":");
        self.json(method);
        if let Some(params) = params {
            self.buffer.extend_from_slice(b",\"params\":");
            self.buffer.extend_from_slice(params);
        }
        self.buffer.extend_from_slice(b"}\n");
    }

    /// Adds the response to a request from the server; a result is given as JSON.
    pub(crate) fn response(&mut self, id: &RequestId, response: &Result<Vec<u8>, JsonRpcError>) {
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
        self.buffer.extend_from_slice(b"}\n");
    }

    /// Adds a string, an id or an error. Serializing these to memory cannot fail.
    fn json(&mut self, value: &(impl Serialize + ?Sized)) {
        let written = serde_json::to_writer(&mut self.buffer, value);
        debug_assert!(written.is_ok());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
