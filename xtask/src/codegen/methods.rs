//! The methods of the protocol, with the params and response of each.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::{
    load::{Definitions, reference_name},
    model::{MessageUnion, Method},
    names,
    report::{self, Place, Report},
    tables::{MESSAGES, Tables},
};

/// Reads the four message unions and finds the response of each request.
///
/// `names` holds the definitions of the schema itself, without the hoisted ones.
pub(crate) fn unions(
    definitions: &Definitions,
    stable: &Definitions,
    names: &BTreeSet<String>,
    tables: &mut Tables,
    report: &mut Report,
) -> Result<Vec<MessageUnion>> {
    let mut unions = MESSAGES
        .iter()
        .filter(|name| definitions.contains_key(**name))
        .map(|name| {
            let rows = match stable.get(*name) {
                Some(stable) => methods_of(stable)?,
                None => Vec::new(),
            };
            let stable = rows.into_iter().map(|(method, ..)| method).collect();
            message_union(name, &definitions[*name], &stable, tables)
                .with_context(|| format!("union `{name}`"))
        })
        .collect::<Result<Vec<_>>>()?;
    find_responses(&mut unions, names, tables, report)?;
    Ok(unions)
}

/// Method, params and description.
type Row = (String, Option<String>, Option<String>);

/// Reads the members of a message union.
fn methods_of(union: &Value) -> Result<Vec<Row>> {
    let members = union
        .get("oneOf")
        .and_then(Value::as_array)
        .context("not a union")?;
    members
        .iter()
        .map(|member| {
            let properties = &member["properties"];
            let method = properties["method"]["enum"][0]
                .as_str()
                .context("a member without `method`")?;
            let docs = member["description"].as_str().map(str::to_owned);
            Ok((method.to_owned(), params(&properties["params"])?, docs))
        })
        .collect()
}

/// The definition of the params: a reference, a nullable reference, or nothing.
fn params(schema: &Value) -> Result<Option<String>> {
    let null = json!({ "type": "null" });
    if schema.is_null() || *schema == null {
        return Ok(None);
    }
    let reference = match schema["anyOf"].as_array().map(Vec::as_slice) {
        Some([one, other]) if *other == null => &one["$ref"],
        _ => &schema["$ref"],
    };
    match reference.as_str().and_then(reference_name) {
        Some(name) => Ok(Some(name.to_owned())),
        None => bail!("unsupported params schema: {schema}"),
    }
}

fn message_union(
    name: &str,
    union: &Value,
    stable: &BTreeSet<String>,
    tables: &mut Tables,
) -> Result<MessageUnion> {
    let rows = methods_of(union)?;
    let mut uses = BTreeMap::<_, usize>::new();
    for (_, params, _) in &rows {
        *uses.entry(params.clone()).or_default() += 1;
    }
    let suffix = if name.ends_with("Notification") {
        "Notification"
    } else {
        "Params"
    };
    let mut methods = Vec::new();
    for (method, params, docs) in rows {
        // The variant is named after its params, unless several methods share them.
        let ident = match &params {
            Some(params) if uses[&Some(params.clone())] == 1 => {
                params.strip_suffix(suffix).unwrap_or(params).to_owned()
            }
            _ => names::pascal(&method),
        };
        let experimental = !stable.contains(&method);
        let docs = docs.and_then(|docs| tables.strip_heading(&docs));
        methods.push(Method {
            method,
            ident,
            params,
            response: None,
            docs,
            experimental,
        });
    }
    let distinct: BTreeSet<_> = methods.iter().map(|method| &method.ident).collect();
    ensure!(
        distinct.len() == methods.len(),
        "two methods produce the same variant"
    );
    let docs = union["description"].as_str().map(str::to_owned);
    Ok(MessageUnion {
        name: name.to_owned(),
        docs,
        methods,
    })
}

/// Assigns a response to each request. Every response must belong to a request, and vice versa.
fn find_responses(
    unions: &mut [MessageUnion],
    definitions: &BTreeSet<String>,
    tables: &mut Tables,
    report: &mut Report,
) -> Result<()> {
    let mut taken = BTreeSet::new();
    let mut params_seen = BTreeSet::new();
    for union in unions
        .iter_mut()
        .filter(|union| union.name.ends_with("Request"))
    {
        for method in &mut union.methods {
            let by_params = method
                .params
                .as_deref()
                .and_then(|params| Some(format!("{}Response", params.strip_suffix("Params")?)));
            let by_method = format!("{}Response", names::pascal(&method.method));
            let listed = tables.response(&method.method);
            if let Some(response) = listed.filter(|name| !definitions.contains(*name)) {
                report.add(
                    report::Kind::Stale,
                    &method.method,
                    format!("the table gives it the response `{response}`, which is not defined"),
                    Place::new("tables.rs", "RESPONSES"),
                );
            }
            let response = match listed.filter(|name| definitions.contains(*name)) {
                Some(response) => response.to_owned(),
                None => by_params
                    .into_iter()
                    .chain([by_method])
                    .find(|name| definitions.contains(name))
                    .with_context(|| {
                        format!(
                            "no response found for `{}`; add one to tables.rs",
                            method.method
                        )
                    })?,
            };
            taken.insert(response.clone());
            method.response = Some(response);
            if let Some(params) = &method.params {
                ensure!(
                    params_seen.insert(params.clone()),
                    "two methods share the params `{params}`"
                );
            }
        }
    }
    if taken.is_empty() {
        return Ok(()); // A test schema without requests.
    }
    let unused = definitions.iter().find(|name| {
        name.ends_with("Response") && !name.starts_with("JSONRPC") && !taken.contains(*name)
    });
    ensure!(
        unused.is_none(),
        "{unused:?} belongs to no method; see `RESPONSES` in tables.rs"
    );
    Ok(())
}
