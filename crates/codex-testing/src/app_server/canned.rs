//! The responses of a fake without a script: those of a minimal app-server.

use serde_json::{Value, json};

use super::{client_message::ClientMessage, messages::initialize_result, reply::Reply};
use crate::binary::VERSION;

/// Returns the response to a request, unless the fake knows no response. `next_id` counts threads
/// and logins.
pub(super) fn canned_reply(
    request: &ClientMessage,
    mut next_id: impl FnMut() -> u64,
) -> Option<Reply> {
    let params = request.params();
    let result = match request.method()? {
        "initialize" => initialize_result(),
        "thread/start" | "thread/fork" => thread(&format!("thread-{}", next_id()), params),
        "thread/resume" => thread(params["threadId"].as_str().unwrap_or_default(), params),
        "thread/unsubscribe" => json!({"status": "unsubscribed"}),
        "turn/steer" => json!({"turnId": params["expectedTurnId"]}),
        "account/read" => json!({"account": null, "requiresOpenaiAuth": false}),
        "account/login/start" => return Some(login(params, next_id())),
        "account/login/cancel" => {
            let completed = json!({"loginId": params["loginId"], "success": false, "error": null});
            return Some(
                Reply::new(json!({"status": "canceled"}))
                    .then_notify("account/login/completed", completed),
            );
        }
        "command/exec" => json!({"exitCode": 0, "stdout": "", "stderr": ""}),
        "model/list" | "thread/list" => json!({"data": [], "nextCursor": null}),
        "account/logout"
        | "command/exec/terminate"
        | "command/exec/write"
        | "thread/archive"
        | "thread/delete"
        | "thread/name/set"
        | "turn/interrupt" => json!({}),
        _ => return None,
    };
    Some(Reply::new(result))
}

/// Returns the result of `thread/start`, with the members that its schema requires.
fn thread(id: &str, params: &Value) -> Value {
    let cwd = params["cwd"].as_str().unwrap_or("/fake/workspace");
    let model = params["model"].as_str().unwrap_or("fake-model");
    json!({
        "thread": {
            "id": id, "sessionId": id, "preview": "", "ephemeral": false, "projectId": null,
            "modelProvider": "fake", "createdAt": 1, "updatedAt": 1, "status": {"type": "idle"},
            "cwd": cwd, "cliVersion": VERSION, "source": "appServer", "turns": [],
        },
        "model": model, "modelProvider": "fake", "cwd": cwd, "approvalPolicy": "never",
        "approvalsReviewer": "user", "sandbox": {"type": "readOnly", "networkAccess": false},
    })
}

/// Returns a response to `account/login/start`. An API key is accepted at once; the other attempts
/// stay open until the test sends `account/login/completed` or the client cancels them.
fn login(params: &Value, number: u64) -> Reply {
    let id = format!("login-{number}");
    match params["type"].as_str() {
        Some("chatgpt") => Reply::new(json!({
            "type": "chatgpt", "loginId": id, "authUrl": format!("https://login.invalid/{id}"),
        })),
        Some("chatgptDeviceCode") => Reply::new(json!({
            "type": "chatgptDeviceCode", "loginId": id,
            "verificationUrl": "https://login.invalid/device", "userCode": "FAKE-CODE",
        })),
        kind => Reply::new(json!({"type": kind.unwrap_or("apiKey")})).then_notify(
            "account/login/completed",
            json!({"loginId": null, "success": true, "error": null}),
        ),
    }
}
