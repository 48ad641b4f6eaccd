//! MCP servers that programs add, on the real app-server.

use std::time::Duration;

use codex_client::{
    Codex, Error, RpcErrorKind, Thread, blocking, config::McpServer, types::AskForApproval,
};
use codex_testing::{Item, ModelResponse};
use codex_tests::{stage::Stage, tickets::HttpTickets};
use codex_types::ListMcpServerStatusParams;
use serde_json::{Value, json};

/// The MCP server on stdio, with every kind of option.
fn tickets(stage: &Stage) -> McpServer {
    McpServer::stdio(env!("CARGO_BIN_EXE_tickets_mcp"))
        .args(["--project", "a b=\"c\" 'd' \\ \u{1F980}"])
        .env("TICKETS_USER", "quo\"ted\n")
        .env_vars(["TICKETS_TOKEN"])
        .cwd(stage.home.workspace())
        .disabled_tools(["close"])
        .startup_timeout(Duration::from_secs(60))
        .tool_timeout(Duration::from_secs(60))
        .required(true)
}

/// Scripts a call to the tool `read`, followed by text.
fn call_read(stage: &Stage) {
    let call = Item::function_call("read", json!({})).namespace("mcp__tickets");
    stage.model.push(ModelResponse::items([call]));
    stage.model.push("Done.");
}

/// Returns the output of the tool, which is JSON inside of the output that the model received.
fn described(stage: &Stage) -> Value {
    let requests = stage.model.requests();
    let output = requests.last().unwrap().last_tool_output().unwrap();
    let start = output.find('{').unwrap_or_else(|| panic!("{output}"));
    let mut values = serde_json::Deserializer::from_str(&output[start..]).into_iter();
    values.next().unwrap().unwrap()
}

/// Returns the names of the tools of the MCP server that the model can call.
fn offered(stage: &Stage) -> Vec<String> {
    let requests = stage.model.requests();
    let tools = requests.last().unwrap().body()["tools"].clone();
    let namespace = |tool: &&Value| tool["name"] == "mcp__tickets";
    let tools = tools.as_array().unwrap().iter().find(namespace);
    let tools = tools.unwrap_or(&Value::Null)["tools"].as_array().cloned();
    let name = |tool: Value| tool["name"].as_str().unwrap().to_owned();
    tools.unwrap_or_default().into_iter().map(name).collect()
}

fn assert_is_described(stage: &Stage) {
    let described = described(stage);
    let args = json!(["--project", "a b=\"c\" 'd' \\ \u{1F980}"]);
    assert_eq!(described["args"], args);
    let workspace = stage.home.workspace().canonicalize().unwrap();
    assert_eq!(described["cwd"].as_str(), workspace.to_str());
    assert_eq!(described["env"]["TICKETS_USER"], "quo\"ted\n");
    assert_eq!(described["env"]["TICKETS_TOKEN"], "secret");
    // Other variables of the server are not inherited.
    assert_eq!(described["env"]["TICKETS_OTHER"], Value::Null);
    assert_eq!(offered(stage), ["read"]);
}

#[tokio::test]
async fn the_model_calls_a_tool_of_a_server_that_a_thread_or_the_client_adds() {
    for of_thread in [true, false] {
        let stage = Stage::new();
        let builder = stage.builder();
        let builder = builder.envs([("TICKETS_TOKEN", "secret"), ("TICKETS_OTHER", "x")]);
        let (builder, server) = match of_thread {
            true => (builder, Some(tickets(&stage))),
            false => (builder.mcp_server("tickets", tickets(&stage)), None),
        };
        let codex = builder.start().await.unwrap();
        let start = codex.thread_start();
        let start = match server {
            Some(server) => start.mcp_server("tickets", server),
            None => start,
        };
        let thread = start.await.unwrap();
        call_read(&stage);
        let result = thread.run("Read the tickets.").await.unwrap();
        assert_eq!(result.final_response.as_deref(), Some("Done."));
        assert_is_described(&stage);
        assert_eq!(statuses(&codex, &thread).await, ["tickets"]);
        codex.close().await.unwrap();
    }
}

/// Returns the names of the MCP servers of a thread.
async fn statuses(codex: &Codex, thread: &Thread) -> Vec<String> {
    let list = ListMcpServerStatusParams::default().thread_id(thread.id());
    let list = codex.request(list).await.unwrap();
    list.data.into_iter().map(|server| server.name).collect()
}

#[test]
fn the_blocking_api_adds_servers_to_threads_and_clients_too() {
    for of_thread in [true, false] {
        let stage = Stage::new();
        let builder = stage.blocking_builder().env("TICKETS_TOKEN", "secret");
        let builder: blocking::CodexBuilder = match of_thread {
            true => builder,
            false => builder.mcp_server("tickets", tickets(&stage)),
        };
        let codex = builder.start().unwrap();
        let start = codex.thread_start();
        let start = match of_thread {
            true => start.mcp_server("tickets", tickets(&stage)),
            false => start,
        };
        let thread = start.send().unwrap();
        call_read(&stage);
        thread.run("Read the tickets.").send().unwrap();
        assert_is_described(&stage);
        codex.close().unwrap();
    }
}

#[tokio::test]
async fn the_servers_of_a_thread_are_added_to_those_of_the_client() {
    let stage = Stage::new();
    let server = || McpServer::stdio(env!("CARGO_BIN_EXE_tickets_mcp"));
    let codex = stage.builder().mcp_server("tickets", server());
    let codex = codex.start().await.unwrap();
    let thread = codex.thread_start().mcp_server("more", server());
    let thread = thread.await.unwrap();
    assert_eq!(statuses(&codex, &thread).await, ["more", "tickets"]);
    // An option of the thread replaces that of the client.
    let thread = codex
        .thread_start()
        .config("mcp_servers.tickets.enabled", false);
    let thread = thread.await.unwrap();
    stage.model.push("Hello.");
    thread.run("Hi.").await.unwrap();
    assert_eq!(offered(&stage), [""; 0]);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_server_over_http_gets_its_token_and_its_headers() {
    let tickets = HttpTickets::start();
    let stage = Stage::new();
    let builder = stage.builder();
    let builder = builder.envs([("TICKETS_TOKEN", "secret"), ("TICKETS_TEAM", "blue")]);
    let codex = builder.start().await.unwrap();
    let server = McpServer::http(tickets.url())
        .bearer_token_env_var("TICKETS_TOKEN")
        .header("X-Project", "app")
        .env_header("X-Team", "TICKETS_TEAM")
        .enabled_tools(["read"])
        .required(true);
    let thread = codex.thread_start().mcp_server("tickets", server);
    let thread = thread.await.unwrap();
    call_read(&stage);
    thread.run("Read the tickets.").await.unwrap();
    assert_eq!(offered(&stage), ["read"]);
    let requests = stage.model.requests();
    let output = requests.last().unwrap().last_tool_output().unwrap();
    assert!(output.contains("over http"), "{output}");
    let requests = tickets.requests();
    let call = requests
        .iter()
        .find(|it| it.body.contains("tools/call"))
        .unwrap();
    assert_eq!(call.header("authorization"), Some("Bearer secret"));
    assert_eq!(call.header("x-project"), Some("app"));
    assert_eq!(call.header("x-team"), Some("blue"));
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_tool_with_side_effects_runs_without_a_question_if_it_is_approved_in_advance() {
    let stage = Stage::new();
    let codex = stage.start().await;
    for (mode, runs) in [("approve", true), ("prompt", false)] {
        let server = McpServer::stdio(env!("CARGO_BIN_EXE_mcp_server"));
        let server = server.config("default_tools_approval_mode", mode);
        let start = codex.thread_start().mcp_server("asker", server);
        let thread = start.approval_policy(AskForApproval::OnRequest);
        let thread = thread.await.unwrap();
        let call = Item::function_call("act", json!({})).namespace("mcp__asker");
        stage.model.push(ModelResponse::items([call]));
        stage.model.push("Done.");
        thread.run("Act.").await.unwrap();
        let requests = stage.model.requests();
        let output = requests.last().unwrap().last_tool_output().unwrap();
        assert_eq!(output.contains("has acted"), runs, "{mode}: {output}");
    }
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_thread_does_not_start_without_a_server_that_it_requires() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let missing = || McpServer::stdio("no-such-program").env("TOKEN", "hidden-value");
    let thread = codex
        .thread_start()
        .mcp_server("tickets", missing().required(true));
    let error = thread.await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("tickets") && !text.contains("hidden-value"),
        "{text}"
    );
    let thread = codex.thread_start().mcp_server("tickets", missing());
    let thread = thread.await.unwrap();
    stage.model.push("Hello.");
    thread.run("Hi.").await.unwrap();
    assert_eq!(offered(&stage), [""; 0]);

    let thread = codex.thread_start().mcp_server("a.b", missing()).await;
    assert!(matches!(thread, Err(Error::InvalidInput(_))), "{thread:?}");
    let thread = codex
        .thread_start()
        .mcp_server("t", missing().config("args", 7));
    let error = thread.await.unwrap_err();
    assert_eq!(
        error.rpc_kind(),
        Some(RpcErrorKind::InvalidConfig),
        "{error}"
    );
    codex.close().await.unwrap();
}

/// Returns the variables that a command of the model sees.
async fn seen_by_commands(stage: &Stage, thread: &Thread) -> String {
    let call = json!({"cmd": "env | grep TICKETS || true"});
    stage
        .model
        .push(ModelResponse::function_call("exec_command", call));
    stage.model.push("Done.");
    thread.run("Look.").await.unwrap();
    let requests = stage.model.requests();
    requests.last().unwrap().last_tool_output().unwrap()
}

#[tokio::test]
async fn commands_of_the_model_see_the_variables_of_the_client_but_not_those_of_a_server() {
    let stage = Stage::new();
    let builder = stage.builder().env("TICKETS_TOKEN", "of-the-client");
    let codex = builder.start().await.unwrap();
    let tickets = || {
        let server = McpServer::stdio(env!("CARGO_BIN_EXE_tickets_mcp"));
        server.env("TICKETS_KEY", "of-the-server").required(true)
    };
    let thread = codex.thread_start().mcp_server("tickets", tickets());
    let seen = seen_by_commands(&stage, &thread.await.unwrap()).await;
    assert!(seen.contains("of-the-client"), "{seen}");
    assert!(!seen.contains("of-the-server"), "{seen}");
    let thread = codex.thread_start().mcp_server("tickets", tickets());
    let thread = thread.config("shell_environment_policy.exclude", vec!["TICKETS_*"]);
    let seen = seen_by_commands(&stage, &thread.await.unwrap()).await;
    assert!(!seen.contains("of-the"), "{seen}");
    codex.close().await.unwrap();
}
