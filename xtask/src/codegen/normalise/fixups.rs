//! Corrections to the pinned release's schema where it differs from the server. Each has a name, a
//! reason and one target, and fails if it no longer applies.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::walk::union_members_mut;
use crate::codegen::load::Definitions;

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
    /// Name for error messages.
    name: &'static str,
    /// The definition to correct.
    target: &'static str,
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

/// Applies every fix-up.
pub(crate) fn apply(definitions: &mut Definitions, scope: Scope) -> Result<()> {
    for fix_up in FIX_UPS {
        match definitions.get_mut(fix_up.target) {
            Some(schema) => (fix_up.correct)(schema),
            None if scope == Scope::Stable => Ok(()),
            None => bail!(
                "fix-up `{}`: `{}` is not defined",
                fix_up.name,
                fix_up.target
            ),
        }
        .with_context(|| {
            format!(
                "fix-up `{}` no longer applies to `{}`: compare it with the new schema, then correct or \
                 remove it in fixups.rs",
                fix_up.name, fix_up.target
            )
        })?;
    }
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
