//! JSON values as TOML, on one line.

use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

/// Returns a value as TOML, or the reason why TOML cannot express it.
pub(super) fn inline(value: &Value) -> Result<String, &'static str> {
    let mut toml = String::new();
    write(value, &mut toml)?;
    Ok(toml)
}

fn write(value: &Value, toml: &mut String) -> Result<(), &'static str> {
    match value {
        Value::Null => return Err("TOML has no null: leave the key or the member out"),
        Value::Bool(value) => drop(write!(toml, "{value}")),
        Value::Number(number) => write_number(number, toml)?,
        Value::String(text) => write_text(text, toml),
        Value::Array(values) => {
            toml.push('[');
            for (index, value) in values.iter().enumerate() {
                toml.push_str(if index == 0 { "" } else { ", " });
                write(value, toml)?;
            }
            toml.push(']');
        }
        Value::Object(members) => write_table(members, toml)?,
    }
    Ok(())
}

fn write_number(number: &Number, toml: &mut String) -> Result<(), &'static str> {
    if number.is_u64() && !number.is_i64() {
        return Err("TOML has no integer above 9223372036854775807");
    }
    // Writing to a string cannot fail.
    let _ = write!(toml, "{number}");
    Ok(())
}

fn write_table(members: &Map<String, Value>, toml: &mut String) -> Result<(), &'static str> {
    toml.push('{');
    for (index, (key, value)) in members.iter().enumerate() {
        toml.push_str(if index == 0 { "" } else { ", " });
        let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if !key.is_empty() && key.bytes().all(is_bare) {
            toml.push_str(key);
        } else {
            write_text(key, toml);
        }
        toml.push('=');
        write(value, toml)?;
    }
    toml.push('}');
    Ok(())
}

/// Writes a basic string. Its escapes are those of JSON, except that DEL is escaped too.
fn write_text(text: &str, toml: &mut String) {
    let json = Value::from(text).to_string();
    toml.push_str(&json.replace('\u{7F}', "\\u007F"));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_toml_parser_reads_the_value_back() {
        let every_escape: String = (0..0x100).filter_map(char::from_u32).collect();
        let value = json!({
            "bare_key-1": true, "quoted key": "text", "": "empty", "a.b": 1, "\"\\\n": 2,
            "text": every_escape, "other": "\u{1F980}'''\"\"\"#=", "integers": [0, -1, i64::MAX],
            "floats": [0.5, -1e300, 1e-7, 3.0], "empty": [[], {}, ""],
            "nested": [{"a": [{"b": "c"}]}],
        });
        let inline = inline(&value).unwrap();
        assert!(!inline.contains('\n'), "{inline}");
        let table: ::toml::Table = format!("value = {inline}").parse().unwrap();
        assert_eq!(serde_json::to_value(&table["value"]).unwrap(), value);
    }

    #[test]
    fn a_value_that_toml_cannot_express_is_an_error() {
        assert!(
            inline(&json!({"a": [null]}))
                .unwrap_err()
                .contains("no null")
        );
        assert!(inline(&json!(u64::MAX)).unwrap_err().contains("integer"));
    }
}
