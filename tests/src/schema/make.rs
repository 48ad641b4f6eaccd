//! Makes values that are valid according to the schema, from a sequence of choices.

use serde_json::{Map, Value, json};

use super::{Field, Object, Schema, Shape};

const TEXTS: &[&str] = &[
    "text",
    "",
    "\"quoted\" \\ and / with\n\ttabs\r\u{8}\u{c}\u{0}\u{1f}\u{7f}",
    "Grüße, 世界 🦀 \u{2028}\u{feff}e\u{301}",
    "https://example.com/?q=1&r=%20#s",
    "2026-11-21T10:06:55Z",
    "type",
    "null",
];

/// A sequence of choices. A failing test shrinks it: fewer and smaller choices make a smaller
/// value, because the first possibility is always the smallest.
pub struct Choices<'a> {
    given: std::slice::Iter<'a, u32>,
    then: u32,
    text: Option<&'a str>,
}

impl<'a> Choices<'a> {
    /// Makes these choices, and from then on always the smallest.
    #[must_use]
    pub fn new(given: &'a [u32]) -> Self {
        Self {
            given: given.iter(),
            then: 0,
            text: None,
        }
    }

    /// Always makes the same choice after the given ones. If that choice is 1, every optional field
    /// is present and each array and map has one entry.
    #[must_use]
    pub fn then(mut self, always: u32) -> Self {
        self.then = always;
        self
    }

    /// Uses this text wherever the schema allows any string.
    #[must_use]
    pub fn with_text(mut self, text: &'a str) -> Self {
        self.text = Some(text);
        self
    }

    fn pick(&mut self, possibilities: usize) -> usize {
        let next = self.given.next().copied().unwrap_or(self.then);
        next as usize % possibilities
    }

    fn number(&mut self) -> u32 {
        self.given.next().copied().unwrap_or(self.then)
    }

    fn text(&mut self) -> String {
        match (self.text, self.pick(TEXTS.len() + 1)) {
            (Some(text), _) => text.to_owned(),
            (None, index) => match TEXTS.get(index) {
                Some(text) => (*text).to_owned(),
                None => format!("text {}", self.number()),
            },
        }
    }
}

impl Schema {
    /// Makes a value of this schema.
    #[must_use]
    pub fn make(&self, schema: &Value, choices: &mut Choices<'_>) -> Value {
        match Shape::of(schema) {
            Shape::Reference(name) => self.make(self.definition(name), choices),
            Shape::Any => any(choices),
            Shape::Null => Value::Null,
            Shape::Boolean => json!(choices.pick(2) == 1),
            Shape::Number => json!([0, 0.5, 0.0, -2.25, 1e15, 9_007_199_254_740_993_u64])
                [choices.pick(6)]
            .clone(),
            Shape::Integer(low, high) => {
                let random = (low + i128::from(choices.number())).min(high);
                let value = [low.max(0), random, low, high][choices.pick(4)];
                match i64::try_from(value) {
                    Ok(value) => json!(value),
                    Err(_) => json!(u64::try_from(value).expect("no more than 64 bits")),
                }
            }
            Shape::Text => json!(choices.text()),
            Shape::Words(words) => json!(words[choices.pick(words.len())]),
            Shape::Values(values) => values[choices.pick(values.len())].clone(),
            Shape::Array(items) => {
                let length = choices.pick(3);
                (0..length).map(|_| self.make(items, choices)).collect()
            }
            Shape::Object(object) => self.make_object(&object, choices),
            Shape::Union(mut members) => {
                let all = members.len();
                members.retain(|member| !matches!(Shape::of(member), Shape::Null));
                // Chooses among four, because with two possibilities half of all nullable values
                // would be `null`.
                if members.len() < all && choices.pick(4) == 3 {
                    return Value::Null;
                }
                let member = members[choices.pick(members.len())];
                self.make(member, choices)
            }
        }
    }

    /// Makes an object.
    #[must_use]
    pub fn make_object(&self, object: &Object<'_>, choices: &mut Choices<'_>) -> Value {
        let mut made = Map::new();
        for field in &object.fields {
            if let Some(value) = self.make_field(field, choices) {
                made.insert(field.name.to_owned(), value);
            }
        }
        if !object.alternatives.is_empty() {
            let field = &object.alternatives[choices.pick(object.alternatives.len())];
            made.insert(field.name.to_owned(), self.make(field.schema, choices));
        }
        if let Some(rest) = object.rest {
            for number in 0..choices.pick(3) {
                let key = match choices.text.is_some() {
                    true => String::new(),
                    false => choices.text(),
                };
                made.insert(format!("{key} {number}"), self.make(rest, choices));
            }
        }
        Value::Object(made)
    }

    fn make_field(&self, field: &Field<'_>, choices: &mut Choices<'_>) -> Option<Value> {
        if field.required {
            return Some(self.make(field.schema, choices));
        }
        match choices.pick(3) {
            0 => None,
            2 if field.is_nullable() => Some(Value::Null),
            _ => Some(self.make(field.schema, choices)),
        }
    }
}

fn any(choices: &mut Choices<'_>) -> Value {
    let text = choices.text();
    match choices.pick(7) {
        0 => json!(text),
        1 => json!({ "type": "any", "inner": [1, null, { text: false }] }),
        2 => Value::Null,
        3 => json!([]),
        4 => json!(-0.125),
        5 => json!(true),
        _ => json!(u64::MAX),
    }
}
