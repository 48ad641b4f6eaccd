//! Recorded messages from the server are still read after any single place in them has changed.

use codex_tests::{
    json::{changed, members},
    protocol::RoundTrip,
};
use codex_types::decode;
use serde_json::{Value, json};

use crate::recorded_traffic::{Sample, samples};

/// Members that identify a value or say whether something has succeeded. At the top level of a
/// message they are required. This repeats the table of the generator, as a contract.
const ESSENTIAL: &[&str] = &[
    "clientId",
    "exitCode",
    "id",
    "itemId",
    "loginId",
    "processHandle",
    "processId",
    "requestId",
    "success",
    "threadId",
    "turnId",
    "watchId",
];

/// Returns the ways to spoil a value.
fn spoiled(value: &Value) -> Vec<Option<Value>> {
    let other = match value {
        Value::String(_) => json!(-1.5),
        Value::Number(_) => json!("one"),
        Value::Bool(_) => json!("yes"),
        Value::Array(_) => json!({ "0": 1 }),
        Value::Object(_) | Value::Null => json!(["x"]),
    };
    vec![None, Some(Value::Null), Some(other), Some(json!(1e300))]
}

/// Whether a message cannot be attributed to anything without this member.
fn is_essential(sample: &Sample, pointer: &str) -> bool {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let is_top = match parent.strip_prefix("/params") {
        Some(rest) => rest.is_empty() || SUBJECTS.contains(&rest),
        None => parent.is_empty() || SUBJECTS.contains(&parent),
    };
    let below_params = pointer.strip_prefix("/params").unwrap_or(pointer);
    ["/method", "/params"].contains(&pointer)
        || SUBJECTS.contains(&below_params)
        || (is_top && ESSENTIAL.contains(&key))
        || sample.method.is_empty()
}

/// Objects that a message is about. Their essential members are required too.
const SUBJECTS: &[&str] = &["/goal", "/process", "/queuedSubmission", "/thread", "/turn"];

fn read(round_trip: RoundTrip, value: &Value) -> (bool, Option<usize>) {
    let text = value.to_string();
    let lossy = decode::with_lossy(|| round_trip(&text)).ok();
    let unreadable = lossy.map(|lossy| lossy.unreadable.len());
    (round_trip(&text).is_ok(), unreadable)
}

#[test]
fn one_spoiled_member_of_a_recorded_message_does_not_spoil_the_rest() {
    let (mut tried, mut as_is, mut around, mut lost) = (0, 0, 0, Vec::new());
    let mut samples = samples("recorded");
    samples.retain(|sample| sample.from_server);
    for sample in &samples {
        let mut pointers = members(&sample.value);
        pointers.retain(|pointer| !is_essential(sample, pointer));
        for pointer in &pointers {
            for by in spoiled(sample.value.pointer(pointer).expect("a member")) {
                let Some(value) = changed(&sample.value, pointer, by.clone()) else {
                    continue;
                };
                tried += 1;
                match read(sample.round_trip, &value) {
                    (true, _) => as_is += 1,
                    (false, Some(1..)) => around += 1,
                    (false, told) => lost.push(format!(
                        "{}: {} {pointer} = {by:?}: {told:?}",
                        sample.place, sample.method
                    )),
                }
            }
        }
    }
    println!(
        "{tried} mutations of recorded messages tried: {as_is} read as they are, {around} read without the faulty part"
    );
    assert!(
        lost.is_empty(),
        "{}\n{}",
        lost.len(),
        lost[..lost.len().min(40)].join("\n")
    );
    assert!(tried > 30_000, "only {tried} mutations");
}
