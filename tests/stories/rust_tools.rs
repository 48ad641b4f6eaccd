//! Tools in Rust on the real app-server: the tools offered, their calls and their outputs.

use std::{future::pending, time::Duration};

use codex_client::{
    HandlerResult, Tool, ToolContext, ToolOutput, schemars,
    types::{ThreadItem, TurnStatus},
};
use codex_testing::{Item, ModelRequest, ModelResponse};
use codex_tests::stage::Stage;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// A ticket to look up.
#[derive(Deserialize, JsonSchema)]
struct Lookup {
    /// For example `ABC-1`.
    id: String,
    #[serde(default)]
    fields: Vec<String>,
}

/// Returns a tool that finds an open ticket for any id with a dash, and none for other ids.
fn lookup() -> Tool {
    Tool::new(
        "lookup_ticket",
        "Fetch a ticket by id",
        |args: Lookup| async move {
            let (project, number) = args.id.split_once('-').ok_or("no such ticket")?;
            let number: u32 = number.parse()?;
            Ok(format!(
                "Ticket {number} of {project} is open {:?}.",
                args.fields
            ))
        },
    )
}

/// Creates a call with this id.
fn call(id: &str, tool: &str, arguments: serde_json::Value) -> Item {
    let item = match tool.split_once('/') {
        Some((namespace, tool)) => Item::function_call(tool, arguments).namespace(namespace),
        None => Item::function_call(tool, arguments),
    };
    item.call_id(id)
}

/// Returns the outputs of these calls in the last request to the model.
fn outputs(stage: &Stage, calls: &[&str]) -> Vec<String> {
    let requests = stage.model.requests();
    let last: &ModelRequest = requests.last().unwrap();
    let outputs = calls
        .iter()
        .map(|call| last.tool_output(call).unwrap_or_default());
    outputs.collect()
}

#[tokio::test]
async fn a_tool_called_twice_in_a_turn_may_fail_once() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().tool(lookup()).await.unwrap();
    let args = json!({"id": "ABC-7", "fields": ["title"]});
    stage.model.push(ModelResponse::items([
        call("good", "lookup_ticket", args),
        call("bad", "lookup_ticket", json!({"id": "ABC"})),
    ]));
    stage.model.push("One of them is open.");
    let result = thread.run("What about them?").await.unwrap();
    assert_eq!(
        result.final_response.as_deref(),
        Some("One of them is open.")
    );
    let expected = [r#"Ticket 7 of ABC is open ["title"]."#, "no such ticket"];
    assert_eq!(outputs(&stage, &["good", "bad"]), expected);
    let calls = result.items.iter().filter_map(|item| match item {
        ThreadItem::DynamicToolCall(call) => Some((call.id.as_str(), call.success)),
        _ => None,
    });
    let mut calls: Vec<_> = calls.collect();
    calls.sort_unstable();
    assert_eq!(calls, [("bad", Some(false)), ("good", Some(true))]);
    // The server passes on only part of the schema.
    let asked = &stage.model.requests()[0];
    let offered = asked.tools().into_iter();
    let offered: Vec<_> = offered
        .filter(|tool| tool["name"] == "lookup_ticket")
        .collect();
    let expected = json!({
        "type": "function", "name": "lookup_ticket", "description": "Fetch a ticket by id",
        "strict": false,
        "parameters": {
            "type": "object", "description": "A ticket to look up.", "required": ["id"],
            "properties": {
                "id": {"type": "string", "description": "For example `ABC-1`."},
                "fields": {"type": "array", "items": {"type": "string"}},
            },
        },
    });
    assert_eq!(offered, [&expected]);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn tools_and_namespaces_coexist_independently() {
    let stage = Stage::new();
    let codex = stage.start().await;
    // A tool that uses the client: it runs a turn in another thread.
    let second = codex.thread_start().await.unwrap();
    let opinion = Tool::with_context("opinion", "Asks another thread", {
        let second = second.id().to_owned();
        move |question: String, context: ToolContext| {
            let second = second.clone();
            async move {
                let codex = context.codex.upgrade().ok_or("the client is closed")?;
                let other = codex.thread_resume(second).await?;
                let result = other.run(question).await?;
                Ok(result.final_response.unwrap_or_default())
            }
        }
    });
    // The thread can be resumed once it has a turn.
    stage.model.push("Hello.");
    second.run("Hi.").await.unwrap();
    let look = Tool::new("look", "Shows a picture", |(): ()| async {
        Ok(ToolOutput::text("Red:").and(ToolOutput::image("image/png", RED_SQUARE)))
    });
    let broken = Tool::new("broken", "Breaks", |(): ()| async {
        assert!(std::env::args().count() == 0, "broken");
        Ok(())
    });
    let slow = Tool::new("slow", "Never returns", |(): ()| {
        pending::<HandlerResult<()>>()
    });
    let thread = codex.thread_start().tool(lookup());
    let more = [opinion, broken, slow.timeout(Duration::from_millis(1))];
    let thread = thread.tool_namespace("odd", "Odd ones", more);
    let thread = thread.tool_namespace("fine", "Fine ones", [look]);
    let thread = thread.await.unwrap();
    stage.model.respond_with(move |request: &ModelRequest| {
        if request.last_user_text().as_deref() == Some("Really?") {
            return ModelResponse::text("Yes.");
        }
        match request.last_tool_output() {
            Some(_) => ModelResponse::text("Done."),
            None => ModelResponse::items([
                call("1", "odd/opinion", json!({"value": "Really?"})),
                call("2", "odd/broken", json!({})),
                call("3", "odd/slow", json!({})),
                call("4", "fine/look", json!({})),
                call("5", "lookup_ticket", json!({"id": 7})),
                call("6", "fine/lookup_ticket", json!({"id": "A-1"})),
                call("7", "lookup_ticket", json!({"id": "A-1"})),
            ]),
        }
    });
    let result = thread.run("Go.").await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("Done."));
    let said = outputs(&stage, &["1", "2", "3", "5", "6", "7"]);
    let expected = [
        "Yes.",
        "the tool panicked",
        "the tool took longer than 0.001 s",
        "the arguments do not match: `id`: invalid type: integer `7`, expected a string",
        // An error from the server, which does not offer this tool.
        "unsupported call: finelookup_ticket",
        "Ticket 1 of A is open [].",
    ];
    assert_eq!(said, expected);
    let requests = stage.model.requests();
    let input = serde_json::to_string(requests.last().unwrap().input()).unwrap();
    assert!(input.contains("input_image") && input.contains("data:image/png;base64,"));
    codex.close().await.unwrap();
}

/// A PNG of 8 by 8 pixels.
const RED_SQUARE: &[u8] = &[
    0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0,
    0, 8, 0, 0, 0, 8, 8, 2, 0, 0, 0, 0x4b, 0x6d, 0x29, 0xdc, 0, 0, 0, 0x11, b'I', b'D', b'A', b'T',
    0x78, 0xda, 0x63, 0xf8, 0xcf, 0xc0, 0x80, 0x15, 0x31, 0x0c, 0x2d, 0x09, 0, 0x28, 0xff, 0x3f,
    0xc1, 0xce, 0x77, 0xc8, 0x4f, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

#[tokio::test]
async fn a_resumed_thread_and_its_forks_serve_a_saved_tool_only_if_it_is_added_again() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().tool(lookup()).await.unwrap();
    stage.model.push("Hello.");
    thread.run("Hi.").await.unwrap();
    codex.close().await.unwrap();

    // A different server knows the tool only from the saved thread.
    let codex = stage.start().await;
    let ask = |id: &str| {
        let args = json!({"id": "ABC-7"});
        stage
            .model
            .push(ModelResponse::items([call(id, "lookup_ticket", args)]));
        stage.model.push("I see.");
    };
    let resumed = codex.thread_resume(thread.id()).await.unwrap();
    ask("unhandled");
    resumed.run("And now?").await.unwrap();
    let unhandled = "the client has no response to this request";
    assert_eq!(outputs(&stage, &["unhandled"]), [unhandled]);
    let resumed = codex.thread_resume(thread.id()).tool(lookup());
    let resumed = resumed.await.unwrap();
    ask("handled");
    resumed.run("And now?").await.unwrap();
    let handled = "Ticket 7 of ABC is open [].";
    assert_eq!(outputs(&stage, &["handled"]), [handled]);
    let fork = codex.thread_fork(thread.id()).await.unwrap();
    ask("fork");
    fork.run("And now?").await.unwrap();
    assert_eq!(outputs(&stage, &["fork"]), [handled]);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_sub_agent_with_the_history_of_a_thread_has_the_tools_of_the_thread_too() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().tool(lookup()).await.unwrap();
    let id = thread.id().to_owned();
    stage.model.respond_with(move |request: &ModelRequest| {
        let is_agent = request.thread_id() != Some(id.as_str());
        let called = request.tool_output(if is_agent { "lookup" } else { "spawn" });
        match (is_agent, called) {
            (_, Some(_)) if is_agent => ModelResponse::text("It is open."),
            (true, _) => {
                ModelResponse::items([call("lookup", "lookup_ticket", json!({"id": "ABC-7"}))])
            }
            (false, None) => {
                let args = json!({"message": "Look it up.", "fork_context": true});
                ModelResponse::items([call("spawn", "multi_agent_v1/spawn_agent", args)])
            }
            (false, Some(spawned)) => {
                if request.tool_output("wait").is_some() {
                    return ModelResponse::text("Done.");
                }
                let spawned: serde_json::Value = serde_json::from_str(&spawned).unwrap();
                let args = json!({"targets": [spawned["agent_id"]], "timeout_ms": 60_000});
                ModelResponse::items([call("wait", "multi_agent_v1/wait_agent", args)])
            }
        }
    });
    let result = thread.run("Have it looked up.").await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("Done."));
    let requests = stage.model.requests();
    let heard = requests
        .iter()
        .find_map(|request| request.tool_output("lookup"));
    assert_eq!(heard.as_deref(), Some("Ticket 7 of ABC is open []."));
    codex.close().await.unwrap();
}

#[tokio::test]
async fn an_interrupted_turn_drops_its_tool_call() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let (called, mut calls) = tokio::sync::mpsc::unbounded_channel();
    let slow = Tool::new("slow", "Never returns", move |(): ()| {
        let called = called.clone();
        async move {
            called.send(())?;
            // Held until the call is dropped.
            let _called = called;
            pending::<HandlerResult<()>>().await
        }
    });
    let thread = codex.thread_start().tool(slow).await.unwrap();
    stage
        .model
        .push(ModelResponse::function_call("slow", json!({})));
    let turn = thread.turn("Go.").await.unwrap();
    calls.recv().await.unwrap();
    turn.interrupt().await.unwrap();
    assert_eq!(turn.run().await.unwrap().status, TurnStatus::Interrupted);
    stage.model.push("Still here.");
    let result = thread.run("And now?").await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("Still here."));
    codex.close().await.unwrap();
    // The connection has dropped the tool; the interrupt had already dropped its call.
    assert!(calls.recv().await.is_none());
}

#[test]
fn the_blocking_api_has_async_and_blocking_tools() {
    let stage = Stage::new();
    let codex = stage.start_blocking();
    let models = Tool::blocking_with_context("models", "Counts models", |(): (), context| {
        let context: ToolContext = context;
        let codex = codex_client::blocking::WeakCodex::from(context.codex);
        let codex = codex.upgrade().ok_or("the client is closed")?;
        let models = codex.models().send()?.data;
        Ok(format!("some: {}", !models.is_empty()))
    });
    let echo = Tool::blocking("echo", "Says it again", |text: String| Ok(text));
    let thread = codex.thread_start().tool(lookup()).tool(echo);
    let thread = thread.tool(models).send().unwrap();
    stage.model.push(ModelResponse::items([
        call("1", "lookup_ticket", json!({"id": "ABC-7"})),
        call("2", "echo", json!({"value": "hello"})),
        call("3", "models", json!({})),
    ]));
    stage.model.push("Done.");
    thread.run("Go.").send().unwrap();
    let expected = ["Ticket 7 of ABC is open [].", "hello", "some: true"];
    assert_eq!(outputs(&stage, &["1", "2", "3"]), expected);
    codex.close().unwrap();
}
