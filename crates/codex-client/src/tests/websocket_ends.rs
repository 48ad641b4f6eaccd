//! Servers that close the websocket.

use std::{net::TcpListener, thread};

use serde_json::{Value, json};
use tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use crate::{
    client::Codex,
    error::{Error, connection_closed::CloseReason},
    tests::initialize_response,
};

/// Starts a server for one client, which it disconnects with this code and reason: at once, or
/// after the handshake of the protocol. Returns its URL.
fn start(after_handshake: bool, code: CloseCode, reason: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut socket = tungstenite::accept(stream).unwrap();
        if after_handshake {
            let request = socket.read().unwrap();
            let request: Value = serde_json::from_str(request.to_text().unwrap()).unwrap();
            let response = json!({"id": request["id"], "result": initialize_response()});
            socket.send(Message::text(response.to_string())).unwrap();
            // The notification `initialized`, and then the first request.
            socket.read().unwrap();
            socket.read().unwrap();
        }
        let reason = reason.into();
        socket.close(Some(CloseFrame { code, reason })).unwrap();
        while socket.read().is_ok() {}
    });
    url
}

#[tokio::test]
async fn the_code_and_the_reason_of_a_refusal_are_those_of_the_error() {
    let url = start(
        false,
        CloseCode::Policy,
        "token=sk-proj-0123456789 has expired",
    );
    let Err(Error::Closed(closed)) = Codex::connect(&url).await else {
        panic!("the server has refused the client")
    };
    let CloseReason::ClosedByServer { code, reason } = &closed.reason else {
        panic!("{closed:?}")
    };
    assert_eq!(*code, 1008);
    assert!(reason.contains("has expired"), "{reason}");
    assert!(!reason.contains("0123456789"), "{reason}");
    let text = closed.to_string();
    assert!(text.contains("with status 1008: "), "{text}");
}

#[tokio::test]
async fn the_code_and_the_reason_of_an_end_reach_every_call() {
    let url = start(true, CloseCode::Restart, "an update");
    let codex = Codex::connect(&url).await.unwrap();
    let expected = CloseReason::ClosedByServer {
        code: 1012,
        reason: "an update".to_owned(),
    };
    for _ in 0..2 {
        let Err(Error::Closed(closed)) = codex.account().await else {
            panic!("the connection is not closed")
        };
        assert_eq!(closed.reason, expected);
    }
    assert_eq!(codex.closed().await.reason, expected);
}
