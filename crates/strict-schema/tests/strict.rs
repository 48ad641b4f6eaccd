//! Types, and the schemas that are made of them.
//!
//! Members stand in the order of the alphabet, in which a build without serde_json's
//! `preserve_order` lists them.

// Helpers take what `json!` makes.
#![expect(clippy::needless_pass_by_value)]

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use strict_schema::{Form, Place, Shape, TagsFirst};

/// Says that a type is asked for by this schema, and that its answer is an object by itself.
fn plain<T: JsonSchema>(expected: Value) {
    assert_schema::<T>(expected, Place::Itself);
}

/// The same for the value that an object is wrapped around.
fn wrapped<T: JsonSchema>(value: Value) {
    assert_schema::<T>(object(json!({"value": value})), Place::Member);
}

#[track_caller]
fn assert_schema<T: JsonSchema>(schema: Value, place: Place) {
    let strict = Shape::of::<T>(Form::Strict).unwrap();
    assert_eq!(strict, Shape { schema, place }, "{:#}", strict.schema);
}

/// A strict object. Tags come first.
fn object(properties: Value) -> Value {
    let members = properties.as_object().unwrap().iter();
    let (mut required, others): (Vec<_>, Vec<_>) =
        members.partition(|(_, schema)| schema.get("const").is_some());
    required.extend(others);
    let required: Vec<&String> = required.into_iter().map(|(name, _)| name).collect();
    json!({
        "type": "object", "required": required, "properties": properties,
        "additionalProperties": false,
    })
}

/// A tag.
fn tag(name: &str) -> Value {
    json!({"type": "string", "const": name})
}

fn with(mut schema: Value, key: &str, value: Value) -> Value {
    schema[key] = value;
    schema
}

/// Why a type cannot be asked for.
fn fault<T: JsonSchema>() -> String {
    Shape::of::<T>(Form::Strict).unwrap_err().to_string()
}

/// A point.
#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
struct Point {
    x: f64,
    y: Option<f64>,
}

fn point() -> Value {
    let point = object(json!({"x": {"type": "number"}, "y": {"type": ["number", "null"]}}));
    with(point, "description", json!("A point."))
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
enum Verdict {
    Good,
    Bad,
}

fn verdict() -> Value {
    json!({"type": "string", "enum": ["Good", "Bad"]})
}

#[test]
fn every_member_is_required_and_an_optional_one_may_be_null() {
    #[derive(Deserialize, JsonSchema)]
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
    plain::<Members>(with(expected, "$defs", json!({"Verdict": verdict()})));
    #[derive(JsonSchema)]
    struct Empty {}
    plain::<Empty>(object(json!({})));
    #[derive(JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code)]
    struct Closed {
        a: bool,
    }
    plain::<Closed>(object(json!({"a": {"type": "boolean"}})));
}

#[test]
fn what_the_api_does_not_know_is_left_out() {
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
    plain::<Limits>(object(json!({
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
fn nothing_stands_beside_a_reference() {
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
    plain::<Line>(with(line, "$defs", json!({"Point": point()})));
    // A root is there in person.
    #[derive(JsonSchema)]
    #[expect(dead_code)]
    struct Place(Point);
    plain::<Place>(point());
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
    plain::<Named>(with(named, "$defs", json!({"A/b c": odd})));
}

#[test]
fn a_type_may_contain_itself() {
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
    plain::<Node>(node("#"));
    let list = json!({"type": "array", "items": {"$ref": "#/$defs/Node"}});
    let list = with(
        object(json!({"value": list})),
        "$defs",
        json!({"Node": node("#/$defs/Node")}),
    );
    assert_schema::<Vec<Node>>(list, Place::Member);
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
    assert_schema::<Tree>(tree, Place::Member);
    // One that never begins is no way to hang.
    struct Endless;
    impl JsonSchema for Endless {
        fn schema_name() -> Cow<'static, str> {
            "Endless".into()
        }
        fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
            schemars::json_schema!({"$ref": "#", "properties": {}})
        }
    }
    assert!(fault::<Endless>().contains("refers to itself without end"));
}

#[test]
fn an_enum_is_a_choice_in_each_of_its_forms() {
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
    assert_schema::<Outside>(in_object("Outside", choice, point()), Place::Member);

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
    // The point is part of it, and so no definition of its own.
    assert_schema::<Inside>(in_object("Inside", choice, Value::Null), Place::Member);

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
    assert_schema::<Beside>(in_object("Beside", choice, point()), Place::Member);

    #[derive(JsonSchema)]
    #[serde(untagged)]
    #[expect(dead_code)]
    enum Bare {
        Number(f32),
        Text { text: String },
    }
    let text = object(json!({"text": {"type": "string"}}));
    let choice = json!({"anyOf": [{"type": "number"}, text]});
    assert_schema::<Bare>(in_object("Bare", choice, Value::Null), Place::Member);

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
    assert_schema::<Documented>(in_object("Documented", choice, Value::Null), Place::Member);

    // Only one variant, which is an object: no choice, and nothing to wrap.
    #[derive(JsonSchema)]
    #[serde(tag = "kind")]
    #[expect(dead_code)]
    enum Only {
        /// The one.
        This { a: bool },
    }
    let this = object(json!({"kind": tag("This"), "a": {"type": "boolean"}}));
    plain::<Only>(with(this, "description", json!("The one.")));
}

#[test]
fn a_tag_is_written_before_what_the_alphabet_puts_before_it() {
    #[derive(JsonSchema)]
    #[serde(tag = "type", content = "properties")]
    #[expect(dead_code)]
    enum Step {
        Edit { path: String },
        Wait,
    }
    let Shape { schema, .. } = Shape::of::<Vec<Step>>(Form::Strict).unwrap();
    let text = serde_json::to_string(&TagsFirst(&schema)).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value, schema);
    // A member that is called so is one of many.
    for (order, times) in [
        (r#""properties":{"type":{"#, 2),
        (r#""properties":{"properties":"#, 0),
        (r#""required":["type","properties"]"#, 1),
    ] {
        assert_eq!(text.matches(order).count(), times, "{order} in {text}");
    }
}

/// Only with the feature: `cargo test -p strict-schema --features preserve_order`.
#[cfg(feature = "preserve_order")]
#[test]
fn members_stand_in_the_order_of_the_struct() {
    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code)]
    struct Verdict {
        reasons: Vec<String>,
        is_good: bool,
    }

    let strict = Shape::of::<Verdict>(Form::Strict).unwrap();
    let text = serde_json::to_string(&TagsFirst(&strict.schema)).unwrap();
    let place = |name: &str| text.find(&format!("{name:?}:")).unwrap();
    assert!(place("reasons") < place("is_good"), "{text}");
    assert_eq!(strict.schema["required"], json!(["reasons", "is_good"]));
}

#[test]
fn flattened_members_are_members() {
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
    plain::<Flat>(with(flat, "description", json!("A point.")));
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
    assert_schema::<Chosen>(
        with(chosen, "$defs", json!({"Chosen": choice})),
        Place::Member,
    );
}

#[test]
fn an_answer_that_is_no_object_is_wrapped_in_one() {
    wrapped::<String>(json!({"type": "string"}));
    wrapped::<Option<bool>>(json!({"type": ["boolean", "null"]}));
    wrapped::<Vec<String>>(json!({"type": "array", "items": {"type": "string"}}));
    wrapped::<(bool, bool)>(json!({
        "type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "boolean"},
    }));
    let verdicts = object(json!({"value": {"$ref": "#/$defs/Verdict"}}));
    let verdicts = with(verdicts, "$defs", json!({"Verdict": verdict()}));
    assert_schema::<Verdict>(verdicts, Place::Member);
}

#[test]
fn schemas_written_by_hand_are_completed() {
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
    plain::<Hand>(object(json!({
        "a": {"type": "integer", "const": 1},
        "b": {"type": ["string", "null", "integer"], "enum": ["x", null, 1, "y"]},
        "c": {"description": "C.", "anyOf": [object(json!({})), {"type": "null"}]},
        "d": {"anyOf": [
            {"type": "string", "const": "x"}, {"type": "string", "const": "y"},
        ]},
        "e": {"type": "number", "minimum": 1},
    })));
}

#[test]
fn what_cannot_be_said_is_a_fault_with_its_place() {
    #[derive(JsonSchema)]
    #[expect(dead_code)]
    struct Around<T> {
        inner: Vec<Inner<T>>,
    }
    #[derive(JsonSchema)]
    #[expect(dead_code)]
    struct Inner<T> {
        odd: T,
    }
    type Map = BTreeMap<String, bool>;
    #[derive(JsonSchema)]
    enum Never {}
    #[derive(JsonSchema)]
    #[serde(tag = "kind")]
    #[expect(dead_code)]
    enum One {
        A { a: bool },
        B { b: bool },
    }
    #[derive(JsonSchema)]
    #[expect(dead_code)]
    struct TwoFlat {
        #[serde(flatten)]
        one: One,
        #[serde(flatten)]
        two: Verdict,
    }
    #[derive(JsonSchema)]
    #[expect(dead_code)]
    struct FlatMap {
        #[serde(flatten)]
        rest: Map,
    }
    for (fault, place, what) in [
        (fault::<Around<Map>>(), "`Inner.odd`", "is a map"),
        (
            fault::<Around<BTreeMap<u8, bool>>>(),
            "`Inner.odd`",
            "is a map",
        ),
        (fault::<Around<Value>>(), "`Inner.odd`", "can be any JSON"),
        (
            fault::<Around<Vec<Value>>>(),
            "`Inner.odd[]`",
            "can be any JSON",
        ),
        (fault::<Around<(bool, u8)>>(), "`Inner.odd[]`", "is a tuple"),
        (fault::<Around<Never>>(), "`Never`", "has no value"),
        (
            fault::<Around<serde_json::Map<String, Value>>>(),
            "`Inner.odd`",
            "is a map",
        ),
        (
            fault::<TwoFlat>(),
            "`TwoFlat`",
            "make it a field of its own",
        ),
        (fault::<FlatMap>(), "`FlatMap`", "is a map"),
        (
            fault::<Vec<Map>>(),
            "`Array_of_Map_of_boolean[]`",
            "is a map",
        ),
    ] {
        assert!(fault.starts_with(place), "{fault}");
        assert!(fault.contains(what), "{fault}");
    }
}

#[test]
fn an_open_schema_has_optional_members_maps_and_values_of_any_kind() {
    #[derive(JsonSchema)]
    #[expect(dead_code)]
    struct Inner {
        x: bool,
        y: Option<bool>,
    }
    #[derive(JsonSchema)]
    #[expect(dead_code)]
    struct Open {
        a: BTreeMap<String, Option<bool>>,
        b: BTreeMap<u8, Verdict>,
        /// Whatever.
        c: Value,
        d: serde_json::Map<String, Value>,
        #[serde(default)]
        e: bool,
        #[serde(flatten)]
        rest: BTreeMap<String, bool>,
        z: (bool, String, bool),
    }
    let boolean = json!({"type": "boolean"});
    let shape = Shape::of::<Open>(Form::Open).unwrap();
    let map = |of: Value| json!({"type": "object", "properties": {}, "additionalProperties": of});
    let expected = json!({
        "type": "object",
        "required": ["a", "b", "c", "d", "z"],
        "properties": {
            "a": map(json!({"type": ["boolean", "null"]})),
            "b": map(json!({"$ref": "#/$defs/Verdict"})),
            "c": {"description": "Whatever."},
            "d": map(json!(true)),
            "e": boolean,
            "z": {
                "type": "array", "minItems": 3, "maxItems": 3,
                "items": {"anyOf": [boolean, {"type": "string"}]},
            },
        },
        "additionalProperties": boolean,
        "$defs": {"Verdict": verdict()},
    });
    assert_eq!(shape.schema, expected, "{:#}", shape.schema);
    assert_eq!(shape.place, Place::Itself);
    // What is merged keeps what each part requires.
    #[derive(JsonSchema)]
    #[serde(tag = "kind", deny_unknown_fields)]
    #[expect(dead_code)]
    enum Tagged {
        New(Inner),
        Struct { z: Option<bool> },
    }
    let optional = json!({"type": ["boolean", "null"]});
    let choice = json!({"anyOf": [
        {
            "type": "object", "required": ["kind", "x"],
            "properties": {"kind": tag("New"), "x": boolean, "y": optional},
        },
        {
            "type": "object", "required": ["kind"], "additionalProperties": false,
            "properties": {"kind": tag("Struct"), "z": optional},
        },
    ]});
    let shape = Shape::of::<Tagged>(Form::Open).unwrap();
    assert_eq!(
        shape.schema["$defs"]["Tagged"], choice,
        "{:#}",
        shape.schema
    );
    let value = json!({"$ref": "#/$defs/Tagged"});
    assert_eq!(shape.schema["properties"], json!({"value": value}));
    assert_eq!(shape.schema["required"], json!(["value"]));
    assert_eq!(shape.place, Place::Member);
    // There is nothing to say.
    let shape = Shape::of::<()>(Form::Open).unwrap();
    assert_eq!(shape.schema, json!({"type": "object", "properties": {}}));
    assert_eq!(shape.place, Place::Nowhere);
}

#[test]
fn a_value_is_read_from_its_place() {
    let point = Point { x: 1.0, y: None };
    let read = Place::Itself.read::<Point>(r#"{"x": 1, "y": null}"#);
    assert_eq!(read, Ok(point));
    let read = Place::Member.read::<Verdict>(r#"{"value": "Bad"}"#);
    assert_eq!(read, Ok(Verdict::Bad));
    let misfit = Place::Member.read::<Verdict>("{}").unwrap_err();
    assert_eq!(
        (misfit.path, &*misfit.reason),
        (None, "missing field `value`")
    );
    assert_eq!(Place::Nowhere.read::<()>(r#"{"a": 1}"#), Ok(()));
}
