//! Decides on the fields of small params.

use serde_json::{Value, json};

use super::*;
use crate::codegen::{Tables, build_model};

/// Decides on the fields of the params of a request, and returns the clearable ones.
fn decide_on(params: &str, definition: &Value, evidence: &str) -> (Vec<String>, Report) {
    decide_for(&["thing/do"], params, definition, evidence)
}

/// Decides on the fields of the params that these requests share.
fn decide_for(
    methods: &[&str],
    params: &str,
    definition: &Value,
    evidence: &str,
) -> (Vec<String>, Report) {
    let member = |method: &&str| {
        json!({ "properties": {
            "method": { "type": "string", "enum": [method] },
            "params": { "$ref": format!("#/definitions/{params}") },
        } })
    };
    let members: Vec<_> = methods.iter().map(member).collect();
    let definitions = json!({
        "ClientRequest": { "oneOf": members },
        params: definition,
        "ThingDoResponse": { "type": "object" },
    });
    let definitions: crate::codegen::Definitions = serde_json::from_value(definitions).unwrap();
    let (mut tables, mut report) = (Tables::default(), Report::default());
    let mut model = build_model(definitions.clone(), definitions, &mut tables, &mut report);
    let mut report = Report::default();
    let fields = toml::from_str(evidence).unwrap();
    decide_by(
        CLEARABLE_HERE,
        ABSENT_HERE,
        &mut model,
        &fields,
        &mut report,
    );
    let mut clearable = Vec::new();
    for (name, ty) in &model.types {
        if let Kind::Object(object) = &ty.kind {
            let fields = object.fields.iter().filter(|it| it.rule == Rule::Clearable);
            clearable.extend(fields.map(|field| format!("{name}.{}", field.slot.name)));
        }
    }
    (clearable, report)
}

const CLEARABLE_HERE: Groups = &[("Tried.", &["ByTableUpdateParams.budget"])];
const ABSENT_HERE: Groups = &[("Tried.", &["ByTableUpdateParams.name", "ByTablePatch.a"])];

/// A TypeScript that shows these fields as `T | null`.
const ONCE: &str = r#"
    command = "codex"
    [clearable]
    [written_by_hand]
    [absent]
    ThingDoParams = ["a"]
    ThingPatch = ["a"]
    ThingUpdateParams = ["a"]
    ThingSetParams = ["a"]
    ThingOffsetParams = ["a"]
    ThingChange = ["a", "b"]
    ByTablePatch = ["a"]
    ByTableUpdateParams = ["budget", "name"]
"#;

/// A release without TypeScript.
const NONE: &str = "[clearable]\n[written_by_hand]\n[absent]\n";

fn field(description: &str) -> Value {
    json!({
        "type": "object",
        "properties": { "a": { "type": ["string", "null"], "description": description } },
    })
}

/// The decision on one field: `Some(true)` for clearable, `Some(false)` for absent, `None` for
/// undecided.
fn decision(params: &str, description: &str, evidence: &str) -> Option<bool> {
    let (clearable, report) = decide_on(params, &field(description), evidence);
    let is_decided = report.count(Entry::Undecided) == 0;
    assert!(clearable.is_empty() || is_decided);
    is_decided.then_some(!clearable.is_empty())
}

#[test]
fn the_typescript_decides_unless_the_description_does() {
    let twice = ONCE.replace("[clearable]\n", "[clearable]\nThingDoParams = [\"a\"]\n");
    let by_hand = ONCE.replace(
        "[written_by_hand]\n",
        "[written_by_hand]\nThingDoParams = [\"a\"]\n",
    );
    let missing = ONCE.replace("ThingDoParams", "OtherParams");
    let (clears, same) = ("`null` clears it.", "Omitted or null keeps it.");
    for (evidence, description, expected) in [
        (ONCE, "", Some(false)),
        (ONCE, clears, Some(true)),
        (ONCE, same, Some(false)),
        (ONCE, "A `null` is a value.", None),
        (&twice, "", Some(true)),
        (&twice, clears, Some(true)),
        // They contradict each other.
        (&twice, same, None),
        (&by_hand, "", None),
        (&by_hand, clears, Some(true)),
        (&by_hand, same, Some(false)),
        (&missing, "", None),
        (NONE, clears, Some(true)),
        (NONE, same, Some(false)),
        (NONE, "", None),
    ] {
        let found = decision("ThingDoParams", description, evidence);
        assert_eq!(found, expected, "{description}\n{evidence}");
    }
}

#[test]
fn null_clears_the_fields_of_a_patch_and_may_clear_those_of_an_update() {
    assert_eq!(decision("ThingPatch", "", ONCE), Some(true));
    assert_eq!(
        decision("ThingPatch", "Omit or pass null to keep it.", ONCE),
        Some(false)
    );
    assert_eq!(decision("ThingUpdateParams", "", ONCE), None);
    assert_eq!(decision("ThingSetParams", "", ONCE), None);
    assert_eq!(decision("ThingOffsetParams", "", ONCE), Some(false));
    // The TypeScript distinguishes the fields of this type.
    let other = ONCE.replace(
        "[clearable]\n",
        "[clearable]\nThingUpdateParams = [\"b\"]\n",
    );
    assert_eq!(decision("ThingUpdateParams", "", &other), Some(false));
}

#[test]
fn a_method_that_only_reads_has_nothing_to_clear() {
    let by_hand = ONCE.replace(
        "[written_by_hand]\n",
        "[written_by_hand]\nThingParams = [\"a\"]\n",
    );
    let undecided = |method: &str, description: &str| {
        let (clearable, report) =
            decide_for(&[method], "ThingParams", &field(description), &by_hand);
        (clearable.len(), report.count(Entry::Undecided))
    };
    for method in ["thing/list", "thing/readFile", "thing/search", "thing/get"] {
        assert_eq!(undecided(method, ""), (0, 0), "{method}");
    }
    for method in [
        "thing/do",
        "thing/reset",
        "thing/list/cancel",
        "thing/listen",
    ] {
        assert_eq!(undecided(method, ""), (0, 1), "{method}");
    }
    // A filter may say that `null` stands for a value.
    let filter = "Omit to include all, set to `null` for things without a place.";
    assert_eq!(undecided("thing/list", filter), (1, 0));
    assert_eq!(undecided("thing/list", "A `null` is a value."), (0, 1));
}

#[test]
fn copied_params_are_decided_like_their_original() {
    let twice = ONCE.replace("[clearable]\n", "[clearable]\nThingDoParams = [\"b\"]\n");
    let text = json!({ "type": ["string", "null"] });
    let definition = json!({ "type": "object", "properties": { "a": text, "b": text } });
    let methods = ["thing/do", "thing/redo"];
    let (clearable, report) = decide_for(&methods, "ThingDoParams", &definition, &twice);
    assert_eq!(clearable, ["ThingDoParams.b", "ThingRedoParams.b"]);
    assert_eq!(report.count(Entry::Undecided), 0, "{report}");
    // So are tables, and an undecided field is listed once.
    let update = json!({ "type": "object", "properties": { "budget": text, "other": text } });
    let (clearable, report) = decide_for(&methods, "ByTableUpdateParams", &update, NONE);
    let budgets = ["ByTableUpdateParams.budget", "ThingRedoParams.budget"];
    assert_eq!(clearable, budgets);
    let undecided: Vec<_> = report.of(Entry::Undecided).collect();
    assert_eq!(undecided.len(), 1, "{report}");
    assert_eq!(undecided[0].subject, "ByTableUpdateParams.other");
}

#[test]
fn the_typescript_of_a_union_tells_the_fields_of_its_variants() {
    let member = |tag: &str, field: &str| {
        json!({
            "type": "object",
            "properties": {
                "type": { "type": "string", "enum": [tag] },
                field: { "type": ["string", "null"] },
            },
            "required": ["type"],
        })
    };
    let union = json!({ "oneOf": [member("one", "a"), member("two", "b")] });
    let twice = ONCE.replace("[clearable]\n", "[clearable]\nThingChange = [\"a\"]\n");
    let (clearable, report) = decide_on("ThingChange", &union, &twice);
    assert_eq!(clearable, ["OneThingChange.a"]);
    assert_eq!(report.count(Entry::Undecided), 0);
    // So does its description.
    let mut patch = union;
    patch["description"] = json!("Explicit null clears a nullable field.");
    let (clearable, _) = decide_on("ThingChange", &patch, ONCE);
    assert_eq!(clearable, ["OneThingChange.a", "TwoThingChange.b"]);
}

#[test]
fn each_field_without_any_source_is_listed() {
    let mut definition = field("");
    definition["properties"]["b"] = json!({ "type": ["integer", "null"], "format": "int64" });
    let (clearable, report) = decide_on("ThingDoParams", &definition, NONE);
    assert!(clearable.is_empty());
    let undecided: Vec<_> = report.of(Entry::Undecided).collect();
    assert_eq!(undecided.len(), 2);
    let sentence = &undecided[0].sentence;
    assert!(sentence.contains("no TypeScript"), "{sentence}");
}

#[test]
fn a_table_decides_and_corrects_and_superfluous_entries_are_reported() {
    let text = json!({ "type": ["string", "null"] });
    let update = json!({ "type": "object", "properties": { "budget": text, "name": text } });
    let (clearable, report) = decide_on("ByTableUpdateParams", &update, ONCE);
    assert_eq!(clearable, ["ByTableUpdateParams.budget"]);
    assert_eq!(report.count(Entry::Undecided), 0);
    assert_eq!(decision("ByTablePatch", "", ONCE), Some(false));
    // The TypeScript decides on both fields of this one.
    let evidence = ONCE.replace(
        "[clearable]\n",
        "[clearable]\nByTableUpdateParams = [\"budget\"]\n",
    );
    let stale = |evidence| {
        let (_, report) = decide_on("ByTableUpdateParams", &update, evidence);
        let stale = report.of(Entry::Stale).map(|it| it.subject.clone());
        stale.collect::<Vec<_>>()
    };
    assert_eq!(stale(ONCE), ["ByTablePatch.a"]);
    assert_eq!(
        stale(&evidence),
        [
            "ByTablePatch.a",
            "ByTableUpdateParams.budget",
            "ByTableUpdateParams.name"
        ]
    );
}
