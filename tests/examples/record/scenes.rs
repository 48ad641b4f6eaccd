//! The scenes: turns, approvals, the lifecycle of threads, reads, files and processes.

use codex_testing::{Item, ModelResponse, Usage};
use serde_json::{Value, json};

use crate::stage::{Played, Stage};

/// A scene and the name of its file.
pub(crate) struct Scene {
    pub(crate) file: &'static str,
    /// Lines for `config.toml`.
    pub(crate) config: &'static str,
    /// Whether the client has the experimental capability.
    pub(crate) experimental: bool,
    pub(crate) play: fn(&mut Stage) -> Played,
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

/// Texts, reasoning, a plan, commands, failures, a steer and an interrupt.
fn turns(stage: &mut Stage) -> Played {
    let thread = stage.thread(json!({
        "approvalPolicy": "never", "sandbox": "danger-full-access", "model": "gpt-5.5",
    }))?;
    let usage = Usage::new(700, 30).cached(600).reasoning(10);
    stage
        .model
        .push(ModelResponse::deltas(["Hel", "lo, ", "wörld 🦀"]).usage(usage));
    stage.run(&thread, "Say hello.")?;

    let plan = json!({ "explanation": "In two steps.", "plan": [
        { "step": "Look", "status": "completed" }, { "step": "Leap", "status": "in_progress" },
        { "step": "Land", "status": "pending" },
    ] });
    let items = [
        Item::reasoning("A plan is needed."),
        Item::function_call("update_plan", plan),
    ];
    stage.model.push(ModelResponse::items(items));
    let shell = json!({ "cmd": "echo out && echo err >&2 && ls" });
    stage.model.push(ModelResponse::items([
        Item::text("I will run it."),
        Item::function_call("exec_command", shell),
    ]));
    let fails = json!({ "cmd": "exit 3" });
    stage
        .model
        .push(ModelResponse::function_call("exec_command", fails));
    stage
        .model
        .push(ModelResponse::function_call("no_such_tool", json!({})));
    stage.model.push("It is done.");
    stage.run(&thread, "Work.")?;

    stage.model.push(ModelResponse::http_error(500, "broken"));
    stage.run(&thread, "Fail.")?;
    stage
        .model
        .push(ModelResponse::http_error(400, "your fault"));
    stage.run(&thread, "Fail again.")?;
    stage.model.push(ModelResponse::http_error(429, "too many"));
    stage.run(&thread, "Fail once more.")?;
    stage
        .model
        .push(ModelResponse::text("half of").then_fail("server_is_overloaded", "busy"));
    stage.run(&thread, "Fail in the middle.")?;
    let code = "context_length_exceeded";
    stage.model.push(ModelResponse::failure(code, "too long"));
    stage.run(&thread, "Say too much.")?;

    let fresh = stage.thread(json!({ "approvalPolicy": "never", "sandbox": "read-only" }))?;
    let gate = stage.model.push_gated("Never heard.");
    stage.model.push("Steered.");
    let turn = stage.turn(&fresh, "Wait.")?;
    gate.blocking_reached()?;
    let input = json!([{ "type": "text", "text": "Only the lexer." }]);
    let steer = json!({ "threadId": fresh, "expectedTurnId": turn, "input": input });
    stage.call("turn/steer", steer)?;
    gate.open();
    stage.ended(&turn)?;
    let gate = stage.model.push_gated("Never heard.");
    let turn = stage.turn(&fresh, "Wait again.")?;
    gate.blocking_reached()?;
    stage.call(
        "turn/interrupt",
        json!({ "threadId": fresh, "turnId": turn }),
    )?;
    stage.ended(&turn)?;
    gate.open();

    stage.model.push("Compacted.");
    stage.call("thread/compact/start", json!({ "threadId": fresh }))?;
    stage.notified("turn/completed")?;
    stage.model.push("{\"findings\":[],\"overall_correctness\":\"patch is correct\",\"overall_explanation\":\"Fine.\",\"overall_confidence_score\":0.9}");
    let target = json!({ "type": "custom", "instructions": "Look at it." });
    let review = stage.call(
        "review/start",
        json!({ "threadId": fresh, "target": target }),
    )?;
    stage.ended(&review["turn"]["id"])
}

const ADD: &str = "*** Begin Patch\n*** Add File: made.txt\n+one\n+two\n*** End Patch\n";
const UPDATE: &str =
    "*** Begin Patch\n*** Update File: made.txt\n@@\n-one\n+three\n two\n*** End Patch\n";

/// Commands, file changes and tools of the client, accepted and declined.
fn approvals(stage: &mut Stage) -> Played {
    let tool = json!({
        "type": "function", "name": "lookup_ticket", "description": "Fetch a ticket by id.",
        "inputSchema": { "type": "object", "properties": { "id": { "type": "string" } } },
    });
    let thread = stage.thread(json!({
        "approvalPolicy": "on-request", "sandbox": "read-only", "model": "gpt-5.5",
        "dynamicTools": [tool],
    }))?;
    for decision in ["decline", "accept", "acceptForSession", "cancel"] {
        let call = json!({
            "cmd": format!("touch {decision}.txt"), "sandbox_permissions": "require_escalated",
            "justification": "May I make a file?",
        });
        stage
            .model
            .push(ModelResponse::function_call("exec_command", call));
        if decision != "cancel" {
            stage.model.push("As you wish.");
        }
        stage.respond_with([json!({ "decision": decision })]);
        stage.run(&thread, "Make a file.")?;
    }
    for (patch, decision) in [
        (ADD, "decline"),
        (ADD, "accept"),
        (UPDATE, "acceptForSession"),
    ] {
        stage
            .model
            .push(ModelResponse::custom_tool_call("apply_patch", patch));
        stage.model.push("As you wish.");
        stage.respond_with([json!({ "decision": decision })]);
        stage.run(&thread, "Change a file.")?;
    }
    let content = json!([{ "type": "inputText", "text": "Ticket 7 is open." }]);
    stage.respond_with([json!({ "success": true, "contentItems": content })]);
    let arguments = json!({ "id": "7" });
    stage.model.push(ModelResponse::function_call(
        "lookup_ticket",
        arguments.clone(),
    ));
    stage.model.push("It is open.");
    stage.run(&thread, "Is ticket 7 open?")?;
    // The response to this request is malformed on purpose.
    stage
        .model
        .push(ModelResponse::function_call("lookup_ticket", arguments));
    stage.model.push("I do not know.");
    stage.run(&thread, "Is it really?")
}

/// The lifecycle of threads: names, lists, reads, forks, archives, goals.
fn threads(stage: &mut Stage) -> Played {
    let thread = stage.thread(json!({
        "approvalPolicy": "never", "sandbox": "read-only", "experimentalRawEvents": true,
    }))?;
    stage.model.push("First.").push("Second.");
    stage.run(&thread, "One.")?;
    stage.run(&thread, "Two.")?;
    let id = |more: Value| {
        let mut params = json!({ "threadId": thread });
        for (name, value) in more.as_object().into_iter().flatten() {
            params[name] = value.clone();
        }
        params
    };
    stage.call("thread/name/set", id(json!({ "name": "A name" })))?;
    stage.call("thread/list", json!({ "limit": 5, "sourceKinds": [] }))?;
    stage.call("thread/loaded/list", json!({}))?;
    stage.call("thread/read", id(json!({ "includeTurns": true })))?;
    stage.call("thread/turns/list", id(json!({ "limit": 1 })))?;
    stage.call("thread/items/list", id(json!({ "limit": 2 })))?;
    stage.call("thread/search", json!({ "searchTerm": "First" }))?;
    let git = json!({ "branch": "main", "sha": "0".repeat(40), "originUrl": null });
    stage.call("thread/metadata/update", id(json!({ "gitInfo": git })))?;
    stage.call(
        "thread/goal/set",
        id(json!({ "objective": "Ship it", "tokenBudget": 1000 })),
    )?;
    stage.call("thread/goal/get", id(json!({})))?;
    stage.call("thread/goal/clear", id(json!({})))?;
    stage.call(
        "thread/settings/update",
        id(json!({ "model": "gpt-5.5", "effort": "high" })),
    )?;
    stage.call("thread/memoryMode/set", id(json!({ "mode": "disabled" })))?;
    stage.call("thread/backgroundTerminals/list", id(json!({})))?;
    let said = json!({ "type": "message", "role": "user",
        "content": [{ "type": "input_text", "text": "By the way." }] });
    stage.call("thread/inject_items", id(json!({ "items": [said] })))?;
    stage.call(
        "thread/shellCommand",
        id(json!({ "command": "echo of the user" })),
    )?;
    stage.notified("turn/completed")?;
    let fork = stage.call("thread/fork", id(json!({})))?;
    let fork = fork["thread"]["id"].clone();
    stage.call("thread/archive", json!({ "threadId": fork }))?;
    stage.call("thread/unarchive", json!({ "threadId": fork }))?;
    stage.call("thread/unsubscribe", id(json!({})))?;
    stage.call("thread/resume", id(json!({})))?;
    stage.call("thread/delete", json!({ "threadId": fork }))?;
    stage.call("thread/read", json!({ "threadId": "no-such-thread" }))?;
    Ok(())
}

/// Reads of the state of the server.
fn reads(stage: &mut Stage) -> Played {
    let cwds = json!({ "cwds": [stage.path("")] });
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
        stage.call(method, params)?;
    }
    Ok(())
}

/// Files and processes without a thread.
fn files(stage: &mut Stage) -> Played {
    let (folder, file, copy) = (
        stage.path("d/e"),
        stage.path("d/f.txt"),
        stage.path("d/g.txt"),
    );
    let free = json!({ "type": "dangerFullAccess" });
    for (method, params) in [
        (
            "fs/createDirectory",
            json!({ "path": folder, "recursive": true }),
        ),
        (
            "fs/watch",
            json!({ "path": stage.path("d"), "watchId": "w1" }),
        ),
        (
            "fs/writeFile",
            json!({ "path": file, "dataBase64": "aGVsbG8=" }),
        ),
        ("fs/readFile", json!({ "path": file })),
        ("fs/getMetadata", json!({ "path": file })),
        ("fs/readDirectory", json!({ "path": stage.path("d") })),
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
            json!({ "command": ["sh", "-c", "cat; echo end >&2"], "cwd": stage.path(""), "processHandle": "h1", "streamStdin": true, "streamStdoutStderr": true }),
        ),
        (
            "process/writeStdin",
            json!({ "processHandle": "h1", "deltaBase64": "enoK", "closeStdin": true }),
        ),
        (
            "fuzzyFileSearch",
            json!({ "query": "f", "roots": [stage.path("")] }),
        ),
    ] {
        stage.call(method, params)?;
    }
    stage.notified("process/exited")?;
    Ok(())
}

/// A client without the experimental capability.
fn stable(stage: &mut Stage) -> Played {
    let thread =
        stage.thread(json!({ "approvalPolicy": "never", "sandbox": "workspace-write" }))?;
    stage.model.push(ModelResponse::items([
        Item::reasoning("Easy."),
        Item::text("Hello."),
    ]));
    stage.run(&thread, "Say hello.")?;
    stage.call("thread/goal/get", json!({ "threadId": thread }))?;
    stage.call(
        "thread/memoryMode/set",
        json!({ "threadId": thread, "mode": "disabled" }),
    )?;
    stage.call(
        "thread/read",
        json!({ "threadId": thread, "includeTurns": true }),
    )?;
    Ok(())
}
