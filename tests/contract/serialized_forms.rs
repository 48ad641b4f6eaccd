//! The JSON forms of results, requests and errors, which programs store and pass to windows.

use codex_client::{
    ApprovalMode, ApprovalRequest, CloseReason, Decision, DetachReason, Error, ExecChunk,
    ExecOutput, GoalResult, Input, RpcError, RpcErrorKind, Sandbox, TurnResult, TypedResult,
    config::ThreadSettings, schemars::JsonSchema, types::ReasoningEffort, version::VersionPolicy,
};
use codex_tests::json_schema::Schemas;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// Asserts that a form matches the JSON Schemas of its type.
fn assert_has_schema<T: JsonSchema>(form: &Value) {
    for mut schemas in [Schemas::of_written(), Schemas::of_read()] {
        let schema = schemas.of::<T>();
        assert_eq!(schemas.fault(&schema, form), None);
        assert!(schemas.fault(&schema, &json!(7.5)).is_some());
    }
}

/// Reads a value from JSON and writes it again. The text is read as well, because it is not
/// buffered.
fn round_trip<T>(form: &Value) -> T
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug + JsonSchema,
{
    assert_has_schema::<T>(form);
    let value: T = serde_json::from_value(form.clone()).unwrap();
    assert_eq!(serde_json::to_value(&value).unwrap(), *form);
    let text = serde_json::to_string(&value).unwrap();
    assert_eq!(serde_json::from_str::<T>(&text).unwrap(), value);
    value
}

fn tokens(total: u64) -> Value {
    json!({
        "input": total, "cachedInput": 0, "cacheWriteInput": 0, "output": 0, "reasoningOutput": 0,
        "total": total,
    })
}

fn sub_agent() -> Value {
    json!({
        "threadId": "agent", "parentThreadId": "t", "role": "counter", "nickname": "Abacus",
        "path": "/root/count", "model": "m", "turnId": "v", "status": "completed",
        "prompt": "Count.", "message": "Three.", "tokens": tokens(5),
    })
}

fn turn_result() -> Value {
    json!({
        "id": "u",
        "status": "failed",
        "error": {"message": "slow down. Please try again in 2s.", "codexErrorInfo": "serverOverloaded"},
        "lastError": null,
        "startedAt": 1_764_000_000,
        "completedAt": 1_764_000_002,
        "durationMs": 2000,
        "finalResponse": "Hello.",
        "items": [{"type": "agentMessage", "id": "i", "text": "Hello."}],
        "tokens": tokens(10),
        "agents": [sub_agent()],
        "usage": null,
        "unreadable": [{
            "method": "item/completed", "reason": "missing field `id`", "offset": 7, "size": 90,
        }],
    })
}

#[test]
fn the_result_of_a_turn_has_the_names_and_values_of_the_protocol() {
    let result: TurnResult = round_trip(&turn_result());
    assert_eq!(result.final_response.as_deref(), Some("Hello."));
    assert_eq!(result.unreadable[0].raw_text(), None);
    assert_eq!(result.tokens_with_agents().total, 15);
    let typed = json!({"value": 7, "result": turn_result()});
    assert_eq!(round_trip::<TypedResult<u32>>(&typed).value, 7);
    let goal = json!({"goal": null, "turns": [turn_result()]});
    let goal = round_trip::<GoalResult>(&goal);
    assert_eq!(goal.tokens().total, 10);
    assert_eq!(goal.tokens_with_agents().total, 15);
}

#[test]
fn the_output_of_a_process_is_text_and_that_of_a_chunk_is_base64() {
    let output: ExecOutput = round_trip(&json!({
        "exitCode": 1, "stdout": "out", "stderr": "err",
        "stdoutCapReached": true, "stderrCapReached": false,
    }));
    assert_eq!(output.stdout, b"out");
    let mut invalid = output;
    invalid.stdout = b"a\xFFb".to_vec();
    assert_eq!(
        serde_json::to_value(invalid).unwrap()["stdout"],
        "a\u{FFFD}b"
    );
    let chunk: ExecChunk = round_trip(&json!({
        "stream": "stderr", "deltaBase64": "Yf8=", "capReached": false,
    }));
    assert_eq!(chunk.bytes, b"a\xFF");
}

#[test]
fn an_approval_request_has_the_params_of_the_protocol() {
    let request: ApprovalRequest = round_trip(&json!({
        "type": "command",
        "params": {
            "threadId": "t", "turnId": "u", "itemId": "i", "kind": "command", "startedAtMs": 0,
            "command": "ls",
        },
    }));
    assert_eq!(request.item_id(), "i");
    let change = json!({"path": "a", "kind": {"type": "add"}, "diff": "+a"});
    let params = json!({"threadId": "t", "turnId": "u", "itemId": "i", "startedAtMs": 0});
    let mut with_changes = params.clone();
    with_changes["changes"] = json!([change]);
    for params in [params, with_changes] {
        let has_changes = params.get("changes").is_some();
        let request = round_trip(&json!({"type": "fileChange", "params": params}));
        let ApprovalRequest::FileChange(request) = request else {
            panic!("{request:?}")
        };
        assert_eq!(request.changes.is_some(), has_changes);
    }
}

#[test]
fn a_decision_is_a_name_or_an_object_with_one_key() {
    let forms = [
        json!("accept"),
        json!("acceptForSession"),
        json!("decline"),
        json!("cancel"),
        json!({"acceptWithExecpolicyAmendment": ["cargo", "test"]}),
        json!({"applyNetworkPolicyAmendment": {"action": "allow", "host": "example.com"}}),
        json!({"grant": {"permissions": {"network": {"enabled": true}}, "scope": "turn"}}),
    ];
    for form in forms {
        round_trip::<Decision>(&form);
    }
    assert!(serde_json::from_value::<Decision>(json!("approve")).is_err());
}

#[test]
fn input_is_a_list_of_the_protocol_or_a_text() {
    let list = json!([{"type": "text", "text": "a"}, {"type": "localImage", "path": "b.png"}]);
    let input: Input = round_trip(&list);
    assert_eq!(input, Input::text("a").and(Input::local_image("b.png")));
    let text: Input = serde_json::from_value(json!("a")).unwrap();
    assert_eq!(text, Input::text("a"));
    let error = serde_json::from_value::<Input>(json!(7)).unwrap_err();
    assert_eq!(error.to_string(), "a text or a list of inputs");
}

#[test]
fn presets_kinds_and_reasons_are_names() {
    round_trip::<Sandbox>(&json!("workspace-write"));
    round_trip::<Sandbox>(&json!("danger-full-access"));
    round_trip::<ApprovalMode>(&json!("auto_review"));
    round_trip::<RpcErrorKind>(&json!("threadNotLoaded"));
    round_trip::<VersionPolicy>(&json!("refuse"));
    round_trip::<DetachReason>(&json!("threadClosed"));
    round_trip::<CloseReason>(&json!("endOfStream"));
    round_trip::<CloseReason>(&json!({"io": "broken pipe"}));
    round_trip::<CloseReason>(&json!({"closedByServer": {"code": 1008, "reason": "too slow"}}));
    let effort: ReasoningEffort = "high".parse().unwrap();
    assert_eq!(effort, ReasoningEffort::High);
}

#[test]
fn the_settings_of_a_thread_have_the_names_and_values_of_the_protocol() {
    let settings: ThreadSettings = round_trip(&json!({
        "model": "m", "modelProvider": null, "effort": "low", "summary": null,
        "serviceTier": null, "personality": null, "collaborationMode": null, "cwd": "/a",
        "sandbox": {"type": "dangerFullAccess"}, "approvalPolicy": "never",
        "approvalsReviewer": "user", "permissionProfile": null, "instructionSources": ["/a/b"],
    }));
    assert_eq!(settings.model.as_deref(), Some("m"));
}

#[test]
fn an_error_response_has_the_schema_of_its_form() {
    let form = json!({
        "method": "thread/start", "kind": "methodNotFound", "code": -32601, "message": "no",
        "serverVersion": "0.133.0", "requiredVersion": null,
    });
    assert_has_schema::<RpcError>(&form);
}

#[test]
fn an_error_is_an_object_with_its_kind_and_its_message() {
    let result: TurnResult = serde_json::from_value(turn_result()).unwrap();
    let failed = Error::TurnFailed(Box::new(result));
    let expected = json!({
        "kind": "turnFailed",
        "message": "the turn failed: slow down. Please try again in 2s.",
        "retryable": false,
        "transient": true,
        "retryAfterSeconds": 2.0,
        "result": turn_result(),
    });
    assert_eq!(serde_json::to_value(&failed).unwrap(), expected);
    assert_has_schema::<Error>(&expected);
    let invalid = Error::InvalidInput("no".into());
    let expected = json!({
        "kind": "invalidInput", "message": "no", "retryable": false, "transient": false,
    });
    assert_eq!(serde_json::to_value(&invalid).unwrap(), expected);
}
