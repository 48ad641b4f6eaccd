//! Reading JSON into a type, with the place of what does not fit.
//!
//! serde_json names a line and a column. People and models are told better by a path.

use std::fmt;

use serde::de::DeserializeOwned;

/// What does not fit, and where.
#[derive(Debug, PartialEq)]
pub struct Misfit {
    /// As `comments[2].line`. `None` if it is the whole, or if the text is no JSON.
    pub path: Option<String>,
    pub reason: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "`{path}`: ")?;
        }
        f.write_str(&self.reason)
    }
}

pub(crate) fn decode<T: DeserializeOwned>(text: &str) -> Result<T, Misfit> {
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let reason = error.to_string();
        if !error.is_data() {
            return Misfit {
                path: None,
                reason: format!("not JSON: {reason}"),
            };
        }
        // The path says that better.
        let position = format!(" at line {line} column {column}");
        let before = text.split_inclusive('\n').take(line.saturating_sub(1));
        let end = before.map(str::len).sum::<usize>() + column;
        Misfit {
            path: Some(path_at(text, end)).filter(|path| !path.is_empty()),
            reason: reason.trim_end_matches(&position).to_owned(),
        }
    })
}

/// What is being read.
enum Frame<'a> {
    /// The member that it has come to.
    Object(Option<&'a str>),
    /// The place that it has come to.
    Array(usize),
}

/// The path of the value whose text ends, or if it holds others begins, at this byte of a JSON text.
fn path_at(text: &str, end: usize) -> String {
    let mut frames: Vec<Frame<'_>> = Vec::new();
    let mut is_key = false;
    let mut at = 0;
    while at < text.len() {
        let start = at;
        at += token_length(&text.as_bytes()[at..]);
        let reached = at >= end;
        match text.as_bytes()[start] {
            open @ (b'{' | b'[') => {
                // It is the object itself that is wrong here.
                if reached {
                    break;
                }
                is_key = open == b'{';
                frames.push(match is_key {
                    true => Frame::Object(None),
                    false => Frame::Array(0),
                });
                continue;
            }
            b'}' | b']' => drop(frames.pop()),
            b',' => match frames.last_mut() {
                Some(Frame::Array(index)) => *index += 1,
                Some(Frame::Object(member)) => {
                    *member = None;
                    is_key = true;
                }
                None => {}
            },
            b'"' if is_key => {
                if let Some(Frame::Object(member)) = frames.last_mut() {
                    *member = text.get(start + 1..at - 1);
                }
                is_key = false;
            }
            _ => {}
        }
        if reached {
            break;
        }
    }
    let mut path = String::new();
    for frame in frames {
        match frame {
            Frame::Object(None) => {}
            Frame::Object(Some(name)) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
            }
            Frame::Array(index) => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

/// How long the token is that begins here: a string, a number or word, or a single sign.
fn token_length(text: &[u8]) -> usize {
    let rest = text.iter().skip(1);
    let more = match text.first() {
        Some(b'"') => {
            let mut escaped = false;
            let inner = rest.take_while(|byte| {
                let is_end = **byte == b'"' && !escaped;
                escaped = **byte == b'\\' && !escaped;
                !is_end
            });
            inner.count() + 1
        }
        Some(b'-' | b'0'..=b'9' | b'a'..=b'z') => {
            let is_inner = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
            rest.take_while(is_inner).count()
        }
        _ => 0,
    };
    (1 + more).min(text.len())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

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

    #[derive(Debug, Deserialize)]
    #[serde(tag = "t")]
    #[expect(dead_code)]
    enum Kind {
        A { n: u8 },
    }

    #[test]
    fn what_does_not_fit_is_named_by_its_path() {
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
            // serde keeps no place within what it has to look at twice.
            (
                comment(r#"{"line": 1, "kind": {"t": "A", "n": "x"}}"#),
                Some("comments[1]"),
                "invalid type: string \"x\", expected u8",
            ),
            (
                comment(r#"{"line": 1, "kind": {"t": "B"}}"#),
                Some("comments[1].kind.t"),
                "unknown variant `B`",
            ),
        ] {
            let misfit = decode::<Review>(&text).unwrap_err();
            assert_eq!(misfit.path.as_deref(), path, "{text} {misfit:?}");
            assert!(misfit.reason.starts_with(reason), "{text} {misfit:?}");
            assert!(!misfit.reason.contains("column"), "{misfit:?}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_with_its_position() {
        for text in [
            "",
            "I think so.",
            "{\"title\": \"x\"",
            "{} {}",
            "{\"a\": \"",
            "\"\\",
        ] {
            let misfit = decode::<Review>(text).unwrap_err();
            assert_eq!(misfit.path, None, "{text}");
            let reason = misfit.reason;
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
    fn any_text_and_any_place_have_some_path() {
        let text = r#"[{"a\\": [1, -2.5e3, {"é": "\""}]}, "x", {"b": null}"#;
        for end in 0..text.len() + 2 {
            let (whole, cut) = (path_at(text, end), text.get(..end).unwrap_or_default());
            assert!(whole.len() < 20, "{whole}");
            path_at(cut, end);
        }
    }
}
