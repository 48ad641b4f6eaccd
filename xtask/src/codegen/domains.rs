//! Assigns each definition to a domain of the protocol. Each domain is a file.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Kind, Model};

/// Domains by the first segment of a method name. All other methods belong to `server`.
const BY_METHOD: &[(&str, &[&str])] = &[
    (
        "account",
        &[
            "account",
            "accountSession",
            "userVerification",
            "attestation",
        ],
    ),
    (
        "apps",
        &["app", "plugin", "marketplace", "skills", "hooks", "hook"],
    ),
    (
        "approval",
        &[
            "applyPatchApproval",
            "execCommandApproval",
            "autoApprovalReview",
        ],
    ),
    (
        "config",
        &[
            "config",
            "configRequirements",
            "configWarning",
            "experimentalFeature",
            "permissionProfile",
            "environment",
            "externalAgentConfig",
        ],
    ),
    ("exec", &["command", "process", "windowsSandbox", "windows"]),
    ("fs", &["fs", "fuzzyFileSearch"]),
    ("item", &["item", "rawResponseItem", "rawResponse"]),
    ("mcp", &["mcpServer", "mcpServerStatus"]),
    ("model", &["model", "modelProvider", "collaborationMode"]),
    ("project", &["project", "threadSection"]),
    ("remote", &["remoteControl"]),
    ("thread", &["thread", "memory", "rollout"]),
    ("turn", &["turn", "review", "error"]),
];

/// Domains by a part of the definition's name, for definitions that no method uses directly.
const BY_NAME: &[(&str, &str)] = &[
    ("Mcp", "mcp"),
    ("ThreadRealtime", "realtime"),
    ("ThreadItem", "item"),
    ("ResponseItem", "response"),
    ("Config", "config"),
    ("Plugin", "apps"),
    ("Hook", "apps"),
    ("Skill", "apps"),
];

/// The module documentation of a domain.
pub(crate) fn about(domain: &str) -> &'static str {
    match domain {
        "account" => "Accounts, login and user verification.",
        "apps" => "Apps, plugins, skills and hooks.",
        "approval" => "Legacy approvals and automatic review.",
        "config" => "Configuration, requirements, environments and experimental features.",
        "exec" => "Commands and processes outside of turns, and the Windows sandbox.",
        "fs" => "File access and file search.",
        "item" => "Turn items, their progress and the approvals they request.",
        "mcp" => "MCP servers, their tools and elicitations.",
        "messages" => "The message unions.",
        "methods" => "The method tables, and the `Request` and `ServerCall` implementations.",
        "model" => "Models and their providers.",
        "project" => "Projects and thread sections.",
        "realtime" => "Realtime conversations.",
        "releases" => "The pinned release, and the first releases of the methods.",
        "remote" => "Remote control.",
        "request" => "Unit structs for the requests without parameters.",
        "response" => "Items of the Responses API.",
        "shared" => "Types that several domains use.",
        "thread" => "Threads.",
        "turn" => "Turns and reviews.",
        _ => "The server itself: handshake, warnings, feedback and others.",
    }
}

/// Assigns each definition to a domain.
pub(crate) fn assign(model: &Model) -> BTreeMap<String, &'static str> {
    let mut domains = BTreeMap::new();
    for union in &model.unions {
        for method in &union.methods {
            let domain = of_method(&method.method);
            for name in method.params.iter().chain(&method.response) {
                domains.entry(name.clone()).or_insert(domain);
            }
        }
    }
    for (name, ty) in &model.types {
        if matches!(ty.kind, Kind::Messages) {
            domains.insert(name.clone(), "messages");
        }
    }
    for name in model.types.keys() {
        if let Some((_, domain)) = BY_NAME.iter().find(|(part, _)| name.contains(part)) {
            domains.entry(name.clone()).or_insert(domain);
        }
    }
    follow_users(model, &mut domains);
    domains
}

fn of_method(method: &str) -> &'static str {
    if method.starts_with("thread/realtime") {
        return "realtime";
    }
    let first = method.split('/').next().unwrap_or_default();
    let domain = BY_METHOD.iter().find(|(_, firsts)| firsts.contains(&first));
    domain.map_or("server", |(domain, _)| *domain)
}

/// Assigns the other definitions to the domain that uses them, or to `shared` if several do.
fn follow_users(model: &Model, domains: &mut BTreeMap<String, &'static str>) {
    let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for user in model.types.keys() {
        for used in model.references(user) {
            users.entry(used).or_default().insert(user.clone());
        }
    }
    loop {
        let mut settled = Vec::new();
        for name in model
            .types
            .keys()
            .filter(|name| !domains.contains_key(*name))
        {
            let users = users.get(name).cloned().unwrap_or_default();
            let of_users: Option<BTreeSet<_>> = users
                .iter()
                .map(|user| domains.get(user).copied())
                .collect();
            let Some(of_users) = of_users else {
                continue; // Wait until all users are assigned.
            };
            let single = of_users.first().filter(|_| of_users.len() == 1);
            settled.push((name.clone(), single.copied().unwrap_or("shared")));
        }
        if settled.is_empty() {
            break;
        }
        domains.extend(settled);
    }
    for name in model.types.keys() {
        domains.entry(name.clone()).or_insert("shared");
    }
}
