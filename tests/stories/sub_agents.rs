//! Sub-agents, which have threads of their own.

use std::thread;

use codex_client::{
    Decision, Sandbox, TurnHandle,
    agents::{SubAgent, SubAgentEvents},
    types::{AskForApproval, CollabAgentStatus, ServerNotification},
};
use codex_testing::{Item, ModelRequest, ModelResponse, ScriptedModel};
use codex_tests::stage::{Stage, home};
use serde_json::{Value, json};

/// Makes the model start a sub-agent with this task.
fn spawn(task: &str) -> Item {
    let call = Item::function_call("spawn_agent", json!({"message": task}));
    call.namespace("multi_agent_v1")
}

/// Makes the model wait for the sub-agent that it has started in its last call.
fn wait(request: &ModelRequest) -> ModelResponse {
    let spawned = request.last_tool_output().unwrap_or_default();
    let spawned: Value = serde_json::from_str(&spawned).unwrap_or_default();
    let call = json!({"targets": [spawned["agent_id"]], "timeout_ms": 60_000});
    let call = Item::function_call("wait_agent", call);
    ModelResponse::items([call.namespace("multi_agent_v1")])
}

/// Creates a stage whose model gives a sub-agent the task to make a file, for which the sub-agent
/// asks for an approval, and waits for it.
fn delegating() -> Stage {
    let stage = Stage::new();
    stage.model.respond_with(|request| {
        let asked = request.last_user_text().unwrap_or_default();
        let output = request.last_tool_output();
        match (asked.contains("Make a file."), output.as_deref()) {
            (true, None) => {
                let call = json!({
                    "cmd": "touch made.txt", "sandbox_permissions": "require_escalated",
                    "justification": "May I make a file?",
                });
                ModelResponse::function_call("exec_command", call)
            }
            (true, Some(_)) => ModelResponse::text("The file is made."),
            (false, None) => ModelResponse::items([spawn("Make a file.")]),
            (false, Some(output)) if output.contains("agent_id") => wait(request),
            (false, Some(_)) => ModelResponse::deltas(["All ", "done."]),
        }
    });
    stage
}

/// Asserts what is known of the sub-agent of [`delegating`] after the turn.
fn assert_made_the_file(agents: &[SubAgent], thread_id: &str) {
    let [agent] = agents else {
        panic!("{agents:?}");
    };
    assert_ne!(agent.thread_id, thread_id);
    assert_eq!(agent.parent_thread_id.as_deref(), Some(thread_id));
    assert!(agent.nickname.is_some(), "{agent:?}");
    assert_eq!(agent.prompt.as_deref(), Some("Make a file."));
    assert_eq!(agent.status, CollabAgentStatus::Completed);
    assert_eq!(agent.message.as_deref(), Some("The file is made."));
    assert!(agent.tokens.total > 0, "{agent:?}");
}

#[tokio::test]
async fn a_sub_agent_is_followed_and_asks_through_the_inbox_and_says_nothing_in_the_turn() {
    let stage = delegating();
    let codex = stage.start().await;
    let thread = codex
        .thread_start()
        .approval_policy(AskForApproval::OnRequest)
        .sandbox(Sandbox::ReadOnly);
    let thread = thread.await.unwrap();
    let mut inbox = thread.server_requests();
    let turn = thread.turn("Delegate.").await.unwrap();
    let (mut events, mut pieces) = (turn.agent_events(), turn.text_stream());
    let approve = async {
        let request = inbox.next().await.unwrap();
        let agent = request.approval().unwrap().thread_id().to_owned();
        let [working] = &turn.agents()[..] else {
            panic!("{:?}", turn.agents());
        };
        assert_eq!(working.thread_id, agent);
        assert_eq!(working.status, CollabAgentStatus::Running);
        request.respond(Decision::Accept).unwrap();
    };
    let follow = async {
        let mut said = String::new();
        let mut last = None;
        while let Some(event) = events.next().await {
            let event = event.unwrap();
            assert!(event.agent.nickname.is_some(), "{event:?}");
            let thread_id = event.notification.thread_id();
            assert_eq!(thread_id, Some(event.agent.thread_id.as_str()));
            if let ServerNotification::AgentMessageDelta(delta) = &event.notification {
                said += &delta.delta;
            }
            last = Some(event);
        }
        (said, last.unwrap().agent.status.clone())
    };
    let answer = async {
        let mut answer = String::new();
        while let Some(piece) = pieces.next().await {
            answer += &piece.unwrap();
        }
        answer
    };
    let ((), (said, last), answer) = tokio::join!(approve, follow, answer);
    assert_eq!(
        (said.as_str(), last),
        ("The file is made.", CollabAgentStatus::Completed)
    );
    assert_eq!(answer, "All done.");
    let result = turn.run().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("All done."));
    let items = serde_json::to_value(&result.items).unwrap();
    let items = items.as_array().unwrap();
    assert!(
        items.iter().all(|item| item["type"] != "commandExecution"),
        "{items:?}"
    );
    assert_made_the_file(&result.agents, thread.id());
    assert!(stage.home.workspace().join("made.txt").exists());
    codex.close().await.unwrap();
}

#[test]
fn a_sub_agent_is_followed_by_the_blocking_client() {
    let stage = delegating();
    let codex = stage.start_blocking();
    let thread = codex
        .thread_start()
        .approval_policy(AskForApproval::OnRequest)
        .sandbox(Sandbox::ReadOnly);
    let thread = thread.send().unwrap();
    let mut inbox = thread.server_requests();
    let turn = thread.turn("Delegate.").send().unwrap();
    let events = turn.agent_events();
    let methods = thread::scope(|scope| {
        scope.spawn(|| {
            let request = inbox.next().unwrap();
            request.respond(Decision::Accept).unwrap();
        });
        let methods = events.map(|event| event.unwrap().notification.method().to_owned());
        methods.collect::<Vec<_>>()
    });
    assert_eq!(
        methods
            .iter()
            .filter(|method| *method == "turn/completed")
            .count(),
        1
    );
    let result = turn.run().unwrap();
    assert_eq!(result.final_response.as_deref(), Some("All done."));
    assert_made_the_file(&result.agents, thread.id());
    assert_eq!(turn.agents(), result.agents);
    codex.close().unwrap();
}

/// Waits until a turn has this many sub-agents that have begun.
async fn begun(turn: &TurnHandle, events: &mut SubAgentEvents, count: usize) {
    let has_begun = |agent: &SubAgent| agent.turn_id.is_some();
    while turn
        .agents()
        .iter()
        .filter(|agent| has_begun(agent))
        .count()
        < count
    {
        events.next().await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn sub_agents_may_fail_have_sub_agents_and_outlive_the_turn() {
    let model = ScriptedModel::start().unwrap();
    let home = home(&model);
    let home = home.config("agents.max_depth = 3").build().unwrap();
    let stage = Stage::on(model, home);
    let (leaf, end) = (stage.model.gate(), stage.model.gate());
    let gates = (leaf.clone(), end.clone());
    stage.model.respond_with(move |request| {
        let asked = request.last_user_text().unwrap_or_default();
        let output = request.last_tool_output();
        match (asked.as_str(), output.as_deref()) {
            ("Fail.", _) => ModelResponse::http_error(400, "no"),
            ("Leaf.", _) => ModelResponse::text("Leaf.").hold(&gates.0),
            ("Nest.", None) => ModelResponse::items([spawn("Leaf.")]),
            (_, None) => ModelResponse::items([spawn("Nest."), spawn("Fail.")]),
            (_, Some(output)) if output.contains("agent_id") => wait(request),
            _ => ModelResponse::text("Done.").hold(&gates.1),
        }
    });
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let turn = thread.turn("Delegate.").await.unwrap();
    let mut events = turn.agent_events();
    begun(&turn, &mut events, 3).await;
    end.open();
    let result = turn.run().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("Done."));
    let agent = |task: &str| {
        let mut agents = result.agents.iter();
        let agent = agents.find(|agent| agent.prompt.as_deref() == Some(task));
        agent.unwrap().clone()
    };
    let (nest, fail, last) = (agent("Nest."), agent("Fail."), agent("Leaf."));
    assert_eq!(fail.status, CollabAgentStatus::Errored);
    assert!(fail.message.as_ref().unwrap().contains("no"), "{fail:?}");
    assert_eq!(
        (&nest.status, &last.status),
        (&CollabAgentStatus::Running, &nest.status)
    );
    assert_eq!(nest.parent_thread_id.as_deref(), Some(thread.id()));
    assert_eq!(last.parent_thread_id, Some(nest.thread_id));
    // The events of the sub-agents end with the turn, although the sub-agents go on.
    while let Some(event) = events.next().await {
        event.unwrap();
    }
    let mut notifications = codex.notifications();
    leaf.open();
    loop {
        match notifications.next().await.unwrap().unwrap() {
            ServerNotification::TurnCompleted(done) if done.thread_id == last.thread_id => break,
            _ => {}
        }
    }
    assert_eq!(turn.agents(), result.agents);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_sub_agent_that_the_model_names_has_its_role_and_path() {
    let model = ScriptedModel::start().unwrap();
    let home = home(&model).feature("multi_agent_v2", true).config(
        "[agents.counter]\ndescription = \"Counts things.\"\nnickname_candidates = [\"Abacus\"]",
    );
    let home = home.build().unwrap();
    let stage = Stage::on(model, home);
    stage.model.respond_with(|request| {
        // The task of the sub-agent is encrypted.
        if request.last_user_text().as_deref() != Some("Delegate.") {
            return ModelResponse::text("Three.");
        }
        let call = |name, arguments| {
            let call = Item::function_call(name, arguments).namespace("collaboration");
            ModelResponse::items([call])
        };
        match request.last_tool_output() {
            None => call(
                "spawn_agent",
                json!({
                    "task_name": "count", "message": "Count.", "agent_type": "counter",
                    "fork_turns": "none",
                }),
            ),
            Some(output) if output.contains("task_name") => {
                call("wait_agent", json!({"timeout_ms": 60_000}))
            }
            Some(_) => ModelResponse::text("Done."),
        }
    });
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let turn = thread.turn("Delegate.").await.unwrap();
    let mut events = turn.agent_events();
    while let Some(event) = events.next().await {
        let agent = event.unwrap().agent;
        assert_eq!(agent.role.as_deref(), Some("counter"));
        assert_eq!(agent.nickname.as_deref(), Some("Abacus"));
        assert_eq!(agent.path.as_deref(), Some("/root/count"));
    }
    let result = turn.run().await.unwrap();
    let [agent] = &result.agents[..] else {
        panic!("{:?}", result.agents);
    };
    assert_eq!(agent.status, CollabAgentStatus::Completed);
    assert_eq!(agent.message.as_deref(), Some("Three."));
    assert_eq!((agent.prompt.as_deref(), agent.name()), (None, "Abacus"));
    codex.close().await.unwrap();
}

#[tokio::test]
async fn an_interrupt_of_the_turn_leaves_its_sub_agents_running_and_they_are_interrupted_by_id() {
    let stage = Stage::new();
    let never = stage.model.gate();
    stage.model.respond_with(move |request| {
        let asked = request.last_user_text().unwrap_or_default();
        let output = request.last_tool_output();
        match (asked.as_str(), output.as_deref()) {
            ("Slow.", _) => ModelResponse::text("Never.").hold(&never),
            (_, None) => ModelResponse::items([spawn("Slow.")]),
            _ => wait(request),
        }
    });
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let turn = thread.turn("Delegate.").await.unwrap();
    let mut events = turn.agent_events();
    begun(&turn, &mut events, 1).await;
    let result = codex_tests::stage::interrupt(&turn).await;
    let agent = &result.agents[0];
    assert!(agent.is_working(), "{agent:?}");
    let mut notifications = codex.notifications();
    let turn_id = agent.turn_id.as_deref().unwrap();
    let interrupt = codex_types::TurnInterruptParams::new(&agent.thread_id, turn_id);
    codex.request(interrupt).await.unwrap();
    loop {
        match notifications.next().await.unwrap().unwrap() {
            ServerNotification::TurnCompleted(done) if done.thread_id == agent.thread_id => break,
            _ => {}
        }
    }
    codex.close().await.unwrap();
}
