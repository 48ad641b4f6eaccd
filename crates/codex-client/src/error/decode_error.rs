//! Messages that cannot be decoded, shown without their secrets.

use std::fmt;

/// Maximum length of a snippet, in bytes.
const SNIPPET_LENGTH: usize = 240;

/// A message from the server does not match the protocol.
///
/// All string values of the message are masked, since they may contain keys or tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecodeError {
    /// The method of the notification or request, or of the request that the message responds to.
    /// `None` if it is not known.
    pub method: Option<String>,
    /// The reason. Names the field and the expected type if they are known.
    pub reason: String,
    /// The part of the message before and around the mismatch. `None` if the message cannot be
    /// shown, for example because it was dropped.
    pub snippet: Option<String>,
}

impl DecodeError {
    /// `message` is the JSON that could not be decoded; `error` locates the mismatch in it.
    pub(crate) fn new(method: Option<&str>, message: &str, error: &serde_json::Error) -> Self {
        // A message is a single line, so the column is the offset. The column is 0 for a mismatch
        // in a part that serde has buffered; the snippet is then the beginning of the message.
        let offset = error.column();
        Self::at(method, message, &error.to_string(), offset)
    }

    /// `offset` is the position of the mismatch in the message; 0 if it is not known.
    pub(crate) fn at(method: Option<&str>, message: &str, reason: &str, offset: usize) -> Self {
        Self {
            method: method.map(str::to_owned),
            reason: mask(reason),
            snippet: (!message.is_empty()).then(|| snippet(message, offset)),
        }
    }

    /// Creates the error for a message that cannot be shown.
    pub(crate) fn without_snippet(method: Option<&str>, reason: &str) -> Self {
        Self {
            method: method.map(str::to_owned),
            reason: mask(reason),
            snippet: None,
        }
    }

    /// Adds a reason that the server gives for the mismatch, such as its version.
    pub(crate) fn because(mut self, cause: Option<String>) -> Self {
        if let Some(cause) = cause {
            self.reason = format!("{}; {cause}", self.reason);
        }
        self
    }

    /// Sets the method of the request that the message responds to.
    pub(crate) fn with_method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.method {
            Some(method) => write!(f, "could not decode `{method}`: {}", self.reason)?,
            None => write!(f, "could not decode a message: {}", self.reason)?,
        }
        match &self.snippet {
            Some(snippet) => write!(f, " in {snippet}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Returns the masked text around an offset.
fn snippet(message: &str, offset: usize) -> String {
    let mut end = (offset + SNIPPET_LENGTH / 3).min(message.len());
    if offset == 0 {
        end = SNIPPET_LENGTH.min(message.len());
    }
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    let masked = mask(&message[..end]);
    let mut start = masked.len().saturating_sub(SNIPPET_LENGTH);
    while !masked.is_char_boundary(start) {
        start += 1;
    }
    let prefix = if start > 0 { "…" } else { "" };
    let suffix = if end < message.len() { "…" } else { "" };
    format!("{prefix}{}{suffix}", &masked[start..])
}

/// Masks all text between double quotes, except for object keys.
fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(4 * SNIPPET_LENGTH));
    let mut rest = text;
    while let Some(open) = rest.find('"') {
        out.push_str(&rest[..=open]);
        rest = &rest[open + 1..];
        let close = end_of_string(rest);
        let (contents, after) = rest.split_at(close);
        if after.starts_with("\":") {
            out.push_str(contents);
        } else if !contents.is_empty() {
            out.push('…');
        }
        rest = after;
        if let Some(after) = rest.strip_prefix('"') {
            out.push('"');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// Returns the position of the closing quote, or the length of the text if there is none.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_masked_and_keys_are_not() {
        let message = r#"{"authToken":"sk-secret","n":7,"list":["sk-\"more"],"cut":"sk-se"#;
        let shown = mask(message);
        assert_eq!(shown, r#"{"authToken":"…","n":7,"list":["…"],"cut":"…"#);
    }

    #[test]
    fn the_reason_does_not_repeat_values() {
        let message = r#"{"token":"sk-secret"}"#;
        let error = serde_json::from_str::<std::collections::HashMap<String, i64>>(message);
        let error = DecodeError::new(Some("x"), message, &error.unwrap_err());
        let text = format!("{error} {error:?}");
        assert!(!text.contains("secret"), "{text}");
        assert!(text.contains("invalid type: string"), "{text}");
    }

    #[test]
    fn the_snippet_of_a_long_message_is_short_and_contains_the_mismatch() {
        let message = format!(
            r#"{{"{}":1,"here":x,"{}":2}}"#,
            "a".repeat(5000),
            "é".repeat(5000)
        );
        let offset = message.find("x,").unwrap();
        let snippet = snippet(&message, offset);
        assert!(snippet.len() < SNIPPET_LENGTH + 10, "{snippet}");
        assert!(snippet.contains(r#""here":x"#), "{snippet}");
    }
}
