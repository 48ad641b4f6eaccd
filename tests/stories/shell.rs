//! Shell commands that the user runs in a thread on a real app-server.

#![cfg(unix)]

use codex_client::{
    TurnResult,
    types::{CommandExecutionThreadItem, ServerNotification, ThreadItem},
};
use codex_tests::stage::{Stage, interrupt};

/// Returns the commands of a turn.
fn commands(result: &TurnResult) -> Vec<&CommandExecutionThreadItem> {
    let commands = result.items.iter().filter_map(|item| match item {
        ThreadItem::CommandExecution(command) => Some(&**command),
        _ => None,
    });
    commands.collect()
}

#[tokio::test]
async fn a_shell_command_is_a_turn_without_the_model_and_appears_in_the_next_input_of_the_model() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let turn = thread.shell_command("echo $((6 * 7)) frogs; exit 3");
    let result = turn.await.unwrap().run().await.unwrap();
    let [command] = commands(&result)[..] else {
        panic!("{result:?}")
    };
    assert_eq!(command.aggregated_output.as_deref(), Some("42 frogs\n"));
    assert_eq!(command.exit_code, Some(3));
    assert!(stage.model.requests().is_empty());
    stage.model.push("I see.");
    let result = thread.run("What came of it?").await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("I see."));
    let asked = stage.model.requests()[0].body().to_string();
    assert!(asked.contains("42 frogs"), "{asked}");
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_shell_command_during_a_turn_is_an_item_of_that_turn() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let (turn, gate) = stage.held_turn(&thread, "Work.", "Done.").await;
    let typed = thread.shell_command("echo frogs").await.unwrap();
    assert_eq!(typed.id(), turn.id());
    let mut events = typed.stream();
    let command = loop {
        if let ServerNotification::ItemCompleted(done) = events.next().await.unwrap().unwrap()
            && let ThreadItem::CommandExecution(command) = done.item
        {
            break command;
        }
    };
    assert_eq!(command.aggregated_output.as_deref(), Some("frogs\n"));
    // The model gets the output before its turn can end.
    stage.model.push("I have seen the frogs.");
    gate.open();
    let result = turn.run().await.unwrap();
    let response = result.final_response.as_deref();
    assert_eq!(response, Some("I have seen the frogs."));
    assert_eq!(commands(&result).len(), 1);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_shell_command_is_interrupted_with_its_turn() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let turn = thread.shell_command("exec sleep 1000").await.unwrap();
    interrupt(&turn).await;
    codex.close().await.unwrap();
}

#[test]
fn the_blocking_api_runs_shell_commands_too() {
    let stage = Stage::new();
    let codex = stage.start_blocking();
    let thread = codex.thread_start().send().unwrap();
    let turn = thread.shell_command("echo frogs").unwrap();
    let result = turn.run().unwrap();
    assert_eq!(commands(&result).len(), 1);
    codex.close().unwrap();
}
