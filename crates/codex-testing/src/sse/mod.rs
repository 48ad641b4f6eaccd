//! The events of the Responses API that stream a response, in order.
//!
//! Codex reads only some of these events and some of their members. The stream has all events that
//! the public API sends for a plain response, so that the model can be used to test other clients
//! too.

mod breakpoints;
mod item;
mod step;

use std::iter;

use serde_json::{Value, json};

pub(crate) use self::step::Step;
use self::{breakpoints::WithBreakpoints, item::ItemStream};
use crate::response::{Ending, StreamScript};

/// Renders an event in the format of server-sent events, with its sequence number.
pub(crate) fn render(mut event: Value, sequence_number: u64) -> String {
    event["sequence_number"] = sequence_number.into();
    let name = event["type"].as_str().unwrap_or("message").to_owned();
    // JSON text has no raw line breaks, so one `data` line is enough.
    format!("event: {name}\ndata: {event}\n\n")
}

/// Returns the steps of the response to the request with this number.
///
/// The iterator is lazy: a response with a million deltas never needs a million events in memory.
pub(crate) fn steps(script: StreamScript, request: u64) -> impl Iterator<Item = Step> + Send {
    let StreamScript {
        items,
        usage,
        ending,
        delta_delay,
        breakpoints,
    } = script;

    let streams: Vec<ItemStream> = items
        .into_iter()
        .enumerate()
        .map(|(index, item)| ItemStream::new(item, request, index))
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

    let events = streams.into_iter().flat_map(ItemStream::into_events);
    opening
        .into_iter()
        .chain(WithBreakpoints::new(events, breakpoints, delta_delay))
        .chain(iter::once(last))
}

/// Returns the event that ends the response with this status.
fn finish(mut response: Value, status: &str) -> Step {
    response["status"] = status.into();
    Step::Send(json!({ "type": format!("response.{status}"), "response": response }))
}

#[cfg(test)]
mod tests;
