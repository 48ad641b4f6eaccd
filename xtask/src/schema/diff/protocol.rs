//! Reads the protocol of a release from its two bundles.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;
use serde_json::Value;

use super::outline::{Kind, Line, Outline, UNIONS, outline};
use super::shape::{allows_null, reference, type_name};
use crate::codegen::report::Report;
use crate::codegen::responses::{self, Request};
use crate::schema::census;

/// The type of the params of a method without params.
pub(crate) const NOTHING: &str = "nothing";

type Definitions<'a> = BTreeMap<&'a str, &'a Value>;

/// The protocol of one release, experimental parts included.
pub(crate) struct Protocol {
    /// The release.
    pub(crate) version: String,
    /// The lines of all methods and types.
    pub(crate) lines: Outline,
    /// The types of responses, by method; those that can be any value are left out.
    pub(crate) responses: BTreeMap<String, String>,
    /// The paths that need no experimental API.
    stable: BTreeSet<String>,
    flows: BTreeMap<String, Flow>,
}

/// The direction in which the values of a type travel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flow {
    sent: bool,
    received: bool,
}

impl Flow {
    /// Combines the directions of a type in two releases.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            sent: self.sent || other.sent,
            received: self.received || other.received,
        }
    }

    /// Returns whether a client may write the values. An unknown direction counts as both.
    pub(crate) fn is_sent(self) -> bool {
        self.sent || !self.received
    }

    /// Returns whether a client may read the values. An unknown direction counts as both.
    pub(crate) fn is_received(self) -> bool {
        self.received || !self.sent
    }

    /// Returns the word for the direction in a report.
    pub(crate) fn word(self) -> &'static str {
        match (self.sent, self.received) {
            (true, true) => "sent and received",
            (true, false) => "sent",
            (false, true) => "received",
            (false, false) => "unlisted",
        }
    }
}

impl Protocol {
    /// Reads a release.
    pub(crate) fn read(
        version: &str,
        stable: &Value,
        experimental: &Value,
    ) -> anyhow::Result<Self> {
        let all = definitions(experimental)?;
        let lines = lines(&all)?;
        let responses = responses(&all, &lines);
        Ok(Self {
            version: version.to_owned(),
            flows: flows(&all, &lines, &responses),
            stable: self::lines(&definitions(stable)?)?.into_keys().collect(),
            lines,
            responses,
        })
    }

    /// Returns whether a path needs no experimental API.
    pub(crate) fn is_stable(&self, path: &str) -> bool {
        self.stable.contains(path)
    }

    /// Returns the direction of a type or method.
    pub(crate) fn flow(&self, owner: &str) -> Flow {
        self.flows.get(owner).copied().unwrap_or_default()
    }
}

/// Returns the definitions of a bundle. Those of `v2` take precedence over equal names at the root.
fn definitions(bundle: &Value) -> anyhow::Result<Definitions<'_>> {
    let root = census::definitions(bundle)?;
    let v2 = census::v2(root)?;
    let v1 = root.iter().filter(|(name, _)| *name != "v2");
    Ok(v1
        .chain(v2)
        .map(|(name, schema)| (name.as_str(), schema))
        .collect())
}

/// Returns the lines of all methods and types.
fn lines(definitions: &Definitions) -> anyhow::Result<Outline> {
    let mut lines = Outline::new();
    for (name, schema) in definitions {
        if UNIONS.iter().all(|union| union.name != *name) {
            outline(name, schema, &mut lines);
        }
    }
    for union in &UNIONS {
        let members = definitions
            .get(union.name)
            .and_then(|schema| schema["oneOf"].as_array());
        for properties in members.into_iter().flatten().map(|one| &one["properties"]) {
            let Some(name) = properties["method"]["enum"][0].as_str() else {
                continue;
            };
            let params = &properties["params"];
            let (text, nullable) = match type_name(params) {
                _ if params.is_null() => (NOTHING.to_owned(), false),
                name if name == "null" => (NOTHING.to_owned(), false),
                name => (name, allows_null(params)),
            };
            let mut line = Line::new(Kind::Method(union), text);
            line.nullable = nullable;
            let other = lines.insert(name.to_owned(), line);
            ensure!(other.is_none(), "`{name}` names two things");
        }
    }
    Ok(lines)
}

/// Finds the type of each response, as the generator does.
fn responses(definitions: &Definitions, lines: &Outline) -> BTreeMap<String, String> {
    let requests = lines
        .iter()
        .filter(|(_, line)| matches!(line.kind, Kind::Method(union) if union.is_request));
    let requests: Vec<_> = requests
        .map(|(method, line)| Request {
            method,
            params: Some(&line.text),
        })
        .collect();
    let names = definitions.keys().copied().collect();
    let found = responses::find(&requests, &names, &mut Report::default());
    let found = requests.iter().zip(found);
    found
        .filter_map(|(request, response)| Some((request.method.to_owned(), response?)))
        .collect()
}

/// Returns the directions of all methods, and of all types that travel in them.
fn flows(
    definitions: &Definitions,
    lines: &Outline,
    responses: &BTreeMap<String, String>,
) -> BTreeMap<String, Flow> {
    let (mut sent, mut received) = (BTreeSet::new(), BTreeSet::new());
    for (name, line) in lines {
        let Kind::Method(union) = line.kind else {
            continue;
        };
        if union.is_sent {
            sent.extend([name.as_str(), &line.text]);
        } else {
            received.extend([name.as_str(), &line.text]);
            sent.extend(responses.get(name).map(String::as_str));
        }
    }
    // Some notifications are in no union, and the names of some responses follow no rule.
    received.extend(definitions.keys().filter(|name| {
        (name.ends_with("Response") || name.ends_with("Notification")) && !sent.contains(*name)
    }));
    let mut flows: BTreeMap<String, Flow> = BTreeMap::new();
    for name in reachable(definitions, sent) {
        flows.entry(name.to_owned()).or_default().sent = true;
    }
    for name in reachable(definitions, received) {
        flows.entry(name.to_owned()).or_default().received = true;
    }
    flows
}

/// Returns the names, and the names of all definitions that they refer to.
fn reachable<'a>(definitions: &Definitions<'a>, mut names: BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    let mut next: Vec<&str> = names.iter().copied().collect();
    while let Some(name) = next.pop() {
        let mut found = Vec::new();
        if let Some(schema) = definitions.get(name) {
            references(schema, &mut found);
        }
        next.extend(found.into_iter().filter(|name| names.insert(name)));
    }
    names
}

/// Adds the names of all definitions that a schema refers to, at any depth.
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

    /// A release with these definitions, and with methods from `ClientRequest` and
    /// `ServerNotification`.
    fn release(requests: &[Value], notifications: &[Value], v2: &Value) -> Protocol {
        let bundle = json!({"definitions": {
            "ClientRequest": {"oneOf": requests}, "ServerNotification": {"oneOf": notifications},
            "v2": v2}});
        Protocol::read("1.0.0", &bundle, &bundle).unwrap()
    }

    fn method(name: &str, params: &Value) -> Value {
        json!({"properties": {"method": {"enum": [name]}, "params": params}})
    }

    fn refer(name: &str) -> Value {
        json!({"$ref": format!("#/definitions/v2/{name}")})
    }

    #[test]
    fn a_method_has_the_type_of_its_params_and_of_its_response() {
        let nullable = json!({"anyOf": [refer("GetAccountParams"), {"type": "null"}]});
        let nothing = json!({"type": "null"});
        let requests = [
            method("thread/read", &refer("ThreadReadParams")),
            method("account/read", &nullable),
            method("memory/reset", &nothing),
            method("account/gateway/cancel", &nothing),
        ];
        let protocol = release(
            &requests,
            &[method("closed", &refer("Gone"))],
            &json!({"ThreadReadResponse": {}, "GetAccountResponse": {}, "MemoryResetResponse": {},
                    "GatewayCancelResponse": {}, "ClosedResponse": {}}),
        );
        for (name, params, nullable, response) in [
            (
                "thread/read",
                "ThreadReadParams",
                false,
                Some("ThreadReadResponse"),
            ),
            (
                "account/read",
                "GetAccountParams",
                true,
                Some("GetAccountResponse"),
            ),
            (
                "memory/reset",
                "nothing",
                false,
                Some("MemoryResetResponse"),
            ),
            (
                "account/gateway/cancel",
                "nothing",
                false,
                Some("GatewayCancelResponse"),
            ),
            // A notification has no response.
            ("closed", "Gone", false, None),
        ] {
            let line = &protocol.lines[name];
            assert_eq!(
                (line.text.as_str(), line.nullable),
                (params, nullable),
                "{name}"
            );
            let found = protocol.responses.get(name).map(String::as_str);
            assert_eq!(found, response, "{name}");
        }
    }

    #[test]
    fn params_are_sent_and_responses_received_with_all_that_they_refer_to() {
        let protocol = release(
            &[method("do", &refer("DoParams"))],
            &[],
            &json!({
                "DoParams": [refer("Input"), refer("Shared")],
                "DoResponse": [refer("Shared")],
                "Shared": [refer("Deep")],
                "Input": {}, "Deep": {}, "Alone": {}}),
        );
        for (name, word) in [
            ("Input", "sent"),
            ("DoResponse", "received"),
            ("Deep", "sent and received"),
            ("Alone", "unlisted"),
        ] {
            assert_eq!(protocol.flow(name).word(), word, "{name}");
        }
        let alone = protocol.flow("Alone");
        assert!(alone.is_sent() && alone.is_received());
    }
}
