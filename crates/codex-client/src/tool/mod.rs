//! Tools written in Rust that the model can call: the protocol's dynamic tools (`dynamicTools` of
//! `thread/start`, and `item/tool/call`).

pub(crate) mod output;
pub(crate) mod set;
#[cfg(feature = "structured_output")]
mod typed;

use std::{fmt, future::Future, sync::Arc, time::Duration};

use codex_types::DynamicToolCallResponse;
use serde_json::Value;

use crate::{
    client::WeakCodex,
    connection::inbound_request::InboundRequest,
    future::BoxFuture,
    server_requests::{
        handler_result::HandlerResult, handler_thread::run_on_thread, tool_call::ToolCall,
        tool_registry::RegisteredTool,
    },
    tool::output::ToolOutput,
};

/// A Rust function that the model can call while this program runs.
///
/// ```no_run
/// use codex_client::{Codex, Result, Thread, Tool};
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Lookup {
///     /// Such as `ABC-123`.
///     id: String,
/// }
///
/// async fn example(codex: &Codex) -> Result<Thread> {
///     let lookup = Tool::new("lookup_ticket", "Fetch a ticket by id", |args: Lookup| async move {
///         if !args.id.contains('-') {
///             return Err(format!("{} is not a ticket id", args.id).into());
///         }
///         Ok(format!("Ticket {} is open.", args.id))
///     });
///     codex.thread_start().tool(lookup).await
/// }
/// ```
///
/// The function returns a [`ToolOutput`] or a string, and `?` converts any error. An error does not
/// fail the turn: the model sees its text and continues. The same applies to arguments that cannot
/// be decoded, to panics and to timeouts; panics and timeouts are also reported by
/// [`Codex::notifications`](crate::Codex::notifications).
///
/// A tool runs without approval, whatever the approval policy of the thread is.
///
/// Calls run concurrently, each in its own task, and are dropped when their turn ends. To use the
/// client in a tool, take it from the [`ToolContext`]: a tool that holds a [`Codex`](crate::Codex)
/// keeps the server running until [`close`](crate::Codex::close).
///
/// # Arguments
///
/// The arguments are decoded into a type that implements serde's `Deserialize` and the `JsonSchema`
/// trait of schemars 1; the model reads the documentation comments of that type. Unlike [typed
/// output](crate::TypedResult), arguments may contain maps and arbitrary JSON values, and optional
/// fields may be absent. `()` stands for no arguments. A type that is not a struct is wrapped in an
/// object with the single member `value` on the wire. Models are not forced to follow the schema,
/// and servers simplify it: they remove constraints, and the comments of a large schema.
///
/// [`with_schema`](Self::with_schema) takes the schema as JSON, for arguments that are not known
/// when the program is compiled, and without the feature `structured_output`.
///
/// # Names
///
/// Names consist of letters, digits, `_` and `-`. If the server has a tool with the same name, the
/// server calls its own tool. To organize many tools, put them in a
/// [namespace](crate::builder::ThreadStartBuilder::tool_namespace).
#[derive(Clone)]
pub struct Tool {
    name: String,
    description: String,
    /// The schema of the arguments, or the reason why they have none.
    schema: Arc<Result<Value, String>>,
    defer_loading: bool,
    timeout: Option<Duration>,
    run: Arc<Run>,
}

/// Runs a tool with JSON arguments.
type Run = dyn Fn(&str, ToolContext) -> BoxFuture<HandlerResult<ToolOutput>> + Send + Sync;

/// The context of a call to a tool, for [`Tool::with_context`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ToolContext {
    /// The id of the calling thread: the thread that has the tool, or one of its sub-agents.
    pub thread_id: String,
    /// The id of the turn.
    pub turn_id: String,
    /// The id of the call, which is also the id of its item.
    pub call_id: String,
    /// The client. For the blocking API, convert it: `blocking::WeakCodex::from(context.codex)`.
    pub codex: WeakCodex,
}

impl Tool {
    /// Creates a tool from its name, its description for the model, the JSON schema of its
    /// arguments, and an async function.
    ///
    /// The schema must describe an object. The function receives the arguments as the model wrote
    /// them, which need not follow the schema, and the [context](ToolContext) of the call.
    ///
    /// ```no_run
    /// use codex_client::{Codex, Result, Thread, Tool};
    /// use serde_json::json;
    ///
    /// async fn example(codex: &Codex) -> Result<Thread> {
    ///     let schema = json!({"type": "object", "properties": {"id": {"type": "string"}}});
    ///     let description = "Fetch a ticket by id";
    ///     let lookup = Tool::with_schema("lookup_ticket", description, schema, |args, _| async move {
    ///         let id = args["id"].as_str().ok_or("the id is missing")?;
    ///         Ok(format!("Ticket {id} is open."))
    ///     });
    ///     codex.thread_start().tool(lookup).await
    /// }
    /// ```
    pub fn with_schema<F, Fut, O>(
        name: impl Into<String>,
        description: impl Into<String>,
        schema: Value,
        run: F,
    ) -> Self
    where
        F: Fn(Value, ToolContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = HandlerResult<O>> + Send + 'static,
        O: Into<ToolOutput>,
    {
        let run = asynchronous(run);
        Self::decoding(name.into(), description.into(), Ok(schema), decode, run)
    }

    /// Creates a tool as [`with_schema`](Self::with_schema) does, with a function that may block,
    /// as a blocking handler may.
    pub fn blocking_with_schema<F, O>(
        name: impl Into<String>,
        description: impl Into<String>,
        schema: Value,
        run: F,
    ) -> Self
    where
        F: Fn(Value, ToolContext) -> HandlerResult<O> + Send + Sync + 'static,
        O: Into<ToolOutput>,
    {
        let run = on_thread(run);
        Self::decoding(name.into(), description.into(), Ok(schema), decode, run)
    }

    /// Creates a tool whose arguments are decoded by `decode`. `schema` may be the reason why the
    /// arguments have none, which is returned when the thread is started.
    fn decoding<T, E: fmt::Display>(
        name: String,
        description: String,
        schema: Result<Value, String>,
        decode: impl Fn(&str) -> Result<T, E> + Send + Sync + 'static,
        run: impl Fn(T, ToolContext) -> BoxFuture<HandlerResult<ToolOutput>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            description,
            schema: Arc::new(schema),
            defer_loading: false,
            timeout: None,
            run: Arc::new(move |arguments, context| match decode(arguments) {
                Ok(arguments) => run(arguments, context),
                Err(error) => {
                    let output = ToolOutput::text(format!("the arguments do not match: {error}"));
                    Box::pin(async { Ok(output.failed()) })
                }
            }),
        }
    }

    /// Sets the timeout for each call. A call that exceeds it fails, and the model sees the
    /// failure. The default is the
    /// [`handler_timeout`](crate::builder::CodexBuilder::handler_timeout) of the client, which is
    /// not set by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets whether the model must search for the tool before seeing it, which saves context if
    /// there are many tools. This requires a namespace and a server that offers such a search.
    #[must_use]
    pub fn defer_loading(mut self, defer: bool) -> Self {
        self.defer_loading = defer;
        self
    }

    /// Returns the name of the tool.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Decodes arguments without a type.
fn decode(arguments: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(arguments)
}

/// Converts an async function into one that returns a boxed future.
fn asynchronous<T, F, Fut, O>(
    run: F,
) -> impl Fn(T, ToolContext) -> BoxFuture<HandlerResult<ToolOutput>> + Send + Sync + 'static
where
    F: Fn(T, ToolContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = HandlerResult<O>> + Send + 'static,
    O: Into<ToolOutput>,
{
    move |arguments, context| {
        let output = run(arguments, context);
        Box::pin(async move { output.await.map(Into::into) })
    }
}

/// Converts a function that may block into one that runs it on a thread.
fn on_thread<T, F, O>(
    run: F,
) -> impl Fn(T, ToolContext) -> BoxFuture<HandlerResult<ToolOutput>> + Send + Sync + 'static
where
    T: Send + 'static,
    F: Fn(T, ToolContext) -> HandlerResult<O> + Send + Sync + 'static,
    O: Into<ToolOutput>,
{
    let run = Arc::new(run);
    move |arguments, context| {
        let run = Arc::clone(&run);
        Box::pin(run_on_thread(move || {
            run(arguments, context).map(Into::into)
        }))
    }
}

impl Tool {
    /// Converts into the tool that calls are dispatched to.
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
    ) -> crate::Result<BoxFuture<HandlerResult<Vec<u8>>>> {
        let call = ToolCall::parse(request)?;
        let context = ToolContext {
            thread_id: call.text("threadId").unwrap_or_default(),
            turn_id: call.text("turnId").unwrap_or_default(),
            call_id: call.text("callId").unwrap_or_default(),
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
