//! Much at once, on a real app-server: requests, turns, streams, clients.

use std::{future::IntoFuture, sync::Arc};

use codex_client::{Codex, types::ServerNotification};
use codex_testing::Reply;
use codex_tests::stage::Stage;
use codex_types::{ModelListParams, ThreadReadParams};

/// A stage whose model repeats what it is told, in three pieces.
fn echo() -> Stage {
    let stage = Stage::new();
    stage.model.respond_with(|request| {
        let said = request.last_user_text().unwrap_or_default();
        Reply::deltas([String::from("You "), String::from("said "), said])
    });
    stage
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_requests_at_once_get_the_thousand_answers_that_belong_to_them() {
    const REQUESTS: usize = 1000;
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
async fn of_a_hundred_turns_at_once_each_has_its_own_text() {
    const TURNS: usize = 100;
    let stage = echo();
    let codex = stage.start().await;
    let mut runs = Vec::new();
    for number in 0..TURNS {
        let thread = codex.thread_start().ephemeral(true).await.unwrap();
        runs.push((number, thread.run(number.to_string())));
    }
    let runs: Vec<_> = runs
        .into_iter()
        .map(|(number, run)| (number, tokio::spawn(run.into_future())))
        .collect();
    for (number, run) in runs {
        let result = run.await.unwrap().unwrap();
        let expected = format!("You said {number}");
        assert_eq!(result.final_response, Some(expected));
    }
    codex.close().await.unwrap();
}

#[tokio::test]
async fn streams_that_are_read_by_turns_have_their_own_events_in_order() {
    const STREAMS: usize = 4;
    let stage = echo();
    let codex = stage.start().await;
    let mut streams = Vec::new();
    for number in 0..STREAMS {
        let thread = codex.thread_start().await.unwrap();
        let turn = thread.turn(number.to_string()).await.unwrap();
        streams.push((turn.id().to_owned(), turn.stream(), String::new(), false));
    }
    // One event of each, and round again.
    while streams.iter().any(|(.., ended)| !ended) {
        for (id, events, text, ended) in streams.iter_mut().filter(|(.., ended)| !ended) {
            let Some(event) = events.next().await else {
                *ended = true;
                continue;
            };
            let event = event.unwrap();
            assert_eq!(event.turn_id(), Some(id.as_str()));
            if let ServerNotification::AgentMessageDelta(delta) = event {
                text.push_str(&delta.delta);
            }
        }
    }
    for (number, (_, events, text, _)) in streams.into_iter().enumerate() {
        assert_eq!(text, format!("You said {number}"));
        let result = events.result().await.unwrap();
        assert_eq!(result.final_response, Some(text));
    }
    codex.close().await.unwrap();
}

#[tokio::test]
async fn two_clients_at_once_do_not_know_of_each_other() {
    async fn told(codex: &Codex, number: usize) -> Option<String> {
        let thread = codex.thread_start().await.unwrap();
        let result = thread.run(number.to_string()).await.unwrap();
        result.final_response
    }

    let stage = echo();
    let (one, two) = (stage.start().await, stage.start().await);
    for _ in 0..3 {
        let (first, second) = tokio::join!(told(&one, 1), told(&two, 2));
        assert_eq!(first.as_deref(), Some("You said 1"));
        assert_eq!(second.as_deref(), Some("You said 2"));
    }
    // The end of one is not the end of the other.
    one.close().await.unwrap();
    two.request(ModelListParams::default()).await.unwrap();
    assert_eq!(told(&two, 3).await.as_deref(), Some("You said 3"));
    two.close().await.unwrap();
}
