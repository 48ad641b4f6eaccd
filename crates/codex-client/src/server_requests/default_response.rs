//! OpenRequests of the server that nobody here has a handler for.
//!
//! The server waits for an answer, so there always is one. What would let the model do something is
//! declined, in the shape that the method wants; what only the user's program could know is refused
//! with an error. Nothing is ever accepted here.

use std::time::{SystemTime, UNIX_EPOCH};

use codex_types::rpc::{JsonRpcError, error_code};
use serde_json::{Value, json};

/// What is told to the model, or written to the server's log: nobody was there, or whoever was there
/// has failed or declined.
const NOBODY: &str = "the client has no answer to this request";

/// The answer to a request that nobody handles; a result is JSON.
pub(crate) fn default_response(method: &str) -> Result<Vec<u8>, JsonRpcError> {
    safe(method).map(|answer| answer.to_string().into_bytes())
}

fn safe(method: &str) -> Result<Value, JsonRpcError> {
    Ok(match method {
        "item/commandExecution/requestApproval" | "item/fileChange/requestApproval" => {
            json!({"decision": "decline"})
        }
        "execCommandApproval" | "applyPatchApproval" => {
            json!({"decision": {"denied": {"rejection": NOBODY}}})
        }
        // What is not granted is denied.
        "item/permissions/requestApproval" => json!({"permissions": {}}),
        "mcpServer/elicitation/request" => json!({"action": "decline", "content": null}),
        "item/tool/call" => json!({
            "contentItems": [{"type": "inputText", "text": NOBODY}],
            "success": false,
        }),
        // No answer to any of the questions.
        "item/tool/requestUserInput" => json!({"answers": {}}),
        "currentTime/read" => json!({"currentTimeAt": seconds_since_epoch()}),
        "account/chatgptAuthTokens/refresh" | "attestation/generate" => {
            return Err(JsonRpcError::new(error_code::INTERNAL_ERROR, NOBODY));
        }
        _ => {
            let message = format!("unknown method `{method}`");
            return Err(JsonRpcError::new(error_code::METHOD_NOT_FOUND, message));
        }
    })
}

fn seconds_since_epoch() -> u64 {
    // A clock before 1970 is answered with 1970.
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_refused_as_such() {
        let error = default_response("item/future/request").unwrap_err();
        assert_eq!(error.code, error_code::METHOD_NOT_FOUND);
        assert!(error.message.contains("item/future/request"));
    }

    #[test]
    fn nothing_is_accepted() {
        for method in [
            "item/commandExecution/requestApproval",
            "item/fileChange/requestApproval",
            "execCommandApproval",
            "applyPatchApproval",
            "item/permissions/requestApproval",
            "mcpServer/elicitation/request",
            "item/tool/call",
        ] {
            let answer = String::from_utf8(default_response(method).unwrap()).unwrap();
            assert!(
                !answer.contains("accept") && !answer.contains("approved"),
                "{answer}"
            );
        }
    }
}
