//! Turns that join a running turn on servers that respond with an id of its own. The rules are
//! tested in `routing/turn_routes`, and the blocking client in `blocking/turn_ends_blocking.rs`.

use std::{future::IntoFuture, time::Duration};

use codex_types::{ReviewTarget, TurnStatus};
use serde_json::json;
use tokio::time::Instant;

use crate::{
    client::{Codex, Thread},
    codex::builder::CodexBuilder,
    error::{Error, rpc_error_kind::RpcErrorKind, turn_detached::DetachReason},
    tests::{
        FakeServer,
        detached_turns::detached,
        old_turn_start_response,
        turns::{events, start},
    },
    turn::handle::TurnHandle,
    turn_result::TurnResult,
};

impl FakeServer {
    /// Completes the item with an input.
    pub(super) async fn complete_user_message(&mut self, turn_id: &str, text: &str) {
        let content = json!([{"type": "text", "text": text, "text_elements": []}]);
        let item = json!({"type": "userMessage", "id": "n", "content": content});
        let params = json!({"threadId": "t", "turnId": turn_id, "completedAtMs": 1, "item": item});
        self.notify("item/completed", params).await;
    }
}

impl FakeServer {
    /// Refuses a request about the turn `u` because the turn `x` is running.
    async fn refuse_as_other_turn(&mut self, id: serde_json::Value) {
        let error = json!({"code": -32600, "message": "expected active turn id u but found x"});
        self.send(&json!({"id": id, "error": error})).await;
    }
}

/// Starts a turn with the input `to {turn_id}`.
async fn start_old(thread: &Thread, fake: &mut FakeServer, turn_id: &str) -> TurnHandle {
    let input = format!("to {turn_id}");
    let (turn, _) = tokio::join!(
        thread.turn(input).into_future(),
        fake.respond("turn/start", old_turn_start_response(turn_id))
    );
    turn.unwrap()
}

/// Starts the turn `u`, and then a turn that the response names `x`.
async fn start_busy() -> (Thread, FakeServer, TurnHandle, TurnHandle) {
    start_busy_with(Codex::builder()).await
}

async fn start_busy_with(builder: CodexBuilder) -> (Thread, FakeServer, TurnHandle, TurnHandle) {
    let (codex, mut fake) = FakeServer::start_with(builder).await;
    let thread = fake.thread_start(&codex).await;
    let first = start_old(&thread, &mut fake, "u").await;
    fake.start_turn("u").await;
    fake.round_trip(&thread.codex).await;
    let second = start_old(&thread, &mut fake, "x").await;
    (thread, fake, first, second)
}

#[tokio::test(start_paused = true)]
async fn a_joined_turn_is_the_running_one_from_the_response_on() {
    let (thread, mut fake, first, second) = start_busy().await;
    assert_eq!(second.id(), "u");
    let (steered, request) = tokio::join!(
        second.steer("three"),
        fake.respond("turn/steer", json!({"turnId": "u"}))
    );
    steered.unwrap();
    assert_eq!(request["params"]["expectedTurnId"], "u");
    fake.delta("u", "To ").await;
    fake.complete_user_message("u", "to x").await;
    fake.complete_item("u", "To both.").await;
    fake.thread_status("idle").await;
    fake.complete_turn("u", "completed").await;
    let begun = Instant::now();
    let (one, two) = tokio::join!(first.run(), second.run());
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!(one.unwrap(), two.unwrap());
    // Nothing is left for the turn that the response names: the next turn starts as usual.
    let third = start(&thread, &mut fake, "v").await;
    fake.complete_turn("v", "completed").await;
    assert_eq!(third.run().await.unwrap().id, "v");
}

#[tokio::test(start_paused = true)]
async fn a_joined_turn_streams_the_events_of_the_running_one() {
    let (_thread, mut fake, _first, second) = start_busy().await;
    fake.delta("u", "a").await;
    fake.complete_user_message("u", "to x").await;
    fake.complete_turn("u", "completed").await;
    let expected = ["turn/started", "a", "item/completed", "turn/completed"];
    assert_eq!(events(&second).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_starts_as_the_running_one_ends_has_a_result_of_its_own() {
    let (thread, mut fake, _first, second) = start_busy().await;
    fake.complete_item("u", "To one.").await;
    fake.thread_status("idle").await;
    fake.complete_turn("u", "completed").await;
    fake.thread_status("active").await;
    fake.start_turn("x").await;
    fake.round_trip(&thread.codex).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    fake.complete_item("x", "To two.").await;
    fake.complete_turn("x", "completed").await;
    let result = second.run().await.unwrap();
    assert_eq!((result.id.as_str(), second.id()), ("x", "x"));
    assert_eq!(result.final_response.as_deref(), Some("To two."));
    assert_eq!(result.items.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_turn_whose_input_the_running_one_does_not_take_is_detached() {
    let (_thread, mut fake, _first, second) = start_busy().await;
    fake.thread_status("systemError").await;
    fake.complete_item("u", "A summary.").await;
    fake.complete_turn("u", "completed").await;
    let ended = detached(second.run().await);
    assert_eq!(ended.reason, DetachReason::ThreadInactive);
    assert_eq!(ended.turn_id.as_deref(), Some("x"));
    assert!(ended.partial.unwrap().items.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_joined_turn_is_interrupted_with_the_running_one() {
    let (_thread, mut fake, _first, second) = start_busy().await;
    let begun = Instant::now();
    let (interrupted, request) = tokio::join!(
        second.interrupt(),
        fake.respond("turn/interrupt", json!({}))
    );
    interrupted.unwrap();
    assert_eq!(request["params"]["turnId"], "u");
    fake.complete_turn("u", "interrupted").await;
    let result = second.run().await.unwrap();
    assert_eq!(result.status, TurnStatus::Interrupted);
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_another_client_interrupts_ends_if_no_turn_follows() {
    let (_thread, mut fake, _first, second) = start_busy().await;
    let begun = Instant::now();
    fake.thread_status("idle").await;
    fake.complete_turn("u", "interrupted").await;
    let result = second.run().await.unwrap();
    assert_eq!(
        (result.id, result.status),
        ("u".into(), TurnStatus::Interrupted)
    );
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn two_turns_that_follow_an_interrupted_one_have_results_of_their_own() {
    let (thread, mut fake, _first, second) = start_busy().await;
    let third = start_old(&thread, &mut fake, "y").await;
    assert_eq!(third.id(), "u");
    fake.thread_status("idle").await;
    fake.complete_turn("u", "interrupted").await;
    for (id, turn, seconds) in [("x", second, 3), ("y", third, 9)] {
        fake.start_turn(id).await;
        fake.round_trip(&thread.codex).await;
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        fake.complete_item(id, id).await;
        fake.complete_turn(id, "completed").await;
        let result = turn.run().await.unwrap();
        assert_eq!(result.final_response.as_deref(), Some(id));
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_that_names_a_root_names_the_turn_itself() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let _first = start(&thread, &mut fake, "u").await;
    fake.start_turn("u").await;
    fake.round_trip(&thread.codex).await;
    let second = start(&thread, &mut fake, "x").await;
    assert_eq!(second.id(), "x");
}

#[tokio::test(start_paused = true)]
async fn input_does_not_join_a_review() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let response = json!({"reviewThreadId": "t", "turn": old_turn_start_response("r")["turn"]});
    let (review, _) = tokio::join!(
        thread.review(ReviewTarget::UncommittedChanges).start(),
        fake.respond("review/start", response)
    );
    let review = review.unwrap();
    let second = start_old(&thread, &mut fake, "x").await;
    assert_eq!((review.id(), second.id()), ("r", "x"));
}

#[tokio::test(start_paused = true)]
async fn input_does_not_join_a_turn_whose_end_was_not_reported() {
    let torn = r#"{"method":"turn/completed","params":{"threadId":"t","turn":{"id":"u","sta"#;
    let unnamed = r#"{"method":"turn/completed","params":{"threadId":"t","turn":{}}}"#;
    for end in ["idle", torn, unnamed, "silence"] {
        let (thread, mut fake) = FakeServer::start_thread().await;
        let first = start_old(&thread, &mut fake, "u").await;
        let first = first.idle_timeout(Duration::from_secs(60));
        fake.start_turn("u").await;
        match end {
            "idle" => fake.thread_status("idle").await,
            "silence" => {}
            line => fake.write(format!("{line}\n").as_bytes()).await,
        }
        first.run().await.unwrap_err();
        if end == "silence" {
            fake.receive_request("turn/interrupt").await;
        }
        let second = start_old(&thread, &mut fake, "x").await;
        assert_eq!(second.id(), "x", "{end}");
    }
}

/// Starts the turn `x` after the running one has ended, and refuses an interrupt of the latter.
async fn separate(fake: &mut FakeServer, request_id: serde_json::Value) {
    fake.complete_turn("u", "completed").await;
    fake.start_turn("x").await;
    fake.refuse_as_other_turn(request_id).await;
}

#[tokio::test(start_paused = true)]
async fn the_silence_of_a_turn_that_was_not_interrupted_with_the_running_one_is_limited() {
    let idle_timeout = Duration::from_secs(10);
    // The running turn may have an idle timeout as well.
    for both in [false, true] {
        let (_thread, mut fake, first, second) = start_busy().await;
        let _first = both.then(|| first.idle_timeout(idle_timeout));
        let second = second.idle_timeout(idle_timeout);
        let id = fake.receive_request("turn/interrupt").await;
        separate(&mut fake, id).await;
        for _ in 0..8 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            fake.delta("x", "working").await;
        }
        let begun = Instant::now();
        let request = tokio::time::timeout(2 * idle_timeout, fake.receive()).await;
        let request = request.unwrap();
        assert_eq!(request["method"], "turn/interrupt");
        assert_eq!(request["params"]["turnId"], "x");
        assert_eq!(begun.elapsed(), idle_timeout);
        fake.complete_turn("x", "interrupted").await;
        let error = second.run().await.unwrap_err();
        assert!(matches!(error, Error::TurnTimeout(_)), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_end_of_the_running_turn_does_not_end_the_turn_that_follows() {
    let (thread, mut fake, _first, second) = start_busy().await;
    fake.start_turn("x").await;
    fake.complete_turn("u", "completed").await;
    fake.round_trip(&thread.codex).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    fake.complete_turn("x", "completed").await;
    assert_eq!(second.run().await.unwrap().id, "x");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_names_the_running_turn_is_repeated_if_the_turn_is_its_own() {
    for method in ["turn/interrupt", "turn/steer"] {
        let (_thread, mut fake, _first, second) = start_busy().await;
        let calling = tokio::spawn(async move {
            match method {
                "turn/steer" => second.steer("more").await,
                _ => second.interrupt().await,
            }
        });
        let id = fake.receive_request(method).await;
        separate(&mut fake, id).await;
        let repeated = fake.respond(method, json!({"turnId": "x"}));
        let repeated = tokio::time::timeout(Duration::from_secs(5), repeated).await;
        let params = &repeated.unwrap()["params"];
        let named = params.get("turnId").or(params.get("expectedTurnId"));
        assert_eq!(named.unwrap(), "x");
        calling.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_message_of_the_first_input_does_not_show_that_the_second_has_joined() {
    let (_thread, mut fake, first, second) = start_busy().await;
    fake.complete_user_message("u", "to u").await;
    fake.complete_turn("u", "failed").await;
    fake.start_turn("x").await;
    fake.complete_user_message("x", "to x").await;
    fake.complete_item("x", "To two.").await;
    fake.complete_turn("x", "completed").await;
    first.run().await.unwrap_err();
    let result = second.run().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("To two."));
}

#[tokio::test(start_paused = true)]
async fn of_two_turns_only_the_one_whose_input_the_running_turn_has_taken_joins_it() {
    let (thread, mut fake, _first, second) = start_busy().await;
    let third = start_old(&thread, &mut fake, "y").await;
    fake.complete_user_message("u", "to x").await;
    fake.complete_item("u", "To one and two.").await;
    fake.complete_turn("u", "completed").await;
    fake.start_turn("y").await;
    fake.complete_user_message("y", "to y").await;
    fake.complete_item("y", "To three.").await;
    fake.complete_turn("y", "completed").await;
    let (second, third) = tokio::join!(second.run(), third.run());
    let response = |result: TurnResult| result.final_response.unwrap();
    assert_eq!(response(second.unwrap()), "To one and two.");
    assert_eq!(response(third.unwrap()), "To three.");
}

#[tokio::test(start_paused = true)]
async fn input_that_misses_the_running_turn_joins_the_next_one() {
    let (thread, mut fake, _first, second) = start_busy().await;
    let third = start_old(&thread, &mut fake, "y").await;
    fake.thread_status("idle").await;
    fake.complete_turn("u", "completed").await;
    fake.start_turn("x").await;
    for input in ["to x", "to y"] {
        fake.complete_user_message("x", input).await;
    }
    fake.round_trip(&thread.codex).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    fake.complete_item("x", "To two and three.").await;
    fake.complete_turn("x", "completed").await;
    let (second, third) = tokio::join!(second.run(), third.run());
    assert_eq!(second.unwrap(), third.unwrap());
}

#[tokio::test(start_paused = true)]
async fn the_message_of_a_steer_shows_no_join_unless_the_steer_was_refused() {
    for is_refused in [false, true] {
        let (thread, mut fake, first, second) = start_busy().await;
        let steering = tokio::spawn(async move { first.steer("to x").await });
        let id = fake.receive_request("turn/steer").await;
        if is_refused {
            let error = json!({"code": -32600, "message": "cannot steer a review turn"});
            fake.send(&json!({"id": id, "error": error})).await;
        } else {
            fake.send(&json!({"id": id, "result": {"turnId": "u"}}))
                .await;
        }
        fake.complete_user_message("u", "to x").await;
        fake.complete_turn("u", "completed").await;
        fake.round_trip(&thread.codex).await;
        assert_eq!(steering.await.unwrap().is_err(), is_refused);
        assert_eq!(second.id() == "u", is_refused);
    }
}

/// A refusal may be received before the end of the running turn.
#[tokio::test(start_paused = true)]
async fn an_interrupt_that_the_running_turn_refuses_waits_for_its_end() {
    for (status, next, interrupts) in [
        ("completed", Some("x"), true),
        ("interrupted", Some("x"), true),
        ("interrupted", None, false),
    ] {
        let (thread, mut fake, _first, second) = start_busy().await;
        if status == "interrupted" {
            fake.complete_turn("u", status).await;
            fake.round_trip(&thread.codex).await;
        }
        let interrupting = tokio::spawn(async move { second.interrupt().await.map(|()| second) });
        let id = fake.receive_request("turn/interrupt").await;
        fake.refuse_as_other_turn(id).await;
        fake.round_trip(&thread.codex).await;
        assert!(!interrupting.is_finished());
        if status == "completed" {
            fake.complete_turn("u", status).await;
        }
        if let Some(next) = next {
            fake.start_turn(next).await;
        }
        if interrupts {
            let mut request = fake.receive().await;
            // The turn is refused until it begins.
            if status == "completed" {
                assert_eq!(request["params"]["turnId"], "x");
            }
            if request["params"]["turnId"] != "x" {
                request = fake.receive().await;
            }
            fake.send(&json!({"id": request["id"], "result": {}})).await;
        }
        let second = interrupting.await.unwrap().unwrap();
        assert_eq!(second.id(), next.unwrap_or("u"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_that_is_refused_is_an_error_if_it_stays_open_whether_the_turn_has_joined() {
    let builder = Codex::builder().request_timeout(Duration::from_secs(10));
    let (_thread, mut fake, _first, second) = start_busy_with(builder).await;
    let interrupting = tokio::spawn(async move { second.interrupt().await });
    let id = fake.receive_request("turn/interrupt").await;
    fake.refuse_as_other_turn(id).await;
    let begun = Instant::now();
    let error = interrupting.await.unwrap().unwrap_err();
    assert_eq!(error.rpc_kind(), Some(RpcErrorKind::TurnMismatch));
    assert_eq!(begun.elapsed(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_turn_ends_without_a_grace_period_too_if_no_turn_follows_an_interrupted_one() {
    let builder = Codex::builder().no_turn_end_grace();
    let (_thread, mut fake, _first, second) = start_busy_with(builder).await;
    let begun = Instant::now();
    fake.complete_turn("u", "interrupted").await;
    let result = second.run().await.unwrap();
    assert_eq!(result.status, TurnStatus::Interrupted);
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
}
