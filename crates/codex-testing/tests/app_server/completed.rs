//! Turns that complete: with text, and with commands.

use crate::driver::stage;
use codex_testing::{Item, ModelResponse, Usage};
use serde_json::json;

#[test]
fn a_text_turn_streams_the_deltas_as_scripted() {
    let (model, home, mut server, thread) = stage("never", "danger-full-access");
    model.push(
        ModelResponse::deltas(["Hel", "lo, ", "wörld"]).usage(Usage::new(700, 30).cached(600)),
    );

    let turn = server.run(&thread, "Say hello.");

    assert_eq!(turn["status"], "completed", "{turn}");
    assert_eq!(server.deltas(), ["Hel", "lo, ", "wörld"]);
    let usage = server.skipped("thread/tokenUsage/updated");
    let total = &usage.last().unwrap()["params"]["tokenUsage"]["total"];
    assert_eq!(
        (&total["inputTokens"], &total["cachedInputTokens"]),
        (&json!(700), &json!(600))
    );

    let request = model.blocking_next_request().unwrap();
    assert_eq!(request.model(), Some("scripted-model"));
    assert_eq!(request.last_user_text().as_deref(), Some("Say hello."));
    assert_eq!(request.thread_id(), Some(&*thread));
    assert_eq!(request.turn_id(), turn["id"].as_str());
    assert!(request.instructions().unwrap().contains("Codex"));
    assert!(
        request.tool_names().contains(&"exec_command"),
        "{:?}",
        request.tool_names()
    );
    assert!(
        request
            .header("authorization")
            .unwrap()
            .starts_with("Bearer sk-codex-testing")
    );
    assert_eq!(request.header("content-encoding"), None);

    drop(server);
    // Only the request of the turn: no request for the models, and no attempt to reach the network.
    assert_eq!(model.requests().len(), 1);
    assert!(
        model.stray_requests().is_empty(),
        "{:?}",
        model.stray_requests()
    );
    let root = home.root().to_owned();
    home.close().unwrap();
    assert!(!root.exists());
}

#[test]
fn a_function_call_runs_a_command_whose_output_is_in_the_next_request() {
    let (model, home, mut server, thread) = stage("never", "danger-full-access");
    let call = json!({ "cmd": "echo made > made.txt && echo sum-$((40 + 2))" });
    model.push(
        ModelResponse::items([
            Item::reasoning("A command is needed."),
            Item::text("I will run it."),
        ])
        .item(Item::function_call("exec_command", call).call_id("sum")),
    );
    model.push("It is 42.");

    let turn = server.run(&thread, "Compute.");

    assert_eq!(turn["status"], "completed", "{turn}");
    assert_eq!(model.requests().len(), 2);
    let output = model.requests()[1].tool_output("sum").unwrap();
    assert!(
        output.contains("sum-42") && output.contains("code 0"),
        "{output}"
    );
    assert_eq!(
        std::fs::read_to_string(home.workspace().join("made.txt")).unwrap(),
        "made\n"
    );
    let kinds: Vec<_> = server
        .skipped("item/completed")
        .into_iter()
        .map(|message| {
            message["params"]["item"]["type"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "userMessage",
            "reasoning",
            "agentMessage",
            "commandExecution",
            "agentMessage"
        ]
    );
}

#[test]
fn the_sandbox_prevents_a_command_from_writing() {
    let (model, home, mut server, thread) = stage("never", "read-only");
    model.push(ModelResponse::function_call(
        "exec_command",
        json!({ "cmd": "touch made.txt" }),
    ));
    model.push("I may not.");

    assert_eq!(server.run(&thread, "Make a file.")["status"], "completed");

    let output = model.requests()[1].last_tool_output().unwrap();
    assert!(!output.contains("code 0"), "{output}");
    assert!(!home.workspace().join("made.txt").exists());
}

#[test]
fn a_command_that_needs_approval_runs_only_if_it_is_accepted() {
    let (model, home, mut server, thread) = stage("on-request", "read-only");
    for (decision, made) in [("decline", false), ("accept", true)] {
        let call = json!({
            "cmd": "touch made.txt",
            "sandbox_permissions": "require_escalated",
            "justification": "May I make a file?",
        });
        model.push(Item::function_call("exec_command", call).call_id(decision));
        model.push("As you wish.");
        let turn = server.start_turn(&thread, "Make a file.");

        let asked = server.wait_for("item/commandExecution/requestApproval");
        assert_eq!(asked["params"]["itemId"], decision);
        assert_eq!(asked["params"]["reason"], "May I make a file?", "{asked}");
        server.send(&json!({ "id": asked["id"], "result": { "decision": decision } }));

        assert_eq!(server.completed(&turn)["status"], "completed");
        assert_eq!(home.workspace().join("made.txt").exists(), made);
        let output = model
            .requests()
            .last()
            .unwrap()
            .tool_output(decision)
            .unwrap();
        assert_eq!(output.contains("rejected"), !made, "{output}");
    }
}

#[test]
fn an_attempt_by_a_command_to_reach_the_network_is_rejected_and_recorded() {
    let (model, _home, mut server, thread) = stage("never", "danger-full-access");
    let call = json!({ "cmd": "git ls-remote https://example.com/repository" });
    model
        .push(Item::function_call("exec_command", call))
        .push("It is not there.");

    assert_eq!(
        server.run(&thread, "Look at the repository.")["status"],
        "completed"
    );

    let strays = model.stray_requests();
    assert_eq!(strays.len(), 1, "{strays:?}");
    assert_eq!(
        (strays[0].method(), &*strays[0].target()),
        ("CONNECT", "example.com:443")
    );
    let output = model.requests()[1].last_tool_output().unwrap();
    assert!(output.contains("404"), "{output}");
}

#[test]
fn a_closure_responds_to_many_concurrent_turns_each_with_its_own_text() {
    const TURNS: usize = 100;
    let (model, _home, mut server, _) = stage("never", "danger-full-access");
    let gate = model.gate();
    model.respond_with({
        let gate = gate.clone();
        move |request| ModelResponse::text(request.last_user_text().unwrap_or_default()).hold(&gate)
    });
    let mut turns = Vec::new();
    for number in 0..TURNS {
        let thread = server.start_thread();
        turns.push(server.start_turn(&thread, &format!("I am {number}, {thread}")));
    }
    gate.blocking_reached_by(TURNS).unwrap();
    gate.open();

    for turn in turns {
        let turn = server.completed(&turn);
        assert_eq!(turn["status"], "completed", "{turn}");
    }
    let messages = server
        .skipped("item/completed")
        .into_iter()
        .filter(|message| message["params"]["item"]["type"] == "agentMessage");
    let mut heard = 0;
    for message in messages {
        let text = message["params"]["item"]["text"].as_str().unwrap();
        assert!(
            text.ends_with(message["params"]["threadId"].as_str().unwrap()),
            "{message}"
        );
        heard += 1;
    }
    assert_eq!(heard, TURNS);
}
