//! Checks values against a schema.

use serde_json::Value;

/// Returns a definition by its name.
pub type Find<'a> = &'a dyn Fn(&str) -> Option<&'a Value>;

/// Checks a value by the keywords that the schemas of the workspace have.
///
/// # Errors
///
/// Returns why the value does not match.
pub fn check(find: Find<'_>, schema: &Value, value: &Value) -> Result<(), String> {
    examine(find, schema, value, true)
}

/// Whether a value matches. Faster than [`check`], which explains.
#[must_use]
pub fn accepts(find: Find<'_>, schema: &Value, value: &Value) -> bool {
    examine(find, schema, value, false).is_ok()
}

fn examine(find: Find<'_>, schema: &Value, value: &Value, explain: bool) -> Result<(), String> {
    let check = |schema: &Value, value: &Value| examine(find, schema, value, explain);
    let fail = |what: &str| match explain {
        true => Err(format!("{what} {schema}: {value}")),
        false => Err(String::new()),
    };
    let Value::Object(schema) = schema else {
        return match schema {
            Value::Bool(true) => Ok(()),
            _ => fail("nothing matches"),
        };
    };
    for (keyword, argument) in schema {
        match keyword.as_str() {
            "$schema" | "title" | "description" | "default" | "deprecated" => {}
            "format" => {
                if !is_in_range(argument, value) {
                    return fail("out of range of");
                }
            }
            "minLength" => {
                let length = value.as_str().map(|text| text.chars().count() as u64);
                if length.is_some_and(|length| argument.as_u64().is_some_and(|min| length < min)) {
                    return fail("too short for");
                }
            }
            "$ref" => {
                let name = argument.as_str().and_then(|it| it.rsplit('/').next());
                let target = name.and_then(find);
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
                let matches = |it: &&Value| accepts(find, it, value);
                let matching = elements(argument).iter().filter(matches).count();
                if matching == 0 || (keyword == "oneOf" && matching > 1) {
                    return fail(&format!("{matching} alternatives match of"));
                }
            }
            "not" if accepts(find, argument, value) => return fail("excluded by"),
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

/// Whether an integer has the size of a format. Other formats say nothing.
fn is_in_range(format: &Value, value: &Value) -> bool {
    if !value.is_number() {
        return true;
    }
    match format.as_str().unwrap_or("") {
        "uint16" => value.as_u64().is_some_and(|it| u16::try_from(it).is_ok()),
        "uint32" => value.as_u64().is_some_and(|it| u32::try_from(it).is_ok()),
        "uint64" | "uint" => value.is_u64(),
        "int32" => value.as_i64().is_some_and(|it| i32::try_from(it).is_ok()),
        "int64" => value.is_i64(),
        _ => true,
    }
}
