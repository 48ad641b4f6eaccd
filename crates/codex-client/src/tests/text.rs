//! The text of a turn.

use serde_json::json;

use crate::{
    error::Error,
    tests::{Fake, turns::start},
    turn::handle::TurnHandle,
};

impl Fake {
    async fn item(&mut self, method: &str, id: &str, text: &str, phase: Option<&str>) {
        let item = json!({"type": "agentMessage", "id": id, "text": text, "phase": phase});
        let params = json!({
            "threadId": "t", "turnId": "u", "item": item, "startedAtMs": 1, "completedAtMs": 1,
        });
        self.notify(method, params).await;
    }

    async fn delta_of(&mut self, id: &str, text: &str) {
        let params = json!({"threadId": "t", "turnId": "u", "itemId": id, "delta": text});
        self.notify("item/agentMessage/delta", params).await;
    }

    async fn piece(&mut self, method: &str, id: &str, text: &str) {
        let params = json!({
            "threadId": "t", "turnId": "u", "itemId": id, "delta": text, "contentIndex": 0,
        });
        self.notify(method, params).await;
    }
}

/// The pieces, and the error at the end if there is one.
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
async fn the_text_is_what_is_said_to_the_user_and_nothing_else() {
    let (thread, mut fake) = Fake::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.piece("item/reasoning/textDelta", "r", "hm").await;
    fake.item("item/started", "c", "", Some("commentary")).await;
    fake.delta_of("c", "Looking.").await;
    fake.item("item/completed", "c", "Looking.", Some("commentary"))
        .await;
    fake.item("item/started", "f", "", Some("final_answer"))
        .await;
    fake.delta_of("f", "It is ").await;
    // With a member that is not known.
    fake.piece("item/agentMessage/delta", "f", "42.").await;
    fake.item("item/completed", "f", "It is 42.", Some("final_answer"))
        .await;
    // A message that came without deltas.
    fake.item("item/started", "w", "", None).await;
    fake.item("item/completed", "w", " Bye.", None).await;
    fake.complete_turn("u", "interrupted").await;
    let (pieces, error) = pieces(&turn).await;
    assert_eq!(pieces, ["It is ", "42.", " Bye."]);
    assert!(error.is_none());
    let result = turn.text_stream().result().await.unwrap();
    assert_eq!(result.items.len(), 3);
}

#[tokio::test]
async fn a_failed_turn_is_the_last_item_of_its_text() {
    let (thread, mut fake) = Fake::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.delta_of("i", "half").await;
    fake.complete_turn("u", "failed").await;
    let (pieces, error) = pieces(&turn).await;
    assert_eq!(pieces, ["half"]);
    assert!(matches!(error, Some(Error::TurnFailed(_))));
}

#[tokio::test]
async fn a_lost_turn_is_the_last_item_of_its_text() {
    let (thread, mut fake) = Fake::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.delta_of("i", "half").await;
    drop(fake);
    let (pieces, error) = pieces(&turn).await;
    assert_eq!(pieces, ["half"]);
    assert!(matches!(error, Some(Error::Closed(closed)) if closed.partial.is_some()));
}
