//! The messages of the server, in the form in which Codex 0.169.0 writes them.

/// The result of `thread/start`. `THREAD` stands for the id.
const THREAD_START: &str = include_str!("thread_start.json");

/// The end of a delta, after its text.
pub(crate) const DELTA_SUFFIX: &str = "\"},\"emittedAtMs\":1795255615934}\n";

/// A received request.
pub(crate) struct Request<'a> {
    pub(crate) id: &'a str,
    pub(crate) method: &'a str,
    line: &'a str,
}

impl<'a> Request<'a> {
    /// Finds the id and the method of a request. Returns `None` for a notification.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        let line = str::from_utf8(line).ok()?;
        let id = after(line, "\"id\":")?.trim_start();
        let end = match id.strip_prefix('"') {
            Some(text) => text.find('"')? + 2,
            None => id.find(|char: char| !char.is_ascii_digit())?,
        };
        let method = string_after(line, "\"method\":")?;
        Some(Self {
            id: &id[..end],
            method,
            line,
        })
    }

    pub(crate) fn thread_id(&self) -> &'a str {
        string_after(self.line, "\"threadId\":").unwrap_or_default()
    }
}

fn after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.find(key).map(|at| &text[at + key.len()..])
}

/// Returns the string after a key. It has no escapes.
fn string_after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let text = after(text, key)?.trim_start().strip_prefix('"')?;
    text.split_once('"').map(|(string, _)| string)
}

fn response(id: &str, result: &str) -> String {
    format!("{{\"id\":{id},\"result\":{result}}}\n")
}

fn notification(method: &str, params: &str) -> String {
    format!("{{\"method\":\"{method}\",\"params\":{params},\"emittedAtMs\":1795255615934}}\n")
}

/// The response to `initialize`.
pub(crate) fn initialized(id: &str) -> String {
    let result = r#"{"userAgent":"bench/0.169.0 (Linux; x86_64)","codexHome":"/home/user/.codex","platformFamily":"unix","platformOs":"linux"}"#;
    response(id, result)
}

/// The response to `thread/start`.
pub(crate) fn thread_started(id: &str, number: usize) -> String {
    let thread_id = format!("01a1fd92-c12e-7041-a52c-{number:012}");
    response(
        id,
        THREAD_START
            .trim_end()
            .replace("THREAD", &thread_id)
            .as_str(),
    )
}

/// The response to a request of any other method.
pub(crate) fn empty_page(id: &str) -> String {
    response(id, r#"{"data":[],"nextCursor":null}"#)
}

/// A turn, with its place in the order in which the turns were started as the end of its id.
pub(crate) struct Turn {
    thread_id: String,
    turn_id: String,
}

impl Turn {
    pub(crate) fn new(thread_id: &str, number: usize) -> Self {
        Self {
            thread_id: thread_id.to_owned(),
            turn_id: format!("01a1fd92-c13f-73a1-9d86-{number:012}"),
        }
    }

    fn turn(&self, status: &str) -> String {
        let id = &self.turn_id;
        format!(
            r#"{{"id":"{id}","rootTurnId":"{id}","items":[],"itemsView":"notLoaded","status":"{status}","error":null,"startedAt":1795255615,"completedAt":null,"durationMs":null}}"#
        )
    }

    /// The response to `turn/start`.
    pub(crate) fn response(&self, id: &str) -> String {
        response(id, &format!(r#"{{"turn":{}}}"#, self.turn("inProgress")))
    }

    /// `turn/started`.
    pub(crate) fn started(&self) -> String {
        self.with_turn("turn/started", "inProgress")
    }

    /// `turn/completed`.
    pub(crate) fn completed(&self) -> String {
        self.with_turn("turn/completed", "completed")
    }

    fn with_turn(&self, method: &str, status: &str) -> String {
        let (thread_id, turn) = (&self.thread_id, self.turn(status));
        notification(
            method,
            &format!(r#"{{"threadId":"{thread_id}","turn":{turn}}}"#),
        )
    }

    /// `item/started` of the message that the deltas belong to.
    pub(crate) fn item_started(&self) -> String {
        let item = item("msg_resp_1", "");
        self.with_item("item/started", &item, r#""startedAtMs":1795255615933"#)
    }

    /// `item/completed` of a message.
    pub(crate) fn item_completed(&self, number: usize, text: &str) -> String {
        let item = item(&format!("msg_resp_{number}"), text);
        let members = r#""contentTokenCount":null,"completedAtMs":1795255615934"#;
        self.with_item("item/completed", &item, members)
    }

    fn with_item(&self, method: &str, item: &str, members: &str) -> String {
        let Self { thread_id, turn_id } = self;
        let params =
            format!(r#"{{"item":{item},"threadId":"{thread_id}","turnId":"{turn_id}",{members}}}"#);
        notification(method, &params)
    }

    /// The beginning of a delta, before its text.
    pub(crate) fn delta_prefix(&self) -> String {
        let Self { thread_id, turn_id } = self;
        format!(
            r#"{{"method":"item/agentMessage/delta","params":{{"threadId":"{thread_id}","turnId":"{turn_id}","itemId":"msg_resp_1","delta":""#
        )
    }
}

fn item(id: &str, text: &str) -> String {
    format!(
        r#"{{"type":"agentMessage","moderation":null,"id":"{id}","text":"{text}","phase":null,"memoryCitation":null,"delivery":null,"questions":null,"startedAtMs":1795255615933,"completedAtMs":null}}"#
    )
}
