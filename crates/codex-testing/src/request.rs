//! What Codex sent to the model, kept for the test to look at.

use std::{fmt, sync::Arc};

use hyper::{HeaderMap, Method, Uri, header};
use serde_json::Value;

/// One `POST /v1/responses` that the model has received. Clones are cheap.
///
/// The helpers know how Codex fills the request: see
/// [what Codex sends](crate#what-codex-sends).
#[derive(Clone)]
pub struct ModelRequest(Arc<Recorded>);

struct Recorded {
    number: u64,
    headers: HeaderMap,
    body: Value,
}

impl ModelRequest {
    pub(crate) fn new(number: u64, headers: HeaderMap, body: Value) -> Self {
        Self(Arc::new(Recorded {
            number,
            headers,
            body,
        }))
    }

    /// The place in the order of arrival, counted from 1.
    pub fn number(&self) -> u64 {
        self.0.number
    }

    /// A header, if it is there and is text. `authorization` is given as it was sent.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers.get(name)?.to_str().ok()
    }

    /// The whole body.
    pub fn body(&self) -> &Value {
        &self.0.body
    }

    /// The name of the model that was asked.
    pub fn model(&self) -> Option<&str> {
        self.body()["model"].as_str()
    }

    /// The thread whose turn asks.
    pub fn thread_id(&self) -> Option<&str> {
        self.header("thread-id")
            .or_else(|| self.body()["client_metadata"]["thread_id"].as_str())
    }

    /// The turn that asks.
    pub fn turn_id(&self) -> Option<&str> {
        self.body()["client_metadata"]["turn_id"].as_str()
    }

    /// The conversation until now: messages, calls and their outputs.
    pub fn input(&self) -> &[Value] {
        array(&self.body()["input"])
    }

    /// The base instructions: the `instructions` member, or else the first developer message, which
    /// is where Codex has put them since it stopped to fill that member.
    pub fn instructions(&self) -> Option<String> {
        if let Some(instructions) = self.body()["instructions"].as_str() {
            return Some(instructions.to_owned());
        }
        self.messages("developer").next().map(text_of)
    }

    /// The text of the last message of the user: what the turn was started or steered with.
    pub fn last_user_text(&self) -> Option<String> {
        self.messages("user").last().map(text_of)
    }

    /// The tools that were offered, in the words of the Responses API.
    ///
    /// For some models Codex offers them in an input item (`additional_tools`) instead of the
    /// `tools` member; both are here.
    pub fn tools(&self) -> Vec<&Value> {
        let items = self
            .input()
            .iter()
            .filter(|item| item["type"] == "additional_tools");
        let more = items.flat_map(|item| array(&item["tools"]));
        array(&self.body()["tools"]).iter().chain(more).collect()
    }

    /// The names of the tools that were offered; a tool without a name counts by its type.
    pub fn tool_names(&self) -> Vec<&str> {
        self.tools().into_iter().filter_map(name_of).collect()
    }

    /// What the call of this id gave, once Codex has made it.
    pub fn tool_output(&self, call_id: &str) -> Option<String> {
        self.outputs()
            .rfind(|item| item["call_id"] == call_id)
            .map(text_of_output)
    }

    /// What the latest call gave.
    pub fn last_tool_output(&self) -> Option<String> {
        self.outputs().next_back().map(text_of_output)
    }

    /// Outputs of function calls and of custom tool calls.
    fn outputs(&self) -> impl DoubleEndedIterator<Item = &Value> {
        let output = |item: &&Value| {
            item["type"]
                .as_str()
                .is_some_and(|kind| kind.ends_with("call_output"))
        };
        self.input().iter().filter(output)
    }

    fn messages<'a>(&'a self, role: &'a str) -> impl DoubleEndedIterator<Item = &'a Value> {
        // A message may leave out its type, and only messages have a role and content.
        self.input()
            .iter()
            .filter(move |item| item["role"] == role && item["content"] != Value::Null)
    }
}

/// A summary: the body of a single request of Codex is some forty kilobytes.
impl fmt::Debug for ModelRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelRequest")
            .field("number", &self.number())
            .field("model", &self.model())
            .field("thread_id", &self.thread_id())
            .field("last_user_text", &self.last_user_text())
            .field("input_items", &self.input().len())
            .field("headers", &redacted(&self.0.headers))
            .finish_non_exhaustive()
    }
}

/// A request that the model has no script for: another path, or a body it cannot read.
///
/// As a [`CodexHome`](crate::CodexHome) also names the model as the proxy for everything that is not
/// on loopback, an attempt to reach the outside is a stray request too: `CONNECT example.com:443`.
#[derive(Clone)]
pub struct StrayRequest {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) status: u16,
}

impl StrayRequest {
    /// The HTTP method.
    pub fn method(&self) -> &str {
        self.method.as_str()
    }

    /// The path with its query, or what a proxy was asked for.
    pub fn target(&self) -> String {
        self.uri.to_string()
    }

    /// The status of the answer.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// A header, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl fmt::Debug for StrayRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "StrayRequest({} {} -> {})",
            self.method, self.uri, self.status
        )
    }
}

/// Headers without the values that are secrets.
fn redacted(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    let secret = [
        header::AUTHORIZATION,
        header::PROXY_AUTHORIZATION,
        header::COOKIE,
    ];
    for (_, value) in headers.iter_mut().filter(|(name, _)| secret.contains(name)) {
        // `HeaderValue` prints itself as `Sensitive` then.
        value.set_sensitive(true);
    }
    headers
}

fn name_of(tool: &Value) -> Option<&str> {
    tool["name"].as_str().or_else(|| tool["type"].as_str())
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The text of a message: its content is text, or parts of which some have text.
fn text_of(message: &Value) -> String {
    joined(&message["content"])
}

fn text_of_output(item: &Value) -> String {
    joined(&item["output"])
}

fn joined(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part["text"].as_str())
            .collect(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;
    use serde_json::json;

    use super::*;

    fn request(body: Value) -> ModelRequest {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("Bearer hush"));
        headers.insert("thread-id", HeaderValue::from_static("t1"));
        ModelRequest::new(1, headers, body)
    }

    #[test]
    fn a_secret_is_readable_but_never_printed() {
        let request = request(json!({ "model": "m" }));
        assert_eq!(request.header("Authorization"), Some("Bearer hush"));
        let printed = format!("{request:?}");
        assert!(
            printed.contains("t1") && !printed.contains("hush"),
            "{printed}"
        );
    }

    #[test]
    fn tools_are_found_in_both_places() {
        let request = request(json!({
            "tools": [{ "type": "function", "name": "a" }, { "type": "web_search" }],
            "input": [{
                "type": "additional_tools",
                "role": "developer",
                "tools": [{ "type": "custom", "name": "b" }],
            }],
        }));
        assert_eq!(request.tool_names(), ["a", "web_search", "b"]);
        assert_eq!(request.instructions(), None);
    }

    #[test]
    fn texts_are_found_in_strings_and_in_parts() {
        let request = request(json!({
            "input": [
                { "type": "message", "role": "developer", "content": [{ "text": "be " }, { "text": "good" }] },
                { "type": "message", "role": "user", "content": "first" },
                { "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "last" }] },
                { "type": "function_call", "call_id": "c1" },
                { "type": "function_call_output", "call_id": "c1", "output": "one" },
                { "type": "custom_tool_call_output", "call_id": "c2", "output": [{ "text": "two" }] },
            ],
        }));
        assert_eq!(request.instructions().as_deref(), Some("be good"));
        assert_eq!(request.last_user_text().as_deref(), Some("last"));
        assert_eq!(request.tool_output("c1").as_deref(), Some("one"));
        assert_eq!(request.tool_output("c3"), None);
        assert_eq!(request.last_tool_output().as_deref(), Some("two"));
    }

    #[test]
    fn a_body_of_another_shape_has_nothing_to_show() {
        for body in [
            json!(null),
            json!([1]),
            json!({ "input": "text", "tools": {} }),
        ] {
            let request = request(body);
            assert!(request.input().is_empty() && request.tools().is_empty());
            assert_eq!(request.model(), None);
        }
    }
}
