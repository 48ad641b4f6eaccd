//! The stream of a server, and the faults of the messages on it.

use std::{
    future::poll_fn,
    mem,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf},
    time::sleep,
};

use super::limits::MAX_MESSAGE;

/// Waits until both sides wait.
pub(super) async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

/// The fault of a message that is sent twice.
const DUPLICATED: u8 = 6;

/// The stream of a server.
pub(super) struct Wire {
    /// `None` once either side has closed the connection.
    stream: Option<DuplexStream>,
    received: Vec<u8>,
    /// A message that is sent after the next one.
    held_back: Option<Vec<u8>>,
    /// How to send the next message.
    pub(super) fault: u8,
    /// Whether a message was damaged, lost or delayed.
    pub(super) is_damaged: bool,
}

impl Wire {
    pub(super) fn new(stream: DuplexStream) -> Self {
        Self {
            stream: Some(stream),
            received: Vec::new(),
            held_back: None,
            fault: 0,
            is_damaged: false,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.stream.is_some()
    }

    pub(super) fn close(&mut self) {
        self.stream = None;
    }

    /// Returns how many times the next message is sent.
    pub(super) fn copies(&self) -> usize {
        if self.fault == DUPLICATED { 2 } else { 1 }
    }

    /// Sends a message, with the fault that the script has chosen.
    pub(super) fn send(&mut self, message: &Value) {
        let mut line = message.to_string().into_bytes();
        let middle = line.len() / 2;
        let fault = mem::take(&mut self.fault);
        self.is_damaged |= matches!(fault, 1..=5 | 7);
        match fault {
            1 => line.truncate(middle),
            2 => line.insert(middle, 0xff),
            3 => line.insert(middle, 0),
            4 => line.extend(vec![b' '; MAX_MESSAGE]),
            5 => drop(line.splice(..0, *b"\x1b[0m")),
            _ => {}
        }
        line.push(b'\n');
        match fault {
            DUPLICATED => self.write(&line.repeat(2)),
            7 if self.held_back.is_none() => self.held_back = Some(line),
            _ => {
                line.extend(self.held_back.take().unwrap_or_default());
                self.write(&line);
            }
        }
    }

    /// Writes bytes, which the buffer of the stream has room for.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        let mut context = Context::from_waker(Waker::noop());
        match Pin::new(stream).poll_write(&mut context, bytes) {
            Poll::Ready(Ok(written)) => assert_eq!(written, bytes.len()),
            // The client has closed the connection.
            Poll::Ready(Err(_)) => self.stream = None,
            Poll::Pending => panic!("the client does not read"),
        }
    }

    /// Receives the messages that the client has sent.
    pub(super) async fn receive(&mut self) -> Vec<Value> {
        while let Some(stream) = &mut self.stream {
            let mut bytes = [0; 4096];
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = poll_fn(|context| {
                Poll::Ready(Pin::new(&mut *stream).poll_read(context, &mut buffer))
            });
            match read.await {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.received.extend_from_slice(buffer.filled());
                }
                Poll::Ready(_) => self.stream = None,
                Poll::Pending => break,
            }
        }
        let mut messages = Vec::new();
        while let Some(end) = self.received.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.received.drain(..=end).collect();
            messages.push(serde_json::from_slice(&line).expect("the client writes JSON"));
        }
        messages
    }
}
