//! Messages that cannot be decoded, shown without their contents.

use std::fmt;

use codex_types::redact;
use serde::{Deserialize, Serialize, Serializer};

/// Maximum size of the part of the message that an error keeps, in bytes.
const EXCERPT_SIZE: usize = 4 * 1024;

/// A message from the server does not match the protocol.
///
/// The message may contain keys or tokens, so `Display` and `Debug` show only where and why it does
/// not match. [`raw_text`](Self::raw_text) returns its text. The same applies to serde, in which
/// the fields have these names.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DecodeError {
    /// The method of the notification or request, or of the request that the message responds to.
    /// `None` if it is not known.
    #[serde(serialize_with = "serialize_method")]
    pub method: Option<String>,
    /// The reason. Names the field and the expected type if they are known.
    pub reason: String,
    /// The position of the mismatch in the message or in its params or result, in bytes. `None` if
    /// it is not known.
    pub offset: Option<usize>,
    /// The size of the message or of its params or result, in bytes. `None` if the message was
    /// dropped.
    pub size: Option<usize>,
    /// The text around the mismatch.
    #[serde(skip)]
    excerpt: Option<Box<str>>,
}

impl DecodeError {
    /// `message` is the JSON that could not be decoded; `error` locates the mismatch in it.
    pub(crate) fn new(method: Option<&str>, message: &str, error: &serde_json::Error) -> Self {
        // A message is a single line, so the column is the offset. The column is 0 for a mismatch
        // in a part that serde has buffered.
        Self::at(method, message, &error.to_string(), error.column())
    }

    /// `offset` is the position of the mismatch in the message; 0 if it is not known.
    pub(crate) fn at(method: Option<&str>, message: &str, reason: &str, offset: usize) -> Self {
        Self {
            offset: (offset > 0).then_some(offset),
            size: Some(message.len()),
            excerpt: (!message.is_empty()).then(|| excerpt(message, offset)),
            ..Self::without_text(method, reason)
        }
    }

    /// Creates the error for a message whose text was dropped.
    pub(crate) fn without_text(method: Option<&str>, reason: &str) -> Self {
        Self {
            method: method.map(str::to_owned),
            reason: redact::without_values(&reason),
            offset: None,
            size: None,
            excerpt: None,
        }
    }

    /// Adds a reason that the server gives for the mismatch, such as its version.
    pub(crate) fn because(mut self, cause: Option<String>) -> Self {
        if let Some(cause) = cause {
            self.reason = format!("{}; {cause}", self.reason);
        }
        self
    }

    /// Sets the method of the message, or of the request that the message responds to.
    pub(crate) fn with_method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Returns the text of the message, or, if the message is long, the 4 KiB around the mismatch.
    /// `None` if the message was dropped because it was too long, or if it was not text.
    ///
    /// The text is not filtered: it may contain secrets.
    pub fn raw_text(&self) -> Option<&str> {
        self.excerpt.as_deref()
    }

    /// Returns the method if it looks like one. In a damaged message, any text may be in its place.
    fn shown_method(&self) -> Option<&str> {
        shown(self.method.as_deref())
    }
}

fn shown(method: Option<&str>) -> Option<&str> {
    method.filter(|name| redact::is_name(name))
}

fn serialize_method<S: Serializer>(
    method: &Option<String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    shown(method.as_deref()).serialize(serializer)
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shown_method() {
            Some(method) => write!(f, "could not decode `{method}`: {}", self.reason)?,
            None => write!(f, "could not decode a message: {}", self.reason)?,
        }
        match (self.offset, self.size) {
            (Some(offset), Some(size)) => write!(f, " (at byte {offset} of {size})"),
            (None, Some(size)) => write!(f, " ({size} bytes)"),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeError")
            .field("method", &self.shown_method())
            .field("reason", &self.reason)
            .field("offset", &self.offset)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for DecodeError {}

/// Returns the text around an offset.
fn excerpt(message: &str, offset: usize) -> Box<str> {
    let mut start = offset
        .saturating_sub(EXCERPT_SIZE / 2)
        .min(message.len().saturating_sub(EXCERPT_SIZE));
    while !message.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = (start + EXCERPT_SIZE).min(message.len());
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    message[start..end].into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_shows_where_the_mismatch_is_and_not_the_text() {
        let message = r#"{"token":"sk-secret"}"#;
        let error = serde_json::from_str::<std::collections::HashMap<String, i64>>(message);
        let error = DecodeError::new(Some("x"), message, &error.unwrap_err());
        let text = format!("{error} {error:?} {error:#?}");
        assert!(
            !text.contains("secret") && !text.contains("token"),
            "{text}"
        );
        assert!(text.contains("invalid type: string"), "{text}");
        assert!(text.contains("at byte 20 of 21"), "{text}");
        assert_eq!(error.raw_text(), Some(message));
    }

    #[test]
    fn a_method_that_is_no_name_is_not_shown() {
        let error = DecodeError::at(Some("sk-secret"), "{", "a reason", 0);
        let text = format!("{error} {error:?}");
        assert!(!text.contains("secret"), "{text}");
        assert_eq!(error.method.as_deref(), Some("sk-secret"));
    }

    #[test]
    fn the_excerpt_of_a_long_message_is_short_and_contains_the_mismatch() {
        let message = format!(
            r#"{{"{}":1,"here":x,"{}":2}}"#,
            "a".repeat(5000),
            "é".repeat(5000)
        );
        let offset = message.find("x,").unwrap();
        let excerpt = excerpt(&message, offset);
        assert!(excerpt.len() <= EXCERPT_SIZE, "{excerpt}");
        assert!(excerpt.contains(r#""here":x"#), "{excerpt}");
        assert_eq!(super::excerpt("é", 1).as_ref(), "é");
    }
}
