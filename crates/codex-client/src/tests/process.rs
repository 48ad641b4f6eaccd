//! Servers that are processes, played by a shell.
#![cfg(unix)]

use std::os::unix::process::ExitStatusExt;

use codex_types::ServerNotification;
use serde_json::{Value, json};

use crate::{blocking, client::Codex, codex::builder::CodexBuilder, error::Error, mode::Blocking};

/// A client whose server is a script.
pub(super) fn shell(script: &str) -> CodexBuilder {
    play(Codex::builder(), script)
}

/// The same for threads that wait.
fn blocking_shell(script: &str) -> CodexBuilder<Blocking> {
    play(blocking::Codex::builder(), script)
}

fn play<M>(builder: CodexBuilder<M>, script: &str) -> CodexBuilder<M> {
    builder.binary("sh").launch_args(["-c", script])
}

/// Answers the handshake, then does something else.
pub(super) fn after_handshake(then: &str) -> String {
    let answer = json!({"id": 1, "result": crate::tests::handshake()});
    format!("read line; echo '{answer}'; read line; {then}")
}

/// Answers the handshake and as many requests as there are results, then does something else.
fn after_answers(results: &[Value], then: &str) -> String {
    let answers = (2..).zip(results).map(|(id, result)| {
        let answer = json!({"id": id, "result": result});
        format!("read line; echo '{answer}'; ")
    });
    after_handshake(&format!("{}{then}", answers.collect::<String>()))
}

#[tokio::test]
async fn a_server_that_cannot_start_leaves_its_exit_status_and_its_last_words() {
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
async fn a_program_that_is_not_there_is_not_found_and_one_that_is_none_does_not_launch() {
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

/// Says much on standard error, then answers a call, then ends.
fn flooding() -> String {
    let line = "echo \"line $i of much text on standard error\" >&2";
    let flood = format!("i=0; while [ $i -lt 20000 ]; do {line}; i=$((i+1)); done");
    let answer = json!({"id": 2, "result": {"data": []}});
    after_handshake(&format!("{flood}; read line; echo '{answer}'; exit 1"))
}

/// Whether a connection has ended as it does after that.
fn kept_the_last_of_the_flood(end: Option<crate::Result<ServerNotification>>) {
    let Some(Err(Error::Closed(closed))) = end else {
        panic!("not closed")
    };
    let last = "line 19999 of much text on standard error";
    assert!(closed.stderr_tail.ends_with(last));
    assert!(closed.stderr_tail.len() <= 64 * 1024);
}

#[tokio::test]
async fn a_flood_on_standard_error_blocks_nobody() {
    let codex = shell(&flooding()).start().await.unwrap();
    codex.models().await.unwrap();
    kept_the_last_of_the_flood(codex.notifications().next().await);
}

#[test]
fn a_flood_on_standard_error_blocks_no_thread_that_waits() {
    let codex = blocking_shell(&flooding()).start().unwrap();
    codex.models().send().unwrap();
    kept_the_last_of_the_flood(codex.notifications().next());
}

#[tokio::test]
async fn the_builder_says_what_is_run_and_how() {
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
async fn closing_lets_the_server_end_by_itself() {
    // Ends when its input does, and says so with its status.
    let codex = shell(&after_handshake("cat > /dev/null; exit 0"))
        .start()
        .await
        .unwrap();
    let mut notifications = codex.notifications();
    codex.close().await.unwrap();
    assert!(notifications.next().await.is_none());
}

#[tokio::test]
async fn a_server_that_was_killed_is_told_at_once_though_its_child_holds_the_output_open() {
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

/// Answers what starts a turn, begins to speak, and is killed.
fn killed_in_a_turn() -> String {
    let params = json!({"threadId": "t", "turnId": "u", "itemId": "i", "delta": "so far"});
    let delta = json!({"method": "item/agentMessage/delta", "params": params});
    let results = [
        crate::tests::thread_started(),
        crate::tests::turn_started("u"),
    ];
    after_answers(&results, &format!("echo '{delta}'; kill -9 $$"))
}

/// Whether these are the events of that turn.
fn end_with_the_kill(events: &[crate::Result<ServerNotification>]) {
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
async fn a_turn_whose_server_is_killed_ends_with_the_signal_and_nothing_works_any_more() {
    let codex = shell(&killed_in_a_turn()).start().await.unwrap();
    let thread = codex.thread_start().await.unwrap();
    let turn = thread.turn("hi").await.unwrap();
    let (mut stream, mut events) = (turn.stream(), Vec::new());
    while let Some(event) = stream.next().await {
        events.push(event);
    }
    end_with_the_kill(&events);
    assert!(matches!(turn.run().await, Err(Error::Closed(_))));
    assert!(matches!(codex.models().await, Err(Error::Closed(_))));
}

#[test]
fn an_iterator_over_a_turn_whose_server_is_killed_ends_with_the_signal() {
    let codex = blocking_shell(&killed_in_a_turn()).start().unwrap();
    let thread = codex.thread_start().send().unwrap();
    let turn = thread.turn("hi").send().unwrap();
    end_with_the_kill(&turn.stream().collect::<Vec<_>>());
    assert!(matches!(turn.run(), Err(Error::Closed(_))));
    assert!(matches!(codex.models().send(), Err(Error::Closed(_))));
}
