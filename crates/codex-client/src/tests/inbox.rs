//! The inbox: requests of the server that are held and answered later.

use serde_json::json;

use crate::{
    approvals::{decision::Decision, request::ApprovalRequest},
    client::Codex,
    error::Error,
    server_requests::server_response::ServerResponse,
    tests::Fake,
    types::{RequestId, ToolRequestUserInputResponse},
};

const COMMAND: &str = "item/commandExecution/requestApproval";

#[tokio::test]
async fn a_request_may_be_answered_later_from_any_task_and_only_once() {
    let (codex, mut fake) = Fake::start().await;
    let mut inbox = codex.server_requests();
    fake.answer_account(&codex).await;
    fake.put(1, COMMAND, &json!({"command": "first"})).await;
    fake.put(2, COMMAND, &json!({"command": "second"})).await;
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
async fn what_is_dropped_is_declined_and_so_is_what_nobody_took() {
    let (codex, mut fake) = Fake::start().await;
    let mut inbox = codex.server_requests();
    fake.answer_account(&codex).await;
    fake.put(1, COMMAND, &json!({})).await;
    drop(inbox.next().await);
    assert_eq!(
        fake.receive().await,
        json!({"id": 1, "result": {"decision": "decline"}})
    );
    // The inbox has it before it goes: nothing else is asked meanwhile.
    fake.put(2, COMMAND, &json!({})).await;
    fake.answer_account(&codex).await;
    drop(inbox);
    assert_eq!(
        fake.receive().await,
        json!({"id": 2, "result": {"decision": "decline"}})
    );
    let default_response = fake.ask(3, COMMAND, &json!({})).await;
    assert_eq!(default_response["result"], json!({"decision": "decline"}));
}

impl Fake {
    /// Has a call made and answered: what was said before, on both sides, is done by then.
    pub(super) async fn answer_account(&mut self, codex: &Codex) {
        let answer = self.answer("account/read", json!({"requiresOpenaiAuth": false}));
        let (account, _) = tokio::join!(codex.account().send(), answer);
        account.unwrap();
    }
}

#[tokio::test]
async fn what_the_server_withdraws_wakes_whoever_holds_it_and_is_not_answered() {
    let (codex, mut fake) = Fake::start().await;
    let mut inbox = codex.server_requests();
    fake.answer_account(&codex).await;
    fake.put(1, COMMAND, &json!({})).await;
    let pending = inbox.next().await.unwrap();
    let withdraw = async {
        fake.resolve(1).await;
    };
    tokio::join!(pending.resolved(), withdraw);
    assert!(!pending.is_open());
    assert!(matches!(
        pending.respond(Decision::Accept),
        Err(Error::Resolved { .. })
    ));
    drop(pending);
    // Not even shown, if it is withdrawn before it is taken.
    fake.put(2, COMMAND, &json!({})).await;
    fake.resolve(2).await;
    fake.put(3, COMMAND, &json!({})).await;
    fake.answer_account(&codex).await;
    let pending = inbox.next().await.unwrap();
    assert_eq!(pending.id(), &RequestId::from(3));
    pending.decline().unwrap();
    assert_eq!(fake.receive().await["id"], 3);
}

#[tokio::test]
async fn a_thread_that_the_server_lets_go_of_withdraws_what_was_asked_in_it() {
    let (codex, mut fake) = Fake::start().await;
    let mut inbox = codex.server_requests();
    fake.answer_account(&codex).await;
    for method in ["thread/closed", "thread/archived", "thread/deleted"] {
        // Without a turn, as a question of an MCP server may be.
        let asked = json!({"id": method, "method": "mcpServer/elicitation/request", "params": {
            "threadId": "t", "mode": "url", "serverName": "s", "message": "m",
            "elicitationId": "e", "url": "https://example.com",
        }});
        fake.send(&asked).await;
        let pending = inbox.next().await.unwrap();
        fake.notify(method, json!({"threadId": "other"})).await;
        fake.answer_account(&codex).await;
        assert!(pending.is_open(), "{method}");
        fake.notify(method, json!({"threadId": "t"})).await;
        fake.answer_account(&codex).await;
        assert!(!pending.is_open(), "{method}");
    }
}

#[tokio::test]
async fn a_replayed_request_is_not_shown_twice() {
    let (codex, mut fake) = Fake::start().await;
    let mut inbox = codex.server_requests();
    fake.answer_account(&codex).await;
    fake.put(1, COMMAND, &json!({})).await;
    fake.put(1, COMMAND, &json!({})).await;
    let pending = inbox.next().await.unwrap();
    pending.respond(Decision::Accept).unwrap();
    assert_eq!(fake.receive().await["id"], 1);
    // Once more, by a server that has not seen the answer yet.
    fake.put(1, COMMAND, &json!({})).await;
    fake.put(2, COMMAND, &json!({})).await;
    assert_eq!(inbox.next().await.unwrap().id(), &RequestId::from(2));
    assert_eq!(fake.receive().await["id"], 2);
}

#[tokio::test]
async fn a_thread_has_an_inbox_of_its_own_that_goes_before_handlers() {
    let builder = Codex::builder().on_approval(|_| async { Decision::Cancel });
    let (codex, mut fake) = Fake::start_with(builder).await;
    let call = codex.thread_start();
    let answer = fake.answer("thread/start", crate::tests::thread_started());
    let (thread, _) = tokio::join!(call.send(), answer);
    let thread = thread.unwrap();
    let mut all = codex.server_requests();
    let mut own = thread.server_requests();
    fake.answer_account(&codex).await;
    fake.put(1, COMMAND, &json!({"threadId": thread.id()}))
        .await;
    own.next().await.unwrap().respond(Decision::Accept).unwrap();
    assert_eq!(
        fake.receive().await["result"],
        json!({"decision": "accept"})
    );
    let other = fake
        .ask(2, COMMAND, &json!({"threadId": "sub-agent"}))
        .await;
    assert_eq!(other["result"], json!({"decision": "cancel"}));
    drop(own);
    let handled = fake
        .ask(3, COMMAND, &json!({"threadId": thread.id()}))
        .await;
    assert_eq!(handled["result"], json!({"decision": "cancel"}));
    // What the handler is not for.
    let question = json!({"questions": [], "isBlocking": true, "threadId": thread.id()});
    fake.put(4, "item/tool/requestUserInput", &question).await;
    let pending = all.next().await.unwrap();
    assert!(pending.approval().is_none());
    let answer = ToolRequestUserInputResponse::default().answer("q", "a");
    pending.respond(answer).unwrap();
    let answer = fake.receive().await;
    assert_eq!(
        answer["result"],
        json!({"answers": {"q": {"answers": ["a"]}}})
    );
}

#[tokio::test]
async fn the_inbox_that_was_opened_last_gets_the_requests() {
    let (codex, mut fake) = Fake::start().await;
    let mut first = codex.server_requests();
    let mut second = codex.server_requests();
    fake.answer_account(&codex).await;
    fake.put(1, COMMAND, &json!({})).await;
    second
        .next()
        .await
        .unwrap()
        .respond(Decision::Accept)
        .unwrap();
    fake.receive().await;
    drop(second);
    fake.put(2, COMMAND, &json!({})).await;
    first
        .next()
        .await
        .unwrap()
        .respond(Decision::Accept)
        .unwrap();
    assert_eq!(fake.receive().await["id"], 2);
}

#[tokio::test]
async fn an_answer_that_does_not_fit_leaves_the_request_open() {
    let (codex, mut fake) = Fake::start().await;
    let mut inbox = codex.server_requests();
    fake.answer_account(&codex).await;
    fake.put(1, COMMAND, &json!({})).await;
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
    let answer = fake.receive().await;
    assert_eq!(
        answer["error"],
        json!({"code": -32603, "message": "the user is away"})
    );
}

#[tokio::test]
async fn the_end_of_the_connection_ends_the_inbox_and_resolves_what_is_held() {
    let (codex, mut fake) = Fake::start().await;
    let mut inbox = codex.server_requests();
    fake.answer_account(&codex).await;
    fake.put(1, COMMAND, &json!({})).await;
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
async fn an_approval_offers_what_the_server_lists_and_always_a_no() {
    let (codex, mut fake) = Fake::start().await;
    let mut inbox = codex.server_requests();
    fake.answer_account(&codex).await;
    let amendment = json!({"acceptWithExecpolicyAmendment": {"execpolicy_amendment": ["touch"]}});
    let listed = json!({"availableDecisions": ["accept", amendment, {"future": {}}]});
    fake.put(1, COMMAND, &listed).await;
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
    fake.put(2, COMMAND, &proposed).await;
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
