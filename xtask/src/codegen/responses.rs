//! Finds the type of the response of each request. The schema does not name it: it follows from the
//! name of the params, from the method, or from a table.

use std::collections::BTreeSet;

use super::{
    model::{Copies, Method, Model},
    names,
    report::{Kind, Place, Report},
};

/// Responses that do not follow from the name of the params or method. `Value` confirms that the
/// schema defines none.
const RESPONSES: &[(&str, &str)] = &[
    ("account/gatewayOAuth/cancel", "GatewayOAuthCancelResponse"),
    ("account/logout", "LogoutAccountResponse"),
    (
        "account/securitySetup/read",
        "GetAccountSecuritySetupResponse",
    ),
    (
        "account/workspaceMessages/read",
        "GetWorkspaceMessagesResponse",
    ),
    ("accountSession/list", "AccountSessionsResponse"),
    ("config/batchWrite", "ConfigWriteResponse"),
    ("config/mcpServer/reload", "McpServerRefreshResponse"),
    ("config/value/write", "ConfigWriteResponse"),
    (
        "externalAgentConfig/import/readHistories",
        "ExternalAgentConfigImportHistoriesReadResponse",
    ),
];

const PLACE: Place = Place::new("responses.rs", "RESPONSES");

/// A response of this name stands for any value.
const ANY: &str = "Value";

/// A request whose response is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// The definition of its params in the schema.
    pub(crate) params: Option<&'a str>,
}

impl<'a> Request<'a> {
    pub(crate) fn of(method: &'a Method, copies: &'a Copies) -> Self {
        let params = method.params.as_deref();
        Self {
            method: &method.method,
            params: params.map(|name| copies.original(name)),
        }
    }
}

/// Returns the response of each request, in order; `None` stands for any value. Reports responses
/// that are guesses, and requests and responses without each other.
pub(crate) fn find(
    requests: &[Request<'_>],
    definitions: &BTreeSet<&str>,
    report: &mut Report,
) -> Vec<Option<String>> {
    find_by(RESPONSES, requests, definitions, report)
}

fn find_by(
    table: &[(&str, &str)],
    requests: &[Request<'_>],
    definitions: &BTreeSet<&str>,
    report: &mut Report,
) -> Vec<Option<String>> {
    let listed = |method: &str| {
        let row = table.iter().find(|(row, _)| *row == method);
        row.map(|(_, response)| *response)
    };
    let by_rule = |request: &Request<'_>| {
        let table = listed(request.method).map(str::to_owned);
        let candidates = table.into_iter().chain(by_names(request));
        let mut defined = candidates.filter(|name| definitions.contains(name.as_str()));
        defined.next()
    };
    let mut found: Vec<_> = requests.iter().map(by_rule).collect();
    let mut taken: BTreeSet<String> = found.iter().flatten().cloned().collect();
    for (request, response) in requests.iter().zip(&mut found) {
        if response.is_some() || listed(request.method) == Some(ANY) {
            continue;
        }
        *response = similar(request.method, definitions, &taken);
        let sentence = match &response {
            Some(response) => format!("the response is `{response}`, because the name is similar"),
            None => "no response found; it is `Value`".to_owned(),
        };
        report.add(Kind::Guess, request.method, sentence, PLACE);
        taken.extend(response.clone());
    }
    if taken.is_empty() {
        return found; // A test schema without responses.
    }
    let is_unused = |name: &&&str| {
        name.ends_with("Response") && !name.starts_with("JSONRPC") && !taken.contains(**name)
    };
    for name in definitions.iter().filter(is_unused) {
        report.add(
            Kind::Guess,
            *name,
            "the response belongs to no method",
            PLACE,
        );
    }
    found
}

/// The names that the response can have by those of the params and of the method.
fn by_names(request: &Request<'_>) -> impl Iterator<Item = String> + use<> {
    let of_params = request.params.and_then(|name| name.strip_suffix("Params"));
    let of_params = of_params.map(str::to_owned);
    let names = of_params.into_iter().chain([names::pascal(request.method)]);
    names.map(|name| format!("{name}Response"))
}

/// The only response with a similar name that belongs to no other request. Of two similar names,
/// neither is good enough.
fn similar(method: &str, definitions: &BTreeSet<&str>, taken: &BTreeSet<String>) -> Option<String> {
    let free = |name: &&&str| name.ends_with("Response") && !taken.contains(**name);
    let mut similar = definitions
        .iter()
        .filter(free)
        .filter(|name| is_similar(method, name));
    match (similar.next(), similar.next()) {
        (Some(only), None) => Some((*only).to_owned()),
        _ => None,
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

/// Reports the entries of the table that do not apply.
pub(crate) fn report_unused(model: &Model, report: &mut Report) {
    let methods = ["ClientRequest", "ServerRequest"].map(|union| model.methods(union));
    let requests: Vec<_> = methods
        .into_iter()
        .flatten()
        .map(|method| Request::of(method, &model.copies))
        .collect();
    let definitions = model.types.keys().map(String::as_str).collect();
    report_unused_of(RESPONSES, &requests, &definitions, report);
}

fn report_unused_of(
    table: &[(&str, &str)],
    requests: &[Request<'_>],
    definitions: &BTreeSet<&str>,
    report: &mut Report,
) {
    for (method, response) in table {
        let request = requests.iter().find(|request| request.method == *method);
        let sentence = match request {
            None => "the table lists it, but the schema does not contain it".to_owned(),
            // A rule finds a response that the schema defines by now.
            Some(request) if *response == ANY => {
                let mut names = by_names(request);
                match names.find(|name| definitions.contains(name.as_str())) {
                    Some(name) => {
                        format!("the table gives it no response, but `{name}` is defined")
                    }
                    None => continue,
                }
            }
            Some(_) if !definitions.contains(response) => {
                format!("the table gives it the response `{response}`, which is not defined")
            }
            Some(_) => continue,
        };
        report.add(Kind::Stale, *method, sentence, PLACE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The responses of these requests, and the entries about them.
    fn found(
        table: &[(&str, &str)],
        requests: &[(&str, Option<&str>)],
        definitions: &[&str],
    ) -> (Vec<Option<String>>, Vec<String>) {
        let requests: Vec<_> = requests
            .iter()
            .map(|&(method, params)| Request { method, params })
            .collect();
        let mut report = Report::default();
        let definitions = definitions.iter().copied().collect();
        let found = find_by(table, &requests, &definitions, &mut report);
        report_unused_of(table, &requests, &definitions, &mut report);
        let entries = [Kind::Guess, Kind::Stale]
            .into_iter()
            .flat_map(|kind| report.of(kind))
            .map(|entry| format!("{}: {}", entry.subject, entry.sentence));
        (found, entries.collect())
    }

    #[test]
    fn a_response_is_named_like_the_params_or_the_method_or_listed() {
        let (responses, entries) = found(
            &[("a/list", "AllResponse"), ("a/forget", ANY)],
            &[
                ("a/search/stream", Some("ASearchParams")),
                ("a/search", Some("ASearchParams")),
                ("a/reset", None),
                ("a/list", Some("ListParams")),
                ("a/forget", Some("ForgetParams")),
            ],
            &["ASearchResponse", "AResetResponse", "AllResponse"],
        );
        let responses: Vec<_> = responses.iter().map(Option::as_deref).collect();
        let search = Some("ASearchResponse");
        assert_eq!(
            responses,
            [
                search,
                search,
                Some("AResetResponse"),
                Some("AllResponse"),
                None
            ]
        );
        assert_eq!(entries, [""; 0]);
    }

    #[test]
    fn guesses_and_leftovers_are_reported() {
        let (responses, entries) = found(
            &[],
            &[("a/b/read", None), ("a/c", None), ("a/d", None)],
            &["BReadResponse", "ADResponse", "OtherResponse"],
        );
        let responses: Vec<_> = responses.iter().map(Option::as_deref).collect();
        assert_eq!(responses, [Some("BReadResponse"), None, Some("ADResponse")]);
        assert_eq!(
            entries,
            [
                "OtherResponse: the response belongs to no method",
                "a/b/read: the response is `BReadResponse`, because the name is similar",
                "a/c: no response found; it is `Value`",
            ]
        );
    }

    #[test]
    fn entries_that_do_not_apply_are_stale() {
        let (responses, entries) = found(
            &[("a/b", ANY), ("a/c", "GoneResponse"), ("a/gone", ANY)],
            &[("a/b", Some("BParams")), ("a/c", None)],
            &["BResponse"],
        );
        assert_eq!(responses, [Some("BResponse".to_owned()), None]);
        let stale = &entries[1..];
        assert_eq!(
            stale,
            [
                "a/b: the table gives it no response, but `BResponse` is defined",
                "a/c: the table gives it the response `GoneResponse`, which is not defined",
                "a/gone: the table lists it, but the schema does not contain it",
            ]
        );
    }

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
