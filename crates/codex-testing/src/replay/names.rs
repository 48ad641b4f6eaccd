//! Names that differ between a recording and its replay: the ids that the client chooses, and paths.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

/// The names of a recording, with those that take their place.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// Recorded directories and the present ones, the longest recorded one first.
    paths: Vec<(String, String)>,
    /// Recorded ids of the client and the present ones.
    ids: HashMap<String, String>,
    /// Ids that the server has sent.
    of_server: HashSet<String>,
}

impl Names {
    pub(super) fn add_path(&mut self, recorded: String, present: String) {
        self.paths.push((recorded, present));
        self.paths
            .sort_by_key(|(recorded, _)| std::cmp::Reverse(recorded.len()));
    }

    /// Whether a present id may stand for a recorded one.
    pub(super) fn may_stand_for(&self, present: &str, recorded: &str) -> bool {
        match self.ids.get(recorded) {
            Some(known) => known == present,
            None => !self.of_server.contains(recorded),
        }
    }

    pub(super) fn add_id(&mut self, recorded: String, present: String) {
        self.ids.insert(recorded, present);
    }

    /// Returns a text of the client as it would be recorded.
    pub(super) fn as_recorded(&self, text: &str) -> String {
        let paths = self
            .paths
            .iter()
            .map(|(recorded, present)| (present, recorded));
        replace(text, paths)
    }

    /// Returns a recorded message of the server with the present names.
    pub(super) fn as_present(&mut self, message: &Value) -> Value {
        self.note_ids(message, "");
        self.map(message)
    }

    fn map(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text).into(),
            Value::Array(items) => items.iter().map(|item| self.map(item)).collect(),
            Value::Object(members) => {
                let members = members.iter();
                let members = members.map(|(name, value)| (self.text(name), self.map(value)));
                Value::Object(members.collect())
            }
            other => other.clone(),
        }
    }

    fn text(&self, text: &str) -> String {
        match self.ids.get(text) {
            Some(id) => id.clone(),
            None => replace(text, self.paths.iter().map(|(from, to)| (from, to))),
        }
    }

    fn note_ids(&mut self, value: &Value, name: &str) {
        match value {
            Value::String(text) if is_id(name) => drop(self.of_server.insert(text.clone())),
            Value::Array(items) => items.iter().for_each(|item| self.note_ids(item, name)),
            Value::Object(members) => {
                members
                    .iter()
                    .for_each(|(name, value)| self.note_ids(value, name));
            }
            _ => {}
        }
    }
}

fn replace<'a>(text: &str, names: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    let mut text = text.to_owned();
    for (from, to) in names {
        if text.contains(from.as_str()) {
            text = text.replace(from.as_str(), to);
        }
    }
    text
}

/// Whether the values of a member are ids.
pub(super) fn is_id(name: &str) -> bool {
    name == "id"
        || ["Id", "Ids", "_id", "Handle"]
            .iter()
            .any(|end| name.ends_with(end))
}

/// Whether the values of a member are times.
pub(super) fn is_time(name: &str) -> bool {
    ["At", "AtMs", "Ms", "_at"]
        .iter()
        .any(|end| name.ends_with(end))
}
