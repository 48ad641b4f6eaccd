//! Tests the blocking client against a fake server that runs on its own thread and runtime.

mod faults_blocking;
mod handlers_blocking;
mod sub_agents_blocking;
mod turn_ends_blocking;

use std::thread::{self, JoinHandle};

use serde_json::json;

use crate::{
    blocking::{Codex, CodexBuilder},
    tests::{FakeServer, thread_start_response, turn_start_response},
};

/// Returns a client whose server completes the handshake, then runs the script.
fn start<F>(script: impl FnOnce(FakeServer) -> F + Send + 'static) -> (Codex, JoinHandle<()>)
where
    F: Future<Output = ()>,
{
    start_with(Codex::builder(), script)
}

/// Returns a client with options whose server completes the handshake, then runs the script.
fn start_with<F>(
    builder: CodexBuilder,
    script: impl FnOnce(FakeServer) -> F + Send + 'static,
) -> (Codex, JoinHandle<()>)
where
    F: Future<Output = ()>,
{
    let (fake, (reader, writer)) = FakeServer::in_memory();
    let server = fake.run_on_thread(|mut fake| async {
        fake.handshake().await;
        script(fake).await;
    });
    let codex = builder.connect(reader, writer).unwrap();
    (codex, server)
}

#[test]
fn a_thread_that_panics_while_it_reads_a_stream_does_not_affect_the_client() {
    let (codex, server) = start(|mut fake| async move {
        fake.respond("thread/start", thread_start_response()).await;
        fake.respond("turn/start", turn_start_response("u")).await;
        fake.delta("u", "so far").await;
        fake.respond("account/read", json!({"requiresOpenaiAuth": false}))
            .await;
    });
    let thread = codex.thread_start().send().unwrap();
    let turn = thread.turn("hi").send().unwrap();
    let reader = thread::spawn(move || {
        let event = turn.stream().next();
        std::panic::resume_unwind(Box::new(event));
    });
    reader.join().unwrap_err();
    assert!(!codex.account().send().unwrap().requires_openai_auth);
    server.join().unwrap();
}
