//! Strict schemas of enums in each representation of serde.

use schemars::JsonSchema;
use serde_json::{Value, json};
use strict_schema::Layout;

use crate::support::{Point, assert_object, assert_strict, object, point, tag, with};

#[test]
fn an_enum_becomes_alternatives_in_each_representation() {
    #[derive(JsonSchema)]
    #[expect(dead_code)]
    enum Outside {
        One,
        Two,
        New(Point),
        /// With members.
        Struct {
            a: bool,
        },
        Pair(bool, bool),
    }
    let pair = json!({
        "type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "boolean"},
    });
    let a = object(json!({"a": {"type": "boolean"}}));
    let with_members = object(json!({"Struct": a}));
    let choice = json!({"anyOf": [
        {"type": "string", "enum": ["One", "Two"]},
        object(json!({"New": {"$ref": "#/$defs/Point"}})),
        with(with_members, "description", json!("With members.")),
        object(json!({"Pair": pair})),
    ]});
    let in_object = |name: &str, choice: Value, point: Value| {
        let reference = json!({"$ref": format!("#/$defs/{name}")});
        let definitions = match point {
            Value::Null => json!({name: choice}),
            point => json!({name: choice, "Point": point}),
        };
        with(object(json!({"value": reference})), "$defs", definitions)
    };
    assert_strict::<Outside>(in_object("Outside", choice, point()), Layout::Wrapped);

    #[derive(JsonSchema)]
    #[serde(tag = "kind")]
    #[expect(dead_code)]
    enum Inside {
        Unit,
        New(Point),
        Struct { a: bool },
    }
    let number = json!({"type": "number"});
    let optional = json!({"type": ["number", "null"]});
    let new = object(json!({"kind": tag("New"), "x": number, "y": optional}));
    let choice = json!({"anyOf": [
        object(json!({"kind": tag("Unit")})),
        with(new, "description", json!("A point.")),
        object(json!({"kind": tag("Struct"), "a": {"type": "boolean"}})),
    ]});
    // The point is merged into the variant, so there is no definition of it.
    assert_strict::<Inside>(in_object("Inside", choice, Value::Null), Layout::Wrapped);

    #[derive(JsonSchema)]
    #[serde(tag = "t", content = "c")]
    #[expect(dead_code)]
    enum Beside {
        Unit,
        New(Point),
        Struct { a: bool },
    }
    let a = object(json!({"a": {"type": "boolean"}}));
    let choice = json!({"anyOf": [
        object(json!({"t": tag("Unit")})),
        object(json!({"t": tag("New"), "c": {"$ref": "#/$defs/Point"}})),
        object(json!({"t": tag("Struct"), "c": a})),
    ]});
    assert_strict::<Beside>(in_object("Beside", choice, point()), Layout::Wrapped);

    #[derive(JsonSchema)]
    #[serde(untagged)]
    #[expect(dead_code)]
    enum Bare {
        Number(f32),
        Text { text: String },
    }
    let text = object(json!({"text": {"type": "string"}}));
    let choice = json!({"anyOf": [{"type": "number"}, text]});
    assert_strict::<Bare>(in_object("Bare", choice, Value::Null), Layout::Wrapped);

    #[derive(JsonSchema)]
    #[expect(dead_code)]
    enum Documented {
        /// As it should be.
        Good,
        Bad,
        Ugly,
    }
    let good = with(tag("Good"), "description", json!("As it should be."));
    let choice = json!({"anyOf": [{"type": "string", "enum": ["Bad", "Ugly"]}, good]});
    assert_strict::<Documented>(
        in_object("Documented", choice, Value::Null),
        Layout::Wrapped,
    );

    // A single variant that is an object needs neither `anyOf` nor a wrapper.
    #[derive(JsonSchema)]
    #[serde(tag = "kind")]
    #[expect(dead_code)]
    enum Only {
        /// The one.
        This { a: bool },
    }
    let this = object(json!({"kind": tag("This"), "a": {"type": "boolean"}}));
    assert_object::<Only>(with(this, "description", json!("The one.")));
}
