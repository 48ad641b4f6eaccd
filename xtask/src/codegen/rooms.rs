//! Which file a definition goes into: the domain of the protocol that it belongs to.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Kind, Model};

/// Rooms by the first part of a method; a method with another first part goes to `server`.
const ROOMS: &[(&str, &[&str])] = &[
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

/// Rooms by name, where the use of a definition does not tell.
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

/// What the files are about.
pub(crate) fn about(room: &str) -> &'static str {
    match room {
        "account" => "Accounts, logins and verification of the user.",
        "apps" => "Apps, plugins, skills and hooks.",
        "approval" => "The legacy approvals and the automatic review.",
        "config" => "Configuration, requirements, environments and experimental features.",
        "exec" => "Commands and processes outside of a turn, and the Windows sandbox.",
        "fs" => "Files, and the search for them.",
        "item" => "Items of a turn, their progress and the approvals they ask for.",
        "mcp" => "MCP servers, their tools and elicitations.",
        "messages" => "The unions of messages.",
        "methods" => "Methods as types, and the tables of methods.",
        "model" => "Models and their providers.",
        "project" => "Projects and sections of threads.",
        "realtime" => "Realtime conversations of a thread.",
        "remote" => "Remote control.",
        "request" => "Unit structs for the methods without params.",
        "response" => "Items as the Responses API of a model has them.",
        "shared" => "What several domains use.",
        "thread" => "Threads.",
        "turn" => "Turns and reviews.",
        _ => "The server itself: handshake, warnings, feedback and the rest.",
    }
}

/// Assigns each definition to a room.
pub(crate) fn assign(model: &Model) -> BTreeMap<String, &'static str> {
    let mut rooms = BTreeMap::new();
    for union in &model.unions {
        for method in &union.methods {
            let first = method.method.split('/').next().unwrap_or_default();
            let room = ROOMS.iter().find(|(_, firsts)| firsts.contains(&first));
            let room = if method.method.starts_with("thread/realtime") {
                "realtime"
            } else {
                room.map_or("server", |(room, _)| *room)
            };
            for name in method.params.iter().chain(&method.response) {
                rooms.entry(name.clone()).or_insert(room);
            }
        }
    }
    for (name, ty) in &model.types {
        if matches!(ty.kind, Kind::Messages) {
            rooms.insert(name.clone(), "messages");
        }
    }
    for name in model.types.keys() {
        if let Some((_, room)) = BY_NAME.iter().find(|(part, _)| name.contains(part)) {
            rooms.entry(name.clone()).or_insert(room);
        }
    }
    follow_users(model, &mut rooms);
    rooms
}

/// A definition that one room alone uses belongs there; one that several use is shared.
fn follow_users(model: &Model, rooms: &mut BTreeMap<String, &'static str>) {
    let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for user in model.types.keys() {
        for used in model.references(user) {
            users.entry(used).or_default().insert(user.clone());
        }
    }
    loop {
        let mut settled = Vec::new();
        for name in model.types.keys().filter(|name| !rooms.contains_key(*name)) {
            let users = users.get(name).cloned().unwrap_or_default();
            let of_users: Option<BTreeSet<_>> =
                users.iter().map(|user| rooms.get(user).copied()).collect();
            match of_users
                .map(|rooms| rooms.into_iter().collect::<Vec<_>>())
                .as_deref()
            {
                Some([room]) => settled.push((name.clone(), *room)),
                Some(_) => settled.push((name.clone(), "shared")),
                None => {}
            }
        }
        if settled.is_empty() {
            break;
        }
        rooms.extend(settled);
    }
    for name in model.types.keys() {
        rooms.entry(name.clone()).or_insert("shared");
    }
}
