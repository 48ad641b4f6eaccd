//! Rust names of types and variants.

use anyhow::{Result, bail};
use heck::ToUpperCamelCase as _;

/// Variants whose wire value would produce the same name as another variant: the enum, the wire
/// value, and the name to use.
const VARIANT_NAMES: &[(&str, &str, &str)] = &[(
    "McpServerElicitationRequestParams",
    "openai/form",
    "OpenaiExtensionForm",
)];

/// Converts `item/agentMessage/delta` to `ItemAgentMessageDelta`.
pub(crate) fn pascal(text: &str) -> String {
    let name = text.to_upper_camel_case();
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        format!("V{name}")
    } else {
        name
    }
}

/// The name of the variant of `enum_name` with the wire value `value`.
pub(crate) fn variant(enum_name: &str, value: &str) -> Result<String> {
    let exception = VARIANT_NAMES
        .iter()
        .find(|(name, wire, _)| *name == enum_name && *wire == value);
    let name = exception.map_or_else(|| pascal(value), |(_, _, name)| (*name).to_owned());
    match name.as_str() {
        "" | "Self" => {
            bail!("no variant name for `{value}` of `{enum_name}`; add one to names.rs")
        }
        "Unrecognized" => {
            bail!("`{value}` of `{enum_name}` collides with the variant for unknown values")
        }
        _ => Ok(name),
    }
}
