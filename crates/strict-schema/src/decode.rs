//! Decodes a model's output, and reports the path of the part that does not match.

use std::{collections::BTreeMap, fmt};

use serde::de::DeserializeOwned;
use serde_json::Deserializer;
use thiserror::Error;

/// The property that holds a value that is not an object.
pub(crate) const VALUE: &str = "value";

/// How the object that the model writes holds the value.
///
/// The schema of a request has to describe an object. A type that is not an object, such as an enum
/// or a list, is therefore wrapped in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// The object is the value.
    Object,
    /// The object has one property, `value`, which holds the value.
    Wrapped,
    /// The object is empty, because the type has a single value that carries no data, such as `()`.
    /// Only a [non-strict](crate::non_strict_for_type) schema has this layout.
    Empty,
}

impl Layout {
    /// Decodes a model's output into a value.
    ///
    /// `T` must be the type that the schema describes. Usually
    /// [`Schema::decode`](crate::Schema::decode) is the method to call; this one is for code that
    /// does not keep the schema.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not JSON, or does not match the type.
    pub fn decode<T: DeserializeOwned>(self, text: &str) -> Result<T, OutputError> {
        match self {
            Self::Object => decode(text),
            Self::Empty => decode("null"),
            Self::Wrapped => {
                let mut object: BTreeMap<String, T> = decode(text)?;
                object.remove(VALUE).ok_or_else(|| OutputError {
                    path: None,
                    reason: format!("missing field `{VALUE}`"),
                })
            }
        }
    }
}

/// A model's output that is not JSON, or does not match the type.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub struct OutputError {
    /// The part that does not match, such as `comments[2].line`. `None` if the output as a whole
    /// does not match, or is not JSON.
    ///
    /// serde buffers the values of untagged and internally tagged enums, and structs with flattened
    /// fields, before it decodes them. The path ends at the buffered value. `?` stands for a map
    /// key that is a newtype.
    pub path: Option<String>,
    /// The reason, such as ``missing field `line` ``.
    pub reason: String,
}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "`{path}`: ")?;
        }
        f.write_str(&self.reason)
    }
}

impl OutputError {
    fn new(error: &serde_json::Error, path: Option<String>) -> Self {
        let reason = error.to_string();
        if !error.is_data() {
            return Self {
                path: None,
                reason: format!("not JSON: {reason}"),
            };
        }
        // The path replaces the position.
        let position = format!(" at line {} column {}", error.line(), error.column());
        Self {
            path,
            reason: reason.trim_end_matches(&position).to_owned(),
        }
    }
}

fn decode<T: DeserializeOwned>(text: &str) -> Result<T, OutputError> {
    let mut deserializer = Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        // The path of the root is empty.
        let path = (error.path().iter().len() > 0).then(|| error.path().to_string());
        OutputError::new(error.inner(), path)
    })?;
    let end = deserializer.end();
    end.map_err(|error| OutputError::new(&error, None))?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{json, value::RawValue};

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code)]
    struct Review {
        title: String,
        comments: Vec<Comment>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code)]
    struct Comment {
        line: u32,
        kind: Option<Kind>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "t")]
    enum Kind {
        A { n: u8 },
    }

    #[test]
    fn the_path_names_the_part_that_does_not_match() {
        let comment = |text: &str| {
            format!(r#"{{"title": "a \"[{{\" b", "comments": [{{"line": 1}}, {text}]}}"#)
        };
        for (text, path, reason) in [
            (
                "3".to_owned(),
                None,
                "invalid type: integer `3`, expected struct Review",
            ),
            ("[]".to_owned(), None, "invalid length 0"),
            (
                r#"{"title": "x"}"#.to_owned(),
                None,
                "missing field `comments`",
            ),
            (
                r#"{"title": 1.5}"#.to_owned(),
                Some("title"),
                "invalid type: floating point `1.5`",
            ),
            (
                r#"{"title": null, "x": 1}"#.to_owned(),
                Some("title"),
                "invalid type: null",
            ),
            (
                r#"{"title": {"a": 1}}"#.to_owned(),
                Some("title"),
                "invalid type: map",
            ),
            (
                "{\n  \"title\": \"é\",\n  \"comments\": true\n}".to_owned(),
                Some("comments"),
                "invalid type: boolean `true`",
            ),
            (
                comment(r#"{"line": "x"}"#),
                Some("comments[1].line"),
                "invalid type: string \"x\", expected u32",
            ),
            (
                comment(r#"{"line": -1, "kind": null}"#),
                Some("comments[1].line"),
                "invalid value: integer `-1`",
            ),
            (comment("{}"), Some("comments[1]"), "missing field `line`"),
            (
                comment("7"),
                Some("comments[1]"),
                "invalid type: integer `7`, expected struct Comment",
            ),
            (
                comment(r#"{"line": 1, "more": [1]}"#),
                Some("comments[1].more"),
                "unknown field `more`",
            ),
            // serde buffers the variant until it has the tag.
            (
                comment(r#"{"line": 1, "kind": {"t": "A", "n": "x"}}"#),
                Some("comments[1].kind"),
                "invalid type: string \"x\", expected u8",
            ),
            (
                comment(r#"{"line": 1, "kind": {"t": "B"}}"#),
                Some("comments[1].kind.t"),
                "unknown variant `B`",
            ),
        ] {
            let error = decode::<Review>(&text).unwrap_err();
            assert_eq!(error.path.as_deref(), path, "{text} {error:?}");
            assert!(error.reason.starts_with(reason), "{text} {error:?}");
            assert!(!error.reason.contains("column"), "{error:?}");
        }
    }

    #[test]
    fn text_that_is_not_json_is_reported_with_its_position() {
        for text in [
            "",
            "I think so.",
            "{\"title\": \"x\"",
            "{} {}",
            "{\"a\": \"",
            "\"\\",
        ] {
            let error = decode::<Review>(text).unwrap_err();
            assert_eq!(error.path, None, "{text}");
            let reason = error.reason;
            assert!(
                reason.starts_with("not JSON") || text == "{} {}",
                "{text}: {reason}"
            );
        }
        let text = "{\"title\": \"x\", \"comments\": []} and so on";
        let reason = decode::<Review>(text).unwrap_err().reason;
        assert!(
            reason.contains("trailing characters at line 1 column"),
            "{reason}"
        );
    }

    #[test]
    fn every_truncated_text_is_an_error_without_a_path() {
        let text = r#"{"title": "é\\\"", "comments": [{"line": 1, "kind": {"t": "A", "n": 7}}]}"#;
        assert!(decode::<Review>(text).is_ok());
        for (end, _) in text.char_indices() {
            let error = decode::<Review>(&text[..end]).unwrap_err();
            assert_eq!(error.path, None, "{error}");
            assert!(error.reason.starts_with("not JSON: EOF"), "{error}");
        }
    }

    #[test]
    fn a_value_is_decoded_from_its_layout() {
        #[derive(Debug, PartialEq, Deserialize)]
        enum Verdict {
            Good,
            Bad,
        }
        let read = Layout::Object.decode::<Kind>(r#"{"t": "A", "n": 1}"#);
        assert_eq!(read, Ok(Kind::A { n: 1 }));
        let read = Layout::Wrapped.decode::<Verdict>(r#"{"value": "Bad"}"#);
        assert_eq!(read, Ok(Verdict::Bad));
        let read = Layout::Wrapped.decode::<Verdict>(r#"{"value": "Good"}"#);
        assert_eq!(read, Ok(Verdict::Good));
        let error = Layout::Wrapped.decode::<Verdict>("{}").unwrap_err();
        assert_eq!(
            (error.path, &*error.reason),
            (None, "missing field `value`")
        );
        assert_eq!(Layout::Empty.decode::<()>(r#"{"a": 1}"#), Ok(()));
    }

    #[test]
    fn the_path_leads_through_variants_and_map_keys() {
        #[derive(Debug, PartialEq, Deserialize)]
        enum Step {
            Wait,
            Edit { line: u32 },
        }
        type Steps = BTreeMap<String, BTreeMap<u8, Step>>;
        for (text, path, reason) in [
            (
                r#"{"a": {"7": {"Edit": {"line": "x"}}}}"#,
                "a.7.Edit.line",
                "invalid type: string",
            ),
            (r#"{"a": {"7": "Stop"}}"#, "a.7", "unknown variant `Stop`"),
            (
                r#"{"a": {"7": {"Stop": 1}}}"#,
                "a.7",
                "unknown variant `Stop`",
            ),
            (r#"{"\"x\"": 1}"#, "\"x\"", "invalid type: integer"),
        ] {
            let error = decode::<Steps>(text).unwrap_err();
            assert_eq!(error.path.as_deref(), Some(path), "{text} {error:?}");
            assert!(error.reason.starts_with(reason), "{text} {error:?}");
        }
        assert_eq!(
            decode::<Step>(r#"{"Edit": {"line": 3}}"#),
            Ok(Step::Edit { line: 3 })
        );
    }
    #[test]
    fn raw_values_and_large_numbers_are_decoded() {
        #[derive(Deserialize)]
        struct Call {
            id: u128,
            arguments: Box<RawValue>,
            any: serde_json::Value,
        }
        let text = r#"{
            "id": 340282366920938463463374607431768211455,
            "arguments": {"a": [1.50, "\u00e9"]},
            "any": [18446744073709551615, -0.5]
        }"#;
        let call = decode::<Call>(text).unwrap();
        assert_eq!(call.id, u128::MAX);
        assert_eq!(call.arguments.get(), r#"{"a": [1.50, "\u00e9"]}"#);
        assert_eq!(call.any, json!([u64::MAX, -0.5]));
    }

    #[test]
    fn a_map_key_that_is_a_newtype_has_no_name_in_the_path() {
        #[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        struct Id(String);
        #[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        #[serde(transparent)]
        struct Transparent(String);
        let text = r#"{"a": {"b": "x"}}"#;
        let error = decode::<BTreeMap<Id, BTreeMap<Transparent, u8>>>(text).unwrap_err();
        assert_eq!(error.path.as_deref(), Some("?.b"));
    }
}
