//! Scripted fake app-servers, in memory, with both clients.

use std::time::Duration;

use codex_client::{Codex, Decision, Error, Tool, blocking, types::TurnStatus};
use codex_testing::{FakeAppServer, FakeConnection, Fault, Reply, Turn};
use codex_types::{
    GetAccountResponse, InitializeResponse, LoginAccountResponse, ThreadStartResponse, decode,
};
use serde_json::json;
use tokio::io::AsyncWriteExt;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Lookup {
    id: String,
}

/// Returns a client of this fake.
async fn connect(server: &FakeAppServer) -> Codex {
    let (reader, writer) = server.connect();
    Codex::builder().connect(reader, writer).await.unwrap()
}

fn connect_blocking(server: &FakeAppServer) -> blocking::Codex {
    let (reader, writer) = server.connect();
    blocking::Codex::builder().connect(reader, writer).unwrap()
}

#[tokio::test]
async fn turns_are_played_in_order_and_requests_are_recorded() {
    let server = FakeAppServer::start().unwrap();
    server
        .push_turn("Hello!")
        .push_turn(Turn::new().usage(5, 2).fail("overloaded"));
    let thread = connect(&server).await.thread_start().await.unwrap();
    let result = thread.run("Say hello.").await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("Hello!"));
    let failed = thread.run("Again.").await.unwrap_err();
    assert!(matches!(failed, Error::TurnFailed(_)), "{failed}");
    let texts: Vec<_> = server
        .requests("turn/start")
        .iter()
        .map(codex_testing::ClientMessage::text)
        .collect();
    assert_eq!(texts, ["Say hello.", "Again."]);
    let missing = thread.run("Once more.").await.unwrap_err();
    assert!(missing.to_string().contains("push_turn"), "{missing}");
    assert_eq!(server.requests_without_response().len(), 1);
}

#[test]
fn the_blocking_client_uses_the_same_scripts() {
    let server = FakeAppServer::start().unwrap();
    server.turn_with(|request| format!("You said: {}", request.text()));
    let thread = connect_blocking(&server).thread_start().send().unwrap();
    let result = thread.run("hi").send().unwrap();
    assert_eq!(result.final_response.as_deref(), Some("You said: hi"));
    let request = server.blocking_next_request("turn/start").unwrap();
    assert_eq!(request.params()["threadId"], thread.id());
}

#[tokio::test]
async fn the_client_responds_to_the_requests_of_a_turn() {
    let server = FakeAppServer::start().unwrap();
    server.push_turn(
        Turn::new()
            .command_approval("cargo test")
            .tool_call("lookup", json!({"id": "7"}))
            .then_text("Done."),
    );
    let (reader, writer) = server.connect();
    let codex = Codex::builder()
        .on_approval(async |_| Decision::Accept)
        .connect(reader, writer)
        .await
        .unwrap();
    let tool = Tool::new("lookup", "Looks up.", |arguments: Lookup| async move {
        Ok(format!("ticket {}", arguments.id))
    });
    let thread = codex.thread_start().tool(tool).await.unwrap();
    thread.run("Do it.").await.unwrap();
    let responses = server.responses();
    assert_eq!(responses[0].result()["decision"], "accept");
    assert_eq!(responses[1].result()["contentItems"][0]["text"], "ticket 7");
}

#[tokio::test]
async fn a_held_turn_can_be_interrupted() {
    let server = FakeAppServer::start().unwrap();
    let gate = server.gate();
    server.push_turn(Turn::text("one ").hold(&gate).then_text("two"));
    let thread = connect(&server).await.thread_start().await.unwrap();
    let turn = thread.turn("Count.").await.unwrap();
    gate.reached().await.unwrap();
    turn.interrupt().await.unwrap();
    assert_eq!(turn.run().await.unwrap().status, TurnStatus::Interrupted);
    gate.hung_up().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_delay_follows_a_paused_clock() {
    let server = FakeAppServer::start().unwrap();
    let hour = Duration::from_secs(60 * 60);
    server.push("model/list", Reply::canned().delay(hour));
    server.push("model/list", Reply::canned().delay(hour));
    let codex = connect(&server).await;
    let late = codex.models().await;
    assert!(matches!(late, Err(Error::Timeout { .. })), "{late:?}");
    codex.models().no_timeout().await.unwrap();
}

#[tokio::test]
async fn faults_spoil_one_message_and_the_next_one_is_sent_as_it_is() {
    let server = FakeAppServer::start().unwrap();
    let codex = connect(&server).await;
    for fault in [Fault::InvalidUtf8, Fault::ControlBytes, Fault::Truncate] {
        server.push("model/list", Reply::canned().fault(fault.clone()));
        let models = codex.models().timeout(Duration::from_millis(200)).await;
        assert!(models.is_err(), "{fault:?}");
        codex.models().await.unwrap();
    }
    server.push(
        "model/list",
        Reply::canned().fault(Fault::Error {
            code: -32001,
            message: "Server overloaded".to_owned(),
        }),
    );
    assert!(matches!(codex.models().await, Err(Error::Rpc(_))));
    server.push("model/list", Reply::canned().fault(Fault::Duplicate));
    codex.models().await.unwrap();
    server.push("model/list", Reply::canned().fault(Fault::Reorder));
    let (models, account) = tokio::join!(codex.models(), codex.account());
    assert!(models.is_ok() && account.is_ok());
}

#[tokio::test]
async fn an_exit_in_memory_ends_both_streams_and_a_hang_ends_neither() {
    let server = FakeAppServer::start().unwrap();
    let codex = connect(&server).await;
    server.fault(Fault::Hang);
    server.fault_occurred().await.unwrap();
    let silent = codex.models().timeout(Duration::from_millis(50)).await;
    assert!(matches!(silent, Err(Error::Timeout { .. })), "{silent:?}");
    let codex = connect(&server).await;
    server.fault(Fault::Exit(1));
    let closed = codex.models().await;
    assert!(matches!(closed, Err(Error::Closed(_))), "{closed:?}");
}

#[tokio::test]
async fn a_login_completes_when_the_test_says_so() {
    let server = FakeAppServer::start().unwrap();
    let codex = connect(&server).await;
    let login = codex.login_chatgpt().await.unwrap();
    server.complete_login(login.login_id(), None);
    assert!(login.wait().await.unwrap().success);
}

#[test]
fn a_connection_is_driven_on_a_thread_of_its_own() {
    let ((reader, writer), server) = FakeConnection::spawn(|mut fake| async move {
        fake.handshake().await;
        fake.respond("model/list", json!({"data": []})).await
    });
    let codex = blocking::Codex::builder().connect(reader, writer).unwrap();
    assert!(codex.models().send().unwrap().data.is_empty());
    assert_eq!(server.join().unwrap()["method"], "model/list");
}

#[tokio::test]
async fn an_unexpected_message_panics_with_the_line_of_the_test() {
    let (mut fake, (reader, writer)) = FakeConnection::in_memory();
    let server = tokio::spawn(async move {
        fake.handshake().await;
        fake.respond("thread/start", json!({})).await;
    });
    let codex = Codex::builder().connect(reader, writer).await.unwrap();
    assert!(codex.models().await.is_err());
    let panic = server.await.unwrap_err().into_panic();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(
        message.contains(file!()) && message.contains("model/list"),
        "{message}"
    );
}

#[tokio::test]
async fn a_line_that_is_not_json_and_an_early_end_panic_with_the_line_of_the_test() {
    let (mut fake, (_reader, mut writer)) = FakeConnection::in_memory();
    writer.write_all(b"not JSON\n").await.unwrap();
    let garbage = tokio::spawn(async move { fake.handshake().await });
    let (mut fake, streams) = FakeConnection::in_memory();
    drop(streams);
    let end = tokio::spawn(async move { drop(fake.request(1, "x", json!({})).await) });
    for (panicking, expected) in [(garbage, "not JSON"), (end, "closed the connection")] {
        let panic = panicking.await.unwrap_err().into_panic();
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(
            message.contains(file!()) && message.contains(expected),
            "{message}"
        );
    }
}

#[tokio::test]
async fn canned_responses_match_the_schema() {
    let server = FakeAppServer::start().unwrap();
    let (reader, writer) = server.connect();
    let mut client = FakeConnection::new(reader, writer);
    async fn result(
        client: &mut FakeConnection,
        method: &str,
        params: serde_json::Value,
    ) -> String {
        client.send_request(1, method, params).await;
        loop {
            let message = client.receive().await;
            if message["id"] == 1 {
                return message["result"].to_string();
            }
        }
    }
    let text = result(&mut client, "initialize", json!({})).await;
    decode::strict::<InitializeResponse>(&text).unwrap();
    let text = result(&mut client, "thread/start", json!({})).await;
    decode::strict::<ThreadStartResponse>(&text).unwrap();
    let text = result(&mut client, "account/read", json!({})).await;
    decode::strict::<GetAccountResponse>(&text).unwrap();
    for kind in ["apiKey", "chatgpt", "chatgptDeviceCode"] {
        let text = result(&mut client, "account/login/start", json!({"type": kind})).await;
        decode::strict::<LoginAccountResponse>(&text).unwrap();
    }
}
