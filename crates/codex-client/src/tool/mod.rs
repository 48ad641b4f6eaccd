//! Tools in Rust that the model can call: the protocol's dynamic tools (`dynamicTools` of
//! `thread/start`, and `item/tool/call`).

pub(crate) mod output;
pub(crate) mod set;

use std::{fmt, future::Future, sync::Arc, time::Duration};

use codex_types::DynamicToolCallResponse;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use strict_schema::Layout;

use crate::{
    client::WeakCodex,
    connection::inbound_request::InboundRequest,
    error::Result,
    future::BoxFuture,
    server_requests::{
        handler_result::HandlerResult, handler_thread::run_on_thread, tool_call::ToolCall,
        tool_registry::RegisteredTool,
    },
    tool::output::ToolOutput,
};

/// A tool in Rust that the model can call, as long as this program runs.
///
/// ```no_run
/// use codex_client::Tool;
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Lookup {
///     /// As `ABC-123`.
///     id: String,
/// }
///
/// # async fn example(codex: codex_client::Codex) -> codex_client::Result<()> {
/// let thread = codex
///     .thread_start()
///     .tool(Tool::new("lookup_ticket", "Fetch a ticket by id", |args: Lookup| async move {
///         if !args.id.contains('-') {
///             return Err(format!("{} is no id of a ticket", args.id).into());
///         }
///         Ok(format!("Ticket {} is open.", args.id))
///     }))
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// What it returns is a [`ToolOutput`], or a text; `?` works on any error in it. An error is not one of
/// the turn: the model is told, and goes on. So it is with arguments that do not fit, and with a tool
/// that panics or takes too long, which is also reported by
/// [`Codex::notifications`](crate::Codex::notifications).
///
/// Nobody is asked before it runs, whatever the approval policy of the thread.
///
/// Calls run concurrently, each on a task of its own, beside the connection. One is dropped when its
/// turn ends. A tool may use the client: by the [`ToolContext`], since one that holds a
/// [`Codex`](crate::Codex) itself keeps the server running until [`close`](crate::Codex::close).
///
/// # Arguments
///
/// They are whatever derives serde's `Deserialize` and `JsonSchema` of schemars 1; the model reads the
/// comments on it. Unlike a [typed answer](crate::TypedResult), they may contain maps and values of any
/// kind, and what is optional may be left out. `()` is none; what is no struct is asked for as the
/// member `value` of an object. Models are not held to this schema, and servers simplify it: they
/// leave out limits, and the comments of a large one.
///
/// # Names
///
/// Of letters, digits, `_` and `-`. A server that has a tool of the same name calls its own. To keep
/// many apart, put them into a [namespace](crate::builder::ThreadStartBuilder::tool_namespace).
#[derive(Clone)]
pub struct Tool {
    name: String,
    description: String,
    schema: Arc<Result<Value, strict_schema::Error>>,
    defer_loading: bool,
    timeout: Option<Duration>,
    run: Arc<Run>,
}

/// Runs a tool on arguments as JSON.
type Run = dyn Fn(&str, ToolContext) -> BoxFuture<HandlerResult<ToolOutput>> + Send + Sync;

/// Which call it is that a tool serves.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ToolContext {
    /// The thread whose model calls: the one that has the tool, or that of a sub-agent of it.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// The call, which is also the id of its item.
    pub call_id: String,
    /// The client. The one for blocking code is made from it:
    /// `blocking::WeakCodex::from(context.codex)`.
    pub codex: WeakCodex,
}

impl Tool {
    /// A tool with what the model is told about it, and what it does.
    pub fn new<T, F, Fut, O>(
        name: impl Into<String>,
        description: impl Into<String>,
        run: F,
    ) -> Self
    where
        T: DeserializeOwned + JsonSchema,
        F: Fn(T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = HandlerResult<O>> + Send + 'static,
        O: Into<ToolOutput>,
    {
        Self::with_context(name, description, move |arguments, _| run(arguments))
    }

    /// The same for a tool that wants to know who calls.
    pub fn with_context<T, F, Fut, O>(
        name: impl Into<String>,
        description: impl Into<String>,
        run: F,
    ) -> Self
    where
        T: DeserializeOwned + JsonSchema,
        F: Fn(T, ToolContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = HandlerResult<O>> + Send + 'static,
        O: Into<ToolOutput>,
    {
        Self::of::<T>(
            name.into(),
            description.into(),
            move |arguments, context| {
                let output = run(arguments, context);
                Box::pin(async move { output.await.map(Into::into) })
            },
        )
    }

    /// A tool that is not async. Each call gets a thread of its own, on which it may wait and use the
    /// blocking client; one whose turn ends goes on for nothing.
    pub fn blocking<T, F, O>(
        name: impl Into<String>,
        description: impl Into<String>,
        run: F,
    ) -> Self
    where
        T: DeserializeOwned + JsonSchema + Send + 'static,
        F: Fn(T) -> HandlerResult<O> + Send + Sync + 'static,
        O: Into<ToolOutput>,
    {
        Self::blocking_with_context(name, description, move |arguments, _| run(arguments))
    }

    /// The same for a tool that wants to know who calls.
    pub fn blocking_with_context<T, F, O>(
        name: impl Into<String>,
        description: impl Into<String>,
        run: F,
    ) -> Self
    where
        T: DeserializeOwned + JsonSchema + Send + 'static,
        F: Fn(T, ToolContext) -> HandlerResult<O> + Send + Sync + 'static,
        O: Into<ToolOutput>,
    {
        let run = Arc::new(run);
        Self::of::<T>(
            name.into(),
            description.into(),
            move |arguments, context| {
                let run = Arc::clone(&run);
                Box::pin(run_on_thread(move || {
                    run(arguments, context).map(Into::into)
                }))
            },
        )
    }

    fn of<T: DeserializeOwned + JsonSchema>(
        name: String,
        description: String,
        run: impl Fn(T, ToolContext) -> BoxFuture<HandlerResult<ToolOutput>> + Send + Sync + 'static,
    ) -> Self {
        let (schema, layout) = match strict_schema::non_strict_for_type::<T>() {
            Ok(schema) => {
                let layout = schema.layout();
                (Ok(schema.into_value()), layout)
            }
            Err(error) => (Err(error), Layout::Object),
        };
        Self {
            name,
            description,
            schema: Arc::new(schema),
            defer_loading: false,
            timeout: None,
            run: Arc::new(move |arguments, context| match layout.decode(arguments) {
                Ok(arguments) => run(arguments, context),
                Err(error) => {
                    let output = ToolOutput::text(format!("the arguments do not fit: {error}"));
                    Box::pin(async { Ok(output.failed()) })
                }
            }),
        }
    }

    /// How long a call may take. One that takes longer is given up, and the model is told. Without it,
    /// [`handler_timeout`](crate::builder::CodexBuilder::handler_timeout) holds, and else there is no limit.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Whether the model has to search for the tool before it sees it, which saves room where there
    /// are many. Only for a tool in a namespace, and if the server offers the search.
    #[must_use]
    pub fn defer_loading(mut self, defer: bool) -> Self {
        self.defer_loading = defer;
        self
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Tool {
    /// Converts to the tool that calls are dispatched to.
    pub(crate) fn register(self) -> RegisteredTool<WeakCodex> {
        let (name, timeout) = (self.name.clone(), self.timeout);
        RegisteredTool {
            name,
            timeout,
            handler: Arc::new(move |request, codex| self.call(request, codex)),
        }
    }

    /// Serves a call. The output, including an error, is for the model.
    fn call(
        &self,
        request: &InboundRequest,
        codex: WeakCodex,
    ) -> Result<BoxFuture<HandlerResult<Vec<u8>>>> {
        let call = ToolCall::parse(request)?;
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

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tool")
            .field("name", &self.name)
            .field("description", &self.description)
            .field("schema", &self.schema)
            .field("defer_loading", &self.defer_loading)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
