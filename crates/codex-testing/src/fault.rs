//! Faults of a server, as values.

use std::time::Duration;

use serde_json::{Value, json};

use crate::gate::Gate;

/// A fault of a fake app-server, for any message or any point of a script.
///
/// Some faults concern one message; others concern the connection or the process, and occur in
/// place of a message.
///
/// ```
/// use codex_testing::{ClientMessage, FakeAppServer, Fault, Reply, Result, Turn};
/// use serde_json::json;
///
/// fn script(server: &FakeAppServer) {
///     // The response to the next `model/list` is cut short.
///     server.push("model/list", Reply::new(json!({"data": []})).fault(Fault::Truncate));
///     // The server exits in the middle of the next turn.
///     server.push_turn(Turn::text("So far").fault(Fault::Exit(3)).notify("never/sent", json!({})));
///     // The response to the next `thread/list` comes after 20 MiB of notifications, in memory too.
///     let flood = Fault::FloodStdout(20 * 1024 * 1024);
///     server.push("thread/list", Reply::canned().fault(flood));
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// The message is not sent.
    Drop,
    /// The message is sent twice.
    Duplicate,
    /// The message is sent after the next one.
    Reorder,
    /// The message is sent after this time, in Tokio's time. Messages that other requests cause are
    /// not delayed.
    Delay(Duration),
    /// The message is sent once the gate is open. Messages that other requests cause are not held.
    Hold(Gate),
    /// Only the first half of the line is sent, followed by a line feed.
    Truncate,
    /// A line that is not JSON is sent in place of the message.
    Garbage,
    /// A byte that is not UTF-8 is inserted into the last string of the message.
    InvalidUtf8,
    /// The `result` or `params` of the message has an additional member, an array that begins with a
    /// NUL byte and an escape sequence.
    ControlBytes,
    /// The `result` or `params` of the message has an additional member with this number of bytes.
    Oversize(usize),
    /// A response has an unknown id. In a notification or request, the ids of thread and turn are
    /// unknown.
    WrongId,
    /// The `result` or `params` of the message is a number.
    WrongType,
    /// A response is replaced with this error. Other messages are sent unchanged.
    Error {
        /// The code of the error.
        code: i64,
        /// The message of the error.
        message: String,
    },
    /// The output ends. The server continues to read but sends nothing more.
    ///
    /// A child process keeps running, except on systems other than Unix, where it exits with 0.
    CloseOutput,
    /// The process exits with this code. In memory, both streams end.
    Exit(i32),
    /// The process kills itself: with SIGKILL on Unix, by an abort elsewhere. In memory, both
    /// streams end.
    Kill,
    /// The server neither reads nor writes any more, and does not end with its input. A child
    /// process ignores SIGTERM too.
    Hang,
    /// At least this many bytes of `warning` notifications, about 1 KB each, are sent before the
    /// message.
    FloodStdout(usize),
    /// At least this many bytes of lines are written to standard error before the message. In
    /// memory, nothing happens.
    FloodStderr(usize),
}

/// A fault, by how it is carried out.
pub(crate) enum FaultKind {
    /// The message is replaced with these bytes.
    Bytes(Vec<u8>),
    /// The message is held back until the next one is sent.
    Reorder,
    Delay(Duration),
    Hold(Gate),
    /// A fault of the connection or the process.
    Connection(ConnectionFault),
    Flood(Flood),
}

/// Lines that come before a message.
#[derive(Clone, Copy)]
pub(crate) enum Flood {
    /// At least this many bytes of notifications.
    Stdout(usize),
    /// At least this many bytes on standard error.
    Stderr(usize),
}

/// A fault of the connection or the process.
#[derive(Clone, Copy)]
pub(crate) enum ConnectionFault {
    CloseOutput,
    Exit(i32),
    Kill,
    Hang,
}

impl Fault {
    /// Returns whether the fault concerns one message only.
    pub(crate) fn is_of_message(&self) -> bool {
        !matches!(
            self,
            Self::CloseOutput
                | Self::Exit(_)
                | Self::Kill
                | Self::Hang
                | Self::FloodStdout(_)
                | Self::FloodStderr(_)
        )
    }

    /// Returns whether the message waits, while others do not.
    pub(crate) fn is_delay(&self) -> bool {
        matches!(self, Self::Delay(_) | Self::Hold(_))
    }

    /// Applies the fault to a message.
    pub(crate) fn of(self, message: &Value) -> FaultKind {
        FaultKind::Bytes(match self {
            Self::Drop => Vec::new(),
            Self::Duplicate => line(message).repeat(2),
            Self::Truncate => truncated(line(message)),
            Self::Garbage => b"npm warn deprecated: this line is not JSON\n".to_vec(),
            Self::InvalidUtf8 => inserted(line(message), b"\xff", |bytes| {
                bytes.iter().rposition(|byte| *byte == b'"')
            }),
            Self::ControlBytes => with_control_bytes(message),
            Self::Oversize(bytes) => {
                let member = body_of(message);
                // Comes last, as members are sorted.
                let padded = with(&message[member], "zPadding", "x".repeat(bytes).into());
                line(&with(message, member, padded))
            }
            Self::WrongId => line(&with_unknown_ids(message)),
            Self::WrongType => line(&with(message, body_of(message), 5.into())),
            Self::Error {
                code,
                message: text,
            } => {
                if message["method"].is_string() {
                    line(message)
                } else {
                    line(&error_response(&message["id"], code, &text))
                }
            }
            Self::Reorder => return FaultKind::Reorder,
            Self::Delay(delay) => return FaultKind::Delay(delay),
            Self::Hold(gate) => return FaultKind::Hold(gate),
            Self::CloseOutput => return FaultKind::Connection(ConnectionFault::CloseOutput),
            Self::Exit(code) => return FaultKind::Connection(ConnectionFault::Exit(code)),
            Self::Kill => return FaultKind::Connection(ConnectionFault::Kill),
            Self::Hang => return FaultKind::Connection(ConnectionFault::Hang),
            Self::FloodStdout(bytes) => return FaultKind::Flood(Flood::Stdout(bytes)),
            Self::FloodStderr(bytes) => return FaultKind::Flood(Flood::Stderr(bytes)),
        })
    }
}

/// Returns the line of a message, with its line feed.
pub(crate) fn line(message: &Value) -> Vec<u8> {
    format!("{message}\n").into_bytes()
}

/// Returns an error response.
pub(crate) fn error_response(id: &Value, code: i64, message: &str) -> Value {
    json!({"id": id, "error": {"code": code, "message": message}})
}

/// Returns the name of the member with the contents of a message.
fn body_of(message: &Value) -> &'static str {
    if message["method"].is_string() {
        "params"
    } else {
        "result"
    }
}

fn truncated(mut line: Vec<u8>) -> Vec<u8> {
    line.truncate(line.len() / 2);
    line.push(b'\n');
    line
}

fn inserted(
    mut line: Vec<u8>,
    bytes: &[u8],
    place: impl FnOnce(&[u8]) -> Option<usize>,
) -> Vec<u8> {
    let at = place(&line).unwrap_or_default();
    line.splice(at..at, bytes.iter().copied());
    line
}

fn with(message: &Value, member: &str, value: Value) -> Value {
    let mut message = message.clone();
    if let Some(members) = message.as_object_mut() {
        members.insert(member.to_owned(), value);
    }
    message
}

/// Adds an array with control bytes to the contents of a message. They are outside of a string and
/// inside of nested values, which a reader has to skip.
fn with_control_bytes(message: &Value) -> Vec<u8> {
    const MEMBER: &str = "\"\":[";
    let member = body_of(message);
    let contents = match &message[member] {
        contents @ Value::Object(_) => contents.clone(),
        _ => json!({}),
    };
    let message = with(message, member, with(&contents, "", json!([])));
    inserted(line(&message), b"\0\x1b[0m", |bytes| {
        let found = bytes.windows(MEMBER.len());
        let mut found = found
            .enumerate()
            .filter(|(_, part)| *part == MEMBER.as_bytes());
        found.next().map(|(at, _)| at + MEMBER.len())
    })
}

/// Replaces the id of a response, or the ids in the params of another message.
fn with_unknown_ids(message: &Value) -> Value {
    if !message["method"].is_string() {
        return with(message, "id", json!(i64::from(i32::MAX)));
    }
    let mut params = message["params"].clone();
    if let Some(members) = params.as_object_mut() {
        for name in ["threadId", "turnId", "loginId"] {
            if members.contains_key(name) {
                members.insert(name.to_owned(), "unknown".into());
            }
        }
        for name in ["thread", "turn"] {
            if let Some(object) = members.get_mut(name).and_then(Value::as_object_mut) {
                object.insert("id".to_owned(), "unknown".into());
            }
        }
    }
    with(message, "params", params)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(fault: Fault, message: &Value) -> Vec<u8> {
        match fault.of(message) {
            FaultKind::Bytes(bytes) => bytes,
            _ => panic!("not a fault of the bytes"),
        }
    }

    fn parsed(fault: Fault, message: &Value) -> Value {
        serde_json::from_slice(&bytes(fault, message)).unwrap()
    }

    #[test]
    fn faults_that_spoil_a_line_leave_one_line_that_is_not_json() {
        let message = json!({"id": 1, "result": {"text": "hello"}});
        for fault in [
            Fault::Truncate,
            Fault::Garbage,
            Fault::InvalidUtf8,
            Fault::ControlBytes,
        ] {
            let bytes = bytes(fault.clone(), &message);
            assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 1);
            assert!(
                serde_json::from_slice::<Value>(&bytes).is_err(),
                "{fault:?}"
            );
        }
        assert_eq!(bytes(Fault::Drop, &message), b"");
    }

    #[test]
    fn an_invalid_byte_is_inside_of_a_string() {
        let text = bytes(
            Fault::InvalidUtf8,
            &json!({"id": 1, "result": {"text": "a"}}),
        );
        let text = String::from_utf8_lossy(&text);
        assert_eq!(text, "{\"id\":1,\"result\":{\"text\":\"a\u{fffd}\"}}\n");
    }

    #[test]
    fn control_bytes_are_inside_of_a_nested_value() {
        let nested =
            |message: &Value| String::from_utf8(bytes(Fault::ControlBytes, message)).unwrap();
        for result in [json!({}), Value::Null] {
            assert_eq!(
                nested(&json!({"id": 1, "result": result})),
                "{\"id\":1,\"result\":{\"\":[\0\x1b[0m]}}\n"
            );
        }
        // A text that resembles the place is left as it is. The order of the members is that of serde_json.
        let params = nested(&json!({"method": "m", "params": {"text": "\"\":["}}));
        assert!(params.contains("\"\":[\0\x1b[0m]"), "{params}");
        assert!(params.contains(r#""text":"\"\":[""#), "{params}");
    }

    #[test]
    fn wrong_ids_types_and_sizes_leave_valid_json() {
        let response = json!({"id": 1, "result": {}});
        let turn =
            json!({"method": "turn/completed", "params": {"threadId": "t", "turn": {"id": "u"}}});
        assert_ne!(parsed(Fault::WrongId, &response)["id"], 1);
        let wrong = parsed(Fault::WrongId, &turn);
        assert_eq!(
            wrong["params"],
            json!({"threadId": "unknown", "turn": {"id": "unknown"}})
        );
        assert_eq!(parsed(Fault::WrongType, &response)["result"], 5);
        assert_eq!(parsed(Fault::WrongType, &turn)["params"], 5);
        assert!(bytes(Fault::Oversize(1000), &turn).len() > 1000);
        let error = || Fault::Error {
            code: -32600,
            message: "no".to_owned(),
        };
        assert_eq!(parsed(error(), &response)["error"]["message"], "no");
        assert_eq!(parsed(error(), &turn), turn);
        let twice = bytes(Fault::Duplicate, &turn);
        assert_eq!(twice, [line(&turn), line(&turn)].concat());
    }
}
