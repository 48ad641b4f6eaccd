//! The envelope against serde_json and the typed messages.

use std::borrow::Cow;

use codex_types::{RequestId, ServerNotification, rpc::Incoming};
use serde_json::value::RawValue;

use crate::{
    fuzzing::json::{Members, is_json, member, members},
    rpc::{
        addressee::{Addressee, addressee},
        delta::{Delta, DeltaKind, DeltaRef},
        delta_line::DeltaLine,
        envelope::{self, Envelope, Header, RoutingKeys},
        lines::Line,
        raw_notification::{NotificationKind, RawNotification},
    },
};

/// The envelope of an object has the members that serde_json finds. A message that
/// [`Incoming`] reads is classified in the same way. A plain delta is the same as the decoded
/// notification, and so is a line that is read as one. A message that begins like a response or a
/// request is attributed to it. No error fails to be shown.
pub fn envelope(bytes: &[u8]) {
    let text = match Line::Borrowed(bytes).text() {
        Ok(text) => text,
        Err(unreadable) => {
            show(&unreadable.error);
            addressee(&unreadable.readable);
            return;
        }
    };
    let text = &*text;
    // The beginning of a message ends anywhere, even within a character.
    for end in [bytes.len() / 2, bytes.len().saturating_sub(1)] {
        addressee(&bytes[..end]);
    }
    let parsed = envelope::parse(text);
    if let Some(members) = members(text) {
        let expected = expected(text, &members);
        assert_eq!(parsed, expected, "{text}");
        let found = addressee(bytes);
        assert!(is_attributed(text, &members, found.as_ref()), "{text}");
    }
    assert_read(bytes, parsed.as_ref());
    let Some(parsed) = parsed else {
        show(&envelope::fault(text));
        return;
    };
    if let Ok(incoming) = Incoming::parse(bytes) {
        assert_classified(&incoming, text, &parsed);
    }
    if let Some(plain) = envelope::unescape(text, &parsed) {
        assert_unescaped(text, &parsed, &plain);
    }
    if let Some(result) = &parsed.result {
        envelope::result_keys(&text[result.clone()]);
    }
    if parsed.header.method.is_some() && parsed.id.is_none() {
        notification(text, &parsed);
    }
}

/// Returns the envelope that an object should have; `None` if an id or a method has the wrong type.
fn expected<'a>(text: &'a str, members: &Members) -> Option<Envelope<'a>> {
    let mut expected = Envelope::default();
    for (key, range) in members {
        let value = &text[range.clone()];
        match key.as_str() {
            "id" => expected.id = Some(id(value)?),
            "method" => {
                let contents = value.strip_prefix('"')?.strip_suffix('"')?;
                expected.header.method = Some(range.start + 1..range.end - 1);
                expected.has_escaped_method = contents.contains('\\');
            }
            "params" => {
                expected.keys = keys(value);
                expected.header.params = Some(range.clone());
            }
            "result" => expected.result = Some(range.clone()),
            "error" => expected.error = (value != "null").then(|| range.clone()),
            "emittedAtMs" => expected.header.emitted_at_ms = serde_json::from_str(value).ok(),
            _ => {}
        }
    }
    Some(expected)
}

fn id(value: &str) -> Option<RequestId> {
    let integer = serde_json::from_str(value).ok().map(RequestId::Integer);
    integer.or_else(|| serde_json::from_str(value).ok().map(RequestId::String))
}

fn keys<'a>(params: &'a str) -> RoutingKeys<'a> {
    let Some(top) = members(params) else {
        return RoutingKeys::default();
    };
    let text = |key: &str| string(member(params, &top, key)?);
    let below = |object: &str, key: &str| {
        let value = member(params, &top, object)?;
        string(member(value, &members(value)?, key)?)
    };
    let integer = |key: &str| serde_json::from_str(member(params, &top, key)?).ok();
    let known = [
        "contentIndex",
        "delta",
        "itemId",
        "summaryIndex",
        "threadId",
        "turnId",
    ];
    RoutingKeys::<'a> {
        thread_id: text("threadId").or_else(|| below("thread", "id")),
        turn_id: text("turnId").or_else(|| below("turn", "id")),
        root_turn_id: below("turn", "rootTurnId"),
        item_id: text("itemId"),
        login_id: text("loginId"),
        client_id: text("processId").or_else(|| text("watchId")),
        delta: text("delta"),
        summary_index: integer("summaryIndex"),
        content_index: integer("contentIndex"),
        more: top.iter().any(|(key, _)| !known.contains(&key.as_str())),
    }
}

fn string(value: &str) -> Option<Cow<'static, str>> {
    serde_json::from_str(value).ok().map(Cow::Owned)
}

/// Whether the addressee of a complete message is the party that its members name. The members
/// after an id of the wrong type do not count.
fn is_attributed(text: &str, members: &Members, addressee: Option<&Addressee>) -> bool {
    let (mut message_id, mut is_response, mut is_request) = (None, false, false);
    for (key, range) in members {
        match key.as_str() {
            "id" => match id(&text[range.clone()]) {
                Some(id) => message_id = Some(id),
                None => break,
            },
            "method" => is_request = true,
            "result" | "error" => is_response = true,
            _ => {}
        }
    }
    match (message_id, is_response, is_request) {
        (Some(RequestId::Integer(id)), true, false) => addressee == Some(&Addressee::Caller(id)),
        (Some(id), false, true) => addressee == Some(&Addressee::Server(id)),
        _ => !matches!(addressee, Some(Addressee::Caller(_) | Addressee::Server(_))),
    }
}

fn assert_classified(incoming: &Incoming<'_>, text: &str, parsed: &Envelope<'_>) {
    let Header {
        method,
        params,
        emitted_at_ms,
    } = &parsed.header;
    let slice = |range: &Option<std::ops::Range<usize>>| range.clone().map(|range| &text[range]);
    let name = slice(method).map(|name| string(&format!("\"{name}\"")));
    // An error without an id has no envelope that matters.
    match incoming {
        Incoming::Request {
            id,
            method,
            params: raw,
        } => {
            assert_eq!(parsed.id.as_ref(), Some(id));
            assert_eq!(name.flatten().as_deref(), Some(&**method));
            assert_eq!(slice(params), raw.map(RawValue::get));
        }
        Incoming::Notification {
            method,
            params: raw,
            emitted_at_ms: time,
        } => {
            assert_eq!(parsed.id, None);
            assert_eq!(name.flatten().as_deref(), Some(&**method));
            assert_eq!(slice(params), raw.map(RawValue::get));
            assert_eq!(emitted_at_ms, time);
        }
        Incoming::Response { id, result } => {
            assert_eq!(&parsed.id, id);
            assert_eq!(name, None);
            match result {
                Ok(raw) => {
                    assert_eq!(slice(&parsed.result), Some(raw.get()));
                    assert_eq!(parsed.error, None);
                }
                Err(error) => {
                    let shown = slice(&parsed.error).unwrap_or_default();
                    assert_eq!(serde_json::from_str(shown).ok().as_ref(), Some(error));
                }
            }
        }
        other => panic!("a kind of message that this property does not know: {other:?}"),
    }
}

/// A line that is read as a delta has the same members as its envelope.
fn assert_read(bytes: &[u8], parsed: Option<&Envelope<'_>>) {
    let Some(read) = DeltaLine::read(bytes) else {
        return;
    };
    let text = str::from_utf8(bytes).expect("a line that was read is valid UTF-8");
    let parsed = parsed.unwrap_or_else(|| panic!("{text} has no envelope"));
    let (header, keys) = (&parsed.header, &parsed.keys);
    let method = header.method.clone().map(|method| &text[method]);
    let kind = method.and_then(DeltaKind::of);
    let delta = kind.and_then(|kind| DeltaRef::new(kind, keys, header.emitted_at_ms));
    assert_eq!(Some(read.delta), delta, "{text}");
    assert_eq!(Some(read.thread_id), keys.thread_id.as_deref(), "{text}");
    assert_eq!(Some(read.turn_id), keys.turn_id.as_deref(), "{text}");
    assert!(parsed.id.is_none() && !parsed.has_escaped_method, "{text}");
}

fn assert_unescaped(text: &str, parsed: &Envelope<'_>, plain: &str) {
    let again = envelope::parse(plain);
    let again = again.unwrap_or_else(|| panic!("{text} became {plain}"));
    assert!(!again.has_escaped_method, "{plain}");
    assert_eq!(again.keys, parsed.keys, "{text}");
    assert_eq!(again.id, parsed.id, "{text}");
    assert_eq!(envelope::unescape(plain, &again), None);
}

/// Decodes a notification.
fn notification(text: &str, parsed: &Envelope<'_>) {
    let method = &text[parsed.header.method.clone().unwrap_or_default()];
    let kind = NotificationKind::of(method);
    let raw = RawNotification::new(text.into(), parsed.header.clone(), kind);
    let mut unreadable = Vec::new();
    let decoded = raw.decode(&mut unreadable);
    unreadable.iter().for_each(show);
    if let Err(error) = &decoded {
        let _ = format!("{error} {error:?}");
    }
    // A delta with control characters is also read, which is not JSON.
    if let NotificationKind::Delta(kind) = kind
        && let Some(delta) = delta(kind, parsed)
        && raw.params().is_some_and(is_json)
    {
        assert!(unreadable.is_empty(), "{text}");
        assert_eq!(decoded.ok(), Some(delta), "{text}");
    }
}

/// Returns a notification as the log of its turn returns it, if it is a plain delta.
fn delta(kind: DeltaKind, parsed: &Envelope<'_>) -> Option<ServerNotification> {
    let keys = &parsed.keys;
    let (thread_id, turn_id) = (keys.thread_id.as_deref()?, keys.turn_id.as_deref()?);
    let delta = DeltaRef::new(kind, keys, parsed.header.emitted_at_ms)?;
    let delta = Delta {
        kind,
        turn_id: None,
        item_id: delta.item_id.to_owned(),
        index: delta.index,
        text: delta.text.to_owned(),
        emitted_at_ms: delta.emitted_at_ms,
    };
    Some(delta.into_typed(thread_id, turn_id))
}

fn show(error: &crate::error::decode_error::DecodeError) {
    let _ = format!("{error} {error:?}");
}
