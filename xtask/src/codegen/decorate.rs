//! What is known about types only once all of them are there: who sends them, and what stands
//! beside the params of a notification.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::model::{Field, Kind, Model, Rule, Slot};

/// Completes the model.
pub(crate) fn decorate(model: &mut Model) {
    mark_sent(model);
    leave_defaults_to_the_server(model);
    add_envelope_time(model);
}

/// Marks every type that a client may have to make: in params, and in answers to the server.
fn mark_sent(model: &mut Model) {
    let calls = model
        .union("ClientRequest")
        .iter()
        .filter_map(|method| method.params.clone());
    let answers = model
        .union("ServerRequest")
        .iter()
        .filter_map(|method| method.response.clone());
    let mut open: Vec<String> = calls.chain(answers).collect();
    let mut sent = BTreeSet::new();
    while let Some(name) = open.pop() {
        if sent.insert(name.clone()) {
            open.extend(model.references(&name));
        }
    }
    for (name, ty) in &mut model.types {
        ty.sent = sent.contains(name);
    }
}

/// A default of a field that clients send is the server's business: absent stays absent.
fn leave_defaults_to_the_server(model: &mut Model) {
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

/// The server's notifications say beside their params when they were sent; it is handed over with
/// the params.
fn add_envelope_time(model: &mut Model) {
    let methods = model.union("ServerNotification");
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
                     epoch. It stands beside the params on the wire, not in them."
                        .to_owned(),
                ),
                experimental: false,
            },
            rule: Rule::Envelope,
            default: None::<Value>,
            secret: false,
        });
    }
}
