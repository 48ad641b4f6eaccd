//! The tail of the server's standard error.
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

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    task::JoinHandle,
};

/// Maximum size of the tail, in bytes.
const TAIL_BYTES: usize = 64 * 1024;

/// Maximum number of lines that [`Stderr::tail`] returns.
const TAIL_LINES: usize = 100;

/// Timeout for reading the rest of the stream after the process has exited.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(200);

/// A task that reads a stream to its end, and the tail of the stream.
pub(crate) struct Stderr {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    /// `None` after the stream was closed.
    stream: Mutex<Option<Pin<Box<dyn AsyncRead + Send>>>>,
    tail: Mutex<VecDeque<u8>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stderr {
    /// Starts reading a stream.
    pub(crate) fn drain(stream: impl AsyncRead + Send + 'static) -> Self {
        let shared = Arc::new(Shared {
            stream: Mutex::new(Some(Box::pin(stream))),
            tail: Mutex::default(),
        });
        let task = tokio::spawn({
            let shared = Arc::clone(&shared);
            async move {
                let mut buffer = vec![0; 16 * 1024];
                while let Ok(read @ 1..) = shared.read(&mut buffer).await {
                    let mut tail = lock(&shared.tail);
                    tail.extend(&buffer[..read]);
                    let excess = tail.len().saturating_sub(TAIL_BYTES);
                    tail.drain(..excess);
                }
            }
        });
        Self { shared, task }
    }

    /// Closes the stream, even if the runtime does not run the task any more: a server would block
    /// on the full pipe instead of exiting.
    pub(crate) fn close(&self) {
        *lock(&self.shared.stream) = None;
    }

    /// Waits for the end of the stream, but not for long: another process may hold it open.
    pub(crate) async fn finish(&mut self) {
        if !self.task.is_finished() {
            let _ = tokio::time::timeout(DRAIN_TIMEOUT, &mut self.task).await;
        }
    }

    /// Returns the last lines received so far.
    pub(crate) fn tail(&self) -> String {
        let mut tail = lock(&self.shared.tail);
        let text = String::from_utf8_lossy(tail.make_contiguous());
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }
}

impl Shared {
    async fn read(&self, buffer: &mut [u8]) -> std::io::Result<usize> {
        poll_fn(|context| match &mut *lock(&self.stream) {
            Some(stream) => pin!(stream.read(buffer)).poll(context),
            None => Poll::Ready(Ok(0)),
        })
        .await
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
        let tail = stderr.tail();
        assert_eq!(tail.lines().count(), TAIL_LINES);
        assert!(tail.ends_with("line 199999"));
        assert!(lock(&stderr.shared.tail).len() <= TAIL_BYTES);
    }
}
