//! Threads that are unsubscribed from, archived or deleted during a turn, on a real app-server. In
//! every case, the turn ends.

use codex_client::{Codex, DetachReason, Error, Thread, TurnHandle};
use codex_testing::Gate;
use codex_tests::stage::Stage;
use codex_types::{ThreadDeleteParams, ThreadUnsubscribeParams, TurnStatus};

/// Saves a thread and starts a turn whose first model request is held at a gate.
async fn busy(stage: &Stage, codex: &Codex) -> (Thread, TurnHandle, Gate) {
    let thread = codex.thread_start().await.unwrap();
    stage.model.push("saved");
    thread.run("zero").await.unwrap();
    let (turn, gate) = stage.held_turn(&thread, "one", "never read").await;
    (thread, turn, gate)
}

#[tokio::test]
async fn unsubscribing_from_a_thread_detaches_its_turn_and_the_thread_can_be_resumed() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let (thread, turn, gate) = busy(&stage, &codex).await;
    let params = ThreadUnsubscribeParams::new(thread.id());
    codex.request(params).await.unwrap();
    let Err(Error::TurnDetached(detached)) = turn.run().await else {
        panic!("not detached")
    };
    assert_eq!(detached.reason, DetachReason::Unsubscribed);
    assert_eq!(detached.turn_id.as_deref(), Some(turn.id()));
    // A turn without a subscription is not started, because it would have no events.
    let refused = thread.run("two").await;
    assert!(
        matches!(refused, Err(Error::InvalidInput(_))),
        "{refused:?}"
    );
    assert_eq!(stage.model.requests().len(), 2);
    // The server continues the first turn, which can still be interrupted.
    turn.interrupt().await.unwrap();
    drop(gate);
    let thread = codex.thread_resume(thread.id()).await.unwrap();
    stage.model.push("subscribed again");
    let result = thread.run("three").await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("subscribed again"));
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_turn_whose_thread_is_archived_or_deleted_is_interrupted() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let (archived, first, _gate) = busy(&stage, &codex).await;
    codex.thread_archive(archived.id()).await.unwrap();
    let result = first.run().await.unwrap();
    assert_eq!(result.status, TurnStatus::Interrupted);
    let (deleted, second, _gate) = busy(&stage, &codex).await;
    let params = ThreadDeleteParams::new(deleted.id());
    codex.request(params).await.unwrap();
    let result = second.run().await.unwrap();
    assert_eq!(result.status, TurnStatus::Interrupted);
    codex.close().await.unwrap();
}
