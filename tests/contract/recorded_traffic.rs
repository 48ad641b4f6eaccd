//! Recorded traffic of real app-servers decodes to known types and encodes to the same JSON.

use std::collections::HashMap;

use codex_tests::{
    json::without_nulls,
    protocol::{RoundTrip, responses, server_responses, unions, unlisted},
    recorded::{Recorded, recorded},
};
use serde_json::Value;

/// Messages that the recording client sent malformed on purpose, to record the response.
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

/// The outcome of a directory.
#[derive(Default)]
struct Tally {
    messages: usize,
    faults: Vec<String>,
}

impl Tally {
    fn check(&mut self, recorded: &Recorded, what: &str, value: &Value, round_trip: RoundTrip) {
        self.messages += 1;
        let place = &recorded.place;
        match round_trip(&value.to_string()) {
            Err(error) => self.faults.push(format!("{place}: {what}: {error}")),
            Ok((_, debug)) if debug.contains("Unrecognized") => {
                self.faults
                    .push(format!("{place}: {what}: a value is unrecognized: {debug}"));
            }
            Ok((again, _)) if canonical(&again) != canonical(value) => {
                self.faults.push(format!(
                    "{place}: {what}: was {value}\n  and became {again}"
                ));
            }
            Ok(_) => {}
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

/// Decodes every message of a directory: requests and notifications as members of their union,
/// results as the response type of their request.
fn tally(directory: &str) -> Tally {
    let (responses, server_responses, unions) = (responses(), server_responses(), unions());
    let unlisted = unlisted();
    let mut tally = Tally::default();
    for file in recorded(directory) {
        let mut asked: HashMap<(bool, String), String> = HashMap::new();
        for entry in &file {
            let message = &entry.message;
            let probe = PROBES.contains(&entry.place.as_str());
            let method = message["method"].as_str().unwrap_or_default();
            match (message.get("method"), message.get("id")) {
                (Some(_), Some(id)) => {
                    asked.insert((entry.from_server, id.to_string()), method.to_owned());
                    if probe {
                        continue;
                    }
                    if let Some((_, params, _)) = unlisted.iter().find(|row| row.0 == method) {
                        tally.check(entry, method, &message["params"], *params);
                        continue;
                    }
                    let union = if entry.from_server {
                        "ServerRequest"
                    } else {
                        "ClientRequest"
                    };
                    tally.check(entry, method, message, unions[union]);
                }
                (Some(_), None) if probe => {}
                (Some(_), None) => {
                    let union = match entry.from_server {
                        true => "ServerNotification",
                        false => "ClientNotification",
                    };
                    tally.check(entry, method, message, unions[union]);
                }
                (None, Some(id)) => {
                    let table = if entry.from_server {
                        &responses
                    } else {
                        &server_responses
                    };
                    let Some(method) = asked.get(&(!entry.from_server, id.to_string())) else {
                        // Recorded to show that the server ignores a response without a request.
                        assert!(!entry.from_server, "{}: no request", entry.place);
                        continue;
                    };
                    match message.get("result") {
                        Some(result) => tally.check(entry, method, result, table[method.as_str()]),
                        None => assert!(message["error"]["code"].is_i64(), "{}", entry.place),
                    }
                }
                (None, None) => tally.faults.push(format!("{}: not a message", entry.place)),
            }
        }
    }
    tally
}

#[test]
fn every_recorded_message_of_the_pinned_release_round_trips() {
    let tally = tally("recorded");
    assert!(
        tally.faults.is_empty(),
        "{}\n{}",
        tally.faults.len(),
        tally.faults.join("\n")
    );
    assert!(tally.messages > 1_700, "only {} messages", tally.messages);
}

#[test]
fn every_recorded_message_of_an_older_release_round_trips() {
    let tally = tally("recorded-0.163.0");
    assert!(
        tally.faults.is_empty(),
        "{}\n{}",
        tally.faults.len(),
        tally.faults.join("\n")
    );
    assert!(tally.messages > 600, "only {} messages", tally.messages);
}
