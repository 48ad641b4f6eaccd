//! The standard error of the server: always read, the end of it kept.
//!
//! A server whose standard error is not read blocks once the pipe is full, so a task of its own
//! reads it, whatever the connection is doing.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    task::JoinHandle,
};

/// How many bytes at the end are kept.
const KEPT_BYTES: usize = 64 * 1024;

/// How many lines at the end are told.
const TOLD_LINES: usize = 100;

/// How long the end of the stream is waited for once the process has ended.
const PATIENCE: Duration = Duration::from_millis(200);

/// Reads a stream to its end and keeps the tail.
#[derive(Debug)]
pub(crate) struct Stderr {
    tail: Arc<Mutex<VecDeque<u8>>>,
    task: JoinHandle<()>,
}

impl Stderr {
    pub(crate) fn drain(mut stream: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let tail = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&tail);
        let task = tokio::spawn(async move {
            let mut buffer = vec![0; 16 * 1024];
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend(&buffer[..read]);
                let over = kept.len().saturating_sub(KEPT_BYTES);
                kept.drain(..over);
            }
        });
        Self { tail, task }
    }

    /// Waits a moment for the last words; something else may hold the stream open.
    pub(crate) async fn finish(&mut self) {
        if !self.task.is_finished() {
            let _ = tokio::time::timeout(PATIENCE, &mut self.task).await;
        }
    }

    /// The last lines so far.
    pub(crate) fn tail(&self) -> String {
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(tail.make_contiguous());
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TOLD_LINES)..].join("\n")
    }
}

impl Drop for Stderr {
    fn drop(&mut self) {
        // What still holds the stream open is none of ours any more.
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_end_of_a_flood_is_kept() {
        let flood: String = (0..200_000).map(|n| format!("line {n}\n")).collect();
        let mut stderr = Stderr::drain(std::io::Cursor::new(flood));
        stderr.finish().await;
        let tail = stderr.tail();
        assert_eq!(tail.lines().count(), TOLD_LINES);
        assert!(tail.ends_with("line 199999"));
        assert!(stderr.tail.lock().unwrap().len() <= KEPT_BYTES);
    }
}
