//! Types that a schema cannot express.

use std::{borrow::Cow, collections::BTreeMap};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;
use strict_schema::{Error, ErrorKind};

use crate::support::Verdict;

fn error<T: JsonSchema>() -> Error {
    let schema = strict_schema::for_type::<T>();
    schema.expect_err("no strict schema can express the type")
}

#[test]
fn a_type_that_a_strict_schema_cannot_express_is_an_error_with_its_path() {
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
    for (error, path, kind) in [
        (error::<Around<Map>>(), "Inner.odd", ErrorKind::Map),
        (
            error::<Around<BTreeMap<u8, bool>>>(),
            "Inner.odd",
            ErrorKind::Map,
        ),
        (
            error::<Around<serde_json::Map<String, Value>>>(),
            "Inner.odd",
            ErrorKind::Map,
        ),
        (error::<FlatMap>(), "FlatMap", ErrorKind::Map),
        (
            error::<Vec<Map>>(),
            "Array_of_Map_of_boolean[]",
            ErrorKind::Map,
        ),
        (error::<Around<Value>>(), "Inner.odd", ErrorKind::AnyValue),
        (
            error::<Around<Vec<Value>>>(),
            "Inner.odd[]",
            ErrorKind::AnyValue,
        ),
        (
            error::<Around<(bool, u8)>>(),
            "Inner.odd[]",
            ErrorKind::Tuple,
        ),
        (error::<Around<Never>>(), "Never", ErrorKind::Uninhabited),
        (error::<TwoFlat>(), "TwoFlat", ErrorKind::Composition),
    ] {
        assert_eq!((&*error.path, &error.kind), (path, &kind), "{error}");
    }
}

#[test]
fn the_message_has_the_path_the_reason_and_a_remedy() {
    let error = error::<BTreeMap<String, Vec<bool>>>().to_string();
    assert_eq!(
        error,
        "`Map_of_Array_of_boolean` is a map, but a strict schema has to name every key: use a list of \
         structs that hold a key and a value"
    );
}

/// Asserts that neither a strict nor a non-strict schema can express a type.
fn assert_unsupported<T: JsonSchema>(path: &str, kind: &ErrorKind) {
    let non_strict = strict_schema::non_strict_for_type::<T>();
    let non_strict = non_strict.expect_err("no schema can express the type");
    for error in [error::<T>(), non_strict] {
        assert_eq!((&*error.path, &error.kind), (path, kind), "{error}");
    }
}

/// Implements `JsonSchema` with a schema that no derive generates.
macro_rules! handwritten {
    ($name:ident $schema:tt) => {
        struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

#[test]
fn handwritten_schemas_that_models_do_not_support_are_errors() {
    handwritten!(Endless {"$ref": "#", "properties": {}});
    assert_unsupported::<Endless>("Endless", &ErrorKind::InfiniteRecursion);

    handwritten!(Dangling {"properties": {"a": {"$ref": "#/$defs/A"}}});
    let reference = "#/$defs/A".to_owned();
    assert_unsupported::<Dangling>("Dangling", &ErrorKind::UndefinedReference { reference });

    handwritten!(Conditional {"properties": {"a": {"type": "string", "not": {"const": "b"}}}});
    let kind = ErrorKind::UnsupportedKeyword { keyword: "not" };
    assert_unsupported::<Conditional>("Conditional.a", &kind);
}
