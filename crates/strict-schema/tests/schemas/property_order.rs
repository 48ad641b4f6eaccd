//! The order in which a schema lists properties when it is serialized.

use schemars::JsonSchema;
use serde_json::Value;

#[test]
fn a_tag_is_serialized_before_properties_that_sort_before_it() {
    #[derive(JsonSchema)]
    #[serde(tag = "type", content = "properties")]
    #[expect(dead_code)]
    enum Step {
        Edit { path: String },
        Wait,
    }
    let schema = strict_schema::for_type::<Vec<Step>>().unwrap();
    let text = serde_json::to_string(&schema).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(&value, schema.as_value());
    // The property named `properties` is not the keyword.
    for (order, times) in [
        (r#""properties":{"type":{"#, 2),
        (r#""properties":{"properties":"#, 0),
        (r#""required":["type","properties"]"#, 1),
    ] {
        assert_eq!(text.matches(order).count(), times, "{order} in {text}");
    }
}

/// Run with `cargo test -p strict-schema --features preserve_order`.
#[cfg(feature = "preserve_order")]
#[test]
fn properties_keep_the_order_of_the_struct() {
    #[derive(JsonSchema)]
    #[expect(dead_code)]
    struct Verdict {
        reasons: Vec<String>,
        is_good: bool,
    }

    let schema = strict_schema::for_type::<Verdict>().unwrap();
    let text = serde_json::to_string(&schema).unwrap();
    let position = |name: &str| text.find(&format!("{name:?}:")).unwrap();
    assert!(position("reasons") < position("is_good"), "{text}");
    let required = serde_json::json!(["reasons", "is_good"]);
    assert_eq!(schema.as_value()["required"], required);
}
