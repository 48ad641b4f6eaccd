//! Compares the messages of a client with the recorded ones.

use serde_json::Value;

use super::names::{Names, is_id, is_time};

/// Takes the place of secrets in a recording.
const MASK: char = '…';

/// Maximum length of a value in a difference, in characters.
const MAX_SHOWN: usize = 160;

/// The differences between a recorded message and one of the client.
#[derive(Default)]
pub(super) struct Comparison {
    /// One line for each member that differs.
    pub(super) differences: Vec<String>,
    /// Recorded ids that other ids of the client stand for.
    pub(super) ids: Vec<(String, String)>,
}

/// Compares two messages. `ignored` are names of members that may differ.
pub(super) fn compare(
    recorded: &Value,
    present: &Value,
    names: &Names,
    ignored: &[String],
) -> Comparison {
    let mut comparer = Comparer {
        names,
        ignored,
        found: Comparison::default(),
    };
    // The ids of requests are chosen by each client.
    for member in ["params", "result", "error"] {
        match (recorded.get(member), present.get(member)) {
            (None, None) => {}
            (recorded, present) => comparer.members(member, member, recorded, present),
        }
    }
    comparer.found
}

struct Comparer<'a> {
    names: &'a Names,
    ignored: &'a [String],
    found: Comparison,
}

impl Comparer<'_> {
    /// Compares two members, of which one may be absent.
    fn members(
        &mut self,
        path: &str,
        name: &str,
        recorded: Option<&Value>,
        present: Option<&Value>,
    ) {
        match (recorded, present) {
            (Some(recorded), Some(present)) => self.values(path, name, recorded, present),
            (Some(recorded), None) => {
                let recorded = shown(recorded);
                self.differ(format!("{path}: recorded {recorded}, not sent"));
            }
            (None, Some(present)) => {
                let present = shown(present);
                self.differ(format!("{path}: not recorded, sent {present}"));
            }
            (None, None) => {}
        }
    }

    fn values(&mut self, path: &str, name: &str, recorded: &Value, present: &Value) {
        match (recorded, present) {
            (Value::Object(recorded_members), Value::Object(present_members)) => {
                let added = present_members.keys();
                let added = added.filter(|name| !recorded_members.contains_key(*name));
                for name in recorded_members.keys().chain(added) {
                    if !self.ignored.contains(name) {
                        let path = format!("{path}.{name}");
                        let recorded = recorded_members.get(name);
                        self.members(&path, name, recorded, present_members.get(name));
                    }
                }
            }
            (Value::Array(recorded), Value::Array(present)) => {
                for index in 0..recorded.len().max(present.len()) {
                    let path = format!("{path}[{index}]");
                    self.members(&path, name, recorded.get(index), present.get(index));
                }
            }
            (Value::String(recorded_text), Value::String(present_text)) => {
                if !self.is_same_text(name, recorded_text, present_text) {
                    self.values_differ(path, recorded, present);
                }
            }
            (Value::Number(_), Value::Number(_)) if is_time(name) => {}
            // A number that is a secret is recorded as text.
            (Value::String(mask), Value::Number(_)) if mask.chars().eq([MASK]) => {}
            _ if recorded == present => {}
            _ => self.values_differ(path, recorded, present),
        }
    }

    fn is_same_text(&mut self, name: &str, recorded: &str, present: &str) -> bool {
        if recorded == present || is_time(name) {
            return true;
        }
        let as_recorded = self.names.as_recorded(present);
        if as_recorded == recorded || recorded.contains(MASK) && matches(recorded, &as_recorded) {
            return true;
        }
        if !is_id(name) || !self.names.may_stand_for(present, recorded) {
            return false;
        }
        self.found
            .ids
            .push((recorded.to_owned(), present.to_owned()));
        true
    }

    fn values_differ(&mut self, path: &str, recorded: &Value, present: &Value) {
        let (recorded, present) = (shown(recorded), shown(present));
        self.differ(format!("{path}: recorded {recorded}, sent {present}"));
    }

    fn differ(&mut self, difference: String) {
        self.found.differences.push(difference);
    }
}

/// Whether a text consists of the parts of a pattern, with any text in the place of each mask.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split(MASK);
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.is_empty()
}

/// Returns a value as JSON, cut off if it is long.
pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn differences(recorded: &Value, present: &Value) -> Vec<String> {
        let mut names = Names::default();
        names.add_path("/recorded/home".to_owned(), "/now".to_owned());
        names.as_present(&json!({"threadId": "of the server"}));
        let (recorded, present) = (json!({"params": recorded}), json!({"params": present}));
        let ignored = ["clientInfo".to_owned()];
        compare(&recorded, &present, &names, &ignored).differences
    }

    #[test]
    fn each_member_that_differs_is_named() {
        let recorded = json!({"a": 1, "b": {"c": [1, {"d": "x"}]}, "gone": true, "same": null});
        let present = json!({"same": null, "b": {"c": [1, {"d": "y"}, 3]}, "a": 1, "new": {}});
        assert_eq!(
            differences(&recorded, &present),
            [
                "params.b.c[1].d: recorded \"x\", sent \"y\"",
                "params.b.c[2]: not recorded, sent 3",
                "params.gone: recorded true, not sent",
                "params.new: not recorded, sent {}",
            ]
        );
    }

    #[test]
    fn ids_of_the_client_times_masks_paths_and_ignored_members_may_differ() {
        let recorded = json!({
            "processId": "p-1", "startedAtMs": 1, "apiKey": "…", "text": "key … and …!",
            "pin": "…", "cwd": "/recorded/home/x", "clientInfo": {"name": "a"},
        });
        let present = json!({
            "processId": "p-2", "startedAtMs": 2, "apiKey": "sk-1", "text": "key a and b!",
            "pin": 7, "cwd": "/now/x", "clientInfo": {"name": "b"},
        });
        assert_eq!(differences(&recorded, &present), [""; 0]);
    }

    #[test]
    fn ids_of_the_server_may_not_differ() {
        let found = differences(
            &json!({"threadId": "of the server"}),
            &json!({"threadId": "another"}),
        );
        let expected = "params.threadId: recorded \"of the server\", sent \"another\"";
        assert_eq!(found, [expected]);
    }

    #[test]
    fn the_text_around_a_mask_has_to_agree() {
        assert!(matches("a … b", "a secret b") && matches("…", "anything"));
        assert!(matches("…x…y", "1x2xy") && !matches("…x…y", "12y"));
        assert!(!matches("a …", "b secret") && !matches("a … b", "a secret c"));
    }
}
