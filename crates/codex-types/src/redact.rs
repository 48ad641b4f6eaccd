//! Text without secrets, for `Debug` output and error messages.
//!
//! A message from a server may contain keys and tokens in any string. The types of this crate
//! therefore show only what they understand: `Debug` of an unrecognized value shows its name and
//! its size, and errors name the type and the field but not the value.

use std::{borrow::Cow, fmt};

use serde_json::Value;

pub use self::json::json_without_secrets;
use self::secret_names::is_secret_name;

mod json;
mod secret_names;

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
        let (before, rest) = text.split_at(at);
        match secret_in(before, rest) {
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

/// Returns the range of the secret that a text begins with or introduces; `before` precedes the
/// text.
///
/// A search that reads ahead starts only where its notation begins, not in the middle of it, so that
/// the time is linear in the length of the text.
fn secret_in(before: &str, text: &str) -> Option<(usize, usize)> {
    let begins_word = !before.ends_with(char::is_alphanumeric);
    let word = begins_word.then(|| token(text).or_else(|| credentials_of_scheme(text)));
    let (start, end) = word
        .flatten()
        .or_else(|| private_key(text))
        .or_else(|| password_in_url(before, text))
        .or_else(|| named_value(before, text))?;
    // A private key as the value of a name has several lines.
    match private_key(&text[start..]) {
        Some((key, end)) => Some((start + key, start + end)),
        None => Some((start, end)),
    }
}

/// Finds a token.
fn token(text: &str) -> Option<(usize, usize)> {
    let length = token_length(text);
    (length > 0).then_some((0, length))
}

/// Whether a character belongs to a token or to the name of a value.
fn is_in_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')
}

/// Returns the length of the token or name at the beginning of a text.
fn name_length(text: &str) -> usize {
    text.find(|next| !is_in_name(next)).unwrap_or(text.len())
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
    let mut prefixes = PREFIXES.iter();
    // No prefix begins with another one.
    let Some((prefix, more)) = prefixes.find(|(prefix, _)| text.starts_with(prefix)) else {
        return 0;
    };
    let length = name_length(text);
    if length >= prefix.len() + more {
        length
    } else {
        0
    }
}

/// Finds a private key in PEM. It ends with its last line, or with the text. The line ends between
/// may be escaped, as in JSON.
fn private_key(text: &str) -> Option<(usize, usize)> {
    const DASHES: &str = "-----";
    let label = text.strip_prefix("-----BEGIN ")?;
    let dashes = label.find(DASHES);
    let end = dashes.map_or(label.len(), |dashes| dashes + DASHES.len());
    let label = label[..end].lines().next()?;
    if !label.contains("PRIVATE KEY") {
        return None;
    }
    let start = "-----BEGIN ".len() + label.len();
    let end = text[start..]
        .find("-----END ")
        .map_or(text.len(), |end| start + end);
    Some((start, end))
}

/// Finds the credentials after the name of an HTTP authentication scheme.
fn credentials_of_scheme(text: &str) -> Option<(usize, usize)> {
    let start = scheme_length(text)?;
    let credentials = &text[start..];
    let length = credentials
        .find(|end: char| !(end.is_ascii_alphanumeric() || "-._~+/=".contains(end)))
        .unwrap_or(credentials.len());
    // Prose: "basic usage".
    let looks_random = length >= 16
        || credentials[..length]
            .bytes()
            .any(|byte| !byte.is_ascii_lowercase());
    (length > 0 && looks_random).then_some((start, start + length))
}

/// Returns the length of the name of an HTTP authentication scheme and of the space after it.
fn scheme_length(text: &str) -> Option<usize> {
    let mut lengths = ["bearer ", "basic "].into_iter().filter_map(|scheme| {
        let start = text.get(..scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(scheme.len())
    });
    lengths.next()
}

/// Finds the password after the scheme of a URL such as `https://user:password@host`.
fn password_in_url(scheme: &str, text: &str) -> Option<(usize, usize)> {
    let authority = text.strip_prefix("://")?;
    if !scheme.ends_with(|last: char| last.is_ascii_alphanumeric() || "+-.".contains(last)) {
        return None;
    }
    let is_end = |end: char| end.is_whitespace() || "/?#\"'".contains(end);
    let end = authority.find(is_end);
    let authority = &authority[..end.unwrap_or(authority.len())];
    let user_info = match authority.rsplit_once('@') {
        Some((user_info, _)) => user_info,
        // The text may be cut off before the host.
        None if end.is_none() => authority,
        None => return None,
    };
    let start = "://".len();
    let (user, password) = user_info.split_once(':')?;
    let is_port = password.bytes().all(|byte| byte.is_ascii_digit());
    let is_password = !password.is_empty() && (user_info != authority || !is_port);
    is_password.then_some((start + user.len() + 1, start + user_info.len()))
}

/// Finds the value after a name like `OPENAI_API_KEY=`, `"authToken": ` or `password: `.
fn named_value(before: &str, text: &str) -> Option<(usize, usize)> {
    if before.ends_with(is_in_name) {
        return None;
    }
    let length = name_length(text);
    // The last part of a dotted name, and of the name of a file its extension.
    let name = text[..length].rsplit('.').next().unwrap_or_default();
    let joined: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let joined = joined.to_ascii_lowercase();
    // The id of a session is a cookie in text. In the protocol it only identifies the session.
    if !is_secret_name(name) && !joined.contains("sessionid") {
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
    at += scheme_length(&text[at..]).unwrap_or(0);
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

/// Shows a text or several, with keys and tokens masked.
pub(crate) struct Masked<'a, T>(pub(crate) &'a T);

impl fmt::Debug for Masked<'_, String> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*without_tokens(self.0), f)
    }
}

impl fmt::Debug for Masked<'_, Option<String>> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map(Masked).fmt(f)
    }
}

impl fmt::Debug for Masked<'_, Vec<String>> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(Masked)).finish()
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
mod tests;
