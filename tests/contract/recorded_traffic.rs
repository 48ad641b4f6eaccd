//! Recorded traffic of real app-servers decodes to known types and encodes to the same JSON.

use codex_tests::{
    json::without_nulls,
    protocol::{RoundTrip, responses, server_responses, unions, unlisted},
    recorded::recorded,
};
use codex_types::decode;
use serde_json::Value;

/// Messages that the recording client deliberately malformed, to record the response.
const PROBES: &[&str] = &[
    "01_basic_turns.jsonl:334",
    "08_stable_api.jsonl:57",
    "08_stable_api.jsonl:61",
    "08_stable_api.jsonl:63",
    "08_stable_api.jsonl:66",
    "08_stable_api.jsonl:68",
    "08_stable_api.jsonl:71",
    "08_stable_api.jsonl:73",
    "08_stable_api.jsonl:84",
];

/// A recorded message, or its result or params, with the type that it must decode to.
pub(crate) struct Sample {
    /// The file and line.
    pub(crate) place: String,
    pub(crate) from_server: bool,
    pub(crate) method: String,
    pub(crate) value: Value,
    pub(crate) round_trip: RoundTrip,
}

impl Sample {
    /// Returns what is wrong with the round trip of the message, if anything is.
    fn fault(&self) -> Option<String> {
        let Self {
            place,
            method,
            value,
            ..
        } = self;
        match decode::with_strict(|| (self.round_trip)(&value.to_string())) {
            Err(error) => Some(format!("{place}: {method}: {error}")),
            Ok((again, _)) if canonical(&again) != canonical(value) => Some(format!(
                "{place}: {method}: was {value}\n  and became {again}"
            )),
            Ok(_) => None,
        }
    }
}

/// Normalizes a message: `null` and empty params count as absent, and `jsonrpc` is not written.
fn canonical(message: &Value) -> Value {
    let mut message = without_nulls(message);
    if let Some(members) = message.as_object_mut() {
        members.remove("jsonrpc");
        if members.get("params") == Some(&serde_json::json!({})) {
            members.remove("params");
        }
    }
    message
}

/// Returns every message of a directory with its type. For a request or notification, that is its
/// union; for a result, it is the response type of the request.
pub(crate) fn samples(directory: &str) -> Vec<Sample> {
    let (responses, server_responses, unions) = (responses(), server_responses(), unions());
    let unlisted = unlisted();
    let mut samples = Vec::new();
    for entry in recorded(directory).into_iter().flatten() {
        let message = &entry.message;
        let probe = PROBES.contains(&entry.place.as_str());
        let method = entry.method.as_deref();
        let mut add = |value: &Value, round_trip| {
            samples.push(Sample {
                place: entry.place.clone(),
                from_server: entry.from_server,
                method: method.unwrap_or_default().to_owned(),
                value: value.clone(),
                round_trip,
            });
        };
        match (message.get("method"), message.get("id")) {
            (Some(_), _) if probe => {}
            (Some(_), Some(_)) => {
                let unlisted = unlisted.iter().find(|row| Some(row.0) == method);
                match (unlisted, entry.from_server) {
                    (Some((_, params, _)), _) => add(&message["params"], *params),
                    (None, true) => add(message, unions["ServerRequest"]),
                    (None, false) => add(message, unions["ClientRequest"]),
                }
            }
            (Some(_), None) => {
                let union = match entry.from_server {
                    true => "ServerNotification",
                    false => "ClientNotification",
                };
                add(message, unions[union]);
            }
            (None, Some(_)) => {
                let table = if entry.from_server {
                    &responses
                } else {
                    &server_responses
                };
                let Some(method) = method else {
                    // Recorded to show that the server ignores a response without a request.
                    assert!(!entry.from_server, "{}: no request", entry.place);
                    continue;
                };
                match message.get("result") {
                    Some(result) => add(result, table[method]),
                    None => assert!(message["error"]["code"].is_i64(), "{}", entry.place),
                }
            }
            (None, None) => panic!("{}: not a message", entry.place),
        }
    }
    samples
}

/// Asserts that all messages of a directory round trip, and that there are more than `least`.
fn assert_all_round_trip(directory: &str, least: usize) {
    let samples = samples(directory);
    let faults: Vec<_> = samples.iter().filter_map(Sample::fault).collect();
    assert!(faults.is_empty(), "{}\n{}", faults.len(), faults.join("\n"));
    assert!(samples.len() > least, "only {} messages", samples.len());
}

#[test]
fn every_recorded_message_of_the_pinned_release_round_trips() {
    assert_all_round_trip("recorded", 1_700);
}

#[test]
fn every_recorded_message_of_an_older_release_round_trips() {
    assert_all_round_trip("recorded-0.163.0", 600);
}
