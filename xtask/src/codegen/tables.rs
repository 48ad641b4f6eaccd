//! What no rule can know: curated tables. An entry that is not used is an error, for then the
//! schema has changed under it.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use super::model::Kind;

/// Optional fields in which `null` says something else than absence: it clears a value, or lifts a
/// limit. The schema cannot say this; sources are the runtime's TypeScript (`T | null | null`), the
/// descriptions, and trying.
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

/// Stands in [`SECRETS`] for what else an open object has.
pub(crate) const REST: &str = "*";

/// Fields that `Debug` must not show: whoever reads them can act as the user, or they hold an
/// environment or a configuration, which often have such values (`mcp_servers.x.env`,
/// `model_providers.x.experimental_bearer_token`).
const SECRETS: &[(&str, &[&str])] = &[
    (
        "AmazonBedrockAccessKeysLoginAccountParams",
        &["accessKeyId", "secretAccessKey", "sessionToken"],
    ),
    ("AmazonBedrockLoginAccountParams", &["apiKey"]),
    ("ApiKeyLoginAccountParams", &["apiKey"]),
    ("AttestationGenerateResponse", &["token"]),
    ("ChatgptAuthTokensLoginAccountParams", &["accessToken"]),
    ("ChatgptAuthTokensRefreshResponse", &["accessToken"]),
    ("CommandExecParams", &["env"]),
    ("Config", &[REST]),
    ("ConfigEdit", &["value"]),
    ("ConfigLayer", &["config"]),
    ("ConfigValueWriteParams", &["value"]),
    ("EnvironmentAddParams", &["authBearerToken"]),
    ("ExecLocalShellAction", &["env"]),
    ("McpServerElicitationRequestResponse", &["content"]),
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
    // A question may be marked as one for a secret.
    ("ToolRequestUserInputAnswer", &["answers"]),
    ("UserVerificationProof", &["signature"]),
];

/// Names for the variants of unions that differ in shape only, in the order of the schema, which
/// is the order in which they are tried.
const UNTAGGED: &[(&str, &[&str])] = &[
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

/// Enums that stay closed: they tell the members of an untagged union apart.
const CLOSED: &[&str] = &[
    "McpElicitationArrayType",
    "McpElicitationBooleanType",
    "McpElicitationNumberType",
    "McpElicitationObjectType",
    "McpElicitationStringType",
];

/// Structs that refuse further properties, for the same reason.
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

/// The envelope, written by hand in `codex_types::rpc`.
const BY_HAND: &[&str] = &[
    "JSONRPCError",
    "JSONRPCErrorError",
    "JSONRPCMessage",
    "JSONRPCNotification",
    "JSONRPCRequest",
    "JSONRPCResponse",
    "RequestId",
];

/// The unions of messages, made from the tables of methods.
pub(crate) const MESSAGES: &[&str] = &[
    "ClientNotification",
    "ClientRequest",
    "ServerNotification",
    "ServerRequest",
];

/// Responses that no rule finds.
const RESPONSES: &[(&str, &str)] = &[
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

/// The variants of an untagged union, in order.
pub(crate) fn untagged_variants(union: &str) -> Option<&'static [&'static str]> {
    UNTAGGED
        .iter()
        .find(|(name, _)| *name == union)
        .map(|(_, variants)| *variants)
}

/// The tables, and which entries have been used.
#[derive(Default)]
pub(crate) struct Tables {
    used: BTreeSet<(&'static str, &'static str)>,
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

    /// The kind of a definition that is not generated from its own schema.
    pub(crate) fn by_hand(&mut self, name: &str) -> Option<Kind> {
        if self.uses(BY_HAND, name) {
            return Some(Kind::ByHand);
        }
        self.uses(MESSAGES, name).then_some(Kind::Messages)
    }

    /// The response of a method that no rule finds.
    pub(crate) fn response(&mut self, method: &str) -> Option<&'static str> {
        let (method, response) = RESPONSES.iter().find(|(row, _)| *row == method)?;
        self.used.insert((method, ""));
        Some(response)
    }

    /// Marks the names of the variants of a union as used.
    pub(crate) fn use_untagged(&mut self, name: &str) {
        if let Some((name, _)) = UNTAGGED.iter().find(|(entry, _)| *entry == name) {
            self.used.insert((name, ""));
        }
    }

    fn uses(&mut self, table: &[&'static str], name: &str) -> bool {
        let entry = table.iter().find(|entry| **entry == name);
        self.used.extend(entry.map(|entry| (*entry, "")));
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
                .map(|field| (*name, *field))
        });
        self.used.extend(entry);
        entry.is_some()
    }

    /// Fails if the schema no longer has what an entry is about.
    pub(crate) fn check_used(&self) -> Result<()> {
        let fields = CLEARABLE.iter().chain(SECRETS);
        let fields = fields.flat_map(|(name, fields)| fields.iter().map(|field| (*name, *field)));
        let names = CLOSED
            .iter()
            .chain(STRICT)
            .chain(BY_HAND)
            .chain(MESSAGES)
            .copied();
        let names = names
            .chain(UNTAGGED.iter().map(|(name, _)| *name))
            .map(|name| (name, ""));
        for (name, field) in fields.chain(names) {
            let what = if field.is_empty() {
                name.to_owned()
            } else {
                format!("{name}.{field}")
            };
            ensure!(
                self.used.contains(&(name, field)),
                "`{what}` is in a table of tables.rs, and no longer in the schema"
            );
        }
        Ok(())
    }
}
