//! Handlers of server requests.

use std::{
    future::pending,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use codex_types::FileChangeRequestApprovalParams;
use serde_json::json;
use tokio::sync::oneshot;

use crate::{
    approvals::{decision::Decision, request::ApprovalRequest},
    client::{Codex, WeakCodex},
    error::Error,
    handler::ServerRequestHandler,
    notifications::Notifications,
    server_requests::handler_result::HandlerResult,
    tests::FakeServer,
    types::{
        AttestationGenerateResponse, ChatgptAuthTokensRefreshResponse, CurrentTimeReadParams,
        CurrentTimeReadResponse, DynamicToolCallResponse, FileChangeRequestApprovalResponse,
        McpServerElicitationRequestResponse, ServerNotification, ToolRequestUserInputResponse,
    },
};

const COMMAND: &str = "item/commandExecution/requestApproval";
const CHANGE: &str = "item/fileChange/requestApproval";
const PERMISSIONS: &str = "item/permissions/requestApproval";

/// Returns the text of the handler failure that the client reports.
async fn failure(reports: &mut Notifications) -> String {
    match reports.next().await {
        Some(Err(error @ Error::Handler { .. })) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_approval_handler_decides_on_requests_of_every_kind() {
    let builder = Codex::builder().on_approval(|request: ApprovalRequest| async move {
        match request.reason() {
            Some("yes") => Decision::Accept,
            Some("always") => Decision::AcceptForSession,
            Some("stop") => Decision::Cancel,
            _ => Decision::Decline,
        }
    });
    let (_codex, mut fake) = FakeServer::start_with(builder).await;
    let network = json!({"network": {"enabled": true}});
    let permissions = |reason: &str| json!({"reason": reason, "cwd": "/", "permissions": network});
    for (method, more, expected) in [
        (
            COMMAND,
            json!({"reason": "yes"}),
            json!({"decision": "accept"}),
        ),
        (
            COMMAND,
            json!({"reason": "always"}),
            json!({"decision": "acceptForSession"}),
        ),
        (
            COMMAND,
            json!({"reason": "stop"}),
            json!({"decision": "cancel"}),
        ),
        (COMMAND, json!({}), json!({"decision": "decline"})),
        (
            CHANGE,
            json!({"reason": "yes"}),
            json!({"decision": "accept"}),
        ),
        (CHANGE, json!({}), json!({"decision": "decline"})),
        (
            PERMISSIONS,
            permissions("yes"),
            json!({"permissions": network, "scope": "turn"}),
        ),
        (
            PERMISSIONS,
            permissions("always"),
            json!({"permissions": network, "scope": "session"}),
        ),
        (PERMISSIONS, permissions("no"), json!({"permissions": {}})),
    ] {
        assert_eq!(
            fake.request(1, method, &more).await["result"],
            expected,
            "{method} {more}"
        );
        fake.resolve_request(1).await;
    }
    let legacy = json!({
        "conversationId": "c", "callId": "x", "command": ["rm", "x"], "cwd": "/", "parsedCmd": [],
        "fileChanges": {},
    });
    for method in ["execCommandApproval", "applyPatchApproval"] {
        for (reason, expected) in [
            ("yes", "approved"),
            ("always", "approved_for_session"),
            ("stop", "abort"),
        ] {
            let mut params = legacy.clone();
            params["reason"] = reason.into();
            let response = fake.request(1, method, &params).await;
            assert_eq!(
                response["result"],
                json!({"decision": expected}),
                "{method}"
            );
            fake.resolve_request(1).await;
        }
    }
    let denied = fake.request(2, "execCommandApproval", &legacy).await;
    assert!(
        denied["result"]["decision"]["denied"].is_object(),
        "{denied}"
    );
}

#[tokio::test]
async fn a_file_change_approval_contains_the_changes() {
    let (sender, changes) = oneshot::channel();
    let sender = Mutex::new(Some(sender));
    let builder = Codex::builder().on_approval(move |request: ApprovalRequest| {
        if let ApprovalRequest::FileChange(change) = &request {
            let paths = change
                .changes
                .iter()
                .flatten()
                .map(|change| change.path.clone());
            let sender = sender.lock().unwrap().take().unwrap();
            sender.send(paths.collect::<Vec<_>>()).unwrap();
        }
        async { Decision::Decline }
    });
    let (_codex, mut fake) = FakeServer::start_with(builder).await;
    let change = |path: &str| json!({"path": path, "diff": "+x", "kind": {"type": "add"}});
    for (id, path) in [("i", "a"), ("other", "b")] {
        let item = json!({
            "type": "fileChange", "id": id, "status": "inProgress", "changes": [change(path)],
        });
        let params = json!({"threadId": "t", "turnId": "u", "startedAtMs": 1, "item": item});
        fake.notify("item/started", params).await;
    }
    fake.request(1, CHANGE, &json!({})).await;
    assert_eq!(changes.await.unwrap(), ["a"]);
}

#[tokio::test]
async fn every_kind_of_request_has_a_typed_handler() {
    let builder = Codex::builder()
        .on_user_input(
            |params: crate::types::ToolRequestUserInputParams| async move {
                ToolRequestUserInputResponse::default().answer(&params.questions[0].id, "blue")
            },
        )
        .on_elicitation(|_| async { McpServerElicitationRequestResponse::accept(json!({"a": 1})) })
        .on_current_time(|_| async { CurrentTimeReadResponse::new(7) })
        .on_tool_call(|_| async { DynamicToolCallResponse::new(Vec::new(), true) })
        .on_token_refresh(|_| async { ChatgptAuthTokensRefreshResponse::new("token", "account") })
        .on_attestation(|_| async { AttestationGenerateResponse::new("attested") })
        .on_request(|_: FileChangeRequestApprovalParams| async {
            let accept = codex_types::FileChangeApprovalDecision::Accept;
            HandlerResult::Ok(FileChangeRequestApprovalResponse::new(accept))
        });
    let (_codex, mut fake) = FakeServer::start_with(builder).await;
    let question = json!({"id": "q", "header": "h", "question": "which?"});
    let questions = json!({"questions": [question], "isBlocking": true});
    let form = json!({
        "mode": "form", "serverName": "s", "message": "m",
        "requestedSchema": {"type": "object", "properties": {}},
    });
    for (method, more, expected) in [
        (
            "item/tool/requestUserInput",
            questions,
            json!({"answers": {"q": {"answers": ["blue"]}}}),
        ),
        (
            "mcpServer/elicitation/request",
            form,
            json!({"action": "accept", "content": {"a": 1}}),
        ),
        ("currentTime/read", json!({}), json!({"currentTimeAt": 7})),
        (
            "item/tool/call",
            json!({"callId": "c", "tool": "x", "arguments": {}}),
            json!({"contentItems": [], "success": true}),
        ),
        (
            "account/chatgptAuthTokens/refresh",
            json!({"reason": "unauthorized"}),
            json!({"accessToken": "token", "chatgptAccountId": "account"}),
        ),
        (
            "attestation/generate",
            json!({}),
            json!({"token": "attested"}),
        ),
        (CHANGE, json!({}), json!({"decision": "accept"})),
        // This request has no handler.
        (COMMAND, json!({}), json!({"decision": "decline"})),
    ] {
        assert_eq!(
            fake.request(1, method, &more).await["result"],
            expected,
            "{method}"
        );
        fake.resolve_request(1).await;
    }
}

#[tokio::test]
async fn a_request_whose_handler_panics_or_fails_is_declined_and_the_failure_is_reported() {
    let builder = Codex::builder().on_approval(|request: ApprovalRequest| async move {
        match request.item_id() {
            "panics" => panic!("out of order"),
            "fails" => Err("no screen"),
            // Not a valid response to a command approval.
            _ => Ok(Decision::grant(
                codex_types::GrantedPermissionProfile::default(),
            )),
        }
    });
    let (codex, mut fake) = FakeServer::start_with(builder).await;
    let mut reports = codex.notifications();
    for (id, item, reason) in [
        (1, "panics", "panicked: out of order"),
        (2, "fails", "failed: no screen"),
        (3, "is wrong", "is not a valid decision on a command"),
    ] {
        let response = fake.request(id, COMMAND, &json!({"itemId": item})).await;
        assert_eq!(response["result"], json!({"decision": "decline"}));
        let failure = failure(&mut reports).await;
        assert!(
            failure.contains(reason) && failure.contains(COMMAND),
            "{failure}"
        );
    }
}

#[tokio::test]
async fn a_request_whose_handler_panics_before_it_returns_a_future_is_declined() {
    let panics = |_: ApprovalRequest| -> std::future::Ready<Decision> { panic!("at once") };
    let (codex, mut fake) = FakeServer::start_with(Codex::builder().on_approval(panics)).await;
    let response = fake.request(1, COMMAND, &json!({})).await;
    assert_eq!(response["result"], json!({"decision": "decline"}));
    assert!(
        failure(&mut codex.notifications())
            .await
            .contains("at once")
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_handler_never_returns_is_declined_at_its_deadline() {
    let builder = Codex::builder()
        .handler_timeout(Duration::from_secs(30))
        .on_approval(|_| pending::<Decision>());
    let (codex, mut fake) = FakeServer::start_with(builder).await;
    let response = fake.request(1, COMMAND, &json!({})).await;
    assert_eq!(response["result"], json!({"decision": "decline"}));
    assert!(
        failure(&mut codex.notifications())
            .await
            .contains("took longer than 30 s")
    );
}

#[tokio::test]
async fn a_handler_that_never_returns_blocks_nothing_and_is_dropped_with_its_request() {
    let (dropped, gone) = oneshot::channel::<()>();
    let dropped = Mutex::new(Some(dropped));
    let builder = Codex::builder().on_approval(move |_| {
        let held = dropped.lock().unwrap().take();
        async move {
            let _held = held;
            pending::<Decision>().await
        }
    });
    let (codex, mut fake) = FakeServer::start_with(builder).await;
    fake.send_request(1, COMMAND, &json!({})).await;
    fake.round_trip(&codex).await;
    fake.resolve_request(1).await;
    gone.await.unwrap_err();
    // No response was sent to the withdrawn request.
    let response = fake.request(2, "no/such/method", &json!({})).await;
    assert_eq!(response["error"]["code"], -32601);
}

/// Returns the error for the message that the client reports as malformed.
async fn malformed(reports: &mut Notifications) -> String {
    match reports.next().await {
        Some(Err(Error::Decode(malformed))) => malformed.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_handler_decides_on_a_request_without_a_displayed_member_which_is_reported() {
    let builder = Codex::builder()
        .on_approval(|request: ApprovalRequest| async move {
            assert_eq!(request.reason(), Some("to see"));
            Decision::Accept
        })
        .on_user_input(|params| async move {
            let id = &params.questions[0].id;
            ToolRequestUserInputResponse::default().answer(id, "yes")
        });
    let (codex, mut fake) = FakeServer::start_with(builder).await;
    let mut reports = codex.notifications();
    let drifted = json!({"startedAtMs": "soon", "reason": "to see"});
    for (id, method) in [(1, COMMAND), (2, CHANGE)] {
        let response = fake.request(id, method, &drifted).await;
        assert_eq!(response["result"], json!({"decision": "accept"}));
        let report = malformed(&mut reports).await;
        assert!(report.contains("startedAtMs"), "{report}");
    }
    let drifted = json!({"questions": [{"id": "q"}], "autoResolutionMs": "soon"});
    let response = fake.request(3, "item/tool/requestUserInput", &drifted);
    let answers = json!({"q": {"answers": ["yes"]}});
    assert_eq!(response.await["result"]["answers"], answers);
    let report = malformed(&mut reports).await;
    assert!(report.contains("autoResolutionMs"), "{report}");
}

#[tokio::test]
async fn a_request_whose_decisive_member_cannot_be_read_is_declined_and_reported() {
    let builder = Codex::builder().on_approval(|_| async { Decision::Accept });
    let (codex, mut fake) = FakeServer::start_with(builder).await;
    let mut reports = codex.notifications();
    for (id, member, value) in [
        (1, "command", json!(["ls"])),
        (2, "additionalPermissions", json!("all")),
        (3, "availableDecisions", json!("accept")),
    ] {
        let drifted = json!({member: value, "startedAtMs": "soon"});
        let response = fake.request(id, COMMAND, &drifted).await;
        assert_eq!(response["result"], json!({"decision": "decline"}));
        let report = malformed(&mut reports).await;
        assert!(report.contains(member), "{report}");
    }
}

#[tokio::test]
async fn a_malformed_response_to_a_request_from_a_handler_is_a_failure_of_the_handler() {
    struct AccountReader;

    impl ServerRequestHandler for AccountReader {
        async fn approval(&self, codex: WeakCodex, _: ApprovalRequest) -> HandlerResult<Decision> {
            let codex = codex.upgrade().ok_or("the client was dropped")?;
            codex.account().send().await?;
            Ok(Decision::Accept)
        }
    }

    let (codex, mut fake) = FakeServer::start_with(Codex::builder().handler(AccountReader)).await;
    fake.send_request(1, COMMAND, &json!({})).await;
    fake.respond("account/read", json!(["perhaps"])).await;
    let response = fake.receive().await;
    assert_eq!(response["result"], json!({"decision": "decline"}));
    let failure = failure(&mut codex.notifications()).await;
    assert!(
        failure.contains(COMMAND) && failure.contains("account/read"),
        "{failure}"
    );
}

/// Reads the account, records the response and accepts the approval.
struct RecordingHandler {
    response: Arc<OnceLock<String>>,
}

impl ServerRequestHandler for RecordingHandler {
    async fn approval(&self, codex: WeakCodex, _: ApprovalRequest) -> HandlerResult<Decision> {
        let codex = codex.upgrade().ok_or("the client was dropped")?;
        let account = codex.account().send().await?;
        let _ = self
            .response
            .set(format!("{}", account.requires_openai_auth));
        Ok(Decision::Accept)
    }

    async fn current_time(
        &self,
        _: WeakCodex,
        _: CurrentTimeReadParams,
    ) -> HandlerResult<CurrentTimeReadResponse> {
        Ok(CurrentTimeReadResponse::new(1))
    }
}

#[tokio::test]
async fn one_handler_may_respond_to_all_requests_and_send_requests_itself() {
    let response = Arc::new(OnceLock::new());
    let handler = RecordingHandler {
        response: Arc::clone(&response),
    };
    let (_codex, mut fake) = FakeServer::start_with(Codex::builder().handler(handler)).await;
    fake.send_request(1, COMMAND, &json!({})).await;
    fake.respond("account/read", json!({"requiresOpenaiAuth": true}))
        .await;
    assert_eq!(
        fake.receive().await["result"],
        json!({"decision": "accept"})
    );
    assert_eq!(response.get().map(String::as_str), Some("true"));
    let time = fake.request(2, "currentTime/read", &json!({})).await;
    assert_eq!(time["result"], json!({"currentTimeAt": 1}));
    // The handler does not implement this method.
    let question = json!({"questions": [], "isBlocking": true});
    let input = fake
        .request(3, "item/tool/requestUserInput", &question)
        .await;
    assert_eq!(input["result"], json!({"answers": {}}));
}

#[tokio::test]
async fn a_handler_does_not_keep_the_connection_open() {
    let (called, is_called) = oneshot::channel();
    let called = Mutex::new(Some(called));
    let builder = Codex::builder().on_approval(move |_| {
        called.lock().unwrap().take().unwrap().send(()).unwrap();
        pending::<Decision>()
    });
    let (codex, mut fake) = FakeServer::start_with(builder).await;
    fake.send_request(1, COMMAND, &json!({})).await;
    is_called.await.unwrap();
    let mut events = codex.notifications();
    drop(codex);
    assert!(events.next().await.is_none());
    fake.receive_end().await;
}

#[tokio::test]
async fn a_running_handler_does_not_delay_closing_and_is_dropped() {
    let (called, is_called) = oneshot::channel();
    let called = Mutex::new(Some(called));
    let (dropped, gone) = oneshot::channel::<()>();
    let dropped = Mutex::new(Some(dropped));
    let builder = Codex::builder().handler_timeout(Duration::MAX);
    let builder = builder.on_approval(move |_| {
        called.lock().unwrap().take().unwrap().send(()).unwrap();
        let held = dropped.lock().unwrap().take();
        async move {
            let _held = held;
            pending::<Decision>().await
        }
    });
    let (codex, mut fake) = FakeServer::start_with(builder).await;
    fake.send_request(1, COMMAND, &json!({})).await;
    is_called.await.unwrap();
    codex.close().await.unwrap();
    gone.await.unwrap_err();
    fake.receive_end().await;
}

#[tokio::test]
async fn the_end_of_a_turn_resolves_its_requests() {
    let (codex, mut fake) = FakeServer::start().await;
    let mut inbox = codex.server_requests();
    fake.round_trip(&codex).await;
    fake.send_request(
        1,
        "item/tool/call",
        &json!({"callId": "c", "tool": "x", "arguments": {}}),
    )
    .await;
    let pending = inbox.next().await.unwrap();
    fake.complete_turn("u", "interrupted").await;
    pending.resolved().await;
    let response = pending.respond(Decision::Decline);
    assert!(
        matches!(response, Err(Error::InvalidInput(_))),
        "{response:?}"
    );
    assert!(matches!(pending.decline(), Err(Error::Resolved { .. })));
    let completed = codex.notifications().next().await;
    assert!(matches!(
        completed,
        Some(Ok(ServerNotification::TurnCompleted(_)))
    ));
}
