//! Decodes and encodes every type of the protocol by name.

use std::{collections::BTreeMap, fmt::Debug};

use codex_types::{
    Request,
    unlisted::{GetAuthStatusParams, GetConversationSummaryParams, GitDiffToRemoteParams},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Decodes JSON text and encodes the value again. Also returns its `Debug` form, in which an unknown
/// value is `Unrecognized`.
pub type RoundTrip = fn(&str) -> Result<(Value, String), serde_json::Error>;

fn round_trip<T>(json: &str) -> Result<(Value, String), serde_json::Error>
where
    T: Serialize + DeserializeOwned + Debug,
{
    let value: T = serde_json::from_str(json)?;
    Ok((serde_json::to_value(&value)?, format!("{value:?}")))
}

/// Returns every definition of the schema by its name there.
#[must_use]
pub fn definitions() -> BTreeMap<&'static str, RoundTrip> {
    macro_rules! table {
        ($($name:literal, $type:path;)*) => {
            [$(($name, round_trip::<$type> as RoundTrip)),*].into()
        };
    }
    codex_types::for_each_definition!(table)
}

/// Returns the response of every client request, by method.
#[must_use]
pub fn responses() -> BTreeMap<&'static str, RoundTrip> {
    macro_rules! table {
        ($($method:literal, $params:path, $response:path;)*) => {
            [$(($method, round_trip::<$response> as RoundTrip)),*].into()
        };
    }
    let mut table: BTreeMap<_, _> = codex_types::for_each_request!(table);
    table.extend(unlisted().map(|(method, _, response)| (method, response)));
    table
}

/// Returns the requests that the schema does not list: method, params, response.
#[must_use]
pub fn unlisted() -> [(&'static str, RoundTrip, RoundTrip); 3] {
    fn row<T: Request + DeserializeOwned + Debug>() -> (&'static str, RoundTrip, RoundTrip)
    where
        T::Response: Serialize + Debug,
    {
        (T::METHOD, round_trip::<T>, round_trip::<T::Response>)
    }

    [
        row::<GetAuthStatusParams>(),
        row::<GetConversationSummaryParams>(),
        row::<GitDiffToRemoteParams>(),
    ]
}

/// Returns the response of every server request, by method.
#[must_use]
pub fn server_responses() -> BTreeMap<&'static str, RoundTrip> {
    macro_rules! table {
        ($($method:literal, $params:path, $response:path;)*) => {
            [$(($method, round_trip::<$response> as RoundTrip)),*].into()
        };
    }
    codex_types::for_each_server_request!(table)
}

/// The unions of messages, by name.
#[must_use]
pub fn unions() -> BTreeMap<&'static str, RoundTrip> {
    use codex_types::{
        ClientNotification, ClientRequest, ServerNotification, ServerRequest, rpc::WithId,
    };

    [
        (
            "ClientNotification",
            round_trip::<ClientNotification> as RoundTrip,
        ),
        ("ClientRequest", round_trip::<WithId<ClientRequest>>),
        ("ServerNotification", round_trip::<ServerNotification>),
        ("ServerRequest", round_trip::<WithId<ServerRequest>>),
    ]
    .into()
}

/// The envelope, which is written by hand under names of its own, by the names of the schema.
#[must_use]
pub fn envelope() -> BTreeMap<&'static str, RoundTrip> {
    use codex_types::rpc::{
        JsonRpcError, JsonRpcMessage, JsonRpcNotification, JsonRpcRequest, JsonRpcResponse,
        RequestId,
    };

    [
        ("JSONRPCError", round_trip::<JsonRpcResponse> as RoundTrip),
        ("JSONRPCErrorError", round_trip::<JsonRpcError>),
        ("JSONRPCMessage", round_trip::<JsonRpcMessage>),
        ("JSONRPCNotification", round_trip::<JsonRpcNotification>),
        ("JSONRPCRequest", round_trip::<JsonRpcRequest>),
        ("JSONRPCResponse", round_trip::<JsonRpcResponse>),
        ("RequestId", round_trip::<RequestId>),
    ]
    .into()
}
