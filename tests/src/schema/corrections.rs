//! Known errors in the schema. The fix-ups in the generator explain them; this independent list
//! detects when a fix-up is added or removed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The definitions, and whether all corrections have to apply to them.
pub(super) struct Definitions<'a> {
    pub(super) all: &'a mut BTreeMap<String, Value>,
    pub(super) strict: bool,
}

/// Corrects the definitions.
pub(super) fn correct(definitions: &mut Definitions<'_>) {
    let corrected = definitions;
    corrected.rename("ThreadTimelineEntry", "started_at", "startedAt");
    corrected.rename("ThreadTimelineEntry", "turn_id", "turnId");
    corrected.rename("ThreadTimelineEntry", "completed_at", "completedAt");
    corrected.rename("ThreadTimelineEntry", "duration_ms", "durationMs");
    corrected.rename("ThreadRealtimeItem", "item_id", "itemId");
    corrected.rename("ThreadRealtimeItem", "turn_id", "turnId");
    corrected.rename("AccountSessionsSwitchResponse", "auth_url", "authUrl");
    corrected.rename("AccountSessionsSwitchResponse", "login_id", "loginId");
    corrected.add_map("AppsConfig", Some("AppConfig"));
    corrected.add_map("AppToolsConfig", Some("AppToolConfig"));
    corrected.add_map("AppLinksConfig", Some("AppLinkConfig"));
    corrected.add_map("InternalChatMessageMetadataPassthrough", None);
    for (method, params) in [
        (
            "rawResponseItem/completed",
            "RawResponseItemCompletedNotification",
        ),
        ("rawResponse/completed", "RawResponseCompletedNotification"),
    ] {
        corrected.list(method, params);
    }
    corrected.name_efforts();
    corrected.remove_catch_all();
}

impl Definitions<'_> {
    fn get(&mut self, name: &str) -> Option<&mut Value> {
        let schema = self.all.get_mut(name);
        assert!(schema.is_some() || !self.strict, "`{name}` is not defined");
        schema
    }

    /// Checks that a correction applies to the pinned release.
    fn check(&self, applies: bool, reason: &str) -> bool {
        assert!(applies || !self.strict, "{reason}");
        applies
    }

    fn rename(&mut self, name: &str, from: &str, to: &str) {
        let Some(schema) = self.get(name) else { return };
        let mut found = false;
        for member in members(schema) {
            let Some(properties) = member["properties"].as_object_mut() else {
                continue;
            };
            if let Some(property) = properties.remove(from) {
                properties.insert(to.to_owned(), property);
                found = true;
            }
            let required = member["required"].as_array_mut().into_iter().flatten();
            required
                .filter(|name| *name == from)
                .for_each(|name| *name = json!(to));
        }
        self.check(found, &format!("no member of `{name}` has `{from}`"));
    }

    fn add_map(&mut self, name: &str, of: Option<&str>) {
        let of_defined = of.is_none_or(|of| self.all.contains_key(of));
        let Some(schema) = self.get(name) else { return };
        let applies = schema.get("additionalProperties").is_none() && of_defined;
        if applies {
            schema["additionalProperties"] = match of {
                Some(of) => json!({ "$ref": format!("#/definitions/v2/{of}") }),
                None => json!(true),
            };
        }
        self.check(applies, &format!("`{name}` has a map"));
    }

    fn list(&mut self, method: &str, params: &str) {
        let is_defined = self.all.contains_key(params);
        let Some(union) = self.get("ServerNotification") else {
            return;
        };
        let lists = |member: &Value| member["properties"]["method"]["enum"][0] == method;
        let applies = is_defined && !members(union).iter().any(lists);
        if applies {
            members(union).push(json!({
                "type": "object",
                "properties": {
                    "method": { "type": "string", "enum": [method] },
                    "params": { "$ref": format!("#/definitions/v2/{params}") },
                },
                "required": ["method", "params"],
            }));
        }
        self.check(applies, &format!("`{method}` is listed"));
    }

    /// Any string is valid, but only these have names. Another test covers other strings.
    fn name_efforts(&mut self) {
        let Some(schema) = self.get("ReasoningEffort") else {
            return;
        };
        let applies = schema.get("enum").is_none();
        if applies {
            schema["enum"] = json!([
                "none", "minimal", "low", "medium", "high", "xhigh", "max", "ultra"
            ]);
        }
        self.check(applies, "`ReasoningEffort` lists its values");
    }

    /// The catch-all of the schema, which correctly decodes as `Unrecognized`.
    fn remove_catch_all(&mut self) {
        let Some(schema) = self.get("CodexErrorInfo") else {
            return;
        };
        let members = members(schema);
        let before = members.len();
        members.retain(|member| member["type"] != json!(["string", "object"]));
        let removed = members.len() + 1 == before;
        self.check(removed, "no catch-all was removed");
    }
}

fn members(schema: &mut Value) -> &mut Vec<Value> {
    let keyword = if schema.get("oneOf").is_some() {
        "oneOf"
    } else {
        "anyOf"
    };
    schema[keyword].as_array_mut().expect("a union")
}
