//! Tools and their outputs as values.

use std::collections::BTreeMap;

use codex_types::DynamicToolCallResponse;
use schemars::JsonSchema;
use serde_json::{Value, json};

use crate::tool::{Tool, output::ToolOutput, set::ToolSet};

fn wire(output: impl Into<ToolOutput>) -> Value {
    serde_json::to_value(DynamicToolCallResponse::from(output.into())).unwrap()
}

#[test]
fn each_kind_of_output_has_its_form_on_the_wire() {
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
fn texts_json_lists_and_nothing_are_outputs() {
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
    Tool::new(name, "", |(): ()| async { Ok(()) })
}

/// What is wrong with a set of tools.
fn fault(fill: impl FnOnce(&mut ToolSet)) -> Option<String> {
    let mut set = ToolSet::default();
    fill(&mut set);
    let error = set.specs().err().or_else(|| set.toolbox().err());
    error.map(|error| error.to_string())
}

#[test]
fn names_have_to_do_and_to_be_there_once() {
    let named = |name: &str| fault(|set| set.add(tool(name)));
    for good in ["a", "A-b_9", "mcp2", &"a".repeat(128)] {
        assert_eq!(named(good), None);
    }
    for bad in ["", "a b", "a.b", "ä", &"a".repeat(129)] {
        let fault = named(bad).unwrap();
        let expected = format!("the name of the tool `{bad}` has to consist of 1 to 128");
        assert!(fault.starts_with(&expected), "{fault}");
    }
    for reserved in ["mcp", "mcp__server__tool"] {
        assert!(named(reserved).unwrap().contains("of MCP"));
    }
    let space = |set: &mut ToolSet, name: &str, tools: &[&str]| {
        let tools = tools.iter().map(|name| tool(name)).collect();
        set.add_namespace(name.to_owned(), String::new(), tools);
    };
    let fine = fault(|set| {
        set.add(tool("a"));
        space(set, "a", &["a", "b"]);
        space(set, "b", &["a"]);
    });
    assert_eq!(fine, None);
    let twice = fault(|set| space(set, "n", &["a", "a"])).unwrap();
    assert_eq!(twice, "the tool `a` in the namespace `n` was given twice");
    let twice = fault(|set| {
        space(set, "n", &["a"]);
        space(set, "n", &["b"]);
    });
    assert_eq!(twice.unwrap(), "the namespace `n` was given twice");
    let empty = fault(|set| space(set, "n", &[])).unwrap();
    assert_eq!(empty, "there is no tool in the namespace `n`");
    let long = fault(|set| space(set, &"n".repeat(65), &["a"])).unwrap();
    assert!(long.contains("1 to 64"), "{long}");
    let long = "é".repeat(1025);
    let long = fault(|set| set.add_namespace("n".to_owned(), long, vec![tool("a")]));
    assert!(long.unwrap().contains("more than 1024 characters"));
    let alone = fault(|set| set.add(tool("a").defer_loading(true))).unwrap();
    assert!(alone.contains("is in no namespace"), "{alone}");
}

#[test]
fn arguments_without_a_schema_are_a_fault_of_their_tool() {
    #[derive(serde::Deserialize, JsonSchema)]
    enum Never {}
    #[derive(serde::Deserialize, JsonSchema)]
    #[expect(dead_code)]
    struct Args {
        map: BTreeMap<String, Value>,
        never: Never,
    }
    let tool = Tool::new("t", "", |_: Args| async { Ok(()) });
    let fault = fault(|set| set.add(tool)).unwrap();
    assert!(
        fault.starts_with("the arguments of the tool `t`: `"),
        "{fault}"
    );
    assert!(fault.contains("Never"), "{fault}");
}
