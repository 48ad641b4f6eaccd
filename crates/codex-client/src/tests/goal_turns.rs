//! Goals: which turns belong to a goal, and when a goal ends. Goals whose end is not reported are
//! in `unreported_goal_ends.rs`.

use std::{future::IntoFuture, time::Duration};

use codex_types::{ThreadGoalStatus, ThreadUnsubscribeParams, TurnStatus};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    client::Thread,
    error::{Error, turn_detached::DetachReason},
    goal::{handle::GoalHandle, stream::GoalStream},
    tests::FakeServer,
};

pub(super) fn goal(status: &str) -> Value {
    json!({
        "threadId": "t", "createdAt": 1, "objective": "Sing.", "status": status,
        "timeUsedSeconds": 0, "tokensUsed": 0, "updatedAt": 2,
    })
}

impl FakeServer {
    pub(super) async fn update_goal(&mut self, status: &str, turn_id: Option<&str>) {
        let params = json!({"threadId": "t", "turnId": turn_id, "goal": goal(status)});
        self.notify("thread/goal/updated", params).await;
    }

    /// Responds to `thread/goal/set` with this status, and notifies the client of the goal.
    pub(super) async fn set_goal(&mut self, status: &str) -> Value {
        let message = self
            .respond("thread/goal/set", json!({"goal": goal(status)}))
            .await;
        self.update_goal(status, None).await;
        message["params"].clone()
    }

    pub(super) async fn clear_goal(&mut self) {
        let result = json!({"cleared": true});
        self.respond("thread/goal/clear", result).await;
        self.notify("thread/goal/cleared", json!({"threadId": "t"}))
            .await;
    }
}

pub(super) async fn start(thread: &Thread, fake: &mut FakeServer) -> GoalHandle {
    let starting = thread.goal_start("Sing.").token_budget(7).into_future();
    let server = async {
        fake.clear_goal().await;
        let params = fake.set_goal("active").await;
        let expected = json!({
            "threadId": "t", "objective": "Sing.", "status": "active", "tokenBudget": 7,
        });
        assert_eq!(params, expected);
    };
    tokio::join!(starting, server).0.unwrap()
}

/// Reads a stream to its end. Returns the turn and the method of each event.
pub(super) async fn read(events: &mut GoalStream) -> Vec<String> {
    let mut read = Vec::new();
    while let Some(event) = events.next().await {
        let event = event.unwrap();
        let turn = event.turn_id().unwrap_or("-");
        read.push(format!("{turn} {}", event.method()));
    }
    read
}

#[tokio::test(start_paused = true)]
async fn the_timeout_of_the_start_of_a_goal_covers_its_responses_and_its_report_together() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let timeout = Duration::from_secs(10);
    let begun = Instant::now();
    let starting = thread.goal_start("Sing.").timeout(timeout).into_future();
    let server = async {
        let id = fake.receive_request("thread/goal/clear").await;
        tokio::time::sleep(timeout / 2).await;
        fake.send(&json!({"id": id, "result": {"cleared": false}}))
            .await;
        let id = fake.receive_request("thread/goal/set").await;
        tokio::time::sleep(timeout / 4).await;
        fake.send(&json!({"id": id, "result": {"goal": goal("active")}}))
            .await;
    };
    let error = tokio::join!(starting, server).0.unwrap_err();
    assert!(
        matches!(error, Error::Timeout { after, .. } if after == timeout),
        "{error}"
    );
    assert_eq!(begun.elapsed().as_secs(), timeout.as_secs());
}

#[tokio::test]
async fn all_turns_of_the_thread_belong_to_the_goal_and_late_events_add_no_turn() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let goal = start(&thread, &mut fake).await;
    fake.start_turn("u").await;
    fake.complete_item("u", "one").await;
    fake.update_goal("active", Some("u")).await;
    fake.complete_turn("u", "completed").await;
    fake.complete_item("u", "late").await;
    fake.start_turn("v").await;
    fake.delta("v", "x").await;
    fake.update_goal("paused", None).await;
    fake.complete_item("v", "two").await;
    fake.complete_turn("v", "completed").await;
    let result = goal.stream().result().await.unwrap();
    assert_eq!(result.status(), Some(&ThreadGoalStatus::Paused));
    assert_eq!(result.final_response(), Some("two"));
    let ids: Vec<_> = result.turns.iter().map(|turn| turn.id.as_str()).collect();
    assert_eq!(ids, ["u", "v"]);
    let expected = [
        "- thread/goal/updated",
        "u turn/started",
        "u item/completed",
        "u thread/goal/updated",
        "u turn/completed",
        "v turn/started",
        "v item/agentMessage/delta",
        "- thread/goal/updated",
        "v item/completed",
        "v turn/completed",
    ];
    assert_eq!(read(&mut goal.stream()).await, expected);
    // The goal has ended, so pausing it sends nothing.
    goal.pause().await.unwrap();
    fake.round_trip(&thread.codex).await;
}

#[tokio::test]
async fn a_turn_that_the_client_starts_belongs_to_the_goal_and_to_its_handle() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let goal = start(&thread, &mut fake).await;
    let turn = crate::tests::turns::start(&thread, &mut fake, "u").await;
    let waiting = tokio::spawn({
        let goal = goal.clone();
        async move { goal.run().await }
    });
    fake.start_turn("u").await;
    fake.round_trip(&thread.codex).await;
    assert_eq!(goal.turn().unwrap().id(), "u");
    fake.update_goal("complete", Some("u")).await;
    fake.round_trip(&thread.codex).await;
    // The goal is complete, but its turn is still running.
    assert_eq!(goal.goal().unwrap().status, ThreadGoalStatus::Complete);
    assert!(!waiting.is_finished());
    fake.complete_turn("u", "completed").await;
    let result = waiting.await.unwrap().unwrap();
    // The goal was not streamed, but the turn still has its events.
    let events = crate::tests::turns::events(&turn).await;
    assert_eq!(events.len(), 3, "{events:?}");
    assert_eq!(result.turns, [turn.run().await.unwrap()]);
}

#[tokio::test]
async fn an_interrupted_turn_ends_a_goal_until_it_is_resumed() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let goal = start(&thread, &mut fake).await;
    fake.start_turn("u").await;
    fake.complete_turn("u", "interrupted").await;
    let result = goal.run().await.unwrap();
    assert_eq!(result.turns[0].status, TurnStatus::Interrupted);
    assert_eq!(result.status(), Some(&ThreadGoalStatus::Active));
    // A rejected resume does not change the goal.
    let (rejected, ()) = tokio::join!(goal.resume(), async {
        let id = fake.receive_request("thread/goal/set").await;
        let error = json!({"code": -32600, "message": "no"});
        fake.send(&json!({"id": id, "error": error})).await;
    });
    assert!(matches!(rejected, Err(Error::Rpc(_))));
    assert_eq!(goal.run().await.unwrap(), result);
    let (resumed, _) = tokio::join!(goal.resume(), fake.set_goal("active"));
    resumed.unwrap();
    let waiting = tokio::spawn(async move { goal.run().await });
    fake.round_trip(&thread.codex).await;
    assert!(!waiting.is_finished());
    fake.start_turn("v").await;
    fake.update_goal("complete", Some("v")).await;
    fake.complete_turn("v", "completed").await;
    assert_eq!(waiting.await.unwrap().unwrap().turns.len(), 2);
}

#[tokio::test]
async fn the_end_of_the_connection_ends_a_goal_with_a_partial_result() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let goal = start(&thread, &mut fake).await;
    fake.start_turn("u").await;
    fake.complete_item("u", "so far").await;
    fake.round_trip(&thread.codex).await;
    let waiting = tokio::spawn({
        let goal = goal.clone();
        async move { goal.run().await }
    });
    let mut events = goal.stream();
    drop(fake);
    let Err(Error::Closed(closed)) = waiting.await.unwrap() else {
        panic!("the goal did not fail")
    };
    let partial = closed.partial.as_ref().unwrap();
    assert_eq!(partial.final_response.as_deref(), Some("so far"));
    let mut last = None;
    while let Some(event) = events.next().await {
        last = Some(event);
    }
    assert!(matches!(last, Some(Err(Error::Closed(_)))), "{last:?}");
    assert!(matches!(goal.pause().await, Err(Error::Closed(_))));
    // A goal that is between two turns ends as well.
    let (thread, mut fake) = FakeServer::start_thread().await;
    let goal = start(&thread, &mut fake).await;
    drop(fake);
    assert!(matches!(goal.run().await, Err(Error::Closed(_))));
    drop(thread);
}

#[tokio::test]
async fn unsubscribing_from_a_thread_ends_its_goal() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let goal = start(&thread, &mut fake).await;
    fake.start_turn("u").await;
    fake.complete_item("u", "so far").await;
    let waiting = tokio::spawn({
        let goal = goal.clone();
        async move { goal.run().await }
    });
    let unsubscribe = thread.codex.request(ThreadUnsubscribeParams::new("t"));
    let response = fake.respond("thread/unsubscribe", json!({"status": "unsubscribed"}));
    tokio::join!(unsubscribe.into_future(), response).0.unwrap();
    let Err(Error::TurnDetached(detached)) = waiting.await.unwrap() else {
        panic!("the goal did not fail")
    };
    assert_eq!(
        (detached.turn_id.as_deref(), detached.reason),
        (Some("u"), DetachReason::Unsubscribed)
    );
    let mut events = goal.stream();
    let mut last = None;
    while let Some(event) = events.next().await {
        last = Some(event);
    }
    assert!(
        matches!(last, Some(Err(Error::TurnDetached(_)))),
        "{last:?}"
    );
    // A goal cannot be started either.
    let error = thread.goal_start("Dance.").await.unwrap_err();
    assert!(!matches!(error, Error::Timeout { .. }), "{error}");
}

#[tokio::test]
async fn an_update_of_the_previous_goal_does_not_end_the_new_one() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let starting = tokio::spawn(thread.goal_start("Sing.").into_future());
    fake.clear_goal().await;
    let mut old = goal("complete");
    old["objective"] = "Dance.".into();
    let params = json!({"threadId": "t", "turnId": null, "goal": old});
    fake.notify("thread/goal/updated", params).await;
    let id = fake.receive_request("thread/goal/set").await;
    fake.send(&json!({"id": id, "result": {"goal": goal("active")}}))
        .await;
    fake.round_trip(&thread.codex).await;
    assert!(!starting.is_finished());
    fake.update_goal("active", None).await;
    let new = starting.await.unwrap().unwrap();
    assert_eq!(new.goal().unwrap().objective, "Sing.");
    // A new goal replaces this one.
    let waiting = tokio::spawn(async move { new.run().await });
    let _third = start(&thread, &mut fake).await;
    assert!(waiting.await.unwrap().unwrap().turns.is_empty());
}

#[tokio::test]
async fn a_goal_without_handles_holds_back_no_events_of_its_thread() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let mut notifications = thread.codex.notifications();
    let goal = start(&thread, &mut fake).await;
    drop(goal);
    fake.start_turn("u").await;
    let next_turn_started = async {
        loop {
            let event = notifications.next().await.unwrap().unwrap();
            if event.method() == "turn/started" {
                return;
            }
        }
    };
    next_turn_started.await;
}
