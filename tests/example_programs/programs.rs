//! The programs among the examples: the bot, the chat and the backend of a desktop app.

use std::{
    fs,
    process::{ExitStatus, Stdio},
};
#[cfg(unix)]
use std::{
    os::unix::fs::PermissionsExt,
    path::{self, Path, PathBuf},
};

use codex_testing::ModelResponse;
#[cfg(unix)]
use codex_testing::codex_bin;
use codex_tests::stage::Stage;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
    time::timeout,
};

use crate::harness::{Example, TIMEOUT};

/// The programs, without those that exist in both forms.
pub(crate) const NAMES: [&str; 4] = ["ci_bot", "desktop_backend", "fleet", "orchestrator"];

/// Makes the server ask for approvals, which the homes of stages disable.
fn enable_approvals(stage: &Stage) {
    let path = stage.home.codex_home().join("config.toml");
    let config = fs::read_to_string(&path).unwrap();
    let enabled = config.replace(r#""never""#, r#""on-request""#);
    assert_ne!(enabled, config);
    fs::write(path, enabled).unwrap();
}

/// Lets the model create a file, for which it needs approval.
fn push_touch(stage: &Stage, name: &str) {
    let call = json!({
        "cmd": format!("touch {name}"), "sandbox_permissions": "require_escalated",
        "justification": "You have asked for it.",
    });
    let call = ModelResponse::function_call("exec_command", call);
    stage.model.push(call);
}

fn exists(stage: &Stage, name: &str) -> bool {
    stage.home.workspace().join(name).exists()
}

pub(crate) async fn chat_asks_for_approvals(name: &str) {
    let mut example = Example::new(name);
    enable_approvals(&example.stage);
    for file in ["yes.txt", "no.txt"] {
        push_touch(&example.stage, file);
        example.stage.model.push("As you wish.");
    }
    example.stdin = "Make a file.\ny\nAnd another one.\nno\n";
    example.stderr = Some("Allow? (y) ");
    example.prints(&["As you wish.", "As you wish."]).await;
    assert!(exists(&example.stage, "yes.txt") && !exists(&example.stage, "no.txt"));
    #[cfg(unix)]
    chat_stops_a_response(example).await;
}

/// Sends a signal to a program.
#[cfg(unix)]
pub(crate) fn signal(id: &str, name: &str) {
    let mut kill = std::process::Command::new("kill");
    let sent = kill.args([&format!("-{name}"), id]).status();
    assert!(sent.unwrap().success());
}

/// Writes a `codex` into the home of an example that records the id of each server, and returns its
/// path.
#[cfg(unix)]
pub(crate) fn recorded_codex(example: &Example) -> PathBuf {
    let script = example.stage.home.root().join("codex.sh");
    let codex = path::absolute(codex_bin().unwrap()).unwrap();
    let text = format!(
        "#!/bin/sh\necho $$ > \"$CODEX_HOME/server.id\"\nexec '{}' \"$@\"\n",
        codex.display()
    );
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    script
}

/// Returns the id of the last server with this `CODEX_HOME` that [`recorded_codex`] started.
#[cfg(unix)]
pub(crate) fn server_id(codex_home: &Path) -> String {
    let id = fs::read_to_string(codex_home.join("server.id")).unwrap();
    id.trim().to_owned()
}

#[cfg(unix)]
async fn chat_stops_a_response(mut example: Example) {
    let gate = example.stage.model.gate();
    let endless = ModelResponse::deltas(["one, ", "two"]).hold_after(1, &gate);
    example.stage.model.push(endless);
    let command = example.again().stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"Count.\n").await.unwrap();
    gate.reached().await.unwrap();
    signal(&child.id().unwrap().to_string(), "INT");
    gate.hung_up().await.unwrap();
    // The chat goes on.
    stdin.write_all(b"What is it?\n").await.unwrap();
    drop(stdin);
    let output = timeout(TIMEOUT, child.wait_with_output()).await;
    let output = output.unwrap().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && stderr.contains("interrupted"),
        "{stderr}"
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("It is 42."));
}

/// Creates a bot that reviews a diff.
fn bot() -> Example {
    let mut bot = Example::new("ci_bot");
    bot.stdin = "-let a = 1;\n+let a = 2;\n";
    bot.command.env("OPENAI_API_KEY", "sk-no-secret");
    bot
}

impl Example {
    /// Runs the program and asserts its exit code. Returns its output and its errors.
    pub(crate) async fn exits(&mut self, code: i32) -> (String, String) {
        let output = self.output().await;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{stdout}\n{stderr}");
        (stdout, stderr)
    }
}

#[tokio::test]
async fn the_bot_annotates_what_it_finds_and_stops_the_merge() {
    let mut bot = bot();
    let stage = &bot.stage;
    // Nothing waits for an approval.
    push_touch(stage, "made.txt");
    let review = json!({ "value": [
        { "severity": "Warning", "file": "src/a.rs", "line": 7, "message": "Why 2?" },
        { "severity": "Error", "file": "src/a.rs", "line": 9, "message": "100%\n::add-path::x" },
    ]});
    stage.model.push(ModelResponse::text(review.to_string()));
    let (stdout, stderr) = bot.exits(2).await;
    assert!(stderr.is_empty(), "{stderr}");
    assert!(!exists(&bot.stage, "made.txt"));
    let lines: Vec<_> = stdout.lines().collect();
    assert_eq!(lines[0], "::warning file=src/a.rs,line=7::Why 2?");
    assert_eq!(
        lines[1],
        "::error file=src/a.rs,line=9::100%25%0A::add-path::x"
    );
    assert!(
        lines[2].contains(" tokens, at most 0.00 dollars"),
        "{stdout}"
    );
    let requests = bot.stage.model.requests();
    let body = requests.last().unwrap().body().to_string();
    assert!(
        body.contains("+let a = 2;") && body.contains("Review the diff."),
        "{body}"
    );
    assert!(!bot.stage.home.codex_home().join("auth.json").exists());
}

#[tokio::test]
async fn the_bot_tries_again_and_accepts_a_diff_without_findings() {
    let mut bot = bot();
    let model = &bot.stage.model;
    model.push(ModelResponse::http_error(503, "busy"));
    model.push(ModelResponse::text(r#"{ "value": [] }"#));
    let (stdout, stderr) = bot.exits(0).await;
    assert!(
        !stdout.contains("::") && stderr.is_empty(),
        "{stdout}\n{stderr}"
    );
    assert_eq!(bot.stage.model.requests().len(), 2);
}

#[tokio::test]
async fn the_bot_says_why_there_is_no_review() {
    let mut bot = bot();
    bot.stage
        .model
        .push(ModelResponse::http_error(400, "bad request"));
    let (stdout, stderr) = bot.exits(1).await;
    assert!(
        stdout.is_empty() && stderr.contains("bad request"),
        "{stdout}\n{stderr}"
    );
    bot.again().env_remove("OPENAI_API_KEY");
    let (_, stderr) = bot.exits(1).await;
    assert!(stderr.contains("OPENAI_API_KEY is not set"), "{stderr}");
}

/// The window of the desktop backend.
struct Window {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    calls: u64,
    /// The events that came before the last response.
    events: Vec<Value>,
}

impl Window {
    fn open(example: &mut Example) -> Self {
        let command = example.command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        Self {
            stdin: child.stdin.take().unwrap(),
            lines: BufReader::new(child.stdout.take().unwrap()).lines(),
            child,
            calls: 0,
            events: Vec::new(),
        }
    }

    async fn next(&mut self) -> Value {
        let line = timeout(TIMEOUT, self.lines.next_line()).await.unwrap();
        serde_json::from_str(&line.unwrap().unwrap()).unwrap()
    }

    /// Sends a command. Returns its id.
    async fn send(&mut self, mut command: Value) -> u64 {
        self.calls += 1;
        command["id"] = self.calls.into();
        let line = format!("{command}\n");
        self.stdin.write_all(line.as_bytes()).await.unwrap();
        self.calls
    }

    /// Waits for a response.
    async fn response(&mut self, id: u64) -> Value {
        loop {
            let message = self.next().await;
            if message["id"] == id {
                return message;
            }
            self.events.push(message);
        }
    }

    async fn call(&mut self, command: Value) -> Value {
        let id = self.send(command).await;
        let response = self.response(id).await;
        assert!(response["error"].is_null(), "{response}");
        response["result"].clone()
    }

    /// Waits for an event that is not of a turn.
    async fn event(&mut self, name: &str) -> Value {
        loop {
            let message = self.next().await;
            if message["event"] == name {
                return message;
            }
            assert_eq!(message["event"], "turn", "{message}");
            self.events.push(message);
        }
    }

    async fn close(mut self) -> ExitStatus {
        drop(self.stdin);
        timeout(TIMEOUT, self.child.wait()).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn the_desktop_backend_runs_turns_and_lets_the_window_decide() {
    let mut example = Example::new("desktop_backend");
    enable_approvals(&example.stage);
    let mut window = Window::open(&mut example);
    let opened = window.call(json!({ "command": "open" })).await;
    let thread = &opened["thread"];
    assert_eq!(opened["turns"], json!([]));
    for (file, decision) in [("yes.txt", "accept"), ("no.txt", "decline")] {
        push_touch(&example.stage, file);
        example.stage.model.push("As you wish.");
        let run = json!({ "command": "run", "thread": thread, "prompt": "Make a file." });
        let run = window.send(run).await;
        let asked = window.event("approval").await;
        assert_eq!(asked["approval"]["type"], "command");
        assert!(
            asked["decisions"]
                .as_array()
                .unwrap()
                .contains(&decision.into())
        );
        let request = &asked["request"];
        let decide = json!({ "command": "decide", "request": request, "decision": decision });
        let decided = window.send(decide.clone()).await;
        let result = window.response(run).await;
        assert_eq!(result["result"]["finalResponse"], "As you wish.");
        let events = std::mem::take(&mut window.events);
        let has = |key: &str, value: Value| events.iter().any(|event| event[key] == value);
        assert!(
            has("event", "approvalClosed".into()) && has("id", decided.into()),
            "{events:?}"
        );
        let last = events
            .iter()
            .rfind(|event| event["event"] == "turn")
            .unwrap();
        assert_eq!(last["notification"]["method"], "turn/completed");
        // The request is closed.
        let id = window.send(decide).await;
        assert_eq!(window.response(id).await["error"]["kind"], "invalidInput");
    }
    assert!(exists(&example.stage, "yes.txt") && !exists(&example.stage, "no.txt"));
    let status = window
        .call(json!({ "command": "status", "thread": thread }))
        .await;
    assert_eq!(status["settings"]["approvalPolicy"], "on-request");
    assert!(status["tokens"]["total"]["totalTokens"].as_u64().unwrap() > 0);
    assert!(window.close().await.success());
}

#[tokio::test]
async fn the_desktop_backend_cancels_turns_and_opens_saved_threads() {
    let mut example = Example::new("desktop_backend");
    let mut window = Window::open(&mut example);
    let opened = window.call(json!({ "command": "open" })).await;
    let thread = opened["thread"].clone();
    let run = json!({ "command": "run", "thread": thread, "prompt": "Count." });
    let gate = example.stage.model.gate();
    let endless = ModelResponse::deltas(["one, ", "two"]).hold_after(1, &gate);
    example.stage.model.push(endless);
    let running = window.send(run).await;
    gate.reached().await.unwrap();
    let cancel = json!({ "command": "cancel", "thread": thread });
    let cancelled = window.send(cancel.clone()).await;
    let result = window.response(running).await;
    assert_eq!(result["result"]["status"], "interrupted");
    if !window.events.iter().any(|event| event["id"] == cancelled) {
        window.response(cancelled).await;
    }
    // No turn is running.
    window.call(cancel).await;
    assert!(window.close().await.success());

    example.again();
    let mut window = Window::open(&mut example);
    let unknown = json!({ "command": "run", "thread": thread, "prompt": "Go on." });
    let id = window.send(unknown).await;
    assert_eq!(window.response(id).await["error"]["kind"], "invalidInput");
    window.stdin.write_all(b"{}\n").await.unwrap();
    assert_eq!(window.next().await["error"]["kind"], "invalidInput");
    let page = window.call(json!({ "command": "threads" })).await;
    assert_eq!(page["data"][0]["id"], thread);
    let saved = window
        .call(json!({ "command": "open", "thread": thread }))
        .await;
    assert_eq!(saved["turns"][0]["status"], "interrupted");
    assert!(window.close().await.success());
}
