//! Methods as types: the params type of a method determines its name and its response type.

use serde::{Serialize, de::DeserializeOwned};

/// The parameters of a request from the client to the app-server.
///
/// For each method of the protocol, one type implements this trait: the params type of the schema,
/// or a unit struct in [`request`](crate::request) for a method without params. One generic
/// function can therefore send every request:
///
/// ```
/// use codex_types::{Request, ThreadReadParams};
/// use serde_json::{Value, json};
///
/// fn message<R: Request>(id: u64, params: &R) -> Value {
///     json!({ "id": id, "method": R::METHOD, "params": params })
/// }
///
/// let message = message(1, &ThreadReadParams::new("01a1"));
/// assert_eq!(message["method"], "thread/read");
/// ```
pub trait Request: Serialize {
    /// The `method` on the wire, for example `thread/read`.
    const METHOD: &'static str;
    /// Whether the method requires the `experimentalApi` capability.
    const EXPERIMENTAL: bool;
    /// Whether the message has a `params` member. False for methods without params.
    const HAS_PARAMS: bool = true;
    /// The response from the server.
    type Response: DeserializeOwned + Send + 'static;
}

/// The parameters of a request from the app-server to the client.
pub trait ServerCall: DeserializeOwned {
    /// The `method` on the wire, for example `item/fileChange/requestApproval`.
    const METHOD: &'static str;
    /// Whether the server sends the request only to clients with the `experimentalApi` capability.
    const EXPERIMENTAL: bool;
    /// The response from the client.
    type Response: Serialize + Send + 'static;
}

/// An entry of [`METHODS`](crate::METHODS) or [`SERVER_METHODS`](crate::SERVER_METHODS).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct MethodInfo {
    /// The `method` on the wire.
    pub method: &'static str,
    /// The name of the Rust type of the params.
    pub params: &'static str,
    /// The name of the Rust type of the response.
    pub response: &'static str,
    /// Whether the method requires the `experimentalApi` capability.
    pub experimental: bool,
    /// Whether the message has a `params` member.
    pub has_params: bool,
}
