//! Dispatches the requests from the server to tools, inboxes and handlers.

pub(crate) mod default_response;
pub(crate) mod dispatch;
pub(crate) mod handler_result;
pub(crate) mod handler_thread;
pub(crate) mod handlers;
pub(crate) mod pending_patches;
pub(crate) mod request_queue;
pub(crate) mod server_response;
pub(crate) mod thread_pool;
pub(crate) mod tool_call;
pub(crate) mod tool_registry;
pub(crate) mod unhandled;
