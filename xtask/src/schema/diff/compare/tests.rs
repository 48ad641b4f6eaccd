//! Compares pairs of small protocols.

use serde_json::{Value, json};

use super::*;

/// A protocol with the given definitions, all of them stable. `t/do` takes `DoParams` and responds
/// with `DoResponse`.
fn protocol(definitions: &Value) -> Protocol {
    let bundle = bundle(definitions);
    Protocol::read("1.0.0", &bundle, &bundle).unwrap()
}

fn bundle(definitions: &Value) -> Value {
    json!({"definitions": {
        "ClientRequest": {"oneOf": [method("t/do", "DoParams")]},
        "ClientNotification": {"oneOf": []},
        "ServerRequest": {"oneOf": []},
        "ServerNotification": {"oneOf": [method("t/done", "DoneNotification")]},
        "v2": definitions
    }})
}

fn method(name: &str, params: &str) -> Value {
    json!({"properties": {
        "method": {"enum": [name]}, "params": {"$ref": format!("#/definitions/v2/{params}")}}})
}

/// The changes as lines: `! ~ DoParams.id: string ⇒ integer`.
fn lines(old: &Protocol, new: &Protocol) -> Vec<String> {
    compare(old, new)
        .iter()
        .map(|change| {
            let alarm = if change.breaking { "! " } else { "" };
            let mark = match change.action {
                Action::Added => "+",
                Action::Removed => "-",
                Action::Changed => "~",
            };
            let line = format!(
                "{alarm}{mark} {}{}: {}",
                change.owner, change.below, change.detail
            );
            line + if change.experimental {
                " (experimental)"
            } else {
                ""
            }
        })
        .collect()
}

/// The changes from one list of fields of the object `name` to another. A field is a name and a
/// schema; a name that ends in `!` is required.
fn fields(name: &str, old: &[(&str, Value)], new: &[(&str, Value)]) -> Vec<String> {
    let object = |fields: &[(&str, Value)]| {
        let properties: serde_json::Map<_, _> = fields
            .iter()
            .map(|(name, schema)| (name.trim_end_matches('!').to_owned(), schema.clone()))
            .collect();
        let required: Vec<&str> = fields
            .iter()
            .filter_map(|(name, _)| name.strip_suffix('!'))
            .collect();
        protocol(&json!({name: {"type": "object", "properties": properties, "required": required}}))
    };
    lines(&object(old), &object(new))
}

fn string() -> Value {
    json!({"type": "string"})
}

fn nullable() -> Value {
    json!({"type": ["string", "null"]})
}

#[test]
fn a_release_does_not_differ_from_itself() {
    let one = protocol(&json!({"DoParams": {"type": "object", "properties": {"id": string()}}}));
    assert_eq!(lines(&one, &one), [""; 0]);
}

#[test]
fn a_new_field_of_params_breaks_only_when_it_is_required() {
    assert_eq!(
        fields("DoParams", &[], &[("x", string())]),
        ["+ DoParams.x: string, optional"]
    );
    assert_eq!(
        fields("DoParams", &[], &[("x!", string())]),
        ["! + DoParams.x: string"]
    );
}

#[test]
fn a_new_field_of_a_response_is_never_breaking() {
    assert_eq!(
        fields("DoResponse", &[], &[("x!", string())]),
        ["+ DoResponse.x: string"]
    );
}

#[test]
fn a_removed_field_is_breaking_in_both_directions() {
    for name in ["DoParams", "DoResponse"] {
        let expected = format!("! - {name}.x: string | null, optional");
        assert_eq!(fields(name, &[("x", nullable())], &[]), [expected]);
    }
}

#[test]
fn a_field_that_becomes_required_breaks_its_writer() {
    let (optional, required) = ([("x", string())], [("x!", string())]);
    assert_eq!(
        fields("DoParams", &optional, &required),
        ["! ~ DoParams.x: now required"]
    );
    assert_eq!(
        fields("DoResponse", &optional, &required),
        ["~ DoResponse.x: now required"]
    );
}

#[test]
fn a_field_that_becomes_optional_breaks_its_reader() {
    let (required, optional) = ([("x!", string())], [("x", string())]);
    assert_eq!(
        fields("DoParams", &required, &optional),
        ["~ DoParams.x: now optional"]
    );
    assert_eq!(
        fields("DoResponse", &required, &optional),
        ["! ~ DoResponse.x: now optional"]
    );
    let notified = fields("DoneNotification", &required, &optional);
    assert_eq!(notified, ["! ~ DoneNotification.x: now optional"]);
}

#[test]
fn nullability_is_judged_by_direction() {
    let (plain, null) = ([("x!", string())], [("x!", nullable())]);
    assert_eq!(
        fields("DoParams", &plain, &null),
        ["~ DoParams.x: now nullable"]
    );
    assert_eq!(
        fields("DoParams", &null, &plain),
        ["! ~ DoParams.x: no longer nullable"]
    );
    assert_eq!(
        fields("DoResponse", &plain, &null),
        ["! ~ DoResponse.x: now nullable"]
    );
    assert_eq!(
        fields("DoResponse", &null, &plain),
        ["~ DoResponse.x: no longer nullable"]
    );
}

#[test]
fn a_changed_type_is_breaking_and_a_changed_default_is_not() {
    let default = |n: u8| json!({"type": "integer", "default": n});
    assert_eq!(
        fields(
            "DoResponse",
            &[("x!", string())],
            &[("x!", json!({"type": "boolean"}))]
        ),
        ["! ~ DoResponse.x: string ⇒ boolean"]
    );
    assert_eq!(
        fields("DoParams", &[("x", default(1))], &[("x", default(2))]),
        ["~ DoParams.x: default 1 ⇒ 2"]
    );
}

#[test]
fn an_unlisted_type_is_judged_in_both_directions() {
    assert_eq!(
        fields("Alone", &[], &[("x!", string())]),
        ["! + Alone.x: string"]
    );
    let gone = fields("Alone", &[("x!", string())], &[("x", string())]);
    assert_eq!(gone, ["! ~ Alone.x: now optional"]);
}

#[test]
fn a_removed_variant_is_breaking_and_an_added_one_is_not() {
    let values = |values: &[&str]| protocol(&json!({"Mode": {"type": "string", "enum": values}}));
    let (two, three) = (values(&["a", "b"]), values(&["a", "b", "c"]));
    assert_eq!(lines(&two, &three), ["+ Mode::c: "]);
    assert_eq!(lines(&three, &two), ["! - Mode::c: "]);
}

#[test]
fn an_enum_that_becomes_a_plain_string_is_one_change() {
    let old = protocol(&json!({"Effort": {"type": "string", "enum": ["low", "high"]}}));
    let new = protocol(&json!({"Effort": {"type": "string"}}));
    assert_eq!(lines(&old, &new), ["! ~ Effort: enum ⇒ string"]);
    assert_eq!(lines(&new, &old), ["! ~ Effort: string ⇒ enum"]);
}

#[test]
fn a_new_variant_is_one_change_that_names_its_fields() {
    let union = |members: &[Value]| protocol(&json!({"Item": {"oneOf": members}}));
    let text = json!({"type": "object", "required": ["type"], "properties": {
        "type": {"enum": ["text"]}, "text": string()}});
    let plan = json!({"type": "object", "required": ["type", "id"], "properties": {
        "type": {"enum": ["plan"]}, "id": string(), "note": string()}});
    assert_eq!(
        lines(&union(&[text.clone(), text.clone()]), &union(&[text, plan])),
        ["+ Item::plan: object {id, note?}"]
    );
}

#[test]
fn a_removed_type_is_one_breaking_change() {
    let old = protocol(&json!({"Mode": {"type": "string", "enum": ["a"]}}));
    let new = protocol(&json!({}));
    assert_eq!(lines(&old, &new), ["! - Mode: enum"]);
    assert_eq!(lines(&new, &old), ["+ Mode: enum"]);
}

#[test]
fn a_removed_method_and_changed_params_are_breaking() {
    let with = |members: Value| {
        let mut bundle = bundle(&json!({}));
        bundle["definitions"]["ClientRequest"]["oneOf"] = members;
        Protocol::read("1.0.0", &bundle, &bundle).unwrap()
    };
    let old = with(json!([method("a", "AParams"), method("b", "BParams")]));
    let new = with(json!([method("a", "OtherParams"), method("c", "CParams")]));
    assert_eq!(
        lines(&old, &new),
        [
            "! ~ a: AParams ⇒ OtherParams",
            "! - b: BParams",
            "+ c: CParams"
        ]
    );
}

#[test]
fn params_that_become_nullable_are_not_breaking() {
    let mut bundle = bundle(&json!({}));
    let old = Protocol::read("1.0.0", &bundle, &bundle).unwrap();
    let params = &mut bundle["definitions"]["ClientRequest"]["oneOf"][0]["properties"]["params"];
    *params = json!({"anyOf": [params.clone(), {"type": "null"}]});
    let new = Protocol::read("1.0.0", &bundle, &bundle).unwrap();
    assert_eq!(lines(&old, &new), ["~ t/do: now nullable"]);
    assert_eq!(lines(&new, &old), ["! ~ t/do: no longer nullable"]);
}

#[test]
fn a_move_to_experimental_is_breaking_and_is_reported_once() {
    let all = bundle(&json!({"Mode": {"type": "string", "enum": ["a", "b"]}}));
    let less = bundle(&json!({}));
    let open = Protocol::read("1.0.0", &all, &all).unwrap();
    let hidden = Protocol::read("1.0.0", &less, &all).unwrap();
    assert_eq!(lines(&hidden, &open), ["~ Mode: now stable"]);
    assert_eq!(
        lines(&open, &hidden),
        ["! ~ Mode: now experimental (experimental)"]
    );
}

#[test]
fn a_method_that_becomes_stable_is_reported() {
    let all = bundle(&json!({}));
    let mut less = all.clone();
    less["definitions"]["ClientRequest"]["oneOf"] = json!([]);
    let open = Protocol::read("1.0.0", &all, &all).unwrap();
    let hidden = Protocol::read("1.0.0", &less, &all).unwrap();
    assert_eq!(lines(&hidden, &open), ["~ t/do: now stable"]);
    assert_eq!(
        lines(&open, &hidden),
        ["! ~ t/do: now experimental (experimental)"]
    );
}
