//! Goals on a real app-server: one logical turn made up of several turns.

use codex_client::{
    Error, GoalHandle, GoalStream, Thread,
    types::{ServerNotification, ThreadGoalStatus, TurnStatus},
};
use codex_testing::{Gate, ModelResponse};
use codex_tests::stage::Stage;
use serde_json::json;

/// Returns the response that marks the goal as complete.
fn complete() -> ModelResponse {
    ModelResponse::function_call("update_goal", json!({"status": "complete"}))
}

/// Starts a thread with a goal whose first turn is held at a gate.
async fn pursued(stage: &Stage) -> (Thread, GoalHandle, Gate) {
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let gate = stage.model.push_gated("I have begun.");
    let goal = thread.goal_start("Count the frogs.").await.unwrap();
    gate.reached().await.unwrap();
    (thread, goal, gate)
}

/// Reads the remaining events. Returns their methods with the numbers of their turns.
async fn read(events: &mut GoalStream) -> Vec<String> {
    let (mut seen, mut turns) = (Vec::new(), Vec::new());
    while let Some(event) = events.next().await {
        let event = event.unwrap();
        let turn = event.turn_id().map(|id| {
            let known = turns.iter().position(|turn| turn == id);
            known.unwrap_or_else(|| {
                turns.push(id.to_owned());
                turns.len() - 1
            })
        });
        seen.push(match (turn, &event) {
            (Some(turn), ServerNotification::AgentMessageDelta(delta)) => {
                format!("{turn} says {}", delta.delta)
            }
            (Some(turn), event) => format!("{turn} {}", event.method()),
            (None, event) => event.method().to_owned(),
        });
    }
    seen
}

/// Returns the lines that end in one of these texts.
fn only<'a>(lines: &'a [String], ends: &[&str]) -> Vec<&'a str> {
    let lines = lines.iter().map(String::as_str);
    lines
        .filter(|line| ends.iter().any(|end| line.ends_with(end)))
        .collect()
}

#[tokio::test]
async fn a_goal_of_two_turns_is_streamed_and_collected_as_one() {
    let stage = Stage::new();
    let (thread, goal, gate) = pursued(&stage).await;
    stage.model.push(complete());
    stage.model.push("It is done.");
    assert_eq!(goal.thread_id(), thread.id());
    let turn = goal.turn().unwrap();
    let mut events = goal.stream();
    gate.open();
    let seen = read(&mut events).await;
    let steps = only(&seen, &["started", "turn/completed", "begun.", "done."]);
    let steps: Vec<_> = steps
        .into_iter()
        .filter(|step| !step.contains("item/"))
        .collect();
    assert_eq!(
        steps,
        [
            "0 turn/started",
            "0 says begun.",
            "0 turn/completed",
            "1 turn/started",
            "1 says done.",
            "1 turn/completed",
        ]
    );
    let result = events.result().await.unwrap();
    assert_eq!(result.status(), Some(&ThreadGoalStatus::Complete));
    assert_eq!(result.final_response(), Some("It is done."));
    let [first, second] = result.turns.as_slice() else {
        panic!("{result:?}")
    };
    assert_eq!(first.id, turn.id());
    assert_eq!(first.final_response.as_deref(), Some("I have begun."));
    assert_eq!(second.status, TurnStatus::Completed);
    assert_eq!(result.usage(), second.usage.as_ref());
    // The first turn has one model call, the second one two.
    let totals = [first, second].map(|turn| turn.tokens().total);
    assert_eq!(totals, [15, 30]);
    assert_eq!(result.tokens(), first.tokens() + second.tokens());
    assert_eq!(result.tokens_with_agents(), result.tokens());
    assert!(goal.turn().is_none());
    assert_eq!(goal.run().await.unwrap(), result);
    // The server reports the same goal.
    let read = thread.goal().await.unwrap().unwrap();
    assert_eq!(goal.goal(), Some(read.clone()));
    assert_eq!(read.objective, "Count the frogs.");
    assert!(read.tokens_used > 0);
}

#[tokio::test]
async fn a_paused_goal_rests_after_its_turn_and_continues_when_resumed() {
    let stage = Stage::new();
    let (thread, goal, gate) = pursued(&stage).await;
    goal.pause().await.unwrap();
    goal.pause().await.unwrap();
    let mut events = goal.stream();
    gate.open();
    let seen = read(&mut events).await;
    assert_eq!(only(&seen, &["turn/completed"]), ["0 turn/completed"]);
    let result = goal.run().await.unwrap();
    assert_eq!(result.status(), Some(&ThreadGoalStatus::Paused));
    assert_eq!(result.turns.len(), 1);
    stage.model.push(complete());
    stage.model.push("It is done.");
    goal.resume().await.unwrap();
    let result = goal.run().await.unwrap();
    assert_eq!(result.status(), Some(&ThreadGoalStatus::Complete));
    assert_eq!(result.turns.len(), 2);
    // A new stream has the events that came after the end of the first one.
    let seen = read(&mut goal.stream()).await;
    let steps = only(&seen, &["turn/started", "turn/completed", "done."]);
    let expected = ["0 turn/started", "0 says done.", "0 turn/completed"];
    assert_eq!(steps, expected);
    assert_eq!(stage.model.requests().len(), 3);
    drop(thread);
}

#[tokio::test]
async fn a_cleared_goal_ends_with_its_turn() {
    let stage = Stage::new();
    let (thread, goal, gate) = pursued(&stage).await;
    goal.clear().await.unwrap();
    gate.open();
    let result = goal.run().await.unwrap();
    assert_eq!(result.status(), None);
    assert_eq!(result.turns.len(), 1);
    assert!(goal.goal().is_none() && thread.goal().await.unwrap().is_none());
    goal.clear().await.unwrap();
    let error = goal.resume().await.unwrap_err();
    assert!(matches!(error, Error::Rpc(_)), "{error}");
    // The thread accepts turns again.
    stage.model.push("Hello.");
    let result = thread.run("Hi.").await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("Hello."));
}

#[tokio::test]
async fn a_goal_rests_when_its_turn_is_interrupted_and_continues_when_resumed() {
    let stage = Stage::new();
    let (_thread, goal, _gate) = pursued(&stage).await;
    goal.turn().unwrap().interrupt().await.unwrap();
    let result = goal.run().await.unwrap();
    assert_eq!(result.turns[0].status, TurnStatus::Interrupted);
    assert_eq!(result.status(), Some(&ThreadGoalStatus::Active));
    stage.model.push(complete());
    stage.model.push("It is done.");
    goal.resume().await.unwrap();
    let result = goal.run().await.unwrap();
    assert_eq!(result.final_response(), Some("It is done."));
}

#[tokio::test]
async fn a_goal_whose_turn_fails_is_blocked_with_the_error() {
    let stage = Stage::new();
    let (_thread, goal, gate) = pursued(&stage).await;
    stage
        .model
        .push(ModelResponse::http_error(400, "bad request"));
    gate.open();
    let result = goal.run().await.unwrap();
    assert_eq!(result.status(), Some(&ThreadGoalStatus::Blocked));
    let [_, failed] = result.turns.as_slice() else {
        panic!("{result:?}")
    };
    assert_eq!(failed.status, TurnStatus::Failed);
    assert_eq!(failed.error.as_ref().unwrap().message, "bad request");
}

#[tokio::test]
async fn a_goal_stops_at_its_budget() {
    let stage = Stage::new();
    stage.model.respond_with(|_| ModelResponse::text("More."));
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let goal = thread.goal_start("Count the frogs.").token_budget(40);
    let result = goal.await.unwrap().run().await.unwrap();
    assert_eq!(result.status(), Some(&ThreadGoalStatus::BudgetLimited));
    assert!(result.turns.len() > 1, "{result:?}");
    assert_eq!(result.goal.unwrap().token_budget, Some(40));
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_new_goal_replaces_the_old_one_and_a_resumed_thread_has_its_goal() {
    let stage = Stage::new();
    let (thread, old, gate) = pursued(&stage).await;
    old.pause().await.unwrap();
    gate.open();
    old.run().await.unwrap();
    let gate = stage.model.push_gated("Anew.");
    let new = thread.goal_start("Count the toads.").await.unwrap();
    gate.reached().await.unwrap();
    assert_eq!(old.run().await.unwrap().turns.len(), 1);
    assert!(matches!(old.resume().await, Err(Error::InvalidInput(_))));
    assert_eq!(new.goal().unwrap().objective, "Count the toads.");
    new.pause().await.unwrap();
    gate.open();
    new.run().await.unwrap();
    // A later client can pick up the goal.
    stage.model.push(complete());
    stage.model.push("It is done.");
    let taken_up = thread.goal_resume().await.unwrap();
    let result = taken_up.run().await.unwrap();
    assert_eq!(result.status(), Some(&ThreadGoalStatus::Complete));
    assert_eq!(result.goal.unwrap().objective, "Count the toads.");
    assert_eq!(result.turns.len(), 1);
}

#[tokio::test]
async fn an_invalid_goal_is_rejected() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let ephemeral = codex.thread_start().ephemeral(true).await.unwrap();
    let thread = codex.thread_start().await.unwrap();
    for refused in [ephemeral.goal_start("Sing."), thread.goal_resume()] {
        let error = refused.await.unwrap_err();
        assert!(matches!(error, Error::Rpc(_)), "{error}");
    }
    assert!(thread.goal().await.unwrap().is_none());
    codex.close().await.unwrap();
}

#[test]
fn the_blocking_api_pursues_goals_too() {
    let stage = Stage::new();
    let codex = stage.start_blocking();
    let thread = codex.thread_start().send().unwrap();
    stage.model.push("I have begun.");
    stage.model.push(complete());
    stage.model.push("It is done.");
    let goal = thread.goal_start("Count the frogs.").send().unwrap();
    let mut events = goal.stream();
    let completed = (&mut events)
        .filter(|event| matches!(event, Ok(ServerNotification::TurnCompleted(_))))
        .count();
    assert_eq!(completed, 2);
    let result = events.result().unwrap();
    assert_eq!(result.final_response(), Some("It is done."));
    assert_eq!(result.tokens().total, 45);
    assert_eq!(goal.run().unwrap(), goal.partial());
    assert!(goal.turn().is_none() && goal.goal() == thread.goal().unwrap());
    assert_eq!(goal.thread_id(), thread.id());
    goal.pause().unwrap();
    goal.clear().unwrap();
    assert!(goal.resume().is_err() && thread.goal_resume().send().is_err());
    codex.close().unwrap();
}
