//! JSON without secrets.

use std::fmt;

use serde::{
    Serialize,
    de::{self, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor},
};

use super::{secret_names::is_secret_name, without_tokens};

/// Takes the place of a secret.
const MASK: &str = "…";

/// Members whose texts are hidden at any depth, because the protocol sends settings, environments
/// and answers of the user in them.
const HIDDEN: &[&str] = &[
    "answers",
    "config",
    "desktop",
    "effectiveValue",
    "env",
    "modelProviders",
    "queryParams",
    "query_params",
    "value",
];

/// With the feature `arbitrary_precision`, serde_json presents a number as an object with this
/// member.
const NUMBER: &str = "$serde_json::private::Number";

/// Returns a message with its secrets replaced by `…`, as compact JSON with the members in their
/// order.
///
/// The rules go by the names of the members, so they apply to unknown messages too:
///
/// - the texts and numbers of a member that is named like a secret, such as `apiKey` or
///   `accessToken`; counts such as `tokenUsage` keep their numbers;
/// - the texts of members that carry settings, environments, headers or the answers of a user:
///   `config`, `env`, `value`, `answers`, `…Headers`, …, except for the `config` of the result of
///   `config/read`, which has rules of its own for its members;
/// - keys and tokens in any other text, as in [`without_tokens`].
///
/// Prompts, responses and the contents of files stay. So do the pieces of a key that a model writes
/// in several deltas.
///
/// # Errors
///
/// If the text is not JSON.
///
/// ```
/// use codex_types::redact;
///
/// let message = br#"{"method":"x","params":{"apiKey":"12345","note":"use sk-1234567890","n":1}}"#;
/// let shown = redact::json_without_secrets(message).unwrap();
/// let expected = r#"{"method":"x","params":{"apiKey":"…","note":"use …","n":1}}"#;
/// assert_eq!(shown, expected.as_bytes());
/// ```
pub fn json_without_secrets(json: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::with_capacity(json.len());
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let transcoder = Transcoder {
        out: &mut out,
        place: Place::Top,
        rule: Rule::PLAIN,
    };
    transcoder.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(out)
}

/// The place of a value in a message.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Top,
    Result,
    Other,
}

/// The values to replace.
#[derive(Clone, Copy)]
struct Rule {
    texts: bool,
    numbers: bool,
    /// Hides the texts of an object, but not those of an array.
    texts_of_object: bool,
}

impl Rule {
    const PLAIN: Self = Self {
        texts: false,
        numbers: false,
        texts_of_object: false,
    };

    /// Returns the rule for a member of a value that has this rule.
    fn of_member(self, place: Place, name: &str) -> Self {
        let is_secret = is_secret_name(name);
        let is_hidden = HIDDEN.contains(&name) && !(place == Place::Result && name == "config");
        let is_header = name.to_ascii_lowercase().ends_with("headers");
        Self {
            texts: self.texts || is_secret || is_hidden || is_header,
            numbers: self.numbers || is_secret && !is_count(name),
            // The form that a user has filled in. The contents of a message are an array.
            texts_of_object: place == Place::Result && name == "content",
        }
    }
}

/// Whether only the word `token` makes a name that of a secret: `tokenUsage`, `tokenBudget`.
fn is_count(name: &str) -> bool {
    !is_secret_name(&name.to_ascii_lowercase().replace("token", ""))
}

/// Copies a value to the output.
struct Transcoder<'a> {
    out: &'a mut Vec<u8>,
    place: Place,
    rule: Rule,
}

impl Transcoder<'_> {
    fn write<E: de::Error>(self, value: &(impl Serialize + ?Sized)) -> Result<(), E> {
        serde_json::to_writer(self.out, value).map_err(E::custom)
    }

    fn number<E: de::Error>(self, number: impl Serialize) -> Result<(), E> {
        match self.rule.numbers {
            true => self.write(MASK),
            false => self.write(&number),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Transcoder<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Transcoder<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.write(&())
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        self.write(&value)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        self.number(value)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        self.number(value)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        self.number(value)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        match self.rule.texts && !text.is_empty() {
            true => self.write(MASK),
            false => self.write(&*without_tokens(text)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Self { out, rule, .. } = self;
        let rule = Rule {
            texts_of_object: false,
            ..rule
        };
        let mut separator = b'[';
        loop {
            let start = out.len();
            out.push(separator);
            let item = Transcoder {
                out: &mut *out,
                place: Place::Other,
                rule,
            };
            if items.next_element_seed(item)?.is_none() {
                out.truncate(start);
                break;
            }
            separator = b',';
        }
        if separator == b'[' {
            out.push(b'[');
        }
        out.push(b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { out, place, rule } = self;
        let rule = Rule {
            texts: rule.texts || rule.texts_of_object,
            ..rule
        };
        let mut separator = b'{';
        while let Some(name) = members.next_key::<String>()? {
            if name == NUMBER {
                let number: String = members.next_value()?;
                let number = if rule.numbers { "\"…\"" } else { &number };
                out.extend_from_slice(number.as_bytes());
                return Ok(());
            }
            out.push(separator);
            separator = b',';
            serde_json::to_writer(&mut *out, &*without_tokens(&name)).map_err(A::Error::custom)?;
            out.push(b':');
            let value = Transcoder {
                out: &mut *out,
                place: match place {
                    Place::Top if name == "result" => Place::Result,
                    _ => Place::Other,
                },
                rule: rule.of_member(place, &name),
            };
            members.next_value_seed(value)?;
        }
        if separator == b'{' {
            out.push(b'{');
        }
        out.push(b'}');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn shown(message: &Value) -> String {
        let shown = json_without_secrets(message.to_string().as_bytes()).unwrap();
        String::from_utf8(shown).unwrap()
    }

    #[test]
    fn harmless_messages_stay_as_they_are() {
        for text in [
            r#"{"id":1,"z":[],"a":{},"n":[1,-2,0.5,null,true,"x\n\"ü"]}"#,
            r#"{"method":"x","params":{"tokenUsage":{"total":7},"tokenBudget":9,"key":"k"}}"#,
            r#"{"id":1,"result":{"config":{"model":"m"},"content":[{"text":"hello"}]}}"#,
            r#"[]"#,
            r#""text""#,
        ] {
            let copied = json_without_secrets(text.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(copied).unwrap(), text);
        }
    }

    #[test]
    fn secrets_are_replaced_at_any_depth_and_in_unknown_messages() {
        const SECRET: &str = "hunter2-s3cr3t";
        let unknown = json!({ "method": "new/thing", "params": {
            "deep": [{ "authToken": SECRET, "nested": { "password": { "is": [SECRET, 42_424_242] } } }],
            "pin": { "secret": 42_424_242 },
            "env": { "NAME": SECRET }, "config": { "a.b": [SECRET] },
            "httpHeaders": [{ "name": "Authorization", "value": SECRET }],
            "edits": [{ "value": { "x": SECRET }, "keyPath": "x" }],
            "text": format!("OPENAI_API_KEY={SECRET}"),
            "more": "Authorization: Bearer abcDEF123456",
        }});
        let text = shown(&unknown);
        for secret in [SECRET, "42424242", "abcDEF123456"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(text.contains("\"NAME\":\"…\""), "{text}");
        let response = json!({ "id": 1, "result": {
            "content": { "field": SECRET }, "accessToken": SECRET,
            "layers": [{ "config": { "x": SECRET } }], "config": { "env": { "A": SECRET } },
        }});
        assert!(!shown(&response).contains(SECRET), "{}", shown(&response));
        let error = json!({ "id": 1, "error": { "data": { "apiKey": SECRET } } });
        assert!(!shown(&error).contains(SECRET));
    }

    #[test]
    fn a_text_that_is_not_json_is_an_error() {
        for text in ["", "{\"apiKey\":\"x", "{} {}", "nonsense"] {
            assert!(json_without_secrets(text.as_bytes()).is_err(), "{text}");
        }
    }
}
