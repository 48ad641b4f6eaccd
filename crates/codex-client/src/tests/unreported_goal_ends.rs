//! Goals whose turns do not end, or that get no further turn, although the server does not report
//! an end.

use std::time::Duration;

use codex_types::{ThreadGoalStatus, TurnStatus};
use tokio::time::{Instant, sleep};

use crate::{
    client::Codex,
    error::{Error, turn_detached::DetachReason},
    tests::{
        FakeServer,
        detached_turns::detached,
        goal_turns::{read, start},
    },
};

const GRACE: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn a_goal_continues_after_a_turn_whose_end_is_not_reported() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let goal = start(&thread, &mut fake).await;
    let mut events = goal.stream();
    fake.start_turn("u").await;
    fake.complete_item("u", "one").await;
    fake.start_turn("v").await;
    fake.round_trip(&thread.codex).await;
    // The first turn is detached, and the second one is still running.
    sleep(Duration::from_secs(60)).await;
    fake.update_goal("complete", Some("v")).await;
    fake.complete_turn("v", "completed").await;
    let result = goal.run().await.unwrap();
    let statuses: Vec<_> = result.turns.iter().map(|turn| &turn.status).collect();
    assert_eq!(statuses, [&TurnStatus::InProgress, &TurnStatus::Completed]);
    let expected = [
        "- thread/goal/updated",
        "u turn/started",
        "u item/completed",
        "v turn/started",
        "v thread/goal/updated",
        "v turn/completed",
    ];
    assert_eq!(read(&mut events).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_goal_whose_last_turn_does_not_end_is_detached_and_can_be_resumed() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let goal = start(&thread, &mut fake).await;
    fake.start_turn("u").await;
    fake.thread_status("systemError").await;
    for outcome in [goal.run().await, goal.stream().result().await] {
        let Err(Error::TurnDetached(detached)) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(detached.reason, DetachReason::ThreadInactive);
    }
    let (resumed, _) = tokio::join!(goal.resume(), fake.set_goal("active"));
    resumed.unwrap();
    fake.start_turn("v").await;
    fake.update_goal("complete", Some("v")).await;
    fake.complete_turn("v", "completed").await;
    let result = goal.run().await.unwrap();
    assert_eq!(result.status(), Some(&ThreadGoalStatus::Complete));
}

#[tokio::test(start_paused = true)]
async fn a_goal_that_is_complete_does_not_need_the_end_of_its_last_turn() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let goal = start(&thread, &mut fake).await;
    let mut events = goal.stream();
    fake.start_turn("u").await;
    fake.update_goal("complete", Some("u")).await;
    fake.thread_status("idle").await;
    let result = goal.run().await.unwrap();
    assert_eq!(result.status(), Some(&ThreadGoalStatus::Complete));
    assert_eq!(read(&mut events).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_goal_without_a_next_turn_is_detached_once_its_thread_is_inactive_and_can_be_resumed() {
    for (thread_status, turn_status) in [
        ("idle", "completed"),
        ("systemError", "failed"),
        ("notLoaded", "completed"),
    ] {
        for status_comes_first in [true, false] {
            let (thread, mut fake) = FakeServer::start_thread().await;
            let goal = start(&thread, &mut fake).await;
            let mut events = goal.stream();
            fake.thread_status("active").await;
            fake.start_turn("u").await;
            fake.complete_item("u", "half").await;
            if status_comes_first {
                fake.thread_status(thread_status).await;
            }
            fake.complete_turn("u", turn_status).await;
            if !status_comes_first {
                fake.thread_status(thread_status).await;
            }
            let begun = Instant::now();
            let ended = detached(goal.run().await);
            assert_eq!(begun.elapsed(), GRACE, "{thread_status}");
            assert_eq!(ended.reason, DetachReason::ThreadInactive);
            assert_eq!(ended.turn_id.as_deref(), Some("u"));
            let partial = ended.partial.unwrap();
            assert_eq!(partial.final_response.as_deref(), Some("half"));
            let mut last = None;
            while let Some(event) = events.next().await {
                last = Some(event);
            }
            detached(last.unwrap());
            detached(events.result().await);

            let (resumed, _) = tokio::join!(goal.resume(), fake.set_goal("active"));
            resumed.unwrap();
            fake.start_turn("v").await;
            fake.update_goal("complete", Some("v")).await;
            fake.complete_turn("v", "completed").await;
            let result = goal.run().await.unwrap();
            assert_eq!(result.status(), Some(&ThreadGoalStatus::Complete));
            assert_eq!(result.turns.len(), 2);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_goal_that_starts_no_turn_after_it_is_resumed_is_detached_again() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let goal = start(&thread, &mut fake).await;
    fake.thread_status("idle").await;
    let ended = detached(goal.run().await);
    assert_eq!((ended.turn_id, ended.partial), (None, None));
    let (resumed, _) = tokio::join!(goal.resume(), fake.set_goal("active"));
    resumed.unwrap();
    let begun = Instant::now();
    detached(goal.run().await);
    assert_eq!(begun.elapsed(), GRACE);
}

#[tokio::test(start_paused = true)]
async fn a_goal_that_continues_within_the_grace_period_is_not_detached() {
    for sign in ["turn/started", "item/completed", "active"] {
        let (thread, mut fake) = FakeServer::start_thread().await;
        let goal = start(&thread, &mut fake).await;
        fake.start_turn("u").await;
        fake.thread_status("idle").await;
        fake.complete_turn("u", "completed").await;
        let (result, ()) = tokio::join!(goal.run(), async {
            for _ in 0..2 {
                sleep(GRACE - Duration::from_millis(1)).await;
                fake.update_goal("active", None).await;
            }
            sleep(GRACE - Duration::from_millis(1)).await;
            match sign {
                "turn/started" => fake.start_turn("v").await,
                "active" => fake.thread_status("active").await,
                _ => fake.complete_item("v", "one").await,
            }
            sleep(10 * GRACE).await;
            fake.complete_item("v", "two").await;
            fake.update_goal("complete", Some("v")).await;
            fake.complete_turn("v", "completed").await;
        });
        assert_eq!(result.unwrap().turns.len(), 2, "{sign}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_grace_period_a_goal_waits_for_its_next_turn() {
    let (codex, mut fake) = FakeServer::start_with(Codex::builder().no_turn_end_grace()).await;
    let thread = fake.thread_start(&codex).await;
    let goal = start(&thread, &mut fake).await;
    fake.start_turn("u").await;
    fake.thread_status("idle").await;
    fake.complete_turn("u", "completed").await;
    let (result, ()) = tokio::join!(goal.run(), async {
        sleep(Duration::from_secs(3600)).await;
        fake.update_goal("complete", None).await;
    });
    result.unwrap();
}
