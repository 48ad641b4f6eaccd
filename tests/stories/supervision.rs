//! Clients that survive the end of a real app-server.
#![cfg(unix)]

use std::{collections::BTreeSet, time::Duration};

use codex_client::{
    Codex, Error, Thread,
    supervisor::{LostThread, SessionEvent, Supervision},
    types::ReasoningEffort,
};
use codex_testing::Gate;
use codex_tests::stage::Stage;

use crate::killed_server::Victim;

/// The number of turns that run when the server is killed.
const TURNS: usize = 20;

fn supervision() -> Supervision {
    Supervision::default().initial_delay(Duration::from_millis(10))
}

fn ids(lost: &[LostThread]) -> BTreeSet<&str> {
    lost.iter().map(|lost| &*lost.thread_id).collect()
}

#[tokio::test]
async fn twenty_turns_are_lost_when_the_server_is_killed_and_their_threads_continue() {
    let stage = Stage::echo();
    let victim = Victim::on(&stage);
    let builder = victim.equip(stage.builder()).supervise(supervision());
    let codex = builder.start().await.unwrap();
    let mut sessions = codex.session_events();
    let mut threads: Vec<Thread> = Vec::new();
    for number in 0..TURNS {
        let thread = codex
            .thread_start()
            .developer_instructions(format!("You are {number}."));
        let thread = thread.await.unwrap();
        // A thread is saved by its first turn. The effort stays that of the thread.
        let run = thread.run(format!("hello {number}"));
        run.effort(ReasoningEffort::High).await.unwrap();
        threads.push(thread);
    }
    let unsaved = codex.thread_start().await.unwrap();
    let ephemeral = codex.thread_start().ephemeral(true).await.unwrap();
    ephemeral.run("hello").await.unwrap();
    let mut before = Vec::new();
    for thread in &threads {
        before.push(thread.settings().await.unwrap());
    }

    let gates: Vec<Gate> = (0..TURNS)
        .map(|_| stage.model.push_gated("never sent"))
        .collect();
    let mut running = Vec::new();
    for thread in &threads {
        let turn = thread.turn("go on").await.unwrap();
        running.push(tokio::spawn(async move { turn.run().await }));
    }
    for gate in &gates {
        gate.reached().await.unwrap();
    }
    let killed = victim.id();
    victim.kill();
    for run in running {
        let ended = run.await.unwrap();
        let Err(Error::Closed(closed)) = ended else {
            panic!("the turn did not end as closed: {ended:?}");
        };
        let partial = closed.partial.as_ref().expect("a partial result");
        assert!(closed.reconnecting && !partial.items.is_empty(), "{closed}");
    }
    let first = sessions.next().await;
    assert!(
        matches!(first, Some(SessionEvent::Reconnecting { attempt: 1, .. })),
        "{first:?}"
    );
    let second = sessions.next().await;
    let Some(SessionEvent::Reconnected { resumed, lost, .. }) = second else {
        panic!("unexpected: {second:?}");
    };
    let expected: Vec<_> = threads.iter().map(Thread::id).collect();
    assert_eq!(resumed, expected);
    assert_eq!(ids(&lost), BTreeSet::from([unsaved.id(), ephemeral.id()]));
    for lost in &lost {
        assert!(matches!(lost.reason, Error::Rpc(_)), "{lost:?}");
    }
    assert!(!Victim::is_running(&killed));
    assert_ne!(victim.id(), killed);

    for (number, thread) in threads.iter().enumerate() {
        let result = thread.run(format!("again {number}")).await.unwrap();
        let expected = format!("You said again {number}");
        assert_eq!(result.final_response, Some(expected));
        let settings = thread.settings().await.unwrap();
        assert_eq!(settings, before[number]);
        // The history, and the options that no setting shows.
        let request = stage.model.requests().pop().expect("a request");
        let body = request.body().to_string();
        for part in [format!("hello {number}"), format!("You are {number}.")] {
            assert!(body.contains(&part), "{body}");
        }
    }
    let last = victim.id();
    codex.close().await.unwrap();
    assert!(sessions.next().await.is_none());
    assert!(!Victim::is_running(&last));
}

#[test]
fn a_blocking_client_survives_a_real_server() {
    let stage = Stage::echo();
    let victim = Victim::on(&stage);
    let builder = victim.equip(stage.blocking_builder());
    let codex = builder.supervise(supervision()).start().unwrap();
    let mut sessions = codex.session_events();
    let thread = codex.thread_start().send().unwrap();
    thread.run("hello").send().unwrap();
    victim.kill();
    let event = sessions.find(|event| !matches!(event, SessionEvent::Reconnecting { .. }));
    let Some(SessionEvent::Reconnected { resumed, lost, .. }) = event else {
        panic!("unexpected: {event:?}");
    };
    assert_eq!(resumed, [thread.id()]);
    assert!(lost.is_empty(), "{lost:?}");
    let result = thread.run("again").send().unwrap();
    assert_eq!(result.final_response.as_deref(), Some("You said again"));
    codex.close().unwrap();
}

#[tokio::test]
async fn threads_are_resumed_after_a_server_that_was_asked_to_terminate() {
    let stage = Stage::echo();
    let victim = Victim::on(&stage);
    let builder = victim.equip(stage.builder()).supervise(supervision());
    let codex = builder.start().await.unwrap();
    let mut sessions = codex.session_events();
    let thread = codex.thread_start().await.unwrap();
    thread.run("hello").await.unwrap();
    victim.signal("-TERM");
    sessions.next().await.expect("an attempt");
    let second = sessions.next().await;
    let Some(SessionEvent::Reconnected { resumed, lost, .. }) = second else {
        panic!("unexpected: {second:?}");
    };
    assert_eq!(resumed, [thread.id()]);
    assert!(lost.is_empty(), "{lost:?}");
    thread.run("again").await.unwrap();
    codex.close().await.unwrap();
}

#[tokio::test]
async fn the_sandbox_of_the_last_turn_is_restored() {
    let stage = Stage::echo();
    let victim = Victim::on(&stage);
    let builder = victim.equip(stage.builder()).supervise(supervision());
    let codex: Codex = builder.start().await.unwrap();
    let mut sessions = codex.session_events();
    let thread = codex.thread_start();
    let thread = thread
        .sandbox(codex_client::Sandbox::ReadOnly)
        .await
        .unwrap();
    let run = thread.run("hello");
    run.sandbox(codex_client::Sandbox::WorkspaceWrite)
        .await
        .unwrap();
    let before = thread.settings().await.unwrap();
    victim.kill();
    sessions.next().await.expect("an attempt");
    let second = sessions.next().await;
    assert!(
        matches!(second, Some(SessionEvent::Reconnected { .. })),
        "{second:?}"
    );
    // Settings are reported after the response to the request that changes them.
    thread.run("again").await.unwrap();
    assert_eq!(thread.settings().await.unwrap().sandbox, before.sandbox);
    codex.close().await.unwrap();
}
