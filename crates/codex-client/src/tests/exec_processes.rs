//! Processes that the client runs on the server: their options, output and exit.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use codex_types::{CommandExecOutputStream, CommandExecParams};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    client::Codex,
    error::Error,
    exec::{process::ExecProcess, start::ExecBuilder},
    sandbox::Sandbox,
    tests::{FakeServer, initialize_response},
};

/// Spawns a process and returns it with its request.
async fn spawn(codex: &Codex, fake: &mut FakeServer) -> (ExecProcess, Value) {
    let process = codex.exec(["cat"]).stream_stdin(true).spawn().unwrap();
    let request = fake.receive().await;
    assert_eq!(request["method"], "command/exec");
    assert_eq!(request["params"]["processId"], process.process_id());
    (process, request)
}

impl FakeServer {
    async fn output(&mut self, process_id: &str, stream: &str, bytes: &[u8]) {
        let params = json!({
            "processId": process_id, "stream": stream, "capReached": false,
            "deltaBase64": BASE64_STANDARD.encode(bytes),
        });
        self.notify("command/exec/outputDelta", params).await;
    }

    async fn exit(&mut self, request: &Value, code: i32) {
        let result = json!({"exitCode": code, "stdout": "", "stderr": ""});
        self.send(&json!({"id": request["id"], "result": result}))
            .await;
    }
}

#[tokio::test]
async fn every_option_of_a_command_is_sent() {
    let (codex, mut fake) = FakeServer::start().await;
    let command = || codex.exec(["a", "b"]);
    let process = command().spawn().unwrap();
    let mut plain = fake.receive().await["params"].clone();
    assert_eq!(plain["processId"], process.process_id());
    plain["processId"] = "p".into();
    let expected = json!({"command": ["a", "b"], "processId": "p", "streamStdoutStderr": true});
    assert_eq!(plain, expected);
    let full = command()
        .cwd("/dir")
        .env("A", "1")
        .env_remove("B")
        .sandbox(Sandbox::FullAccess)
        .permission_profile("profile")
        .stream_stdin(true)
        .tty(80, 24)
        .no_timeout()
        .timeout(Duration::from_millis(7))
        .no_output_cap()
        .output_bytes_cap(9)
        .spawn()
        .unwrap();
    let mut params = fake.receive().await["params"].clone();
    assert_eq!(params["processId"], full.process_id());
    params["processId"] = "p".into();
    let expected = json!({
        "command": ["a", "b"], "processId": "p", "streamStdoutStderr": true, "cwd": "/dir",
        "env": {"A": "1", "B": null}, "sandboxPolicy": {"type": "dangerFullAccess"},
        "permissionProfile": "profile", "streamStdin": true, "tty": true,
        "size": {"cols": 80, "rows": 24}, "timeoutMs": 7, "outputBytesCap": 9,
    });
    assert_eq!(params, expected);
    // Of two mutually exclusive options, the later one applies.
    let unlimited = command().timeout(Duration::ZERO).no_timeout();
    let unlimited = unlimited.output_bytes_cap(1).no_output_cap();
    let _process = unlimited.spawn().unwrap();
    let params = fake.receive().await["params"].clone();
    let params: CommandExecParams = serde_json::from_value(params).unwrap();
    assert_eq!((params.timeout_ms, params.output_bytes_cap), (None, None));
    assert_eq!(params.disable_timeout, Some(true));
    assert_eq!(params.disable_output_cap, Some(true));
}

#[tokio::test]
async fn each_process_gets_its_own_output_and_all_of_it_before_its_exit() {
    let (codex, mut fake) = FakeServer::start().await;
    let mut notifications = codex.notifications();
    let (first, request) = spawn(&codex, &mut fake).await;
    let (second, _) = spawn(&codex, &mut fake).await;
    fake.output(first.process_id(), "stdout", b"a\xff").await;
    fake.output(second.process_id(), "stdout", b"b").await;
    fake.output("another", "stdout", b"c").await;
    fake.output(first.process_id(), "stderr", b"d").await;
    fake.exit(&request, 5).await;
    assert_eq!(first.wait().await.unwrap(), 5);
    let mut stream = first.stream();
    let chunk = stream.next().await.unwrap().unwrap();
    assert_eq!(chunk.bytes, b"a\xff");
    assert_eq!(chunk.stream, CommandExecOutputStream::Stdout);
    // A later reader gets the unread output.
    let output = first.output().await.unwrap();
    assert_eq!((output.exit_code, output.stderr), (5, b"d".to_vec()));
    assert!(output.stdout.is_empty() && stream.next().await.is_none());
    let chunk = second.stream().next().await.unwrap().unwrap();
    assert_eq!(chunk.bytes, b"b");
    // Output of an unknown process is a global notification.
    let stray = notifications.next().await.unwrap().unwrap();
    assert_eq!(stray.method(), "command/exec/outputDelta");
}

#[tokio::test]
async fn the_end_of_the_connection_ends_a_process_after_its_output() {
    let (codex, mut fake) = FakeServer::start().await;
    let (process, _) = spawn(&codex, &mut fake).await;
    fake.output(process.process_id(), "stdout", b"so far").await;
    let waiting = tokio::spawn({
        let process = process.clone();
        async move { process.wait().await }
    });
    drop(fake);
    assert!(matches!(waiting.await.unwrap(), Err(Error::Closed(_))));
    let mut stream = process.stream();
    assert_eq!(stream.next().await.unwrap().unwrap().bytes, b"so far");
    assert!(matches!(stream.next().await, Some(Err(Error::Closed(_)))));
    assert!(stream.next().await.is_none());
    assert!(matches!(process.output().await, Err(Error::Closed(_))));
    assert!(matches!(process.write("x").await, Err(Error::Closed(_))));
    let later = codex.exec(["cat"]).spawn();
    assert!(matches!(later, Err(Error::Closed(_))));
}

#[tokio::test]
async fn a_process_without_handles_is_terminated_unless_it_has_exited() {
    let (codex, mut fake) = FakeServer::start().await;
    let (ended, request) = spawn(&codex, &mut fake).await;
    fake.exit(&request, 0).await;
    ended.wait().await.unwrap();
    drop(ended);
    let (process, request) = spawn(&codex, &mut fake).await;
    let stream = process.stream();
    drop(process);
    fake.output(
        request["params"]["processId"].as_str().unwrap(),
        "stdout",
        b"x",
    )
    .await;
    drop(stream);
    let message = fake.receive().await;
    assert_eq!(message["method"], "command/exec/terminate");
    let process_id = &request["params"]["processId"];
    assert_eq!(message["params"], json!({"processId": process_id}));
    // Any further output and the exit of the process are ignored.
    fake.output(process_id.as_str().unwrap(), "stdout", b"y")
        .await;
    fake.exit(&request, 1).await;
    let running = tokio::spawn(codex.exec(["sleep"]).send());
    let request = fake.receive().await;
    running.abort();
    let message = fake.receive().await;
    assert_eq!(message["method"], "command/exec/terminate");
    assert_eq!(
        message["params"]["processId"],
        request["params"]["processId"]
    );
}

#[tokio::test]
async fn undecodable_output_is_an_error_and_the_rest_is_read() {
    let (codex, mut fake) = FakeServer::start().await;
    let (process, request) = spawn(&codex, &mut fake).await;
    let params = json!({
        "processId": process.process_id(), "stream": "stdout", "capReached": false,
        "deltaBase64": "no base64: secret",
    });
    fake.notify("command/exec/outputDelta", params).await;
    fake.output(process.process_id(), "stdout", b"x").await;
    fake.send(&json!({"id": request["id"], "result": {"exitCode": "none"}}))
        .await;
    let mut stream = process.stream();
    let error = stream.next().await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Decode(_)), "{error}");
    assert!(
        !format!("{error} {error:?}").contains("secret"),
        "{error:?}"
    );
    assert_eq!(stream.next().await.unwrap().unwrap().bytes, b"x");
    assert!(stream.next().await.is_none());
    let error = process.wait().await.unwrap_err();
    assert!(matches!(error, Error::Decode(_)), "{error}");
}

#[tokio::test]
async fn output_that_exceeds_the_buffer_is_dropped_and_counted() {
    let (codex, mut fake) = FakeServer::start().await;
    let (process, request) = spawn(&codex, &mut fake).await;
    let large = "A".repeat(8 * 1024 * 1024);
    let params = json!({
        "processId": process.process_id(), "stream": "stdout", "capReached": false,
        "deltaBase64": large,
    });
    let message = json!({"method": "command/exec/outputDelta", "params": params});
    let line = format!("{message}\n");
    for _ in 0..3 {
        fake.write(line.as_bytes()).await;
    }
    fake.exit(&request, 0).await;
    process.wait().await.unwrap();
    let mut stream = process.stream();
    let skipped = stream.next().await.unwrap().unwrap_err();
    assert!(matches!(skipped, Error::Lagged { skipped: 2 }), "{skipped}");
    let last = stream.next().await.unwrap().unwrap();
    assert_eq!(last.bytes.len(), large.len() / 4 * 3);
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_write_to_a_program_that_failed_to_start_returns_the_reason() {
    let (codex, mut fake) = FakeServer::start().await;
    let (process, request) = spawn(&codex, &mut fake).await;
    let error = |id: &Value, message: &str| {
        let error = json!({"code": -32600, "message": message});
        json!({"id": id, "error": error})
    };
    fake.send(&error(&request["id"], "no such program")).await;
    let (written, ()) = tokio::join!(process.write("x"), async {
        let request = fake.receive().await;
        assert_eq!(request["params"]["deltaBase64"], "eA==");
        fake.send(&error(&request["id"], "no such process")).await;
    });
    let error = written.unwrap_err();
    assert!(error.to_string().contains("no such program"), "{error}");
}

#[tokio::test]
async fn output_is_not_streamed_from_a_server_on_windows() {
    let (mut fake, (reader, writer)) = FakeServer::in_memory();
    let mut windows = initialize_response();
    windows["platformFamily"] = "windows".into();
    let response = async {
        fake.respond("initialize", windows).await;
        fake.receive().await;
        let output = json!({"exitCode": 1, "stdout": "out", "stderr": "err"});
        fake.respond("command/exec", output).await
    };
    let client = async {
        let codex = Codex::builder().connect(reader, writer).await.unwrap();
        codex.exec(["dir"]).await.unwrap()
    };
    let (output, request) = tokio::join!(client, response);
    assert_eq!(request["params"]["streamStdoutStderr"], Value::Null);
    assert_eq!(output.stdout_lossy(), "out");
    assert_eq!(output.stderr_lossy(), "err");
    assert_eq!(output.exit_code, 1);
}

/// Asserts that a command on a silent server times out after this many seconds, and is terminated.
async fn assert_times_out(command: ExecBuilder, fake: &mut FakeServer, seconds: u64) {
    let begun = Instant::now();
    let error = command.await.unwrap_err();
    let is_of_command = |error: &Error| {
        matches!(
            error,
            Error::Timeout {
                method: "command/exec",
                ..
            }
        )
    };
    assert!(is_of_command(&error), "{error}");
    assert_eq!(begun.elapsed(), Duration::from_secs(seconds));
    assert_eq!(fake.receive().await["method"], "command/exec");
    // The program is terminated when its handle is dropped.
    assert_eq!(fake.receive().await["method"], "command/exec/terminate");
}

#[tokio::test(start_paused = true)]
async fn a_command_with_a_timeout_lasts_at_most_five_seconds_longer_on_a_silent_server() {
    let limited = |codex: &Codex| codex.exec(["sleep"]).timeout(Duration::from_secs(1));
    let (codex, mut fake) = FakeServer::start().await;
    assert_times_out(limited(&codex), &mut fake, 1 + 5).await;
    assert_times_out(codex.exec(["sleep"]), &mut fake, 10 + 60).await;
    let patient = Codex::builder().no_request_timeout();
    let (patient, mut patient_fake) = FakeServer::start_with(patient).await;
    assert_times_out(limited(&patient), &mut patient_fake, 1 + 5).await;
    let mut unlimited = Box::pin(codex.exec(["sleep"]).no_timeout().into_future());
    let month = Duration::from_secs(30 * 24 * 60 * 60);
    assert!(tokio::time::timeout(month, &mut unlimited).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn the_output_that_a_silent_server_has_sent_can_be_read_after_the_timeout() {
    let (codex, mut fake) = FakeServer::start().await;
    let process = codex.exec(["sleep"]).timeout(Duration::from_secs(1));
    let process = process.spawn().unwrap();
    assert_eq!(fake.receive().await["method"], "command/exec");
    fake.output(process.process_id(), "stdout", b"half").await;
    let begun = Instant::now();
    let error = process.wait().await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    assert!(begun.elapsed() <= Duration::from_secs(1 + 5));
    let chunk = process.stream().next().await.unwrap().unwrap();
    assert_eq!(chunk.bytes, b"half");
    drop(process);
    assert_eq!(fake.receive().await["method"], "command/exec/terminate");
}
