//! Changes to the schema that a future release may bring: the generator has never seen them.

use serde_json::{Map, Value, json};

use crate::schema::pinned::Pinned;

/// A change to a bundle.
pub(crate) struct Change {
    pub(crate) name: &'static str,
    /// Changes one bundle. A change to something that the bundle does not have does nothing.
    apply: fn(&mut Bundle<'_>),
}

/// The changes.
pub(crate) const CHANGES: &[Change] = &[
    Change {
        name: "a method with params",
        apply: |bundle| {
            let params = json!({
                "type": "object",
                "properties": { "threadId": { "type": "string" }, "turns": { "type": "integer" } },
                "required": ["threadId"],
            });
            bundle.define("ThreadRewindParams", params);
            bundle.add_message(
                "ClientRequest",
                "thread/rewind",
                Some("v2/ThreadRewindParams"),
            );
        },
    },
    Change {
        name: "a method without params",
        apply: |bundle| bundle.add_message("ClientRequest", "thread/forgetAll", None),
    },
    Change {
        name: "a method with the params of another",
        apply: |bundle| {
            let params = Some("v2/ThreadReadParams");
            bundle.add_message("ClientRequest", "thread/peek", params);
        },
    },
    Change {
        name: "a method with the nullable params of another",
        apply: |bundle| {
            let params = Some("v2/ThreadListParams");
            bundle.add_message("ClientRequest", "thread/list/stream", params);
        },
    },
    Change {
        name: "a request of the server without params",
        apply: |bundle| bundle.add_message("ServerRequest", "weather/read", None),
    },
    Change {
        name: "a notification without params",
        apply: |bundle| bundle.add_message("ServerNotification", "weather/changed", None),
    },
    Change {
        name: "a notification whose params are a union",
        apply: |bundle| {
            let params = Some("v2/UserInput");
            bundle.add_message("ServerNotification", "input/echoed", params);
        },
    },
    Change {
        name: "a message without a method",
        apply: |bundle| bundle.add_member("ServerNotification", json!({ "type": "object" })),
    },
    Change {
        name: "an item",
        apply: |bundle| {
            let item = json!({
                "type": "object",
                "properties": {
                    "type": { "type": "string", "enum": ["hologram"] },
                    "id": { "type": "string" },
                    "projector": {
                        "type": "object",
                        "properties": { "lumens": { "type": "integer", "format": "uint" } },
                    },
                },
                "required": ["type", "id", "projector"],
            });
            bundle.add_member("ThreadItem", item);
        },
    },
    Change {
        name: "a value of an enum",
        apply: |bundle| bundle.add_value("TurnStatus", "paused"),
    },
    Change {
        name: "a value of an enum whose name is taken",
        apply: |bundle| bundle.add_value("TurnStatus", "in_progress"),
    },
    Change {
        name: "an inline union without a title",
        apply: |bundle| {
            let union = json!({ "anyOf": [
                { "type": "string" },
                { "type": "object", "properties": { "tokens": {} }, "required": ["tokens"] },
                { "type": "null" },
                { "type": "array", "items": { "type": "string" } },
            ] });
            bundle.add_field("Turn", "budget", union);
        },
    },
    Change {
        name: "a field of another type",
        apply: |bundle| {
            let list = json!({ "type": "array", "items": { "type": "string" } });
            bundle.add_field("TurnStartParams", "model", list);
            bundle.add_field(
                "ThreadGoalSetParams",
                "tokenBudget",
                json!({ "type": "integer" }),
            );
        },
    },
    Change {
        name: "a nullable field of params",
        apply: |bundle| {
            let field = json!({ "type": ["string", "null"] });
            bundle.add_field("TurnStartParams", "mood", field);
        },
    },
    Change {
        name: "a field that a description makes clearable",
        apply: |bundle| {
            let field = json!({
                "type": ["string", "null"],
                "description": "Omit to keep the tone, set to `null` to clear it.",
            });
            bundle.add_field("TurnStartParams", "tone", field);
        },
    },
    Change {
        name: "secrets",
        apply: |bundle| {
            let text = json!({ "type": "string", "description": "The password of the account." });
            bundle.add_field("Turn", "login", text);
            bundle.add_field("Turn", "clientSecret", json!({ "type": "string" }));
        },
    },
    Change {
        name: "a field of several types",
        apply: |bundle| {
            bundle.add_field("Turn", "cost", json!({ "type": ["string", "number"] }));
        },
    },
    Change {
        name: "numbers and booleans of an enum",
        apply: |bundle| {
            let revision = json!({ "type": "integer", "enum": [1, 2] });
            bundle.add_field("Turn", "revision", revision);
            bundle.add_field("Turn", "settled", json!({ "const": true }));
        },
    },
    Change {
        name: "a default of another type",
        apply: |bundle| {
            let field = json!({ "type": "string", "default": 7 });
            bundle.add_field("Turn", "priority", field);
        },
    },
    Change {
        name: "a required field with a default",
        apply: |bundle| {
            let field = json!({ "type": "boolean", "default": true });
            bundle.add_field("Turn", "visible", field);
            bundle.require("Turn", "visible");
        },
    },
    Change {
        name: "a definition that is gone",
        apply: |bundle| bundle.remove("GitInfo"),
    },
    Change {
        name: "a definition that contains itself",
        apply: |bundle| {
            let parent = json!({ "$ref": "#/definitions/v2/TurnError" });
            bundle.add_field("TurnError", "cause", parent);
        },
    },
    Change {
        name: "two definitions of the same name",
        apply: |bundle| {
            bundle.define("InitializeParams", json!({ "type": "object" }));
        },
    },
    Change {
        name: "a keyword of JSON Schema that is not used today",
        apply: |bundle| {
            let patterns = json!({ "^x-": { "type": "string" } });
            bundle.add_keyword("TokenUsageBreakdown", "patternProperties", patterns);
        },
    },
    Change {
        name: "a keyword that JSON Schema does not define",
        apply: |bundle| {
            let field = json!({ "type": "string", "x-units": "parsec" });
            bundle.add_field("Turn", "distance", field);
        },
    },
    Change {
        name: "a definition that no keyword describes",
        apply: |bundle| bundle.define("Anything", json!({ "x-units": "parsec" })),
    },
];

impl Change {
    /// Returns the release with this change.
    pub(crate) fn of(&self, release: &Pinned) -> Pinned {
        let mut changed = release.clone();
        for bundle in [&mut changed.stable, &mut changed.experimental] {
            (self.apply)(&mut Bundle(bundle));
        }
        changed
    }
}

/// Returns the release with all changes.
pub(crate) fn all(release: &Pinned) -> Pinned {
    CHANGES
        .iter()
        .fold(release.clone(), |release, change| change.of(&release))
}

/// A bundle that is being changed.
struct Bundle<'a>(&'a mut Value);

impl Bundle<'_> {
    /// Returns a definition of `v2`, or else of the root.
    fn get(&mut self, name: &str) -> Option<&mut Map<String, Value>> {
        let root = self.0.get_mut("definitions")?;
        let of_v2 = root.get("v2").is_some_and(|v2| v2.get(name).is_some());
        let group = if of_v2 { root.get_mut("v2")? } else { root };
        group.get_mut(name)?.as_object_mut()
    }

    fn define(&mut self, name: &str, schema: Value) {
        self.0["definitions"]["v2"][name] = schema;
    }

    fn remove(&mut self, name: &str) {
        if let Some(v2) = self.0["definitions"]["v2"].as_object_mut() {
            v2.remove(name);
        }
    }

    fn add_keyword(&mut self, name: &str, keyword: &str, value: Value) {
        if let Some(definition) = self.get(name) {
            definition.insert(keyword.to_owned(), value);
        }
    }

    fn add_field(&mut self, name: &str, field: &str, schema: Value) {
        if let Some(definition) = self.get(name) {
            let fields = definition.entry("properties").or_insert_with(|| json!({}));
            fields[field] = schema;
        }
    }

    fn require(&mut self, name: &str, field: &str) {
        if let Some(definition) = self.get(name) {
            let required = definition.entry("required").or_insert_with(|| json!([]));
            required
                .as_array_mut()
                .into_iter()
                .for_each(|names| names.push(json!(field)));
        }
    }

    fn add_value(&mut self, name: &str, value: &str) {
        let values = self
            .get(name)
            .and_then(|definition| definition.get_mut("enum"));
        if let Some(Value::Array(values)) = values {
            values.push(json!(value));
        }
    }

    fn add_member(&mut self, union: &str, member: Value) {
        let members = self.get(union).and_then(|union| union.get_mut("oneOf"));
        if let Some(Value::Array(members)) = members {
            members.push(member);
        }
    }

    fn add_message(&mut self, union: &str, method: &str, params: Option<&str>) {
        let mut member = json!({
            "type": "object",
            "properties": { "method": { "type": "string", "enum": [method] } },
            "required": ["method"],
        });
        if let Some(params) = params {
            let reference = json!({ "$ref": format!("#/definitions/{params}") });
            member["properties"]["params"] = reference;
            member["required"] = json!(["method", "params"]);
        }
        self.add_member(union, member);
    }
}
