//! The schemas of Rust types in the form that models take, and values that models have written.
//!
//! schemars says what serde reads. Models take less; what can be said in their form is said so, and
//! what cannot is a [`Fault`] with its place, so that it is known before the request and not from the
//! model's provider.

use std::collections::BTreeMap;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    decode::{self, Misfit},
    normalize::{Fault, Normal},
};

/// The member that holds a value which is no object.
const WRAPPER: &str = "value";

/// How much a schema has to say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Form {
    /// What a model is held to by the Responses API: an object names all of its members, has no
    /// others, and each of them is required; alternatives are `anyOf` alone.
    Strict,
    /// The same words, but members may be left out, and there may be maps and values of any kind.
    Open,
}

/// A schema of an object, and how the value is in it.
#[derive(Debug, PartialEq)]
pub struct Shape {
    pub schema: Value,
    pub place: Place,
}

/// Where the value is in the object that a model writes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
    /// It is the object.
    Itself,
    /// It is the only member of the object.
    Member,
    /// The object is empty: there is only one value.
    Nowhere,
}

impl Shape {
    /// Of a type.
    pub fn of<T: JsonSchema>(form: Form) -> Result<Self, Fault> {
        let settings = SchemaSettings::draft2020_12();
        let root = settings
            .clone()
            .into_generator()
            .into_root_schema_for::<T>();
        let schema = Normal::new(form, root).root(&T::schema_name())?;
        let name = schema.get("type").and_then(Value::as_str);
        match (name, form) {
            (Some("object"), _) => Ok(Self {
                schema: schema.into(),
                place: Place::Itself,
            }),
            (Some("null"), Form::Open) => Ok(Self {
                schema: json!({"type": "object", "properties": {}}),
                place: Place::Nowhere,
            }),
            _ => {
                let mut generator = settings.into_generator();
                let mut wrapper = schemars::json_schema!({
                    "type": "object",
                    "properties": {WRAPPER: generator.subschema_for::<T>()},
                    "required": [WRAPPER],
                });
                wrapper.insert("$defs".to_owned(), generator.take_definitions(true).into());
                Ok(Self {
                    schema: Normal::new(form, wrapper).root("")?.into(),
                    place: Place::Member,
                })
            }
        }
    }
}

impl Place {
    /// Reads the value from what the model has written.
    pub fn read<T: DeserializeOwned>(self, text: &str) -> Result<T, Misfit> {
        match self {
            Self::Itself => decode::decode(text),
            Self::Nowhere => decode::decode("null"),
            Self::Member => {
                let mut object: BTreeMap<String, T> = decode::decode(text)?;
                object.remove(WRAPPER).ok_or_else(|| Misfit {
                    path: None,
                    reason: format!("missing field `{WRAPPER}`"),
                })
            }
        }
    }
}
