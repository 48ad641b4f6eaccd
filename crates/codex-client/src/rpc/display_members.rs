//! Decodes requests from the server without the members that are only displayed.
//!
//! A decision must not rest on a request that was read in part: a command without one of its
//! permissions looks harmless. Unlike a notification, a request is therefore read whole, except for
//! the members that a decision does not rest on.

use std::collections::BTreeMap;

use serde_json::{Value, value::RawValue};

use crate::error::decode_error::DecodeError;

/// The members of the params of server requests that no decision rests on: times, the reason and
/// the server's own parse of a command, which are for display, and whether the turn waits for the
/// response. A decision rests on all other members, including those of future releases.
const DISPLAY_MEMBERS: [&str; 6] = [
    "autoResolutionMs",
    "commandActions",
    "isBlocking",
    "parsedCmd",
    "reason",
    "startedAtMs",
];

/// Params that were read without the display members that cannot be read.
#[derive(Debug)]
pub(crate) struct Displayed<T> {
    pub(crate) value: T,
    /// The error for each display member that was left out.
    pub(crate) unreadable: Vec<DecodeError>,
}

/// Decodes params that cannot be read as they are. Each display member that cannot be read counts
/// as absent. If another member cannot be read either, the error names that one.
pub(crate) fn decode_without_display_members<T>(
    params: &str,
    decode: impl Fn(&str) -> Result<T, DecodeError>,
) -> Result<Displayed<T>, DecodeError> {
    let Ok(mut members) = serde_json::from_str::<BTreeMap<String, &RawValue>>(params) else {
        return with_errors(decode(params));
    };
    let displayed: Vec<_> = DISPLAY_MEMBERS
        .iter()
        .filter_map(|name| members.remove_entry(*name))
        .collect();
    let decode = |members: &BTreeMap<_, _>| decode(&object(members));
    let mut read = with_errors(decode(&members))?;
    for (name, member) in displayed {
        members.insert(name.clone(), member);
        match decode(&members) {
            Ok(value) => read.value = value,
            Err(error) => {
                members.remove(&name);
                read.unreadable.push(error);
            }
        }
    }
    Ok(read)
}

fn with_errors<T>(decoded: Result<T, DecodeError>) -> Result<Displayed<T>, DecodeError> {
    decoded.map(|value| Displayed {
        value,
        unreadable: Vec::new(),
    })
}

/// Returns the JSON of an object with these members.
fn object(members: &BTreeMap<String, &RawValue>) -> String {
    let members = members.iter();
    let members = members.map(|(name, value)| format!("{}:{}", Value::from(&**name), value.get()));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use codex_types::CommandExecutionRequestApprovalParams;
    use serde_json::json;

    use super::*;

    /// Returns the params that were read, and the number of members that were left out.
    fn read(
        spoiled: &[(&str, Value)],
    ) -> Result<(CommandExecutionRequestApprovalParams, usize), DecodeError> {
        let mut params = json!({
            "threadId": "t", "turnId": "u", "itemId": "i", "command": "ls", "cwd": "/",
            "reason": "to see", "startedAtMs": 5,
            "commandActions": [{"type": "unknown", "command": "ls"}],
        });
        for (name, value) in spoiled {
            params[name] = value.clone();
        }
        let decode = |params: &str| {
            serde_json::from_str(params).map_err(|error| DecodeError::new(None, params, &error))
        };
        let read = decode_without_display_members(&params.to_string(), decode)?;
        Ok((read.value, read.unreadable.len()))
    }

    #[test]
    fn only_the_display_members_that_cannot_be_read_are_left_out() {
        let (whole, unreadable) = read(&[]).unwrap();
        assert_eq!(unreadable, 0);
        assert_eq!(whole.reason.as_deref(), Some("to see"));
        let spoiled = [("startedAtMs", json!("soon")), ("commandActions", json!(7))];
        let (params, unreadable) = read(&spoiled).unwrap();
        assert_eq!(unreadable, 2);
        assert_eq!(params.started_at_ms, 0);
        assert_eq!(params.command_actions, None);
        let mut expected = whole;
        (expected.started_at_ms, expected.command_actions) = (0, None);
        assert_eq!(params, expected);
    }

    #[test]
    fn a_member_that_a_decision_rests_on_is_never_left_out() {
        for (name, value) in [
            ("threadId", json!(null)),
            ("command", json!(["ls"])),
            ("cwd", json!(5)),
            ("additionalPermissions", json!({"network": "all"})),
            ("proposedExecpolicyAmendment", json!(["rm", 5])),
            ("availableDecisions", json!([5])),
            ("kind", json!(1)),
        ] {
            let spoiled = [(name, value), ("startedAtMs", json!("soon"))];
            let error = read(&spoiled).unwrap_err().to_string();
            assert!(!error.contains("startedAtMs"), "{error}");
        }
    }
}
