//! The params of a tool call.

use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::{
    connection::inbound_request::InboundRequest,
    error::{Result, decode_error::DecodeError},
};

/// The params of a tool call. The tool decodes the arguments.
pub(crate) struct ToolCall<'a>(HashMap<String, &'a RawValue>);

impl<'a> ToolCall<'a> {
    /// Parses the params of `item/tool/call`.
    pub(crate) fn parse(request: &'a InboundRequest) -> Result<Self> {
        let params = request.raw_params();
        let call = serde_json::from_str(params);
        Ok(Self(call.map_err(|error| {
            DecodeError::new(Some(request.method()), params, &error)
        })?))
    }

    /// Returns the JSON of a member; `null` if it is missing.
    pub(crate) fn json(&self, member: &str) -> &'a str {
        self.0.get(member).map_or("null", |value| value.get())
    }

    /// Returns a string member; `None` if it is missing or not a string.
    pub(crate) fn text(&self, member: &str) -> Option<String> {
        serde_json::from_str(self.json(member)).ok()
    }
}
