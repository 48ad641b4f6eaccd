//! The body of `turn/start`.

use std::collections::BTreeMap;

use codex_types::{Request, TurnStartParams};
use serde::{Serialize, Serializer, ser::Error};
use serde_json::value::RawValue;

/// The params of a turn, and the output schema of a type.
///
/// The schema in the params is a `Value`, which may not preserve the order of its members. The
/// schema of a type keeps its order.
pub(crate) struct TurnStartBody<'a> {
    pub(crate) params: &'a TurnStartParams,
    /// Replaces the schema in the params.
    pub(crate) schema: Option<&'a RawValue>,
}

impl Request for TurnStartBody<'_> {
    const METHOD: &'static str = TurnStartParams::METHOD;
    const EXPERIMENTAL: bool = TurnStartParams::EXPERIMENTAL;
    type Response = <TurnStartParams as Request>::Response;
}

impl Serialize for TurnStartBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(schema) = self.schema else {
            return self.params.serialize(serializer);
        };
        let params = serde_json::to_string(self.params).map_err(S::Error::custom)?;
        let mut members: BTreeMap<&str, &RawValue> =
            serde_json::from_str(&params).map_err(S::Error::custom)?;
        members.insert("outputSchema", schema);
        members.serialize(serializer)
    }
}
