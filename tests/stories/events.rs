//! Event streams of turns and threads on a real app-server, with one reader and with several.

use codex_client::{
    TurnStream,
    types::{ServerNotification, ThreadStatus},
};
use codex_testing::{Item, ModelResponse};
use codex_tests::stage::Stage;
use codex_types::TurnStatus;
use serde_json::json;

/// Reads the stream of a turn. Returns its text and the number of events.
async fn follow(turn_id: &str, mut stream: TurnStream) -> (String, usize) {
    let (mut text, mut count) = (String::new(), 0);
    while let Some(event) = stream.next().await {
        let event = event.expect("an event that can be read");
        assert_eq!(event.turn_id(), Some(turn_id));
        count += 1;
        if let ServerNotification::AgentMessageDelta(delta) = event {
            text.push_str(&delta.delta);
        }
    }
    (text, count)
}

#[tokio::test]
async fn several_readers_of_a_turn_read_the_same_events() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let gate = stage.model.gate();
    let response = ModelResponse::text_in_chunks_of(3, "A sentence of some length.");
    stage.model.push(response.hold_after(1, &gate));
    let turn = thread.turn("hi").await.unwrap();
    // Both streams exist before the first event is read.
    let (first, second) = (turn.stream(), turn.clone().stream());
    let (first, second) = (follow(turn.id(), first), follow(turn.id(), second));
    let (first, second, result, ()) = tokio::join!(first, second, turn.run(), async {
        gate.reached().await.unwrap();
        gate.open();
    });
    assert_eq!(first, second);
    assert_eq!(result.unwrap().final_response, Some(first.0));
    codex.close().await.unwrap();
}

/// Creates a stage whose model sends reasoning, calls a tool, and responds `It is 42.`
fn thoughtful() -> Stage {
    let stage = Stage::new();
    stage.model.push(ModelResponse::items([
        Item::reasoning("Let me think."),
        Item::function_call("exec_command", json!({"cmd": "echo secret"})),
    ]));
    stage
        .model
        .push(ModelResponse::deltas(["It ", "is ", "42."]));
    stage
}

#[tokio::test]
async fn the_text_of_a_turn_has_no_reasoning_and_no_tool_calls() {
    let stage = thoughtful();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let turn = thread.turn("What is it?").await.unwrap();
    let mut stream = turn.text_stream();
    let mut pieces = Vec::new();
    while let Some(piece) = stream.next().await {
        pieces.push(piece.unwrap());
    }
    assert_eq!(pieces, ["It ", "is ", "42."]);
    let result = stream.result().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("It is 42."));
    codex.close().await.unwrap();
}

fn is_name(event: &ServerNotification) -> bool {
    matches!(event, ServerNotification::ThreadNameUpdated(_))
}

/// Asserts that `events` are those of a thread that runs one turn and is then named.
fn assert_events_of(thread_id: &str, turn_id: &str, events: &[ServerNotification]) {
    let mut statuses = Vec::new();
    for event in events {
        assert_eq!(event.thread_id(), Some(thread_id), "{event:?}");
        match event {
            ServerNotification::ThreadStatusChanged(changed) => statuses.push(&changed.status),
            ServerNotification::TurnCompleted(done) => assert_eq!(done.turn.id, turn_id),
            ServerNotification::ThreadNameUpdated(updated) => {
                assert_eq!(updated.thread_name.as_deref(), Some("Parser"));
            }
            _ => {}
        }
    }
    for method in ["turn/started", "item/agentMessage/delta", "turn/completed"] {
        let count = events.iter().filter(|event| event.method() == method);
        assert_eq!(count.count(), 1, "{method} in {events:?}");
    }
    assert!(matches!(
        statuses[..],
        [ThreadStatus::Active(_), ThreadStatus::Idle]
    ));
}

#[tokio::test]
async fn the_events_of_a_thread_include_its_turns_name_and_status() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let other = codex.thread_start().await.unwrap();
    let mut events = thread.events();
    stage.model.respond_with(|_| ModelResponse::text("Done."));
    other.run("not here").await.unwrap();
    let turn = thread.run("hi").await.unwrap();
    thread.set_name("Parser").await.unwrap();
    let mut seen = Vec::new();
    while seen.last().is_none_or(|event| !is_name(event)) {
        seen.push(events.next().await.unwrap().unwrap());
    }
    assert_events_of(thread.id(), &turn.id, &seen);
    codex.close().await.unwrap();
    while let Some(event) = events.next().await {
        event.unwrap();
    }
}

#[tokio::test]
async fn the_thread_of_a_sub_agent_is_separate_and_does_not_end_the_parents_turn() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let (mut events, mut all) = (thread.events(), codex.notifications());
    stage.model.respond_with(|request| {
        let asked = request.last_user_text().unwrap_or_default();
        if asked.contains("Say child.") {
            return ModelResponse::text("child");
        }
        match request.last_tool_output() {
            None => {
                let arguments = json!({"message": "Say child."});
                let call = Item::function_call("spawn_agent", arguments);
                ModelResponse::items([call.namespace("multi_agent_v1")])
            }
            Some(output) => ModelResponse::text(format!("parent {output}")),
        }
    });
    let result = thread.run("Delegate.").await.unwrap();
    assert_eq!(result.status, TurnStatus::Completed);
    // The sub-agent may still be running; it has a thread of its own.
    let sub_agent = loop {
        let event = all.next().await.unwrap().unwrap();
        if let ServerNotification::TurnCompleted(done) = event {
            break done;
        }
    };
    assert_ne!(sub_agent.thread_id, thread.id());
    assert_ne!(sub_agent.turn.id, result.id);
    codex.close().await.unwrap();
    while let Some(event) = events.next().await {
        let event = event.unwrap();
        assert_eq!(event.thread_id(), Some(thread.id()), "{event:?}");
    }
}

/// The same tests with the blocking API and its iterators.
mod blocking {
    use std::thread;

    use codex_client::blocking::TurnStream;

    use super::*;

    fn follow(turn_id: &str, stream: TurnStream) -> String {
        let deltas = stream.filter_map(|event| {
            let event = event.expect("an event that can be read");
            assert_eq!(event.turn_id(), Some(turn_id));
            match event {
                ServerNotification::AgentMessageDelta(delta) => Some(delta.delta),
                _ => None,
            }
        });
        deltas.collect()
    }

    #[test]
    fn several_readers_of_a_turn_read_the_same_events() {
        let stage = Stage::new();
        let codex = stage.start_blocking();
        let thread = codex.thread_start().send().unwrap();
        let gate = stage.model.gate();
        let text = "A sentence of some length.";
        stage
            .model
            .push(ModelResponse::text_in_chunks_of(3, text).hold_after(1, &gate));
        let turn = thread.turn("hi").send().unwrap();
        // Both streams exist before the first event is read.
        let streams = [turn.stream(), turn.stream()];
        thread::scope(|scope| {
            for stream in streams {
                scope.spawn(|| assert_eq!(follow(turn.id(), stream), text));
            }
            scope.spawn(|| {
                let result = turn.run().unwrap();
                assert_eq!(result.final_response.as_deref(), Some(text));
            });
            gate.blocking_reached().unwrap();
            gate.open();
        });
        codex.close().unwrap();
    }

    #[test]
    fn the_text_of_a_turn_has_no_reasoning_and_no_tool_calls() {
        let stage = thoughtful();
        let codex = stage.start_blocking();
        let thread = codex.thread_start().send().unwrap();
        let turn = thread.turn("What is it?").send().unwrap();
        let mut stream = turn.text_stream();
        let pieces: Vec<String> = stream.by_ref().map(Result::unwrap).collect();
        assert_eq!(pieces, ["It ", "is ", "42."]);
        let result = stream.result().unwrap();
        assert_eq!(result.final_response.as_deref(), Some("It is 42."));
        codex.close().unwrap();
    }

    #[test]
    fn the_events_of_a_thread_include_its_turns_name_and_status() {
        let stage = Stage::new();
        let codex = stage.start_blocking();
        let thread = codex.thread_start().send().unwrap();
        let other = codex.thread_start().send().unwrap();
        let mut events = thread.events();
        stage.model.respond_with(|_| ModelResponse::text("Done."));
        other.run("not here").send().unwrap();
        let turn = thread.run("hi").send().unwrap();
        thread.set_name("Parser").unwrap();
        let mut seen = Vec::new();
        while seen.last().is_none_or(|event| !is_name(event)) {
            seen.push(events.next().unwrap().unwrap());
        }
        assert_events_of(thread.id(), &turn.id, &seen);
        codex.close().unwrap();
        assert!(events.all(|event| event.is_ok()));
    }
}
