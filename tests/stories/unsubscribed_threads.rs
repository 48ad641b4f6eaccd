//! Threads that are left, archived or deleted while a turn runs in them, on a real app-server: the turn
//! ends, one way or another.

use codex_client::{Codex, Error, LostReason, Thread, TurnHandle};
use codex_testing::Gate;
use codex_tests::stage::Stage;
use codex_types::{ThreadDeleteParams, ThreadUnsubscribeParams, TurnStatus};

/// A saved thread, and a turn in it whose first request the model holds.
async fn busy(stage: &Stage, codex: &Codex) -> (Thread, TurnHandle, Gate) {
    let thread = codex.thread_start().await.unwrap();
    stage.model.push("saved");
    thread.run("zero").await.unwrap();
    let gate = stage.model.push_gated("never heard");
    let turn = thread.turn("one").await.unwrap();
    gate.reached().await.unwrap();
    (thread, turn, gate)
}

#[tokio::test]
async fn a_turn_whose_thread_is_unsubscribed_from_is_lost_and_the_thread_can_be_resumed() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let (thread, turn, gate) = busy(&stage, &codex).await;
    let params = ThreadUnsubscribeParams::new(thread.id());
    codex.request(params).await.unwrap();
    let Err(Error::TurnLost(lost)) = turn.run().await else {
        panic!("not lost")
    };
    assert_eq!(lost.reason, LostReason::Unsubscribed);
    assert_eq!(lost.turn_id, turn.id());
    // A turn of which nothing would be heard is not even started.
    let refused = thread.run("two").await;
    assert!(
        matches!(refused, Err(Error::InvalidInput(_))),
        "{refused:?}"
    );
    assert_eq!(stage.model.requests().len(), 2);
    // The server goes on with the first one, and hears of an interrupt.
    turn.interrupt().await.unwrap();
    drop(gate);
    let thread = codex.thread_resume(thread.id()).await.unwrap();
    stage.model.push("heard again");
    let result = thread.run("three").await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("heard again"));
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
