//! Counts the parts of a bundle. The counts in the lock file show the size of an update, and
//! counting detects a bundle of a different shape.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The numbers of parts in a bundle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Census {
    /// Distinct names of definitions, at the root and in `v2`.
    pub(super) definitions: usize,
    /// Requests from the client.
    pub(super) client_requests: usize,
    /// Notifications from the client.
    pub(super) client_notifications: usize,
    /// Requests from the server.
    pub(super) server_requests: usize,
    /// Notifications from the server.
    pub(super) server_notifications: usize,
}

impl Census {
    /// Counts a bundle.
    pub(super) fn of(bundle: &Value) -> anyhow::Result<Self> {
        let root = definitions(bundle)?;
        let names: BTreeSet<&String> = root.keys().chain(v2(root)?.keys()).collect();
        let methods = |union| union_members(root, union).map(Vec::len);
        Ok(Self {
            // `v2` is the nested directory, not a type. `v2()` refuses a bundle without it.
            definitions: names.len() - 1,
            client_requests: methods("ClientRequest")?,
            client_notifications: methods("ClientNotification")?,
            server_requests: methods("ServerRequest")?,
            server_notifications: methods("ServerNotification")?,
        })
    }
}

impl fmt::Display for Census {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} definitions, {} client requests, {} client notifications, {} server requests, \
             {} server notifications",
            self.definitions,
            self.client_requests,
            self.client_notifications,
            self.server_requests,
            self.server_notifications,
        )
    }
}

/// Returns the definitions at the root of a bundle, including the nested `v2`.
pub(super) fn definitions(bundle: &Value) -> anyhow::Result<&Map<String, Value>> {
    bundle
        .get("definitions")
        .and_then(Value::as_object)
        .context("the bundle has no `definitions`: the shape of the schema has changed")
}

/// Returns the definitions under `v2`.
pub(super) fn v2(root: &Map<String, Value>) -> anyhow::Result<&Map<String, Value>> {
    root.get("v2")
        .and_then(Value::as_object)
        .context("the bundle has no `definitions.v2`: the shape of the schema has changed")
}

/// Returns the members of a union of methods.
pub(super) fn union_members<'a>(
    root: &'a Map<String, Value>,
    union: &str,
) -> anyhow::Result<&'a Vec<Value>> {
    root.get(union)
        .and_then(|schema| schema.get("oneOf"))
        .and_then(Value::as_array)
        .with_context(|| {
            format!("`definitions.{union}` is not a `oneOf`: the shape of the schema has changed")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mini() -> Value {
        json!({"definitions": {
            "ClientRequest": {"oneOf": [{}, {}]},
            "ClientNotification": {"oneOf": [{}]},
            "ServerRequest": {"oneOf": []},
            "ServerNotification": {"oneOf": [{}]},
            "Shared": {},
            "v2": {"Shared": {}, "Thread": {}}
        }})
    }

    #[test]
    fn a_name_at_the_root_and_in_v2_counts_once() {
        let census = Census::of(&mini()).unwrap();
        assert_eq!(census.definitions, 6);
        assert_eq!(census.client_requests, 2);
        assert_eq!(census.server_requests, 0);
    }

    #[test]
    fn a_bundle_without_a_union_of_methods_is_refused_by_name() {
        let mut bundle = mini();
        bundle["definitions"]["ServerRequest"] = json!({"type": "object"});
        let error = Census::of(&bundle).unwrap_err().to_string();
        assert!(error.contains("definitions.ServerRequest"), "{error}");
    }

    #[test]
    fn a_flat_bundle_is_refused() {
        let mut bundle = mini();
        bundle["definitions"].as_object_mut().unwrap().remove("v2");
        let error = Census::of(&bundle).unwrap_err().to_string();
        assert!(error.contains("definitions.v2"), "{error}");
    }
}
