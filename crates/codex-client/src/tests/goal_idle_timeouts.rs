//! Idle timeouts of goals, and goals in a state that is not recognized. The blocking client is
//! tested in `blocking/turn_ends_blocking.rs`.

use std::{future::IntoFuture, time::Duration};

use codex_types::{ThreadGoalStatus, TurnStatus};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{
    client::Thread,
    error::turn_detached::DetachReason,
    goal::handle::GoalHandle,
    tests::{
        FakeServer,
        detached_turns::detached,
        goal_turns::{goal, start},
        idle_timeouts::silent,
    },
};

const IDLE: Duration = Duration::from_secs(90);
const ALMOST: Duration = Duration::from_secs(89);
/// The time that an interrupted turn is given to end.
const INTERRUPT_GRACE: Duration = Duration::from_secs(5);

/// Resumes the goal of a thread, with an idle timeout.
async fn resume(thread: &Thread, fake: &mut FakeServer) -> GoalHandle {
    let resuming = thread.goal_resume().idle_timeout(IDLE).into_future();
    tokio::join!(resuming, fake.set_goal("active")).0.unwrap()
}

/// Receives the pause of a goal, and reports it.
async fn paused(fake: &mut FakeServer) {
    let result = json!({"goal": goal("paused")});
    let pause = fake.respond("thread/goal/set", result).await;
    assert_eq!(
        pause["params"],
        json!({"threadId": "t", "status": "paused"})
    );
    fake.update_goal("paused", None).await;
}

#[tokio::test(start_paused = true)]
async fn a_goal_of_which_the_server_sends_nothing_is_paused_and_can_be_resumed() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let goal = resume(&thread, &mut fake).await;
    let begun = Instant::now();
    let (result, ()) = tokio::join!(goal.run(), paused(&mut fake));
    assert_eq!(begun.elapsed(), IDLE);
    let error = silent(result);
    assert_eq!(
        error.to_string(),
        "the server sent nothing about the goal of the thread t for 90 s, and the goal was paused"
    );
    assert_eq!(
        (error.after, error.turn_id, error.partial),
        (IDLE, None, None)
    );
    // The reported pause does not replace the reason.
    fake.round_trip(&thread.codex).await;
    silent(goal.run().await);
    // The idle timeout also applies to the resumed goal.
    let (resumed, _) = tokio::join!(goal.resume(), fake.set_goal("active"));
    resumed.unwrap();
    fake.start_turn("u").await;
    fake.complete_item("u", "half").await;
    fake.complete_turn("u", "completed").await;
    let (result, ()) = tokio::join!(goal.run(), paused(&mut fake));
    let error = silent(result);
    assert_eq!(error.turn_id, None);
    let partial = error.partial.unwrap();
    assert_eq!(partial.final_response.as_deref(), Some("half"));
}

#[tokio::test(start_paused = true)]
async fn a_goal_whose_turn_is_silent_ends_with_that_turn() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let goal = start(&thread, &mut fake).await.idle_timeout(IDLE);
    let mut events = goal.stream();
    fake.start_turn("u").await;
    sleep(ALMOST).await;
    fake.delta("u", "x").await;
    let begun = Instant::now();
    let (result, ()) = tokio::join!(goal.run(), async {
        let interrupt = fake.respond("turn/interrupt", json!({})).await;
        assert_eq!(interrupt["params"]["turnId"], "u");
        assert_eq!(begun.elapsed(), IDLE);
        fake.complete_turn("u", "interrupted").await;
    });
    let error = silent(result);
    assert_eq!(error.turn_id.as_deref(), Some("u"));
    assert_eq!(error.partial.unwrap().status, TurnStatus::Interrupted);
    let mut methods = Vec::new();
    let last = loop {
        match events.next().await.unwrap() {
            Ok(event) => methods.push(event.method().to_owned()),
            Err(error) => break error,
        }
    };
    assert_eq!(methods.last().unwrap(), "turn/completed");
    silent(Err::<(), _>(last));
    assert!(events.next().await.is_none());
    silent(events.result().await);
}

#[tokio::test(start_paused = true)]
async fn a_goal_continues_after_a_turn_that_completes_in_spite_of_the_interrupt() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let goal = start(&thread, &mut fake).await.idle_timeout(IDLE);
    fake.start_turn("u").await;
    let (result, ()) = tokio::join!(goal.run(), async {
        fake.respond("turn/interrupt", json!({})).await;
        fake.complete_turn("u", "completed").await;
        sleep(ALMOST).await;
        fake.start_turn("v").await;
        fake.respond("turn/interrupt", json!({})).await;
        fake.complete_turn("v", "interrupted").await;
    });
    assert_eq!(silent(result).turn_id.as_deref(), Some("v"));
}

#[tokio::test(start_paused = true)]
async fn a_goal_ends_with_a_silent_turn_that_does_not_end_after_the_interrupt() {
    for limits_turn in [false, true] {
        let (thread, mut fake) = FakeServer::start_thread().await;
        let mut goal = start(&thread, &mut fake).await;
        fake.start_turn("u").await;
        fake.round_trip(&thread.codex).await;
        match limits_turn {
            true => drop(goal.turn().unwrap().idle_timeout(IDLE)),
            false => goal = goal.idle_timeout(IDLE),
        }
        let begun = Instant::now();
        let error = silent(goal.run().await);
        assert_eq!(begun.elapsed(), IDLE + INTERRUPT_GRACE);
        assert_eq!(error.turn_id.as_deref(), Some("u"));
        assert_eq!(error.partial.unwrap().status, TurnStatus::InProgress);
    }
}

#[tokio::test(start_paused = true)]
async fn an_unrecognized_status_ends_a_goal_only_once_its_thread_is_inactive() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let goal = start(&thread, &mut fake).await;
    fake.start_turn("u").await;
    fake.update_goal("dreaming", Some("u")).await;
    fake.complete_turn("u", "completed").await;
    let (result, ()) = tokio::join!(goal.run(), async {
        sleep(ALMOST).await;
        fake.start_turn("v").await;
        fake.complete_item("v", "half").await;
        fake.complete_turn("v", "completed").await;
        fake.thread_status("idle").await;
    });
    let ended = detached(result);
    assert_eq!(ended.reason, DetachReason::ThreadInactive);
    assert_eq!(ended.turn_id.as_deref(), Some("v"));
    let status = goal.goal().unwrap().status;
    assert_eq!(status, ThreadGoalStatus::Unrecognized("dreaming".into()));
    // Such a goal can be paused and resumed like an active one.
    tokio::join!(goal.pause(), paused(&mut fake)).0.unwrap();
    assert_eq!(goal.run().await.unwrap().turns.len(), 2);
}
