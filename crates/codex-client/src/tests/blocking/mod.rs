//! The blocking client against a fake server, which lives on a runtime of its own.

mod faults;
mod handlers;

use std::thread::{self, JoinHandle};

use serde_json::json;
use tokio::runtime;

use crate::{
    blocking::{Codex, CodexBuilder},
    tests::{Fake, handshake, thread_started, turn_started},
};

/// A client whose server does the handshake and then this.
fn start<F>(play: impl FnOnce(Fake) -> F + Send + 'static) -> (Codex, JoinHandle<()>)
where
    F: Future<Output = ()>,
{
    start_with(Codex::builder(), play)
}

/// The same with options.
fn start_with<F>(
    builder: CodexBuilder,
    play: impl FnOnce(Fake) -> F + Send + 'static,
) -> (Codex, JoinHandle<()>)
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
    let codex = builder.connect(reader, writer).unwrap();
    (codex, server)
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
