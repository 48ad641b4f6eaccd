//! The tail of the server's standard error.
//!
//! A server whose standard error is not read blocks once the pipe is full, so a separate task
//! always reads it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use codex_types::redact;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    task::JoinHandle,
};

use crate::error::stderr_excerpt::last_lines;

/// Maximum size of the tail, in bytes.
const TAIL_BYTES: usize = 64 * 1024;

/// Maximum number of lines that [`Tail::text`] returns, without those of backtraces.
const TAIL_LINES: usize = 100;

/// Timeout for reading the rest of the stream after the process has exited.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(200);

/// The tail of a stream that is still being read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tail(Arc<Mutex<VecDeque<u8>>>);

impl Tail {
    fn lock(&self) -> MutexGuard<'_, VecDeque<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the last lines received so far, with keys and tokens masked.
    pub(crate) fn text(&self) -> String {
        let mut tail = self.lock();
        let is_cut = tail.len() == TAIL_BYTES;
        let text = String::from_utf8_lossy(tail.make_contiguous());
        // A secret whose beginning was cut off would not be recognized.
        let (cut, text) = match text.split_once(char::is_whitespace) {
            Some((_, rest)) if is_cut => ("…", rest),
            None if is_cut => ("…", ""),
            _ => ("", &*text),
        };
        let text = format!("{cut}{}", redact::without_tokens(text));
        last_lines(&text, TAIL_LINES).join("\n")
    }
}

/// A task that reads a stream to its end, and the tail of the stream.
#[derive(Debug)]
pub(crate) struct Stderr {
    tail: Tail,
    task: JoinHandle<()>,
}

impl Stderr {
    /// Starts reading a stream.
    pub(crate) fn drain(mut stream: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let tail = Tail::default();
        let kept = tail.clone();
        let task = tokio::spawn(async move {
            let mut buffer = vec![0; 16 * 1024];
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                let mut kept = kept.lock();
                kept.extend(&buffer[..read]);
                let excess = kept.len().saturating_sub(TAIL_BYTES);
                kept.drain(..excess);
            }
        });
        Self { tail, task }
    }

    /// Waits for the end of the stream, but not for long: another process may hold it open.
    pub(crate) async fn finish(&mut self) {
        if !self.task.is_finished() {
            let _ = tokio::time::timeout(DRAIN_TIMEOUT, &mut self.task).await;
        }
    }

    /// Returns the tail of the stream.
    pub(crate) fn tail(&self) -> &Tail {
        &self.tail
    }
}

impl Drop for Stderr {
    fn drop(&mut self) {
        // Another process may hold the stream open indefinitely.
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_tail_of_a_long_stream_is_kept() {
        let text: String = (0..200_000).map(|n| format!("line {n}\n")).collect();
        let mut stderr = Stderr::drain(std::io::Cursor::new(text));
        stderr.finish().await;
        let tail = stderr.tail().text();
        assert_eq!(tail.lines().count(), TAIL_LINES);
        assert!(tail.ends_with("line 199999"));
        assert!(stderr.tail().lock().len() <= TAIL_BYTES);
    }

    #[tokio::test]
    async fn secrets_are_masked_even_if_their_beginning_is_no_longer_kept() {
        let long = format!("OPENAI_API_KEY={}", "q7w8e9".repeat(TAIL_BYTES));
        let mut stderr = Stderr::drain(std::io::Cursor::new(long));
        stderr.finish().await;
        assert_eq!(stderr.tail().text(), "…");
        let line = "error: {\"apiKey\":\"q7w8e9\"} for sk-q7w8e9\nthe reason";
        let mut stderr = Stderr::drain(std::io::Cursor::new(line));
        stderr.finish().await;
        assert_eq!(
            stderr.tail().text(),
            "error: {\"apiKey\":\"…\"} for …\nthe reason"
        );
    }
}
