//! Methods as types: the parameters of a method know its name and its answer.

use serde::{Serialize, de::DeserializeOwned};

/// The parameters of a request that a client sends to the app-server.
///
/// Each of the protocol's methods has one type that implements this: the params struct (or enum)
/// of the schema, or a unit struct in [`request`](crate::request) for a method without params.
/// One generic call therefore covers the whole protocol:
///
/// ```
/// use codex_types::{Request, ThreadReadParams};
/// assert_eq!(ThreadReadParams::METHOD, "thread/read");
/// ```
pub trait Request: Serialize {
    /// The `method` on the wire, for example `thread/read`.
    const METHOD: &'static str;
    /// Whether the server asks for the `experimentalApi` capability before it serves the method.
    const EXPERIMENTAL: bool;
    /// Whether the message has a `params` member. False for the methods whose schema says `null`.
    const HAS_PARAMS: bool = true;
    /// What the server answers.
    type Response: DeserializeOwned + Send + 'static;
}

/// The parameters of a request that the app-server sends to its client.
pub trait ServerCall: DeserializeOwned {
    /// The `method` on the wire, for example `item/fileChange/requestApproval`.
    const METHOD: &'static str;
    /// Whether only servers with the `experimentalApi` capability send it.
    const EXPERIMENTAL: bool;
    /// What the client answers.
    type Response: Serialize + Send + 'static;
}

/// One row of the tables [`METHODS`](crate::METHODS) and
/// [`SERVER_METHODS`](crate::SERVER_METHODS).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct MethodInfo {
    /// The `method` on the wire.
    pub method: &'static str,
    /// Name of the Rust type of the params.
    pub params: &'static str,
    /// Name of the Rust type of the response.
    pub response: &'static str,
    /// Whether the method needs the `experimentalApi` capability.
    pub experimental: bool,
    /// Whether the message has a `params` member.
    pub has_params: bool,
}
