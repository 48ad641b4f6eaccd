//! Scripted turns.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use super::{messages::agent_message, step::Step};
use crate::{fault::Fault, gate::Gate};

/// How a turn ends.
#[derive(Clone, Debug, Default)]
pub(crate) enum TurnEnd {
    #[default]
    Completed,
    Failed(String),
    Never,
}

/// A turn of a [`FakeAppServer`](crate::FakeAppServer): what it sends between `turn/started` and
/// `turn/completed`.
///
/// The steps are played in order. The params of notifications and requests get the ids of the
/// thread and the turn where they lack them.
///
/// ```
/// use codex_testing::Turn;
/// use serde_json::json;
///
/// let text = Turn::text("All tests pass.");
/// let approval = Turn::new().command_approval("cargo test").then_text("All tests pass.");
/// let failed = Turn::new().then_text("I tr").fail("the model is overloaded");
/// let other = Turn::new()
///     .notify("turn/plan/updated", json!({"plan": []}))
///     .item(json!({"type": "plan", "id": "plan-1", "text": "First, read."}));
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Turn {
    pub(crate) steps: Vec<Step>,
    pub(crate) end: TurnEnd,
    items: usize,
}

/// Content.
impl Turn {
    /// Creates a turn without content, which completes at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a turn with one message of the agent, streamed word by word.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::new().then_text(text)
    }

    /// Creates a turn with one message of the agent, streamed in exactly these deltas.
    pub fn deltas<S: AsRef<str>>(deltas: impl IntoIterator<Item = S>) -> Self {
        Self::new().then_deltas(deltas)
    }

    /// Adds a message of the agent, streamed word by word.
    pub fn then_text(self, text: impl AsRef<str>) -> Self {
        self.then_deltas(text.as_ref().split_inclusive(' '))
    }

    /// Adds a message of the agent, streamed in exactly these deltas.
    pub fn then_deltas<S: AsRef<str>>(mut self, deltas: impl IntoIterator<Item = S>) -> Self {
        let id = self.next_item("message");
        let mut text = String::new();
        let started = json!({"item": agent_message(&id, ""), "startedAtMs": 1});
        self = self.notify("item/started", started);
        for delta in deltas {
            let delta = delta.as_ref();
            text.push_str(delta);
            let params = json!({"itemId": id, "delta": delta});
            self = self.notify("item/agentMessage/delta", params);
        }
        let completed = json!({"item": agent_message(&id, &text), "completedAtMs": 1});
        self.notify("item/completed", completed)
    }

    /// Adds a complete item (`item/started` and `item/completed`).
    pub fn item(self, item: impl Serialize) -> Self {
        let item = json!(item);
        self.notify("item/started", json!({"item": item, "startedAtMs": 1}))
            .notify("item/completed", json!({"item": item, "completedAtMs": 1}))
    }

    /// Adds a command that has run (a `commandExecution` item).
    pub fn command(mut self, command: &str, output: &str, exit_code: i32) -> Self {
        let id = self.next_item("command");
        let status = if exit_code == 0 {
            "completed"
        } else {
            "failed"
        };
        self.item(json!({
            "type": "commandExecution", "id": id, "command": command, "cwd": "/", "commandActions": [],
            "status": status, "aggregatedOutput": output, "exitCode": exit_code,
        }))
    }

    /// Adds the tokens that the turn took (`thread/tokenUsage/updated`).
    pub fn usage(self, input_tokens: u64, output_tokens: u64) -> Self {
        let usage = json!({
            "totalTokens": input_tokens + output_tokens, "inputTokens": input_tokens,
            "cachedInputTokens": 0, "outputTokens": output_tokens, "reasoningOutputTokens": 0,
        });
        let params = json!({"tokenUsage": {"total": usage, "last": usage}});
        self.notify("thread/tokenUsage/updated", params)
    }

    /// Adds a notification.
    pub fn notify(self, method: impl Into<String>, params: impl Serialize) -> Self {
        self.step(Step::Notify {
            method: method.into(),
            params: json!(params),
        })
    }
}

/// Requests of the server, whose responses
/// [`FakeAppServer::responses`](crate::FakeAppServer::responses) returns.
impl Turn {
    /// Adds a request. The next step follows the client's response.
    pub fn request(self, method: impl Into<String>, params: impl Serialize) -> Self {
        self.step(Step::Request {
            method: method.into(),
            params: json!(params),
            is_awaited: true,
        })
    }

    /// Adds a request. The next step follows at once, while the request is pending.
    pub fn send_request(self, method: impl Into<String>, params: impl Serialize) -> Self {
        self.step(Step::Request {
            method: method.into(),
            params: json!(params),
            is_awaited: false,
        })
    }

    /// Asks for the approval of a command.
    pub fn command_approval(mut self, command: impl Into<String>) -> Self {
        let id = self.next_item("command");
        let params = json!({"itemId": id, "startedAtMs": 1, "command": command.into(), "cwd": "/"});
        self.request("item/commandExecution/requestApproval", params)
    }

    /// Asks for the approval of a file change.
    pub fn file_change_approval(mut self) -> Self {
        let id = self.next_item("change");
        let params = json!({"itemId": id, "startedAtMs": 1});
        self.request("item/fileChange/requestApproval", params)
    }

    /// Calls a tool of the client.
    pub fn tool_call(mut self, tool: impl Into<String>, arguments: impl Serialize) -> Self {
        let id = self.next_item("call");
        let params = json!({"callId": id, "tool": tool.into(), "arguments": json!(arguments)});
        self.request("item/tool/call", params)
    }

    /// Asks the user a question with these options.
    pub fn question<S: Into<String>>(
        mut self,
        id: &str,
        question: &str,
        options: impl IntoIterator<Item = S>,
    ) -> Self {
        let item = self.next_item("question");
        let options = options.into_iter().map(|label| {
            let label: String = label.into();
            json!({"label": label, "description": ""})
        });
        let question = json!({
            "id": id, "header": id, "question": question, "options": options.collect::<Vec<_>>(),
        });
        let params = json!({"itemId": item, "questions": [question], "isBlocking": true});
        self.request("item/tool/requestUserInput", params)
    }

    /// Asks the user to fill in a form of an MCP server (an elicitation).
    pub fn elicitation(self, server: &str, message: &str, schema: impl Serialize) -> Self {
        let params = json!({
            "serverName": server, "mode": "form", "message": message, "requestedSchema": json!(schema),
        });
        self.request("mcpServer/elicitation/request", params)
    }
}

/// Timing, faults and ending.
impl Turn {
    /// Holds the turn here until the gate is open.
    pub fn hold(self, gate: &Gate) -> Self {
        self.step(Step::Hold(gate.clone()))
    }

    /// Waits here, in Tokio's time.
    pub fn delay(self, delay: Duration) -> Self {
        self.step(Step::Delay(delay))
    }

    /// Lets a fault occur here: to the next message of the connection, or at once.
    pub fn fault(self, fault: Fault) -> Self {
        self.step(Step::Fault(fault))
    }

    /// Sends bytes as they are.
    pub fn raw(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Raw(bytes.into()))
    }

    /// Writes to the standard error of a child process.
    pub fn stderr(self, text: impl Into<String>) -> Self {
        self.step(Step::Stderr(text.into()))
    }

    /// Ends the turn with the status `failed` and this message.
    pub fn fail(mut self, message: impl Into<String>) -> Self {
        self.end = TurnEnd::Failed(message.into());
        self
    }

    /// Leaves the turn without an end, until the client interrupts it.
    pub fn without_end(mut self) -> Self {
        self.end = TurnEnd::Never;
        self
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    fn next_item(&mut self, kind: &str) -> String {
        self.items += 1;
        format!("{kind}-{}", self.items)
    }
}

/// One message of the agent, as created by [`Turn::text`].
impl From<&str> for Turn {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

/// One message of the agent, as created by [`Turn::text`].
impl From<String> for Turn {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}
