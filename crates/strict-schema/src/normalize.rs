//! The way from a schema of schemars to one that models take.
//!
//! Limits that the API does not know, such as the length of a text, are left out: they narrow what a
//! type takes, and reading the value finds what breaks them.

use std::{fmt, ptr};

use schemars::Schema;
use serde_json::{Value, json};

use crate::{
    keywords::{
        Object, described, description, has_only_notes_beside, has_unknown, is_container, is_note,
        scalar, tags_first, type_of_values, without,
    },
    merge::merge,
    schema::Form,
};

/// How deep a schema goes before it is taken for one that goes on for ever.
const DEPTH: usize = 100;

/// Where a type has something that the form cannot say, and what to do about it.
#[derive(Debug, PartialEq)]
pub struct Fault {
    path: String,
    what: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.path, self.what)
    }
}

const NOTHING: &str = "has no value at all";

const ENDLESS: &str = "refers to itself without end";

const UNKNOWN: &str = "has a schema with `not`, `if` or the like, which models do not take";

const MIXTURE: &str = "is put together (flattened, or tagged inside) from what is not all objects with \
                       one set of alternatives, which a schema for models cannot say: make it a \
                       field of its own";

const ANYTHING: &str = "can be any JSON, and the strict schema of an answer has to say what it is: \
                        name its type, or use a `String` with JSON in it";

const MAP: &str = "is a map, and the strict schema of an answer has to name all keys: use a list of \
                   structs that hold a key and a value";

const TUPLE: &str = "is a tuple of different types, which the strict schema of an answer cannot say: \
                     use a struct with named fields";

/// One schema on its way.
pub(super) struct Normal {
    form: Form,
    source: Schema,
    /// References to definitions that the new schema has to have, too.
    wanted: Vec<String>,
}

impl Normal {
    pub(super) fn new(form: Form, source: Schema) -> Self {
        Self {
            form,
            source,
            wanted: Vec::new(),
        }
    }

    /// The whole schema; `name` is that of the type, for faults.
    pub(super) fn root(mut self, name: &str) -> Result<Object, Fault> {
        let source = self.source.clone();
        let mut root = source.as_value().clone();
        // A root has to be there in person.
        for _ in 0..DEPTH {
            match only_reference(&root) {
                Some(reference) => root = self.target(&reference, name)?.clone(),
                None => break,
            }
        }
        let mut root = self.schema(&root, name, 0)?;
        let mut definitions = Object::new();
        while let Some(reference) = self.wanted.pop() {
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

    /// What a reference refers to.
    fn target(&self, reference: &str, path: &str) -> Result<&Value, Fault> {
        let target = match reference {
            "#" => Some(self.source.as_value()),
            _ => self.source.pointer(reference),
        };
        target.ok_or(Fault {
            path: path.to_owned(),
            what: "refers to something that is not there",
        })
    }

    /// The same with its name, which a reference may spell otherwise.
    fn definition(&self, reference: &str, path: &str) -> Result<(String, Value), Fault> {
        let target = self.target(reference, path)?;
        let all = self.source.get("$defs").and_then(Value::as_object);
        let mut named = all.into_iter().flatten();
        let name = named.find(|(_, definition)| ptr::eq(*definition, target));
        let name = name.map_or(reference, |(name, _)| name);
        Ok((name.to_owned(), target.clone()))
    }

    fn schema(&mut self, schema: &Value, path: &str, depth: usize) -> Result<Object, Fault> {
        let fault = |what| {
            let path = path.to_owned();
            Err(Fault { path, what })
        };
        let anything = Object::new();
        let schema = match schema {
            Value::Object(schema) => schema,
            Value::Bool(false) => return fault(NOTHING),
            _ => &anything,
        };
        if depth > DEPTH {
            return fault(ENDLESS);
        }
        if has_unknown(schema) {
            return fault(UNKNOWN);
        }
        if let Some(Value::String(reference)) = schema.get("$ref") {
            if has_only_notes_beside(schema, "$ref") {
                if reference != "#" {
                    self.wanted.push(reference.clone());
                }
                let reference = Object::from_iter([("$ref".to_owned(), reference.as_str().into())]);
                // Nothing may stand beside a reference.
                return Ok(match schema.get("description") {
                    None => reference,
                    Some(text) => described(text, vec![reference.into()]),
                });
            }
            let target = self.target(reference, path)?;
            let Some(merged) = merge(&without(schema, &["$ref"]), target) else {
                return fault(MIXTURE);
            };
            return self.schema(&merged.into(), path, depth + 1);
        }
        if let Some(Value::Array(all)) = schema.get("allOf") {
            let mut merged = without(schema, &["allOf"]);
            for part in all {
                let Some(more) = merge(&merged, part) else {
                    return fault(MIXTURE);
                };
                merged = more;
            }
            return self.schema(&merged.into(), path, depth + 1);
        }
        for keyword in ["oneOf", "anyOf"] {
            if let Some(Value::Array(choices)) = schema.get(keyword) {
                return self.choice(&without(schema, &[keyword]), choices, path, depth);
            }
        }
        match schema.get("type") {
            Some(Value::Array(types)) if types.iter().any(is_container) => {
                let choices = types.iter().map(|name| match is_container(name) {
                    false => json!({"type": name}),
                    true => {
                        let mut schema = without(schema, &["type", "description"]);
                        schema.insert("type".to_owned(), name.clone());
                        schema.into()
                    }
                });
                let choices: Vec<Value> = choices.collect();
                self.choice(&description(schema), &choices, path, depth)
            }
            Some(Value::String(name)) if name == "object" => self.object(schema, path, depth),
            Some(Value::String(name)) if name == "array" => self.array(schema, path, depth),
            None if schema.contains_key("properties") => self.object(schema, path, depth),
            None => match (type_of_values(schema), self.form) {
                (Some(name), _) => Ok(scalar(schema, name)),
                (None, Form::Open) => Ok(description(schema)),
                (None, Form::Strict) => fault(ANYTHING),
            },
            Some(name) => Ok(scalar(schema, name.clone())),
        }
    }

    /// One of several. What stands beside them is part of each.
    fn choice(
        &mut self,
        beside: &Object,
        choices: &[Value],
        path: &str,
        depth: usize,
    ) -> Result<Object, Fault> {
        let shared = match beside.keys().all(|key| is_note(key)) {
            true => None,
            false => Some(without(beside, &["description"])),
        };
        let mut normal = Vec::with_capacity(choices.len());
        for choice in choices {
            let choice = match &shared {
                None => self.schema(choice, path, depth + 1)?,
                Some(shared) => {
                    let merged = merge(shared, choice).ok_or_else(|| Fault {
                        path: path.to_owned(),
                        what: MIXTURE,
                    })?;
                    self.schema(&merged.into(), path, depth + 1)?
                }
            };
            normal.push(Value::Object(choice));
        }
        let description = beside.get("description");
        match (normal.as_mut_slice(), description) {
            ([], _) => Err(Fault {
                path: path.to_owned(),
                what: NOTHING,
            }),
            // No choice.
            ([Value::Object(only)], None) => Ok(std::mem::take(only)),
            ([Value::Object(only)], Some(text)) if !only.contains_key("$ref") => {
                let own = only.remove("description");
                only.insert("description".to_owned(), own.unwrap_or(text.clone()));
                Ok(std::mem::take(only))
            }
            (_, Some(text)) => Ok(described(text, normal)),
            (_, None) => Ok(Object::from_iter([("anyOf".to_owned(), normal.into())])),
        }
    }

    fn object(&mut self, schema: &Object, path: &str, depth: usize) -> Result<Object, Fault> {
        let mut properties = Object::new();
        if let Some(Value::Object(members)) = schema.get("properties") {
            for (name, member) in members {
                let path = match path {
                    "" => name.clone(),
                    _ => format!("{path}.{name}"),
                };
                let member = self.schema(member, &path, depth + 1)?;
                properties.insert(name.clone(), member.into());
            }
        }
        let others = self.others(schema, path, depth)?;
        let is_required = |name: &String| match (self.form, schema.get("required")) {
            (Form::Strict, _) => true,
            (Form::Open, Some(Value::Array(required))) => required.iter().any(|key| key == name),
            (Form::Open, _) => false,
        };
        let names = tags_first(&properties).into_iter().map(|(name, _)| name);
        let required: Vec<&String> = names.filter(|name| is_required(name)).collect();
        let mut object = scalar(schema, "object".into());
        // The older drafts of JSON Schema want at least one there; the strict form wants it always.
        if !required.is_empty() || self.form == Form::Strict {
            object.insert("required".to_owned(), json!(required));
        }
        object.insert("properties".to_owned(), properties.into());
        object.extend(others.map(|others| ("additionalProperties".to_owned(), others)));
        Ok(object)
    }

    /// What members an object may have beside those that are named; `None` if nothing is said.
    fn others(
        &mut self,
        schema: &Object,
        path: &str,
        depth: usize,
    ) -> Result<Option<Value>, Fault> {
        let stated = ["additionalProperties", "unevaluatedProperties"].map(|key| schema.get(key));
        let mut stated = stated.into_iter().flatten();
        let stated = stated
            .find(|others| **others != Value::Bool(false))
            .cloned();
        // Keys that are no text, such as numbers.
        let by_pattern = schema.get("patternProperties").and_then(Value::as_object);
        let by_pattern = by_pattern.and_then(|patterns| patterns.values().next().cloned());
        match (stated.or(by_pattern), self.form) {
            (Some(_), Form::Strict) => Err(Fault {
                path: path.to_owned(),
                what: MAP,
            }),
            (None, Form::Strict) => Ok(Some(false.into())),
            (Some(Value::Bool(true)), Form::Open) => Ok(Some(true.into())),
            (Some(others), Form::Open) => {
                let others = self.schema(&others, &format!("{path}{{}}"), depth + 1)?;
                Ok(Some(others.into()))
            }
            (None, Form::Open) => Ok(schema.get("additionalProperties").cloned()),
        }
    }

    fn array(&mut self, schema: &Object, path: &str, depth: usize) -> Result<Object, Fault> {
        let path = format!("{path}[]");
        let mut array = scalar(schema, "array".into());
        let Some(Value::Array(places)) = schema.get("prefixItems") else {
            let items = schema.get("items").unwrap_or(&Value::Bool(true));
            let items = self.schema(items, &path, depth + 1)?;
            array.insert("items".to_owned(), items.into());
            return Ok(array);
        };
        // A tuple: of each place it can be said only what is so of all.
        let mut kinds = Vec::new();
        for place in places {
            let place = Value::Object(self.schema(place, &path, depth + 1)?);
            if !kinds.contains(&place) {
                kinds.push(place);
            }
        }
        let items = match (kinds.len(), self.form) {
            (0 | 1, _) => kinds.pop().unwrap_or_default(),
            (_, Form::Open) => json!({"anyOf": kinds}),
            (_, Form::Strict) => return Err(Fault { path, what: TUPLE }),
        };
        array.insert("items".to_owned(), items);
        Ok(array)
    }
}

/// The reference, if a schema is nothing else.
fn only_reference(schema: &Value) -> Option<String> {
    let object = schema.as_object()?;
    let reference = object.get("$ref")?.as_str()?;
    has_only_notes_beside(object, "$ref").then(|| reference.to_owned())
}
