//! A model, a home and a raw app-server on stdio that records every message.

use std::{
    error::Error,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Stdio},
    sync::mpsc::{self, Receiver},
    thread::{self, JoinHandle},
    time::Duration,
};

use codex_testing::{CodexHome, ScriptedModel};
use serde_json::{Value, json};

use crate::scrub::Scrub;

pub(crate) type Played<T = ()> = Result<T, Box<dyn Error>>;

/// Long enough for a loaded machine. A scene that reaches this timeout does not work with the
/// release.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The model, the home and the recorded server of a scene.
pub(crate) struct Recorder {
    pub(crate) model: ScriptedModel,
    pub(crate) home: CodexHome,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Value>,
    reader: Option<JoinHandle<()>>,
    scrub: Scrub,
    recorded: Vec<Value>,
    /// Messages that the scene has not read yet.
    unread: Vec<Value>,
    next_id: u64,
    /// The responses to send to the next requests from the server.
    responses: Vec<Value>,
}

impl Recorder {
    pub(crate) fn start(bin: &Path, config: &str, experimental: bool) -> Played<Self> {
        let model = ScriptedModel::start()?;
        let home = CodexHome::builder(&model).config(config).build()?;
        let mut command = home.command(bin);
        command
            .arg("app-server")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn()?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let (sender, lines) = mpsc::channel();
        let reader = thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let Ok(message) = serde_json::from_str(&line) else {
                    continue;
                };
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let scrub = Scrub::new(home.root(), bin, model.address().to_string());
        let mut recorder = Self {
            model,
            home,
            child,
            stdin,
            lines,
            reader: Some(reader),
            scrub,
            recorded: Vec::new(),
            unread: Vec::new(),
            next_id: 0,
            responses: Vec::new(),
        };
        let client = json!({ "name": "recorder", "title": null, "version": "0.0.0" });
        let mut params = json!({ "clientInfo": client });
        if experimental {
            params["capabilities"] = json!({ "experimentalApi": true });
        }
        recorder.call("initialize", params)?;
        recorder.send(json!({ "method": "initialized" }))?;
        Ok(recorder)
    }

    /// Returns a path in the workspace.
    pub(crate) fn path(&self, name: &str) -> String {
        let path = self.home.workspace().join(name);
        path.to_string_lossy().into_owned()
    }

    /// Queues responses to the next requests from the server. A request without a response is
    /// rejected.
    pub(crate) fn respond_with<const N: usize>(&mut self, responses: [Value; N]) {
        self.responses.extend(responses);
    }

    fn send(&mut self, message: Value) -> Played {
        let stdin = self.stdin.as_mut().ok_or("the server is closed")?;
        writeln!(stdin, "{message}")?;
        self.keep("out", message);
        Ok(())
    }

    fn keep(&mut self, direction: &str, mut message: Value) {
        self.scrub.apply(&mut message);
        self.recorded
            .push(json!({ "dir": direction, "msg": message }));
    }

    /// Sends a request and waits for its response, which may be an error.
    pub(crate) fn call(&mut self, method: &str, params: impl Into<Value>) -> Played<Value> {
        self.next_id += 1;
        let id = self.next_id;
        let params = params.into();
        self.send(match params {
            Value::Null => json!({ "id": id, "method": method }),
            params => json!({ "id": id, "method": method, "params": params }),
        })?;
        let response = self.wait(method, |message| {
            message["id"] == id && message["method"].is_null()
        })?;
        if response["error"].is_object() {
            let reason = response["error"]["message"].as_str().unwrap_or_default();
            println!(
                "  {method}: {}",
                reason.chars().take(90).collect::<String>()
            );
        }
        Ok(response["result"].clone())
    }

    /// Waits for a message, and responds to requests from the server in the meantime.
    pub(crate) fn wait(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Played<Value> {
        if let Some(index) = self.unread.iter().position(&wanted) {
            return Ok(self.unread.remove(index));
        }
        loop {
            let message = self.lines.recv_timeout(TIMEOUT);
            let message = message.map_err(|error| format!("{what}: {error}"))?;
            self.keep("in", message.clone());
            if message["id"].is_null() || message["method"].is_null() {
                if wanted(&message) {
                    return Ok(message);
                }
                self.unread.push(message);
                continue;
            }
            let id = &message["id"];
            let response = if self.responses.is_empty() {
                let error = json!({ "code": -32601, "message": "not in this scene" });
                json!({ "id": id, "error": error })
            } else {
                json!({ "id": id, "result": self.responses.remove(0) })
            };
            self.send(response)?;
        }
    }

    /// Waits for a notification.
    pub(crate) fn notified(&mut self, method: &str) -> Played<Value> {
        self.wait(method, |message| message["method"] == method)
    }

    /// Starts a thread and returns its id.
    pub(crate) fn thread(&mut self, params: Value) -> Played<Value> {
        Ok(self.call("thread/start", params)?["thread"]["id"].clone())
    }

    /// Starts a turn and returns its id.
    pub(crate) fn turn(&mut self, thread: &Value, text: &str) -> Played<Value> {
        let input = json!([{ "type": "text", "text": text }]);
        let params = json!({ "threadId": thread, "input": input });
        Ok(self.call("turn/start", params)?["turn"]["id"].clone())
    }

    /// Waits for the end of a turn.
    pub(crate) fn ended(&mut self, turn: &Value) -> Played {
        self.wait("turn/completed", |message| {
            message["method"] == "turn/completed" && message["params"]["turn"]["id"] == *turn
        })?;
        Ok(())
    }

    /// Runs a turn to its end.
    pub(crate) fn run(&mut self, thread: &Value, text: &str) -> Played {
        let turn = self.turn(thread, text)?;
        self.ended(&turn)
    }

    /// Stops the server and returns the recorded messages.
    pub(crate) fn finish(mut self) -> Vec<Value> {
        drop(self.stdin.take());
        while let Ok(message) = self.lines.recv_timeout(TIMEOUT) {
            self.keep("in", message);
        }
        std::mem::take(&mut self.recorded)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // The server stops cleanly when its input ends; the kill is needed only after a failure.
        drop(self.stdin.take());
        if self
            .reader
            .as_ref()
            .is_some_and(|reader| !reader.is_finished())
        {
            drop(self.child.kill());
        }
        drop(self.child.wait());
        if let Some(reader) = self.reader.take() {
            drop(reader.join());
        }
    }
}
