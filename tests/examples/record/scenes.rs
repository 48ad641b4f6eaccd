//! The scenes: turns, approvals, the lifecycle of threads, reads, files and processes.

use codex_testing::{Item, ModelResponse, Usage};
use serde_json::{Value, json};

use crate::recorder::{Played, Recorder};

/// A scene and the name of its file.
pub(crate) struct Scene {
    pub(crate) file: &'static str,
    /// Lines to add to `config.toml`.
    pub(crate) config: &'static str,
    /// Whether the client has the experimental capability.
    pub(crate) experimental: bool,
    pub(crate) play: fn(&mut Recorder) -> Played,
}

pub(crate) const SCENES: &[Scene] = &[
    Scene {
        file: "turns.jsonl",
        config: "",
        experimental: true,
        play: turns,
    },
    Scene {
        file: "approvals.jsonl",
        config: "",
        experimental: true,
        play: approvals,
    },
    Scene {
        file: "threads.jsonl",
        config: "",
        experimental: true,
        play: threads,
    },
    Scene {
        file: "reads.jsonl",
        config: "",
        experimental: true,
        play: reads,
    },
    Scene {
        file: "files.jsonl",
        config: "",
        experimental: true,
        play: files,
    },
    Scene {
        file: "stable.jsonl",
        config: "",
        experimental: false,
        play: stable,
    },
];

/// Text, reasoning, a plan, commands, failures, a steer and an interrupt.
fn turns(recorder: &mut Recorder) -> Played {
    let thread = recorder.thread(json!({
        "approvalPolicy": "never", "sandbox": "danger-full-access", "model": "gpt-5.5",
    }))?;
    let usage = Usage::new(700, 30).cached(600).reasoning(10);
    recorder
        .model
        .push(ModelResponse::deltas(["Hel", "lo, ", "wörld 🦀"]).usage(usage));
    recorder.run(&thread, "Say hello.")?;

    let plan = json!({ "explanation": "In two steps.", "plan": [
        { "step": "Look", "status": "completed" }, { "step": "Leap", "status": "in_progress" },
        { "step": "Land", "status": "pending" },
    ] });
    let items = [
        Item::reasoning("A plan is needed."),
        Item::function_call("update_plan", plan),
    ];
    recorder.model.push(ModelResponse::items(items));
    let shell = json!({ "cmd": "echo out && echo err >&2 && ls" });
    recorder.model.push(ModelResponse::items([
        Item::text("I will run it."),
        Item::function_call("exec_command", shell),
    ]));
    let fails = json!({ "cmd": "exit 3" });
    recorder
        .model
        .push(ModelResponse::function_call("exec_command", fails));
    recorder
        .model
        .push(ModelResponse::function_call("no_such_tool", json!({})));
    recorder.model.push("It is done.");
    recorder.run(&thread, "Work.")?;

    recorder
        .model
        .push(ModelResponse::http_error(500, "broken"));
    recorder.run(&thread, "Fail.")?;
    recorder
        .model
        .push(ModelResponse::http_error(400, "your fault"));
    recorder.run(&thread, "Fail again.")?;
    recorder
        .model
        .push(ModelResponse::http_error(429, "too many"));
    recorder.run(&thread, "Fail once more.")?;
    recorder
        .model
        .push(ModelResponse::text("half of").then_fail("server_is_overloaded", "busy"));
    recorder.run(&thread, "Fail in the middle.")?;
    let code = "context_length_exceeded";
    recorder
        .model
        .push(ModelResponse::failure(code, "too long"));
    recorder.run(&thread, "Say too much.")?;

    let fresh = recorder.thread(json!({ "approvalPolicy": "never", "sandbox": "read-only" }))?;
    let gate = recorder.model.push_gated("Never heard.");
    recorder.model.push("Steered.");
    let turn = recorder.turn(&fresh, "Wait.")?;
    gate.blocking_reached()?;
    let input = json!([{ "type": "text", "text": "Only the lexer." }]);
    let steer = json!({ "threadId": fresh, "expectedTurnId": turn, "input": input });
    recorder.call("turn/steer", steer)?;
    gate.open();
    recorder.ended(&turn)?;
    let gate = recorder.model.push_gated("Never heard.");
    let turn = recorder.turn(&fresh, "Wait again.")?;
    gate.blocking_reached()?;
    recorder.call(
        "turn/interrupt",
        json!({ "threadId": fresh, "turnId": turn }),
    )?;
    recorder.ended(&turn)?;
    gate.open();

    recorder.model.push("Compacted.");
    recorder.call("thread/compact/start", json!({ "threadId": fresh }))?;
    recorder.notified("turn/completed")?;
    recorder.model.push("{\"findings\":[],\"overall_correctness\":\"patch is correct\",\"overall_explanation\":\"Fine.\",\"overall_confidence_score\":0.9}");
    let target = json!({ "type": "custom", "instructions": "Look at it." });
    let review = recorder.call(
        "review/start",
        json!({ "threadId": fresh, "target": target }),
    )?;
    recorder.ended(&review["turn"]["id"])
}

const ADD: &str = "*** Begin Patch\n*** Add File: made.txt\n+one\n+two\n*** End Patch\n";
const UPDATE: &str =
    "*** Begin Patch\n*** Update File: made.txt\n@@\n-one\n+three\n two\n*** End Patch\n";

/// Commands, file changes and the client's tools, accepted and declined.
fn approvals(recorder: &mut Recorder) -> Played {
    let tool = json!({
        "type": "function", "name": "lookup_ticket", "description": "Fetch a ticket by id.",
        "inputSchema": { "type": "object", "properties": { "id": { "type": "string" } } },
    });
    let thread = recorder.thread(json!({
        "approvalPolicy": "on-request", "sandbox": "read-only", "model": "gpt-5.5",
        "dynamicTools": [tool],
    }))?;
    for decision in ["decline", "accept", "acceptForSession", "cancel"] {
        let call = json!({
            "cmd": format!("touch {decision}.txt"), "sandbox_permissions": "require_escalated",
            "justification": "May I make a file?",
        });
        recorder
            .model
            .push(ModelResponse::function_call("exec_command", call));
        if decision != "cancel" {
            recorder.model.push("As you wish.");
        }
        recorder.respond_with([json!({ "decision": decision })]);
        recorder.run(&thread, "Make a file.")?;
    }
    for (patch, decision) in [
        (ADD, "decline"),
        (ADD, "accept"),
        (UPDATE, "acceptForSession"),
    ] {
        recorder
            .model
            .push(ModelResponse::custom_tool_call("apply_patch", patch));
        recorder.model.push("As you wish.");
        recorder.respond_with([json!({ "decision": decision })]);
        recorder.run(&thread, "Change a file.")?;
    }
    let content = json!([{ "type": "inputText", "text": "Ticket 7 is open." }]);
    recorder.respond_with([json!({ "success": true, "contentItems": content })]);
    let arguments = json!({ "id": "7" });
    recorder.model.push(ModelResponse::function_call(
        "lookup_ticket",
        arguments.clone(),
    ));
    recorder.model.push("It is open.");
    recorder.run(&thread, "Is ticket 7 open?")?;
    // The response to this request is malformed on purpose.
    recorder
        .model
        .push(ModelResponse::function_call("lookup_ticket", arguments));
    recorder.model.push("I do not know.");
    recorder.run(&thread, "Is it really?")
}

/// The lifecycle of threads: names, lists, reads, forks, archives and goals.
fn threads(recorder: &mut Recorder) -> Played {
    let thread = recorder.thread(json!({
        "approvalPolicy": "never", "sandbox": "read-only", "experimentalRawEvents": true,
    }))?;
    recorder.model.push("First.").push("Second.");
    recorder.run(&thread, "One.")?;
    recorder.run(&thread, "Two.")?;
    let id = |more: Value| {
        let mut params = json!({ "threadId": thread });
        for (name, value) in more.as_object().into_iter().flatten() {
            params[name] = value.clone();
        }
        params
    };
    recorder.call("thread/name/set", id(json!({ "name": "A name" })))?;
    recorder.call("thread/list", json!({ "limit": 5, "sourceKinds": [] }))?;
    recorder.call("thread/loaded/list", json!({}))?;
    recorder.call("thread/read", id(json!({ "includeTurns": true })))?;
    recorder.call("thread/turns/list", id(json!({ "limit": 1 })))?;
    recorder.call("thread/items/list", id(json!({ "limit": 2 })))?;
    recorder.call("thread/search", json!({ "searchTerm": "First" }))?;
    let git = json!({ "branch": "main", "sha": "0".repeat(40), "originUrl": null });
    recorder.call("thread/metadata/update", id(json!({ "gitInfo": git })))?;
    recorder.call(
        "thread/goal/set",
        id(json!({ "objective": "Ship it", "tokenBudget": 1000 })),
    )?;
    recorder.call("thread/goal/get", id(json!({})))?;
    recorder.call("thread/goal/clear", id(json!({})))?;
    recorder.call(
        "thread/settings/update",
        id(json!({ "model": "gpt-5.5", "effort": "high" })),
    )?;
    recorder.call("thread/memoryMode/set", id(json!({ "mode": "disabled" })))?;
    recorder.call("thread/backgroundTerminals/list", id(json!({})))?;
    let said = json!({ "type": "message", "role": "user",
        "content": [{ "type": "input_text", "text": "By the way." }] });
    recorder.call("thread/inject_items", id(json!({ "items": [said] })))?;
    recorder.call(
        "thread/shellCommand",
        id(json!({ "command": "echo of the user" })),
    )?;
    recorder.notified("turn/completed")?;
    let fork = recorder.call("thread/fork", id(json!({})))?;
    let fork = fork["thread"]["id"].clone();
    recorder.call("thread/archive", json!({ "threadId": fork }))?;
    recorder.call("thread/unarchive", json!({ "threadId": fork }))?;
    recorder.call("thread/unsubscribe", id(json!({})))?;
    recorder.call("thread/resume", id(json!({})))?;
    recorder.call("thread/delete", json!({ "threadId": fork }))?;
    recorder.call("thread/read", json!({ "threadId": "no-such-thread" }))?;
    Ok(())
}

/// Requests that read the state of the server.
fn reads(recorder: &mut Recorder) -> Played {
    let cwds = json!({ "cwds": [recorder.path("")] });
    for (method, params) in [
        ("account/read", json!({ "refreshToken": false })),
        ("account/rateLimits/read", Value::Null),
        ("account/logout", Value::Null),
        ("getAuthStatus", json!({ "includeToken": false })),
        ("model/list", json!({ "includeHidden": true })),
        ("modelProvider/capabilities/read", json!({})),
        ("config/read", json!({ "includeLayers": true })),
        ("configRequirements/read", Value::Null),
        (
            "config/value/write",
            json!({ "keyPath": "model", "value": "gpt-5.5", "mergeStrategy": "replace" }),
        ),
        (
            "config/batchWrite",
            json!({ "edits": [{ "keyPath": "personality", "value": "none", "mergeStrategy": "upsert" }] }),
        ),
        ("config/mcpServer/reload", Value::Null),
        ("mcpServerStatus/list", json!({})),
        ("collaborationMode/list", json!({})),
        ("permissionProfile/list", json!({})),
        ("experimentalFeature/list", json!({})),
        (
            "experimentalFeature/enablement/set",
            json!({ "enablement": { "apps": false } }),
        ),
        ("skills/list", cwds.clone()),
        ("hooks/list", cwds.clone()),
        ("plugin/installed", json!({})),
        (
            "externalAgentConfig/detect",
            json!({ "includeHome": false }),
        ),
        ("windowsSandbox/readiness", Value::Null),
        ("thread/realtime/listVoices", json!({})),
        ("memory/reset", Value::Null),
        ("server/diagnostics", json!({})),
    ] {
        recorder.call(method, params)?;
    }
    Ok(())
}

/// Files and processes without a thread.
fn files(recorder: &mut Recorder) -> Played {
    let (directory, file, copy) = (
        recorder.path("d/e"),
        recorder.path("d/f.txt"),
        recorder.path("d/g.txt"),
    );
    let free = json!({ "type": "dangerFullAccess" });
    for (method, params) in [
        (
            "fs/createDirectory",
            json!({ "path": directory, "recursive": true }),
        ),
        (
            "fs/watch",
            json!({ "path": recorder.path("d"), "watchId": "w1" }),
        ),
        (
            "fs/writeFile",
            json!({ "path": file, "dataBase64": "aGVsbG8=" }),
        ),
        ("fs/readFile", json!({ "path": file })),
        ("fs/getMetadata", json!({ "path": file })),
        ("fs/readDirectory", json!({ "path": recorder.path("d") })),
        (
            "fs/copy",
            json!({ "sourcePath": file, "destinationPath": copy }),
        ),
        ("fs/remove", json!({ "path": copy })),
        ("fs/readFile", json!({ "path": copy })),
        ("fs/unwatch", json!({ "watchId": "w1" })),
        (
            "command/exec",
            json!({ "command": ["echo", "hi"], "sandboxPolicy": free }),
        ),
        (
            "command/exec",
            json!({ "command": ["sh", "-c", "echo e >&2; exit 4"], "sandboxPolicy": free }),
        ),
        (
            "command/exec",
            json!({ "command": ["sh", "-c", "echo $A"], "env": { "A": "b", "PS1": null }, "streamStdoutStderr": true, "processId": "p1", "sandboxPolicy": free }),
        ),
        (
            "process/spawn",
            json!({ "command": ["sh", "-c", "cat; echo end >&2"], "cwd": recorder.path(""), "processHandle": "h1", "streamStdin": true, "streamStdoutStderr": true }),
        ),
        (
            "process/writeStdin",
            json!({ "processHandle": "h1", "deltaBase64": "enoK", "closeStdin": true }),
        ),
        (
            "fuzzyFileSearch",
            json!({ "query": "f", "roots": [recorder.path("")] }),
        ),
    ] {
        recorder.call(method, params)?;
    }
    recorder.notified("process/exited")?;
    Ok(())
}

/// A client without the experimental capability.
fn stable(recorder: &mut Recorder) -> Played {
    let thread =
        recorder.thread(json!({ "approvalPolicy": "never", "sandbox": "workspace-write" }))?;
    recorder.model.push(ModelResponse::items([
        Item::reasoning("Easy."),
        Item::text("Hello."),
    ]));
    recorder.run(&thread, "Say hello.")?;
    recorder.call("thread/goal/get", json!({ "threadId": thread }))?;
    recorder.call(
        "thread/memoryMode/set",
        json!({ "threadId": thread, "mode": "disabled" }),
    )?;
    recorder.call(
        "thread/read",
        json!({ "threadId": thread, "includeTurns": true }),
    )?;
    Ok(())
}
