//! Definitions of tools, and their outputs on the wire.

use codex_types::DynamicToolCallResponse;
use serde_json::{Value, json};

use crate::tool::{Tool, output::ToolOutput, set::ToolSet};

fn wire(output: impl Into<ToolOutput>) -> Value {
    serde_json::to_value(DynamicToolCallResponse::from(output.into())).unwrap()
}

#[test]
fn each_kind_of_output_has_its_own_form_on_the_wire() {
    let output = ToolOutput::text("look")
        .and(ToolOutput::image("image/png", [0, 1, 255]))
        .and(ToolOutput::image_url("data:image/png;base64,AA=="))
        .and(ToolOutput::audio("audio/wav", b"RIFF"))
        .and("done");
    let items = json!([
        {"type": "inputText", "text": "look"},
        {"type": "inputImage", "imageUrl": "data:image/png;base64,AAH/"},
        {"type": "inputImage", "imageUrl": "data:image/png;base64,AA=="},
        {"type": "inputAudio", "audioUrl": "data:audio/wav;base64,UklGRg=="},
        {"type": "inputText", "text": "done"},
    ]);
    assert_eq!(
        wire(output.clone()),
        json!({"contentItems": items, "success": true})
    );
    assert_eq!(wire(output.failed())["success"], false);
    assert_eq!(
        wire(ToolOutput::text("a").and(ToolOutput::text("b").failed()))["success"],
        false
    );
}

#[test]
fn strings_json_lists_and_unit_convert_to_outputs() {
    let text = |text: &str| json!({"type": "inputText", "text": text});
    assert_eq!(wire("a")["contentItems"], json!([text("a")]));
    assert_eq!(
        wire(json!({"a": 1}))["contentItems"],
        json!([text(r#"{"a":1}"#)])
    );
    let list = vec![String::from("a"), String::from("b")];
    assert_eq!(wire(list)["contentItems"], json!([text("a"), text("b")]));
    let nothing = json!({"contentItems": [text("(no output)")], "success": true});
    assert_eq!(wire(()), nothing);
    assert_eq!(wire(Vec::<String>::new()), nothing);
}

fn tool(name: &str) -> Tool {
    Tool::with_schema(name, "", json!({}), |_, _| async { Ok(()) })
}

/// Returns the error of a set of tools.
fn error_of(fill: impl FnOnce(&mut ToolSet)) -> Option<String> {
    let mut set = ToolSet::default();
    fill(&mut set);
    let error = set.specs().err().or_else(|| set.toolbox().err());
    error.map(|error| error.to_string())
}

#[test]
fn names_must_be_valid_and_unique() {
    let named = |name: &str| error_of(|set| set.add(tool(name)));
    for good in ["a", "A-b_9", "mcp2", &"a".repeat(128)] {
        assert_eq!(named(good), None);
    }
    for bad in ["", "a b", "a.b", "ä", &"a".repeat(129)] {
        let fault = named(bad).unwrap();
        let expected = format!("the name of the tool `{bad}` must consist of 1 to 128");
        assert!(fault.starts_with(&expected), "{fault}");
    }
    for reserved in ["mcp", "mcp__server__tool"] {
        assert!(named(reserved).unwrap().contains("reserved for MCP"));
    }
    let space = |set: &mut ToolSet, name: &str, tools: &[&str]| {
        let tools = tools.iter().map(|name| tool(name)).collect();
        set.add_namespace(name.to_owned(), String::new(), tools);
    };
    let fine = error_of(|set| {
        set.add(tool("a"));
        space(set, "a", &["a", "b"]);
        space(set, "b", &["a"]);
    });
    assert_eq!(fine, None);
    let twice = error_of(|set| space(set, "n", &["a", "a"])).unwrap();
    assert_eq!(twice, "the tool `a` in the namespace `n` is defined twice");
    let twice = error_of(|set| {
        space(set, "n", &["a"]);
        space(set, "n", &["b"]);
    });
    assert_eq!(twice.unwrap(), "the namespace `n` is defined twice");
    let empty = error_of(|set| space(set, "n", &[])).unwrap();
    assert_eq!(empty, "the namespace `n` has no tools");
    let long = error_of(|set| space(set, &"n".repeat(65), &["a"])).unwrap();
    assert!(long.contains("1 to 64"), "{long}");
    let long = "é".repeat(1025);
    let long = error_of(|set| set.add_namespace("n".to_owned(), long, vec![tool("a")]));
    assert!(long.unwrap().contains("more than 1024 characters"));
    let alone = error_of(|set| set.add(tool("a").defer_loading(true))).unwrap();
    assert!(alone.contains("it is not in a namespace"), "{alone}");
}

#[cfg(feature = "structured_output")]
#[test]
fn the_error_for_arguments_without_a_schema_names_the_tool() {
    use schemars::JsonSchema;

    #[derive(serde::Deserialize, JsonSchema)]
    enum Never {}
    #[derive(serde::Deserialize, JsonSchema)]
    #[expect(dead_code)]
    struct Args {
        map: std::collections::BTreeMap<String, Value>,
        never: Never,
    }
    let tool = Tool::new("t", "", |_: Args| async { Ok(()) });
    let fault = error_of(|set| set.add(tool)).unwrap();
    assert!(
        fault.starts_with("the arguments of the tool `t`: `"),
        "{fault}"
    );
    assert!(fault.contains("Never"), "{fault}");
}
