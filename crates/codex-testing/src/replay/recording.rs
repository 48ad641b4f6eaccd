//! Reads recordings.

use std::{fs, path::Path};

use serde_json::Value;

use crate::error::{Error, Result};

/// A recorded message.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    /// The number of its line in the file, from 1.
    pub(super) line: usize,
    /// Whether the server sent it.
    pub(super) from_server: bool,
    pub(super) message: Value,
}

/// Reads the messages of a recording.
pub(super) fn read(path: &Path) -> Result<Vec<Recorded>> {
    let invalid = |reason: String| Error::Recording {
        path: path.to_owned(),
        reason,
    };
    let text = fs::read_to_string(path).map_err(|error| invalid(error.to_string()))?;
    parse(&text).map_err(invalid)
}

fn parse(text: &str) -> Result<Vec<Recorded>, String> {
    let mut messages = Vec::new();
    for (index, text) in text.lines().enumerate() {
        let line = index + 1;
        if text.trim().is_empty() {
            continue;
        }
        let mut entry: Value = serde_json::from_str(text)
            .map_err(|error| format!("line {line} is not a line of a recording: {error}"))?;
        if let Some(dropped) = entry.get("dropped") {
            return Err(format!(
                "line {line}: {dropped} messages are missing, because the client could not write \
                 them fast enough; record again"
            ));
        }
        let message = entry["msg"].take();
        let from_server = match entry["dir"].as_str() {
            Some("in") => true,
            Some("out") => false,
            _ => {
                return Err(format!(
                    "line {line} has no direction (`dir`: `in` or `out`)"
                ));
            }
        };
        if message.is_object() {
            messages.push(Recorded {
                line,
                from_server,
                message,
            });
        } else if entry.get("unreadable").is_none() {
            return Err(format!("line {line} has no message (`msg`)"));
        }
        // A line of the server that no client could read is left out.
    }
    Ok(messages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_their_line_and_direction() {
        let text = "{\"at\":1.5,\"dir\":\"out\",\"msg\":{\"id\":1}}\n\n\
                    {\"dir\":\"in\",\"unreadable\":7}\n{\"dir\":\"in\",\"msg\":{\"id\":1}}\n";
        let messages = parse(text).unwrap();
        let lines: Vec<_> = messages
            .iter()
            .map(|it| (it.line, it.from_server))
            .collect();
        assert_eq!(lines, [(1, false), (4, true)]);
    }

    #[test]
    fn the_error_names_the_line_and_the_reason() {
        for (text, reason) in [
            (
                "{\"dir\":\"in\",\"msg\":{}}\nnonsense",
                "line 2 is not a line of a recording",
            ),
            ("{\"dropped\":3}", "3 messages are missing"),
            ("{\"msg\":{}}", "line 1 has no direction"),
            ("{\"dir\":\"in\"}", "line 1 has no message"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
