//! Steering and interrupting turns, in threads that may be busy.

use std::time::Duration;

use codex_types::TurnStatus;
use serde_json::json;
use tokio::time::Instant;

use crate::{
    client::{Codex, Thread},
    error::{Error, rpc_error_kind::RpcErrorKind},
    tests::{
        FakeServer,
        turns::{events, start},
    },
};

const NO_ACTIVE_TURN: &str = "no active turn to steer";

#[tokio::test(start_paused = true)]
async fn a_turn_that_starts_right_after_another_completes_gets_its_own_events() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let mut notifications = thread.codex.notifications();
    let turn = start(&thread, &mut fake, "own").await;
    fake.complete_turn("other", "failed").await;
    fake.start_turn("own").await;
    fake.complete_turn("own", "completed").await;
    assert_eq!(events(&turn).await, ["turn/started", "turn/completed"]);
    let other = notifications.next().await.unwrap().unwrap();
    assert_eq!(other.turn_id(), Some("other"));
}

#[tokio::test]
async fn an_interrupt_without_a_response_returns_when_the_turn_completes() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.start_turn("u").await;
    let again = turn.clone();
    let (first, second, _) = tokio::join!(turn.interrupt(), again.interrupt(), async {
        fake.receive_request("turn/interrupt").await;
        fake.receive_request("turn/interrupt").await;
        fake.complete_turn("u", "interrupted").await;
    });
    first.unwrap();
    second.unwrap();
    // Interrupting consumes no events.
    assert_eq!(events(&turn).await, ["turn/started", "turn/completed"]);
    // A completed turn is not interrupted: the next request that arrives is a different one.
    turn.interrupt().await.unwrap();
    fake.round_trip(&thread.codex).await;
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_without_effect_times_out() {
    let builder = Codex::builder().request_timeout(Duration::from_secs(7));
    let (codex, mut fake) = FakeServer::start_with(builder).await;
    let thread = fake.thread_start(&codex).await;
    let turn = start(&thread, &mut fake, "u").await;
    let error = turn.interrupt().await.unwrap_err();
    let Error::Timeout { method, after, .. } = error else {
        panic!("{error}")
    };
    assert_eq!((method, after.as_secs()), ("turn/interrupt", 7));
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_that_is_sent_twice_has_one_deadline() {
    let builder = Codex::builder().request_timeout(Duration::from_secs(7));
    let (codex, mut fake) = FakeServer::start_with(builder).await;
    let thread = fake.thread_start(&codex).await;
    let turn = start(&thread, &mut fake, "u").await;
    let started = Instant::now();
    let (interrupted, ()) = tokio::join!(turn.interrupt(), async {
        let id = fake.receive_request("turn/interrupt").await;
        tokio::time::advance(Duration::from_secs(3)).await;
        let error = json!({"code": -32600, "message": NO_ACTIVE_TURN});
        fake.send(&json!({"id": id, "error": error})).await;
        tokio::time::advance(Duration::from_secs(3)).await;
        fake.start_turn("u").await;
        // This request gets no response.
        fake.receive_request("turn/interrupt").await;
    });
    let Err(Error::Timeout { method, after, .. }) = interrupted else {
        panic!("{interrupted:?}")
    };
    assert_eq!((method, after.as_secs()), ("turn/interrupt", 7));
    assert_eq!(started.elapsed().as_secs(), 7);
}

#[tokio::test]
async fn an_interrupt_that_is_rejected_because_the_turn_has_ended_succeeds() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.start_turn("u").await;
    fake.round_trip(&thread.codex).await;
    let (interrupted, _) = tokio::join!(
        turn.interrupt(),
        fake.respond_error("turn/interrupt", NO_ACTIVE_TURN)
    );
    interrupted.unwrap();
}

#[tokio::test]
async fn a_turn_that_has_not_started_is_steered_and_interrupted_once_it_starts() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    for (turn_id, method) in [("u", "turn/steer"), ("v", "turn/interrupt")] {
        let turn = start(&thread, &mut fake, turn_id).await;
        let request = async {
            match method {
                "turn/steer" => turn.steer("more").await,
                _ => turn.interrupt().await,
            }
        };
        let (result, _) = tokio::join!(request, async {
            fake.respond_error(method, NO_ACTIVE_TURN).await;
            fake.round_trip(&thread.codex).await;
            fake.start_turn(turn_id).await;
            fake.respond(method, json!({"turnId": turn_id})).await;
        });
        result.unwrap();
        fake.complete_turn(turn_id, "completed").await;
        assert_eq!(events(&turn).await, ["turn/started", "turn/completed"]);
    }
}

#[tokio::test(start_paused = true)]
async fn interrupting_a_turn_that_never_starts_is_an_rpc_error() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let (interrupted, _) = tokio::join!(
        turn.interrupt(),
        fake.respond_error("turn/interrupt", NO_ACTIVE_TURN)
    );
    let Err(Error::Rpc(error)) = interrupted else {
        panic!("{interrupted:?}")
    };
    assert_eq!(error.kind, RpcErrorKind::NoActiveTurn);
}

#[tokio::test]
async fn steer_or_start_steers_the_running_turn_of_another_client() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    fake.start_turn("other").await;
    fake.round_trip(&thread.codex).await;
    let (turn, message) = tokio::join!(
        thread.steer_or_start("hi"),
        fake.respond("turn/steer", json!({"turnId": "other"}))
    );
    assert_eq!(message["params"]["expectedTurnId"], "other");
    fake.delta("other", "x").await;
    fake.complete_turn("other", "completed").await;
    assert_eq!(events(&turn.unwrap()).await, ["x", "turn/completed"]);
}

#[tokio::test]
async fn steer_or_start_starts_a_turn_in_an_idle_thread_and_the_next_one_steers_it() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let (first, _) = tokio::join!(
        thread.steer_or_start("one"),
        fake.respond("turn/start", crate::tests::turn_start_response("u"))
    );
    let (second, message) = tokio::join!(
        thread.steer_or_start("two"),
        fake.respond("turn/steer", json!({"turnId": "u"}))
    );
    let text = json!([{"type": "text", "text": "two"}]);
    assert_eq!(message["params"]["input"], text);
    fake.complete_turn("u", "completed").await;
    let (first, second) = (first.unwrap().run().await, second.unwrap().run().await);
    assert_eq!(first.unwrap(), second.unwrap());
}

#[tokio::test]
async fn steer_or_start_starts_a_turn_if_the_running_one_has_ended_before_the_steer() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    for message in [
        NO_ACTIVE_TURN,
        "expected active turn id `u` but found `other`",
    ] {
        fake.start_turn("u").await;
        fake.round_trip(&thread.codex).await;
        let (turn, _) = tokio::join!(thread.steer_or_start("hi"), async {
            fake.respond_error("turn/steer", message).await;
            fake.respond("turn/start", crate::tests::turn_start_response("next"))
                .await;
        });
        assert_eq!(turn.unwrap().id(), "next");
    }
    // Any other error is returned, and nothing is sent again.
    let message = "cannot steer a review turn";
    let (turn, _) = tokio::join!(
        thread.steer_or_start("hi"),
        fake.respond_error("turn/steer", message)
    );
    assert!(matches!(turn, Err(Error::Rpc(_))));
    fake.round_trip(&thread.codex).await;
}

#[tokio::test]
async fn a_turn_cut_off_by_the_end_of_the_connection_has_a_partial_result() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.complete_item("u", "half").await;
    fake.round_trip(&thread.codex).await;
    assert_eq!(turn.partial().status, TurnStatus::InProgress);
    drop(fake);
    let Err(Error::Closed(closed)) = turn.run().await else {
        panic!("the turn did not fail")
    };
    let partial = closed.partial.as_deref().unwrap();
    assert_eq!(
        (partial.id.as_str(), &partial.status),
        ("u", &TurnStatus::InProgress)
    );
    assert_eq!(partial.final_response.as_deref(), Some("half"));
    // Only this turn's error has the partial result.
    let Err(Error::Closed(closed)) = Thread::run(&thread, "more").await else {
        panic!("the connection is not closed")
    };
    assert!(closed.partial.is_none());
}

#[tokio::test]
async fn a_thread_interrupts_the_turn_of_another_client() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    // Nothing runs, so nothing is interrupted: the next request that arrives is a different one.
    for turns in [
        json!([]),
        json!([{"id": "old", "status": "completed", "items": []}]),
    ] {
        let page = json!({"data": turns});
        let (interrupted, request) =
            tokio::join!(thread.interrupt(), fake.respond("thread/turns/list", page));
        interrupted.unwrap();
        assert_eq!(request["params"]["limit"], 1);
    }
    let (interrupted, _) = tokio::join!(
        thread.interrupt(),
        fake.respond_error("thread/turns/list", NO_ACTIVE_TURN)
    );
    interrupted.unwrap();
    fake.round_trip(&thread.codex).await;
    fake.start_turn("other").await;
    fake.round_trip(&thread.codex).await;
    let (interrupted, request) = tokio::join!(
        thread.interrupt(),
        fake.respond("turn/interrupt", json!({}))
    );
    interrupted.unwrap();
    assert_eq!(request["params"]["turnId"], "other");
}

#[tokio::test]
async fn a_thread_interrupts_a_turn_that_began_before_the_client_joined() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let page = json!({"data": [{"id": "other", "status": "inProgress", "items": []}]});
    let (interrupted, request) = tokio::join!(thread.interrupt(), async {
        fake.respond("thread/turns/list", page.clone()).await;
        fake.respond("turn/interrupt", json!({})).await
    });
    interrupted.unwrap();
    assert_eq!(request["params"]["turnId"], "other");
    // It ends before the request arrives.
    let (interrupted, ()) = tokio::join!(thread.interrupt(), async {
        fake.respond("thread/turns/list", page).await;
        fake.complete_turn("other", "completed").await;
        fake.respond_error("turn/interrupt", NO_ACTIVE_TURN).await;
    });
    interrupted.unwrap();
}

#[tokio::test]
async fn a_thread_interrupts_a_turn_that_has_not_begun_once_it_begins() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let _turn = start(&thread, &mut fake, "u").await;
    let (interrupted, ()) = tokio::join!(thread.interrupt(), async {
        fake.respond_error("turn/interrupt", NO_ACTIVE_TURN).await;
        fake.start_turn("u").await;
        fake.respond("turn/interrupt", json!({})).await;
    });
    interrupted.unwrap();
}

#[tokio::test]
async fn the_interrupt_of_a_thread_returns_when_its_turn_ends() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    for is_refused in [true, false] {
        fake.start_turn("u").await;
        fake.round_trip(&thread.codex).await;
        let (interrupted, ()) = tokio::join!(thread.interrupt(), async {
            if is_refused {
                fake.respond_error("turn/interrupt", NO_ACTIVE_TURN).await;
            } else {
                fake.receive_request("turn/interrupt").await;
            }
            fake.complete_turn("u", "completed").await;
        });
        interrupted.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_interrupt_of_a_thread_has_one_deadline() {
    let builder = Codex::builder().request_timeout(Duration::from_secs(7));
    let (codex, mut fake) = FakeServer::start_with(builder).await;
    let thread = fake.thread_start(&codex).await;
    let _turn = start(&thread, &mut fake, "u").await;
    let started = Instant::now();
    // This request gets no response.
    let (interrupted, _) = tokio::join!(thread.interrupt(), fake.receive_request("turn/interrupt"));
    let Err(Error::Timeout { method, after, .. }) = interrupted else {
        panic!("{interrupted:?}")
    };
    assert_eq!((method, after.as_secs()), ("turn/interrupt", 7));
    // A turn that never begins is reported with the refusal.
    let (interrupted, _) = tokio::join!(
        thread.interrupt(),
        fake.respond_error("turn/interrupt", NO_ACTIVE_TURN)
    );
    let Err(Error::Rpc(error)) = interrupted else {
        panic!("{interrupted:?}")
    };
    assert_eq!(error.kind, RpcErrorKind::NoActiveTurn);
    assert_eq!(started.elapsed().as_secs(), 14);
}
