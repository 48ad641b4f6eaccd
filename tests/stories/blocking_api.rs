//! The blocking API on a real app-server.

use std::thread;

use codex_client::{
    Error, Sandbox, blocking,
    types::{Account, ReasoningEffort, ServerNotification, ThreadItem, TurnStatus},
};
use codex_testing::ModelResponse;
use codex_tests::stage::Stage;
use codex_types::request;

#[test]
fn a_turn_runs_and_returns_its_result() {
    let stage = Stage::new();
    let codex = stage.start_blocking();
    assert!(codex.metadata().user_agent.starts_with("codex_rust_sdk/"));
    stage.model.push("It is 42.");
    let start = codex.thread_start().sandbox(Sandbox::ReadOnly);
    let thread = start.model("gpt-5.4").send().unwrap();
    let run = thread.run("What is it?").effort(ReasoningEffort::High);
    let result = run.send().unwrap();
    assert_eq!(result.final_response.as_deref(), Some("It is 42."));
    let asked = &stage.model.requests()[0];
    assert_eq!(asked.model(), Some("gpt-5.4"));
    assert_eq!(asked.body()["reasoning"]["effort"], "high");
    codex.close().unwrap();
}

#[test]
fn a_turn_can_be_iterated_over_and_then_returns_its_result() {
    let stage = Stage::new();
    let codex = stage.start_blocking();
    stage
        .model
        .push(ModelResponse::deltas(["one ", "two ", "three"]));
    let thread = codex.thread_start().send().unwrap();
    let turn = thread.turn("Count.").send().unwrap();
    let mut events = turn.stream();
    let (mut text, mut last) = (String::new(), String::new());
    for event in &mut events {
        let event = event.unwrap();
        last = event.method().to_owned();
        if let ServerNotification::AgentMessageDelta(delta) = event {
            text.push_str(&delta.delta);
        }
    }
    assert_eq!(last, "turn/completed");
    let result = events.result().unwrap();
    assert_eq!(result.final_response, Some(text));
    assert_eq!((turn.id(), turn.thread_id()), (&*result.id, thread.id()));
    codex.close().unwrap();
}

#[test]
fn one_thread_reads_a_turn_while_another_steers_and_interrupts_it() {
    let stage = Stage::new();
    let codex = stage.start_blocking();
    let thread = codex.thread_start().send().unwrap();
    let gate = stage.model.gate();
    let response = ModelResponse::text("Refactoring all of it.").hold_after(1, &gate);
    stage.model.push(response);
    let turn = thread.turn("Refactor the parser.").send().unwrap();
    let follower = thread::spawn({
        let events = turn.stream();
        || events.map(Result::unwrap).last()
    });
    gate.blocking_reached().unwrap();
    let second = stage.model.push_gated("Never said.");
    turn.steer("Only the lexer.").unwrap();
    // An old server, such as 0.158.0, reads the response to its end first; others cut it off.
    gate.open();
    second.blocking_reached().unwrap();
    turn.interrupt().unwrap();
    assert_eq!(turn.run().unwrap().status, TurnStatus::Interrupted);
    let last = follower.join().unwrap().unwrap();
    assert_eq!(last.method(), "turn/completed");
    codex.close().unwrap();
}

#[test]
fn a_thread_goes_through_its_whole_lifecycle() {
    let stage = Stage::new();
    let codex = stage.start_blocking();
    stage.model.push("Hello.");
    let thread = codex.thread_start().send().unwrap();
    thread.run("Hi.").send().unwrap();
    thread.set_name("a name").unwrap();
    let read = thread.read().include_turns(true).send().unwrap();
    assert_eq!(read.thread.name.as_deref(), Some("a name"));
    assert!(matches!(
        read.thread.turns[0].items[0],
        ThreadItem::UserMessage(..)
    ));
    let fork = codex.thread_fork(thread.id()).send().unwrap();
    stage.model.push("Forked.");
    fork.run("Hi again.").send().unwrap();
    let list = |archived| -> Vec<String> {
        let threads = codex.thread_list().archived(archived).limit(1).stream();
        threads.map(|thread| thread.unwrap().id).collect()
    };
    assert_eq!(list(false).len(), 2);
    codex.thread_archive(fork.id()).unwrap();
    assert_eq!(
        (list(false).len(), list(true)),
        (1, vec![fork.id().to_owned()])
    );
    let fork = codex.thread_unarchive(fork.id()).unwrap();
    let fork = codex.thread_resume(fork.id()).send().unwrap();
    stage.model.push("A summary.");
    let compacted = fork.compact().unwrap().run().unwrap();
    assert_eq!(compacted.status, TurnStatus::Completed);
    codex.close().unwrap();
}

#[test]
fn the_account_and_the_models_can_be_read() {
    let stage = Stage::new();
    // The scripted provider needs no account.
    let builder = stage.blocking_builder().config("model_provider", "openai");
    let codex = builder.start().unwrap();
    codex.login_api_key("sk-test-not-a-key").unwrap();
    let account = codex.account().send().unwrap().account;
    assert!(matches!(account, Some(Account::ApiKey)));
    codex.logout().unwrap();
    assert_eq!(codex.account().send().unwrap().account, None);
    let page = codex.models().send().unwrap();
    assert_eq!(page.data.len(), codex.models().limit(1).stream().count());
    codex.request(request::MemoryReset).send().unwrap();
    codex.close().unwrap();
}

#[test]
fn a_call_that_waits_fails_inside_an_async_runtime_and_works_on_a_plain_thread() {
    let stage = Stage::new();
    let codex = stage.start_blocking();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let error = stage.blocking_builder().start().unwrap_err();
        assert!(matches!(error, Error::InsideRuntime), "{error}");
        let error = codex.thread_start().send().unwrap_err();
        assert!(matches!(error, Error::InsideRuntime), "{error}");
        let mut threads = codex.thread_list().stream();
        assert!(matches!(threads.next(), Some(Err(Error::InsideRuntime))));
        assert!(threads.next().is_none());
        // A loop that ignores errors also ends.
        assert_eq!(codex.notifications().count(), 1);
    });
    // An async client serves blocking callers on other threads.
    let client = runtime.block_on(stage.start());
    let account = blocking::Codex::from(client.clone()).account().send();
    assert_eq!(account.unwrap().account, None);
    runtime.block_on(client.close()).unwrap();
    codex.thread_start().send().unwrap();
    codex.close().unwrap();
}

#[test]
fn all_waiting_calls_fail_when_the_server_ends() {
    let stage = Stage::new();
    let codex = stage.start_blocking();
    let thread = codex.thread_start().send().unwrap();
    let gate = stage.model.push_gated("never sent");
    let turn = thread.turn("hi").send().unwrap();
    gate.blocking_reached().unwrap();
    let waiting = thread::spawn(move || turn.run());
    codex.close().unwrap();
    assert!(matches!(waiting.join().unwrap(), Err(Error::Closed(_))));
    assert!(matches!(thread.read().send(), Err(Error::Closed(_))));
}
