//! Runs each example of `codex-client` unchanged, as a separate process, on the real app-server.

// Helpers panic on behalf of the tests, but clippy exempts only the test functions themselves.
#![expect(clippy::unwrap_used)]

mod fleet;
mod harness;
mod orchestrator;
mod programs;

use std::{collections::BTreeSet, fs};

use codex_testing::{Item, ModelResponse};
use codex_tests::{manifest_dir::manifest_dir, stage::Stage};
use harness::Example;
use serde_json::json;

/// A PNG of a red square.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0,
    0, 8, 0, 0, 0, 8, 8, 2, 0, 0, 0, 0x4b, 0x6d, 0x29, 0xdc, 0, 0, 0, 0x11, b'I', b'D', b'A', b'T',
    0x78, 0xda, 0x63, 0xf8, 0xcf, 0xc0, 0x80, 0x15, 0x31, 0x0c, 0x2d, 0x09, 0, 0x28, 0xff, 0x3f,
    0xc1, 0xce, 0x77, 0xc8, 0x4f, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

/// Tests each example in its async and its blocking form.
macro_rules! examples {
    ($(fn $name:ident($example:ident) $body:block)*) => {
        mod asynchronous {
            use super::*;
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(Example::new(stringify!($name))).await;
                }
            )*
        }

        mod blocking {
            use super::*;
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(Example::new(concat!(stringify!($name), "_blocking"))).await;
                }
            )*
        }

        /// The tested examples.
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        $(
            async fn $name(mut $example: Example) $body
        )*
    };
}

examples! {
    fn quickstart(example) {
        example.prints(&[
            "server:   codex_rust_sdk/",
            "thread:   ",
            "response: It is 42.",
            "items:    2",
        ]).await;
    }

    fn turn_result(example) {
        example.prints(&[
            "status:   completed",
            "took:",
            "tokens:   ",
            "item:     user: List the files",
            "item:     codex: It is 42.",
            "response: It is 42.",
        ]).await;
    }

    fn streaming(example) {
        let response = ModelResponse::deltas(["It ", "is ", "42."]);
        example.stage.model.push(response);
        example.prints(&["It is 42.", "[completed ("]).await;
    }

    fn models_and_metadata(example) {
        let home = example.stage.home.codex_home();
        let home = format!("home:   {}", home.display());
        example.prints(&["server: models_example/", &home, "system: ", "model:  gpt-"]).await;
    }

    fn resume(example) {
        let stdout = example.prints(&["thread: ", "response: It is 42."]).await;
        let id = stdout.lines().find_map(|line| line.strip_prefix("thread: ")).unwrap();
        example.again().arg(id);
        example.prints(&["turns so far: 1", "response: It is 42."]).await;
    }

    fn lifecycle(example) {
        example.prints(&[
            "named:      Parsers (1 turns)",
            "listed:     ",
            "forked:     ",
            "archived:   ",
            "unarchived: ",
            "compacted:  completed",
        ]).await;
    }

    fn image(example) {
        example.prints(&["response: It is 42."]).await;
        assert!(sent_an_image(&example.stage));
    }

    fn local_image(example) {
        let path = example.stage.home.workspace().join("square.png");
        fs::write(path, PNG).unwrap();
        example.command.arg("square.png");
        example.prints(&["response: It is 42."]).await;
        assert!(sent_an_image(&example.stage));
    }

    fn errors_and_retry(example) {
        example.prints(&["error: no such thread", "response: It is 42."]).await;
        example.stage.model.push(ModelResponse::http_error(400, "bad request"));
        example.again();
        example.prints(&["error: no such thread", "failed: bad request"]).await;
    }

    fn terminal_chat(example) {
        example.stdin = "What is it?\nReally?\n";
        example.stderr = Some("completed (");
        example.prints(&["It is 42.", "It is 42."]).await;
        // A failed turn does not end the program, which continues the thread.
        example.stage.model.push(ModelResponse::http_error(400, "bad request"));
        example.again();
        example.stderr = Some("the turn failed: bad request");
        example.prints(&["It is 42."]).await;
        let requests = example.stage.model.requests();
        let last = requests.last().unwrap();
        assert_eq!(last.last_user_text().as_deref(), Some("Really?"));
        assert_eq!(last.body().to_string().matches("What is it?").count(), 2);
        programs::chat_asks_for_approvals(&example.name).await;
    }

    fn turn_options(example) {
        let response = r#"{ "language": "Rust", "confidence": 0.9 }"#;
        example.stage.model.push(ModelResponse::text(response));
        example.prints(&["language:   \"Rust\"", "confidence: 0.9"]).await;
        let requests = example.stage.model.requests();
        let body = requests[0].body();
        assert_eq!(body["reasoning"]["effort"], "low");
        assert_eq!(body["text"]["format"]["type"], "json_schema");
    }

    fn typed_output(example) {
        let push = |text: &str| example.stage.model.push(ModelResponse::text(text));
        push(
            r#"{ "verdict": "NeedsWork", "summary": "Nearly.", "comments": [
                { "file": "a.rs", "line": 7, "text": "Why?" },
                { "file": "b.rs", "line": null, "text": "Too long." }
            ] }"#,
        );
        push(r#"{ "value": ["Say why.", "Cut it."] }"#);
        example.prints(&[
            "needs work: Nearly.",
            "a.rs:7: Why?",
            "b.rs: Too long.",
            "1. Say why.",
            "2. Cut it.",
        ]).await;
        // A response that does not match is reported.
        example.stage.model.push(ModelResponse::text(r#"{ "verdict": "Good", "summary": 1 }"#));
        example.again();
        example.prints(&["not a review: `summary`: invalid type", "response: {"]).await;
    }

    fn tool(example) {
        let stage = &example.stage;
        stage.model.push(ModelResponse::items(["ABC-1", "ABC-9"].map(|id| {
            Item::function_call("lookup_ticket", json!({ "id": id })).call_id(id)
        })));
        let stdout = example.prints(&["thread: ", "response: It is 42."]).await;
        assert!(stdout.contains(r#"called: lookup_ticket({"id":"ABC-1"})"#), "{stdout}");
        assert!(stdout.contains(r#"failed: lookup_ticket({"id":"ABC-9"})"#), "{stdout}");
        let requests = example.stage.model.requests();
        let output = |id: &str| requests[1].tool_output(id);
        assert_eq!(output("ABC-1").as_deref(), Some("ABC-1: The door squeaks."));
        assert_eq!(output("ABC-9").as_deref(), Some("there is no such ticket"));
        let id = stdout.lines().find_map(|line| line.strip_prefix("thread: ")).unwrap();
        let call = ModelResponse::function_call("lookup_ticket", json!({ "id": "ABC-2" }));
        example.stage.model.push(call);
        example.again().arg(id);
        example.prints(&["called: lookup_ticket(", "response: It is 42."]).await;
    }

    fn model_selection(example) {
        let stdout = example.prints(&[
            "model:    ",
            "effort:   ",
            "effort:   ",
            "response: It is 42.",
        ]).await;
        let mut effort = stdout.lines().filter_map(|line| line.strip_prefix("effort:   "));
        let requests = example.stage.model.requests();
        assert_eq!(requests[1].body()["reasoning"]["effort"], effort.next_back().unwrap());
    }

    fn turn_control(example) {
        // Neither response ends on its own.
        let model = &example.stage.model;
        let (first, second) = (model.gate(), model.gate());
        model.push(ModelResponse::deltas(["one, ", "two"]).hold_after(1, &first));
        model.push(ModelResponse::deltas(["un, ", "deux"]).hold_after(1, &second));
        example.prints(&["steering", "interrupting", "interrupted, with "]).await;
        let requests = example.stage.model.requests();
        assert_eq!(requests[1].last_user_text().as_deref(), Some("Count in French instead."));
    }

    fn login_and_account(example) {
        example.prints(&["The model provider needs no OpenAI login"]).await;
        example.again().arg("api-key").env("OPENAI_API_KEY", "sk-no-secret");
        example.prints(&["API key saved"]).await;
        example.again().arg("logout");
        example.run().await;
    }

    fn approvals(example) {
        let touch = |name: &str| {
            let call = json!({
                "cmd": format!("touch {name}"), "sandbox_permissions": "require_escalated",
                "justification": "You have asked for it.",
            });
            example.stage.model.push(ModelResponse::function_call("exec_command", call));
        };
        touch("yes.txt");
        touch("no.txt");
        example.stage.model.push("As you wish.");
        // Any input other than a number declines the request.
        example.stdin = "1\nnever\n";
        example.prints(&[
            "run: ",
            "  1) yes",
            "? ",
            "run: ",
            "? response: As you wish.",
        ]).await;
        let made = |name: &str| example.stage.home.workspace().join(name).exists();
        assert!(made("yes.txt") && !made("no.txt"));
    }

    fn elicitation(example) {
        example.command.arg(env!("CARGO_BIN_EXE_mcp_server"));
        for tool in ["act", "ask"] {
            let call = Item::function_call(tool, json!({})).namespace("mcp__example");
            example.stage.model.push(ModelResponse::items([call]));
        }
        example.stage.model.push("Blue it is.");
        // A text field accepts a number as text.
        example.stdin = "no\n7\ny\n";
        let expected = [
            "example asks: Allow the example MCP server to run tool \"act\"?",
            "Accept? (y): example asks: Which color?",
            "color: Accept? (y): response: Blue it is.",
        ];
        example.prints(&expected).await;
        let requests = example.stage.model.requests();
        let tool_output = |request: usize| requests[request].last_tool_output();
        let act = tool_output(1).unwrap();
        assert!(!act.contains("has acted"), "{act}");
        let ask = tool_output(2).unwrap();
        assert!(ask.contains("accept") && ask.contains(r#""7""#), "{ask}");
    }

    fn mcp_server(example) {
        example.command.arg(env!("CARGO_BIN_EXE_tickets_mcp"));
        let call = Item::function_call("read", json!({})).namespace("mcp__tickets");
        example.stage.model.push(ModelResponse::items([call]));
        example.stage.model.push("Ticket 7 is open.");
        let expected = ["model: Some(", "called read of tickets", "Ticket 7 is open."];
        example.prints(&expected).await;
    }

    fn review(example) {
        let command = json!({ "cmd": "git diff" });
        let model = &example.stage.model;
        model.push(ModelResponse::function_call("exec_command", command));
        model.push(ModelResponse::text("Nothing is wrong."));
        example.prints(&["ran: git diff", "status: completed", "review: Nothing is wrong."]).await;
    }

    fn sub_agents(example) {
        example.stage.model.respond_with(|request| {
            if request.last_user_text().as_deref() == Some("Count.") {
                return ModelResponse::text("Three.");
            }
            let call = |name, arguments| {
                let call = Item::function_call(name, arguments).namespace("multi_agent_v1");
                ModelResponse::items([call])
            };
            match request.last_tool_output() {
                None => call("spawn_agent", json!({ "message": "Count." })),
                Some(output) if output.contains("agent_id") => {
                    let spawned: serde_json::Value = serde_json::from_str(&output).unwrap();
                    let targets = json!([spawned["agent_id"]]);
                    call("wait_agent", json!({ "targets": targets, "timeout_ms": 60_000 }))
                }
                Some(_) => ModelResponse::text("There are three."),
            }
        });
        let output = example.prints(&[
            "begun:    ",
            "done:     ",
            "ended:    ",
            "response: There are three.",
            "tokens:   15 of ",
            "total:    60 tokens",
        ]).await;
        assert!(output.contains(": Three.") && output.contains(", completed"), "{output}");
    }

    fn goal(example) {
        let complete = json!({ "status": "complete" });
        let model = &example.stage.model;
        model.push("I have begun.");
        model.push(ModelResponse::function_call("update_goal", complete));
        model.push("It is done.");
        example.prints(&[
            "turn",
            "  codex: I have begun.",
            "turn",
            "  codex: It is done.",
            "status: complete",
            "tokens: ",
            "turns:  2",
        ]).await;
    }

    fn fs_watch(example) {
        let file = example.stage.home.workspace().join("made");
        let stdout = example.run_and_then(|| fs::write(&file, "new").unwrap()).await;
        assert!(stdout.starts_with("changed: ") && stdout.contains("made"), "{stdout}");
    }

    fn exec(example) {
        example.prints(&["stdout: hello", "read hello in 30 100", "exit:   3"]).await;
    }
}

fn sent_an_image(stage: &Stage) -> bool {
    let body = stage.model.requests()[0].body().to_string();
    body.contains("input_image") && body.contains("data:image/png;base64,")
}

#[test]
fn every_example_is_tested_in_both_forms_and_every_program_in_its_own() {
    let directory = manifest_dir().join("../crates/codex-client/examples");
    let files = fs::read_dir(directory).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let found: BTreeSet<String> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let tested = NAMES
        .iter()
        .flat_map(|name| [name.to_string(), format!("{name}_blocking")])
        .chain(programs::NAMES.map(str::to_owned));
    assert_eq!(found, tested.collect());
}
