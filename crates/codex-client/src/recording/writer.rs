//! Writes recordings.

use std::{
    io::{self, BufWriter, Write},
    sync::{atomic::Ordering, mpsc},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use codex_types::redact;

use crate::recording::entry::{Entry, Recorded, Shared};

/// Writes entries to a file.
pub(super) struct Writer<W: Write> {
    file: BufWriter<W>,
    /// The same time on both clocks. The clock of the times never goes back.
    start: Instant,
    epoch: Duration,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(file: W, start: Instant) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            file: BufWriter::new(file),
            start,
            epoch: now.unwrap_or_default().saturating_sub(start.elapsed()),
        }
    }

    /// Writes the entries of a queue until it ends.
    pub(super) fn write_all(
        mut self,
        queue: &mpsc::Receiver<Entry>,
        shared: &Shared,
    ) -> io::Result<()> {
        while let Some(entry) = self.next(queue)? {
            self.write(&entry)?;
            shared.queued.fetch_sub(entry.size(), Ordering::Relaxed);
        }
        self.file.flush()
    }

    /// Returns the next entry. Flushes the earlier ones before it waits, so that the file is
    /// complete while the connection is quiet.
    fn next(&mut self, queue: &mpsc::Receiver<Entry>) -> io::Result<Option<Entry>> {
        match queue.try_recv() {
            Ok(entry) => return Ok(Some(entry)),
            Err(mpsc::TryRecvError::Disconnected) => return Ok(None),
            Err(mpsc::TryRecvError::Empty) => self.file.flush()?,
        }
        Ok(queue.recv().ok())
    }

    fn write(&mut self, entry: &Entry) -> io::Result<()> {
        let at = self.epoch + entry.at.saturating_duration_since(self.start);
        let at = format!("{}.{:03}", at.as_millis(), at.subsec_micros() % 1000);
        if entry.dropped > 0 {
            writeln!(self.file, "{{\"at\":{at},\"dropped\":{}}}", entry.dropped)?;
        }
        let (direction, line) = match &entry.line {
            Recorded::In(line) => ("in", Ok(line)),
            Recorded::Out(line) => ("out", Ok(line)),
            Recorded::TooLong(length) => ("in", Err(*length)),
            Recorded::End => return Ok(()),
        };
        write!(self.file, "{{\"at\":{at},\"dir\":\"{direction}\",")?;
        let message = line.and_then(|line| {
            let message = redact::json_without_secrets(line);
            message.map_err(|_| line.len())
        });
        match message {
            Ok(message) => {
                self.file.write_all(b"\"msg\":")?;
                self.file.write_all(&message)?;
                self.file.write_all(b"}\n")
            }
            Err(length) => writeln!(self.file, "\"unreadable\":{length}}}"),
        }
    }
}
