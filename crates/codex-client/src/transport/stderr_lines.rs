//! The lines of the server's standard error, for those that follow them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use tokio::sync::mpsc;

/// Maximum number of unread lines of one reader.
const UNREAD_LINES: usize = 4096;

/// Maximum length of a line, in bytes. A longer one is cut.
const LINE_BYTES: usize = 64 * 1024;

/// Splits a stream into lines and delivers them.
#[derive(Debug, Default)]
pub(super) struct LineSplitter {
    line: Vec<u8>,
    readers: Vec<Sender>,
}

#[derive(Debug)]
struct Sender {
    lines: mpsc::Sender<String>,
    skipped: Arc<AtomicU64>,
}

/// The unread lines of one reader.
#[derive(Debug)]
pub(crate) struct LineReader {
    lines: mpsc::Receiver<String>,
    skipped: Arc<AtomicU64>,
}

impl LineSplitter {
    /// Adds a reader, which begins with lines that were received earlier.
    pub(super) fn subscribe(&mut self, earlier: &str) -> LineReader {
        let (sender, lines) = mpsc::channel(UNREAD_LINES);
        let skipped = Arc::<AtomicU64>::default();
        let sender = Sender {
            lines: sender,
            skipped: Arc::clone(&skipped),
        };
        // The last line is in the splitter until it is complete.
        let complete = earlier.rfind('\n').map_or("", |end| &earlier[..end]);
        complete.lines().for_each(|line| sender.send(line));
        self.readers.push(sender);
        LineReader { lines, skipped }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE_BYTES.saturating_sub(self.line.len());
            let text = part.strip_suffix(b"\n").unwrap_or(part);
            self.line.extend_from_slice(&text[..text.len().min(room)]);
            if text.len() < part.len() {
                self.deliver();
            }
        }
    }

    /// Delivers the last line and ends the readers.
    pub(super) fn finish(&mut self) {
        if !self.line.is_empty() {
            self.deliver();
        }
        self.readers.clear();
    }

    fn deliver(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.readers.retain(|reader| !reader.lines.is_closed());
        if !self.readers.is_empty() {
            let line = String::from_utf8_lossy(&line);
            let line = line.strip_suffix('\r').unwrap_or(&line);
            self.readers.iter().for_each(|reader| reader.send(line));
        }
    }
}

impl Sender {
    fn send(&self, line: &str) {
        if self.lines.try_send(line.to_owned()).is_err() {
            self.skipped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl LineReader {
    /// Returns a reader that has ended.
    pub(crate) fn ended() -> Self {
        LineSplitter::default().subscribe("")
    }

    /// Polls for the next line, as it was received. An error is the number of lines that were dropped,
    /// because the reader was too slow.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<String, u64>>> {
        // The lines that were not dropped precede those that were.
        if self.lines.is_empty() {
            let skipped = self.skipped.swap(0, Ordering::Relaxed);
            if skipped > 0 {
                return Poll::Ready(Some(Err(skipped)));
            }
        }
        self.lines.poll_recv(context).map(|line| line.map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn read(reader: &mut LineReader) -> Vec<Result<String, u64>> {
        let mut context = Context::from_waker(Waker::noop());
        std::iter::from_fn(|| match reader.poll(&mut context) {
            Poll::Ready(line) => line,
            Poll::Pending => None,
        })
        .collect()
    }

    #[test]
    fn a_reader_receives_earlier_lines_and_each_later_one_once() {
        let mut splitter = LineSplitter::default();
        splitter.push(b"one\ntw");
        let mut reader = splitter.subscribe("one\ntw");
        splitter.push(b"o\r\nthree\nrest");
        let lines: Vec<_> = read(&mut reader).into_iter().map(Result::unwrap).collect();
        assert_eq!(lines, ["one", "two", "three"]);
        splitter.finish();
        assert_eq!(read(&mut reader), [Ok("rest".to_owned())]);
    }

    #[test]
    fn lines_of_a_slow_reader_are_dropped_and_counted() {
        let mut splitter = LineSplitter::default();
        let mut reader = splitter.subscribe("");
        for _ in 0..UNREAD_LINES + 2 {
            splitter.push(b"line\n");
        }
        let read = read(&mut reader);
        assert_eq!(read.len(), UNREAD_LINES + 1);
        assert_eq!(read.last(), Some(&Err(2)));
    }

    #[test]
    fn a_line_without_an_end_is_cut() {
        let mut splitter = LineSplitter::default();
        let mut reader = splitter.subscribe("");
        for _ in 0..3 {
            splitter.push(&[b'x'; LINE_BYTES]);
        }
        splitter.push(b"\nnext\n");
        let lengths: Vec<_> = read(&mut reader)
            .into_iter()
            .map(|it| it.unwrap().len())
            .collect();
        assert_eq!(lengths, [LINE_BYTES, 4]);
    }
}
