//! Tests the code that the generator writes for small schemas.
//!
//! The included files are the expected output of `xtask`'s own tests.

#![allow(missing_docs, dead_code, unreachable_pub, unused_macros)]

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

#[path = "../../../xtask/tests/mini/shapes/leniency.rs"]
#[rustfmt::skip]
mod leniency;
#[path = "../../../xtask/tests/mini/shapes/messages.rs"]
#[rustfmt::skip]
mod messages;
#[path = "../../../xtask/tests/mini/shapes/mixed.rs"]
#[rustfmt::skip]
mod mixed;
#[path = "../../../xtask/tests/mini/shapes/numbers.rs"]
#[rustfmt::skip]
mod numbers;
#[path = "../../../xtask/tests/mini/shapes/objects.rs"]
#[rustfmt::skip]
mod objects;
#[path = "../../../xtask/tests/mini/shapes/strings.rs"]
#[rustfmt::skip]
mod strings;
#[path = "../../../xtask/tests/mini/shapes/tagged.rs"]
#[rustfmt::skip]
mod tagged;
#[path = "../../../xtask/tests/mini/shapes/untagged.rs"]
#[rustfmt::skip]
mod untagged;

/// Decodes a value from its text, as it would arrive on the wire.
fn decode<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_str(&value.to_string()).unwrap_or_else(|error| panic!("{value}: {error}"))
}

fn decode_error<T: DeserializeOwned>(value: &Value) -> String {
    match serde_json::from_str::<T>(&value.to_string()) {
        Ok(_) => panic!("{value} was accepted"),
        Err(error) => error.to_string(),
    }
}

fn encode<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap()
}

#[test]
fn each_field_rule_reads_and_writes_as_documented() {
    let least = json!({
        "id": "i", "threadId": "t", "by": {}, "count": 1, "thingId": "x", "type": "k",
    });
    let thing: objects::Thing = decode(&least);
    assert_eq!(thing, objects::Thing::new("i", "t", [], 1, None, "x", "k"));
    assert_eq!(
        encode(&thing),
        json!({
            "id": "i", "threadId": "t", "by": {}, "count": 1, "thingId": "x", "type": "k",
            "parent": null, "done": false, "visible": true, "tags": [], "state": "active",
            "states": ["active"],
        }),
    );
    let unknown_field: objects::Thing = {
        let mut value = least.clone();
        value["future"] = json!([1, {}]);
        decode(&value)
    };
    assert_eq!(unknown_field, thing);
}

#[test]
fn each_number_format_is_read_up_to_its_limits() {
    let limits = [
        ("int", json!(i64::MIN), json!(i64::MAX)),
        ("int8", json!(i8::MIN), json!(i8::MAX)),
        ("int16", json!(i16::MIN), json!(i16::MAX)),
        ("int32", json!(i32::MIN), json!(i32::MAX)),
        ("int64", json!(i64::MIN), json!(i64::MAX)),
        ("uint", json!(0), json!(u64::MAX)),
        ("uint8", json!(0), json!(u8::MAX)),
        ("uint16", json!(0), json!(u16::MAX)),
        ("uint32", json!(0), json!(u32::MAX)),
        ("uint64", json!(0), json!(u64::MAX)),
        ("number", json!(-0.5), json!(u64::MAX)),
    ];
    let value = |form: &dyn Fn(&Value, &Value) -> Value| -> Value {
        let members = limits
            .iter()
            .map(|(format, least, most)| ((*format).to_owned(), form(least, most)));
        Value::Object(members.collect())
    };
    let picks: [fn(&Value, &Value) -> Value; 2] =
        [|least, _| least.clone(), |_, most| most.clone()];
    for pick in picks {
        let mut required = value(&pick);
        required["plain"] = json!(i64::MIN);
        let mut optional = required.clone();
        required["float"] = json!(0.25);
        required["double"] = json!(1e300);
        assert_eq!(encode(&decode::<numbers::Required>(&required)), required);
        assert_eq!(encode(&decode::<numbers::Optional>(&optional)), optional);
        optional["number"] = Value::Null;
        decode::<numbers::Optional>(&optional);
    }
    let listed = value(&|least, most| json!([least, most]));
    assert_eq!(encode(&decode::<numbers::Listed>(&listed)), listed);
    let keyed = value(&|least, most| json!({"least": least, "most": most}));
    assert_eq!(encode(&decode::<numbers::Keyed>(&keyed)), keyed);
    for (format, beyond) in [
        ("int32", json!(i64::from(i32::MAX) + 1)),
        ("uint16", json!(u32::from(u16::MAX) + 1)),
        ("uint32", json!(-1)),
        ("int64", json!(u64::MAX)),
    ] {
        let error = decode_error::<numbers::Optional>(&json!({ format: beyond }));
        assert!(
            error.starts_with(&format!("Optional.{format}: ")),
            "{error}"
        );
    }
}

#[test]
fn an_error_names_the_type_and_the_field() {
    let missing = decode_error::<objects::Thing>(&json!({ "id": "i" }));
    assert!(
        missing.starts_with("Thing: missing field `threadId`"),
        "{missing}"
    );
    let wrong = decode_error::<objects::Thing>(&json!({ "by": { "a": { "count": "1" } } }));
    assert!(
        wrong.starts_with("Thing.by: Thing.count: invalid type: string"),
        "{wrong}"
    );
    assert!(wrong.contains("line 1 column"), "{wrong}");
}

#[test]
fn an_open_struct_keeps_additional_members() {
    let value = json!({ "a": "x", "b": [1], "c": null });
    let open: objects::Open = decode(&value);
    assert_eq!(open.rest.len(), 2);
    assert_eq!(encode(&open), value);
}

#[test]
fn an_unknown_string_is_kept_unless_the_enum_is_closed() {
    for (wire, level) in [
        ("low", strings::Level::Low),
        ("very-high", strings::Level::VeryHigh),
        ("unknown", strings::Level::Unknown),
        ("new", strings::Level::Unrecognized("new".to_owned())),
    ] {
        assert_eq!(decode::<strings::Level>(&json!(wire)), level);
        assert_eq!(encode(&level), json!(wire));
        assert_eq!(strings::Level::from(wire), level);
        assert_eq!(level.to_string(), wire);
    }
    assert!(decode_error::<strings::Level>(&json!(1)).contains("a string (Level)"));
    let closed = decode_error::<strings::McpElicitationArrayType>(&json!("list"));
    assert!(closed.contains("unknown value `list`"), "{closed}");
    assert_eq!(encode(&strings::Path::from("/a")), json!("/a"));
}

#[test]
fn a_tag_may_be_in_any_position_and_an_unknown_tag_keeps_the_object() {
    for text in [
        r#"{"type":"agentMessage","id":"1","text":"a"}"#,
        r#"{"id":"1","text":"a","type":"agentMessage"}"#,
        r#"{"id":"1","type":"agentMessage","text":"a","future":{}}"#,
    ] {
        let item: tagged::Item = serde_json::from_str(text).unwrap();
        assert_eq!(item, tagged::AgentMessageItem::new("1", "a").into());
        assert_eq!(item.tag(), "agentMessage");
    }
    let value = json!({ "id": "1", "type": "future", "startedAtMs": 7, "x": [{ "y": null }] });
    let item: tagged::Item = decode(&value);
    assert_eq!(item, tagged::Item::Unrecognized(value.clone()));
    assert_eq!(
        (item.tag(), item.id(), item.started_at_ms()),
        ("future", Some("1"), Some(7))
    );
    assert_eq!(encode(&item), value);
    assert_eq!(
        decode::<tagged::Status>(&json!({ "type": "idle" })),
        tagged::Status::Idle
    );
}

#[test]
fn a_known_tag_with_a_malformed_body_is_an_error() {
    let error =
        decode_error::<tagged::Item>(&json!({ "type": "agentMessage", "id": "1", "text": 2 }));
    assert!(
        error.contains("AgentMessageItem.text: invalid type"),
        "{error}"
    );
    let error =
        decode_error::<tagged::Item>(&json!({ "text": 2, "type": "agentMessage", "id": "1" }));
    assert!(
        error.contains("AgentMessageItem.text: invalid type"),
        "{error}"
    );
    let error = decode_error::<tagged::Item>(&json!({ "id": "1" }));
    assert!(error.contains("Item: missing field `type`"), "{error}");
}

#[test]
fn a_mixed_union_accepts_strings_and_keyed_objects_and_keeps_others() {
    use mixed::{HttpFailedInfo, Info};

    let failed = HttpFailedInfo { status: Some(500) };
    for (value, info) in [
        (json!("overloaded"), Info::Overloaded),
        (
            json!({ "httpFailed": { "status": 500 } }),
            Info::HttpFailed(failed),
        ),
        (json!({ "custom": "x" }), Info::Custom("x".to_owned())),
        (json!("new"), Info::Unrecognized(json!("new"))),
        // A known string with a payload and a known key without one are unknown forms.
        (
            json!({ "overloaded": 1 }),
            Info::Unrecognized(json!({ "overloaded": 1 })),
        ),
        (json!("custom"), Info::Unrecognized(json!("custom"))),
        (
            json!({ "new": 1, "b": 2 }),
            Info::Unrecognized(json!({ "new": 1, "b": 2 })),
        ),
    ] {
        assert_eq!(decode::<Info>(&value), info);
        assert_eq!(encode(&info), value);
    }
    let error = decode_error::<Info>(&json!({ "httpFailed": { "status": "x" } }));
    assert!(
        error.contains("Info.httpFailed: HttpFailedInfo.status"),
        "{error}"
    );
}

#[test]
fn an_untagged_union_takes_the_first_matching_variant() {
    use untagged::{McpElicitationConstOption, ResourceContent, ThreadListCwdFilter};

    for value in [
        json!({ "text": "a", "uri": "b" }),
        json!({ "blob": "a", "uri": "b" }),
    ] {
        assert_eq!(encode(&decode::<ResourceContent>(&value)), value);
    }
    let many = decode::<ThreadListCwdFilter>(&json!(["a", "b"]));
    assert_eq!(many, vec!["a".to_owned(), "b".to_owned()].into());
    let error = decode_error::<ResourceContent>(&json!({ "uri": "b" }));
    assert!(
        error.contains("not Text: TextResourceContent: missing field `text`"),
        "{error}"
    );
    assert!(error.contains("not Blob"), "{error}");
    let strict = json!({ "const": "a", "title": "b", "c": 1 });
    assert!(decode_error::<McpElicitationConstOption>(&strict).contains("unknown field `c`"));
}

#[test]
fn a_message_is_decoded_by_its_method_and_an_unknown_one_is_kept() {
    use messages::{ClientRequest, ServerNotification};

    let value =
        json!({ "method": "thing/started", "params": { "threadId": "t" }, "emittedAtMs": 5 });
    let started: ServerNotification = decode(&value);
    assert_eq!(started.thread_id(), Some("t"));
    assert_eq!(
        (started.emitted_at_ms(), started.turn_id()),
        (Some(5), None)
    );
    assert_eq!(encode(&started), value);

    let value = json!({ "method": "new", "params": { "thread": { "id": "t" } }, "emittedAtMs": 5 });
    let unknown: ServerNotification = decode(&value);
    assert!(matches!(&unknown, ServerNotification::Unrecognized(_)));
    assert_eq!((unknown.method(), unknown.thread_id()), ("new", Some("t")));
    assert_eq!(encode(&unknown), value);

    let error =
        decode_error::<ServerNotification>(&json!({ "method": "thing/started", "params": {} }));
    assert!(error.contains("malformed params of `thing/started`: ThingStartedNotification"));
    let request: ClientRequest = decode(&json!({ "id": 1, "method": "memory/reset" }));
    assert_eq!(encode(&request), json!({ "method": "memory/reset" }));
}

#[test]
fn messages_are_read_from_any_deserializer_and_in_any_order() {
    use messages::{ClientRequest, ServerNotification};

    let value = json!({ "params": { "threadId": "t" }, "method": "thing/started" });
    let from_text: ServerNotification = serde_json::from_str(
        r#"{"params":{"threadId":"t"},"emittedAtMs":null,"method":"thing/started"}"#,
    )
    .unwrap();
    // serde's `flatten` and untagged enums read from a value.
    assert_eq!(
        serde_json::from_value::<ServerNotification>(value).unwrap(),
        from_text
    );
    let entries = [("id", "1"), ("method", "memory/reset")];
    let deserializer =
        serde::de::value::MapDeserializer::<_, serde::de::value::Error>::new(entries.into_iter());
    use serde::Deserialize as _;
    assert_eq!(
        ClientRequest::deserialize(deserializer).unwrap(),
        ClientRequest::MemoryReset
    );
}

#[test]
fn a_number_is_written_as_it_was_read() {
    let schema = r#"{"default":0.5,"maximum":9007199254740993,"minimum":0,"type":"number"}"#;
    let decoded: crate::McpElicitationNumberSchema = serde_json::from_str(schema).unwrap();
    assert_eq!(serde_json::to_string(&decoded).unwrap(), schema);
    let whole = r#"{"minimum":0.0,"type":"number"}"#;
    let decoded: crate::McpElicitationNumberSchema = serde_json::from_str(whole).unwrap();
    assert_eq!(serde_json::to_string(&decoded).unwrap(), whole);
}

#[test]
fn debug_hides_secrets_and_masks_keys_in_text() {
    let changed: messages::ChangedNotification = decode(&json!({
        "accessToken": "t0p", "error": "bad key sk-1234567890", "warnings": ["TOKEN=abc", "late"],
        "what": "sk-1234567890",
    }));
    assert_eq!(
        format!("{changed:?}"),
        r#"ChangedNotification { access_token: [redacted], error: Some("bad key …"), "#.to_owned()
            + r#"warnings: ["TOKEN=…", "late"], what: Some("sk-1234567890"), emitted_at_ms: None }"#,
    );
    let start = messages::ThingStartParams::new("t", "n").secretive("s3cr3t");
    assert!(!format!("{start:#?}").contains("s3cr3t"));
    assert_eq!(encode(&start)["secretive"], "s3cr3t");
}

#[test]
fn a_clearable_field_is_absent_null_or_a_value() {
    let start = messages::ThingStartParams::new("t", "n");
    for (params, tier) in [
        (start.clone(), None),
        (start.clone().clear_tier(), Some(Value::Null)),
        (start.tier("fast"), Some(json!("fast"))),
    ] {
        let written = encode(&params);
        assert_eq!(written.get("tier"), tier.as_ref());
        assert_eq!(decode::<messages::ThingStartParams>(&written), params);
    }
}

#[test]
fn params_have_a_constructor_and_setters() {
    let params = messages::ThingStartParams::new("t", "n")
        .model("m")
        .deep(true);
    assert_eq!(
        encode(&params),
        json!({ "threadId": "t", "name": "n", "model": "m", "deep": true }),
    );
}

#[test]
fn widened_types_keep_every_value_and_do_not_show_it() {
    for value in [
        json!("hunter2"),
        json!({"a": ["hunter2"]}),
        json!(null),
        json!(1),
    ] {
        let any: leniency::Anything = decode(&value);
        assert_eq!(encode(&any), value);
        assert!(!format!("{any:?}").contains("hunter2"), "{any:?}");
    }
    let object = json!({"a": {"b": 1}, "c": "d"});
    let any: leniency::MysteryObject = decode(&object);
    assert_eq!(encode(&any), object);
    let params: leniency::ThingMovedNotification = decode(&object);
    assert_eq!(encode(&params), object);
    let params: leniency::ThingMapsParams = decode(&json!(["a"]));
    assert_eq!(encode(&params), json!(["a"]));
    let known = json!({"id": "i", "x1": 1});
    let patterns: leniency::Patterns = decode(&known);
    assert_eq!(
        (patterns.id.as_deref(), encode(&patterns)),
        (Some("i"), known)
    );
}

#[test]
fn names_by_rule_lead_to_the_right_variants() {
    let content = |value: Value| decode::<leniency::Content>(&value);
    assert_eq!(content(json!("a")), leniency::Content::Text("a".to_owned()));
    assert!(matches!(
        content(json!({"blob": "b"})),
        leniency::Content::Blob(_)
    ));
    assert!(matches!(content(json!(["a"])), leniency::Content::Names(_)));
    assert!(matches!(content(json!(1)), leniency::Content::Other(_)));
    let names = [
        ("a", leniency::Unit::A),
        ("A", leniency::Unit::A2),
        ("unrecognized", leniency::Unit::Unrecognized2),
        ("", leniency::Unit::Empty),
        ("b", leniency::Unit::Unrecognized("b".to_owned())),
    ];
    for (wire, unit) in names {
        assert_eq!(decode::<leniency::Unit>(&json!(wire)), unit);
        assert_eq!(encode(&unit), json!(wire));
    }
    for value in [
        json!("maybe"),
        json!({"no": 1}),
        json!({"Yes": {"why": "w"}}),
        json!("yes"),
    ] {
        assert_eq!(encode(&decode::<leniency::Decision>(&value)), value);
    }
}

#[test]
fn widened_fields_keep_what_they_cannot_describe() {
    let thing = json!({
        "id": "i", "flag": true, "list": ["a", null], "maybe": null, "several": 1, "status": 2,
        "big": 123_456_789_012_345_678_u64, "small": -1, "nothing": null, "unit": "a",
    });
    let read: leniency::Thing = decode(&thing);
    assert_eq!(read.status, Some(leniency::ThingStatus::Number(2)));
    let mut expected = thing;
    expected.as_object_mut().unwrap().remove("nothing");
    assert_eq!(encode(&read), expected);
    let node = json!({"next": {"children": []}, "children": [{"value": {"type": "leaf"}}]});
    assert_eq!(encode(&decode::<leniency::Node>(&node)), node);
}

#[test]
fn messages_without_params_are_read_with_and_without_them() {
    for message in [
        json!({"method": "thing/gone"}),
        json!({"method": "thing/gone", "params": {}}),
    ] {
        let read: leniency::ServerNotification = decode(&message);
        assert!(matches!(read, leniency::ServerNotification::ThingGone(_)));
    }
    let asked: leniency::ServerRequest = decode(&json!({"method": "thing/ask", "id": 1}));
    assert!(matches!(asked, leniency::ServerRequest::ThingAsk(_)));
}
