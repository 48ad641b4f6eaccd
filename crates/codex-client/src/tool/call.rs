//! Calls of tools.

use std::{borrow::Cow, collections::HashMap, time::Duration};

use codex_types::DynamicToolCallResponse;
use serde_json::value::RawValue;

use crate::{
    builder_macros::BoxFuture,
    codex::WeakCodex,
    connection::inbound_request::InboundRequest,
    error::{Result, decode_error::DecodeError},
    server_requests::handler_result::HandlerResult,
    tool::{Tool, ToolContext, output::ToolOutput},
};

/// The tools of a thread, by namespace (empty for those in none) and name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Toolbox {
    by_namespace: HashMap<String, HashMap<String, Tool>>,
}

impl Toolbox {
    /// Returns the tool that had this name.
    pub(crate) fn insert(&mut self, namespace: &str, tool: Tool) -> Option<Tool> {
        let tools = self.by_namespace.entry(namespace.to_owned()).or_default();
        tools.insert(tool.name.clone(), tool)
    }

    pub(crate) fn has(&self, namespace: &str) -> bool {
        self.by_namespace.contains_key(namespace)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_namespace.is_empty()
    }

    /// The tool that is called.
    pub(crate) fn find(&self, asked: &InboundRequest) -> Option<Tool> {
        let call = ToolCallParams::of(asked).ok()?;
        let tools = self.by_namespace.get(&*call.text("namespace"))?;
        tools.get(&*call.text("tool")).cloned()
    }

    /// These, and those of another that have other names.
    pub(crate) fn over(mut self, older: &Self) -> Self {
        for (namespace, tools) in &older.by_namespace {
            let ours = self.by_namespace.entry(namespace.clone()).or_default();
            for (name, tool) in tools {
                ours.entry(name.clone()).or_insert_with(|| tool.clone());
            }
        }
        self
    }
}

impl Tool {
    pub(crate) fn limit(&self) -> Option<Duration> {
        self.timeout
    }

    /// Serves a call. Whatever the tool says, an error included, is for the model.
    pub(crate) fn serve(
        &self,
        asked: &InboundRequest,
        codex: WeakCodex,
    ) -> Result<BoxFuture<HandlerResult<Vec<u8>>>> {
        let call = ToolCallParams::of(asked)?;
        let context = ToolContext {
            thread_id: call.text("threadId").into_owned(),
            turn_id: call.text("turnId").into_owned(),
            call_id: call.text("callId").into_owned(),
            codex,
        };
        let output = (self.run)(call.json("arguments"), context);
        Ok(Box::pin(async move {
            let output = output
                .await
                .unwrap_or_else(|error| ToolOutput::text(error.to_string()).failed());
            Ok(serde_json::to_vec(&DynamicToolCallResponse::from(output))?)
        }))
    }
}

/// The params of a call, whose arguments are not looked into: the tool reads them.
struct ToolCallParams<'a>(HashMap<String, &'a RawValue>);

impl<'a> ToolCallParams<'a> {
    fn of(asked: &'a InboundRequest) -> Result<Self> {
        let params = asked.raw_params();
        let call = serde_json::from_str(params);
        Ok(Self(call.map_err(|error| {
            DecodeError::new(Some(asked.method()), params, &error)
        })?))
    }

    fn json(&self, member: &str) -> &'a str {
        self.0.get(member).map_or("null", |value| value.get())
    }

    /// A member that is text; empty if it is not there.
    fn text(&self, member: &str) -> Cow<'a, str> {
        serde_json::from_str(self.json(member)).unwrap_or_default()
    }
}
