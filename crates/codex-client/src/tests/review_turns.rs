//! Reviews. The server runs them under a different id from the one in their events.

use std::time::Duration;

use codex_types::{ReviewDelivery, ReviewTarget, TurnStatus};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    client::Thread,
    error::Error,
    tests::{FakeServer, turns::events},
    turn::handle::TurnHandle,
};

/// Returns the params of the item that starts or ends a review.
fn item(kind: &str, text: &str) -> Value {
    json!({
        "threadId": "t", "turnId": "r", "startedAtMs": 1, "completedAtMs": 1,
        "item": {"type": kind, "id": kind, "review": text},
    })
}

impl FakeServer {
    /// Starts the turn that the review runs under. Older servers name no root.
    async fn start_inner_turn(&mut self, root: Option<&str>) {
        let turn = json!({"id": "inner", "items": [], "status": "inProgress", "rootTurnId": root});
        let params = json!({"threadId": "t", "turn": turn});
        self.notify("turn/started", params).await;
    }
}

/// Starts a review. Its first item arrives before the response, and its turn starts after the
/// response.
async fn start(thread: &Thread, fake: &mut FakeServer) -> TurnHandle {
    start_with_root(thread, fake, Some("r")).await
}

async fn start_with_root(thread: &Thread, fake: &mut FakeServer, root: Option<&str>) -> TurnHandle {
    let review = thread.review(ReviewTarget::UncommittedChanges).start();
    let server = async {
        let request = fake.receive().await;
        assert_eq!(request["method"], "review/start");
        let expected = json!({"threadId": "t", "target": {"type": "uncommittedChanges"}});
        assert_eq!(request["params"], expected);
        fake.notify("item/started", item("enteredReviewMode", "x"))
            .await;
        let turn = json!({"id": "r", "items": [], "status": "inProgress"});
        let result = json!({"reviewThreadId": "t", "turn": turn});
        fake.send(&json!({"id": request["id"], "result": result}))
            .await;
        fake.notify("item/completed", item("enteredReviewMode", "x"))
            .await;
        fake.start_inner_turn(root).await;
        fake.delta("r", "Looking.").await;
    };
    let (turn, ()) = tokio::join!(review, server);
    turn.unwrap()
}

#[tokio::test]
async fn a_review_has_all_its_events_and_its_text() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake).await;
    for text in ["Not this.", "Nothing is wrong."] {
        fake.notify("item/completed", item("exitedReviewMode", text))
            .await;
    }
    fake.complete_turn("r", "completed").await;
    let expected = [
        "item/started",
        "item/completed",
        "Looking.",
        "item/completed",
        "item/completed",
        "turn/completed",
    ];
    assert_eq!(events(&turn).await, expected);
    let result = turn.run().await.unwrap();
    assert_eq!(result.review(), Some("Nothing is wrong."));
    assert_eq!(result.final_response, None);
}

#[tokio::test]
async fn a_review_is_interrupted_under_its_inner_id() {
    for root in [Some("r"), None] {
        let (thread, mut fake) = FakeServer::start_thread().await;
        let turn = start_with_root(&thread, &mut fake, root).await;
        interrupt_under_the_inner_id(&thread, &mut fake, &turn).await;
    }
}

async fn interrupt_under_the_inner_id(thread: &Thread, fake: &mut FakeServer, turn: &TurnHandle) {
    let (interrupted, request) =
        tokio::join!(turn.interrupt(), fake.respond("turn/interrupt", json!({})));
    interrupted.unwrap();
    let expected = json!({"threadId": "t", "turnId": "inner"});
    assert_eq!(request["params"], expected);
    fake.complete_turn("r", "interrupted").await;
    let result = turn.run().await.unwrap();
    assert_eq!(result.status, TurnStatus::Interrupted);
    // The thread is idle again: the next input starts a turn.
    let (sent, _) = tokio::join!(
        thread.steer_or_start("more"),
        fake.respond("turn/start", crate::tests::turn_start_response("next"))
    );
    assert_eq!(sent.unwrap().id(), "next");
}

#[tokio::test]
async fn a_review_ends_with_the_connection_even_before_it_starts() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let review = tokio::spawn(thread.review(ReviewTarget::UncommittedChanges).start());
    let turn = json!({"id": "r", "items": [], "status": "inProgress"});
    fake.respond("review/start", json!({"reviewThreadId": "t", "turn": turn}))
        .await;
    drop(fake);
    let turn = review.await.unwrap().unwrap();
    let error = turn.run().await.unwrap_err();
    assert!(matches!(error, Error::Closed(_)), "{error}");
}

#[tokio::test]
async fn a_review_in_another_thread_is_an_error_and_nothing_is_sent() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let delivery = ReviewDelivery::Unrecognized("detached".into());
    let review = thread.review(ReviewTarget::UncommittedChanges);
    let review = review.params(|params| params.delivery(delivery));
    let error = review.await.unwrap_err();
    assert!(matches!(error, Error::InvalidInput(_)), "{error}");
    fake.round_trip(&thread.codex).await;
}

#[tokio::test(start_paused = true)]
async fn the_timeout_of_a_review_covers_its_response_and_its_beginning_together() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let timeout = Duration::from_secs(10);
    let begun = Instant::now();
    let review = thread.review(ReviewTarget::UncommittedChanges);
    let review = review.timeout(timeout).start();
    let server = async {
        let id = fake.receive_request("review/start").await;
        tokio::time::sleep(timeout * 9 / 10).await;
        let turn = json!({"id": "r", "items": [], "status": "inProgress"});
        let result = json!({"reviewThreadId": "t", "turn": turn});
        fake.send(&json!({"id": id, "result": result})).await;
    };
    let (turn, ()) = tokio::join!(review, server);
    assert_eq!(turn.unwrap().id(), "r");
    assert_eq!(begun.elapsed().as_secs(), timeout.as_secs());
}
