//! Known errors in the schema. The fix-ups in the generator explain them; this independent list
//! detects when a fix-up is added or removed.

use serde_json::{Value, json};

/// A correction to one definition.
pub(super) type Correction = fn(&mut Value);

/// The corrections by definition.
pub(super) const CORRECTIONS: &[(&str, Correction)] = &[
    ("ThreadTimelineEntry", |schema| {
        rename(schema, "started_at", "startedAt");
        rename(schema, "turn_id", "turnId");
        rename(schema, "completed_at", "completedAt");
        rename(schema, "duration_ms", "durationMs");
    }),
    ("ThreadRealtimeItem", |schema| {
        rename(schema, "item_id", "itemId");
        rename(schema, "turn_id", "turnId");
    }),
    ("AccountSessionsSwitchResponse", |schema| {
        rename(schema, "auth_url", "authUrl");
        rename(schema, "login_id", "loginId");
    }),
    ("AppsConfig", |schema| add_map(schema, "AppConfig")),
    ("AppToolsConfig", |schema| add_map(schema, "AppToolConfig")),
    ("AppLinksConfig", |schema| add_map(schema, "AppLinkConfig")),
    ("InternalChatMessageMetadataPassthrough", |schema| {
        schema["additionalProperties"] = json!(true);
    }),
    ("ServerNotification", |schema| {
        for (method, params) in [
            (
                "rawResponseItem/completed",
                "RawResponseItemCompletedNotification",
            ),
            ("rawResponse/completed", "RawResponseCompletedNotification"),
        ] {
            members(schema).push(json!({
                "type": "object",
                "properties": {
                    "method": { "type": "string", "enum": [method] },
                    "params": { "$ref": format!("#/definitions/v2/{params}") },
                },
                "required": ["method", "params"],
            }));
        }
    }),
    // Any string is valid, but only these have names. Another test covers other strings.
    ("ReasoningEffort", |schema| {
        schema["enum"] = json!([
            "none", "minimal", "low", "medium", "high", "xhigh", "max", "ultra"
        ]);
    }),
    // The catch-all of the schema, which correctly decodes as `Unrecognized`.
    ("CodexErrorInfo", |schema| {
        let members = members(schema);
        let before = members.len();
        members.retain(|member| member["type"] != json!(["string", "object"]));
        assert_eq!(members.len() + 1, before, "no catch-all was removed");
    }),
];

fn members(schema: &mut Value) -> &mut Vec<Value> {
    let keyword = if schema.get("oneOf").is_some() {
        "oneOf"
    } else {
        "anyOf"
    };
    schema[keyword].as_array_mut().expect("a union")
}

fn rename(schema: &mut Value, from: &str, to: &str) {
    let mut found = false;
    for member in members(schema) {
        let properties = member["properties"].as_object_mut().expect("an object");
        if let Some(property) = properties.remove(from) {
            properties.insert(to.to_owned(), property);
            found = true;
        }
        let required = member["required"].as_array_mut().into_iter().flatten();
        required
            .filter(|name| *name == from)
            .for_each(|name| *name = json!(to));
    }
    assert!(found, "no member has a property `{from}`");
}

fn add_map(schema: &mut Value, of: &str) {
    assert!(schema.get("additionalProperties").is_none());
    schema["additionalProperties"] = json!({ "$ref": format!("#/definitions/v2/{of}") });
}
