//! Handlers of the server's requests: what they are told, and what becomes of their answers.

use std::{
    future::pending,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use codex_types::FileChangeRequestApprovalParams;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::{
    approvals::{decision::Decision, request::ApprovalRequest},
    client::{Codex, WeakCodex},
    error::Error,
    handler::ServerRequestHandler,
    notifications::Notifications,
    server_requests::handler_result::HandlerResult,
    tests::Fake,
    types::{
        AttestationGenerateResponse, ChatgptAuthTokensRefreshResponse, CurrentTimeReadParams,
        CurrentTimeReadResponse, DynamicToolCallResponse, FileChangeRequestApprovalResponse,
        McpServerElicitationRequestResponse, ServerNotification, ToolRequestUserInputResponse,
    },
};

const COMMAND: &str = "item/commandExecution/requestApproval";
const CHANGE: &str = "item/fileChange/requestApproval";
const PERMISSIONS: &str = "item/permissions/requestApproval";

fn params(more: &Value) -> Value {
    let mut params = json!({"threadId": "t", "turnId": "u", "itemId": "i", "startedAtMs": 1});
    let members = more.as_object().unwrap().clone();
    params.as_object_mut().unwrap().extend(members);
    params
}

impl Fake {
    /// Asks, and returns what is answered.
    pub(super) async fn ask(&mut self, id: i64, method: &str, more: &Value) -> Value {
        self.put(id, method, more).await;
        let answer = self.receive().await;
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// Waits until the client has hung up.
    pub(super) async fn receive_end(&mut self) {
        assert!(self.lines.next_line().await.unwrap().is_none());
    }

    /// Asks.
    pub(super) async fn put(&mut self, id: i64, method: &str, more: &Value) {
        let request = json!({"id": id, "method": method, "params": params(more)});
        self.send(&request).await;
    }
}

/// The handler's failure that the client reports.
async fn failure(reports: &mut Notifications) -> String {
    match reports.next().await {
        Some(Err(error @ Error::Handler { .. })) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_approval_handler_decides_on_all_kinds_in_the_shape_of_each() {
    let builder = Codex::builder().on_approval(|request: ApprovalRequest| async move {
        match request.reason() {
            Some("yes") => Decision::Accept,
            Some("always") => Decision::AcceptForSession,
            Some("stop") => Decision::Cancel,
            _ => Decision::Decline,
        }
    });
    let (_codex, mut fake) = Fake::start_with(builder).await;
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
            fake.ask(1, method, &more).await["result"],
            expected,
            "{method} {more}"
        );
        fake.resolve(1).await;
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
            let mut asked = legacy.clone();
            asked["reason"] = reason.into();
            let answer = fake.ask(1, method, &asked).await;
            assert_eq!(answer["result"], json!({"decision": expected}), "{method}");
            fake.resolve(1).await;
        }
    }
    let denied = fake.ask(2, "execCommandApproval", &legacy).await;
    assert!(
        denied["result"]["decision"]["denied"].is_object(),
        "{denied}"
    );
}

impl Fake {
    /// Says that a request is no more.
    pub(super) async fn resolve(&mut self, id: i64) {
        let params = json!({"threadId": "t", "requestId": id});
        self.notify("serverRequest/resolved", params).await;
    }
}

#[tokio::test]
async fn a_file_change_comes_with_what_is_to_be_changed() {
    let (told, changes) = oneshot::channel();
    let told = Mutex::new(Some(told));
    let builder = Codex::builder().on_approval(move |request: ApprovalRequest| {
        if let ApprovalRequest::FileChange(change) = &request {
            let paths = change
                .changes
                .iter()
                .flatten()
                .map(|change| change.path.clone());
            let told = told.lock().unwrap().take().unwrap();
            told.send(paths.collect::<Vec<_>>()).unwrap();
        }
        async { Decision::Decline }
    });
    let (_codex, mut fake) = Fake::start_with(builder).await;
    let change = |path: &str| json!({"path": path, "diff": "+x", "kind": {"type": "add"}});
    for (id, path) in [("i", "ours"), ("other", "theirs")] {
        let item = json!({
            "type": "fileChange", "id": id, "status": "inProgress", "changes": [change(path)],
        });
        let params = json!({"threadId": "t", "turnId": "u", "startedAtMs": 1, "item": item});
        fake.notify("item/started", params).await;
    }
    fake.ask(1, CHANGE, &json!({})).await;
    assert_eq!(changes.await.unwrap(), ["ours"]);
}

#[tokio::test]
async fn each_kind_has_a_typed_handler() {
    let builder = Codex::builder()
        .on_user_input(
            |asked: crate::types::ToolRequestUserInputParams| async move {
                ToolRequestUserInputResponse::default().answer(&asked.questions[0].id, "blue")
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
    let (_codex, mut fake) = Fake::start_with(builder).await;
    let question = json!({"id": "q", "header": "h", "question": "which?"});
    let asked = json!({"questions": [question], "isBlocking": true});
    let form = json!({
        "mode": "form", "serverName": "s", "message": "m",
        "requestedSchema": {"type": "object", "properties": {}},
    });
    for (method, more, expected) in [
        (
            "item/tool/requestUserInput",
            asked,
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
        // What no handler is set for.
        (COMMAND, json!({}), json!({"decision": "decline"})),
    ] {
        assert_eq!(
            fake.ask(1, method, &more).await["result"],
            expected,
            "{method}"
        );
        fake.resolve(1).await;
    }
}

#[tokio::test]
async fn a_handler_that_panics_or_fails_declines_and_is_reported() {
    let builder = Codex::builder().on_approval(|request: ApprovalRequest| async move {
        match request.item_id() {
            "panics" => panic!("out of order"),
            "fails" => Err("no screen"),
            // No answer to a request for a command.
            _ => Ok(Decision::grant(
                codex_types::GrantedPermissionProfile::default(),
            )),
        }
    });
    let (codex, mut fake) = Fake::start_with(builder).await;
    let mut reports = codex.notifications();
    for (id, item, what) in [
        (1, "panics", "panicked: out of order"),
        (2, "fails", "failed: no screen"),
        (3, "is wrong", "is not a valid decision on a command"),
    ] {
        let answer = fake.ask(id, COMMAND, &json!({"itemId": item})).await;
        assert_eq!(answer["result"], json!({"decision": "decline"}));
        let failure = failure(&mut reports).await;
        assert!(
            failure.contains(what) && failure.contains(COMMAND),
            "{failure}"
        );
    }
}

#[tokio::test]
async fn a_handler_that_panics_before_its_future_is_there_declines_too() {
    let panics = |_: ApprovalRequest| -> std::future::Ready<Decision> { panic!("at once") };
    let (codex, mut fake) = Fake::start_with(Codex::builder().on_approval(panics)).await;
    let answer = fake.ask(1, COMMAND, &json!({})).await;
    assert_eq!(answer["result"], json!({"decision": "decline"}));
    assert!(
        failure(&mut codex.notifications())
            .await
            .contains("at once")
    );
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_never_returns_is_given_up_at_its_deadline() {
    let builder = Codex::builder()
        .handler_timeout(Duration::from_secs(30))
        .on_approval(|_| pending::<Decision>());
    let (codex, mut fake) = Fake::start_with(builder).await;
    let answer = fake.ask(1, COMMAND, &json!({})).await;
    assert_eq!(answer["result"], json!({"decision": "decline"}));
    assert!(
        failure(&mut codex.notifications())
            .await
            .contains("took longer than 30 s")
    );
}

#[tokio::test]
async fn a_handler_that_never_returns_keeps_nobody_waiting_and_goes_with_its_request() {
    let (dropped, gone) = oneshot::channel::<()>();
    let dropped = Mutex::new(Some(dropped));
    let builder = Codex::builder().on_approval(move |_| {
        let held = dropped.lock().unwrap().take();
        async move {
            let _held = held;
            pending::<Decision>().await
        }
    });
    let (codex, mut fake) = Fake::start_with(builder).await;
    fake.put(1, COMMAND, &json!({})).await;
    fake.answer_account(&codex).await;
    fake.resolve(1).await;
    gone.await.unwrap_err();
    // No answer was sent for what was withdrawn.
    let answer = fake.ask(2, "no/such/method", &json!({})).await;
    assert_eq!(answer["error"]["code"], -32601);
}

#[tokio::test]
async fn requests_that_cannot_be_understood_are_declined_and_reported() {
    let builder = Codex::builder().on_approval(|_| async { Decision::Accept });
    let (codex, mut fake) = Fake::start_with(builder).await;
    let answer = fake.ask(1, COMMAND, &json!({"startedAtMs": "soon"})).await;
    assert_eq!(answer["result"], json!({"decision": "decline"}));
    match codex.notifications().next().await {
        Some(Err(Error::Decode(malformed))) => {
            let text = malformed.to_string();
            assert!(
                text.contains("startedAtMs") || text.contains("started_at_ms"),
                "{text}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_answer_that_a_handler_cannot_read_is_the_failure_of_the_handler() {
    struct Asks;

    impl ServerRequestHandler for Asks {
        async fn approval(&self, codex: WeakCodex, _: ApprovalRequest) -> HandlerResult<Decision> {
            let codex = codex.upgrade().ok_or("the client is gone")?;
            codex.account().send().await?;
            Ok(Decision::Accept)
        }
    }

    let (codex, mut fake) = Fake::start_with(Codex::builder().handler(Asks)).await;
    fake.put(1, COMMAND, &json!({})).await;
    fake.answer("account/read", json!({"requiresOpenaiAuth": "perhaps"}))
        .await;
    let answer = fake.receive().await;
    assert_eq!(answer["result"], json!({"decision": "decline"}));
    let failure = failure(&mut codex.notifications()).await;
    assert!(
        failure.contains(COMMAND) && failure.contains("account/read"),
        "{failure}"
    );
}

struct TurnReader {
    asked: Arc<OnceLock<String>>,
}

impl ServerRequestHandler for TurnReader {
    async fn approval(&self, codex: WeakCodex, _: ApprovalRequest) -> HandlerResult<Decision> {
        let codex = codex.upgrade().ok_or("the client is gone")?;
        let account = codex.account().send().await?;
        let _ = self.asked.set(format!("{}", account.requires_openai_auth));
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
async fn one_value_may_answer_all_and_call_the_client_meanwhile() {
    let asked = Arc::new(OnceLock::new());
    let reader = TurnReader {
        asked: Arc::clone(&asked),
    };
    let (_codex, mut fake) = Fake::start_with(Codex::builder().handler(reader)).await;
    fake.put(1, COMMAND, &json!({})).await;
    fake.answer("account/read", json!({"requiresOpenaiAuth": true}))
        .await;
    assert_eq!(
        fake.receive().await["result"],
        json!({"decision": "accept"})
    );
    assert_eq!(asked.get().map(String::as_str), Some("true"));
    let time = fake.ask(2, "currentTime/read", &json!({})).await;
    assert_eq!(time["result"], json!({"currentTimeAt": 1}));
    // What it does not implement.
    let question = json!({"questions": [], "isBlocking": true});
    let input = fake.ask(3, "item/tool/requestUserInput", &question).await;
    assert_eq!(input["result"], json!({"answers": {}}));
}

#[tokio::test]
async fn a_handler_does_not_keep_the_server_running() {
    let (asked, is_asked) = oneshot::channel();
    let asked = Mutex::new(Some(asked));
    let builder = Codex::builder().on_approval(move |_| {
        asked.lock().unwrap().take().unwrap().send(()).unwrap();
        pending::<Decision>()
    });
    let (codex, mut fake) = Fake::start_with(builder).await;
    fake.put(1, COMMAND, &json!({})).await;
    is_asked.await.unwrap();
    let mut events = codex.notifications();
    drop(codex);
    assert!(events.next().await.is_none());
    fake.receive_end().await;
}

#[tokio::test]
async fn a_handler_at_work_does_not_hold_up_the_end_and_is_dropped_with_it() {
    let (asked, is_asked) = oneshot::channel();
    let asked = Mutex::new(Some(asked));
    let (dropped, gone) = oneshot::channel::<()>();
    let dropped = Mutex::new(Some(dropped));
    let builder = Codex::builder().handler_timeout(Duration::MAX);
    let builder = builder.on_approval(move |_| {
        asked.lock().unwrap().take().unwrap().send(()).unwrap();
        let held = dropped.lock().unwrap().take();
        async move {
            let _held = held;
            pending::<Decision>().await
        }
    });
    let (codex, mut fake) = Fake::start_with(builder).await;
    fake.put(1, COMMAND, &json!({})).await;
    is_asked.await.unwrap();
    codex.close().await.unwrap();
    gone.await.unwrap_err();
    fake.receive_end().await;
}

#[tokio::test]
async fn the_end_of_a_turn_withdraws_what_it_has_asked() {
    let (codex, mut fake) = Fake::start().await;
    let mut inbox = codex.server_requests();
    fake.answer_account(&codex).await;
    fake.put(
        1,
        "item/tool/call",
        &json!({"callId": "c", "tool": "x", "arguments": {}}),
    )
    .await;
    let pending = inbox.next().await.unwrap();
    fake.complete_turn("u", "interrupted").await;
    pending.resolved().await;
    let answer = pending.respond(Decision::Decline);
    assert!(matches!(answer, Err(Error::InvalidInput(_))), "{answer:?}");
    assert!(matches!(pending.decline(), Err(Error::Resolved { .. })));
    let completed = codex.notifications().next().await;
    assert!(matches!(
        completed,
        Some(Ok(ServerNotification::TurnCompleted(_)))
    ));
}
