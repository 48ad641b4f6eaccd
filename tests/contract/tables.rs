//! Guarantees of codex-types beyond its types: methods as types, fields that can be cleared, and
//! the sizes of large values.

use std::{collections::BTreeSet, mem::size_of};

use codex_tests::{
    protocol::{definitions, envelope},
    schema::{Choices, MESSAGES, Schema, bundle},
};
use codex_types::{
    ClientRequest, METHODS, Request, SERVER_METHODS, ServerCall, ServerNotification, ServerRequest,
    ThreadItem,
};
use serde_json::{Value, json};

/// Optional fields that distinguish `null` from absence.
const CLEARABLE: &[&str] = &[
    "CollaborationModeMask.reasoning_effort",
    "ProcessSpawnParams.outputBytesCap",
    "ProcessSpawnParams.timeoutMs",
    "ProviderSettingsPatch:bedrock.profile",
    "ProviderSettingsPatch:bedrock.region",
    "ProviderSettingsPatch:customGateway.baseUrl",
    "ProviderSettingsPatch:customGateway.envKey",
    "ProviderSettingsPatch:gcp.credentialFile",
    "ProviderSettingsPatch:gcp.location",
    "ProviderSettingsPatch:gcp.projectId",
    "ThreadForkParams.serviceTier",
    "ThreadGoalSetParams.tokenBudget",
    "ThreadListParams.projectId",
    "ThreadListParams.sectionId",
    "ThreadMetadataGitInfoUpdateParams.branch",
    "ThreadMetadataGitInfoUpdateParams.originUrl",
    "ThreadMetadataGitInfoUpdateParams.sha",
    "ThreadRealtimeStartParams.prompt",
    "ThreadResumeParams.serviceTier",
    "ThreadSectionUpdateParams.appearance",
    "ThreadSettingsUpdateParams.serviceTier",
    "ThreadStartParams.serviceTier",
    "TurnSettingsUpdateParams.serviceTier",
    "TurnStartParams.serviceTier",
];

#[test]
fn only_fields_that_null_clears_distinguish_null_from_absence() {
    let schema = Schema::pinned();
    let (types, by_hand) = (definitions(), envelope());
    let (mut clearable, mut checked) = (BTreeSet::new(), 0);
    for body in schema.bodies() {
        let name = body.definition;
        if MESSAGES.contains(&name) || by_hand.contains_key(name) {
            continue;
        }
        let whole = schema.make_object(&body.object, &mut Choices::new(&[]).then(1));
        let optional = body.object.fields.iter().filter(|field| !field.required);
        for field in optional.filter(|field| field.is_nullable()) {
            let path = body.path(field.name);
            let member = |value: Option<Value>| {
                let mut object = whole.clone();
                let members = object.as_object_mut().expect("an object");
                members.remove(field.name);
                members.extend(value.map(|value| (field.name.to_owned(), value)));
                let (after, _) = types[name](&body.wrap(object).to_string()).expect(&path);
                let after = body.key.map_or(&after, |key| &after[key]);
                after.get(field.name).cloned()
            };
            let value = schema.make(field.schema, &mut Choices::new(&[]).then(1));
            assert_eq!(member(Some(value.clone())), Some(value), "{path}");
            let (absent, null) = (member(None), member(Some(Value::Null)));
            checked += 1;
            if absent != null {
                assert_eq!((absent, null), (None, Some(Value::Null)), "{path}");
                clearable.insert(path);
            }
        }
    }
    let clearable: Vec<_> = clearable.iter().map(String::as_str).collect();
    assert_eq!(clearable, CLEARABLE);
    assert_eq!(clearable.len(), 24);
    assert!(checked > 1_000, "only {checked} checked");
}

/// Returns the method of a type and its properties.
fn stated<T: Request>() -> (&'static str, bool, bool) {
    (T::METHOD, T::EXPERIMENTAL, T::HAS_PARAMS)
}

fn stated_by_server<T: ServerCall>() -> (&'static str, bool) {
    (T::METHOD, T::EXPERIMENTAL)
}

/// Returns the methods of a union of the bundle, in its order, and whether they have params.
fn methods(bundle_name: &str, union: &str) -> Vec<(String, bool)> {
    let mut definitions = bundle(bundle_name);
    let union = definitions.remove(union).expect("a union");
    let members = union["oneOf"].as_array().expect("members");
    let members = members.iter().map(|member| {
        let properties = &member["properties"];
        let method = properties["method"]["enum"][0].as_str();
        let params = properties.get("params").unwrap_or(&Value::Null);
        let has_params = !params.is_null() && *params != json!({ "type": "null" });
        (method.expect("a method").to_owned(), has_params)
    });
    members.collect()
}

fn names(methods: &[(String, bool)]) -> BTreeSet<&str> {
    methods.iter().map(|(method, _)| method.as_str()).collect()
}

#[test]
fn the_type_of_each_client_request_matches_the_table_and_the_schema() {
    macro_rules! types {
        ($($method:literal, $params:path, $response:path;)*) => {
            vec![$(($method, stated::<$params>(), stringify!($params), stringify!($response))),*]
        };
    }
    let types = codex_types::for_each_request!(types);
    let all = methods("experimental", "ClientRequest");
    let stable = methods("stable", "ClientRequest");
    assert_eq!((METHODS.len(), types.len(), all.len()), (184, 184, 184));
    assert_eq!(METHODS.iter().filter(|row| !row.has_params).count(), 11);
    assert_eq!(METHODS.iter().filter(|row| row.experimental).count(), 75);
    for ((row, listed), (method, stated, params, response)) in METHODS.iter().zip(&all).zip(types) {
        assert_eq!((row.method, row.has_params), (listed.0.as_str(), listed.1));
        assert_eq!(row.method, method);
        assert_eq!((row.method, row.experimental, row.has_params), stated);
        assert_eq!(
            row.experimental,
            !names(&stable).contains(method),
            "{method}"
        );
        let last = |path: &'static str| path.rsplit("::").next().map(str::trim);
        assert_eq!(Some(row.params), last(params));
        assert_eq!(Some(row.response), last(response));
    }
}

#[test]
fn the_type_of_each_server_request_matches_the_table_and_the_schema() {
    macro_rules! types {
        ($($method:literal, $params:path, $response:path;)*) => {
            vec![$(stated_by_server::<$params>()),*]
        };
    }
    let types = codex_types::for_each_server_request!(types);
    let all = methods("experimental", "ServerRequest");
    let stable = methods("stable", "ServerRequest");
    assert_eq!((SERVER_METHODS.len(), types.len(), all.len()), (11, 11, 11));
    for ((row, listed), stated) in SERVER_METHODS.iter().zip(&all).zip(types) {
        assert_eq!((row.method, row.experimental), stated);
        assert_eq!((row.method, row.has_params), (listed.0.as_str(), listed.1));
        assert_eq!(row.experimental, !names(&stable).contains(row.method));
    }
}

#[test]
fn the_unions_have_the_methods_of_the_schema_and_the_two_unlisted_notifications() {
    let known: BTreeSet<_> = ServerNotification::METHODS.iter().copied().collect();
    let listed = methods("experimental", "ServerNotification");
    let unlisted: Vec<_> = known.difference(&names(&listed)).copied().collect();
    assert_eq!(ServerNotification::METHODS.len(), 88);
    assert_eq!((known.len(), listed.len()), (88, 86));
    assert_eq!(
        unlisted,
        ["rawResponse/completed", "rawResponseItem/completed"]
    );

    let requests: Vec<_> = METHODS.iter().map(|row| row.method).collect();
    assert_eq!(ClientRequest::METHODS, requests);
    let requests: Vec<_> = SERVER_METHODS.iter().map(|row| row.method).collect();
    assert_eq!(ServerRequest::METHODS, requests);
}

#[test]
fn the_large_enums_stay_small() {
    let sizes = [
        ("ThreadItem", size_of::<ThreadItem>(), 208),
        ("ServerNotification", size_of::<ServerNotification>(), 208),
        ("ServerRequest", size_of::<ServerRequest>(), 208),
        ("ClientRequest", size_of::<ClientRequest>(), 208),
    ];
    println!("{sizes:?}");
    for (name, size, limit) in sizes {
        assert!(size <= limit, "{name}: {size} bytes, more than {limit}");
    }
}
