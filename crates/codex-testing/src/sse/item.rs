//! The events of an output item, from `response.output_item.added` to `response.output_item.done`.

use std::iter;

use serde_json::{Value, json};

use crate::response::{Item, ItemKind};

/// An item with its ids, in both forms in which it is sent.
pub(super) struct ItemStream {
    index: usize,
    id: String,
    added: Value,
    done: Value,
    kind: ItemKind,
}

impl ItemStream {
    /// Creates the stream of the item at `index` (from 0) of the response to a request (from 1).
    pub(super) fn new(item: Item, request: u64, index: usize) -> Self {
        let Item {
            kind,
            id,
            call_id,
            namespace,
            phase,
        } = item;
        let place = format!("{request}_{}", index + 1);
        let id = id.unwrap_or_else(|| format!("{}_{place}", prefix(&kind)));
        let call_id = call_id.unwrap_or_else(|| format!("call_{place}"));

        let (mut added, mut done) = match &kind {
            ItemKind::Raw(item) => (item.clone(), item.clone()),
            kind => (
                form(kind, &id, &call_id, false),
                form(kind, &id, &call_id, true),
            ),
        };
        // A raw item may be any value, not only an object.
        for item in [&mut added, &mut done]
            .into_iter()
            .filter_map(Value::as_object_mut)
        {
            for (name, value) in [("namespace", &namespace), ("phase", &phase)] {
                if let Some(value) = value {
                    item.insert(name.into(), value.as_str().into());
                }
            }
        }
        Self {
            index,
            id,
            added,
            done,
            kind,
        }
    }

    /// Returns the completed item, which is also its form in the `output` of the response.
    pub(super) fn done(&self) -> &Value {
        &self.done
    }

    /// Returns the events of the item in order.
    pub(super) fn into_events(self) -> Box<dyn Iterator<Item = Value> + Send> {
        let Self {
            index,
            id,
            added,
            done,
            kind,
        } = self;
        let whole = |name: &str, item: Value| {
            let name = format!("response.output_item.{name}");
            json!({ "type": name, "output_index": index, "item": item })
        };
        let (added, done) = (whole("added", added), whole("done", done));
        Box::new(
            iter::once(added)
                .chain(inner(kind, id, index))
                .chain(iter::once(done)),
        )
    }
}

/// Returns the events between the first and the last event of the item.
fn inner(kind: ItemKind, id: String, index: usize) -> Box<dyn Iterator<Item = Value> + Send> {
    // Creates an event that names its item and has further members.
    let about = move |name: &str, more: Value| {
        let mut event =
            json!({ "type": format!("response.{name}"), "item_id": id, "output_index": index });
        if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
            event.extend(more);
        }
        event
    };
    // Sends a value in one piece: one delta, then the whole value.
    let at_once = |name: &str, member: &str, value: String| {
        [
            about(&format!("{name}.delta"), json!({ "delta": value })),
            about(&format!("{name}.done"), json!({ member: value })),
        ]
    };

    match kind {
        ItemKind::Raw(_) => Box::new(iter::empty()),
        ItemKind::FunctionCall { arguments, .. } => {
            Box::new(at_once("function_call_arguments", "arguments", arguments).into_iter())
        }
        ItemKind::CustomToolCall { input, .. } => {
            Box::new(at_once("custom_tool_call_input", "input", input).into_iter())
        }
        ItemKind::Text { deltas } => {
            let text = deltas.concat();
            let part =
                |text: &str| json!({ "content_index": 0, "part": part("output_text", text) });
            let first = about("content_part.added", part(""));
            let last = [
                about(
                    "output_text.done",
                    json!({ "content_index": 0, "text": text }),
                ),
                about("content_part.done", part(&text)),
            ];
            let deltas = deltas.into_iter().map(move |delta| {
                about(
                    "output_text.delta",
                    json!({ "content_index": 0, "delta": delta }),
                )
            });
            Box::new(iter::once(first).chain(deltas).chain(last))
        }
        ItemKind::Reasoning { deltas } => {
            let text = deltas.concat();
            let part =
                |text: &str| json!({ "summary_index": 0, "part": part("summary_text", text) });
            let first = about("reasoning_summary_part.added", part(""));
            let last = [
                about(
                    "reasoning_summary_text.done",
                    json!({ "summary_index": 0, "text": text }),
                ),
                about("reasoning_summary_part.done", part(&text)),
            ];
            let deltas = deltas.into_iter().map(move |delta| {
                about(
                    "reasoning_summary_text.delta",
                    json!({ "summary_index": 0, "delta": delta }),
                )
            });
            Box::new(iter::once(first).chain(deltas).chain(last))
        }
    }
}

/// Returns the item as it is sent when it begins, or when it is done.
fn form(kind: &ItemKind, id: &str, call_id: &str, done: bool) -> Value {
    let status = if done { "completed" } else { "in_progress" };
    let so_far = |text: &str| if done { text.to_owned() } else { String::new() };
    let parts = |kind: &str, deltas: &[String]| match done {
        true => json!([part(kind, &deltas.concat())]),
        false => json!([]),
    };
    match kind {
        ItemKind::Text { deltas } => json!({
            "type": "message",
            "id": id,
            "role": "assistant",
            "status": status,
            "content": parts("output_text", deltas),
        }),
        ItemKind::Reasoning { deltas } => json!({
            "type": "reasoning",
            "id": id,
            "summary": parts("summary_text", deltas),
        }),
        ItemKind::FunctionCall { name, arguments } => json!({
            "type": "function_call",
            "id": id,
            "call_id": call_id,
            "name": name,
            "arguments": so_far(arguments),
            "status": status,
        }),
        ItemKind::CustomToolCall { name, input } => json!({
            "type": "custom_tool_call",
            "id": id,
            "call_id": call_id,
            "name": name,
            "input": so_far(input),
            "status": status,
        }),
        ItemKind::Raw(item) => item.clone(),
    }
}

/// Returns a part of a message or of a summary.
fn part(kind: &str, text: &str) -> Value {
    match kind {
        "output_text" => json!({ "type": kind, "text": text, "annotations": [] }),
        _ => json!({ "type": kind, "text": text }),
    }
}

/// Returns the prefix of the ids that the public API gives to items of this kind.
fn prefix(kind: &ItemKind) -> &'static str {
    match kind {
        ItemKind::Text { .. } => "msg",
        ItemKind::Reasoning { .. } => "rs",
        ItemKind::FunctionCall { .. } => "fc",
        ItemKind::CustomToolCall { .. } => "ctc",
        ItemKind::Raw(_) => "item",
    }
}
