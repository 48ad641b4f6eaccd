//! Compactions and commands that are typed: turns that the server starts.

use std::{future::IntoFuture, time::Duration};

use codex_types::TurnStatus;
use serde_json::json;

use crate::{
    client::Codex,
    error::Error,
    tests::{
        Fake, settle,
        turns::{events, start},
    },
    turn::handle::TurnHandle,
};

impl Fake {
    async fn start_item(&mut self, turn_id: &str, item: serde_json::Value) {
        let params = json!({"threadId": "t", "turnId": turn_id, "item": item, "startedAtMs": 1});
        self.notify("item/started", params).await;
    }

    async fn compacts(&mut self, turn_id: &str) {
        self.start_turn(turn_id).await;
        let item = json!({"type": "contextCompaction", "id": "c"});
        self.start_item(turn_id, item).await;
    }
}

#[tokio::test]
async fn a_compaction_is_the_turn_that_compacts_whatever_else_goes_on() {
    let (thread, mut fake) = Fake::start_thread().await;
    let running = start(&thread, &mut fake, "running").await;
    let (compaction, ()) = tokio::join!(thread.compact(), async {
        let id = fake.request("thread/compact/start").await;
        // The server interrupts what runs, and does not wait with the answer for that.
        fake.start_turn("running").await;
        fake.send(&json!({"id": id, "result": {}})).await;
        let item = json!({"type": "agentMessage", "id": "i", "text": ""});
        fake.start_item("running", item).await;
        fake.complete_turn("running", "interrupted").await;
        fake.compacts("compaction").await;
    });
    let compaction: TurnHandle = compaction.unwrap();
    assert_eq!(
        (compaction.id(), compaction.thread_id()),
        ("compaction", "t")
    );
    fake.complete_turn("compaction", "completed").await;
    let all = ["turn/started", "item/started", "turn/completed"];
    assert_eq!(events(&compaction).await, all);
    let result = compaction.run().await.unwrap();
    assert_eq!(result.status, TurnStatus::Completed);
    assert_eq!(running.run().await.unwrap().status, TurnStatus::Interrupted);
}

#[tokio::test]
async fn a_typed_command_is_the_one_of_the_user_and_none_of_the_model() {
    let (thread, mut fake) = Fake::start_thread().await;
    let (typed, ()) = tokio::join!(thread.shell_command("ls | wc"), async {
        let params = json!({"threadId": "t", "command": "ls | wc"});
        let asked = fake.answer("thread/shellCommand", json!({})).await;
        assert_eq!(asked["params"], params);
        for (turn_id, source) in [("models", "agent"), ("users", "userShell")] {
            fake.start_turn(turn_id).await;
            let item = json!({
                "type": "commandExecution", "id": "c", "command": "ls", "commandActions": [],
                "cwd": "/", "source": source, "status": "inProgress",
            });
            fake.start_item(turn_id, item).await;
        }
    });
    assert_eq!(typed.unwrap().id(), "users");
}

#[tokio::test]
async fn a_compaction_that_is_over_before_its_answer_has_its_end() {
    let (thread, mut fake) = Fake::start_thread().await;
    let (compaction, ()) = tokio::join!(thread.compact(), async {
        let id = fake.request("thread/compact/start").await;
        fake.compacts("compaction").await;
        fake.complete_turn("compaction", "failed").await;
        fake.send(&json!({"id": id, "result": {}})).await;
    });
    let outcome = compaction.unwrap().run().await;
    assert!(matches!(outcome, Err(Error::TurnFailed(_))), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_compaction_that_never_begins_is_a_timeout_and_keeps_nothing() {
    let builder = Codex::builder().request_timeout(Duration::from_secs(7));
    let (codex, mut fake) = Fake::start_with(builder).await;
    let call = codex.thread_start().into_future();
    let (thread, _) = tokio::join!(
        call,
        fake.answer("thread/start", crate::tests::thread_started())
    );
    let thread = thread.unwrap();
    let mut notifications = codex.notifications();
    let (compaction, ()) = tokio::join!(thread.compact(), async {
        fake.start_turn("other").await;
        fake.answer("thread/compact/start", json!({})).await;
    });
    let Err(Error::Timeout { method, after }) = compaction else {
        panic!("{compaction:?}")
    };
    assert_eq!((method, after.as_secs()), ("thread/compact/start", 7));
    // What was kept for it goes to whoever listens.
    let kept = notifications.next().await.unwrap().unwrap();
    assert_eq!(kept.turn_id(), Some("other"));
    settle(&codex, &mut fake).await;
}

#[tokio::test]
async fn a_compaction_that_is_refused_or_cut_off_says_so() {
    let (thread, mut fake) = Fake::start_thread().await;
    let refusal = "thread not found: t";
    let (refused, _) = tokio::join!(
        thread.compact(),
        fake.refuse("thread/compact/start", refusal)
    );
    assert!(matches!(refused, Err(Error::Rpc(_))), "{refused:?}");
    let (end_early, ()) = tokio::join!(thread.compact(), async move {
        fake.answer("thread/compact/start", json!({})).await;
        drop(fake);
    });
    assert!(matches!(end_early, Err(Error::Closed(_))), "{end_early:?}");
}
