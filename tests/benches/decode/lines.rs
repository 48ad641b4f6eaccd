//! The lines to decode: recorded lines, and a large line made from one of them.

use codex_tests::recorded::recorded_lines;

/// The length of the text in the large item.
const LARGE: usize = 256 * 1024;

/// The lines to decode, as the transport delivers them.
pub(crate) struct Lines {
    /// `item/agentMessage/delta`.
    pub(crate) delta: String,
    /// `item/completed` of an agent message.
    pub(crate) message: String,
    /// `item/completed` of a command with the output of a few lines.
    pub(crate) command: String,
    /// `item/completed` of an agent message with 256 KiB of text.
    pub(crate) large: String,
    /// `turn/start` of a client.
    pub(crate) turn_start: String,
}

impl Lines {
    /// Takes the lines from the recordings in `tests/fixtures`.
    pub(crate) fn load() -> Self {
        let all = recorded_lines("recorded");
        let find = |words: &[&str]| {
            all.iter()
                .find(|line| words.iter().all(|word| line.contains(word)))
                .unwrap_or_else(|| panic!("no recorded line with {words:?}"))
                .clone()
        };
        let message = find(&[r#""item/completed""#, r#""type":"agentMessage""#, "tok9"]);
        // One escape per 64 bytes, which is about the rate of line breaks in prose and code.
        let text = "A line of prose, or of code, that a model has written for us.\\n"
            .repeat(LARGE / 64 + 1);
        let (before, after) = message.split_once(r#""text":""#).expect("a text");
        let (_, after) = after.split_once('"').expect("the end of the text");
        let large = format!(r#"{before}"text":"{text}"{after}"#);
        Self {
            delta: find(&[r#""item/agentMessage/delta""#]),
            command: find(&[
                r#""item/completed""#,
                r#""type":"commandExecution""#,
                r#""aggregatedOutput":"line 1"#,
            ]),
            turn_start: find(&[r#""turn/start""#, r#""input":[{"type":"text""#]),
            message,
            large,
        }
    }
}
