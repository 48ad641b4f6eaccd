//! The schema of a type in the strict form that the Responses API takes.
//!
//! schemars says what serde reads. The API takes less: an object names all of its members, has no
//! others, and each of them is required; alternatives are `anyOf` alone; the answer as a whole is an
//! object. What can be said that way is said that way. What cannot (a map, any JSON) is a
//! [`Fault`], so that it is known before the request and not from the model's provider.
//!
//! Limits that the API does not know, such as the length of a text, are left out: they narrow what a
//! type takes, and reading the answer finds what breaks them.

use std::{fmt, ptr};

use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::merge::merge;

/// The member that holds an answer which is no object.
pub(super) const WRAPPER: &str = "value";

/// What the API takes beside `type`, and what says nothing about the value.
const KEPT: &[&str] = &[
    "description",
    "enum",
    "const",
    "pattern",
    "multipleOf",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minItems",
    "maxItems",
];

/// The formats of text that the API knows.
const FORMATS: &[&str] = &[
    "date-time",
    "time",
    "date",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uuid",
];

/// Keywords that only the merging of schemas can resolve, and those that nothing can.
const UNKNOWN: &[&str] = &[
    "not",
    "if",
    "then",
    "else",
    "patternProperties",
    "propertyNames",
    "dependentSchemas",
    "contains",
];

/// How deep a schema goes before it is taken for one that goes on for ever.
const DEPTH: usize = 100;

type Object = Map<String, Value>;

/// A schema that the API takes.
#[derive(Debug, PartialEq)]
pub(super) struct Strict {
    pub(super) schema: Value,
    /// Whether the answer is not the value, but an object with the value as its only member.
    pub(super) is_wrapped: bool,
}

/// Where a type has something that the strict form cannot say, and what to do about it.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    path: String,
    what: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.path, self.what)
    }
}

/// The schema of a type.
pub(super) fn schema<T: JsonSchema>() -> Result<Strict, Fault> {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let plain = Strictness::of(generator.into_root_schema_for::<T>()).root(&T::schema_name())?;
    if plain.get("type") == Some(&json!("object")) {
        return Ok(Strict {
            schema: plain.into(),
            is_wrapped: false,
        });
    }
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut wrapper = schemars::json_schema!({
        "type": "object",
        "properties": {WRAPPER: generator.subschema_for::<T>()},
    });
    wrapper.insert("$defs".to_owned(), generator.take_definitions(true).into());
    Ok(Strict {
        schema: Strictness::of(wrapper).root("")?.into(),
        is_wrapped: true,
    })
}

/// The way from one schema to its strict form.
struct Strictness {
    source: Schema,
    /// References to definitions that the strict schema has to have, too.
    wanted: Vec<String>,
}

impl Strictness {
    fn of(source: Schema) -> Self {
        Self {
            source,
            wanted: Vec::new(),
        }
    }

    fn root(mut self, name: &str) -> Result<Object, Fault> {
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
                let strict = self.schema(&definition, &name, 0)?;
                definitions.insert(name, strict.into());
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
        let Value::Object(schema) = schema else {
            return fault(match schema {
                Value::Bool(false) => "has no value at all",
                _ => ANYTHING,
            });
        };
        if depth > DEPTH {
            return fault("refers to itself without end");
        }
        if UNKNOWN.iter().any(|keyword| schema.contains_key(*keyword)) {
            return fault(match schema.contains_key("patternProperties") {
                true => MAP,
                false => "has a schema with `not`, `if` or the like, which the API does not take",
            });
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
                let notes = schema.iter().filter(|(key, _)| *key == "description");
                let notes = notes.map(|(key, text)| (key.clone(), text.clone()));
                self.choice(&notes.collect(), &choices, path, depth)
            }
            Some(Value::String(name)) if name == "object" => self.object(schema, path, depth),
            Some(Value::String(name)) if name == "array" => self.array(schema, path, depth),
            None if schema.contains_key("properties") => self.object(schema, path, depth),
            None => match type_of_values(schema) {
                Some(name) => Ok(scalar(schema, name.into())),
                None => fault(ANYTHING),
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
        let mut strict = Vec::with_capacity(choices.len());
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
            strict.push(Value::Object(choice));
        }
        let description = beside.get("description");
        match (strict.as_mut_slice(), description) {
            ([], _) => Err(Fault {
                path: path.to_owned(),
                what: "has no value at all",
            }),
            // No choice.
            ([Value::Object(only)], None) => Ok(std::mem::take(only)),
            ([Value::Object(only)], Some(text)) if !only.contains_key("$ref") => {
                let own = only.remove("description");
                only.insert("description".to_owned(), own.unwrap_or(text.clone()));
                Ok(std::mem::take(only))
            }
            (_, Some(text)) => Ok(described(text, strict)),
            (_, None) => Ok(Object::from_iter([("anyOf".to_owned(), strict.into())])),
        }
    }

    fn object(&mut self, schema: &Object, path: &str, depth: usize) -> Result<Object, Fault> {
        for keyword in ["additionalProperties", "unevaluatedProperties"] {
            if !matches!(schema.get(keyword), None | Some(Value::Bool(false))) {
                return Err(Fault {
                    path: path.to_owned(),
                    what: MAP,
                });
            }
        }
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
        let mut object = scalar(schema, "object".into());
        let required: Vec<&String> = properties.keys().collect();
        object.insert("required".to_owned(), json!(required));
        object.insert("properties".to_owned(), properties.into());
        object.insert("additionalProperties".to_owned(), false.into());
        Ok(object)
    }

    fn array(&mut self, schema: &Object, path: &str, depth: usize) -> Result<Object, Fault> {
        let path = format!("{path}[]");
        let items = match (schema.get("prefixItems"), schema.get("items")) {
            (Some(Value::Array(places)), _) => {
                let mut strict = places
                    .iter()
                    .map(|place| self.schema(place, &path, depth + 1));
                let first = strict.next().transpose()?.unwrap_or_default();
                for other in strict {
                    if other? != first {
                        return Err(Fault { path, what: TUPLE });
                    }
                }
                first
            }
            (_, Some(items)) => self.schema(items, &path, depth + 1)?,
            (_, None) => {
                return Err(Fault {
                    path,
                    what: ANYTHING,
                });
            }
        };
        let mut array = scalar(schema, "array".into());
        array.insert("items".to_owned(), items.into());
        Ok(array)
    }
}

const ANYTHING: &str = "can be any JSON, and the strict schema of an answer has to say what it is: \
                        name its type, or use a `String` with JSON in it";

const MAP: &str = "is a map, and the strict schema of an answer has to name all keys: use a list of \
                   structs that hold a key and a value";

const TUPLE: &str = "is a tuple of different types, which the strict schema of an answer cannot say: \
                     use a struct with named fields";

const MIXTURE: &str = "is put together (flattened, or tagged inside) from what is not all objects with \
                       one set of alternatives, which the strict schema of an answer cannot say: make \
                       it a field of its own";

/// A schema without what holds other schemas.
fn scalar(schema: &Object, name: Value) -> Object {
    let mut scalar = Object::from_iter([("type".to_owned(), name)]);
    for (key, value) in schema {
        let is_known_format =
            key == "format" && value.as_str().is_some_and(|name| FORMATS.contains(&name));
        if KEPT.contains(&key.as_str()) || is_known_format {
            scalar.insert(key.clone(), value.clone());
        }
    }
    scalar
}

fn described(text: &Value, choices: Vec<Value>) -> Object {
    Object::from_iter([
        ("description".to_owned(), text.clone()),
        ("anyOf".to_owned(), choices.into()),
    ])
}

/// The same without these. `Map::remove` may change the order of the others.
pub(super) fn without(schema: &Object, keys: &[&str]) -> Object {
    let rest = schema
        .iter()
        .filter(|(key, _)| !keys.contains(&key.as_str()));
    rest.map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// The reference, if a schema is nothing else.
fn only_reference(schema: &Value) -> Option<String> {
    let object = schema.as_object()?;
    let reference = object.get("$ref")?.as_str()?;
    has_only_notes_beside(object, "$ref").then(|| reference.to_owned())
}

fn has_only_notes_beside(schema: &Object, keyword: &str) -> bool {
    schema.keys().all(|key| key == keyword || is_note(key))
}

/// Whether a keyword says nothing about the value.
fn is_note(keyword: &str) -> bool {
    const NOTES: &[&str] = &[
        "$schema",
        "$defs",
        "$id",
        "$comment",
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
    ];
    NOTES.contains(&keyword) || keyword.starts_with("x-")
}

fn is_container(name: &Value) -> bool {
    matches!(name.as_str(), Some("object" | "array"))
}

/// The type of the values that a schema lists, where it does not say it.
fn type_of_values(schema: &Object) -> Option<&'static str> {
    let value = match (schema.get("const"), schema.get("enum")) {
        (Some(value), _) => value,
        (None, Some(Value::Array(values))) => values.first()?,
        _ => return None,
    };
    match value {
        Value::Null => Some("null"),
        Value::Bool(_) => Some("boolean"),
        Value::Number(number) if number.is_f64() => Some("number"),
        Value::Number(_) => Some("integer"),
        Value::String(_) => Some("string"),
        Value::Array(_) | Value::Object(_) => None,
    }
}
