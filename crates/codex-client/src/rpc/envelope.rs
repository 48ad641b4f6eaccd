//! The envelope of a message: its members and the ids in its params.
//!
//! One pass over the text, which must be valid UTF-8, locates the members of the envelope and the
//! ids at the top level of `params`. Nothing is decoded or copied, and long strings are skipped, so
//! a message is decoded only once, where it is consumed. Skipped parts are not validated; the
//! decoder reports any faults in them.

use std::{borrow::Cow, ops::Range};

use codex_types::{RequestId, rpc::Incoming};
use serde_json::Value;

use crate::{
    error::decode_error::DecodeError,
    rpc::scanner::{self, Scanner},
};

/// The members of a message. The method and the values are ranges of the text.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Envelope<'a> {
    pub(crate) id: Option<RequestId>,
    pub(crate) header: Header,
    pub(crate) result: Option<Range<usize>>,
    /// Also `None` if the member is `null`.
    pub(crate) error: Option<Range<usize>>,
    pub(crate) keys: RoutingKeys<'a>,
    /// Whether the method contains escapes, in which case the text in its range is not its name.
    pub(crate) has_escaped_method: bool,
}

/// The members that a request from the server or a notification has besides its id.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Header {
    pub(crate) method: Option<Range<usize>>,
    pub(crate) params: Option<Range<usize>>,
    pub(crate) emitted_at_ms: Option<i64>,
}

/// The ids at the top level of `params` by which a message is routed.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct RoutingKeys<'a> {
    /// `threadId`, or `thread.id`.
    pub(crate) thread_id: Option<Cow<'a, str>>,
    /// `turnId`, or `turn.id`.
    pub(crate) turn_id: Option<Cow<'a, str>>,
    /// `turn.rootTurnId`.
    pub(crate) root_turn_id: Option<Cow<'a, str>>,
    pub(crate) item_id: Option<Cow<'a, str>>,
    pub(crate) login_id: Option<Cow<'a, str>>,
    /// `processId` or `watchId`: an id chosen by the client.
    pub(crate) client_id: Option<Cow<'a, str>>,
    pub(crate) delta: Option<Cow<'a, str>>,
    pub(crate) summary_index: Option<i64>,
    pub(crate) content_index: Option<i64>,
    /// Whether there is any member besides these.
    pub(crate) more: bool,
}

impl RoutingKeys<'_> {
    /// Copies the ids, so that they outlive the text. The delta is not copied.
    pub(crate) fn into_owned(self) -> RoutingKeys<'static> {
        let own = |id: Option<Cow<'_, str>>| id.map(|id| Cow::Owned(id.into_owned()));
        RoutingKeys {
            thread_id: own(self.thread_id),
            turn_id: own(self.turn_id),
            root_turn_id: own(self.root_turn_id),
            item_id: own(self.item_id),
            login_id: own(self.login_id),
            client_id: own(self.client_id),
            delta: None,
            summary_index: self.summary_index,
            content_index: self.content_index,
            more: self.more,
        }
    }
}

/// Parses the envelope of a message; `None` if the scanned part of the text does not form a JSON
/// object.
pub(crate) fn parse(text: &str) -> Option<Envelope<'_>> {
    if let Some((id, result)) = usual_response(text) {
        return Some(Envelope {
            id: Some(RequestId::Integer(id)),
            result: Some(result),
            ..Envelope::default()
        });
    }
    let mut scan = Scanner::new(text);
    let mut envelope = Envelope::default();
    scan.object(|scan, key| {
        match key {
            "id" => envelope.id = Some(id(text, scan)?),
            "method" => {
                let (method, escaped) = scan.string_range()?;
                envelope.header.method = Some(method);
                envelope.has_escaped_method = escaped;
            }
            "params" => {
                scan.space();
                let start = scan.position();
                envelope.keys = RoutingKeys::default();
                if scan.next() == Some(b'{') {
                    envelope.keys = keys(scan)?;
                } else {
                    scan.skip()?;
                }
                envelope.header.params = Some(start..scan.position());
            }
            "result" => envelope.result = Some(scan.skip()?),
            "error" => {
                let range = scan.skip()?;
                envelope.error = (&text[range.clone()] != "null").then_some(range);
            }
            "emittedAtMs" => envelope.header.emitted_at_ms = scan.integer()?,
            _ => {
                scan.skip()?;
            }
        }
        Some(())
    })?;
    scan.space();
    (scan.position() == text.len()).then_some(envelope)
}

/// Parses a successful response in the form in which servers write it: the id, then the result,
/// without whitespace around them.
fn usual_response(text: &str) -> Option<(i64, Range<usize>)> {
    const ID: &str = "{\"id\":";
    const RESULT: &str = ",\"result\":";
    let rest = text.strip_prefix(ID)?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let id = scanner::integer(&rest.as_bytes()[..digits])?;
    rest[digits..].starts_with(RESULT).then_some(())?;
    let mut scan = Scanner::at(text, ID.len() + digits + RESULT.len());
    let result = scan.skip()?;
    (&text[result.end..] == "}").then_some((id, result))
}

/// Rewrites a message whose method contains escapes, so that it contains none. Such a message is
/// valid JSON, but no known server writes one. Returns `None` if the method cannot be written
/// without escapes; it is then an unknown method.
pub(crate) fn unescape(text: &str, envelope: &Envelope<'_>) -> Option<String> {
    let escaped = envelope.has_escaped_method.then_some(text)?;
    let message: Value = serde_json::from_str(escaped).ok()?;
    let needs_escapes = |char: char| matches!(char, '"' | '\\' | '\0'..='\x1f');
    let method = message.get("method")?.as_str()?;
    (!method.contains(needs_escapes)).then(|| message.to_string())
}

/// Parses the ids at the top level of a result, which has them in the same form as params:
/// `turn.id` of `turn/start`, `loginId` of `account/login/start`.
pub(crate) fn result_keys(result: &str) -> Option<RoutingKeys<'_>> {
    keys(&mut Scanner::new(result))
}

/// Explains why a text is not a message that this client can use.
pub(crate) fn fault(text: &str) -> DecodeError {
    match Incoming::parse(text.as_bytes()) {
        Err(error) => match glued(text) {
            Some(at) => {
                let reason = format!(
                    "{at} bytes that are not JSON precede the message: something other than the \
                     server, such as a wrapper or a shell profile, writes to its output"
                );
                DecodeError::at(None, text, &reason, 0)
            }
            None => DecodeError::at(None, text, &error.to_string(), 0),
        },
        Ok(Incoming::Response {
            result: Err(error), ..
        }) => DecodeError::at(
            None,
            text,
            &format!("the server could not read: {error}"),
            0,
        ),
        Ok(_) => DecodeError::at(
            None,
            text,
            "a response that matches no request of this client",
            0,
        ),
    }
}

/// Returns the position of a message in a line that begins with something else, such as an escape
/// sequence or the text of another program that shares the output of the server.
fn glued(text: &str) -> Option<usize> {
    let at = text.find('{').filter(|at| *at > 0)?;
    parse(&text[at..]).is_some().then_some(at)
}

type Id<'a> = Option<Cow<'a, str>>;

/// Parses the ids at the top level of an object.
fn keys<'a>(scan: &mut Scanner<'a>) -> Option<RoutingKeys<'a>> {
    let mut keys = RoutingKeys::default();
    let (mut thread, mut turn) = (None, None);
    let (mut process_id, mut watch_id) = (None, None);
    scan.object(|scan, key| {
        match key {
            "threadId" => keys.thread_id = scan.optional_string()?,
            "turnId" => keys.turn_id = scan.optional_string()?,
            "itemId" => keys.item_id = scan.optional_string()?,
            "delta" => keys.delta = scan.optional_string()?,
            "summaryIndex" => keys.summary_index = scan.integer()?,
            "contentIndex" => keys.content_index = scan.integer()?,
            _ => {
                keys.more = true;
                match key {
                    "loginId" => keys.login_id = scan.optional_string()?,
                    "processId" => process_id = scan.optional_string()?,
                    "watchId" => watch_id = scan.optional_string()?,
                    "turn" => (turn, keys.root_turn_id) = ids_of_object(scan)?,
                    "thread" => thread = ids_of_object(scan)?.0,
                    _ => {
                        scan.skip()?;
                    }
                }
            }
        }
        Some(())
    })?;
    keys.thread_id = keys.thread_id.or(thread);
    keys.turn_id = keys.turn_id.or(turn);
    keys.client_id = process_id.or(watch_id);
    Some(keys)
}

/// Parses the `id` and the `rootTurnId` of an object.
pub(crate) fn ids_of_object<'a>(scan: &mut Scanner<'a>) -> Option<(Id<'a>, Id<'a>)> {
    scan.space();
    if scan.next()? != b'{' {
        scan.skip()?;
        return Some((None, None));
    }
    let (mut id, mut root) = (None, None);
    scan.object(|scan, key| {
        match key {
            "id" => id = scan.optional_string()?,
            "rootTurnId" => root = scan.optional_string()?,
            _ => {
                scan.skip()?;
            }
        }
        Some(())
    })?;
    Some((id, root))
}

/// Parses the id of a message.
pub(crate) fn id(text: &str, scan: &mut Scanner<'_>) -> Option<RequestId> {
    match scan.string_or_range()? {
        Ok(id) => Some(RequestId::String(id.into_owned())),
        Err(range) => scanner::integer(text[range.clone()].as_bytes())
            .or_else(|| serde_json::from_str(&text[range]).ok())
            .map(RequestId::Integer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ids_and_the_text_of_a_delta_are_located() {
        let text = r#"{"method":"item/agentMessage/delta","params":{"threadId":"t","turnId":"u","itemId":"i","delta":"a\"b\u00e9"},"emittedAtMs":12}"#;
        let envelope = parse(text).unwrap();
        assert_eq!(
            &text[envelope.header.method.clone().unwrap()],
            "item/agentMessage/delta"
        );
        assert_eq!(envelope.header.emitted_at_ms, Some(12));
        assert_eq!(envelope.keys.thread_id.as_deref(), Some("t"));
        assert_eq!(envelope.keys.turn_id.as_deref(), Some("u"));
        assert_eq!(envelope.keys.item_id.as_deref(), Some("i"));
        assert_eq!(envelope.keys.delta.as_deref(), Some("a\"bé"));
        assert!(!envelope.keys.more);
        assert!(text[envelope.header.params.unwrap()].starts_with(r#"{"threadId""#));
    }

    #[test]
    fn ids_are_found_after_large_and_nested_members() {
        let text = r#"{"params":{"item":{"id":"no","turnId":"no","x":[1,{"threadId":"no"}, "}\\"]},"turnId":"u","threadId":"t"} , "method":"item/completed"}"#;
        let keys = parse(text).unwrap().keys;
        assert_eq!(keys.thread_id.as_deref(), Some("t"));
        assert_eq!(keys.turn_id.as_deref(), Some("u"));
        assert!(keys.more);
    }

    #[test]
    fn nested_turn_and_thread_ids_are_found() {
        let text = r#"{"method":"turn/completed","params":{"threadId":"t","turn":{"items":[{"id":"no"}],"id":"u","rootTurnId":"r"}}}"#;
        let keys = parse(text).unwrap().keys;
        assert_eq!(keys.turn_id.as_deref(), Some("u"));
        assert_eq!(keys.root_turn_id.as_deref(), Some("r"));
        let text = r#"{"method":"thread/started","params":{"thread":{"id":"t"}}}"#;
        assert_eq!(parse(text).unwrap().keys.thread_id.as_deref(), Some("t"));
        let text = r#"{"method":"x","params":{"turnId":null,"threadId":7,"turn":3}}"#;
        let keys = parse(text).unwrap().keys;
        assert_eq!((keys.thread_id, keys.turn_id), (None, None));
    }

    #[test]
    fn a_method_with_escapes_is_unescaped() {
        let text = r#"{"method":"turn\/started","params":{"a":"\u00e9"}}"#;
        let plain = unescape(text, &parse(text).unwrap()).unwrap();
        let envelope = parse(&plain).unwrap();
        assert_eq!(
            &plain[envelope.header.method.clone().unwrap()],
            "turn/started"
        );
        assert_eq!(unescape(&plain, &envelope), None);
        for needed in [
            r#"{"method":"a\"b"}"#,
            r#"{"method":"a\\b"}"#,
            r#"{"method":"\u0000"}"#,
        ] {
            assert_eq!(unescape(needed, &parse(needed).unwrap()), None);
        }
    }

    #[test]
    fn the_id_and_the_result_of_a_response_are_located() {
        let text = r#"{"id":7,"result":{"a":[1, 2]},"error":null}"#;
        let envelope = parse(text).unwrap();
        assert_eq!(envelope.id, Some(RequestId::Integer(7)));
        assert_eq!(&text[envelope.result.unwrap()], r#"{"a":[1, 2]}"#);
        assert_eq!(envelope.error, None);
        let turn = result_keys(r#"{"turn":{"id":"u","status":"inProgress"}}"#).unwrap();
        assert_eq!(turn.turn_id.as_deref(), Some("u"));
        let login = result_keys(r#"{"type":"chatgpt","loginId":"l","authUrl":"x"}"#).unwrap();
        assert_eq!(login.login_id.as_deref(), Some("l"));
    }

    #[test]
    fn a_usual_response_is_read_as_any_other() {
        for result in ["{}", r#"{"a":"}\"é","b":[1,{}]}"#, "null", "-7.5"] {
            let text = format!(r#"{{"id":12,"result":{result}}}"#);
            let (id, range) = usual_response(&text).unwrap();
            assert_eq!((id, &text[range]), (12, result));
            let other = format!(" {text}");
            assert_eq!(usual_response(&other), None);
            let envelope = parse(&other).unwrap();
            assert_eq!(envelope.id, Some(RequestId::Integer(12)));
            assert_eq!(&other[envelope.result.unwrap()], result);
        }
        for other in [
            r#"{"id":12,"result":{},"error":null}"#,
            r#"{"id":12,"result":{}} "#,
            r#"{"id":12,"result":}"#,
            r#"{"id":12,"result":{}"#,
            r#"{"id":012,"result":{}}"#,
            r#"{"id":1234567890123456789,"result":{}}"#,
            r#"{"id":"12","result":{}}"#,
            r#"{"id":,"result":{}}"#,
            r#"{"id":12,"error":{}}"#,
        ] {
            assert_eq!(usual_response(other), None, "{other}");
        }
    }

    #[test]
    fn text_that_is_not_an_object_has_no_envelope() {
        for text in [
            "",
            "npm warn",
            "[]",
            "7",
            "{",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1"#,
            r#"{"a":"x}"#,
            r#"{"a":1} trailing"#,
            r#"{"a":1,}"#,
            r#"{"a":"\"#,
            r#"{"a":[1}"#,
        ] {
            // A closing bracket of the wrong kind is left to the decoder.
            if text != r#"{"a":[1}"# {
                assert!(parse(text).is_none(), "{text}");
            }
        }
        assert_eq!(parse("{}"), Some(Envelope::default()));
    }

    /// Tries every byte at every kind of position in a message. A scanner that did not advance
    /// would hang here.
    #[test]
    fn any_byte_at_any_position_is_skipped_or_rejected() {
        for (before, after) in [
            ("", ""),
            ("{", "}"),
            (r#"{"a""#, "1}"),
            (r#"{"a":"#, "}"),
            (r#"{"":["#, ""),
            (r#"{"":["#, "]}"),
            (r#"{"a":{"#, "}}"),
            (r#"{"a":[1,"#, "2]}"),
            (r#"{"a":[1"#, "]}"),
            (r#"{"params":{"turn":{"#, "}}}"),
            (r#"{"params":{"threadId":"#, "}}"),
            (r#"{"a":1"#, "}"),
            (r#"{"a":1}"#, ""),
        ] {
            for byte in 0..=0x7f_u8 {
                let text = format!("{before}{}{after}", char::from(byte));
                let is_json = serde_json::from_str::<serde_json::Map<_, _>>(&text).is_ok();
                assert!(parse(&text).is_some() || !is_json, "{text:?}");
            }
        }
        let control = "{\"\":[\0";
        assert!(parse(control).is_none());
        assert!(parse("{\"\":[\u{1b}[0m]}").is_none());
    }
}
