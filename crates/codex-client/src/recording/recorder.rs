//! Passes the messages of a connection to the thread that writes them.

use std::{
    mem,
    path::Path,
    sync::{Arc, atomic::Ordering, mpsc},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use crate::{
    error::Error,
    recording::{
        entry::{Entry, OVERHEAD, Recorded, Shared},
        path,
        writer::Writer,
    },
    rpc::lines::Line,
};

/// Maximum size of the messages that wait to be written, in bytes.
const MAX_QUEUED: usize = 64 * 1024 * 1024;

/// The time that the end of a connection waits for the rest of its messages to be written.
pub(crate) const END_TIMEOUT: Duration = Duration::from_secs(1);

/// Records the messages of a connection. Never waits for the file, except at the end.
pub(crate) struct Recorder {
    /// `None` once the recording is complete.
    entries: Option<mpsc::Sender<Entry>>,
    shared: Arc<Shared>,
    dropped: u64,
    max_queued: usize,
    /// Both are disconnected when the thread ends.
    ended: oneshot::Receiver<()>,
    ended_for_threads: mpsc::Receiver<()>,
}

impl Recorder {
    /// Starts recording to a file. `report` is called once if the file cannot be written.
    pub(crate) fn start(path: &Path, report: impl Fn(Error) + Clone + Send + 'static) -> Self {
        Self::start_with(path, MAX_QUEUED, report)
    }

    fn start_with(
        path: &Path,
        max_queued: usize,
        report: impl Fn(Error) + Clone + Send + 'static,
    ) -> Self {
        let path = path::expand(path);
        let start = Instant::now();
        let (entries, queue) = mpsc::channel();
        let (end, ended) = oneshot::channel::<()>();
        let (end_for_threads, ended_for_threads) = mpsc::channel::<()>();
        let shared = Arc::<Shared>::default();
        let fail = {
            let (path, shared) = (path.clone(), Arc::clone(&shared));
            move |error| {
                shared.failed.store(true, Ordering::Relaxed);
                report(Error::Recording {
                    path: path.clone(),
                    source: Arc::new(error),
                });
            }
        };
        let run = {
            let (shared, fail) = (Arc::clone(&shared), fail.clone());
            move || {
                // Dropped at the end of the thread.
                let _ends = (end, end_for_threads);
                let file = path::create(&path);
                if let Err(error) =
                    file.and_then(|file| Writer::new(file, start).write_all(&queue, &shared))
                {
                    fail(error);
                }
            }
        };
        let thread = thread::Builder::new().name("codex-recording".to_owned());
        if let Err(error) = thread.spawn(run) {
            fail(error);
        }
        Self {
            entries: Some(entries),
            shared,
            dropped: 0,
            max_queued,
            ended,
            ended_for_threads,
        }
    }

    /// Records a line from the server.
    pub(crate) fn received(&mut self, line: &Line<'_>) {
        match line {
            Line::Borrowed(bytes) => self.message(bytes, Recorded::In),
            Line::Large(bytes, _) | Line::Last(bytes) => self.message(bytes, Recorded::In),
            Line::TooLong { length, .. } => self.push(OVERHEAD, || Recorded::TooLong(*length)),
        }
    }

    /// Records a line to the server.
    pub(crate) fn sent(&mut self, line: &[u8]) {
        self.message(line, Recorded::Out);
    }

    fn message(&mut self, line: &[u8], entry: fn(Vec<u8>) -> Recorded) {
        if !line.trim_ascii().is_empty() {
            self.push(line.len() + OVERHEAD, || entry(line.to_vec()));
        }
    }

    fn push(&mut self, size: usize, line: impl FnOnce() -> Recorded) {
        if self.shared.failed.load(Ordering::Relaxed) {
            return;
        }
        if self.shared.queued.load(Ordering::Relaxed) + size > self.max_queued {
            self.dropped += 1;
            return;
        }
        self.send(line());
    }

    fn send(&mut self, line: Recorded) {
        let entry = Entry {
            at: Instant::now(),
            dropped: mem::take(&mut self.dropped),
            line,
        };
        self.shared
            .queued
            .fetch_add(entry.size(), Ordering::Relaxed);
        if let Some(entries) = &self.entries {
            // The thread ends early only if the file cannot be written, which it reports.
            let _ = entries.send(entry);
        }
    }

    /// Ends the recording, and waits until it is written.
    pub(crate) async fn finish(mut self) {
        if self.end() {
            let _ = (&mut self.ended).await;
        }
    }

    /// Returns false if the recording has ended before.
    fn end(&mut self) -> bool {
        if self.entries.is_some() {
            self.send(Recorded::End);
        }
        self.entries.take().is_some()
    }
}

impl Drop for Recorder {
    /// Waits, for a limited time, until everything is written: the program may end next.
    fn drop(&mut self) {
        if self.end() {
            let _ = self.ended_for_threads.recv_timeout(END_TIMEOUT);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::Value;

    use super::*;

    fn lines(path: &Path) -> Vec<Value> {
        let text = fs::read_to_string(path).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[expect(clippy::needless_pass_by_value, reason = "the type of a report")]
    fn no_errors(error: Error) {
        panic!("{error}");
    }

    #[test]
    fn messages_are_written_in_order_without_secrets_and_others_as_their_length() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f.jsonl");
        let mut recorder = Recorder::start(&path, no_errors);
        recorder.sent(b"{\"id\":1,\"method\":\"m\",\"params\":{\"apiKey\":\"s3cr3t\"}}\n");
        recorder.received(&Line::Borrowed(
            b"{\"id\":1,\"result\":{\"token\":\"s3cr3t\"}}",
        ));
        recorder.received(&Line::Borrowed(b"  "));
        recorder.received(&Line::Borrowed(b"not JSON: s3cr3t"));
        recorder.received(&Line::Last(b"{\"apiKey\":\"s3cr".to_vec()));
        recorder.received(&Line::TooLong {
            length: 99,
            prefix: b"s3cr3t".to_vec(),
        });
        drop(recorder);
        let mut lines = lines(&path);
        let times: Vec<f64> = lines
            .iter_mut()
            .map(|line| line["at"].take().as_f64().unwrap())
            .collect();
        assert!(times.is_sorted(), "{times:?}");
        let expected = [
            r#"{"at":null,"dir":"out","msg":{"id":1,"method":"m","params":{"apiKey":"…"}}}"#,
            r#"{"at":null,"dir":"in","msg":{"id":1,"result":{"token":"…"}}}"#,
            r#"{"at":null,"dir":"in","unreadable":16}"#,
            r#"{"at":null,"dir":"in","unreadable":15}"#,
            r#"{"at":null,"dir":"in","unreadable":99}"#,
        ];
        let expected = expected.map(|line| serde_json::from_str::<Value>(line).unwrap());
        assert_eq!(lines, expected);
    }

    #[test]
    fn messages_over_the_bound_are_counted_where_they_are_missing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f.jsonl");
        let mut recorder = Recorder::start_with(&path, 2 * OVERHEAD, no_errors);
        recorder.sent(b"[1]");
        // Never fits.
        let large = format!("\"{}\"", "x".repeat(3 * OVERHEAD));
        recorder.sent(large.as_bytes());
        recorder.sent(large.as_bytes());
        while recorder.shared.queued.load(Ordering::Relaxed) > 0 {
            thread::yield_now();
        }
        recorder.sent(b"[2]");
        recorder.sent(large.as_bytes());
        drop(recorder);
        let shown: Vec<String> = lines(&path)
            .iter()
            .map(|line| match line.get("dropped") {
                Some(dropped) => format!("dropped {dropped}"),
                None => line["msg"].to_string(),
            })
            .collect();
        assert_eq!(shown, ["[1]", "dropped 2", "[2]", "dropped 1"]);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_reported_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("missing").join("f.jsonl");
        let (sender, errors) = mpsc::channel();
        let mut recorder = Recorder::start(&path, move |error| drop(sender.send(error)));
        let error = errors.recv().unwrap();
        assert!(error.to_string().contains("f.jsonl"), "{error}");
        for _ in 0..10 {
            recorder.sent(b"[1]");
        }
        drop(recorder);
        assert!(errors.recv().is_err(), "a second report");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_reported_once() {
        let (sender, errors) = mpsc::channel();
        let report = move |error| drop(sender.send(error));
        let mut recorder = Recorder::start(Path::new("/dev/full"), report);
        recorder.sent(b"[1]");
        assert!(matches!(errors.recv().unwrap(), Error::Recording { .. }));
        drop(recorder);
        assert!(errors.recv().is_err(), "a second report");
    }
}
