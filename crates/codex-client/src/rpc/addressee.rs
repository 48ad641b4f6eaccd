//! The addressee of a message that cannot be read as a whole.

use std::borrow::Cow;

use codex_types::RequestId;

use crate::rpc::{envelope, raw_notification::NotificationKind, scanner::Scanner};

/// The party that waits for a message that cannot be read, or for the response to it.
#[derive(Debug, PartialEq)]
pub(crate) enum Addressee {
    /// The message is the response to this request.
    Caller(i64),
    /// The message is a request from the server with this id.
    Server(RequestId),
    /// The message is a notification about a turn.
    Turn(TurnPart),
    /// The message is the completion of this login attempt; `None` if the id cannot be read.
    Login(Option<String>),
}

const LOGIN_COMPLETED: &str = "account/login/completed";

/// A notification about a turn, as far as it can be read.
#[derive(Debug, PartialEq)]
pub(crate) struct TurnPart {
    pub(crate) method: String,
    pub(crate) thread_id: Option<String>,
    pub(crate) turn_id: Option<String>,
}

/// The readable members of a message.
#[derive(Default)]
struct Members<'a> {
    id: Option<RequestId>,
    method: Option<Cow<'a, str>>,
    is_response: bool,
    thread_id: Option<Cow<'a, str>>,
    turn_id: Option<Cow<'a, str>>,
    /// The inner value is `None` for a login that has no id.
    login_id: Option<Option<Cow<'a, str>>>,
}

/// Returns the addressee of a message of which only the beginning can be read, or which something
/// else precedes in its line.
pub(crate) fn addressee(readable: &[u8]) -> Option<Addressee> {
    let start = readable.iter().position(|byte| *byte == b'{')?;
    let readable = &readable[start..];
    let text = match str::from_utf8(readable) {
        Ok(text) => text,
        Err(error) => str::from_utf8(&readable[..error.valid_up_to()]).ok()?,
    };
    let Members {
        id,
        method,
        is_response,
        thread_id,
        turn_id,
        login_id,
    } = members(text);
    match (id, method, is_response) {
        (Some(RequestId::Integer(id)), None, true) => Some(Addressee::Caller(id)),
        (Some(id), Some(_), false) => Some(Addressee::Server(id)),
        (None, Some(method), false) if method == LOGIN_COMPLETED => match login_id {
            Some(None) => None,
            login_id => Some(Addressee::Login(login_id.flatten().map(Cow::into_owned))),
        },
        (None, Some(method), false) if turn_id.is_some() || is_about_a_turn(&method) => {
            Some(Addressee::Turn(TurnPart {
                method: method.into_owned(),
                thread_id: thread_id.map(Cow::into_owned),
                turn_id: turn_id.map(Cow::into_owned),
            }))
        }
        _ => None,
    }
}

/// Reads the members before the first fault.
fn members(text: &str) -> Members<'_> {
    let mut scan = Scanner::new(text);
    let mut members = Members::default();
    let _ = scan.object(|scan, key| {
        match key {
            "id" => members.id = Some(envelope::id(text, scan)?),
            "method" => members.method = Some(scan.optional_string()?.unwrap_or_default()),
            "params" => {
                scan.space();
                if scan.next()? != b'{' {
                    return scan.skip().map(drop);
                }
                return scan.object(|scan, key| {
                    match key {
                        "threadId" => members.thread_id = scan.optional_string()?,
                        "loginId" => members.login_id = Some(scan.optional_string()?),
                        "turnId" => members.turn_id = scan.optional_string()?,
                        "turn" => members.turn_id = envelope::ids_of_object(scan)?.0,
                        _ => {
                            scan.skip()?;
                        }
                    }
                    Some(())
                });
            }
            "result" | "error" => {
                members.is_response = true;
                scan.skip()?;
            }
            _ => {
                scan.skip()?;
            }
        }
        Some(())
    });
    members
}

/// Whether notifications with this method are about a turn.
fn is_about_a_turn(method: &str) -> bool {
    let kind = NotificationKind::of(method);
    matches!(
        kind,
        NotificationKind::Error | NotificationKind::TokenUsageUpdated
    ) || ["item/", "turn/"]
        .iter()
        .any(|prefix| method.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(method: &str, thread_id: Option<&str>, turn_id: Option<&str>) -> Option<Addressee> {
        Some(Addressee::Turn(TurnPart {
            method: method.to_owned(),
            thread_id: thread_id.map(str::to_owned),
            turn_id: turn_id.map(str::to_owned),
        }))
    }

    #[test]
    fn a_truncated_message_may_reveal_its_request() {
        let caller = |id| Some(Addressee::Caller(id));
        let server = |id: RequestId| Some(Addressee::Server(id));
        for (begins, expected) in [
            (&b"{\"id\":17,\"result\":{\"a\":\"\xff"[..], caller(17)),
            (b"{ \"id\" : 17, \"error\":", caller(17)),
            (b"{\"result\":{},\"id\":17,\"x\":", caller(17)),
            (
                b"{\"id\":17,\"method\":\"x\"",
                server(RequestId::Integer(17)),
            ),
            (
                b"{\"method\":\"x\",\"id\":\"a\",\"params\":",
                server("a".to_owned().into()),
            ),
            (b"{\"id\":\"17\",\"result\":", None),
            (b"{\"id\":17,\"method\":\"x\",\"result\":", None),
            (
                b"{\"method\":\"x\",\"params\":{\"id\":17,\"result\":1",
                None,
            ),
            (b"{\"id\":17,\"res", None),
            (b"{\"id\":1", None),
            (b"{\"id\":,\"result\":", None),
            (b"{\"id\":99999999999999999999,\"result\":", None),
            (b"npm warn", None),
            (b"", None),
        ] {
            let text = String::from_utf8_lossy(begins);
            assert_eq!(addressee(begins), expected, "{text}");
        }
    }

    #[test]
    fn a_truncated_message_may_reveal_its_turn() {
        let (item, end) = ("item/completed", "turn/completed");
        for (begins, expected) in [
            (
                &b"{\"method\":\"turn/completed\",\"params\":{\"threadId\":\"t\",\"turn\":{\"id\":\"\xff"[..],
                part(end, Some("t"), None),
            ),
            (
                b"{\"method\":\"turn/completed\",\"params\":{\"threadId\":\"t\",\"turn\":{\"id\":\"u\"}}",
                part(end, Some("t"), Some("u")),
            ),
            (
                b"{\"method\":\"turn/completed\",\"params\":{\"threadId\":\"t",
                part(end, None, None),
            ),
            (
                b"{\"params\":{\"turnId\":\"u\",\"threadId\":\"t\"},\"method\":\"item/completed\",",
                part(item, Some("t"), Some("u")),
            ),
            (
                b"{\"method\":\"item/completed\",\"params\":{\"item\":{\"id\":\"i\",\"text\":\"",
                part(item, None, None),
            ),
            (b"{\"method\":\"item/completed\",\"params\":7", part(item, None, None)),
            (b"{\"method\":\"error\",\"params\":{\"error\":{\"", part("error", None, None)),
            (
                b"{\"method\":\"thread/tokenUsage/updated\",\"params\":{\"threadId\":\"t\",",
                part("thread/tokenUsage/updated", Some("t"), None),
            ),
            (
                b"{\"method\":\"future/thing\",\"params\":{\"threadId\":\"t\",\"turnId\":\"u\",",
                part("future/thing", Some("t"), Some("u")),
            ),
            (b"{\"method\":\"thread/closed\",\"params\":{\"threadId\":\"t\",", None),
            (b"{\"method\":\"item/comple", None),
        ] {
            let text = String::from_utf8_lossy(begins);
            assert_eq!(addressee(begins), expected, "{text}");
        }
    }

    #[test]
    fn a_truncated_message_may_reveal_its_login_attempt() {
        let login = |id: Option<&str>| Some(Addressee::Login(id.map(str::to_owned)));
        for (params, expected) in [
            (r#"{"loginId":"l","success":tr"#, login(Some("l"))),
            (r#"{"success":"#, login(None)),
            (r#"{"loginId":null,"success":tr"#, None),
        ] {
            let begins = format!("{{\"method\":\"account/login/completed\",\"params\":{params}");
            assert_eq!(addressee(begins.as_bytes()), expected, "{params}");
        }
    }

    /// Tries every byte at every kind of position in a message. A scanner that did not advance
    /// would hang here.
    #[test]
    fn any_byte_at_any_position_is_skipped_or_rejected() {
        for before in [
            "",
            "{",
            "{\"a\"",
            "{\"a\":",
            "{\"\":[",
            "{\"a\":{",
            "{\"params\":",
            "{\"params\":{\"turn\":{",
        ] {
            for byte in 0..=0x7f_u8 {
                let text = format!("{before}{}", char::from(byte));
                assert_eq!(addressee(text.as_bytes()), None, "{text:?}");
            }
        }
    }
}
