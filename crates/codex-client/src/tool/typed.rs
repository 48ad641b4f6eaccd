//! Tools with typed arguments.

use std::future::Future;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use strict_schema::Layout;

use crate::{
    future::BoxFuture,
    server_requests::handler_result::HandlerResult,
    tool::{Tool, ToolContext, asynchronous, on_thread, output::ToolOutput},
};

impl Tool {
    /// Creates a tool from its name, its description for the model, and an async function.
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

    /// Creates a tool as [`new`](Self::new) does. The function also receives the
    /// [context](ToolContext) of the call.
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
        Self::typed(name.into(), description.into(), asynchronous(run))
    }

    /// Creates a tool from its name, its description for the model, and a function that may block.
    ///
    /// Each call runs on a thread where it may block and use the blocking client. A call is not
    /// stopped when its turn ends, but its output is then ignored. All blocking handlers and tools
    /// of the process run on at most 512 threads, which end when they are idle; further calls wait
    /// for a thread.
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

    /// Creates a tool as [`blocking`](Self::blocking) does. The function also receives the
    /// [context](ToolContext) of the call.
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
        Self::typed(name.into(), description.into(), on_thread(run))
    }

    /// Creates a tool whose arguments are decoded into `T`.
    fn typed<T: DeserializeOwned + JsonSchema>(
        name: String,
        description: String,
        run: impl Fn(T, ToolContext) -> BoxFuture<HandlerResult<ToolOutput>> + Send + Sync + 'static,
    ) -> Self {
        let (schema, layout) = match strict_schema::non_strict_for_type::<T>() {
            Ok(schema) => {
                let layout = schema.layout();
                (Ok(schema.into_value()), layout)
            }
            Err(error) => (Err(error.to_string()), Layout::Object),
        };
        let decode = move |arguments: &str| layout.decode(arguments);
        Self::decoding(name, description, schema, decode, run)
    }
}
