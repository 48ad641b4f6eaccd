//! Classifies normalised schemas by shape. Unknown shapes and keywords are errors.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::{
    load::{Definitions, reference_name},
    model::{
        Field, Kind, Mixed, Object, Rule, Shown, Slot, Strings, Tagged, TaggedVariant, Type,
        UnitVariant,
    },
    names,
    normalise::{is_object_schema, string_values},
    tables::{Tables, untagged_variants},
};

/// Classifies one definition; `stable` is its counterpart in the stable bundle.
pub(crate) fn classify(
    name: &str,
    schema: &Value,
    stable: Option<&Value>,
    tables: &mut Tables,
) -> Result<Type> {
    check_keywords(schema)?;
    Ok(Type {
        docs: description(schema),
        experimental: stable.is_none(),
        sent: false,
        received: false,
        kind: kind(name, schema, stable, tables)?,
    })
}

fn kind(name: &str, schema: &Value, stable: Option<&Value>, tables: &mut Tables) -> Result<Kind> {
    if let Some(kind) = tables.not_from_schema(name) {
        return Ok(kind);
    }
    let members = schema
        .get("oneOf")
        .or_else(|| schema.get("anyOf"))
        .and_then(Value::as_array);
    let Some(members) = members else {
        return plain(name, schema, stable, tables);
    };
    if let Some(tag) = schema.get("discriminator").and_then(Value::as_str) {
        return tagged(name, tag, members, stable);
    }
    if members.iter().any(|member| member.get("enum").is_some()) {
        let mut strings = Vec::new();
        for member in members.iter().filter(|member| member.get("enum").is_some()) {
            strings.extend(string_variants(name, member, stable)?);
        }
        let keyed = members
            .iter()
            .filter(|member| member.get("enum").is_none())
            .map(|member| keyed(name, member))
            .collect::<Result<Vec<_>>>()?;
        return Ok(if keyed.is_empty() {
            Kind::Strings(Strings {
                variants: strings,
                open: !tables.is_closed(name),
            })
        } else {
            Kind::Mixed(Mixed { strings, keyed })
        });
    }
    if let [one, other] = members.as_slice()
        && *other == json!({ "type": "null" })
    {
        return Ok(Kind::Alias(slot("target", one, false)));
    }
    tables.use_untagged(name);
    let idents =
        untagged_variants(name).context("an untagged union without variant names in tables.rs")?;
    ensure!(
        idents.len() == members.len(),
        "the union has {} members, but tables.rs names {}",
        members.len(),
        idents.len()
    );
    let variants = idents.iter().zip(members);
    let variants = variants.map(|(ident, member)| Slot {
        ident: (*ident).to_owned(),
        ..slot(ident, member, false)
    });
    Ok(Kind::Untagged(variants.collect()))
}

fn plain(name: &str, schema: &Value, stable: Option<&Value>, tables: &mut Tables) -> Result<Kind> {
    match schema.get("type").and_then(Value::as_str) {
        Some("string") if schema.get("enum").is_some() => Ok(Kind::Strings(Strings {
            variants: string_variants(name, schema, stable)?,
            open: !tables.is_closed(name),
        })),
        Some("string") => Ok(Kind::StringNewtype),
        Some("object") => object(name, schema, stable, tables).map(Kind::Object),
        _ => bail!("`{name}` has an unsupported shape: {schema}"),
    }
}

fn object(
    name: &str,
    schema: &Value,
    stable: Option<&Value>,
    tables: &mut Tables,
) -> Result<Object> {
    let required = schema
        .get("required")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let mut fields = Vec::new();
    for (wire, property) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let (bare, nullable) = without_null(property);
        let is_required = required.iter().any(|name| name == wire);
        let default = property.get("default").cloned();
        let rule = match (is_required, nullable) {
            (true, _) if default.is_some() => bail!("`{wire}` is required and has a default"),
            (true, false) => Rule::Required,
            (true, true) => Rule::Nullable,
            (false, _) if default.is_some() => Rule::Default,
            (false, _) => Rule::Optional,
        };
        let in_stable = stable.is_none_or(|stable| stable["properties"].get(wire).is_some());
        let mut slot = slot(wire, &bare, !in_stable);
        slot.docs = description(property);
        fields.push(Field {
            slot,
            rule,
            natural: false,
            default,
            nullable,
            shown: Shown::Plain,
        });
    }
    fields.sort_by_key(sort_key);
    let (rest, strict) = match schema.get("additionalProperties") {
        None => (None, false),
        Some(Value::Bool(false)) => (None, tables.is_strict(name)),
        Some(value) => (Some(slot("rest", value, false)), false),
    };
    Ok(Object {
        fields,
        rest_secret: false,
        rest,
        strict,
    })
}

/// Sorts fields: ids first, then by name.
fn sort_key(field: &Field) -> (usize, String) {
    const FIRST: &[&str] = &["id", "threadId", "turnId", "itemId", "callId"];
    let name = &field.slot.name;
    let rank = FIRST
        .iter()
        .position(|first| first == name)
        .unwrap_or(FIRST.len());
    (rank, name.clone())
}

fn tagged(name: &str, tag: &str, members: &[Value], stable: Option<&Value>) -> Result<Kind> {
    let variants = members
        .iter()
        .map(|member| {
            let wire = match member.get("const").and_then(Value::as_str) {
                Some(wire) => wire,
                None => string_values(&member["properties"][tag])
                    .and_then(|values| values.first().copied())
                    .context("a member without the tag")?,
            };
            let body = member
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(reference_name);
            let name = UnitVariant {
                wire: wire.to_owned(),
                ident: names::variant(name, wire)?,
                docs: description(member),
                experimental: stable.is_some_and(|stable| !mentions(stable, wire)),
            };
            Ok(TaggedVariant {
                name,
                body: body.map(str::to_owned),
            })
        })
        .collect::<Result<_>>()?;
    Ok(Kind::Tagged(Tagged {
        tag: tag.to_owned(),
        variants,
    }))
}

fn keyed(name: &str, member: &Value) -> Result<Slot> {
    let properties = member.get("properties").and_then(Value::as_object);
    let mut entries = properties.into_iter().flatten();
    match (entries.next(), entries.next()) {
        (Some((key, payload)), None) if is_object_schema(member) => Ok(Slot {
            ident: names::variant(name, key)?,
            docs: description(member),
            ..slot(key, payload, false)
        }),
        _ => bail!("`{name}` has a member that is neither a string nor a single-key object"),
    }
}

fn string_variants(name: &str, schema: &Value, stable: Option<&Value>) -> Result<Vec<UnitVariant>> {
    let values = string_values(schema).context("an enum of values other than strings")?;
    // The description of a single value documents the variant; that of several values documents the
    // type.
    let docs = if values.len() == 1 {
        description(schema)
    } else {
        None
    };
    values
        .into_iter()
        .map(|wire| {
            Ok(UnitVariant {
                wire: wire.to_owned(),
                ident: names::variant(name, wire)?,
                docs: docs.clone(),
                experimental: stable.is_some_and(|stable| !mentions(stable, wire)),
            })
        })
        .collect()
}

fn slot(name: &str, schema: &Value, experimental: bool) -> Slot {
    let (name, ident) = (name.to_owned(), String::new());
    let mut schema = schema.clone();
    if let Some(object) = schema.as_object_mut() {
        object.remove("description");
        object.remove("default");
        if object.is_empty() {
            schema = Value::Bool(true);
        }
    }
    Slot {
        name,
        ident,
        schema,
        rust: String::new(),
        docs: None,
        experimental,
    }
}

/// Removes `null` from a schema, and returns whether the schema allowed it.
fn without_null(schema: &Value) -> (Value, bool) {
    let null = json!({ "type": "null" });
    let mut bare = schema.clone();
    if let Some([one, other]) = schema
        .get("anyOf")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        && *other == null
    {
        return (without_null(one).0, true);
    }
    match schema.get("type") {
        Some(Value::Array(types)) if types.len() == 2 && types[1] == "null" => {
            bare["type"] = types[0].clone();
            (bare, true)
        }
        _ => (bare, false),
    }
}

fn description(schema: &Value) -> Option<String> {
    schema
        .get("description")
        .and_then(Value::as_str)
        .map(str::to_owned)
}

/// Whether the stable counterpart contains a value of an enum or tag.
fn mentions(stable: &Value, value: &str) -> bool {
    match stable {
        Value::String(text) => text == value,
        Value::Array(array) => array.iter().any(|inner| mentions(inner, value)),
        Value::Object(object) => object
            .iter()
            .filter(|(key, _)| *key != "description")
            .any(|(_, inner)| mentions(inner, value)),
        _ => false,
    }
}

/// Fails on an unknown keyword anywhere in a definition.
fn check_keywords(schema: &Value) -> Result<()> {
    const KNOWN: &[&str] = &[
        "$ref",
        "additionalProperties",
        "anyOf",
        "const",
        "default",
        "description",
        "discriminator",
        "enum",
        "format",
        "items",
        "oneOf",
        "properties",
        "required",
        "title",
        "type",
    ];
    let Some(schema) = schema.as_object() else {
        return Ok(());
    };
    if let Some(keyword) = schema
        .keys()
        .find(|keyword| !KNOWN.contains(&keyword.as_str()))
    {
        bail!("unknown keyword `{keyword}`");
    }
    if let Some(Value::Array(types)) = schema.get("type")
        && !matches!(types.as_slice(), [_, null] if *null == "null")
    {
        bail!("unsupported list of types: {types:?}");
    }
    for (keyword, inner) in schema {
        match (keyword.as_str(), inner) {
            ("properties", Value::Object(properties)) => {
                for (name, property) in properties {
                    check_keywords(property).with_context(|| format!("field `{name}`"))?;
                }
            }
            ("anyOf" | "oneOf", Value::Array(members)) => {
                members.iter().try_for_each(check_keywords)?;
            }
            ("items" | "additionalProperties", inner) => check_keywords(inner)?,
            _ => {}
        }
    }
    Ok(())
}

/// Classifies all definitions.
pub(crate) fn classify_all(
    definitions: &Definitions,
    stable: &Definitions,
    tables: &mut Tables,
) -> Result<BTreeMap<String, Type>> {
    definitions
        .iter()
        .map(|(name, schema)| {
            let ty = classify(name, schema, stable.get(name), tables)
                .with_context(|| format!("definition `{name}`"))?;
            Ok((name.clone(), ty))
        })
        .collect()
}
