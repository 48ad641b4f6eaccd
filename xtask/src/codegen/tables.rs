//! Curated tables of facts that the schema does not state. An unused entry is reported: it means
//! that the schema has changed.

use std::collections::BTreeSet;

use super::{
    model::Kind,
    report::{self, Place, Report},
};

/// Fields that identify a value or say whether something has succeeded. A server must write them;
/// the other required fields of types that a server writes have natural values.
pub(crate) const ESSENTIAL: &[&str] = &[
    "clientId",
    "exitCode",
    "id",
    "itemId",
    "loginId",
    "processHandle",
    "processId",
    "requestId",
    "success",
    "threadId",
    "turnId",
    "watchId",
];

/// Variant names of untagged unions, in the order of the schema, which is also the order in which
/// decoding tries them.
const UNTAGGED: [(&str, &[&str]); 10] = [
    ("AccountSessionsSwitchResponse", &["Sessions", "Login"]),
    ("ForcedChatgptWorkspaceIds", &["One", "Many"]),
    ("FunctionCallOutputBody", &["Text", "ContentItems"]),
    (
        "McpElicitationEnumSchema",
        &["SingleSelect", "MultiSelect", "LegacyTitled"],
    ),
    (
        "McpElicitationMultiSelectEnumSchema",
        &["Untitled", "Titled"],
    ),
    (
        "McpElicitationPrimitiveSchema",
        &["Enum", "String", "Number", "Boolean"],
    ),
    (
        "McpElicitationSingleSelectEnumSchema",
        &["Untitled", "Titled"],
    ),
    ("ResourceContent", &["Text", "Blob"]),
    ("ThreadItemsListCursor", &["Cursor", "Anchor"]),
    ("ThreadListCwdFilter", &["One", "Many"]),
];

/// Enums without `Unrecognized`, because their values distinguish the members of an untagged union.
const CLOSED: &[&str] = &[
    "McpElicitationArrayType",
    "McpElicitationBooleanType",
    "McpElicitationNumberType",
    "McpElicitationObjectType",
    "McpElicitationStringType",
];

/// Structs that reject unknown properties, for the same reason.
const STRICT: &[&str] = &[
    "McpElicitationBooleanSchema",
    "McpElicitationConstOption",
    "McpElicitationLegacyTitledEnumSchema",
    "McpElicitationNumberSchema",
    "McpElicitationSchema",
    "McpElicitationStringSchema",
    "McpElicitationTitledEnumItems",
    "McpElicitationTitledMultiSelectEnumSchema",
    "McpElicitationTitledSingleSelectEnumSchema",
    "McpElicitationUntitledEnumItems",
    "McpElicitationUntitledMultiSelectEnumSchema",
    "McpElicitationUntitledSingleSelectEnumSchema",
];

/// Definitions of the JSON-RPC envelope that are written by hand, with their path in `codex_types`.
const HAND_WRITTEN: [(&str, &str); 2] = [
    ("JSONRPCErrorError", "rpc::JsonRpcError"),
    ("RequestId", "RequestId"),
];

/// Messages of the JSON-RPC envelope. `codex_types::rpc` reads and writes them without a type for
/// each.
const UNTYPED: &[&str] = &[
    "JSONRPCError",
    "JSONRPCMessage",
    "JSONRPCNotification",
    "JSONRPCRequest",
    "JSONRPCResponse",
];

/// Section headings of the runtime's source that its schema printer attaches to the description of
/// the method that follows.
const HEADINGS: &[&str] = &["DEPRECATED APIs below", "NEW APIs", "NEW NOTIFICATIONS"];

/// The message unions, generated from the method tables.
pub(crate) const MESSAGES: &[&str] = &[
    "ClientNotification",
    "ClientRequest",
    "ServerNotification",
    "ServerRequest",
];

/// The variant names of an untagged union, in order.
pub(crate) fn untagged_variants(union: &str) -> Option<&'static [&'static str]> {
    UNTAGGED
        .iter()
        .find(|(name, _)| *name == union)
        .map(|(_, variants)| *variants)
}

/// Whether the type of a definition is not derived from its own schema.
pub(crate) fn is_not_from_schema(name: &str) -> bool {
    let by_hand = HAND_WRITTEN.iter().any(|(entry, _)| *entry == name);
    by_hand || UNTYPED.contains(&name) || MESSAGES.contains(&name)
}

/// Gives access to the tables, and records which entries are used.
#[derive(Default)]
pub(crate) struct Tables {
    used: BTreeSet<&'static str>,
}

impl Tables {
    pub(crate) fn is_closed(&mut self, name: &str) -> bool {
        self.uses(CLOSED, name)
    }

    pub(crate) fn is_strict(&mut self, name: &str) -> bool {
        self.uses(STRICT, name)
    }

    /// The kind of a definition whose type is not derived from its own schema.
    pub(crate) fn not_from_schema(&mut self, name: &str) -> Option<Kind> {
        if let Some((entry, path)) = HAND_WRITTEN.iter().find(|(entry, _)| *entry == name) {
            self.used.insert(entry);
            return Some(Kind::HandWritten(path));
        }
        if self.uses(UNTYPED, name) {
            return Some(Kind::Untyped);
        }
        self.uses(MESSAGES, name).then_some(Kind::Messages)
    }

    /// Removes a heading from the description of a method; `None` if nothing else is left.
    pub(crate) fn strip_heading(&mut self, description: &str) -> Option<String> {
        let heading = HEADINGS
            .iter()
            .find(|heading| description.starts_with(**heading));
        self.used.extend(heading.copied());
        let rest = description.strip_prefix(heading.copied().unwrap_or_default());
        let rest = rest.unwrap_or(description).trim();
        (!rest.is_empty()).then(|| rest.to_owned())
    }

    /// Marks the variant names of a union as used.
    pub(crate) fn use_untagged(&mut self, name: &str) {
        if let Some((name, _)) = UNTAGGED.iter().find(|(entry, _)| *entry == name) {
            self.used.insert(name);
        }
    }

    fn uses(&mut self, table: &[&'static str], name: &str) -> bool {
        let entry = table.iter().find(|entry| **entry == name);
        self.used.extend(entry.copied());
        entry.is_some()
    }

    /// Reports the entries that are unused.
    pub(crate) fn report_unused(&self, report: &mut Report) {
        let by_name = [
            ("CLOSED", CLOSED),
            ("STRICT", STRICT),
            ("UNTYPED", UNTYPED),
            ("HEADINGS", HEADINGS),
            ("MESSAGES", MESSAGES),
            ("HAND_WRITTEN", &HAND_WRITTEN.map(|(name, _)| name)),
            ("UNTAGGED", &UNTAGGED.map(|(name, _)| name)),
        ];
        let names = by_name.into_iter().flat_map(|(table, names)| {
            let names = names.iter().copied();
            names.map(move |name| (table, name))
        });
        for (table, name) in names {
            if self.used.contains(name) {
                continue;
            }
            report.add(
                report::Kind::Stale,
                name,
                "the table lists it, but the schema does not contain it",
                Place::new("tables.rs", table),
            );
        }
    }
}
