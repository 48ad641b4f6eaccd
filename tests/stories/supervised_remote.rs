//! Supervised clients that joined a real app-server: connections that are cut or stall, and servers
//! that end and return.
#![cfg(unix)]

use std::{
    fs,
    process::Command,
    slice,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use codex_client::{
    ApprovalRequest, Codex, ConnectionClosed, Decision, Error, Result, Sandbox, Thread, TurnResult,
    blocking,
    builder::CodexBuilder,
    remote::{BearerToken, ListeningServer},
    supervisor::{SessionEvent, SessionEvents, Supervision},
    types::{AskForApproval, ServerNotification, TurnStatus},
};
use codex_testing::{Gate, ModelResponse};
use codex_tests::{
    stage::Stage,
    via::{TOKEN, Via, capability_token_in},
};
use serde_json::json;

use crate::proxy::{Proxy, Treatment};

/// The number of turns that run when the connection is cut.
pub(crate) const TURNS: usize = 20;

/// A token that the server has after a rotation.
const ROTATED: &str = "fedcba9876543210fedcba9876543210";

/// A server may be absent for as long as a test needs.
fn supervision() -> Supervision {
    Supervision::default()
        .initial_delay(Duration::from_millis(10))
        .max_delay(Duration::from_millis(100))
        .max_attempts(u32::MAX)
}

pub(crate) fn client() -> CodexBuilder {
    Codex::builder().supervise(supervision())
}

pub(crate) async fn listen(stage: &Stage, via: Via) -> ListeningServer {
    let builder = via.equip(stage.builder(), &stage.home);
    builder.spawn_listening(via.url(&stage.home)).await.unwrap()
}

/// A supervised client that has joined a server through a proxy.
struct Joined {
    stage: Stage,
    server: ListeningServer,
    proxy: Proxy,
    codex: Codex,
    sessions: SessionEvents,
}

impl Joined {
    async fn start() -> Self {
        let stage = Stage::echo();
        let server = listen(&stage, Via::WebSocket).await;
        let proxy = Proxy::before(&server).await;
        let codex = client().connect_url(proxy.url()).await.unwrap();
        let sessions = codex.session_events();
        Self {
            stage,
            server,
            proxy,
            codex,
            sessions,
        }
    }
}

/// Kills the process of a server.
fn kill(pid: Option<u32>) {
    let pid = pid.expect("a running server").to_string();
    let killed = Command::new("kill").args(["-9", &pid]).status();
    assert!(killed.unwrap().success());
}

/// Returns the end of a turn that was lost, with its partial result.
pub(crate) fn lost(ended: Result<TurnResult>) -> Arc<ConnectionClosed> {
    let Err(Error::Closed(closed)) = ended else {
        panic!("the turn did not end as closed: {ended:?}");
    };
    assert!(closed.reconnecting && closed.partial.is_some(), "{closed}");
    closed
}

/// Returns the reason of the next attempt.
pub(crate) async fn attempt(sessions: &mut SessionEvents) -> Error {
    match sessions.next().await {
        Some(SessionEvent::Reconnecting { reason, .. }) => reason,
        other => panic!("unexpected: {other:?}"),
    }
}

/// Waits for the next session, in which all threads are resumed.
pub(crate) async fn reconnected(sessions: &mut SessionEvents, threads: &[Thread]) {
    loop {
        match sessions.next().await {
            Some(SessionEvent::Reconnecting { .. }) => {}
            Some(SessionEvent::Reconnected { resumed, lost, .. }) => {
                let expected: Vec<_> = threads.iter().map(Thread::id).collect();
                assert_eq!(resumed, expected);
                assert!(lost.is_empty(), "{lost:?}");
                return;
            }
            other => panic!("unexpected: {other:?}"),
        }
    }
}

pub(crate) async fn assert_echoes(thread: &Thread, text: &str) {
    let result = thread.run(text).await.unwrap();
    let expected = format!("You said {text}");
    assert_eq!(result.final_response, Some(expected));
}

#[tokio::test]
async fn twenty_turns_are_lost_when_their_connection_is_cut_and_their_threads_continue() {
    let stage = Stage::echo();
    let server = listen(&stage, Via::CapabilityToken).await;
    let proxy = Proxy::before(&server).await;
    let codex = client().bearer_token(TOKEN).connect_url(proxy.url()).await;
    let codex = codex.unwrap();
    let mut sessions = codex.session_events();
    let mut threads: Vec<Thread> = Vec::new();
    for number in 0..TURNS {
        let thread = codex.thread_start().await.unwrap();
        // Half of the threads are saved.
        if number % 2 == 0 {
            assert_echoes(&thread, &format!("hello {number}")).await;
        }
        threads.push(thread);
    }
    let mut running = Vec::new();
    let mut events = Vec::new();
    let mut gates: Vec<Gate> = Vec::new();
    for thread in &threads {
        let (turn, gate) = stage.held_turn(thread, "go on", "The end").await;
        running.push(tokio::spawn(async move { turn.run().await }));
        events.push(thread.events());
        gates.push(gate);
    }
    proxy.cut();
    for run in running {
        lost(run.await.unwrap());
    }
    assert!(matches!(attempt(&mut sessions).await, Error::Closed(_)));
    reconnected(&mut sessions, &threads).await;
    assert_eq!(codex.pid(), None);

    // The turns run on the server. Their further events are those of their threads.
    for gate in &gates {
        gate.open();
    }
    for events in &mut events {
        let mut has_ended = false;
        let mut text = String::new();
        let completed = loop {
            match events.next().await.expect("an event") {
                Ok(ServerNotification::AgentMessageDelta(delta)) => text += &delta.delta,
                Ok(ServerNotification::TurnCompleted(completed)) => break completed,
                Ok(_) => {}
                Err(Error::Closed(_)) => has_ended = true,
                Err(error) => panic!("{error}"),
            }
        };
        assert!(has_ended);
        assert_eq!(text, "The end");
        assert_eq!(completed.turn.status, TurnStatus::Completed);
    }
    for (number, thread) in threads.iter().enumerate() {
        assert_echoes(thread, &format!("again {number}")).await;
    }
    codex.close().await.unwrap();
    assert!(sessions.next().await.is_none());
    server.close().await.unwrap();
}

#[tokio::test]
async fn a_turn_that_is_lost_can_be_joined_and_interrupted_where_its_server_still_runs() {
    let Joined {
        stage,
        server,
        proxy,
        codex,
        mut sessions,
    } = Joined::start().await;
    let thread = codex.thread_start().await.unwrap();

    let (turn, gate) = stage.held_turn(&thread, "one", "First").await;
    let id = turn.id().to_owned();
    proxy.cut();
    lost(turn.run().await);
    reconnected(&mut sessions, slice::from_ref(&thread)).await;
    let joined = thread.turn("two").await.unwrap();
    assert_eq!(joined.id(), id);
    gate.open();
    let result = joined.run().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("You said two"));

    let (turn, _gate) = stage.held_turn(&thread, "three", "Never").await;
    let mut events = thread.events();
    proxy.cut();
    lost(turn.run().await);
    reconnected(&mut sessions, slice::from_ref(&thread)).await;
    assert!(matches!(turn.interrupt().await, Err(Error::Closed(_))));
    thread.interrupt().await.unwrap();
    loop {
        if let Ok(ServerNotification::TurnCompleted(completed)) = events.next().await.unwrap() {
            assert_eq!(completed.turn.id, turn.id());
            assert_eq!(completed.turn.status, TurnStatus::Interrupted);
            break;
        }
    }
    assert_echoes(&thread, "four").await;
    codex.close().await.unwrap();
    server.close().await.unwrap();
}

#[tokio::test]
async fn threads_that_are_not_saved_are_lost_even_where_their_server_still_runs() {
    let Joined {
        stage: _stage,
        server,
        proxy,
        codex,
        mut sessions,
    } = Joined::start().await;
    let unsaved = codex.thread_start().await.unwrap();
    let ephemeral = codex.thread_start().ephemeral(true).await.unwrap();
    assert_echoes(&ephemeral, "hello").await;
    proxy.cut();
    attempt(&mut sessions).await;
    let second = sessions.next().await;
    let Some(SessionEvent::Reconnected { resumed, lost, .. }) = second else {
        panic!("unexpected: {second:?}");
    };
    assert!(resumed.is_empty(), "{resumed:?}");
    let lost: Vec<_> = lost.iter().map(|lost| &*lost.thread_id).collect();
    assert_eq!(lost, [unsaved.id(), ephemeral.id()]);
    codex.close().await.unwrap();
    server.close().await.unwrap();
}

#[tokio::test]
async fn an_approval_that_is_pending_when_the_connection_is_cut_is_requested_again() {
    let Joined {
        stage,
        server,
        proxy,
        codex,
        mut sessions,
    } = Joined::start().await;
    let mut inbox = codex.server_requests();
    let call = json!({
        "cmd": "touch made.txt", "sandbox_permissions": "require_escalated",
        "justification": "May I make a file?",
    });
    let call = ModelResponse::function_call("exec_command", call);
    stage.model.push(call);
    stage.model.push("As you wish.");
    let thread = codex
        .thread_start()
        .approval_policy(AskForApproval::OnRequest)
        .sandbox(Sandbox::ReadOnly)
        .await
        .unwrap();
    let turn = thread.turn("Make a file.").await.unwrap();
    let first = inbox.next().await.expect("an approval");
    let mut events = thread.events();
    proxy.cut();
    lost(turn.run().await);
    first.resolved().await;
    let late = first.respond(Decision::Accept);
    assert!(matches!(late, Err(Error::Resolved { .. })), "{late:?}");
    reconnected(&mut sessions, slice::from_ref(&thread)).await;
    let second = inbox.next().await.expect("the same approval");
    assert!(matches!(
        second.approval(),
        Some(ApprovalRequest::Command(_))
    ));
    second.respond(Decision::Decline).unwrap();
    while let Some(event) = events.next().await {
        if let Ok(ServerNotification::TurnCompleted(completed)) = event {
            assert_eq!(completed.turn.status, TurnStatus::Completed);
            break;
        }
    }
    assert!(!stage.home.workspace().join("made.txt").exists());
    codex.close().await.unwrap();
    server.close().await.unwrap();
}

#[tokio::test]
async fn a_connection_that_stalls_is_noticed_by_its_silence_and_replaced() {
    let stage = Stage::echo();
    let server = listen(&stage, Via::SignedToken).await;
    let proxy = Proxy::before(&server).await;
    let builder = Via::SignedToken.equip(client(), &stage.home);
    let builder = builder.ping_interval(Duration::from_millis(300));
    let codex = builder.connect_url(proxy.url()).await.unwrap();
    let mut sessions = codex.session_events();
    let thread = codex.thread_start().await.unwrap();
    assert_echoes(&thread, "hello").await;
    let (turn, gate) = stage.held_turn(&thread, "go on", "The end").await;
    proxy.treat(Treatment::Stall);
    let closed = lost(turn.run().await);
    assert!(closed.to_string().contains("has sent nothing"), "{closed}");
    attempt(&mut sessions).await;
    // The attempt stalls, too, until then.
    proxy.treat(Treatment::Pass);
    reconnected(&mut sessions, slice::from_ref(&thread)).await;
    gate.open();
    assert_echoes(&thread, "again").await;
    codex.close().await.unwrap();
    server.close().await.unwrap();
}

#[tokio::test]
async fn a_client_reconnects_to_a_server_that_was_killed_and_started_again() {
    let Joined {
        stage,
        server,
        proxy,
        codex,
        mut sessions,
    } = Joined::start().await;
    let thread = codex.thread_start().await.unwrap();
    assert_echoes(&thread, "hello").await;
    let (turn, _gate) = stage.held_turn(&thread, "go on", "Never").await;
    kill(server.pid());
    lost(turn.run().await);
    attempt(&mut sessions).await;
    let unreachable = attempt(&mut sessions).await;
    assert!(matches!(unreachable, Error::Connect(_)), "{unreachable}");
    let server = listen(&stage, Via::WebSocket).await;
    proxy.lead_to(&server);
    reconnected(&mut sessions, slice::from_ref(&thread)).await;
    assert_echoes(&thread, "again").await;
    let request = stage.model.requests().pop().expect("a request");
    assert!(request.body().to_string().contains("hello"));
    codex.close().await.unwrap();
    server.close().await.unwrap();
}

#[tokio::test]
async fn a_client_reconnects_to_the_unix_socket_of_a_server_that_was_started_again() {
    let stage = Stage::echo();
    let url = Via::UnixSocket.url(&stage.home);
    let server = stage.builder().spawn_listening(&url).await.unwrap();
    let codex = client().connect_url(&url).await.unwrap();
    let mut sessions = codex.session_events();
    let thread = codex.thread_start().await.unwrap();
    assert_echoes(&thread, "hello").await;
    let (turn, _gate) = stage.held_turn(&thread, "go on", "Never").await;
    kill(server.pid());
    lost(turn.run().await);
    attempt(&mut sessions).await;
    let unreachable = attempt(&mut sessions).await;
    assert!(matches!(unreachable, Error::Connect(_)), "{unreachable}");
    let server = stage.builder().spawn_listening(&url).await.unwrap();
    reconnected(&mut sessions, slice::from_ref(&thread)).await;
    assert_echoes(&thread, "again").await;
    codex.close().await.unwrap();
    server.close().await.unwrap();
}

#[tokio::test]
async fn a_client_gives_up_at_once_when_its_token_is_refused_and_a_fresh_token_reconnects() {
    let stage = Stage::echo();
    let server = listen(&stage, Via::CapabilityToken).await;
    let proxy = Proxy::before(&server).await;
    let file = stage.home.root().join("token");
    let failures = Arc::new(AtomicU32::new(0));
    let from_file = BearerToken::from_fn({
        let (file, failures) = (file.clone(), Arc::clone(&failures));
        move || {
            let fails = failures
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    left.checked_sub(1)
                })
                .is_ok();
            let token = fs::read_to_string(&file).map_err(|error| error.to_string());
            async move {
                match fails {
                    true => Err("the vault does not respond".to_owned()),
                    false => token,
                }
            }
        }
    });
    let fixed = client().bearer_token(TOKEN).connect_url(proxy.url()).await;
    let fixed = fixed.unwrap();
    let mut refused = fixed.session_events();
    let fresh = client().bearer_token(from_file);
    let fresh = fresh.connect_url(proxy.url()).await.unwrap();
    let mut sessions = fresh.session_events();
    let thread = fresh.thread_start().await.unwrap();
    assert_echoes(&thread, "hello").await;

    failures.store(1, Ordering::Relaxed);
    fs::write(&file, ROTATED).unwrap();
    let builder = stage.builder().launch_args(capability_token_in(file));
    let rotated = builder.spawn_listening("ws://127.0.0.1:0").await.unwrap();
    proxy.lead_to(&rotated);
    kill(server.pid());

    attempt(&mut refused).await;
    let gave_up = refused.next().await;
    let Some(SessionEvent::GaveUp {
        attempts, reason, ..
    }) = gave_up
    else {
        panic!("unexpected: {gave_up:?}");
    };
    assert_eq!(attempts, 1);
    let Error::Connect(failed) = reason else {
        panic!("unexpected: {reason:?}");
    };
    assert_eq!(failed.status, Some(401));
    let ended = fixed.models().await.unwrap_err().to_string();
    assert!(ended.contains("401") && !ended.contains(TOKEN), "{ended}");

    attempt(&mut sessions).await;
    let failed = attempt(&mut sessions).await;
    assert!(
        failed.to_string().contains("the vault does not respond"),
        "{failed}"
    );
    assert!(failed.is_transient());
    reconnected(&mut sessions, slice::from_ref(&thread)).await;
    assert_echoes(&thread, "again").await;
    fresh.close().await.unwrap();
    rotated.close().await.unwrap();
}

#[test]
fn a_blocking_client_survives_the_server_that_it_joined() {
    let stage = Stage::echo();
    let url = Via::UnixSocket.url(&stage.home);
    let server = stage.blocking_builder().spawn_listening(&url).unwrap();
    let builder = blocking::Codex::builder().supervise(supervision());
    let codex = builder.connect_url(&url).unwrap();
    let mut sessions = codex.session_events();
    let thread = codex.thread_start().send().unwrap();
    thread.run("hello").send().unwrap();
    let gate = stage.model.push_gated("Never");
    let turn = thread.turn("go on").send().unwrap();
    gate.blocking_reached().unwrap();
    kill(server.pid());
    lost(turn.run());
    let server = stage.blocking_builder().spawn_listening(&url).unwrap();
    let event = sessions.find(|event| !matches!(event, SessionEvent::Reconnecting { .. }));
    let Some(SessionEvent::Reconnected { resumed, lost, .. }) = event else {
        panic!("unexpected: {event:?}");
    };
    assert_eq!(resumed, [thread.id()]);
    assert!(lost.is_empty(), "{lost:?}");
    let result = thread.run("again").send().unwrap();
    assert_eq!(result.final_response.as_deref(), Some("You said again"));
    codex.close().unwrap();
    server.close().unwrap();
}
