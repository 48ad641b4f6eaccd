//! The scripted model behind a real app-server. Without a codex executable these tests fail, and say
//! how to get one.

mod support;

use codex_testing::{CodexHome, Item, Reply, ScriptedModel, Usage};
use serde_json::json;
use support::AppServer;

/// A model, a home that lets commands run freely, and a server with one thread.
fn stage(approval_policy: &str) -> (ScriptedModel, CodexHome, AppServer, String) {
    let model = ScriptedModel::start().unwrap();
    let home = CodexHome::builder(&model)
        .approval_policy(approval_policy)
        .sandbox_mode("danger-full-access")
        .build()
        .unwrap();
    let mut server = AppServer::start(&home);
    let thread = server.start_thread();
    (model, home, server, thread)
}

#[test]
fn a_text_turn_streams_the_deltas_as_scripted() {
    let (model, home, mut server, thread) = stage("never");
    model.push(Reply::deltas(["Hel", "lo, ", "wörld"]).usage(Usage::new(700, 30).cached(600)));

    let turn = server.run(&thread, "Say hello.");

    assert_eq!(turn["status"], "completed", "{turn}");
    assert_eq!(server.deltas(), ["Hel", "lo, ", "wörld"]);
    let usage = server.passed("thread/tokenUsage/updated");
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
    // Nothing but the turn's one request: no list of models, and no attempt to leave the machine.
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
    let (model, home, mut server, thread) = stage("never");
    let call = json!({ "cmd": "echo made > made.txt && echo sum-$((40 + 2))" });
    model.push(
        Reply::items([
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
        .passed("item/completed")
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
fn the_sandbox_keeps_a_command_from_writing() {
    let model = ScriptedModel::start().unwrap();
    let home = CodexHome::builder(&model)
        .approval_policy("never")
        .sandbox_mode("read-only")
        .build()
        .unwrap();
    let mut server = AppServer::start(&home);
    let thread = server.start_thread();
    model.push(Reply::function_call(
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
fn a_command_that_needs_approval_asks_and_obeys_the_answer() {
    let (model, home, mut server, thread) = stage("untrusted");
    model.push(Reply::function_call(
        "exec_command",
        json!({ "cmd": "touch made.txt" }),
    ));
    model.push("As you wish.");
    server.start_turn(&thread, "Make a file.");

    let asked = server.wait_for("item/commandExecution/requestApproval");
    assert!(
        asked["params"]["command"]
            .as_str()
            .unwrap()
            .contains("touch made.txt"),
        "{asked}"
    );
    assert_eq!(asked["params"]["itemId"], "call_1_1");
    server.send(&json!({ "id": asked["id"], "result": { "decision": "decline" } }));

    assert_eq!(server.completed()["status"], "completed");
    assert!(!home.workspace().join("made.txt").exists());
    let output = model.requests()[1].tool_output("call_1_1").unwrap();
    assert!(output.contains("rejected"), "{output}");
}

#[test]
fn an_http_failure_makes_the_turn_fail_with_its_body() {
    let (model, _home, mut server, thread) = stage("never");
    model.push(Reply::http_error(400, "the prompt is too silly"));

    let turn = server.run(&thread, "Say hello.");

    assert_eq!(turn["status"], "failed", "{turn}");
    assert_eq!(turn["error"]["message"], "the prompt is too silly");
    assert_eq!(model.requests().len(), 1, "nothing is tried again");
}

#[test]
fn a_stream_that_fails_or_breaks_off_makes_the_turn_fail() {
    let (model, _home, mut server, thread) = stage("never");
    model.push(Reply::text("It begins").then_fail("context_length_exceeded", "too long"));
    let turn = server.run(&thread, "One.");
    assert_eq!(turn["status"], "failed", "{turn}");
    assert_eq!(
        turn["error"]["codexErrorInfo"], "contextWindowExceeded",
        "{turn}"
    );

    model.push(Reply::text("It begins and breaks off").cut_after(2));
    let turn = server.run(&thread, "Two.");
    assert_eq!(turn["status"], "failed", "{turn}");
    assert!(
        turn["error"]["message"]
            .as_str()
            .unwrap()
            .contains("stream"),
        "{turn}"
    );
    assert_eq!(server.deltas(), ["It ", "begins", "It ", "begins "]);
}

#[test]
fn a_request_without_a_reply_fails_the_turn_and_says_what_is_missing() {
    let (model, _home, mut server, thread) = stage("never");

    let turn = server.run(&thread, "Anybody there?");

    assert_eq!(turn["status"], "failed", "{turn}");
    let message = turn["error"]["message"].as_str().unwrap();
    assert!(message.contains("no reply for request 1"), "{message}");
    assert!(
        message.contains("Anybody there?") && message.contains(&thread),
        "{message}"
    );
    assert_eq!(model.unanswered().len(), 1);
}

#[test]
fn a_held_reply_keeps_the_turn_running_until_the_gate_opens() {
    let (model, _home, mut server, thread) = stage("never");
    let gate = model.gate();
    model.push(Reply::text("one two three").hold_after(2, &gate));
    let turn = server.start_turn(&thread, "Count.");

    gate.blocking_reached().unwrap();
    let two = server.wait("second delta", |message| {
        message["params"]["delta"] == "two "
    });
    assert_eq!(two["params"]["turnId"], turn.as_str());
    // A round trip later the turn is still the one that runs: it can be steered.
    let steer = json!({
        "threadId": thread,
        "expectedTurnId": turn,
        "input": [{ "type": "text", "text": "And on." }],
    });
    assert_eq!(server.call("turn/steer", steer)["turnId"], turn.as_str());
    assert!(server.passed("turn/completed").is_empty());

    model.push("four");
    gate.open();
    assert_eq!(server.completed()["status"], "completed");
    assert_eq!(
        model.requests()[1].last_user_text().as_deref(),
        Some("And on.")
    );
    assert_eq!((gate.arrivals(), gate.hangups()), (1, 0));
}

#[test]
fn an_interrupt_while_held_ends_the_turn_and_hangs_up() {
    let (model, _home, mut server, thread) = stage("never");
    let before = model.push_gated("never sent");
    let within = model.gate();
    model.push(Reply::text("one two").hold_after(1, &within));

    for gate in [before, within] {
        let turn = server.start_turn(&thread, "Wait.");
        gate.blocking_reached().unwrap();
        server.call(
            "turn/interrupt",
            json!({ "threadId": thread, "turnId": turn }),
        );
        let completed = server.completed();
        assert_eq!(
            (&completed["id"], &completed["status"]),
            (&json!(turn), &json!("interrupted"))
        );
        gate.blocking_hung_up().unwrap();
    }
}

#[test]
fn a_closure_answers_many_turns_at_once_each_with_its_own_text() {
    const TURNS: usize = 20;
    let (model, _home, mut server, _) = stage("never");
    let gate = model.gate();
    model.respond_with({
        let gate = gate.clone();
        move |request| Reply::text(request.last_user_text().unwrap_or_default()).hold(&gate)
    });
    for number in 0..TURNS {
        let thread = server.start_thread();
        server.start_turn(&thread, &format!("I am {number}, {thread}"));
    }
    gate.blocking_reached_by(TURNS).unwrap();
    gate.open();

    for _ in 0..TURNS {
        let turn = server.completed();
        assert_eq!(turn["status"], "completed", "{turn}");
    }
    let messages = server
        .passed("item/completed")
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
