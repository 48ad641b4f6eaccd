//! Strict schemas of types that are not enums.

use std::{borrow::Cow, collections::HashSet};

use schemars::JsonSchema;
use serde_json::json;
use strict_schema::Layout;

use crate::support::{
    Point, Verdict, assert_object, assert_strict, assert_wrapped, object, point, tag, verdict, with,
};

#[test]
fn every_property_is_required_and_an_optional_one_may_be_null() {
    #[derive(JsonSchema)]
    #[expect(dead_code)]
    struct Members {
        a: bool,
        #[serde(default)]
        b: Vec<String>,
        c: Option<String>,
        d: Option<Verdict>,
        e: Option<Vec<u8>>,
        #[serde(rename = "F")]
        f: (),
        #[serde(skip)]
        skipped: u8,
    }
    let byte = json!({"type": "integer", "minimum": 0, "maximum": 255});
    let nothing = json!({"type": "null"});
    let expected = object(json!({
        "a": {"type": "boolean"},
        "b": {"type": "array", "items": {"type": "string"}},
        "c": {"type": ["string", "null"]},
        "d": {"anyOf": [{"$ref": "#/$defs/Verdict"}, nothing]},
        "e": {"anyOf": [{"type": "array", "items": byte}, nothing]},
        "F": nothing,
    }));
    assert_object::<Members>(with(expected, "$defs", json!({"Verdict": verdict()})));
    #[derive(JsonSchema)]
    struct Empty {}
    assert_object::<Empty>(object(json!({})));
    #[derive(JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code)]
    struct Closed {
        a: bool,
    }
    assert_object::<Closed>(object(json!({"a": {"type": "boolean"}})));
}

#[test]
fn keywords_that_the_api_does_not_support_are_dropped() {
    #[derive(JsonSchema)]
    #[expect(dead_code)]
    struct Limits {
        a: char,
        b: HashSet<i64>,
        #[schemars(length(min = 1, max = 4), regex(pattern = "^a"), example = &"ab")]
        c: String,
        #[schemars(range(min = 1, max = 5))]
        d: u8,
        e: [u16; 2],
        #[schemars(email)]
        f: String,
        #[serde(default)]
        #[deprecated]
        g: u64,
        /// At home.
        #[schemars(title = "Address", extend("x-order" = 1))]
        h: std::net::IpAddr,
        #[schemars(regex(pattern = "^(?!b)(?:c|d)"))]
        i: String,
        #[schemars(regex(pattern = "^(?:c|d)$"))]
        j: String,
    }
    assert_object::<Limits>(object(json!({
        "a": {"type": "string"},
        "b": {"type": "array", "items": {"type": "integer"}},
        "c": {"type": "string", "pattern": "^a"},
        "d": {"type": "integer", "minimum": 1, "maximum": 5},
        "e": {
            "type": "array", "minItems": 2, "maxItems": 2,
            "items": {"type": "integer", "minimum": 0, "maximum": 65535},
        },
        "f": {"type": "string", "format": "email"},
        "g": {"type": "integer", "minimum": 0},
        "h": {"type": "string", "description": "At home."},
        "i": {"type": "string"},
        "j": {"type": "string", "pattern": "^(?:c|d)$"},
    })));
}

#[test]
fn a_reference_has_no_keywords_beside_it() {
    #[derive(JsonSchema)]
    #[expect(dead_code)]
    struct Line {
        begin: Point,
        /// Where it ends.
        end: Point,
        /// On the way.
        via: Option<Point>,
    }
    let reference = json!({"$ref": "#/$defs/Point"});
    let line = object(json!({
        "begin": reference,
        "end": {"description": "Where it ends.", "anyOf": [reference]},
        "via": {"description": "On the way.", "anyOf": [reference, {"type": "null"}]},
    }));
    assert_object::<Line>(with(line, "$defs", json!({"Point": point()})));
    // The root is not a reference.
    #[derive(JsonSchema)]
    #[expect(dead_code)]
    struct Place(Point);
    assert_object::<Place>(point());
    #[derive(JsonSchema)]
    #[schemars(rename = "A/b c")]
    #[expect(dead_code)]
    struct Odd {
        a: bool,
    }
    #[derive(JsonSchema)]
    #[expect(dead_code)]
    struct Named {
        odd: Odd,
    }
    let odd = object(json!({"a": {"type": "boolean"}}));
    let named = object(json!({"odd": {"$ref": "#/$defs/A~1b%20c"}}));
    assert_object::<Named>(with(named, "$defs", json!({"A/b c": odd})));
}

#[test]
fn a_type_can_contain_itself() {
    #[derive(JsonSchema)]
    #[expect(dead_code)]
    struct Node {
        children: Vec<Node>,
        /// The next one.
        next: Option<Box<Node>>,
    }
    let node = |reference: &str| {
        object(json!({
            "children": {"type": "array", "items": {"$ref": reference}},
            "next": {
                "description": "The next one.",
                "anyOf": [{"$ref": reference}, {"type": "null"}],
            },
        }))
    };
    assert_object::<Node>(node("#"));
    let list = json!({"type": "array", "items": {"$ref": "#/$defs/Node"}});
    let list = with(
        object(json!({"value": list})),
        "$defs",
        json!({"Node": node("#/$defs/Node")}),
    );
    assert_strict::<Vec<Node>>(list, Layout::Wrapped);
    #[derive(JsonSchema)]
    #[serde(tag = "k")]
    #[expect(dead_code)]
    enum Tree {
        Leaf { v: i8 },
        Two { a: Box<Tree>, b: Box<Tree> },
    }
    let reference = json!({"$ref": "#/$defs/Tree"});
    let leaf = json!({"type": "integer", "minimum": -128, "maximum": 127});
    let tree = json!({"anyOf": [
        object(json!({"k": tag("Leaf"), "v": leaf})),
        object(json!({"k": tag("Two"), "a": reference, "b": reference})),
    ]});
    let tree = with(
        object(json!({"value": reference})),
        "$defs",
        json!({"Tree": tree}),
    );
    assert_strict::<Tree>(tree, Layout::Wrapped);
}

#[test]
fn flattened_fields_become_properties() {
    #[derive(JsonSchema)]
    #[expect(dead_code)]
    struct Flat {
        a: bool,
        #[serde(flatten)]
        point: Point,
    }
    let (number, optional) = (
        json!({"type": "number"}),
        json!({"type": ["number", "null"]}),
    );
    let boolean = json!({"type": "boolean"});
    let flat = object(json!({"a": boolean, "x": number, "y": optional}));
    assert_object::<Flat>(with(flat, "description", json!("A point.")));
    #[derive(JsonSchema)]
    #[serde(tag = "kind")]
    #[expect(dead_code)]
    enum Kind {
        B { b: bool },
        C(Point),
    }
    #[derive(JsonSchema)]
    #[expect(dead_code)]
    struct Chosen {
        a: bool,
        #[serde(flatten)]
        kind: Option<Kind>,
    }
    let choice = json!({"anyOf": [
        {"anyOf": [
            object(json!({"a": boolean, "kind": tag("B"), "b": boolean})),
            with(
                object(json!({"a": boolean, "kind": tag("C"), "x": number, "y": optional})),
                "description",
                json!("A point."),
            ),
        ]},
        object(json!({"a": boolean})),
    ]});
    let reference = json!({"$ref": "#/$defs/Chosen"});
    let chosen = object(json!({"value": reference}));
    assert_strict::<Chosen>(
        with(chosen, "$defs", json!({"Chosen": choice})),
        Layout::Wrapped,
    );
}

#[test]
fn a_root_that_is_not_an_object_is_wrapped_in_one() {
    assert_wrapped::<String>(json!({"type": "string"}));
    assert_wrapped::<Option<bool>>(json!({"type": ["boolean", "null"]}));
    assert_wrapped::<Vec<String>>(json!({"type": "array", "items": {"type": "string"}}));
    assert_wrapped::<(bool, bool)>(json!({
        "type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "boolean"},
    }));
    let verdicts = object(json!({"value": {"$ref": "#/$defs/Verdict"}}));
    let verdicts = with(verdicts, "$defs", json!({"Verdict": verdict()}));
    assert_strict::<Verdict>(verdicts, Layout::Wrapped);
}

#[test]
fn handwritten_schemas_are_completed() {
    struct Hand;
    impl JsonSchema for Hand {
        fn schema_name() -> Cow<'static, str> {
            "Hand".into()
        }
        fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
            schemars::json_schema!({
                "properties": {
                    "a": {"const": 1},
                    "b": {"enum": ["x", null, 1, "y"]},
                    "c": {"type": ["object", "null"], "description": "C.", "properties": {}},
                    "d": {"type": "string", "oneOf": [{"const": "x"}, {"const": "y"}]},
                    "e": {"allOf": [{"type": "number"}, {"minimum": 1}]},
                },
            })
        }
    }
    assert_object::<Hand>(object(json!({
        "a": {"type": "integer", "const": 1},
        "b": {"type": ["string", "null", "integer"], "enum": ["x", null, 1, "y"]},
        "c": {"description": "C.", "anyOf": [object(json!({})), {"type": "null"}]},
        "d": {"anyOf": [
            {"type": "string", "const": "x"}, {"type": "string", "const": "y"},
        ]},
        "e": {"type": "number", "minimum": 1},
    })));
}
