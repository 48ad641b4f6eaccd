//! Tools in Rust: how they are offered to the model, and their calls and responses.

use std::{
    future::{IntoFuture, pending},
    sync::{Arc, OnceLock},
    time::Duration,
};

use codex_types::DynamicToolCallResponse;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::{
    client::{Codex, Thread, WeakCodex},
    error::Error,
    server_requests::handler_result::HandlerResult,
    tests::{FakeServer, thread_start_response},
    tool::{Tool, ToolContext, output::ToolOutput},
};

const CALL: &str = "item/tool/call";

#[derive(Deserialize, JsonSchema)]
struct Lookup {
    id: String,
    fields: Option<Vec<String>>,
}

/// Returns the ticket. Fails if the id is not a number.
async fn look_up(args: Lookup) -> HandlerResult<String> {
    let number: u32 = args.id.parse()?;
    let fields = args.fields.unwrap_or_default();
    Ok(format!("Ticket {number} {fields:?}"))
}

fn lookup() -> Tool {
    Tool::new("lookup", "Fetch a ticket.", look_up)
}

/// Returns a tool without arguments that responds with this text.
fn text_tool(name: &str, text: &'static str) -> Tool {
    Tool::new(name, "", move |(): ()| async move { Ok(text) })
}

/// Returns the result of `thread/start` and similar requests.
fn thread_response(id: &str) -> Value {
    let mut response = thread_start_response();
    response["thread"]["id"] = id.into();
    response
}

/// Sends a request that creates the thread `t`. Returns the thread and the params.
async fn create<F>(fake: &mut FakeServer, method: &str, request: F) -> (Thread, Value)
where
    F: IntoFuture<Output = crate::Result<Thread>, IntoFuture: Send + 'static>,
{
    let thread = tokio::spawn(request.into_future());
    let request = fake.respond(method, thread_response("t")).await;
    (thread.await.unwrap().unwrap(), request["params"].clone())
}

/// Starts a thread with these tools.
async fn start(tools: impl IntoIterator<Item = Tool>) -> (Thread, FakeServer) {
    let (codex, mut fake) = FakeServer::start().await;
    let request = tools.into_iter().fold(
        codex.thread_start(),
        crate::builder::ThreadStartBuilder::tool,
    );
    let (thread, _) = create(&mut fake, "thread/start", request).await;
    (thread, fake)
}

impl FakeServer {
    /// Calls a tool of the thread `t`. Returns whether the call succeeded, and the text.
    async fn call_tool(&mut self, tool: &str, arguments: Value) -> (bool, String) {
        self.call_tool_in("t", tool, &arguments).await
    }

    async fn call_tool_in(&mut self, thread: &str, tool: &str, args: &Value) -> (bool, String) {
        let (namespace, tool) = match tool.split_once('/') {
            Some((namespace, tool)) => (json!(namespace), tool),
            None => (Value::Null, tool),
        };
        let params = json!({
            "threadId": thread, "callId": "c", "namespace": namespace, "tool": tool,
            "arguments": args,
        });
        static ID: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);
        let id = ID.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let response = self.request(id, CALL, &params).await;
        let result = &response["result"];
        let text = result["contentItems"][0]["text"].as_str();
        (
            result["success"].as_bool().unwrap(),
            text.unwrap().to_owned(),
        )
    }
}

fn success(text: &str) -> (bool, String) {
    (true, text.to_owned())
}

fn failure(text: &str) -> (bool, String) {
    (false, text.to_owned())
}

#[tokio::test]
async fn a_tool_is_offered_and_each_call_reaches_the_tool_it_names() {
    let (codex, mut fake) = FakeServer::start().await;
    let request = codex
        .thread_start()
        .model("m")
        .tool(lookup())
        .tool(text_tool("a", "none"));
    let hidden = text_tool("a", "one").defer_loading(true);
    let request = request.tool_namespace("n", "Letters.", [hidden, text_tool("b", "two")]);
    let (_thread, params) = create(&mut fake, "thread/start", request).await;
    let nothing = json!({"type": "object", "properties": {}});
    let expected = json!({"model": "m", "dynamicTools": [
        {
            "type": "function", "name": "lookup", "description": "Fetch a ticket.",
            "inputSchema": {
                "type": "object", "required": ["id"],
                "properties": {
                    "id": {"type": "string"},
                    "fields": {"anyOf": [
                        {"type": "array", "items": {"type": "string"}}, {"type": "null"},
                    ]},
                },
            },
        },
        {"type": "function", "name": "a", "description": "", "inputSchema": nothing},
        {"type": "namespace", "name": "n", "description": "Letters.", "tools": [
            {
                "type": "function", "name": "a", "description": "", "inputSchema": nothing,
                "deferLoading": true,
            },
            {"type": "function", "name": "b", "description": "", "inputSchema": nothing},
        ]},
    ]});
    assert_eq!(params, expected);
    let args = json!({"id": "7", "fields": ["title"]});
    assert_eq!(
        fake.call_tool("lookup", args).await,
        success(r#"Ticket 7 ["title"]"#)
    );
    assert_eq!(fake.call_tool("a", json!({})).await, success("none"));
    assert_eq!(fake.call_tool("n/a", json!({})).await, success("one"));
    assert_eq!(fake.call_tool("n/b", json!(null)).await, success("two"));
    // A call in a different thread, or to an unknown name.
    let no_response = failure("the client has no response to this request");
    assert_eq!(
        fake.call_tool_in("other", "a", &json!({})).await,
        no_response
    );
    assert_eq!(fake.call_tool("n/lookup", json!({})).await, no_response);
}

#[tokio::test]
async fn the_error_of_a_tool_is_sent_to_the_model() {
    let (_thread, mut fake) = start([lookup()]).await;
    let error = failure("invalid digit found in string");
    assert_eq!(fake.call_tool("lookup", json!({"id": "x"})).await, error);
    for (arguments, expected) in [
        (
            json!({"id": 7}),
            "`id`: invalid type: integer `7`, expected a string",
        ),
        (
            json!({"id": "7", "fields": [1]}),
            "`fields[0]`: invalid type: integer `1`",
        ),
        (json!({}), "missing field `id`"),
        (json!(null), "invalid type: null, expected struct Lookup"),
    ] {
        let (success, text) = fake.call_tool("lookup", arguments).await;
        assert!(!success);
        let expected = format!("the arguments do not match: {expected}");
        assert!(text.starts_with(&expected), "{text}");
    }
}

#[tokio::test]
async fn a_tool_with_a_schema_as_json_offers_it_and_gets_the_arguments_as_written() {
    let schema = json!({"type": "object", "properties": {"id": {"type": "string"}}});
    let echo = Tool::with_schema("echo", "", schema.clone(), |args, context| async move {
        let id = args["id"].as_str().ok_or("the id is missing")?;
        Ok(format!("{id} {}", context.call_id))
    });
    let whole = Tool::blocking_with_schema("whole", "", schema.clone(), |args, _| Ok(args));
    let (codex, mut fake) = FakeServer::start().await;
    let request = codex.thread_start().tool(echo).tool(whole);
    let (_thread, params) = create(&mut fake, "thread/start", request).await;
    for (at, name) in ["echo", "whole"].into_iter().enumerate() {
        let offered = json!({
            "type": "function", "name": name, "description": "", "inputSchema": schema,
        });
        assert_eq!(params["dynamicTools"][at], offered);
    }
    let args = json!({"id": "7"});
    assert_eq!(fake.call_tool("echo", args).await, success("7 c"));
    assert_eq!(
        fake.call_tool("echo", json!(["x"])).await,
        failure("the id is missing")
    );
    let args = json!({"z": [1], "a": null});
    let written = args.to_string();
    assert_eq!(fake.call_tool("whole", args).await, success(&written));
}

#[tokio::test]
async fn a_tool_that_panics_or_times_out_is_reported_and_the_next_call_works() {
    let panics = Tool::new("panics", "", |(): ()| async { panic_of::<()>("s3cret") });
    let early = Tool::new("early", "", |(): ()| {
        assert!(std::env::args().count() == 0, "at once");
        async { Ok(()) }
    });
    let hangs = Tool::new("hangs", "", |(): ()| pending::<HandlerResult<()>>());
    let (thread, mut fake) = start([panics, early, hangs.timeout(Duration::from_millis(1))]).await;
    let mut reports = thread.codex.notifications();
    for (tool, sent, reported) in [
        (
            "panics",
            "the tool panicked",
            "for the tool `panics` panicked: s3cret;",
        ),
        (
            "early",
            "the tool panicked",
            "for the tool `early` panicked: at once;",
        ),
        (
            "hangs",
            "the tool took longer than 0.001 s",
            "for the tool `hangs` took longer than",
        ),
    ] {
        assert_eq!(fake.call_tool(tool, json!({})).await, failure(sent));
        let report = reports.next().await.unwrap().unwrap_err();
        assert!(matches!(report, Error::Handler { method: CALL, .. }));
        assert!(report.to_string().contains(reported), "{report}");
    }
}

/// Panics. The return type is that of a tool, so a tool can end with this call.
fn panic_of<T>(message: &str) -> HandlerResult<T> {
    match message {
        "" => Err("no panic".into()),
        _ => panic!("{message}"),
    }
}

#[tokio::test]
async fn a_tool_may_send_requests_and_gets_the_ids_of_its_call() {
    let reader = Tool::with_context("reader", "", |(): (), context: ToolContext| async move {
        let codex = context.codex.upgrade().ok_or("the client was dropped")?;
        let account = codex.account().await?;
        let (thread, turn, call) = (context.thread_id, context.turn_id, context.call_id);
        let login = account.requires_openai_auth;
        Ok(format!("{thread} {turn} {call} {login}"))
    });
    let (_thread, mut fake) = start([reader]).await;
    let params = json!({"callId": "c", "tool": "reader", "arguments": {}});
    fake.send_request(1, CALL, &params).await;
    let account = json!({"requiresOpenaiAuth": true});
    fake.respond("account/read", account).await;
    let response = fake.receive().await;
    let expected = json!([{"type": "inputText", "text": "t u c true"}]);
    assert_eq!(response["result"]["contentItems"], expected);
}

#[tokio::test]
async fn a_call_is_dropped_when_its_turn_ends_and_other_tools_still_work() {
    let (dropped, gone) = oneshot::channel::<()>();
    let held = Arc::new(std::sync::Mutex::new(Some(dropped)));
    let hangs = Tool::new("hangs", "", move |(): ()| {
        let held = held.lock().unwrap().take();
        async move {
            let _held = held;
            pending::<HandlerResult<()>>().await
        }
    });
    let (_thread, mut fake) = start([hangs, text_tool("quick", "here")]).await;
    let params = json!({"callId": "c", "tool": "hangs", "arguments": {}});
    fake.send_request(-1, CALL, &params).await;
    assert_eq!(fake.call_tool("quick", json!({})).await, success("here"));
    fake.complete_turn("u", "interrupted").await;
    assert!(gone.await.is_err());
    assert_eq!(fake.call_tool("quick", json!({})).await, success("here"));
}

#[tokio::test]
async fn a_resumed_thread_has_its_tools_before_the_response_and_does_not_offer_them() {
    let (codex, mut fake) = FakeServer::start().await;
    let resume = codex.thread_resume("t").tool(text_tool("a", "first"));
    let resume = tokio::spawn(resume.into_future());
    let request = fake.receive().await;
    let params = json!({"threadId": "t", "excludeTurns": true});
    assert_eq!(request["params"], params);
    assert_eq!(fake.call_tool("a", json!({})).await, success("first"));
    let response = json!({"id": request["id"], "result": thread_response("t")});
    fake.send(&response).await;
    resume.await.unwrap().unwrap();
    assert_eq!(fake.call_tool("a", json!({})).await, success("first"));
    // A tool from a later resume replaces the earlier one with the same name.
    let request = codex.thread_resume("t").tool(text_tool("b", "second"));
    create(&mut fake, "thread/resume", request).await;
    let request = codex.thread_resume("t").tool(text_tool("b", "third"));
    create(&mut fake, "thread/resume", request).await;
    create(&mut fake, "thread/resume", codex.thread_resume("t")).await;
    assert_eq!(fake.call_tool("a", json!({})).await, success("first"));
    assert_eq!(fake.call_tool("b", json!({})).await, success("third"));
}

#[tokio::test]
async fn a_failed_resume_registers_no_tools() {
    let (codex, mut fake) = FakeServer::start().await;
    let resume = codex.thread_resume("t").tool(text_tool("a", "first"));
    let resume = tokio::spawn(resume.into_future());
    let id = fake.receive_request("thread/resume").await;
    let error = json!({"code": -32600, "message": "no rollout found"});
    fake.send(&json!({"id": id, "error": error})).await;
    resume.await.unwrap().unwrap_err();
    let no_response = failure("the client has no response to this request");
    assert_eq!(fake.call_tool("a", json!({})).await, no_response);
}

#[tokio::test]
async fn a_fork_has_the_tools_of_its_parent_and_its_own() {
    let (first, mut fake) = start([text_tool("a", "first"), text_tool("b", "first")]).await;
    let fork = first.codex.thread_fork("t").tool(text_tool("b", "fork"));
    let fork = tokio::spawn(fork.into_future());
    fake.respond("thread/fork", thread_response("f")).await;
    fork.await.unwrap().unwrap();
    let plain = tokio::spawn(first.codex.thread_fork("f").into_future());
    fake.respond("thread/fork", thread_response("g")).await;
    plain.await.unwrap().unwrap();
    for (thread, tool, expected) in [
        ("t", "b", "first"),
        ("f", "a", "first"),
        ("f", "b", "fork"),
        ("g", "a", "first"),
        ("g", "b", "fork"),
    ] {
        assert_eq!(
            fake.call_tool_in(thread, tool, &json!({})).await,
            success(expected)
        );
    }
}

#[tokio::test]
async fn tools_are_removed_with_their_thread() {
    let (first, mut fake) = start([text_tool("a", "here")]).await;
    let codex = first.codex.clone();
    // Dropping the handle does not close the thread.
    drop(first);
    assert_eq!(fake.call_tool("a", json!({})).await, success("here"));
    fake.notify("thread/closed", json!({"threadId": "other"}))
        .await;
    assert_eq!(fake.call_tool("a", json!({})).await, success("here"));
    let no_response = failure("the client has no response to this request");
    for method in ["thread/closed", "thread/archived", "thread/deleted"] {
        let request = codex.thread_resume("t").tool(text_tool("a", "again"));
        create(&mut fake, "thread/resume", request).await;
        assert_eq!(fake.call_tool("a", json!({})).await, success("again"));
        fake.notify(method, json!({"threadId": "t"})).await;
        assert_eq!(fake.call_tool("a", json!({})).await, no_response);
    }
}

#[tokio::test]
async fn a_sub_agent_has_the_tools_of_the_thread_that_it_works_for() {
    let (_thread, mut fake) = start([text_tool("a", "here")]).await;
    let started = |thread: &str, turn: &str, root: &str| {
        let turn = json!({"id": turn, "rootTurnId": root, "items": [], "status": "inProgress"});
        json!({"threadId": thread, "turn": turn})
    };
    fake.notify("turn/started", started("t", "u", "u")).await;
    fake.notify("turn/started", started("agent", "v", "u"))
        .await;
    fake.notify("turn/started", started("stranger", "w", "w"))
        .await;
    let no_response = failure("the client has no response to this request");
    assert_eq!(
        fake.call_tool_in("agent", "a", &json!({})).await,
        success("here")
    );
    assert_eq!(
        fake.call_tool_in("stranger", "a", &json!({})).await,
        no_response
    );
    fake.notify("turn/started", started("agent", "x", "x"))
        .await;
    assert_eq!(
        fake.call_tool_in("agent", "a", &json!({})).await,
        no_response
    );
}

#[tokio::test]
async fn a_call_without_a_tool_goes_to_the_handler() {
    let builder = Codex::builder().on_tool_call(|params| async move {
        match params.tool.as_str() {
            "panics" => panic_of("handler"),
            tool => Ok(ToolOutput::text(format!("handler: {tool}")).into()),
        }
    });
    let (codex, mut fake) = FakeServer::start_with(builder).await;
    let request = codex.thread_start().tool(text_tool("a", "tool"));
    let (thread, _) = create(&mut fake, "thread/start", request).await;
    assert_eq!(fake.call_tool("a", json!({})).await, success("tool"));
    assert_eq!(fake.call_tool("b", json!({})).await, success("handler: b"));
    assert_eq!(
        fake.call_tool("panics", json!({})).await,
        failure("the tool panicked")
    );
    // The inbox of the thread has priority over the handler, and the tool over both.
    let mut inbox = thread.server_requests();
    assert_eq!(fake.call_tool("a", json!({})).await, success("tool"));
    let params = json!({"callId": "c", "tool": "b", "arguments": {}});
    fake.send_request(-1, CALL, &params).await;
    let pending = inbox.next().await.unwrap();
    let output = DynamicToolCallResponse::from(ToolOutput::text("inbox"));
    pending.respond(output).unwrap();
    let response = fake.receive().await;
    assert_eq!(response["result"]["contentItems"][0]["text"], "inbox");
}

#[tokio::test]
async fn an_invalid_tool_is_an_error_and_nothing_is_sent() {
    let (codex, mut fake) = FakeServer::start().await;
    let double = codex.thread_start().tool(lookup()).tool(lookup());
    let Err(Error::InvalidInput(message)) = double.await else {
        panic!("the tool was accepted")
    };
    assert_eq!(&*message, "the tool `lookup` is defined twice");
    create(&mut fake, "thread/start", codex.thread_start()).await;
    let builder = Codex::builder().experimental_api(false);
    let (codex, mut fake) = FakeServer::start_with(builder).await;
    let Err(Error::InvalidInput(message)) = codex.thread_start().tool(lookup()).await else {
        panic!("the tool was accepted")
    };
    assert!(message.contains("experimental"), "{message}");
    // Tools of a resumed thread are served without being offered.
    let request = codex.thread_resume("t").tool(text_tool("a", "here"));
    create(&mut fake, "thread/resume", request).await;
    assert_eq!(fake.call_tool("a", json!({})).await, success("here"));
}

#[tokio::test]
async fn a_blocking_tool_may_use_the_blocking_client() {
    let client: Arc<OnceLock<WeakCodex>> = Arc::default();
    let reader = Tool::blocking_with_context("reader", "", {
        let client = Arc::clone(&client);
        move |(): (), context: ToolContext| {
            client.set(context.codex.clone()).ok();
            let codex = crate::blocking::WeakCodex::from(context.codex);
            let codex = codex.upgrade().ok_or("the client was dropped")?;
            Ok(codex.account().send()?.requires_openai_auth.to_string())
        }
    });
    let fails = Tool::blocking("fails", "", |args: Lookup| {
        if args.id.is_empty() {
            panic_of::<()>("empty")?;
        }
        Err::<(), _>(format!("no {}", args.id).into())
    });
    let (thread, mut fake) = start([reader, fails]).await;
    let params = json!({"callId": "c", "tool": "reader", "arguments": {}});
    fake.send_request(-1, CALL, &params).await;
    fake.respond("account/read", json!({"requiresOpenaiAuth": true}))
        .await;
    assert_eq!(
        fake.receive().await["result"]["contentItems"][0]["text"],
        "true"
    );
    assert_eq!(
        fake.call_tool("fails", json!({"id": "7"})).await,
        failure("no 7")
    );
    let mut reports = thread.codex.notifications();
    let panicked = failure("the tool panicked");
    assert_eq!(fake.call_tool("fails", json!({"id": ""})).await, panicked);
    let report = reports.next().await.unwrap().unwrap_err().to_string();
    assert!(report.contains("panicked: empty"), "{report}");
    // A tool does not keep the connection open.
    drop((thread, reports));
    assert!(client.get().unwrap().upgrade().is_none());
}
