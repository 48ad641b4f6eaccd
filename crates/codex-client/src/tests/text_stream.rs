//! The text stream of a turn.

use serde_json::json;

use crate::{
    error::Error,
    tests::{FakeServer, turns::start},
    turn::handle::TurnHandle,
};

impl FakeServer {
    async fn message_item(&mut self, method: &str, id: &str, text: &str, phase: Option<&str>) {
        let item = json!({"type": "agentMessage", "id": id, "text": text, "phase": phase});
        let params = json!({
            "threadId": "t", "turnId": "u", "item": item, "startedAtMs": 1, "completedAtMs": 1,
        });
        self.notify(method, params).await;
    }

    async fn message_delta(&mut self, id: &str, text: &str) {
        let params = json!({"threadId": "t", "turnId": "u", "itemId": id, "delta": text});
        self.notify("item/agentMessage/delta", params).await;
    }

    /// Sends a delta with a member that only some methods have.
    async fn indexed_delta(&mut self, method: &str, id: &str, text: &str) {
        let params = json!({
            "threadId": "t", "turnId": "u", "itemId": id, "delta": text, "contentIndex": 0,
        });
        self.notify(method, params).await;
    }
}

/// Reads the text of a turn. Returns its pieces, and the error at its end if there is one.
async fn pieces(turn: &TurnHandle) -> (Vec<String>, Option<Error>) {
    let mut stream = turn.text_stream();
    let mut pieces = Vec::new();
    while let Some(piece) = stream.next().await {
        match piece {
            Ok(piece) => pieces.push(piece),
            Err(error) => {
                assert!(stream.next().await.is_none());
                return (pieces, Some(error));
            }
        }
    }
    (pieces, None)
}

#[tokio::test]
async fn the_text_contains_final_messages_but_no_commentary_or_reasoning() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.indexed_delta("item/reasoning/textDelta", "r", "hm")
        .await;
    fake.message_item("item/started", "c", "", Some("commentary"))
        .await;
    fake.message_delta("c", "Looking.").await;
    fake.message_item("item/completed", "c", "Looking.", Some("commentary"))
        .await;
    fake.message_item("item/started", "f", "", Some("final_answer"))
        .await;
    fake.message_delta("f", "It is ").await;
    // This delta has an unknown member.
    fake.indexed_delta("item/agentMessage/delta", "f", "42.")
        .await;
    fake.message_item("item/completed", "f", "It is 42.", Some("final_answer"))
        .await;
    // A message without deltas.
    fake.message_item("item/started", "w", "", None).await;
    fake.message_item("item/completed", "w", " Bye.", None)
        .await;
    fake.complete_turn("u", "interrupted").await;
    let (pieces, error) = pieces(&turn).await;
    assert_eq!(pieces, ["It is ", "42.", " Bye."]);
    assert!(error.is_none());
    let result = turn.text_stream().result().await.unwrap();
    assert_eq!(result.items.len(), 3);
}

#[tokio::test]
async fn the_text_of_a_failed_turn_ends_with_an_error() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.message_delta("i", "half").await;
    fake.complete_turn("u", "failed").await;
    let (pieces, error) = pieces(&turn).await;
    assert_eq!(pieces, ["half"]);
    assert!(matches!(error, Some(Error::TurnFailed(_))));
}

#[tokio::test]
async fn the_text_of_a_turn_cut_off_by_the_end_of_the_connection_ends_with_an_error() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.message_delta("i", "half").await;
    drop(fake);
    let (pieces, error) = pieces(&turn).await;
    assert_eq!(pieces, ["half"]);
    assert!(matches!(error, Some(Error::Closed(closed)) if closed.partial.is_some()));
}
