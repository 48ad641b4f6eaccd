//! Decodes and encodes every type of the protocol by name.

use std::{collections::BTreeMap, fmt::Debug};

use codex_types::{
    ClientNotification, ClientRequest, Request, ServerNotification, ServerRequest,
    rpc::{Incoming, JsonRpcError, Outgoing, RequestId},
    unlisted::{GetAuthStatusParams, GetConversationSummaryParams, GitDiffToRemoteParams},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

/// Decodes JSON text and encodes the value again. Also returns its `Debug` form, in which an
/// unknown value is `Unrecognized`.
pub type RoundTrip = fn(&str) -> Result<(Value, String), serde_json::Error>;

fn round_trip<T>(json: &str) -> Result<(Value, String), serde_json::Error>
where
    T: Serialize + DeserializeOwned + Debug,
{
    let value: T = serde_json::from_str(json)?;
    Ok((serde_json::to_value(&value)?, format!("{value:?}")))
}

/// Returns every definition in the schema, by its name.
#[must_use]
pub fn definitions() -> BTreeMap<&'static str, RoundTrip> {
    macro_rules! table {
        ($($name:literal, $type:path;)*) => {
            [$(($name, round_trip::<$type> as RoundTrip)),*].into()
        };
    }
    codex_types::for_each_definition!(table)
}

/// Returns the response type of every client request, by method.
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

/// Returns the response type of every server request, by method.
#[must_use]
pub fn server_responses() -> BTreeMap<&'static str, RoundTrip> {
    macro_rules! table {
        ($($method:literal, $params:path, $response:path;)*) => {
            [$(($method, round_trip::<$response> as RoundTrip)),*].into()
        };
    }
    codex_types::for_each_server_request!(table)
}

/// The message unions by name; requests keep their ids.
#[must_use]
pub fn unions() -> BTreeMap<&'static str, RoundTrip> {
    [
        (
            "ClientNotification",
            round_trip::<ClientNotification> as RoundTrip,
        ),
        ("ClientRequest", round_trip_with_id::<ClientRequest>),
        ("ServerNotification", round_trip::<ServerNotification>),
        ("ServerRequest", round_trip_with_id::<ServerRequest>),
    ]
    .into()
}

fn round_trip_with_id<T>(json: &str) -> Result<(Value, String), serde_json::Error>
where
    T: Serialize + DeserializeOwned + Debug,
{
    let (mut value, debug) = round_trip::<T>(json)?;
    value["id"] = serde_json::from_str::<Value>(json)?["id"].take();
    let id: RequestId = serde_json::from_str(&value["id"].to_string())?;
    assert_eq!(serde_json::to_value(&id)?, value["id"]);
    Ok((value, debug))
}

/// The envelope, by the names in the schema. Its types are written by hand, and its messages do not
/// each have their own type: they are read as `Incoming` and written as `Outgoing`.
#[must_use]
pub fn envelope() -> BTreeMap<&'static str, RoundTrip> {
    [
        ("JSONRPCError", round_trip_message as RoundTrip),
        ("JSONRPCErrorError", round_trip::<JsonRpcError>),
        ("JSONRPCMessage", round_trip_message),
        ("JSONRPCNotification", round_trip_message),
        ("JSONRPCRequest", round_trip_message),
        ("JSONRPCResponse", round_trip_message),
        ("RequestId", round_trip::<RequestId>),
    ]
    .into()
}

fn round_trip_message(json: &str) -> Result<(Value, String), serde_json::Error> {
    use serde::de::Error as _;

    let incoming = Incoming::parse(json.as_bytes()).map_err(serde_json::Error::custom)?;
    let outgoing: Outgoing<'_, RawValue> = match &incoming {
        Incoming::Request { id, method, params } => Outgoing::Request {
            id,
            method,
            params: *params,
        },
        Incoming::Notification { method, params, .. } => Outgoing::Notification {
            method,
            params: *params,
        },
        Incoming::Response {
            id: Some(id),
            result,
        } => Outgoing::Response {
            id,
            result: result.as_ref().map(|result| *result),
        },
        other => panic!("not a message of the schema: {other:?}"),
    };
    let mut value = serde_json::from_str::<Value>(&serde_json::to_string(&outgoing)?)?;
    // A client receives the timestamp but never sends it; it neither reads nor sends the trace
    // context.
    let received = serde_json::from_str::<Value>(json)?;
    for member in ["emittedAtMs", "trace"] {
        if let Some(kept) = received.get(member) {
            value[member] = kept.clone();
        }
    }
    Ok((value, format!("{incoming:?}")))
}
