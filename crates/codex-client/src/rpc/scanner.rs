//! A scanner that skips JSON without decoding it.
//!
//! Every step either advances or fails, so the scanner terminates on every input.

use std::{borrow::Cow, ops::Range};

/// A position in a text. Each method returns `None` where the text is not JSON.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Returns the position, in bytes.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Returns the next byte.
    pub(crate) fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Skips whitespace.
    pub(crate) fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.next() {
            self.at += 1;
        }
    }

    /// Skips whitespace and this byte.
    fn eat(&mut self, byte: u8) -> Option<()> {
        self.space();
        (self.next()? == byte).then(|| self.at += 1)
    }

    /// Calls `member` for each member of an object, with the scanner positioned before the member's
    /// value.
    pub(crate) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, &str) -> Option<()>,
    ) -> Option<()> {
        self.eat(b'{')?;
        self.space();
        if self.next()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            let key = self.string()?;
            self.eat(b':')?;
            member(self, &key)?;
            self.space();
            match self.next()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    /// Returns the contents of a string; an inner `None` for any other value.
    pub(crate) fn optional_string(&mut self) -> Option<Option<Cow<'a, str>>> {
        self.space();
        if self.next()? == b'"' {
            self.string().map(Some)
        } else {
            self.skip().map(|_| None)
        }
    }

    /// Returns an integer; an inner `None` for any other value.
    pub(crate) fn integer(&mut self) -> Option<Option<i64>> {
        let range = self.skip()?;
        Some(self.text[range].parse().ok())
    }

    /// Returns the contents of a string, or the range of any other value.
    pub(crate) fn string_or_range(&mut self) -> Option<Result<Cow<'a, str>, Range<usize>>> {
        self.space();
        if self.next()? == b'"' {
            self.string().map(Ok)
        } else {
            self.skip().map(Err)
        }
    }

    /// The range between the quotes of a string, and whether there are escapes in it.
    pub(crate) fn string_range(&mut self) -> Option<(Range<usize>, bool)> {
        self.space();
        let start = self.at;
        let escaped = self.skip_string()?;
        Some((start + 1..self.at - 1, escaped))
    }

    /// The contents of a string, unescaped.
    pub(crate) fn string(&mut self) -> Option<Cow<'a, str>> {
        self.space();
        let start = self.at;
        let escaped = self.skip_string()?;
        let quoted = &self.text[start..self.at];
        if escaped {
            serde_json::from_str(quoted).ok().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(&quoted[1..quoted.len() - 1]))
        }
    }

    /// Skips a string and returns whether it has escapes.
    fn skip_string(&mut self) -> Option<bool> {
        let bytes = self.text.as_bytes();
        if self.next()? != b'"' {
            return None;
        }
        self.at += 1;
        let mut escaped = false;
        loop {
            self.at += memchr::memchr2(b'"', b'\\', &bytes[self.at..])?;
            if bytes[self.at] == b'"' {
                self.at += 1;
                return Some(escaped);
            }
            escaped = true;
            // Skips the escaped byte; the digits of `\uXXXX` are plain text to this loop.
            self.at += 2;
            if self.at > bytes.len() {
                return None;
            }
        }
    }

    /// Skips any value and returns its range.
    pub(crate) fn skip(&mut self) -> Option<Range<usize>> {
        self.space();
        let start = self.at;
        let mut depth = 0usize;
        loop {
            match self.next()? {
                b'"' => {
                    self.skip_string()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                b'}' | b']' | b',' | b':' if depth == 0 => return None,
                b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' => {
                    self.at += 1;
                    continue;
                }
                _ => self.skip_word()?,
            }
            if depth == 0 {
                return Some(start..self.at);
            }
        }
    }

    /// Skips a number or a literal. Fails on a byte that begins neither, such as a control
    /// character, so that every step of the scanner either advances or fails.
    fn skip_word(&mut self) -> Option<()> {
        let rest = &self.text.as_bytes()[self.at..];
        let ends = |byte: &u8| b",}]:\"{[".contains(byte) || *byte <= b' ';
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        self.at += length;
        (length > 0).then_some(())
    }
}
