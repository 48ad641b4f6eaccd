//! Lists the decisions on small protocols.

use serde_json::{Map, Value, json};

use super::*;
use crate::codegen::report;

/// A protocol with methods by union, each with the type of its params, and with definitions.
fn protocol(version: &str, methods: &[(&str, &str, &str)], v2: &Value) -> Protocol {
    let mut definitions = Map::new();
    for (union, method, params) in methods {
        let member = json!({"properties": {
            "method": {"enum": [method]}, "params": {"$ref": format!("#/definitions/v2/{params}")}}});
        let union = definitions
            .entry(*union)
            .or_insert_with(|| json!({"oneOf": []}));
        union["oneOf"].as_array_mut().unwrap().push(member);
    }
    definitions.insert("v2".to_owned(), v2.clone());
    let bundle = json!({ "definitions": definitions });
    Protocol::read(version, &bundle, &bundle).unwrap()
}

fn object(fields: &[&str]) -> Value {
    let fields = fields.iter().map(|name| ((*name).to_owned(), json!({})));
    json!({"type": "object", "properties": fields.collect::<Map<_, _>>()})
}

fn tagged(kinds: &[&str]) -> Value {
    let members = kinds.iter().map(|kind| {
        json!({"type": "object", "required": ["type"], "properties": {"type": {"enum": [kind]}}})
    });
    json!({"oneOf": members.collect::<Vec<_>>()})
}

/// The titles and the items of the list.
fn lines(old: Protocol, new: Protocol) -> Vec<String> {
    let workspace = Workspace {
        words: ["TurnStartParams".to_owned()].into(),
        ..Workspace::default()
    };
    let text = render(&Comparison::of(old, new), None, &workspace);
    text.lines()
        .filter(|line| line.starts_with("## ") || line.starts_with("- [ ] "))
        .map(str::to_owned)
        .collect()
}

/// The changes of a type from one schema to another.
fn of_type(name: &str, old: &Value, new: &Value) -> Vec<String> {
    lines(
        protocol("1.0.0", &[], &json!({ name: old })),
        protocol("1.1.0", &[], &json!({ name: new })),
    )
}

#[test]
fn a_new_server_request_asks_for_its_response() {
    let v2 = json!({"AskParams": object(&[]), "AskResponse": object(&[])});
    assert_eq!(
        lines(
            protocol("1.0.0", &[], &v2),
            protocol("1.1.0", &[("ServerRequest", "user/ask", "AskParams")], &v2)
        ),
        [
            "## Server requests",
            "- [ ] added `user/ask`: `AskParams → AskResponse`"
        ]
    );
}

#[test]
fn a_new_notification_comes_with_the_ids_that_route_it() {
    let v2 = json!({"A": object(&["threadId", "turnId", "text"]), "B": object(&["text"])});
    let methods = [
        ("ServerNotification", "turn/a", "A"),
        ("ServerNotification", "b", "B"),
    ];
    assert_eq!(
        lines(
            protocol("1.0.0", &[], &v2),
            protocol("1.1.0", &methods, &v2)
        ),
        [
            "## Notifications",
            "- [ ] added `b`: `B`, without an id",
            "- [ ] added `turn/a`: `A`, with `threadId`, `turnId`"
        ]
    );
}

#[test]
fn a_new_kind_of_item_and_a_new_part_of_one_have_sections_of_their_own() {
    assert_eq!(
        of_type(
            "ThreadItem",
            &tagged(&["plan", "text"]),
            &tagged(&["plan", "song", "text"])
        ),
        [
            "## Items and inputs",
            "- [ ] added `ThreadItem::song`: `object`"
        ]
    );
    let with_mood = |values: &[&str]| {
        let mut union = tagged(&["plan", "text"]);
        union["oneOf"][0]["properties"]["mood"] = json!({ "enum": values });
        union
    };
    let (old, new) = (with_mood(&["calm"]), with_mood(&["calm", "glad"]));
    assert_eq!(
        of_type("ThreadItem", &old, &new),
        [
            "## Parts of items and inputs",
            "- [ ] added `ThreadItem::plan.mood::glad`"
        ]
    );
}

#[test]
fn a_field_of_a_type_inside_of_an_item_is_a_part_of_the_item() {
    let release = |version, fields: &[&str]| {
        let mut item = tagged(&["plan"]);
        item["oneOf"][0]["properties"]["steps"] =
            json!({"type": "array", "items": {"$ref": "#/definitions/v2/Step"}});
        let mut v2 = json!({"ThreadItem": item, "Step": object(&["next"]),
            "Stepping": object(fields), "StepState": object(fields)});
        v2["Step"]["properties"]["state"] = json!({"$ref": "#/definitions/v2/StepState"});
        protocol(version, &[], &v2)
    };
    assert_eq!(
        lines(release("1.0.0", &[]), release("1.1.0", &["mood"])),
        [
            "## Parts of items and inputs",
            "- [ ] added `StepState.mood`: `any, optional`"
        ]
    );
}

#[test]
fn a_new_value_of_a_status_or_decision_is_listed_named_or_inline() {
    let values = |values: &[&str]| json!({ "enum": values });
    let (old, new) = (values(&["a"]), values(&["a", "b"]));
    for name in ["TurnStatus", "ReviewDecision", "CommandApprovalKind"] {
        assert_eq!(
            of_type(name, &old, &new),
            [
                "## Statuses and decisions".to_owned(),
                format!("- [ ] added `{name}::b`")
            ]
        );
    }
    let inline = |status: &Value| json!({"type": "object", "properties": {"status": status}});
    assert_eq!(
        of_type("Turn", &inline(&old), &inline(&new)),
        ["## Statuses and decisions", "- [ ] added `Turn.status::b`"]
    );
    assert_eq!(of_type("PlanType", &old, &new), Vec::<String>::new());
    // A lost value breaks clients, and is listed once.
    assert_eq!(
        of_type("TurnStatus", &new, &old),
        ["## Breaking changes", "- [ ] removed `TurnStatus::b`"]
    );
}

#[test]
fn a_breaking_change_says_whether_the_types_keep_what_is_removed() {
    let v2 = |values: &[&str]| json!({"TurnStatus": {"enum": values}});
    let (old, new) = (
        protocol("1.0.0", &[], &v2(&["a", "b", "c"])),
        protocol("1.1.0", &[], &v2(&["a"])),
    );
    let comparison = Comparison::of(old, new).keeping(&["TurnStatus::b"]);
    let text = render(&comparison, None, &Workspace::default());
    for line in [
        "- [ ] removed `TurnStatus::b`, which the types keep for older servers",
        "- [ ] removed `TurnStatus::c`",
    ] {
        assert!(text.lines().any(|it| it == line), "{line}: {text}");
    }
}

#[test]
fn a_new_field_counts_only_in_a_type_that_the_client_names() {
    let methods = [
        ("ClientRequest", "turn/start", "TurnStartParams"),
        ("ClientRequest", "turn/other", "OtherParams"),
    ];
    let release = |version, fields: &[&str]| {
        let v2 = json!({"TurnStartParams": object(fields), "OtherParams": object(fields)});
        protocol(version, &methods, &v2)
    };
    assert_eq!(
        lines(release("1.0.0", &[]), release("1.1.0", &["mood"])),
        [
            "## Fields of types that the client names",
            "- [ ] added `TurnStartParams.mood`: `any, optional`"
        ]
    );
}

#[test]
fn errors_and_client_requests_have_sections_of_their_own() {
    let release = |version, methods: &[_], values: &[&str]| {
        let v2 = json!({"CodexErrorInfo": {"enum": values}, "DoParams": object(&[])});
        protocol(version, methods, &v2)
    };
    assert_eq!(
        lines(
            release("1.0.0", &[], &[]),
            release(
                "1.1.0",
                &[("ClientRequest", "do", "DoParams")],
                &["hookDenied"]
            )
        ),
        [
            "## Errors",
            "- [ ] added `CodexErrorInfo::hookDenied`",
            "## Client requests",
            "- [ ] added `do`: `DoParams`"
        ]
    );
}

#[test]
fn the_list_names_both_releases_and_contains_the_report_and_the_pages() {
    let comparison = || {
        Comparison::of(
            protocol("1.0.0", &[], &json!({})),
            protocol("1.1.0", &[], &json!({})),
        )
    };
    let text = render(&comparison(), None, &Workspace::default());
    assert!(
        text.starts_with("# Codex 1.0.0 → 1.1.0: decisions\n"),
        "{text}"
    );
    assert!(text.contains("The changes raise no question."), "{text}");

    let mut report = Report::default();
    let place = report::Place::new("responses.rs", "RESPONSES");
    report.add(report::Kind::Guess, "do", "the response is `Value`", place);
    let workspace = Workspace {
        mentions: vec!["`README.md:2`: Codex 1.0.0".to_owned()],
        ..Workspace::default()
    };
    let text = render(&comparison(), Some(&report), &workspace);
    for part in [
        "## Pages that name the older release",
        "- [ ] `README.md:2`: Codex 1.0.0",
        "## Report of the generator",
        "  `do`: the response is `Value` (RESPONSES in xtask/src/codegen/responses.rs)\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.ends_with("\n```\n"), "{text}");
}

#[test]
fn ticked_boxes_stay_ticked() {
    let old = "- [x] a\n- [ ] b\n- [x] gone\n";
    let new = "# New\n- [ ] a\n- [ ] b\n- [ ] c\n";
    assert_eq!(keep_ticks(old, new), "# New\n- [x] a\n- [ ] b\n- [ ] c\n");
}
