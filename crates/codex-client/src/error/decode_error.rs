//! Messages that could not be understood, shown without their secrets.

use std::fmt;

/// How much of a message is shown.
const SNIPPET: usize = 240;

/// A message of the server that is not what the protocol says.
///
/// It is shown with every string value masked, since a message may carry a key or a token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecodeError {
    /// The method of the notification or request, or the one that was answered. `None` if the
    /// message could not be read that far.
    pub method: Option<String>,
    /// The type and field where it went wrong, as far as known, and what was expected there.
    pub reason: String,
    /// The part of the message where it went wrong.
    pub snippet: String,
}

impl DecodeError {
    /// `message` is what could not be understood; `error` names the place in it.
    pub(crate) fn new(method: Option<&str>, message: &str, error: &serde_json::Error) -> Self {
        // The protocol's messages are one line, so the column is the place. A fault found after a
        // buffered part of a message has none; the beginning is shown then.
        let place = error.column();
        Self::at(method, message, &error.to_string(), place)
    }

    pub(crate) fn at(method: Option<&str>, message: &str, reason: &str, place: usize) -> Self {
        Self {
            method: method.map(str::to_owned),
            reason: mask(reason),
            snippet: snippet(message, place),
        }
    }

    /// The same, known to be the answer of a method.
    pub(crate) fn of(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.method {
            Some(method) => write!(f, "malformed `{method}`: ")?,
            None => f.write_str("malformed message: ")?,
        }
        write!(f, "{} in {}", self.reason, self.snippet)
    }
}

impl std::error::Error for DecodeError {}

/// The masked text around a place.
fn snippet(message: &str, place: usize) -> String {
    let mut end = (place + SNIPPET / 3).min(message.len());
    if place == 0 {
        end = SNIPPET.min(message.len());
    }
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    let masked = mask(&message[..end]);
    let mut start = masked.len().saturating_sub(SNIPPET);
    while !masked.is_char_boundary(start) {
        start += 1;
    }
    let before = if start > 0 { "…" } else { "" };
    let after = if end < message.len() { "…" } else { "" };
    format!("{before}{}{after}", &masked[start..])
}

/// Replaces what stands between double quotes, unless it is the key of a member.
fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(4 * SNIPPET));
    let mut rest = text;
    while let Some(open) = rest.find('"') {
        out.push_str(&rest[..=open]);
        rest = &rest[open + 1..];
        let close = end_of_string(rest);
        let (inner, behind) = rest.split_at(close);
        if behind.starts_with("\":") {
            out.push_str(inner);
        } else if !inner.is_empty() {
            out.push('…');
        }
        rest = behind;
        if let Some(behind) = rest.strip_prefix('"') {
            out.push('"');
            rest = behind;
        }
    }
    out.push_str(rest);
    out
}

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
    fn values_are_masked_and_keys_are_shown() {
        let message = r#"{"authToken":"sk-secret","n":7,"list":["sk-\"more"],"cut":"sk-se"#;
        let shown = mask(message);
        assert_eq!(shown, r#"{"authToken":"…","n":7,"list":["…"],"cut":"…"#);
    }

    #[test]
    fn the_reason_does_not_repeat_a_value() {
        let message = r#"{"token":"sk-secret"}"#;
        let error = serde_json::from_str::<std::collections::HashMap<String, i64>>(message);
        let malformed = DecodeError::new(Some("x"), message, &error.unwrap_err());
        let text = format!("{malformed} {malformed:?}");
        assert!(!text.contains("secret"), "{text}");
        assert!(text.contains("invalid type: string"), "{text}");
    }

    #[test]
    fn the_snippet_of_a_long_message_is_short_and_around_the_place() {
        let message = format!(
            r#"{{"{}":1,"here":x,"{}":2}}"#,
            "a".repeat(5000),
            "é".repeat(5000)
        );
        let place = message.find("x,").unwrap();
        let snippet = snippet(&message, place);
        assert!(snippet.len() < SNIPPET + 10, "{snippet}");
        assert!(snippet.contains(r#""here":x"#), "{snippet}");
    }
}
