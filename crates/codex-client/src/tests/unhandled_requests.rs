//! Requests from the server that are left to other clients.

use codex_types::ServerRequest;
use serde_json::json;

use crate::{
    approvals::decision::Decision,
    client::{Codex, WeakCodex},
    codex::builder::CodexBuilder,
    error::Error,
    handler::ServerRequestHandler,
    server_requests::{handler_result::HandlerResult, unhandled::UnhandledRequests},
    tests::FakeServer,
    types::{AttestationGenerateResponse, RequestId},
};

const COMMAND: &str = "item/commandExecution/requestApproval";

fn observer() -> CodexBuilder {
    Codex::builder().unhandled_requests(UnhandledRequests::LeaveOpen)
}

#[tokio::test]
async fn an_observer_responds_to_no_request_except_for_the_time() {
    let (codex, mut fake) = FakeServer::start_with(observer()).await;
    let methods = ServerRequest::METHODS.iter().copied();
    for (number, method) in (0_i64..).zip(methods.chain(["future/ask"])) {
        fake.send_request(number, method, &json!({})).await;
        if method == "currentTime/read" {
            assert_eq!(fake.receive().await["id"], number);
        }
    }
    // The next message of the client is its own request.
    fake.round_trip(&codex).await;
}

#[tokio::test]
async fn requests_that_an_observer_drops_stay_open_and_those_that_it_declines_do_not() {
    let (codex, mut fake) = FakeServer::start_with(observer()).await;
    let mut inbox = codex.server_requests();
    fake.round_trip(&codex).await;
    for number in 1..=3 {
        fake.send_request(number, COMMAND, &json!({})).await;
    }
    drop(inbox.next().await);
    inbox.next().await.unwrap().decline().unwrap();
    assert_eq!(
        fake.receive().await,
        json!({"id": 2, "result": {"decision": "decline"}})
    );
    // The third one is unread.
    fake.round_trip(&codex).await;
    drop(inbox);
    fake.round_trip(&codex).await;
}

#[tokio::test]
async fn an_observer_sees_that_another_client_has_responded() {
    let (codex, mut fake) = FakeServer::start_with(observer()).await;
    let mut inbox = codex.server_requests();
    fake.round_trip(&codex).await;
    fake.send_request(1, COMMAND, &json!({})).await;
    let pending = inbox.next().await.unwrap();
    let ((), ()) = tokio::join!(pending.resolved(), fake.resolve_request(1));
    let late = pending.respond(Decision::Accept);
    assert!(matches!(late, Err(Error::Resolved { .. })), "{late:?}");
    drop(pending);
    fake.round_trip(&codex).await;
}

#[tokio::test]
async fn an_observer_that_opens_an_inbox_receives_what_the_server_replays() {
    let (codex, mut fake) = FakeServer::start_with(observer()).await;
    fake.send_request(1, COMMAND, &json!({})).await;
    fake.round_trip(&codex).await;
    let mut inbox = codex.server_requests();
    fake.round_trip(&codex).await;
    fake.send_request(1, COMMAND, &json!({})).await;
    let pending = inbox.next().await.unwrap();
    assert_eq!(pending.id(), &RequestId::from(1));
    pending.respond(Decision::Accept).unwrap();
    assert_eq!(
        fake.receive().await,
        json!({"id": 1, "result": {"decision": "accept"}})
    );
    // It has a response now, so a further replay is none of this client's business.
    fake.send_request(1, COMMAND, &json!({})).await;
    fake.round_trip(&codex).await;
}

#[tokio::test]
async fn a_handler_that_fails_declines_even_if_other_requests_are_left_open() {
    struct Attests;
    impl ServerRequestHandler for Attests {
        async fn attestation(
            &self,
            _: WeakCodex,
            _: codex_types::AttestationGenerateParams,
        ) -> HandlerResult<AttestationGenerateResponse> {
            Err("no key".into())
        }
    }
    let (codex, mut fake) = FakeServer::start_with(observer().handler(Attests)).await;
    let response = fake.request(1, "attestation/generate", &json!({})).await;
    assert_eq!(response["error"]["code"], -32603);
    // The implementation has no method for approvals.
    fake.send_request(2, COMMAND, &json!({})).await;
    // The first round trip may overtake the task of the handler.
    fake.round_trip(&codex).await;
    fake.round_trip(&codex).await;
}
