//! A property of decoding that holds for every type of the protocol and every text.

use std::{collections::BTreeMap, fmt::Debug, sync::LazyLock};

use codex_types::{
    ClientNotification, ClientRequest, METHODS, SERVER_METHODS, ServerNotification, ServerRequest,
    decode::{self, Lossy},
    rpc::{Incoming, JsonRpcError, RequestId},
    unlisted::{GetAuthStatusParams, GetConversationSummaryParams, GitDiffToRemoteParams},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    json::without_nulls,
    recorded::{self, Recorded},
    schema::{Choices, Order, Schema, text},
};

/// Decodes a text as a type in every mode and panics if a property does not hold.
pub type Check = fn(&str);

/// Decoding never panics. A text that is read strictly is also read normally, and one that is read
/// normally is also read lossily, always as the same value and without an unreadable part. The value
/// is encoded as JSON that decodes to the same value, or to that of the text without its `null`
/// members: some unions tell their variants apart by a member that may be `null`.
///
/// # Panics
///
/// If this does not hold for the text.
pub fn check<T>(json: &str)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let normal = serde_json::from_str::<T>(json);
    let lossy = decode::lossy::<T>(json);
    if let Ok(lossy) = &lossy {
        assert_shown(lossy);
    }
    match normal {
        Ok(value) => {
            let Ok(lossy) = lossy else {
                panic!("only the lossy mode refuses {json}");
            };
            assert_eq!(lossy.value, value, "{json}");
            assert!(lossy.unreadable.is_empty(), "{json}: {lossy:?}");
            let encoded = serde_json::to_string(&value);
            let encoded = encoded.unwrap_or_else(|error| panic!("{value:?}: {error}"));
            match serde_json::from_str::<T>(&encoded) {
                Ok(again) if again == value => {}
                Ok(again) => assert_eq!(
                    Some(again),
                    decode_without_nulls(json),
                    "{json} became {encoded}"
                ),
                Err(error) => panic!("{json} became {encoded}: {error}"),
            }
            if let Ok(strict) = decode::strict::<T>(json) {
                assert_eq!(strict, value, "{json}");
            }
        }
        Err(error) => {
            assert!(!format!("{error} {error:?}").is_empty());
            assert!(decode::strict::<T>(json).is_err(), "{json}: {error}");
        }
    }
}

fn decode_without_nulls<T: DeserializeOwned>(json: &str) -> Option<T> {
    let value = serde_json::from_str(json).ok()?;
    serde_json::from_str(&without_nulls(&value).to_string()).ok()
}

fn assert_shown<T: Debug>(lossy: &Lossy<T>) {
    assert!(!format!("{lossy:?}").is_empty());
    for part in &lossy.unreadable {
        assert!(!format!("{part} {part:?}").is_empty());
    }
}

/// Returns the check of every type, by its name in the schema: the definitions, the unions of
/// messages, and the types of the requests that the schema does not list.
#[must_use]
pub fn checks() -> BTreeMap<&'static str, Check> {
    macro_rules! table {
        ($($name:literal, $type:path;)*) => {
            [$(($name, check::<$type> as Check)),*].into()
        };
    }
    let mut checks: BTreeMap<_, Check> = codex_types::for_each_definition!(table);
    checks.extend([
        ("ClientNotification", check::<ClientNotification> as Check),
        ("ClientRequest", check::<ClientRequest>),
        ("GetAuthStatusParams", check::<GetAuthStatusParams>),
        (
            "GetConversationSummaryParams",
            check::<GetConversationSummaryParams>,
        ),
        ("GitDiffToRemoteParams", check::<GitDiffToRemoteParams>),
        ("JSONRPCErrorError", check::<JsonRpcError>),
        ("JSONRPCMessage", check_envelope),
        ("RequestId", check::<RequestId>),
        ("ServerNotification", check::<ServerNotification>),
        ("ServerRequest", check::<ServerRequest>),
    ]);
    checks
}

fn check_envelope(json: &str) {
    match Incoming::parse(json.as_bytes()) {
        Ok(incoming) => assert!(!format!("{incoming:?}").is_empty()),
        Err(error) => assert!(!format!("{error} {error:?}").is_empty()),
    }
}

/// Checks a type with a text. Both are chosen by the bytes: the first two choose the type, the third
/// one says whether the rest is the text, or the choices for a value of the schema. Some bytes of
/// that value are then replaced.
///
/// # Panics
///
/// If the property does not hold.
pub fn check_any(bytes: &[u8]) {
    static CHECKS: LazyLock<Vec<(&str, Check)>> = LazyLock::new(|| checks().into_iter().collect());
    static SCHEMA: LazyLock<Schema> = LazyLock::new(Schema::pinned);

    let [low, high, kind, rest @ ..] = bytes else {
        return;
    };
    let (name, check) = CHECKS[usize::from(u16::from_le_bytes([*low, *high])) % CHECKS.len()];
    let order = match kind % 6 {
        1 => Order::TagFirst,
        3 => Order::TagLast,
        5 => Order::BackwardsAndEscaped,
        _ => {
            if let Ok(json) = str::from_utf8(rest) {
                check(json);
            }
            return;
        }
    };
    if !SCHEMA.names().any(|defined| defined == name) {
        return;
    }
    let edits = rest.len().min(3 * usize::from(kind / 6 % 4));
    let (edits, choices) = rest.split_at(edits);
    let choices: Vec<_> = choices.iter().copied().map(u32::from).collect();
    let value = SCHEMA.make(SCHEMA.definition(name), &mut Choices::new(&choices));
    let mut json = text(&value, order).into_bytes();
    for edit in edits.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % json.len();
        json[at] = edit[2];
    }
    if let Ok(json) = str::from_utf8(&json) {
        check(json);
    }
}

/// Returns the input of [`check_any`] for a type and a text; `None` for an unknown type.
#[must_use]
pub fn input(name: &str, json: &str) -> Option<Vec<u8>> {
    let index = checks().keys().position(|known| *known == name)?;
    let [low, high] = u16::try_from(index).ok()?.to_le_bytes();
    Some([&[low, high, 0], json.as_bytes()].concat())
}

/// Returns the messages of a directory in `tests/fixtures`, and the results of its responses, each
/// with the name of its type.
///
/// # Panics
///
/// If a file cannot be read or a line is not a recording.
#[must_use]
pub fn recorded(directory: &str) -> Vec<(&'static str, String)> {
    let recorded = recorded::recorded(directory).into_iter().flatten();
    recorded.filter_map(named).collect()
}

/// Returns the type of a message, or of its result, and the JSON.
fn named(entry: Recorded) -> Option<(&'static str, String)> {
    let Recorded {
        from_server,
        message,
        method,
        ..
    } = entry;
    if message.get("method").is_none() {
        let rows = if from_server { METHODS } else { SERVER_METHODS };
        let row = rows
            .iter()
            .find(|row| Some(row.method) == method.as_deref())?;
        return Some((row.response, message.get("result")?.to_string()));
    }
    let union = match (from_server, message.get("id").is_some()) {
        (true, true) => "ServerRequest",
        (true, false) => "ServerNotification",
        (false, true) => "ClientRequest",
        (false, false) => "ClientNotification",
    };
    Some((union, message.to_string()))
}
