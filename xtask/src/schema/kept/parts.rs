//! Finds the parts of a bundle that another one lacks, and adds them to it.
//!
//! The parts have the form of a bundle: a definition that the other bundle lacks is whole; one that
//! it has contains only the missing members of a union, values of an enum, and properties.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// The names of the keywords of a union.
const UNIONS: [&str; 2] = ["oneOf", "anyOf"];

/// Returns the parts of a bundle that another one lacks, with the definitions that they need;
/// `null` if there are none.
///
/// A definition that is missing is not a part by itself: nothing that remains refers to it.
/// `responses` returns the definition of the response of a request, by its method.
pub(super) fn missing(
    bundle: &Value,
    other: &Value,
    responses: &dyn Fn(&str) -> Option<String>,
) -> Value {
    let mut parts = Parts {
        bundle,
        other,
        found: Value::Null,
    };
    for path in paths(bundle) {
        if let (Some(whole), Some(rest)) = (at(bundle, &path), at(other, &path))
            && let Some(part) = missing_part(whole, rest)
        {
            parts.insert(&path, part, responses);
        }
    }
    parts.found
}

/// Adds parts to a bundle. What the bundle has by now stays as it is. `note` ends the descriptions of
/// the new definitions, members and properties.
pub(super) fn add(bundle: &mut Value, parts: &Value, note: &str) {
    if !bundle["definitions"].is_object() {
        return; // No bundle, which the generator refuses.
    }
    for path in paths(parts) {
        let Some(part) = at(parts, &path) else {
            continue;
        };
        match at_mut(bundle, &path) {
            Some(definition) => add_part(definition, part, note),
            None => put(bundle, &path, noted(part, note)),
        }
    }
}

/// The search for missing parts.
struct Parts<'a> {
    bundle: &'a Value,
    other: &'a Value,
    found: Value,
}

impl Parts<'_> {
    /// Adds a part, and the definitions that it needs and the other bundle lacks.
    fn insert(&mut self, path: &[String], part: Value, responses: &dyn Fn(&str) -> Option<String>) {
        let mut needed = BTreeSet::new();
        references(&part, &mut needed);
        for method in members(&part).iter().filter_map(method) {
            let response = responses(method);
            let paths = response.map(|name| [vec!["v2".to_owned(), name.clone()], vec![name]]);
            let defined = paths.into_iter().flatten();
            needed.extend(defined.filter(|path| at(self.bundle, path).is_some()));
        }
        put(&mut self.found, path, part);
        for path in needed {
            let is_known = at(self.other, &path).is_some() || at(&self.found, &path).is_some();
            if let Some(definition) = at(self.bundle, &path).filter(|_| !is_known) {
                self.insert(&path, definition.clone(), responses);
            }
        }
    }
}

/// Returns what a definition has and another one lacks, if anything.
fn missing_part(whole: &Value, rest: &Value) -> Option<Value> {
    let mut part = Map::new();
    if let Some((keyword, pairs)) = pairs(whole, rest) {
        let members = pairs.into_iter().filter_map(|(tag, member, other)| {
            let Some(other) = other else {
                return Some(member.clone());
            };
            // The params of a message that has lost them do not come back.
            let tag = tag.filter(|tag| tag != "method")?;
            let mut fields = missing_part(member, other)?;
            fields["properties"][&tag] = member["properties"][&tag].clone();
            Some(fields)
        });
        let members: Vec<_> = members.collect();
        if !members.is_empty() {
            part.insert(keyword.to_owned(), members.into());
        }
    } else if !is_union(whole) && !is_union(rest) {
        let fields = missing_fields(whole, rest);
        if !fields.is_empty() {
            part.insert("properties".to_owned(), fields.into());
            part.insert("type".to_owned(), json!("object"));
        }
        let values = missing_values(whole, rest);
        if !values.is_empty() {
            part.insert("enum".to_owned(), values.into());
        }
    }
    (!part.is_empty()).then(|| part.into())
}

/// The properties of an object that another object lacks.
fn missing_fields(whole: &Value, rest: &Value) -> Map<String, Value> {
    let is_object = |schema: &Value| schema["type"] == "object";
    if !is_object(whole) || !is_object(rest) {
        return Map::new();
    }
    let fields = whole["properties"].as_object().into_iter().flatten();
    let missing = fields.filter(|(name, _)| rest["properties"].get(name).is_none());
    missing
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect()
}

/// The values of an enum that another enum lacks.
fn missing_values(whole: &Value, rest: &Value) -> Vec<Value> {
    let (Some(whole), Some(rest)) = (whole["enum"].as_array(), rest["enum"].as_array()) else {
        return Vec::new();
    };
    let missing = whole.iter().filter(|value| !rest.contains(value));
    missing.cloned().collect()
}

/// A member of a union, with the tag that names it and the member of the same name in another union.
type Pair<'a> = (Option<String>, &'a Value, Option<&'a Value>);

/// Pairs the members of a union with those of another one of the same kind, by their names. Members
/// without a name are left out. Also returns the keyword of the other union.
fn pairs<'a>(whole: &'a Value, rest: &'a Value) -> Option<(&'static str, Vec<Pair<'a>>)> {
    let keyword = UNIONS
        .into_iter()
        .find(|keyword| rest[keyword].is_array())?;
    let (ours, theirs) = (members(whole), members(rest));
    if ours.is_empty() {
        return None;
    }
    let tag = tag(ours, theirs);
    let has_strings = ours
        .iter()
        .chain(theirs)
        .any(|it| single_value(it).is_some());
    if tag.is_none() && !has_strings {
        return None; // Only tags, strings and keys beside strings name the members of a union.
    }
    let name = |member| name(member, tag);
    let pair = |member: &'a Value| {
        let wanted = name(member)?;
        let other = theirs.iter().find(|other| name(other) == Some(wanted));
        Some((tag.map(str::to_owned), member, other))
    };
    Some((keyword, ours.iter().filter_map(pair).collect()))
}

/// The tag that names each member of both unions, if there is one.
fn tag<'a>(ours: &'a [Value], theirs: &[Value]) -> Option<&'a str> {
    let first = ours.first()?["properties"].as_object()?;
    let is_tag = |name: &&String| {
        let mut members = ours.iter().chain(theirs);
        members.all(|member| single_value(&member["properties"][name.as_str()]).is_some())
    };
    first.keys().find(is_tag).map(String::as_str)
}

/// The name of a member of a union: the value of the tag, the only value of a string, or the key of
/// an object with a single key.
fn name<'a>(member: &'a Value, tag: Option<&str>) -> Option<&'a str> {
    if let Some(tag) = tag {
        return single_value(&member["properties"][tag]);
    }
    let keys = member["properties"].as_object().map(|fields| fields.keys());
    let keys: Vec<_> = keys.into_iter().flatten().collect();
    match keys.as_slice() {
        [] => single_value(member),
        [key] => Some(key),
        _ => None,
    }
}

/// The only string that a schema accepts.
fn single_value(schema: &Value) -> Option<&str> {
    match schema["enum"].as_array().map(Vec::as_slice) {
        Some([only]) => only.as_str(),
        Some(_) => None,
        None => schema["const"].as_str(),
    }
}

fn method(member: &Value) -> Option<&str> {
    single_value(&member["properties"]["method"])
}

/// Adds the parts of a definition to the definition.
fn add_part(definition: &mut Value, part: &Value, note: &str) {
    if let Some((keyword, pairs)) = pairs(part, definition) {
        let is_new: Vec<_> = pairs.iter().map(|(_, _, known)| known.is_none()).collect();
        let parts: Vec<_> = pairs
            .into_iter()
            .map(|(tag, part, _)| (tag, part.clone()))
            .collect();
        for ((tag, part), is_new) in parts.into_iter().zip(is_new) {
            let Some(members) = definition[keyword].as_array_mut() else {
                return;
            };
            if is_new {
                members.push(noted(&part, note));
                continue;
            }
            let known = members
                .iter_mut()
                .find(|member| name(member, tag.as_deref()) == name(&part, tag.as_deref()));
            if let Some(known) = known {
                add_part(known, &part, note);
            }
        }
        return;
    }
    if is_union(definition) {
        return;
    }
    for (name, schema) in missing_fields(part, definition) {
        definition["properties"][name] = noted(&schema, note);
    }
    let values = missing_values(part, definition);
    if let Some(known) = definition.get_mut("enum").and_then(Value::as_array_mut) {
        known.extend(values);
    }
}

/// A schema with a note at the end of its description.
fn noted(schema: &Value, note: &str) -> Value {
    let mut schema = schema.clone();
    if let Some(schema) = schema.as_object_mut() {
        let description = match schema.get("description").and_then(Value::as_str) {
            Some(text) => format!("{text}\n\n{note}"),
            None => note.to_owned(),
        };
        schema.insert("description".to_owned(), description.into());
    }
    schema
}

fn is_union(schema: &Value) -> bool {
    UNIONS.iter().any(|keyword| schema.get(keyword).is_some())
}

fn members(schema: &Value) -> &[Value] {
    let members = UNIONS.iter().find_map(|keyword| schema[keyword].as_array());
    members.map_or(&[], Vec::as_slice)
}

/// Collects the paths of the definitions that a schema refers to.
fn references(schema: &Value, found: &mut BTreeSet<Vec<String>>) {
    match schema {
        Value::Object(object) => {
            let reference = object.get("$ref").and_then(Value::as_str);
            let path = reference.and_then(|it| it.strip_prefix("#/definitions/"));
            found.extend(path.map(|path| path.split('/').map(str::to_owned).collect()));
            object.values().for_each(|inner| references(inner, found));
        }
        Value::Array(array) => array.iter().for_each(|inner| references(inner, found)),
        _ => {}
    }
}

/// The paths of the definitions of a bundle: `["Name"]`, or `["v2", "Name"]`.
fn paths(bundle: &Value) -> Vec<Vec<String>> {
    let names = |group: &Value| -> Vec<String> {
        let group = group.as_object().into_iter().flatten();
        group.map(|(name, _)| name.clone()).collect()
    };
    let root = names(&bundle["definitions"]).into_iter();
    let root = root.filter(|name| name != "v2").map(|name| vec![name]);
    let v2 = names(&bundle["definitions"]["v2"]).into_iter();
    root.chain(v2.map(|name| vec!["v2".to_owned(), name]))
        .collect()
}

/// The names of the definitions of a bundle.
pub(super) fn names(bundle: &Value) -> BTreeSet<String> {
    paths(bundle)
        .into_iter()
        .filter_map(|mut path| path.pop())
        .collect()
}

fn at<'a>(bundle: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter()
        .try_fold(&bundle["definitions"], |inner, name| inner.get(name))
}

fn at_mut<'a>(bundle: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    let definitions = bundle.get_mut("definitions")?;
    path.iter()
        .try_fold(definitions, |inner, name| inner.get_mut(name))
}

fn put(bundle: &mut Value, path: &[String], schema: Value) {
    let place = path
        .iter()
        .fold(&mut bundle["definitions"], |inner, name| &mut inner[name]);
    *place = schema;
}
