//! Twenty turns of a supervised client over a connection that stalls, or that is slow.
#![cfg(unix)]

use std::time::Duration;

use codex_client::{Codex, Thread, TurnHandle};
use codex_testing::Gate;
use codex_tests::{stage::Stage, via::Via};

use crate::{
    proxy::{Proxy, Treatment},
    supervised_remote::{TURNS, assert_echoes, attempt, client, listen, lost, reconnected},
};

/// Starts threads with a turn each, and then a second one, whose responses are held.
async fn start_turns(stage: &Stage, codex: &Codex) -> (Vec<Thread>, Vec<TurnHandle>, Vec<Gate>) {
    let (mut threads, mut turns, mut gates) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..TURNS {
        let thread = codex.thread_start().await.unwrap();
        assert_echoes(&thread, &format!("hello {number}")).await;
        threads.push(thread);
    }
    for thread in &threads {
        let (turn, gate) = stage.held_turn(thread, "go on", "The end").await;
        turns.push(turn);
        gates.push(gate);
    }
    (threads, turns, gates)
}

#[tokio::test]
async fn twenty_turns_are_lost_when_their_connection_stalls_and_their_threads_continue() {
    let stage = Stage::echo();
    let server = listen(&stage, Via::WebSocket).await;
    let proxy = Proxy::before(&server).await;
    let builder = client().ping_interval(Duration::from_secs(1));
    let codex = builder.connect_url(proxy.url()).await.unwrap();
    let mut sessions = codex.session_events();
    let (threads, turns, gates) = start_turns(&stage, &codex).await;
    proxy.treat(Treatment::Stall);
    for turn in &turns {
        let closed = lost(turn.run().await);
        assert!(closed.to_string().contains("has sent nothing"), "{closed}");
    }
    attempt(&mut sessions).await;
    proxy.treat(Treatment::Pass);
    reconnected(&mut sessions, &threads).await;
    // The turns run on the server, where the next inputs join them.
    for gate in &gates {
        gate.open();
    }
    for (number, thread) in threads.iter().enumerate() {
        assert_echoes(thread, &format!("again {number}")).await;
    }
    codex.close().await.unwrap();
    server.close().await.unwrap();
}

#[tokio::test]
async fn twenty_turns_lose_nothing_over_a_slow_connection() {
    let stage = Stage::echo();
    let server = listen(&stage, Via::WebSocket).await;
    let proxy = Proxy::before(&server).await;
    let codex = client().connect_url(proxy.url()).await.unwrap();
    let mut sessions = codex.session_events();
    let (threads, turns, gates) = start_turns(&stage, &codex).await;
    proxy.treat(Treatment::Trickle);
    for gate in &gates {
        gate.open();
    }
    for turn in &turns {
        let result = turn.run().await.unwrap();
        assert_eq!(result.final_response.as_deref(), Some("The end"));
    }
    // A cut is survived over a slow connection, too.
    proxy.cut();
    reconnected(&mut sessions, &threads).await;
    assert_echoes(&threads[0], "again").await;
    codex.close().await.unwrap();
    server.close().await.unwrap();
}
