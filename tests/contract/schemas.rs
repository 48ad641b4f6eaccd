//! The JSON Schemas of the types of the protocol match what the types write.

use std::collections::BTreeMap;

use codex_client::schemars::Schema as Generated;
use codex_tests::{
    json_schema::Schemas,
    protocol::{RoundTrip, definitions, unions},
    schema::{Choices, Schema, Shape, is_pinned},
};
use codex_types::{
    ClientRequest, CodexErrorInfo, ServerNotification, ServerRequest, ThreadItem, TurnStatus,
};
use serde_json::{Value, json};

/// Returns the schema of each definition of the protocol, by its name.
fn schemas(schemas: &mut Schemas) -> BTreeMap<&'static str, Generated> {
    macro_rules! table {
        ($($name:literal, $type:path;)*) => {
            BTreeMap::from([$(($name, schemas.of::<$type>())),*])
        };
    }
    let mut all = codex_types::for_each_definition!(table);
    all.insert("ServerNotification", schemas.of::<ServerNotification>());
    all.insert("ServerRequest", schemas.of::<ServerRequest>());
    all.insert("ClientRequest", schemas.of::<ClientRequest>());
    all
}

/// Returns values of a definition: each variant, without and with its optional members.
fn values(schema: &Schema, name: &str) -> Vec<Value> {
    let definition = schema.definition(name);
    let variants = match Shape::of(definition) {
        Shape::Union(members) => members.len(),
        Shape::Words(words) => words.len(),
        _ => 1,
    };
    let variants = u32::try_from(variants).unwrap();
    let make = |variant: u32, always: u32| {
        let first = [variant];
        let given = if variants > 1 { &first[..] } else { &[] };
        schema.make(definition, &mut Choices::new(given).then(always))
    };
    let variants = (0..variants).flat_map(|variant| (0..6).map(move |always| (variant, always)));
    variants
        .map(|(variant, always)| make(variant, always))
        .collect()
}

#[test]
fn what_a_type_writes_matches_its_schema() {
    let pinned = Schema::pinned();
    let (types, unions) = (definitions(), unions());
    let round_trip =
        |name: &str| -> RoundTrip { *unions.get(name).unwrap_or_else(|| &types[name]) };
    let (mut written, mut read) = (Schemas::of_written(), Schemas::of_read());
    let (of_written, of_read) = (schemas(&mut written), schemas(&mut read));
    let (mut faults, mut count) = (Vec::new(), 0);
    // The envelope is written by hand.
    for name in pinned.names().filter(|name| of_read.contains_key(name)) {
        for value in values(&pinned, name) {
            let (value, _) = round_trip(name)(&value.to_string()).unwrap();
            let checks = [(&written, &of_written[name]), (&read, &of_read[name])];
            let found = checks.map(|(schemas, schema)| schemas.fault(schema, &value));
            let found = found.into_iter().flatten();
            faults.extend(found.map(|fault| format!("{name}: {fault}")));
            count += 1;
        }
    }
    assert!(faults.is_empty(), "{}\n{}", faults.len(), faults.join("\n"));
    assert!(count > 10_000 || !is_pinned(), "only {count} values");
}

#[test]
fn a_schema_accepts_unknown_variants_but_no_malformed_known_ones() {
    let mut schemas = Schemas::of_written();
    let item = schemas.of::<ThreadItem>();
    let status = schemas.of::<TurnStatus>();
    let info = schemas.of::<CodexErrorInfo>();
    let notification = schemas.of::<ServerNotification>();
    let delta = |delta: Value| {
        let params = json!({"threadId": "t", "turnId": "u", "itemId": "i", "delta": delta});
        json!({"method": "item/agentMessage/delta", "params": params, "emittedAtMs": 1})
    };
    let accepted = [
        (
            &item,
            json!({"type": "agentMessage", "id": "i", "text": "a"}),
        ),
        (&item, json!({"type": "aNewItem", "id": 7})),
        (&status, json!("completed")),
        (&status, json!("aNewStatus")),
        (&info, json!("serverOverloaded")),
        (&info, json!({"aNewReason": {"code": 7}})),
        (&notification, delta("a".into())),
        (
            &notification,
            json!({"method": "a/new/method", "params": [7]}),
        ),
    ];
    for (schema, value) in accepted {
        assert_eq!(schemas.fault(schema, &value), None);
    }
    let refused = [
        (&item, json!({"type": "agentMessage", "id": 7, "text": "a"})),
        (&item, json!({"type": "agentMessage", "text": "a"})),
        (&status, json!(7)),
        (&info, json!({"httpConnectionFailed": 7})),
        (&notification, delta(7.into())),
        (&notification, json!({"params": {}})),
    ];
    for (schema, value) in refused {
        assert!(schemas.fault(schema, &value).is_some(), "{value}");
    }
}
