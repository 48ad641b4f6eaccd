//! Curated tables of facts that the schema does not state. An unused entry is reported: it means
//! that the schema has changed.

use std::collections::BTreeSet;

use super::{
    model::Kind,
    report::{self, Place, Report},
};

/// Optional fields in which `null` differs from absence: it clears a value or lifts a limit. The
/// schema cannot express this. The sources are the runtime's TypeScript (`T | null | null`), the
/// descriptions, and experiments.
const CLEARABLE: &[(&str, &[&str])] = &[
    ("BedrockProviderSettingsPatch", &["profile", "region"]),
    ("CollaborationModeMask", &["reasoning_effort"]),
    ("CustomGatewayProviderSettingsPatch", &["baseUrl", "envKey"]),
    (
        "GcpProviderSettingsPatch",
        &["credentialFile", "location", "projectId"],
    ),
    ("ProcessSpawnParams", &["outputBytesCap", "timeoutMs"]),
    ("ThreadForkParams", &["serviceTier"]),
    ("ThreadGoalSetParams", &["tokenBudget"]),
    ("ThreadListParams", &["projectId", "sectionId"]),
    (
        "ThreadMetadataGitInfoUpdateParams",
        &["branch", "originUrl", "sha"],
    ),
    ("ThreadRealtimeStartParams", &["prompt"]),
    ("ThreadResumeParams", &["serviceTier"]),
    ("ThreadSectionUpdateParams", &["appearance"]),
    ("ThreadSettingsUpdateParams", &["serviceTier"]),
    ("ThreadStartParams", &["serviceTier"]),
    ("TurnSettingsUpdateParams", &["serviceTier"]),
    ("TurnStartParams", &["serviceTier"]),
];

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

/// Stands for the additional properties of an object in [`SECRETS`].
pub(crate) const REST: &str = "*";

/// Fields that `Debug` redacts: credentials, and environments and configurations, which often
/// contain credentials (`mcp_servers.x.env`, `model_providers.x.experimental_bearer_token`).
const SECRETS: &[(&str, &[&str])] = &[
    (
        "AmazonBedrockAccessKeysLoginAccountParams",
        &["accessKeyId", "secretAccessKey", "sessionToken"],
    ),
    ("AmazonBedrockLoginAccountParams", &["apiKey"]),
    ("ApiKeyLoginAccountParams", &["apiKey"]),
    // Unknown settings.
    ("AnalyticsConfig", &[REST]),
    ("AttestationGenerateResponse", &["token"]),
    ("ChatgptAuthTokensLoginAccountParams", &["accessToken"]),
    ("ChatgptAuthTokensRefreshResponse", &["accessToken"]),
    ("CommandExecParams", &["env"]),
    ("Config", &["desktop", REST]),
    ("ConfigEdit", &["value"]),
    ("ConfigLayer", &["config"]),
    ("ConfigRequirements", &["modelProviders"]),
    ("ConfigValueWriteParams", &["value"]),
    ("EnvironmentAddParams", &["authBearerToken"]),
    ("ExecLocalShellAction", &["env"]),
    // Unknown members.
    ("InternalChatMessageMetadataPassthrough", &[REST]),
    ("McpServerElicitationRequestResponse", &["content"]),
    ("OverriddenMetadata", &["effectiveValue"]),
    ("ProcessSpawnParams", &["env"]),
    (
        "RemoteControlPairingStartResponse",
        &["manualPairingCode", "pairingCode"],
    ),
    (
        "RemoteControlPairingStatusParams",
        &["manualPairingCode", "pairingCode"],
    ),
    ("RequestHeader", &["value"]),
    ("ThreadForkParams", &["config"]),
    ("ThreadResumeParams", &["config"]),
    ("ThreadStartParams", &["config"]),
    // A question may ask for a secret.
    ("ToolRequestUserInputAnswer", &["answers"]),
    ("UserVerificationProof", &["signature"]),
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

/// Responses that do not follow from the name of the params or method.
const RESPONSES: [(&str, &str); 9] = [
    ("account/gatewayOAuth/cancel", "GatewayOAuthCancelResponse"),
    ("account/logout", "LogoutAccountResponse"),
    (
        "account/securitySetup/read",
        "GetAccountSecuritySetupResponse",
    ),
    (
        "account/workspaceMessages/read",
        "GetWorkspaceMessagesResponse",
    ),
    ("accountSession/list", "AccountSessionsResponse"),
    ("config/batchWrite", "ConfigWriteResponse"),
    ("config/mcpServer/reload", "McpServerRefreshResponse"),
    ("config/value/write", "ConfigWriteResponse"),
    (
        "externalAgentConfig/import/readHistories",
        "ExternalAgentConfigImportHistoriesReadResponse",
    ),
];

/// The variant names of an untagged union, in order.
pub(crate) fn untagged_variants(union: &str) -> Option<&'static [&'static str]> {
    UNTAGGED
        .iter()
        .find(|(name, _)| *name == union)
        .map(|(_, variants)| *variants)
}

/// Gives access to the tables, and records which entries are used.
#[derive(Default)]
pub(crate) struct Tables {
    /// Entries, and their field where a table lists fields.
    used: BTreeSet<(&'static str, Option<&'static str>)>,
}

impl Tables {
    pub(crate) fn is_clearable(&mut self, name: &str, field: &str) -> bool {
        self.uses_field(CLEARABLE, name, field)
    }

    pub(crate) fn is_secret(&mut self, name: &str, field: &str) -> bool {
        self.uses_field(SECRETS, name, field)
    }

    pub(crate) fn is_closed(&mut self, name: &str) -> bool {
        self.uses(CLOSED, name)
    }

    pub(crate) fn is_strict(&mut self, name: &str) -> bool {
        self.uses(STRICT, name)
    }

    /// The kind of a definition whose type is not derived from its own schema.
    pub(crate) fn not_from_schema(&mut self, name: &str) -> Option<Kind> {
        if let Some((entry, path)) = HAND_WRITTEN.iter().find(|(entry, _)| *entry == name) {
            self.used.insert((entry, None));
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
        self.used.extend(heading.map(|heading| (*heading, None)));
        let rest = description.strip_prefix(heading.copied().unwrap_or_default());
        let rest = rest.unwrap_or(description).trim();
        (!rest.is_empty()).then(|| rest.to_owned())
    }

    /// The response of a method, if the table lists one.
    pub(crate) fn response(&mut self, method: &str) -> Option<&'static str> {
        let (method, response) = RESPONSES.iter().find(|(row, _)| *row == method)?;
        self.used.insert((method, None));
        Some(response)
    }

    /// Marks the variant names of a union as used.
    pub(crate) fn use_untagged(&mut self, name: &str) {
        if let Some((name, _)) = UNTAGGED.iter().find(|(entry, _)| *entry == name) {
            self.used.insert((name, None));
        }
    }

    fn uses(&mut self, table: &[&'static str], name: &str) -> bool {
        let entry = table.iter().find(|entry| **entry == name);
        self.used.extend(entry.map(|entry| (*entry, None)));
        entry.is_some()
    }

    fn uses_field(
        &mut self,
        table: &[(&'static str, &'static [&'static str])],
        name: &str,
        field: &str,
    ) -> bool {
        let fields = table.iter().find(|(entry, _)| *entry == name);
        let entry = fields.and_then(|(name, fields)| {
            fields
                .iter()
                .find(|entry| **entry == field)
                .map(|field| (*name, Some(*field)))
        });
        self.used.extend(entry);
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
            ("RESPONSES", &RESPONSES.map(|(method, _)| method)),
        ];
        let by_field = [("CLEARABLE", CLEARABLE), ("SECRETS", SECRETS)];
        let names = by_name.into_iter().flat_map(|(table, names)| {
            let names = names.iter().map(|name| (*name, None));
            names.map(move |entry| (table, entry))
        });
        let fields = by_field.into_iter().flat_map(|(table, rows)| {
            let fields = rows
                .iter()
                .flat_map(|(name, fields)| fields.iter().map(|field| (*name, Some(*field))));
            fields.map(move |entry| (table, entry))
        });
        for (table, entry @ (name, field)) in names.chain(fields) {
            if self.used.contains(&entry) {
                continue;
            }
            let subject = match field {
                Some(field) => format!("{name}.{field}"),
                None => name.to_owned(),
            };
            report.add(
                report::Kind::Stale,
                subject,
                "the table lists it, but the schema does not contain it",
                Place::new("tables.rs", table),
            );
        }
    }
}
