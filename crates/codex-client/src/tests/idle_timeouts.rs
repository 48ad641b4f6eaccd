//! Idle timeouts: turns about which the server is silent. The blocking client is tested in
//! `blocking/turn_ends_blocking.rs`.

use std::{future::IntoFuture, time::Duration};

use codex_types::{ReviewTarget, TurnStatus};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{
    error::{Error, turn_timeout::TurnTimeout},
    tests::{
        FakeServer, turn_start_response,
        turns::{assert_interrupted, interrupted_turn, start},
    },
};

const IDLE: Duration = Duration::from_secs(90);
const ALMOST: Duration = Duration::from_secs(89);

pub(super) fn silent<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Box<TurnTimeout> {
    match outcome {
        Err(Error::TurnTimeout(error)) if error.was_silent => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_turn_is_interrupted_and_returned_in_the_error() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let run = thread.run("hi").idle_timeout(IDLE).into_future();
    let (result, ()) = tokio::join!(run, interrupted_turn(&mut fake));
    let error = silent(result);
    assert_eq!(
        error.to_string(),
        "the server sent nothing about the turn u for 90 s, and the turn was interrupted"
    );
    assert_eq!(error.after, IDLE);
    assert_interrupted(&error.partial.unwrap());
}

#[tokio::test(start_paused = true)]
async fn every_event_of_the_turn_ends_the_silence() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await.idle_timeout(IDLE);
    let begun = Instant::now();
    let (result, ()) = tokio::join!(turn.run(), async {
        sleep(ALMOST).await;
        fake.start_turn("u").await;
        sleep(ALMOST).await;
        fake.delta("u", "x").await;
        sleep(ALMOST).await;
        // Neither an event of another turn nor one of the thread is an event of the turn.
        fake.delta("other", "x").await;
        fake.thread_status("active").await;
        fake.receive_request("turn/interrupt").await;
        assert_eq!(begun.elapsed(), 2 * ALMOST + IDLE);
    });
    // The turn does not end after the interrupt either.
    assert_eq!(begun.elapsed(), 2 * ALMOST + IDLE + Duration::from_secs(5));
    assert_eq!(
        silent(result).partial.unwrap().status,
        TurnStatus::InProgress
    );
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_waits_for_this_program_is_not_silent() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let mut inbox = thread.server_requests();
    let turn = start(&thread, &mut fake, "u").await.idle_timeout(IDLE);
    let method = "item/commandExecution/requestApproval";
    fake.send_request(7, method, &json!({"command": "ls"}))
        .await;
    let request = inbox.next().await.unwrap();
    sleep(10 * IDLE).await;
    // The silence begins with the response.
    drop(request);
    assert_eq!(fake.receive().await["id"], 7);
    fake.send_request(8, method, &json!({"command": "ls"}))
        .await;
    let withdrawn = inbox.next().await.unwrap();
    sleep(10 * IDLE).await;
    fake.resolve_request(8).await;
    sleep(ALMOST).await;
    assert!(turn.log().end().is_none());
    fake.receive_request("turn/interrupt").await;
    silent(turn.run().await);
    drop(withdrawn);
}

#[tokio::test(start_paused = true)]
async fn streams_end_with_the_error() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let builder = thread.turn("hi").idle_timeout(IDLE).into_future();
    let (turn, _) = tokio::join!(
        builder,
        fake.respond("turn/start", turn_start_response("u"))
    );
    let turn = turn.unwrap();
    let (mut events, mut text) = (turn.stream(), turn.text_stream());
    fake.delta("u", "Once").await;
    fake.receive_request("turn/interrupt").await;
    fake.complete_turn("u", "interrupted").await;
    let mut methods = Vec::new();
    let last = loop {
        match events.next().await.unwrap() {
            Ok(event) => methods.push(event.method().to_owned()),
            Err(error) => break error,
        }
    };
    assert_eq!(methods, ["item/agentMessage/delta", "turn/completed"]);
    silent(Err::<(), _>(last));
    assert!(events.next().await.is_none());
    silent(events.result().await);
    assert_eq!(text.next().await.unwrap().unwrap(), "Once");
    silent(text.next().await.unwrap());
    assert!(text.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_completes_in_spite_of_the_interrupt_is_a_result() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await.idle_timeout(IDLE);
    let (result, ()) = tokio::join!(turn.run(), async {
        fake.receive_request("turn/interrupt").await;
        fake.complete_item("u", "done").await;
        fake.complete_turn("u", "completed").await;
    });
    assert_eq!(result.unwrap().final_response.as_deref(), Some("done"));
}

#[tokio::test(start_paused = true)]
async fn both_limits_of_a_turn_apply() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let run = thread.run("hi").idle_timeout(IDLE).timeout(2 * ALMOST);
    let (result, ()) = tokio::join!(run.into_future(), async {
        fake.respond("turn/start", turn_start_response("u")).await;
        sleep(ALMOST).await;
        fake.start_turn("u").await;
        fake.respond("turn/interrupt", json!({})).await;
        fake.complete_turn("u", "interrupted").await;
    });
    let Err(Error::TurnTimeout(error)) = result else {
        panic!("{result:?}")
    };
    assert!(!error.was_silent);
    assert_eq!(error.after, 2 * ALMOST);
}

#[tokio::test(start_paused = true)]
async fn a_silent_review_is_interrupted_under_its_inner_id() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let review = thread.review(ReviewTarget::UncommittedChanges);
    let (result, ()) = tokio::join!(review.idle_timeout(IDLE).into_future(), async {
        let turn = json!({"id": "r", "items": [], "status": "inProgress"});
        let result = json!({"reviewThreadId": "t", "turn": turn});
        fake.respond("review/start", result).await;
        let inner = json!({"id": "inner", "items": [], "status": "inProgress", "rootTurnId": "r"});
        let params = json!({"threadId": "t", "turn": inner});
        fake.notify("turn/started", params).await;
        let interrupt = fake.respond("turn/interrupt", json!({})).await;
        assert_eq!(interrupt["params"]["turnId"], "inner");
        fake.complete_turn("r", "interrupted").await;
    });
    assert_eq!(silent(result).turn_id.as_deref(), Some("r"));
}

impl FakeServer {
    /// Starts a turn of the thread `agent`, whose sub-agent works for another turn.
    pub(super) async fn start_sub_agent(&mut self, turn_id: &str, root: &str) {
        let turn = json!({
            "id": turn_id, "items": [], "status": "inProgress", "rootTurnId": root,
        });
        let started = json!({"threadId": "agent", "turn": turn});
        self.notify("turn/started", started).await;
    }

    /// Starts a turn of the thread `agent`, whose sub-agent works for a turn of this client. The
    /// server does not have its role.
    pub(super) async fn start_own_sub_agent(&mut self, turn_id: &str, root: &str) {
        self.start_sub_agent(turn_id, root).await;
        self.respond_error("thread/read", "no role").await;
    }

    /// Sends an event of the thread `agent`.
    pub(super) async fn sub_agent_event(&mut self, method: &str) {
        let params = json!({"threadId": "agent", "turnId": "v", "itemId": "i", "delta": "x"});
        self.notify(method, params).await;
    }
}

#[tokio::test(start_paused = true)]
async fn every_event_of_a_sub_agent_ends_the_silence_of_the_turn_that_it_works_for() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await.idle_timeout(IDLE);
    fake.start_turn("u").await;
    let begun = Instant::now();
    let (result, ()) = tokio::join!(turn.run(), async {
        sleep(ALMOST).await;
        fake.start_own_sub_agent("v", "u").await;
        for method in ["item/agentMessage/delta", "item/started", "unknown/event"] {
            sleep(ALMOST).await;
            fake.sub_agent_event(method).await;
        }
        sleep(ALMOST).await;
        fake.write(
            b"{\"method\":\"item/completed\",\"params\":{\"threadId\":\"agent\",\"item\":\xff\n",
        )
        .await;
        let interrupt = fake.respond("turn/interrupt", json!({})).await;
        assert_eq!(interrupt["params"]["turnId"], "u");
        assert_eq!(begun.elapsed(), 5 * ALMOST + IDLE);
        fake.complete_turn("u", "interrupted").await;
    });
    silent(result);
}

#[tokio::test(start_paused = true)]
async fn the_work_of_a_sub_agent_ends_the_silence_of_later_turns_of_its_thread() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    fake.start_turn("earlier").await;
    fake.start_sub_agent("v", "earlier").await;
    fake.complete_turn("earlier", "completed").await;
    let turn = start(&thread, &mut fake, "u").await.idle_timeout(IDLE);
    fake.start_turn("u").await;
    let (result, ()) = tokio::join!(turn.run(), async {
        // The turn waits for the sub-agent.
        for _ in 0..3 {
            sleep(ALMOST).await;
            fake.sub_agent_event("item/started").await;
        }
        fake.complete_turn("u", "completed").await;
    });
    result.unwrap();
}

/// Opens a request of the thread's turn `u` or of a sub-agent, and has it wait for this program.
async fn waits_for_this_program(method: &str, params: serde_json::Value) {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let mut inbox = thread.server_requests();
    let turn = start(&thread, &mut fake, "u").await.idle_timeout(IDLE);
    fake.start_turn("u").await;
    fake.start_own_sub_agent("v", "u").await;
    fake.send_request(7, method, &params).await;
    let request = inbox.next().await.unwrap();
    sleep(10 * IDLE).await;
    let begun = Instant::now();
    drop(request);
    assert_eq!(fake.receive().await["id"], 7);
    fake.receive_request("turn/interrupt").await;
    assert_eq!(begun.elapsed(), IDLE);
    silent(turn.run().await);
}

#[tokio::test(start_paused = true)]
async fn a_turn_whose_sub_agent_waits_for_this_program_is_not_silent() {
    let params = json!({"threadId": "agent", "turnId": "v", "command": "ls"});
    waits_for_this_program("item/commandExecution/requestApproval", params).await;
}

#[tokio::test(start_paused = true)]
async fn a_turn_is_not_silent_while_a_request_that_names_only_its_thread_is_open() {
    let schema = json!({"type": "object", "properties": {}});
    let params = json!({
        "turnId": null, "serverName": "s", "mode": "form", "message": "m", "requestedSchema": schema,
    });
    waits_for_this_program("mcpServer/elicitation/request", params).await;
}
