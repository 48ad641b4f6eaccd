//! Reduces a schema to the few shapes that the bundle uses.

use serde_json::{Map, Value, json};

use super::Schema;

/// The shape of a schema.
pub enum Shape<'a> {
    /// Any JSON value.
    Any,
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// An integer, with its bounds.
    Integer(i128, i128),
    /// A number with a fraction.
    Number,
    /// Any string.
    Text,
    /// One of these strings.
    Words(Vec<&'a str>),
    /// One of these values, which are not strings.
    Values(&'a [Value]),
    /// An array of elements with this schema.
    Array(&'a Value),
    /// An object.
    Object(Object<'a>),
    /// A union of these schemas.
    Union(Vec<&'a Value>),
    /// Another definition.
    Reference(&'a str),
}

/// An object with named members, further members, or both.
pub struct Object<'a> {
    /// The independent fields.
    pub fields: Vec<Field<'a>>,
    /// Further fields, exactly one of which is present.
    pub alternatives: Vec<Field<'a>>,
    /// The schema of further members, if there is one.
    pub rest: Option<&'a Value>,
}

/// A named member of an object.
pub struct Field<'a> {
    /// The name on the wire.
    pub name: &'a str,
    /// The schema of its value.
    pub schema: &'a Value,
    /// Whether the member is required.
    pub required: bool,
}

impl Field<'_> {
    /// Returns the default that the server uses if the member is absent.
    #[must_use]
    pub fn default(&self) -> Option<&Value> {
        self.schema.get("default").filter(|value| !value.is_null())
    }

    /// Returns whether the value may be `null`.
    #[must_use]
    pub fn is_nullable(&self) -> bool {
        match Shape::of(self.schema) {
            Shape::Union(members) => members.iter().any(|m| matches!(Shape::of(m), Shape::Null)),
            Shape::Any | Shape::Null => true,
            _ => false,
        }
    }
}

impl<'a> Shape<'a> {
    /// Returns the shape of a schema.
    ///
    /// # Panics
    ///
    /// If the shape is unknown.
    #[must_use]
    pub fn of(schema: &'a Value) -> Self {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return Self::Reference(name_of(reference));
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return match values.iter().any(Value::is_string) {
                true => Self::Words(values.iter().filter_map(Value::as_str).collect()),
                false => Self::Values(values),
            };
        }
        let is_object = schema.get("type") == Some(&json!("object"));
        if !is_object && let Some(members) = members(schema) {
            return Self::Union(members.iter().collect());
        }
        match schema.get("type").and_then(Value::as_str) {
            None => Self::Any,
            Some("null") => Self::Null,
            Some("boolean") => Self::Boolean,
            Some("number") => Self::Number,
            Some("string") => Self::Text,
            Some("array") => Self::Array(&schema["items"]),
            Some("object") => Self::Object(Object::of(schema)),
            Some("integer") => {
                let (low, high) = match schema["format"].as_str() {
                    Some("uint16") => (0, u16::MAX.into()),
                    Some("uint32") => (0, u32::MAX.into()),
                    Some("uint64" | "uint") => (0, u64::MAX.into()),
                    Some("int32") => (i32::MIN.into(), i32::MAX.into()),
                    Some("int64") => (i64::MIN.into(), i64::MAX.into()),
                    other => panic!("unknown integer format {other:?}"),
                };
                // The schema writes small integers as floats.
                #[allow(clippy::cast_possible_truncation)]
                let minimum = schema["minimum"].as_f64().map(|minimum| minimum as i128);
                Self::Integer(minimum.unwrap_or(low).max(low), high)
            }
            Some(other) => panic!("unknown type {other:?}"),
        }
    }
}

impl<'a> Object<'a> {
    fn of(schema: &'a Value) -> Self {
        Self {
            fields: fields(schema),
            alternatives: members(schema)
                .into_iter()
                .flatten()
                .flat_map(fields)
                .collect(),
            rest: schema
                .get("additionalProperties")
                .filter(|rest| **rest != json!(false)),
        }
    }

    /// Returns a field by name, including the alternatives.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field<'a>> {
        let mut all = self.fields.iter().chain(&self.alternatives);
        all.find(|field| field.name == name)
    }
}

fn fields(schema: &Value) -> Vec<Field<'_>> {
    let required = schema.get("required").and_then(Value::as_array);
    let properties = schema.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .map(|(name, schema)| Field {
            name,
            schema,
            required: required.is_some_and(|required| required.iter().any(|r| r == name)),
        })
        .collect()
}

/// An object that is decoded as a struct: a definition, or a variant of one.
pub struct Body<'a> {
    /// The definition that is or contains the object.
    pub definition: &'a str,
    /// The tag and its value, for a variant of a tagged union.
    pub tag: Option<(&'a str, &'a str)>,
    /// The single member that holds the object, for a variant of a mixed union.
    pub key: Option<&'a str>,
    /// The fields.
    pub object: Object<'a>,
}

impl Body<'_> {
    /// Returns the value of the definition that contains this value of the object.
    #[must_use]
    pub fn wrap(&self, value: Value) -> Value {
        match self.key {
            Some(key) => json!({ key: value }),
            None => value,
        }
    }

    /// Returns the path of a field, as written in lists: `UserInput:text.text_elements`.
    #[must_use]
    pub fn path(&self, field: &str) -> String {
        let variant = self.tag.map(|(_, value)| value).or(self.key);
        let variant = variant.map(|variant| format!(":{variant}"));
        format!("{}{}.{field}", self.definition, variant.unwrap_or_default())
    }
}

impl Schema {
    /// Returns every object that is decoded as a struct.
    #[must_use]
    pub fn bodies(&self) -> Vec<Body<'_>> {
        let mut bodies = Vec::new();
        for (definition, schema) in &self.definitions {
            let mut add = |tag, key, schema| {
                if let Shape::Object(object) = Shape::of(schema) {
                    bodies.push(Body {
                        definition,
                        tag,
                        key,
                        object,
                    });
                }
            };
            let Shape::Union(members) = Shape::of(schema) else {
                add(None, None, schema);
                continue;
            };
            let tag = tag_of(&members);
            for member in members {
                let properties = member.get("properties").and_then(Value::as_object);
                let Some(properties) = properties else {
                    continue;
                };
                match (tag, properties.iter().next()) {
                    (Some(tag), _) => {
                        let value = properties[tag]["enum"][0].as_str();
                        add(Some((tag, value.expect("a tag"))), None, member);
                    }
                    (None, Some((key, payload))) if is_mixed(schema) => {
                        add(None, Some(key.as_str()), payload);
                    }
                    _ => {}
                }
            }
        }
        bodies
    }
}

/// Returns whether a union has both strings and objects.
pub(super) fn is_mixed(schema: &Value) -> bool {
    let members = members(schema).into_iter().flatten();
    let (words, others): (Vec<_>, Vec<_>) = members.partition(|m| m.get("enum").is_some());
    !words.is_empty() && !others.is_empty()
}

/// Returns the property that distinguishes the members of a union: required, with a single value.
#[must_use]
pub fn tag_of<'a>(members: &[&'a Value]) -> Option<&'a str> {
    let first = members.first()?.get("properties")?.as_object()?;
    let is_tag = |name: &str| {
        members.iter().all(|member| {
            let values = member["properties"][name]["enum"].as_array();
            let required = member["required"].as_array();
            values.is_some_and(|values| values.len() == 1 && values[0].is_string())
                && required.is_some_and(|required| required.iter().any(|r| r == name))
        })
    };
    first.keys().map(String::as_str).find(|name| is_tag(name))
}

pub(super) fn name_of(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

fn members(schema: &Value) -> Option<&Vec<Value>> {
    let members = schema.get("oneOf").or_else(|| schema.get("anyOf"))?;
    members.as_array()
}

/// Normalizes a schema: `[T, null]` becomes a union, an `allOf` of one schema becomes that schema,
/// and properties beside a union move into each of its members.
pub(super) fn simplify(schema: &mut Value) {
    let Value::Object(object) = schema else {
        return;
    };
    if let Some(Value::Array(parts)) = object.remove("allOf") {
        assert_eq!(parts.len(), 1, "an `allOf` of several schemas");
        let parts = parts
            .into_iter()
            .filter_map(|part| part.as_object().cloned());
        parts.for_each(|part| object.extend(part));
    }
    if let (Some(union), Some(Value::Object(shared))) = (
        object.get("oneOf").cloned(),
        object.get("properties").cloned(),
    ) {
        let Value::Array(mut members) = union else {
            return;
        };
        let required = object.remove("required");
        object.remove("properties");
        object.remove("type");
        for member in &mut members {
            let own = member["properties"].as_object_mut().expect("an object");
            own.extend(shared.clone());
            let required = required.iter().filter_map(Value::as_array).flatten();
            let own = member["required"].as_array_mut().expect("its tag");
            own.extend(required.cloned());
        }
        object.insert("oneOf".to_owned(), Value::Array(members));
    }
    if let Some(Value::Array(types)) = object.get("type").cloned() {
        assert_eq!(types[1], "null", "several types");
        let mut bare = object.clone();
        bare.insert("type".to_owned(), types[0].clone());
        let default = bare.remove("default");
        object.clear();
        let members = json!([Value::Object(bare), { "type": "null" }]);
        object.insert("anyOf".to_owned(), members);
        object.extend(default.map(|default| ("default".to_owned(), default)));
    }
    for keyword in ["oneOf", "anyOf"] {
        let members = object.get_mut(keyword).and_then(Value::as_array_mut);
        members.into_iter().flatten().for_each(simplify);
    }
    for keyword in ["items", "additionalProperties"] {
        object.get_mut(keyword).into_iter().for_each(simplify);
    }
    let properties = object.get_mut("properties").and_then(Value::as_object_mut);
    properties
        .into_iter()
        .flat_map(Map::values_mut)
        .for_each(simplify);
}
