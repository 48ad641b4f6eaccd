//! Questions to the user, from the model and from MCP servers, on a real app-server.

use codex_client::{
    Codex, Thread, blocking,
    builder::CodexBuilder,
    config::McpServer,
    types::{
        AskForApproval, McpServerElicitationRequestParams, McpServerElicitationRequestResponse,
        ServerRequest, ToolRequestUserInputParams, ToolRequestUserInputResponse,
    },
};
use codex_testing::{Item, ModelResponse};
use codex_tests::stage::Stage;
use serde_json::{Value, json};

/// Enables the feature that lets the model ask questions outside plan mode.
fn asking<M>(builder: CodexBuilder<M>) -> CodexBuilder<M> {
    builder.config("features.default_mode_request_user_input", true)
}

/// Scripts a question from the model, followed by text.
fn ask(stage: &Stage) {
    let question = json!({
        "id": "color", "header": "Color", "question": "Which color?", "options": [
            {"label": "Blue", "description": "Like the sky."},
            {"label": "Red", "description": "Like a rose."},
        ],
    });
    let call = ModelResponse::function_call("request_user_input", json!({"questions": [question]}));
    stage.model.push(call);
    stage.model.push("Then it is so.");
}

/// Returns the last tool output that the model received.
fn last_output(stage: &Stage) -> String {
    let requests = stage.model.requests();
    requests.last().unwrap().last_tool_output().unwrap()
}

#[tokio::test]
async fn a_question_from_the_model_gets_its_response() {
    let stage = Stage::new();
    let builder = asking(stage.builder());
    let codex = builder
        .on_user_input(|asked: ToolRequestUserInputParams| async move {
            let question = &asked.questions[0];
            let options = question.options.as_ref().unwrap();
            ToolRequestUserInputResponse::default().answer(&question.id, &options[1].label)
        })
        .start()
        .await
        .unwrap();
    let thread = codex.thread_start().await.unwrap();
    ask(&stage);
    thread.run("Ask me.").await.unwrap();
    let told = last_output(&stage);
    assert!(
        told.contains("color") && told.contains("Red") && !told.contains("Blue"),
        "{told}"
    );
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_question_without_a_handler_does_not_end_the_turn() {
    let stage = Stage::new();
    let codex = asking(stage.builder()).start().await.unwrap();
    let thread = codex.thread_start().await.unwrap();
    ask(&stage);
    let result = thread.run("Ask me.").await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("Then it is so."));
    assert!(!last_output(&stage).contains("Red"));
    codex.close().await.unwrap();
}

/// Adds this package's MCP server.
fn with_mcp<M>(builder: CodexBuilder<M>) -> CodexBuilder<M> {
    let server = McpServer::stdio(env!("CARGO_BIN_EXE_mcp_server"));
    builder.mcp_server("asker", server)
}

/// Scripts a call to the MCP tool that asks the user, followed by text.
fn call_tool(stage: &Stage) {
    call(stage, "ask");
}

fn call(stage: &Stage, tool: &str) {
    let call = Item::function_call(tool, json!({})).namespace("mcp__asker");
    stage.model.push(ModelResponse::items([call]));
    stage.model.push("Then it is so.");
}

/// Starts a thread that may ask the user. With the policy `never`, Codex declines elicitations
/// itself.
async fn thread(codex: &Codex) -> Thread {
    let thread = codex
        .thread_start()
        .approval_policy(AskForApproval::OnRequest);
    thread.await.unwrap()
}

#[tokio::test]
async fn an_elicitation_from_an_mcp_server_gets_its_response() {
    let stage = Stage::new();
    let codex = with_mcp(stage.builder())
        .on_elicitation(|asked: McpServerElicitationRequestParams| async move {
            let McpServerElicitationRequestParams::Form(form) = asked else {
                return Err("not a form");
            };
            assert_eq!(form.server_name, "asker");
            let form_of_codex = McpServerElicitationRequestParams::Form(form.clone());
            assert!(!form_of_codex.is_tool_approval());
            assert_eq!(form.message, "Which color?");
            Ok(McpServerElicitationRequestResponse::accept(
                json!({"color": "blue"}),
            ))
        })
        .start()
        .await
        .unwrap();
    let thread = thread(&codex).await;
    call_tool(&stage);
    thread.run("Ask me.").await.unwrap();
    let told = last_output(&stage);
    assert!(told.contains("accept") && told.contains("blue"), "{told}");
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_url_elicitation_has_the_url_of_its_page() {
    let stage = Stage::new();
    let codex = with_mcp(stage.builder())
        .on_elicitation(|asked: McpServerElicitationRequestParams| async move {
            let McpServerElicitationRequestParams::Url(page) = asked else {
                return Err("not a page");
            };
            assert_eq!(page.url, "https://example.com/sign");
            Ok(McpServerElicitationRequestResponse::accept(Value::Null))
        })
        .start()
        .await
        .unwrap();
    let thread = thread(&codex).await;
    call(&stage, "visit");
    thread.run("Sign it.").await.unwrap();
    assert!(
        last_output(&stage).contains("accept"),
        "{}",
        last_output(&stage)
    );
    codex.close().await.unwrap();
}

#[tokio::test]
async fn an_elicitation_without_a_handler_is_declined() {
    let stage = Stage::new();
    let codex = with_mcp(stage.builder()).start().await.unwrap();
    let thread = thread(&codex).await;
    call_tool(&stage);
    let result = thread.run("Ask me.").await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("Then it is so."));
    assert!(
        last_output(&stage).contains("decline"),
        "{}",
        last_output(&stage)
    );
    codex.close().await.unwrap();
}

#[tokio::test]
async fn an_mcp_tool_with_side_effects_needs_an_approval_that_arrives_as_a_question() {
    let stage = Stage::new();
    // Codex asks in two ways; the second is used if this feature is disabled.
    for elicits in [true, false] {
        let builder = || {
            let feature = "features.tool_call_mcp_elicitation";
            with_mcp(stage.builder()).config(feature, elicits)
        };
        let codex = builder().start().await.unwrap();
        let thread = thread(&codex).await;
        call(&stage, "act");
        thread.run("Act.").await.unwrap();
        assert!(
            !last_output(&stage).contains("has acted"),
            "{}",
            last_output(&stage)
        );
        codex.close().await.unwrap();

        let builder = builder()
            .on_elicitation(|asked: McpServerElicitationRequestParams| async move {
                assert!(asked.is_tool_approval(), "{asked:?}");
                let McpServerElicitationRequestParams::Form(form) = asked else {
                    return Err("not a form");
                };
                assert!(form.requested_schema.properties.is_empty());
                Ok(McpServerElicitationRequestResponse::accept(json!({})))
            })
            .on_user_input(|asked: ToolRequestUserInputParams| async move {
                let question = &asked.questions[0];
                assert!(question.id.starts_with("mcp_tool_call_approval"));
                let options = question.options.as_ref().unwrap();
                ToolRequestUserInputResponse::default().answer(&question.id, &options[0].label)
            });
        let codex = builder.start().await.unwrap();
        let thread = self::thread(&codex).await;
        call(&stage, "act");
        thread.run("Act.").await.unwrap();
        assert!(
            last_output(&stage).contains("has acted"),
            "{}",
            last_output(&stage)
        );
        codex.close().await.unwrap();
    }
}

#[test]
fn the_blocking_api_responds_to_questions_from_a_handler_or_an_inbox() {
    let stage = Stage::new();
    let builder = with_mcp(asking(stage.blocking_builder()));
    let codex: blocking::Codex = builder
        .on_elicitation(|_| McpServerElicitationRequestResponse::accept(json!({"color": "red"})))
        .start()
        .unwrap();
    let thread = codex
        .thread_start()
        .approval_policy(AskForApproval::OnRequest);
    let thread = thread.send().unwrap();
    call_tool(&stage);
    thread.run("Ask me.").send().unwrap();
    assert!(
        last_output(&stage).contains("red"),
        "{}",
        last_output(&stage)
    );

    let mut inbox = codex.server_requests();
    ask(&stage);
    let turn = thread.turn("Ask me again.").send().unwrap();
    let pending = inbox.next().unwrap();
    let ServerRequest::ToolRequestUserInput(asked) = pending.request() else {
        panic!("{pending:?}")
    };
    let answer = ToolRequestUserInputResponse::default().answer(&asked.questions[0].id, "Green");
    pending.respond(answer).unwrap();
    turn.run().unwrap();
    assert!(
        last_output(&stage).contains("Green"),
        "{}",
        last_output(&stage)
    );
    codex.close().unwrap();
}
