//! Corrections to the schema where it differs from the server. Each has a name, a reason and one
//! target. A correction that does not apply leaves its target as it is, and is reported.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::walk::union_members_mut;
use crate::codegen::{
    load::Definitions,
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
    /// Corrects the definition. An error says why there is nothing to correct; the definition is
    /// then restored.
    correct: fn(&mut Value) -> Result<()>,
}

const FIX_UPS: &[FixUp] = &[
    // The wire uses camelCase, as recorded: serde's `rename_all` does not apply to variants'
    // fields.
    FixUp {
        name: "timeline_entry_in_camel_case",
        target: "ThreadTimelineEntry",
        correct: |schema| {
            rename(
                schema,
                &["started_at", "turn_id", "completed_at", "duration_ms"],
            )
        },
    },
    // As above, according to the runtime's TypeScript.
    FixUp {
        name: "realtime_item_in_camel_case",
        target: "ThreadRealtimeItem",
        correct: |schema| rename(schema, &["item_id", "turn_id"]),
    },
    FixUp {
        name: "sessions_switch_in_camel_case",
        target: "AccountSessionsSwitchResponse",
        correct: |schema| rename(schema, &["auth_url", "login_id"]),
    },
    // `config.apps.<id>`, `.tools.<name>` and `.links.<id>` exist; the schema omits flattened maps.
    FixUp {
        name: "apps_config_has_a_map",
        target: "AppsConfig",
        correct: |schema| add_map(schema, "AppConfig"),
    },
    FixUp {
        name: "app_tools_config_has_a_map",
        target: "AppToolsConfig",
        correct: |schema| add_map(schema, "AppToolConfig"),
    },
    FixUp {
        name: "app_links_config_has_a_map",
        target: "AppLinksConfig",
        correct: |schema| add_map(schema, "AppLinkConfig"),
    },
    // Recorded with `content_item_kinds`, `content_item_metadata` and `create_time`. The metadata
    // must survive reading an item and sending it back.
    FixUp {
        name: "passthrough_metadata_is_kept",
        target: "InternalChatMessageMetadataPassthrough",
        correct: |schema| {
            ensure!(
                schema.get("additionalProperties").is_none(),
                "it defines `additionalProperties` now"
            );
            schema["additionalProperties"] = json!(true);
            Ok(())
        },
    },
    // The server sends them and the schema defines their params, but the union omits them.
    FixUp {
        name: "raw_response_notifications_are_listed",
        target: "ServerNotification",
        correct: |schema| {
            list(
                schema,
                "rawResponseItem/completed",
                "RawResponseItemCompletedNotification",
            )?;
            list(
                schema,
                "rawResponse/completed",
                "RawResponseCompletedNotification",
            )
        },
    },
    // Any non-empty string is allowed; these are the values that current models advertise.
    FixUp {
        name: "reasoning_effort_has_names",
        target: "ReasoningEffort",
        correct: |schema| {
            ensure!(schema.get("enum").is_none(), "it lists its values now");
            schema["enum"] = json!([
                "none", "minimal", "low", "medium", "high", "xhigh", "max", "ultra"
            ]);
            Ok(())
        },
    },
    // The schema has a catch-all of its own, `{"type": ["string", "object"]}`. Ours is
    // `Unrecognized`.
    FixUp {
        name: "codex_error_info_has_our_catch_all",
        target: "CodexErrorInfo",
        correct: |schema| {
            let members = union_members_mut(schema).context("it is not a union")?;
            let before = members.len();
            members.retain(|member| member.get("type") != Some(&json!(["string", "object"])));
            ensure!(members.len() + 1 == before, "its catch-all is gone");
            Ok(())
        },
    },
];

/// Applies every fix-up, and reports those that do not apply to the experimental bundle.
pub(crate) fn apply(definitions: &mut Definitions, scope: Scope, report: &mut Report) {
    for fix_up in FIX_UPS {
        let result = match definitions.get_mut(fix_up.target) {
            Some(schema) => correct(fix_up, schema),
            None => Err("it is not defined".to_owned()),
        };
        if let (Err(reason), Scope::Experimental) = (result, scope) {
            report.add(
                report::Kind::Stale,
                fix_up.target,
                format!("the fix-up `{}` does not apply: {reason}", fix_up.name),
                Place::new("normalise/fixups.rs", "FIX_UPS"),
            );
        }
    }
}

/// Corrects a definition as a whole, or leaves it untouched.
fn correct(fix_up: &FixUp, schema: &mut Value) -> Result<(), String> {
    let mut corrected = schema.clone();
    (fix_up.correct)(&mut corrected).map_err(|error| error.to_string())?;
    *schema = corrected;
    Ok(())
}

/// Renames properties of the members of a union from snake_case to camelCase.
fn rename(schema: &mut Value, names: &[&str]) -> Result<()> {
    use heck::ToLowerCamelCase as _;

    for name in names {
        let new = name.to_lower_camel_case();
        let mut found = false;
        for member in union_members_mut(schema).context("it is not a union")? {
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
        ensure!(found, "no member has a property `{name}`");
    }
    Ok(())
}

/// Adds typed additional properties to an object.
fn add_map(schema: &mut Value, of: &str) -> Result<()> {
    ensure!(
        schema.get("additionalProperties").is_none(),
        "it defines `additionalProperties` now"
    );
    schema["additionalProperties"] = json!({ "$ref": format!("#/definitions/{of}") });
    Ok(())
}

/// Adds a method to a message union.
fn list(schema: &mut Value, method: &str, params: &str) -> Result<()> {
    let members = union_members_mut(schema).context("it is not a union")?;
    let listed = |member: &Value| member["properties"]["method"]["enum"][0] == method;
    ensure!(!members.iter().any(listed), "`{method}` is listed now");
    members.push(json!({
        "type": "object",
        "properties": {
            "method": { "type": "string", "enum": [method] },
            "params": { "$ref": format!("#/definitions/{params}") },
        },
        "required": ["method", "params"],
    }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Applies the fix-ups to one definition, and returns it with the sentences about it.
    fn apply_to(name: &str, schema: &Value, scope: Scope) -> (Value, Vec<String>) {
        let mut definitions: Definitions = [(name.to_owned(), schema.clone())].into();
        let mut report = Report::default();
        apply(&mut definitions, scope, &mut report);
        let entries = report.of(report::Kind::Stale);
        let about = entries.filter(|entry| entry.subject == name);
        let sentences = about.map(|entry| entry.sentence.clone()).collect();
        (definitions[name].clone(), sentences)
    }

    #[test]
    fn a_fix_up_with_nothing_to_correct_leaves_its_target_untouched_and_is_reported() {
        // Only one of the four properties is in snake_case.
        let timeline = json!({ "oneOf": [{ "properties": { "started_at": {}, "turnId": {} } }] });
        for (name, schema, reason) in [
            (
                "AppsConfig",
                json!({ "additionalProperties": false }),
                "defines",
            ),
            (
                "ReasoningEffort",
                json!({ "enum": ["low"] }),
                "lists its values",
            ),
            ("ThreadTimelineEntry", timeline, "`turn_id`"),
            ("CodexErrorInfo", json!({ "type": "string" }), "not a union"),
        ] {
            let (after, sentences) = apply_to(name, &schema, Scope::Experimental);
            assert_eq!(after, schema);
            assert_eq!(sentences.len(), 1, "{name}: {sentences:?}");
            assert!(sentences[0].contains(reason), "{sentences:?}");
        }
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
    fn a_fix_up_that_applies_is_not_reported() {
        let schema = json!({ "type": "object" });
        let (after, sentences) = apply_to("AppsConfig", &schema, Scope::Experimental);
        assert_eq!(
            after["additionalProperties"]["$ref"],
            "#/definitions/AppConfig"
        );
        assert_eq!(sentences, [""; 0]);
    }
}
