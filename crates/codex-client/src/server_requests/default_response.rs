//! Default responses to requests from the server that are declined or not handled.
//!
//! The server waits for a response, so every request gets one. Requests for approval or input are
//! declined, in the form that the method requires. Requests that only the program could fulfill get
//! an error. No default response accepts anything.

use std::time::{SystemTime, UNIX_EPOCH};

use codex_types::rpc::{JsonRpcError, error_code};
use serde_json::{Value, json};

/// The reason, for the model or the server's log.
const REASON: &str = "the client has no response to this request";

/// Returns the default response for a method. A result is returned as JSON.
pub(crate) fn default_response(method: &str) -> Result<Vec<u8>, JsonRpcError> {
    result(method).map(|result| result.to_string().into_bytes())
}

fn result(method: &str) -> Result<Value, JsonRpcError> {
    Ok(match method {
        "item/commandExecution/requestApproval" | "item/fileChange/requestApproval" => {
            json!({"decision": "decline"})
        }
        "execCommandApproval" | "applyPatchApproval" => {
            json!({"decision": {"denied": {"rejection": REASON}}})
        }
        // Permissions that are not granted are denied.
        "item/permissions/requestApproval" => json!({"permissions": {}}),
        "mcpServer/elicitation/request" => json!({"action": "decline", "content": null}),
        "item/tool/call" => json!({
            "contentItems": [{"type": "inputText", "text": REASON}],
            "success": false,
        }),
        "item/tool/requestUserInput" => json!({"answers": {}}),
        "currentTime/read" => json!({"currentTimeAt": seconds_since_epoch()}),
        "account/chatgptAuthTokens/refresh" | "attestation/generate" => {
            return Err(JsonRpcError::new(error_code::INTERNAL_ERROR, REASON));
        }
        _ => {
            let message = format!("unknown method `{method}`");
            return Err(JsonRpcError::new(error_code::METHOD_NOT_FOUND, message));
        }
    })
}

fn seconds_since_epoch() -> u64 {
    // A clock before 1970 counts as 1970.
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_method_gets_the_error_method_not_found() {
        let error = default_response("item/future/request").unwrap_err();
        assert_eq!(error.code, error_code::METHOD_NOT_FOUND);
        assert!(error.message.contains("item/future/request"));
    }

    #[test]
    fn no_default_response_accepts_anything() {
        for method in [
            "item/commandExecution/requestApproval",
            "item/fileChange/requestApproval",
            "execCommandApproval",
            "applyPatchApproval",
            "item/permissions/requestApproval",
            "mcpServer/elicitation/request",
            "item/tool/call",
        ] {
            let response = String::from_utf8(default_response(method).unwrap()).unwrap();
            assert!(
                !response.contains("accept") && !response.contains("approved"),
                "{response}"
            );
        }
    }
}
