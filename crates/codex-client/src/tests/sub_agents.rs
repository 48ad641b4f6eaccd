//! Sub-agents of turns. The blocking client is tested in `blocking/sub_agents_blocking.rs`.

use codex_types::{CollabAgentStatus, ServerNotification};
use serde_json::{Value, json};

use crate::{
    error::Error,
    routing::mailbox::UNREAD_LIMIT,
    sub_agent::SubAgent,
    tests::{FakeServer, poll_once, turn_start_response, turns::start},
    turn::{agent_events::SubAgentEvents, handle::TurnHandle},
};

/// The result of `thread/read` for a sub-agent with the role `counter`.
pub(super) fn profile() -> Value {
    let source = json!({"subAgent": {"thread_spawn": {
        "parent_thread_id": "t", "depth": 1, "agent_path": "/root/one",
        "agent_nickname": "Abacus", "agent_role": "counter",
    }}});
    json!({"thread": {
        "id": "agent", "sessionId": "t", "source": source, "model": "m", "turns": [],
        "agentNickname": "Abacus", "agentRole": "counter", "parentThreadId": "t",
    }})
}

/// A completed call by which the thread `t` starts a sub-agent.
pub(super) fn spawned(agent: &str, prompt: &str) -> Value {
    let item = json!({
        "type": "collabAgentToolCall", "id": "c", "tool": "spawnAgent", "status": "completed",
        "senderThreadId": "t", "receiverThreadIds": [agent], "prompt": prompt, "model": "m",
        "agentsStates": {agent: {"status": "pendingInit", "message": null}},
    });
    json!({"threadId": "t", "turnId": "u", "item": item, "completedAtMs": 1})
}

impl FakeServer {
    /// Has the sub-agent say something in its turn `v`.
    pub(super) async fn agent_says(&mut self, text: &str) {
        let (thread, turn) = ("agent", "v");
        self.delta_of(thread, turn, text).await;
        let item = json!({"type": "agentMessage", "id": "i", "text": text});
        let completed =
            json!({"threadId": thread, "turnId": turn, "item": item, "completedAtMs": 1});
        self.notify("item/completed", completed).await;
    }

    async fn delta_of(&mut self, thread: &str, turn: &str, text: &str) {
        let delta = json!({"threadId": thread, "turnId": turn, "itemId": "i", "delta": text});
        self.notify("item/agentMessage/delta", delta).await;
    }

    /// Ends the turn `v` of the sub-agent.
    pub(super) async fn agent_completes(&mut self, status: &str) {
        let turn = json!({"id": "v", "items": [], "status": status});
        let completed = json!({"threadId": "agent", "turn": turn});
        self.notify("turn/completed", completed).await;
    }
}

/// Returns the method, the status and the text of the next event.
async fn next(events: &mut SubAgentEvents) -> (String, String, Option<String>) {
    let event = events.next().await.unwrap().unwrap();
    let text = match &event.notification {
        ServerNotification::AgentMessageDelta(delta) => Some(delta.delta.clone()),
        _ => None,
    };
    let method = event.notification.method().to_owned();
    (method, event.agent.status.to_string(), text)
}

fn only(agents: Vec<SubAgent>) -> SubAgent {
    let [agent] = <[SubAgent; 1]>::try_from(agents).unwrap();
    agent
}

/// Waits until everything that the server has sent is routed.
async fn synchronize(turn: &TurnHandle, fake: &mut FakeServer) {
    fake.round_trip(turn.codex()).await;
}

#[tokio::test]
async fn the_events_of_a_sub_agent_come_with_its_role_and_status_and_not_in_the_turn() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let mut events = turn.agent_events();
    let (mut stream, mut text) = (turn.stream(), turn.text_stream());
    fake.start_turn("u").await;
    fake.notify("item/completed", spawned("agent", "Count."))
        .await;
    fake.start_sub_agent("v", "u").await;
    fake.respond("thread/read", profile()).await;
    fake.agent_says("Three.").await;
    fake.agent_completes("completed").await;
    fake.delta("u", "Done.").await;
    fake.complete_item("u", "Done.").await;
    fake.complete_turn("u", "completed").await;
    let event = events.next().await.unwrap().unwrap();
    assert_eq!(event.notification.method(), "turn/started");
    assert_eq!(event.agent.role.as_deref(), Some("counter"));
    assert_eq!(event.agent.name(), "Abacus");
    assert_eq!(event.agent.path.as_deref(), Some("/root/one"));
    assert_eq!(event.agent.thread_id, "agent");
    let form = serde_json::to_value(&event).unwrap();
    assert_eq!(form["agent"]["threadId"], "agent");
    assert_eq!(form["notification"]["method"], "turn/started");
    let delta = (
        "item/agentMessage/delta".to_owned(),
        "running".to_owned(),
        Some("Three.".to_owned()),
    );
    assert_eq!(next(&mut events).await, delta);
    assert_eq!(next(&mut events).await.0, "item/completed");
    let (method, status, _) = next(&mut events).await;
    assert_eq!(
        (method.as_str(), status.as_str()),
        ("turn/completed", "completed")
    );
    assert!(events.next().await.is_none());
    assert!(events.next().await.is_none());
    // Neither the streams nor the result of the turn have anything of it.
    assert_eq!(text.next().await.unwrap().unwrap(), "Done.");
    assert!(text.next().await.is_none());
    while let Some(event) = stream.next().await {
        assert_eq!(event.unwrap().thread_id(), Some("t"));
    }
    let result = turn.run().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("Done."));
    assert_eq!(result.items.len(), 2);
    assert_eq!(turn.agents(), result.agents);
    let agent = only(result.agents);
    assert_eq!(agent.status, CollabAgentStatus::Completed);
    assert_eq!(agent.prompt.as_deref(), Some("Count."));
    assert_eq!(agent.message.as_deref(), Some("Three."));
}

#[tokio::test]
async fn the_sub_agents_of_a_running_turn_are_current() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.start_turn("u").await;
    synchronize(&turn, &mut fake).await;
    assert!(turn.agents().is_empty());
    fake.notify("item/completed", spawned("agent", "Count."))
        .await;
    fake.receive_request("thread/read").await;
    let agent = only(turn.agents());
    assert_eq!(agent.status, CollabAgentStatus::PendingInit);
    assert_eq!(
        (agent.role, agent.parent_thread_id.as_deref()),
        (None, Some("t"))
    );
    fake.start_sub_agent("v", "u").await;
    fake.agent_says("One.").await;
    synchronize(&turn, &mut fake).await;
    let agent = only(turn.agents());
    assert_eq!(agent.status, CollabAgentStatus::Running);
    assert_eq!(agent.message.as_deref(), Some("One."));
    assert!(turn.partial().agents[0].is_working());
    fake.agent_completes("failed").await;
    synchronize(&turn, &mut fake).await;
    assert_eq!(only(turn.agents()).status, CollabAgentStatus::Errored);
}

#[tokio::test]
async fn sub_agents_of_sub_agents_belong_to_the_turn_and_name_their_parents() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.start_turn("u").await;
    fake.notify("item/completed", spawned("agent", "Count."))
        .await;
    fake.respond_error("thread/read", "no role").await;
    fake.start_sub_agent("v", "u").await;
    let mut nested = spawned("nested", "Count the rest.");
    nested["threadId"] = json!("agent");
    nested["item"]["senderThreadId"] = json!("agent");
    fake.notify("item/completed", nested).await;
    fake.respond_error("thread/read", "no role").await;
    let agents = turn.agents();
    let parents = agents.iter().map(|agent| {
        let parent = agent.parent_thread_id.as_deref().unwrap();
        (agent.thread_id.as_str(), parent, agent.prompt.as_deref())
    });
    let expected = [
        ("agent", "t", Some("Count.")),
        ("nested", "agent", Some("Count the rest.")),
    ];
    assert_eq!(parents.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_sub_agent_that_outlives_the_turn_stays_as_it_was_and_works_for_the_next_turn() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let first = start(&thread, &mut fake, "u").await;
    let mut events = first.agent_events();
    fake.start_turn("u").await;
    fake.start_own_sub_agent("v", "u").await;
    fake.complete_turn("u", "completed").await;
    fake.agent_says("Late.").await;
    let result = first.run().await.unwrap();
    synchronize(&first, &mut fake).await;
    assert_eq!(
        only(result.agents.clone()).status,
        CollabAgentStatus::Running
    );
    assert_eq!(first.agents(), result.agents);
    assert_eq!(next(&mut events).await.0, "turn/started");
    assert!(events.next().await.is_none());
    let second = start(&thread, &mut fake, "w").await;
    let mut events = second.agent_events();
    fake.start_turn("w").await;
    fake.agent_says("Later.").await;
    fake.agent_completes("interrupted").await;
    synchronize(&second, &mut fake).await;
    let agent = only(second.agents());
    assert_eq!(agent.status, CollabAgentStatus::Interrupted);
    assert_eq!(agent.message.as_deref(), Some("Later."));
    assert_eq!(next(&mut events).await.2.as_deref(), Some("Later."));
    // It has no part in a turn in which it does nothing.
    fake.complete_turn("w", "completed").await;
    let third = start(&thread, &mut fake, "x").await;
    fake.start_turn("x").await;
    let closed = json!({"threadId": "agent", "status": {"type": "notLoaded"}});
    fake.notify("thread/status/changed", closed).await;
    synchronize(&third, &mut fake).await;
    assert!(third.agents().is_empty());
}

/// Starts a turn and follows its sub-agents.
async fn follow_agents() -> (TurnHandle, FakeServer, SubAgentEvents) {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let events = turn.agent_events();
    fake.start_turn("u").await;
    (turn, fake, events)
}

#[tokio::test(start_paused = true)]
async fn events_do_not_wait_for_a_role_that_the_server_does_not_report() {
    let (_turn, mut fake, mut events) = follow_agents().await;
    fake.start_sub_agent("v", "u").await;
    fake.receive_request("thread/read").await;
    assert!(poll_once(events.next()).is_none());
    // The request times out.
    let event = events.next().await.unwrap().unwrap();
    assert_eq!(
        (event.agent.role.clone(), event.agent.name()),
        (None, "agent")
    );
}

#[tokio::test]
async fn the_events_of_sub_agents_end_like_the_turn_does() {
    let (turn, mut fake, mut events) = follow_agents().await;
    fake.start_own_sub_agent("v", "u").await;
    synchronize(&turn, &mut fake).await;
    fake.notify("thread/closed", json!({"threadId": "t"})).await;
    assert_eq!(next(&mut events).await.0, "turn/started");
    let end = events.next().await.unwrap();
    assert!(matches!(end, Err(Error::TurnDetached(_))), "{end:?}");
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn the_events_of_sub_agents_end_with_the_connection_and_are_not_withheld_then() {
    let (_turn, mut fake, mut events) = follow_agents().await;
    fake.start_sub_agent("v", "u").await;
    fake.receive_request("thread/read").await;
    drop(fake);
    assert_eq!(next(&mut events).await.0, "turn/started");
    let end = events.next().await.unwrap();
    assert!(matches!(end, Err(Error::Closed(_))), "{end:?}");
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_slow_reader_of_sub_agents_loses_the_oldest_events_and_is_told_how_many() {
    let (turn, mut fake, mut events) = follow_agents().await;
    fake.start_own_sub_agent("v", "u").await;
    for _ in 0..3 {
        let text = "x".repeat(UNREAD_LIMIT / 2 - 10_000);
        let warning = json!({"threadId": "agent", "message": text});
        fake.notify("warning", warning).await;
    }
    synchronize(&turn, &mut fake).await;
    let lagged = events.next().await.unwrap();
    assert!(
        matches!(lagged, Err(Error::Lagged { skipped: 2 })),
        "{lagged:?}"
    );
    assert_eq!(next(&mut events).await.0, "warning");
    assert_eq!(next(&mut events).await.0, "warning");
}

#[tokio::test]
async fn an_event_of_a_sub_agent_that_cannot_be_read_is_an_error_and_does_not_end_the_stream() {
    let (_turn, mut fake, mut events) = follow_agents().await;
    fake.start_own_sub_agent("v", "u").await;
    fake.write(b"{\"method\":\"item/completed\",\"params\":{\"threadId\":\"agent\",\"turnId\":\"v\",\xff\n")
        .await;
    fake.agent_says("Three.").await;
    assert_eq!(next(&mut events).await.0, "turn/started");
    let unreadable = events.next().await.unwrap();
    assert!(
        matches!(unreadable, Err(Error::Decode(_))),
        "{unreadable:?}"
    );
    assert_eq!(next(&mut events).await.2.as_deref(), Some("Three."));
}

#[tokio::test]
async fn a_dropped_reader_of_sub_agents_interrupts_the_turn_if_it_is_the_last() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await.interrupt_on_drop();
    fake.start_turn("u").await;
    let events = turn.agent_events();
    synchronize(&turn, &mut fake).await;
    drop(turn);
    drop(events);
    let interrupt = fake.respond("turn/interrupt", json!({})).await;
    assert_eq!(interrupt["params"]["turnId"], "u");
}

#[tokio::test]
async fn a_turn_that_has_joined_another_has_the_sub_agents_of_both() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let running = start(&thread, &mut fake, "u").await;
    fake.start_turn("u").await;
    // The server names the running turn.
    let (joined, _) = tokio::join!(
        thread.turn("more").into_future(),
        fake.respond("turn/start", turn_start_response("u"))
    );
    let joined = joined.unwrap();
    let (mut first, mut second) = (running.agent_events(), joined.agent_events());
    fake.start_own_sub_agent("v", "u").await;
    fake.complete_turn("u", "completed").await;
    for (events, turn) in [(&mut first, &running), (&mut second, &joined)] {
        assert_eq!(next(events).await.0, "turn/started");
        assert!(events.next().await.is_none());
        assert_eq!(only(turn.agents()).thread_id, "agent");
    }
}
