//! Requests of the server that nobody handles.

use codex_types::{ServerRequest, rpc::RequestId};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::tests::Fake;

/// The answer to a request of the server, as the type that the protocol wants.
async fn answer<T: DeserializeOwned>(fake: &mut Fake, method: &str) -> T {
    let id = format!("call {method}");
    fake.send(&json!({"id": id, "method": method, "params": {"threadId": "t"}}))
        .await;
    let answer = fake.receive().await;
    assert_eq!(answer["id"], id);
    serde_json::from_value(answer["result"].clone())
        .unwrap_or_else(|error| panic!("{answer}: {error}"))
}

#[tokio::test]
async fn every_request_is_answered_in_its_shape_and_nothing_is_accepted() {
    use codex_types::*;

    let (_codex, mut fake) = Fake::start().await;
    let fake = &mut fake;
    let command: CommandExecutionRequestApprovalResponse =
        answer(fake, "item/commandExecution/requestApproval").await;
    assert_eq!(command.decision, CommandExecutionApprovalDecision::Decline);
    let change: FileChangeRequestApprovalResponse =
        answer(fake, "item/fileChange/requestApproval").await;
    assert_eq!(change.decision, FileChangeApprovalDecision::Decline);
    let permissions: PermissionsRequestApprovalResponse =
        answer(fake, "item/permissions/requestApproval").await;
    assert!(permissions.permissions.network.is_none());
    assert!(permissions.permissions.file_system.is_none());
    let elicitation: McpServerElicitationRequestResponse =
        answer(fake, "mcpServer/elicitation/request").await;
    assert_eq!(elicitation.action, McpServerElicitationAction::Decline);
    let tool: DynamicToolCallResponse = answer(fake, "item/tool/call").await;
    assert!(!tool.success && tool.content_items.len() == 1);
    let input: ToolRequestUserInputResponse = answer(fake, "item/tool/requestUserInput").await;
    assert!(input.answers.is_empty());
    let time: CurrentTimeReadResponse = answer(fake, "currentTime/read").await;
    assert!(time.current_time_at > 1_700_000_000);
    let legacy: ExecCommandApprovalResponse = answer(fake, "execCommandApproval").await;
    assert!(matches!(legacy.decision, ReviewDecision::Denied { .. }));
    let legacy: ApplyPatchApprovalResponse = answer(fake, "applyPatchApproval").await;
    assert!(matches!(legacy.decision, ReviewDecision::Denied { .. }));
}

#[tokio::test]
async fn no_method_of_the_protocol_is_left_unanswered_and_unknown_ones_are_refused() {
    let (_codex, mut fake) = Fake::start().await;
    for (number, method) in (0_i64..).zip(ServerRequest::METHODS) {
        fake.send(&json!({"id": number, "method": method, "params": {}}))
            .await;
        let answer = fake.receive().await;
        assert_eq!(answer["id"], number);
        assert_ne!(answer["error"]["code"], -32601, "{method}");
    }
    fake.send(&json!({"id": 99, "method": "future/ask"})).await;
    let answer: Value = fake.receive().await;
    assert_eq!(answer["error"]["code"], -32601);
    assert_eq!(
        serde_json::from_value::<RequestId>(answer["id"].clone()).unwrap(),
        99.into()
    );
}
