//! Plays the server's side of a recording. Performs no I/O.

use std::{collections::HashMap, sync::Arc};

use serde_json::{Value, json};

use super::{
    compare::{Comparison, compare, shown},
    names::Names,
    recording::Recorded,
};

/// One replay of a recording.
pub(super) struct Player {
    recording: Arc<[Recorded]>,
    names: Names,
    ignored: Arc<[String]>,
    /// The position in the recording: everything before it was sent or received.
    position: usize,
    /// The indices of the client's messages that it has not sent yet, in order.
    awaited: Vec<usize>,
    /// The present ids of the client's requests, by the recorded ones.
    requests: HashMap<String, Value>,
    differences: Vec<String>,
}

impl Player {
    pub(super) fn new(recording: &Arc<[Recorded]>, names: Names, ignored: &Arc<[String]>) -> Self {
        let messages = recording.iter().enumerate();
        let of_client = messages.filter(|(_, message)| !message.from_server);
        Self {
            recording: Arc::clone(recording),
            names,
            ignored: Arc::clone(ignored),
            position: 0,
            awaited: of_client.map(|(index, _)| index).collect(),
            requests: HashMap::new(),
            differences: Vec::new(),
        }
    }

    /// Returns the next message to send, if it is the server's turn: the client has sent everything
    /// that it sent before this message in the recording.
    pub(super) fn next(&mut self) -> Option<Value> {
        let first_awaited = self.awaited.first().copied();
        loop {
            let recorded = self.recording.get(self.position)?;
            if first_awaited == Some(self.position) {
                return None;
            }
            self.position += 1;
            if recorded.from_server {
                let mut message = self.names.as_present(&recorded.message);
                if message.get("method").is_none()
                    && let Some(id) = self.requests.remove(&recorded.message["id"].to_string())
                {
                    message["id"] = id;
                }
                return Some(message);
            }
        }
    }

    /// Compares a message of the client with the recording. Returns the response to a request that
    /// is not in the recording.
    pub(super) fn receive(&mut self, message: &Value) -> Option<Value> {
        let mut first: Option<(usize, Comparison)> = None;
        for (at, index) in self.awaited.iter().enumerate() {
            let recorded = &self.recording[*index].message;
            if !is_same_kind(recorded, message) {
                continue;
            }
            let comparison = compare(recorded, message, &self.names, &self.ignored);
            if comparison.differences.is_empty() {
                first = Some((at, comparison));
                break;
            }
            first = first.or(Some((at, comparison)));
        }
        match first {
            Some((at, comparison)) => {
                self.received(at, message, comparison);
                None
            }
            None => self.unexpected(message),
        }
    }

    fn received(&mut self, at: usize, message: &Value, comparison: Comparison) {
        let index = self.awaited.remove(at);
        let recorded = &self.recording[index];
        if message.get("method").is_some()
            && let Some(id) = message.get("id")
        {
            let recorded_id = recorded.message["id"].to_string();
            self.requests.insert(recorded_id, id.clone());
        }
        for (recorded, present) in comparison.ids {
            self.names.add_id(recorded, present);
        }
        if !comparison.differences.is_empty() {
            let mut text = format!("line {}, {}:", recorded.line, title(&recorded.message));
            for difference in comparison.differences {
                text.push_str("\n  ");
                text.push_str(&difference);
            }
            self.differences.push(text);
        }
    }

    fn unexpected(&mut self, message: &Value) -> Option<Value> {
        let title = title(message);
        self.differences.push(format!(
            "{title} is not in the recording, or not as often: {}",
            shown(message)
        ));
        let id = message.get("id")?;
        message.get("method")?;
        let message = format!("{title} is not in the recording");
        Some(json!({"id": id, "error": {"code": -32600, "message": message}}))
    }

    /// Returns the differences, once the client has closed the connection.
    pub(super) fn end(mut self) -> Vec<String> {
        for index in &self.awaited {
            let recorded = &self.recording[*index];
            let title = title(&recorded.message);
            let missing = format!("line {}, {title}: not sent", recorded.line);
            self.differences.push(missing);
        }
        self.differences
    }
}

/// Whether two messages are requests or notifications of the same method, or responses to the same
/// request of the server.
fn is_same_kind(recorded: &Value, message: &Value) -> bool {
    match (recorded.get("method"), message.get("method")) {
        (None, None) => recorded.get("id") == message.get("id"),
        (recorded_method, method) => {
            recorded_method == method && recorded.get("id").is_some() == message.get("id").is_some()
        }
    }
}

/// Returns the name of a message for people.
fn title(message: &Value) -> String {
    match message["method"].as_str() {
        Some(method) => format!("`{method}`"),
        None => format!("the response to the request {}", message["id"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a player of messages: `>` from the client, `<` from the server.
    fn player(messages: &[(&str, Value)]) -> Player {
        let recording = messages.iter().enumerate();
        let recording = recording.map(|(index, (direction, message))| Recorded {
            line: index + 1,
            from_server: *direction == "<",
            message: message.clone(),
        });
        Player::new(&recording.collect(), Names::default(), &Arc::default())
    }

    fn sent(player: &mut Player) -> Vec<Value> {
        std::iter::from_fn(|| player.next()).collect()
    }

    #[test]
    fn responses_have_the_ids_of_the_client_and_come_in_their_turn() {
        let mut player = player(&[
            (">", json!({"id": 5, "method": "a"})),
            (">", json!({"id": 6, "method": "b"})),
            ("<", json!({"id": 6, "result": {}})),
            ("<", json!({"id": 0, "method": "question", "params": {}})),
            (">", json!({"id": 0, "result": {"yes": true}})),
            ("<", json!({"id": 5, "result": 1})),
        ]);
        assert!(sent(&mut player).is_empty());
        // In another order than the recorded one.
        player.receive(&json!({"id": 100, "method": "b"}));
        assert!(sent(&mut player).is_empty());
        player.receive(&json!({"id": "x", "method": "a"}));
        let messages = sent(&mut player);
        assert_eq!(messages[0], json!({"id": 100, "result": {}}));
        assert_eq!(messages[1]["method"], "question");
        assert_eq!(messages.len(), 2);
        player.receive(&json!({"id": 0, "result": {"yes": true}}));
        assert_eq!(sent(&mut player), [json!({"id": "x", "result": 1})]);
        assert!(player.end().is_empty());
    }

    #[test]
    fn a_message_is_compared_with_the_one_that_it_equals() {
        let mut player = player(&[
            (">", json!({"id": 1, "method": "a", "params": {"n": 1}})),
            (">", json!({"id": 2, "method": "a", "params": {"n": 2}})),
            ("<", json!({"id": 1, "result": "one"})),
            ("<", json!({"id": 2, "result": "two"})),
        ]);
        player.receive(&json!({"id": 1, "method": "a", "params": {"n": 2}}));
        player.receive(&json!({"id": 2, "method": "a", "params": {"n": 1}}));
        let expected = [
            json!({"id": 2, "result": "one"}),
            json!({"id": 1, "result": "two"}),
        ];
        assert_eq!(sent(&mut player), expected);
        assert!(player.end().is_empty());
    }

    #[test]
    fn ids_that_the_client_chooses_are_those_of_this_client() {
        let mut player = player(&[
            (
                ">",
                json!({"id": 1, "method": "spawn", "params": {"processId": "p1"}}),
            ),
            (
                "<",
                json!({"method": "output", "params": {"processId": "p1"}}),
            ),
            (
                ">",
                json!({"id": 2, "method": "kill", "params": {"processId": "p1"}}),
            ),
        ]);
        player.receive(&json!({"id": 1, "method": "spawn", "params": {"processId": "mine"}}));
        assert_eq!(sent(&mut player)[0]["params"]["processId"], "mine");
        player.receive(&json!({"id": 2, "method": "kill", "params": {"processId": "other"}}));
        let differences = player.end();
        let expected = "line 3, `kill`:\n  params.processId: recorded \"p1\", sent \"other\"";
        assert_eq!(differences, [expected]);
    }

    #[test]
    fn unexpected_and_missing_messages_are_differences_and_requests_are_refused() {
        let mut player = player(&[(">", json!({"method": "initialized"}))]);
        let refused = player
            .receive(&json!({"id": 1, "method": "model/list"}))
            .unwrap();
        assert_eq!(refused["id"], 1);
        assert!(player.receive(&json!({"id": 9, "result": 1})).is_none());
        let differences = player.end().join("\n");
        for expected in [
            "`model/list` is not in the recording",
            "the response to the request 9 is not in the recording",
            "line 1, `initialized`: not sent",
        ] {
            assert!(differences.contains(expected), "{differences}");
        }
    }
}
