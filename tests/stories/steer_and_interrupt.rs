//! Steering, interrupting and joining turns on a real app-server.

use std::time::Duration;

use codex_client::{
    Error, Input,
    types::{ServerNotification, ThreadItem, UserInput},
};
use codex_testing::ModelResponse;
use codex_tests::stage::{Stage, assert_has_ended, interrupt};
use codex_types::{ThreadResumeParams, TurnStartParams, TurnStatus};

#[tokio::test]
async fn an_interrupted_turn_has_a_result_and_a_second_interrupt_does_not_hang() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let gate = stage.model.gate();
    stage
        .model
        .push(ModelResponse::deltas(["one ", "two"]).hold_after(3, &gate));
    let turn = thread.turn("Count.").await.unwrap();
    gate.reached().await.unwrap();
    let (first, second) = tokio::join!(turn.interrupt(), turn.interrupt());
    first.unwrap();
    second.unwrap();
    let result = turn.run().await.unwrap();
    assert_eq!(result.status, TurnStatus::Interrupted);
    assert_eq!(result.id, turn.id());
    assert_eq!(result, turn.partial());
    // The turn has ended, so interrupting it is a no-op, but steering it is an error.
    turn.interrupt().await.unwrap();
    assert_has_ended(&turn).await;
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_turn_can_be_interrupted_as_soon_as_it_is_started() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let gate = stage.model.gate();
    let held = gate.clone();
    stage
        .model
        .respond_with(move |_| ModelResponse::text("Never said.").hold(&held));
    for _ in 0..5 {
        let turn = thread.turn("hi").await.unwrap();
        interrupt(&turn).await;
    }
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_turn_can_be_steered_as_soon_as_it_is_started() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let gate = stage.model.push_gated("Said to one.");
    let turn = thread.turn("one").await.unwrap();
    turn.steer("two").await.unwrap();
    stage.model.push("Said to both.");
    gate.open();
    let result = turn.run().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("Said to both."));
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_turn_that_another_call_has_started_is_joined_with_its_own_id() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let gate = stage.model.push_gated("first");
    // No handle of this client refers to the turn, just as if another client had started it.
    let started = codex.request(TurnStartParams::new(thread.id(), Input::from("one")));
    let started = started.await.unwrap();
    gate.reached().await.unwrap();
    stage.model.push("second");
    let turn = thread.turn("two").await.unwrap();
    assert_eq!(turn.id(), started.turn.id);
    gate.open();
    let result = turn.run().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("second"));
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_turn_that_was_running_before_a_resume_is_joined_with_its_own_id() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let (first, gate) = stage.held_turn(&thread, "one", "first").await;
    let resumed = codex.request(ThreadResumeParams::new(thread.id()));
    resumed.await.unwrap();
    stage.model.push("second");
    let second = thread.turn("two").await.unwrap();
    assert_eq!(second.id(), first.id());
    gate.open();
    assert_eq!(first.run().await.unwrap(), second.run().await.unwrap());
    codex.close().await.unwrap();
}

#[tokio::test]
async fn steer_or_start_steers_a_running_turn_and_otherwise_starts_one() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let gate = stage.model.push_gated("first");
    let first = thread.steer_or_start("one").await.unwrap();
    gate.reached().await.unwrap();
    stage.model.push("second");
    let second = thread.steer_or_start("two").await.unwrap();
    assert_eq!(first.id(), second.id());
    gate.open();
    let result = second.run().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("second"));
    stage.model.push("third");
    let third = thread.steer_or_start("three").await.unwrap();
    assert_ne!(third.id(), first.id());
    let result = third.run().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("third"));
    codex.close().await.unwrap();
}

#[tokio::test]
async fn steer_or_start_while_a_turn_ends_gets_a_response_in_one_turn_or_the_next() {
    let stage = Stage::echo();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let mut turn = thread.steer_or_start("0").await.unwrap();
    for number in 1..20 {
        // Depending on timing, the turn has ended or is just ending.
        if number % 3 == 0 {
            turn.run().await.unwrap();
        }
        turn = thread.steer_or_start(number.to_string()).await.unwrap();
    }
    let result = turn.run().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("You said 19"));
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_turn_that_is_started_while_another_one_ends_has_its_input_and_the_response() {
    let stage = Stage::echo();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    for number in 0..20 {
        let ending = thread.turn("one").await.unwrap();
        let mut events = ending.stream();
        while let Some(event) = events.next().await {
            let ServerNotification::ItemCompleted(done) = event.unwrap() else {
                continue;
            };
            if matches!(done.item, ThreadItem::AgentMessage(_)) {
                break;
            }
        }
        // Depending on timing, the server adds the input to this turn or starts another one.
        let result = thread.run(number.to_string()).await.unwrap();
        let is_input = |item: &ThreadItem| match item {
            ThreadItem::UserMessage(message) => match message.content.as_slice() {
                [UserInput::Text(input)] => input.text == number.to_string(),
                _ => false,
            },
            _ => false,
        };
        assert!(result.items.iter().any(is_input), "{number}: {result:?}");
        // An old server, such as 0.147.0, may end a turn without a response to its last input.
        if !is_input(result.items.last().unwrap()) {
            let expected = format!("You said {number}");
            assert_eq!(result.final_response, Some(expected));
        }
        ending.run().await.unwrap();
    }
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_turn_is_interrupted_after_its_timeout_and_the_thread_accepts_turns_again() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let gate = stage.model.push_gated("never sent");
    let run = thread.run("hi").timeout(Duration::from_secs(1));
    let (result, reached) = tokio::join!(run.send(), gate.reached());
    reached.unwrap();
    let Err(Error::TurnTimeout(error)) = result else {
        panic!("{result:?}")
    };
    let partial = error.partial.unwrap();
    assert_eq!(partial.status, TurnStatus::Interrupted);
    stage.model.push("next");
    let result = thread.run("go on").await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("next"));
    assert_ne!(result.id, partial.id);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_dropped_run_continues_and_can_be_joined() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let gate = stage.model.push_gated("first");
    let run = tokio::spawn(thread.run("one").send());
    gate.reached().await.unwrap();
    run.abort();
    let _ = run.await;
    stage.model.push("second");
    let turn = thread.steer_or_start("two").await.unwrap();
    gate.open();
    let result = turn.run().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("second"));
    codex.close().await.unwrap();
}

/// The same tests with the blocking API; `blocking_api.rs` tests steering and interrupting.
mod blocking {
    use std::thread;

    use super::*;

    #[test]
    fn steer_or_start_steers_a_running_turn_and_otherwise_starts_one() {
        let stage = Stage::new();
        let codex = stage.start_blocking();
        let thread = codex.thread_start().send().unwrap();
        let gate = stage.model.push_gated("first");
        let first = thread.steer_or_start("one").unwrap();
        gate.blocking_reached().unwrap();
        assert_eq!(first.partial().status, TurnStatus::InProgress);
        stage.model.push("second");
        let second = thread.steer_or_start("two").unwrap();
        assert_eq!(first.id(), second.id());
        gate.open();
        let result = second.run().unwrap();
        assert_eq!(result.final_response.as_deref(), Some("second"));
        assert_eq!(first.partial(), result);
        stage.model.push("third");
        let third = thread.steer_or_start("three").unwrap();
        assert_ne!(third.id(), first.id());
        let result = third.run_within(Duration::from_secs(60)).unwrap();
        assert_eq!(result.final_response.as_deref(), Some("third"));
        codex.close().unwrap();
    }

    #[test]
    fn a_turn_is_interrupted_after_its_timeout_and_the_thread_accepts_turns_again() {
        let stage = Stage::new();
        let codex = stage.start_blocking();
        let thread = codex.thread_start().send().unwrap();
        let gate = stage.model.push_gated("never sent");
        let timeout = Duration::from_secs(1);
        let run = thread.run("hi").timeout(timeout);
        let waiting = thread::spawn(|| run.send());
        gate.blocking_reached().unwrap();
        let stopped = waiting.join().unwrap();
        assert!(matches!(stopped, Err(Error::TurnTimeout(_))), "{stopped:?}");
        // The same applies to a turn that was started earlier.
        let gate = stage.model.push_gated("never sent");
        let turn = thread.turn("hi").send().unwrap();
        gate.blocking_reached().unwrap();
        let Err(Error::TurnTimeout(error)) = turn.run_within(Duration::ZERO) else {
            panic!("not interrupted")
        };
        let partial = error.partial.unwrap();
        assert_eq!(partial.status, TurnStatus::Interrupted);
        stage.model.push("next");
        let result = thread.run("go on").send().unwrap();
        assert_eq!(result.final_response.as_deref(), Some("next"));
        codex.close().unwrap();
    }
}
