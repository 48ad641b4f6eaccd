//! Compares a value with its round trip according to the rules of its schema.

use serde_json::Value;

use super::{Schema, Shape, shape::tag_of};

impl Schema {
    /// Compares a value of a definition with its round trip.
    ///
    /// An optional `null` may become absent. In types that only servers send, an absent member may
    /// be given its default. Everything else must be equal.
    ///
    /// # Errors
    ///
    /// Returns the place and the values if they differ.
    pub fn same(&self, name: &str, before: &Value, after: &Value) -> Result<(), String> {
        self.compare(name, self.definition(name), before, after)
            .map_err(|error| format!("{name}{error}"))
    }

    fn compare(
        &self,
        owner: &str,
        schema: &Value,
        before: &Value,
        after: &Value,
    ) -> Result<(), String> {
        let differ = || Err(format!(": {before} became {after}"));
        match Shape::of(schema) {
            Shape::Reference(name) => self.compare(name, self.definition(name), before, after),
            Shape::Array(items) => match (before, after) {
                (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
                    let mut pairs = one.iter().zip(other).enumerate();
                    pairs.try_for_each(|(index, (one, other))| {
                        self.compare(owner, items, one, other)
                            .map_err(|error| format!("[{index}]{error}"))
                    })
                }
                _ => differ(),
            },
            Shape::Object(object) => {
                let (Value::Object(one), Value::Object(other)) = (before, after) else {
                    return differ();
                };
                for key in one.keys().chain(other.keys()) {
                    let (one, other) = (one.get(key), other.get(key));
                    let field = object.field(key);
                    let schema = field.map(|field| field.schema).or(object.rest);
                    let Some(schema) = schema else {
                        return Err(format!(".{key}: the object has no such member"));
                    };
                    let optional = field.is_some_and(|field| !field.required);
                    let compared = match (one, other) {
                        (None, None) => Ok(()),
                        (Some(one), Some(other)) if !one.is_null() => {
                            self.compare(owner, schema, one, other)
                        }
                        (Some(Value::Null), Some(Value::Null)) => Ok(()),
                        (Some(Value::Null), None) if optional => Ok(()),
                        // Params without a schema are written as an empty object.
                        (None | Some(Value::Null), Some(Value::Object(params)))
                            if optional && key == "params" && params.is_empty() =>
                        {
                            Ok(())
                        }
                        (_, Some(other)) if optional && !self.is_sent(owner) => {
                            match field.and_then(|field| field.default()) == Some(other) {
                                true => Ok(()),
                                false => Err(format!(": {other} was not there before")),
                            }
                        }
                        (one, other) => Err(format!(": {one:?} became {other:?}")),
                    };
                    compared.map_err(|error| format!(".{key}{error}"))?;
                }
                Ok(())
            }
            Shape::Union(members) => {
                let tag = tag_of(&members);
                let mut misfits = String::new();
                for member in members {
                    if let Some(tag) = tag
                        && member["properties"][tag]["enum"][0] != before[tag]
                    {
                        continue;
                    }
                    match self.compare(owner, member, before, after) {
                        Ok(()) => return Ok(()),
                        Err(error) => misfits = error,
                    }
                }
                Err(misfits)
            }
            _ if before == after => Ok(()),
            _ => differ(),
        }
    }
}
