//! Traffic that was recorded from real app-servers.

use std::{fs, path::Path};

use serde_json::Value;

/// One recorded message.
pub struct Recorded {
    /// File and line, for messages of tests.
    pub place: String,
    /// Whether the server sent it.
    pub from_server: bool,
    /// The message.
    pub message: Value,
}

/// All messages of a folder below `tests/fixtures`, file by file.
///
/// # Panics
///
/// If a file cannot be read or a line is no recording.
#[must_use]
pub fn recorded(folder: &str) -> Vec<Vec<Recorded>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(folder);
    let entries = fs::read_dir(&folder).expect("the folder of recordings");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let text = fs::read_to_string(file).expect("a recording");
            let lines = text.lines().enumerate().map(|(line, text)| {
                let mut value: Value = serde_json::from_str(text).expect("a line of JSON");
                Recorded {
                    place: format!("{name}:{}", line + 1),
                    from_server: value["dir"] == "in",
                    message: value["msg"].take(),
                }
            });
            lines.collect()
        })
        .collect()
}
