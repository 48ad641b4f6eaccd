//! Turns that fail, and turns that are held at a gate.

use crate::driver::stage;
use codex_testing::ModelResponse;
use serde_json::json;

#[test]
fn an_http_error_makes_the_turn_fail_with_the_body_as_its_message() {
    let (model, _home, mut server, thread) = stage("never", "danger-full-access");
    model.push(ModelResponse::http_error(400, "the prompt is too silly"));

    let turn = server.run(&thread, "Say hello.");

    assert_eq!(turn["status"], "failed", "{turn}");
    assert_eq!(turn["error"]["message"], "the prompt is too silly");
    assert_eq!(model.requests().len(), 1, "no request is retried");
}

#[test]
fn a_stream_that_fails_makes_the_turn_fail_with_the_error_for_its_code() {
    let (model, _home, mut server, thread) = stage("never", "danger-full-access");
    model.push(ModelResponse::text("It begins").then_fail("context_length_exceeded", "too long"));

    let turn = server.run(&thread, "Say hello.");

    assert_eq!(turn["status"], "failed", "{turn}");
    assert_eq!(
        turn["error"]["codexErrorInfo"], "contextWindowExceeded",
        "{turn}"
    );
    assert_eq!(server.deltas(), ["It ", "begins"]);
}

#[test]
fn a_connection_that_breaks_makes_the_turn_fail_after_the_deltas_that_arrived() {
    let (model, _home, mut server, thread) = stage("never", "danger-full-access");
    model.push(ModelResponse::text("It begins and breaks off").cut_after(2));

    let turn = server.run(&thread, "Say hello.");

    assert_eq!(turn["status"], "failed", "{turn}");
    let message = turn["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("stream disconnected before completion"),
        "{message}"
    );
    assert_eq!(server.deltas(), ["It ", "begins "]);
}

#[test]
fn a_request_without_a_response_fails_the_turn_with_an_error_that_says_what_is_missing() {
    let (model, _home, mut server, thread) = stage("never", "danger-full-access");

    let turn = server.run(&thread, "Is anyone there?");

    assert_eq!(turn["status"], "failed", "{turn}");
    let message = turn["error"]["message"].as_str().unwrap();
    assert!(message.contains("no response for request 1"), "{message}");
    assert!(
        message.contains("Is anyone there?") && message.contains(&thread),
        "{message}"
    );
    assert_eq!(model.requests_without_response().len(), 1);
}

#[test]
fn a_held_response_keeps_the_turn_running_until_the_gate_opens() {
    let (model, _home, mut server, thread) = stage("never", "danger-full-access");
    let gate = model.gate();
    model.push(ModelResponse::text("one two three").hold_after(2, &gate));
    let turn = server.start_turn(&thread, "Count.");

    gate.blocking_reached().unwrap();
    let two = server.wait("second delta", |message| {
        message["params"]["delta"] == "two "
    });
    assert_eq!(two["params"]["turnId"], turn.as_str());
    // After a round trip, the turn is still running.
    let read = server.call(
        "thread/read",
        &json!({ "threadId": thread, "includeTurns": false }),
    );
    assert_eq!(read["thread"]["status"]["type"], "active", "{read}");
    assert!(server.skipped("turn/completed").is_empty());

    gate.open();
    assert_eq!(server.completed(&turn)["status"], "completed");
    assert_eq!(server.deltas(), ["one ", "three"]);
    assert_eq!((gate.arrivals(), gate.hangups()), (1, 0));
}

#[test]
fn steering_a_held_turn_disconnects_and_sends_a_new_request() {
    let (model, _home, mut server, thread) = stage("never", "danger-full-access");
    let gate = model.gate();
    model
        .push(ModelResponse::text("one two three").hold_after(2, &gate))
        .push("four");
    let turn = server.start_turn(&thread, "Count.");
    gate.blocking_reached().unwrap();

    let steer = json!({
        "threadId": thread,
        "expectedTurnId": turn,
        "input": [{ "type": "text", "text": "Go on." }],
    });
    assert_eq!(server.call("turn/steer", &steer)["turnId"], turn.as_str());
    let completed = server.completed(&turn);

    assert_eq!(
        (&completed["id"], &completed["status"]),
        (&json!(turn), &json!("completed"))
    );
    assert_eq!(
        model.requests()[1].last_user_text().as_deref(),
        Some("Go on.")
    );
    gate.blocking_hung_up().unwrap();
}

#[test]
fn interrupting_a_held_turn_ends_it_and_disconnects() {
    let (model, _home, mut server, thread) = stage("never", "danger-full-access");
    let before = model.push_gated("never sent");
    let within = model.gate();
    model.push(ModelResponse::text("one two").hold_after(1, &within));

    for gate in [before, within] {
        let turn = server.start_turn(&thread, "Wait.");
        gate.blocking_reached().unwrap();
        server.call(
            "turn/interrupt",
            &json!({ "threadId": thread, "turnId": turn }),
        );
        let completed = server.completed(&turn);
        assert_eq!(
            (&completed["id"], &completed["status"]),
            (&json!(turn), &json!("interrupted"))
        );
        gate.blocking_hung_up().unwrap();
    }
}
