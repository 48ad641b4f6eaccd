//! Classifies normalised schemas by shape. An unknown shape becomes the widest type that can be
//! right, and is reported.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{
    load::{Definitions, reference_name},
    model::{
        Alias, Field, Kind, Mixed, Object, Rule, Shown, Slot, Strings, Tagged, TaggedVariant, Type,
        UnitVariant,
    },
    names,
    normalise::{Union, accepts_others, key_of, string_values, union_shape, widest},
    report::{self, Place, Report},
    tables::Tables,
};

/// Classifies all definitions.
pub(crate) fn classify_all(
    definitions: &Definitions,
    stable: &Definitions,
    tables: &mut Tables,
    report: &mut Report,
) -> BTreeMap<String, Type> {
    let types = definitions.iter().map(|(name, schema)| {
        let stable = stable.get(name);
        let mut classifier = Classifier {
            name,
            stable,
            tables: &mut *tables,
            report: &mut *report,
        };
        let ty = Type {
            docs: description(schema),
            experimental: stable.is_none(),
            sent: false,
            received: false,
            kind: classifier.any_kind(schema),
        };
        (name.clone(), ty)
    });
    types.collect()
}

/// Classifies one definition; `stable` is its counterpart in the stable bundle.
struct Classifier<'a> {
    name: &'a str,
    stable: Option<&'a Value>,
    tables: &'a mut Tables,
    report: &'a mut Report,
}

impl Classifier<'_> {
    /// The kind of the definition. An unknown shape becomes any object or any value.
    fn any_kind(&mut self, schema: &Value) -> Kind {
        self.kind(schema).unwrap_or_else(|error| {
            let place = Place::new("classify.rs", "Classifier::kind");
            let sentence = format!("{error:#}");
            self.report
                .add(report::Kind::Widened, self.name, sentence, place);
            self.kind(&widest(schema)).unwrap_or(Kind::Any)
        })
    }

    fn kind(&mut self, schema: &Value) -> Result<Kind> {
        if let Some(kind) = self.tables.not_from_schema(self.name) {
            return Ok(kind);
        }
        let members = schema
            .get("oneOf")
            .or_else(|| schema.get("anyOf"))
            .and_then(Value::as_array);
        let Some(members) = members else {
            return self.plain(schema);
        };
        if let Some(tag) = schema.get("discriminator").and_then(Value::as_str) {
            return self.tagged(tag, members);
        }
        if let Some(variants) = schema.get("variants").and_then(Value::as_array) {
            self.tables.use_untagged(self.name);
            let variants = variants.iter().filter_map(Value::as_str).zip(members);
            let variants = variants.map(|(ident, member)| Slot {
                ident: ident.to_owned(),
                ..slot(ident, member, false)
            });
            return Ok(Kind::Untagged(variants.collect()));
        }
        match union_shape(members) {
            Union::Strings | Union::Mixed => self.strings_and_keys(schema, members),
            Union::Nullable => Ok(Kind::Alias(Alias {
                target: slot("target", &members[0], false),
                nullable: true,
            })),
            Union::Tagged(_) | Union::Untagged => bail!("the union was not normalised"),
        }
    }

    fn plain(&mut self, schema: &Value) -> Result<Kind> {
        if string_values(schema).is_some() {
            let variants = self.string_variants(&[schema])?;
            let partial = accepts_others(schema);
            return Ok(Kind::Strings(self.strings(variants, partial)));
        }
        let (bare, nullable) = without_null(schema);
        match bare.get("type").and_then(Value::as_str) {
            Some("string") if !nullable => Ok(Kind::StringNewtype),
            Some("object") if !nullable => self.object(schema).map(Kind::Object),
            Some("null") => bail!("a type whose only value is `null`"),
            Some(_) => Ok(Kind::Alias(Alias {
                target: slot("target", &bare, false),
                nullable,
            })),
            None if schema.get("$ref").is_some() => Ok(Kind::Alias(Alias {
                target: slot("target", schema, false),
                nullable,
            })),
            None if accepts_anything(schema) => Ok(Kind::Any),
            None => bail!("the shape is unknown"),
        }
    }

    fn strings(&mut self, variants: Vec<UnitVariant>, partial: bool) -> Strings {
        Strings {
            variants,
            partial,
            open: !self.tables.is_closed(self.name),
        }
    }

    fn strings_and_keys(&mut self, schema: &Value, members: &[Value]) -> Result<Kind> {
        let texts: Vec<_> = members
            .iter()
            .filter(|member| string_values(member).is_some())
            .collect();
        let keys: Vec<_> = members.iter().filter_map(key_of).collect();
        if keys.is_empty() && union_shape(members) == Union::Strings {
            let variants = self.string_variants(&texts)?;
            let partial = accepts_others(schema);
            return Ok(Kind::Strings(self.strings(variants, partial)));
        }
        let texts_of = texts
            .iter()
            .filter_map(|text| string_values(text))
            .flatten();
        let values: Vec<_> = texts_of
            .chain(keys.iter().map(|(key, _)| key.as_str()))
            .collect();
        let mut names = self.names(&values);
        let mut strings = Vec::new();
        for text in texts {
            strings.extend(self.unit_variants(text, &mut names)?);
        }
        let members = members.iter().filter(|member| key_of(member).is_some());
        let keyed = members.zip(keys).zip(names);
        let keyed = keyed.map(|((member, (key, payload)), ident)| Slot {
            ident,
            docs: description(member),
            ..slot(key, payload, false)
        });
        Ok(Kind::Mixed(Mixed {
            strings,
            keyed: keyed.collect(),
            partial: accepts_others(schema),
        }))
    }

    /// The names of the variants of these values. Reports those that are guesses.
    fn names(&mut self, values: &[&str]) -> impl Iterator<Item = String> + use<> {
        let variants = names::variants(self.name, values.iter().copied());
        names::report_guesses(
            self.name,
            values.iter().copied().zip(&variants),
            self.report,
        );
        variants.into_iter().map(|variant| variant.ident)
    }

    /// The variants of the values of several string enums.
    fn string_variants(&mut self, schemas: &[&Value]) -> Result<Vec<UnitVariant>> {
        let values = schemas.iter().filter_map(|schema| string_values(schema));
        let values: Vec<_> = values.flatten().collect();
        let mut names = self.names(&values);
        let mut variants = Vec::new();
        for schema in schemas {
            variants.extend(self.unit_variants(schema, &mut names)?);
        }
        Ok(variants)
    }

    /// The variants of the values of a string enum, with the next of these names.
    fn unit_variants(
        &self,
        schema: &Value,
        names: &mut impl Iterator<Item = String>,
    ) -> Result<Vec<UnitVariant>> {
        let values = string_values(schema).context("an enum of values other than strings")?;
        // The description of a single value documents the variant; that of several values documents
        // the type.
        let docs = if values.len() == 1 {
            description(schema)
        } else {
            None
        };
        let variants = values
            .into_iter()
            .zip(names)
            .map(|(wire, ident)| UnitVariant {
                wire: wire.to_owned(),
                ident,
                docs: docs.clone(),
                experimental: self.is_experimental(wire),
            });
        Ok(variants.collect())
    }

    /// Whether the stable counterpart lacks a value of an enum or tag.
    fn is_experimental(&self, value: &str) -> bool {
        self.stable.is_some_and(|stable| !mentions(stable, value))
    }

    fn tagged(&mut self, tag: &str, members: &[Value]) -> Result<Kind> {
        let wire = |member: &Value| match member.get("const").and_then(Value::as_str) {
            Some(wire) => Some(wire.to_owned()),
            None => {
                let values = string_values(member.get("properties")?.get(tag)?)?;
                Some((*values.first()?).to_owned())
            }
        };
        let wires: Option<Vec<_>> = members.iter().map(wire).collect();
        let wires = wires.context("a member without the tag")?;
        let variants = names::variants(self.name, wires.iter().map(String::as_str));
        let values = wires.iter().map(String::as_str);
        names::report_guesses(self.name, values.zip(&variants), self.report);
        let variants = members.iter().zip(wires).zip(variants);
        let variants = variants.map(|((member, wire), variant)| {
            let body = member.get("$ref").and_then(Value::as_str);
            TaggedVariant {
                body: body.and_then(reference_name).map(str::to_owned),
                name: UnitVariant {
                    experimental: self.is_experimental(&wire),
                    wire,
                    ident: variant.ident,
                    docs: description(member),
                },
            }
        });
        Ok(Kind::Tagged(Tagged {
            tag: tag.to_owned(),
            variants: variants.collect(),
        }))
    }

    fn object(&mut self, schema: &Value) -> Result<Object> {
        let name = self.name;
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
            let mut default = property.get("default").cloned();
            if is_required && default.take().is_some() {
                self.report.add(
                    report::Kind::Guess,
                    format!("{name}.{wire}"),
                    "it is required and has a default; the default is left out",
                    Place::new("classify.rs", "Classifier::object"),
                );
            }
            let rule = match (is_required, nullable) {
                (true, false) => Rule::Required,
                (true, true) => Rule::Nullable,
                (false, _) if default.is_some() => Rule::Default,
                (false, _) => Rule::Optional,
            };
            let in_stable = self
                .stable
                .is_none_or(|stable| stable["properties"].get(wire).is_some());
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
            Some(Value::Bool(false)) => (None, self.tables.is_strict(name)),
            Some(value) => (Some(slot("rest", value, false)), false),
        };
        Ok(Object {
            fields,
            rest_secret: false,
            rest,
            strict,
            closed: schema.get("additionalProperties") == Some(&Value::Bool(false)),
        })
    }
}

/// Whether a schema has no keyword that describes a value.
fn accepts_anything(schema: &Value) -> bool {
    const SILENT: &[&str] = &["description", "default", "title"];
    match schema {
        Value::Object(object) => object.keys().all(|key| SILENT.contains(&key.as_str())),
        other => *other == Value::Bool(true),
    }
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
