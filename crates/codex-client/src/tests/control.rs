//! Busy threads, steering and interrupting.

use std::{future::IntoFuture, time::Duration};

use codex_types::TurnStatus;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    client::{Codex, Thread},
    error::{Error, rpc_error::RpcErrorKind},
    tests::{
        Fake, settle,
        turns::{events, start},
    },
};

const NO_ACTIVE_TURN: &str = "no active turn to steer";

impl Fake {
    pub(super) async fn refuse(&mut self, method: &str, message: &str) -> Value {
        let request = self.receive().await;
        assert_eq!(request["method"], method, "{request}");
        let error = json!({"code": -32600, "message": message});
        self.send(&json!({"id": request["id"], "error": error}))
            .await;
        request
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_begins_right_after_another_has_ended_is_not_mistaken_for_it() {
    let (thread, mut fake) = Fake::start_thread().await;
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
async fn an_interrupt_that_is_never_answered_ends_with_the_turn() {
    let (thread, mut fake) = Fake::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.start_turn("u").await;
    let again = turn.clone();
    let (first, second, _) = tokio::join!(turn.interrupt(), again.interrupt(), async {
        fake.request("turn/interrupt").await;
        fake.request("turn/interrupt").await;
        fake.complete_turn("u", "interrupted").await;
    });
    first.unwrap();
    second.unwrap();
    // Nothing was taken from those who read.
    assert_eq!(events(&turn).await, ["turn/started", "turn/completed"]);
    // What has ended is not asked to stop: the next request is another one.
    turn.interrupt().await.unwrap();
    settle(&thread.codex, &mut fake).await;
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_that_leads_to_nothing_is_a_timeout() {
    let builder = Codex::builder().request_timeout(Duration::from_secs(7));
    let (codex, mut fake) = Fake::start_with(builder).await;
    let call = codex.thread_start().into_future();
    let (thread, _) = tokio::join!(
        call,
        fake.answer("thread/start", crate::tests::thread_started())
    );
    let turn = start(&thread.unwrap(), &mut fake, "u").await;
    let error = turn.interrupt().await.unwrap_err();
    let Error::Timeout { method, after } = error else {
        panic!("{error}")
    };
    assert_eq!((method, after.as_secs()), ("turn/interrupt", 7));
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_has_one_deadline_though_it_may_ask_twice() {
    let builder = Codex::builder().request_timeout(Duration::from_secs(7));
    let (codex, mut fake) = Fake::start_with(builder).await;
    let call = codex.thread_start().into_future();
    let (thread, _) = tokio::join!(
        call,
        fake.answer("thread/start", crate::tests::thread_started())
    );
    let turn = start(&thread.unwrap(), &mut fake, "u").await;
    let asked = Instant::now();
    let (stopped, ()) = tokio::join!(turn.interrupt(), async {
        let id = fake.request("turn/interrupt").await;
        tokio::time::advance(Duration::from_secs(3)).await;
        let error = json!({"code": -32600, "message": NO_ACTIVE_TURN});
        fake.send(&json!({"id": id, "error": error})).await;
        tokio::time::advance(Duration::from_secs(3)).await;
        fake.start_turn("u").await;
        // Not answered, this time.
        fake.request("turn/interrupt").await;
    });
    let Err(Error::Timeout { method, after }) = stopped else {
        panic!("{stopped:?}")
    };
    assert_eq!((method, after.as_secs()), ("turn/interrupt", 7));
    assert_eq!(asked.elapsed().as_secs(), 7);
}

#[tokio::test]
async fn a_turn_that_ends_while_it_is_interrupted_is_no_error() {
    let (thread, mut fake) = Fake::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.start_turn("u").await;
    settle(&thread.codex, &mut fake).await;
    let (refused, _) = tokio::join!(
        turn.interrupt(),
        fake.refuse("turn/interrupt", NO_ACTIVE_TURN)
    );
    refused.unwrap();
}

#[tokio::test]
async fn a_turn_that_has_not_begun_is_steered_and_interrupted_when_it_has() {
    let (thread, mut fake) = Fake::start_thread().await;
    for (turn_id, method) in [("u", "turn/steer"), ("v", "turn/interrupt")] {
        let turn = start(&thread, &mut fake, turn_id).await;
        let asked = async {
            match method {
                "turn/steer" => turn.steer("more").await,
                _ => turn.interrupt().await,
            }
        };
        let (asked, _) = tokio::join!(asked, async {
            fake.refuse(method, NO_ACTIVE_TURN).await;
            settle(&thread.codex, &mut fake).await;
            fake.start_turn(turn_id).await;
            fake.answer(method, json!({"turnId": turn_id})).await;
        });
        asked.unwrap();
        fake.complete_turn(turn_id, "completed").await;
        assert_eq!(events(&turn).await, ["turn/started", "turn/completed"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_never_begins_refuses_to_be_interrupted() {
    let (thread, mut fake) = Fake::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let (refused, _) = tokio::join!(
        turn.interrupt(),
        fake.refuse("turn/interrupt", NO_ACTIVE_TURN)
    );
    let Err(Error::Rpc(error)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(error.kind, RpcErrorKind::NoActiveTurn);
}

#[tokio::test]
async fn what_is_sent_goes_to_the_running_turn_whoever_started_it() {
    let (thread, mut fake) = Fake::start_thread().await;
    fake.start_turn("theirs").await;
    settle(&thread.codex, &mut fake).await;
    let (turn, message) = tokio::join!(
        thread.steer_or_start("hi"),
        fake.answer("turn/steer", json!({"turnId": "theirs"}))
    );
    assert_eq!(message["params"]["expectedTurnId"], "theirs");
    fake.delta("theirs", "x").await;
    fake.complete_turn("theirs", "completed").await;
    assert_eq!(events(&turn.unwrap()).await, ["x", "turn/completed"]);
}

#[tokio::test]
async fn what_is_sent_to_an_idle_thread_starts_a_turn_and_the_next_one_steers_it() {
    let (thread, mut fake) = Fake::start_thread().await;
    let (first, _) = tokio::join!(
        thread.steer_or_start("one"),
        fake.answer("turn/start", crate::tests::turn_started("u"))
    );
    let (second, message) = tokio::join!(
        thread.steer_or_start("two"),
        fake.answer("turn/steer", json!({"turnId": "u"}))
    );
    let text = json!([{"type": "text", "text": "two"}]);
    assert_eq!(message["params"]["input"], text);
    fake.complete_turn("u", "completed").await;
    let (first, second) = (first.unwrap().run().await, second.unwrap().run().await);
    assert_eq!(first.unwrap(), second.unwrap());
}

#[tokio::test]
async fn a_turn_that_ended_before_the_steer_arrived_is_followed_by_a_new_one() {
    let (thread, mut fake) = Fake::start_thread().await;
    for refusal in [
        NO_ACTIVE_TURN,
        "expected active turn id `u` but found `other`",
    ] {
        fake.start_turn("u").await;
        settle(&thread.codex, &mut fake).await;
        let (turn, _) = tokio::join!(thread.steer_or_start("hi"), async {
            fake.refuse("turn/steer", refusal).await;
            fake.answer("turn/start", crate::tests::turn_started("next"))
                .await;
        });
        assert_eq!(turn.unwrap().id(), "next");
    }
    // Another refusal is not hidden, and nothing is sent twice.
    let refusal = "cannot steer a review turn";
    let (turn, _) = tokio::join!(
        thread.steer_or_start("hi"),
        fake.refuse("turn/steer", refusal)
    );
    assert!(matches!(turn, Err(Error::Rpc(_))));
    settle(&thread.codex, &mut fake).await;
}

#[tokio::test]
async fn a_lost_turn_leaves_what_it_had_come_to() {
    let (thread, mut fake) = Fake::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    fake.complete_item("u", "half").await;
    settle(&thread.codex, &mut fake).await;
    assert_eq!(turn.partial().unwrap().status, TurnStatus::InProgress);
    drop(fake);
    let Err(Error::Closed(closed)) = turn.run().await else {
        panic!("the turn was not lost")
    };
    let partial = closed.partial.as_deref().unwrap();
    assert_eq!(
        (partial.id.as_str(), &partial.status),
        ("u", &TurnStatus::InProgress)
    );
    assert_eq!(partial.final_response.as_deref(), Some("half"));
    // It is of this turn alone.
    let Err(Error::Closed(closed)) = Thread::run(&thread, "more").await else {
        panic!("the connection is not closed")
    };
    assert!(closed.partial.is_none());
}
