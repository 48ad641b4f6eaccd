//! Corrections to the schema where it differs from the server. Each has a name, a reason and one
//! target. What a correction does not find in the schema of a release stays as it is, and is
//! reported.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::walk::{PARTIAL, is_catch_all, union_members_mut};
use crate::codegen::{
    load::Definitions,
    params,
    report::{self, Place, Report},
};

/// The bundle that is being corrected.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The experimental bundle, which contains the target of every fix-up.
    Experimental,
    /// The stable bundle, which lacks some targets.
    Stable,
}

/// A correction of one definition.
struct FixUp {
    /// Name for the report.
    name: &'static str,
    /// The definition to correct.
    target: &'static str,
    correct: fn(&mut Target<'_>),
}

const FIX_UPS: &[FixUp] = &[
    // The wire uses camelCase, as recorded: serde's `rename_all` does not apply to variants'
    // fields.
    FixUp {
        name: "timeline_entry_in_camel_case",
        target: "ThreadTimelineEntry",
        correct: |target| {
            target.rename(&["started_at", "turn_id", "completed_at", "duration_ms"]);
        },
    },
    // As above, according to the runtime's TypeScript.
    FixUp {
        name: "realtime_item_in_camel_case",
        target: "ThreadRealtimeItem",
        correct: |target| target.rename(&["item_id", "turn_id"]),
    },
    FixUp {
        name: "sessions_switch_in_camel_case",
        target: "AccountSessionsSwitchResponse",
        correct: |target| target.rename(&["auth_url", "login_id"]),
    },
    // `config.apps.<id>`, `.tools.<name>` and `.links.<id>` exist; the schema omits flattened maps.
    FixUp {
        name: "apps_config_has_a_map",
        target: "AppsConfig",
        correct: |target| target.add_map("AppConfig"),
    },
    FixUp {
        name: "app_tools_config_has_a_map",
        target: "AppToolsConfig",
        correct: |target| target.add_map("AppToolConfig"),
    },
    FixUp {
        name: "app_links_config_has_a_map",
        target: "AppLinksConfig",
        correct: |target| target.add_map("AppLinkConfig"),
    },
    // Recorded with `content_item_kinds`, `content_item_metadata` and `create_time`. The metadata
    // must survive reading an item and sending it back.
    FixUp {
        name: "passthrough_metadata_is_kept",
        target: "InternalChatMessageMetadataPassthrough",
        correct: |target| match target.schema.get("additionalProperties") {
            Some(_) => target.stale("it defines `additionalProperties`"),
            None => target.schema["additionalProperties"] = json!(true),
        },
    },
    // The server sends them and the schema defines their params, but the union omits them.
    FixUp {
        name: "raw_response_notifications_are_listed",
        target: "ServerNotification",
        correct: |target| {
            target.list(
                "rawResponseItem/completed",
                "RawResponseItemCompletedNotification",
            );
            target.list("rawResponse/completed", "RawResponseCompletedNotification");
        },
    },
    // Any non-empty string is allowed; these are the values that current models advertise.
    FixUp {
        name: "reasoning_effort_has_names",
        target: "ReasoningEffort",
        correct: |target| match target.schema.get("enum") {
            Some(_) => target.stale("it lists its values"),
            None => {
                target.schema["enum"] = json!([
                    "none", "minimal", "low", "medium", "high", "xhigh", "max", "ultra"
                ]);
                target.schema[PARTIAL] = true.into();
            }
        },
    },
    // The schema has a catch-all of its own, `{"type": ["string", "object"]}`. Ours is
    // `Unrecognized`.
    FixUp {
        name: "codex_error_info_has_our_catch_all",
        target: "CodexErrorInfo",
        correct: |target| {
            let members = union_members_mut(target.schema);
            let catch_all = members.and_then(|members| {
                let at = members.iter().position(is_catch_all)?;
                Some(members.remove(at))
            });
            match catch_all {
                Some(_) => target.schema[PARTIAL] = true.into(),
                None => target.stale("it has no catch-all"),
            }
        },
    },
];

/// Options of `codex-client` that its oldest release of types lacks: the definition, the field and
/// its schema. A definition without the field gets it, so that the client compiles. A server ignores
/// params that it does not know.
const OFFERED: &[(&str, &str, &str)] = &[
    ("ModelListParams", "modelProvider", "string"),
    ("ThreadListParams", "attachedToThreadId", "string"),
    ("ThreadListParams", "currentAccountOnly", "boolean"),
    ("ThreadListParams", "includeAttachedThreads", "boolean"),
];

/// Adds the options of the client that the definitions lack, and reports them.
pub(crate) fn add_offered(definitions: &mut Definitions, report: &mut Report) {
    for (name, field, ty) in OFFERED {
        let Some(definition) = definitions.get_mut(*name) else {
            continue;
        };
        let properties = definition
            .get_mut("properties")
            .and_then(Value::as_object_mut);
        let Some(properties) = properties.filter(|fields| !fields.contains_key(*field)) else {
            continue;
        };
        let schema = json!({
            "type": ty,
            "description": "Not in the schema of this release, whose servers ignore it.",
        });
        properties.insert((*field).to_owned(), schema);
        report.add(
            report::Kind::Guess,
            format!("{name}.{field}"),
            "the field is added, because `codex-client` offers it",
            Place::new("normalise/fixups.rs", "OFFERED"),
        );
    }
}

/// Applies every fix-up, and reports what does not apply to the experimental bundle.
pub(crate) fn apply(definitions: &mut Definitions, scope: Scope, report: &mut Report) {
    let defined = definitions.keys().cloned().collect();
    for fix_up in FIX_UPS {
        let mut stale = Vec::new();
        match definitions.get_mut(fix_up.target) {
            Some(schema) if !schema.is_object() => stale.push("it accepts any value".to_owned()),
            Some(schema) => (fix_up.correct)(&mut Target {
                schema,
                defined: &defined,
                stale: &mut stale,
            }),
            None => stale.push("it is not defined".to_owned()),
        }
        for reason in stale.into_iter().filter(|_| scope == Scope::Experimental) {
            report.add(
                report::Kind::Stale,
                fix_up.target,
                format!("the fix-up `{}` does not apply: {reason}", fix_up.name),
                Place::new("normalise/fixups.rs", "FIX_UPS"),
            );
        }
    }
}

/// A definition that is being corrected.
struct Target<'a> {
    schema: &'a mut Value,
    /// The names of all definitions.
    defined: &'a BTreeSet<String>,
    /// The reasons for which parts of the fix-up do not apply.
    stale: &'a mut Vec<String>,
}

impl Target<'_> {
    fn stale(&mut self, reason: &str) {
        self.stale.push(reason.to_owned());
    }

    /// Renames properties of the members of a union from snake_case to camelCase.
    fn rename(&mut self, names: &[&str]) {
        use heck::ToLowerCamelCase as _;

        for name in names {
            let new = name.to_lower_camel_case();
            let mut found = false;
            for member in union_members_mut(self.schema).into_iter().flatten() {
                let properties = member.get_mut("properties").and_then(Value::as_object_mut);
                if let Some(properties) = properties
                    && let Some(property) = properties.remove(*name)
                {
                    properties.insert(new.clone(), property);
                    found = true;
                }
                for required in member
                    .get_mut("required")
                    .and_then(Value::as_array_mut)
                    .into_iter()
                    .flatten()
                {
                    if required == name {
                        *required = json!(new);
                    }
                }
            }
            if !found {
                self.stale(&format!("no member has a property `{name}`"));
            }
        }
    }

    /// Adds typed additional properties to an object.
    fn add_map(&mut self, of: &str) {
        if self.schema.get("additionalProperties").is_some() {
            self.stale("it defines `additionalProperties`");
        } else if self.is_defined(of) {
            let reference = json!({ "$ref": format!("#/definitions/{of}") });
            self.schema["additionalProperties"] = reference;
        }
    }

    /// Adds a method to a message union.
    fn list(&mut self, method: &str, params: &str) {
        if params::methods(Some(self.schema)).contains(method) {
            return self.stale(&format!("`{method}` is listed"));
        }
        if !self.is_defined(params) {
            return;
        }
        match union_members_mut(self.schema) {
            None => self.stale("it is not a union"),
            Some(members) => members.push(json!({
                "type": "object",
                "properties": {
                    "method": { "type": "string", "enum": [method] },
                    "params": { "$ref": format!("#/definitions/{params}") },
                },
                "required": ["method", "params"],
            })),
        }
    }

    /// Whether a definition that the fix-up refers to exists.
    fn is_defined(&mut self, name: &str) -> bool {
        let is_defined = self.defined.contains(name);
        if !is_defined {
            self.stale(&format!("`{name}` is not defined"));
        }
        is_defined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Applies the fix-ups to one definition, and returns it with the sentences about it.
    fn apply_to(name: &str, schema: &Value, others: &[&str]) -> (Value, Vec<String>) {
        let others = others.iter().map(|name| ((*name).to_owned(), json!({})));
        let mut definitions: Definitions = others.collect();
        definitions.insert(name.to_owned(), schema.clone());
        let mut report = Report::default();
        apply(&mut definitions, Scope::Experimental, &mut report);
        let entries = report.of(report::Kind::Stale);
        let about = entries.filter(|entry| entry.subject == name);
        let sentences = about.map(|entry| entry.sentence.clone()).collect();
        (definitions[name].clone(), sentences)
    }

    #[test]
    fn a_fix_up_with_nothing_to_correct_leaves_its_target_untouched_and_is_reported() {
        for (name, schema, reason) in [
            (
                "AppsConfig",
                json!({ "additionalProperties": false }),
                "defines",
            ),
            ("AppsConfig", json!({}), "`AppConfig` is not defined"),
            ("AppsConfig", json!(true), "accepts any value"),
            (
                "ReasoningEffort",
                json!({ "enum": ["low"] }),
                "lists its values",
            ),
            ("CodexErrorInfo", json!({ "oneOf": [] }), "no catch-all"),
        ] {
            let (after, sentences) = apply_to(name, &schema, &[]);
            assert_eq!(after, schema);
            assert_eq!(sentences.len(), 1, "{name}: {sentences:?}");
            assert!(sentences[0].contains(reason), "{sentences:?}");
        }
    }

    #[test]
    fn the_parts_of_a_fix_up_that_apply_are_applied() {
        let timeline = json!({ "oneOf": [{
            "properties": { "started_at": {}, "turnId": {} }, "required": ["started_at"],
        }] });
        let (after, sentences) = apply_to("ThreadTimelineEntry", &timeline, &[]);
        let member =
            json!({ "properties": { "startedAt": {}, "turnId": {} }, "required": ["startedAt"] });
        assert_eq!(after["oneOf"][0], member);
        assert_eq!(sentences.len(), 3, "{sentences:?}");

        let listed = json!({ "oneOf": [{
            "properties": { "method": { "enum": ["rawResponse/completed"] } },
        }] });
        let params = ["RawResponseItemCompletedNotification"];
        let (after, sentences) = apply_to("ServerNotification", &listed, &params);
        let methods = params::methods(Some(&after));
        assert!(methods.contains("rawResponseItem/completed"), "{methods:?}");
        assert_eq!(methods.len(), 2);
        assert_eq!(sentences.len(), 1, "{sentences:?}");
    }

    #[test]
    fn a_fix_up_without_its_target_is_reported_for_the_experimental_bundle_only() {
        let mut report = Report::default();
        apply(&mut Definitions::new(), Scope::Stable, &mut report);
        report.refuse().unwrap();
        apply(&mut Definitions::new(), Scope::Experimental, &mut report);
        assert_eq!(report.count(report::Kind::Stale), FIX_UPS.len());
    }

    #[test]
    fn options_of_the_client_are_added_where_they_are_missing() {
        let field = json!({ "type": "integer" });
        let list = json!({ "properties": { "currentAccountOnly": field } });
        let mut definitions: Definitions = [
            ("ThreadListParams".to_owned(), list),
            ("ModelListParams".to_owned(), json!({ "type": "string" })),
        ]
        .into();
        let mut report = Report::default();
        add_offered(&mut definitions, &mut report);
        let fields = &definitions["ThreadListParams"]["properties"];
        assert_eq!(fields["currentAccountOnly"], field);
        assert_eq!(fields["includeAttachedThreads"]["type"], json!("boolean"));
        assert_eq!(definitions["ModelListParams"], json!({ "type": "string" }));
        assert_eq!(report.count(report::Kind::Guess), 2, "{report}");
    }

    #[test]
    fn a_fix_up_that_applies_is_not_reported() {
        let schema = json!({ "type": "object" });
        let (after, sentences) = apply_to("AppsConfig", &schema, &["AppConfig"]);
        assert_eq!(
            after["additionalProperties"]["$ref"],
            "#/definitions/AppConfig"
        );
        assert_eq!(sentences, [""; 0]);
    }
}
