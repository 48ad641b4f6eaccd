//! Unknown values are kept and written unchanged. In strict decoding, known but malformed values
//! are errors that name the field.

use std::{collections::BTreeMap, mem::discriminant, sync::LazyLock};

use codex_tests::{
    json::without_nulls,
    protocol::{RoundTrip, definitions, envelope, unions},
    schema::{Body, Choices, Field, MESSAGES, Order, Schema, Shape, tag_of, text},
};
use codex_types::decode::with_strict;
use serde_json::{Value, json};

const ORDERS: [Order; 3] = [Order::TagFirst, Order::TagLast, Order::BackwardsAndEscaped];

/// Objects that reject unknown fields, because the fields distinguish the members of a union.
const STRICT: &[&str] = &[
    "McpElicitationBooleanSchema",
    "McpElicitationConstOption",
    "McpElicitationLegacyTitledEnumSchema",
    "McpElicitationNumberSchema",
    "McpElicitationSchema",
    "McpElicitationStringSchema",
    "McpElicitationTitledEnumItems",
    "McpElicitationTitledMultiSelectEnumSchema",
    "McpElicitationTitledSingleSelectEnumSchema",
    "McpElicitationUntitledEnumItems",
    "McpElicitationUntitledMultiSelectEnumSchema",
    "McpElicitationUntitledSingleSelectEnumSchema",
];

/// Objects that keep unknown fields.
const OPEN: &[&str] = &[
    "AnalyticsConfig",
    "AppLinksConfig",
    "AppToolsConfig",
    "AppsConfig",
    "Config",
    "InternalChatMessageMetadataPassthrough",
];

/// Enums that reject unknown values, because the values distinguish the members of a union.
const CLOSED: &[&str] = &[
    "McpElicitationArrayType",
    "McpElicitationBooleanType",
    "McpElicitationNumberType",
    "McpElicitationObjectType",
    "McpElicitationStringType",
];

fn type_of(name: &str) -> RoundTrip {
    static TYPES: LazyLock<BTreeMap<&str, RoundTrip>> = LazyLock::new(|| {
        let mut types = definitions();
        types.extend(envelope());
        types.extend(unions());
        types
    });
    TYPES[name]
}

/// Returns every object that generated code decodes as a struct. The envelope has unit tests.
fn bodies(schema: &Schema) -> Vec<Body<'_>> {
    let mut bodies = schema.bodies();
    let by_hand = envelope();
    bodies.retain(|body| {
        !MESSAGES.contains(&body.definition) && !by_hand.contains_key(body.definition)
    });
    bodies
}

/// Asserts that there are no faults. Tests collect the faults, so one run prints all of them.
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "{}\n{}", faults.len(), faults.join("\n"));
}

/// Checks that a value decodes as `Unrecognized` and is written unchanged, in any order of members.
fn kept(name: &str, value: &Value, faults: &mut Vec<String>) {
    for order in ORDERS {
        match type_of(name)(&text(value, order)) {
            Ok((after, debug)) if after == *value && debug.contains("Unrecognized") => {}
            outcome => faults.push(format!("{name} ({order:?}): {value}: {outcome:?}")),
        }
    }
}

/// Returns a member that no release has.
fn foreign() -> Value {
    json!({ "type": "x", "id": [1.5, null, { "größe": "\u{1f980}" }], "nothing": null })
}

#[test]
fn an_unknown_value_of_each_open_enum_is_kept() {
    let schema = Schema::pinned();
    let (mut faults, mut words, mut mixed, mut closed) = (Vec::new(), 0, 0, Vec::new());
    for name in schema.names() {
        let definition = schema.definition(name);
        let members = match Shape::of(definition) {
            Shape::Words(_) => vec![definition],
            Shape::Union(members) => members,
            _ => continue,
        };
        let is_words = |member: &&&Value| matches!(Shape::of(member), Shape::Words(_));
        match members.iter().filter(is_words).count() {
            0 => continue,
            count if count == members.len() => words += 1,
            _ => {
                mixed += 1;
                let object = json!({ "brand new": foreign(), "more": 1 });
                kept(name, &object, &mut faults);
            }
        }
        let value = json!("brand \"new\"");
        match type_of(name)(&value.to_string()) {
            Ok(_) => kept(name, &value, &mut faults),
            Err(error) if error.to_string().contains("unknown value `…`") => {
                closed.push(name.to_owned());
            }
            Err(error) => faults.push(format!("{name}: {error}")),
        }
    }
    assert_none(&faults);
    // Including `ReasoningEffort`, which has no values in the schema.
    assert_eq!((words, mixed), (155 + 1, 8));
    assert_eq!(closed, CLOSED);
}

#[test]
fn an_unknown_tag_of_each_tagged_union_is_kept() {
    let schema = Schema::pinned();
    let (mut faults, mut unions) = (Vec::new(), 0);
    for name in schema.names().filter(|name| !MESSAGES.contains(name)) {
        if let Shape::Union(members) = Shape::of(schema.definition(name))
            && let Some(tag) = tag_of(&members)
        {
            unions += 1;
            kept(name, &json!({ tag: "brandNew" }), &mut faults);
            let value = json!({ tag: "brandNew", "a": 1, "zz": foreign(), "id": null });
            kept(name, &value, &mut faults);
        }
    }
    assert_none(&faults);
    assert_eq!(unions, 49);
}

#[test]
fn an_unknown_method_of_each_union_of_messages_is_kept() {
    let mut faults = Vec::new();
    for name in MESSAGES {
        for mut message in [
            json!({ "method": "brand/new" }),
            json!({ "method": "brand/new", "params": foreign() }),
            json!({ "method": "brand/new", "params": [1, null] }),
        ] {
            if name.ends_with("Request") {
                message["id"] = json!("an id");
            }
            if *name == "ServerNotification" {
                message["emittedAtMs"] = json!(1_795_255_615_768_i64);
            }
            kept(name, &message, &mut faults);
        }
    }
    assert_none(&faults);
}

/// Returns an object with all optional fields.
fn complete(schema: &Schema, body: &Body<'_>) -> Value {
    schema.make_object(&body.object, &mut Choices::new(&[]).then(1))
}

fn decode(body: &Body<'_>, value: &Value, order: Order) -> Result<Value, String> {
    let text = text(&body.wrap(value.clone()), order);
    match type_of(body.definition)(&text) {
        Ok((_, debug)) if debug.contains("Unrecognized") => Err(format!("unrecognized: {debug}")),
        Ok((after, _)) => Ok(without_nulls(&after)),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn each_object_except_the_strict_ones_tolerates_an_unknown_field() {
    let schema = Schema::pinned();
    let (mut faults, mut strict, mut open) = (Vec::new(), Vec::new(), Vec::new());
    let mut checked = 0;
    for body in bodies(&schema) {
        let before = complete(&schema, &body);
        let mut more = before.clone();
        let extra = match body.object.rest {
            Some(rest) => schema.make(rest, &mut Choices::new(&[]).then(1)),
            None => foreign(),
        };
        more["brandNew"] = extra.clone();
        let mut expected = decode(&body, &before, Order::TagFirst);
        if let (Some(_), Ok(expected)) = (body.object.rest, &mut expected) {
            open.push(body.definition);
            expected["brandNew"] = without_nulls(&extra);
        }
        for order in ORDERS {
            checked += 1;
            match (decode(&body, &more, order), &expected) {
                (Ok(after), Ok(expected)) if after == *expected => {}
                (Err(error), _) if error.contains("unknown field `brandNew`") => {
                    strict.push(body.definition);
                }
                (outcome, _) => faults.push(format!("{}: {outcome:?}", body.path("brandNew"))),
            }
        }
    }
    assert_none(&faults);
    strict.dedup();
    assert_eq!(strict, STRICT);
    assert_eq!(open, OPEN);
    assert!(checked > 2_500, "only {checked} checked");
}

/// Returns JSON values that are not valid for the field.
fn wrong(schema: &Schema, field: &Field<'_>, alternative: bool) -> Vec<Value> {
    let candidates = [
        json!(true),
        json!(3.25),
        json!(-1e40),
        json!("wrong"),
        json!(["wrong"]),
        json!({ "wrong": "wrong" }),
        json!(null),
    ];
    // `null` counts as absent where the field is optional.
    let optional = alternative || !field.required;
    let tolerated =
        |value: &Value| (value.is_null() && optional) || fits(schema, field.schema, value);
    let values = candidates.into_iter();
    values.filter(|value| !tolerated(value)).collect()
}

/// Returns whether a value can be decoded as this schema. Objects and strings of open types always
/// can.
fn fits(schema: &Schema, shape: &Value, value: &Value) -> bool {
    match Shape::of(shape) {
        Shape::Any => true,
        Shape::Null => value.is_null(),
        Shape::Boolean => value.is_boolean(),
        Shape::Number => value.is_number(),
        Shape::Integer(..) => value.is_i64() || value.is_u64(),
        Shape::Text => value.is_string(),
        Shape::Words(_) => value.is_string(),
        Shape::Values(values) => values.iter().any(|one| {
            let is_integer = |value: &Value| value.is_i64() || value.is_u64();
            is_integer(one) == is_integer(value) && discriminant(one) == discriminant(value)
        }),
        Shape::Array(items) => value
            .as_array()
            .is_some_and(|values| values.iter().all(|value| fits(schema, items, value))),
        Shape::Object(object) => value.as_object().is_some_and(|members| {
            let rest = object.rest.filter(|_| object.fields.is_empty());
            let mut required = object.fields.iter().filter(|field| field.required);
            required.all(|field| members.contains_key(field.name))
                && members
                    .values()
                    .all(|value| rest.is_none_or(|rest| fits(schema, rest, value)))
        }),
        Shape::Reference(name) => fits(schema, schema.definition(name), value),
        Shape::Union(members) => {
            let mixed = members
                .iter()
                .any(|m| matches!(Shape::of(m), Shape::Words(_)));
            (mixed && value.is_object()) || members.iter().any(|member| fits(schema, member, value))
        }
    }
}

#[test]
fn strict_reading_refuses_a_missing_required_field_and_names_it() {
    let schema = Schema::pinned();
    let (mut faults, mut checked) = (Vec::new(), 0);
    for body in bodies(&schema) {
        let whole = complete(&schema, &body);
        for field in body.object.fields.iter().filter(|field| field.required) {
            let mut broken = whole.clone();
            broken
                .as_object_mut()
                .expect("an object")
                .remove(field.name);
            for order in ORDERS {
                checked += 1;
                match with_strict(|| decode(&body, &broken, order)) {
                    Err(error) if error.contains(&format!("missing field `{}`", field.name)) => {}
                    outcome => faults.push(format!("{}: {outcome:?}", body.path(field.name))),
                }
            }
        }
    }
    assert_none(&faults);
    assert!(checked > 4_500, "only {checked} checked");
}

#[test]
fn strict_reading_refuses_a_value_of_the_wrong_type_and_names_the_field() {
    let schema = Schema::pinned();
    let (mut faults, mut checked) = (Vec::new(), 0);
    for body in bodies(&schema) {
        let whole = complete(&schema, &body);
        let fields = body.object.fields.iter().map(|field| (field, false));
        let alternatives = body.object.alternatives.iter().map(|field| (field, true));
        for (field, alternative) in fields.chain(alternatives) {
            for value in wrong(&schema, field, alternative) {
                let mut broken = whole.clone();
                broken[field.name] = value;
                for order in ORDERS {
                    checked += 1;
                    match with_strict(|| decode(&body, &broken, order)) {
                        Err(error)
                            if error.contains(field.name) && !error.contains("unrecognized") => {}
                        outcome => faults.push(format!(
                            "{} = {}: {outcome:?}",
                            body.path(field.name),
                            broken[field.name]
                        )),
                    }
                }
            }
        }
    }
    assert_none(&faults);
    assert!(checked > 30_000, "only {checked} checked");
}

#[test]
fn strict_reading_refuses_malformed_params_and_names_the_method_and_the_field() {
    let schema = Schema::pinned();
    let (mut faults, mut checked) = (Vec::new(), 0);
    for name in MESSAGES {
        let Shape::Union(members) = Shape::of(schema.definition(name)) else {
            continue;
        };
        for member in members {
            let method = member["properties"]["method"]["enum"][0].as_str();
            let method = method.expect("a method");
            let params = member["properties"].get("params").map(Shape::of);
            let Some(Shape::Reference(params)) = params else {
                continue;
            };
            let Shape::Object(object) = Shape::of(schema.definition(params)) else {
                continue;
            };
            for field in object
                .fields
                .iter()
                .filter(|field| field.required && !field.is_nullable())
            {
                let mut params = schema.make_object(&object, &mut Choices::new(&[]).then(1));
                params
                    .as_object_mut()
                    .expect("an object")
                    .remove(field.name);
                let message = json!({ "id": 1, "method": method, "params": params });
                checked += 1;
                match with_strict(|| type_of(name)(&message.to_string())) {
                    Err(error)
                        if error.to_string().contains(method)
                            && error.to_string().contains(field.name) => {}
                    outcome => faults.push(format!("{method}.{}: {outcome:?}", field.name)),
                }
            }
        }
    }
    assert_none(&faults);
    assert!(checked > 300, "only {checked} checked");
}
