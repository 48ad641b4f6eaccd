//! Turns that the server starts: compactions and shell commands.

use std::time::Duration;

use codex_types::TurnStatus;
use serde_json::json;

use crate::{
    client::Codex,
    error::Error,
    tests::{
        FakeServer,
        turns::{events, start},
    },
    turn::handle::TurnHandle,
};

impl FakeServer {
    async fn start_item(&mut self, turn_id: &str, item: serde_json::Value) {
        let params = json!({"threadId": "t", "turnId": turn_id, "item": item, "startedAtMs": 1});
        self.notify("item/started", params).await;
    }

    async fn start_compaction(&mut self, turn_id: &str) {
        self.start_turn(turn_id).await;
        let item = json!({"type": "contextCompaction", "id": "c"});
        self.start_item(turn_id, item).await;
    }
}

#[tokio::test]
async fn a_compaction_is_found_among_other_turns_of_its_thread() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let running = start(&thread, &mut fake, "running").await;
    let (compaction, ()) = tokio::join!(thread.compact(), async {
        let id = fake.receive_request("thread/compact/start").await;
        // The server interrupts the running turn, and responds before that turn completes.
        fake.start_turn("running").await;
        fake.send(&json!({"id": id, "result": {}})).await;
        let item = json!({"type": "agentMessage", "id": "i", "text": ""});
        fake.start_item("running", item).await;
        fake.complete_turn("running", "interrupted").await;
        fake.start_compaction("compaction").await;
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
async fn a_shell_command_is_found_among_commands_of_the_model() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let (turn, ()) = tokio::join!(thread.shell_command("ls | wc"), async {
        let params = json!({"threadId": "t", "command": "ls | wc"});
        let request = fake.respond("thread/shellCommand", json!({})).await;
        assert_eq!(request["params"], params);
        for (turn_id, source) in [("other", "agent"), ("own", "userShell")] {
            fake.start_turn(turn_id).await;
            let item = json!({
                "type": "commandExecution", "id": "c", "command": "ls", "commandActions": [],
                "cwd": "/", "source": source, "status": "inProgress",
            });
            fake.start_item(turn_id, item).await;
        }
    });
    assert_eq!(turn.unwrap().id(), "own");
}

#[tokio::test]
async fn a_compaction_that_completes_before_its_response_keeps_its_events() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let (compaction, ()) = tokio::join!(thread.compact(), async {
        let id = fake.receive_request("thread/compact/start").await;
        fake.start_compaction("compaction").await;
        fake.complete_turn("compaction", "failed").await;
        fake.send(&json!({"id": id, "result": {}})).await;
    });
    let outcome = compaction.unwrap().run().await;
    assert!(matches!(outcome, Err(Error::TurnFailed(_))), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_compaction_that_never_starts_times_out_and_releases_held_events() {
    let builder = Codex::builder().request_timeout(Duration::from_secs(7));
    let (codex, mut fake) = FakeServer::start_with(builder).await;
    let thread = fake.thread_start(&codex).await;
    let mut notifications = codex.notifications();
    let (compaction, ()) = tokio::join!(thread.compact(), async {
        fake.start_turn("other").await;
        fake.respond("thread/compact/start", json!({})).await;
    });
    let Err(Error::Timeout { method, after, .. }) = compaction else {
        panic!("{compaction:?}")
    };
    assert_eq!((method, after.as_secs()), ("thread/compact/start", 7));
    // Events held back for the compaction become global notifications.
    let event = notifications.next().await.unwrap().unwrap();
    assert_eq!(event.turn_id(), Some("other"));
    fake.round_trip(&codex).await;
}

#[tokio::test]
async fn a_rejected_compaction_and_one_cut_off_by_the_end_of_the_connection_are_errors() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let message = "thread not found: t";
    let (rejected, _) = tokio::join!(
        thread.compact(),
        fake.respond_error("thread/compact/start", message)
    );
    assert!(matches!(rejected, Err(Error::Rpc(_))), "{rejected:?}");
    let (cut_off, ()) = tokio::join!(thread.compact(), async move {
        fake.respond("thread/compact/start", json!({})).await;
        drop(fake);
    });
    assert!(matches!(cut_off, Err(Error::Closed(_))), "{cut_off:?}");
}
