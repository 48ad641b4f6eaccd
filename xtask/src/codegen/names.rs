//! Names of types, variants and fields.

use anyhow::{Result, bail};
use heck::ToUpperCamelCase as _;

/// Variants whose wire value would give the same name as another one's.
const VARIANT_NAMES: &[(&str, &str, &str)] = &[(
    "McpServerElicitationRequestParams",
    "openai/form",
    "OpenaiExtensionForm",
)];

/// `item/agentMessage/delta` as `ItemAgentMessageDelta`.
pub(crate) fn pascal(text: &str) -> String {
    let name = text.to_upper_camel_case();
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        format!("V{name}")
    } else {
        name
    }
}

/// The name of a variant of the enum `of` whose wire value is `value`.
pub(crate) fn variant(of: &str, value: &str) -> Result<String> {
    let own = VARIANT_NAMES
        .iter()
        .find(|(name, wire, _)| *name == of && *wire == value);
    let name = own.map_or_else(|| pascal(value), |(_, _, name)| (*name).to_owned());
    match name.as_str() {
        "" | "Self" => bail!("`{value}` of `{of}` makes no name; give it one in names.rs"),
        "Unrecognized" => bail!("`{value}` of `{of}` takes the name of the catch-all variant"),
        _ => Ok(name),
    }
}

/// The Rust name of a definition.
pub(crate) fn type_name(definition: &str) -> String {
    match definition {
        // What the schema calls an error is the response that has one.
        "JSONRPCError" => "JsonRpcResponse".to_owned(),
        "JSONRPCErrorError" => "JsonRpcError".to_owned(),
        _ => definition.replacen("JSONRPC", "JsonRpc", 1),
    }
}

/// Where a definition is reached from the root of `codex_types`.
pub(crate) fn rust_path(definition: &str) -> String {
    let name = type_name(definition);
    if name.starts_with("JsonRpc") {
        format!("rpc::{name}")
    } else {
        name
    }
}
