//! JSON Schemas that `schemars` generates, and values that match them.

use codex_client::schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value};

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
        fault(self.generator.definitions(), schema.as_value(), value).err()
    }
}

/// Checks a value by the keywords that the schemas of the workspace have.
fn fault(definitions: &Map<String, Value>, schema: &Value, value: &Value) -> Result<(), String> {
    let check = |schema: &Value, value: &Value| fault(definitions, schema, value);
    let fail = |what: &str| Err(format!("{what} {schema}: {value}"));
    let Value::Object(schema) = schema else {
        return match schema {
            Value::Bool(true) => Ok(()),
            _ => fail("nothing matches"),
        };
    };
    for (keyword, argument) in schema {
        match keyword.as_str() {
            "title" | "description" | "default" | "format" | "deprecated" => {}
            "$ref" => {
                let name = argument.as_str().and_then(|it| it.strip_prefix("#/$defs/"));
                let target = name.and_then(|name| definitions.get(name));
                check(target.ok_or(format!("no definition {argument}"))?, value)?;
            }
            "type" => {
                let one = std::slice::from_ref(argument);
                let types = argument.as_array().map_or(one, Vec::as_slice);
                if !types.iter().any(|name| is_of_type(name, value)) {
                    return fail("the type is not that of");
                }
            }
            "enum" if !elements(argument).contains(value) => return fail("not one of"),
            "const" if argument != value => return fail("not the value of"),
            "minimum" | "maximum" => {
                let (limit, value) = (argument.as_f64(), value.as_f64());
                let (low, high) = match keyword.as_str() {
                    "minimum" => (limit, value),
                    _ => (value, limit),
                };
                if low.is_some() && high.is_some() && low > high {
                    return fail("out of range of");
                }
            }
            "enum" | "const" => {}
            "allOf" => elements(argument)
                .iter()
                .try_for_each(|it| check(it, value))?,
            "anyOf" | "oneOf" => {
                let matches = |it: &&Value| check(it, value).is_ok();
                let matching = elements(argument).iter().filter(matches).count();
                if matching == 0 || (keyword == "oneOf" && matching > 1) {
                    return fail(&format!("{matching} alternatives match of"));
                }
            }
            "not" if check(argument, value).is_ok() => return fail("excluded by"),
            "not" => {}
            "items" => {
                let items = value.as_array().into_iter().flatten();
                items
                    .into_iter()
                    .try_for_each(|item| check(argument, item))?;
            }
            "required" => {
                let is_missing = |key: &&Value| value.get(key.as_str().unwrap_or("")).is_none();
                if value.is_object() && elements(argument).iter().any(|key| is_missing(&key)) {
                    return fail("a member is missing of");
                }
            }
            "properties" | "additionalProperties" => {
                let Value::Object(members) = value else {
                    continue;
                };
                let properties = schema.get("properties").and_then(Value::as_object);
                for (key, member) in members {
                    let property = properties.and_then(|properties| properties.get(key));
                    match property {
                        Some(property) if keyword == "properties" => check(property, member)?,
                        None if keyword == "additionalProperties" => check(argument, member)?,
                        _ => {}
                    }
                }
            }
            _ => return Err(format!("the keyword `{keyword}` is not understood")),
        }
    }
    Ok(())
}

fn elements(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn is_of_type(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap_or("") {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        _ => false,
    }
}
