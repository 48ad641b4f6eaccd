//! Messages on their way to the file.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize},
    time::Instant,
};

/// The size of a waiting message apart from its text, in bytes.
pub(super) const OVERHEAD: usize = 128;

/// A message or a gap.
pub(super) struct Entry {
    pub(super) at: Instant,
    /// The number of messages before this one that are not recorded.
    pub(super) dropped: u64,
    pub(super) line: Recorded,
}

/// A line to be recorded.
pub(super) enum Recorded {
    In(Vec<u8>),
    Out(Vec<u8>),
    /// The length of a line from the server that was over the limit.
    TooLong(usize),
    /// The end of the connection.
    End,
}

impl Entry {
    pub(super) fn size(&self) -> usize {
        match &self.line {
            Recorded::In(line) | Recorded::Out(line) => line.len() + OVERHEAD,
            Recorded::TooLong(_) | Recorded::End => OVERHEAD,
        }
    }
}

/// The state that the recorder and its thread share.
#[derive(Default)]
pub(super) struct Shared {
    /// The size of the entries in the queue.
    pub(super) queued: AtomicUsize,
    /// Whether the file cannot be written.
    pub(super) failed: AtomicBool,
}
