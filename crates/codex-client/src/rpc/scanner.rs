//! A scanner that skips JSON without decoding it.
//!
//! Every step either advances or fails, so the scanner terminates on every input, in linear time. It
//! does not recurse, so the depth of the nesting does not matter.
//!
//! The scanner accepts everything that serde_json accepts, and finds the same members. It also
//! accepts some text that is not JSON, because it does not look into the parts that it skips:
//!
//! - The value of a member may be malformed, as long as its end can be found. The decoder reports
//!   the fault.
//! - A key may contain control characters and malformed escapes. It is then like any unknown key.

use std::{borrow::Cow, ops::Range};

/// A position in a text. Each method returns `None` where the text is not JSON.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Number of bytes looked at, to verify that the time is linear.
    #[cfg(any(test, fuzzing))]
    steps: std::cell::Cell<usize>,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self::at(text, 0)
    }

    /// Creates a scanner at a position, in bytes.
    pub(crate) fn at(text: &'a str, at: usize) -> Self {
        Self {
            text,
            at,
            #[cfg(any(test, fuzzing))]
            steps: std::cell::Cell::new(0),
        }
    }

    /// Returns the number of bytes looked at so far.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn steps(&self) -> usize {
        self.steps.get()
    }

    /// Counts bytes that were looked at.
    #[inline]
    fn count(&self, _bytes: usize) {
        #[cfg(any(test, fuzzing))]
        self.steps.set(self.steps.get() + _bytes);
    }

    /// Returns the position, in bytes.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Returns the next byte.
    pub(crate) fn next(&self) -> Option<u8> {
        self.count(1);
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
            let (range, escaped) = self.string_range()?;
            let malformed = || Cow::Borrowed(&self.text[range.clone()]);
            let key = self.contents(&range, escaped).unwrap_or_else(malformed);
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

    /// Returns the contents of a string; an inner `None` for any other value, and for a string with
    /// malformed escapes.
    pub(crate) fn optional_string(&mut self) -> Option<Option<Cow<'a, str>>> {
        self.space();
        if self.next()? == b'"' {
            let (range, escaped) = self.string_range()?;
            Some(self.contents(&range, escaped))
        } else {
            self.skip().map(|_| None)
        }
    }

    /// Returns an integer; an inner `None` for any other value.
    pub(crate) fn integer(&mut self) -> Option<Option<i64>> {
        let range = self.skip()?;
        self.count(range.len());
        let text = &self.text[range];
        // Anything unusual, such as a sign, is left to serde_json: `str::parse` accepts forms that
        // JSON does not allow.
        Some(integer(text.as_bytes()).or_else(|| serde_json::from_str(text).ok()))
    }

    /// Returns the contents of a string, or the range of any other value.
    pub(crate) fn string_or_range(&mut self) -> Option<Result<Cow<'a, str>, Range<usize>>> {
        self.space();
        if self.next()? == b'"' {
            let (range, escaped) = self.string_range()?;
            self.contents(&range, escaped).map(Ok)
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

    /// Returns the contents of a string, unescaped; `None` if an escape is malformed.
    fn contents(&self, range: &Range<usize>, escaped: bool) -> Option<Cow<'a, str>> {
        if !escaped {
            return Some(Cow::Borrowed(&self.text[range.clone()]));
        }
        self.count(range.len());
        let quoted = &self.text[range.start - 1..=range.end];
        serde_json::from_str(quoted).ok().map(Cow::Owned)
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
            let length = memchr::memchr2(b'"', b'\\', &bytes[self.at..]);
            self.count(length.unwrap_or(bytes.len() - self.at) + 1);
            self.at += length?;
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
        let ends = |byte: &u8| {
            matches!(
                byte,
                b',' | b'}' | b']' | b':' | b'"' | b'{' | b'[' | 0..=b' '
            )
        };
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        self.count(length + 1);
        self.at += length;
        (length > 0).then_some(())
    }
}

/// Parses a JSON integer of at most 18 digits, without a sign.
pub(crate) fn integer(digits: &[u8]) -> Option<i64> {
    if !matches!(digits, [b'1'..=b'9', ..] | [b'0']) || digits.len() > 18 {
        return None;
    }
    digits.iter().try_fold(0, |value, digit| {
        let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
        Some(value * 10 + digit)
    })
}
