//! Recognizes the next delta of an item without reading its members.
//!
//! The deltas of an item differ only in their text and their time. Once one of them has been parsed,
//! a line that begins like it, up to the text, and ends like a delta has the same members.

use crate::rpc::{delta::DeltaRef, delta_line::DeltaLine, scanner::integer};

/// The delta that a line is expected to continue.
#[derive(Debug, Default)]
pub(crate) struct DeltaRuns {
    /// The turn and the item of the last delta that was read. A run begins with the second delta of an
    /// item, so that items whose deltas alternate cost little.
    last_turn_id: String,
    last_item_id: String,
    run: Option<Box<DeltaRun>>,
}

impl DeltaRuns {
    /// Takes the run, for use while the connection is borrowed.
    pub(crate) fn take(&mut self) -> Option<Box<DeltaRun>> {
        self.run.take()
    }

    /// Puts the run back.
    pub(crate) fn put_back(&mut self, run: Box<DeltaRun>) {
        self.run = Some(run);
    }

    /// Learns from the line of a delta.
    pub(crate) fn read(&mut self, line: &[u8], read: &DeltaLine<'_>) {
        if self.last_turn_id == read.turn_id && self.last_item_id == read.delta.item_id {
            self.run = DeltaRun::begin(line, read).map(Box::new);
        } else {
            read.turn_id.clone_into(&mut self.last_turn_id);
            read.delta.item_id.clone_into(&mut self.last_item_id);
        }
    }
}

/// The members that the deltas of an item have in common, and the bytes of a line that state them.
#[derive(Debug)]
pub(crate) struct DeltaRun {
    /// The line up to the text.
    prefix: Vec<u8>,
    thread_id: String,
    turn_id: String,
    item_id: String,
    /// A delta without text and time.
    like: DeltaRef<'static>,
}

/// The end of the bytes before the text.
const TEXT_BEGINS: &[u8] = br#""delta":""#;

impl DeltaRun {
    /// Begins a run with the line of a delta; `None` if the text is not the last one of its members.
    fn begin(line: &[u8], read: &DeltaLine<'_>) -> Option<Self> {
        let delta = &read.delta;
        let at = memchr::memmem::find(line, TEXT_BEGINS)?;
        let run = Self {
            prefix: line[..at + TEXT_BEGINS.len()].into(),
            thread_id: read.thread_id.to_owned(),
            turn_id: read.turn_id.to_owned(),
            item_id: delta.item_id.to_owned(),
            like: DeltaRef {
                turn_id: None,
                item_id: "",
                text: "",
                emitted_at_ms: None,
                ..*delta
            },
        };
        // Whatever the order of the members, the line states what was read.
        (run.next(line)? == *delta).then_some(run)
    }

    pub(crate) fn thread_id(&self) -> &str {
        &self.thread_id
    }

    pub(crate) fn turn_id(&self) -> &str {
        &self.turn_id
    }

    /// Returns the delta on a line, without its turn; `None` if the line has to be parsed.
    pub(crate) fn next<'a>(&'a self, line: &'a [u8]) -> Option<DeltaRef<'a>> {
        let rest = line.strip_prefix(self.prefix.as_slice())?;
        // Text with escapes is left to the parser.
        let length = memchr::memchr2(b'"', b'\\', rest)?;
        let (text, end) = rest.split_at(length);
        let emitted_at_ms = match end {
            b"\"}}" => None,
            _ => {
                let digits = end.strip_prefix(br#""},"emittedAtMs":"#)?;
                Some(integer(digits.strip_suffix(b"}")?)?)
            }
        };
        Some(DeltaRef {
            item_id: &self.item_id,
            text: str::from_utf8(text).ok()?,
            emitted_at_ms,
            ..self.like
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, rest: &str) -> String {
        format!(
            r#"{{"method":"item/agentMessage/delta","params":{{"threadId":"t","turnId":"u","itemId":"i","delta":"{text}"}}{rest}}}"#
        )
    }

    fn begin(line: &str) -> Option<DeltaRun> {
        let line = line.as_bytes();
        DeltaRun::begin(line, &DeltaLine::read(line)?)
    }

    #[test]
    fn the_next_delta_of_an_item_needs_no_parser() {
        let run = begin(&line("a", r#","emittedAtMs":12"#)).unwrap();
        assert_eq!((run.thread_id(), run.turn_id()), ("t", "u"));
        for (text, rest, at) in [
            (
                "é, and {more}",
                r#","emittedAtMs":1795255615934"#,
                Some(1_795_255_615_934),
            ),
            ("", "", None),
            ("0", r#","emittedAtMs":0"#, Some(0)),
        ] {
            let line = line(text, rest);
            let delta = run.next(line.as_bytes()).unwrap();
            assert_eq!((delta.text, delta.emitted_at_ms), (text, at));
            assert_eq!(delta.item_id, "i");
        }
    }

    #[test]
    fn any_other_line_is_left_to_the_parser() {
        let run = begin(&line("a", "")).unwrap();
        for other in [
            line("a", "").replace(r#""i""#, r#""j""#),
            line("a", "").replace("agentMessage", "plan"),
            line(r"a\n", ""),
            line("a", r#","emittedAtMs":01"#),
            line("a", r#","emittedAtMs":-1"#),
            line("a", r#","emittedAtMs":1.5"#),
            line("a", r#","emittedAtMs":"#),
            line("a", r#","emittedAtMs":1234567890123456789"#),
            line("a", r#","emittedAtMs":1,"more":2"#),
            line("a\",\"more\":\"", ""),
            line("a", "}"),
            line("a", " "),
        ] {
            assert!(run.next(other.as_bytes()).is_none(), "{other}");
        }
        let invalid = [line("", "").replace("\"}}", "").as_bytes(), b"\xff\"}}"].concat();
        assert!(run.next(&invalid).is_none());
    }

    #[test]
    fn a_line_in_another_order_begins_no_run() {
        let plain = line("a", "");
        assert!(begin(&plain).is_some());
        let text_first = plain.replace(r#""threadId":"t","#, r#""delta":"a","threadId":"t","#);
        let text_first = text_first.replace(r#","delta":"a"}"#, "}");
        assert!(DeltaLine::read(text_first.as_bytes()).is_some());
        assert!(begin(&text_first).is_none());
    }

    #[test]
    fn a_run_begins_with_the_second_delta_of_an_item() {
        let mut runs = DeltaRuns::default();
        let mut read = |line: &str| {
            let line = line.as_bytes();
            runs.read(line, &DeltaLine::read(line).unwrap());
            runs.take().is_some()
        };
        assert!(!read(&line("a", "")));
        assert!(read(&line("b", "")));
    }
}
