//! A schema, and its construction from a type.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Serialize, Serializer, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    decode::{Layout, OutputError, VALUE},
    error::Error,
    normalize::{Mode, Normalizer},
    tags_first::TagsFirst,
};

/// The JSON Schema of a type, in the form that models accept.
///
/// The schema always describes an object. [`layout`](Self::layout) says how that object holds the
/// value; [`decode`](Self::decode) extracts the value.
///
/// # Property order
///
/// Models write properties in the order of the schema. Serialize this struct itself to send the
/// schema: its `Serialize` implementation puts the tag of an enum before the other properties of
/// each variant. The API tells variants apart by their first property, and some models refuse
/// variants that begin alike. The other properties keep the order of [`serde_json::Map`]:
/// alphabetical, or that of the struct with the `preserve_order` feature.
///
/// A [`Value`] keeps no order without that feature, so a schema that passes through
/// [`as_value`](Self::as_value) or [`into_value`](Self::into_value) loses the position of its tags.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    value: Value,
    layout: Layout,
}

impl Schema {
    pub(crate) fn new<T: JsonSchema>(mode: Mode) -> Result<Self, Error> {
        let settings = SchemaSettings::draft2020_12();
        let generator = settings.clone().into_generator();
        let root = generator.into_root_schema_for::<T>();
        let schema = Normalizer::new(mode, root).normalize(&T::schema_name())?;
        let name = schema.get("type").and_then(Value::as_str);
        match (name, mode) {
            (Some("object"), _) => Ok(Self {
                value: schema.into(),
                layout: Layout::Object,
            }),
            (Some("null"), Mode::NonStrict) => Ok(Self {
                value: json!({"type": "object", "properties": {}}),
                layout: Layout::Empty,
            }),
            _ => {
                let mut generator = settings.into_generator();
                let mut wrapper = schemars::json_schema!({
                    "type": "object",
                    "properties": {VALUE: generator.subschema_for::<T>()},
                    "required": [VALUE],
                });
                wrapper.insert("$defs".to_owned(), generator.take_definitions(true).into());
                Ok(Self {
                    value: Normalizer::new(mode, wrapper).normalize("")?.into(),
                    layout: Layout::Wrapped,
                })
            }
        }
    }

    /// Returns the schema as JSON.
    ///
    /// To send the schema, [serialize it](Self#property-order) instead.
    pub fn as_value(&self) -> &Value {
        &self.value
    }

    /// Converts the schema into JSON.
    ///
    /// To send the schema, [serialize it](Self#property-order) instead.
    pub fn into_value(self) -> Value {
        self.value
    }

    /// Returns how the object that the schema describes holds the value.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Decodes a model's output into a value.
    ///
    /// `T` must be the type that the schema describes.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not JSON, or does not match the type.
    pub fn decode<T: DeserializeOwned>(&self, text: &str) -> Result<T, OutputError> {
        self.layout.decode(text)
    }
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        TagsFirst(&self.value).serialize(serializer)
    }
}
