//! The server's standard error: its tail, and its lines as they are written.
//!
//! A server whose standard error is not read blocks once the pipe is full, so a separate task
//! always reads it.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::Duration,
};

use codex_types::redact;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    task::JoinHandle,
};

use crate::{
    error::stderr_excerpt::last_lines,
    transport::stderr_lines::{LineReader, LineSplitter},
};

/// Maximum size of the tail, in bytes.
const TAIL_BYTES: usize = 64 * 1024;

/// Maximum number of lines that [`Tail::text`] returns, without those of backtraces.
const TAIL_LINES: usize = 100;

/// Timeout for reading the rest of the stream after the process has exited.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(200);

/// The tail of a stream that is still being read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tail(Arc<Mutex<Received>>);

#[derive(Debug, Default)]
struct Received {
    tail: VecDeque<u8>,
    lines: LineSplitter,
}

impl Tail {
    fn push(&self, bytes: &[u8]) {
        let mut received = lock(&self.0);
        received.lines.push(bytes);
        let tail = &mut received.tail;
        tail.extend(bytes);
        let excess = tail.len().saturating_sub(TAIL_BYTES);
        tail.drain(..excess);
    }

    /// Returns a reader of all lines of the tail and those that follow.
    pub(crate) fn lines(&self) -> LineReader {
        let mut received = lock(&self.0);
        let Received { tail, lines } = &mut *received;
        let is_cut = tail.len() == TAIL_BYTES;
        let text = String::from_utf8_lossy(tail.make_contiguous());
        // The beginning of a line that was cut off may be that of a secret.
        let whole = text.split_once('\n').map_or("", |(_, rest)| rest);
        lines.subscribe(if is_cut { whole } else { &text })
    }

    /// Returns the last lines received so far, with keys and tokens masked.
    pub(crate) fn text(&self) -> String {
        let mut received = lock(&self.0);
        let tail = &mut received.tail;
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

/// A stream that can be closed while a task reads it; `None` after that.
type Closable = Arc<Mutex<Option<Pin<Box<dyn AsyncRead + Send>>>>>;

/// A task that reads a stream to its end, and the tail of the stream.
pub(crate) struct Stderr {
    stream: Closable,
    tail: Tail,
    task: JoinHandle<()>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn read(stream: &Closable, buffer: &mut [u8]) -> std::io::Result<usize> {
    poll_fn(|context| match &mut *lock(stream) {
        Some(stream) => pin!(stream.read(buffer)).poll(context),
        None => Poll::Ready(Ok(0)),
    })
    .await
}

impl Stderr {
    /// Starts reading a stream.
    pub(crate) fn drain(stream: impl AsyncRead + Send + 'static) -> Self {
        let stream: Closable = Arc::new(Mutex::new(Some(Box::pin(stream))));
        let tail = Tail::default();
        let task = tokio::spawn({
            let (stream, tail) = (Arc::clone(&stream), tail.clone());
            async move {
                let mut buffer = vec![0; 16 * 1024];
                while let Ok(read @ 1..) = read(&stream, &mut buffer).await {
                    tail.push(&buffer[..read]);
                }
                lock(&tail.0).lines.finish();
            }
        });
        Self { stream, tail, task }
    }

    /// Closes the stream, even if the runtime does not run the task any more: a server would block
    /// on the full pipe instead of exiting.
    pub(crate) fn close(&self) {
        *lock(&self.stream) = None;
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

impl fmt::Debug for Stderr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stderr").finish_non_exhaustive()
    }
}

impl Drop for Stderr {
    fn drop(&mut self) {
        // Another process may hold the stream open indefinitely.
        self.task.abort();
        lock(&self.tail.0).lines.finish();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn tail_of(text: impl AsRef<[u8]> + Unpin + Send + 'static) -> String {
        let mut stderr = Stderr::drain(std::io::Cursor::new(text));
        stderr.finish().await;
        assert!(lock(&stderr.tail().0).tail.len() <= TAIL_BYTES);
        stderr.tail().text()
    }

    #[tokio::test]
    async fn only_the_tail_of_a_long_stream_is_kept() {
        let text: String = (0..200_000).map(|n| format!("line {n}\n")).collect();
        let tail = tail_of(text).await;
        assert_eq!(tail.lines().count(), TAIL_LINES);
        assert!(tail.ends_with("line 199999"));
    }

    #[tokio::test]
    async fn secrets_are_masked_even_if_their_beginning_is_no_longer_kept() {
        let long = format!("OPENAI_API_KEY={}", "q7w8e9".repeat(TAIL_BYTES));
        assert_eq!(tail_of(long).await, "…");
        let line = "error: {\"apiKey\":\"q7w8e9\"} for sk-q7w8e9\nthe reason";
        let masked = "error: {\"apiKey\":\"…\"} for …\nthe reason";
        assert_eq!(tail_of(line).await, masked);
    }
}
