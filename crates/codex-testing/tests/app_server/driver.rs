//! A raw driver of `codex app-server`: JSON lines over stdio.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, ChildStdin, Stdio},
    sync::mpsc::{self, Receiver},
    thread::{self, JoinHandle},
    time::Duration,
};

use codex_testing::{CodexHome, ScriptedModel, codex_bin};
use serde_json::{Value, json};

/// Long enough for a loaded machine. A test that reaches this timeout fails.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Starts a model, a home, and a server with one thread.
pub(crate) fn stage(
    approval_policy: &str,
    sandbox_mode: &str,
) -> (ScriptedModel, CodexHome, AppServer, String) {
    let model = ScriptedModel::start().unwrap();
    let home = CodexHome::builder(&model)
        .approval_policy(approval_policy)
        .sandbox_mode(sandbox_mode)
        .build()
        .unwrap();
    let mut server = AppServer::start(&home);
    let thread = server.start_thread();
    (model, home, server, thread)
}

/// An initialized app-server. Drop ends its process group.
pub(crate) struct AppServer {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Value>,
    reader: Option<JoinHandle<()>>,
    next_id: u64,
    /// Messages that waits have skipped.
    seen: Vec<Value>,
    /// The file that receives the server's standard error and is printed only on failure.
    stderr: PathBuf,
}

impl AppServer {
    pub(crate) fn start(home: &CodexHome) -> Self {
        let mut command = home.command(codex_bin().unwrap());
        let stderr = home.root().join("stderr.txt");
        command
            .arg("app-server")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        command.stderr(File::create(&stderr).unwrap());
        // A separate process group, because `codex` may be a wrapper whose child is the server.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        let reader = thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let message = serde_json::from_str(&line).unwrap();
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut server = Self {
            child,
            stdin,
            lines,
            reader: Some(reader),
            next_id: 0,
            seen: Vec::new(),
            stderr,
        };
        let client = json!({ "name": "codex-testing", "version": "0.0.0" });
        server.call("initialize", &json!({ "clientInfo": client }));
        server.send(&json!({ "method": "initialized" }));
        server
    }

    pub(crate) fn send(&mut self, message: &Value) {
        writeln!(self.stdin.as_mut().unwrap(), "{message}").unwrap();
    }

    /// Sends a request and does not wait for its response.
    pub(crate) fn request(&mut self, method: &str, params: &Value) -> u64 {
        self.next_id += 1;
        self.send(&json!({ "id": self.next_id, "method": method, "params": params }));
        self.next_id
    }

    /// Sends a request and waits for its result.
    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Value {
        let id = self.request(method, params);
        let response = self.wait(method, |message| {
            message["id"] == id && message["method"].is_null()
        });
        assert!(response["error"].is_null(), "{method} failed: {response}");
        response["result"].clone()
    }

    /// Returns the next message that matches. Keeps the messages before it in `seen`.
    pub(crate) fn wait(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.lines.recv_timeout(TIMEOUT).unwrap_or_else(|error| {
                let stderr = fs::read_to_string(&self.stderr).unwrap_or_default();
                panic!(
                    "no {what}: {error}; seen: {:#?}; stderr: {stderr}",
                    self.seen
                )
            });
            if wanted(&message) {
                return message;
            }
            self.seen.push(message);
        }
    }

    /// Returns the next notification or request with this method.
    pub(crate) fn wait_for(&mut self, method: &str) -> Value {
        self.wait(method, |message| message["method"] == method)
    }

    /// Returns the messages with this method that waits have skipped.
    pub(crate) fn skipped(&self, method: &str) -> Vec<&Value> {
        self.seen
            .iter()
            .filter(|message| message["method"] == method)
            .collect()
    }

    pub(crate) fn start_thread(&mut self) -> String {
        let result = self.call("thread/start", &json!({}));
        result["thread"]["id"].as_str().unwrap().to_owned()
    }

    /// Starts a turn and returns its id.
    pub(crate) fn start_turn(&mut self, thread: &str, text: &str) -> String {
        let input = json!([{ "type": "text", "text": text }]);
        let result = self.call("turn/start", &json!({ "threadId": thread, "input": input }));
        result["turn"]["id"].as_str().unwrap().to_owned()
    }

    /// Runs a turn to its end and returns the turn from `turn/completed`.
    pub(crate) fn run(&mut self, thread: &str, text: &str) -> Value {
        let turn = self.start_turn(thread, text);
        self.completed(&turn)
    }

    /// Waits for the end of a turn, which may precede the response to `turn/start`.
    pub(crate) fn completed(&mut self, turn: &str) -> Value {
        let ends = |message: &Value| {
            message["method"] == "turn/completed" && message["params"]["turn"]["id"] == turn
        };
        let seen = self.seen.iter().find(|message| ends(message)).cloned();
        let message = seen.unwrap_or_else(|| self.wait("turn/completed", ends));
        message["params"]["turn"].clone()
    }

    /// Returns the texts of the agent message deltas that waits have skipped.
    pub(crate) fn deltas(&self) -> Vec<&str> {
        let deltas = self.skipped("item/agentMessage/delta").into_iter();
        deltas
            .map(|message| message["params"]["delta"].as_str().unwrap())
            .collect()
    }
}

impl Drop for AppServer {
    fn drop(&mut self) {
        // The server stops cleanly when its input ends.
        drop(self.stdin.take());
        if thread::panicking() {
            // After a failure, the server may not stop, so it is killed.
            #[cfg(unix)]
            drop(
                std::process::Command::new("kill")
                    .args(["-KILL", "--", &format!("-{}", self.child.id())])
                    .stderr(Stdio::null())
                    .status(),
            );
            drop(self.child.kill());
        }
        drop(self.child.wait());
        if let Some(reader) = self.reader.take() {
            drop(reader.join());
        }
    }
}
