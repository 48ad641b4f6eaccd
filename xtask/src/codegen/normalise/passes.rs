//! The passes that simplify a definition. Corrections of particular releases are in `fixups`.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{
    pass::Pass,
    walk::{
        each_schema, is_object_schema, properties_mut, required, union_members, union_members_mut,
    },
};
use crate::codegen::{
    report::{Kind, Place},
    tables,
};

const PLACE: Place = Place::new("normalise/passes.rs", "PASSES");

/// Replaces an `allOf` of a single schema with that schema. schemars writes such an `allOf` to add
/// a description to a reference. Leaves out an `allOf` of several schemas, which widens the schema.
pub(super) fn unwrap_all_of(schema: &mut Value, pass: &mut Pass<'_>) -> Result<()> {
    let mut left_out = false;
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
            Some(_) => {
                left_out = true;
                // The parts may describe further members.
                if is_object_schema(schema) {
                    schema["additionalProperties"] = json!(true);
                }
            }
            None => {}
        }
    });
    if left_out {
        let name = pass.name;
        pass.report(Kind::Widened, name, "an `allOf` of several schemas", PLACE);
    }
    Ok(())
}

/// Removes `null` defaults: the field is optional anyway.
pub(super) fn drop_null_defaults(schema: &mut Value, _: &mut Pass<'_>) -> Result<()> {
    each_schema(schema, &mut |schema| {
        if schema.get("default").is_some_and(Value::is_null)
            && let Some(object) = schema.as_object_mut()
        {
            object.remove("default");
        }
    });
    Ok(())
}

/// Maps `int` and `uint`, the `isize` and `usize` of a 64-bit server, to `int64` and `uint64`, and
/// removes lower bounds, which typify would lower to `NonZero` types.
pub(super) fn widen_integers(schema: &mut Value, _: &mut Pass<'_>) -> Result<()> {
    each_schema(schema, &mut |schema| {
        if let Some(object) = schema.as_object_mut() {
            object.remove("minimum");
            object.remove("minLength");
            let wider = match object.get("format").and_then(Value::as_str) {
                Some("int") => "int64",
                Some("uint") => "uint64",
                _ => return,
            };
            object.insert("format".to_owned(), json!(wider));
        }
    });
    Ok(())
}

/// Turns an `anyOf` next to the properties of a tagged member (`url` or `fileId`) into optional
/// fields: the tag already identifies the member.
pub(super) fn merge_alternatives(schema: &mut Value, pass: &mut Pass<'_>) -> Result<()> {
    let Some(members) = union_members_mut(schema) else {
        return Ok(());
    };
    for member in members.iter_mut().filter(|member| is_object_schema(member)) {
        let Some(alternatives) = member.as_object_mut().and_then(|m| m.remove("anyOf")) else {
            continue;
        };
        let alternatives = alternatives.as_array().cloned().unwrap_or_default();
        let properties = properties_mut(member).context("an object without properties")?;
        for alternative in &alternatives {
            let own = alternative.get("properties").and_then(Value::as_object);
            let Some(own) = own else {
                let sentence = "an alternative without properties is left out";
                pass.report(Kind::LeftOut, pass.name, sentence, PLACE);
                continue;
            };
            for (key, property) in own {
                let Some(other) = properties.insert(key.clone(), property.clone()) else {
                    continue;
                };
                if other != *property {
                    properties.insert(key.clone(), json!({}));
                    let path = format!("{}.{key}", pass.name);
                    let sentence = "two alternatives define it differently";
                    pass.report(Kind::Widened, &path, sentence, PLACE);
                }
            }
        }
    }
    Ok(())
}

/// Moves properties next to a union into each of its members.
pub(super) fn share_fields(schema: &mut Value, pass: &mut Pass<'_>) -> Result<()> {
    if union_members(schema).is_none() || schema.get("properties").is_none() {
        return Ok(());
    }
    let shared = schema["properties"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let shared_required = required(schema);
    for member in union_members_mut(schema).into_iter().flatten() {
        if member.get("$ref").is_some() {
            // A message union leaves such a member out.
            ensure!(
                tables::MESSAGES.contains(&pass.name),
                "fields are shared with a member that is not an inline object"
            );
            continue;
        }
        let mut names = required(member);
        names.extend(shared_required.iter().cloned());
        let properties = properties_mut(member).context("a member that is not an object")?;
        for (key, property) in &shared {
            let own = properties
                .entry(key.clone())
                .or_insert_with(|| property.clone());
            if own != property {
                *own = json!({});
                let path = format!("{}.{key}", pass.name);
                let sentence = "the union and a member define it differently";
                pass.report(Kind::Widened, &path, sentence, PLACE);
            }
        }
        member["required"] = json!(names);
    }
    if let Some(object) = schema.as_object_mut() {
        ["properties", "required", "type"]
            .iter()
            .for_each(|key| drop(object.remove(*key)));
    }
    Ok(())
}
