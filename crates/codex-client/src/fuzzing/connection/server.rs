//! The server of a script.

use std::collections::{HashMap, VecDeque};

use serde_json::{Value, json};
use tokio::io::DuplexStream;

use super::{
    outcome::Outcome,
    script::Script,
    stops::Stopped,
    turns::{FOREIGN_TURN, Turns},
    wire::{Wire, settle},
};

/// The threads that exist.
const THREADS: [&str; 2] = ["t0", "t1"];

/// The kind of a response that is as it should be.
const RIGHT: u8 = 9;

/// The kinds of misbehavior that a script may choose from. A server that does everything at random
/// rarely gets to the end of a turn.
pub(super) struct Manners {
    responds_wrongly: bool,
    damages_messages: bool,
    composes_messages: bool,
    hangs_up: bool,
}

impl Manners {
    pub(super) fn choose(script: &mut Script<'_>) -> Self {
        let choice = script.below(16);
        Self {
            responds_wrongly: choice & 1 != 0,
            damages_messages: choice & 2 != 0,
            composes_messages: choice & 4 != 0,
            hangs_up: choice & 8 != 0,
        }
    }
}

/// A server that does whatever a script says.
pub(super) struct Server {
    manners: Manners,
    wire: Wire,
    /// The requests that have had no response.
    requests: VecDeque<Value>,
    turns: Turns,
    items: usize,
    /// The ids chosen by the client for processes and watches.
    client_ids: Vec<Value>,
    /// Number of requests to the client, and of responses from it, by id.
    asked: HashMap<String, usize>,
    answered: HashMap<String, usize>,
    /// Whether the script has composed a message of its own.
    has_improvised: bool,
}

impl Script<'_> {
    /// Chooses a thread.
    pub(super) fn choose_thread(&mut self) -> &'static str {
        THREADS[usize::from(self.below(2))]
    }
}

impl Server {
    pub(super) fn new(stream: DuplexStream, manners: Manners) -> Self {
        Self {
            manners,
            wire: Wire::new(stream),
            requests: VecDeque::new(),
            turns: Turns::default(),
            items: 0,
            client_ids: Vec::new(),
            asked: HashMap::new(),
            answered: HashMap::new(),
            has_improvised: false,
        }
    }

    /// Responds to `initialize`.
    pub(super) async fn shake_hands(&mut self) {
        while self.requests.is_empty() {
            settle().await;
            self.receive().await;
        }
        let request = self.requests.pop_front().expect("`initialize`");
        self.wire.send(&json!({"id": request["id"], "result": {"userAgent": "codex/0.0.0", "codexHome": "/home", "platformFamily": "unix", "platformOs": "linux"}}));
    }

    pub(super) fn is_open(&self) -> bool {
        self.wire.is_open()
    }

    /// Whether a message may have named turns that are not known here.
    pub(super) fn has_improvised(&self) -> bool {
        self.has_improvised
    }

    /// Takes a step.
    pub(super) fn step(&mut self, script: &mut Script<'_>) {
        match script.below(16) {
            0..=5 if !self.requests.is_empty() => self.respond(script),
            12 | 13 => self.ask(script),
            14 if self.manners.damages_messages => self.wire.fault = script.below(10),
            15 if self.manners.hangs_up && script.below(4) == 0 => self.close(),
            15 if self.manners.composes_messages => {
                self.has_improvised = true;
                let length = script.next().unwrap_or_default();
                let mut line = script.bytes(length).to_vec();
                line.push(b'\n');
                self.wire.write(&line);
            }
            _ => self.notify(script),
        }
    }

    /// Closes the connection.
    pub(super) fn close(&mut self) {
        self.wire.close();
    }

    /// Responds to a request, mostly as a server should.
    fn respond(&mut self, script: &mut Script<'_>) {
        let Some(index) = script.index(self.requests.make_contiguous()) else {
            return;
        };
        let kind = match self.manners.responds_wrongly {
            true => script.below(16),
            false => RIGHT,
        };
        let request = match kind {
            // Does not count as a response, so that another one follows.
            15 => self.requests[index].clone(),
            _ => self.requests.remove(index).unwrap_or_default(),
        };
        let id = &request["id"];
        let error = |code: i64, message: &str| json!({"id": id, "error": {"code": code, "message": message}});
        let response = match kind {
            0 => error(-32600, "no active turn to steer"),
            1 => error(-32001, "Server overloaded; retry later."),
            2 => error(-32600, "expected active turn id `x` but found `y`"),
            3 => json!({"id": id}),
            4 => json!({"id": id, "result": null}),
            5 => json!({"id": id, "result": "x"}),
            6 => json!({"id": id, "error": "x"}),
            7 => json!({"id": id.to_string(), "result": {}}),
            8 => json!({"id": id.as_i64().unwrap_or_default() + 1, "result": {}}),
            _ => {
                let result = self.result(&request, script);
                json!({"id": id, "result": result})
            }
        };
        self.wire.send(&response);
    }

    /// Returns the result of a request.
    fn result(&mut self, request: &Value, script: &mut Script<'_>) -> Value {
        let params = &request["params"];
        match request["method"].as_str().unwrap_or_default() {
            "turn/start" => {
                let thread_id = params["threadId"].as_str().unwrap_or_default();
                let input = params["input"][0]["text"].as_str().unwrap_or_default();
                let id = self.turns.start(thread_id, input, script.below(4) == 0);
                json!({"turn": {"id": id, "items": [], "status": "inProgress"}})
            }
            "turn/steer" => {
                let turn_id = params["expectedTurnId"].as_str();
                self.turns.joined(turn_id.unwrap_or_default());
                json!({"turnId": turn_id})
            }
            "account/read" => json!({"requiresOpenaiAuth": false}),
            "account/login/start" => {
                json!({"type": "chatgpt", "loginId": "l", "authUrl": "https://auth"})
            }
            "command/exec" => json!({"exitCode": 0, "stdout": "", "stderr": ""}),
            "fs/watch" => json!({"path": "/dir"}),
            "thread/goal/set" => {
                let thread_id = params["threadId"].as_str().unwrap_or_default();
                json!({"goal": goal(thread_id, "active")})
            }
            "thread/goal/clear" => json!({"cleared": true}),
            "thread/unsubscribe" => {
                self.turns.inexact();
                json!({"status": "unsubscribed"})
            }
            _ => json!({}),
        }
    }

    /// Sends a notification.
    fn notify(&mut self, script: &mut Script<'_>) {
        let index = self.turns.choose(script);
        let (thread_id, turn_id) = self.turns.ids(index, script);
        let turn = |status: &str| json!({"threadId": thread_id, "turn": {"id": turn_id, "items": [], "status": status}});
        let ids = json!({"threadId": thread_id, "turnId": turn_id});
        let with = |more: Value| {
            let mut params = ids.clone();
            if let (Some(params), Value::Object(more)) = (params.as_object_mut(), more) {
                params.extend(more);
            }
            params
        };
        let (method, params) = match script.below(20) {
            0 => {
                match turn_id == FOREIGN_TURN {
                    true => self.turns.foreign_begun(&thread_id),
                    false => self.turns.begun(index),
                }
                ("turn/started", turn("inProgress"))
            }
            1 | 2 => (
                "item/agentMessage/delta",
                with(json!({"itemId": "i", "delta": "é\n"})),
            ),
            3 => (
                "item/reasoning/summaryTextDelta",
                with(json!({"itemId": "i", "summaryIndex": 1, "delta": "x"})),
            ),
            4 => {
                let item = json!({"type": "contextCompaction", "id": "c"});
                (
                    "item/started",
                    with(json!({"item": item, "startedAtMs": 1})),
                )
            }
            5 => {
                self.turns.item(index, self.wire.copies());
                let text = self.turns.user_message(index, script);
                let content = json!([{"type": "text", "text": text, "text_elements": []}]);
                let item = json!({"type": "userMessage", "id": "m", "content": content});
                (
                    "item/completed",
                    with(json!({"item": item, "completedAtMs": 1})),
                )
            }
            6 | 7 => {
                self.items += 1;
                self.turns.item(index, self.wire.copies());
                let item =
                    json!({"type": "agentMessage", "id": format!("i{}", self.items), "text": "x"});
                (
                    "item/completed",
                    with(json!({"item": item, "completedAtMs": 1})),
                )
            }
            8..=10 => {
                let status = ["completed", "interrupted", "failed", "odd"];
                let status = status[usize::from(script.below(8)).saturating_sub(4)];
                self.turns.completed(index, status);
                ("turn/completed", turn(status))
            }
            11 => {
                let error = json!({"message": "no"});
                (
                    "error",
                    with(json!({"error": error, "willRetry": script.below(2) == 0})),
                )
            }
            12 => {
                let status = ["idle", "systemError", "notLoaded"];
                let status = json!({"type": status[usize::from(script.below(3))]});
                (
                    "thread/status/changed",
                    json!({"threadId": thread_id, "status": status}),
                )
            }
            13 => {
                self.turns.closed();
                ("thread/closed", json!({"threadId": thread_id}))
            }
            14 => {
                let status = ["active", "paused", "complete"];
                let goal = goal(&thread_id, status[usize::from(script.below(3))]);
                ("thread/goal/updated", with(json!({"goal": goal})))
            }
            15 => ("thread/goal/cleared", json!({"threadId": thread_id})),
            16 => {
                let login = json!({"loginId": "l", "success": true, "error": null});
                ("account/login/completed", login)
            }
            17 => {
                let id = self.client_ids.last().cloned().unwrap_or_default();
                match script.below(2) {
                    0 => (
                        "fs/changed",
                        json!({"watchId": id, "changedPaths": ["/dir/a"]}),
                    ),
                    _ => (
                        "command/exec/outputDelta",
                        json!({"processId": id, "stream": "stdout", "deltaBase64": "eA==", "capReached": false}),
                    ),
                }
            }
            18 => {
                let id = request_id(script);
                (
                    "serverRequest/resolved",
                    json!({"threadId": thread_id, "requestId": id}),
                )
            }
            _ => ("future/event", with(json!({"new": [1, 2.5, null]}))),
        };
        self.wire.send(&json!({"method": method, "params": params}));
    }

    /// Sends a request to the client.
    fn ask(&mut self, script: &mut Script<'_>) {
        let id = request_id(script);
        let thread_id = script.choose_thread();
        let method = [
            "item/commandExecution/requestApproval",
            "item/fileChange/requestApproval",
            "item/tool/requestUserInput",
            "item/tool/call",
            "attestation/generate",
            "future/request",
        ];
        let method = method[usize::from(script.below(6))];
        let turn_id = self.turns.choose_id(script);
        let params = json!({
            "threadId": thread_id, "turnId": turn_id, "itemId": "i", "startedAtMs": 1,
            "command": "ls", "callId": "c", "tool": "x", "arguments": {}, "questions": [],
        });
        let copies = self.wire.copies();
        *self.asked.entry(id.to_string()).or_default() += copies;
        self.wire
            .send(&json!({"id": id, "method": method, "params": params}));
    }

    /// Completes all turns.
    pub(super) fn complete_turns(&mut self) {
        self.wire.fault = 0;
        for message in self.turns.complete_all() {
            self.wire.send(&message);
        }
    }

    /// Receives the messages that the client has sent. Returns whether there were any.
    pub(super) async fn receive(&mut self) -> bool {
        let messages = self.wire.receive().await;
        let any = !messages.is_empty();
        for message in messages {
            self.message(message);
        }
        any
    }

    fn message(&mut self, message: Value) {
        if message.get("method").is_none() {
            let id = message["id"].to_string();
            let answered = self.answered.entry(id.clone()).or_default();
            *answered += 1;
            let asked = self.asked.get(&id).copied().unwrap_or_default();
            let is_known = *answered <= asked || self.has_improvised;
            assert!(
                is_known,
                "{answered} responses to {asked} requests: {message}"
            );
            return;
        }
        for key in ["processId", "watchId"] {
            self.client_ids.extend(message["params"].get(key).cloned());
        }
        if message["method"] == "turn/interrupt"
            && let Some(turn_id) = message["params"]["turnId"].as_str()
        {
            self.turns.interrupted(turn_id);
        }
        if message.get("id").is_some() {
            self.requests.push_back(message);
        }
    }

    /// Records that the client has received all that was sent.
    pub(super) fn settled(&mut self) {
        if self.is_open() {
            self.turns.settled();
        }
    }

    /// Asserts that the result of a turn has all that was sent, and that there is a result if the
    /// client has received the completion.
    pub(super) fn assert_outcome(&self, name: &str, outcome: &Outcome) {
        if self.has_improvised || self.wire.is_damaged {
            return;
        }
        self.turns.assert_outcome(name, outcome);
    }

    /// Asserts that the client has interrupted each of the stopped turns that is running.
    pub(super) fn assert_interrupted(&self, stopped: &[Stopped]) {
        // A wrong or lost response names no turn.
        let may_miss = self.has_improvised || self.wire.is_damaged || self.manners.responds_wrongly;
        if !may_miss && self.is_open() {
            self.turns.assert_interrupted(stopped);
        }
    }

    /// Asserts that the client has closed the connection.
    pub(super) async fn assert_end(&mut self) {
        self.receive().await;
        assert!(!self.is_open(), "the client keeps the connection open");
    }
}

/// Chooses the id of a request to the client.
fn request_id(script: &mut Script<'_>) -> Value {
    match script.below(4) {
        3 => json!("a"),
        id => json!(id),
    }
}

fn goal(thread_id: &str, status: &str) -> Value {
    json!({
        "threadId": thread_id, "createdAt": 1, "objective": "Sing.", "status": status,
        "timeUsedSeconds": 0, "tokensUsed": 0, "updatedAt": 2,
    })
}
