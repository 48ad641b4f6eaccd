//! Sub-agents of turns, with the blocking client. The tests of the async client are in
//! `sub_agents.rs`.

use codex_types::CollabAgentStatus;

use crate::{
    blocking::Codex,
    tests::{
        FakeServer,
        blocking::start_with,
        sub_agents::{profile, spawned},
        thread_start_response, turn_start_response,
    },
};

#[test]
fn the_events_of_a_sub_agent_are_iterated_until_the_turn_ends() {
    let (codex, server) = start_with(Codex::builder(), |mut fake: FakeServer| async move {
        fake.respond("thread/start", thread_start_response()).await;
        fake.respond("turn/start", turn_start_response("u")).await;
        fake.start_turn("u").await;
        // The reader of the events exists.
        fake.respond(
            "account/read",
            serde_json::json!({"requiresOpenaiAuth": false}),
        )
        .await;
        fake.notify("item/completed", spawned("agent", "Count."))
            .await;
        fake.respond("thread/read", profile()).await;
        fake.start_sub_agent("v", "u").await;
        fake.agent_says("Three.").await;
        fake.agent_completes("completed").await;
        fake.complete_item("u", "Done.").await;
        fake.complete_turn("u", "completed").await;
        fake.receive_end().await;
    });
    let thread = codex.thread_start().send().unwrap();
    let turn = thread.turn("hi").send().unwrap();
    let events = turn.agent_events();
    codex.account().send().unwrap();
    let events: Vec<_> = events.map(Result::unwrap).collect();
    let methods = events.iter().map(|event| event.notification.method());
    let expected = [
        "turn/started",
        "item/agentMessage/delta",
        "item/completed",
        "turn/completed",
    ];
    assert_eq!(methods.collect::<Vec<_>>(), expected);
    assert!(events.iter().all(|event| event.agent.name() == "Abacus"));
    let result = turn.run().unwrap();
    assert_eq!(result.final_response.as_deref(), Some("Done."));
    assert_eq!(turn.agents(), result.agents);
    assert_eq!(result.agents[0].status, CollabAgentStatus::Completed);
    drop((turn, thread));
    codex.close().unwrap();
    server.join().unwrap();
}
