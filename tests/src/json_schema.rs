//! JSON Schemas that `schemars` generates, and values that match them.

use codex_client::schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::Value;

use crate::schema::validator;

/// Schemas with their definitions.
pub struct Schemas {
    generator: SchemaGenerator,
}

impl Schemas {
    /// Creates schemas of what is written.
    #[must_use]
    pub fn of_written() -> Self {
        let generator = SchemaSettings::draft2020_12().for_serialize();
        Self {
            generator: generator.into_generator(),
        }
    }

    /// Creates schemas of what is read.
    #[must_use]
    pub fn of_read() -> Self {
        Self {
            generator: SchemaSettings::draft2020_12().into_generator(),
        }
    }

    /// Returns the schema of a type.
    pub fn of<T: JsonSchema>(&mut self) -> Schema {
        self.generator.subschema_for::<T>()
    }

    /// Returns why a value does not match a schema, if it does not.
    #[must_use]
    pub fn fault(&self, schema: &Schema, value: &Value) -> Option<String> {
        let definitions = self.generator.definitions();
        validator::check(&|name| definitions.get(name), schema.as_value(), value).err()
    }
}
