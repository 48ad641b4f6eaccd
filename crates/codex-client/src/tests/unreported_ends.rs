//! Turns whose `turn/completed` never arrives. The rules are tested in
//! `routing/unreported_ends.rs`, and the blocking client in `blocking/turn_ends_blocking.rs`.

use std::{future::IntoFuture, time::Duration};

use codex_testing::FakeConnection;
use codex_types::TurnStatus;
use serde_json::json;
use tokio::time::Instant;

use crate::{
    client::{Codex, Thread},
    error::{
        Error,
        turn_detached::{DetachReason, TurnDetached},
    },
    tests::{
        FakeServer, detached_turns::detached, thread_start_response, turn_start_response,
        turns::start,
    },
};

const GRACE: Duration = Duration::from_secs(5);

impl FakeServer {
    /// Reports the status of the thread.
    pub(super) async fn thread_status(&mut self, status: &str) {
        let params = json!({"threadId": "t", "status": {"type": status, "activeFlags": []}});
        self.notify("thread/status/changed", params).await;
    }

    /// Reports an error of the turn `u`.
    pub(super) async fn report_error(&mut self, message: &str, will_retry: bool) {
        let error = json!({"message": message, "codexErrorInfo": "serverOverloaded"});
        let params = json!({
            "threadId": "t", "turnId": "u", "willRetry": will_retry, "error": error,
        });
        self.notify("error", params).await;
    }
}

/// Asserts that the turn `u` has ended for this reason, with the item that it had completed.
fn assert_detached(detached: TurnDetached, reason: DetachReason) {
    assert_eq!(detached.reason, reason);
    assert_eq!(detached.turn_id.as_deref(), Some("u"));
    let partial = detached.partial.unwrap();
    assert_eq!(partial.status, TurnStatus::InProgress);
    assert_eq!(partial.final_response.as_deref(), Some("half"));
}

#[tokio::test(start_paused = true)]
async fn a_turn_is_detached_once_another_turn_of_its_thread_has_started() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let mut text = turn.text_stream();
    fake.start_turn("u").await;
    fake.complete_item("u", "half").await;
    fake.thread_status("idle").await;
    fake.thread_status("active").await;
    fake.start_turn("v").await;
    fake.complete_turn("v", "completed").await;
    fake.thread_status("idle").await;
    let begun = Instant::now();
    let ended = detached(turn.run().await);
    assert_eq!(begun.elapsed(), GRACE);
    assert_eq!(
        ended.to_string(),
        "the turn u of the thread t has no more events: the server started another turn without \
         reporting the end of this one"
    );
    assert_detached(*ended, DetachReason::NextTurnStarted);
    let last = detached(text.next().await.unwrap());
    assert_detached(*last, DetachReason::NextTurnStarted);
    assert!(text.next().await.is_none());
    // The thread accepts turns.
    let next = start(&thread, &mut fake, "w").await;
    fake.complete_turn("w", "completed").await;
    next.run().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_turn_with_a_final_error_is_detached_once_its_thread_is_inactive() {
    for status in ["systemError", "idle"] {
        for status_comes_first in [true, false] {
            let (thread, mut fake) = FakeServer::start_thread().await;
            let turn = start(&thread, &mut fake, "u").await;
            fake.start_turn("u").await;
            fake.complete_item("u", "half").await;
            fake.report_error("reconnecting", true).await;
            if status_comes_first {
                fake.thread_status(status).await;
            }
            fake.report_error("at capacity", false).await;
            if !status_comes_first {
                fake.thread_status(status).await;
            }
            let ended = detached(turn.run().await);
            assert!(
                ended
                    .to_string()
                    .ends_with("; the last error was: at capacity"),
                "{ended}"
            );
            let partial = ended.partial.clone().unwrap();
            assert_eq!(partial.error.unwrap().message, "at capacity");
            let last = partial.last_error.unwrap();
            assert!(!last.will_retry);
            assert_eq!(last.error.message, "at capacity");
            assert!(last.error.codex_error_info.is_some());
            assert_detached(*ended, DetachReason::ThreadInactive);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_message_of_a_detached_turn_masks_the_keys_in_its_last_error() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.report_error("wrong key sk-1234567890", false).await;
    fake.thread_status("systemError").await;
    let ended = detached(turn.run().await);
    assert!(
        ended
            .to_string()
            .ends_with("the last error was: wrong key …"),
        "{ended}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_compaction_whose_end_is_not_reported_is_detached() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let (compaction, ()) = tokio::join!(thread.compact(), async {
        fake.thread_status("active").await;
        fake.respond("thread/compact/start", json!({})).await;
        fake.start_turn("u").await;
        let item = json!({"type": "contextCompaction", "id": "c"});
        let params = json!({"threadId": "t", "turnId": "u", "item": item, "startedAtMs": 1});
        fake.notify("item/started", params).await;
    });
    let compaction = compaction.unwrap();
    fake.thread_status("idle").await;
    let ended = detached(compaction.run().await);
    assert_eq!(ended.reason, DetachReason::ThreadInactive);
}

#[tokio::test(start_paused = true)]
async fn a_late_end_is_a_result() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.start_turn("u").await;
    fake.thread_status("idle").await;
    let (result, ()) = tokio::join!(turn.run(), async {
        tokio::time::sleep(GRACE - Duration::from_millis(1)).await;
        fake.complete_item("u", "done").await;
        tokio::time::sleep(GRACE - Duration::from_millis(1)).await;
        fake.complete_turn("u", "completed").await;
    });
    assert_eq!(result.unwrap().final_response.as_deref(), Some("done"));
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_waits_for_an_approval_is_not_detached() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let mut inbox = thread.server_requests();
    let turn = start(&thread, &mut fake, "u").await;
    fake.start_turn("u").await;
    let method = "item/commandExecution/requestApproval";
    fake.send_request(7, method, &json!({"command": "ls"}))
        .await;
    fake.thread_status("idle").await;
    let request = inbox.next().await.unwrap();
    tokio::time::sleep(10 * GRACE).await;
    assert!(turn.partial().error.is_none());
    drop(request);
    fake.receive().await;
    fake.complete_turn("u", "completed").await;
    turn.run().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_grace_period_can_be_changed_and_disabled() {
    let grace = Duration::from_secs(60);
    let (codex, mut fake) = FakeServer::start_with(Codex::builder().turn_end_grace(grace)).await;
    let thread = fake.thread_start(&codex).await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.start_turn("u").await;
    fake.thread_status("idle").await;
    let begun = Instant::now();
    detached(turn.run().await);
    assert_eq!(begun.elapsed(), grace);

    let (codex, mut fake) = FakeServer::start_with(Codex::builder().no_turn_end_grace()).await;
    let thread = fake.thread_start(&codex).await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.start_turn("u").await;
    fake.thread_status("idle").await;
    fake.start_turn("v").await;
    let (result, ()) = tokio::join!(turn.run(), async {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        fake.complete_turn("u", "completed").await;
    });
    result.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_partial_result_of_a_lost_connection_has_the_last_error() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.report_error("reconnecting", true).await;
    drop(fake);
    let Err(Error::Closed(closed)) = turn.run().await else {
        panic!("the connection is open")
    };
    let partial = closed.partial.clone().unwrap();
    let last = partial.last_error.unwrap();
    assert_eq!(
        (last.error.message.as_str(), last.will_retry),
        ("reconnecting", true)
    );
    // The server was going to retry, so the turn had not failed.
    assert_eq!(partial.error, None);
}

#[tokio::test]
async fn a_completed_turn_has_no_error_but_the_last_one_that_was_retried() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.report_error("reconnecting", true).await;
    fake.complete_turn("u", "completed").await;
    let result = turn.run().await.unwrap();
    assert_eq!(result.error, None);
    assert!(result.last_error.unwrap().will_retry);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_turn_is_detached_if_the_end_of_some_turn_could_not_be_read() {
    for end in [
        r#"{"method":"turn/completed","params":5}"#,
        r#"{"method":"turn/completed"}"#,
        r#"{"method":"turn/completed","params":{"thr"#,
    ] {
        let (thread, mut fake) = FakeServer::start_thread().await;
        let turn = start(&thread, &mut fake, "u").await;
        fake.complete_item("u", "half").await;
        let (begun, mut events) = (Instant::now(), turn.stream());
        fake.write(format!("{end}\n").as_bytes()).await;
        while events.next().await.is_some() {}
        let ended = detached(events.result().await);
        assert_eq!(begun.elapsed(), GRACE, "{end}");
        let unreadable = &ended.partial.as_ref().unwrap().unreadable;
        assert_eq!(unreadable.len(), 1, "{end}: {unreadable:?}");
        assert_detached(*ended, DetachReason::UnreadableEnd);
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_with_further_events_outlives_an_end_that_could_not_be_read() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.notify("turn/completed", json!(5)).await;
    for _ in 0..3 {
        tokio::time::sleep(GRACE - Duration::from_secs(1)).await;
        fake.delta("u", "more").await;
    }
    fake.complete_turn("u", "completed").await;
    assert_eq!(turn.run().await.unwrap().status, TurnStatus::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_turn_whose_response_follows_the_idle_status_is_detached_unless_the_thread_is_active_again()
 {
    for sign in ["", "active", "turn/started"] {
        let (thread, mut fake) = FakeServer::start_thread().await;
        let starting = tokio::spawn(thread.turn("hi").into_future());
        let id = fake.receive_request("turn/start").await;
        fake.thread_status("idle").await;
        let response = turn_start_response("u");
        fake.send(&json!({"id": id, "result": response})).await;
        let turn = starting.await.unwrap().unwrap();
        let begun = Instant::now();
        match sign {
            "active" => fake.thread_status("active").await,
            "turn/started" => fake.start_turn("u").await,
            _ => {
                let ended = detached(turn.run().await);
                assert_eq!(begun.elapsed(), GRACE);
                assert_eq!(ended.reason, DetachReason::ThreadInactive);
                continue;
            }
        }
        tokio::time::sleep(10 * GRACE).await;
        fake.complete_turn("u", "completed").await;
        turn.run().await.unwrap();
    }
}

/// An end of a turn that cannot be read and names no turn.
const UNREADABLE_END: &[u8] = b"{\"method\":\"turn/completed\",\"params\":{\"thr\n";

/// Starts a thread with the id `other`, next to `t`.
async fn start_other(codex: &Codex, fake: &mut FakeServer) -> Thread {
    let mut response = thread_start_response();
    response["thread"]["id"] = "other".into();
    let (other, _) = tokio::join!(
        codex.thread_start().send(),
        fake.respond("thread/start", response)
    );
    other.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_turn_of_an_active_thread_outlives_an_end_that_could_not_be_read() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let other = start_other(&thread.codex, &mut fake).await;
    let (turn, quiet) = (
        start(&thread, &mut fake, "u").await,
        start(&other, &mut fake, "v").await,
    );
    fake.thread_status("active").await;
    fake.complete_item("u", "half").await;
    fake.write(UNREADABLE_END).await;
    // The status of the other thread is not known.
    let ended = detached(quiet.run().await);
    assert_eq!(ended.reason, DetachReason::UnreadableEnd);
    tokio::time::sleep(10 * GRACE).await;
    assert!(turn.partial().error.is_none());
    // The thread becomes inactive, so the turn has ended.
    fake.thread_status("idle").await;
    let begun = Instant::now();
    let ended = detached(turn.run().await);
    assert_eq!(begun.elapsed(), GRACE);
    assert_eq!(ended.partial.as_ref().unwrap().unreadable.len(), 1);
    assert_detached(*ended, DetachReason::ThreadInactive);
}

#[tokio::test(start_paused = true)]
async fn an_end_that_could_not_be_read_is_that_of_the_only_turn_unless_a_sub_agent_has_one() {
    for has_sub_agent in [false, true] {
        let (thread, mut fake) = FakeServer::start_thread().await;
        let turn = start(&thread, &mut fake, "u").await;
        fake.thread_status("active").await;
        fake.start_turn("u").await;
        fake.complete_item("u", "half").await;
        if has_sub_agent {
            FakeConnection::start_turn(&mut fake, "agent", "inner").await;
        }
        fake.write(UNREADABLE_END).await;
        if has_sub_agent {
            tokio::time::sleep(10 * GRACE).await;
            fake.complete_turn("u", "completed").await;
            turn.run().await.unwrap();
        } else {
            assert_detached(*detached(turn.run().await), DetachReason::UnreadableEnd);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_end_of_a_turn_of_another_client_ends_no_other_turn() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let end = r#"{"method":"turn/completed","params":{"threadId":"agent","turn":{"id":"inner"},"#;
    fake.write(format!("{end}\n").as_bytes()).await;
    fake.round_trip(&thread.codex).await;
    tokio::time::sleep(10 * GRACE).await;
    fake.complete_turn("u", "completed").await;
    turn.run().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_turn_of_an_inactive_thread_is_detached_although_its_sub_agent_works() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let mut inbox = thread.server_requests();
    let turn = start(&thread, &mut fake, "u").await;
    let turn = turn.idle_timeout(10 * GRACE);
    fake.start_turn("u").await;
    fake.start_own_sub_agent("v", "u").await;
    fake.complete_item("u", "half").await;
    let params = json!({"threadId": "agent", "turnId": "v", "command": "ls"});
    let approval = "item/commandExecution/requestApproval";
    fake.send_request(7, approval, &params).await;
    // The request is open until the turn has ended.
    let _request = inbox.next().await.unwrap();
    fake.thread_status("idle").await;
    let begun = Instant::now();
    let (result, ()) = tokio::join!(turn.run(), async {
        tokio::time::sleep(GRACE / 2).await;
        fake.sub_agent_event("item/started").await;
    });
    assert_eq!(begun.elapsed(), GRACE);
    assert_detached(*detached(result), DetachReason::ThreadInactive);
}
