//! The programs in place of codex, npm and cargo, and the schemas that they print.

use serde_json::{Value, json};

pub(super) const BUNDLE: &str = "codex_app_server_protocol.schemas.json";

/// Prints its version, or copies the bundles of its release. Kills the chore that started it if
/// the file `kill` has the number of the call.
pub(super) const CODEX: &str = r#"#!/bin/sh
here=$(dirname "$0")
case "$1 $2" in
    --version*) echo "codex-cli $(cat "$here/version")"; exit ;;
    "app-server generate-json-schema") flavour=stable ;;
    *) flavour= ;;
esac
while [ $# -gt 0 ]; do
    case "$1" in
        --experimental) [ -n "$flavour" ] && flavour=experimental ;;
        --out) out=$2; shift ;;
    esac
    shift
done
mkdir -p "$out"
echo "schema $(cat "$here/version")" >> "$ROOT/target/calls"
[ "$(cat "$ROOT/target/kill")" = "$(wc -l < "$ROOT/target/calls" | tr -d ' ')" ] && kill -9 $PPID
[ -n "$flavour" ] && cp "$here/$flavour/codex_app_server_protocol.schemas.json" "$out"
exit 0
"#;

/// Notes its arguments. Kills the chore that started it, or fails, if the files `kill` and `fail`
/// say so.
pub(super) const CARGO: &str = r#"#!/bin/sh
echo "cargo $*" >> "$ROOT/target/calls"
[ "$(cat "$ROOT/target/kill")" = "$(wc -l < "$ROOT/target/calls" | tr -d ' ')" ] && kill -9 $PPID
[ "$(cat "$ROOT/target/fail")" = "$1" ] && exit 1
[ "$1" = run ] && echo '{"step":"run","error":null}'
exit 0
"#;

/// Lists three releases.
pub(super) const NPM: &str = r#"#!/bin/sh
case "$*" in
    --version) echo 10 ;;
    *" versions") echo '["1.0.0", "1.1.0", "1.2.0-alpha.1", "1.2.0"]' ;;
    *" version") echo '"1.2.0"' ;;
    *) exit 1 ;;
esac
"#;

/// A bundle with these client requests, and with these values of the status of a turn.
pub(super) fn bundle(methods: &[&str], statuses: &[&str]) -> Value {
    let member = |name: &str, params: &str| {
        json!({"type": "object", "required": ["method", "params"], "properties": {
            "method": {"type": "string", "enum": [name]},
            "params": {"$ref": format!("#/definitions/v2/{params}")}}})
    };
    let mut v2 = json!({
        // Notifications that the generator adds.
        "RawResponseItemCompletedNotification": {"type": "object"},
        "RawResponseCompletedNotification": {"type": "object"},
        "TurnStatus": {"type": "string", "enum": statuses},
        "TurnNotification": {"type": "object", "required": ["status"], "properties": {
            "status": {"$ref": "#/definitions/v2/TurnStatus"}}}});
    let mut requests = Vec::new();
    for method in methods {
        let (_, name) = method.split_once('/').unwrap();
        let name = name[..1].to_uppercase() + &name[1..];
        let params = format!("{name}Params");
        let mut request = member(method, &params);
        request["required"] = json!(["id", "method", "params"]);
        request["properties"]["id"] = json!({"$ref": "#/definitions/RequestId"});
        requests.push(request);
        v2[&params] = json!({"type": "object", "properties": {"x": {"type": "string"}}});
        v2[format!("{name}Response")] = json!({"type": "object"});
    }
    json!({"definitions": {
        "RequestId": {"anyOf": [{"type": "string"}, {"type": "integer", "format": "int64"}]},
        "ClientRequest": {"oneOf": requests},
        "ClientNotification": {"oneOf": []},
        "ServerRequest": {"oneOf": []},
        "ServerNotification": {"oneOf": [member("turn/changed", "TurnNotification")]},
        "v2": v2}})
}

/// Adds a server request, which the newer release does not have any more.
pub(super) fn asking(mut bundle: Value) -> Value {
    let definitions = &mut bundle["definitions"];
    definitions["ServerRequest"]["oneOf"] = json!([{"type": "object", "properties": {
        "id": {"$ref": "#/definitions/RequestId"},
        "method": {"type": "string", "enum": ["time/read"]},
        "params": {"$ref": "#/definitions/v2/TimeReadParams"}}}]);
    for name in ["TimeReadParams", "TimeReadResponse"] {
        definitions["v2"][name] = json!({"type": "object"});
    }
    bundle
}
