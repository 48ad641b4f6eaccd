//! The passes, which apply to the schema of any release. Corrections of a particular release are in
//! `fixups`.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use super::walk::{
    each_schema, is_object_schema, properties_mut, required, tag_of, tag_value, union_members,
    union_members_mut,
};
use crate::codegen::{load::Definitions, names, tables};

/// Replaces an `allOf` of a single schema with that schema. schemars writes such an `allOf` to add
/// a description to a reference.
pub(crate) fn unwrap_all_of(definitions: &mut Definitions) -> Result<()> {
    let mut unsupported = None;
    for (name, schema) in definitions {
        each_schema(schema, &mut |schema| {
            let Some(object) = schema.as_object_mut() else {
                return;
            };
            match object.remove("allOf") {
                Some(Value::Array(mut parts)) if parts.len() == 1 => {
                    if let Some(Value::Object(part)) = parts.pop() {
                        object.extend(part);
                    }
                }
                Some(_) => unsupported = Some(name.clone()),
                None => {}
            }
        });
    }
    match unsupported {
        Some(name) => bail!("`{name}` has an `allOf` of several schemas, which is not supported"),
        None => Ok(()),
    }
}

/// Removes `null` defaults: the field is optional anyway.
pub(crate) fn drop_null_defaults(definitions: &mut Definitions) -> Result<()> {
    for schema in definitions.values_mut() {
        each_schema(schema, &mut |schema| {
            if schema.get("default").is_some_and(Value::is_null)
                && let Some(object) = schema.as_object_mut()
            {
                object.remove("default");
            }
        });
    }
    Ok(())
}

/// Maps `uint`, the `usize` of a 64-bit server, to `uint64`, and removes lower bounds, which typify
/// would lower to `NonZero` types.
pub(crate) fn widen_integers(definitions: &mut Definitions) -> Result<()> {
    for schema in definitions.values_mut() {
        each_schema(schema, &mut |schema| {
            if let Some(object) = schema.as_object_mut() {
                object.remove("minimum");
                object.remove("minLength");
                if object.get("format").and_then(Value::as_str) == Some("uint") {
                    object.insert("format".to_owned(), json!("uint64"));
                }
            }
        });
    }
    Ok(())
}

/// Turns an `anyOf` next to the properties of a tagged member (`url` or `fileId`) into optional
/// fields: the tag already identifies the member.
pub(crate) fn merge_alternatives(definitions: &mut Definitions) -> Result<()> {
    for (name, schema) in definitions {
        let Some(members) = union_members_mut(schema) else {
            continue;
        };
        for member in members.iter_mut().filter(|member| is_object_schema(member)) {
            let Some(alternatives) = member.as_object_mut().and_then(|m| m.remove("anyOf")) else {
                continue;
            };
            let alternatives = alternatives.as_array().cloned().unwrap_or_default();
            let properties = properties_mut(member).context("an object without properties")?;
            for alternative in &alternatives {
                let own = alternative.get("properties").and_then(Value::as_object);
                for (key, property) in
                    own.with_context(|| format!("unsupported `anyOf` in `{name}`"))?
                {
                    let clash = properties.insert(key.clone(), property.clone());
                    ensure!(clash.is_none(), "`{name}`: two alternatives define `{key}`");
                }
            }
        }
    }
    Ok(())
}

/// Moves properties next to a union into each of its members.
pub(crate) fn share_fields(definitions: &mut Definitions) -> Result<()> {
    for (name, schema) in definitions {
        if union_members(schema).is_none() || schema.get("properties").is_none() {
            continue;
        }
        let shared = schema["properties"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        let shared_required = required(schema);
        if let Some(object) = schema.as_object_mut() {
            ["properties", "required", "type"]
                .iter()
                .for_each(|key| drop(object.remove(*key)));
        }
        for member in union_members_mut(schema).into_iter().flatten() {
            let mut names = required(member);
            names.extend(shared_required.iter().cloned());
            let properties = properties_mut(member).context("a member that is not an object")?;
            for (key, property) in &shared {
                let clash = properties.insert(key.clone(), property.clone());
                ensure!(
                    clash.is_none(),
                    "`{name}`: a shared field and a member both define `{key}`"
                );
            }
            member["required"] = json!(names);
        }
    }
    Ok(())
}

/// In a union of strings and single-key objects, hoists each inline object under the key to a
/// definition named after the key and the union.
pub(crate) fn hoist_payloads(definitions: &mut Definitions) -> Result<()> {
    let mut hoisted = Definitions::new();
    for (name, schema) in definitions.iter_mut() {
        let Some(members) = union_members_mut(schema) else {
            continue;
        };
        if !members
            .iter()
            .any(|member| member.get("type") == Some(&json!("string")))
        {
            continue;
        }
        for member in members.iter_mut().filter(|member| is_object_schema(member)) {
            let properties = properties_mut(member).context("a member without properties")?;
            for (key, payload) in properties.iter_mut().filter(|(_, p)| is_inline_object(p)) {
                let hoisted_name = format!("{}{name}", names::pascal(key));
                let reference = json!({ "$ref": format!("#/definitions/{hoisted_name}") });
                hoisted.insert(hoisted_name, std::mem::replace(payload, reference));
            }
        }
    }
    add_all(definitions, hoisted)
}

fn is_inline_object(schema: &Value) -> bool {
    is_object_schema(schema) && schema.get("properties").is_some()
}

/// Hoists the inline objects in an untagged union to definitions named after the variant and the
/// union.
pub(crate) fn hoist_alternatives(definitions: &mut Definitions) -> Result<()> {
    let mut hoisted = Definitions::new();
    for (name, schema) in definitions.iter_mut() {
        let Some(variants) = tables::untagged_variants(name) else {
            continue;
        };
        let members = union_members_mut(schema).into_iter().flatten();
        for (variant, member) in variants
            .iter()
            .zip(members)
            .filter(|(_, m)| is_inline_object(m))
        {
            let hoisted_name = format!("{variant}{name}");
            let reference = json!({ "$ref": format!("#/definitions/{hoisted_name}") });
            hoisted.insert(hoisted_name, std::mem::replace(member, reference));
        }
    }
    add_all(definitions, hoisted)
}

/// Hoists the members of a tagged union to definitions without the tag, named after the tag value
/// and the union. A member without other properties needs no struct and stays inline.
pub(crate) fn hoist_variants(definitions: &mut Definitions) -> Result<()> {
    let mut hoisted = Definitions::new();
    for (name, schema) in definitions.iter_mut() {
        let Some(members) = union_members_mut(schema) else {
            continue;
        };
        let Some(tag) = tag_of(members) else { continue };
        if tag == "method" {
            continue; // Message unions are generated from the method table.
        }
        for member in members.iter_mut() {
            let value = tag_value(member, &tag)
                .context("a member without the tag")?
                .to_owned();
            let body_name = format!("{}{name}", names::variant(name, &value)?);
            let mut body = member.clone();
            let properties = properties_mut(&mut body).context("a member without properties")?;
            properties.remove(&tag);
            if properties.is_empty() {
                continue;
            }
            let rest: Vec<_> = required(&body)
                .into_iter()
                .filter(|name| *name != tag)
                .collect();
            let mut kept = Map::new();
            kept.insert("const".to_owned(), json!(value));
            kept.insert(
                "$ref".to_owned(),
                json!(format!("#/definitions/{body_name}")),
            );
            if let Some(object) = body.as_object_mut() {
                object.insert("required".to_owned(), json!(rest));
                object.remove("title");
                // The tag identifies the member, so it need not reject other keys.
                object.remove("additionalProperties");
            }
            *member = Value::Object(kept);
            hoisted.insert(body_name, body);
        }
        if let Some(object) = schema.as_object_mut() {
            object.insert("discriminator".to_owned(), json!(tag));
        }
    }
    add_all(definitions, hoisted)
}

/// Adds definitions. A name that already exists is an error, because it would merge two types.
fn add_all(definitions: &mut Definitions, new: Definitions) -> Result<()> {
    for (name, schema) in new {
        let taken = definitions.insert(name.clone(), schema);
        ensure!(
            taken.is_none(),
            "the hoisted name `{name}` is taken; add an exception to names.rs"
        );
    }
    Ok(())
}
