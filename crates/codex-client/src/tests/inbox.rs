//! The inbox: server requests that the program receives and responds to later.

use serde_json::json;

use crate::{
    approvals::{decision::Decision, request::ApprovalRequest},
    client::Codex,
    error::Error,
    server_requests::server_response::ServerResponse,
    tests::FakeServer,
    types::{RequestId, ToolRequestUserInputResponse},
};

const COMMAND: &str = "item/commandExecution/requestApproval";

#[tokio::test]
async fn a_request_accepts_one_response_at_any_time_and_from_any_task() {
    let (codex, mut fake) = FakeServer::start().await;
    let mut inbox = codex.server_requests();
    fake.round_trip(&codex).await;
    fake.send_request(1, COMMAND, &json!({"command": "first"}))
        .await;
    fake.send_request(2, COMMAND, &json!({"command": "second"}))
        .await;
    let first = inbox.next().await.unwrap();
    let second = inbox.next().await.unwrap();
    assert_eq!(first.id(), &RequestId::from(1));
    second.respond(Decision::Accept).unwrap();
    assert_eq!(
        fake.receive().await,
        json!({"id": 2, "result": {"decision": "accept"}})
    );
    assert!(first.is_open() && !second.is_open());
    let again = tokio::spawn(async move {
        first.respond(Decision::Cancel).unwrap();
        first.respond(Decision::Accept)
    });
    assert!(matches!(again.await.unwrap(), Err(Error::Resolved { .. })));
    assert_eq!(
        fake.receive().await,
        json!({"id": 1, "result": {"decision": "cancel"}})
    );
}

#[tokio::test]
async fn dropped_requests_and_unread_requests_are_declined() {
    let (codex, mut fake) = FakeServer::start().await;
    let mut inbox = codex.server_requests();
    fake.round_trip(&codex).await;
    fake.send_request(1, COMMAND, &json!({})).await;
    drop(inbox.next().await);
    assert_eq!(
        fake.receive().await,
        json!({"id": 1, "result": {"decision": "decline"}})
    );
    // The inbox is dropped after it has received the request.
    fake.send_request(2, COMMAND, &json!({})).await;
    fake.round_trip(&codex).await;
    drop(inbox);
    assert_eq!(
        fake.receive().await,
        json!({"id": 2, "result": {"decision": "decline"}})
    );
    let default_response = fake.request(3, COMMAND, &json!({})).await;
    assert_eq!(default_response["result"], json!({"decision": "decline"}));
}

#[tokio::test]
async fn a_request_that_the_server_withdraws_is_resolved_and_gets_no_response() {
    let (codex, mut fake) = FakeServer::start().await;
    let mut inbox = codex.server_requests();
    fake.round_trip(&codex).await;
    fake.send_request(1, COMMAND, &json!({})).await;
    let pending = inbox.next().await.unwrap();
    let withdraw = async {
        fake.resolve_request(1).await;
    };
    tokio::join!(pending.resolved(), withdraw);
    assert!(!pending.is_open());
    assert!(matches!(
        pending.respond(Decision::Accept),
        Err(Error::Resolved { .. })
    ));
    drop(pending);
    // A request that is withdrawn before it is read is not delivered.
    fake.send_request(2, COMMAND, &json!({})).await;
    fake.resolve_request(2).await;
    fake.send_request(3, COMMAND, &json!({})).await;
    fake.round_trip(&codex).await;
    let pending = inbox.next().await.unwrap();
    assert_eq!(pending.id(), &RequestId::from(3));
    pending.decline().unwrap();
    assert_eq!(fake.receive().await["id"], 3);
}

#[tokio::test]
async fn closing_a_thread_on_the_server_resolves_its_requests() {
    let (codex, mut fake) = FakeServer::start().await;
    let mut inbox = codex.server_requests();
    fake.round_trip(&codex).await;
    for method in ["thread/closed", "thread/archived", "thread/deleted"] {
        // An elicitation from an MCP server need not belong to a turn.
        let request = json!({"id": method, "method": "mcpServer/elicitation/request", "params": {
            "threadId": "t", "mode": "url", "serverName": "s", "message": "m",
            "elicitationId": "e", "url": "https://example.com",
        }});
        fake.send(&request).await;
        let pending = inbox.next().await.unwrap();
        fake.notify(method, json!({"threadId": "other"})).await;
        fake.round_trip(&codex).await;
        assert!(pending.is_open(), "{method}");
        fake.notify(method, json!({"threadId": "t"})).await;
        fake.round_trip(&codex).await;
        assert!(!pending.is_open(), "{method}");
    }
}

#[tokio::test]
async fn a_replayed_request_is_delivered_once() {
    let (codex, mut fake) = FakeServer::start().await;
    let mut inbox = codex.server_requests();
    fake.round_trip(&codex).await;
    fake.send_request(1, COMMAND, &json!({})).await;
    fake.send_request(1, COMMAND, &json!({})).await;
    let pending = inbox.next().await.unwrap();
    pending.respond(Decision::Accept).unwrap();
    assert_eq!(fake.receive().await["id"], 1);
    // The request is replayed by a server that has not received the response yet.
    fake.send_request(1, COMMAND, &json!({})).await;
    fake.send_request(2, COMMAND, &json!({})).await;
    assert_eq!(inbox.next().await.unwrap().id(), &RequestId::from(2));
    assert_eq!(fake.receive().await["id"], 2);
}

#[tokio::test]
async fn the_inbox_of_a_thread_has_priority_over_handlers() {
    let builder = Codex::builder().on_approval(|_| async { Decision::Cancel });
    let (codex, mut fake) = FakeServer::start_with(builder).await;
    let thread = fake.thread_start(&codex).await;
    let mut all = codex.server_requests();
    let mut own = thread.server_requests();
    fake.round_trip(&codex).await;
    fake.send_request(1, COMMAND, &json!({"threadId": thread.id()}))
        .await;
    own.next().await.unwrap().respond(Decision::Accept).unwrap();
    assert_eq!(
        fake.receive().await["result"],
        json!({"decision": "accept"})
    );
    let other = fake
        .request(2, COMMAND, &json!({"threadId": "another thread"}))
        .await;
    assert_eq!(other["result"], json!({"decision": "cancel"}));
    drop(own);
    let handled = fake
        .request(3, COMMAND, &json!({"threadId": thread.id()}))
        .await;
    assert_eq!(handled["result"], json!({"decision": "cancel"}));
    // A request of a kind that has no handler.
    let question = json!({"questions": [], "isBlocking": true, "threadId": thread.id()});
    fake.send_request(4, "item/tool/requestUserInput", &question)
        .await;
    let pending = all.next().await.unwrap();
    assert!(pending.approval().is_none());
    let response = ToolRequestUserInputResponse::default().answer("q", "a");
    pending.respond(response).unwrap();
    let response = fake.receive().await;
    assert_eq!(
        response["result"],
        json!({"answers": {"q": {"answers": ["a"]}}})
    );
}

#[tokio::test]
async fn the_inbox_opened_last_gets_the_requests() {
    let (codex, mut fake) = FakeServer::start().await;
    let mut first = codex.server_requests();
    let mut second = codex.server_requests();
    fake.round_trip(&codex).await;
    fake.send_request(1, COMMAND, &json!({})).await;
    second
        .next()
        .await
        .unwrap()
        .respond(Decision::Accept)
        .unwrap();
    fake.receive().await;
    drop(second);
    fake.send_request(2, COMMAND, &json!({})).await;
    first
        .next()
        .await
        .unwrap()
        .respond(Decision::Accept)
        .unwrap();
    assert_eq!(fake.receive().await["id"], 2);
}

#[tokio::test]
async fn a_response_of_the_wrong_type_leaves_the_request_open() {
    let (codex, mut fake) = FakeServer::start().await;
    let mut inbox = codex.server_requests();
    fake.round_trip(&codex).await;
    fake.send_request(1, COMMAND, &json!({})).await;
    let pending = inbox.next().await.unwrap();
    let wrong = pending.respond(ToolRequestUserInputResponse::default());
    let Err(Error::InvalidInput(message)) = wrong else {
        panic!("{wrong:?}")
    };
    assert!(
        message.contains("item/tool/requestUserInput") && message.contains(COMMAND),
        "{message}"
    );
    assert!(pending.is_open());
    pending
        .respond(ServerResponse::refuse("the user is away"))
        .unwrap();
    let response = fake.receive().await;
    assert_eq!(
        response["error"],
        json!({"code": -32603, "message": "the user is away"})
    );
}

#[tokio::test]
async fn the_end_of_the_connection_ends_the_inbox_and_resolves_its_requests() {
    let (codex, mut fake) = FakeServer::start().await;
    let mut inbox = codex.server_requests();
    fake.round_trip(&codex).await;
    fake.send_request(1, COMMAND, &json!({})).await;
    let pending = inbox.next().await.unwrap();
    drop(fake);
    assert!(inbox.next().await.is_none());
    pending.resolved().await;
    assert!(matches!(
        pending.respond(Decision::Accept),
        Err(Error::Resolved { .. })
    ));
    assert!(codex.server_requests().next().await.is_none());
}

#[tokio::test]
async fn an_approval_offers_the_decisions_of_the_server_and_always_offers_decline() {
    let (codex, mut fake) = FakeServer::start().await;
    let mut inbox = codex.server_requests();
    fake.round_trip(&codex).await;
    let amendment = json!({"acceptWithExecpolicyAmendment": {"execpolicy_amendment": ["touch"]}});
    let listed = json!({"availableDecisions": ["accept", amendment, {"future": {}}]});
    fake.send_request(1, COMMAND, &listed).await;
    let pending = inbox.next().await.unwrap();
    let available = pending.approval().unwrap().available_decisions();
    let amended = Decision::AcceptWithExecpolicyAmendment(vec!["touch".into()]);
    assert_eq!(
        available,
        [Decision::Accept, amended.clone(), Decision::Decline]
    );
    pending.respond(amended).unwrap();
    assert_eq!(
        fake.receive().await["result"],
        json!({"decision": amendment})
    );

    let host = json!({"action": "allow", "host": "example.com"});
    let proposed = json!({
        "proposedExecpolicyAmendment": ["touch"], "proposedNetworkPolicyAmendments": [host],
    });
    fake.send_request(2, COMMAND, &proposed).await;
    let pending = inbox.next().await.unwrap();
    let Some(ApprovalRequest::Command(params)) = pending.approval() else {
        panic!("{pending:?}")
    };
    let rules = params.proposed_network_policy_amendments.as_ref().unwrap();
    let rule = Decision::ApplyNetworkPolicyAmendment(rules[0].clone());
    let available = pending.approval().unwrap().available_decisions();
    assert_eq!(available.len(), 6);
    assert!(available.contains(&rule), "{available:?}");
    pending.respond(rule).unwrap();
    let expected = json!({"applyNetworkPolicyAmendment": {"network_policy_amendment": host}});
    assert_eq!(
        fake.receive().await["result"],
        json!({"decision": expected})
    );
}

#[tokio::test]
async fn the_inbox_of_a_thread_receives_the_requests_of_its_sub_agents() {
    let builder = Codex::builder().on_approval(|_| async { Decision::Cancel });
    let (codex, mut fake) = FakeServer::start_with(builder).await;
    let thread = fake.thread_start(&codex).await;
    let mut inbox = thread.server_requests();
    fake.round_trip(&codex).await;
    fake.start_turn("u").await;
    let turn = json!({"id": "v", "rootTurnId": "u", "items": [], "status": "inProgress"});
    fake.notify("turn/started", json!({"threadId": "agent", "turn": turn}))
        .await;
    fake.send_request(1, COMMAND, &json!({"threadId": "agent", "turnId": "v"}))
        .await;
    inbox
        .next()
        .await
        .unwrap()
        .respond(Decision::Accept)
        .unwrap();
    let response = fake.receive().await;
    assert_eq!(response["result"], json!({"decision": "accept"}));
    // Without an inbox, the handler responds.
    drop(inbox);
    let params = json!({"threadId": "agent", "turnId": "v"});
    let handled = fake.request(2, COMMAND, &params).await;
    assert_eq!(handled["result"], json!({"decision": "cancel"}));
}
