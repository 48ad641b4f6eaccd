//! The methods of a release: who calls them, what they take, what they answer.

use std::collections::BTreeMap;

use serde_json::Value;

use super::expression::text;
use super::shape::allows_null;

/// The unions that list the methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Union {
    ClientRequest,
    ClientNotification,
    ServerRequest,
    ServerNotification,
}

impl Union {
    pub(super) const ALL: [Self; 4] = [
        Self::ClientRequest,
        Self::ClientNotification,
        Self::ServerRequest,
        Self::ServerNotification,
    ];

    /// The name of its definition.
    pub(super) fn definition(self) -> &'static str {
        match self {
            Self::ClientRequest => "ClientRequest",
            Self::ClientNotification => "ClientNotification",
            Self::ServerRequest => "ServerRequest",
            Self::ServerNotification => "ServerNotification",
        }
    }

    /// The word for its members in a report.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::ClientRequest => "client requests",
            Self::ClientNotification => "client notifications",
            Self::ServerRequest => "server requests",
            Self::ServerNotification => "server notifications",
        }
    }
}

/// A method, request or notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Method {
    /// What it takes, like `ThreadStartParams` or `GetAccountParams | null`; nothing if it does not.
    pub(super) params: Option<String>,
    /// What it answers, where the names of the types tell.
    pub(super) response: Option<String>,
    /// Whether it needs no experimental API.
    pub(super) stable: bool,
}

impl Method {
    /// What it takes, in a few characters.
    pub(super) fn params(&self) -> &str {
        self.params.as_deref().unwrap_or("nothing")
    }

    /// What it takes and answers, in one line.
    pub(super) fn signature(&self) -> String {
        let params = self.params();
        self.response
            .as_deref()
            .map_or_else(|| params.to_owned(), |name| format!("{params} → {name}"))
    }
}

/// The methods of a union, all of them taken for stable at first.
pub(super) fn methods_of(
    definitions: &BTreeMap<&str, &Value>,
    union: Union,
) -> BTreeMap<String, Method> {
    let members = definitions
        .get(union.definition())
        .and_then(|schema| schema["oneOf"].as_array());
    let is_request = matches!(union, Union::ClientRequest | Union::ServerRequest);
    members
        .into_iter()
        .flatten()
        .filter_map(|member| {
            let name = member["properties"]["method"]["enum"][0].as_str()?;
            let params = params(&member["properties"]["params"]);
            let response = is_request
                .then(|| response(name, params.as_deref(), definitions))
                .flatten();
            Some((
                name.to_owned(),
                Method {
                    params,
                    response,
                    stable: true,
                },
            ))
        })
        .collect()
}

/// What a method takes, in a few characters.
fn params(schema: &Value) -> Option<String> {
    match text(schema).as_str() {
        _ if schema.is_null() => None,
        "null" => None,
        name if allows_null(schema) => Some(format!("{name} | null")),
        name => Some(name.to_owned()),
    }
}

/// The type that answers a method: named after what it takes, or after the method, or after its last
/// words. The schema does not say it; a report can live without the few that follow no rule.
fn response(
    method: &str,
    params: Option<&str>,
    definitions: &BTreeMap<&str, &Value>,
) -> Option<String> {
    let of_params = params
        .map(|name| name.trim_end_matches(" | null"))
        .and_then(|name| name.strip_suffix("Params"))
        .map(|stem| format!("{stem}Response"));
    let words: Vec<String> = method.split('/').map(capitalised).collect();
    // One word alone, like `ListResponse`, would name something else.
    let of_method = (0..words.len())
        .filter(|first| *first == 0 || words.len() - first > 1)
        .map(|first| words[first..].concat() + "Response");
    of_params
        .into_iter()
        .chain(of_method)
        .find(|name| definitions.contains_key(name.as_str()))
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_ascii_uppercase().to_string() + letters.as_str()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn method(name: &str, params: &Value) -> Value {
        json!({"properties": {"method": {"enum": [name]}, "params": params}})
    }

    #[test]
    fn a_method_is_told_with_what_it_takes_and_what_it_answers() {
        let union = json!({"oneOf": [
            method("thread/read", &json!({"$ref": "#/definitions/v2/ThreadReadParams"})),
            method("account/read", &json!({"anyOf": [
                {"$ref": "#/definitions/v2/GetAccountParams"}, {"type": "null"}]})),
            method("memory/reset", &json!({"type": "null"})),
            method("account/gateway/cancel", &json!({"type": "null"})),
        ]});
        let any = json!({});
        let definitions = BTreeMap::from([
            ("ClientRequest", &union),
            ("ThreadReadResponse", &any),
            ("GetAccountResponse", &any),
            ("MemoryResetResponse", &any),
            ("GatewayCancelResponse", &any),
        ]);
        let methods = methods_of(&definitions, Union::ClientRequest);
        let signature = |name: &str| methods[name].signature();
        assert_eq!(
            signature("thread/read"),
            "ThreadReadParams → ThreadReadResponse"
        );
        assert_eq!(
            signature("account/read"),
            "GetAccountParams | null → GetAccountResponse"
        );
        assert_eq!(signature("memory/reset"), "nothing → MemoryResetResponse");
        assert_eq!(
            signature("account/gateway/cancel"),
            "nothing → GatewayCancelResponse"
        );
    }

    #[test]
    fn a_notification_has_no_answer() {
        let union = json!({"oneOf": [method("closed", &json!({"$ref": "#/definitions/v2/Gone"}))]});
        let definitions = BTreeMap::from([("ServerNotification", &union)]);
        let methods = methods_of(&definitions, Union::ServerNotification);
        assert_eq!(methods["closed"].signature(), "Gone");
    }
}
