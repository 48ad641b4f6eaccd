//! The strict reading refuses what the schema refuses, and nothing that the schema accepts.

use codex_tests::{
    protocol::{RoundTrip, definitions, envelope, unions},
    schema::{Choices, MESSAGES, Schema, Shape, is_pinned},
};
use codex_types::decode::with_strict;
use serde_json::{Value, json};

/// A change that makes a value valid again.
type Mend = fn(&str, &mut Value);

/// The values that the schema refuses and the strict reading accepts: the reason, and the change that
/// makes such a value valid.
const ACCEPTED: &[(&str, Mend)] = &[
    ("absent or null params count as empty", |name, value| {
        if MESSAGES.contains(&name) && value["params"].is_null() {
            value["params"] = json!({});
        }
    }),
    (
        "a minimum other than that of the integer type is not checked",
        |_, value| replace(value, "globScanMaxDepth", &json!(0), &json!(1)),
    ),
    (
        "members of which the schema requires one may all be absent",
        |_, value| {
            for (tag, member) in [
                ("input_image", "image_url"),
                ("input_audio", "audio_url"),
                ("image", "url"),
                ("audio", "url"),
                ("imageGeneration", "result"),
            ] {
                let item = match &mut *value {
                    Value::Array(items) => items.first_mut(),
                    item => Some(item),
                };
                if let Some(Value::Object(item)) = item
                    && item.get("type") == Some(&json!(tag))
                {
                    item.insert(member.to_owned(), json!("x"));
                }
            }
        },
    ),
    (
        "the corrected schema lists all errors, but the printed one accepts others",
        |_, value| {
            if let Some(Value::Object(error)) = value.get_mut("error") {
                error.remove("codexErrorInfo");
            }
        },
    ),
    ("the length of a string is not checked", |_, value| {
        replace(value, "", &json!(""), &json!("x"));
    }),
];

/// Replaces a value wherever it is the member of this name, or everywhere if there is no name.
fn replace(value: &mut Value, name: &str, old: &Value, new: &Value) {
    let is_meant = |key: &str| name.is_empty() || key == name;
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(key, member)| {
            if is_meant(key) && member == old {
                *member = new.clone();
            }
            replace(member, name, old, new);
        }),
        Value::Array(items) => {
            for item in items {
                replace(item, name, old, new);
            }
        }
        other if name.is_empty() && other == old => *other = new.clone(),
        _ => {}
    }
}

/// Maximum depth of the changed parts. Most of the deeper ones belong to other definitions.
const DEPTH: usize = 2;

/// Returns the value with each of its parts replaced, removed or extended in turn.
fn mutations(value: &Value, depth: usize) -> Vec<Value> {
    let mut paths = Vec::new();
    collect_paths(value, depth, &mut Vec::new(), &mut paths);
    let mut mutated = Vec::new();
    for path in &paths {
        let mut put = |new: Value| {
            let mut changed = value.clone();
            if let Some(part) = part(&mut changed, path) {
                *part = new;
                mutated.push(changed);
            }
        };
        for new in [
            json!(null),
            json!(true),
            json!(3.25),
            json!(-1),
            json!(0),
            json!(5_000_000_000_u64),
            json!(u64::MAX),
            json!(""),
            json!("brandNew"),
            json!([]),
            json!([3.25]),
            json!({}),
            json!({ "brandNew": true }),
            json!({ "type": "brandNew" }),
        ] {
            put(new);
        }
        let mut changed = value.clone();
        if let Some(Value::Object(members)) = part(&mut changed, path) {
            members.insert("brandNew".to_owned(), json!(true));
            mutated.push(changed);
        }
        if let Some((last, parent)) = path.split_last() {
            let mut changed = value.clone();
            if let Some(Value::Object(members)) = part(&mut changed, parent) {
                members.remove(last);
                mutated.push(changed);
            }
        }
    }
    mutated
}

/// Collects the paths of the parts of a value. An element of a list has its index as its key.
fn collect_paths(
    value: &Value,
    depth: usize,
    path: &mut Vec<String>,
    paths: &mut Vec<Vec<String>>,
) {
    paths.push(path.clone());
    if path.len() == depth {
        return;
    }
    let parts: Vec<_> = match value {
        Value::Object(members) => members.iter().map(|(key, it)| (key.clone(), it)).collect(),
        Value::Array(items) => items
            .iter()
            .take(1)
            .map(|it| ("0".to_owned(), it))
            .collect(),
        _ => Vec::new(),
    };
    for (key, part) in parts {
        path.push(key);
        collect_paths(part, depth, path, paths);
        path.pop();
    }
}

fn part<'a>(value: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    path.iter().try_fold(value, |value, key| match value {
        Value::Array(items) => items.get_mut(key.parse::<usize>().ok()?),
        other => other.get_mut(key),
    })
}

/// Returns the definitions with their round trips. Leaves out the messages of JSON-RPC, which
/// `rpc::Incoming` classifies without reading their contents.
fn types(schema: &Schema) -> Vec<(&str, RoundTrip)> {
    let (mut types, mut by_hand) = (definitions(), envelope());
    by_hand.retain(|name, _| ["JSONRPCErrorError", "RequestId"].contains(name));
    types.append(&mut by_hand);
    types.append(&mut unions());
    let names = schema.names();
    names
        .filter_map(|name| Some((name, *types.get(name)?)))
        .collect()
}

/// The number of alternatives in the first choice that a value makes.
fn variants(schema: &Value) -> u32 {
    let count = match Shape::of(schema) {
        Shape::Union(members) => members.len(),
        Shape::Words(words) => words.len(),
        _ => 1,
    };
    u32::try_from(count).unwrap()
}

/// Returns a small and a complete value of each variant of a definition.
fn values(schema: &Schema, name: &str) -> Vec<Value> {
    let definition = schema.definition(name);
    let count = variants(definition);
    let mut values = Vec::new();
    for variant in 0..count {
        for always in [0, 1] {
            let first = [variant];
            let given: &[u32] = if count > 1 { &first } else { &[] };
            values.push(schema.make(definition, &mut Choices::new(given).then(always)));
        }
    }
    values
}

#[test]
fn strict_reading_accepts_every_value_of_the_schema() {
    let (schema, printed) = (Schema::pinned(), Schema::printed());
    let mut faults = Vec::new();
    for (name, round_trip) in types(&schema) {
        for value in values(&schema, name) {
            if let Some(fault) = schema.fault(name, &value) {
                // The values of the tests ignore the minimum length.
                let is_short = printed.fault(name, &value).is_some() && fault.contains("too short");
                assert!(is_short, "the test made {value}: {fault}");
            }
            if let Err(error) = with_strict(|| round_trip(&value.to_string())) {
                faults.push(format!("{name}: {error}: {value}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn strict_reading_refuses_every_value_that_the_schema_refuses() {
    let (schema, printed) = (Schema::pinned(), Schema::printed());
    let (mut faults, mut refused, mut tried) = (Vec::new(), 0, 0);
    let mut used = vec![false; ACCEPTED.len()];
    for (name, round_trip) in types(&schema) {
        for value in values(&schema, name) {
            // The params of messages are definitions of their own.
            let depth = if MESSAGES.contains(&name) { 1 } else { DEPTH };
            for changed in mutations(&value, depth) {
                // A correction of the schema may refuse what the printed schema accepts.
                if schema.accepts(name, &changed) || printed.accepts(name, &changed) {
                    continue;
                }
                tried += 1;
                if with_strict(|| round_trip(&changed.to_string())).is_err() {
                    refused += 1;
                    continue;
                }
                let known = ACCEPTED.iter().position(|(_, mend)| {
                    let mut mended = changed.clone();
                    mend(name, &mut mended);
                    schema.accepts(name, &mended) || printed.accepts(name, &mended)
                });
                match known {
                    Some(index) => used[index] = true,
                    None => faults.push(format!("{name}: {changed}")),
                }
            }
        }
    }
    println!("strict reading: {refused} of {tried} values refused");
    let shown = faults.iter().take(40).cloned().collect::<Vec<_>>();
    assert!(faults.is_empty(), "{}\n{}", faults.len(), shown.join("\n"));
    if is_pinned() {
        assert!(tried > 50_000, "only {tried}");
        assert!(
            used.iter().all(|used| *used),
            "an entry of ACCEPTED is not needed: {used:?}"
        );
    }
}
