//! The text of a received line. The buffers of large lines are used again.

use std::{
    mem,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Maximum number of buffers that are kept for the next large lines. A read returns at most two
/// lines of the usual lengths before they are processed.
const MAX_SPARES: usize = 2;

/// The buffers of a connection that are not in use. Clones share them.
///
/// The allocator would return the memory of a large line to the operating system each time, and
/// take it from there again page by page, which costs more than decoding the line.
#[derive(Debug, Clone, Default)]
pub(crate) struct SpareBuffers(Arc<Mutex<Vec<Vec<u8>>>>);

impl SpareBuffers {
    /// Maximum capacity of a buffer, in bytes.
    pub(crate) const MAX_CAPACITY: usize = 512 * 1024;

    /// Whether a buffer may be kept.
    pub(crate) fn accepts(buffer: &Vec<u8>) -> bool {
        buffer.capacity() <= Self::MAX_CAPACITY
    }

    /// Takes a buffer, which is empty; `None` if there is none.
    pub(crate) fn take(&self) -> Option<Vec<u8>> {
        self.lock().pop()
    }

    /// Frees the buffers.
    pub(crate) fn free(&self) {
        self.lock().clear();
    }

    /// Keeps a buffer, unless it is too large or there are enough.
    fn keep(&self, mut buffer: Vec<u8>) {
        let mut spares = self.lock();
        if spares.len() < MAX_SPARES && Self::accepts(&buffer) {
            buffer.clear();
            spares.push(buffer);
        }
    }

    /// No code panics while it holds the lock, so the lock is never poisoned.
    fn lock(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The text of a received line.
pub(crate) enum LineText<'a> {
    /// In the read buffer.
    Borrowed(&'a str),
    /// In a buffer of its own.
    Owned(OwnedText),
}

impl LineText<'_> {
    /// Returns the text in a buffer of its own.
    pub(crate) fn into_owned(self) -> OwnedText {
        match self {
            Self::Borrowed(text) => text.to_owned().into(),
            Self::Owned(text) => text,
        }
    }
}

impl Deref for LineText<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Owned(text) => text,
        }
    }
}

impl From<String> for LineText<'_> {
    fn from(text: String) -> Self {
        Self::Owned(text.into())
    }
}

impl<'a> From<&'a str> for LineText<'a> {
    fn from(text: &'a str) -> Self {
        Self::Borrowed(text)
    }
}

/// A text in a buffer of its own. When the text of a large line is dropped, its buffer is kept for
/// another one.
pub(crate) struct OwnedText {
    text: String,
    spares: Option<SpareBuffers>,
}

impl OwnedText {
    /// Creates the text of a large line.
    pub(crate) fn large(text: String, spares: SpareBuffers) -> Self {
        let spares = Some(spares);
        Self { text, spares }
    }
}

#[cfg(test)]
impl OwnedText {
    /// Returns the capacity of the buffer, in bytes.
    pub(crate) fn capacity(&self) -> usize {
        self.text.capacity()
    }
}

impl From<String> for OwnedText {
    fn from(text: String) -> Self {
        Self { text, spares: None }
    }
}

impl Deref for OwnedText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl PartialEq for OwnedText {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Drop for OwnedText {
    fn drop(&mut self) {
        if let Some(spares) = &self.spares {
            spares.keep(mem::take(&mut self.text).into_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buffers_of_two_dropped_texts_are_kept_unless_they_are_too_large() {
        let spares = SpareBuffers::default();
        let max = SpareBuffers::MAX_CAPACITY;
        for capacity in [max + 1, 100, max, 200] {
            let text = String::with_capacity(capacity);
            drop(OwnedText::large(text, spares.clone()));
        }
        let capacities = [(); 3].map(|()| spares.take().map(|buffer| buffer.capacity()));
        assert_eq!(capacities, [Some(max), Some(100), None]);
    }
}
