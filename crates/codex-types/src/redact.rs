//! Text without secrets, for `Debug` output and error messages.
//!
//! A message from a server may contain keys and tokens in any string. The types of this crate
//! therefore show only what they understand: `Debug` of an unrecognized value shows its name and
//! its size, and errors name the type and the field but not the value.

use std::{borrow::Cow, fmt};

use serde_json::Value;

/// Returns the message of a decoding error without the values that it quotes.
///
/// ```
/// use codex_types::redact;
///
/// let error = serde_json::from_str::<u32>("\"sk-secret\"").unwrap_err();
/// let message = redact::without_values(&error);
/// assert_eq!(message, r#"invalid type: string "…", expected u32 at line 1 column 11"#);
/// ```
pub fn without_values(error: &dyn fmt::Display) -> String {
    let text = error.to_string();
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['"', '`']) {
        let (before, quoted) = rest.split_at(at);
        shown.push_str(before);
        let quote = &quoted[..1];
        let end = closing_quote(quoted);
        // Names of fields and variants are in backticks, and so are numbers and characters.
        let contents = quoted.get(1..end).unwrap_or_default();
        let is_shown = quote == "`" && is_name(contents);
        shown.push_str(quote);
        shown.push_str(if is_shown || contents.is_empty() {
            contents
        } else {
            "…"
        });
        rest = quoted.get(end..).unwrap_or_default();
        if rest.starts_with(quote) {
            shown.push_str(quote);
            rest = &rest[1..];
        }
    }
    shown.push_str(rest);
    shown
}

/// Returns the position of the quote that closes the one at the beginning, or the length of the
/// text if there is none.
fn closing_quote(quoted: &str) -> usize {
    let quote = quoted.as_bytes().first().copied();
    let mut is_escaped = false;
    for (at, byte) in quoted.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if quote == Some(b'"') => is_escaped = true,
            _ if Some(byte) == quote => return at,
            _ => {}
        }
    }
    quoted.len()
}

/// Whether a text looks like a name in the protocol, such as that of a method or a variant, rather
/// than like a key or a sentence.
///
/// ```
/// use codex_types::redact;
///
/// assert!(redact::is_name("item/agentMessage/delta"));
/// assert!(redact::is_name("thread_id"));
/// assert!(!redact::is_name("sk-proj-4Jx82kQv91"));
/// assert!(!redact::is_name("my password"));
/// ```
pub fn is_name(text: &str) -> bool {
    let is_separator = |byte: &u8| matches!(byte, b'/' | b'_' | b'-' | b'.' | b':');
    let rest = text.strip_prefix(['$', '_']).unwrap_or(text);
    rest.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.len() <= 80
        && rest
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || is_separator(&byte))
        // Names have few digits, and keys have many.
        && text.bytes().filter(u8::is_ascii_digit).count() <= 4
        && token_length(text) == 0
}

/// Returns a name, or an ellipsis for a text that does not look like one.
pub(crate) fn shown_name(text: &str) -> &str {
    if is_name(text) { text } else { "…" }
}

/// Masks keys and tokens in a text for humans, such as a log line.
///
/// Recognizes the usual prefixes of keys (`sk-…`, `ghp_…`, `AKIA…`, `eyJ…`, …), `Bearer …` and
/// `Basic …`, passwords in URLs, private keys, and the values after a name that contains a word
/// like `key`, `token`, `secret` or `password`. A value that is cut off is masked too.
///
/// ```
/// use codex_types::redact;
///
/// let line = "OPENAI_API_KEY=sk-1234567890 is not accepted";
/// assert_eq!(redact::without_tokens(line), "OPENAI_API_KEY=… is not accepted");
/// ```
pub fn without_tokens(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut copied = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let begins_word = !text[..at].ends_with(|last: char| last.is_alphanumeric());
        let secret = if begins_word { secret_in(rest) } else { None };
        match secret {
            Some((start, end)) => {
                shown.push_str(&text[copied..at + start]);
                shown.push('…');
                at += end;
                copied = at;
            }
            None => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(&text[copied..]);
    Cow::Owned(shown)
}

/// Returns the range of the secret that the word at the beginning of a text is or introduces.
fn secret_in(text: &str) -> Option<(usize, usize)> {
    let token = token_length(text);
    if token > 0 {
        return Some((0, token));
    }
    private_key(text)
        .or_else(|| credentials_of_scheme(text))
        .or_else(|| password_in_url(text))
        .or_else(|| named_value(text))
}

/// Returns the length of the token at the beginning of a text; 0 if there is none.
fn token_length(text: &str) -> usize {
    const PREFIXES: &[(&str, usize)] = &[
        ("sk-", 4),
        ("sk_", 8),
        ("pk_", 8),
        ("rk_", 8),
        ("sess-", 8),
        ("ghp_", 8),
        ("gho_", 8),
        ("ghs_", 8),
        ("ghu_", 8),
        ("ghr_", 8),
        ("github_pat_", 8),
        ("glpat-", 8),
        ("xoxa-", 8),
        ("xoxb-", 8),
        ("xoxp-", 8),
        ("AKIA", 12),
        ("ASIA", 12),
        ("AIza", 20),
        // JSON Web Tokens.
        ("eyJ", 12),
    ];
    let length = text
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        .count();
    let is_token = PREFIXES
        .iter()
        .any(|(prefix, more)| text.starts_with(prefix) && length >= prefix.len() + more);
    if is_token { length } else { 0 }
}

/// Finds a private key in PEM. It ends with its last line, or with the text.
fn private_key(text: &str) -> Option<(usize, usize)> {
    let line = text.strip_prefix("-----BEGIN ")?.lines().next()?;
    if !line.contains("PRIVATE KEY") {
        return None;
    }
    let start = "-----BEGIN ".len() + line.len();
    let end = text[start..]
        .find("-----END ")
        .map_or(text.len(), |end| start + end);
    Some((start, end))
}

/// Finds the credentials after the name of an HTTP authentication scheme.
fn credentials_of_scheme(text: &str) -> Option<(usize, usize)> {
    let scheme = ["bearer ", "basic "]
        .into_iter()
        .find(|scheme| has_prefix(text, scheme))?;
    let credentials = &text[scheme.len()..];
    let length = credentials
        .find(|end: char| !(end.is_ascii_alphanumeric() || "-._~+/=".contains(end)))
        .unwrap_or(credentials.len());
    // Prose: "basic usage".
    let looks_random = length >= 16
        || credentials[..length]
            .bytes()
            .any(|byte| !byte.is_ascii_lowercase());
    (length > 0 && looks_random).then_some((scheme.len(), scheme.len() + length))
}

/// Finds the password in a URL such as `https://user:password@host`.
fn password_in_url(text: &str) -> Option<(usize, usize)> {
    let scheme = text
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        .count();
    let authority = text[scheme..].strip_prefix("://").filter(|_| scheme > 0)?;
    let is_end = |end: char| end.is_whitespace() || "/?#\"'".contains(end);
    let end = authority.find(is_end);
    let authority = &authority[..end.unwrap_or(authority.len())];
    let user_info = match authority.rsplit_once('@') {
        Some((user_info, _)) => user_info,
        // The text may be cut off before the host.
        None if end.is_none() => authority,
        None => return None,
    };
    let start = scheme + "://".len();
    let (user, password) = user_info.split_once(':')?;
    let is_port = password.bytes().all(|byte| byte.is_ascii_digit());
    let is_password = !password.is_empty() && (user_info != authority || !is_port);
    is_password.then_some((start + user.len() + 1, start + user_info.len()))
}

/// Finds the value after a name like `OPENAI_API_KEY=`, `"authToken": ` or `password: `.
fn named_value(text: &str) -> Option<(usize, usize)> {
    const WORDS: &[&str] = &[
        "apikey",
        "accesskey",
        "secretkey",
        "privatekey",
        "authkey",
        "token",
        "secret",
        "passw",
        "credential",
        "authorization",
        "cookie",
        "sessionid",
        "signature",
    ];
    let length = text
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        .count();
    // The last part of a dotted name, and of the name of a file its extension.
    let name = text[..length].rsplit('.').next().unwrap_or_default();
    let joined: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let joined = joined.to_ascii_lowercase();
    // `tokens` are counted in many messages.
    let is_secret = WORDS.iter().any(|word| joined.contains(word)) && !joined.ends_with("tokens");
    let is_key = ["Key", "_key", "-key", "_KEY", "-KEY"]
        .iter()
        .any(|end| name.ends_with(end));
    if !is_secret && !is_key {
        return None;
    }
    let mut at = length;
    // A closing quote of the name, which may itself be escaped.
    at += text[at..].len() - text[at..].trim_start_matches(['\\', '"', '\'', '`']).len();
    at += text[at..].len() - text[at..].trim_start_matches([' ', '\t']).len();
    let assigned = text[at..].strip_prefix(['=', ':'])?;
    // Paths in Rust and C++ are no assignments.
    if assigned.starts_with(':') {
        return None;
    }
    at = text.len() - assigned.trim_start_matches(['=', ' ', '\t', '>']).len();
    let scheme = ["bearer ", "basic "]
        .into_iter()
        .find(|scheme| has_prefix(&text[at..], scheme));
    at += scheme.map_or(0, str::len);
    let value = &text[at..];
    let opening = value.len() - value.trim_start_matches(['\\', '"', '\'', '`']).len();
    let value = &value[opening..];
    let length = if opening == 0 && joined.contains("cookie") {
        value.find('\n')
    } else if opening == 0 {
        value.find(|end: char| end.is_whitespace() || ",;&}])".contains(end))
    } else {
        value.find(['"', '\'', '`', '\n'])
    };
    let length = length.unwrap_or(value.len());
    (length > 0).then_some((at + opening, at + opening + length))
}

fn has_prefix(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Shows a name, or only the length of a text that does not look like one.
pub(crate) struct Name<'a>(pub(crate) &'a str);

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() || is_name(self.0) {
            fmt::Debug::fmt(self.0, f)
        } else {
            write!(f, "<{} bytes>", self.0.len())
        }
    }
}

/// Shows only the size of a value, as JSON.
pub(crate) struct Opaque<'a>(pub(crate) &'a Value);

impl fmt::Debug for Opaque<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0.to_string().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_values_are_left_out_and_names_are_not() {
        for (message, shown) in [
            (
                r#"invalid type: string "sk-\"secret", expected i64 at line 1 column 2"#,
                r#"invalid type: string "…", expected i64 at line 1 column 2"#,
            ),
            (
                "Turn.items: missing field `thread_id`",
                "Turn.items: missing field `thread_id`",
            ),
            (
                "unknown variant `sk-secret`, expected `a`",
                "unknown variant `…`, expected `a`",
            ),
            (
                "invalid value: integer `8123456`",
                "invalid value: integer `…`",
            ),
            ("cut \"sk-secret", "cut \"…"),
            ("cut `sk-secret", "cut `…"),
            ("empty \"\" and plain", "empty \"\" and plain"),
        ] {
            assert_eq!(without_values(&message), shown);
        }
    }

    #[test]
    fn names_are_distinguished_from_keys() {
        for name in [
            "turn/started",
            "x86",
            "amazonNova",
            "gpt-5.4",
            "_meta",
            "$schema",
            "a:b",
        ] {
            assert!(is_name(name), "{name}");
        }
        for other in [
            "",
            "5",
            "sk-secret",
            "two words",
            "a\"b",
            "é",
            "k1234567",
            &"a".repeat(81),
        ] {
            assert!(!is_name(other), "{other}");
        }
    }

    #[test]
    fn tokens_are_masked_in_every_notation() {
        const SECRET: &str = "s3cr3tV4lue";
        for (line, shown) in [
            ("OPENAI_API_KEY=s3cr3tV4lue", "OPENAI_API_KEY=…"),
            ("export TOKEN='s3cr3tV4lue' x", "export TOKEN='…' x"),
            (
                r#"{"apiKey": "s3cr3tV4lue", "n": 1}"#,
                r#"{"apiKey": "…", "n": 1}"#,
            ),
            (
                r#"{\"authToken\":\"s3cr3tV4lue\"}"#,
                r#"{\"authToken\":\"…"}"#,
            ),
            (
                "Authorization: Bearer s3cr3tV4lue,",
                "Authorization: Bearer …,",
            ),
            ("authorization: s3cr3tV4lue", "authorization: …"),
            ("sent bearer s3cr3tV4lue.", "sent bearer …"),
            ("key sk-s3cr3tV4lue, ok", "key …, ok"),
            ("https://me:s3cr3tV4lue@host/x", "https://me:…@host/x"),
            (
                "https://host/?access_token=s3cr3tV4lue&n=1",
                "https://host/?access_token=…&n=1",
            ),
            ("password: s3cr3tV4lue", "password: …"),
            (
                "aws_secret_access_key => s3cr3tV4lue",
                "aws_secret_access_key => …",
            ),
            ("--api-key=s3cr3tV4lue --x", "--api-key=… --x"),
            ("Cookie: a=b; c=s3cr3tV4lue", "Cookie: …"),
            (
                "providers.x.api_key = s3cr3tV4lue",
                "providers.x.api_key = …",
            ),
        ] {
            assert!(line.contains(SECRET));
            let masked = without_tokens(line);
            assert!(!masked.contains(SECRET), "{masked}");
            let close = r#"{\"authToken\":\"…\"}"#;
            assert!(masked == shown || masked == close, "{line}: {masked}");
        }
        let pem =
            "x -----BEGIN RSA PRIVATE KEY-----\ns3cr3t\nV4lue\n-----END RSA PRIVATE KEY----- y";
        let masked = without_tokens(pem);
        assert!(
            !masked.contains("s3cr3t") && masked.ends_with("KEY----- y"),
            "{masked}"
        );
    }

    #[test]
    fn a_line_that_is_cut_off_anywhere_shows_no_part_of_its_secret() {
        let line = r#"error {"apiKey":"q7w8e9r0t1y2","url":"https://u:q7w8e9r0t1y2@h"} Bearer q7W8e9r0t1y2"#;
        for cut in 0..=line.len() {
            let masked = without_tokens(&line[..cut]).into_owned();
            assert!(
                !masked.contains("q7w") && !masked.contains("q7W8e"),
                "{masked}"
            );
        }
    }

    #[test]
    fn ordinary_lines_stay_as_they_are() {
        for line in [
            "2026-01-01T00:00:00Z  INFO codex_core::auth: no token found",
            "error: unexpected argument '--bogus' found",
            "input tokens: 1200, output tokens: 30",
            "failed to load configuration: /a/config.toml:16:9: extra `=`",
            "basic usage of the bearer of news",
            "thread 'main' panicked at src/token.rs:12:3",
            "the monkey: a key is missing",
            "connecting to http://localhost:8080",
            "",
        ] {
            assert_eq!(without_tokens(line), line);
        }
    }
}
