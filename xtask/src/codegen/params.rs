//! Gives the params of each method a definition of their own.
//!
//! One type implements `Request` or `ServerCall` for one method, so each request needs params that
//! no other request has. A notification stores its timestamp in its params, so it always has some.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    load::{Definitions, reference_name},
    model::Copies,
    names,
    normalise::{union_members, union_members_mut},
    report::{Kind, Place, Report},
    tables::MESSAGES,
};

/// Params types that the schema does not name: the method and the name. An entry with the name by
/// rule confirms it.
const NAMES: &[(&str, &str)] = &[];

const PLACE: Place = Place::new("params.rs", "NAMES");

/// Rewrites the message unions and adds the definitions that they need. The stable bundle is
/// rewritten alike.
pub(crate) fn separate(
    definitions: &mut Definitions,
    stable: &mut Definitions,
    report: &mut Report,
) -> Separated {
    separate_by(NAMES, definitions, stable, report)
}

/// The definitions that were added.
#[derive(Default)]
pub(crate) struct Separated {
    pub(crate) copies: Copies,
    /// The methods whose params the table names.
    pub(crate) named: BTreeSet<String>,
}

/// Reports the entries of the table that do not apply. `named` holds the methods of those that do.
pub(crate) fn report_unused(named: &BTreeSet<String>, report: &mut Report) {
    report_unused_of(NAMES, named, report);
}

fn report_unused_of(table: &[(&str, &str)], named: &BTreeSet<String>, report: &mut Report) {
    for (method, _) in table.iter().filter(|(method, _)| !named.contains(*method)) {
        let sentence = "the table names its params, but the schema does too, or has no such method";
        report.add(Kind::Stale, *method, sentence, PLACE);
    }
}

fn separate_by(
    table: &[(&str, &str)],
    definitions: &mut Definitions,
    stable: &mut Definitions,
    report: &mut Report,
) -> Separated {
    let mut users = BTreeMap::new();
    let mut separated = Separated::default();
    for union in MESSAGES {
        let Some(mut schema) = definitions.remove(*union) else {
            continue;
        };
        for member in union_members_mut(&mut schema).into_iter().flatten() {
            let Some(method) = method_of(member).map(str::to_owned) else {
                continue;
            };
            let mut params = Params {
                union,
                method: &method,
                table,
                separated: &mut separated,
                definitions,
                stable,
                report,
            };
            params.separate(member, &mut users);
        }
        definitions.insert((*union).to_owned(), schema);
    }
    separated
}

/// The method of a member of a message union.
pub(crate) fn method_of(member: &Value) -> Option<&str> {
    let method = member.get("properties")?.get("method")?;
    let values = method.get("enum").and_then(Value::as_array);
    match values.map(Vec::as_slice) {
        Some([only]) => only.as_str(),
        Some(_) => None,
        None => method.get("const")?.as_str(),
    }
}

/// The definition of the params: a reference, or a nullable reference.
pub(crate) fn referenced(params: &Value) -> Option<&str> {
    let reference = match params.get("anyOf").and_then(Value::as_array) {
        Some(members) => match members.as_slice() {
            [one, other] if is_null(other) => one.get("$ref"),
            _ => None,
        },
        None => params.get("$ref"),
    };
    reference?.as_str().and_then(reference_name)
}

fn is_null(schema: &Value) -> bool {
    *schema == json!({ "type": "null" })
}

fn is_object(definition: &Value) -> bool {
    let is_union = ["oneOf", "anyOf"]
        .iter()
        .any(|key| definition.get(key).is_some());
    definition.get("type") == Some(&json!("object")) && !is_union
}

/// Whether the type of a definition is an alias, which cannot implement a trait for one method.
fn is_alias(definition: &Value) -> bool {
    let ty = definition.get("type").and_then(Value::as_str);
    let is_nullable =
        definition.get("type").is_some_and(Value::is_array) || referenced(definition).is_some();
    is_nullable || matches!(ty, Some("array" | "boolean" | "integer" | "number"))
}

/// The suffix of the names of params types.
pub(crate) fn suffix(union: &str) -> &'static str {
    if union.ends_with("Notification") {
        "Notification"
    } else {
        "Params"
    }
}

/// The params of one method.
struct Params<'a> {
    union: &'a str,
    method: &'a str,
    table: &'a [(&'a str, &'a str)],
    separated: &'a mut Separated,
    definitions: &'a mut Definitions,
    stable: &'a mut Definitions,
    report: &'a mut Report,
}

impl Params<'_> {
    fn separate(&mut self, member: &mut Value, users: &mut BTreeMap<String, String>) {
        let schema = member["properties"]
            .get("params")
            .filter(|params| !is_null(params));
        let is_request = self.union.ends_with("Request");
        let Some(schema) = schema.cloned() else {
            // The client sends requests and notifications without params; those of the server are
            // read into a type.
            if self.union.starts_with("Server") {
                let empty = json!({ "type": "object" });
                let name = self.define(empty, "it has no params");
                self.refer(member, &name);
            }
            return;
        };
        let Some(name) = referenced(&schema).map(str::to_owned) else {
            let name = self.define(schema, "its params have no name");
            return self.refer(member, &name);
        };
        let definition = self.definitions.get(&name).cloned().unwrap_or_default();
        if self.union == "ServerNotification" && !is_object(&definition) {
            let open = json!({ "type": "object", "additionalProperties": true });
            self.replace(member, &name, open, "are not an object");
        } else if is_request && is_alias(&definition) {
            self.replace(member, &name, json!({}), "have no type of their own");
        } else if let Some(other) = users.get(&name).filter(|_| is_request) {
            let reason = format!("it shares `{name}` with `{other}`");
            let copy = self.define(definition, &reason);
            self.refer(member, &copy);
            self.separated.copies.add(copy, name);
        } else if is_request {
            users.insert(name, self.method.to_owned());
        }
    }

    /// Gives the method wider params than the definition, which stays as it is for its other users.
    fn replace(&mut self, member: &mut Value, definition: &str, wide: Value, reason: &str) {
        let sentence = format!("the params `{definition}` {reason}");
        self.report
            .add(Kind::Widened, self.method, &sentence, PLACE);
        let name = self.define(wide, &sentence);
        self.refer(member, &name);
    }

    /// Adds a definition named after the method, or as the table says.
    fn define(&mut self, schema: Value, reason: &str) -> String {
        let listed = self.table.iter().find(|(method, _)| *method == self.method);
        let wanted = match listed {
            Some((_, name)) => (*name).to_owned(),
            None => format!("{}{}", names::pascal(self.method), suffix(self.union)),
        };
        let name = names::unused(&wanted, |name| self.definitions.contains_key(name));
        if listed.is_some() {
            self.separated.named.insert(self.method.to_owned());
        }
        if listed.is_none() || name != wanted {
            let sentence = format!("{reason}; its params type is named `{name}`");
            self.report.add(Kind::Guess, self.method, sentence, PLACE);
        }
        if methods(self.stable.get(self.union)).contains(self.method) {
            self.stable.insert(name.clone(), schema.clone());
        }
        self.definitions.insert(name.clone(), schema);
        name
    }

    fn refer(&self, member: &mut Value, name: &str) {
        member["properties"]["params"] = json!({ "$ref": format!("#/definitions/{name}") });
    }
}

/// The methods of a message union.
pub(crate) fn methods(union: Option<&Value>) -> BTreeSet<String> {
    let members = union.and_then(union_members);
    let methods = members.into_iter().flatten().filter_map(method_of);
    methods.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Separates the params of the members of one union, and returns the definitions.
    fn separated(union: &str, members: &[(&str, Value)]) -> (Definitions, Report) {
        let (definitions, _, report) = separated_by(&[], union, members);
        (definitions, report)
    }

    fn separated_by(
        table: &[(&str, &str)],
        union: &str,
        members: &[(&str, Value)],
    ) -> (Definitions, Copies, Report) {
        let members = members.iter().map(|(method, params)| {
            json!({ "properties": { "method": { "enum": [method] }, "params": params } })
        });
        let members: Vec<_> = members.collect();
        let mut definitions: Definitions = [
            (union.to_owned(), json!({ "oneOf": members })),
            ("SharedParams".to_owned(), json!({ "type": "object" })),
            ("List".to_owned(), json!({ "type": "array" })),
        ]
        .into();
        let mut stable = definitions.clone();
        let mut report = Report::default();
        let separated = separate_by(table, &mut definitions, &mut stable, &mut report);
        report_unused_of(table, &separated.named, &mut report);
        (definitions, separated.copies, report)
    }

    fn reference(definitions: &Definitions, union: &str, index: usize) -> String {
        let params = &definitions[union]["oneOf"][index]["properties"]["params"];
        referenced(params).unwrap_or_default().to_owned()
    }

    #[test]
    fn the_second_user_of_the_same_params_gets_a_copy() {
        let shared = json!({ "$ref": "#/definitions/SharedParams" });
        let union = "ClientRequest";
        let (definitions, report) = separated(union, &[("a/b", shared.clone()), ("c/d", shared)]);
        assert_eq!(reference(&definitions, union, 0), "SharedParams");
        assert_eq!(reference(&definitions, union, 1), "CDParams");
        assert_eq!(definitions["CDParams"], definitions["SharedParams"]);
        assert!(report.to_string().contains("with `a/b`"), "{report}");
    }

    #[test]
    fn the_table_names_params_and_an_entry_that_names_none_is_stale() {
        let shared = json!({ "$ref": "#/definitions/SharedParams" });
        let members = [
            ("a/b", shared.clone()),
            ("c/d", shared.clone()),
            ("e", shared),
        ];
        let table = [("c/d", "OwnParams"), ("e", "List"), ("a/b", "NoParams")];
        let (definitions, copies, report) = separated_by(&table, "ClientRequest", &members);
        assert_eq!(definitions["OwnParams"], definitions["SharedParams"]);
        assert_eq!(copies.original("OwnParams"), "SharedParams");
        assert_eq!(copies.original("SharedParams"), "SharedParams");
        // The name of the last one is taken.
        let entries = [Kind::Guess, Kind::Stale].map(|kind| {
            let entries = report.of(kind).map(|entry| entry.subject.clone());
            entries.collect::<Vec<_>>()
        });
        assert_eq!(entries, [vec!["e"], vec!["a/b"]], "{report}");
    }

    #[test]
    fn notifications_may_share_params() {
        let shared = json!({ "$ref": "#/definitions/SharedParams" });
        let union = "ServerNotification";
        let (_, report) = separated(union, &[("a/b", shared.clone()), ("c/d", shared)]);
        report.refuse().unwrap();
    }

    #[test]
    fn params_that_cannot_hold_their_method_are_widened_for_this_method_alone() {
        let list = json!({ "$ref": "#/definitions/List" });
        let object = json!({ "type": "object", "additionalProperties": true });
        for (union, name, wide) in [
            ("ServerNotification", "AskNotification", object),
            ("ClientRequest", "AskParams", json!({})),
        ] {
            let (definitions, report) = separated(union, &[("ask", list.clone())]);
            assert_eq!(reference(&definitions, union, 0), name);
            assert_eq!(definitions[name], wide);
            assert_eq!(definitions["List"], json!({ "type": "array" }));
            assert_eq!(report.count(Kind::Widened), 1, "{report}");
        }
    }

    #[test]
    fn messages_of_the_server_without_params_get_an_empty_type() {
        for (union, name) in [
            ("ServerRequest", "AskParams"),
            ("ServerNotification", "AskNotification"),
        ] {
            let (definitions, report) = separated(union, &[("ask", json!({ "type": "null" }))]);
            assert_eq!(reference(&definitions, union, 0), name);
            assert_eq!(definitions[name], json!({ "type": "object" }));
            assert_eq!(report.count(Kind::Guess), 1);
        }
        let (_, report) = separated("ClientRequest", &[("ask", json!({ "type": "null" }))]);
        report.refuse().unwrap();
    }

    #[test]
    fn inline_params_become_a_definition() {
        let inline = json!({ "type": "object", "properties": { "a": {} } });
        let (definitions, report) = separated("ClientRequest", &[("ask", inline.clone())]);
        assert_eq!(reference(&definitions, "ClientRequest", 0), "AskParams");
        assert_eq!(definitions["AskParams"], inline);
        assert_eq!(report.count(Kind::Guess), 1);
    }
}
