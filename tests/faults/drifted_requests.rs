//! Servers whose requests differ from the schema in any single member.
//!
//! The client asks the program despite a member that is only displayed. It declines the request if
//! a member that a decision rests on cannot be read. Both are reported.

use std::time::Duration;

use codex_client::{RequestInbox, ServerResponse, types::ServerRequest};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::drift::{TIMEOUT, connect, spoiled};

/// The members that no decision rests on. This repeats the table of the client, as a contract.
const DISPLAYED: [&str; 6] = [
    "autoResolutionMs",
    "commandActions",
    "isBlocking",
    "parsedCmd",
    "reason",
    "startedAtMs",
];

/// Returns a request of each method, with all its members.
fn requests() -> Vec<Value> {
    let files = json!({"read": ["/a"], "write": ["/b"], "globScanMaxDepth": 2});
    let permissions = json!({"network": {"enabled": true}, "fileSystem": files});
    let amendment = json!({"host": "example.com", "action": "allow"});
    let change = json!({"type": "add", "content": "text"});
    let option = json!({"label": "A", "description": "the first"});
    let question = json!({
        "id": "q", "header": "Head", "question": "Which?", "isOther": true, "isSecret": false,
        "options": [option],
    });
    let form = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    let of_item = json!({"threadId": "t", "turnId": "u", "itemId": "i"});
    let requests = [
        (
            "item/commandExecution/requestApproval",
            json!({
                "additionalPermissions": permissions, "approvalId": "a", "command": "ls", "cwd": "/",
                "availableDecisions": ["accept", "decline"], "environmentId": "e", "kind": "command",
                "commandActions": [{"type": "listFiles", "command": "ls", "path": "/"}],
                "networkApprovalContext": {"host": "example.com", "protocol": "https"},
                "proposedExecpolicyAmendment": ["ls"], "proposedNetworkPolicyAmendments": [amendment],
                "reason": "to see", "startedAtMs": 1,
            }),
        ),
        (
            "item/fileChange/requestApproval",
            json!({"grantRoot": "/b", "reason": "to write", "startedAtMs": 1}),
        ),
        (
            "item/permissions/requestApproval",
            json!({
                "permissions": permissions, "cwd": "/", "environmentId": "e", "reason": "to read",
                "startedAtMs": 1,
            }),
        ),
        (
            "item/tool/requestUserInput",
            json!({"questions": [question], "isBlocking": true, "autoResolutionMs": 1000}),
        ),
        (
            "item/tool/call",
            json!({"callId": "c", "tool": "add", "namespace": "n", "arguments": {"a": 1}}),
        ),
        (
            "mcpServer/elicitation/request",
            json!({
                "mode": "form", "serverName": "s", "message": "Name?", "requestedSchema": form,
                "_meta": {"x": 1},
            }),
        ),
        (
            "execCommandApproval",
            json!({
                "conversationId": "t", "callId": "c", "approvalId": "a", "command": ["ls"], "cwd": "/",
                "parsedCmd": [{"type": "list_files", "cmd": "ls", "path": "/"}], "reason": "to see",
            }),
        ),
        (
            "applyPatchApproval",
            json!({
                "conversationId": "t", "callId": "c", "fileChanges": {"/b/c": change},
                "grantRoot": "/b", "reason": "to write",
            }),
        ),
        (
            "account/chatgptAuthTokens/refresh",
            json!({"reason": "unauthorized", "previousAccountId": "p"}),
        ),
        ("attestation/generate", json!({})),
        ("currentTime/read", json!({})),
    ];
    let requests = requests.into_iter().map(|(method, more)| {
        let mut params = of_item.clone();
        let members = more.as_object().cloned().unwrap_or_default();
        params.as_object_mut().unwrap().extend(members);
        json!({"method": method, "params": params})
    });
    requests.collect()
}

/// Returns a request without the members that are only displayed.
fn without_displayed(request: &Value) -> Value {
    let mut request = request.clone();
    if let Some(params) = request["params"].as_object_mut() {
        params.retain(|name, _| !DISPLAYED.contains(&&**name));
    }
    request
}

/// Returns a request as the client reads it; `None` if it cannot be read.
fn read(request: &Value) -> Option<Value> {
    let read: ServerRequest = serde_json::from_value(request.clone()).ok()?;
    serde_json::to_value(read).ok()
}

/// Responds to each request with what was read of it.
async fn echo(mut inbox: RequestInbox) {
    while let Some(pending) = inbox.next().await {
        let read = serde_json::to_string(pending.request()).unwrap();
        pending.respond(ServerResponse::refuse(read)).unwrap();
    }
}

#[tokio::test]
async fn a_request_is_asked_without_spoiled_members_that_are_displayed_and_otherwise_declined() {
    let (codex, mut fake) = connect().await;
    let mut reports = codex.notifications();
    let asking = tokio::spawn(echo(codex.server_requests()));
    let samples = requests();
    let (mut tried, mut around, mut declined) = (0, 0, 0);
    for sample in &samples {
        let method = sample["method"].as_str().unwrap();
        let whole = std::iter::once(("whole".to_owned(), sample.clone()));
        let identities = ["/method", "/params"];
        for (difference, request) in whole.chain(spoiled(sample, &identities)) {
            tried += 1;
            let asked = fake.request(tried, method, &request["params"]);
            let response = timeout(TIMEOUT, asked).await;
            let response = response.unwrap_or_else(|_| panic!("{method}: {difference}: hangs"));
            let mut reported = 0;
            while let Ok(Some(report)) = timeout(Duration::ZERO, reports.next()).await {
                reported += usize::from(report.is_err());
            }
            let message = response["error"]["message"].as_str().unwrap_or_default();
            let asked = serde_json::from_str::<Value>(message).ok();
            let expected = read(&without_displayed(&request));
            let is_displayed = DISPLAYED
                .iter()
                .any(|name| difference.starts_with(&format!("/params/{name}")));
            assert!(
                !is_displayed || expected.is_some(),
                "{method}: {difference}"
            );
            let decisive = |asked: Option<Value>| asked.as_ref().map(without_displayed);
            let context = || format!("{method}: {difference}: {response}");
            assert_eq!(decisive(asked), decisive(expected.clone()), "{}", context());
            let is_whole = read(&request).is_some();
            assert_eq!(reported, usize::from(!is_whole), "{}", context());
            around += usize::from(!is_whole && expected.is_some());
            declined += usize::from(expected.is_none());
        }
    }
    asking.abort();
    let mut methods: Vec<_> = samples.iter().map(|it| it["method"].as_str()).collect();
    let mut known: Vec<_> = ServerRequest::METHODS.iter().copied().map(Some).collect();
    methods.sort_unstable();
    known.sort_unstable();
    assert_eq!(methods, known);
    println!(
        "requests: {tried} tried = held; {around} asked without a member, {declined} declined"
    );
    assert!(around > 40 && declined > 100, "{around}, {declined}");
}
