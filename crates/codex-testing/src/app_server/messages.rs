//! The messages of a fake app-server, with the members that a client needs.

use serde_json::{Map, Value, json};

use crate::binary::VERSION;

/// Returns a notification.
pub(crate) fn notification(method: &str, params: &Value) -> Value {
    json!({"method": method, "params": params})
}

/// Returns a request of the server.
pub(crate) fn request(id: &Value, method: &str, params: &Value) -> Value {
    json!({"id": id, "method": method, "params": params})
}

/// Returns a successful response.
pub(crate) fn response(id: &Value, result: &Value) -> Value {
    json!({"id": id, "result": result})
}

/// Returns the result of `initialize`.
pub(crate) fn initialize_result() -> Value {
    json!({
        "userAgent": format!("codex/{}", VERSION),
        "codexHome": "/fake/codex-home",
        "platformFamily": if cfg!(windows) { "windows" } else { "unix" },
        "platformOs": std::env::consts::OS,
    })
}

/// Returns a turn.
pub(crate) fn turn(id: &str, status: &str) -> Value {
    json!({"id": id, "items": [], "status": status})
}

/// Returns a turn that has failed.
pub(crate) fn failed_turn(id: &str, message: &str) -> Value {
    let mut turn = turn(id, "failed");
    turn["error"] = json!({"message": message});
    turn
}

/// Returns an item with the text of the agent.
pub(crate) fn agent_message(id: &str, text: &str) -> Value {
    json!({"type": "agentMessage", "id": id, "text": text})
}

/// The ids of a turn, which most of its messages repeat.
#[derive(Clone, Debug)]
pub(crate) struct TurnIds {
    pub(crate) thread: String,
    pub(crate) turn: String,
}

impl TurnIds {
    pub(crate) fn new(thread: &str, turn: &str) -> Self {
        Self {
            thread: thread.to_owned(),
            turn: turn.to_owned(),
        }
    }

    /// Returns `turn/started` or `turn/completed`.
    pub(crate) fn turn_event(&self, method: &str, turn: &Value) -> Value {
        notification(method, &json!({"threadId": self.thread, "turn": turn}))
    }

    pub(crate) fn delta(&self, item_id: &str, delta: &str) -> Value {
        let params = json!({"itemId": item_id, "delta": delta});
        notification("item/agentMessage/delta", &self.fill(params))
    }

    pub(crate) fn item_completed(&self, item: &Value) -> Value {
        let params = json!({"item": item, "completedAtMs": 1});
        notification("item/completed", &self.fill(params))
    }

    /// Adds the ids to params that lack them.
    pub(crate) fn fill(&self, params: Value) -> Value {
        let Value::Object(params) = params else {
            return params;
        };
        let mut filled = Map::new();
        filled.insert("threadId".to_owned(), self.thread.as_str().into());
        filled.insert("turnId".to_owned(), self.turn.as_str().into());
        filled.extend(params);
        Value::Object(filled)
    }
}
