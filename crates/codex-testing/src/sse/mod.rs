//! A reply as the events of the Responses API, in the order in which they are streamed.
//!
//! Codex reads only some of these events and some of their members. All that the public API sends
//! for a plain response are here, so that other clients can be tested with the same model.

mod item;
mod stops;

use std::{iter, time::Duration};

use serde_json::{Value, json};

use self::{item::Stream, stops::WithStops};
use crate::{
    gate::Gate,
    reply::{Ending, Script},
};

/// What happens next in a streamed reply.
#[derive(Debug)]
pub(crate) enum Step {
    /// An event goes out.
    Send(Value),
    /// Nothing happens for a while.
    Pause(Duration),
    /// Nothing happens until a gate is opened.
    Hold(Gate),
    /// The connection breaks.
    Cut,
}

/// An event as server-sent text, with its place in the stream.
pub(crate) fn render(mut event: Value, sequence_number: u64) -> String {
    event["sequence_number"] = sequence_number.into();
    let name = event["type"].as_str().unwrap_or("message").to_owned();
    // JSON text has no line breaks of its own, so one `data` line is enough.
    format!("event: {name}\ndata: {event}\n\n")
}

/// All steps of the reply to the request of this number.
///
/// They are made one at a time: a reply of a million deltas is never a million events in memory.
pub(crate) fn steps(script: Script, request: u64) -> impl Iterator<Item = Step> + Send {
    let Script {
        items,
        usage,
        ending,
        delta_delay,
        stops,
    } = script;

    let streams: Vec<Stream> = items
        .into_iter()
        .enumerate()
        .map(|(index, item)| Stream::new(item, request, index))
        .collect();
    let mut response = json!({
        "id": format!("resp_{request}"),
        "object": "response",
        "status": "in_progress",
        "output": [],
    });
    let opening = ["response.created", "response.in_progress"]
        .map(|name| Step::Send(json!({ "type": name, "response": response })));

    response["output"] = streams.iter().map(|stream| stream.done().clone()).collect();
    response["usage"] = usage.to_json();
    let last = match ending {
        Ending::Completed => finish(response, "completed"),
        Ending::Failed { code, message } => {
            response["error"] = json!({ "code": code, "message": message });
            finish(response, "failed")
        }
        Ending::Incomplete { reason } => {
            response["incomplete_details"] = json!({ "reason": reason });
            finish(response, "incomplete")
        }
        Ending::Cut => Step::Cut,
    };

    let events = streams.into_iter().flat_map(Stream::into_events);
    opening
        .into_iter()
        .chain(WithStops::new(events, stops, delta_delay))
        .chain(iter::once(last))
}

/// The event that ends the response with this status.
fn finish(mut response: Value, status: &str) -> Step {
    response["status"] = status.into();
    Step::Send(json!({ "type": format!("response.{status}"), "response": response }))
}

#[cfg(test)]
mod tests;
