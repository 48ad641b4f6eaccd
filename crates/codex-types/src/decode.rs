//! Decodes JSON more strictly or more tolerantly than `serde_json::from_str`.
//!
//! A server of another release may omit fields that the schema requires, or write them in another
//! form. Types that a server writes are therefore decoded tolerantly: an absent or `null`
//! field takes its natural value (an empty text or list, zero, `false`, `Unrecognized`), unless it
//! identifies the value (`id`, `threadId`, the tag of a union).
//!
//! [`strict`] rejects everything that the schema rejects, also unknown values of enums, tags and
//! methods, except for a few bounds that the types do not express. [`lossy`] also skips fields of the wrong
//! type.

use serde::de::DeserializeOwned;

pub use crate::wire::mode::UnreadablePart;
use crate::wire::mode::{Mode, in_mode, take_unreadable, unreadable_count};

/// A value, and the parts of it that could not be read.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Lossy<T> {
    /// The value. An unreadable field counts as absent; an unreadable element of a list or map is
    /// left out, or becomes `Unrecognized` if its type is an enum with that variant.
    pub value: T,
    /// The parts that could not be read, in the order of the text: at most the first thousand.
    pub unreadable: Vec<UnreadablePart>,
}

/// Decodes a value exactly as the schema defines it: every required field must be present, and every
/// value, tag, method and member must be one that the schema accepts.
///
/// These values are accepted although the schema rejects them: an integer below a `minimum` that is
/// not that of its type, a string below its `minLength`, an object that lacks
/// each of several members of which the schema requires one, and a message whose params are absent or
/// `null` if no field of them is required.
///
/// # Errors
///
/// If the value does not match the schema. The error names the type and the field.
///
/// # Examples
///
/// ```
/// use codex_types::{TurnStartResponse, decode};
///
/// let json = r#"{"turn":{"id":"turn-1"}}"#;
/// let response: TurnStartResponse = serde_json::from_str(json).unwrap();
/// assert_eq!(response.turn.id, "turn-1");
/// assert!(response.turn.items.is_empty());
///
/// assert!(decode::strict::<TurnStartResponse>(json).is_err());
/// assert!(decode::strict::<codex_types::TurnStatus>(r#""paused""#).is_err());
/// ```
pub fn strict<T: DeserializeOwned>(json: &str) -> serde_json::Result<T> {
    with_strict(|| serde_json::from_str(json))
}

/// Decodes a value and leaves out the parts that cannot be read.
///
/// This reads nested values more than once, so use it only after `serde_json::from_str` has failed.
///
/// # Errors
///
/// If the text is not JSON, or if a field that identifies the value cannot be read.
///
/// # Examples
///
/// ```
/// use codex_types::{ThreadItem, decode};
///
/// let json = r#"{"type":"commandExecution","id":"item-1","command":"ls","exitCode":3221225786}"#;
/// assert!(serde_json::from_str::<ThreadItem>(json).is_err());
///
/// let item = decode::lossy::<ThreadItem>(json).unwrap();
/// assert_eq!(item.value.id(), Some("item-1"));
/// assert_eq!(item.unreadable[0].json, "3221225786");
/// ```
pub fn lossy<T: DeserializeOwned>(json: &str) -> serde_json::Result<Lossy<T>> {
    with_lossy(|| serde_json::from_str(json))
}

/// Runs a function; whatever it decodes on this thread is decoded in the same way as by
/// [`strict`].
pub fn with_strict<R>(run: impl FnOnce() -> R) -> R {
    in_mode(Mode::Strict, run)
}

/// Runs a function; whatever it decodes on this thread is decoded in the same way as by
/// [`lossy`].
///
/// # Errors
///
/// The error that the function returns.
pub fn with_lossy<T, E>(run: impl FnOnce() -> Result<T, E>) -> Result<Lossy<T>, E> {
    let before = unreadable_count();
    let value = in_mode(Mode::Lossy, run);
    let unreadable = take_unreadable(before);
    Ok(Lossy {
        value: value?,
        unreadable,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{Model, Turn, TurnStatus, wire::mode::MAX_RECORDED};

    fn read<T: DeserializeOwned>(json: &Value) -> serde_json::Result<T> {
        serde_json::from_str(&json.to_string())
    }

    #[test]
    fn an_absent_or_null_field_takes_its_natural_value() {
        let absent: Turn = read(&json!({"id": "u"})).unwrap();
        assert_eq!(absent.status, TurnStatus::Unrecognized(String::new()));
        assert!(absent.items.is_empty());
        let null: Turn = read(&json!({"id": "u", "status": null, "items": null})).unwrap();
        assert_eq!(null, absent);
    }

    #[test]
    fn an_essential_field_has_no_natural_value() {
        let error = read::<Turn>(&json!({"status": "completed"})).unwrap_err();
        assert!(
            error.to_string().contains("Turn: missing field `id`"),
            "{error}"
        );
        assert!(read::<Turn>(&json!({"id": null})).is_err());
        assert!(lossy::<Turn>(r#"{"status":"completed"}"#).is_err());
    }

    #[test]
    fn strict_decoding_requires_every_field_and_ends_with_the_call() {
        for (json, reason) in [
            (r#"{"id":"u","items":[]}"#, "missing field `status`"),
            (
                r#"{"id":"u","items":null,"status":"completed"}"#,
                "Turn.items",
            ),
        ] {
            let error = strict::<Turn>(json).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
            assert!(serde_json::from_str::<Turn>(json).is_ok());
        }
    }

    #[test]
    fn strict_decoding_refuses_unknown_values_tags_methods_and_members() {
        use crate::{
            ReviewDecision, ServerNotification, ServerRequest, ThreadItem, ThreadSampleCancelParams,
        };

        fn outcome<T: DeserializeOwned>(json: &str) -> String {
            assert!(serde_json::from_str::<T>(json).is_ok(), "{json}");
            strict::<T>(json).map_or_else(|error| error.to_string(), |_| "accepted".to_owned())
        }

        let unknown = r#"{"method":"x/y","params":{},"id":1}"#;
        for (outcome, reason) in [
            (
                outcome::<TurnStatus>(r#""paused""#),
                "unknown value `paused`",
            ),
            (
                outcome::<ThreadItem>(r#"{"type":"hologram"}"#),
                "unknown tag `hologram`",
            ),
            (
                outcome::<ThreadItem>(r#"{"id":"i","type":"hologram"}"#),
                "unknown tag",
            ),
            (outcome::<ServerNotification>(unknown), "unknown method"),
            (outcome::<ServerRequest>(unknown), "unknown method"),
            (
                outcome::<ServerRequest>(r#"{"params":{},"method":"x/y"}"#),
                "unknown method",
            ),
            (
                outcome::<ReviewDecision>(r#""maybe""#),
                "unknown value `maybe`",
            ),
            (
                outcome::<ReviewDecision>(r#"{"maybe":1}"#),
                "unknown value `maybe`",
            ),
            (
                outcome::<ThreadSampleCancelParams>(r#"{"requestId":"r","more":1}"#),
                "unknown field `more`",
            ),
        ] {
            assert!(outcome.contains(reason), "{outcome}");
        }
        let error = with_strict(|| ServerNotification::decode("x/y", None, None)).unwrap_err();
        assert!(error.to_string().contains("unknown method"), "{error}");
        let error =
            strict::<ServerRequest>(r#"{"method":"currentTime/read","params":{"threadId":"t"}}"#);
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("missing field `id`")
        );
    }

    #[test]
    fn lossy_decoding_keeps_the_readable_parts_and_reports_each_unreadable_part_once() {
        let model = json!({"id": "m", "isDefault": "sk-secret", "description": 5});
        let list = json!({"data": [model, "sk-secret", {"id": "n"}], "nextCursor": 7}).to_string();
        let lossy = lossy::<crate::ModelListResponse>(&list).unwrap();
        let ids: Vec<_> = lossy
            .value
            .data
            .iter()
            .map(|model: &Model| &*model.id)
            .collect();
        assert_eq!(ids, ["m", "n"]);
        let mut fields: Vec<_> = lossy.unreadable.iter().map(|part| &*part.field).collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            [
                "Model.description",
                "Model.isDefault",
                "ModelListResponse.data[1]",
                "ModelListResponse.nextCursor",
            ]
        );
        assert!(!format!("{:?}", lossy.unreadable).contains("secret"));
        assert!(serde_json::from_str::<crate::ModelListResponse>(&list).is_err());
    }

    #[test]
    fn the_number_of_reported_parts_is_bounded() {
        let models = format!("[{}{{\"id\":\"m\"}}]", "1,".repeat(5 * MAX_RECORDED));
        let list = format!(r#"{{"data":{models}}}"#);
        let lossy = lossy::<crate::ModelListResponse>(&list).unwrap();
        assert_eq!(lossy.value.data.len(), 1);
        assert_eq!(lossy.unreadable.len(), MAX_RECORDED);
    }

    #[test]
    fn a_panic_restores_the_mode() {
        let caught = std::panic::catch_unwind(|| with_strict(|| panic!("expected")));
        assert!(caught.is_err());
        assert!(read::<Turn>(&json!({"id": "u"})).is_ok());
    }
}
