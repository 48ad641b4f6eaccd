//! Removes details of the recording machine from a recording.

use std::path::Path;

use serde_json::Value;

/// The placeholders for the paths and names of this machine.
pub(crate) struct Scrub(Vec<(String, &'static str)>);

impl Scrub {
    pub(crate) fn new(home: &Path, bin: &Path, model: String) -> Self {
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let mut words = vec![(path(bin), "/home/user/bin/codex")];
        // The helper executables are next to the Codex executable.
        words.extend(
            bin.parent()
                .map(|directory| (path(directory), "/home/user/bin")),
        );
        words.push((path(home), "/home/user/recording"));
        words.push((model, "127.0.0.1:1"));
        Self(words)
    }

    pub(crate) fn apply(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.apply(value)),
            Value::Object(object) => {
                let names = std::mem::take(object);
                for (mut name, mut value) in names {
                    self.text(&mut name);
                    self.apply(&mut value);
                    if name == "serverName" && value.is_string() {
                        value = Value::from("machine");
                    }
                    object.insert(name, value);
                }
            }
            _ => {}
        }
    }

    fn text(&self, text: &mut String) {
        for (word, instead) in &self.0 {
            if text.contains(word) {
                *text = text.replace(word, instead);
            }
        }
    }
}
