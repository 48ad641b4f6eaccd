//! Buffers messages and writes them.

use std::io::{self, Write};

/// Length of a block: the capacity of a pipe.
const BLOCK: usize = 64 * 1024;

/// Writes messages one by one, or in blocks whose bounds disregard those of the messages.
pub(crate) struct Output<W> {
    writer: W,
    buffer: Vec<u8>,
    line_by_line: bool,
}

impl<W: Write> Output<W> {
    pub(crate) fn new(writer: W, line_by_line: bool) -> Self {
        let buffer = Vec::with_capacity(2 * BLOCK);
        Self {
            writer,
            buffer,
            line_by_line,
        }
    }

    /// Writes a message, which has a line ending.
    pub(crate) fn message(&mut self, message: &str) -> io::Result<()> {
        self.parts([message.as_bytes()])
    }

    /// Writes a message in parts.
    #[inline]
    pub(crate) fn parts<const N: usize>(&mut self, parts: [&[u8]; N]) -> io::Result<()> {
        for part in parts {
            self.buffer.extend_from_slice(part);
        }
        if self.line_by_line {
            self.flush()
        } else if self.buffer.len() >= BLOCK {
            self.write_blocks()
        } else {
            Ok(())
        }
    }

    fn write_blocks(&mut self) -> io::Result<()> {
        let whole = self.buffer.len() / BLOCK * BLOCK;
        self.writer.write_all(&self.buffer[..whole])?;
        self.writer.flush()?;
        self.buffer.drain(..whole);
        Ok(())
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.writer.write_all(&self.buffer)?;
        self.writer.flush()?;
        self.buffer.clear();
        Ok(())
    }
}
