//! Sub-agents, which have threads of their own.

use codex_client::{
    Decision, Sandbox,
    types::{AskForApproval, ServerNotification},
};
use codex_testing::{Item, ModelResponse};
use codex_tests::stage::Stage;
use serde_json::json;

#[tokio::test]
async fn the_inbox_of_a_thread_receives_the_approvals_of_its_sub_agents() {
    let stage = Stage::new();
    stage.model.respond_with(|request| {
        let asked = request.last_user_text().unwrap_or_default();
        match (asked.contains("Make a file."), request.last_tool_output()) {
            (true, None) => {
                let call = json!({
                    "cmd": "touch made.txt", "sandbox_permissions": "require_escalated",
                    "justification": "May I make a file?",
                });
                ModelResponse::function_call("exec_command", call)
            }
            (false, None) => {
                let call = Item::function_call("spawn_agent", json!({"message": "Make a file."}));
                ModelResponse::items([call.namespace("multi_agent_v1")])
            }
            (_, Some(_)) => ModelResponse::text("Done."),
        }
    });
    let codex = stage.start().await;
    let thread = codex
        .thread_start()
        .approval_policy(AskForApproval::OnRequest)
        .sandbox(Sandbox::ReadOnly);
    let thread = thread.await.unwrap();
    let mut inbox = thread.server_requests();
    let mut notifications = codex.notifications();
    thread.run("Delegate.").await.unwrap();
    let request = inbox.next().await.unwrap();
    let approval = request.approval().unwrap();
    let agent = approval.thread_id().to_owned();
    assert_ne!(agent, thread.id());
    request.respond(Decision::Accept).unwrap();
    while let Some(event) = notifications.next().await {
        match event.unwrap() {
            ServerNotification::TurnCompleted(done) if done.thread_id == agent => break,
            _ => {}
        }
    }
    assert!(stage.home.workspace().join("made.txt").exists());
    codex.close().await.unwrap();
}
