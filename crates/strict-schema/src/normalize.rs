//! Rewrites a schema of schemars into the form that models accept.
//!
//! Constraints that the API does not support, such as the length of a string, are dropped. The
//! model may violate them, and only decoding can report that.

use std::ptr;

use serde_json::{Value, json};

use crate::{
    error::{Error, ErrorKind},
    keywords::{
        Object, constrains_only_by, described, description, is_annotation, is_container, scalar,
        tags_first, type_of_values, unsupported, without,
    },
    merge::merge,
};

/// The depth beyond which a schema counts as infinite.
const MAX_DEPTH: usize = 100;

/// The form of a schema.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Mode {
    /// An object lists its properties, requires all of them, and has no others; `anyOf` is the only
    /// form of alternatives.
    Strict,
    /// The keywords are the same, but properties may be optional, and maps and values of any type
    /// are allowed.
    NonStrict,
}

/// Rewrites one schema and the definitions that it refers to.
pub(crate) struct Normalizer {
    mode: Mode,
    source: schemars::Schema,
    /// References to definitions that the result has to contain.
    pending: Vec<String>,
}

impl Normalizer {
    pub(crate) fn new(mode: Mode, source: schemars::Schema) -> Self {
        Self {
            mode,
            source,
            pending: Vec::new(),
        }
    }

    /// Rewrites the whole schema. `name` is the name of the type, for errors.
    pub(crate) fn normalize(mut self, name: &str) -> Result<Object, Error> {
        let mut root = self.source.as_value().clone();
        // The root may not be a reference.
        for _ in 0..MAX_DEPTH {
            match only_reference(&root) {
                Some(reference) => root = self.target(&reference, name)?.clone(),
                None => break,
            }
        }
        let mut root = self.schema(&root, name, 0)?;
        let mut definitions = Object::new();
        while let Some(reference) = self.pending.pop() {
            let (name, definition) = self.definition(&reference, name)?;
            if !definitions.contains_key(&name) {
                let definition = self.schema(&definition, &name, 0)?;
                definitions.insert(name, definition.into());
            }
        }
        if !definitions.is_empty() {
            root.insert("$defs".to_owned(), definitions.into());
        }
        Ok(root)
    }

    /// Returns the schema that a reference refers to.
    fn target(&self, reference: &str, path: &str) -> Result<&Value, Error> {
        let target = match reference {
            "#" => Some(self.source.as_value()),
            _ => self.source.pointer(reference),
        };
        target.ok_or_else(|| {
            let reference = reference.to_owned();
            error(path, ErrorKind::UndefinedReference { reference })
        })
    }

    /// Returns the definition that a reference refers to, and its name. The name may be escaped in
    /// the reference.
    fn definition(&self, reference: &str, path: &str) -> Result<(String, Value), Error> {
        let target = self.target(reference, path)?;
        let all = self.source.get("$defs").and_then(Value::as_object);
        let mut named = all.into_iter().flatten();
        let name = named.find(|(_, definition)| ptr::eq(*definition, target));
        let name = name.map_or(reference, |(name, _)| name);
        Ok((name.to_owned(), target.clone()))
    }

    fn schema(&mut self, schema: &Value, path: &str, depth: usize) -> Result<Object, Error> {
        let any_value = Object::new();
        let schema = match schema {
            Value::Object(schema) => schema,
            Value::Bool(false) => return Err(error(path, ErrorKind::Uninhabited)),
            _ => &any_value,
        };
        if depth > MAX_DEPTH {
            return Err(error(path, ErrorKind::InfiniteRecursion));
        }
        if let Some(keyword) = unsupported(schema) {
            return Err(error(path, ErrorKind::UnsupportedKeyword { keyword }));
        }
        if let Some(Value::String(reference)) = schema.get("$ref") {
            return self.reference(reference, schema, path, depth);
        }
        if let Some(Value::Array(parts)) = schema.get("allOf") {
            let mut merged = without(schema, &["allOf"]);
            for part in parts {
                merged = merge(&merged, part).ok_or_else(|| error(path, ErrorKind::Composition))?;
            }
            return self.schema(&merged.into(), path, depth + 1);
        }
        for keyword in ["oneOf", "anyOf"] {
            if let Some(Value::Array(alternatives)) = schema.get(keyword) {
                let shared = without(schema, &[keyword]);
                return self.alternatives(&shared, alternatives, path, depth);
            }
        }
        match schema.get("type") {
            Some(Value::Array(types)) if types.iter().any(is_container) => {
                let alternatives = types.iter().map(|name| match is_container(name) {
                    false => json!({"type": name}),
                    true => {
                        let mut schema = without(schema, &["type", "description"]);
                        schema.insert("type".to_owned(), name.clone());
                        schema.into()
                    }
                });
                let alternatives: Vec<Value> = alternatives.collect();
                self.alternatives(&description(schema), &alternatives, path, depth)
            }
            Some(Value::String(name)) if name == "object" => self.object(schema, path, depth),
            Some(Value::String(name)) if name == "array" => self.array(schema, path, depth),
            None if schema.contains_key("properties") => self.object(schema, path, depth),
            None => match (type_of_values(schema), self.mode) {
                (Some(name), _) => Ok(scalar(schema, name)),
                (None, Mode::NonStrict) => Ok(description(schema)),
                (None, Mode::Strict) => Err(error(path, ErrorKind::AnyValue)),
            },
            Some(name) => Ok(scalar(schema, name.clone())),
        }
    }

    /// Rewrites a schema with a reference. The API allows no keyword beside `$ref`, so a
    /// description is wrapped around the reference, and a constraint is merged into a copy of the
    /// target.
    fn reference(
        &mut self,
        reference: &str,
        schema: &Object,
        path: &str,
        depth: usize,
    ) -> Result<Object, Error> {
        if !constrains_only_by(schema, "$ref") {
            let target = self.target(reference, path)?;
            let merged = merge(&without(schema, &["$ref"]), target)
                .ok_or_else(|| error(path, ErrorKind::Composition))?;
            return self.schema(&merged.into(), path, depth + 1);
        }
        if reference != "#" {
            self.pending.push(reference.to_owned());
        }
        let reference = Object::from_iter([("$ref".to_owned(), reference.into())]);
        Ok(match schema.get("description") {
            None => reference,
            Some(text) => described(text, vec![reference.into()]),
        })
    }

    /// Rewrites alternatives. The keywords beside them become part of each alternative.
    fn alternatives(
        &mut self,
        shared: &Object,
        alternatives: &[Value],
        path: &str,
        depth: usize,
    ) -> Result<Object, Error> {
        let description = shared.get("description");
        let shared = match shared.keys().all(|key| is_annotation(key)) {
            true => None,
            false => Some(without(shared, &["description"])),
        };
        let mut normalized = Vec::with_capacity(alternatives.len());
        for alternative in alternatives {
            let alternative = match &shared {
                None => self.schema(alternative, path, depth + 1)?,
                Some(shared) => {
                    let merged = merge(shared, alternative)
                        .ok_or_else(|| error(path, ErrorKind::Composition))?;
                    self.schema(&merged.into(), path, depth + 1)?
                }
            };
            normalized.push(Value::Object(alternative));
        }
        match (normalized.as_mut_slice(), description) {
            ([], _) => Err(error(path, ErrorKind::Uninhabited)),
            // A single alternative needs no `anyOf`.
            ([Value::Object(only)], None) => Ok(std::mem::take(only)),
            ([Value::Object(only)], Some(text)) if !only.contains_key("$ref") => {
                let own = only.remove("description");
                only.insert("description".to_owned(), own.unwrap_or(text.clone()));
                Ok(std::mem::take(only))
            }
            (_, Some(text)) => Ok(described(text, normalized)),
            (_, None) => Ok(Object::from_iter([("anyOf".to_owned(), normalized.into())])),
        }
    }

    fn object(&mut self, schema: &Object, path: &str, depth: usize) -> Result<Object, Error> {
        let mut properties = Object::new();
        if let Some(Value::Object(source)) = schema.get("properties") {
            for (name, property) in source {
                let path = match path {
                    "" => name.clone(),
                    _ => format!("{path}.{name}"),
                };
                let property = self.schema(property, &path, depth + 1)?;
                properties.insert(name.clone(), property.into());
            }
        }
        let additional = self.additional_properties(schema, path, depth)?;
        let is_required = |name: &String| match (self.mode, schema.get("required")) {
            (Mode::Strict, _) => true,
            (Mode::NonStrict, Some(Value::Array(required))) => {
                required.iter().any(|key| key == name)
            }
            (Mode::NonStrict, _) => false,
        };
        let names = tags_first(&properties).into_iter().map(|(name, _)| name);
        let required: Vec<&String> = names.filter(|name| is_required(name)).collect();
        let mut object = scalar(schema, "object".into());
        // Old drafts of JSON Schema forbid an empty `required`; strict mode always needs the
        // keyword.
        if !required.is_empty() || self.mode == Mode::Strict {
            object.insert("required".to_owned(), json!(required));
        }
        object.insert("properties".to_owned(), properties.into());
        object.extend(additional.map(|schema| ("additionalProperties".to_owned(), schema)));
        Ok(object)
    }

    /// Returns the schema of the properties that an object does not name; `None` if the source says
    /// nothing about them.
    fn additional_properties(
        &mut self,
        schema: &Object,
        path: &str,
        depth: usize,
    ) -> Result<Option<Value>, Error> {
        let stated = ["additionalProperties", "unevaluatedProperties"].map(|key| schema.get(key));
        let mut stated = stated.into_iter().flatten();
        let stated = stated
            .find(|schema| **schema != Value::Bool(false))
            .cloned();
        // Maps whose keys are not strings but, for example, numbers.
        let by_pattern = schema.get("patternProperties").and_then(Value::as_object);
        let by_pattern = by_pattern.and_then(|patterns| patterns.values().next().cloned());
        match (stated.or(by_pattern), self.mode) {
            (Some(_), Mode::Strict) => Err(error(path, ErrorKind::Map)),
            (None, Mode::Strict) => Ok(Some(false.into())),
            (Some(Value::Bool(true)), Mode::NonStrict) => Ok(Some(true.into())),
            (Some(values), Mode::NonStrict) => {
                let values = self.schema(&values, &format!("{path}{{}}"), depth + 1)?;
                Ok(Some(values.into()))
            }
            (None, Mode::NonStrict) => Ok(schema.get("additionalProperties").cloned()),
        }
    }

    fn array(&mut self, schema: &Object, path: &str, depth: usize) -> Result<Object, Error> {
        let path = format!("{path}[]");
        let mut array = scalar(schema, "array".into());
        let Some(Value::Array(positions)) = schema.get("prefixItems") else {
            let items = schema.get("items").unwrap_or(&Value::Bool(true));
            let items = self.schema(items, &path, depth + 1)?;
            array.insert("items".to_owned(), items.into());
            return Ok(array);
        };
        // The API does not support a schema for each position, so all positions of a tuple share
        // one.
        let mut distinct = Vec::new();
        for position in positions {
            let items = Value::Object(self.schema(position, &path, depth + 1)?);
            if !distinct.contains(&items) {
                distinct.push(items);
            }
        }
        let items = match (distinct.len(), self.mode) {
            (0 | 1, _) => distinct.pop().unwrap_or_default(),
            (_, Mode::NonStrict) => json!({"anyOf": distinct}),
            (_, Mode::Strict) => return Err(error(&path, ErrorKind::Tuple)),
        };
        array.insert("items".to_owned(), items);
        Ok(array)
    }
}

fn error(path: &str, kind: ErrorKind) -> Error {
    let path = path.to_owned();
    Error { path, kind }
}

/// Returns the reference, if the schema has no constraint besides it.
fn only_reference(schema: &Value) -> Option<String> {
    let object = schema.as_object()?;
    let reference = object.get("$ref")?.as_str()?;
    constrains_only_by(object, "$ref").then(|| reference.to_owned())
}
