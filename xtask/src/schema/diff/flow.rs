//! Which way the values of a type travel: what breaks a client depends on who writes and who reads.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::shape::reference;

/// Who writes the values of a type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flow {
    /// The client does.
    pub(super) sent: bool,
    /// The server does.
    pub(super) received: bool,
}

impl Flow {
    /// Both ways: also what is said of a type that nothing leads to.
    pub(super) const BOTH: Self = Self {
        sent: true,
        received: true,
    };

    /// The values that travel in either of two releases.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            sent: self.sent || other.sent,
            received: self.received || other.received,
        }
    }

    /// The word for it in a report.
    pub(super) fn word(self) -> &'static str {
        match (self.sent, self.received) {
            (true, false) => "sent",
            (false, true) => "received",
            _ => "sent and received",
        }
    }
}

/// The flow of every definition that something leads to from the types that travel by themselves.
pub(super) fn flows(
    definitions: &BTreeMap<&str, &Value>,
    sent: &BTreeSet<&str>,
    received: &BTreeSet<&str>,
) -> BTreeMap<String, Flow> {
    let mut flows: BTreeMap<String, Flow> = BTreeMap::new();
    for name in reachable(definitions, sent) {
        flows.entry(name.to_owned()).or_default().sent = true;
    }
    for name in reachable(definitions, received) {
        flows.entry(name.to_owned()).or_default().received = true;
    }
    flows
}

/// The definitions that the roots lead to, themselves among them.
fn reachable<'a>(
    definitions: &BTreeMap<&'a str, &'a Value>,
    roots: &BTreeSet<&'a str>,
) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut next: Vec<&str> = roots.iter().copied().collect();
    while let Some(name) = next.pop() {
        if let Some(schema) = definitions.get(name)
            && seen.insert(name)
        {
            references(schema, &mut next);
        }
    }
    seen
}

/// Adds the names of all definitions that a schema refers to, at whatever depth.
fn references<'a>(schema: &'a Value, out: &mut Vec<&'a str>) {
    out.extend(reference(schema));
    match schema {
        Value::Array(several) => several.iter().for_each(|one| references(one, out)),
        Value::Object(members) => members.values().for_each(|one| references(one, out)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_params_lead_to_is_sent_and_what_responses_lead_to_is_received() {
        let refer = |names: &[&str]| {
            json!(
                names
                    .iter()
                    .map(|name| json!({"$ref": format!("#/v2/{name}")}))
                    .collect::<Vec<_>>()
            )
        };
        let params = refer(&["Input", "Shared"]);
        let response = refer(&["Shared"]);
        let shared = refer(&["Deep"]);
        let leaf = json!({"type": "string"});
        let definitions = BTreeMap::from([
            ("Params", &params),
            ("Response", &response),
            ("Shared", &shared),
            ("Input", &leaf),
            ("Deep", &leaf),
            ("Alone", &leaf),
        ]);
        let flows = flows(
            &definitions,
            &BTreeSet::from(["Params"]),
            &BTreeSet::from(["Response"]),
        );
        assert_eq!(flows["Input"].word(), "sent");
        assert_eq!(flows["Response"].word(), "received");
        assert_eq!(flows["Deep"], Flow::BOTH);
        assert!(!flows.contains_key("Alone"));
    }
}
