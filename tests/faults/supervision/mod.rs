//! Clients that survive the end of their server.

mod attempts;
mod sessions;

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use codex_client::{
    CloseReason, Codex, ConnectionClosed, Decision, Error, Result, RetryPolicy, Tool, blocking,
    builder::CodexBuilder,
    retry,
    supervisor::{LostThread, SessionEvent, SessionEvents, Supervision},
    types::{ServerNotification, ToolRequestUserInputResponse},
    version::VersionPolicy,
};
use codex_testing::{FakeAppServer, Fault, Reply, Turn};
use serde_json::{Value, json};

use crate::fake_codex;

/// A delay that does not end within a test.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

fn quick() -> Supervision {
    Supervision::default().initial_delay(Duration::from_millis(1))
}

fn builder<M>(builder: CodexBuilder<M>, server: &FakeAppServer) -> CodexBuilder<M> {
    let builder = builder.binary(fake_codex()).envs(server.envs().unwrap());
    builder.supervise(quick())
}

/// Returns a supervised client of a fake, and its events.
async fn start(supervision: Supervision) -> (FakeAppServer, Codex, SessionEvents) {
    let server = FakeAppServer::start().unwrap();
    let builder = builder(Codex::builder(), &server).supervise(supervision);
    let codex = builder.start().await.unwrap();
    let sessions = codex.session_events();
    (server, codex, sessions)
}

/// Waits until all processes of a server have ended.
async fn processes_ended(server: &FakeAppServer) {
    if shows_ends_of_processes() {
        server.processes_ended().await.unwrap();
    }
}

/// The blocking form of [`processes_ended`].
fn blocking_processes_ended(server: &FakeAppServer) {
    if shows_ends_of_processes() {
        server.blocking_processes_ended().unwrap();
    }
}

/// Returns whether a fake sees the end of every process. Wine 8, in which `cargo xtask windows`
/// runs the tests, can keep the connection of a process open that was ended while it received.
fn shows_ends_of_processes() -> bool {
    env::var_os("CODEX_TESTS_UNDER_WINE").is_none()
}

fn closed<T: std::fmt::Debug>(result: &Result<T>) -> &ConnectionClosed {
    match result {
        Err(Error::Closed(closed)) => closed,
        result => panic!("not closed: {result:?}"),
    }
}

/// Returns the threads of the next `Reconnected`, after any number of attempts.
async fn reconnected(sessions: &mut SessionEvents) -> (Vec<String>, Vec<LostThread>) {
    loop {
        match sessions.next().await.expect("a session") {
            SessionEvent::Reconnecting { .. } => {}
            SessionEvent::Reconnected { resumed, lost, .. } => return (resumed, lost),
            other => panic!("unexpected: {other:?}"),
        }
    }
}

/// Returns the number and the reason of the next attempt.
async fn attempt(sessions: &mut SessionEvents) -> (u32, Error) {
    match sessions.next().await.expect("an attempt") {
        SessionEvent::Reconnecting {
            attempt, reason, ..
        } => (attempt, reason),
        other => panic!("unexpected: {other:?}"),
    }
}

fn lookup() -> Tool {
    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Lookup {
        word: String,
    }

    Tool::new("lookup", "Looks up a word.", |args: Lookup| async move {
        Ok(args.word)
    })
}

#[tokio::test]
async fn a_turn_is_lost_with_its_partial_result_and_the_next_one_of_the_same_thread_runs() {
    let (server, codex, mut sessions) = start(quick()).await;
    let thread = codex.thread_start().model("m").await.unwrap();
    server.push_turn(Turn::text("So far").fault(Fault::Kill).then_text("never"));
    let turn = thread.turn("go").await.unwrap();
    let mut stream = turn.stream();
    let lost = turn.run().await;
    let end = closed(&lost);
    assert!(end.reconnecting, "{end}");
    let partial = end.partial.as_ref().expect("a partial result");
    assert_eq!(partial.final_response.as_deref(), Some("So far"));
    let mut last = None;
    while let Some(event) = stream.next().await {
        last = Some(event);
    }
    closed(&last.expect("an event"));

    let (first, reason) = attempt(&mut sessions).await;
    assert_eq!(first, 1);
    assert!(!reason.is_retryable() && !reason.is_transient());
    let (resumed, lost) = reconnected(&mut sessions).await;
    assert_eq!(resumed, [thread.id()]);
    assert!(lost.is_empty(), "{lost:?}");
    server.push_turn("Again.");
    let result = thread.run("again").await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("Again."));
    // The lost turn was not started again.
    assert_eq!(server.requests("turn/start").len(), 2);
    codex.close().await.unwrap();
    assert!(sessions.next().await.is_none());
    processes_ended(&server).await;
}

#[tokio::test]
async fn a_thread_is_resumed_with_its_options_and_with_the_settings_of_its_last_turn() {
    let (server, codex, mut sessions) = start(quick()).await;
    server.on("thread/settings/update", |_| json!({}));
    let thread = codex.thread_start().model("m").cwd("/w").tool(lookup());
    let thread = thread
        .developer_instructions("Be brief.")
        .config("a.b", 1)
        .await
        .unwrap();
    let mut events = thread.events();
    server.notify(
        "thread/settings/updated",
        json!({"threadId": thread.id(), "threadSettings": {"model": "n", "effort": "high"}}),
    );
    events.next().await.unwrap().unwrap();
    server.fault(Fault::Kill);
    reconnected(&mut sessions).await;
    let resumes = server.requests("thread/resume");
    let [resume] = &*resumes else {
        panic!("{} requests", resumes.len());
    };
    let expected = json!({
        "threadId": thread.id(), "excludeTurns": true, "model": "n", "modelProvider": "fake",
        "cwd": "/w", "approvalPolicy": "never", "sandbox": "read-only",
        "developerInstructions": "Be brief.", "config": {"a": {"b": 1}},
    });
    let mut sent = resume.params().clone();
    if sent["config"].get("a.b").is_some() {
        sent["config"] = json!({"a": {"b": sent["config"]["a.b"]}});
    }
    assert_eq!(sent, expected);
    let update = server.next_request("thread/settings/update").await.unwrap();
    let expected = json!({"threadId": thread.id(), "effort": "high"});
    assert_eq!(*update.params(), expected);
}

#[tokio::test]
async fn a_thread_whose_settings_cannot_be_restored_is_lost_and_runs_no_turn_with_other_ones() {
    for is_experimental in [true, false] {
        let server = FakeAppServer::start().unwrap();
        let builder = builder(Codex::builder(), &server).experimental_api(is_experimental);
        let codex = builder.start().await.unwrap();
        let mut sessions = codex.session_events();
        server.on("thread/settings/update", |_| {
            Reply::error(-32600, "no such sandbox")
        });
        let thread = codex.thread_start().await.unwrap();
        let mut events = thread.events();
        let settings = json!({"sandboxPolicy": {"type": "externalSandbox"}});
        server.notify(
            "thread/settings/updated",
            json!({"threadId": thread.id(), "threadSettings": settings}),
        );
        events.next().await.unwrap().unwrap();
        server.fault(Fault::Kill);
        let (resumed, lost) = reconnected(&mut sessions).await;
        assert!(resumed.is_empty(), "{resumed:?}");
        assert_eq!(lost[0].thread_id, thread.id());
        assert!(lost[0].reason.to_string().contains("sandbox"), "{lost:?}");
        let refused = thread.run("go").await;
        assert!(
            matches!(refused, Err(Error::InvalidInput(_))),
            "{refused:?}"
        );
        assert!(server.requests("turn/start").is_empty());
    }
}

#[tokio::test]
async fn subscriptions_inboxes_handlers_and_tools_work_after_a_restart() {
    let server = FakeAppServer::start().unwrap();
    let builder = builder(Codex::builder(), &server).on_approval(|_| async { Decision::Accept });
    let codex = builder.start().await.unwrap();
    let mut sessions = codex.session_events();
    let mut notifications = codex.notifications();
    let mut inbox = codex.server_requests();
    let thread = codex.thread_start().tool(lookup()).await.unwrap();
    let mut events = thread.events();
    server.fault(Fault::Kill);
    // Both subscriptions have the end of the session, and continue.
    closed(&events.next().await.expect("an event"));
    loop {
        let next = notifications.next().await.expect("a notification");
        if next.is_err() {
            assert!(closed(&next).reconnecting);
            break;
        }
    }
    reconnected(&mut sessions).await;
    server.notify("warning", json!({"message": "new"}));
    let warning = notifications.next().await.unwrap().unwrap();
    assert!(
        matches!(warning, ServerNotification::Warning(_)),
        "{warning:?}"
    );

    let turn = Turn::new()
        .command_approval("ls")
        .question("q", "Really?", ["yes"])
        .tool_call("lookup", json!({"word": "b"}))
        .then_text("Done.");
    server.push_turn(turn);
    let running = thread.turn("go").await.unwrap();
    let pending = inbox.next().await.expect("a question");
    let answer = ToolRequestUserInputResponse::default().answer("q", "yes");
    pending.respond(answer).unwrap();
    let result = running.run().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("Done."));
    let responses = server.responses();
    let results: Vec<Value> = responses.iter().map(|it| it.result().clone()).collect();
    assert_eq!(results[0]["decision"], "accept", "{results:?}");
    assert_eq!(
        results[1]["answers"]["q"]["answers"][0], "yes",
        "{results:?}"
    );
    assert_eq!(results[2]["success"], true, "{results:?}");
    assert!(matches!(
        events.next().await,
        Some(Ok(
            ServerNotification::TurnStarted(_) | ServerNotification::ThreadStatusChanged(_)
        ))
    ));
}

#[tokio::test]
async fn an_approval_that_is_pending_at_the_end_of_the_session_is_withdrawn() {
    let (server, codex, mut sessions) = start(quick()).await;
    let mut inbox = codex.server_requests();
    let thread = codex.thread_start().await.unwrap();
    server.push_turn(Turn::new().command_approval("ls"));
    let turn = thread.turn("go").await.unwrap();
    let pending = inbox.next().await.expect("an approval");
    server.fault(Fault::Kill);
    pending.resolved().await;
    closed(&turn.run().await);
    reconnected(&mut sessions).await;
    let late = pending.respond(Decision::Accept);
    assert!(matches!(late, Err(Error::Resolved { .. })), "{late:?}");
    codex.models().await.unwrap();
    assert!(server.responses().is_empty());
}

#[tokio::test]
async fn a_request_in_flight_fails_and_is_not_repeated() {
    let server = FakeAppServer::start().unwrap();
    let builder = builder(Codex::builder(), &server).max_in_flight(1);
    let codex = builder.start().await.unwrap();
    let mut sessions = codex.session_events();
    let gate = server.gate();
    let last = Reply::none().hold(&gate).then_fault(Fault::Kill);
    server.push("model/list", last);
    let sent = tokio::spawn({
        let codex = codex.clone();
        async move { codex.models().await }
    });
    server.next_request("model/list").await.unwrap();
    // The limit keeps the second request in the queue.
    let attempts = Arc::new(AtomicUsize::new(0));
    let policy = RetryPolicy::default().initial_delay(Duration::ZERO);
    let queued = tokio::spawn({
        let (codex, attempts) = (codex.clone(), Arc::clone(&attempts));
        retry(policy, move || {
            attempts.fetch_add(1, Ordering::Relaxed);
            codex.thread_list()
        })
    });
    // A third request that waits in vain, so that the second one is known to wait.
    let third = codex.account().timeout(Duration::from_millis(20)).await;
    assert!(matches!(third, Err(Error::Timeout { sent: false, .. })));
    gate.open();
    queued.await.unwrap().unwrap();
    assert_eq!(attempts.load(Ordering::Relaxed), 2);
    let failed = sent.await.unwrap();
    assert!(closed(&failed).reconnecting);
    assert!(!failed.unwrap_err().is_retryable());
    reconnected(&mut sessions).await;
    codex.account().await.unwrap();
    assert_eq!(server.requests("model/list").len(), 1);
    assert_eq!(server.requests("thread/list").len(), 1);
}

#[tokio::test]
async fn a_call_while_reconnecting_waits_for_the_session() {
    let (server, codex, mut sessions) = start(quick()).await;
    let thread = codex.thread_start().await.unwrap();
    let gate = server.gate();
    server.push("thread/resume", Reply::canned().hold(&gate));
    server.fault(Fault::Kill);
    gate.reached().await.unwrap();
    server.push_turn("Later.");
    let call = tokio::spawn({
        let thread = thread.clone();
        async move { thread.run("later").await }
    });
    // A second call that gives up, so that the first one is known to wait.
    let timed_out = codex.models().timeout(Duration::from_millis(20)).await;
    assert!(
        matches!(timed_out, Err(Error::Timeout { sent: false, .. })),
        "{timed_out:?}"
    );
    assert!(timed_out.unwrap_err().is_retryable());
    assert!(!call.is_finished());
    gate.open();
    let result = call.await.unwrap().unwrap();
    assert_eq!(result.final_response.as_deref(), Some("Later."));
    assert_eq!(reconnected(&mut sessions).await.0, [thread.id()]);
    assert!(server.requests("model/list").is_empty());
    let methods: Vec<_> = server
        .messages()
        .iter()
        .filter_map(|message| message.method().map(str::to_owned))
        .collect();
    let expected = [
        "initialize",
        "initialized",
        "thread/start",
        "initialize",
        "initialized",
        "thread/resume",
        "turn/start",
    ];
    assert_eq!(methods, expected);
}

#[tokio::test]
async fn the_process_id_and_the_standard_error_are_those_of_the_server_of_the_session() {
    let (server, codex, mut sessions) = start(quick()).await;
    let first = codex.pid().expect("a process");
    let mut lines = codex.stderr();
    server.push(
        "initialize",
        Reply::canned().then_stderr("the second server\n"),
    );
    server.fault(Fault::Kill);
    reconnected(&mut sessions).await;
    let second = codex.pid().expect("another process");
    assert_ne!(second, first);
    // A stream is that of one process.
    while let Some(line) = lines.next().await {
        line.unwrap();
    }
    let line = codex.stderr().next().await.expect("a line");
    assert_eq!(line.unwrap(), "the second server");
    codex.close().await.unwrap();
    processes_ended(&server).await;
}

#[tokio::test]
async fn threads_that_cannot_be_resumed_are_lost_and_ended_ones_are_not_resumed() {
    let (server, codex, mut sessions) = start(quick()).await;
    let mut threads = Vec::new();
    for _ in 0..5 {
        threads.push(codex.thread_start().await.unwrap());
    }
    let [kept, unsaved, archived, deleted, left] = &*threads else {
        panic!("{} threads", threads.len());
    };
    for (thread, method) in [(archived, "thread/archived"), (deleted, "thread/deleted")] {
        let mut events = thread.events();
        server.notify(method, json!({"threadId": thread.id()}));
        events.next().await.unwrap().unwrap();
    }
    codex.thread_unsubscribe(left.id()).await;
    server.push("thread/resume", Reply::canned());
    let missing = format!("no rollout found for thread id {}", unsaved.id());
    server.push("thread/resume", Reply::error(-32600, missing));
    server.fault(Fault::Kill);
    let (resumed, lost) = reconnected(&mut sessions).await;
    assert_eq!(resumed, [kept.id()]);
    let [lost] = &*lost else {
        panic!("{lost:?}");
    };
    assert_eq!(lost.thread_id, unsaved.id());
    assert!(lost.reason.to_string().contains("no rollout"), "{lost:?}");
    assert_eq!(server.requests("thread/resume").len(), 2);
    // A lost thread is not resumed again.
    server.fault(Fault::Kill);
    assert_eq!(reconnected(&mut sessions).await.0, [kept.id()]);
    assert_eq!(server.requests("thread/resume").len(), 3);
}

/// Unsubscribes from a thread.
trait Unsubscribe {
    async fn thread_unsubscribe(&self, id: &str);
}

impl Unsubscribe for Codex {
    async fn thread_unsubscribe(&self, id: &str) {
        let params = codex_types::ThreadUnsubscribeParams::new(id);
        self.request(params).await.unwrap();
    }
}

#[tokio::test]
async fn logins_and_processes_end_with_the_session() {
    let (server, codex, mut sessions) = start(quick()).await;
    let login = codex.login_chatgpt().await.unwrap();
    let waiting = tokio::spawn(async move { login.wait().await });
    let gate = server.gate();
    server.push("command/exec", Reply::none().hold(&gate));
    let process = codex.exec(["cat"]).spawn().unwrap();
    gate.reached().await.unwrap();
    server.fault(Fault::Kill);
    closed(&process.wait().await);
    closed(&waiting.await.unwrap());
    reconnected(&mut sessions).await;
    codex.exec(["ls"]).await.unwrap();
}

#[tokio::test]
async fn a_compaction_that_has_begun_and_a_shell_command_end_with_the_session() {
    let (server, codex, mut sessions) = start(quick()).await;
    let thread = codex.thread_start().await.unwrap();
    let accepted = || Reply::new(json!({})).then_fault(Fault::Kill);
    server.push("thread/compact/start", accepted());
    closed(&thread.compact().await);
    reconnected(&mut sessions).await;
    server.push("thread/shellCommand", accepted());
    closed(&thread.shell_command("ls").await);
    reconnected(&mut sessions).await;
    server.push_turn("Again.");
    thread.run("again").await.unwrap();
}

#[test]
fn a_blocking_client_survives_its_server() {
    let server = FakeAppServer::start().unwrap();
    let codex = builder(blocking::Codex::builder(), &server);
    let codex = codex.start().unwrap();
    let mut sessions = codex.session_events();
    let thread = codex.thread_start().send().unwrap();
    server.push_turn(Turn::text("So far").fault(Fault::Kill).then_text("never"));
    let lost = thread.run("go").send();
    let end = closed(&lost);
    assert!(end.reconnecting && end.partial.is_some());
    let event = sessions.next();
    assert!(matches!(
        event,
        Some(SessionEvent::Reconnecting { attempt: 1, .. })
    ));
    let Some(SessionEvent::Reconnected { resumed, .. }) = sessions.next() else {
        panic!("no session");
    };
    assert_eq!(resumed, [thread.id()]);
    server.push_turn("Again.");
    let result = thread.run("again").send().unwrap();
    assert_eq!(result.final_response.as_deref(), Some("Again."));
    drop((thread, codex));
    assert!(sessions.next().is_none());
    blocking_processes_ended(&server);
}
