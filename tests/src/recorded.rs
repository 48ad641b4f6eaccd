//! Reads recorded traffic from real app-servers.

use std::{collections::HashMap, fs, path::PathBuf};

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::manifest_dir::manifest_dir;

/// A recorded message.
pub struct Recorded {
    /// The file and line, for the failure messages of tests.
    pub place: String,
    /// Whether the server sent the message.
    pub from_server: bool,
    /// The method of the message, or of the request that it responds to. `None` for a response
    /// without a request.
    pub method: Option<String>,
    /// The message.
    pub message: Value,
}

/// Returns the messages from a directory in `tests/fixtures`, file by file.
///
/// # Panics
///
/// If a file cannot be read or a line is not a recording.
#[must_use]
pub fn recorded(directory: &str) -> Vec<Vec<Recorded>> {
    files(directory)
        .iter()
        .map(|file| {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let text = fs::read_to_string(file).expect("a recording");
            // The methods of the requests of both sides.
            let mut asked = HashMap::new();
            let lines = text.lines().enumerate().map(|(line, text)| {
                let mut value: Value = serde_json::from_str(text).expect("a line of JSON");
                let (from_server, message) = (value["dir"] == "in", value["msg"].take());
                let id = message.get("id").map(Value::to_string);
                let method = match (message["method"].as_str(), id) {
                    (Some(method), Some(id)) => {
                        asked.insert((from_server, id), method.to_owned());
                        Some(method.to_owned())
                    }
                    (Some(method), None) => Some(method.to_owned()),
                    (None, Some(id)) => asked.get(&(!from_server, id)).cloned(),
                    (None, None) => None,
                };
                Recorded {
                    place: format!("{name}:{}", line + 1),
                    from_server,
                    method,
                    message,
                }
            });
            lines.collect()
        })
        .collect()
}

/// Returns the messages from all recordings in a directory, each as its original text.
///
/// # Panics
///
/// If a file cannot be read or a line is not a recording.
#[must_use]
pub fn recorded_lines(directory: &str) -> Vec<String> {
    files(directory)
        .iter()
        .flat_map(|file| {
            let text = fs::read_to_string(file).expect("a recording");
            text.lines().map(raw_message).collect::<Vec<_>>()
        })
        .collect()
}

/// Returns the message in a recorded line, undecoded.
fn raw_message(line: &str) -> String {
    #[derive(Deserialize)]
    struct Line<'a> {
        #[serde(borrow)]
        msg: &'a RawValue,
    }

    let line: Line<'_> = serde_json::from_str(line).expect("a line of JSON");
    line.msg.get().to_owned()
}

/// Returns the files in a directory in `tests/fixtures`, in order.
fn files(directory: &str) -> Vec<PathBuf> {
    let directory = manifest_dir().join("fixtures").join(directory);
    let entries = fs::read_dir(&directory).expect("the directory of recordings");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
}
