//! The line reader against a simple split of all bytes.

use crate::rpc::lines::{Line, Lines};

/// A line as its bytes, or the length and the prefix of a line over the limit.
#[derive(Debug, PartialEq)]
enum Seen {
    Line(Vec<u8>),
    TooLong(usize, Vec<u8>),
    Last(Vec<u8>),
}

/// Lengths of chunks that the first bytes of an input choose from.
const CHUNKS: [usize; 8] = [1, 2, 3, 7, 16, 64, 255, 4096];

/// Limits that the first byte of an input chooses from.
const LIMITS: [usize; 8] = [0, 1, 5, 17, 64, 300, 1000, usize::MAX];

/// Maximum length of a prefix, in bytes.
const PREFIX_LENGTH: usize = 256;

/// However the bytes are split, the reader returns the same lines. A line over the limit is reported
/// with its length and its first bytes, and is not kept in memory.
///
/// The first byte chooses the limit, and the second byte the lengths of the chunks.
pub fn lines(bytes: &[u8]) {
    let [limit, chunks, bytes @ ..] = bytes else {
        return;
    };
    let limit = LIMITS[usize::from(*limit) % LIMITS.len()];
    let expected = split(bytes, limit);
    for first in 0..2 {
        let chunks = usize::from(*chunks).wrapping_add(first);
        assert_eq!(read(bytes, limit, chunks), expected, "limit {limit}");
    }
}

/// Splits all bytes at once.
fn split(bytes: &[u8], limit: usize) -> Vec<Seen> {
    let mut lines: Vec<_> = bytes.split(|byte| *byte == b'\n').collect();
    let last = lines.pop().unwrap_or_default();
    let seen = |line: &[u8], is_last: bool| {
        if line.len() > limit {
            let prefix = &line[..line.len().min(PREFIX_LENGTH)];
            return Seen::TooLong(line.len(), prefix.to_vec());
        }
        match is_last {
            true => Seen::Last(line.to_vec()),
            false => Seen::Line(line.strip_suffix(b"\r").unwrap_or(line).to_vec()),
        }
    };
    let mut seen_lines: Vec<_> = lines.into_iter().map(|line| seen(line, false)).collect();
    if !last.is_empty() && (last != b"\r" || limit == 0) {
        seen_lines.push(seen(last, true));
    }
    seen_lines
}

/// Reads the bytes in chunks. Each digit of `chunks` to the base of 8 chooses a length.
fn read(mut bytes: &[u8], limit: usize, chunks: usize) -> Vec<Seen> {
    let mut lines = Lines::new(limit);
    let mut seen = Vec::new();
    let mut chunk = chunks;
    while !bytes.is_empty() {
        let length = CHUNKS[chunk % CHUNKS.len()].min(bytes.len());
        chunk = chunk / CHUNKS.len() + chunks;
        let (read, rest) = bytes.split_at(length);
        let buffer = lines.read_buffer();
        let free = buffer.capacity() - buffer.len();
        assert!(free > 0, "no room to read");
        assert!(buffer.len() <= limit, "{} bytes are kept", buffer.len());
        buffer.extend_from_slice(read);
        bytes = rest;
        while let Some(line) = lines.next() {
            seen.push(owned(line));
        }
    }
    seen.extend(lines.take_rest().map(owned));
    seen
}

fn owned(line: Line<'_>) -> Seen {
    match line {
        Line::Borrowed(line) => Seen::Line(line.to_vec()),
        Line::Large(line, _) => Seen::Line(line),
        Line::TooLong { length, prefix } => Seen::TooLong(length, prefix),
        Line::Last(line) => Seen::Last(line),
    }
}
