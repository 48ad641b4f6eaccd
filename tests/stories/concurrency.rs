//! Concurrent requests, turns, streams and clients on a real app-server.

use std::{future::IntoFuture, sync::Arc};

use codex_client::{Codex, types::ServerNotification};
use codex_testing::{Gate, ModelResponse};
use codex_tests::stage::Stage;
use codex_types::{ThreadReadParams, request};

const REQUESTS: usize = 1000;
const TURNS: usize = 100;
const STREAMS: usize = 4;

/// Returns the text that the model sends in the turn with this number.
fn text_of(number: usize) -> Option<String> {
    Some(format!("You said {number}"))
}

/// Creates a stage whose model responds to all turns at once, when the gate opens.
fn together() -> (Stage, Gate) {
    let stage = Stage::new();
    let gate = stage.model.gate();
    let held = gate.clone();
    stage.model.respond_with(move |request| {
        let said = request.last_user_text().unwrap_or_default();
        ModelResponse::text(format!("You said {said}")).hold(&held)
    });
    (stage, gate)
}

/// Appends the text of an event, which must belong to this turn.
fn append(turn_id: &str, text: &mut String, event: &ServerNotification) {
    assert_eq!(event.turn_id(), Some(turn_id));
    if let ServerNotification::AgentMessageDelta(delta) = event {
        text.push_str(&delta.delta);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_concurrent_requests_each_get_their_own_response() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let mut threads = Vec::new();
    for _ in 0..10 {
        let thread = codex.thread_start().await.unwrap();
        threads.push(Arc::<str>::from(thread.id()));
    }
    let calls: Vec<_> = (0..REQUESTS)
        .map(|number| {
            let id = Arc::clone(&threads[number % threads.len()]);
            let read = codex.request(ThreadReadParams::new(&*id));
            tokio::spawn(async move { (id, read.await) })
        })
        .collect();
    for call in calls {
        let (id, read) = call.await.unwrap();
        assert_eq!(read.unwrap().thread.id, *id);
    }
    codex.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_concurrent_turns_each_have_their_own_text() {
    let (stage, gate) = together();
    let codex = stage.start().await;
    let mut runs = Vec::new();
    for number in 0..TURNS {
        let thread = codex.thread_start().ephemeral(true).await.unwrap();
        runs.push(thread.run(number.to_string()));
    }
    let runs = runs.into_iter().map(IntoFuture::into_future);
    let runs: Vec<_> = runs.map(tokio::spawn).collect();
    gate.reached_by(TURNS).await.unwrap();
    gate.open();
    for (number, run) in runs.into_iter().enumerate() {
        let result = run.await.unwrap().unwrap();
        assert_eq!(result.final_response, text_of(number));
    }
    codex.close().await.unwrap();
}

#[tokio::test]
async fn streams_that_are_read_alternately_have_their_own_events_in_order() {
    let stage = Stage::echo();
    let codex = stage.start().await;
    let mut streams = Vec::new();
    for number in 0..STREAMS {
        let thread = codex.thread_start().await.unwrap();
        let turn = thread.turn(number.to_string()).await.unwrap();
        streams.push((turn.stream(), turn, String::new(), false));
    }
    // One event from each stream, round after round.
    while streams.iter().any(|(.., ended)| !ended) {
        for (events, turn, text, ended) in streams.iter_mut().filter(|(.., ended)| !ended) {
            match events.next().await {
                Some(event) => append(turn.id(), text, &event.unwrap()),
                None => *ended = true,
            }
        }
    }
    for (number, (events, _, text, _)) in streams.into_iter().enumerate() {
        assert_eq!(Some(text), text_of(number));
        let result = events.result().await.unwrap();
        assert_eq!(result.final_response, text_of(number));
    }
    codex.close().await.unwrap();
}

#[tokio::test]
async fn two_concurrent_clients_are_independent() {
    async fn run_turn(codex: &Codex, number: usize) -> Option<String> {
        let thread = codex.thread_start().await.unwrap();
        let result = thread.run(number.to_string()).await.unwrap();
        result.final_response
    }

    let stage = Stage::echo();
    let (one, two) = (stage.start().await, stage.start().await);
    for _ in 0..3 {
        let (first, second) = tokio::join!(run_turn(&one, 1), run_turn(&two, 2));
        assert_eq!((first, second), (text_of(1), text_of(2)));
    }
    // Closing one client does not affect the other.
    one.close().await.unwrap();
    two.request(request::MemoryReset).await.unwrap();
    assert_eq!(run_turn(&two, 3).await, text_of(3));
    two.close().await.unwrap();
}

/// The same tests with the blocking API, where each concurrent operation has its own thread.
mod blocking {
    use std::{sync::Barrier, thread};

    use codex_client::blocking::{Codex, Thread};

    use super::*;

    #[test]
    fn a_thousand_concurrent_requests_each_get_their_own_response() {
        let stage = Stage::new();
        let codex = stage.start_blocking();
        let start = || codex.thread_start().send().unwrap().id().to_owned();
        let ids: Vec<String> = (0..10).map(|_| start()).collect();
        thread::scope(|scope| {
            for id in ids.iter().cycle().take(REQUESTS) {
                let read = codex.request(ThreadReadParams::new(id));
                scope.spawn(move || assert_eq!(read.send().unwrap().thread.id, *id));
            }
        });
        codex.close().unwrap();
    }

    #[test]
    fn a_hundred_concurrent_turns_each_have_their_own_text() {
        let (stage, gate) = together();
        let codex = stage.start_blocking();
        let start = || codex.thread_start().ephemeral(true).send().unwrap();
        let threads: Vec<Thread> = (0..TURNS).map(|_| start()).collect();
        thread::scope(|scope| {
            for (number, thread) in threads.iter().enumerate() {
                let run = thread.run(number.to_string());
                scope.spawn(move || {
                    let result = run.send().unwrap();
                    assert_eq!(result.final_response, text_of(number));
                });
            }
            gate.blocking_reached_by(TURNS).unwrap();
            gate.open();
        });
        codex.close().unwrap();
    }

    #[test]
    fn streams_that_are_read_concurrently_have_their_own_events_in_order() {
        let stage = Stage::echo();
        let codex = stage.start_blocking();
        // All turns are started before the first event is read.
        let started = Barrier::new(STREAMS);
        thread::scope(|scope| {
            for number in 0..STREAMS {
                let (codex, started) = (&codex, &started);
                scope.spawn(move || {
                    let thread = codex.thread_start().send().unwrap();
                    let turn = thread.turn(number.to_string()).send().unwrap();
                    started.wait();
                    let (mut events, mut text) = (turn.stream(), String::new());
                    for event in &mut events {
                        append(turn.id(), &mut text, &event.unwrap());
                    }
                    assert_eq!(Some(text), text_of(number));
                    let result = events.result().unwrap();
                    assert_eq!(result.final_response, text_of(number));
                });
            }
        });
        codex.close().unwrap();
    }

    #[test]
    fn two_concurrent_clients_are_independent() {
        fn run_turn(codex: &Codex, number: usize) -> Option<String> {
            let thread = codex.thread_start().send().unwrap();
            let result = thread.run(number.to_string()).send().unwrap();
            result.final_response
        }

        let stage = Stage::echo();
        let (one, two) = (stage.start_blocking(), stage.start_blocking());
        for _ in 0..3 {
            thread::scope(|scope| {
                scope.spawn(|| assert_eq!(run_turn(&one, 1), text_of(1)));
                scope.spawn(|| assert_eq!(run_turn(&two, 2), text_of(2)));
            });
        }
        one.close().unwrap();
        two.request(request::MemoryReset).send().unwrap();
        assert_eq!(run_turn(&two, 3), text_of(3));
        two.close().unwrap();
    }
}
