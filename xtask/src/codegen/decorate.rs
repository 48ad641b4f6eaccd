//! Completes the model with facts that depend on several types: which types a client sends, and the
//! timestamp of notifications.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    model::{Field, Kind, Model, Rule, Shown, Slot},
    tables::ESSENTIAL,
};

/// Completes the model.
pub(crate) fn decorate(model: &mut Model) {
    mark_sent(model);
    keep_server_defaults_absent(model);
    mark_received(model);
    mark_natural(model);
    add_emitted_at(model);
}

/// Marks every type that a client may have to construct: in request params, and in responses to
/// server requests.
fn mark_sent(model: &mut Model) {
    let params = model
        .methods("ClientRequest")
        .iter()
        .filter_map(|method| method.params.clone());
    let responses = model
        .methods("ServerRequest")
        .iter()
        .filter_map(|method| method.response.clone());
    let sent = reachable(model, params.chain(responses));
    for (name, ty) in &mut model.types {
        ty.sent = sent.contains(name);
    }
}

/// Returns these types and all types that they contain.
fn reachable(model: &Model, roots: impl Iterator<Item = String>) -> BTreeSet<String> {
    let mut pending: Vec<String> = roots.collect();
    let mut found = BTreeSet::new();
    while let Some(name) = pending.pop() {
        if found.insert(name.clone()) {
            pending.extend(model.references(&name));
        }
    }
    found
}

/// Makes fields with a default optional in types that clients send: the server applies its own
/// default if a field is absent.
fn keep_server_defaults_absent(model: &mut Model) {
    for ty in model.types.values_mut().filter(|ty| ty.sent) {
        let Kind::Object(object) = &mut ty.kind else {
            continue;
        };
        for field in object
            .fields
            .iter_mut()
            .filter(|field| field.rule == Rule::Default)
        {
            field.rule = Rule::Optional;
        }
    }
}

/// Marks every type that a server writes.
fn mark_received(model: &mut Model) {
    let params = ["ServerNotification", "ServerRequest"]
        .into_iter()
        .flat_map(|union| model.methods(union))
        .filter_map(|method| method.params.clone());
    let responses = model
        .methods("ClientRequest")
        .iter()
        .filter_map(|method| method.response.clone());
    let received = reachable(model, params.chain(responses));
    for (name, ty) in &mut model.types {
        ty.received = received.contains(name);
    }
}

/// Marks the required fields that may be absent in types that a server writes: all except the
/// essential ones.
fn mark_natural(model: &mut Model) {
    for ty in model.types.values_mut().filter(|ty| ty.received) {
        let Kind::Object(object) = &mut ty.kind else {
            continue;
        };
        if object.strict {
            continue;
        }
        for field in &mut object.fields {
            field.natural =
                field.rule == Rule::Required && !ESSENTIAL.contains(&field.slot.name.as_str());
        }
    }
}

/// Adds `emitted_at_ms` to the params of server notifications. On the wire the timestamp is a
/// sibling of the params.
fn add_emitted_at(model: &mut Model) {
    let methods = model.methods("ServerNotification");
    let params: BTreeSet<_> = methods
        .iter()
        .filter_map(|method| method.params.clone())
        .collect();
    for name in params {
        let Some(ty) = model.types.get_mut(&name) else {
            continue;
        };
        let Kind::Object(object) = &mut ty.kind else {
            continue;
        };
        object.fields.push(Field {
            slot: Slot {
                name: "emittedAtMs".to_owned(),
                ident: "emitted_at_ms".to_owned(),
                schema: json!({ "type": "integer", "format": "int64" }),
                rust: "i64".to_owned(),
                docs: Some(
                    "When the server sent the notification, in milliseconds since the Unix \
                     epoch. On the wire this is a member of the message, not of its params."
                        .to_owned(),
                ),
                experimental: false,
            },
            rule: Rule::Envelope,
            natural: false,
            default: None::<Value>,
            nullable: false,
            shown: Shown::Plain,
        });
    }
}
