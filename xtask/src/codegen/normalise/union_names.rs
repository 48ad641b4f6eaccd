//! Names the variants of an untagged union by rule, for unions that are not in the table.

use std::collections::BTreeSet;

use heck::ToSnakeCase as _;
use serde_json::Value;

use super::walk::{required, string_values};
use crate::codegen::{load::reference_name, names};

/// Returns a name for each member: valid, distinct and in order.
pub(super) fn by_rule(union: &str, members: &[Value]) -> Vec<String> {
    let titles: Vec<_> = members.iter().map(title).collect();
    let titles = shortened(union, &titles);
    let wanted = members.iter().zip(titles).map(|(member, title)| {
        let title = title.filter(|title| !title.is_empty());
        title
            .or_else(|| constant(member))
            .or_else(|| distinctive_field(member, members))
            .unwrap_or_else(|| by_type(member).to_owned())
    });
    let mut taken: BTreeSet<String> = ["Self", "Unrecognized"].map(str::to_owned).into();
    let mut variants = Vec::new();
    for wanted in wanted {
        let name = names::unused(&wanted, |name| taken.contains(name));
        taken.insert(name.clone());
        variants.push(name);
    }
    variants
}

/// The words of the name of a member: of the definition that it refers to, or its title.
fn title(member: &Value) -> Option<Vec<String>> {
    let text = |keyword: &str| member.get(keyword).and_then(Value::as_str);
    let name = text("$ref").and_then(reference_name).or(text("title"))?;
    Some(words(name))
}

fn words(name: &str) -> Vec<String> {
    let snake = names::pascal(name).to_snake_case();
    let words = snake.split('_').filter(|word| !word.is_empty());
    words.map(names::pascal).collect()
}

/// Removes the words at the beginning and at the end that all titles share, or that repeat the name
/// of the union. A title that would then be empty stays as it is.
fn shortened(union: &str, titles: &[Option<Vec<String>>]) -> Vec<Option<String>> {
    let union = words(union);
    let known: Vec<&[String]> = titles.iter().flatten().map(Vec::as_slice).collect();
    let (mut start, mut end) = match known.as_slice() {
        [first, others @ ..] if !others.is_empty() => (
            others.iter().fold(first.len(), |length, other| {
                length.min(common(first.iter(), other.iter()))
            }),
            others.iter().fold(first.len(), |length, other| {
                length.min(common(first.iter().rev(), other.iter().rev()))
            }),
        ),
        _ => (0, 0),
    };
    let shortest = known.iter().map(|title| title.len()).min().unwrap_or(0);
    if start + end >= shortest {
        (start, end) = (0, 0);
    }
    let one = |title: &Vec<String>| {
        let title = &title[start..title.len() - end];
        let before = common(title.iter(), union.iter());
        let after = common(title.iter().rev(), union.iter().rev());
        let own = title.get(before..title.len() - after.min(title.len() - before));
        match own {
            Some(own) if !own.is_empty() => own.concat(),
            _ => title.concat(),
        }
    };
    titles.iter().map(|title| title.as_ref().map(one)).collect()
}

/// The number of equal elements at the beginning.
fn common<'a>(
    one: impl Iterator<Item = &'a String>,
    other: impl Iterator<Item = &'a String>,
) -> usize {
    one.zip(other)
        .take_while(|(one, other)| one == other)
        .count()
}

/// The value of the first required property with a single value.
fn constant(member: &Value) -> Option<String> {
    let properties = member.get("properties")?.as_object()?;
    required(member).iter().find_map(|name| {
        let values = string_values(properties.get(name)?)?;
        match values.as_slice() {
            [value] => Some(names::pascal(value)).filter(|name| !name.is_empty()),
            _ => None,
        }
    })
}

/// The first required property that no other member has.
fn distinctive_field(member: &Value, members: &[Value]) -> Option<String> {
    let has = |other: &&Value, name: &str| other["properties"].get(name).is_some();
    let mut fields = required(member).into_iter();
    let field = fields.find(|name| members.iter().filter(|other| has(other, name)).count() == 1)?;
    Some(names::pascal(&field)).filter(|name| !name.is_empty())
}

fn by_type(member: &Value) -> &'static str {
    let is_enum = member.get("enum").is_some();
    match member.get("type").and_then(Value::as_str) {
        Some("string") if is_enum => "Known",
        Some("string") => "Text",
        Some("integer" | "number") => "Number",
        Some("boolean") => "Boolean",
        Some("array") => "List",
        Some("object") => "Object",
        Some("null") => "Null",
        _ => "Other",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(members: &Value) -> Vec<String> {
        by_rule("ToolChoice", members.as_array().unwrap())
    }

    #[test]
    fn references_and_titles_give_names_without_the_words_that_they_share() {
        let reference = |name: &str| json!({ "$ref": format!("#/definitions/{name}") });
        let refs = json!([reference("McpTitledSchema"), reference("McpUntitledSchema")]);
        assert_eq!(named(&refs), ["Titled", "Untitled"]);
        let repeated = json!([{ "title": "AutoToolChoice" }, { "title": "ToolChoiceByName" }]);
        assert_eq!(named(&repeated), ["Auto", "ByName"]);
        let same = json!([{ "title": "ToolChoice" }, { "title": "ToolChoice" }]);
        assert_eq!(named(&same), ["ToolChoice", "ToolChoice2"]);
    }

    #[test]
    fn constants_and_required_fields_name_objects() {
        let object = |field: &str, schema: Value| {
            json!({
                "type": "object",
                "properties": { "id": {}, field: schema },
                "required": ["id", field],
            })
        };
        let constant = json!({ "type": "string", "enum": ["by/name"] });
        let members = json!([object("kind", constant), object("fileId", json!({}))]);
        assert_eq!(named(&members), ["ByName", "FileId"]);
    }

    #[test]
    fn types_name_the_rest() {
        let types = [
            "string", "integer", "number", "boolean", "array", "object", "null",
        ];
        let mut members: Vec<_> = types.iter().map(|ty| json!({ "type": ty })).collect();
        members.push(json!({}));
        assert_eq!(
            named(&json!(members)),
            [
                "Text", "Number", "Number2", "Boolean", "List", "Object", "Null", "Other"
            ]
        );
    }
}
