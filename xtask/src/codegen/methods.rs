//! The methods of the protocol, with the params and response of each.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    load::Definitions,
    model::{MessageUnion, Method},
    names,
    normalise::union_members,
    params,
    report::{Kind, Place, Report},
    tables::{MESSAGES, Tables},
};

const MEMBERS: Place = Place::new("methods.rs", "rows");
const RESPONSES: Place = Place::new("tables.rs", "RESPONSES");

/// Reads the four message unions and finds the response of each request.
///
/// `names` holds the definitions of the schema itself, without the hoisted ones.
pub(crate) fn unions(
    definitions: &Definitions,
    stable: &Definitions,
    names: &BTreeSet<String>,
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
    find_responses(&mut unions, names, tables, report);
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

/// Assigns a response to each request. Reports requests without a response, which can be any value,
/// and responses without a request.
fn find_responses(
    unions: &mut [MessageUnion],
    definitions: &BTreeSet<String>,
    tables: &mut Tables,
    report: &mut Report,
) {
    let mut taken = BTreeSet::new();
    let requests = unions
        .iter_mut()
        .filter(|union| union.name.ends_with("Request"));
    let mut methods: Vec<_> = requests.flat_map(|union| &mut union.methods).collect();
    for method in &mut methods {
        method.response = response(method, definitions, tables, report);
        taken.extend(method.response.clone());
    }
    for method in methods
        .iter_mut()
        .filter(|method| method.response.is_none())
    {
        let free = |name: &&String| name.ends_with("Response") && !taken.contains(*name);
        let similar = definitions.iter().filter(free);
        let mut similar = similar.filter(|name| is_similar(&method.method, name));
        // Of two similar names, neither is good enough.
        let similar = match (similar.next(), similar.next()) {
            (Some(only), None) => Some(only.clone()),
            _ => None,
        };
        let sentence = match &similar {
            Some(response) => format!("the response is `{response}`, because the name is similar"),
            None => "no response found; it is `Value`".to_owned(),
        };
        report.add(Kind::Guess, &method.method, sentence, RESPONSES);
        taken.extend(similar.clone());
        method.response = similar;
    }
    if taken.is_empty() {
        return; // A test schema without requests.
    }
    let unused = definitions.iter().filter(|name| {
        name.ends_with("Response") && !name.starts_with("JSONRPC") && !taken.contains(*name)
    });
    for name in unused {
        report.add(
            Kind::Guess,
            name,
            "the response belongs to no method",
            RESPONSES,
        );
    }
}

/// Whether the name of a response is that of the method without its first segments, as in
/// `GatewayOAuthReadResponse` for `account/gatewayOAuth/read`, or with `Get` in place of `read`, as
/// in `GetAccountRateLimitsResponse` for `account/rateLimits/read`.
fn is_similar(method: &str, response: &str) -> bool {
    let name = response.strip_suffix("Response").unwrap_or(response);
    let segments: Vec<_> = method.split('/').collect();
    let without_first = (1..segments.len().saturating_sub(1))
        .any(|first| names::pascal(&segments[first..].join("/")) == name);
    let read = method.strip_suffix("/read").map(names::pascal);
    without_first || read.is_some_and(|read| name.strip_prefix("Get") == Some(&read))
}

fn response(
    method: &Method,
    definitions: &BTreeSet<String>,
    tables: &mut Tables,
    report: &mut Report,
) -> Option<String> {
    let listed = tables.response(&method.method);
    if let Some(response) = listed.filter(|name| !definitions.contains(*name)) {
        let sentence =
            format!("the table gives it the response `{response}`, which is not defined");
        report.add(Kind::Stale, &method.method, sentence, RESPONSES);
    }
    let by_params = method.params.as_deref();
    let by_params = by_params.and_then(|params| params.strip_suffix("Params"));
    let by_method = names::pascal(&method.method);
    let by_rule = by_params.into_iter().chain([by_method.as_str()]);
    let by_rule = by_rule.map(|name| format!("{name}Response"));
    let listed = listed.map(str::to_owned).into_iter();
    listed
        .chain(by_rule)
        .find(|name| definitions.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_similar_response_has_the_words_of_the_method() {
        for (method, response) in [
            ("account/gatewayOAuth/read", "GatewayOAuthReadResponse"),
            ("account/rateLimits/read", "GetAccountRateLimitsResponse"),
        ] {
            assert!(is_similar(method, response), "{method}");
        }
        for (method, response) in [
            ("account/read", "ReadResponse"),
            ("account/usage/read", "GetAccountTokenUsageResponse"),
            ("account/usage/write", "GetAccountUsageResponse"),
        ] {
            assert!(!is_similar(method, response), "{method}");
        }
    }
}
