//! Scripts: sequences of choices.

/// The rest of a script.
pub(super) struct Script<'a> {
    bytes: &'a [u8],
}

impl<'a> Script<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Returns the next step; `None` at the end of the script.
    pub(super) fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    /// Chooses a number below a limit; 0 at the end of the script.
    pub(super) fn below(&mut self, limit: u8) -> u8 {
        self.next().unwrap_or_default() % limit
    }

    /// Chooses an index of a list; `None` if the list is empty.
    pub(super) fn index<T>(&mut self, list: &[T]) -> Option<usize> {
        let chosen = usize::from(self.next().unwrap_or_default());
        (!list.is_empty()).then(|| chosen % list.len())
    }

    /// Takes up to this number of bytes.
    pub(super) fn bytes(&mut self, length: u8) -> &'a [u8] {
        let (bytes, rest) = self
            .bytes
            .split_at(self.bytes.len().min(usize::from(length)));
        self.bytes = rest;
        bytes
    }
}
