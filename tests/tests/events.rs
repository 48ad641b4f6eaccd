//! Following turns and threads of a real app-server, by one reader and by several.

use codex_client::{
    TurnHandle,
    types::{ServerNotification, ThreadStatus},
};
use codex_testing::{Item, Reply};
use codex_tests::stage::Stage;
use codex_types::{ThreadSetNameParams, TurnStatus};
use serde_json::json;

/// All that a stream of this turn yields: the text, and how many events.
async fn follow(turn: &TurnHandle) -> (String, usize) {
    let mut stream = turn.stream();
    let (mut text, mut count) = (String::new(), 0);
    while let Some(event) = stream.next().await {
        let event = event.expect("an event that can be read");
        assert_eq!(event.turn_id(), Some(turn.id()));
        count += 1;
        if let ServerNotification::AgentMessageDelta(delta) = event {
            text.push_str(&delta.delta);
        }
    }
    (text, count)
}

#[tokio::test]
async fn several_readers_of_one_turn_read_the_same() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let gate = stage.model.gate();
    let reply = Reply::text_in_chunks_of(3, "A sentence of some length.");
    stage.model.push(reply.hold_after(1, &gate));
    let turn = thread.turn("hi").await.unwrap();
    let again = turn.clone();
    let (first, second, result, _) =
        tokio::join!(follow(&turn), follow(&again), turn.run(), async {
            gate.reached().await.unwrap();
            gate.open();
        });
    assert_eq!(first, second);
    assert_eq!(result.unwrap().final_response, Some(first.0));
    codex.close().await.unwrap();
}

#[tokio::test]
async fn streams_that_are_interleaved_have_the_events_of_their_own_turn() {
    let stage = Stage::new();
    let codex = stage.start().await;
    stage.model.respond_with(|request| {
        let asked = request.last_user_text().unwrap_or_default();
        Reply::text_in_chunks_of(2, format!("You said {asked}, and so on."))
    });
    let mut turns = Vec::new();
    for number in 0..10 {
        let thread = codex.thread_start().await.unwrap();
        turns.push((number, thread.turn(number.to_string()).await.unwrap()));
    }
    let followed: Vec<_> = turns
        .into_iter()
        .map(|(number, turn)| tokio::spawn(async move { (number, follow(&turn).await.0) }))
        .collect();
    for reader in followed {
        let (number, text) = reader.await.unwrap();
        assert_eq!(text, format!("You said {number}, and so on."));
    }
    codex.close().await.unwrap();
}

#[tokio::test]
async fn the_text_of_a_turn_is_its_answer_without_reasoning_and_calls() {
    let stage = Stage::new();
    let codex = stage.start().await;
    stage.model.push(Reply::items([
        Item::reasoning("Let me think."),
        Item::function_call("exec_command", json!({"cmd": "echo secret"})),
    ]));
    stage.model.push(Reply::deltas(["It ", "is ", "42."]));
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

#[tokio::test]
async fn a_thread_shows_its_turns_its_name_and_its_status() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let other = codex.thread_start().await.unwrap();
    let mut events = thread.events();
    stage.model.respond_with(|_| Reply::text("Done."));
    other.run("not here").await.unwrap();
    let turn = thread.run("hi").await.unwrap();
    let name = ThreadSetNameParams::new(thread.id(), "Parser");
    codex.request(name).await.unwrap();
    let (mut methods, mut statuses) = (Vec::new(), Vec::new());
    loop {
        let event = events.next().await.unwrap().unwrap();
        assert_eq!(event.thread_id(), Some(thread.id()), "{event:?}");
        methods.push(event.method().to_owned());
        match event {
            ServerNotification::ThreadStatusChanged(changed) => statuses.push(changed.status),
            ServerNotification::TurnCompleted(done) => assert_eq!(done.turn.id, turn.id),
            ServerNotification::ThreadNameUpdated(updated) => {
                assert_eq!(updated.thread_name.as_deref(), Some("Parser"));
                break;
            }
            _ => {}
        }
    }
    for method in ["turn/started", "item/agentMessage/delta", "turn/completed"] {
        let count = methods.iter().filter(|name| *name == method).count();
        assert_eq!(count, 1, "{method} in {methods:?}");
    }
    assert!(matches!(
        statuses[..],
        [ThreadStatus::Active(_), ThreadStatus::Idle]
    ));
    codex.close().await.unwrap();
    while let Some(event) = events.next().await {
        event.unwrap();
    }
}

#[tokio::test]
async fn a_sub_agents_thread_is_not_mixed_in_and_ends_no_turn_of_ours() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let (mut events, mut all) = (thread.events(), codex.notifications());
    stage.model.respond_with(|request| {
        let asked = request.last_user_text().unwrap_or_default();
        if asked.contains("Say child.") {
            return Reply::text("child");
        }
        match request.last_tool_output() {
            None => {
                let arguments = json!({"message": "Say child."});
                let call = Item::function_call("spawn_agent", arguments);
                Reply::items([call.namespace("multi_agent_v1")])
            }
            Some(output) => Reply::text(format!("parent {output}")),
        }
    });
    let result = thread.run("Delegate.").await.unwrap();
    assert_eq!(result.status, TurnStatus::Completed);
    // The sub-agent may be at work yet; it has a thread of its own.
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
