//! Reads the usual line of a delta in one pass, without an envelope.
//!
//! Servers write a delta without whitespace and with the method first, and most texts have no
//! escapes. Any other line is left to [`envelope::parse`](crate::rpc::envelope::parse), with which
//! this reader agrees about each line that it reads.

use crate::rpc::{
    delta::{DeltaKind, DeltaRef},
    scanner::integer,
};

/// Maximum length of a line that is read, in bytes.
const MAX_LENGTH: usize = 64 * 1024;

/// A delta and the turn that it belongs to.
#[derive(Debug, PartialEq)]
pub(crate) struct DeltaLine<'a> {
    pub(crate) thread_id: &'a str,
    pub(crate) turn_id: &'a str,
    /// The delta, without its turn.
    pub(crate) delta: DeltaRef<'a>,
}

impl<'a> DeltaLine<'a> {
    /// Reads a line; `None` if it has to be parsed.
    pub(crate) fn read(line: &'a [u8]) -> Option<Self> {
        let rest = line.strip_prefix(br#"{"method":"#)?;
        // Other messages, which may be large, are not looked through.
        if !rest.starts_with(br#""item/"#) || rest.len() > MAX_LENGTH {
            return None;
        }
        let mut rest = Rest(str::from_utf8(rest).ok()?);
        let kind = DeltaKind::of(rest.string()?)?;
        rest.expect(r#","params":{"#)?;
        let (mut thread_id, mut turn_id, mut item_id, mut text) = (None, None, None, None);
        let (mut summary_index, mut content_index) = (None, None);
        loop {
            // In the usual order.
            let is_repeated = if rest.takes(r#""threadId":"#) {
                thread_id.replace(rest.string()?).is_some()
            } else if rest.takes(r#""turnId":"#) {
                turn_id.replace(rest.string()?).is_some()
            } else if rest.takes(r#""itemId":"#) {
                item_id.replace(rest.string()?).is_some()
            } else if rest.takes(r#""delta":"#) {
                text.replace(rest.string()?).is_some()
            } else if rest.takes(r#""summaryIndex":"#) {
                summary_index.replace(rest.integer()?).is_some()
            } else if rest.takes(r#""contentIndex":"#) {
                content_index.replace(rest.integer()?).is_some()
            } else {
                return None;
            };
            if is_repeated {
                return None;
            }
            if rest.takes("}") {
                break;
            }
            rest.expect(",")?;
        }
        let emitted_at_ms = match rest.takes(r#","emittedAtMs":"#) {
            true => Some(rest.integer()?),
            false => None,
        };
        if rest.0 != "}" {
            return None;
        }
        let delta = DeltaRef {
            kind,
            turn_id: None,
            item_id: item_id?,
            index: kind.index(summary_index, content_index)?,
            text: text?,
            emitted_at_ms,
        };
        Some(Self {
            thread_id: thread_id?,
            turn_id: turn_id?,
            delta,
        })
    }
}

/// The part of a line that was not read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// Skips a text, and returns whether it was there.
    fn takes(&mut self, text: &str) -> bool {
        match self.0.strip_prefix(text) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, text: &str) -> Option<()> {
        self.takes(text).then_some(())
    }

    /// Takes a string without escapes and returns its contents.
    fn string(&mut self) -> Option<&'a str> {
        let quoted = self.0.strip_prefix('"')?;
        let length = memchr::memchr2(b'"', b'\\', quoted.as_bytes())?;
        let (contents, end) = quoted.split_at(length);
        self.0 = end.strip_prefix('"')?;
        Some(contents)
    }

    fn integer(&mut self) -> Option<i64> {
        let mut bytes = self.0.bytes();
        let (digits, rest) = self
            .0
            .split_at(bytes.position(|byte| !byte.is_ascii_digit())?);
        self.0 = rest;
        integer(digits.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::envelope::{self, RoutingKeys};

    const PLAIN: &str = r#"{"method":"item/agentMessage/delta","params":{"threadId":"t","turnId":"u","itemId":"i","delta":"a"},"emittedAtMs":12}"#;

    const SORTED: &str = r#"{"method":"item/reasoning/textDelta","params":{"contentIndex":3,"delta":"é, and {more}","itemId":"i","threadId":"t","turnId":"u"}}"#;

    const SUMMARY: &str = r#"{"method":"item/reasoning/summaryTextDelta","params":{"threadId":"t","turnId":"u","itemId":"i","delta":"","summaryIndex":0}}"#;

    /// Reads a line with the parser.
    fn parse(line: &str) -> Option<(Option<i64>, RoutingKeys<'_>, DeltaKind)> {
        let envelope = envelope::parse(line)?;
        let kind = DeltaKind::of(&line[envelope.header.method?])?;
        Some((envelope.header.emitted_at_ms, envelope.keys, kind))
    }

    #[test]
    fn a_usual_line_is_read_as_the_parser_reads_it() {
        for line in [PLAIN, SORTED, SUMMARY] {
            let read = DeltaLine::read(line.as_bytes()).unwrap();
            let (time, keys, kind) = parse(line).unwrap();
            assert_eq!(Some(read.thread_id), keys.thread_id.as_deref());
            assert_eq!(Some(read.turn_id), keys.turn_id.as_deref());
            assert_eq!(Some(read.delta), DeltaRef::new(kind, &keys, time));
        }
    }

    #[test]
    fn any_other_line_is_left_to_the_parser() {
        for (part, other) in [
            ("item/agentMessage/delta", "item/future/delta"),
            ("item/agentMessage/delta", "item\\/agentMessage/delta"),
            ("agentMessage/delta", "reasoning/textDelta"),
            (r#""a""#, r#""a\n""#),
            (r#""a""#, r#""a","delta":"b""#),
            (r#""a""#, r#""a","new":1"#),
            (r#""a""#, r#""a","contentIndex":1"#),
            (r#""a""#, "null"),
            (r#","delta":"a""#, ""),
            (r#""threadId":"t","#, ""),
            (r#""turnId":"u","#, ""),
            (r#""itemId":"i","#, ""),
            (r#""delta""#, r#""delt\u0061""#),
            (r#""delta":"#, r#""delta": "#),
            ("12", "01"),
            ("12", "-1"),
            ("12", "1.5"),
            ("12", ""),
            ("12", "1234567890123456789"),
            ("12}", "12"),
            ("12}", "12} "),
            ("12}", r#"12,"id":1}"#),
            ("12}", "12}}"),
            ("{\"method\"", " {\"method\""),
        ] {
            assert!(PLAIN.contains(part), "{part}");
            let line = PLAIN.replacen(part, other, 1);
            assert_eq!(DeltaLine::read(line.as_bytes()), None, "{line}");
        }
        let (before, after) = PLAIN.split_once("a\"}").unwrap();
        let invalid = [before.as_bytes(), b"\xff\"}", after.as_bytes()].concat();
        assert_eq!(DeltaLine::read(&invalid), None);
    }
}
