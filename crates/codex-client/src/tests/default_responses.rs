//! Default responses to server requests that have no handler.

use codex_types::{ServerRequest, rpc::RequestId};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::tests::FakeServer;

/// Sends a server request and returns the response, decoded as its type.
async fn default_response<T: DeserializeOwned>(fake: &mut FakeServer, method: &str) -> T {
    let id = format!("call {method}");
    fake.send(&json!({"id": id, "method": method, "params": {"threadId": "t"}}))
        .await;
    let response = fake.receive().await;
    assert_eq!(response["id"], id);
    serde_json::from_value(response["result"].clone())
        .unwrap_or_else(|error| panic!("{response}: {error}"))
}

#[tokio::test]
async fn every_default_response_matches_its_type_and_accepts_nothing() {
    use codex_types::*;

    let (_codex, mut fake) = FakeServer::start().await;
    let fake = &mut fake;
    let command: CommandExecutionRequestApprovalResponse =
        default_response(fake, "item/commandExecution/requestApproval").await;
    assert_eq!(command.decision, CommandExecutionApprovalDecision::Decline);
    let change: FileChangeRequestApprovalResponse =
        default_response(fake, "item/fileChange/requestApproval").await;
    assert_eq!(change.decision, FileChangeApprovalDecision::Decline);
    let permissions: PermissionsRequestApprovalResponse =
        default_response(fake, "item/permissions/requestApproval").await;
    assert!(permissions.permissions.network.is_none());
    assert!(permissions.permissions.file_system.is_none());
    let elicitation: McpServerElicitationRequestResponse =
        default_response(fake, "mcpServer/elicitation/request").await;
    assert_eq!(elicitation.action, McpServerElicitationAction::Decline);
    let tool: DynamicToolCallResponse = default_response(fake, "item/tool/call").await;
    assert!(!tool.success && tool.content_items.len() == 1);
    let input: ToolRequestUserInputResponse =
        default_response(fake, "item/tool/requestUserInput").await;
    assert!(input.answers.is_empty());
    let time: CurrentTimeReadResponse = default_response(fake, "currentTime/read").await;
    assert!(time.current_time_at > 1_700_000_000);
    let legacy: ExecCommandApprovalResponse = default_response(fake, "execCommandApproval").await;
    assert!(matches!(legacy.decision, ReviewDecision::Denied { .. }));
    let legacy: ApplyPatchApprovalResponse = default_response(fake, "applyPatchApproval").await;
    assert!(matches!(legacy.decision, ReviewDecision::Denied { .. }));
}

#[tokio::test]
async fn every_known_method_gets_a_response_and_unknown_ones_are_rejected() {
    let (_codex, mut fake) = FakeServer::start().await;
    for (number, method) in (0_i64..).zip(ServerRequest::METHODS) {
        fake.send(&json!({"id": number, "method": method, "params": {}}))
            .await;
        let response = fake.receive().await;
        assert_eq!(response["id"], number);
        assert_ne!(response["error"]["code"], -32601, "{method}");
    }
    fake.send(&json!({"id": 99, "method": "future/ask"})).await;
    let response: Value = fake.receive().await;
    assert_eq!(response["error"]["code"], -32601);
    assert_eq!(
        serde_json::from_value::<RequestId>(response["id"].clone()).unwrap(),
        99.into()
    );
}
