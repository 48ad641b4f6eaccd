//! Splits received bytes into lines.

use std::{mem, ops::Range};

use crate::{
    error::decode_error::DecodeError,
    rpc::line_text::{LineText, OwnedText, SpareBuffers},
};

/// Minimum free capacity of the buffer for a read, in bytes: the capacity of a pipe. Smaller for
/// fuzzing, so that short inputs reach all of the code.
const READ_SIZE: usize = if cfg!(fuzzing) { 16 } else { 64 * 1024 };

/// Minimum length of a line that is moved out of the buffer, in bytes. Copying a shorter line costs
/// less than growing a new buffer.
const LARGE_LINE: usize = if cfg!(fuzzing) { 32 } else { 64 * 1024 };

/// Number of reads without a large line after which no buffers are kept for one.
const SMALL_READS: usize = 256;

/// Buffers received bytes and returns complete lines without their line endings.
pub(crate) struct Lines {
    buffer: Vec<u8>,
    /// The buffers of earlier large lines.
    spares: SpareBuffers,
    /// Number of reads since the last large line.
    small_reads: usize,
    /// The start of the first line that has not been returned yet.
    start: usize,
    /// The end of the part that contains no line ending.
    searched: usize,
    limit: usize,
    /// Number of bytes dropped so far from a line over the limit.
    discarded: usize,
    /// The first bytes of that line.
    prefix: Vec<u8>,
}

/// A received line.
#[derive(Debug)]
pub(crate) enum Line<'a> {
    /// A line in the buffer.
    Borrowed(&'a [u8]),
    /// A large line in a buffer of its own, and the place for the buffer after its use.
    Large(Vec<u8>, SpareBuffers),
    /// A line over the limit, which was dropped.
    TooLong { length: usize, prefix: Vec<u8> },
    /// The bytes between the last line ending and the end of the stream.
    Last(Vec<u8>),
}

/// Length of the prefix of an unreadable line, in bytes. It contains the id of a response.
const PREFIX_LENGTH: usize = 256;

/// A line that is not valid UTF-8 or was dropped.
pub(crate) struct UnreadableLine {
    /// The readable part, which may reveal the addressee: the first bytes of a line that was
    /// dropped, or the whole line, with replacement characters for the invalid bytes.
    pub(crate) readable: Vec<u8>,
    pub(crate) error: DecodeError,
}

impl<'a> Line<'a> {
    /// Returns the bytes of the line; `None` if it was dropped.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Borrowed(bytes) => Some(bytes),
            Self::Large(bytes, _) | Self::Last(bytes) => Some(bytes),
            Self::TooLong { .. } => None,
        }
    }

    /// Returns the line as text.
    pub(crate) fn text(self) -> Result<LineText<'a>, UnreadableLine> {
        match self {
            Self::Borrowed(bytes) => str::from_utf8(bytes)
                .map(LineText::Borrowed)
                .map_err(|_| UnreadableLine::invalid(bytes)),
            Self::Large(bytes, spares) => String::from_utf8(bytes)
                .map(|text| LineText::Owned(OwnedText::large(text, spares)))
                .map_err(|error| UnreadableLine::invalid(error.as_bytes())),
            Self::Last(bytes) => String::from_utf8(bytes)
                .map(LineText::from)
                .map_err(|error| UnreadableLine::invalid(error.as_bytes())),
            Self::TooLong { length, prefix } => {
                let reason = format!(
                    "a message of {length} bytes is over the limit (`max_message`) and was dropped"
                );
                Err(UnreadableLine {
                    readable: prefix,
                    error: DecodeError::without_text(None, &reason),
                })
            }
        }
    }
}

impl UnreadableLine {
    /// Creates the error for a line that is not valid UTF-8.
    fn invalid(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let offset = text.find(char::REPLACEMENT_CHARACTER).unwrap_or(0);
        let error = DecodeError::at(None, &text, "not valid UTF-8", offset);
        Self {
            readable: text.into_owned().into_bytes(),
            error,
        }
    }
}

impl Lines {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            spares: SpareBuffers::default(),
            small_reads: 0,
            start: 0,
            searched: 0,
            limit,
            discarded: 0,
            prefix: Vec::new(),
        }
    }

    /// Returns the buffer to append received bytes to, with free capacity for a read.
    pub(crate) fn read_buffer(&mut self) -> &mut Vec<u8> {
        if self.start > 0 {
            // All complete lines have been returned, so the rest is the beginning of a line,
            // usually short.
            self.buffer.drain(..self.start);
            self.searched -= self.start;
            self.start = 0;
        }
        self.small_reads = self.small_reads.saturating_add(1);
        if self.small_reads == SMALL_READS {
            self.spares.free();
            self.buffer.shrink_to(self.buffer.len() + READ_SIZE);
        }
        if self.buffer.capacity() - self.buffer.len() < READ_SIZE {
            // Doubles the buffer of a long line rather than growing it read by read.
            self.buffer.reserve(READ_SIZE.max(self.buffer.len()));
        }
        &mut self.buffer
    }

    /// Returns the next complete line.
    pub(crate) fn next(&mut self) -> Option<Line<'_>> {
        let Some(length) = memchr::memchr(b'\n', &self.buffer[self.searched..]) else {
            self.searched = self.buffer.len();
            if self.searched - self.start > self.limit {
                self.discard(self.start..self.searched);
                self.buffer = Vec::new();
                (self.start, self.searched) = (0, 0);
            }
            return None;
        };
        let line = self.start..self.searched + length;
        self.start = line.end + 1;
        self.searched = self.start;
        if self.discarded > 0 || line.len() > self.limit {
            return Some(self.too_long(line));
        }
        if line.len() >= LARGE_LINE {
            return Some(Line::Large(self.take(line), self.spares.clone()));
        }
        Some(Line::Borrowed(trim(&self.buffer[line])))
    }

    /// Takes the bytes after the last line ending, at the end of the stream.
    pub(crate) fn take_rest(&mut self) -> Option<Line<'static>> {
        if self.discarded > 0 {
            let rest = self.start..self.buffer.len();
            self.start = rest.end;
            self.searched = rest.end;
            return Some(self.too_long(rest));
        }
        let rest = self.buffer.split_off(self.start);
        self.buffer.clear();
        (self.start, self.searched) = (0, 0);
        (!trim(&rest).is_empty()).then_some(Line::Last(rest))
    }

    /// Drops a part of a line over the limit, except for its first bytes.
    fn discard(&mut self, part: Range<usize>) {
        self.discarded += part.len();
        let missing = PREFIX_LENGTH - self.prefix.len();
        let kept = part.start..part.end.min(part.start + missing);
        self.prefix.extend_from_slice(&self.buffer[kept]);
    }

    /// Drops the last part of a line over the limit.
    fn too_long(&mut self, part: Range<usize>) -> Line<'static> {
        self.discard(part);
        Line::TooLong {
            length: mem::take(&mut self.discarded),
            prefix: mem::take(&mut self.prefix),
        }
    }

    /// Moves the buffer out as a line and continues with a copy of the bytes after it.
    fn take(&mut self, line: Range<usize>) -> Vec<u8> {
        let rest = &self.buffer[self.start..];
        let (rest, had_spare) = match self.spares.take() {
            Some(mut spare) => {
                spare.extend_from_slice(rest);
                (spare, true)
            }
            None => (rest.to_vec(), false),
        };
        let mut taken = mem::replace(&mut self.buffer, rest);
        (self.start, self.searched) = (0, 0);
        self.small_reads = 0;
        taken.truncate(line.end);
        taken.drain(..line.start);
        if taken.last() == Some(&b'\r') {
            taken.pop();
        }
        // Without a spare buffer, earlier lines are still in use. Then this one may be kept for long,
        // and takes at most twice its length.
        let is_wide = !had_spare && taken.capacity() > 2 * taken.len();
        if is_wide || !SpareBuffers::accepts(&taken) {
            taken.shrink_to_fit();
        }
        taken
    }
}

fn trim(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receive(lines: &mut Lines, bytes: &[u8]) -> Vec<Result<Vec<u8>, usize>> {
        lines.read_buffer().extend_from_slice(bytes);
        let mut out = Vec::new();
        while let Some(line) = lines.next() {
            out.push(match line {
                Line::Borrowed(line) => Ok(line.to_vec()),
                Line::Large(line, _) | Line::Last(line) => Ok(line),
                Line::TooLong { length, prefix } => {
                    assert!(prefix.starts_with(b"12345"));
                    Err(length)
                }
            });
        }
        out
    }

    #[test]
    fn lines_are_returned_whole_however_the_bytes_are_received() {
        let mut lines = Lines::new(1024);
        assert_eq!(receive(&mut lines, b"ab"), []);
        assert_eq!(
            receive(&mut lines, b"c\r\n\nde\nf"),
            [Ok(b"abc".to_vec()), Ok(b"".to_vec()), Ok(b"de".to_vec())]
        );
        assert_eq!(receive(&mut lines, b"g\n"), [Ok(b"fg".to_vec())]);
        assert_eq!(receive(&mut lines, b"tail"), []);
        assert!(matches!(lines.take_rest(), Some(Line::Last(rest)) if rest == b"tail"));
        assert!(lines.take_rest().is_none());
    }

    #[test]
    fn a_line_over_the_limit_is_reported_and_the_next_one_is_returned() {
        let mut lines = Lines::new(4);
        assert_eq!(receive(&mut lines, b"123456789"), []);
        assert_eq!(
            receive(&mut lines, b"0\nok\n12345\nok\n"),
            [Err(10), Ok(b"ok".to_vec()), Err(5), Ok(b"ok".to_vec())]
        );
    }

    #[test]
    fn a_large_line_is_moved_out_without_changing_its_neighbors() {
        let mut lines = Lines::new(usize::MAX);
        let large = vec![b'x'; 3 * LARGE_LINE];
        let mut bytes = b"before\n".to_vec();
        bytes.extend_from_slice(&large);
        bytes.extend_from_slice(b"\nafter\nhalf");
        assert_eq!(
            receive(&mut lines, &bytes),
            [Ok(b"before".to_vec()), Ok(large), Ok(b"after".to_vec())]
        );
        assert_eq!(receive(&mut lines, b"way\n"), [Ok(b"halfway".to_vec())]);
    }

    /// Receives a large line, and returns its text.
    fn receive_large(lines: &mut Lines, length: usize) -> OwnedText {
        let mut bytes = vec![b'x'; length];
        bytes.extend_from_slice(b"\nrest");
        lines.read_buffer().extend_from_slice(&bytes);
        let text = lines.next().unwrap().text().ok().unwrap().into_owned();
        assert!(lines.next().is_none());
        lines.read_buffer().extend_from_slice(b"\n");
        assert_eq!(lines.next().unwrap().bytes(), Some(&b"rest"[..]));
        text
    }

    #[test]
    fn the_buffers_of_large_lines_are_used_again() {
        let mut lines = Lines::new(usize::MAX);
        for _ in 0..3 {
            drop(receive_large(&mut lines, LARGE_LINE));
        }
        let buffers = |lines: &mut Lines| {
            let in_use = lines.read_buffer().as_ptr();
            [in_use, receive_large(lines, LARGE_LINE).as_ptr()]
        };
        let [first, second] = buffers(&mut lines);
        assert_eq!(first, second);
        let [third, fourth] = buffers(&mut lines);
        assert_eq!(third, fourth);
        assert_ne!(first, third);
        assert_eq!(buffers(&mut lines), [first, first]);
    }

    #[test]
    fn large_lines_that_are_kept_take_at_most_twice_their_length() {
        let mut lines = Lines::new(usize::MAX);
        for length in [8 * LARGE_LINE, LARGE_LINE] {
            let receive = |_| receive_large(&mut lines, length);
            let kept: Vec<_> = (0..4).map(receive).collect();
            assert!(kept.iter().skip(2).all(|it| it.capacity() <= 2 * length));
        }
        let huge = SpareBuffers::MAX_CAPACITY + 1;
        assert_eq!(receive_large(&mut lines, huge).capacity(), huge);
    }

    #[test]
    fn buffers_are_freed_after_many_reads_without_a_large_line() {
        let mut lines = Lines::new(usize::MAX);
        for _ in 0..3 {
            drop(receive_large(&mut lines, LARGE_LINE));
        }
        assert!(lines.buffer.capacity() > 2 * READ_SIZE);
        for _ in 0..SMALL_READS {
            lines.read_buffer().extend_from_slice(b"small\n");
            assert!(lines.next().is_some());
        }
        assert!(lines.buffer.capacity() <= 2 * READ_SIZE);
        assert!(lines.spares.take().is_none());
    }
}
