//! Golden texts of items, events, requests and transcripts.

use codex_types::{ServerNotification, ThreadItem, Turn};
use serde_json::{Value, json};

use crate::{ApprovalRequest, Tokens, TurnResult, render};

fn item(value: Value) -> ThreadItem {
    serde_json::from_value(value).unwrap()
}

/// Creates a notification about a turn.
fn event(method: &str, more: Value) -> ServerNotification {
    let Value::Object(mut params) = more else {
        panic!("{more} is no object")
    };
    params.insert("threadId".to_owned(), "t".into());
    params.insert("turnId".to_owned(), "u".into());
    serde_json::from_value(json!({ "method": method, "params": params })).unwrap()
}

/// Asserts the single line and the full form of an item.
#[track_caller]
fn shows(value: Value, line: &str, full: &str) {
    let item = item(value);
    assert_eq!(render::item(&item).to_string(), line);
    assert_eq!(format!("{:#}", render::item(&item)), full);
}

#[test]
fn messages_are_shown_with_their_author() {
    let text = json!({ "type": "text", "text": "Look at\nthis." });
    shows(
        json!({ "type": "userMessage", "id": "1", "content": [text] }),
        "user: Look at ⏎ this.",
        "user: Look at\n  this.",
    );
    let content = json!([
        text,
        { "type": "image", "url": format!("data:image/png;base64,{}", "A".repeat(99)) },
        { "type": "localImage", "path": "/a.png" },
        { "type": "skill", "name": "tidy", "path": "/s" },
        { "type": "mention", "name": "notes", "path": "app://notes" },
        { "type": "future" },
    ]);
    shows(
        json!({ "type": "userMessage", "id": "1", "content": content }),
        "user: Look at ⏎ this. ⏎ [image image/png] ⏎ [image /a.png] ⏎ [skill tidy] ⏎ \
         [notes: app://notes] ⏎ [future]",
        "user: Look at\n  this.\n  [image image/png]\n  [image /a.png]\n  [skill tidy]\n  \
         [notes: app://notes]\n  [future]",
    );
    shows(
        json!({ "type": "agentMessage", "id": "1", "text": "It is 42.\n" }),
        "codex: It is 42.",
        "codex: It is 42.",
    );
    shows(
        json!({ "type": "reasoning", "id": "1", "summary": ["**Looking**", "Found."] }),
        "thought: **Looking** ⏎ Found.",
        "thought: **Looking**\n\n  Found.",
    );
    shows(
        json!({ "type": "reasoning", "id": "1", "content": ["raw"] }),
        "thought: raw",
        "thought: raw",
    );
    shows(
        json!({ "type": "hookPrompt", "id": "1", "fragments": [{ "hookRunId": "h", "text": "Go." }] }),
        "hook: Go.",
        "hook: Go.",
    );
    shows(
        json!({ "type": "plan", "id": "1", "text": "1. Go" }),
        "plan: 1. Go",
        "plan: 1. Go",
    );
}

#[test]
fn a_command_is_shown_with_its_exit_code_and_the_end_of_its_output() {
    let mut command = json!({
        "type": "commandExecution", "id": "1", "command": "/bin/bash -lc 'cargo test'",
        "commandActions": [], "cwd": "/w", "status": "inProgress",
    });
    shows(
        command.clone(),
        "running: cargo test",
        "running: cargo test",
    );
    command["status"] = "failed".into();
    shows(
        command.clone(),
        "ran: cargo test (failed)",
        "ran: cargo test (failed)",
    );
    command["exitCode"] = 101.into();
    command["durationMs"] = 2345.into();
    let output: String = (1..=30).map(|line| format!("line {line}\n")).collect();
    command["aggregatedOutput"] = output.into();
    let shown: String = (11..=30).map(|line| format!("\n  line {line}")).collect();
    shows(
        command.clone(),
        "ran: cargo test (exit 101, 2.3 s)",
        &format!("ran: cargo test (exit 101, 2.3 s)\n  … 10 earlier lines{shown}"),
    );
    command["aggregatedOutput"] = "\x1b[32mok\x1b[0m\n10%\r100%\n".into();
    command["source"] = "userShell".into();
    command["command"] = "cat <<E\na\nE".into();
    shows(
        command.clone(),
        "ran: cat <<E ⏎ a ⏎ E (exit 101, 2.3 s, typed by the user)",
        "ran: cat <<E\n  a\n  E (exit 101, 2.3 s, typed by the user)\n  ok\n  100%",
    );
    command["status"] = "declined".into();
    command["command"] = "rm x".into();
    assert!(
        render::item(&item(command))
            .to_string()
            .starts_with("declined to run: rm x")
    );
}

#[test]
fn changed_files_are_shown_with_numbers_of_lines_and_diffs() {
    let diff = "@@ -1,2 +1,3 @@\n-one\n+three\n+four\n two\n";
    let update = json!({ "type": "update", "move_path": null });
    let moved = json!({ "type": "update", "move_path": "e.rs" });
    let mut change = json!({ "type": "fileChange", "id": "1", "status": "completed", "changes": [
        { "path": "a.rs", "kind": update, "diff": diff },
        { "path": "b.rs", "kind": { "type": "add" }, "diff": "x\ny\n" },
        { "path": "c.rs", "kind": { "type": "delete" }, "diff": "z\n" },
        { "path": "d.rs", "kind": moved, "diff": "@@ -1 +1 @@\n-a\n+b\n" },
    ] });
    let line = "changed: a.rs (+2 -1), b.rs (new, +2), c.rs (deleted, -1), d.rs -> e.rs (+1 -1)";
    let full = format!(
        "{line}\n  --- a.rs\n  +++ a.rs\n  @@ -1,2 +1,3 @@\n  -one\n  +three\n  +four\n   two\n  \
         --- /dev/null\n  +++ b.rs\n  +x\n  +y\n  --- c.rs\n  +++ /dev/null\n  -z\n  \
         --- d.rs\n  +++ e.rs\n  @@ -1 +1 @@\n  -a\n  +b"
    );
    shows(change.clone(), line, &full);
    let fifth = change["changes"][1].clone();
    change["changes"].as_array_mut().unwrap().push(fifth);
    change["status"] = "declined".into();
    assert_eq!(
        render::item(&item(change.clone())).to_string(),
        "declined to change: a.rs (+2 -1), b.rs (new, +2), c.rs (deleted, -1), and 2 more files"
    );
    let clipped = format!("{:#}", render::item(&item(change)).lines(3));
    assert!(
        clipped.contains("  @@ -1,2 +1,3 @@\n  … 4 more lines\n  --- /dev/null"),
        "{clipped}"
    );
}

#[test]
fn calls_of_tools_are_shown_with_arguments_and_results() {
    let mut call = json!({
        "type": "mcpToolCall", "id": "1", "server": "files", "tool": "read",
        "arguments": { "path": "a" }, "status": "completed", "durationMs": 12,
        "result": { "content": [
            { "type": "text", "text": "one\ntwo" },
            { "type": "image", "data": "AAAA", "mimeType": "image/png" },
        ] },
    });
    let line = r#"called: files.read({"path":"a"}) (12 ms)"#;
    shows(
        call.clone(),
        line,
        &format!("{line}\n  one\n  two\n  [image image/png]"),
    );
    call["status"] = "failed".into();
    call["error"] = json!({ "message": "no such file" });
    let line = line.replace("called", "failed to call");
    shows(call, &line, &format!("{line}\n  no such file"));
    shows(
        json!({
            "type": "dynamicToolCall", "id": "1", "tool": "now", "arguments": {},
            "status": "completed", "success": true, "namespace": "clock",
            "contentItems": [
                { "type": "inputText", "text": "noon" },
                { "type": "inputImage", "imageUrl": "data:image/gif;base64,AA" },
            ],
        }),
        "called: clock.now()",
        "called: clock.now()\n  noon\n  [image image/gif]",
    );
    shows(
        json!({ "type": "functionCallOutput", "id": "1", "name": "mail", "output": "Hello." }),
        "output of: mail",
        "output of: mail\n  Hello.",
    );
    shows(
        json!({
            "type": "collabAgentToolCall", "id": "1", "tool": "spawnAgent", "status": "inProgress",
            "prompt": "Find it.", "senderThreadId": "t", "receiverThreadIds": ["u"],
            "agentsStates": { "u": { "status": "running", "message": "on it" } },
        }),
        "start agent: Find it. (in progress)",
        "start agent: Find it. (in progress)\n  u running: on it",
    );
    shows(
        json!({
            "type": "subAgentActivity", "id": "1", "kind": "started", "agentPath": "/root/finder",
            "agentThreadId": "u", "model": "gpt-5",
        }),
        "sub-agent: /root/finder (started, gpt-5)",
        "sub-agent: /root/finder (started, gpt-5)",
    );
}

#[test]
fn other_items_are_shown_in_a_line() {
    for (value, line) in [
        (
            json!({ "type": "webSearch", "query": "rust" }),
            "searched the web: rust",
        ),
        (
            json!({ "type": "webSearch", "query": "", "results": [1, 2],
                "action": { "type": "search", "queries": ["a", "b"] } }),
            "searched the web: a; b (2 results)",
        ),
        (
            json!({ "type": "webSearch", "query": "q",
                "action": { "type": "openPage", "url": "https://example.com" } }),
            "opened: https://example.com",
        ),
        (
            json!({ "type": "webSearch", "query": "q",
                "action": { "type": "findInPage", "pattern": "x", "url": "https://example.com" } }),
            "searched a page: x in https://example.com",
        ),
        (
            json!({ "type": "imageView", "path": "/a.png" }),
            "viewed image: /a.png",
        ),
        (
            json!({ "type": "sleep", "durationMs": 2500 }),
            "slept: 2.5 s",
        ),
        (
            json!({ "type": "imageGeneration", "status": "completed", "savedPath": "/b.png" }),
            "generated image: /b.png",
        ),
        (
            json!({ "type": "imageGeneration", "status": "generating", "revisedPrompt": "A cat" }),
            "generated image: A cat (generating)",
        ),
        (
            json!({ "type": "enteredReviewMode", "review": "Look." }),
            "reviewing: Look.",
        ),
        (
            json!({ "type": "exitedReviewMode", "review": "Fine." }),
            "review: Fine.",
        ),
        (
            json!({ "type": "contextCompaction" }),
            "compacted the conversation",
        ),
        (
            json!({ "type": "hologram\u{1b}" }),
            "hologram␛ (not known to this client)",
        ),
    ] {
        let mut value = value;
        value["id"] = "1".into();
        shows(value, line, line);
    }
}

#[test]
fn events_are_shown_with_what_matters() {
    let plan = json!({ "plan": [
        { "step": "Read", "status": "completed" },
        { "step": "Write", "status": "inProgress" },
        { "step": "Test", "status": "pending" },
    ] });
    let plan = event("turn/plan/updated", plan);
    assert_eq!(
        render::event(&plan).to_string(),
        "plan: Write (1 of 3 done)"
    );
    assert_eq!(
        format!("{:#}", render::event(&plan)),
        "plan: Write (1 of 3 done)\n  ✓ Read\n  ▸ Write\n  · Test"
    );
    let item = json!({ "type": "contextCompaction", "id": "1" });
    let turn = json!({ "id": "u", "items": [], "status": "failed", "durationMs": 900,
        "error": { "message": "bad request" } });
    for (event, line) in [
        (
            event("item/started", json!({ "item": item, "startedAtMs": 1 })),
            "compacted the conversation (started)",
        ),
        (
            event(
                "item/agentMessage/delta",
                json!({ "itemId": "i", "delta": "It" }),
            ),
            "codex: It",
        ),
        (
            event(
                "error",
                json!({ "error": { "message": "cut off" }, "willRetry": true }),
            ),
            "error: cut off (retrying)",
        ),
        (
            event(
                "turn/diff/updated",
                json!({ "diff": "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n" }),
            ),
            "changes of the turn: 1 file (+1 -1)",
        ),
        (
            event("turn/completed", json!({ "turn": turn })),
            "failed: bad request (900 ms)",
        ),
        (
            event("warning", json!({ "message": "careful" })),
            "warning: careful",
        ),
        (
            event("thread/name/updated", json!({ "threadName": "Tests" })),
            "thread named: Tests",
        ),
        (
            event(
                "thread/status/changed",
                json!({ "status": { "type": "idle" } }),
            ),
            "thread: idle",
        ),
        (event("skills/changed", json!({})), "skills/changed"),
        (
            event("future/thing", json!({})),
            "future/thing (not known to this client)",
        ),
    ] {
        assert_eq!(render::event(&event).to_string(), line);
    }
}

#[test]
fn a_request_for_approval_is_shown_completely() {
    let data = format!("data:image/png;base64,{}", "A".repeat(500));
    let long = format!("echo {data} && rm -rf /");
    let request = json!({ "type": "command", "params": {
        "threadId": "t", "turnId": "u", "itemId": "i", "startedAtMs": 0, "command": long,
        "cwd": "/w", "reason": "Because\nof it.", "kind": "command",
        "additionalPermissions": { "fileSystem": { "write": ["/x"] }, "network": {} },
    } });
    let request: ApprovalRequest = serde_json::from_value(request).unwrap();
    let line =
        format!("run: {long} (in /w, with write /x, use the network, reason: Because ⏎ of it.)");
    assert_eq!(request.to_string(), line);
    assert_eq!(render::approval(&request).to_string(), line);
    let lines: String = (0..300).map(|line| format!("{line}\n")).collect();
    let request = json!({ "type": "fileChange", "params": {
        "threadId": "t", "turnId": "u", "itemId": "i", "startedAtMs": 0, "reason": "New.",
        "changes": [{ "path": "a", "kind": { "type": "add" }, "diff": lines }],
    } });
    let request: ApprovalRequest = serde_json::from_value(request).unwrap();
    assert_eq!(request.to_string(), "change: a (new, +300) (reason: New.)");
    assert_eq!(format!("{request:#}").lines().count(), 303);
    assert!(format!("{:#}", render::approval(&request).lines(5)).ends_with("… 297 more lines"));
    let request = json!({ "type": "permissions", "params": {
        "threadId": "t", "turnId": "u", "itemId": "i", "startedAtMs": 0, "cwd": "/w",
        "permissions": { "fileSystem": { "entries": [
            { "access": "read", "path": { "type": "path", "path": "/y" } },
        ] } },
    } });
    let request: ApprovalRequest = serde_json::from_value(request).unwrap();
    assert_eq!(request.to_string(), "grant: read /y");
    let request = json!({ "type": "legacyCommand", "params": {
        "callId": "i", "conversationId": "t", "command": ["echo", "it's"], "cwd": "/w",
        "parsedCmd": [],
    } });
    let request: ApprovalRequest = serde_json::from_value(request).unwrap();
    assert_eq!(request.to_string(), r"run: echo 'it'\''s' (in /w)");
}

fn turn(value: Value) -> Turn {
    serde_json::from_value(value).unwrap()
}

#[test]
fn a_result_is_summed_up() {
    let ended = turn(json!({ "id": "u", "items": [], "status": "completed", "durationMs": 1500 }));
    let mut result = TurnResult::new(ended, Vec::new(), None);
    result.tokens.total = 1234;
    assert_eq!(
        render::summary(&result).to_string(),
        "completed (1.5 s, 1,234 tokens)"
    );
    let failed =
        json!({ "id": "u", "items": [], "status": "failed", "error": { "message": "no" } });
    let result = TurnResult::new(turn(failed), Vec::new(), None);
    assert_eq!(render::summary(&result).to_string(), "failed: no");
    let mut tokens = Tokens::default();
    (
        tokens.input,
        tokens.cached_input,
        tokens.output,
        tokens.total,
    ) = (1000, 800, 1, 1001);
    assert_eq!(
        tokens.to_string(),
        "1,001 tokens (1,000 input, 800 cached, 1 output)"
    );
}
