//! Decides what `Debug` shows of each field: nothing of secrets, and text that may quote one only
//! with keys and tokens masked.
//!
//! A rule finds secrets by their names and descriptions. The tables add what no rule finds, and
//! excuse what is no secret.

// Shared with `codex_types::redact`, which masks the values after such names. The file is written by
// hand and depends on nothing, so that the generator builds without `codex-types`.
#[path = "../../../crates/codex-types/src/redact/secret_names.rs"]
mod secret_names;

use super::{
    field_table::{FieldTable, Groups},
    model::{Field, Kind, Model, Shown, Type},
    report::{Kind as Entry, Place, Report},
};

/// Stands for the additional properties of an object in the tables.
const REST: &str = "*";

/// Secrets that no rule finds, or that a rule finds only by their descriptions.
const ADDED: Groups = &[
    (
        "Configurations often contain credentials (`mcp_servers.x.env`, \
         `model_providers.x.experimental_bearer_token`).",
        &[
            "Config.desktop",
            "ConfigEdit.value",
            "ConfigLayer.config",
            "ConfigRequirements.modelProviders",
            "ConfigValueWriteParams.value",
            "OverriddenMetadata.effectiveValue",
            "ThreadForkParams.config",
            "ThreadResumeParams.config",
            "ThreadStartParams.config",
        ],
    ),
    (
        "Unknown settings and members may be secret.",
        &[
            "AnalyticsConfig.*",
            "Config.*",
            "InternalChatMessageMetadataPassthrough.*",
        ],
    ),
    (
        "A question may ask for a secret.",
        &[
            "McpServerElicitationRequestResponse.content",
            "ToolRequestUserInputAnswer.answers",
        ],
    ),
    ("The value of an HTTP header.", &["RequestHeader.value"]),
];

/// Fields that a rule finds, although they are no secrets.
const EXCUSED: Groups = &[
    (
        "The name of an existing variable, without its value.",
        &[
            "CustomGatewayProviderSettingsPatch.envKey",
            "EnvironmentVariableGatewayAuth.envKey",
            "ExternallyConfiguredGatewayAuth.envKey",
        ],
    ),
    (
        "The path of a file, not its contents.",
        &[
            "GcpProviderSettings.credentialFile",
            "GcpProviderSettingsPatch.credentialFile",
            "GcpSetupParams.credentialFile",
            "OtelTlsConfig.client-private-key",
        ],
    ),
    (
        "Opened by the user to log in; useless to others.",
        &["McpServerOauthLoginResponse.authorizationUrl"],
    ),
    (
        "The name of a setting or an attachment.",
        &["*.identityKey"],
    ),
    (
        "Created by the client to recognise its own request.",
        &[
            "*.idempotencyKey",
            "FuzzyFileSearchParams.cancellationToken",
        ],
    ),
    (
        "Public: a public key, or the id of a key.",
        &["*.credentialId", "*.publicKey"],
    ),
    (
        "The description mentions a secret that the field does not contain.",
        &[
            "ChatgptAuthTokensLoginAccountParams.chatgptPlanType",
            "ChatgptAuthTokensRefreshParams.previousAccountId",
            "GetAccountTokenUsageParams.threadId",
            "McpServerStatus.httpOrigin",
        ],
    ),
];

/// Text that the masking rule does not find.
const MASKED: Groups = &[(
    "The summary of a problem, which may quote a configuration or a command.",
    &[
        "ConfigWarningNotification.summary",
        "DeprecationNoticeNotification.summary",
    ],
)];

/// Last words in the names of fields with free text about a problem, or to or from a program.
const FREE_TEXT: &[&str] = &[
    "command",
    "details",
    "error",
    "errors",
    "explanation",
    "message",
    "output",
    "reason",
    "reasons",
    "stderr",
    "stdout",
    "warning",
    "warnings",
];

/// Words and phrases in the descriptions of secrets.
const SECRET_WORDS: &[&str] = &[
    "access key",
    "api key",
    "apikey",
    "bearer",
    "cookie",
    "credential",
    "credentials",
    "passphrase",
    "password",
    "private key",
    "secret",
    "secret key",
    "signature",
    "token",
];

/// Decides for each field of the model.
pub(crate) fn mark(model: &mut Model, report: &mut Report) {
    Rules::new(ADDED, EXCUSED, MASKED).mark(model, report);
}

/// The rules with their exceptions.
struct Rules {
    added: FieldTable,
    excused: FieldTable,
    masked: FieldTable,
}

impl Rules {
    fn new(added: Groups, excused: Groups, masked: Groups) -> Self {
        let table = |name, groups| FieldTable::new(Place::new("secrets.rs", name), groups);
        Self {
            added: table("ADDED", added),
            excused: table("EXCUSED", excused),
            masked: table("MASKED", masked),
        }
    }

    fn mark(mut self, model: &mut Model, report: &mut Report) {
        let mut decisions = Vec::new();
        for (name, ty) in &model.types {
            if let Kind::Object(object) = &ty.kind {
                let original = model.copies.original(name);
                let shown = |field| self.shown(model, original, ty, field, report);
                let fields: Vec<_> = object.fields.iter().map(shown).collect();
                let rest_secret = object.rest.is_some() && self.added.lists(original, REST);
                decisions.push((name.clone(), fields, rest_secret));
            }
        }
        for (name, fields, rest_secret) in decisions {
            if let Some(object) = model.object_mut(&name) {
                object.rest_secret |= rest_secret;
                for (field, shown) in object.fields.iter_mut().zip(fields) {
                    field.shown = shown;
                }
            }
        }
        let added = "no such field, or the rules find it";
        self.added.report_unused(added, report);
        let excused = "no such field, or no rule finds it";
        self.excused.report_unused(excused, report);
        let masked = "no such text, or the rule finds it";
        self.masked.report_unused(masked, report);
    }

    fn shown(
        &mut self,
        model: &Model,
        name: &str,
        ty: &Type,
        field: &Field,
        report: &mut Report,
    ) -> Shown {
        let wire = field.slot.name.as_str();
        let rust = field.slot.rust.as_str();
        let is_text = holds_text(model, rust);
        let by_name = is_text && (secret_names::is_secret_name(wire) || is_secret_map(wire, rust));
        let docs = field.slot.docs.as_deref().unwrap_or_default();
        let by_docs = is_text && !by_name && mentions_secret(docs);
        if (by_name || by_docs) && self.excused.lists(name, wire) {
            return self.open(name, ty, field);
        }
        if by_name || self.added.lists(name, wire) {
            return Shown::Hidden;
        }
        if by_docs {
            report.add(
                Entry::Guess,
                format!("{name}.{wire}"),
                "`Debug` hides it, because its description mentions a secret",
                Place::new("secrets.rs", "ADDED or EXCUSED"),
            );
            return Shown::Hidden;
        }
        self.open(name, ty, field)
    }

    /// A field that is no secret.
    fn open(&mut self, name: &str, ty: &Type, field: &Field) -> Shown {
        let is_plain_text = matches!(field.slot.rust.as_str(), "String" | "Vec<String>");
        let words = words(&field.slot.name);
        let last = words.last().map(String::as_str).unwrap_or_default();
        let is_free = ty.received && FREE_TEXT.contains(&last);
        if is_plain_text && (is_free || self.masked.lists(name, &field.slot.name)) {
            Shown::Masked
        } else {
            Shown::Plain
        }
    }
}

/// Whether a value of a type contains text that is not the name of one of a few values: numbers,
/// booleans and enums are no secrets, and the fields of structs are decided one by one.
fn holds_text(model: &Model, rust: &str) -> bool {
    let inner = |prefix| rust.strip_prefix(prefix)?.strip_suffix('>');
    if let Some(inner) = inner("Vec<")
        .or_else(|| inner("Option<"))
        .or_else(|| inner("Box<"))
    {
        return holds_text(model, inner);
    }
    if let Some(value) = inner("BTreeMap<String, ") {
        return holds_text(model, value);
    }
    if matches!(rust, "String" | "Value") || rust.starts_with("Map<") {
        return true;
    }
    match model.types.get(rust).map(|ty| &ty.kind) {
        // The path of a file is not its contents.
        Some(Kind::StringNewtype) => !rust.contains("Path"),
        Some(Kind::Alias(alias)) => holds_text(model, &alias.target.rust),
        Some(Kind::Any) => true,
        Some(Kind::Untagged(slots)) => slots.iter().any(|slot| holds_text(model, &slot.rust)),
        _ => false,
    }
}

/// Whether a map holds the variables of a process or the headers of a request.
fn is_secret_map(name: &str, rust: &str) -> bool {
    let is_map = rust.starts_with("BTreeMap<") || rust.starts_with("Map<");
    let last = words(name).pop().unwrap_or_default();
    is_map && matches!(last.as_str(), "env" | "environment" | "headers")
}

/// Whether a description mentions a secret.
fn mentions_secret(docs: &str) -> bool {
    let words = docs
        .split(|end: char| !end.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let text: String = words.flat_map(|word| [" ", word]).collect();
    let text = format!("{} ", text.to_lowercase());
    SECRET_WORDS
        .iter()
        .any(|word| text.contains(&format!(" {word} ")))
}

/// The words of a name in camelCase, snake_case or kebab-case, in lowercase.
fn words(name: &str) -> Vec<String> {
    use heck::ToSnakeCase as _;

    let name = name.to_snake_case();
    name.split('_').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::codegen::{Tables, build_model};

    const NONE: Groups = &[];

    /// Marks the fields of a type that a server writes.
    fn mark_fields(properties: &Value) -> (Vec<(String, Shown)>, Report) {
        mark_by(Rules::new(NONE, NONE, NONE), properties)
    }

    fn mark_by(rules: Rules, properties: &Value) -> (Vec<(String, Shown)>, Report) {
        let definitions = json!({
            "ServerNotification": { "oneOf": [{
                "properties": {
                    "method": { "type": "string", "enum": ["a"] },
                    "params": { "$ref": "#/definitions/A" },
                },
            }] },
            "A": { "type": "object", "properties": properties },
            "Level": { "type": "string", "enum": ["low", "high"] },
            "Text": { "type": "string" },
            "FilePath": { "type": "string" },
            "Inner": { "type": "object", "properties": { "a": { "type": "string" } } },
        });
        let definitions: crate::codegen::Definitions = serde_json::from_value(definitions).unwrap();
        let (mut tables, mut report) = (Tables::default(), Report::default());
        let mut model = build_model(definitions.clone(), definitions, &mut tables, &mut report);
        let mut report = Report::default();
        rules.mark(&mut model, &mut report);
        let fields = &model.object("A").unwrap().fields;
        let fields = fields
            .iter()
            .filter(|field| field.slot.name != "emittedAtMs");
        let shown = fields.map(|field| (field.slot.name.clone(), field.shown));
        (shown.collect(), report)
    }

    fn text() -> Value {
        json!({ "type": ["string", "null"] })
    }

    #[test]
    fn text_that_is_named_like_a_secret_is_hidden() {
        let names = [
            "token",
            "accessToken",
            "clientSecret",
            "password",
            "apiKey",
            "api_key",
            "signature",
            "bearer",
            "sshPrivateKey",
            "client-private-key",
            "setCookie",
            "credential",
            "pairingCode",
            "passphrase",
            "Authorization",
            "signingKey",
        ];
        for name in names {
            let list = json!({ "type": "array", "items": { "type": "string" } });
            let map = json!({ "type": "object", "additionalProperties": { "type": "string" } });
            let reference = json!({ "$ref": "#/definitions/Text" });
            for schema in [text(), list, map, json!(true), reference] {
                let (shown, _) = mark_fields(&json!({ name: schema }));
                assert_eq!(shown, [(name.to_owned(), Shown::Hidden)], "{schema}");
            }
        }
        for name in ["env", "environment", "httpHeaders"] {
            let map = json!({ "type": "object", "additionalProperties": { "type": "string" } });
            assert_eq!(mark_fields(&json!({ name: map })).0[0].1, Shown::Hidden);
            assert_eq!(mark_fields(&json!({ name: text() })).0[0].1, Shown::Plain);
        }
    }

    #[test]
    fn numbers_booleans_enums_structs_and_paths_are_no_secrets() {
        for schema in [
            json!({ "type": "integer", "format": "int64" }),
            json!({ "type": "boolean" }),
            json!({ "$ref": "#/definitions/Level" }),
            json!({ "$ref": "#/definitions/Inner" }),
            json!({ "$ref": "#/definitions/FilePath" }),
            json!({
                "type": "object", "additionalProperties": { "type": "integer", "format": "int64" },
            }),
        ] {
            let (shown, _) = mark_fields(&json!({ "token": schema }));
            assert_eq!(shown[0].1, Shown::Plain, "{schema}");
        }
        for name in ["totalTokens", "sessionId", "keywords", "monkey", "name"] {
            let (shown, _) = mark_fields(&json!({ name: text() }));
            assert_eq!(shown[0].1, Shown::Plain, "{name}");
        }
    }

    #[test]
    fn text_whose_description_mentions_a_secret_is_hidden_and_reported() {
        let mut field = text();
        field["description"] = json!("The raw bearer\ntoken of the executor.");
        let (shown, report) = mark_fields(&json!({ "raw": field }));
        assert_eq!(shown[0].1, Shown::Hidden);
        let guesses: Vec<_> = report.of(Entry::Guess).collect();
        assert_eq!(guesses.len(), 1);
        assert_eq!(guesses[0].subject, "A.raw");
        // A name says enough.
        let (shown, report) = mark_fields(&json!({ "token": field }));
        assert_eq!(shown[0].1, Shown::Hidden);
        assert_eq!(report.count(Entry::Guess), 0);
        field["description"] = json!("Counts input tokens.");
        assert_eq!(mark_fields(&json!({ "raw": field })).0[0].1, Shown::Plain);
    }

    #[test]
    fn free_text_about_a_problem_is_masked() {
        let list = json!({ "type": "array", "items": { "type": "string" } });
        for (name, schema, shown) in [
            ("message", text(), Shown::Masked),
            ("additionalDetails", text(), Shown::Masked),
            ("stderr", text(), Shown::Masked),
            ("command", text(), Shown::Masked),
            ("warnings", list, Shown::Masked),
            ("messageId", text(), Shown::Plain),
            (
                "error",
                json!({ "$ref": "#/definitions/Inner" }),
                Shown::Plain,
            ),
        ] {
            let (found, _) = mark_fields(&json!({ name: schema }));
            assert_eq!(found[0].1, shown, "{name}");
        }
    }

    #[test]
    fn a_table_adds_confirms_and_excuses_and_stale_entries_are_reported() {
        const ADDED: Groups = &[(
            "Added.",
            &["A.answer", "A.raw", "A.level", "A.token", "A.gone"],
        )];
        const EXCUSED: Groups = &[("Excused.", &["*.keyName", "A.apiKey", "A.answer", "A.old"])];
        const MASKED: Groups = &[("Masked.", &["A.summary", "A.message"])];
        let raw = json!({ "type": "string", "description": "A password." });
        let (shown, report) = mark_by(
            Rules::new(ADDED, EXCUSED, MASKED),
            &json!({
                "answer": text(), "raw": raw, "level": { "$ref": "#/definitions/Level" },
                "token": text(), "apiKey": text(), "summary": text(), "message": text(),
            }),
        );
        let expected = [
            ("answer", Shown::Hidden),
            ("apiKey", Shown::Plain),
            ("level", Shown::Hidden),
            ("message", Shown::Masked),
            ("raw", Shown::Hidden),
            ("summary", Shown::Masked),
            ("token", Shown::Hidden),
        ];
        let expected = expected.map(|(name, shown)| (name.to_owned(), shown));
        assert_eq!(shown, expected);
        assert_eq!(report.count(Entry::Guess), 0);
        let stale: Vec<_> = report
            .of(Entry::Stale)
            .map(|it| it.subject.as_str())
            .collect();
        assert_eq!(
            stale,
            [
                "*.keyName",
                "A.answer",
                "A.gone",
                "A.message",
                "A.old",
                "A.token"
            ]
        );
    }
}
