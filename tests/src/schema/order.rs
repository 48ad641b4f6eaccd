//! Writes JSON text with members in orders other than the sorted order of `serde_json::Map`.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// The order of the members in objects.
#[derive(Debug, Clone, Copy)]
pub enum Order {
    /// Tags first, as all known servers write them.
    TagFirst,
    /// Tags last.
    TagLast,
    /// In reverse order, with every possible character escaped.
    BackwardsAndEscaped,
}

/// Returns the text of a value.
#[must_use]
pub fn text(value: &Value, order: Order) -> String {
    let mut out = String::new();
    write(&mut out, value, order);
    out
}

fn write(out: &mut String, value: &Value, order: Order) {
    match value {
        Value::Object(object) => {
            out.push('{');
            for (index, (key, value)) in ordered(object, order).into_iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                string(out, key, order);
                out.push(':');
                write(out, value, order);
            }
            out.push('}');
        }
        Value::Array(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                write(out, value, order);
            }
            out.push(']');
        }
        Value::String(text) => string(out, text, order),
        other => out.push_str(&other.to_string()),
    }
}

fn ordered(object: &Map<String, Value>, order: Order) -> Vec<(&String, &Value)> {
    const TAGS: &[&str] = &["type", "mode", "kind", "handlerType", "method"];
    let mut entries: Vec<_> = object.iter().collect();
    match order {
        Order::TagFirst => entries.sort_by_key(|(key, _)| !TAGS.contains(&key.as_str())),
        Order::TagLast => entries.sort_by_key(|(key, _)| TAGS.contains(&key.as_str())),
        Order::BackwardsAndEscaped => entries.reverse(),
    }
    entries
}

fn string(out: &mut String, text: &str, order: Order) {
    if !matches!(order, Order::BackwardsAndEscaped) {
        out.push_str(&Value::from(text).to_string());
        return;
    }
    out.push('"');
    for unit in text.encode_utf16() {
        // Writing to a string cannot fail.
        let _ = write!(out, "\\u{unit:04x}");
    }
    out.push('"');
}
