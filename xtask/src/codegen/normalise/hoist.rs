//! The passes that move inline shapes to definitions of their own, so that each gets a type and a
//! name.

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::{
    pass::Pass,
    union_names,
    walk::{
        Union, is_object_schema, properties_mut, required, string_values, tag_value, union_members,
        union_members_mut, union_shape,
    },
};
use crate::codegen::{
    names,
    report::{Kind, Place},
    tables,
};

/// Hoists each inline object under the key of a member of a mixed union to a definition named after
/// the key and the union.
pub(super) fn hoist_payloads(schema: &mut Value, pass: &mut Pass<'_>) -> Result<()> {
    let name = pass.name;
    let Some(members) = union_members_mut(schema) else {
        return Ok(());
    };
    if tables::is_not_from_schema(name) || union_shape(members) != Union::Mixed {
        return Ok(());
    }
    for member in members.iter_mut().filter(|member| is_object_schema(member)) {
        let properties = properties_mut(member).context("a member without properties")?;
        for (key, payload) in properties.iter_mut().filter(|(_, p)| is_inline_object(p)) {
            let wanted = format!("{}{name}", names::pascal(key));
            pass.hoist(payload, &format!("{name}.{key}"), &wanted);
        }
    }
    Ok(())
}

/// Names the variants of an untagged union, and hoists its inline objects to definitions named after
/// the variant and the union.
pub(super) fn hoist_alternatives(schema: &mut Value, pass: &mut Pass<'_>) -> Result<()> {
    let name = pass.name;
    let Some(members) = union_members_mut(schema) else {
        return Ok(());
    };
    if tables::is_not_from_schema(name) || union_shape(members) != Union::Untagged {
        return Ok(());
    }
    let variants = match tables::untagged_variants(name) {
        Some(listed) if listed.len() == members.len() => {
            listed.iter().map(|variant| (*variant).to_owned()).collect()
        }
        listed => {
            let place = Place::new("tables.rs", "UNTAGGED");
            if let Some(listed) = listed {
                let (listed, found) = (listed.len(), members.len());
                let sentence = format!("the table names {listed} variants, the union has {found}");
                pass.report(Kind::Stale, name, sentence, place);
            }
            let variants = union_names::by_rule(name, members);
            let sentence = format!("its variants are named {}", variants.join(", "));
            pass.report(Kind::Guess, name, sentence, place);
            variants
        }
    };
    for (variant, member) in variants.iter().zip(members) {
        if is_inline_shape(member) {
            pass.hoist(
                member,
                &format!("{name}.{variant}"),
                &format!("{variant}{name}"),
            );
        }
    }
    if let Some(object) = schema.as_object_mut() {
        object.insert("variants".to_owned(), json!(variants));
    }
    Ok(())
}

/// Hoists the members of a tagged union to definitions without the tag, named after the tag value
/// and the union. A member without other properties needs no struct and stays inline.
pub(super) fn hoist_variants(schema: &mut Value, pass: &mut Pass<'_>) -> Result<()> {
    let name = pass.name;
    let Some(members) = union_members_mut(schema) else {
        return Ok(());
    };
    // Message unions are generated from the method table.
    if tables::is_not_from_schema(name) {
        return Ok(());
    }
    let Union::Tagged(tag) = union_shape(members) else {
        return Ok(());
    };
    let values = members.iter().filter_map(|member| tag_value(member, &tag));
    let variants = names::variants(name, values);
    for (member, variant) in members.iter_mut().zip(variants) {
        let value = tag_value(member, &tag)
            .context("a member without the tag")?
            .to_owned();
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
        if let Some(object) = body.as_object_mut() {
            object.insert("required".to_owned(), json!(rest));
            object.remove("title");
        }
        let wanted = format!("{}{name}", variant.ident);
        pass.hoist(&mut body, &format!("{name}.{value}"), &wanted);
        let mut kept = Map::new();
        kept.insert("const".to_owned(), json!(value));
        kept.insert("$ref".to_owned(), body["$ref"].take());
        *member = Value::Object(kept);
    }
    if let Some(object) = schema.as_object_mut() {
        object.insert("discriminator".to_owned(), json!(tag));
    }
    Ok(())
}

/// Hoists the inline shapes in fields, lists and maps to definitions named after the definition and
/// the field.
pub(super) fn hoist_fields(schema: &mut Value, pass: &mut Pass<'_>) -> Result<()> {
    let name = pass.name;
    if tables::is_not_from_schema(name) {
        return Ok(());
    }
    if schema.get("discriminator").is_some() {
        // Its members are hoisted, except those without fields.
        return Ok(());
    }
    if let Some(members) = union_members_mut(schema) {
        match union_shape(members) {
            Union::Tagged(_) | Union::Strings => {}
            Union::Mixed => {
                for member in members {
                    let properties = member.get_mut("properties").and_then(Value::as_object_mut);
                    hoist_each(properties, name, pass);
                }
            }
            Union::Nullable | Union::Untagged => {
                let wanted = format!("{name}Value");
                for member in members {
                    hoist_nested(member, name, &wanted, pass);
                }
            }
        }
        return Ok(());
    }
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    hoist_each(properties, name, pass);
    hoist_inside(schema, name, name, pass);
    Ok(())
}

fn hoist_each(properties: Option<&mut Map<String, Value>>, name: &str, pass: &mut Pass<'_>) {
    for (key, property) in properties.into_iter().flatten() {
        let wanted = format!("{name}{}", names::pascal(key));
        hoist_nested(property, &format!("{name}.{key}"), &wanted, pass);
    }
}

/// Hoists a value if it is an inline shape, or else the shapes inside it.
fn hoist_nested(schema: &mut Value, path: &str, wanted: &str, pass: &mut Pass<'_>) {
    if is_inline_shape(schema) {
        let docs = schema.get("description").cloned();
        let default = schema.as_object_mut().and_then(|o| o.remove("default"));
        let name = pass.hoist(schema, path, wanted);
        // `hoist` has reported another name.
        if name == wanted && names::inline_shape(path).is_none() {
            let sentence = format!("its shape has no name in the schema, and is named `{name}`");
            pass.report(Kind::Guess, path, sentence, names::INLINE_SHAPES_PLACE);
        }
        for (keyword, value) in [("description", docs), ("default", default)] {
            if let Some(value) = value {
                schema[keyword] = value;
            }
        }
        return;
    }
    for member in union_members_mut(schema).into_iter().flatten() {
        hoist_nested(member, path, wanted, pass);
    }
    hoist_inside(schema, path, wanted, pass);
}

/// Hoists the shapes in the elements of a list or map.
fn hoist_inside(schema: &mut Value, path: &str, wanted: &str, pass: &mut Pass<'_>) {
    if let Some(items) = schema.get_mut("items") {
        hoist_nested(items, &format!("{path}[]"), &format!("{wanted}Item"), pass);
    }
    if let Some(values) = schema.get_mut("additionalProperties") {
        hoist_nested(
            values,
            &format!("{path}.*"),
            &format!("{wanted}Value"),
            pass,
        );
    }
}

fn is_inline_object(schema: &Value) -> bool {
    is_object_schema(schema) && schema.get("properties").is_some()
}

/// Whether a schema needs a type of its own: an object with fields, an enum, or a union.
fn is_inline_shape(schema: &Value) -> bool {
    let is_union = union_members(schema)
        .is_some_and(|members| !matches!(union_shape(members), Union::Nullable));
    is_inline_object(schema) || string_values(schema).is_some() || is_union
}

#[cfg(test)]
mod tests {
    use super::{super::walk::key_of, *};

    #[test]
    fn a_key_with_a_payload_is_not_a_shape_of_its_own() {
        let member = json!({ "type": "object", "properties": { "a": {} }, "required": ["a"] });
        assert_eq!(key_of(&member).unwrap().0, "a");
        assert!(is_inline_shape(&member));
        assert!(!is_inline_shape(&json!({ "type": "object" })));
        assert!(!is_inline_shape(
            &json!({ "anyOf": [{}, { "type": "null" }] })
        ));
    }
}
