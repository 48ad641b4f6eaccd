//! The blocking client against a fake server, which lives on a runtime of its own.

use std::{
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::json;
use tokio::runtime;

use super::{Fake, handshake, thread_started, turn_started};
use crate::{CloseReason, Error, blocking::Codex, types::ServerNotification};

/// A client whose server does the handshake and then this.
fn start<F>(play: impl FnOnce(Fake) -> F + Send + 'static) -> (Codex, JoinHandle<()>)
where
    F: Future<Output = ()>,
{
    let (ours, theirs) = tokio::io::duplex(1024 * 1024);
    let server = thread::spawn(move || {
        let runtime = runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut fake = Fake::at(theirs);
            fake.answer("initialize", handshake()).await;
            assert_eq!(fake.receive().await["method"], "initialized");
            play(fake).await;
        });
    });
    let (reader, writer) = tokio::io::split(ours);
    let codex = Codex::builder().connect(reader, writer).unwrap();
    (codex, server)
}

#[test]
fn a_call_that_is_never_answered_ends_at_its_deadline() {
    let (codex, server) = start(|mut fake| async move {
        fake.request("model/list").await;
        fake.answer("account/read", json!({"requiresOpenaiAuth": true}))
            .await;
    });
    let models = codex.models().timeout(Duration::from_millis(1));
    let error = models.send().unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    assert!(codex.account().send().unwrap().requires_openai_auth);
    server.join().unwrap();
}

#[test]
fn a_server_that_goes_away_in_the_middle_of_a_turn_ends_the_iterator_and_the_wait() {
    let (codex, server) = start(|mut fake| async move {
        fake.answer("thread/start", thread_started()).await;
        fake.answer("turn/start", turn_started("u")).await;
        fake.delta("u", "so far").await;
    });
    let thread = codex.thread_start().send().unwrap();
    let turn = thread.turn("hi").send().unwrap();
    let events: Vec<_> = turn.stream().collect();
    let [
        Ok(ServerNotification::AgentMessageDelta(delta)),
        Err(Error::Closed(closed)),
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(delta.delta, "so far");
    assert_eq!(closed.reason, CloseReason::EndOfStream);
    assert!(matches!(turn.run(), Err(Error::Closed(_))));
    assert!(codex.notifications().all(|event| event.is_err()));
    server.join().unwrap();
}

#[test]
fn a_thread_that_panics_while_it_follows_a_turn_leaves_the_client_to_the_others() {
    let (codex, server) = start(|mut fake| async move {
        fake.answer("thread/start", thread_started()).await;
        fake.answer("turn/start", turn_started("u")).await;
        fake.delta("u", "so far").await;
        fake.answer("account/read", json!({"requiresOpenaiAuth": false}))
            .await;
    });
    let thread = codex.thread_start().send().unwrap();
    let turn = thread.turn("hi").send().unwrap();
    let follower = thread::spawn(move || {
        let event = turn.stream().next();
        std::panic::resume_unwind(Box::new(event));
    });
    follower.join().unwrap_err();
    assert!(!codex.account().send().unwrap().requires_openai_auth);
    server.join().unwrap();
}
