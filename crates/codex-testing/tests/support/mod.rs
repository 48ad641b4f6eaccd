//! A raw driver of `codex app-server`: JSON lines over stdio, and nothing more.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Stdio},
    sync::mpsc::{self, Receiver},
    thread::{self, JoinHandle},
    time::Duration,
};

use codex_testing::{CodexHome, codex_bin};
use serde_json::{Value, json};

/// Long enough for a loaded machine; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running app-server, initialized, whose process group ends with the value.
pub struct AppServer {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Value>,
    reader: Option<JoinHandle<()>>,
    next_id: u64,
    /// Messages that a wait has passed by.
    seen: Vec<Value>,
}

impl AppServer {
    pub fn start(home: &CodexHome) -> Self {
        let mut command = home.command(codex_bin().unwrap());
        command
            .arg("app-server")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        command.stderr(Stdio::null());
        // A group of its own: `codex` may be a wrapper whose child is the server.
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
        };
        let client = json!({ "name": "codex-testing", "version": "0.0.0" });
        server.call("initialize", json!({ "clientInfo": client }));
        server.send(&json!({ "method": "initialized" }));
        server
    }

    pub fn send(&mut self, message: &Value) {
        writeln!(self.stdin.as_mut().unwrap(), "{message}").unwrap();
    }

    /// Sends a request and does not wait for its response.
    pub fn request(&mut self, method: &str, params: Value) -> u64 {
        self.next_id += 1;
        self.send(&json!({ "id": self.next_id, "method": method, "params": params }));
        self.next_id
    }

    /// Sends a request and waits for its result.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params);
        let answer = self.wait(method, |message| {
            message["id"] == id && message["method"].is_null()
        });
        assert!(answer["error"].is_null(), "{method} failed: {answer}");
        answer["result"].clone()
    }

    /// The next message that is wanted; those before it are kept in `seen`.
    pub fn wait(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|error| {
                panic!("no {what}: {error}; seen until now: {:#?}", self.seen)
            });
            if wanted(&message) {
                return message;
            }
            self.seen.push(message);
        }
    }

    /// The next notification or request of this method.
    pub fn wait_for(&mut self, method: &str) -> Value {
        self.wait(method, |message| message["method"] == method)
    }

    /// Messages of this method that waits have passed by.
    pub fn passed(&self, method: &str) -> Vec<&Value> {
        self.seen
            .iter()
            .filter(|message| message["method"] == method)
            .collect()
    }

    pub fn start_thread(&mut self) -> String {
        let result = self.call("thread/start", json!({}));
        result["thread"]["id"].as_str().unwrap().to_owned()
    }

    /// Starts a turn and gives its id.
    pub fn start_turn(&mut self, thread: &str, text: &str) -> String {
        let input = json!([{ "type": "text", "text": text }]);
        let result = self.call("turn/start", json!({ "threadId": thread, "input": input }));
        result["turn"]["id"].as_str().unwrap().to_owned()
    }

    /// Runs a turn to its end and gives the turn of `turn/completed`.
    pub fn run(&mut self, thread: &str, text: &str) -> Value {
        self.start_turn(thread, text);
        self.completed()
    }

    pub fn completed(&mut self) -> Value {
        self.wait_for("turn/completed")["params"]["turn"].clone()
    }

    /// The texts of the deltas of agent messages that came by.
    pub fn deltas(&self) -> Vec<&str> {
        let deltas = self.passed("item/agentMessage/delta").into_iter();
        deltas
            .map(|message| message["params"]["delta"].as_str().unwrap())
            .collect()
    }
}

impl Drop for AppServer {
    fn drop(&mut self) {
        // The clean stop of the server is the end of its input.
        drop(self.stdin.take());
        if thread::panicking() {
            // After a failure nothing is certain, so nothing is waited for.
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
