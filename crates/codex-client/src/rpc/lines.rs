//! Cutting the received bytes into lines.

use std::{borrow::Cow, mem, ops::Range};

use crate::error::decode_error::DecodeError;

/// How much is asked of the stream at once: what a pipe holds.
const CHUNK: usize = 64 * 1024;

/// A line from here on is taken out of the buffer instead of copied from it. For shorter ones a copy
/// costs less than to grow a new buffer.
const LARGE: usize = 1024 * 1024;

/// Collects received bytes and hands out complete lines, without their ending.
pub(crate) struct Lines {
    buffer: Vec<u8>,
    /// Where the first line that was not handed out begins.
    start: usize,
    /// Up to where there is no line ending.
    searched: usize,
    limit: usize,
    /// Bytes of a line over the limit that were thrown away so far.
    discarded: usize,
    /// How that line begins.
    begins: Vec<u8>,
}

/// One line.
#[derive(Debug, PartialEq)]
pub(crate) enum Line<'a> {
    /// Still in the buffer.
    Borrowed(&'a [u8]),
    /// A large one, in a buffer of its own.
    Owned(Vec<u8>),
    /// Over the limit and thrown away; this is how long it was, and how it began.
    TooLong(usize, Vec<u8>),
    /// What came after the last line ending, once the stream has ended.
    Last(Vec<u8>),
}

/// How much of a line that cannot be read is looked at, for whose it is.
const BEGINNING: usize = 256;

/// A line that is no text, or none that was kept.
pub(crate) struct UnreadableLine {
    /// Its first bytes.
    pub(crate) begins: Vec<u8>,
    pub(crate) error: DecodeError,
}

impl<'a> Line<'a> {
    /// The line as text, or why it is none.
    pub(crate) fn text(self) -> Result<Cow<'a, str>, UnreadableLine> {
        let text = match self {
            Self::Borrowed(bytes) => str::from_utf8(bytes)
                .map(Cow::Borrowed)
                .map_err(|_| Cow::Borrowed(bytes)),
            Self::Owned(bytes) | Self::Last(bytes) => String::from_utf8(bytes)
                .map(Cow::Owned)
                .map_err(|error| Cow::Owned(error.into_bytes())),
            Self::TooLong(length, begins) => {
                let reason = format!("a line of {length} bytes is over the limit and was dropped");
                let error = DecodeError::at(None, "", &reason, 0);
                return Err(UnreadableLine { begins, error });
            }
        };
        text.map_err(|bytes: Cow<'_, [u8]>| {
            let text = String::from_utf8_lossy(&bytes);
            let place = text.find(char::REPLACEMENT_CHARACTER).unwrap_or(0);
            UnreadableLine {
                begins: beginning(&bytes),
                error: DecodeError::at(None, &text, "not valid UTF-8", place),
            }
        })
    }
}

impl Lines {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            searched: 0,
            limit,
            discarded: 0,
            begins: Vec::new(),
        }
    }

    /// The buffer to append received bytes to, with room for them.
    pub(crate) fn room(&mut self) -> &mut Vec<u8> {
        if self.start > 0 {
            // All complete lines are out, so what is left is the beginning of one: usually short.
            self.buffer.drain(..self.start);
            self.searched -= self.start;
            self.start = 0;
        }
        if self.buffer.capacity() - self.buffer.len() < CHUNK {
            // Doubles a long line's buffer rather than growing it chunk by chunk.
            self.buffer.reserve(CHUNK.max(self.buffer.len()));
        }
        &mut self.buffer
    }

    /// The next complete line.
    pub(crate) fn next(&mut self) -> Option<Line<'_>> {
        let Some(length) = memchr::memchr(b'\n', &self.buffer[self.searched..]) else {
            self.searched = self.buffer.len();
            if self.searched - self.start > self.limit {
                if self.discarded == 0 {
                    self.begins = beginning(&self.buffer[self.start..]);
                }
                self.discarded += self.searched - self.start;
                self.buffer = Vec::new();
                (self.start, self.searched) = (0, 0);
            }
            return None;
        };
        let line = self.start..self.searched + length;
        self.start = line.end + 1;
        self.searched = self.start;
        if self.discarded > 0 || line.len() > self.limit {
            let begins = match self.discarded {
                0 => beginning(&self.buffer[line.clone()]),
                _ => mem::take(&mut self.begins),
            };
            let length = mem::take(&mut self.discarded) + line.len();
            return Some(Line::TooLong(length, begins));
        }
        if line.len() >= LARGE {
            return Some(Line::Owned(self.take(line)));
        }
        Some(Line::Borrowed(trim(&self.buffer[line])))
    }

    /// What came after the last line ending, once the stream has ended.
    pub(crate) fn rest(&mut self) -> Option<Vec<u8>> {
        let rest = self.buffer.split_off(self.start);
        self.buffer.clear();
        (self.start, self.searched) = (0, 0);
        (!trim(&rest).is_empty()).then_some(rest)
    }

    /// Gives the buffer away as a line and goes on with a copy of the few bytes behind it.
    fn take(&mut self, line: Range<usize>) -> Vec<u8> {
        let behind = self.buffer.split_off(self.start);
        let mut taken = mem::replace(&mut self.buffer, behind);
        (self.start, self.searched) = (0, 0);
        taken.truncate(line.end);
        taken.drain(..line.start);
        if taken.last() == Some(&b'\r') {
            taken.pop();
        }
        taken.shrink_to_fit();
        taken
    }
}

fn beginning(line: &[u8]) -> Vec<u8> {
    line[..line.len().min(BEGINNING)].to_vec()
}

fn trim(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: &mut Lines, bytes: &[u8]) -> Vec<Result<Vec<u8>, usize>> {
        lines.room().extend_from_slice(bytes);
        let mut out = Vec::new();
        while let Some(line) = lines.next() {
            out.push(match line {
                Line::Borrowed(line) => Ok(line.to_vec()),
                Line::Owned(line) | Line::Last(line) => Ok(line),
                Line::TooLong(length, begins) => {
                    assert!(begins.starts_with(b"12345"));
                    Err(length)
                }
            });
        }
        out
    }

    #[test]
    fn lines_come_out_whole_however_the_bytes_arrive() {
        let mut lines = Lines::new(1024);
        assert_eq!(log(&mut lines, b"ab"), []);
        assert_eq!(
            log(&mut lines, b"c\r\n\nde\nf"),
            [Ok(b"abc".to_vec()), Ok(b"".to_vec()), Ok(b"de".to_vec())]
        );
        assert_eq!(log(&mut lines, b"g\n"), [Ok(b"fg".to_vec())]);
        assert_eq!(log(&mut lines, b"tail"), []);
        assert_eq!(lines.rest(), Some(b"tail".to_vec()));
        assert_eq!(lines.rest(), None);
    }

    #[test]
    fn a_line_over_the_limit_is_reported_and_the_next_one_comes() {
        let mut lines = Lines::new(4);
        assert_eq!(log(&mut lines, b"123456789"), []);
        assert_eq!(
            log(&mut lines, b"0\nok\n12345\nok\n"),
            [Err(10), Ok(b"ok".to_vec()), Err(5), Ok(b"ok".to_vec())]
        );
    }

    #[test]
    fn a_large_line_is_taken_out_without_losing_its_neighbours() {
        let mut lines = Lines::new(usize::MAX);
        let large = vec![b'x'; 3 * LARGE];
        let mut bytes = b"before\n".to_vec();
        bytes.extend_from_slice(&large);
        bytes.extend_from_slice(b"\nafter\nhalf");
        assert_eq!(
            log(&mut lines, &bytes),
            [Ok(b"before".to_vec()), Ok(large), Ok(b"after".to_vec())]
        );
        assert_eq!(log(&mut lines, b"way\n"), [Ok(b"halfway".to_vec())]);
    }
}
