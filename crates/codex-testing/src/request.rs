//! The requests that the model has received.

use std::{fmt, sync::Arc};

use hyper::{HeaderMap, Method, Uri, header};
use serde_json::Value;

/// A `POST /v1/responses` that the model has received. Clones are cheap.
///
/// The accessors rely on how Codex fills in the request; see [Requests from
/// Codex](crate#requests-from-codex).
#[derive(Clone)]
pub struct ModelRequest(Arc<RequestInner>);

struct RequestInner {
    number: u64,
    headers: HeaderMap,
    body: Value,
}

impl ModelRequest {
    pub(crate) fn new(number: u64, headers: HeaderMap, body: Value) -> Self {
        Self(Arc::new(RequestInner {
            number,
            headers,
            body,
        }))
    }

    /// Returns the number of the request in order of arrival, counted from 1.
    pub fn number(&self) -> u64 {
        self.0.number
    }

    /// Returns a header, if it is present and is text. `authorization` is not redacted.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers.get(name)?.to_str().ok()
    }

    /// Returns the body.
    pub fn body(&self) -> &Value {
        &self.0.body
    }

    /// Returns the name of the requested model.
    pub fn model(&self) -> Option<&str> {
        self.body()["model"].as_str()
    }

    /// Returns the id of the thread that the request belongs to.
    pub fn thread_id(&self) -> Option<&str> {
        self.header("thread-id")
            .or_else(|| self.body()["client_metadata"]["thread_id"].as_str())
    }

    /// Returns the id of the turn that the request belongs to.
    pub fn turn_id(&self) -> Option<&str> {
        self.body()["client_metadata"]["turn_id"].as_str()
    }

    /// Returns the conversation so far: messages, calls and their outputs.
    pub fn input(&self) -> &[Value] {
        array(&self.body()["input"])
    }

    /// Returns the base instructions: the `instructions` member, or else the first developer
    /// message, where newer releases of Codex put them.
    pub fn instructions(&self) -> Option<String> {
        if let Some(instructions) = self.body()["instructions"].as_str() {
            return Some(instructions.to_owned());
        }
        self.messages("developer").next().map(text_of)
    }

    /// Returns the text of the last user message: the input that started or steered the turn.
    pub fn last_user_text(&self) -> Option<String> {
        self.messages("user").last().map(text_of)
    }

    /// Returns the offered tools, as JSON in the format of the Responses API.
    ///
    /// For some models, Codex offers tools in an input item (`additional_tools`) instead of the
    /// `tools` member; the result includes both.
    pub fn tools(&self) -> Vec<&Value> {
        let items = self
            .input()
            .iter()
            .filter(|item| item["type"] == "additional_tools");
        let more = items.flat_map(|item| array(&item["tools"]));
        array(&self.body()["tools"]).iter().chain(more).collect()
    }

    /// Returns the names of the offered tools. A tool without a name is listed by its type.
    pub fn tool_names(&self) -> Vec<&str> {
        self.tools().into_iter().filter_map(name_of).collect()
    }

    /// Returns the output of the call with this id, if the request contains it.
    pub fn tool_output(&self, call_id: &str) -> Option<String> {
        self.outputs()
            .rfind(|item| item["call_id"] == call_id)
            .map(text_of_output)
    }

    /// Returns the output of the latest call.
    pub fn last_tool_output(&self) -> Option<String> {
        self.outputs().next_back().map(text_of_output)
    }

    /// Returns the outputs of function calls and of custom tool calls.
    fn outputs(&self) -> impl DoubleEndedIterator<Item = &Value> {
        let output = |item: &&Value| {
            item["type"]
                .as_str()
                .is_some_and(|kind| kind.ends_with("call_output"))
        };
        self.input().iter().filter(output)
    }

    fn messages<'a>(&'a self, role: &'a str) -> impl DoubleEndedIterator<Item = &'a Value> {
        // The type of a message is optional, and only messages have a role and content.
        self.input()
            .iter()
            .filter(move |item| item["role"] == role && item["content"] != Value::Null)
    }
}

/// Prints a summary, because the body of a request is about 40 KB.
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

/// A request that is not a valid request for a response: its path is a different one, or its body
/// is unreadable.
///
/// A [`CodexHome`](crate::CodexHome) also names the model as the proxy for all hosts except
/// loopback, so an attempt to reach the network, such as `CONNECT example.com:443`, is a stray
/// request too.
#[derive(Clone)]
pub struct StrayRequest {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) status: u16,
}

impl StrayRequest {
    /// Returns the HTTP method.
    pub fn method(&self) -> &str {
        self.method.as_str()
    }

    /// Returns the path with its query, or the target of a proxy request.
    pub fn target(&self) -> String {
        self.uri.to_string()
    }

    /// Returns the status of the response.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns a header, if it is present and is text.
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

/// Returns the headers, with secret values hidden.
fn redacted(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    let secret = [
        header::AUTHORIZATION,
        header::PROXY_AUTHORIZATION,
        header::COOKIE,
    ];
    for (_, value) in headers.iter_mut().filter(|(name, _)| secret.contains(name)) {
        // `HeaderValue` is then printed as `Sensitive`.
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

/// Returns the text of a message. Its content is either a string or a list of parts, some of which
/// have text.
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
    fn a_secret_is_readable_but_not_printed() {
        let request = request(json!({ "model": "m" }));
        assert_eq!(request.header("Authorization"), Some("Bearer hush"));
        let printed = format!("{request:?}");
        assert!(
            printed.contains("t1") && !printed.contains("hush"),
            "{printed}"
        );
    }

    #[test]
    fn tools_are_read_from_the_tools_member_and_from_the_input() {
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
    fn text_is_read_from_strings_and_from_parts() {
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
    fn a_body_of_an_unexpected_shape_has_no_input_tools_or_model() {
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
