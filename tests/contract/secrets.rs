//! `Debug` hides secrets; serializing does not.

use std::collections::BTreeSet;

use serde_json::json;

use codex_tests::{
    protocol::{definitions, envelope},
    schema::{Choices, MESSAGES, Schema},
};

/// The value of the probed fields.
const SECRET: &str = "s3cr3t-sk-169";

/// The fields that `Debug` hides. The list repeats the decisions of the generator, so that a change
/// of its rules or tables fails the test here.
const HIDDEN: &[&str] = &[
    "AttestationGenerateResponse.token",
    "ChatgptAuthTokensRefreshResponse.accessToken",
    "CommandExecParams.env",
    "Config.analytics",
    "Config.desktop",
    "ConfigEdit.value",
    "ConfigLayer.config",
    "ConfigRequirements.modelProviders",
    "ConfigValueWriteParams.value",
    "EnvironmentAddParams.authBearerToken",
    "LocalShellAction:exec.env",
    "LoginAccountParams:amazonBedrock.apiKey",
    "LoginAccountParams:amazonBedrockAccessKeys.accessKeyId",
    "LoginAccountParams:amazonBedrockAccessKeys.secretAccessKey",
    "LoginAccountParams:amazonBedrockAccessKeys.sessionToken",
    "LoginAccountParams:apiKey.apiKey",
    "LoginAccountParams:chatgptAuthTokens.accessToken",
    "McpServerElicitationRequestResponse.content",
    "OtelExporter:otlp-grpc.headers",
    "OtelExporter:otlp-http.headers",
    "OverriddenMetadata.effectiveValue",
    "ProcessSpawnParams.env",
    "RemoteControlPairingStartResponse.manualPairingCode",
    "RemoteControlPairingStartResponse.pairingCode",
    "RemoteControlPairingStatusParams.manualPairingCode",
    "RemoteControlPairingStatusParams.pairingCode",
    "RequestHeader.value",
    "ThreadForkParams.config",
    "ThreadResumeParams.config",
    "ThreadStartParams.config",
    "ToolRequestUserInputAnswer.answers",
    "ToolRequestUserInputResponse.answers",
    "UserVerificationProof.signature",
];

/// Fields that are named like secrets but are not secret, grouped by reason.
const HARMLESS: &[(&str, &[&str])] = &[
    (
        "The names of existing variables or keychain keys, without their values.",
        &[
            "BedrockDiscoverResponse.environmentCredentials",
            "GatewayAuth:environmentVariable.envKey",
            "GatewayAuth:externallyConfigured.envKey",
            "ProviderSettingsPatch:customGateway.envKey",
        ],
    ),
    (
        "The path of a file, not its contents.",
        &[
            "GcpSetupParams.credentialFile",
            "OtelTlsConfig.client-private-key",
            "ProviderSettings:gcp.credentialFile",
            "ProviderSettingsPatch:gcp.credentialFile",
        ],
    ),
    (
        "The header values inside are hidden.",
        &["BrowserUseExtensionRequirements.requestHeaders"],
    ),
    (
        "Opened or typed by the user to log in; useless to others.",
        &[
            "GatewayOAuthChangedNotification.authUrl",
            "GatewayOAuthPrompt.userCode",
            "LoginAccountResponse:chatgpt.authUrl",
            "LoginAccountResponse:chatgptDeviceCode.userCode",
            "McpServerOauthLoginResponse.authorizationUrl",
        ],
    ),
    (
        "The name of a setting, a hook, a task or an attachment.",
        &[
            "ConfigEdit.keyPath",
            "ConfigLayerSource:mdm.key",
            "ConfigValueWriteParams.keyPath",
            "HookMetadata:agent.key",
            "HookMetadata:command.key",
            "HookMetadata:mcpTool.key",
            "HookMetadata:prompt.key",
            "PluginHookSummary.key",
            "PluginSummary.keywords",
            "ScheduledTaskSummary.key",
            "ThreadAttachment.identityKey",
            "ThreadAttachmentAddParams.identityKey",
            "ThreadAttachmentOwnerListParams.identityKey",
            "ThreadAttachmentRemoveParams.identityKey",
            "ThreadAttachmentUpdatedNotification.identityKey",
        ],
    ),
    (
        "Created by the client to recognise its own request.",
        &[
            "ConsumeAccountRateLimitResetCreditParams.idempotencyKey",
            "FuzzyFileSearchParams.cancellationToken",
            "ProjectCreateParams.idempotencyKey",
            "ProjectImportParams.idempotencyKey",
        ],
    ),
    (
        "Public: a public key, or the id of a key.",
        &[
            "UserVerificationEnrollResponse.credentialId",
            "UserVerificationEnrollResponse.publicKey",
            "UserVerificationProof.credentialId",
            "UserVerificationStatusResponse.credentialId",
        ],
    ),
    (
        "The signature inside is hidden.",
        &["UserVerificationVerifyResponse.proof"],
    ),
    (
        "The heading of a question to the user.",
        &["ToolRequestUserInputQuestion.header"],
    ),
];

/// Words in the names of secrets.
const SUSPICIOUS: &[&str] = &[
    "bearer",
    "cookie",
    "credential",
    "header",
    "key",
    "pairing",
    "passw",
    "private",
    "proof",
    "secret",
    "signature",
    "token",
    "authurl",
    "authorizationurl",
    "auth_url",
];

/// Returns each field that contains text, and whether `Debug` shows the text.
fn probe() -> Vec<(String, bool)> {
    let schema = Schema::pinned();
    let (types, by_hand) = (definitions(), envelope());
    let mut fields = Vec::new();
    for body in schema.bodies() {
        let name = body.definition;
        if MESSAGES.contains(&name) || by_hand.contains_key(name) {
            continue;
        }
        let complete = schema.make_object(&body.object, &mut Choices::new(&[]).then(1));
        for field in body.object.fields.iter().chain(&body.object.alternatives) {
            let mut choices = Choices::new(&[]).then(1).with_text(SECRET);
            let value = schema.make(field.schema, &mut choices);
            if !value.to_string().contains(SECRET) {
                continue;
            }
            let mut probe = complete.clone();
            probe[field.name] = value;
            let probe = body.wrap(probe);
            let path = body.path(field.name);
            let (after, debug) = types[name](&probe.to_string()).expect(&path);
            assert!(after.to_string().contains(SECRET), "{path} is lost");
            fields.push((path, debug.contains(SECRET)));
        }
    }
    fields
}

#[test]
fn debug_hides_the_secret_fields_and_serializing_does_not() {
    let probed = probe();
    let hidden = probed.iter().filter(|(_, shown)| !shown);
    let hidden: BTreeSet<_> = hidden.map(|(path, _)| path.as_str()).collect();
    assert_eq!(hidden, HIDDEN.iter().copied().collect());
    assert!(probed.len() > 1_000, "only {} probed", probed.len());
}

#[test]
fn debug_hides_the_unknown_members_of_a_configuration() {
    let config = format!(r#"{{"model":"m","mcp_servers":{{"x":{{"env":{{"KEY":"{SECRET}"}}}}}}}}"#);
    let (after, debug) = definitions()["Config"](&config).expect("a configuration");
    assert!(after.to_string().contains(SECRET));
    assert!(debug.contains(r#"model: Some("m")"#), "{debug}");
    assert!(!debug.contains(SECRET), "{debug}");
}

#[test]
fn debug_hides_the_members_of_an_unknown_variant_in_a_union_with_secrets() {
    for (name, tag) in [
        ("LoginAccountParams", "amazonNova"),
        ("LocalShellAction", "spawn"),
    ] {
        let text = format!(r#"{{"type":"{tag}","key":"{SECRET}"}}"#);
        let (after, debug) = definitions()[name](&text).expect("an object with another tag");
        assert!(after.to_string().contains(SECRET));
        assert!(!debug.contains(SECRET) && debug.contains(tag), "{debug}");
    }
    // Known variants are shown.
    let plain = definitions()["LoginAccountParams"](r#"{"type":"chatgptDeviceCode"}"#);
    assert_eq!(plain.expect("a login").1, "ChatgptDeviceCode");
}

#[test]
fn debug_masks_keys_in_the_free_text_of_a_server() {
    const KEY: &str = "sk-1234567890";
    let text = format!("the key {KEY} is wrong");
    for (name, value) in [
        (
            "TurnError",
            json!({"message": text, "additionalDetails": text}),
        ),
        ("McpToolCallError", json!({"message": text})),
        ("WarningNotification", json!({"message": text})),
        (
            "ConfigWarningNotification",
            json!({"summary": text, "details": text}),
        ),
        (
            "CommandExecResponse",
            json!({"exitCode": 1, "stdout": text, "stderr": text}),
        ),
        ("HooksListEntry", json!({"cwd": "/", "warnings": [text]})),
        (
            "ThreadItem",
            json!({"type": "commandExecution", "id": "i", "command": text, "aggregatedOutput": text}),
        ),
    ] {
        let (after, debug) = definitions()[name](&value.to_string()).expect(name);
        assert!(after.to_string().contains(KEY), "{name} is changed");
        assert!(!debug.contains(KEY), "{debug}");
        assert!(debug.contains("the key … is wrong"), "{debug}");
    }
}

#[test]
fn a_field_named_like_a_secret_is_hidden_or_listed_as_harmless() {
    let suspicious = |path: &str| {
        let field = path.rsplit('.').next().unwrap_or(path).to_lowercase();
        // Inside a longer name, these two words mean something else: `environmentId`, `codexHome`.
        let ends = ["env", "code"].iter().any(|word| field.ends_with(word));
        ends || SUSPICIOUS.iter().any(|word| field.contains(word))
    };
    let probed = probe();
    let shown: BTreeSet<_> = probed
        .iter()
        .filter(|(path, shown)| *shown && suspicious(path))
        .map(|(path, _)| path.as_str())
        .collect();
    let harmless: BTreeSet<_> = HARMLESS
        .iter()
        .flat_map(|(_, paths)| paths.iter().copied())
        .collect();
    let news: Vec<_> = shown.difference(&harmless).collect();
    assert!(
        news.is_empty(),
        "add them to ADDED in xtask/src/codegen/secrets.rs, or list them here as harmless: {news:#?}"
    );
    let stale: Vec<_> = harmless.difference(&shown).collect();
    assert!(stale.is_empty(), "fields that no longer exist: {stale:#?}");
}
