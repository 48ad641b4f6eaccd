//! A small HTTP client: one request per connection, with a response that can be read in pieces.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

use codex_testing::ScriptedModel;
use serde_json::{Value, json};

/// A connection that has sent one request.
pub(crate) struct Client(BufReader<TcpStream>);

/// A complete response.
#[derive(Debug)]
pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
    /// Whether the body ended as announced.
    pub(crate) whole: bool,
}

impl Client {
    pub(crate) fn send(model: &ScriptedModel, method: &str, path: &str, body: &str) -> Self {
        let mut stream = TcpStream::connect(model.address()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: model\r\nthread-id: t\r\n");
        write!(stream, "{head}content-length: {length}\r\n\r\n{body}").unwrap();
        Self(BufReader::new(stream))
    }

    /// Requests a response to this user text.
    pub(crate) fn ask(model: &ScriptedModel, text: &str) -> Self {
        let input = json!([{ "type": "message", "role": "user", "content": text }]);
        let body = json!({ "model": "m", "input": input }).to_string();
        Self::send(model, "POST", "/v1/responses", &body)
    }

    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line
    }

    /// Reads the status line and the headers.
    pub(crate) fn head(&mut self) -> String {
        let mut head = String::new();
        loop {
            let line = self.line();
            if line.trim().is_empty() {
                return head;
            }
            head.push_str(&line.to_lowercase());
        }
    }

    /// Reads a chunk of a chunked body. Returns `None` at its end, and an error if the connection
    /// breaks.
    pub(crate) fn chunk(&mut self) -> Result<Option<String>, ()> {
        let size = usize::from_str_radix(self.line().trim(), 16).map_err(drop)?;
        let mut chunk = vec![0; size + 2];
        self.0.read_exact(&mut chunk).map_err(drop)?;
        chunk.truncate(size);
        Ok((size > 0).then(|| String::from_utf8(chunk).unwrap()))
    }

    pub(crate) fn response(mut self) -> HttpResponse {
        let head = self.head();
        let status = head[9..12].parse().unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let (mut body, mut whole) = (String::new(), true);
        if let Some(length) = length {
            let mut bytes = vec![0; length.parse().unwrap()];
            self.0.read_exact(&mut bytes).unwrap();
            body = String::from_utf8(bytes).unwrap();
        } else {
            loop {
                match self.chunk() {
                    Ok(Some(chunk)) => body.push_str(&chunk),
                    Ok(None) => break,
                    Err(()) => {
                        whole = false;
                        break;
                    }
                }
            }
        }
        HttpResponse {
            status,
            head,
            body,
            whole,
        }
    }
}

impl HttpResponse {
    /// Returns the events of the stream.
    pub(crate) fn events(&self) -> Vec<Value> {
        let data = self
            .body
            .lines()
            .filter_map(|line| line.strip_prefix("data: "));
        data.map(|data| serde_json::from_str(data).unwrap())
            .collect()
    }

    pub(crate) fn text(&self) -> String {
        let deltas = self.events().into_iter().filter_map(|event| {
            let delta = event["type"] == "response.output_text.delta";
            delta.then(|| event["delta"].as_str().unwrap().to_owned())
        });
        deltas.collect()
    }

    pub(crate) fn last(&self) -> String {
        self.events().last().unwrap()["type"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

/// Starts a model without a script.
pub(crate) fn model() -> ScriptedModel {
    ScriptedModel::start().unwrap()
}
