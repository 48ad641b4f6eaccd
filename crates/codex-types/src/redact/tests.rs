//! Secrets in every notation, and text that has none.

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
    let pem = "x -----BEGIN RSA PRIVATE KEY-----\ns3cr3t\nV4lue\n-----END RSA PRIVATE KEY----- y";
    let masked = without_tokens(pem);
    assert!(
        !masked.contains("s3cr3t") && masked.ends_with("KEY----- y"),
        "{masked}"
    );
}

#[test]
fn a_private_key_with_escaped_line_ends_is_masked() {
    let line =
        r#"read {"pem":"\n-----BEGIN PRIVATE KEY-----\ns3cr3t\n-----END PRIVATE KEY-----\n"} ok"#;
    let masked = r#"read {"pem":"\n-----BEGIN PRIVATE KEY-----…-----END PRIVATE KEY-----\n"} ok"#;
    assert_eq!(without_tokens(line), masked);
}

#[test]
fn a_private_key_with_a_name_is_masked_to_its_last_line() {
    let key = "-----BEGIN RSA PRIVATE KEY-----\ns3cr3t\nV4lue\n-----END RSA PRIVATE KEY-----";
    let masked_key = "-----BEGIN RSA PRIVATE KEY-----…-----END RSA PRIVATE KEY-----";
    for name in [
        "SSH_PRIVATE_KEY=",
        "private_key: ",
        "export SECRET=\"",
        "bearer ",
    ] {
        let masked = without_tokens(&format!("{name}{key}")).into_owned();
        assert_eq!(masked, format!("{name}{masked_key}"));
    }
}

/// In quadratic time, each of these lines would take minutes.
#[test]
fn long_lines_are_searched_in_linear_time() {
    for unit in [
        ".",
        "-",
        "_",
        "a-",
        "sk-.",
        "key-",
        "+",
        "://",
        "a://",
        "a b ",
        "\"",
        "key ",
        "basic ",
        "-----BEGIN ",
        "token tokens ",
        "token \"",
    ] {
        let line = unit.repeat((1 << 17) / unit.len());
        assert!(without_tokens(&line).len() <= line.len(), "{unit}");
    }
}

#[test]
fn a_line_that_is_cut_off_anywhere_shows_no_part_of_its_secret() {
    let line =
        r#"error {"apiKey":"q7w8e9r0t1y2","url":"https://u:q7w8e9r0t1y2@h"} Bearer q7W8e9r0t1y2"#;
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
