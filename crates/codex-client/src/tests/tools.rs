//! Tools in Rust: what is offered, who is called, and what the model is told.

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
    tests::{Fake, thread_started},
    tool::{Tool, ToolContext, output::ToolOutput},
};

const CALL: &str = "item/tool/call";

#[derive(Deserialize, JsonSchema)]
struct Lookup {
    id: String,
    fields: Option<Vec<String>>,
}

/// Says which ticket it is; the one with a number that is none does not exist.
async fn look_up(args: Lookup) -> HandlerResult<String> {
    let number: u32 = args.id.parse()?;
    let fields = args.fields.unwrap_or_default();
    Ok(format!("Ticket {number} {fields:?}"))
}

fn lookup() -> Tool {
    Tool::new("lookup", "Fetch a ticket.", look_up)
}

/// A tool without arguments that says this.
fn says(name: &str, text: &'static str) -> Tool {
    Tool::new(name, "", move |(): ()| async move { Ok(text) })
}

/// What the fake server answers to `thread/start` and the like.
fn thread(id: &str) -> Value {
    let mut answer = thread_started();
    answer["thread"]["id"] = id.into();
    answer
}

/// Makes a request for the thread `t`; returns its params, too.
async fn make<F>(fake: &mut Fake, method: &str, request: F) -> (Thread, Value)
where
    F: IntoFuture<Output = crate::Result<Thread>, IntoFuture: Send + 'static>,
{
    let call = tokio::spawn(request.into_future());
    let asked = fake.answer(method, thread("t")).await;
    (call.await.unwrap().unwrap(), asked["params"].clone())
}

/// A thread with these tools.
async fn start(tools: impl IntoIterator<Item = Tool>) -> (Thread, Fake) {
    let (codex, mut fake) = Fake::start().await;
    let request = tools.into_iter().fold(
        codex.thread_start(),
        crate::builder::ThreadStartBuilder::tool,
    );
    let (thread, _) = make(&mut fake, "thread/start", request).await;
    (thread, fake)
}

impl Fake {
    /// Calls a tool of the thread `t`, and returns what it says: whether that is a success, and the
    /// text.
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
        let answer = self.ask(id, CALL, &params).await;
        let result = &answer["result"];
        let text = result["contentItems"][0]["text"].as_str();
        (
            result["success"].as_bool().unwrap(),
            text.unwrap().to_owned(),
        )
    }
}

fn yes(text: &str) -> (bool, String) {
    (true, text.to_owned())
}

fn no(text: &str) -> (bool, String) {
    (false, text.to_owned())
}

#[tokio::test]
async fn a_tool_is_offered_and_each_call_goes_to_the_one_that_is_named() {
    let (codex, mut fake) = Fake::start().await;
    let request = codex
        .thread_start()
        .model("m")
        .tool(lookup())
        .tool(says("a", "none"));
    let hidden = says("a", "one").defer_loading(true);
    let request = request.tool_namespace("n", "Letters.", [hidden, says("b", "two")]);
    let (_thread, params) = make(&mut fake, "thread/start", request).await;
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
        yes(r#"Ticket 7 ["title"]"#)
    );
    assert_eq!(fake.call_tool("a", json!({})).await, yes("none"));
    assert_eq!(fake.call_tool("n/a", json!({})).await, yes("one"));
    assert_eq!(fake.call_tool("n/b", json!(null)).await, yes("two"));
    // Of another thread, or another name.
    let nobody = no("the client has no response to this request");
    assert_eq!(fake.call_tool_in("other", "a", &json!({})).await, nobody);
    assert_eq!(fake.call_tool("n/lookup", json!({})).await, nobody);
}

#[tokio::test]
async fn what_goes_wrong_in_a_tool_is_told_to_the_model() {
    let (_thread, mut fake) = start([lookup()]).await;
    let error = no("invalid digit found in string");
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
        let expected = format!("the arguments do not fit: {expected}");
        assert!(text.starts_with(&expected), "{text}");
    }
}

#[tokio::test]
async fn a_tool_that_panics_or_takes_too_long_is_reported_and_the_next_call_is_served() {
    let panics = Tool::new("panics", "", |(): ()| async { panic_of::<()>("s3cret") });
    let early = Tool::new("early", "", |(): ()| {
        assert!(std::env::args().count() == 0, "at once");
        async { Ok(()) }
    });
    let hangs = Tool::new("hangs", "", |(): ()| pending::<HandlerResult<()>>());
    let (thread, mut fake) = start([panics, early, hangs.timeout(Duration::from_millis(1))]).await;
    let mut reports = thread.codex.notifications();
    for (tool, told, reported) in [
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
        assert_eq!(fake.call_tool(tool, json!({})).await, no(told));
        let report = reports.next().await.unwrap().unwrap_err();
        assert!(matches!(report, Error::Handler { method: CALL, .. }));
        assert!(report.to_string().contains(reported), "{report}");
    }
}

/// Panics, in a way that returns.
fn panic_of<T>(message: &str) -> HandlerResult<T> {
    match message {
        "" => Err("not so".into()),
        _ => panic!("{message}"),
    }
}

#[tokio::test]
async fn a_tool_may_call_the_client_and_knows_who_calls() {
    let asks = Tool::with_context("asks", "", |(): (), context: ToolContext| async move {
        let codex = context.codex.upgrade().ok_or("the client is gone")?;
        let account = codex.account().await?;
        let (thread, turn, call) = (context.thread_id, context.turn_id, context.call_id);
        let login = account.requires_openai_auth;
        Ok(format!("{thread} {turn} {call} {login}"))
    });
    let (_thread, mut fake) = start([asks]).await;
    let params = json!({"callId": "c", "tool": "asks", "arguments": {}});
    fake.put(1, CALL, &params).await;
    let account = json!({"requiresOpenaiAuth": true});
    fake.answer("account/read", account).await;
    let answer = fake.receive().await;
    let expected = json!([{"type": "inputText", "text": "t u c true"}]);
    assert_eq!(answer["result"]["contentItems"], expected);
}

#[tokio::test]
async fn a_call_is_dropped_when_its_turn_ends_and_others_go_on() {
    let (dropped, gone) = oneshot::channel::<()>();
    let held = Arc::new(std::sync::Mutex::new(Some(dropped)));
    let hangs = Tool::new("hangs", "", move |(): ()| {
        let held = held.lock().unwrap().take();
        async move {
            let _held = held;
            pending::<HandlerResult<()>>().await
        }
    });
    let (_thread, mut fake) = start([hangs, says("quick", "here")]).await;
    let params = json!({"callId": "c", "tool": "hangs", "arguments": {}});
    fake.put(-1, CALL, &params).await;
    assert_eq!(fake.call_tool("quick", json!({})).await, yes("here"));
    fake.complete_turn("u", "interrupted").await;
    assert!(gone.await.is_err());
    assert_eq!(fake.call_tool("quick", json!({})).await, yes("here"));
}

#[tokio::test]
async fn a_resumed_thread_is_served_even_before_the_answer_and_is_offered_nothing() {
    let (codex, mut fake) = Fake::start().await;
    let resume = codex.thread_resume("t").tool(says("a", "first"));
    let resume = tokio::spawn(resume.into_future());
    let request = fake.receive().await;
    assert_eq!(request["params"], json!({"threadId": "t"}));
    assert_eq!(fake.call_tool("a", json!({})).await, yes("first"));
    let answer = json!({"id": request["id"], "result": thread("t")});
    fake.send(&answer).await;
    resume.await.unwrap().unwrap();
    assert_eq!(fake.call_tool("a", json!({})).await, yes("first"));
    // Once more: what is new takes the place of what was there.
    let request = codex.thread_resume("t").tool(says("b", "second"));
    make(&mut fake, "thread/resume", request).await;
    let request = codex.thread_resume("t").tool(says("b", "third"));
    make(&mut fake, "thread/resume", request).await;
    make(&mut fake, "thread/resume", codex.thread_resume("t")).await;
    assert_eq!(fake.call_tool("a", json!({})).await, yes("first"));
    assert_eq!(fake.call_tool("b", json!({})).await, yes("third"));
}

#[tokio::test]
async fn a_thread_that_could_not_be_resumed_leaves_no_tools() {
    let (codex, mut fake) = Fake::start().await;
    let resume = codex.thread_resume("t").tool(says("a", "first"));
    let resume = tokio::spawn(resume.into_future());
    let id = fake.request("thread/resume").await;
    let error = json!({"code": -32600, "message": "no rollout found"});
    fake.send(&json!({"id": id, "error": error})).await;
    resume.await.unwrap().unwrap_err();
    let nobody = no("the client has no response to this request");
    assert_eq!(fake.call_tool("a", json!({})).await, nobody);
}

#[tokio::test]
async fn a_fork_has_the_tools_of_the_first_thread_and_its_own() {
    let (first, mut fake) = start([says("a", "first"), says("b", "first")]).await;
    let fork = first.codex.thread_fork("t").tool(says("b", "fork"));
    let fork = tokio::spawn(fork.into_future());
    fake.answer("thread/fork", thread("f")).await;
    fork.await.unwrap().unwrap();
    let plain = tokio::spawn(first.codex.thread_fork("f").into_future());
    fake.answer("thread/fork", thread("g")).await;
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
            yes(expected)
        );
    }
}

#[tokio::test]
async fn tools_go_with_their_thread() {
    let (first, mut fake) = start([says("a", "here")]).await;
    let codex = first.codex.clone();
    // The handle is not the thread.
    drop(first);
    assert_eq!(fake.call_tool("a", json!({})).await, yes("here"));
    fake.notify("thread/closed", json!({"threadId": "other"}))
        .await;
    assert_eq!(fake.call_tool("a", json!({})).await, yes("here"));
    let nobody = no("the client has no response to this request");
    for method in ["thread/closed", "thread/archived", "thread/deleted"] {
        let request = codex.thread_resume("t").tool(says("a", "again"));
        make(&mut fake, "thread/resume", request).await;
        assert_eq!(fake.call_tool("a", json!({})).await, yes("again"));
        fake.notify(method, json!({"threadId": "t"})).await;
        assert_eq!(fake.call_tool("a", json!({})).await, nobody);
    }
}

#[tokio::test]
async fn a_sub_agent_has_the_tools_of_the_thread_that_has_sent_it() {
    let (_thread, mut fake) = start([says("a", "here")]).await;
    let started = |thread: &str, turn: &str, root: &str| {
        let turn = json!({"id": turn, "rootTurnId": root, "items": [], "status": "inProgress"});
        json!({"threadId": thread, "turn": turn})
    };
    fake.notify("turn/started", started("t", "u", "u")).await;
    fake.notify("turn/started", started("agent", "v", "u"))
        .await;
    fake.notify("turn/started", started("stranger", "w", "w"))
        .await;
    let nobody = no("the client has no response to this request");
    assert_eq!(
        fake.call_tool_in("agent", "a", &json!({})).await,
        yes("here")
    );
    assert_eq!(fake.call_tool_in("stranger", "a", &json!({})).await, nobody);
    let turn = json!({"id": "v", "items": [], "status": "completed"});
    let params = json!({"threadId": "agent", "turn": turn});
    fake.notify("turn/completed", params).await;
    assert_eq!(fake.call_tool_in("agent", "a", &json!({})).await, nobody);
}

#[tokio::test]
async fn what_a_thread_has_no_tool_for_goes_to_the_handler() {
    let builder = Codex::builder().on_tool_call(|params| async move {
        match params.tool.as_str() {
            "panics" => panic_of("handler"),
            tool => Ok(ToolOutput::text(format!("handler: {tool}")).into()),
        }
    });
    let (codex, mut fake) = Fake::start_with(builder).await;
    let request = codex.thread_start().tool(says("a", "tool"));
    let (thread, _) = make(&mut fake, "thread/start", request).await;
    assert_eq!(fake.call_tool("a", json!({})).await, yes("tool"));
    assert_eq!(fake.call_tool("b", json!({})).await, yes("handler: b"));
    assert_eq!(
        fake.call_tool("panics", json!({})).await,
        no("the tool panicked")
    );
    // The inbox of the thread comes before the handler, and the tool before both.
    let mut inbox = thread.server_requests();
    assert_eq!(fake.call_tool("a", json!({})).await, yes("tool"));
    let params = json!({"callId": "c", "tool": "b", "arguments": {}});
    fake.put(-1, CALL, &params).await;
    let pending = inbox.next().await.unwrap();
    let output = DynamicToolCallResponse::from(ToolOutput::text("inbox"));
    pending.respond(output).unwrap();
    let answer = fake.receive().await;
    assert_eq!(answer["result"]["contentItems"][0]["text"], "inbox");
}

#[tokio::test]
async fn what_cannot_be_offered_is_told_before_anything_is_sent() {
    let (codex, mut fake) = Fake::start().await;
    let double = codex.thread_start().tool(lookup()).tool(lookup());
    let Err(Error::InvalidInput(message)) = double.await else {
        panic!("it was taken")
    };
    assert_eq!(&*message, "the tool `lookup` is defined twice");
    make(&mut fake, "thread/start", codex.thread_start()).await;
    let builder = Codex::builder().experimental_api(false);
    let (codex, mut fake) = Fake::start_with(builder).await;
    let Err(Error::InvalidInput(message)) = codex.thread_start().tool(lookup()).await else {
        panic!("it was taken")
    };
    assert!(message.contains("experimental"), "{message}");
    // Serving what the server offers anyhow is another matter.
    let request = codex.thread_resume("t").tool(says("a", "here"));
    make(&mut fake, "thread/resume", request).await;
    assert_eq!(fake.call_tool("a", json!({})).await, yes("here"));
}

#[tokio::test]
async fn a_blocking_tool_may_wait_and_use_the_blocking_client() {
    let client: Arc<OnceLock<WeakCodex>> = Arc::default();
    let asks = Tool::blocking_with_context("asks", "", {
        let client = Arc::clone(&client);
        move |(): (), context: ToolContext| {
            client.set(context.codex.clone()).ok();
            let codex = crate::blocking::WeakCodex::from(context.codex);
            let codex = codex.upgrade().ok_or("the client is gone")?;
            Ok(codex.account().send()?.requires_openai_auth.to_string())
        }
    });
    let fails = Tool::blocking("fails", "", |args: Lookup| {
        if args.id.is_empty() {
            panic_of::<()>("empty")?;
        }
        Err::<(), _>(format!("no {}", args.id).into())
    });
    let (thread, mut fake) = start([asks, fails]).await;
    let params = json!({"callId": "c", "tool": "asks", "arguments": {}});
    fake.put(-1, CALL, &params).await;
    fake.answer("account/read", json!({"requiresOpenaiAuth": true}))
        .await;
    assert_eq!(
        fake.receive().await["result"]["contentItems"][0]["text"],
        "true"
    );
    assert_eq!(
        fake.call_tool("fails", json!({"id": "7"})).await,
        no("no 7")
    );
    let mut reports = thread.codex.notifications();
    let told = no("the tool panicked");
    assert_eq!(fake.call_tool("fails", json!({"id": ""})).await, told);
    let report = reports.next().await.unwrap().unwrap_err().to_string();
    assert!(report.contains("panicked: empty"), "{report}");
    // A tool does not keep the server running.
    drop((thread, reports));
    assert!(client.get().unwrap().upgrade().is_none());
}
