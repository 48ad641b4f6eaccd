//! Tests of the whole generator: the pinned release, other releases, and changes that a future
//! release may bring.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use super::{Generated, generate, generate_stable, report::Kind, write};
use crate::releases::{definitions, fixture, future, of_release};
use crate::schema::pinned::{self, Pinned};

/// The names of the types in the list of all definitions.
fn types(generated: &Generated) -> BTreeSet<&str> {
    let methods = &generated.files["methods.rs"];
    let (_, list) = methods
        .split_once("macro_rules! for_each_definition")
        .unwrap();
    let names = list.lines().filter_map(|line| {
        let (name, _) = line.trim().strip_prefix('"')?.split_once("\", $crate::")?;
        Some(name)
    });
    names.collect()
}

/// The entries about these subjects, as `kind: sentence`.
fn entries(generated: &Generated) -> BTreeMap<String, Vec<String>> {
    let mut entries = BTreeMap::<_, Vec<_>>::new();
    for kind in Kind::ALL {
        for entry in generated.report.of(kind) {
            let line = format!("{}: {}", kind.plural(), entry.sentence);
            entries.entry(entry.subject.clone()).or_default().push(line);
        }
    }
    entries
}

/// Generates a release without help, and checks that no definition is lost.
fn check(release: &Pinned) -> Generated {
    let generated = generate(release).unwrap();
    let envelope = 5; // Messages without a type for each.
    let count = definitions(&release.experimental).unwrap();
    assert!(
        types(&generated).len() + envelope >= count,
        "{}: {count} definitions, {} types",
        release.version,
        types(&generated).len(),
    );
    let all = release.experimental["definitions"].as_object().unwrap();
    let names = all.keys().chain(all["v2"].as_object().unwrap().keys());
    let types = types(&generated);
    let lost: Vec<_> = names
        .filter(|name| *name != "v2" && !types.contains(name.as_str()))
        .filter(|name| !name.starts_with("JSONRPC"))
        .collect();
    assert!(lost.is_empty(), "{}: {lost:?}", release.version);
    generated
}

#[test]
fn the_generated_files_are_up_to_date_and_the_report_is_empty() {
    let pinned = pinned::load().unwrap();
    let Generated { files, report } = check(&pinned);
    write::check(&files).unwrap();
    report
        .refuse()
        .unwrap_or_else(|error| panic!("{report}\n{error}"));
}

/// Generates another release: each definition has a type, and nothing is widened or left out.
fn check_release(version: &str) {
    let version = Version::parse(version).unwrap();
    let release = of_release(&pinned::load().unwrap(), &version).unwrap();
    let Generated { report, .. } = check(&release);
    println!("Codex {version}\n{report}");
    for kind in [Kind::Widened, Kind::LeftOut, Kind::Undecided] {
        assert_eq!(report.count(kind), 0, "{report}");
    }
}

/// The releases with a test of their own.
const TESTED: [&str; 5] = ["0.133.0", "0.144.4", "0.153.4", "0.163.0", "0.166.0"];

#[test]
fn the_types_of_0_133_0_are_generated_without_a_hand_edit() {
    check_release("0.133.0");
}

#[test]
fn the_types_of_0_144_4_are_generated_without_a_hand_edit() {
    check_release("0.144.4");
}

#[test]
fn the_types_of_0_153_4_are_generated_without_a_hand_edit() {
    check_release("0.153.4");
}

#[test]
fn the_types_of_0_163_0_are_generated_without_a_hand_edit() {
    check_release("0.163.0");
}

#[test]
fn the_types_of_0_166_0_are_generated_without_a_hand_edit() {
    check_release("0.166.0");
}

/// Each update of the pinned release adds a fixture.
#[test]
fn the_types_of_the_other_fixtures_are_generated_without_a_hand_edit() {
    let mut others: Vec<_> = fixture::all().unwrap();
    others.retain(|version| !TESTED.contains(&version.to_string().as_str()));
    for version in others {
        check_release(&version.to_string());
    }
}

#[test]
fn entries_for_newer_releases_are_reported_as_stale() {
    let oldest = Version::new(0, 133, 0);
    let release = of_release(&pinned::load().unwrap(), &oldest).unwrap();
    let Generated { report, .. } = generate(&release).unwrap();
    assert!(report.count(Kind::Stale) > 0, "{report}");
}

/// Generates the pinned release with a change, and returns the files as one text, and the entries.
fn changed(name: &str) -> (String, BTreeMap<String, Vec<String>>) {
    let pinned = pinned::load().unwrap();
    let change = future::CHANGES.iter().find(|change| change.name == name);
    let change = change.unwrap_or_else(|| panic!("no change is named `{name}`"));
    let future = change.of(&pinned);
    assert_ne!(future.experimental, pinned.experimental, "{name}");
    let generated = generate(&future).unwrap();
    let before = definitions(&future.experimental).unwrap();
    assert!(types(&generated).len() + 5 >= before, "{name}");
    let text: Vec<_> = generated.files.values().cloned().collect();
    (text.concat(), entries(&generated))
}

/// Checks that a change generates this code, and is reported by these entries alone.
fn check_change(name: &str, code: &[&str], expected: &[(&str, &str)]) {
    let (text, entries) = changed(name);
    for code in code {
        assert!(
            text.contains(code),
            "{name}: the code does not contain `{code}`"
        );
    }
    for (subject, sentence) in expected {
        let found = entries
            .get(*subject)
            .is_some_and(|lines| lines.iter().any(|line| line.contains(sentence)));
        assert!(
            found,
            "{name}: no entry `{subject}`: `{sentence}` in {entries:#?}"
        );
    }
    let subjects: BTreeSet<_> = expected.iter().map(|(subject, _)| *subject).collect();
    let unexpected: Vec<_> = entries
        .iter()
        .filter(|(subject, _)| !subjects.contains(subject.as_str()))
        .collect();
    assert!(unexpected.is_empty(), "{name}: {unexpected:#?}");
}

#[test]
fn new_methods_are_generated_with_the_response_that_is_known() {
    check_change(
        "a method with params",
        &[
            "pub struct ThreadRewindParams",
            "\"thread/rewind\": ThreadRewindParams => Value,",
        ],
        &[("thread/rewind", "no response found; it is `Value`")],
    );
    check_change(
        "a method without params",
        &[
            "pub struct ThreadForgetAll;",
            "\"thread/forgetAll\": unit ThreadForgetAll => Value,",
        ],
        &[("thread/forgetAll", "no response found")],
    );
    check_change(
        "a method with the params of another",
        &["\"thread/peek\": ThreadPeekParams => ThreadReadResponse,"],
        &[(
            "thread/peek",
            "shares `ThreadReadParams` with `thread/read`",
        )],
    );
    // The fields that `null` clears are the same in the copy.
    check_change(
        "a method with the nullable params of another",
        &[
            "\"thread/list/stream\": ThreadListStreamParams => ThreadListResponse,",
            "impl ThreadListStreamParams {",
        ],
        &[(
            "thread/list/stream",
            "shares `ThreadListParams` with `thread/list`",
        )],
    );
}

#[test]
fn new_messages_of_the_server_are_generated_with_params_of_their_own() {
    check_change(
        "a request of the server without params",
        &["\"weather/read\" => WeatherRead(WeatherReadParams)"],
        &[(
            "weather/read",
            "its params type is named `WeatherReadParams`",
        )],
    );
    check_change(
        "a notification without params",
        &["\"weather/changed\" => WeatherChanged(WeatherChangedNotification)"],
        &[("weather/changed", "it has no params")],
    );
    check_change(
        "a notification whose params are a union",
        &["\"input/echoed\" => InputEchoed(InputEchoedNotification)"],
        &[("input/echoed", "are not an object")],
    );
    let pinned = pinned::load().unwrap().complete().unwrap();
    let members = &pinned.experimental["definitions"]["ServerNotification"]["oneOf"];
    let last = format!("ServerNotification[{}]", members.as_array().unwrap().len());
    let left_out = [(last.as_str(), "left out: a member without a method")];
    check_change("a message without a method", &[], &left_out);
}

#[test]
fn new_items_and_values_become_variants() {
    check_change(
        "an item",
        &[
            "\"hologram\" => Hologram(HologramThreadItem)",
            "pub projector: HologramThreadItemProjector,",
            "pub lumens: Option<u64>,",
        ],
        &[("HologramThreadItem.projector", "has no name in the schema")],
    );
    check_change("a value of an enum", &["\"paused\" => Paused"], &[]);
    check_change(
        "a value of an enum whose name is taken",
        &["\"in_progress\" => InProgress2"],
        &[(
            "TurnStatus.in_progress",
            "the variant is named `InProgress2`",
        )],
    );
}

#[test]
fn new_shapes_of_fields_are_generated() {
    check_change(
        "an inline union without a title",
        &[
            "pub budget: Option<TurnBudget>,",
            "Text(String),",
            "Tokens(TokensTurnBudget),",
            "List(Vec<String>),",
        ],
        &[
            ("Turn.budget", "its shape has no name in the schema"),
            ("TurnBudget", "its variants are named Text, Tokens, List"),
        ],
    );
    check_change(
        "a field of several types",
        &["pub cost: Option<Value>,"],
        &[("Turn.cost", "widened: a list of types")],
    );
    check_change(
        "numbers and booleans of an enum",
        &["pub revision: Option<i64>,", "pub settled: Option<bool>,"],
        &[],
    );
    check_change(
        "a default of another type",
        &["pub priority: Option<String>,"],
        &[("Turn.priority", "the default is left out")],
    );
    check_change(
        "a required field with a default",
        &["visible: natural \"visible\","],
        &[("Turn.visible", "it is required and has a default")],
    );
}

#[test]
fn a_field_of_another_type_makes_its_entries_stale() {
    check_change(
        "a field of another type",
        &["pub model: Option<Vec<String>>,"],
        &[(
            "ThreadGoalSetParams.tokenBudget",
            "stale: no such optional nullable field",
        )],
    );
}

#[test]
fn new_nullable_fields_and_secrets_are_decided_by_rule_or_reported() {
    check_change(
        "a nullable field of params",
        &["pub mood: Option<String>,"],
        &[("TurnStartParams.mood", "undecided: the TypeScript lacks it")],
    );
    check_change(
        "a field that a description makes clearable",
        &[
            "pub tone: Option<Option<String>>,",
            "pub fn clear_tone(mut self)",
        ],
        &[],
    );
    check_change(
        "secrets",
        &["hidden client_secret", "hidden login"],
        &[("Turn.login", "its description mentions a secret")],
    );
}

#[test]
fn definitions_that_are_gone_or_refer_to_themselves_are_widened() {
    check_change(
        "a definition that is gone",
        &["pub git_info: Option<Value>,"],
        &[("Thread", "widened: it refers to `#/definitions/v2/GitInfo`")],
    );
    check_change(
        "a definition that contains itself",
        &["pub cause: Option<Value>,"],
        &[("TurnError.cause", "its type contains itself")],
    );
    check_change(
        "two definitions of the same name",
        &[
            "pub struct InitializeParams {}",
            "pub struct InitializeParams2",
        ],
        &[
            ("InitializeParams", "its type is named `InitializeParams2`"),
            ("InitializeParams2.capabilities", "the TypeScript lacks it"),
        ],
    );
}

#[test]
fn unknown_keywords_are_left_out_or_widen_their_schema() {
    check_change(
        "a keyword of JSON Schema that is not used today",
        &["wire::object! { open TokenUsageBreakdown {"],
        &[(
            "TokenUsageBreakdown",
            "the keyword `patternProperties` is left out",
        )],
    );
    check_change(
        "a keyword that JSON Schema does not define",
        &["pub distance: Option<Value>,"],
        &[("Turn.distance", "the keyword `x-units` is unknown")],
    );
    check_change(
        "a definition that no keyword describes",
        &["pub struct Anything(pub Value);"],
        &[("Anything", "the keyword `x-units` is unknown")],
    );
}

#[test]
fn all_changes_at_once_are_generated_and_reported() {
    let pinned = pinned::load().unwrap();
    let generated = generate(&future::all(&pinned)).unwrap();
    assert!(generated.report.refuse().is_err());
    for (kind, least) in [
        (Kind::Guess, 10),
        (Kind::Stale, 1),
        (Kind::Widened, 5),
        (Kind::LeftOut, 3),
        (Kind::Undecided, 2),
    ] {
        let count = generated.report.count(kind);
        assert!(count >= least, "{} {}", count, kind.plural());
    }
}

#[test]
fn the_stable_types_have_nothing_experimental_and_no_entries() {
    let pinned = pinned::load().unwrap();
    let generated = generate_stable(&pinned).unwrap();
    generated.report.refuse().unwrap();
    let count = definitions(&pinned.stable).unwrap();
    assert!(types(&generated).len() + 5 >= count);
    let text: Vec<_> = generated.files.values().cloned().collect();
    let text = text.concat();
    assert!(text.contains("pub struct ThreadStartParams {"));
    for experimental in [
        "**Experimental:**",
        "pub struct ThreadTimelineListParams {",
        "dynamic_tools",
        "thread/timeline/list",
    ] {
        assert!(!text.contains(experimental), "{experimental}");
    }
}

#[test]
fn a_value_that_is_no_bundle_is_an_error() {
    let mut pinned = pinned::load().unwrap();
    pinned.experimental = serde_json::json!({ "title": "something else" });
    let error = generate(&pinned).err().unwrap().to_string();
    assert!(error.contains("not a schema bundle"), "{error}");
}
