//! The methods of the protocol, with the params and response of each.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    load::Definitions,
    model::{Copies, MessageUnion, Method},
    names,
    normalise::union_members,
    params,
    report::{Kind, Place, Report},
    responses::{self, Request},
    tables::{MESSAGES, Tables},
};

const MEMBERS: Place = Place::new("methods.rs", "rows");

/// Reads the four message unions and finds the response of each request.
///
/// `names` holds the definitions of the schema itself, without the hoisted ones.
pub(crate) fn unions(
    definitions: &Definitions,
    stable: &Definitions,
    names: &BTreeSet<String>,
    copies: &Copies,
    tables: &mut Tables,
    report: &mut Report,
) -> Vec<MessageUnion> {
    let mut unions = Vec::new();
    for name in MESSAGES {
        let Some(schema) = definitions.get(*name) else {
            continue;
        };
        let rows = rows(name, schema, report);
        let stable = params::methods(stable.get(*name));
        let mut methods = Vec::new();
        for (row, ident) in rows.iter().zip(idents(name, &rows, report)) {
            methods.push(Method {
                method: row.method.clone(),
                ident,
                params: row.params.clone(),
                response: None,
                docs: row
                    .docs
                    .as_deref()
                    .and_then(|docs| tables.strip_heading(docs)),
                experimental: !stable.contains(&row.method),
            });
        }
        unions.push(MessageUnion {
            name: (*name).to_owned(),
            docs: schema["description"].as_str().map(str::to_owned),
            methods,
        });
    }
    find_responses(&mut unions, names, copies, report);
    unions
}

/// A member of a message union.
struct Row {
    method: String,
    params: Option<String>,
    docs: Option<String>,
}

/// Reads the members of a message union. A member that is not understood is left out: its messages
/// are read as `Unrecognized`.
fn rows(name: &str, union: &Value, report: &mut Report) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let members = union_members(union).map_or(&[][..], Vec::as_slice);
    if members.is_empty() {
        report.add(Kind::LeftOut, name, "a union without members", MEMBERS);
    }
    for (index, member) in members.iter().enumerate() {
        let mut leave_out = |sentence: &str| {
            report.add(Kind::LeftOut, format!("{name}[{index}]"), sentence, MEMBERS);
        };
        let Some(method) = params::method_of(member) else {
            leave_out("a member without a method");
            continue;
        };
        if rows.iter().any(|row| row.method == method) {
            leave_out(&format!("a second member with the method `{method}`"));
            continue;
        }
        rows.push(Row {
            method: method.to_owned(),
            params: params::referenced(&member["properties"]["params"]).map(str::to_owned),
            docs: member["description"].as_str().map(str::to_owned),
        });
    }
    rows
}

/// The name of the variant of each method: that of its params, unless several methods share them.
fn idents(union: &str, rows: &[Row], report: &mut Report) -> Vec<String> {
    let mut uses = BTreeMap::<_, usize>::new();
    for row in rows {
        *uses.entry(&row.params).or_default() += 1;
    }
    let mut taken: BTreeSet<String> = ["Self", "Unrecognized"].map(str::to_owned).into();
    let mut idents = Vec::new();
    for row in rows {
        let of_params = row.params.as_deref().filter(|_| uses[&row.params] == 1);
        let suffix = params::suffix(union);
        let wanted = match of_params {
            Some(params) => params
                .strip_suffix(suffix)
                .filter(|rest| !rest.is_empty())
                .unwrap_or(params)
                .to_owned(),
            None => names::pascal(&row.method),
        };
        let ident = names::unused(&wanted, |name| name.is_empty() || taken.contains(name));
        if ident != wanted {
            report.add(
                Kind::Guess,
                &row.method,
                format!("the variant is named `{ident}`, because `{wanted}` is taken"),
                Place::new("methods.rs", "idents"),
            );
        }
        taken.insert(ident.clone());
        idents.push(ident);
    }
    idents
}

/// Assigns a response to each request. `copies` holds the params that are copies of
/// a definition.
fn find_responses(
    unions: &mut [MessageUnion],
    names: &BTreeSet<String>,
    copies: &Copies,
    report: &mut Report,
) {
    let requests = unions
        .iter_mut()
        .filter(|union| union.name.ends_with("Request"));
    let mut methods: Vec<_> = requests.flat_map(|union| &mut union.methods).collect();
    let requests: Vec<_> = methods
        .iter()
        .map(|method| Request::of(method, copies))
        .collect();
    let names = names.iter().map(String::as_str).collect();
    let found = responses::find(&requests, &names, report);
    for (method, response) in methods.iter_mut().zip(found) {
        method.response = response;
    }
}
