//! Judges a difference: what a client of the older release meets when it speaks to the newer one.
//!
//! What the client writes may become looser and what it reads may become stricter; the other way
//! round breaks it. What is gone breaks it always, at the latest when it is built again. What is new
//! breaks only a client that must write it: new values are kept as they came.

use serde_json::Value;

use super::flow::Flow;
use super::methods::{Method, Union};
use super::outline::{Kind, Member};
use super::report::What;

/// What is different about a method, and whether it breaks a client.
pub(super) fn method_differences(union: Union, old: &Method, new: &Method) -> (Vec<String>, bool) {
    let mut details = Vec::new();
    let mut breaking = false;
    if old.params != new.params {
        details.push(format!("{} ⇒ {}", old.params(), new.params()));
        breaking = params_break(union, old, new);
    }
    // A response that is known in one release only was named by another rule in the other.
    if let (Some(before), Some(after)) = (&old.response, &new.response)
        && before != after
    {
        details.push(format!("answers {before} ⇒ {after}"));
        breaking = true;
    }
    (details, breaking)
}

/// Whether other params break: not where the client may go on writing what it wrote.
fn params_break(union: Union, old: &Method, new: &Method) -> bool {
    let client_writes = matches!(union, Union::ClientRequest | Union::ClientNotification);
    let loosened = match (&old.params, &new.params) {
        (Some(old), Some(new)) => *new == format!("{old} | null"),
        (None, Some(new)) => new.ends_with(" | null"),
        _ => false,
    };
    !(client_writes && loosened)
}

/// What is different about a line that is in both releases, and whether it breaks a client.
pub(super) fn differences(before: &Member, after: &Member, flow: Flow) -> (Vec<String>, bool) {
    let mut details = Vec::new();
    let mut breaking = false;
    if before.text != after.text {
        details.push(format!("{} ⇒ {}", before.text, after.text));
        breaking = true;
    }
    let (
        Kind::Field {
            required: had,
            nullable: was_nullable,
            default: old_default,
        },
        Kind::Field {
            required: has,
            nullable,
            default,
        },
    ) = (&before.kind, &after.kind)
    else {
        return (details, breaking);
    };
    match (had, has) {
        (false, true) => {
            details.push("now required".to_owned());
            breaking |= flow.sent;
        }
        (true, false) => {
            details.push("now optional".to_owned());
            breaking |= flow.received;
        }
        _ => {}
    }
    match (was_nullable, nullable) {
        (false, true) => {
            details.push("now nullable".to_owned());
            breaking |= flow.received;
        }
        (true, false) => {
            details.push("no longer nullable".to_owned());
            breaking |= flow.sent;
        }
        _ => {}
    }
    if old_default != default {
        let shown = |value: &Option<Value>| {
            value
                .as_ref()
                .map_or_else(|| "none".to_owned(), ToString::to_string)
        };
        details.push(format!(
            "default {} ⇒ {}",
            shown(old_default),
            shown(default)
        ));
    }
    (details, breaking)
}

/// Whether a thing changed sides between stable and experimental.
pub(super) fn moved(was_stable: bool, is_stable: bool) -> Option<(What, String)> {
    match (was_stable, is_stable) {
        (false, true) => Some((What::Stabilised, "now stable".to_owned())),
        (true, false) => Some((What::Withdrawn, "now experimental".to_owned())),
        _ => None,
    }
}
