//! Compacting the history of a thread on a real app-server.

use codex_client::{
    Codex, Error, Thread,
    types::{ThreadItem, TurnStatus},
};
use codex_testing::ModelResponse;
use codex_tests::stage::Stage;

/// Starts a thread and runs a turn in it.
async fn saved(stage: &Stage, codex: &Codex) -> Thread {
    stage.model.push("A long story.");
    let thread = codex.thread_start().await.unwrap();
    thread.run("Tell me a story.").await.unwrap();
    thread
}

#[tokio::test]
async fn a_compaction_is_a_turn_that_the_server_starts() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = saved(&stage, &codex).await;
    stage.model.push("A summary.");
    let compaction = thread.compact().await.unwrap();
    assert_eq!(compaction.thread_id(), thread.id());
    let result = compaction.run().await.unwrap();
    assert_eq!(result.status, TurnStatus::Completed);
    let items = result.items.as_slice();
    assert!(
        matches!(items, [ThreadItem::ContextCompaction(_)]),
        "{items:?}"
    );
    assert_eq!(stage.model.requests().len(), 2);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_compaction_interrupts_the_running_turn_and_can_fail() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = saved(&stage, &codex).await;
    let (turn, _gate) = stage.held_turn(&thread, "And then?", "never sent").await;
    stage
        .model
        .push(ModelResponse::http_error(400, "no summary today"));
    let compaction = thread.compact().await.unwrap();
    let stopped = turn.run().await.unwrap();
    assert_eq!(stopped.status, TurnStatus::Interrupted);
    let outcome = compaction.run().await;
    let Err(Error::TurnFailed(result)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(result.id, compaction.id());
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_thread_without_history_can_be_compacted() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    stage.model.push("There is nothing to sum up.");
    let result = thread.compact().await.unwrap().run().await.unwrap();
    assert_eq!(result.status, TurnStatus::Completed);
    codex.close().await.unwrap();
}
