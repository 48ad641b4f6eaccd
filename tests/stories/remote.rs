//! Servers that listen: joined over websockets and unix sockets, with tokens, by several clients.

#[cfg(unix)]
use std::path::Path;
use std::{env, process::Command, sync::Arc};

use codex_client::{
    ApprovalRequest, CloseReason, Codex, Decision, Error, HandlerResult, Sandbox, Tool, blocking,
    builder::{CodexBuilder, UnhandledRequests},
    remote::{BearerToken, ListeningServer, SignedToken},
    types::{AskForApproval, ServerNotification, TurnStatus},
};
use codex_testing::ModelResponse;
use codex_tests::{
    stage::Stage,
    via::{self, TOKEN, Via},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Notify;

/// The core of the suite: everything here starts its servers with the stage.
const CORE: [&str; 9] = [
    "approvals::",
    "blocking_api::",
    "concurrency::",
    "events::",
    "rust_tools::",
    "shortcuts::",
    "steer_and_interrupt::",
    "stopping::",
    "typed_responses::",
];

/// A token that was valid until 2023, signed with the secret of the tests for their issuer and
/// audience.
const EXPIRED: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
    eyJleHAiOjE3MDAwMDAwNjAsImlzcyI6InRlc3RzIiwiYXVkIjoiY29kZXgifQ\
    .6VodrX8mDKF1dMJi_5nwVqRWj2bFzbOywC2L5A7_x2I";

/// Runs the core stories, in a process of their own.
fn core_stories_pass(via: Via) {
    let program = env::current_exe().unwrap();
    let output = Command::new(program)
        // A stage has one server that listens, which ends when the stage starts another one.
        .args(["--test-threads=4", "--skip", "two_concurrent_clients"])
        .args(CORE)
        .env(via::VARIABLE, via.name())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{via:?}: {text}");
    let passed = text.split("test result: ok. ").nth(1).unwrap();
    let passed: u32 = passed.split(' ').next().unwrap().parse().unwrap();
    assert!(passed >= 40, "only {passed} stories: {text}");
}

#[test]
fn the_core_stories_pass_over_a_websocket() {
    core_stories_pass(Via::WebSocket);
}

#[test]
fn the_core_stories_pass_over_a_websocket_with_a_capability_token() {
    core_stories_pass(Via::CapabilityToken);
}

#[test]
fn the_core_stories_pass_over_a_websocket_with_the_hash_of_a_token() {
    core_stories_pass(Via::HashedToken);
}

#[test]
fn the_core_stories_pass_over_a_websocket_with_signed_tokens() {
    core_stories_pass(Via::SignedToken);
}

#[cfg(unix)]
#[test]
fn the_core_stories_pass_over_a_unix_socket() {
    core_stories_pass(Via::UnixSocket);
}

async fn listen(stage: &Stage, via: Via) -> ListeningServer {
    let builder = via.equip(stage.builder(), &stage.home);
    builder.spawn_listening(via.url(&stage.home)).await.unwrap()
}

/// Returns the status of the refusal of a client.
async fn refused(builder: CodexBuilder, url: &str) -> Option<u16> {
    match builder.connect_url(url).await.unwrap_err() {
        Error::Connect(failed) => {
            assert!(!failed.reason.contains(TOKEN), "{failed}");
            failed.status
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_wrong_or_missing_capability_token_is_refused_and_the_right_one_accepted() {
    let stage = Stage::echo();
    let server = listen(&stage, Via::CapabilityToken).await;
    let url = server.url();
    assert_eq!(refused(Codex::builder(), url).await, Some(401));
    assert_eq!(
        refused(Codex::builder().bearer_token("wrong"), url).await,
        Some(401)
    );
    let error = Codex::connect(url).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("missing websocket bearer token"), "{text}");
    assert!(text.contains("CodexBuilder::bearer_token"), "{text}");
    assert!(!error.is_transient());
    // Each attempt takes the token anew.
    let file = stage.home.root().join("token");
    let token = BearerToken::from_fn(move || {
        let token = std::fs::read_to_string(&file);
        async { token }
    });
    let builder = Codex::builder().bearer_token(token);
    builder
        .connect_url(url)
        .await
        .unwrap()
        .close()
        .await
        .unwrap();
    server.close().await.unwrap();
    let server = listen(&stage, Via::HashedToken).await;
    let url = server.url();
    let wrong = Codex::builder().bearer_token("wrong");
    assert_eq!(refused(wrong, url).await, Some(401));
    // The token of a URL is also sent as bearer token.
    let with_token = format!("{url}/?token={TOKEN}");
    let codex = Codex::connect(&with_token).await.unwrap();
    codex.close().await.unwrap();
    server.close().await.unwrap();
}

#[tokio::test]
async fn a_signed_token_that_has_expired_or_is_for_another_audience_is_refused() {
    let stage = Stage::echo();
    let server = listen(&stage, Via::SignedToken).await;
    let token = || SignedToken::new(TOKEN).issuer("tests").audience("codex");
    let forged = SignedToken::new(TOKEN.to_uppercase())
        .issuer("tests")
        .audience("codex");
    let expired = Codex::builder().bearer_token(EXPIRED);
    assert_eq!(refused(expired, server.url()).await, Some(401));
    for token in [
        forged,
        token().audience("other"),
        token().issuer("other"),
        SignedToken::new(TOKEN),
    ] {
        let builder = Codex::builder().bearer_token(token.clone());
        assert_eq!(refused(builder, server.url()).await, Some(401), "{token:?}");
    }
    let builder = Codex::builder().bearer_token(token());
    let codex = builder.connect_url(server.url()).await.unwrap();
    codex.close().await.unwrap();
    server.close().await.unwrap();
}

#[tokio::test]
async fn a_token_is_not_sent_in_plain_text_to_another_machine() {
    let called = BearerToken::from_fn(|| async {
        panic!("the token is not needed");
        #[expect(unreachable_code)]
        Ok::<_, String>(String::new())
    });
    let builder = Codex::builder().bearer_token(called);
    let error = builder
        .connect_url("ws://192.0.2.1:4500")
        .await
        .unwrap_err();
    assert!(matches!(error, Error::InvalidInput(_)), "{error}");
    assert!(error.to_string().contains("ws://192.0.2.1:4500"), "{error}");
    let url = format!("ws://192.0.2.1:4500/?token={TOKEN}");
    let error = Codex::connect(url).await.unwrap_err();
    assert!(matches!(error, Error::InvalidInput(_)), "{error}");
    assert!(!error.to_string().contains(TOKEN), "{error}");
}

#[tokio::test]
async fn closing_a_client_leaves_the_server_running_and_its_end_ends_all_clients() {
    let stage = Stage::echo();
    let server = listen(&stage, Via::WebSocket).await;
    let first = Codex::connect(server.url()).await.unwrap();
    let second = Codex::connect(server.url()).await.unwrap();
    assert_eq!(
        (first.pid(), first.stderr().next().await.is_none()),
        (None, true)
    );
    let closed = first.closed();
    first.close().await.unwrap();
    assert_eq!(closed.await.reason, CloseReason::Requested);
    let thread = second.thread_start().await.unwrap();
    let result = thread.run("hi").await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("You said hi"));
    let closed = second.closed();
    server.close().await.unwrap();
    assert_ne!(closed.await.reason, CloseReason::Requested);
    assert!(matches!(thread.run("hi").await, Err(Error::Closed(_))));
}

#[tokio::test]
async fn turns_of_another_client_are_events_of_their_thread() {
    let stage = Stage::echo();
    let server = listen(&stage, Via::WebSocket).await;
    let first = Codex::connect(server.url()).await.unwrap();
    let second = Codex::connect(server.url()).await.unwrap();
    let own = first.thread_start().await.unwrap();
    own.run("one").await.unwrap();
    let joined = second.thread_resume(own.id()).await.unwrap();
    let mut events = joined.events();
    own.run("two").await.unwrap();
    let mut text = String::new();
    while let Some(event) = events.next().await {
        match event.unwrap() {
            ServerNotification::AgentMessageDelta(delta) => text += &delta.delta,
            ServerNotification::TurnCompleted(_) => break,
            _ => {}
        }
    }
    assert_eq!(text, "You said two");
    // And the other way around.
    let mut events = own.events();
    joined.run("three").await.unwrap();
    while let Some(event) = events.next().await {
        if let ServerNotification::TurnCompleted(_) = event.unwrap() {
            break;
        }
    }
    server.close().await.unwrap();
}

#[derive(Deserialize, JsonSchema)]
struct Lookup {
    id: String,
}

async fn look_up(args: Lookup) -> HandlerResult<String> {
    Ok(format!("Ticket {}", args.id))
}

#[tokio::test]
async fn a_turn_that_another_client_has_started_is_interrupted() {
    let stage = Stage::echo();
    let server = listen(&stage, Via::WebSocket).await;
    let first = Codex::connect(server.url()).await.unwrap();
    let second = Codex::connect(server.url()).await.unwrap();
    let own = first.thread_start().await.unwrap();
    own.run("hi").await.unwrap();

    // The turn runs already when the other client resumes the thread.
    let (turn, _gate) = stage.held_turn(&own, "one", "Never").await;
    let joined = second.thread_resume(own.id()).await.unwrap();
    joined.interrupt().await.unwrap();
    let result = turn.run().await.unwrap();
    assert_eq!(result.status, TurnStatus::Interrupted);

    // The turn begins afterwards.
    let mut events = joined.events();
    let (turn, _gate) = stage.held_turn(&own, "two", "Never").await;
    while !matches!(
        events.next().await.unwrap().unwrap(),
        ServerNotification::TurnStarted(_)
    ) {}
    joined.interrupt().await.unwrap();
    let result = turn.run().await.unwrap();
    assert_eq!(result.status, TurnStatus::Interrupted);

    // There is nothing to interrupt any more.
    joined.interrupt().await.unwrap();
    let result = joined.run("three").await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("You said three"));
    server.close().await.unwrap();
}

/// The response of a model that asks for approval to make the file `made.txt`.
fn make_a_file() -> ModelResponse {
    let call = json!({
        "cmd": "touch made.txt", "sandbox_permissions": "require_escalated",
        "justification": "May I make a file?",
    });
    ModelResponse::function_call("exec_command", call)
}

#[tokio::test]
async fn an_approval_that_another_client_gives_is_withdrawn_here() {
    let stage = Stage::new();
    let server = listen(&stage, Via::WebSocket).await;
    let first = Codex::connect(server.url()).await.unwrap();
    let second = Codex::connect(server.url()).await.unwrap();
    stage.model.push("Ready.");
    stage.model.push(make_a_file());
    stage.model.push("As you wish.");
    let own = first
        .thread_start()
        .approval_policy(AskForApproval::OnRequest)
        .sandbox(Sandbox::ReadOnly)
        .await
        .unwrap();
    own.run("hi").await.unwrap();
    let joined = second.thread_resume(own.id()).await.unwrap();
    let (mut here, mut there) = (first.server_requests(), joined.server_requests());
    let turn = own.turn("Make a file.").await.unwrap();
    let (here, there) = tokio::join!(here.next(), there.next());
    let (here, there) = (here.unwrap(), there.unwrap());
    assert!(matches!(here.approval(), Some(ApprovalRequest::Command(_))));
    there.respond(Decision::Decline).unwrap();
    here.resolved().await;
    let late = here.respond(Decision::Accept).unwrap_err();
    assert!(matches!(late, Error::Resolved { .. }), "{late}");
    turn.run().await.unwrap();
    assert!(!stage.home.workspace().join("made.txt").exists());
    server.close().await.unwrap();
}

#[tokio::test]
async fn an_observer_sees_the_turns_of_another_client_and_decides_nothing() {
    let stage = Stage::new();
    let server = listen(&stage, Via::WebSocket).await;
    let decided = Arc::new(Notify::new());
    let decides = Arc::clone(&decided);
    let worker = Codex::builder().on_approval(move |_| {
        let decides = Arc::clone(&decides);
        async move {
            decides.notified().await;
            Decision::Accept
        }
    });
    let worker = worker.connect_url(server.url()).await.unwrap();
    let observer = || Codex::builder().unhandled_requests(UnhandledRequests::LeaveOpen);
    let silent = observer().connect_url(server.url()).await.unwrap();
    let watching = observer().connect_url(server.url()).await.unwrap();
    stage.model.push("Ready.");
    stage.model.push(make_a_file());
    let call = ModelResponse::function_call("look_up", json!({"id": "7"}));
    stage.model.push(call);
    stage.model.push("Done.");
    let own = worker
        .thread_start()
        .approval_policy(AskForApproval::OnRequest)
        .sandbox(Sandbox::ReadOnly)
        .tool(Tool::new("look_up", "Fetch a ticket.", look_up))
        .await
        .unwrap();
    own.run("hi").await.unwrap();

    let seen = silent.thread_resume(own.id()).await.unwrap();
    let watched = watching.thread_resume(own.id()).await.unwrap();
    let mut events = seen.events();
    let mut inbox = watched.server_requests();
    let turn = own.turn("Make a file.").await.unwrap();
    // The request is shown until the other client has responded.
    let pending = inbox.next().await.unwrap();
    assert!(matches!(
        pending.approval(),
        Some(ApprovalRequest::Command(_))
    ));
    // The other observer sees it, too, once it has an inbox and resumes the thread again.
    let mut late_inbox = silent.server_requests();
    silent.thread_resume(own.id()).await.unwrap();
    let replayed = late_inbox.next().await.unwrap();
    assert_eq!(replayed.id(), pending.id());
    decided.notify_one();
    for request in [pending, replayed] {
        request.resolved().await;
        let late = request.respond(Decision::Decline).unwrap_err();
        assert!(matches!(late, Error::Resolved { .. }), "{late}");
    }
    drop(late_inbox);
    let result = turn.run().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("Done."));
    assert!(stage.home.workspace().join("made.txt").exists());
    let requests = stage.model.requests();
    assert_eq!(requests[3].last_tool_output().as_deref(), Some("Ticket 7"));

    let mut resolved = 0;
    while let Some(event) = events.next().await {
        match event.unwrap() {
            ServerNotification::ServerRequestResolved(_) => resolved += 1,
            ServerNotification::TurnCompleted(completed) => {
                assert_eq!(completed.turn.id, result.id);
                break;
            }
            _ => {}
        }
    }
    assert!(resolved >= 1);
    server.close().await.unwrap();
}

#[test]
fn a_blocking_observer_leaves_an_approval_to_another_client() {
    let stage = Stage::new();
    let builder = stage.blocking_builder();
    let server = builder.spawn_listening("ws://127.0.0.1:0").unwrap();
    let worker = blocking::Codex::builder().on_approval(|_| Decision::Accept);
    let worker = worker.connect_url(server.url()).unwrap();
    let observer = blocking::Codex::builder();
    let observer = observer.unhandled_requests(UnhandledRequests::LeaveOpen);
    let observer = observer.connect_url(server.url()).unwrap();
    stage.model.push("Ready.");
    stage.model.push(make_a_file());
    stage.model.push("Done.");
    let own = worker
        .thread_start()
        .approval_policy(AskForApproval::OnRequest)
        .sandbox(Sandbox::ReadOnly)
        .send()
        .unwrap();
    own.run("hi").send().unwrap();
    let seen = observer.thread_resume(own.id()).send().unwrap();
    let mut events = seen.events();
    own.run("Make a file.").send().unwrap();
    assert!(stage.home.workspace().join("made.txt").exists());
    assert!(events.any(|event| matches!(event, Ok(ServerNotification::TurnCompleted(_)))));
    drop(server);
}

#[cfg(unix)]
#[tokio::test]
async fn the_control_socket_of_a_home_is_found() {
    let stage = Stage::echo();
    let error = stage.builder().attach().await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("codex app-server daemon start"), "{text}");
    assert!(error.is_transient());
    let server = stage.builder().spawn_listening("unix://").await.unwrap();
    let path = server.url().strip_prefix("unix://").unwrap();
    assert!(
        Path::new(path).starts_with(stage.home.codex_home()),
        "{path}"
    );
    let codex = stage.builder().attach().await.unwrap();
    assert_eq!(codex.ask("hi").await.unwrap(), "You said hi");
    codex.close().await.unwrap();
    server.close().await.unwrap();
}

#[tokio::test]
async fn a_server_that_cannot_listen_is_an_error_with_the_reason() {
    let stage = Stage::new();
    let spawned = stage.builder().spawn_listening("ws://0.0.0.0:0").await;
    let Err(Error::Closed(closed)) = spawned else {
        panic!("{spawned:?}")
    };
    assert!(closed.stderr_tail.contains("without auth"), "{closed}");
    let spawned = stage.builder().spawn_listening("wss://127.0.0.1:0").await;
    assert!(
        matches!(spawned, Err(Error::InvalidInput(_))),
        "{spawned:?}"
    );
}

#[tokio::test]
async fn a_child_process_has_an_id_and_its_standard_error_is_a_stream() {
    let stage = Stage::new();
    let codex = stage
        .builder()
        .env("RUST_LOG", "info")
        .start()
        .await
        .unwrap();
    assert!(codex.pid().is_some_and(|id| id > 0));
    let mut lines = codex.stderr();
    assert!(!lines.next().await.unwrap().unwrap().is_empty());
    let closed = codex.closed();
    codex.close().await.unwrap();
    assert!(closed.await.exit_status.is_some());
    while let Some(line) = lines.next().await {
        line.unwrap();
    }
}

#[test]
fn blocking_clients_join_a_server_and_its_drop_ends_it() {
    let stage = Stage::echo();
    let builder = stage.blocking_builder();
    let server = builder.spawn_listening("ws://127.0.0.1:0").unwrap();
    assert!(server.pid().is_some());
    let url = server.url().to_owned();
    let codex = blocking::Codex::connect(&url).unwrap();
    assert_eq!(codex.ask("hi").unwrap(), "You said hi");
    assert!(server.stderr().next().unwrap().is_ok());
    drop(server);
    assert_ne!(codex.closed().unwrap().reason, CloseReason::Requested);
    let error = blocking::Codex::connect(&url).unwrap_err();
    assert!(error.is_transient(), "{error}");
    codex.close().unwrap();
    let codex = stage.start_blocking();
    assert_eq!(codex.pid().is_some(), Via::from_env() == Via::Stdio);
    codex.close().unwrap();
}
