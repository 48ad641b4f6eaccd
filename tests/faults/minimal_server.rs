//! A server of a few lines, which writes only what a client needs, carries a turn with an approval.

use codex_client::{ApprovalRequest, Codex, Decision, TurnResult, blocking};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex, split},
    runtime::Builder,
};

/// The server. Its answer is the decision on its request for approval.
async fn serve(stream: DuplexStream) {
    let (reader, mut writer) = split(stream);
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        let message: Value = serde_json::from_str(&line).unwrap();
        let id = &message["id"];
        let replies = match message["method"].as_str() {
            Some("initialize") => vec![json!({"id": id, "result": {}})],
            Some("thread/start") => vec![json!({"id": id, "result": {"thread": {"id": "t"}}})],
            Some("turn/start") => vec![
                json!({"id": id, "result": {"turn": {"id": "u"}}}),
                json!({"id": 7, "method": "item/commandExecution/requestApproval", "params":
                    {"threadId": "t", "turnId": "u", "itemId": "i", "command": "ls"}}),
            ],
            Some(_) => vec![],
            None => vec![
                json!({"method": "item/completed", "params": {"threadId": "t", "turnId": "u", "item":
                    {"type": "agentMessage", "id": "m", "text": message["result"]["decision"]}}}),
                json!({"method": "turn/completed", "params":
                    {"threadId": "t", "turn": {"id": "u", "status": "completed"}}}),
            ],
        };
        for reply in replies {
            writer
                .write_all(format!("{reply}\n").as_bytes())
                .await
                .unwrap();
        }
    }
}

/// The capacity of a connection in bytes.
const CAPACITY: usize = 64 * 1024;

fn decide(request: &ApprovalRequest) -> Decision {
    match request {
        ApprovalRequest::Command(command) if command.command.as_deref() == Some("ls") => {
            Decision::Accept
        }
        _ => Decision::Decline,
    }
}

#[track_caller]
fn assert_accepted(result: &TurnResult) {
    assert_eq!(result.final_response.as_deref(), Some("accept"));
    assert!(result.unreadable.is_empty(), "{:?}", result.unreadable);
}

#[tokio::test]
async fn a_server_that_writes_only_what_a_client_needs_can_run_a_turn_with_an_approval() {
    let (client, server) = duplex(CAPACITY);
    let server = tokio::spawn(serve(server));
    let (reader, writer) = split(client);
    let codex = Codex::builder()
        .on_approval(async |request: ApprovalRequest| decide(&request))
        .connect(reader, writer)
        .await
        .unwrap();
    let thread = codex.thread_start().await.unwrap();
    assert_accepted(&thread.run("List the files.").await.unwrap());
    codex.close().await.unwrap();
    server.await.unwrap();
}

#[test]
fn the_blocking_client_can_use_such_a_server_too() {
    let (client, server) = duplex(CAPACITY);
    let server = std::thread::spawn(|| {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(serve(server));
    });
    let (reader, writer) = split(client);
    let codex = blocking::Codex::builder()
        .on_approval(|request: ApprovalRequest| decide(&request))
        .connect(reader, writer)
        .unwrap();
    let thread = codex.thread_start().send().unwrap();
    assert_accepted(&thread.run("List the files.").send().unwrap());
    codex.close().unwrap();
    server.join().unwrap();
}
