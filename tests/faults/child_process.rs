//! Servers that run as child processes.

use std::path::Path;

use codex_client::{
    Codex, ConnectionClosed, Error, Result, blocking, builder::CodexBuilder,
    types::ServerNotification, version::CODEX_VERSION,
};
use codex_testing::{FakeAppServer, FakeConnection, Fault, Reply, Turn};
use serde_json::json;

use crate::{fake_codex, start};

/// Returns the builder of a client whose server is this fake.
fn builder<M>(builder: CodexBuilder<M>, server: &FakeAppServer) -> CodexBuilder<M> {
    builder.binary(fake_codex()).envs(server.envs().unwrap())
}

fn closed<T: std::fmt::Debug>(result: &Result<T>) -> &ConnectionClosed {
    match result {
        Err(Error::Closed(closed)) => closed,
        result => panic!("not closed: {result:?}"),
    }
}

/// Asserts that the process was killed.
fn assert_killed(closed: &ConnectionClosed) {
    let status = closed.exit_status.expect("an exit status");
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&status),
        Some(9)
    );
    assert!(!status.success());
}

#[tokio::test]
async fn a_failed_start_reports_the_exit_status_and_the_end_of_stderr() {
    let mut fake = FakeConnection::child_process().unwrap();
    fake.stderr("config is broken\n").await;
    fake.fault(Fault::Exit(3)).await;
    let started = Codex::builder()
        .binary(fake_codex())
        .envs(fake.envs())
        .start()
        .await;
    let text = started.as_ref().unwrap_err().to_string();
    let closed = closed(&started);
    assert_eq!(closed.exit_status.and_then(|status| status.code()), Some(3));
    assert_eq!(closed.stderr_tail, "config is broken");
    assert!(text.contains("config is broken"), "{text}");
}

#[test]
fn a_failed_start_of_a_blocking_client_reports_the_exit_status_and_the_end_of_stderr() {
    let server = FakeAppServer::start().unwrap();
    let reply = Reply::none().then_stderr("config is broken\n");
    server.push("initialize", reply.then_fault(Fault::Exit(3)));
    let started = builder(blocking::Codex::builder(), &server).start();
    let closed = closed(&started);
    assert_eq!(closed.exit_status.and_then(|status| status.code()), Some(3));
    assert_eq!(closed.stderr_tail, "config is broken");
}

/// An update of Codex has to change the version of the fakes too.
#[tokio::test]
async fn fakes_report_the_release_of_the_types() {
    let server = FakeAppServer::start().unwrap();
    let codex = builder(Codex::builder(), &server).start().await.unwrap();
    let version = codex.server_version().map(ToString::to_string);
    assert_eq!(version.as_deref(), Some(CODEX_VERSION));
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_missing_program_and_a_missing_directory_are_distinct_errors() {
    let none = fake_codex().join("none");
    let missing = Codex::builder().binary(&none).start().await;
    assert!(
        matches!(missing, Err(Error::CodexNotFound(_))),
        "{missing:?}"
    );
    let missing = Codex::builder()
        .binary(fake_codex())
        .cwd(none)
        .start()
        .await;
    assert!(matches!(missing, Err(Error::Launch { .. })), "{missing:?}");
}

/// Returns a server that floods standard error before it responds to `model/list`, then exits.
fn flooding() -> FakeAppServer {
    let server = FakeAppServer::start().unwrap();
    let reply = Reply::canned().fault(Fault::FloodStderr(1024 * 1024));
    let reply = reply
        .then_stderr("the last line\n")
        .then_fault(Fault::Exit(1));
    server.push("model/list", reply);
    server
}

/// Asserts that the connection has ended, with the end of the flood in its error.
fn assert_end_of_flood(end: Option<Result<ServerNotification>>) {
    let end = end.expect("an end");
    let closed = closed(&end);
    assert!(closed.stderr_tail.ends_with("the last line"));
    assert!(closed.stderr_tail.len() <= 64 * 1024);
}

#[tokio::test]
async fn a_flood_on_standard_error_does_not_block_the_client() {
    let server = flooding();
    let codex = builder(Codex::builder(), &server).start().await.unwrap();
    codex.models().await.unwrap();
    assert_end_of_flood(codex.notifications().next().await);
}

#[test]
fn a_flood_on_standard_error_does_not_block_the_blocking_client() {
    let server = flooding();
    let codex = builder(blocking::Codex::builder(), &server)
        .start()
        .unwrap();
    codex.models().send().unwrap();
    assert_end_of_flood(codex.notifications().next());
}

/// Lets the server flood its output before it responds to the next `model/list`, with more than the
/// client keeps unread.
fn flood_output(server: &FakeAppServer) {
    let flood = Fault::FloodStdout(20 * 1024 * 1024);
    server.push("model/list", Reply::canned().fault(flood));
}

/// Asserts that the oldest notifications were dropped, and the newest ones were kept.
fn assert_lagged(unread: &[Option<Result<ServerNotification>>; 2]) {
    let [first, then] = unread;
    assert!(
        matches!(first, Some(Err(Error::Lagged { .. }))),
        "{first:?}"
    );
    assert!(
        matches!(then, Some(Ok(ServerNotification::Warning(_)))),
        "{then:?}"
    );
}

#[tokio::test]
async fn a_flood_on_standard_output_drops_the_oldest_notifications_and_no_response() {
    let server = FakeAppServer::start().unwrap();
    let child = builder(Codex::builder(), &server).start().await.unwrap();
    let (reader, writer) = server.connect();
    let in_memory = Codex::builder().connect(reader, writer).await.unwrap();
    for codex in [child, in_memory] {
        let mut unread = codex.notifications();
        flood_output(&server);
        codex.models().no_timeout().await.unwrap();
        assert_lagged(&[unread.next().await, unread.next().await]);
    }
}

#[test]
fn a_flood_on_standard_output_drops_the_oldest_notifications_of_the_blocking_client() {
    let server = FakeAppServer::start().unwrap();
    let codex = builder(blocking::Codex::builder(), &server)
        .start()
        .unwrap();
    let mut unread = codex.notifications();
    flood_output(&server);
    codex.models().no_timeout().send().unwrap();
    assert_lagged(&[unread.next(), unread.next()]);
}

/// Sets the environment of a fake with these options, and returns what the process has.
async fn environment_of(
    change: impl FnOnce(CodexBuilder) -> CodexBuilder,
) -> codex_testing::ProcessInfo {
    let mut fake = FakeConnection::child_process().unwrap();
    let builder = change(Codex::builder())
        .binary(fake_codex())
        .envs(fake.envs());
    let starting = tokio::spawn(builder.start());
    let info = fake.started().await.unwrap();
    starting.abort();
    fake.ended().await;
    info
}

#[tokio::test]
async fn the_builder_sets_program_arguments_directory_and_environment() {
    let dir = std::env::temp_dir();
    let info = environment_of(|builder| {
        builder
            .config("model", "m")
            .launch_args(["serve"])
            .cwd(&dir)
            .env("SECRET_NUMBER", "7")
            .envs([("MORE", "8"), ("AND_MORE", "9")])
            .env_remove("CARGO_MANIFEST_DIR")
    })
    .await;
    assert_eq!(info.args(), ["-c", "model=\"m\"", "serve"]);
    let cwd = Path::new(info.cwd()).canonicalize().unwrap();
    assert_eq!(cwd, dir.canonicalize().unwrap());
    let set = ["SECRET_NUMBER", "MORE", "AND_MORE"].map(|name| info.env(name).unwrap());
    assert_eq!(set, ["7", "8", "9"]);
    assert_eq!(info.env("CARGO_MANIFEST_DIR"), None);
    assert!(info.env("CARGO_PKG_NAME").is_some());
}

#[tokio::test]
async fn a_cleared_environment_has_only_what_is_set_afterwards() {
    // Windows needs these to start a program that uses the network.
    let needed = ["SystemRoot", "PATH"].map(|name| (name, std::env::var_os(name)));
    let kept = needed.into_iter().filter(|_| cfg!(windows));
    let kept = kept.filter_map(|(name, value)| Some((name, value?)));
    let info = environment_of(|builder| {
        let builder = builder.env("EARLIER", "1").env_clear();
        builder.env("LATER", "2").envs(kept)
    })
    .await;
    assert_eq!(info.env("LATER"), Some("2"));
    for gone in ["EARLIER", "CARGO_PKG_NAME"] {
        assert_eq!(info.env(gone), None, "{gone}");
    }
    assert_eq!(info.env("PATH").is_some(), cfg!(windows));
}

#[tokio::test]
async fn closing_lets_the_server_exit_on_its_own() {
    let mut fake = FakeConnection::child_process().unwrap();
    let codex = start(&mut fake).await;
    let mut notifications = codex.notifications();
    fake.outlive_input().await;
    let server = async {
        fake.receive_end().await;
        fake.notify("configWarning", json!({"summary": "bye"}))
            .await;
        fake.fault(Fault::Exit(0)).await;
    };
    let (closed, ()) = tokio::join!(codex.close(), server);
    closed.unwrap();
    assert!(notifications.next().await.is_none_or(|last| last.is_ok()));
}

#[tokio::test]
async fn the_death_of_a_server_is_reported_at_once_even_if_its_child_holds_the_output_open() {
    let mut fake = FakeConnection::child_process().unwrap();
    let codex = start(&mut fake).await;
    fake.start_descendant().await;
    let mut notifications = codex.notifications();
    let (end, ()) = tokio::join!(notifications.next(), fake.fault(Fault::Kill));
    assert_killed(closed(&end.expect("an end")));
    drop((codex, notifications));
    // The child of the server has been killed as well.
    fake.descendants_ended().await;
}

/// Returns a server that is killed in the middle of a turn.
fn killed_in_a_turn() -> FakeAppServer {
    let server = FakeAppServer::start().unwrap();
    server.push_turn(
        Turn::text("so far")
            .fault(Fault::Kill)
            .then_text("never sent"),
    );
    server
}

/// Asserts that `events` are the events of the turn that `killed_in_a_turn` starts.
fn assert_killed_in_a_turn(events: &[Result<ServerNotification>]) {
    let Some((last, before)) = events.split_last() else {
        panic!("no events")
    };
    let completed = before.last().unwrap().as_ref().unwrap();
    assert_eq!(completed.method(), "item/completed");
    let closed = closed(last);
    assert_killed(closed);
    let partial = closed.partial.as_ref().unwrap();
    assert_eq!(partial.final_response.as_deref(), Some("so far"));
}

#[tokio::test]
async fn a_turn_whose_server_is_killed_ends_with_the_signal_and_later_requests_fail() {
    let server = killed_in_a_turn();
    let codex = builder(Codex::builder(), &server).start().await.unwrap();
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
    let server = killed_in_a_turn();
    let codex = builder(blocking::Codex::builder(), &server)
        .start()
        .unwrap();
    let thread = codex.thread_start().send().unwrap();
    let turn = thread.turn("hi").send().unwrap();
    assert_killed_in_a_turn(&turn.stream().collect::<Vec<_>>());
    assert!(matches!(turn.run(), Err(Error::Closed(_))));
    assert!(matches!(codex.models().send(), Err(Error::Closed(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_test_can_block_inside_a_runtime_until_the_processes_of_a_fake_have_ended() {
    let server = FakeAppServer::start().unwrap();
    let codex = builder(Codex::builder(), &server).start().await.unwrap();
    let closing = tokio::spawn(codex.close());
    server.blocking_processes_ended().unwrap();
    closing.await.unwrap().unwrap();
}

#[test]
fn the_fake_prints_a_version() {
    let server = FakeAppServer::start().unwrap();
    let mut command = std::process::Command::new(fake_codex());
    command
        .arg("--version")
        .envs(server.envs_with_version("0.120.0").unwrap());
    let output = command.output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "codex-cli 0.120.0"
    );
}
