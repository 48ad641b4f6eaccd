//! Updates between small releases.

use serde_json::{Value, json};

use super::*;

/// A member of a union of messages.
fn message(method: &str, params: &str) -> Value {
    json!({"type": "object", "required": ["id", "method", "params"], "properties": {
        "id": {"type": "string"},
        "method": {"type": "string", "enum": [method]},
        "params": {"$ref": format!("#/definitions/v2/{params}")}}})
}

fn refer(name: &str) -> Value {
    json!({"$ref": format!("#/definitions/v2/{name}")})
}

fn object(fields: &[(&str, Value)]) -> Value {
    let fields = fields.iter().cloned();
    let fields: serde_json::Map<_, _> = fields.map(|(name, it)| (name.to_owned(), it)).collect();
    json!({"type": "object", "properties": fields})
}

/// A release with these server requests and other definitions, all of them stable.
fn release(minor: u64, requests: &[(&str, &str)], v2: &Value) -> Release {
    let members: Vec<_> = requests
        .iter()
        .map(|(method, params)| message(method, params))
        .collect();
    let bundle = json!({"definitions": {"ServerRequest": {"oneOf": members}, "v2": v2}});
    Release {
        version: Version::new(0, minor, 0),
        stable: bundle.clone(),
        experimental: bundle,
        clearable_fields: ClearableFields::default(),
    }
}

/// The kept parts after updates through these releases.
fn through(releases: &[Release]) -> Kept {
    let pairs = releases.windows(2);
    pairs.fold(Kept::default(), |kept, pair| {
        kept.updated(pair[0].clone(), &pair[1])
    })
}

/// The newest of these releases with the parts of the older ones.
fn complete(releases: &[Release]) -> Value {
    through(releases)
        .add_to(releases.last().unwrap().clone())
        .experimental
}

fn methods(bundle: &Value) -> Vec<&str> {
    let members = bundle["definitions"]["ServerRequest"]["oneOf"]
        .as_array()
        .unwrap();
    let methods = members
        .iter()
        .map(|member| &member["properties"]["method"]["enum"][0]);
    methods.map(|method| method.as_str().unwrap()).collect()
}

/// A release of each kind: with the request `time/read`, and without.
fn with_time(minor: u64) -> Release {
    let params = object(&[("zone", refer("Zone"))]);
    let requests = [("time/read", "TimeReadParams"), ("ask", "AskParams")];
    let v2 = json!({
        "TimeReadParams": params, "TimeReadResponse": object(&[("at", json!({}))]),
        "Zone": {"type": "string"}, "AskParams": object(&[]), "AskResponse": object(&[]),
        "Orphan": {},
    });
    release(minor, &requests, &v2)
}

fn without_time(minor: u64) -> Release {
    let v2 = json!({"AskParams": object(&[]), "AskResponse": object(&[])});
    release(minor, &[("ask", "AskParams")], &v2)
}

#[test]
fn a_removed_request_stays_with_its_params_its_response_and_all_that_they_refer_to() {
    let bundle = complete(&[with_time(1), without_time(2)]);
    assert_eq!(methods(&bundle), ["ask", "time/read"]);
    let v2 = bundle["definitions"]["v2"].as_object().unwrap();
    let names: Vec<_> = v2.keys().collect();
    // Nothing refers to the orphan.
    assert_eq!(
        names,
        [
            "AskParams",
            "AskResponse",
            "TimeReadParams",
            "TimeReadResponse",
            "Zone"
        ]
    );
    let member = &bundle["definitions"]["ServerRequest"]["oneOf"][1];
    let note = json!("Removed after Codex 0.1.0, and kept for older servers.");
    assert_eq!(member["description"], note);
    assert_eq!(v2["Zone"]["description"], note);
    assert_eq!(v2["AskParams"], object(&[]));
}

#[test]
fn a_part_stays_through_later_updates_until_a_release_has_it_again() {
    let kept = through(&[with_time(1), without_time(2), without_time(3)]);
    assert_eq!(kept, through(&[with_time(1), without_time(2)]));
    let kept = through(&[with_time(1), without_time(2), with_time(3)]);
    assert_eq!(kept, Kept::default());
    let releases = [with_time(1), without_time(2), with_time(3), without_time(4)];
    let text = through(&releases).print().unwrap();
    assert!(text.contains("0.3.0") && !text.contains("0.1.0"), "{text}");
}

#[test]
fn an_update_to_an_older_release_and_back_changes_nothing() {
    let kept = through(&[with_time(1), with_time(2), without_time(3)]);
    for older in [with_time(1), with_time(2), without_time(1)] {
        let down = kept.clone().updated(without_time(3), &older);
        assert_eq!(down, kept);
        // The older release has no parts of later ones.
        assert_eq!(down.add_to(older.clone()).experimental, older.experimental);
        assert_eq!(down.updated(older, &without_time(3)), kept);
    }
    // So does a repetition.
    assert_eq!(
        kept.clone().updated(without_time(3), &without_time(3)),
        kept
    );
    assert_eq!(kept.clone().updated(with_time(2), &without_time(3)), kept);
}

#[test]
fn variants_values_and_fields_of_a_changed_type_stay() {
    let tagged = |tag: &str, fields: &[(&str, Value)]| {
        let mut member = object(fields);
        member["properties"]["type"] = json!({"type": "string", "enum": [tag]});
        member["required"] = json!(["type"]);
        member
    };
    let any = || json!({});
    let keyed = |key: &str| json!({"type": "object", "properties": {key: {}}, "required": [key]});
    let old = json!({
        "Item": {"oneOf": [
            tagged("text", &[("text", any()), ("mood", refer("Mood"))]), tagged("song", &[]),
        ]},
        "Mood": {"type": "string", "enum": ["calm", "glad"]},
        "Status": {"type": "string", "enum": ["on", "off"]},
        "Fault": {"oneOf": [{"type": "string", "enum": ["a"]}, keyed("b"), keyed("c")]},
        "Place": object(&[("at", any()), ("position", json!({"type": "integer"}))]),
        "Shape": object(&[("side", any())]),
        "Other": {"oneOf": [object(&[("a", any())]), object(&[("b", any()), ("c", any())])]},
    });
    let new = json!({
        "Item": {"oneOf": [tagged("text", &[("text", any())]), tagged("film", &[])]},
        "Status": {"type": "string", "enum": ["on"]},
        "Fault": {"oneOf": [{"type": "string", "enum": ["a"]}, keyed("b")]},
        "Place": object(&[("at", any())]),
        // Another kind of type: its parts have no place in it.
        "Shape": {"oneOf": [tagged("round", &[])]},
        "Other": {"oneOf": [object(&[("a", any()), ("d", any())])]},
    });
    let bundle = complete(&[release(1, &[], &old), release(2, &[], &new)]);
    let v2 = &bundle["definitions"]["v2"];
    let note = "Removed after Codex 0.1.0, and kept for older servers.";
    let items = v2["Item"]["oneOf"].as_array().unwrap();
    let tags: Vec<_> = items
        .iter()
        .map(|it| &it["properties"]["type"]["enum"][0])
        .collect();
    assert_eq!(tags, ["text", "film", "song"]);
    assert_eq!(items[2]["description"], note);
    assert_eq!(items[0]["properties"]["mood"]["description"], note);
    assert_eq!(items[0].get("description"), None);
    assert_eq!(items[0]["required"], json!(["type"]));
    assert_eq!(v2["Mood"]["enum"], json!(["calm", "glad"]));
    assert_eq!(v2["Status"]["enum"], json!(["on", "off"]));
    assert_eq!(v2["Fault"]["oneOf"][2]["properties"], json!({"c": {}}));
    let position = json!({"type": "integer", "description": note});
    assert_eq!(
        v2["Place"],
        object(&[("at", any()), ("position", position)])
    );
    assert_eq!(v2["Shape"], new["Shape"]);
    assert_eq!(v2["Other"], new["Other"]);
}

#[test]
fn the_params_of_a_message_that_has_lost_them_do_not_come_back() {
    let mut lost = without_time(2);
    for bundle in [&mut lost.stable, &mut lost.experimental] {
        let member = &mut bundle["definitions"]["ServerRequest"]["oneOf"][0];
        member["properties"]
            .as_object_mut()
            .unwrap()
            .remove("params");
    }
    assert_eq!(through(&[without_time(1), lost]), Kept::default());
}

#[test]
fn a_part_that_becomes_experimental_is_not_kept() {
    let mut experimental = with_time(2);
    experimental.stable = without_time(2).stable;
    assert_eq!(
        through(&[with_time(1), experimental.clone()]),
        Kept::default()
    );
    // Experimental parts stay experimental.
    let kept = through(&[experimental, without_time(3)]);
    let complete = kept.add_to(without_time(3));
    assert_eq!(complete.stable, without_time(3).stable);
    assert_eq!(methods(&complete.experimental), ["ask", "time/read"]);
    assert_eq!(kept.into_stable().add_to(without_time(3)), without_time(3));
}

#[test]
fn a_value_that_is_no_bundle_stays_as_it_is() {
    let kept = through(&[with_time(1), without_time(2)]);
    let mut other = without_time(2);
    other.experimental = json!({"title": "something else"});
    assert_eq!(kept.add_to(other.clone()).experimental, other.experimental);
}

#[test]
fn the_evidence_about_kept_fields_stays() {
    let fields = |text: &str| toml::from_str::<ClearableFields>(text).unwrap();
    let mut old = with_time(1);
    old.clearable_fields = fields(
        "command = \"c\"\n[clearable]\nTimeReadParams = [\"zone\"]\nAskParams = [\"a\"]\n\
         [written_by_hand]\n[absent]\n",
    );
    let mut new = without_time(2);
    let none = "command = \"c\"\n[clearable]\n[written_by_hand]\n[absent]\n";
    new.clearable_fields = fields(none);
    let kept = through(&[old, new.clone()]);
    let evidence = kept.add_to(new).clearable_fields;
    assert_eq!(
        evidence.evidence("TimeReadParams", "zone"),
        Evidence::NullTwice
    );
    assert_eq!(evidence.evidence("AskParams", "a"), Evidence::Missing);
}

#[test]
fn a_printed_file_reads_back_unchanged() {
    let kept = through(&[with_time(1), without_time(2)]);
    assert_eq!(Kept::parse(&kept.print().unwrap()).unwrap(), kept);
    assert_eq!(Kept::default().print().unwrap(), "{}\n");
    assert!(Kept::parse("[]").is_err());
}
