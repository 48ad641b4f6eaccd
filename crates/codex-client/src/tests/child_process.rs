//! Servers that run as child processes, played by shell scripts.
#![cfg(unix)]

use std::os::unix::process::ExitStatusExt;

use codex_types::ServerNotification;
use serde_json::{Value, json};

use crate::{blocking, client::Codex, codex::builder::CodexBuilder, error::Error, mode::Blocking};

/// Returns the builder of a client whose server is this script.
pub(super) fn shell(script: &str) -> CodexBuilder {
    with_script(Codex::builder(), script)
}

/// Returns such a builder for the blocking client.
fn blocking_shell(script: &str) -> CodexBuilder<Blocking> {
    with_script(blocking::Codex::builder(), script)
}

fn with_script<M>(builder: CodexBuilder<M>, script: &str) -> CodexBuilder<M> {
    builder.binary("sh").launch_args(["-c", script])
}

/// Returns a script that completes the handshake, then runs `then`.
pub(super) fn after_handshake(then: &str) -> String {
    let response = json!({"id": 1, "result": crate::tests::initialize_response()});
    format!("read line; echo '{response}'; read line; {then}")
}

/// Returns a script that completes the handshake, responds with these results, then runs `then`.
fn after_responses(results: &[Value], then: &str) -> String {
    let responses = (2..).zip(results).map(|(id, result)| {
        let response = json!({"id": id, "result": result});
        format!("read line; echo '{response}'; ")
    });
    after_handshake(&format!("{}{then}", responses.collect::<String>()))
}

#[tokio::test]
async fn a_failed_start_reports_the_exit_status_and_the_end_of_stderr() {
    let error = shell("echo 'config is broken' >&2; exit 3")
        .start()
        .await
        .unwrap_err();
    let Error::Closed(closed) = &error else {
        panic!("{error}")
    };
    assert_eq!(closed.exit_status.and_then(|status| status.code()), Some(3));
    assert_eq!(closed.stderr_tail, "config is broken");
    let text = error.to_string();
    assert!(
        text.contains("exit status: 3") && text.contains("config is broken"),
        "{text}"
    );
}

#[tokio::test]
async fn a_missing_program_and_a_missing_directory_are_distinct_errors() {
    let dir = tempfile::tempdir().unwrap();
    let error = Codex::builder()
        .binary(dir.path().join("none"))
        .start()
        .await
        .unwrap_err();
    assert!(matches!(error, Error::CodexNotFound(_)), "{error}");
    let cwd = dir.path().join("none");
    let error = shell("exit 0").cwd(cwd).start().await.unwrap_err();
    assert!(matches!(error, Error::Launch { .. }), "{error}");
}

/// Returns a script that floods standard error, responds to a request and exits.
fn flooding() -> String {
    let line = "echo \"line $i of much text on standard error\" >&2";
    let flood = format!("i=0; while [ $i -lt 20000 ]; do {line}; i=$((i+1)); done");
    let response = json!({"id": 2, "result": {"data": []}});
    after_handshake(&format!("{flood}; read line; echo '{response}'; exit 1"))
}

/// Asserts that the connection has ended, with the end of the flood in its error.
fn assert_end_of_flood(end: Option<crate::Result<ServerNotification>>) {
    let Some(Err(Error::Closed(closed))) = end else {
        panic!("not closed")
    };
    let last = "line 19999 of much text on standard error";
    assert!(closed.stderr_tail.ends_with(last));
    assert!(closed.stderr_tail.len() <= 64 * 1024);
}

#[tokio::test]
async fn a_flood_on_standard_error_does_not_block_the_client() {
    let codex = shell(&flooding()).start().await.unwrap();
    codex.models().await.unwrap();
    assert_end_of_flood(codex.notifications().next().await);
}

#[test]
fn a_flood_on_standard_error_does_not_block_the_blocking_client() {
    let codex = blocking_shell(&flooding()).start().unwrap();
    codex.models().send().unwrap();
    assert_end_of_flood(codex.notifications().next());
}

#[tokio::test]
async fn the_builder_sets_program_arguments_directory_and_environment() {
    let dir = tempfile::tempdir().unwrap();
    let error = Codex::builder()
        .binary("sh")
        .launch_args(["-c", "echo \"$PWD $SECRET_NUMBER $HOME\" >&2; exit 1"])
        .cwd(dir.path().canonicalize().unwrap())
        .env("SECRET_NUMBER", "7")
        .env_remove("HOME")
        .start()
        .await
        .unwrap_err();
    let Error::Closed(closed) = error else {
        panic!("{error}")
    };
    let expected = format!("{} 7 ", dir.path().canonicalize().unwrap().display());
    assert_eq!(closed.stderr_tail, expected);
}

#[tokio::test]
async fn closing_lets_the_server_exit_on_its_own() {
    // The server exits when its input ends.
    let codex = shell(&after_handshake("cat > /dev/null; exit 0"))
        .start()
        .await
        .unwrap();
    let mut notifications = codex.notifications();
    codex.close().await.unwrap();
    assert!(notifications.next().await.is_none());
}

#[tokio::test]
async fn the_death_of_a_server_is_reported_at_once_even_if_its_child_holds_the_output_open() {
    let script = after_handshake("sleep 1000 & kill -9 $$");
    let codex = shell(&script).start().await.unwrap();
    let Some(Err(Error::Closed(closed))) = codex.notifications().next().await else {
        panic!("not closed")
    };
    assert_eq!(
        closed.exit_status.and_then(|status| status.signal()),
        Some(9)
    );
}

/// Returns a script that starts a turn, sends a delta and then kills its own process.
fn killed_in_a_turn() -> String {
    let params = json!({"threadId": "t", "turnId": "u", "itemId": "i", "delta": "so far"});
    let delta = json!({"method": "item/agentMessage/delta", "params": params});
    let results = [
        crate::tests::thread_start_response(),
        crate::tests::turn_start_response("u"),
    ];
    after_responses(&results, &format!("echo '{delta}'; kill -9 $$"))
}

/// Asserts that `events` are the events of the turn that `killed_in_a_turn` starts.
fn assert_killed_in_a_turn(events: &[crate::Result<ServerNotification>]) {
    let [
        Ok(ServerNotification::AgentMessageDelta(delta)),
        Err(Error::Closed(closed)),
    ] = events
    else {
        panic!("{events:?}")
    };
    assert_eq!(delta.delta, "so far");
    let signal = closed.exit_status.and_then(|status| status.signal());
    assert_eq!(signal, Some(9));
    assert!(closed.partial.is_some());
}

#[tokio::test]
async fn a_turn_whose_server_is_killed_ends_with_the_signal_and_later_requests_fail() {
    let codex = shell(&killed_in_a_turn()).start().await.unwrap();
    let thread = codex.thread_start().await.unwrap();
    let turn = thread.turn("hi").await.unwrap();
    let (mut stream, mut events) = (turn.stream(), Vec::new());
    while let Some(event) = stream.next().await {
        events.push(event);
    }
    assert_killed_in_a_turn(&events);
    assert!(matches!(turn.run().await, Err(Error::Closed(_))));
    assert!(matches!(codex.models().await, Err(Error::Closed(_))));
}

#[test]
fn an_iterator_over_a_turn_whose_server_is_killed_ends_with_the_signal() {
    let codex = blocking_shell(&killed_in_a_turn()).start().unwrap();
    let thread = codex.thread_start().send().unwrap();
    let turn = thread.turn("hi").send().unwrap();
    assert_killed_in_a_turn(&turn.stream().collect::<Vec<_>>());
    assert!(matches!(turn.run(), Err(Error::Closed(_))));
    assert!(matches!(codex.models().send(), Err(Error::Closed(_))));
}
